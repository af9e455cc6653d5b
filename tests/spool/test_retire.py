"""Files that are done with go, and newer ones of their names do not."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import Any

import pytest
from faults import Crash, FaultySystem

from spectacle.spool import naming
from spectacle.spool.directory import Spool
from spectacle.spool.naming import RequestName
from spectacle.spool.record import Version
from spectacle.spool.retire import finish_retiring, is_displaced, recover, retire

REQUEST, IMAGE = "a-1-64x64.txt", "a-1-64x64-input.png"


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    opened = Spool(tmp_path)
    opened.open()
    opened.prepare_state_directory()
    return opened


@pytest.fixture
def name() -> RequestName:
    parsed = RequestName.parse(REQUEST)
    assert parsed is not None
    return parsed


def written(spool: Spool, name: str, text: str, *, read: bool = True) -> Version:
    """The version of a file that is written and renamed into place."""
    (spool.path / ".draft").write_text(text)
    (spool.path / ".draft").rename(spool.path / name)
    look = spool.look(name)
    assert look is not None
    return Version.of(name, look, text.encode() if read else None)


def put_aside(spool: Spool, version: Version) -> str:
    """Do the first step of retiring a version with whatever has its name now."""
    aside = naming.retired_name(version.name, version.mark(), "0123abcd")
    (spool.path / version.name).rename(spool.path / aside)
    return aside


def names(spool: Spool) -> set[str]:
    return set(os.listdir(spool.path)) - {".spectacle"}


def test_a_newer_file_that_may_not_be_read_is_no_trouble_and_stays(tmp_path: Path, spool: Spool) -> None:
    class Forbidding(FaultySystem):
        def __getattr__(self, name: str) -> Any:
            real = super().__getattr__(name)

            def open_(path: str, flags: int, *arguments: Any, **options: Any) -> Any:
                if path == REQUEST and not flags & (os.O_WRONLY | os.O_DIRECTORY):
                    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
                return real(path, flags, *arguments, **options)

            return open_ if name == "open" else real

    older = written(spool, REQUEST, "older")
    newer = written(spool, REQUEST, "newer")
    forbidding = Spool(tmp_path, Forbidding())
    forbidding.open()
    retire(forbidding, older)
    assert names(spool) == {REQUEST}
    with pytest.raises(PermissionError):
        retire(forbidding, newer)
    assert names(spool) == {REQUEST}


@pytest.mark.parametrize("read", [True, False], ids=["read", "unread"])
@pytest.mark.parametrize("text", ["newer", "older"], ids=["other text", "same text"])
def test_what_a_crash_left_aside_is_removed_when_it_was_meant_and_put_back_when_it_is_newer(
    spool: Spool, text: str, read: bool
) -> None:
    meant = written(spool, REQUEST, "older", read=read)
    finish_retiring(spool, put_aside(spool, meant))
    assert names(spool) == set()
    # The former file is kept, so that the newer one cannot get its inode.
    kept = written(spool, "kept", "older", read=read)
    meant = Version(REQUEST, kept.inode, kept.size, kept.mtime_ns, kept.mode, kept.digest)
    written(spool, REQUEST, text)
    finish_retiring(spool, put_aside(spool, meant))
    assert names(spool) == {"kept", REQUEST}
    assert (spool.path / REQUEST).read_text() == text


@pytest.mark.parametrize("read", [True, False], ids=["read", "unread"])
@pytest.mark.parametrize("after", [True, False], ids=["after", "before"])
def test_what_is_to_be_kept_is_kept_wherever_a_crash_cuts_its_retiring_off(
    tmp_path: Path, spool: Spool, name: RequestName, after: bool, read: bool
) -> None:
    for at in range(20):
        meant = written(spool, REQUEST, "poison", read=read)
        crashing = Spool(tmp_path, FaultySystem(at, after=after))
        with contextlib.suppress(Crash):
            crashing.open()
            retire(crashing, meant, poison=True)
        recover(spool, name)
        retire(spool, meant, poison=True)
        (kept,) = spool.state_names("poison")
        assert (spool.path / ".spectacle/poison" / kept).read_text() == "poison"
        (spool.path / ".spectacle/poison" / kept).unlink()
        assert names(spool) == set()


def test_a_newer_request_is_not_kept_in_place_of_a_poison_request(spool: Spool) -> None:
    meant = written(spool, REQUEST, "poison")
    written(spool, REQUEST, "newer")
    aside = naming.retired_name(REQUEST, meant.mark(poison=True), "0123abcd")
    (spool.path / REQUEST).rename(spool.path / aside)
    finish_retiring(spool, aside)
    assert (spool.path / REQUEST).read_text() == "newer"
    assert not spool.state_names("poison")


def test_what_was_put_back_halfway_is_put_back(spool: Spool) -> None:
    meant = written(spool, REQUEST, "older")
    written(spool, REQUEST, "newer")
    aside = put_aside(spool, meant)
    os.link(spool.path / aside, spool.path / REQUEST)
    finish_retiring(spool, aside)
    assert names(spool) == {REQUEST}
    assert (spool.path / REQUEST).stat().st_nlink == 1


def test_the_newest_of_three_stays(spool: Spool) -> None:
    meant = written(spool, REQUEST, "first")
    written(spool, REQUEST, "second")
    aside = put_aside(spool, meant)
    written(spool, REQUEST, "third")
    finish_retiring(spool, aside)
    assert names(spool) == {REQUEST}
    assert (spool.path / REQUEST).read_text() == "third"


def test_what_earlier_versions_of_spectacle_left_aside_is_finished_too(spool: Spool) -> None:
    meant = written(spool, REQUEST, "older")
    by_digest = naming.retired_name(REQUEST, naming.digest_mark(meant.digest), "0123abcd")
    (spool.path / REQUEST).rename(spool.path / by_digest)
    finish_retiring(spool, by_digest)
    assert names(spool) == set()
    (spool.path / by_digest).write_text("newer")
    finish_retiring(spool, by_digest)
    assert (spool.path / REQUEST).read_text() == "newer"
    image = written(spool, IMAGE, "x")
    by_inode = naming.retired_name(IMAGE, naming.inode_mark(image.inode), "0123abcd")
    (spool.path / IMAGE).rename(spool.path / by_inode)
    finish_retiring(spool, by_inode)
    assert names(spool) == {REQUEST}
    by_other = naming.retired_name(IMAGE, naming.inode_mark(1), "0123abcd")
    (spool.path / by_other).write_text("newer")
    finish_retiring(spool, by_other)
    assert (spool.path / IMAGE).read_text() == "newer"


def test_recovery_brings_back_a_request_with_its_attachments_and_leaves_others_alone(
    spool: Spool, name: RequestName
) -> None:
    for each in (REQUEST, IMAGE, "a-1-64x64-input.txt", "b-1-64x64.txt"):
        older = written(spool, each, "older")
        written(spool, each, "newer")
        put_aside(spool, older)
    recover(spool, name)
    assert {each for each in names(spool) if not each.startswith(".")} == {REQUEST, IMAGE}
    assert len(names(spool)) == 4


@pytest.mark.parametrize("there", [True, False], ids=["request there", "request gone"])
def test_forged_files_on_their_way_out_keep_no_request_from_being_served(
    spool: Spool, name: RequestName, there: bool
) -> None:
    marks = iter("0123456789")
    forged = [f".{REQUEST}.v000000000000000{next(marks)}.01234567.retired" for _ in range(5)]
    (spool.path / forged[0]).mkdir()
    (spool.path / forged[0] / "full").touch()
    (spool.path / forged[1]).symlink_to("/etc/passwd")
    os.mkfifo(spool.path / forged[2])
    (spool.path / forged[3]).mkdir()
    (spool.path / forged[4]).write_bytes(b"")
    if there:
        written(spool, REQUEST, "a fox")
    recover(spool, name)
    recover(spool, name)
    assert names(spool) == {REQUEST}
    if there:
        assert (spool.path / REQUEST).read_text() == "a fox"


def test_a_displaced_request_is_told_by_its_inode(spool: Spool, name: RequestName) -> None:
    older = written(spool, REQUEST, "older")
    newer = written(spool, REQUEST, "newer")
    assert not is_displaced(spool, name, newer.inode)
    put_aside(spool, older)
    assert is_displaced(spool, name, newer.inode)
    assert not is_displaced(spool, name, 1)


def test_a_file_that_is_not_the_one_meant_stays(spool: Spool) -> None:
    meant = written(spool, REQUEST, "older")
    written(spool, REQUEST, "newer")
    retire(spool, meant)
    retire(spool, meant, poison=True)
    assert (spool.path / REQUEST).read_text() == "newer"
    assert names(spool) == {REQUEST}
