from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from faults import Crash, FaultySystem

from spectacle.spool import naming
from spectacle.spool.commit import (
    Answer,
    Outcome,
    read_commit,
    remove_old_results,
    roll_forward,
)
from spectacle.spool.directory import Spool
from spectacle.spool.naming import RequestName
from spectacle.spool.record import AnswerFile, Commit, LaterFormat, Version

NAME = RequestName.parse("a-1-64x64.txt")
assert NAME is not None
FILES = {"-2.png": b"second", ".png": b"first"}


def write_request(path: Path, text: str = "a fox") -> None:
    (path / "a-1-64x64.txt").write_text(text)
    (path / "a-1-64x64-options.json").write_text("{}")


def version(spool: Spool, name: str = "a-1-64x64.txt") -> Version:
    content, look = spool.read(name, 1000)
    return Version.of(name, look, content)


def attachments(spool: Spool) -> list[Version]:
    look = spool.look("a-1-64x64-options.json")
    return [] if look is None else [Version.of("a-1-64x64-options.json", look)]


def publish(spool: Spool, request: Version, files: dict[str, bytes] = FILES, *, ours: bool = True) -> Outcome:
    assert NAME is not None
    answer = Answer(spool, NAME, "token")
    for suffix, content in files.items():
        answer.add(suffix, content)
    return answer.publish(request, attachments(spool), still_ours=lambda: ours)


def public(spool: Spool) -> set[str]:
    return {name for name in spool.names() if not name.startswith(".")}


def hidden(spool: Spool) -> set[str]:
    return {name for name in spool.names() if name.startswith(".")} - {".spectacle"}


def test_an_answer_replaces_its_request_and_leaves_nothing_else(spool: Spool) -> None:
    write_request(spool.path)
    assert publish(spool, version(spool)) is Outcome.PUBLISHED
    assert public(spool) == {"a-1-64x64.png", "a-1-64x64-2.png"}
    assert (spool.path / "a-1-64x64.png").read_bytes() == b"first"
    assert not hidden(spool)


def test_nothing_is_written_once_the_client_has_taken_the_request_back(spool: Spool) -> None:
    write_request(spool.path)
    request = version(spool)
    (spool.path / "a-1-64x64.txt").unlink()
    assert publish(spool, request) is Outcome.VOID
    assert public(spool) == {"a-1-64x64-options.json"}
    assert not hidden(spool)


@pytest.mark.parametrize("how", ["replaced", "appended", "rewritten"])
def test_an_answer_to_what_the_request_no_longer_says_is_thrown_away(spool: Spool, how: str) -> None:
    write_request(spool.path)
    request = version(spool)
    path = spool.path / "a-1-64x64.txt"
    if how == "replaced":
        (spool.path / "new").write_text("a cow")
        (spool.path / "new").rename(path)
    elif how == "appended":
        with path.open("a") as file:
            file.write(" and a cow")
    else:
        path.write_text("a cow")
        os.utime(path, ns=(request.mtime_ns, request.mtime_ns))
    assert publish(spool, request) is Outcome.VOID
    assert "a-1-64x64.png" not in public(spool)
    assert "cow" in path.read_text()
    assert not hidden(spool)


def test_the_second_of_two_answers_is_thrown_away(spool: Spool) -> None:
    assert NAME is not None
    write_request(spool.path)
    request = version(spool)
    first, second = Answer(spool, NAME, "1"), Answer(spool, NAME, "2")
    first.add(".png", b"first")
    second.add("-error.txt", b"second")
    assert first.publish(request, [], still_ours=lambda: True) is Outcome.PUBLISHED
    assert second.publish(request, [], still_ours=lambda: True) is Outcome.VOID
    assert public(spool) == {"a-1-64x64.png", "a-1-64x64-options.json"}
    assert not hidden(spool)


