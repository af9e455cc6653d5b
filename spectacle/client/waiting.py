"""Waiting for results: one watch for each directory, however many tickets wait.

It lists the directory, by its path: NFS revalidates a directory that is opened by path, whereas a name that was looked
up and missing stays missing there for up to half a minute.
"""

from __future__ import annotations

import asyncio
import os
import queue
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from spectacle.client.changes import Changes, DirectoryChanges
from spectacle.client.files import read_small, spool_errors, version_of
from spectacle.client.pausing import INTERVAL, Paused, read_paused
from spectacle.client.tickets import Progress, RequestCancelled, RequestFailed, Result, Ticket, WaitTimeout
from spectacle.errors import SpectacleError
from spectacle.spool.directory import unavailable
from spectacle.spool.naming import (
    RESULT_EXTENSIONS,
    RequestName,
    error_name,
    may_be_retired,
    parse_retired,
    processed_input_name,
    request_name,
    result_of,
    thumbnail_of,
)

MIN_PAUSE, MAX_PAUSE, PAUSE_GROWTH = 0.02, 1.0, 1.3
"""Seconds between two listings once a ticket has begun to wait, the most they get to, and how fast they grow."""

LISTING_SHARE = 0.1
"""Part of a core that listing may take, so that many waiting clients and a full directory go together."""

GATHERING = 0.001
"""Seconds for which changes that concern nobody here gather before the next are read."""

LINGERING = 5.0
"""Seconds after which the thread ends when nobody waits any more: most programs soon ask for another image."""


