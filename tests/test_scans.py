"""When the daemon looks at the spool, on a clock of the test's own."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from spectacle.config import Settings
from spectacle.daemon.backlog import SETTLE_NETWORK
from spectacle.daemon.events import FileEvent
from spectacle.daemon.schedule import WorkerState
from spectacle.generators.base import Device
from spectacle.spool.directory import Spool
from spectacle.watcher import Watcher
from spectacle.worker.in_process import InProcessWorker


class Clock:
    """A clock that stands still."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_server_that_made_a_scan_hang_does_not_put_off_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings.model_validate({"spool": {"path": tmp_path, "poll_interval": 1, "min_free": 0}})
    clock = Clock()
    watcher = Watcher(settings, [], clock)
    some_names = watcher._spool.some_names

    def hang(count: int) -> Iterator[list[str]]:
        clock.now += 60
        return some_names(count)

    monkeypatch.setattr(watcher._spool, "some_names", hang)
    watcher._turn()
    scans = watcher._scanner.scans
    assert scans == 1
    (tmp_path / "a-1-64x64.txt").write_text("a red fox")
    clock.now += 1
    watcher._turn()
    assert watcher._scanner.scans == scans + 1
    watcher._scanner.close()
    watcher._catalogue.close()
    watcher._spool.close()


class KeptListing:
    """A stand-in for `os` that lists as NFS 3 does: from a copy for as long as the directory's time stands still."""

    def __init__(self) -> None:
        self.time = -1
        self.copy: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def listdir(self, fd: int) -> list[str]:
        if self.time != os.fstat(fd).st_mtime_ns:
            self.time, self.copy = os.fstat(fd).st_mtime_ns, os.listdir(fd)
        return list(self.copy)

    @contextlib.contextmanager
    def scandir(self, fd: int) -> Iterator[Iterator[SimpleNamespace]]:
        yield (SimpleNamespace(name=name) for name in self.listdir(fd))

    def posix_fadvise(self, _fd: int, _offset: int, _length: int, advice: int) -> None:
        assert advice == os.POSIX_FADV_DONTNEED
        self.time = -1


def test_what_a_host_wrote_in_the_very_tick_of_a_listing_is_seen_although_no_time_tells_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Spool, "on_network", True)
    settings = Settings.model_validate({"spool": {"path": tmp_path, "poll_interval": 1, "min_free": 0}})
    clock = Clock()
    watcher = Watcher(settings, [], clock)
    monkeypatch.setattr(watcher._scanner, "watch", lambda: None)
    watcher._spool._os = KeptListing()  # type: ignore[assignment]
    watcher._turn()
    # The first look around has changed the directory itself.
    clock.now += 1
    watcher._turn()
    assert watcher._scanner.scans == 2
    before = tmp_path.stat()
    (tmp_path / f"{STEM}.txt").write_text("a red fox")
    os.utime(tmp_path, ns=(before.st_atime_ns, before.st_mtime_ns))
    for _ in range(6):
        clock.now += 1
        watcher._turn()
    assert STEM in watcher._backlog
    watcher._catalogue.close()
    watcher._spool.close()


STEM = "a-1-64x64"
CLAIM_AND_DIE = (
    "import os, sys; from filelock import SoftFileLease; "
    "lease = SoftFileLease(sys.argv[1], is_singleton=False); lease.acquire(); os._exit(0)"
)


@pytest.fixture
def successor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watcher]:
    """A daemon that begins with a request, of an hour ago, which a daemon killed on this host had claimed."""
    (tmp_path / f"{STEM}.txt").write_text("a red fox")
    hour_ago = time.time() - 3600
    os.utime(tmp_path / f"{STEM}.txt", (hour_ago, hour_ago))
    subprocess.run([sys.executable, "-c", CLAIM_AND_DIE, tmp_path / f"{STEM}.lock"], check=True)
    spool = {"path": tmp_path, "poll_interval": 1, "min_free": 0, "settle": SETTLE_NETWORK}
    settings = Settings.model_validate(
        {"spool": spool, "kinds": {"card": {"generator": "test-double"}}, "default_kind": "card"}
    )
    watcher = Watcher(settings, [InProcessWorker(Device(), settings)], Clock())
    # Nothing but its own looking tells it of files, as on a network file system.
    monkeypatch.setattr(watcher._scanner, "watch", lambda: None)
    yield watcher
    watcher._scanner.close()
    watcher._catalogue.close()
    watcher._spool.close()


def test_what_a_killed_daemon_of_this_host_had_begun_is_begun_again_without_settling(successor: Watcher) -> None:
    successor._turn()
    assert successor._backlog.ready == 1


def test_what_was_written_after_the_killed_daemon_had_claimed_it_settles_again(
    successor: Watcher, tmp_path: Path
) -> None:
    (tmp_path / f"{STEM}.txt").write_text("a red")
    successor._turn()
    assert successor._backlog.ready == 0
    assert STEM in successor._backlog


def test_what_nobody_on_this_host_had_claimed_settles_however_old_it_looks(successor: Watcher, tmp_path: Path) -> None:
    lock = tmp_path / f"{STEM}.lock"
    lock.write_text(lock.read_text().replace("host=", "host=not-"))
    successor._turn()
    assert successor._backlog.ready == 0
    lock.unlink()
    successor._backlog.moved()
    successor._clock.now += 40  # type: ignore[attr-defined]
    successor._turn()
    assert STEM in successor._backlog
    assert successor._backlog.ready == 0


