"""Every call on the spool directory is safe against what others put there."""

from __future__ import annotations

import errno
import os
import resource
import stat
from pathlib import Path

import pytest
from faults import FaultySystem

from spectacle.errors import SpoolUnavailable
from spectacle.spool.directory import Spool, unavailable
from spectacle.spool.file_status import FileStatus, NotOrdinary, TooLarge
from spectacle.spool.naming import STATE_DIRECTORY


def test_a_missing_spool_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SpoolUnavailable, match="does not exist: mount it, or make it"):
        Spool(tmp_path / "none").open()


def test_a_spool_that_is_not_a_directory_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SpoolUnavailable, match="not a directory: choose another path"):
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
    with pytest.raises(SpoolUnavailable, match=r"move it away|no directory"):
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
    inode = recorded.write("file", b"content")
    assert system.calls == ["open", "write", "fsync"]
    look = spool.look("file")
    assert look is not None
    assert (look.inode, stat.S_IMODE(look.mode) & ~0o660) == (inode, 0)
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


def test_a_link_never_replaces_what_is_there(spool: Spool) -> None:
    spool.write("one", b"1")
    spool.write("two", b"2")
    assert not spool.link("one", "two")
    assert spool.link("one", "three")
    assert spool.read("two", 10)[0] == b"2"


def test_a_link_whose_reply_was_lost_is_recognised_as_made(spool: Spool) -> None:
    system = FaultySystem(error=OSError(errno.EEXIST, "File exists"), after=True)
    forgetful = Spool(spool.path, system)
    forgetful.open()
    forgetful.write("one", b"1")
    system.at = len(system.calls)
    assert forgetful.link("one", "two")
    forgetful.close()


def test_what_is_put_back_never_replaces_what_has_come_meanwhile(spool: Spool) -> None:
    spool.write(".aside", b"old")
    spool.write("name", b"new")
    spool.put_back(".aside", "name")
    assert spool.read("name", 10)[0] == b"new"
    assert spool.look(".aside") is None
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
    with pytest.raises(SpoolUnavailable, match="mount it read-write"):
        failing.writable()
    assert set(spool.names()) == {STATE_DIRECTORY}
    failing.close()


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.ENOSPC, "free some space"), (errno.EACCES, "let user"), (errno.EIO, "waiting for it to come back")],
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
    with pytest.raises(SpoolUnavailable, match="is not a directory: move it away"):
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
    with pytest.raises(SpoolUnavailable, match="move it away"):
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
