"""The requests one instance knows of: where each stands, when something is to be done about it, and which goes next."""

from __future__ import annotations

import heapq
import stat
import threading
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass
from enum import Enum, auto
from itertools import count

from spectacle.config import Settings
from spectacle.daemon.attempt import AttemptResult
from spectacle.daemon.progress import Attempt
from spectacle.daemon.schedule import Schedule, Waiting
from spectacle.spool.file_status import FileStatus
from spectacle.spool.naming import RequestName
from spectacle.worker.contract import Model

SETTLE_LOCAL, SETTLE_NETWORK = 1.0, 4.0
MIN_BACKOFF, MAX_BACKOFF = 1.0, 30.0


class State(Enum):
    """Where a known request stands."""

    WAITING = auto()
    """Until its time comes: it settles, somebody else holds it, or it is tried again later."""
    READY = auto()
    RUNNING = auto()
    UNSERVED = auto()


@dataclass(eq=False, slots=True)
class TrackedRequest:
    """A request this instance knows of.

    Attributes:
        name: Its name.
        status: What it looked like when it was last looked at.
        due: Monotonic time at which something is to be done about it.
        state: Where it stands.
        attempt: The running one, if any.
        failures: Times the spool's trouble has thrown it back in a row.
        held: Whether somebody else held its claim at the last try.
        since: Monotonic time at which it was first seen.
        closed: The version that a file event said was complete.
        unfinished: Monotonic time since which it has looked as if its writer were not done; None when it does not.
    """

    name: RequestName
    status: FileStatus
    due: float
    since: float
    state: State = State.WAITING
    attempt: Attempt | None = None
    failures: int = 0
    held: bool = False
    closed: tuple[int, int, int] | None = None
    unfinished: float | None = None