@pytest.mark.parametrize("deciding", [False, True])
def test_a_request_that_goes_with_its_answer_is_not_looked_for_among_all_names(
    successor: Watcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deciding: bool
) -> None:
    successor._turn()
    taken = successor._backlog.take(WorkerState(), 0, stopping=lambda: False, begin=lambda _: None)
    assert taken is not None
    assert taken.attempt is not None
    taken.attempt.deciding = deciding
    (tmp_path / f"{STEM}.txt").unlink()
    listed = []
    names = successor._spool.each_name
    monkeypatch.setattr(successor._spool, "each_name", lambda: listed.append(1) or names())
    successor._wake.clear()
    successor._scanner._on_event(f"{STEM}.txt", FileEvent.GONE)
    assert successor._wake.is_set() == (not deciding)
    successor._scanner.handle_events()
    assert (taken.attempt.why, bool(listed)) == (("", False) if deciding else ("cancelled", True))


def test_the_loop_is_not_woken_by_the_end_of_a_request_that_it_does_not_know(successor: Watcher) -> None:
    successor._turn()
    successor._wake.clear()
    successor._scanner._on_event("other-1-64x64.txt", FileEvent.GONE)
    assert not successor._wake.is_set()
    assert not successor._scanner._pending


@pytest.mark.parametrize(("age", "written", "ready"), [(0.1, -1, 1), (0.1, 1, 0), (1.0, -1, 0)])
def test_an_event_says_nothing_of_what_was_written_after_it_or_is_found_much_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age: float, written: int, ready: int
) -> None:
    settings = Settings.model_validate(
        {
            "spool": {"path": tmp_path, "poll_interval": 1, "min_free": 0, "settle": 1},
            "kinds": {"card": {"generator": "test-double"}},
            "default_kind": "card",
        }
    )
    clock = Clock()
    watcher = Watcher(settings, [], clock)
    monkeypatch.setattr(watcher._scanner, "watch", lambda: None)
    watcher._turn()
    watcher._scanner._on_event(f"{STEM}.txt", FileEvent.COMPLETE)
    clock.now += age
    # By now it may be the first half of another one.
    (tmp_path / f"{STEM}.txt").write_text("a red")
    os.utime(tmp_path / f"{STEM}.txt", ns=(0, time.time_ns() + written * 10**9))
    watcher._turn()
    assert watcher._backlog.ready == ready
    assert STEM in watcher._backlog
    watcher._catalogue.close()
    watcher._spool.close()


class Counting:
    """A stand-in for `os` that counts listings, and takes a thousandth of a second for each file that is looked at."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.listings = 0

    def __getattr__(self, name: str) -> Any:
        if name in ("listdir", "scandir"):
            self.listings += 1
        if name == "fstat":
            self._clock.now += 0.001
        return getattr(os, name)


def test_any_number_of_forged_files_on_their_way_out_is_finished_by_few_listings_in_short_turns(tmp_path: Path) -> None:
    settings = Settings.model_validate({"spool": {"path": tmp_path, "poll_interval": 1, "min_free": 0}})
    clock = Clock()
    system = Counting(clock)
    watcher = Watcher(settings, [], clock, system)
    watcher._turn()
    forged = [f".u-{number}-64x64.txt.v0123456789abcdef.01234567.retired" for number in range(600)]
    for name in forged:
        (tmp_path / name).mkdir()
    clock.now += 1
    watcher._turn()
    clock.now += 1
    left, turns, system.listings = len(forged), 0, 0
    while left:
        began = clock.now
        watcher._turn()
        assert clock.now - began < 0.2
        before, left = left, len(set(forged) & set(os.listdir(tmp_path)))
        assert left < before
        turns += 1
    assert turns > 10
    # The scans' own are among them.
    assert system.listings < turns
    watcher._scanner.close()
    watcher._catalogue.close()
    watcher._spool.close()


class Quota:
    """Behaves like `os`, with a limit to what may be written in one go: more is refused as a quota would.

    Attributes:
        left: Bytes that a file may still have.
    """

    def __init__(self, left: int) -> None:
        self.left = left

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def write(self, descriptor: int, content: bytes) -> int:
        if len(content) > self.left:
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
        return os.write(descriptor, content)


def test_a_spool_whose_quota_leaves_a_little_does_not_come_and_go(tmp_path: Path) -> None:
    settings = Settings.model_validate({"spool": {"path": tmp_path, "poll_interval": 1, "min_free": 0}})
    clock, system = Clock(), Quota(left=10**9)
    watcher = Watcher(settings, [], clock, system)
    try:
        watcher._turn()
        assert watcher.status()["state"] == "serving"
        system.left = 100
        reasons = []
        for _ in range(30):
            clock.now += 10
            watcher._turn()
            reasons.append(watcher.status()["reason"])
        # It cannot be reported either, and is when a report is due.
        assert "Disk quota exceeded" in reasons[0]
        assert set(reasons) == {reasons[0]}
        assert watcher.status()["errors"] == [reasons[0]]
        system.left = 10**9
        clock.now += 100
        watcher._turn()
        assert watcher.status()["state"] == "serving"
    finally:
        watcher._scanner.close()
        watcher._catalogue.close()
        watcher._spool.close()
