"""Two threads per worker that take requests in turn, have its worker run them, and give memory back when idle."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import structlog

from spectacle.config import Settings
from spectacle.daemon.attempt import JobRunner
from spectacle.daemon.backlog import TrackedRequest
from spectacle.daemon.batch import Batch
from spectacle.daemon.devices import Place
from spectacle.daemon.kept_threads import KeptThreads
from spectacle.daemon.progress import Attempt
from spectacle.daemon.schedule import WorkerState
from spectacle.errors import Cancelled, SpectacleError
from spectacle.worker.contract import Model, WorkerBackend

log = structlog.get_logger()

MAX_WAIT = 3600.0
"""Seconds for which a thread of a worker that holds nothing waits at a time. It is woken when there is work."""

STOP_SECONDS = 3.0
"""How long a job that is released may take to reach its next step before its worker is ended."""


ABSENT_SECONDS = 0.2
"""How often a worker that has no place is looked at: how much later than it the first request begins at most."""


class RequestSource(Protocol):
    """Where a device thread gets its requests from. Called by several of them."""

    @property
    def settings(self) -> Settings:
        """The current settings."""
        ...

    @property
    def stopping(self) -> bool:
        """Whether no more requests are to be taken."""
        ...

    def preloaded_by(self, state: WorkerState) -> Model | None:
        """What a worker is to load before its first request, if anything."""
        ...

    def take(self, state: WorkerState, timeout: float, begin: Callable[[Attempt], None]) -> TrackedRequest | None:
        """The next request, or None after `timeout` seconds without one.

        Args:
            state: The worker that would run it.
            timeout: Seconds.
            begin: Called with the attempt before anybody else can see it.
        """
        ...

    def companions(
        self, state: WorkerState, first: Attempt, most: int, begin: Callable[[Attempt], None]
    ) -> Sequence[TrackedRequest]:
        """Requests that wait for the same model and may be run together with one that was taken.

        Args:
            state: The worker that runs it.
            first: The attempt at the one that was taken.
            most: How many at most.
            begin: Called with each attempt before anybody else can see it.
        """
        ...

    def serve(self, tracked: TrackedRequest, worker: JobRunner) -> None:
        """Run a request that was taken, and see to what becomes of it. Raises nothing.

        The worker is not used any more once the attempt's `worker_done` was called.
        """
        ...


@dataclass(eq=False, slots=True)
class _Turn:
    """One use of the worker, for a request or a batch.

    Attributes:
        end: Lets the next turn begin.
        over: Set once all attempts are over.
        attempts: The attempts that are not over, the first one at the beginning.
        using: Those of them whose jobs have not ended.
    """

    end: Callable[[], None]
    over: threading.Event
    attempts: list[Attempt] = field(default_factory=list)
    using: set[Attempt] = field(default_factory=set)


class DeviceThreads:
    """Two threads that serve one worker in turn, so that the next job runs while the last result is published.

    One of them at a time has the turn, to take a request and use the worker. The turn ends when the worker is done, and
    not before: a request is claimed only when its job can begin, for another instance may be free sooner. In one turn
    the worker may run several requests together, each of which has a thread of its own for as long.

    Args:
        worker: Runs jobs there.
        source: Where requests come from.
        state: What the schedule knows of the worker; kept up to date here.
        place: Where it runs.
    """

    def __init__(self, worker: WorkerBackend, source: RequestSource, state: WorkerState, place: Place) -> None:
        self.worker = worker
        self.state = state
        self._place = place
        self._source = source
        self._turn = threading.Lock()
        self._beginning = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, name=f"device-{place}-{number}", daemon=True) for number in range(2)
        ]
        self._companions = KeptThreads(f"device-{place}-batch")
        self._left = len(self._threads)
        self._turns: list[_Turn] = []
        self._working: _Turn | None = None
        self._state = "starting"
        self._idle_since = time.monotonic()

    @property
    def runs(self) -> tuple[Attempt, ...]:
        """The running attempts: those whose jobs run last, before them those whose results are being published."""
        return tuple(attempt for turn in tuple(self._turns) for attempt in tuple(turn.attempts))

    def start(self) -> None:
        """Take and run requests until the source stops."""
        for each in self._threads:
            each.start()

    def is_alive(self) -> bool:
        """Whether the device is still served."""
        return any(each.is_alive() for each in self._threads)

    def join(self, timeout: float) -> None:
        """Wait for the end of the service, `timeout` seconds at most."""
        deadline = time.monotonic() + timeout
        for each in self._threads:
            each.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        try:
            while not self._source.stopping:
                try:
                    with ExitStack() as turn:
                        turn.enter_context(self._turn)
                        self._take_turn(turn.close)
                except Exception:
                    # A device without its thread would never be served again.
                    log.exception("internal error, continuing", device=str(self._place))
                    time.sleep(1)
        finally:
            with self._turn:
                self._left -= 1
                if not self._left:
                    self._state = "stopped"
                    self.worker.kill()
                    self._companions.close()

    def _take_turn(self, end_turn: Callable[[], None]) -> None:
        """Serve one request, or find that there is none. `end_turn` lets the other thread begin before the end."""
        if self._source.stopping:
            return
        if self.worker.site.absent is not None:
            time.sleep(ABSENT_SECONDS)
            return
        if self._state == "starting" and (model := self._source.preloaded_by(self.state)) is not None:
            self._preload(model)
            # However long that took.
            self._idle_since = time.monotonic()
        self._state = "ready"
        if not self._wait_for_worker():
            return
        idle_unload = self._source.settings.workers.idle_unload
        idle_left = self._idle_since + idle_unload - time.monotonic()
        timeout = idle_left if self.worker.is_running else MAX_WAIT

        turn = _Turn(end_turn, threading.Event())

        def begin(attempt: Attempt) -> None:
            self._begin(turn, attempt)

        tracked = self._source.take(self.state, max(0.0, timeout), begin)
        if tracked is None:
            if self.worker.is_running and time.monotonic() - self._idle_since >= idle_unload:
                log.info("unloading an idle worker", device=str(self._place))
                self.worker.kill()
            return
        first = tracked.attempt
        assert first is not None
        batch = Batch(self.worker, first, lambda most: self._gather(turn, batch, first, most), self._companions.start)
        try:
            self.worker.reconfigure(self._source.settings)
            self._source.serve(tracked, batch)
        finally:
            self._finish(turn, first)
            turn.over.wait()

    def _begin(self, turn: _Turn, attempt: Attempt) -> None:
        attempt.on_worker_done = lambda: self._worker_done(turn, attempt)
        with self._beginning:
            attempt.overlaps = any(other is not turn for other in self._turns)
            if not turn.attempts:
                self._turns.append(turn)
                self._working = turn
            turn.attempts.append(attempt)
            turn.using.add(attempt)

    def _gather(self, turn: _Turn, batch: Batch, first: Attempt, most: int) -> list[Attempt]:
        """Begin attempts at requests to be run together with the first one, each in a thread of its own."""
        begun = []
        for tracked in self._source.companions(self.state, first, most, lambda each: self._begin(turn, each)):
            attempt = tracked.attempt
            assert attempt is not None
            begun.append(attempt)
            serve = partial(self._serve_companion, turn, batch, tracked, attempt)
            try:
                self._companions.start(serve)
            except RuntimeError:
                # No further thread is allowed. It ends with `Deferred` here, and its turn comes again.
                batch.close()
                copy_context().run(serve)
        return begun

    def _serve_companion(self, turn: _Turn, batch: Batch, tracked: TrackedRequest, attempt: Attempt) -> None:
        try:
            self._source.serve(tracked, batch.companion(attempt))
        except Exception:
            log.exception("internal error, continuing", device=str(self._place))
        finally:
            batch.leave(attempt)
            self._finish(turn, attempt)

    def _finish(self, turn: _Turn, attempt: Attempt) -> None:
        """Take note that an attempt is over."""
        with self._beginning:
            turn.attempts.remove(attempt)
            if not turn.attempts:
                self._turns.remove(turn)
                turn.over.set()
            left = [] if turn.attempts else self.runs
        for other in left:
            other.end_overlap()
        self._worker_done(turn, attempt)

    def _worker_done(self, turn: _Turn, attempt: Attempt) -> None:
        with self._beginning:
            turn.using.discard(attempt)
            over = not turn.using and self._working is turn
            if over:
                self._working = None
        if over:
            self.state.model = self.state.busy_until = None
            self._idle_since = time.monotonic()
            turn.end()

    def _preload(self, model: Model) -> None:
        try:
            self.worker.load(model, lambda: "stopping" if self._source.stopping else None)
        except Cancelled:
            return
        except (SpectacleError, OSError) as error:
            # Not the end: other kinds may work, and a request for this one gets the reason as its result.
            log.error("could not load the default kind's generator", generator=model[0], reason=str(error))

    def _wait_for_worker(self) -> bool:
        """Wait out the pause after crashes. Returns whether it is over."""
        left = self.worker.not_before - time.monotonic()
        if left <= 0:
            return True
        self._state = "restarting"
        time.sleep(min(left, 0.2))
        return False

    def give_back(self) -> None:
        """Stop the running job, at its next step or by ending its worker; the publishing of a result continues."""
        working = self._working
        for attempt in self.runs:
            attempt.end("returned")
        if self.runs:
            self.join(STOP_SECONDS)
        if working is not None and self._working is working:
            self.worker.interrupt()

    def status(self) -> dict[str, Any]:
        """What `spectacle status` shows of this device."""
        turns = [attempts for turn in tuple(self._turns) if (attempts := tuple(turn.attempts))]
        loaded = [{"generator": name, "preset": preset} for name, preset in reversed(self.worker.loaded)]
        site = self.worker.site
        lacks = [{"generator": name, "preset": preset, "reason": why} for (name, preset), why in site.lacks.items()]
        return {
            "device": str(self.worker.device),
            "worker": str(self._place),
            "state": "busy" if turns else "absent" if site.absent is not None else self._state,
            "pid": self.worker.pid,
            "memory": dict(self.worker.memory),
            "generator": loaded[0]["generator"] if loaded else None,
            "preset": loaded[0]["preset"] if loaded else None,
            "loaded": loaded,
            "job": _told(turns[-1][0]) if turns else None,
            "batch": [_told(each) for each in turns[-1][1:]] if turns else [],
            "publishing": _told(turns[0][0]) if len(turns) > 1 else None,
            "absent": site.absent,
            "lacks": lacks,
            **site.details,
        }


def _told(attempt: Attempt) -> dict[str, Any]:
    seconds = round(time.monotonic() - attempt.began, 1)
    left = attempt.seconds_left()
    return {
        "stem": attempt.name.stem,
        "step": attempt.step,
        "steps": attempt.steps,
        "seconds": seconds,
        "eta_s": None if left is None else round(left, 1),
    }