def wait(ticket: Ticket, timeout: float | None = None, on_progress: Callable[[Progress], None] | None = None) -> Result:
    """Wait until there is a result. Any number of threads may wait; each directory is listed for all of them.

    Where inotify works, a result that a daemon on this host publishes is noticed immediately. Others are noticed at the
    next listing: after 0.02 s at first, and after a second at most.

    Args:
        ticket: What `submit` returned; `Ticket(spool, stem)` for a request that something else wrote.
        timeout: Maximum time to wait, in seconds. Default: no limit.
        on_progress: Called whenever the progress changes, if the request was submitted with `{"progress": True}`; and,
            however it was submitted, when it waits because an operator has paused the spool or its kind.

    Raises:
        RequestFailed: When the result is an error.
        RequestCancelled: When the request is gone without a result.
        WaitTimeout: When the time is up; the request stays.
        SpoolUnavailable: When the spool cannot be listed.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    inbox: queue.SimpleQueue[Finding] = queue.SimpleQueue()
    waiter = Waiter(ticket, on_progress, inbox.put, checked=timeout is not None)
    with _watched(waiter):
        # Checked once, however short the time.
        finding = inbox.get()
        while (result := waiter.handle(finding)) is None:
            try:
                finding = inbox.get(timeout=None if deadline is None else max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                assert timeout is not None
                raise _timed_out(ticket, timeout) from None
        return result


async def wait_async(
    ticket: Ticket, timeout: float | None = None, on_progress: Callable[[Progress], None] | None = None
) -> Result:
    """`wait` without blocking the event loop or holding a thread. Cancelling it leaves the request alone."""
    loop = asyncio.get_running_loop()
    deadline = None if timeout is None else loop.time() + timeout
    inbox: asyncio.Queue[Finding] = asyncio.Queue()

    def deliver(finding: Finding) -> None:
        with suppress(RuntimeError):  # the loop has been closed, and nobody waits any more
            loop.call_soon_threadsafe(inbox.put_nowait, finding)

    waiter = Waiter(ticket, on_progress, deliver, checked=timeout is not None)
    with _watched(waiter):
        finding = await inbox.get()
        while (result := await _handle(waiter, finding)) is None:
            try:
                async with asyncio.timeout_at(deadline):
                    finding = await inbox.get()
            except TimeoutError:
                assert timeout is not None
                raise _timed_out(ticket, timeout) from None
        return result


async def _handle(waiter: Waiter, finding: Finding) -> Result | None:
    if waiter.needs_files(finding):
        return await asyncio.to_thread(waiter.handle, finding)
    return waiter.handle(finding)


Finding = frozenset[str] | SpectacleError | None
"""What a listing says of a ticket: the names that begin with its stem, once the request is gone; why the directory
cannot be listed; or None, when it waits as before or has reported progress."""


class Waiter:
    """One waiting ticket.

    Args:
        ticket: The ticket.
        on_progress: Called by `handle` with progress that has changed.
        deliver: Called, on another thread, with what a listing has found, when there is something to handle.
        checked: Whether the first listing is reported in any case.
    """

    def __init__(
        self,
        ticket: Ticket,
        on_progress: Callable[[Progress], None] | None,
        deliver: Callable[[Finding], None],
        *,
        checked: bool = True,
    ) -> None:
        self.ticket = ticket
        self.file_name = request_name(ticket.stem)
        self.deliver = deliver
        self._on_progress = on_progress
        self._progress: Progress | None = None
        name = RequestName.from_stem(ticket.stem)
        self.progress_name = name.progress_name if name is not None and on_progress is not None else None
        self.told = not checked
        self.progress_told = False
        self.paused: str | None = None

    def needs_files(self, finding: Finding) -> bool:
        """Whether `handle` looks at files, so that it may block."""
        if finding is None:
            return self.progress_name is not None
        if isinstance(finding, SpectacleError):
            return False
        return bool(self.ticket.older) or error_name(self.ticket.stem) in finding

    def handle(self, finding: Finding) -> Result | None:
        """Go by what was found: return the result, raise the error, or pass progress on and return None.

        Raises:
            RequestFailed: When the result is an error.
            RequestCancelled: When there is none.
            SpoolUnavailable: When the directory could not be listed, or the result not be read.
        """
        if isinstance(finding, SpectacleError):
            raise finding
        with spool_errors(self.ticket.spool):
            if finding is not None:
                return _answer(self.ticket, finding)
            self.progress_told = False
            if self._on_progress is not None and self.progress_name is not None:
                self._report(self._on_progress, self.progress_name)
        return None

    def _report(self, on_progress: Callable[[Progress], None], name: str) -> None:
        try:
            text = read_small(self.ticket.spool / name)
        except OSError:  # there is none, it was just removed, or it is not a regular file
            progress = None if self.paused is None else Progress("waiting", note=self.paused)
        else:
            progress = Progress.parse(text)
        if progress is not None and progress != self._progress:
            self._progress = progress
            on_progress(progress)


class DirectoryWatch:
    """Lists one spool for all tickets that wait there, on a thread of its own while there are any.

    It lists when inotify tells that a waiting request is gone, and at intervals anyway.

    Args:
        spool: The directory.
    """

    def __init__(self, spool: Path) -> None:
        self._spool = spool
        self._lock = threading.Lock()
        self._waiters: set[Waiter] = set()
        self._joined = False
        self._running = False
        self._changes: DirectoryChanges | None = None
        self._pause = MIN_PAUSE
        self._paused = Paused()
        self._paused_at = float("-inf")

    def add(self, waiter: Waiter) -> None:
        """Watch for a ticket from now on; listings come quickly again."""
        with self._lock:
            self._waiters.add(waiter)
            self._joined = True
            self._pause = MIN_PAUSE
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="spectacle-client", daemon=True).start()
            elif self._changes is not None:
                self._changes.wake()

    def remove(self, waiter: Waiter) -> None:
        """Watch for a ticket no longer."""
        with self._lock:
            self._waiters.discard(waiter)

    def poll(self) -> None:
        """List the directory once, once more if a request is gone, and tell those whom it concerns."""
        with self._lock:
            waiters = list(self._waiters)
        try:
            with spool_errors(self._spool):
                names = set(os.listdir(self._spool))
                gone = [waiter for waiter in waiters if waiter.file_name not in names]
                # A result was in place before its request went away, but one listing may have passed the place of
                # the result before that, and the place of the request after it. A second listing sees the result.
                later = sorted(os.listdir(self._spool)) if gone else []
        except SpectacleError as error:
            for waiter in waiters:
                waiter.deliver(error)
            return
        answered = {}
        for waiter in gone:
            found = _beginning_with(waiter.ticket.stem, later)
            if waiter.file_name not in found:
                answered[waiter] = found
        self._look_for_pauses(waiters)
        for waiter in waiters:
            paused = self._paused.of(waiter.ticket.stem) if waiter.progress_name is not None else None
            newly_paused = paused is not None and paused != waiter.paused
            waiter.paused = paused
            progress = (waiter.progress_name in names or newly_paused) and not waiter.progress_told
            if waiter in answered:
                waiter.deliver(answered[waiter])
            elif progress or not waiter.told:
                waiter.progress_told = progress
                waiter.deliver(None)
            waiter.told = True

    def _look_for_pauses(self, waiters: Collection[Waiter]) -> None:
        now = time.monotonic()
        if now - self._paused_at >= INTERVAL and any(waiter.progress_name is not None for waiter in waiters):
            self._paused_at = now
            self._paused = read_paused(self._spool)

    def _run(self) -> None:
        try:
            changes = DirectoryChanges(self._spool)
        except OSError as error:  # no descriptor is left
            with self._lock:
                self._running = False
                waiters = list(self._waiters)
            for waiter in waiters:
                waiter.deliver(unavailable(self._spool, error))
            return
        with closing(changes):
            with self._lock:
                self._changes = changes
            while self._is_needed(changes):
                began = time.monotonic()
                changes.follow()
                self.poll()
                time.sleep((time.monotonic() - began) / LISTING_SHARE)
                self._wait(changes)

    def _is_needed(self, changes: DirectoryChanges) -> bool:
        """Wait for somebody who waits; False when nobody has come for a while, and the thread is to end."""
        changes.forget_wakes()  # whoever woke this up has been added before
        if not self._waiters:
            changes.idle(LINGERING)
        with self._lock:
            self._joined = False
            if not self._waiters:
                self._running = False
                self._changes = None
            return self._running

    def _wait(self, changes: DirectoryChanges) -> None:
        """Wait until the directory is to be listed again."""
        with self._lock:
            requests = {waiter.file_name for waiter in self._waiters}
            reports = any(waiter.progress_name is not None for waiter in self._waiters)
        deadline = time.monotonic() + (MAX_PAUSE if changes.complete and not reports else self._pause)
        self._pause = min(self._pause * PAUSE_GROWTH, MAX_PAUSE)
        while not self._joined and self._waiters and (left := deadline - time.monotonic()) > 0:
            found = changes.wait(left)
            if found.unknown or any(file_name in requests for file_name in _gone(found)):
                return
            if found.deleted or found.moved:
                time.sleep(GATHERING)


def _gone(changes: Changes) -> Iterator[str]:
    """The names that are gone for good. One that is only renamed aside may return: see `spectacle.spool.retire`."""
    yield from changes.deleted
    for file_name in (*changes.deleted, *changes.moved):
        if may_be_retired(file_name) and (parsed := parse_retired(file_name)) is not None:
            yield parsed[0]


_watches: dict[Path, DirectoryWatch] = {}
_watches_lock = threading.Lock()


@contextmanager
def _watched(waiter: Waiter) -> Iterator[None]:
    """Have the directory of a ticket watched for it while the block runs."""
    with _watches_lock:
        watch = _watches.setdefault(waiter.ticket.spool, DirectoryWatch(waiter.ticket.spool))
    watch.add(waiter)
    try:
        yield
    finally:
        watch.remove(waiter)


def _beginning_with(stem: str, names: list[str]) -> frozenset[str]:
    """Those of the sorted names that begin with a stem."""
    end = first = bisect_left(names, stem)
    while end < len(names) and names[end].startswith(stem):
        end += 1
    return frozenset(names[first:end])


def _timed_out(ticket: Ticket, timeout: float) -> WaitTimeout:
    if timeout and (paused := read_paused(ticket.spool).of(ticket.stem)) is not None:
        return WaitTimeout(
            f"{ticket.stem}: no result within {timeout:g} s, because {paused.rstrip('.')}. Wait again, or cancel it."
        )
    return WaitTimeout(
        f"{ticket.stem}: no result within {timeout:g} s. "
        "Wait again, cancel it, or run `spectacle status` to see whether a daemon serves it."
    )


def _answer(ticket: Ticket, names: frozenset[str]) -> Result:
    older = {
        name for name, *version in ticket.older if name in names and list(version_of(ticket.spool / name)) == version
    }
    pictures = {found: name for name in names - older if (found := result_of(ticket.stem, name))}
    for extension in RESULT_EXTENSIONS:
        if (1, extension) in pictures:
            ordered = sorted(pictures, key=lambda picture: (picture[1] != extension, picture[0]))
            small = sorted((found, name) for name in names - older if (found := thumbnail_of(ticket.stem, name)))
            seen = {processed_input_name(ticket.stem)} & (names - older)
            paths = [*(pictures[picture] for picture in ordered), *(name for _, name in small), *seen]
            return Result(ticket.spool / paths[0], tuple(ticket.spool / path for path in paths))
    error = error_name(ticket.stem)
    if error in names - older:
        raise _failure(read_small(ticket.spool / error))
    raise RequestCancelled(
        f"{ticket.stem}: gone without a result; it was cancelled, or its result was removed. Submit it again if it "
        f"is still wanted."
    )


def _failure(text: str) -> RequestFailed:
    message, _, rest = text.partition("\n")
    pairs = (line.partition(": ") for line in rest.splitlines())
    return RequestFailed(message.strip(), {key: value for key, colon, value in pairs if colon})
