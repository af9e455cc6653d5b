"""Finds out what is in the spool: when it is listed, what a listing says, and what events say between two listings."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from spectacle.config import Settings
from spectacle.daemon.backlog import Backlog
from spectacle.daemon.events import FileEvent, FileEvents
from spectacle.spool.claims import Claims
from spectacle.spool.directory import Spool
from spectacle.spool.naming import RequestName, possible_request, sort_by_ending

COARSEST_TIMES = 2.5
"""Seconds after which a directory whose time stands still has no change hidden by coarse time stamps (FAT has 2 s)."""

FULL_SCAN = 30.0
"""Seconds after which a local directory is scanned although its time stands still."""

SCAN_SHARE, MAX_PAUSE = 50, 10.0
"""A scan is followed by a pause of this many times the processor time it took, up to so many seconds."""


@dataclass(slots=True)
class _Directory:
    """What is remembered of the directory to tell whether a scan is due."""

    changed_ns: int = -1
    changed_at: float = field(default=float("-inf"))
    scanned_at: float = field(default=float("-inf"))
    took: float = 0.0


@dataclass(frozen=True, slots=True)
class Listing:
    """What one scan has found.

    Attributes:
        names: All names in the spool.
        present: The stems of requests.
        claimed: The stems of claims, whether or not they are a request's.
        committed: The stems of commit records.
    """

    names: list[str]
    present: set[str]
    claimed: set[str]
    committed: set[str]


class Scanner:
    """Brings what is found in the spool to the backlog. Used by the loop's thread.

    File events are a hint only: they miss other hosts' writes, and may be lost. What a scan finds decides.

    Args:
        spool: The spool.
        claims: This instance's claims.
        backlog: The known requests.
        settings: Gives the current settings.
        wake: Called, on another thread, when there are events to be handled.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        spool: Spool,
        claims: Claims,
        backlog: Backlog,
        settings: Callable[[], Settings],
        wake: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._spool = spool
        self._claims = claims
        self._backlog = backlog
        self._settings = settings
        self._wake = wake
        self._clock = clock
        self._events = FileEvents(self._on_event)
        self._pending: deque[tuple[str, FileEvent]] = deque()
        self._directory = _Directory()
        self.scans = 0

    def watch(self) -> None:
        """Listen to the events of a directory that is new, or has come back as another one."""
        self._events.watch(self._spool.path)

    def close(self) -> None:
        """Listen no more."""
        self._events.stop()

    def forget(self) -> None:
        """Scan at the next turn, whatever is remembered of the directory."""
        self._directory = _Directory()

    def handle_events(self) -> None:
        """Go by what the events since the last turn say."""
        while self._pending:
            file_name, event = self._pending.popleft()
            tracked = self._backlog.get(possible_request(file_name) or "")
            if event is FileEvent.GONE:
                if tracked is not None and self._spool.look(file_name) is None:
                    self._backlog.vanished(tracked)
            elif tracked is not None:
                if (status := self._spool.peek(file_name)) is not None:
                    self._backlog.rewritten(tracked, status)
            elif (name := RequestName.parse(file_name)) is not None:
                self._notice(name, complete=True)

    def is_due(self, now: float) -> bool:
        """Whether the directory should be listed now."""
        directory = self._directory
        pause = min(SCAN_SHARE * directory.took, MAX_PAUSE)
        if now - directory.scanned_at < max(self._settings().spool.poll_interval * 0.9, pause):
            return False
        changed_ns = self._spool.changed_ns()
        if changed_ns != directory.changed_ns:
            directory.changed_ns, directory.changed_at = changed_ns, now
        return self._backlog.on_network or self._may_hide_changes(now) or now - directory.scanned_at >= FULL_SCAN

    def _may_hide_changes(self, now: float) -> bool:
        """Whether the directory may have changed after the last scan although its time is still the same."""
        directory = self._directory
        return (
            now - directory.changed_at < COARSEST_TIMES or directory.scanned_at - directory.changed_at < COARSEST_TIMES
        )

    def scan(self) -> Listing:
        """List the directory, and go by it.

        Raises:
            OSError: When the spool is in trouble.
        """
        # Not the time on the clock: a server that was away for a minute is no reason to stay away for an hour.
        began = time.thread_time()
        if self._backlog.on_network and self._may_hide_changes(self._clock()):
            self._spool.forget_names()
        names = self._spool.names()
        if not self._events.works and not self._backlog.on_network:
            self.watch()
        listing, new = self._sort(names)
        for name in new:
            if name.stem in listing.claimed:
                self._notice_claimed(name)
            else:
                self._notice(name, complete=False)
        for tracked in self._backlog.missing(listing.present):
            if self._spool.look(tracked.name.file_name) is None:
                self._backlog.vanished(tracked)
        self._directory.scanned_at = self._clock()
        self._directory.took = time.thread_time() - began
        self.scans += 1
        return listing

    def _sort(self, names: list[str]) -> tuple[Listing, list[RequestName]]:
        possible, claimed, committed = sort_by_ending(names)
        present = self._backlog.tracked(possible)
        unknown = [RequestName.from_stem(stem) for stem in possible if stem not in present]
        new = [name for name in unknown if name is not None]
        present.update(name.stem for name in new)
        return Listing(names, present, claimed, committed), new

    def _on_event(self, file_name: str, event: FileEvent) -> None:
        self._pending.append((file_name, event))
        self._wake()

    def _notice(self, name: RequestName, *, complete: bool) -> None:
        status = self._spool.peek(name.file_name)
        if status is not None:
            self._backlog.add(name, status, complete=complete)

    def _notice_claimed(self, name: RequestName) -> None:
        """Notice a request that was claimed before.

        Where the claim's holder has ended on this host it had found the request complete. What has not been written
        since, by the file server's own clock, for as long as requests settle, need not settle once more.
        """
        status = self._spool.look(name.file_name)
        if status is not None:
            unchanged = (self._spool.now_ns() - status.mtime_ns) / 1e9 if self._claims.is_orphan(name) else 0.0
            self._backlog.add(name, status, complete=False, unchanged=max(0.0, unchanged))