def test_of_two_answers_at_once_one_is_decided_where_there_are_no_links(spool: Spool) -> None:
    assert NAME is not None
    write_request(spool.path)
    request = version(spool)
    second = Answer(spool, NAME, "2")
    second.add("-error.txt", b"second")

    def second_comes_first() -> bool:
        linkless = Spool(spool.path, FaultySystem(links=False))
        linkless.open()
        first = Answer(linkless, NAME, "1")
        first.add(".png", b"first")
        # What the other one does after its decision is yet to come.
        record = Commit(NAME.stem, "1", request, tuple(first.files), (), False)
        linkless.write(".a-1-64x64.01234567.commit.tmp", record.encode())
        assert linkless.give_name(".a-1-64x64.01234567.commit.tmp", NAME.commit_name)
        linkless.close()
        return True

    assert second.publish(request, [], still_ours=second_comes_first) is Outcome.SUPERSEDED
    decided = read_commit(spool, NAME)
    assert decided is not None
    assert roll_forward(spool, NAME, decided) is Outcome.PUBLISHED
    assert public(spool) == {"a-1-64x64.png", "a-1-64x64-options.json"}
    assert not hidden(spool)


def test_an_answer_under_a_lost_claim_is_thrown_away(spool: Spool) -> None:
    write_request(spool.path)
    assert publish(spool, version(spool), ours=False) is Outcome.SUPERSEDED
    assert public(spool) == {"a-1-64x64.txt", "a-1-64x64-options.json"}
    assert not hidden(spool)


def test_a_request_written_again_while_its_answer_is_put_in_place_stays(spool: Spool) -> None:
    assert NAME is not None
    write_request(spool.path)

    class RewritesOnRename(FaultySystem):
        def __getattr__(self, name: str) -> Callable[..., object]:
            if name == "rename":

                def rename(source: str, target: str, **options: object) -> None:
                    if target == "a-1-64x64.png":
                        (spool.path / "a-1-64x64.txt").write_text("something else")
                    os.rename(source, target, **options)  # type: ignore[arg-type]

                return rename
            return super().__getattr__(name)

    busy = Spool(spool.path, RewritesOnRename())
    busy.open()
    assert publish(busy, version(busy)) is Outcome.PUBLISHED
    assert (spool.path / "a-1-64x64.txt").read_text() == "something else"
    busy.close()


@pytest.mark.parametrize(("change", "stays"), [("replaced", True), ("touched", False), ("gone", False)])
def test_only_the_record_of_this_answer_goes_with_it(spool: Spool, change: str, stays: bool) -> None:
    write_request(spool.path)
    record = spool.path / ".a-1-64x64.commit"

    class ChangesRecord(FaultySystem):
        def __getattr__(self, name: str) -> Any:
            real = super().__getattr__(name)

            def unlink(path: str, **options: Any) -> None:
                real(path, **options)
                if path.endswith(".retired") and change == "replaced":
                    content = json.loads(record.read_text())
                    content["files"][0]["temporary"] = ".a-1-64x64.ffffffff.0.tmp"
                    record.unlink()
                    record.write_text(json.dumps(content))
                elif path.endswith(".retired") and change == "touched":
                    os.utime(record, (5, 5))
                elif path.endswith(".retired"):
                    record.unlink(missing_ok=True)

            return unlink if name == "unlink" else real

    watched = Spool(spool.path, ChangesRecord())
    watched.open()
    assert publish(watched, version(spool)) is Outcome.PUBLISHED
    assert record.exists() == stays
    watched.close()


def test_poison_is_kept_apart(spool: Spool) -> None:
    assert NAME is not None
    write_request(spool.path)
    answer = Answer(spool, NAME, "token")
    answer.add("-error.txt", b"no")
    assert answer.publish(version(spool), attachments(spool), still_ours=lambda: True, poison=True) is Outcome.PUBLISHED
    assert public(spool) == {"a-1-64x64-error.txt"}
    kept = sorted(name[:-9] for name in spool.state_names("poison"))
    assert kept == ["a-1-64x64-options.json", "a-1-64x64.txt"]


