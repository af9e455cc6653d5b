"""Pulling: what is downloaded, that it is verified, and that nothing half done counts."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from pathlib import Path

import pytest
from hub_server import Hub

from spectacle.errors import SpectacleError, WeightsMissing
from spectacle.weights import Source, Store, pull, without
from spectacle.weights.pull import bring_in, check, from_folder, from_hub, merged, with_damaged

REPO, FIRST, SECOND = "painter/oil", "1" * 40, "2" * 40
SOURCE = Source(REPO, ("*.json", "transformer/model.safetensors"), "Apache-2.0")


def pulled(store: Store, source: Source = SOURCE, **how: object) -> None:
    bring_in([from_hub(source, store, **how)], store)  # type: ignore[arg-type]


def test_only_the_files_that_are_needed_are_downloaded(hub: Hub, store: Store) -> None:
    pulled(store)
    assert sorted(file for _, file, _ in hub.downloads) == ["config.json", "transformer/model.safetensors"]
    located = store.locate(SOURCE)
    assert located.revision == FIRST
    assert (located.path / "transformer/model.safetensors").read_bytes() == bytes(range(256)) * 40
    assert not (located.path / "README.md").exists()


def test_files_that_come_from_elsewhere_are_left_out_until_they_are_needed(hub: Hub, store: Store) -> None:
    every, others = "*.safetensors", without("*.safetensors", "transformer/*")
    hub.add("painter/gold", FIRST, {"transformer/model.safetensors": b"a", "vae/model.safetensors": b"b"})
    fewer = Source("painter/gold", (others,), "MIT")
    pulled(store, fewer)
    assert sorted(file for _, file, _ in hub.downloads) == ["vae/model.safetensors"]
    assert (store.locate(fewer).path / "vae/model.safetensors").is_file()
    with pytest.raises(WeightsMissing):
        store.locate(Source("painter/gold", (every,), "MIT"))
    pulled(store, Source("painter/gold", (every,), "MIT"))
    assert (store.locate(Source("painter/gold", (every,), "MIT")).path / "transformer/model.safetensors").is_file()


def test_what_was_downloaded_is_recorded_with_commit_sizes_and_hashes(hub: Hub, store: Store) -> None:
    pulled(store)
    marker = store.marker(REPO)
    assert marker is not None
    assert (marker.revision, marker.licence, marker.origin) == (FIRST, "Apache-2.0", "hub")
    record = marker.files["transformer/model.safetensors"]
    assert (record.size, record.sha256) == (10_240, hashlib.sha256(bytes(range(256)) * 40).hexdigest())


def test_nothing_is_downloaded_twice(hub: Hub, store: Store) -> None:
    pulled(store)
    hub.downloads.clear()
    again = from_hub(SOURCE, store)
    assert again.missing == () and again.size == 0
    bring_in([again], store)
    assert hub.downloads == []


def test_later_pulls_keep_the_commit_of_the_first(hub: Hub, store: Store) -> None:
    pulled(store)
    hub.add(REPO, SECOND, {"config.json": b"{}", "transformer/model.safetensors": b"new", "README.md": b"new"})
    readme = Source(REPO, ("README.md",), "Apache-2.0")
    pulled(store, readme)
    located = store.locate(readme)
    assert (located.revision, (located.path / "README.md").read_bytes()) == (FIRST, b"about")
    assert store.locate(SOURCE).revision == FIRST


def test_an_update_takes_the_newest_commit_of_everything_that_was_pulled(hub: Hub, store: Store) -> None:
    pulled(store)
    pulled(store, Source(REPO, ("README.md",), "Apache-2.0"))
    hub.add(REPO, SECOND, {"config.json": b"{}", "transformer/model.safetensors": b"new", "README.md": b"news"})
    pulled(store, update=True)
    assert store.locate(SOURCE).revision == SECOND
    assert (store.folder(REPO) / SECOND / "README.md").read_bytes() == b"news"
    assert list(store.superseded()) == [store.folder(REPO) / FIRST]


def test_a_commit_can_be_named(hub: Hub, store: Store) -> None:
    hub.add(REPO, SECOND, {"config.json": b"{}"})
    pulled(store, revision=FIRST)
    assert store.locate(SOURCE).revision == FIRST


def test_a_download_that_was_cut_goes_on_where_it_stopped(hub: Hub, store: Store) -> None:
    large = os.urandom(200_000)
    hub.add(REPO, SECOND, {"config.json": b"{}", "transformer/model.safetensors": large})
    hub.break_after = 90_000
    pulled(store)
    assert (store.locate(SOURCE).path / "transformer/model.safetensors").read_bytes() == large
    starts = [start for _, file, start in hub.downloads if file.endswith("safetensors")]
    assert starts[0] == 0 and len(starts) > 1


def test_content_that_is_not_what_the_hub_says_is_thrown_away(hub: Hub, store: Store) -> None:
    hub.corrupt.add("transformer/model.safetensors")
    with pytest.raises(SpectacleError, match=r"painter/oil/transformer/model\.safetensors"):
        pulled(store)
    with pytest.raises(WeightsMissing):
        store.locate(SOURCE)
    assert not (store.folder(REPO) / FIRST / "transformer/model.safetensors").exists()


def test_small_files_are_verified_too(hub: Hub, store: Store) -> None:
    hub.corrupt.add("config.json")
    with pytest.raises(SpectacleError, match=r"config\.json: did not match its hash, twice, and was discarded"):
        pulled(store)


def test_what_is_broken_off_does_not_count_and_is_not_lost(
    hub: Hub, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = from_hub(SOURCE, store)

    def interrupted(_pull: object, piece: pull.Piece) -> None:
        if piece.name != "config.json":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bring_in([plan], store, starting=interrupted)
    with pytest.raises(WeightsMissing):
        store.locate(SOURCE)
    hub.downloads.clear()
    pulled(store)
    assert [file for _, file, _ in hub.downloads] == ["transformer/model.safetensors"]


def broken_off(plan: pull.Pull, store: Store) -> None:
    """A pull that ends before its second file."""

    def interrupted(_pull: object, piece: pull.Piece) -> None:
        if piece != plan.missing[0]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bring_in([plan], store, starting=interrupted)


def test_a_broken_off_pull_goes_on_with_the_commit_it_began_with(hub: Hub, store: Store) -> None:
    broken_off(from_hub(SOURCE, store), store)
    hub.add(REPO, SECOND, {"config.json": b"{}", "transformer/model.safetensors": b"new"})
    assert from_hub(SOURCE, store).revision == FIRST
    assert from_hub(SOURCE, store, update=True).revision == SECOND


def test_what_an_earlier_attempt_has_left_needs_no_more_room(hub: Hub, store: Store) -> None:
    whole = from_hub(SOURCE, store)
    broken_off(whole, store)
    again = from_hub(SOURCE, store)
    assert (again.missing, again.size) == (whole.missing, whole.size - whole.missing[0].size)
    unfinished = store.folder(REPO) / FIRST / ".cache/huggingface/download/transformer/x.incomplete"
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    unfinished.write_bytes(bytes(1000))
    assert from_hub(SOURCE, store).size == again.size - 1000


def test_a_copy_that_was_broken_off_goes_on_where_it_stopped(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "oil/transformer").mkdir(parents=True)
    (tmp_path / "oil/config.json").write_text("{}")
    (tmp_path / "oil/transformer/model.safetensors").write_bytes(bytes(5000))
    broken_off(from_folder(SOURCE, store, tmp_path), store)
    copied = []
    copy = shutil.copyfile

    def other_disk(origin: Path, path: Path) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", other_disk)
    monkeypatch.setattr(shutil, "copyfile", lambda origin, path: copied.append(origin.name) or copy(origin, path))
    bring_in([from_folder(SOURCE, store, tmp_path)], store)
    assert copied == ["model.safetensors"]
    assert store.locate(SOURCE).path.joinpath("config.json").read_text() == "{}"


FP32 = Source("painter/oil", ("transformer/model.fp32.safetensors",), "Apache-2.0")


def test_what_another_pull_has_completed_meanwhile_stays_complete(hub: Hub, store: Store) -> None:
    first, second = from_hub(SOURCE, store), from_hub(FP32, store)
    bring_in([first], store)
    bring_in([second], store)
    assert store.locate(SOURCE).path == store.locate(FP32).path
    assert not from_hub(SOURCE, store).missing


def test_a_pull_of_another_commit_meanwhile_is_told(hub: Hub, store: Store) -> None:
    earlier = from_hub(SOURCE, store)
    hub.add("painter/oil", "2" * 40, hub.repositories["painter/oil"]["1" * 40])
    bring_in([from_hub(FP32, store)], store)
    with pytest.raises(SpectacleError, match=r"meanwhile\. Run the command again"):
        bring_in([earlier], store)
    assert store.locate(FP32).revision == "2" * 40


def test_an_update_replaces_the_commit_that_was_there_before(hub: Hub, store: Store) -> None:
    pulled(store)
    hub.add("painter/oil", "2" * 40, hub.repositories["painter/oil"]["1" * 40])
    bring_in([from_hub(SOURCE, store, update=True)], store)
    assert store.locate(SOURCE).revision == "2" * 40


def test_a_disk_that_fills_up_is_told(hub: Hub, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = from_hub(SOURCE, store)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("huggingface_hub.hf_hub_download", full)
    with pytest.raises(SpectacleError, match=r"the disk is full\. Free space, then run the command again"):
        bring_in([plan], store)


def test_too_little_room_is_told_before_anything_is_downloaded(
    hub: Hub, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = from_hub(SOURCE, store)
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=5000))
    with pytest.raises(SpectacleError, match=r"0\.0 GB free"):
        bring_in([plan], store)
    assert hub.downloads == []


@pytest.mark.parametrize(
    ("repo", "said"),
    [("nobody/nothing", "nobody/nothing"), ("painter/secret", "its licence was accepted")],
)
def test_a_repository_that_is_not_given_out_is_told(hub: Hub, store: Store, repo: str, said: str) -> None:
    hub.add("painter/secret", FIRST, {"a.json": b"{}"})
    hub.gated.add("painter/secret")
    with pytest.raises(SpectacleError, match=said):
        pulled(store, Source(repo, ("*.json",), "MIT"))


def test_a_wrong_revision_is_told(hub: Hub, store: Store) -> None:
    with pytest.raises(SpectacleError, match=f"painter/oil: no revision {SECOND}"):
        pulled(store, revision=SECOND)


def test_a_pattern_without_a_file_is_told(hub: Hub, store: Store) -> None:
    with pytest.raises(
        SpectacleError, match=r"painter/oil at 1111111111111111111111111111111111111111: has no file \*\.gguf"
    ):
        pulled(store, Source(REPO, ("*.gguf",), "MIT"))


def test_a_hub_that_cannot_be_reached_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(SpectacleError, match="HF_HUB_OFFLINE: set"):
        pulled(store)


def test_a_path_that_leads_out_of_the_folder_is_refused(hub: Hub, store: Store) -> None:
    hub.add(REPO, SECOND, {"../outside.json": b"{}"})
    with pytest.raises(SpectacleError, match=r"path '\.\./outside\.json': it leads out of the repository"):
        pulled(store)


def test_sources_of_one_repository_are_pulled_together() -> None:
    one, other = Source("a/b", ("x",), "MIT"), Source("a/b", ("y", "x"), "MIT")
    assert [source.files for source in merged([one, other, Source("c/d", ("z",), "MIT")])] == [("x", "y"), ("z",)]


class TestFromAFolder:
    def lay(self, folder: Path) -> None:
        (folder / "transformer").mkdir(parents=True)
        (folder / "config.json").write_bytes(b"{}")
        (folder / "transformer/model.safetensors").write_bytes(b"weights")

    @pytest.mark.parametrize("below", ["", "painter/oil", "painter--oil", "oil"])
    def test_the_repository_is_found_wherever_people_put_it(self, tmp_path: Path, store: Store, below: str) -> None:
        self.lay(tmp_path / "volume" / below)
        bring_in([from_folder(SOURCE, store, tmp_path / "volume")], store)
        located = store.locate(SOURCE)
        assert (located.path / "transformer/model.safetensors").read_bytes() == b"weights"
        assert located.revision.startswith("local-")

    def test_the_same_content_is_the_same_revision(self, tmp_path: Path, store: Store) -> None:
        self.lay(tmp_path / "one")
        self.lay(tmp_path / "two")
        first, second = (from_folder(SOURCE, store, tmp_path / name) for name in ("one", "two"))
        assert first.revision == second.revision

    def test_the_cache_of_the_hub_library_tells_the_commit(self, tmp_path: Path, store: Store) -> None:
        cache = tmp_path / "hub/models--painter--oil"
        self.lay(cache / "snapshots" / FIRST)
        (cache / "refs").mkdir()
        (cache / "refs/main").write_text(FIRST)
        bring_in([from_folder(SOURCE, store, tmp_path)], store)
        assert store.locate(SOURCE).revision == FIRST

    def test_another_store_tells_the_commit_and_the_hashes(self, hub: Hub, tmp_path: Path, store: Store) -> None:
        other = Store(tmp_path / "volume")
        pulled(other)
        bring_in([from_folder(SOURCE, store, other.root)], store)
        assert store.locate(SOURCE).revision == FIRST
        (other.folder(REPO) / FIRST / "transformer/model.safetensors").write_bytes(bytes(10_240))
        store.remove(REPO)
        with pytest.raises(SpectacleError, match="did not match its hash"):
            bring_in([from_folder(SOURCE, store, other.root)], store)

    def test_a_folder_without_it_is_told(self, tmp_path: Path, store: Store) -> None:
        with pytest.raises(SpectacleError, match=r"does not contain painter/oil with \*\.json"):
            from_folder(SOURCE, store, tmp_path)


class TestStore:
    def test_a_file_that_was_cut_short_is_named(self, hub: Hub, store: Store) -> None:
        pulled(store)
        path = store.locate(SOURCE).path / "transformer/model.safetensors"
        path.write_bytes(b"cut")
        with pytest.raises(WeightsMissing, match=r"model\.safetensors: damaged: 3 bytes instead of 10240"):
            store.locate(SOURCE)
        pulled(store)
        assert path.stat().st_size == 10_240

    def test_a_file_that_was_removed_is_named(self, hub: Hub, store: Store) -> None:
        pulled(store)
        (store.locate(SOURCE).path / "config.json").unlink()
        with pytest.raises(WeightsMissing, match=r"config\.json: missing"):
            store.locate(SOURCE)

    def test_content_that_changed_is_found_by_reading_it(self, hub: Hub, store: Store) -> None:
        pulled(store)
        marker = store.marker(REPO)
        assert marker is not None
        assert check(marker, store) == []
        (store.locate(SOURCE).path / "transformer/model.safetensors").write_bytes(bytes(10_240))
        (wrong,) = check(marker, store)
        assert "model.safetensors: its content is not what was pulled" in wrong

    @pytest.mark.parametrize("text", ["", "[]", "{", '{"repo": "painter/oil"}'])
    def test_a_marker_that_cannot_be_read_counts_for_nothing(self, hub: Hub, store: Store, text: str) -> None:
        pulled(store)
        (store.folder(REPO) / "spectacle.json").write_text(text)
        with pytest.raises(WeightsMissing):
            store.locate(SOURCE)
        assert list(store.markers()) == []

    def test_a_marker_leads_nowhere_else(self, hub: Hub, store: Store) -> None:
        pulled(store)
        path = store.folder(REPO) / "spectacle.json"
        path.write_text(path.read_text().replace("config.json", "../../secret.json"))
        with pytest.raises(WeightsMissing):
            store.locate(SOURCE)

    def test_what_is_removed_is_gone(self, hub: Hub, store: Store) -> None:
        pulled(store)
        store.remove(REPO)
        assert list(store.markers()) == [] and not store.folder(REPO).exists()
        with pytest.raises(SpectacleError, match="'painter/oil': no weights in"):
            store.remove(REPO)

    @pytest.mark.parametrize("repo", ["", ".", "..", "../", "painter", "painter--oil", "/"])
    def test_nothing_but_a_repository_is_removed(self, hub: Hub, store: Store, repo: str) -> None:
        pulled(store)
        with pytest.raises(SpectacleError, match="no weights in"):
            store.remove(repo)
        assert store.locate(SOURCE)

    def test_a_link_is_not_followed_to_remove_what_it_leads_to(self, hub: Hub, tmp_path: Path, store: Store) -> None:
        pulled(store)
        moved = store.folder(REPO).rename(tmp_path / "elsewhere")
        store.folder(REPO).symlink_to(moved)
        with pytest.raises(SpectacleError, match="is a link to"):
            store.remove(REPO)
        assert store.locate(SOURCE)


def repository(home: Path, **files: bytes) -> Path:
    folder = home / "repos" / REPO
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return home / "repos"


def test_a_second_pull_from_a_folder_adds_its_files_to_those_of_the_first(store: Store, tmp_path: Path) -> None:
    eight, four = Source(REPO, ("eight.bin",), "Apache-2.0"), Source(REPO, ("four.bin",), "Apache-2.0")
    folder = repository(tmp_path, eight_bin=b"8" * 100, four_bin=b"4" * 100)
    bring_in([from_folder(eight, store, folder)], store)
    second = from_folder(four, store, folder)
    assert [piece.name for piece in second.missing] == ["four.bin"]
    bring_in([second], store)
    assert store.locate(eight).revision == store.locate(four).revision
    assert (store.locate(eight).path / "eight.bin").read_bytes() == b"8" * 100
    assert check(store.marker(REPO), store) == []  # type: ignore[arg-type]


def test_a_second_pull_may_come_from_another_folder(store: Store, tmp_path: Path) -> None:
    eight, four = Source(REPO, ("eight.bin",), "Apache-2.0"), Source(REPO, ("four.bin",), "Apache-2.0")
    bring_in([from_folder(eight, store, repository(tmp_path / "a", eight_bin=b"8"))], store)
    bring_in([from_folder(four, store, repository(tmp_path / "b", four_bin=b"4"))], store)
    assert (store.locate(eight).path / "eight.bin").read_bytes() == b"8"
    assert (store.locate(four).path / "four.bin").read_bytes() == b"4"


def test_a_folder_whose_files_have_changed_is_pulled_as_another_revision(store: Store, tmp_path: Path) -> None:
    both = Source(REPO, ("eight.bin", "four.bin"), "Apache-2.0")
    bring_in([from_folder(both, store, repository(tmp_path, eight_bin=b"8", four_bin=b"4"))], store)
    before = store.locate(both).revision
    folder = repository(tmp_path, four_bin=b"5")
    bring_in([from_folder(Source(REPO, ("four.bin",), "Apache-2.0"), store, folder)], store)
    located = store.locate(both)
    assert located.revision != before
    assert [(located.path / name).read_bytes() for name in ("eight.bin", "four.bin")] == [b"8", b"5"]


def test_a_second_pull_out_of_the_hubs_cache_adds_its_files(store: Store, tmp_path: Path) -> None:
    snapshot = tmp_path / "models--painter--oil" / "snapshots" / FIRST
    snapshot.mkdir(parents=True)
    (snapshot / "eight.bin").write_bytes(b"8")
    eight, four = Source(REPO, ("eight.bin",), "Apache-2.0"), Source(REPO, ("four.bin",), "Apache-2.0")
    bring_in([from_folder(eight, store, tmp_path)], store)
    (snapshot / "eight.bin").rename(snapshot / "four.bin")
    bring_in([from_folder(four, store, tmp_path)], store)
    assert store.locate(eight).revision == store.locate(four).revision == FIRST


def test_files_of_a_folder_on_the_same_disk_are_shared_and_not_copied(store: Store, tmp_path: Path) -> None:
    folder = repository(tmp_path, eight_bin=b"8")
    bring_in([from_folder(Source(REPO, ("eight.bin",), "Apache-2.0"), store, folder)], store)
    assert (store.locate(Source(REPO, ("eight.bin",), "")).path / "eight.bin").samefile(folder / REPO / "eight.bin")


def test_a_damaged_file_is_replaced_alone(hub: Hub, store: Store) -> None:
    pulled(store)
    shard = store.locate(SOURCE).path / "transformer/model.safetensors"
    whole = shard.read_bytes()
    shard.write_bytes(bytes(len(whole)))
    hub.downloads.clear()
    pull = with_damaged(from_hub(SOURCE, store), store)
    assert [piece.name for piece in pull.missing] == ["transformer/model.safetensors"]
    bring_in([pull], store)
    assert shard.read_bytes() == whole
    assert {file for _, file, _ in hub.downloads} == {"transformer/model.safetensors"}
