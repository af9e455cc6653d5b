"""The requests one instance knows of: where each stands, when something is to be done about it, and which goes next."""

from __future__ import annotations

import heapq
import stat
import threading
from collections import Counter
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from enum import Enum, auto
from itertools import count

from spectacle.config import Settings
from spectacle.daemon.attempt import Run, Verdict
from spectacle.daemon.schedule import Schedule, Waiting
from spectacle.spool.directory import Look
from spectacle.spool.naming import RequestName
from spectacle.worker.local import Model

SETTLE_LOCAL, SETTLE_NETWORK = 1.0, 4.0
FIRST_BACKOFF, LONGEST_BACKOFF = 1.0, 30.0


class State(Enum):
    """Where a known request stands."""

    WAITING = auto()
    """Until its time comes: it settles, somebody else holds it, or it is tried again later."""
    READY = auto()
    RUNNING = auto()
    UNSERVED = auto()


@dataclass(eq=False, slots=True)
class Known:
    """A request this instance knows of.

    Attributes:
        name: Its name.
        look: What it looked like when it was last looked at.
        due: Monotonic time at which something is to be done about it.
        state: Where it stands.
        run: The running attempt, if any.
        failures: Times the spool's trouble has thrown it back in a row.
        held: Whether somebody else held its claim at the last try.
        since: Monotonic time at which it was first seen.
        rung: The version that the doorbell said was complete.
        unfinished: Monotonic time since which it has looked as if its writer were not done; None when it does not.
    """

    name: RequestName
    look: Look
    due: float
    since: float
    state: State = State.WAITING
    run: Run | None = None
    failures: int = 0
    held: bool = False
    rung: tuple[int, int, int] | None = None
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
        self._known: dict[str, Known] = {}
        self._timers: list[tuple[float, int, Known]] = []
        self._ticket = count()
        self._schedule = Schedule(settings().spool.affinity_window, clock)
        self._unserved: set[Known] = set()
        self._open = False
        self.on_network = False

    def __contains__(self, stem: str) -> bool:
        return stem in self._known

    def get(self, stem: str) -> Known | None:
        """The request of that stem, or None."""
        return self._known.get(stem)

    def missing(self, present: set[str]) -> list[Known]:
        """The known requests that are not `present`."""
        with self._change:
            return [known for stem, known in self._known.items() if stem not in present]

    @property
    def ready(self) -> int:
        """How many requests could run now."""
        return len(self._schedule)

    def waiting_by_kind(self) -> Counter[str]:
        """How many requests of each kind wait."""
        default = self._settings().default_kind
        with self._change:
            return Counter(known.name.kind or default for known in self._known.values() if not known.run)

    def is_done(self, *, but_for_held: bool) -> bool:
        """Whether nothing is left, or with `but_for_held` nothing but what others hold."""
        with self._change:
            return all(known.held and but_for_held for known in self._known.values())

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
        begin: Callable[[Run], None],
    ) -> Known | None:
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
                    known = self._known[waiting.name.stem]
                    known.state = State.RUNNING
                    known.run = Run(known.name)
                    begin(known.run)
                    return known
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

    def add(self, name: RequestName, look: Look, *, complete: bool, stood: float = 0.0) -> None:
        """Know of a request from now on.

        Args:
            name: Its name.
            look: What it looks like.
            complete: Whether the doorbell said that its writer is done.
            stood: Seconds for which it is known to have stood still already.
        """
        now = self._clock()
        with self._change:
            known = self._known[name.stem] = Known(name, look, now, now, rung=look.version if complete else None)
            patience = self._patience(known, complete=complete)
            self._plan(known, now + (patience if known.unfinished is not None else max(0.0, patience - stood)))

    def look_again(self, known: Known, look: Look) -> None:
        """Go by a new look at a request whose writer did not seem to be done."""
        with self._change:
            known.look = look
            self._plan(known, self._clock() + self._patience(known, complete=False))

    def rewritten(self, known: Known, look: Look) -> None:
        """Go by the doorbell, which says that a request has been written again and closed."""
        with self._change:
            known.rung = look.version
            if known.state is State.RUNNING:
                if look.version != known.look.version and known.run is not None:
                    known.run.end("changed")
                return
            known.look = look
            if known.state is State.WAITING and not known.held and not known.failures:
                self._plan(known, self._clock() + self._patience(known, complete=True))

    def vanished(self, known: Known) -> None:
        """Forget a request that the client took back, or have its run end."""
        with self._change:
            if known.run is not None:
                known.run.end("cancelled")
            else:
                self._forget(known)

    def forget_waiting(self) -> None:
        """Forget all that does not run."""
        with self._change:
            for known in list(self._known.values()):
                if known.state is not State.RUNNING:
                    self._forget(known)

    # --- acting ----------------------------------------------------------------------------------------------------

    def seconds_to_next(self, now: float) -> float | None:
        """Seconds until something is to be done, None when nothing is planned."""
        with self._change:
            return self._timers[0][0] - now if self._timers else None

    def due(self, now: float) -> tuple[list[Known], list[Known]]:
        """Make ready what has waited long enough.

        Returns:
            The requests whose writers may have gone on, to be looked at again, and those of kinds this instance does
            not serve that have waited for `orphan_grace`.
        """
        unfinished = []
        with self._change:
            while self._timers and self._timers[0][0] <= now:
                due, _, known = heapq.heappop(self._timers)
                current = known.due == due and self._known.get(known.name.stem) is known
                if not current or known.state is not State.WAITING:
                    continue
                if self._is_unfinished(known, now):
                    unfinished.append(known)
                else:
                    self._make_ready(known)
            return unfinished, [known for known in self._unserved if known.due <= now]

    def served_elsewhere(self, known: Known) -> None:
        """Leave a request to the other instance that serves its kind, and look after it later."""
        with self._change:
            known.due = self._clock() + self._settings().spool.orphan_grace

    def reclassify(self) -> None:
        """Sort the waiting requests anew after the settings have changed."""
        with self._change:
            self._schedule.affinity_window = self._settings().spool.affinity_window
            for known in list(self._known.values()):
                if known.state in (State.READY, State.UNSERVED):
                    self._plan(known, self._clock())

    def settle(self, known: Known, verdict: Verdict, look: Look | None) -> None:
        """See to what becomes of a request after an attempt.

        Args:
            known: The request.
            verdict: What the attempt came to.
            look: What lies under its name now, None for nothing.
        """
        with self._change:
            known.run = None
            known.failures = 0
            known.held = verdict is Verdict.HELD
            if look is None:
                self._forget(known)
                return
            changed = look.version != known.look.version
            known.look = look
            now = self._clock()
            if verdict in (Verdict.HELD, Verdict.RETURNED):
                self._plan(known, now + self._settings().spool.poll_interval)
            elif verdict is Verdict.UNSETTLED:
                self._plan(known, now + max(self._settle, self._patience(known, complete=False)))
            elif verdict is Verdict.AGAIN and not changed:
                self._plan(known, now)
            else:
                # Somebody has written another request of that name meanwhile.
                self._plan(known, now + self._patience(known, complete=look.version == known.rung))

    def throw_back(self, known: Known) -> float:
        """Keep a request for later after trouble.

        Returns:
            Seconds until it is tried again, more each time in a row.
        """
        with self._change:
            known.run = None
            known.failures += 1
            delay = min(FIRST_BACKOFF * 2.0 ** min(known.failures - 1, 16), LONGEST_BACKOFF)
            self._plan(known, self._clock() + delay)
        return delay

    # --- with the lock held ----------------------------------------------------------------------------------------

    def _plan(self, known: Known, due: float) -> None:
        known.state = State.WAITING
        known.due = due
        self._schedule.remove(known.name.stem)
        self._unserved.discard(known)
        if due <= self._clock():
            self._make_ready(known)
        else:
            heapq.heappush(self._timers, (due, next(self._ticket), known))

    def _make_ready(self, known: Known) -> None:
        model = self._model(known.name)
        if model is None:
            known.state = State.UNSERVED
            known.due = max(known.since + self._settings().spool.orphan_grace, self._clock())
            self._unserved.add(known)
            return
        known.state = State.READY
        self._schedule.add(Waiting(known.name, model, known.look.mtime_ns))
        self._change.notify()

    def _model(self, name: RequestName) -> Model | None:
        settings = self._settings()
        kind = settings.kinds.get(name.kind or settings.default_kind)
        return None if kind is None else (kind.generator, kind.preset)

    def _forget(self, known: Known) -> None:
        self._schedule.remove(known.name.stem)
        self._unserved.discard(known)
        if self._known.get(known.name.stem) is known:
            del self._known[known.name.stem]

    def _patience(self, known: Known, *, complete: bool) -> float:
        """Seconds until a request that looks like this may be taken for complete, or is to be looked at again."""
        look = known.look
        # A writer that publishes by link and unlink shows two links for a moment; an empty file is being written.
        unfinished = look.size == 0 if look.oddity is None else look.links > 1 and stat.S_ISREG(look.mode)
        if not unfinished:
            known.unfinished = None
            return 0.0 if complete and look.oddity is None else self._settle
        now = self._clock()
        if known.unfinished is None:
            known.unfinished = now
        waited = now - known.unfinished
        settings = self._settings().spool
        # Looked at ever more rarely, for there may be many.
        pause = max(waited, self._settle, settings.poll_interval)
        return max(0.0, min(pause, settings.empty_grace - waited))

    def _is_unfinished(self, known: Known, now: float) -> bool:
        return known.unfinished is not None and now - known.unfinished < self._settings().spool.empty_grace

    @property
    def _settle(self) -> float:
        configured = self._settings().spool.settle
        if configured is not None:
            return configured
        return SETTLE_NETWORK if self.on_network else SETTLE_LOCAL