def calls_of_publishing(path: Path, *, links: bool = True) -> int:
    system = FaultySystem(links=links)
    spool = Spool(path, system)
    spool.open()
    write_request(path)
    publish(spool, version(spool))
    spool.close()
    for name in ("a-1-64x64.png", "a-1-64x64-2.png"):
        (path / name).unlink()
    return len(system.calls)


def answers(path: Path) -> int:
    """How many complete answers there are; a partial one is a failure."""
    names = {entry.name for entry in path.iterdir() if not entry.name.startswith(".")}
    if "a-1-64x64.png" in names:
        assert (path / "a-1-64x64.png").read_bytes() == b"first"
        assert (path / "a-1-64x64-2.png").read_bytes() == b"second"
        return 1
    return 0


LINKS = pytest.mark.parametrize("links", [True, False], ids=["with links", "without links"])


@LINKS
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_at_any_system_call_leaves_the_request_or_its_whole_answer(
    spool: Spool, after: bool, links: bool
) -> None:
    assert NAME is not None
    path = spool.path
    for at in range(calls_of_publishing(path, links=links)):
        write_request(path)
        dying = Spool(path, FaultySystem(at, after=after, links=links))
        try:
            dying.open()
            publish(dying, version(dying))
        except Crash:
            pass
        finally:
            dying.close()
        complete = answers(path)
        assert complete or (path / "a-1-64x64.txt").exists(), f"lost at call {at}"
        record = read_commit(spool, NAME)
        if record is not None:
            assert roll_forward(spool, NAME, record) in (Outcome.PUBLISHED, Outcome.VOID)
        elif (look := spool.look("a-1-64x64.txt")) is not None:
            remove_old_results(spool, NAME, look)
            assert publish(spool, version(spool)) is Outcome.PUBLISHED
        assert answers(path) == 1, f"no answer after the crash at call {at}"
        assert public(spool) == {"a-1-64x64.png", "a-1-64x64-2.png"}, f"left over after the crash at call {at}"
        for name in public(spool) | hidden(spool):
            (path / name).unlink()


@LINKS
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.ESTALE])
def test_an_error_at_any_system_call_leaves_the_request_or_its_whole_answer(
    spool: Spool, number: int, links: bool
) -> None:
    assert NAME is not None
    path = spool.path
    for at in range(calls_of_publishing(path, links=links)):
        write_request(path)
        failing = Spool(path, FaultySystem(at, OSError(number, os.strerror(number)), links=links))
        try:
            failing.open()
            publish(failing, version(failing))
        except Exception as error:
            assert isinstance(error, OSError) or "cannot be used" in str(error)
        finally:
            failing.close()
        record = read_commit(spool, NAME)
        if record is not None:
            roll_forward(spool, NAME, record)
        elif (path / "a-1-64x64.txt").exists():
            assert publish(spool, version(spool)) is Outcome.PUBLISHED
        assert answers(path) == 1
        for name in public(spool) | hidden(spool):
            (path / name).unlink()


def test_a_full_disk_leaves_no_half_written_file_behind(spool: Spool) -> None:
    assert NAME is not None
    system = FaultySystem()
    full = Spool(spool.path, system)
    full.open()
    system.at = len(system.calls) + 2
    system.error = OSError(errno.ENOSPC, "No space left on device")
    answer = Answer(full, NAME, "token")
    with pytest.raises(OSError, match="No space"):
        answer.add(".png", b"x" * 100)
    assert system.calls[-2:] == ["fsync", "unlink"]
    assert not hidden(spool)
    full.close()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"format": 1, "stem": "a-1-64x64", "token": "", "request": {}, "files": []}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_commit_record_is_not_obeyed(content: bytes) -> None:
    with pytest.raises(ValueError, match="commit record"):
        Commit.decode(content, "a-1-64x64")


