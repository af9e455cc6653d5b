"""Every call on the spool directory is safe against what others put there."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from faults import FaultySystem

from spectacle.errors import SpoolUnavailable
from spectacle.spool.directory import Spool, unavailable
from spectacle.spool.file_status import FileStatus, NotOrdinary, TooLarge
from spectacle.spool.naming import STATE_DIRECTORY
from spectacle.spool.sweep import Names


def test_a_missing_spool_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SpoolUnavailable, match=r"does not exist\. Mount it, or create it"):
        Spool(tmp_path / "none").open()


def test_a_spool_that_is_not_a_directory_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SpoolUnavailable, match=r"Not a directory\. Use another path"):
        Spool(tmp_path / "file").open()


def test_another_directory_under_the_path_is_noticed_and_used(tmp_path: Path) -> None:
    path = tmp_path / "spool"
    path.mkdir()
    spool = Spool(path)
    assert spool.open()
    assert not spool.open()
    path.rename(tmp_path / "old")
    path.mkdir()
    (path / "new").touch()
    assert spool.names() == []
    assert spool.open()
    assert spool.names() == ["new"]
    spool.close()


def test_opening_again_and_again_keeps_no_descriptor(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.open()
    before = len(os.listdir("/proc/self/fd"))
    for number in range(5):
        spool.open()
        spool.names()
        spool.state_names("instances")
        spool.write(f"{number}", b"x")
        spool.read(f"{number}", 10)
        with pytest.raises(TooLarge):
            spool.read(f"{number}", 0)
        with pytest.raises(FileExistsError):
            spool.write(f"{number}", b"x")
    assert len(os.listdir("/proc/self/fd")) == before
    spool.close()


@pytest.mark.parametrize("part", ["", "instances", "poison"])
@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_house_that_is_not_ours_is_refused(tmp_path: Path, part: str, kind: str) -> None:
    spool = Spool(tmp_path)
    spool.open()
    path = tmp_path / STATE_DIRECTORY / part
    path.parent.mkdir(exist_ok=True)
    if kind == "link":
        path.symlink_to("/tmp")
    else:
        path.touch()
    with pytest.raises(SpoolUnavailable, match="Move it away"):
        spool.prepare_state_directory()
    spool.close()


def test_a_file_is_read_whole_with_its_status(spool: Spool) -> None:
    (spool.path / "file").write_bytes(b"x" * 3_000_000)
    content, look = spool.read("file", 3_000_000)
    assert content == b"x" * 3_000_000
    assert look == spool.peek("file") == spool.look("file")


def test_a_file_beyond_the_limit_is_not_read_into_memory(spool: Spool) -> None:
    with (spool.path / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(TooLarge) as caught:
        spool.read("sparse", 1000)
    assert caught.value.size == 1 << 40
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 10_000


def test_a_file_that_grows_while_it_is_read_stays_within_the_limit(spool: Spool) -> None:
    path = spool.path / "file"
    path.write_bytes(b"x" * 10)

    class Grows(FaultySystem):
        def __getattr__(self, name: str) -> object:
            if name == "read":
                with path.open("ab") as file:
                    file.write(b"x" * 1000)
            return super().__getattr__(name)

    growing = Spool(spool.path, Grows())
    growing.open()
    with pytest.raises(TooLarge):
        growing.read("file", 100)
    growing.close()


def make(path: Path, kind: str) -> None:
    if kind == "symbolic link":
        path.symlink_to("/etc/passwd")
    elif kind == "dangling link":
        path.symlink_to("/nowhere")
    elif kind == "loop":
        path.symlink_to(path.name)
    elif kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))
    else:
        path.touch()
        path.with_name("other").hardlink_to(path)


ODD = {
    "symbolic link": "a symbolic link", "dangling link": "a symbolic link", "loop": "a symbolic link",
    "directory": "a directory", "pipe": "a named pipe", "device": "a device", "hard link": "a file with 2 hard links",
}  # fmt: skip


# Only root can make a device.
KINDS = [pytest.param(kind, marks=pytest.mark.root) if kind == "device" else kind for kind in ODD]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_ordinary_file_is_seen_but_never_read(spool: Spool, kind: str) -> None:
    said = ODD[kind]
    make(spool.path / "odd", kind)
    look = spool.look("odd")
    assert look is not None
    assert look.oddity == said
    with pytest.raises(NotOrdinary, match=said) as caught:
        spool.read("odd", 1000)
    assert caught.value.look.inode == look.inode


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_written_through_what_is_there_already(spool: Spool, kind: str) -> None:
    make(spool.path / "odd", kind)
    before = spool.look("odd")
    with pytest.raises(FileExistsError):
        spool.write("odd", b"x")
    assert spool.look("odd") == before


def test_what_vanishes_is_none_or_not_found(spool: Spool) -> None:
    assert spool.look("none") is None
    assert spool.peek("none") is None
    assert not spool.remove("none")
    assert not spool.rename("none", "other")
    with pytest.raises(FileNotFoundError):
        spool.read("none", 10)


def test_writing_is_durable_before_it_returns(spool: Spool) -> None:
    system = FaultySystem()
    recorded = Spool(spool.path, system)
    recorded.open()
    system.calls.clear()
    written = recorded.write("file", b"content")
    assert system.calls == ["open", "write", "fsync"]
    look = spool.look("file")
    assert look is not None
    assert (look, stat.S_IMODE(look.mode) & ~0o660) == (written, 0)
    recorded.close()


@pytest.mark.parametrize("at", [1, 2])
def test_what_could_not_be_written_whole_is_not_there(spool: Spool, at: int) -> None:
    system = FaultySystem()
    failing = Spool(spool.path, system)
    failing.open()
    system.at, system.error = len(system.calls) + at, OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(OSError, match="No space"):
        failing.write("file", b"content")
    assert spool.look("file") is None
    failing.close()


def test_replacing_leaves_the_old_or_the_new_content(spool: Spool) -> None:
    spool.replace("file", b"old")
    system = FaultySystem()
    failing = Spool(spool.path, system)
    failing.open()
    for at in range(3):
        system.at, system.error = len(system.calls) + at, OSError(errno.EIO, "Input/output error")
        with pytest.raises(OSError, match="Input"):
            failing.replace("file", b"new")
        assert spool.read("file", 10)[0] == b"old"
    failing.replace("file", b"new")
    assert spool.read("file", 10)[0] == b"new"
    assert set(spool.names()) == {STATE_DIRECTORY, "file"}
    failing.close()


@contextlib.contextmanager
def on(path: Path, system: object) -> Iterator[Spool]:
    """The spool, with other system calls."""
    spool = Spool(path, system)
    spool.open()
    try:
        yield spool
    finally:
        spool.close()


@pytest.mark.parametrize("links", [True, False])
def test_a_name_that_is_given_never_replaces_what_is_there(spool: Spool, links: bool) -> None:
    with on(spool.path, FaultySystem(links=links)) as tried:
        tried.write("one", b"1")
        tried.write("two", b"2")
        assert not tried.give_name("one", "two")
        assert tried.give_name("one", "three")
        assert tried.read("two", 10)[0] == b"2"
        assert (tried.look("one") is not None) == links
        with pytest.raises(FileNotFoundError):
            tried.give_name("none", "four")


@pytest.mark.parametrize(("links", "number", "call"), [(True, errno.EEXIST, 0), (False, errno.ENOENT, 2)])
def test_a_name_whose_reply_was_lost_is_recognised_as_given(spool: Spool, links: bool, number: int, call: int) -> None:
    system = FaultySystem(error=OSError(number, os.strerror(number)), after=True, links=links)
    with on(spool.path, system) as forgetful:
        forgetful.write("one", b"1")
        # Without links: the link that fails, the look by which the file is known, the rename.
        system.at = len(system.calls) + call
        assert forgetful.give_name("one", "two")
        assert system.calls[system.at] == ("link" if links else "rename_exclusive")


def test_a_file_system_with_no_step_that_decides_is_refused_with_its_name(spool: Spool) -> None:
    with on(spool.path, FaultySystem(links=False, exclusive_renames=False)) as odd:
        odd.file_system = lambda: "fuse.sshfs"  # type: ignore[method-assign]
        with pytest.raises(
            SpoolUnavailable, match=r"file system \(fuse.sshfs\) has neither hard links .* dcache_timeout=1"
        ):
            odd.decides()
    assert set(spool.names()) == {STATE_DIRECTORY}


@pytest.mark.parametrize("kind", ["cifs", "smb3"])
def test_smb_decides_by_hard_links_alone_because_its_renames_are_not_exclusive(spool: Spool, kind: str) -> None:
    with on(spool.path, FaultySystem()) as linked:
        linked.file_system = lambda: kind  # type: ignore[method-assign]
        linked.decides()
    system = FaultySystem(links=False)
    with on(spool.path, system) as odd:
        odd.file_system = lambda: kind  # type: ignore[method-assign]
        with pytest.raises(SpoolUnavailable, match=rf"\({kind}\) has neither hard links nor exclusive renames"):
            odd.decides()
        odd.write(".aside", b"old")
        odd.put_back(".aside", "name")
        assert odd.read("name", 10)[0] == b"old"
    assert "rename_exclusive" not in system.calls


def test_a_second_name_that_an_smb_server_does_not_open_is_looked_at_without(spool: Spool) -> None:
    spool.write("one", b"1")
    system = FaultySystem()
    with on(spool.path, system) as odd:
        system.at, system.error = len(system.calls), OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        status = odd.look("one")
    assert status is not None
    assert status.size == 1


@pytest.mark.parametrize(("kind", "said"), [("fuse.rclone", "neither hard links nor"), ("ext4", "Input/output error")])
def test_a_program_behind_fuse_that_fails_where_it_cannot_link_is_no_trouble_that_passes(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, kind: str, said: str
) -> None:
    def fails(*_arguments: Any) -> bool:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Spool, "give_name", fails)
    monkeypatch.setattr(Spool, "file_system", lambda _self: kind)
    with pytest.raises(SpoolUnavailable, match=said):
        spool.decides()
    assert spool.names() == [STATE_DIRECTORY]


@pytest.mark.parametrize("links", [True, False])
def test_a_file_system_with_a_step_that_decides_is_left_as_it_was(spool: Spool, links: bool) -> None:
    with on(spool.path, FaultySystem(links=links)) as tried:
        tried.decides()
    assert set(spool.names()) == {STATE_DIRECTORY}


@pytest.mark.parametrize("links", [True, False])
def test_what_is_put_back_never_replaces_what_has_come_meanwhile(spool: Spool, links: bool) -> None:
    with on(spool.path, FaultySystem(links=links)) as tried:
        tried.write(".aside", b"old")
        tried.write("name", b"new")
        tried.put_back(".aside", "name")
        assert tried.read("name", 10)[0] == b"new"
        assert tried.look(".aside") is None


def test_what_is_put_back_gets_its_name_back_whatever_the_file_system(spool: Spool) -> None:
    for system in (FaultySystem(), FaultySystem(links=False), FaultySystem(links=False, exclusive_renames=False)):
        with on(spool.path, system) as tried:
            tried.write(".aside", b"old")
            tried.put_back(".aside", "name")
            assert tried.read("name", 10)[0] == b"old"
            tried.remove("name")
    spool.write(".aside", b"back")
    spool.put_back(".aside", "other")
    assert spool.read("other", 10)[0] == b"back"
    assert spool.look(".aside") is None


def test_a_spool_that_cannot_be_written_says_why(spool: Spool) -> None:
    spool.writable()
    system = FaultySystem()
    failing = Spool(spool.path, system)
    failing.open()
    system.at, system.error = len(system.calls), OSError(errno.EROFS, "Read-only file system")
    with pytest.raises(SpoolUnavailable, match="Mount it read-write"):
        failing.writable()
    assert set(spool.names()) == {STATE_DIRECTORY}
    failing.close()


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "Free some space"),
        (errno.EACCES, "Let user"),
        (errno.EIO, "Wait for it, or check the file system"),
    ],
)
def test_trouble_is_told_with_its_remedy(number: int, remedy: str) -> None:
    assert remedy in unavailable(Path("/spool"), OSError(number, os.strerror(number))).message


def test_the_version_of_a_file_changes_with_its_content_and_its_identity() -> None:
    look = FileStatus(1, 2, 3, stat.S_IFREG, 1)
    assert look.version == FileStatus(1, 2, 3, stat.S_IFREG, 2).version
    assert (
        len(
            {
                look.version,
                FileStatus(9, 2, 3, 0, 1).version,
                FileStatus(1, 9, 3, 0, 1).version,
                FileStatus(1, 2, 9, 0, 1).version,
            }
        )
        == 4
    )


PARTS = ["", "/instances", "/attempts", "/poison"]


@pytest.mark.parametrize("part", PARTS)
def test_nothing_is_done_through_a_link_in_the_place_of_the_state_directory(tmp_path: Path, part: str) -> None:
    outside = tmp_path / "outside"
    for each in PARTS:
        (outside / each.strip("/")).mkdir(exist_ok=True)
    path = tmp_path / "spool"
    path.mkdir()
    if part:
        (path / ".spectacle").mkdir()
    (path / f".spectacle{part}").symlink_to(outside)
    spool = Spool(path)
    spool.open()
    with pytest.raises(SpoolUnavailable, match=r"not a directory\. Move it away"):
        spool.prepare_state_directory()
    name = f".spectacle{part}/file"
    for attempt in (
        lambda: spool.write(name, b""),
        lambda: spool.replace(name, b""),
        lambda: spool.rename("request", name),
        lambda: spool.remove(name),
        lambda: spool.read(name, 10),
        lambda: spool.state_names(part.strip("/")),
    ):
        with pytest.raises(NotADirectoryError):
            attempt()
    assert sorted(os.listdir(outside)) == ["attempts", "instances", "poison"]
    spool.close()


def test_a_house_swapped_while_it_is_in_use_leads_nowhere_else(spool: Spool, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    for each in PARTS:
        (outside / each.strip("/")).mkdir(exist_ok=True)
    spool.replace(".spectacle/attempts/a-1-64x64", b"1")
    assert not spool.open()
    (spool.path / ".spectacle").rename(spool.path / "moved")
    (spool.path / ".spectacle").symlink_to(outside)
    spool.replace(".spectacle/attempts/a-2-64x64", b"2")
    assert spool.remove(".spectacle/attempts/a-1-64x64")
    assert os.listdir(spool.path / "moved/attempts") == ["a-2-64x64"]
    assert not os.listdir(outside / "attempts")
    assert spool.open()
    with pytest.raises(SpoolUnavailable, match="Move it away"):
        spool.prepare_state_directory()
    (spool.path / ".spectacle").unlink()
    assert spool.open()
    spool.prepare_state_directory()
    assert not spool.open()
    spool.replace(".spectacle/attempts/a-3-64x64", b"3")
    assert os.listdir(spool.path / ".spectacle/attempts") == ["a-3-64x64"]


def test_a_part_of_the_state_directory_that_was_removed_is_made_again(spool: Spool) -> None:
    (spool.path / ".spectacle/attempts").rmdir()
    with pytest.raises(FileNotFoundError):
        spool.replace(".spectacle/attempts/a-1-64x64", b"1")
    spool.prepare_state_directory()
    spool.replace(".spectacle/attempts/a-1-64x64", b"1")
    assert os.listdir(spool.path / ".spectacle/attempts") == ["a-1-64x64"]


@pytest.mark.parametrize("name", ["a-1-64x64-progress.json", ".spectacle/instances/host-1-abc.json"])
def test_a_directory_where_a_file_of_ours_belongs_is_moved_away_with_what_is_in_it(spool: Spool, name: str) -> None:
    (spool.path / name / "inner").mkdir(parents=True)
    spool.replace(name, b"ours")
    assert (spool.path / name).read_bytes() == b"ours"
    (aside,) = (spool.path / STATE_DIRECTORY / "poison").iterdir()
    assert aside.name.startswith(Path(name).name)
    assert (aside / "inner").is_dir()
    assert not [each for each in spool.names() if each.endswith(".tmp")]


class _ClosedMeanwhile:
    """`os`, but another thread closes or exchanges the spool in the middle of one call."""

    def __init__(self, call: str, meanwhile: Callable[[], object]) -> None:
        self._call, self._meanwhile = call, meanwhile

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name != self._call:
            return real

        def call(*arguments: Any, **options: Any) -> Any:
            self._meanwhile()
            return real(*arguments, **options)

        return call


@pytest.mark.parametrize("exchanged", [False, True], ids=["closed", "exchanged"])
@pytest.mark.parametrize(
    ("call", "use"),
    [
        ("stat", lambda spool: spool.changed_ns()),
        ("fsync", lambda spool: spool.sync()),
        ("rename", lambda spool: spool.rename("old", "new")),
        ("unlink", lambda spool: spool.remove("old")),
        ("link", lambda spool: spool.give_name("old", "new")),
        ("listdir", lambda spool: spool.state_names("instances")),
        ("fstatvfs", lambda spool: spool.free_bytes()),
    ],
)
def test_a_directory_is_not_closed_under_a_thread_that_uses_it(
    tmp_path: Path, call: str, use: Callable[[Spool], object], exchanged: bool
) -> None:
    path = tmp_path / "spool"
    strangers: list[int] = []

    def meanwhile() -> None:
        if exchanged:
            path.rename(tmp_path / f"old{len(strangers)}")
            path.mkdir()
            spool.open()
        else:
            spool.close()
        # Were a number free now, it would be given to this directory, in which the name is another's.
        strangers.append(os.open(tmp_path / "stranger", os.O_RDONLY | os.O_DIRECTORY))

    path.mkdir()
    (tmp_path / "stranger").mkdir()
    (path / "old").write_text("ours")
    (tmp_path / "stranger" / "old").write_text("a stranger's")
    spool = Spool(path, _ClosedMeanwhile(call, meanwhile))
    spool.open()
    try:
        use(spool)
    finally:
        for fd in strangers:
            os.close(fd)
        spool.close()
    assert sorted(os.listdir(tmp_path / "stranger")) == ["old"]


def test_a_pinned_spool_stays_in_its_directory_whatever_comes_to_lie_under_the_path(tmp_path: Path) -> None:
    path = tmp_path / "spool"
    path.mkdir()
    spool = Spool(path)
    spool.open()
    spool.prepare_state_directory()
    pinned = spool.pinned()
    path.rename(tmp_path / "old")
    path.mkdir()
    assert spool.open()
    pinned.write("mine", b"x")
    assert pinned.rename("mine", "renamed")
    assert set(pinned.state_names("")) == {"attempts", "instances", "poison"}
    assert (tmp_path / "old" / "renamed").exists()
    assert os.listdir(path) == []


def test_a_directory_is_closed_once_nobody_uses_it(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    spool = Spool(tmp_path)
    spool.open()
    spool.prepare_state_directory()
    pinned = spool.pinned()
    spool.close()
    assert pinned.names() == [STATE_DIRECTORY]
    del pinned
    assert len(os.listdir("/proc/self/fd")) == before


def test_names_may_be_gone_through_some_at_a_time_and_again(spool: Spool) -> None:
    for number in range(7):
        spool.write(f"file-{number}", b"")
    parts = list(spool.some_names(3))
    assert [len(part) for part in parts[:-1]] == [3] * (len(parts) - 1)
    assert sorted(name for part in parts for name in part) == sorted(spool.names())
    names = Names(spool)
    assert sorted(names) == sorted(names) == sorted(spool.names())


def test_of_several_names_the_first_is_found_under_which_anything_lies(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.open()
    assert spool.first_there(["a", "b", "c"]) is None
    (tmp_path / "c").touch()
    (tmp_path / "b").symlink_to("nowhere")
    assert spool.first_there(["a", "b", "c"]) == "b"
