"""Finds out what is in the spool: when it is listed, what a listing says, and what events say between two listings."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from spectacle.config import Settings
from spectacle.daemon.backlog import Backlog, TrackedRequest
from spectacle.daemon.candidates import ManyResults
from spectacle.daemon.events import FileEvent, FileEvents
from spectacle.spool.claims import Claims
from spectacle.spool.directory import Spool
from spectacle.spool.naming import (
    RequestName,
    possible_request,
    request_name,
    sort_by_ending,
    stems_with_many,
    stems_with_options,
)
from spectacle.spool.near_misses import MAX_TOLD, merged, near_misses, odd_names
from spectacle.spool.retire import is_displaced

COARSEST_TIMES = 2.5
"""Seconds after which an unchanged directory time hides no change, however coarse time stamps are (FAT has 2 s)."""

FULL_SCAN = 30.0
"""Seconds after which a local directory is scanned although its time does not change."""

CHUNK = 10_000
"""Names that are in memory at a time while a spool is listed."""

MAX_EVENTS = 10_000
"""File events that may wait. Of what is not tracked, further ones are passed over: the next scan finds it."""

MAX_EVENT_AGE = 0.25
"""Seconds within which a file event still speaks of what is under its name."""

MAX_WITH_OPTIONS = 20_000
"""Options files that a listing takes note of, because anybody may make any number of them."""

SCAN_SHARE, MAX_PAUSE = 50, 10.0
"""A scan is followed by a pause of this many times the CPU time it took, up to a number of seconds."""


@dataclass(slots=True)
class _Directory:
    """What is remembered of the directory to decide whether a scan is due."""

    changed_ns: int = -1
    changed_at: float = field(default=float("-inf"))
    scanned_at: float = field(default=float("-inf"))
    took: float = 0.0


@dataclass(frozen=True, slots=True)
class Listing:
    """What one scan has found.

    Attributes:
        present: The stems of requests that are tracked or claimed.
        claimed: The stems of claims, whether or not they are a request's.
        unfinished: The stems of commit records, and of requests and attachments that were on their way out.
        near_misses: What looks like a request but is none, with the reason.
        with_options: The stems with an options file, up to `MAX_WITH_OPTIONS`.
    """

    present: set[str]
    claimed: set[str]
    unfinished: set[str]
    near_misses: list[str]
    with_options: set[str]


class Scanner:
    """Adds what is found in the spool to the backlog. Used by the loop's thread.

    File events are a hint only: they miss other hosts' writes, and may be lost. What a scan finds decides.

    Args:
        spool: The spool.
        claims: This instance's claims.
        backlog: The known requests.
        many: The requests that have many results.
        settings: Gives the current settings.
        wake: Called, on another thread, when there are events to be handled.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        spool: Spool,
        claims: Claims,
        backlog: Backlog,
        many: ManyResults,
        settings: Callable[[], Settings],
        wake: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._spool = spool
        self._claims = claims
        self._backlog = backlog
        self._many = many
        self._settings = settings
        self._wake = wake
        self._clock = clock
        self._events = FileEvents(self._on_event, at_rest=lambda: not backlog.ready)
        self._pending: deque[tuple[str, FileEvent, float, int]] = deque()
        self._directory = _Directory()
        self.scans = 0

    def watch(self) -> None:
        """Listen to the events of a directory that is new, or has come back as another one."""
        self._events.watch(self._spool.path)

    def close(self) -> None:
        """Listen no more."""
        self._events.stop()

    def has_writer(self, file_name: str) -> bool:
        """Whether a process of this host was seen to write to a request, and not to close it since."""
        return self._events.has_writer(file_name)

    def forget(self) -> None:
        """Scan at the next turn, whatever is remembered of the directory."""
        self._directory = _Directory()

    def handle_events(self) -> None:
        """Go by what the events since the last turn say."""
        while self._pending:
            file_name, event, arrived, arrived_ns = self._pending.popleft()
            tracked = self._backlog.get(possible_request(file_name) or "")
            if event is FileEvent.GONE:
                if tracked is not None:
                    self._look_for(tracked)
                continue
            name = tracked.name if tracked is not None else RequestName.parse(file_name)
            if name is None or (status := self._spool.peek(file_name)) is None:
                continue
            # What is found of a late one, or was written after it, may be the beginning of the next request of that
            # name. A network's file server has a clock of its own.
            complete = self._clock() - arrived <= MAX_EVENT_AGE and (
                self._backlog.on_network or status.mtime_ns <= arrived_ns
            )
            if tracked is not None:
                self._backlog.rewritten(tracked, status, complete=complete)
            else:
                self._backlog.add(name, status, complete=complete)

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
        listing, new = self._list()
        if not self._events.works and not self._backlog.on_network:
            self.watch()
        for name in new:
            self._notice_found(name, listing)
        for tracked in self._backlog.missing(listing.present):
            self._look_for(tracked)
        self._track_others(listing)
        self._directory.scanned_at = self._clock()
        self._directory.took = time.thread_time() - began
        self.scans += 1
        return listing

    def look_at(self, tracked: TrackedRequest) -> None:
        """See whether a running request is still there and the same. Nobody reports what is done on another host.

        Raises:
            OSError: When the spool is in trouble.
        """
        if (status := self._spool.look(tracked.name.file_name)) is not None:
            self._backlog.changed(tracked, status)
        else:
            self._look_for(tracked)

    def _look_for(self, tracked: TrackedRequest) -> None:
        """Go by whether a request that seems to be gone is gone."""
        name, attempt = tracked.name, tracked.attempt
        if _goes_with_its_result(tracked):
            # To search thousands of names for it would cost more than the result.
            return
        if self._spool.look(name.file_name) is not None:
            return
        if attempt is None or not is_displaced(self._spool, name, tracked.status.inode):
            self._backlog.vanished(tracked)

    def _list(self) -> tuple[Listing, list[RequestName]]:
        """What is there, and the requests that were not known. Of very many, none: the backlog says later which."""
        present: set[str] = set()
        claimed: set[str] = set()
        unfinished: set[str] = set()
        new: list[RequestName] = []
        misses: list[str] = []
        many: set[str] = set()
        with_options: set[str] = set()
        self._many.begin_listing()
        self._backlog.admission.begin_listing()
        for names in self._spool.some_names(CHUNK):
            possible, locks, half_done = sort_by_ending(names)
            others = odd_names(names)
            claimed |= locks
            unfinished |= half_done
            many |= stems_with_many(names)
            if len(with_options) < MAX_WITH_OPTIONS:
                with_options.update(stems_with_options(names))
            tracked = self._backlog.tracked(possible)
            present = present | tracked if present else tracked
            if len(tracked) < len(possible):
                for stem in self._backlog.admission.unknown(each for each in possible if each not in tracked):
                    if (name := RequestName.from_stem(stem)) is not None:
                        new.append(name)
                    else:
                        others.append(request_name(stem))
            if others and len(misses) <= MAX_TOLD:
                misses = merged(misses, near_misses(others))
            if len(new) > self._backlog.admission.at_once:
                for name in new:
                    if (status := self._spool.peek(name.file_name)) is not None:
                        self._backlog.admission.set_aside(name, status)
                new = []
        self._many.end_listing(many)
        present.update(name.stem for name in new)
        present.update(each for each in claimed if each in self._backlog.admission)
        return Listing(present, claimed, unfinished, misses, with_options), new

    def _track_others(self, listing: Listing) -> None:
        """Find those requests again that were set aside and for which there is room now."""
        wanted = self._backlog.admission.end_listing()
        if not wanted:
            return
        for names in self._spool.some_names(CHUNK):
            for file_name in names:
                stem = possible_request(file_name)
                if stem is not None and hash(stem) in wanted and stem not in self._backlog:
                    name = RequestName.from_stem(stem)
                    if name is not None:
                        self._notice_found(name, listing, chosen=True)

    def _notice_found(self, name: RequestName, listing: Listing, *, chosen: bool = False) -> None:
        if name.stem in listing.claimed:
            self._notice_claimed(name, chosen=chosen)
        else:
            self._notice(name, chosen=chosen)

    def _on_event(self, file_name: str, event: FileEvent) -> None:
        tracked = self._backlog.get(possible_request(file_name) or "")
        if event is FileEvent.GONE and (tracked is None or _goes_with_its_result(tracked)):
            # Most that goes, goes with a result made here. The loop need not be woken for it.
            return
        if len(self._pending) < MAX_EVENTS or tracked is not None:
            self._pending.append((file_name, event, self._clock(), time.time_ns()))
        self._wake()

    def _notice(self, name: RequestName, *, chosen: bool) -> None:
        status = self._spool.peek(name.file_name)
        if status is not None:
            self._backlog.add(name, status, complete=False, chosen=chosen)

    def _notice_claimed(self, name: RequestName, *, chosen: bool) -> None:
        """Notice a request that was claimed before.

        Where the claim's holder has ended on this host it had found the request complete. What has not been written
        since, by the file server's own clock, for as long as requests settle, need not settle once more.
        """
        status = self._spool.look(name.file_name)
        if status is not None:
            unchanged = (self._spool.now_ns() - status.mtime_ns) / 1e9 if self._claims.is_orphan(name) else 0.0
            self._backlog.add(name, status, complete=False, unchanged=max(0.0, unchanged), chosen=chosen)


def _goes_with_its_result(tracked: TrackedRequest) -> bool:
    attempt = tracked.attempt
    return attempt is not None and attempt.deciding