def test_a_commit_record_of_a_later_format_is_told_from_a_false_one() -> None:
    with pytest.raises(LaterFormat, match="later version"):
        Commit.decode(b'{"format": 3}', "a-1-64x64")


def test_a_record_is_of_a_later_format_only_when_earlier_versions_could_not_read_it() -> None:
    request = Version("a-1-64x64.txt", 1, 1, 1, 0o100644)

    def format_of(*names: str) -> int:
        files = tuple(AnswerFile(".a-1-64x64.01234567.0.tmp", name) for name in names)
        record = Commit("a-1-64x64", "t", request, files, (), False)
        assert Commit.decode(record.encode(), "a-1-64x64") == record
        return int(json.loads(record.encode())["format"])

    assert format_of("a-1-64x64-2.png", "a-1-64x64.svg") == format_of("a-1-64x64-error.txt") == 1
    for name in (
        "a-1-64x64.jpg",
        "a-1-64x64-2.webp",
        "a-1-64x64.avif",
        "a-1-64x64-thumbnail.png",
        "a-1-64x64-input-processed.png",
    ):
        assert format_of(name, "a-1-64x64.png") == 2


@pytest.mark.parametrize(
    "old",
    [
        *("a-1-64x64.webp", "a-1-64x64-2.jpg", "a-1-64x64-thumbnail.png", "a-1-64x64-2-thumbnail.avif"),
        "a-1-64x64-input-processed.png",
    ],
)
def test_results_of_all_formats_give_way_to_those_of_a_newer_request(spool: Spool, old: str) -> None:
    name = RequestName.from_stem("a-1-64x64")
    assert name is not None
    (spool.path / old).write_bytes(b"old")
    (spool.path / "a-1-64x64-input.jpg").write_bytes(b"attached")
    write_request(spool.path)
    look = spool.peek(name.file_name)
    assert look is not None
    remove_old_results(spool, name, look, many=name.stem in naming.stems_with_many(spool.names()))
    assert public(spool) == {"a-1-64x64.txt", "a-1-64x64-input.jpg", "a-1-64x64-options.json"}


def test_a_commit_record_with_fields_of_a_later_version_is_obeyed(spool: Spool) -> None:
    write_request(spool.path)
    record = record_of(version(spool), attachments=tuple(attachments(spool)))
    raw = json.loads(record.encode())
    for part in (raw, raw["request"], raw["files"][0], raw["attachments"][0]):
        part["later"] = [{}]
    assert Commit.decode(json.dumps(raw).encode(), "a-1-64x64") == record


def record_of(request: Version, **changed: object) -> Commit:
    files = (AnswerFile(".a-1-64x64.01234567.0.tmp", "a-1-64x64.png"),)
    return replace(Commit("a-1-64x64", "t", request, files, (), False), **changed)  # type: ignore[arg-type]


def test_a_commit_record_holds_all_there_is_to_know(spool: Spool) -> None:
    write_request(spool.path)
    files = (AnswerFile(".a-1-64x64.01234567.0.tmp", "a-1-64x64.png"),)
    record = Commit("a-1-64x64", "token", version(spool), files, tuple(attachments(spool)), poison=True)
    assert json.loads(record.encode()) == json.loads(json.dumps({"format": 1, **asdict(record)}))


def test_a_commit_record_is_read_as_it_was_written(spool: Spool) -> None:
    write_request(spool.path)
    record = record_of(version(spool), attachments=tuple(attachments(spool)))
    assert Commit.decode(record.encode(), "a-1-64x64") == record


