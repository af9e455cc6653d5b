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
from contextlib import contextmanager, suppress
from pathlib import Path

from spectacle.client.files import read_small, spool_errors, version_of
from spectacle.client.pausing import INTERVAL, Paused, read_paused
from spectacle.client.tickets import Progress, RequestCancelled, RequestFailed, Result, Ticket, WaitTimeout
from spectacle.errors import SpectacleError
from spectacle.spool.naming import RESULT_EXTENSIONS, RequestName, error_name, result_of, thumbnail_of

MIN_PAUSE, MAX_PAUSE, PAUSE_GROWTH = 0.02, 1.0, 1.3
"""Seconds between two listings once a ticket has begun to wait, the most they get to, and how fast they grow."""

LISTING_SHARE = 0.1
"""Part of a core that listing may take, so that many waiting clients and a full directory go together."""


def wait(ticket: Ticket, timeout: float | None = None, on_progress: Callable[[Progress], None] | None = None) -> Result:
    """Wait until there is a result. Any number of threads may wait; each directory is listed for all of them.

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
    waiter = Waiter(ticket, on_progress, inbox.put)
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

    waiter = Waiter(ticket, on_progress, deliver)
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
    if finding is None and waiter.progress_name is None:
        return None  # nothing to be read, which would need a thread
    return await asyncio.to_thread(waiter.handle, finding)


Finding = frozenset[str] | SpectacleError | None
"""What a listing says of a ticket: the names that begin with its stem, once the request is gone; why the directory
cannot be listed; or None, when it waits as before or has reported progress."""


class Waiter:
    """One waiting ticket.

    Args:
        ticket: The ticket.
        on_progress: Called by `handle` with progress that has changed.
        deliver: Called, on another thread, with what a listing has found. The first listing is always reported, later
            ones when there is something to handle.
    """

    def __init__(
        self, ticket: Ticket, on_progress: Callable[[Progress], None] | None, deliver: Callable[[Finding], None]
    ) -> None:
        self.ticket = ticket
        self.deliver = deliver
        self._on_progress = on_progress
        self._progress: Progress | None = None
        name = RequestName.from_stem(ticket.stem)
        self.progress_name = name.progress_name if name is not None and on_progress is not None else None
        self.told = False
        self.progress_told = False
        self.paused: str | None = None

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

    Args:
        spool: The directory.
    """

    def __init__(self, spool: Path) -> None:
        self._spool = spool
        self._change = threading.Condition()
        self._waiters: set[Waiter] = set()
        self._joined = False
        self._running = False
        self._pause = MIN_PAUSE
        self._paused = Paused()
        self._paused_at = float("-inf")

    def add(self, waiter: Waiter) -> None:
        """Watch for a ticket from now on; listings come quickly again."""
        with self._change:
            self._waiters.add(waiter)
            self._joined = True
            self._pause = MIN_PAUSE
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="spectacle-client", daemon=True).start()
            self._change.notify()

    def remove(self, waiter: Waiter) -> None:
        """Watch for a ticket no longer."""
        with self._change:
            self._waiters.discard(waiter)
            self._change.notify()

    def poll(self) -> None:
        """List the directory once, once more if a request is gone, and tell those whom it concerns."""
        with self._change:
            waiters = list(self._waiters)
        try:
            with spool_errors(self._spool):
                names = set(os.listdir(self._spool))
                gone = [waiter for waiter in waiters if waiter.ticket.request.name not in names]
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
            if waiter.ticket.request.name not in found:
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
        while True:
            with self._change:
                if not self._waiters:
                    self._running = False
                    return
                self._joined = False
            began = time.monotonic()
            self.poll()
            time.sleep((time.monotonic() - began) / LISTING_SHARE)
            with self._change:
                self._change.wait_for(lambda: self._joined or not self._waiters, self._pause)
                self._pause = min(self._pause * PAUSE_GROWTH, MAX_PAUSE)


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
            paths = [*(pictures[picture] for picture in ordered), *(name for _, name in small)]
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