class Backlog:
    """Known requests. Thread-safe; makes no system call, so nobody who waits for it waits for the spool.

    Args:
        settings: Gives the current settings.
        clock: Monotonic seconds.
    """

    def __init__(self, settings: Callable[[], Settings], clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._change = threading.Condition()
        self._known: dict[str, TrackedRequest] = {}
        self._timers: list[tuple[float, int, TrackedRequest]] = []
        self._ticket = count()
        self._schedule = Schedule(settings().spool.affinity_window, clock)
        self._unserved: set[TrackedRequest] = set()
        self._open = False
        self.on_network = False

    def __contains__(self, stem: str) -> bool:
        return stem in self._known

    def get(self, stem: str) -> TrackedRequest | None:
        """The request of that stem, or None."""
        return self._known.get(stem)

    def tracked(self, stems: Iterable[str]) -> set[str]:
        """Those of the stems whose requests are known."""
        with self._change:
            return self._known.keys() & stems

    def missing(self, present: set[str]) -> list[TrackedRequest]:
        """The known requests that are not `present`."""
        with self._change:
            return [tracked for stem, tracked in self._known.items() if stem not in present]

    @property
    def ready(self) -> int:
        """How many requests could run now."""
        return len(self._schedule)

    def waiting_by_kind(self) -> Counter[str]:
        """How many requests of each kind wait."""
        default = self._settings().default_kind
        with self._change:
            return Counter(tracked.name.kind or default for tracked in self._known.values() if not tracked.attempt)

    def is_done(self, *, but_for_held: bool) -> bool:
        """Whether nothing is left, or with `but_for_held` nothing but what others hold."""
        with self._change:
            return all(tracked.held and but_for_held for tracked in self._known.values())

    # --- taking ----------------------------------------------------------------------------------------------------

    def allow(self, taking: bool) -> None:
        """Let requests be taken from now on, or not."""
        with self._change:
            self._open = taking
            self._change.notify_all()

    def take(
        self,
        loaded: Collection[Hashable],
        timeout: float,
        *,
        stopping: Callable[[], bool],
        begin: Callable[[Attempt], None],
    ) -> TrackedRequest | None:
        """Take the next request to run it, or return None after `timeout` seconds without one.

        Args:
            loaded: The models that are loaded where it would run.
            timeout: Seconds.
            stopping: Asked under the lock; when true, nothing is taken any more.
            begin: Told of the run under the lock, so that a stop never misses a job that is about to begin.
        """
        deadline = self._clock() + timeout
        with self._change:
            while not stopping():
                if self._open and (waiting := self._schedule.take(loaded)) is not None:
                    tracked = self._known[waiting.name.stem]
                    tracked.state = State.RUNNING
                    tracked.attempt = Attempt(tracked.name)
                    begin(tracked.attempt)
                    return tracked
                left = deadline - self._clock()
                if left <= 0:
                    return None
                self._change.wait(left)
        return None

    def wake_all(self) -> None:
        """Have everybody who waits in `take` ask again whether to stop."""
        with self._change:
            self._change.notify_all()

    # --- noticing --------------------------------------------------------------------------------------------------

    def add(self, name: RequestName, status: FileStatus, *, complete: bool, unchanged: float = 0.0) -> None:
        """Know of a request from now on.

        Args:
            name: Its name.
            status: What it looks like.
            complete: Whether a file event said that its writer is done.
            unchanged: Seconds for which it is known not to have been written.
        """
        now = self._clock()
        with self._change:
            tracked = self._known[name.stem] = TrackedRequest(
                name, status, now, now, closed=status.version if complete else None
            )
            patience = self._patience(tracked, complete=complete)
            self._plan(tracked, now + (patience if tracked.unfinished is not None else max(0.0, patience - unchanged)))

    def look_again(self, tracked: TrackedRequest, status: FileStatus) -> None:
        """Go by a new look at a request whose writer did not seem to be done."""
        with self._change:
            tracked.status = status
            self._plan(tracked, self._clock() + self._patience(tracked, complete=False))

    def rewritten(self, tracked: TrackedRequest, status: FileStatus) -> None:
        """Go by a file event, which says that a request has been written again and closed."""
        with self._change:
            tracked.closed = status.version
            if tracked.state is State.RUNNING:
                if status.version != tracked.status.version and tracked.attempt is not None:
                    tracked.attempt.end("changed")
                return
            tracked.status = status
            if tracked.state is State.WAITING and not tracked.held and not tracked.failures:
                self._plan(tracked, self._clock() + self._patience(tracked, complete=True))

    def vanished(self, tracked: TrackedRequest) -> None:
        """Forget a request that the client took back, or have its run end."""
        with self._change:
            if tracked.attempt is not None:
                tracked.attempt.end("cancelled")
            else:
                self._forget(tracked)

    def forget_waiting(self) -> None:
        """Forget all that does not run."""
        with self._change:
            for tracked in list(self._known.values()):
                if tracked.state is not State.RUNNING:
                    self._forget(tracked)

    # --- acting ----------------------------------------------------------------------------------------------------

    def seconds_to_next(self, now: float) -> float | None:
        """Seconds until something is to be done, None when nothing is planned."""
        with self._change:
            return self._timers[0][0] - now if self._timers else None

    def due(self, now: float) -> tuple[list[TrackedRequest], list[TrackedRequest]]:
        """Make ready what has waited long enough.

        Returns:
            The requests whose writers may have gone on, to be looked at again, and those of kinds this instance does
            not serve that have waited for `orphan_grace`.
        """
        unfinished = []
        with self._change:
            while self._timers and self._timers[0][0] <= now:
                due, _, tracked = heapq.heappop(self._timers)
                current = tracked.due == due and self._known.get(tracked.name.stem) is tracked
                if not current or tracked.state is not State.WAITING:
                    continue
                if self._is_unfinished(tracked, now):
                    unfinished.append(tracked)
                else:
                    self._make_ready(tracked)
            return unfinished, [tracked for tracked in self._unserved if tracked.due <= now]

    def served_elsewhere(self, tracked: TrackedRequest) -> None:
        """Leave a request to the other instance that serves its kind, and look after it later."""
        with self._change:
            tracked.due = self._clock() + self._settings().spool.orphan_grace

    def reclassify(self) -> None:
        """Sort the waiting requests again after the settings have changed."""
        with self._change:
            self._schedule.affinity_window = self._settings().spool.affinity_window
            for tracked in list(self._known.values()):
                if tracked.state in (State.READY, State.UNSERVED):
                    self._plan(tracked, self._clock())

    def settle(self, tracked: TrackedRequest, result: AttemptResult, status: FileStatus | None) -> None:
        """See to what becomes of a request after an attempt.

        Args:
            tracked: The request.
            result: What the attempt came to.
            status: What lies under its name now, None for nothing.
        """
        with self._change:
            tracked.attempt = None
            tracked.failures = 0
            tracked.held = result is AttemptResult.HELD
            if status is None:
                self._forget(tracked)
                return
            changed = status.version != tracked.status.version
            tracked.status = status
            now = self._clock()
            if result in (AttemptResult.HELD, AttemptResult.RETURNED):
                self._plan(tracked, now + self._settings().spool.poll_interval)
            elif result is AttemptResult.UNSETTLED:
                self._plan(tracked, now + max(self._settle, self._patience(tracked, complete=False)))
            elif result is AttemptResult.AGAIN and not changed:
                self._plan(tracked, now)
            else:
                # Somebody has written another request of that name meanwhile.
                self._plan(tracked, now + self._patience(tracked, complete=status.version == tracked.closed))

    def throw_back(self, tracked: TrackedRequest) -> float:
        """Keep a request for later after trouble.

        Returns:
            Seconds until it is tried again, more each time in a row.
        """
        with self._change:
            tracked.attempt = None
            tracked.failures += 1
            delay = min(MIN_BACKOFF * 2.0 ** min(tracked.failures - 1, 16), MAX_BACKOFF)
            self._plan(tracked, self._clock() + delay)
        return delay

    # --- with the lock held ----------------------------------------------------------------------------------------

    def _plan(self, tracked: TrackedRequest, due: float) -> None:
        tracked.state = State.WAITING
        tracked.due = due
        self._schedule.remove(tracked.name.stem)
        self._unserved.discard(tracked)
        if due <= self._clock():
            self._make_ready(tracked)
        else:
            heapq.heappush(self._timers, (due, next(self._ticket), tracked))

    def _make_ready(self, tracked: TrackedRequest) -> None:
        model = self._model(tracked.name)
        if model is None:
            tracked.state = State.UNSERVED
            tracked.due = max(tracked.since + self._settings().spool.orphan_grace, self._clock())
            self._unserved.add(tracked)
            return
        tracked.state = State.READY
        self._schedule.add(Waiting(tracked.name, model, tracked.status.mtime_ns))
        self._change.notify()

    def _model(self, name: RequestName) -> Model | None:
        settings = self._settings()
        kind = settings.kinds.get(name.kind or settings.default_kind)
        return None if kind is None else (kind.generator, kind.preset)

    def _forget(self, tracked: TrackedRequest) -> None:
        self._schedule.remove(tracked.name.stem)
        self._unserved.discard(tracked)
        if self._known.get(tracked.name.stem) is tracked:
            del self._known[tracked.name.stem]

    def _patience(self, tracked: TrackedRequest, *, complete: bool) -> float:
        """Seconds until a request that looks like this may be taken for complete, or is to be looked at again."""
        status = tracked.status
        # A writer that publishes by link and unlink shows two links for a moment; an empty file is being written.
        unfinished = status.size == 0 if status.oddity is None else status.links > 1 and stat.S_ISREG(status.mode)
        if not unfinished:
            tracked.unfinished = None
            return 0.0 if complete and status.oddity is None else self._settle
        now = self._clock()
        if tracked.unfinished is None:
            tracked.unfinished = now
        waited = now - tracked.unfinished
        settings = self._settings().spool
        # Looked at ever more rarely, for there may be many.
        pause = max(waited, self._settle, settings.poll_interval)
        return max(0.0, min(pause, settings.empty_grace - waited))

    def _is_unfinished(self, tracked: TrackedRequest, now: float) -> bool:
        return tracked.unfinished is not None and now - tracked.unfinished < self._settings().spool.empty_grace

    @property
    def _settle(self) -> float:
        configured = self._settings().spool.settle
        if configured is not None:
            return configured
        return SETTLE_NETWORK if self.on_network else SETTLE_LOCAL
