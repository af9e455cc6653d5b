"""Results are noticed when the request goes, not at the next listing; and also where inotify tells nothing."""

from __future__ import annotations

import os
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from spectacle.client import Result, submit, wait, waiting
from spectacle.client import changes as module
from spectacle.client.changes import Changes, DirectoryChanges
from spectacle.client.tickets import Ticket
from spectacle.client.waiting import DirectoryWatch, Finding, Waiter
from spectacle.errors import SpectacleError
from spectacle.spool.mounts import Mount
from spectacle.spool.naming import inode_mark, request_name, retired_name

NEVER = 100.0
"""Seconds, longer than any test waits for anything."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """An empty spool."""
    path = tmp_path / "spool"
    path.mkdir()
    return path


@pytest.fixture
def changes(spool: Path) -> Iterator[DirectoryChanges]:
    """What tells of changes of the spool."""
    with closing(DirectoryChanges(spool)) as found:
        found.follow()
        yield found


class Listings:
    """Lets a test know of each listing of a watch, and how many there were."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self._changed = threading.Condition()
        poll = DirectoryWatch.poll

        def counted(watch: DirectoryWatch) -> None:
            poll(watch)
            with self._changed:
                self.count += 1
                self._changed.notify_all()

        monkeypatch.setattr(DirectoryWatch, "poll", counted)

    def wait_for(self, count: int) -> None:
        """Wait until there were as many."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.count >= count, 30)


@pytest.fixture
def listings(monkeypatch: pytest.MonkeyPatch) -> Listings:
    """The listings; after the first there is none, unless inotify tells of something."""
    monkeypatch.setattr(waiting, "MIN_PAUSE", NEVER)
    monkeypatch.setattr(waiting, "MAX_PAUSE", NEVER)
    return Listings(monkeypatch)


def publish(ticket: Ticket) -> None:
    """What a daemon does: the result is put in place, then the request is renamed aside and removed."""
    ticket.spool.joinpath(f"{ticket.stem}.png").write_bytes(b"picture")
    aside = ticket.spool / retired_name(request_name(ticket.stem), inode_mark(1), "0123abcd")
    ticket.request.rename(aside)
    aside.unlink()


def in_background(work: Callable[[], object]) -> Callable[[], object]:
    """Begin something on another thread. Returns a function that waits for its result."""
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()

    def result() -> object:
        thread.join(30)
        assert not thread.is_alive()
        return found[0]

    return result


@pytest.mark.parametrize("finish", [publish, lambda ticket: ticket.request.unlink()], ids=["published", "deleted"])
def test_the_end_of_a_request_is_noticed_without_waiting_for_the_next_listing(
    spool: Path, listings: Listings, finish: Callable[[Ticket], None]
) -> None:
    ticket = submit(spool, "x")

    def outcome() -> Result | str:
        try:
            return wait(ticket)
        except SpectacleError as error:
            return error.code

    result = in_background(outcome)
    listings.wait_for(1)
    finish(ticket)
    found = result()
    assert found == "request-cancelled" if finish is not publish else isinstance(found, Result)
    assert listings.count == 2


def test_what_becomes_of_other_requests_makes_nobody_list_the_directory(spool: Path, listings: Listings) -> None:
    ticket, *others = (submit(spool, "x") for _ in range(20))
    result = in_background(lambda: wait(ticket))
    listings.wait_for(1)
    for other in others:
        publish(other)
    publish(ticket)
    assert isinstance(result(), Result)
    assert listings.count == 2


def test_a_request_that_is_renamed_aside_is_not_gone_until_its_file_is_removed(
    spool: Path, changes: DirectoryChanges
) -> None:
    """A daemon gives a newer request its name back when it has caught it instead of the one that was meant."""
    ticket = submit(spool, "x")
    aside = spool / retired_name(request_name(ticket.stem), inode_mark(1), "0123abcd")
    ticket.request.rename(aside)
    assert list(waiting._gone(changes.wait(30))) == []
    aside.unlink()
    assert request_name(ticket.stem) in list(waiting._gone(changes.wait(30)))


def test_a_request_that_is_quarantined_is_gone(spool: Path, tmp_path: Path, changes: DirectoryChanges) -> None:
    ticket = submit(spool, "x")
    aside = spool / retired_name(request_name(ticket.stem), inode_mark(1), "0123abcd")
    ticket.request.rename(aside)
    aside.rename(tmp_path / "poison")
    assert request_name(ticket.stem) in list(waiting._gone(changes.wait(30)))


def test_a_directory_that_is_put_in_the_place_of_the_spool_is_watched_instead(
    spool: Path, changes: DirectoryChanges
) -> None:
    spool.rename(spool.with_name("before"))
    spool.mkdir()
    (spool / "a").touch()
    assert changes.wait(30).unknown
    assert not changes.complete
    changes.follow()
    assert changes.complete
    (spool / "a").unlink()
    seen: set[str] = set()
    while "a" not in seen:
        seen |= changes.wait(30).deleted
    spool.rmdir()
    assert changes.wait(30).unknown
    changes.follow()
    assert not changes.complete


def test_lost_events_mean_that_anything_may_have_happened(changes: DirectoryChanges) -> None:
    overflow = struct.pack("iIII", -1, 0x4000, 0, 0)
    assert changes._read(overflow) == Changes(unknown=True)
    assert changes.complete, "the directory is still watched"


def test_on_a_network_file_system_listings_go_on_as_if_nothing_were_told(
    spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in ("nfs4", "fuse.sshfs", "unknown"):
        monkeypatch.setattr(module, "mount_of", lambda *_, kind=kind: Mount(kind))
        with closing(DirectoryChanges(spool)) as changes:
            changes.follow()
            assert not changes.complete


def refuse(*_: object) -> int:
    """A kernel whose limit of inotify instances is reached."""
    raise OSError(24, "Too many open files")


def lack(*_: object) -> int:
    """A C library without inotify."""
    raise AttributeError("inotify_init1")


@pytest.mark.parametrize("call", [refuse, lack])
def test_without_inotify_results_are_found_by_listing(
    spool: Path, monkeypatch: pytest.MonkeyPatch, call: Callable[..., int]
) -> None:
    monkeypatch.setattr(module, "_call", call)
    listings = Listings(monkeypatch)
    ticket = submit(spool, "x")
    result = in_background(lambda: wait(ticket))
    listings.wait_for(2)
    publish(ticket)
    assert isinstance(result(), Result)


def test_without_a_free_descriptor_those_who_wait_are_told(spool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pipe() -> tuple[int, int]:
        raise OSError(24, "Too many open files")

    ticket = submit(spool, "x")
    monkeypatch.setattr(os, "pipe", pipe)
    with pytest.raises(SpectacleError) as caught:
        wait(ticket)
    assert caught.value.code == "spool-unavailable"
    monkeypatch.undo()
    publish(ticket)
    assert isinstance(wait(ticket), Result), "later waits are not affected"


def test_the_thread_serves_one_wait_after_the_other_and_then_ends_with_its_descriptors(
    spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = DirectoryWatch(spool)
    inbox: list[Finding] = []
    told = threading.Event()

    def deliver(finding: Finding) -> None:
        inbox.append(finding)
        told.set()

    closed: list[DirectoryChanges] = []
    close = DirectoryChanges.close

    def noted(changes: DirectoryChanges) -> None:
        close(changes)
        closed.append(changes)

    monkeypatch.setattr(DirectoryChanges, "close", noted)
    before = set(threading.enumerate())
    threads = []
    monkeypatch.setattr(waiting, "LINGERING", NEVER)
    for _ in range(3):
        ticket = submit(spool, "x")
        waiter = Waiter(ticket, None, deliver)
        told.clear()
        watch.add(waiter)
        assert told.wait(30)
        threads += [each for each in set(threading.enumerate()) - before if each.name == "spectacle-client"]
        watch.remove(waiter)
    assert len(set(threads)) == 1
    waiter = Waiter(submit(spool, "x"), None, deliver)
    told.clear()
    watch.add(waiter)
    assert told.wait(30)
    # Only while somebody waits: a thread that sees it when nobody does has ended before the next comes.
    monkeypatch.setattr(waiting, "LINGERING", 0.0)
    watch.remove(waiter)
    threads[0].join(30)
    assert not threads[0].is_alive()
    assert [changes.directory for changes in closed if changes.directory == spool] == [spool]
