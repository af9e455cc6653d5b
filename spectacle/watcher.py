"""The daemon's loop: notice requests, choose the next one, hand it to a worker, tidy up."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

import structlog

from spectacle.config import Settings
from spectacle.daemon.attempt import AttemptResult, Attempts, JobRunner
from spectacle.daemon.backlog import Backlog, TrackedRequest
from spectacle.daemon.candidates import ManyResults
from spectacle.daemon.catalogue import Catalogue
from spectacle.daemon.costs import Measured, MeasuredCosts
from spectacle.daemon.device_threads import DeviceThreads
from spectacle.daemon.devices import Assignments, Place
from spectacle.daemon.health import SpoolHealth
from spectacle.daemon.hooks import Hooks
from spectacle.daemon.housekeeping import Housekeeping
from spectacle.daemon.metrics import DaemonMetrics
from spectacle.daemon.notices import Notices
from spectacle.daemon.notify import notify
from spectacle.daemon.observing import Observing
from spectacle.daemon.pausing import Pausing
from spectacle.daemon.progress import Attempt
from spectacle.daemon.reporting import Reporting
from spectacle.daemon.request import unknown_kind
from spectacle.daemon.retaining import Retaining
from spectacle.daemon.scanner import Scanner
from spectacle.daemon.schedule import WorkerState
from spectacle.daemon.unfinished import Unfinished
from spectacle.daemon.user_limits import UserLimits
from spectacle.daemon.waiting_progress import WaitingProgress
from spectacle.errors import SpectacleError, SpoolUnavailable, UnknownKind, WorkerUnavailable
from spectacle.spool.claims import Claims, keep
from spectacle.spool.directory import Spool, unavailable
from spectacle.spool.instances import Instances, new_identity, ready_elsewhere
from spectacle.spool.lease import LeaseRecords
from spectacle.spool.mounts import advice_on
from spectacle.spool.reserve import Reserve
from spectacle.worker.contract import Model, WorkerBackend

log = structlog.get_logger()

MIN_TURN = 0.005
"""Minimum seconds from the beginning of one turn of the loop to the next, while requests wait anyway."""

MAX_WAIT_ONCE = 10.0
"""Seconds for which `run(once=True)` waits for a spool that cannot be used: a program may wait for its end."""

MIN_TURN_AT_REST = 0.001
"""The same while none waits, so that the next one would be begun immediately."""

MAX_TURN = 0.5
"""Seconds after which a turn of the loop puts off what is left of the work that comes in any number."""

MAX_WRITING = 300.0
"""Seconds for which a request that has settled is left to a process of this host that still has it open for writing."""

MANY_CHANGES = 10
"""Times in a row that a request is found changed after it had settled, after which that is told."""

MAX_FINISHING = 0.05
"""As `MAX_TURN`, for what others have left half done: clients can make any number of that, and nobody waits for it."""

T = TypeVar("T")


class Watcher:
    """One instance of the daemon on one spool: the `RequestSource` of its device threads.

    Args:
        settings: The settings; `reload` replaces them.
        workers: What runs jobs.
        clock: Monotonic seconds.
        system: Where system calls on the spool are made, `os` itself; tests put another one here.
        records: What this process's claims say, and which processes have ended; learnt from filelock by default.
        places: Where each worker runs; by default, they are the only ones of their devices.
    """

    def __init__(
        self,
        settings: Settings,
        workers: Sequence[WorkerBackend],
        clock: Callable[[], float] = time.monotonic,
        system: Any = os,
        records: LeaseRecords | None = None,
        places: Sequence[Place] | None = None,
    ) -> None:
        self.settings = settings
        self._clock = clock
        current = lambda: self.settings  # noqa: E731
        self._spool = Spool(settings.spool.path, system)
        identity = new_identity()
        self._claims = Claims(self._spool, settings.spool.lease_duration, clock, records)
        self._reserve = Reserve(self._spool, identity)
        self._instances = Instances(self._spool, identity, clock)
        self._notices = Notices()
        self._metrics = DaemonMetrics(current, clock)
        places = [Place(worker.device) for worker in workers] if places is None else places
        states = [
            WorkerState(
                number,
                place.on_gpu,
                place.measured_as,
                partial(_loaded, worker),
                partial(_is_running, worker),
                partial(_is_absent, worker),
                partial(_lacks, worker),
            )
            for number, (worker, place) in enumerate(zip(workers, places, strict=True))
        ]
        self._catalogue = Catalogue(self._spool, current, clock)
        self._assignments = Assignments(current, lambda: self._catalogue.runs_on, places)
        self._costs = MeasuredCosts(self._spool)
        self._backlog = Backlog(current, clock, states, self._assignments.of, self._costs)
        self._health = SpoolHealth(self._spool, clock)
        self._wake = threading.Event()
        self._pausing = Pausing(self._spool, self._backlog, self._notices, current, os.geteuid())
        self._limits = UserLimits(self._spool, self._backlog, self._instances, current, self._wake.set, clock)
        self._waiting_progress = WaitingProgress(
            self._spool, self._backlog, self._instances, self._pausing, self._limits.why, current, clock
        )
        self._hooks = Hooks(current, self._notices)
        self._attempts = Attempts(
            self._spool,
            self._claims,
            self._reserve,
            current,
            self._notices,
            self._limits,
            self._hooks.ended,
            self._metrics,
        )
        self._unfinished = Unfinished(self._spool, self._attempts, current)
        self._many = ManyResults()
        self._scanner = Scanner(self._spool, self._claims, self._backlog, self._many, current, self._wake.set, clock)
        self._housekeeping = Housekeeping(self._spool, self._claims, current)
        self._retaining = Retaining(self._spool, self._claims, current, clock)
        self._stopping = threading.Event()
        self._at_once = threading.Event()
        self._ended = threading.Event()
        self._reloaded = False
        self._once = False
        self._looked_at_running = clock()
        self._file_system = "unknown"
        self._devices = [
            DeviceThreads(worker, self, state, place)
            for worker, state, place in zip(workers, states, places, strict=True)
        ]
        self._observing = Observing(
            self._metrics, current, clock, self._spool, self._instances, self._health, self._backlog, self._devices
        )
        self._reporting = Reporting(
            self._instances,
            current,
            self._health,
            self._notices,
            self._catalogue,
            self._backlog,
            self._devices,
            self._pausing,
            self._limits,
            self._stopping.is_set,
        )

    # --- for the outside -------------------------------------------------------------------------------------------

    def run(self, *, once: bool = False) -> None:
        """Serve until `stop` is called, or with `once` until nothing is left to do. Blocks.

        Raises:
            SpoolUnavailable: With `once`, when the spool could not be used for `MAX_WAIT_ONCE` from the start.
        """
        self._once = once
        started = self._clock()
        given_up: str | None = None
        threading.Thread(
            target=keep,
            args=(self._claims, self._ended, self.settings.spool.lease_duration / 12),
            name="claim-keeper",
            daemon=True,
        ).start()
        for device in self._devices:
            device.start()
        ready = False
        try:
            while not self._stopping.is_set():
                began = self._clock()
                self._turn()
                self._observing.write_when_due()
                if not ready and self._health.reason is None:
                    ready = True
                    notify(READY=1, STATUS="watching")
                    log.info("watching", spool=str(self._spool.path), file_system=self._file_system)
                if once and self._nothing_left():
                    self.stop()
                elif once and not ready and self._clock() - started > MAX_WAIT_ONCE:
                    given_up = self._health.reason
                    self.stop()
                notify(WATCHDOG=1)
                self._wake.wait(self._until_next())
                # What happens in quick succession is handled in one turn, because a turn costs more than an event.
                least = MIN_TURN if self._backlog.ready else MIN_TURN_AT_REST
                self._stopping.wait(max(0.0, began + least - self._clock()))
                self._wake.clear()
            self._drain()
        finally:
            self._observing.write_last()
            self._ended.set()
            self._scanner.close()
            self._catalogue.close()
            self._reserve.drop()
            self._instances.leave()
            self._spool.close()
            self._observing.close()
        if given_up is not None:
            raise SpoolUnavailable(given_up)

    def stop(self, *, at_once: bool = False) -> None:
        """Stop serving: running jobs may finish within `drain_timeout`, or are released immediately."""
        if at_once:
            self._at_once.set()
        self._stopping.set()
        self._wake.set()
        self._backlog.wake_all()

    def reload(self, settings: Settings) -> None:
        """Use other settings from the next request on. The spool and the devices stay as they were."""
        self.settings = settings
        self._reloaded = True
        self._wake.set()

    def status(self) -> dict[str, Any]:
        """What this instance reports about itself, as JSON values."""
        return self._reporting.status()

    # --- for the device threads ------------------------------------------------------------------------------------

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping.is_set()

    def preloaded_by(self, state: WorkerState) -> Model | None:
        """What a worker is to load before its first request, if anything. As `RequestSource.preloaded_by` says."""
        kind = self.settings.kinds.get(self.settings.default_kind)
        if kind is None or not self.settings.workers.preload or not self._assignments.preloads(state.number):
            return None
        return kind.generator, kind.preset

    def take(self, state: WorkerState, timeout: float, begin: Callable[[Attempt], None]) -> TrackedRequest | None:
        """The next request, or None after `timeout` seconds without one. As `RequestSource.take` says."""
        return self._backlog.take(state, timeout, stopping=self._stopping.is_set, begin=begin)

    def companions(
        self, state: WorkerState, first: Attempt, most: int, begin: Callable[[Attempt], None]
    ) -> Sequence[TrackedRequest]:
        """Requests that may be run together with one that was taken. As `RequestSource.companions` says."""
        if first.model is None or self._stopping.is_set():
            return []
        elsewhere = 0
        with contextlib.suppress(OSError):
            elsewhere = ready_elsewhere(self._spool, self._instances.identity, *first.model)
        return self._backlog.companions(state, first.model, most, elsewhere, begin)

    def serve(self, tracked: TrackedRequest, worker: JobRunner) -> None:
        """Run a request that was taken, and see to what becomes of it."""
        attempt = tracked.attempt
        assert attempt is not None
        structlog.contextvars.bind_contextvars(stem=tracked.name.stem, device=str(worker.device))
        began = self._clock()
        try:
            if self._is_being_written(tracked):
                self._settle(tracked, AttemptResult.UNSETTLED)
                return
            stem = tracked.name.stem
            unfinished, many = stem in self._unfinished, stem in self._many
            result = self._attempts.run(attempt, tracked.status, worker, unfinished=unfinished, many=many)
            self._learn(attempt, result)
            self._observing.attempted(tracked, attempt, result)
            if result is AttemptResult.ANSWERED and attempt.many:
                self._many.add(stem)
            if result in (AttemptResult.ANSWERED, AttemptResult.REFUSED, AttemptResult.CANCELLED):
                seconds = round(self._clock() - began, 3)
                log.info(result.name.lower(), seconds=seconds, **({"facts": attempt.facts} if attempt.facts else {}))
            self._settle(tracked, result)
        except OSError as error:
            self._throw_back(tracked, error)
        except WorkerUnavailable as error:
            self._put_off(tracked, error.message)
        except Exception as error:
            # A bug of ours must cost neither the thread nor the request.
            log.exception("internal error while serving a request")
            self._put_off(tracked, f"internal error: {type(error).__name__}. Please report it with the log.")
        finally:
            structlog.contextvars.clear_contextvars()

    def _learn(self, attempt: Attempt, result: AttemptResult) -> None:
        """Take note of how long the parts of an attempt took, of a batch its share."""
        if attempt.model is None or attempt.started is None:
            return
        load = attempt.started - attempt.began if attempt.loads else None
        job = None
        if result is AttemptResult.ANSWERED and attempt.done is not None:
            job = (attempt.done - attempt.started) / attempt.batch
        self._metrics.generated(attempt.model[0], load, job)
        self._costs.measured(attempt.name, attempt.model, attempt.measured_as, Measured(load, job, attempt.steps))

    def _is_being_written(self, tracked: TrackedRequest) -> bool:
        """Whether a writer on this host that has paused still has the request open, for so long at most."""
        if self._backlog.on_network or tracked.closed == tracked.status.version:
            return False
        file_name = tracked.name.file_name
        if not (self._scanner.has_writer(file_name) or self._spool.is_being_written(file_name)):
            tracked.written_since = None
            return False
        now = self._clock()
        if tracked.written_since is None:
            tracked.written_since = now
        return now - tracked.written_since < MAX_WRITING

    # --- one turn of the loop --------------------------------------------------------------------------------------

    def _turn(self) -> None:
        now = self._clock()
        if self._reloaded:
            self._reloaded = False
            self._backlog.reclassify()
            self._catalogue.reconfigured()
            log.info("settings reloaded", kinds=sorted(self.settings.kinds))
        try:
            if self._health.seconds_to_resume():
                return
            if self._spool.open():
                self._move_in()
            if self._health.is_short:
                self._make_room()
            self._health.check_space(self.settings.spool.min_free)
            if self._health.reason is not None:
                self._spool.prepare_state_directory()
                self._health.check_writable()
                self._spool.decides()
                self._reserve.keep()
                self._resume()
            # Before requests are found, so that none of a paused kind is taken.
            if self._pausing.refresh(now):
                self._reporting.report()
            self._scanner.handle_events()
            if self._scanner.is_due(now):
                self._scan(now)
            self._act(now)
            self._finish_others(now)
            self._waiting_progress.tell_when_due(now)
            if self._retaining.work(now):
                self._wake.set()
            if self._catalogue.refresh(idle=self._is_idle()):
                # Where the generators of other packages run is known now.
                self._backlog.reclassify()
            self._costs.save(now)
            self._reporting.report_when_due(now)
        except SpoolUnavailable as error:
            self._pause(error.message, error)
        except OSError as error:
            self._pause(unavailable(self._spool.path, error).message, error)
        except Exception as error:
            log.exception("internal error, continuing")
            self._pause(f"internal error: {type(error).__name__}. Please report it with the log.")

    def _move_in(self) -> None:
        """Begin with a directory that is new, or has come back as another one.

        What runs is released first, whether or not this directory can be used: it may be below a mount point.
        """
        self._backlog.moved()
        self._scanner.watch()
        try:
            self._spool.prepare_state_directory()
        except SpoolUnavailable:
            self._spool.close()
            raise
        # Kept, because finding out may fail later.
        self._file_system = self._spool.file_system()
        self._backlog.on_network = self._spool.on_network
        advice = advice_on(self._file_system)
        told = [] if advice is None else [f"{self._file_system}: {advice.trouble}. Remedy: {advice.remedy}."]
        self._notices.replace("odd file system", told)
        self._notices.replace("sticky spool", [self._spool.sticky_told] if self._spool.sticky_told else [])
        self._scanner.forget()
        self._catalogue.moved_in()
        self._pausing.forget()
        self._retaining.forget()
        self._costs.read()
        self._health.doubt()

    def _make_room(self) -> None:
        """Remove what a spool that is short of space can do without: progress of waiting requests, stale files."""
        self._waiting_progress.remove_all()
        with contextlib.suppress(OSError):
            self._housekeeping.sweep()

    def _pause(self, reason: str, cause: BaseException | None = None) -> None:
        self._backlog.allow(False)
        self._health.pause(reason, cause)
        # Where the spool can still be written, as when only space is short, the status says why nothing happens.
        with contextlib.suppress(OSError):
            self._reporting.report()

    def _resume(self) -> None:
        if self._scanner.scans:
            log.info("the spool is back", spool=str(self._spool.path))
        self._health.resume()
        self._scanner.forget()
        self._backlog.allow(True)

    def _until_next(self) -> float:
        poll = self.settings.spool.poll_interval
        if (pause := self._health.seconds_to_resume()) is not None:
            return min(pause, poll)
        soonest = self._backlog.seconds_to_next(self._clock())
        return poll if soonest is None else max(0.001, min(soonest, poll))

    def _scan(self, now: float) -> None:
        with self._metrics.scanning():
            listing = self._scanner.scan()
        self._unfinished.found(listing.unfinished, now)
        self._notices.replace("not a request", listing.near_misses)
        self._limits.listed(listing.claimed)
        self._waiting_progress.listed(listing.claimed, listing.with_options)
        self._housekeeping.after_scan(listing, now)

    def _act(self, now: float) -> None:
        if now - self._looked_at_running >= self.settings.spool.poll_interval:
            self._looked_at_running = now
            running = [attempt for device in self._devices for attempt in device.runs]
            for tracked in (self._backlog.get(attempt.name.stem) for attempt in running):
                if tracked is not None:
                    self._scanner.look_at(tracked)
        unfinished, unserved = self._backlog.due(now)
        for tracked in unfinished:
            # Nobody reports what is written on another host.
            status = self._spool.look(tracked.name.file_name)
            if status is None:
                self._backlog.vanished(tracked)
            else:
                self._backlog.look_again(tracked, status)
        for tracked, error in self._as_time_allows(self._limits.refresh(now), self._clock()):
            if self._backlog.seize(tracked):
                self._refuse(tracked, error)
        if unserved:
            elsewhere = self._instances.served_elsewhere()
            for tracked in self._as_time_allows(unserved, now):
                self._refuse_unserved(tracked, elsewhere)

    def _as_time_allows(self, things: Sequence[T], since: float, most: float = MAX_TURN) -> Iterator[T]:
        """The things one by one; what would make this turn too long is left for the next."""
        for thing in things:
            if self._clock() - since > most:
                self._wake.set()
                return
            yield thing

    def _refuse_unserved(self, tracked: TrackedRequest, elsewhere: set[str]) -> None:
        kind = tracked.name.kind or self.settings.default_kind
        if kind in elsewhere:
            self._backlog.served_elsewhere(tracked)
            return
        served = sorted(elsewhere | self.settings.kinds.keys())
        self._refuse(tracked, UnknownKind(unknown_kind(tracked.name, self.settings, served)))

    def _refuse(self, tracked: TrackedRequest, error: SpectacleError) -> None:
        try:
            result = self._attempts.refuse(tracked.name, error, many=tracked.name.stem in self._many)
        except OSError as trouble:
            self._throw_back(tracked, trouble)
        else:
            self._settle(tracked, result)

    def _settle(self, tracked: TrackedRequest, result: AttemptResult) -> None:
        """See to what becomes of a request after an attempt."""
        self._reporting.count(result)
        self._metrics.attempted(result.name.lower())
        tracked.unsettled = tracked.unsettled + 1 if result is AttemptResult.UNSETTLED else 0
        if tracked.unsettled == MANY_CHANGES and tracked.written_since is None:
            self._notices.add(
                "unsettled request",
                f"{tracked.name.file_name}: its size, inode or time is another at each look. If nobody writes it, the "
                f"file system changes them by itself: run `spectacle doctor`.",
            )
        left = self._spool.peek(tracked.name.file_name)
        self._backlog.settle(tracked, result, left)
        if left is not None or self._once:
            # There is something to be planned, or perhaps nothing left at all.
            self._wake.set()

    def _throw_back(self, tracked: TrackedRequest, error: OSError) -> None:
        """Keep a request for later after the spool's trouble."""
        trouble = unavailable(self._spool.path, error)
        if self._health.concerns_whole_spool(error):
            self._backlog.throw_back(tracked)
            self._pause(trouble.message, error)
            self._wake.set()
        else:
            self._put_off(tracked, trouble.message)

    def _put_off(self, tracked: TrackedRequest, reason: str) -> None:
        """Keep a request for later, and say why in the log and the report."""
        delay = self._backlog.throw_back(tracked)
        if reason != tracked.told:
            log.error("could not serve a request", stem=tracked.name.stem, reason=reason, again_in=delay)
            tracked.told = reason
        self._health.errors.append(f"{tracked.name.stem}: {reason}")
        self._wake.set()

    def _finish_others(self, now: float) -> None:
        """Finish what is committed, or on its way out, while its owner is gone. A live owner's claim keeps us off."""
        for stem in self._as_time_allows(self._unfinished.due(now), self._clock(), MAX_FINISHING):
            tracked = self._backlog.get(stem)
            if tracked is None or tracked.attempt is None:
                self._unfinished.finish(stem, now, whole_spools=self._health.concerns_whole_spool)

    def _is_idle(self) -> bool:
        return not self._backlog.ready and not any(device.runs for device in self._devices)

    def _nothing_left(self) -> bool:
        if self._health.reason is not None or not self._scanner.scans or self._unfinished.are_left(self._clock()):
            return False
        if self._retaining.is_busy:
            return False
        others = any(True for _ in self._instances.live())
        return self._backlog.is_done(but_for_held=others)

    def _drain(self) -> None:
        """Let running jobs finish, then release what is left."""
        notify(STOPPING=1, STATUS="finishing running jobs")
        deadline = self._clock() + (0 if self._at_once.is_set() else self.settings.workers.drain_timeout)
        for device in self._devices:
            while device.is_alive() and device.runs and self._clock() < deadline and not self._at_once.is_set():
                device.join(0.1)
                notify(WATCHDOG=1)
        for device in self._devices:
            device.give_back()
        for device in self._devices:
            device.join(10)
        # What is held by a thread that hangs. Its request was not the reason, and is not to be charged for it.
        for claim in self._claims.held:
            self._claims.release(claim)
        self._waiting_progress.remove_all()
        # Each of them takes a bounded time.
        deadline = float("inf") if self._once else self._clock() + self.settings.hooks.timeout
        while not self._hooks.wait(0.5) and self._clock() < deadline and not self._at_once.is_set():
            notify(WATCHDOG=1)
        self._hooks.close()


def _loaded(worker: WorkerBackend) -> Sequence[Model]:
    return worker.loaded


def _is_running(worker: WorkerBackend) -> bool:
    return worker.is_running


def _is_absent(worker: WorkerBackend) -> bool:
    return worker.site.absent is not None


def _lacks(worker: WorkerBackend) -> Collection[Model]:
    return worker.site.lacks