@pytest.mark.parametrize(
    "evil", ["../x", "b-1-64x64.png", "a-1-64x64/../../x", "a-1-64x640.txt", "a-1-64x64-svg.txt", "a-1-64x64.txt", "x"]
)
def test_a_commit_record_cannot_name_anothers_files(spool: Spool, evil: str) -> None:
    write_request(spool.path)
    request = version(spool)
    for record in (
        record_of(request, attachments=(Version(evil, 1, 1, 1, 0),)),
        record_of(request, files=(AnswerFile(".a-1-64x64.01234567.0.tmp", evil),)),
        record_of(request, files=(AnswerFile(evil, "a-1-64x64.png"),)),
        record_of(replace(request, name=evil + "_")),
    ):
        with pytest.raises(ValueError, match="not its request's"):
            Commit.decode(record.encode(), "a-1-64x64")


@pytest.mark.parametrize(
    ("part", "value"),
    [("digest", "/../../../tmp/x"), ("digest", 5), ("inode", "1"), ("name", None), ("size", [1])],
)
def test_a_commit_record_with_values_of_other_types_is_refused(spool: Spool, part: str, value: object) -> None:
    write_request(spool.path)
    raw = json.loads(record_of(version(spool)).encode())
    raw["request"][part] = value
    with pytest.raises(ValueError, match="commit record"):
        Commit.decode(json.dumps(raw).encode(), "a-1-64x64")


@pytest.mark.parametrize(
    ("part", "value"),
    [("inode", 10**400), ("inode", -1), ("size", 2**64), ("mode", -1), ("mode", 10**50)],
    ids=["long inode", "negative inode", "size", "negative mode", "mode"],
)
def test_a_commit_record_with_numbers_that_no_file_has_is_refused(spool: Spool, part: str, value: int) -> None:
    write_request(spool.path)
    record = record_of(replace(version(spool), digest="", **{part: value}))
    with pytest.raises(ValueError, match="no file has"):
        Commit.decode(record.encode(), "a-1-64x64")


def test_a_commit_record_cannot_have_a_huge_sparse_file_read(spool: Spool) -> None:
    request = spool.path / "a-1-64x64.txt"
    request.touch()
    os.truncate(request, 1 << 40)
    look = spool.look(request.name)
    assert look is not None
    record = record_of(replace(Version.of(request.name, look), digest="0" * 64))
    with pytest.raises(ValueError, match="no file has"):
        Commit.decode(record.encode(), "a-1-64x64")


def test_a_commit_record_that_names_no_answer_is_refused(spool: Spool) -> None:
    write_request(spool.path)
    with pytest.raises(ValueError, match="names no result"):
        Commit.decode(record_of(version(spool), files=()).encode(), "a-1-64x64")


@pytest.mark.parametrize("kind", ["directory", "symbolic link", "hard link", "named pipe"])
def test_only_an_ordinary_file_becomes_an_answer(spool: Spool, kind: str) -> None:
    assert NAME is not None
    write_request(spool.path)
    (spool.path / "a-1-64x64.png").write_bytes(b"what was there before")
    foreign = spool.path / "foreign"
    foreign.write_bytes(b"foreign")
    make = {"directory": os.mkdir, "named pipe": os.mkfifo}
    link = {"symbolic link": os.symlink, "hard link": os.link}
    draft = spool.path / ".a-1-64x64.01234567.0.tmp"
    link[kind](foreign, draft) if kind in link else make[kind](draft)
    with pytest.raises(ValueError, match=kind):
        roll_forward(spool, NAME, record_of(version(spool)))
    assert (spool.path / "a-1-64x64.png").read_bytes() == b"what was there before"
    assert (spool.path / "a-1-64x64.txt").exists()


def test_a_directory_in_the_place_of_the_progress_file_stands_in_nobodys_way(spool: Spool) -> None:
    write_request(spool.path)
    (spool.path / "a-1-64x64-progress.json").mkdir()
    assert publish(spool, version(spool)) is Outcome.PUBLISHED
    assert public(spool) == {"a-1-64x64.png", "a-1-64x64-2.png", "a-1-64x64-progress.json"}
    assert not hidden(spool)


def test_a_deeply_nested_commit_record_is_refused() -> None:
    with pytest.raises(ValueError, match="commit record"):
        Commit.decode(b"[" * 500_000, "a-1-64x64")


