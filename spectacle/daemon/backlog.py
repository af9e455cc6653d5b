"""The requests one instance knows of: where each stands, when something is to be done about it, and which goes next."""

from __future__ import annotations

import heapq
import stat
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import count

from spectacle.config import Settings
from spectacle.daemon.admission import MAX_TRACKED, Admission
from spectacle.daemon.attempt import AttemptResult
from spectacle.daemon.devices import Assignment
from spectacle.daemon.progress import Attempt
from spectacle.daemon.schedule import FOREVER, Costs, Schedule, Waiting, WorkerState
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
    PAUSED = auto()
    """As ready, but its kind is paused."""
    RUNNING = auto()
    UNSERVED = auto()


@dataclass(eq=False, slots=True)
class TrackedRequest:
    """A request this instance knows of.

    Attributes:
        name: Its name.
        status: What it looked like when it was last checked.
        due: Monotonic time at which something is to be done about it.
        state: Where it stands.
        attempt: The running one, if any.
        failures: Times the spool's trouble has thrown it back in a row.
        held: Whether somebody else held its claim at the last try.
        since: Monotonic time at which it was first seen.
        closed: The version that a file event said was complete.
        written_since: Monotonic time since which a process of this host has been writing it.
        unsettled: Times in a row that it looked different when it was to be processed.
        unfinished: Monotonic time since which it has looked as if its writer were not done; None when it does not.
        alone: Whether it is not run together with others, because it has ended an attempt before.
        served_by: The kind whose model its options ask for, as its last attempt has found; None for its own kind.
        told: Why it was thrown back, as the log has it.
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
    written_since: float | None = None
    unsettled: int = 0
    alone: bool = False
    served_by: str | None = None
    told: str | None = None


class Backlog:
    """Known requests. Thread-safe; makes no system call, so nobody who waits for it waits for the spool.

    Args:
        settings: Gives the current settings.
        clock: Monotonic seconds.
        workers: All workers.
        assign: Says which of them may run a kind; by default all may.
        costs: How long loading and running take, as far as that is known.
        max_tracked: How many requests are tracked before only those of users with few are; see `Admission`.

    Attributes:
        on_network: Whether the spool is on a network file system.
        admission: Which requests are known without being tracked.
    """

    def __init__(
        self,
        settings: Callable[[], Settings],
        clock: Callable[[], float],
        workers: Sequence[WorkerState] = (),
        assign: Callable[[str], Assignment] = lambda kind: Assignment(None),
        costs: Costs | None = None,
        max_tracked: int = MAX_TRACKED,
    ) -> None:
        self.admission = Admission(max_tracked)
        self._settings = settings
        self._clock = clock
        self._assign = assign
        # Each worker waits on a condition of its own, so that only the one is woken that is to run what has come.
        self._change = threading.RLock()
        self._workers = workers
        for each in workers:
            each.wake = threading.Condition(self._change)
        self._known: dict[str, TrackedRequest] = {}
        self._timers: list[tuple[float, int, TrackedRequest]] = []
        self._ticket = count()
        self._schedule = Schedule(settings().spool.affinity_window, clock, workers, costs)
        self._schedule.light_patience = settings().spool.poll_interval
        self._unserved: dict[TrackedRequest, None] = {}
        self._is_paused: Callable[[str], bool] = lambda kind: False
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
            tracked = (each.name.kind or default for each in self._known.values() if not each.attempt)
            return Counter(tracked) + self.admission.by_kind(default)

    def oldest_waiting(self) -> float | None:
        """Monotonic time at which the oldest waiting request was first seen, or None when none waits."""
        with self._change:
            return min((each.since for each in self._known.values() if not each.attempt), default=None)

    def seconds_by_kind(self) -> dict[str, float]:
        """Seconds until the waiting requests of each kind are expected to be done, where that is known."""
        settings = self._settings()
        found = {}
        with self._change:
            for kind, about in settings.kinds.items():
                model = about.generator, about.preset
                left = self._schedule.seconds_to_empty(model, self._assign(kind).workers)
                if left:
                    found[kind] = round(left, 1)
        return found

    def is_done(self, *, but_for_held: bool) -> bool:
        """Whether nothing is left to do here.

        What is paused, and what its user's limits hold up, does not count, nor, with `but_for_held`, what others hold.
        """
        with self._change:
            return not self.admission and all(
                (tracked.held and but_for_held)
                or tracked.state is State.PAUSED
                or self._schedule.is_blocked(tracked.name)
                for tracked in self._known.values()
            )

    def places(self) -> list[tuple[TrackedRequest, int, float | None]]:
        """The requests that could run now, or are paused, in the order in which they are expected to begin.

        Returns:
            Each with how many are expected to begin before it, and the seconds until it is expected to be done.
        """
        with self._change:
            ready = [(self._known[each.name.stem], ahead, left) for each, ahead, left in self._schedule.places()]
            paused = [each for each in self._known.values() if each.state is State.PAUSED]
            paused.sort(key=lambda each: (each.status.mtime_ns, each.name.stem))
            return ready + [(each, number, None) for number, each in enumerate(paused, len(ready))]

    def waiting(self) -> list[TrackedRequest]:
        """The requests that could run now, or are paused, in no order."""
        with self._change:
            return [each for each in self._known.values() if each.state in (State.READY, State.PAUSED)]

    def seize(self, tracked: TrackedRequest) -> bool:
        """Keep a request from being taken, because it is to get an error. Returns whether it could still be."""
        with self._change:
            if tracked.state is not State.READY or self._known.get(tracked.name.stem) is not tracked:
                return False
            self._schedule.remove(tracked.name.stem)
            tracked.state, tracked.due = State.WAITING, FOREVER
            return True

    # --- taking ----------------------------------------------------------------------------------------------------

    def allow(self, taking: bool) -> None:
        """Let requests be taken from now on, or not."""
        with self._change:
            self._open = taking
        self.wake_all()

    def take(
        self,
        worker: WorkerState,
        timeout: float,
        *,
        stopping: Callable[[], bool],
        begin: Callable[[Attempt], None],
    ) -> TrackedRequest | None:
        """Take the next request to run it, or return None after `timeout` seconds without one.

        Args:
            worker: What would run it; one thread at a time takes for it.
            timeout: Seconds.
            stopping: Asked under the lock; when true, nothing is taken any more.
            begin: Called with the run under the lock, so that a stop never misses a job that is about to begin.
        """
        deadline = self._clock() + timeout
        with self._change:
            worker.idle, worker.idle_since = True, self._clock()
            told = False
            try:
                while not (stopping() or worker.is_absent()):
                    if self._open and (waiting := self._schedule.take(worker)) is not None:
                        worker.model = waiting.model
                        worker.busy_until = self._schedule.expected_end(waiting, worker)
                        return self._begin(waiting, worker, begin)
                    if not told:
                        # What is left to another idle worker may have been left by that one to this, while it was busy.
                        told = True
                        self._wake_best_placed()
                    now = self._clock()
                    if now >= deadline:
                        return None
                    # What waits and was left to another worker is looked at again in time.
                    worker.wake.wait(min(deadline, worker.again if self._open else FOREVER) - now)
            finally:
                worker.idle = False
                # One worker less to which what still waits may have been left.
                self._wake_best_placed()
        return None

    def companions(
        self, worker: WorkerState, model: Model, most: int, elsewhere: int, begin: Callable[[Attempt], None]
    ) -> list[TrackedRequest]:
        """Take requests that are run together with one that a worker has taken.

        Args:
            worker: The worker, with the model loaded.
            model: The model.
            most: How many at most.
            elsewhere: How many workers of other instances wait with the model.
            begin: As `take` says.
        """
        with self._change:
            taken = self._schedule.companions(model, worker, most, elsewhere) if self._open else []
            if taken and worker.busy_until is not None:
                ends = [self._schedule.expected_end(each, worker) for each in taken]
                worker.busy_until += sum(max(0.0, end - self._clock()) for end in ends if end is not None)
            return [self._begin(each, worker, begin) for each in taken]

    def _begin(self, waiting: Waiting, worker: WorkerState, begin: Callable[[Attempt], None]) -> TrackedRequest:
        tracked = self._known[waiting.name.stem]
        tracked.state = State.RUNNING
        attempt = tracked.attempt = Attempt(tracked.name)
        attempt.expected_end = worker.busy_until
        attempt.model = self._model(tracked)
        attempt.served_by = tracked.served_by
        attempt.measured_as = worker.measured_as
        attempt.loads = waiting.model not in worker.loaded()
        begin(attempt)
        return tracked

    def wake_all(self) -> None:
        """Have everybody who waits in `take` ask again whether to stop."""
        with self._change:
            for worker in self._workers:
                worker.wake.notify()

    def _wake_best_placed(self) -> None:
        for worker in self._schedule.best_placed():
            worker.wake.notify()

    # --- noticing --------------------------------------------------------------------------------------------------

    def add(
        self, name: RequestName, status: FileStatus, *, complete: bool, unchanged: float = 0.0, chosen: bool = False
    ) -> None:
        """Know of a request from now on: track it, or set it aside when there is no room.

        Args:
            name: Its name.
            status: What it looks like.
            complete: Whether a file event said that its writer is done.
            unchanged: Seconds for which it is known not to have been written.
            chosen: Whether `admission` has found room for it.
        """
        now = self._clock()
        with self._change:
            if name.stem not in self._known:
                if not chosen and not self.admission.has_room(name):
                    self.admission.set_aside(name, status)
                    return
                self.admission.count_in(name)
            tracked = self._known[name.stem] = TrackedRequest(
                name, status, now, now, closed=status.version if complete else None
            )
            patience = self._patience(tracked, complete=complete)
            self._plan(tracked, now + (patience if tracked.unfinished is not None else max(0.0, patience - unchanged)))

    def look_again(self, tracked: TrackedRequest, status: FileStatus) -> None:
        """Go by a new check of a request whose writer did not seem to be done."""
        with self._change:
            tracked.status = status
            self._plan(tracked, self._clock() + self._patience(tracked, complete=False))

    def rewritten(self, tracked: TrackedRequest, status: FileStatus, *, complete: bool) -> None:
        """Go by a file event, which says that a request has been written again.

        Args:
            tracked: The request.
            status: What it looks like.
            complete: Whether the event says that its writer is done.
        """
        with self._change:
            if complete:
                tracked.closed = status.version
            if tracked.state is State.RUNNING:
                if status.version != tracked.status.version and tracked.attempt is not None:
                    tracked.attempt.end("changed")
                return
            tracked.status = status
            if tracked.state is State.WAITING and not tracked.held and not tracked.failures:
                self._plan(tracked, self._clock() + self._patience(tracked, complete=complete))

    def changed(self, tracked: TrackedRequest, status: FileStatus) -> None:
        """Go by a check of a request that runs: one that looks different is run again."""
        with self._change:
            if tracked.attempt is not None and status.version != tracked.status.version:
                tracked.attempt.end("changed")

    def vanished(self, tracked: TrackedRequest) -> None:
        """Forget a request that the client cancelled, or have its run end."""
        with self._change:
            if tracked.attempt is not None:
                tracked.attempt.end("cancelled")
            else:
                self._forget(tracked)

    def moved(self) -> None:
        """Forget all that waits, and release what runs: another directory is under the spool's path now."""
        with self._change:
            self.admission.clear()
            for tracked in list(self._known.values()):
                if tracked.attempt is not None:
                    tracked.attempt.end("returned")
                else:
                    self._forget(tracked)

    # --- acting ----------------------------------------------------------------------------------------------------

    def seconds_to_next(self, now: float) -> float | None:
        """Seconds until something is to be done, None when nothing is planned."""
        with self._change:
            return self._timers[0][0] - now if self._timers else None

    def due(self, now: float) -> tuple[list[TrackedRequest], list[TrackedRequest]]:
        """Make ready what has waited long enough.

        Returns:
            The requests whose writers may have continued, to be checked again, and those of kinds this instance does
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
        """Leave a request to the other instance that serves its kind, and check it later."""
        with self._change:
            tracked.due = self._clock() + self._settings().spool.orphan_grace

    def pause(self, is_paused: Callable[[str], bool]) -> None:
        """Keep requests of those kinds from being taken from now on, and no longer those of others."""
        with self._change:
            self._is_paused = is_paused
            self.reclassify()

    def block(self, users: frozenset[str]) -> None:
        """Keep requests of these users from being taken from now on, and no longer those of others."""
        with self._change:
            self._schedule.block(users)
            self._wake_best_placed()

    def reclassify(self) -> None:
        """Sort the waiting requests again after the settings have changed."""
        with self._change:
            self._schedule.affinity_window = self._settings().spool.affinity_window
            self._schedule.light_patience = self._settings().spool.poll_interval
            for tracked in list(self._known.values()):
                if tracked.state in (State.READY, State.PAUSED, State.UNSERVED):
                    self._plan(tracked, self._clock())

    def settle(self, tracked: TrackedRequest, result: AttemptResult, status: FileStatus | None) -> None:
        """See to what becomes of a request after an attempt.

        Args:
            tracked: The request.
            result: What the attempt came to.
            status: What is under its name now, None for nothing.
        """
        with self._change:
            tracked.alone = tracked.attempt is not None and tracked.attempt.alone
            tracked.served_by = None if tracked.attempt is None else tracked.attempt.served_by
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
            elif result in (AttemptResult.AGAIN, AttemptResult.DEFERRED) and not changed:
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
        self._unserved.pop(tracked, None)
        if due <= self._clock():
            self._make_ready(tracked)
        else:
            heapq.heappush(self._timers, (due, next(self._ticket), tracked))

    def _make_ready(self, tracked: TrackedRequest) -> None:
        if self._is_paused(tracked.name.kind or self._settings().default_kind):
            tracked.state = State.PAUSED
            return
        model = self._model(tracked)
        if model is None:
            tracked.state = State.UNSERVED
            tracked.due = max(tracked.since + self._settings().spool.orphan_grace, self._clock())
            self._unserved[tracked] = None
            return
        assigned = self._assign(self._serving_kind(tracked))
        tracked.state = State.READY
        self._schedule.add(
            Waiting(
                tracked.name,
                model,
                tracked.status.mtime_ns,
                assigned.workers,
                assigned.light,
                tracked.alone,
                since=self._clock(),
            )
        )
        self._wake_best_placed()

    def _serving_kind(self, tracked: TrackedRequest) -> str:
        settings = self._settings()
        own = tracked.name.kind or settings.default_kind
        return tracked.served_by if own in settings.kinds and tracked.served_by in settings.kinds else own

    def _model(self, tracked: TrackedRequest) -> Model | None:
        kind = self._settings().kinds.get(self._serving_kind(tracked))
        return None if kind is None else (kind.generator, kind.preset)

    def _forget(self, tracked: TrackedRequest) -> None:
        self._schedule.remove(tracked.name.stem)
        self._unserved.pop(tracked, None)
        if self._known.get(tracked.name.stem) is tracked:
            del self._known[tracked.name.stem]
            self.admission.count_out(tracked.name)

    def _patience(self, tracked: TrackedRequest, *, complete: bool) -> float:
        """Seconds until a request that looks like this may be considered complete, or is to be checked again."""
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
        # Checked ever more rarely, because there may be many.
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