def test_an_answer_whose_decision_is_in_doubt_keeps_its_files(spool: Spool) -> None:
    assert NAME is not None

    class ServerGoesAway(FaultySystem):
        def __getattr__(self, name: str) -> Callable[..., object]:
            if name not in ("link", "open"):
                return super().__getattr__(name)

            def call(*arguments: object, **options: object) -> object:
                if name == "link":
                    os.link(*arguments, **options)  # type: ignore[arg-type]
                    self.at = 0
                if self.at is not None:
                    raise OSError(errno.EIO, "Input/output error")
                return os.open(*arguments, **options)  # type: ignore[arg-type]

            return call

    write_request(spool.path)
    away = Spool(spool.path, ServerGoesAway())
    away.open()
    answer = Answer(away, NAME, "token")
    for suffix, content in FILES.items():
        answer.add(suffix, content)
    with pytest.raises(OSError, match="Input/output"):
        answer.publish(version(spool), [], still_ours=lambda: True)
    answer.discard()
    away.close()
    record = read_commit(spool, NAME)
    assert record is not None
    assert roll_forward(spool, NAME, record) is Outcome.PUBLISHED
    assert answers(spool.path) == 1


def test_a_directory_where_a_result_belongs_is_moved_away_with_what_is_in_it(spool: Spool) -> None:
    write_request(spool.path)
    (spool.path / "a-1-64x64.png").mkdir()
    (spool.path / "a-1-64x64.png/kept").touch()
    assert publish(spool, version(spool)) is Outcome.PUBLISHED
    assert answers(spool.path) == 1
    (moved,) = spool.state_names("poison")
    assert (spool.path / ".spectacle/poison" / moved / "kept").exists()


def test_old_results_of_a_stem_go_and_others_stay(spool: Spool) -> None:
    assert NAME is not None
    old = ["a-1-64x64.png", "a-1-64x64.svg", "a-1-64x64-error.txt", "a-1-64x64-2.png", "a-1-64x64-3.svg"]
    other = ["a-1-64x64-svg.svg", "a-11-64x64.png", "b-1-64x64.png"]
    for name in old + other:
        (spool.path / name).touch()
    (spool.path / "a-1-64x64-4.png").mkdir()
    write_request(spool.path)
    request = spool.look("a-1-64x64.txt")
    assert request is not None
    remove_old_results(spool, NAME, request)
    assert public(spool) == {*other, "a-1-64x64-4.png", "a-1-64x64.txt", "a-1-64x64-options.json"}
    assert not hidden(spool)


def test_results_behind_a_gap_go_where_a_listing_has_shown_many(spool: Spool) -> None:
    assert NAME is not None
    for name in ("a-1-64x64-5.png", "a-1-64x64-16.svg", "b-1-64x64-5.png"):
        (spool.path / name).touch()
    write_request(spool.path)
    request = spool.look("a-1-64x64.txt")
    assert request is not None
    assert naming.stems_with_many(spool.names()) == {"a-1-64x64", "b-1-64x64"}
    remove_old_results(spool, NAME, request, many=True)
    assert public(spool) == {"b-1-64x64-5.png", "a-1-64x64.txt", "a-1-64x64-options.json"}


def test_the_answer_to_the_request_as_it_is_now_is_no_old_result(spool: Spool) -> None:
    assert NAME is not None
    write_request(spool.path)
    (spool.path / "a-1-64x64.png").touch()
    request = spool.look("a-1-64x64.txt")
    assert request is not None
    (spool.path / ".a-1-64x64.commit").touch()
    remove_old_results(spool, NAME, request)
    (spool.path / ".a-1-64x64.commit").unlink()
    (spool.path / "a-1-64x64.txt").unlink()
    remove_old_results(spool, NAME, request)
    assert (spool.path / "a-1-64x64.png").exists()
