"""The daemon's loop: notice requests, choose the next one, hand it to a worker, tidy up."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, TypeVar

import structlog

from spectacle.config import Settings
from spectacle.daemon.attempt import AttemptResult, Attempts
from spectacle.daemon.backlog import Backlog, TrackedRequest
from spectacle.daemon.catalogue import Catalogue
from spectacle.daemon.device_thread import DeviceThread
from spectacle.daemon.health import SpoolHealth
from spectacle.daemon.housekeeping import Housekeeping
from spectacle.daemon.notify import notify
from spectacle.daemon.pending_commits import PendingCommits
from spectacle.daemon.progress import Attempt
from spectacle.daemon.reporting import Reporting
from spectacle.daemon.request import unknown_kind
from spectacle.daemon.scanner import Scanner
from spectacle.errors import SpoolUnavailable, UnknownKind
from spectacle.spool.claims import Claims, keep
from spectacle.spool.directory import Spool, unavailable
from spectacle.spool.instances import Instances, new_identity
from spectacle.spool.reserve import Reserve
from spectacle.worker.contract import Model, WorkerBackend

log = structlog.get_logger()

MIN_TURN = 0.005
"""Least seconds from the beginning of one turn of the loop to the next."""

MAX_TURN = 0.5
"""Seconds after which a turn of the loop puts off what is left of the work that comes in any number."""

T = TypeVar("T")


class Watcher:
    """One instance of the daemon on one spool: the `RequestSource` of its device threads.

    Args:
        settings: The settings; `reload` replaces them.
        workers: What runs jobs, one for each device.
        clock: Monotonic seconds.
    """

    def __init__(
        self, settings: Settings, workers: Sequence[WorkerBackend], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.settings = settings
        self._clock = clock
        current = lambda: self.settings  # noqa: E731
        self._spool = Spool(settings.spool.path)
        identity = new_identity()
        self._claims = Claims(self._spool, settings.spool.lease_duration, clock)
        self._reserve = Reserve(self._spool, identity)
        self._instances = Instances(self._spool, identity, clock)
        self._attempts = Attempts(self._spool, self._claims, self._reserve, current)
        self._backlog = Backlog(current, clock)
        self._health = SpoolHealth(self._spool, clock)
        self._catalogue = Catalogue(self._spool, current, clock)
        self._pending_commits = PendingCommits(self._attempts, current)
        self._wake = threading.Event()
        self._scanner = Scanner(self._spool, self._claims, self._backlog, current, self._wake.set, clock)
        self._housekeeping = Housekeeping(self._spool, self._claims, current)
        self._stopping = threading.Event()
        self._at_once = threading.Event()
        self._ended = threading.Event()
        self._reloaded = False
        self._threads = [DeviceThread(worker, self) for worker in workers]
        self._reporting = Reporting(
            self._instances, current, self._health, self._catalogue, self._backlog, self._threads, self._stopping.is_set
        )

    # --- for the outside -------------------------------------------------------------------------------------------

    def run(self, *, once: bool = False) -> None:
        """Serve until `stop` is called, or with `once` until nothing is left to do. Blocks."""
        threading.Thread(
            target=keep,
            args=(self._claims, self._spool, self._ended, self.settings.spool.lease_duration / 12),
            name="claim-keeper",
            daemon=True,
        ).start()
        for thread in self._threads:
            thread.start()
        ready = False
        try:
            while not self._stopping.is_set():
                began = self._clock()
                self._turn()
                if not ready and self._health.reason is None:
                    ready = True
                    notify(READY=1, STATUS="watching")
                    log.info("watching", spool=str(self._spool.path), file_system=self._spool.file_system())
                if once and self._nothing_left():
                    self.stop()
                notify(WATCHDOG=1)
                self._wake.wait(self._until_next())
                # What happens in quick succession is handled in one turn, for a turn costs more than an event.
                self._stopping.wait(max(0.0, began + MIN_TURN - self._clock()))
                self._wake.clear()
            self._drain()
        finally:
            self._ended.set()
            self._scanner.close()
            self._catalogue.close()
            self._reserve.drop()
            self._instances.leave()
            self._spool.close()

    def stop(self, *, at_once: bool = False) -> None:
        """Stop serving: running jobs may finish within `drain_timeout`, or are given back at once."""
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
        """What this instance tells of itself, as JSON values."""
        return self._reporting.status()

    # --- for the device threads ------------------------------------------------------------------------------------

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping.is_set()

    def take(
        self, loaded: Collection[Model], timeout: float, begin: Callable[[Attempt], None]
    ) -> TrackedRequest | None:
        """The next request, or None after `timeout` seconds without one. As `RequestSource.take` says."""
        return self._backlog.take(loaded, timeout, stopping=self._stopping.is_set, begin=begin)

    def serve(self, tracked: TrackedRequest, worker: WorkerBackend) -> None:
        """Run a request that was taken, and see to what becomes of it."""
        attempt = tracked.attempt
        assert attempt is not None
        structlog.contextvars.bind_contextvars(stem=tracked.name.stem, device=str(worker.device))
        began = self._clock()
        try:
            result = self._attempts.run(attempt, tracked.status, worker)
            if result in (AttemptResult.ANSWERED, AttemptResult.REFUSED, AttemptResult.CANCELLED):
                seconds = round(self._clock() - began, 3)
                log.info(result.name.lower(), seconds=seconds, **({"facts": attempt.facts} if attempt.facts else {}))
            self._settle(tracked, result)
        except OSError as error:
            self._throw_back(tracked, error)
        except Exception as error:
            # A fault of ours must cost neither the thread nor the request.
            log.exception("could not serve a request, which is a fault in Spectacle")
            self._throw_back(tracked, OSError(0, f"fault in Spectacle: {type(error).__name__}"))
        finally:
            structlog.contextvars.clear_contextvars()

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
            self._health.check_space(self.settings.spool.min_free)
            if self._health.reason is not None:
                self._spool.prepare_state_directory()
                self._spool.writable()
                self._reserve.keep()
                self._resume()
            self._scanner.handle_events()
            if self._scanner.is_due(now):
                self._scan(now)
            self._act(now)
            self._finish_commits(now)
            self._catalogue.refresh(idle=self._is_idle())
            self._reporting.report_when_due(now)
        except SpoolUnavailable as error:
            self._pause(error.message)
        except OSError as error:
            self._pause(unavailable(self._spool.path, error).message)
        except Exception as error:
            log.exception("fault in Spectacle, going on")
            self._pause(f"fault in Spectacle: {type(error).__name__}: please report it with the log")

    def _move_in(self) -> None:
        """Begin with a directory that is new, or has come back as another one."""
        self._scanner.watch()
        try:
            self._spool.prepare_state_directory()
        except SpoolUnavailable:
            self._spool.close()
            raise
        self._backlog.on_network = self._spool.on_network
        self._scanner.forget()
        self._catalogue.moved_in()
        self._backlog.forget_waiting()

    def _pause(self, reason: str) -> None:
        self._backlog.allow(False)
        self._health.pause(reason)
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
        listing = self._scanner.scan()
        self._pending_commits.found(listing.committed, now)
        self._housekeeping.after_scan(listing, now)

    def _act(self, now: float) -> None:
        unfinished, unserved = self._backlog.due(now)
        for tracked in unfinished:
            # Nobody tells of what is written on another host.
            status = self._spool.look(tracked.name.file_name)
            if status is None:
                self._backlog.vanished(tracked)
            else:
                self._backlog.look_again(tracked, status)
        if unserved:
            elsewhere = self._instances.served_elsewhere()
            for tracked in self._as_time_allows(unserved, now):
                self._refuse_unserved(tracked, elsewhere)

    def _as_time_allows(self, things: Sequence[T], since: float) -> Iterator[T]:
        """The things one by one; what would make this turn too long is left for the next."""
        for thing in things:
            if self._clock() - since > MAX_TURN:
                self._wake.set()
                return
            yield thing

    def _refuse_unserved(self, tracked: TrackedRequest, elsewhere: set[str]) -> None:
        kind = tracked.name.kind or self.settings.default_kind
        if kind in elsewhere:
            self._backlog.served_elsewhere(tracked)
            return
        served = sorted(elsewhere | self.settings.kinds.keys())
        error = UnknownKind(unknown_kind(tracked.name, self.settings, served))
        try:
            result = self._attempts.refuse(tracked.name, error)
        except OSError as trouble:
            self._throw_back(tracked, trouble)
        else:
            self._settle(tracked, result)

    def _settle(self, tracked: TrackedRequest, result: AttemptResult) -> None:
        """See to what becomes of a request after an attempt."""
        self._reporting.count(result)
        self._backlog.settle(tracked, result, self._spool.peek(tracked.name.file_name))
        self._wake.set()

    def _throw_back(self, tracked: TrackedRequest, error: OSError) -> None:
        """Keep a request for later after the spool's trouble."""
        trouble = unavailable(self._spool.path, error)
        delay = self._backlog.throw_back(tracked)
        if self._health.concerns_whole_spool(error):
            self._pause(trouble.message)
        else:
            log.error("could not serve a request", stem=tracked.name.stem, reason=trouble.message, again_in=delay)
            self._health.errors.append(f"{tracked.name.stem}: {trouble.message}")
        self._wake.set()

    def _finish_commits(self, now: float) -> None:
        """Roll forward what is committed while its owner is gone. A live owner's claim keeps us off."""
        for stem in self._as_time_allows(self._pending_commits.due(now), now):
            tracked = self._backlog.get(stem)
            if tracked is None or tracked.attempt is None:
                self._pending_commits.finish(stem, now, whole_spools=self._health.concerns_whole_spool)

    def _is_idle(self) -> bool:
        return not self._backlog.ready and all(thread.current is None for thread in self._threads)

    def _nothing_left(self) -> bool:
        if self._health.reason is not None or not self._scanner.scans or self._pending_commits:
            return False
        others = any(True for _ in self._instances.live())
        return self._backlog.is_done(but_for_held=others)

    def _drain(self) -> None:
        """Let running jobs finish, then give back what is left."""
        notify(STOPPING=1, STATUS="finishing running jobs")
        deadline = self._clock() + (0 if self._at_once.is_set() else self.settings.workers.drain_timeout)
        for thread in self._threads:
            while (
                thread.is_alive()
                and thread.current is not None
                and self._clock() < deadline
                and not self._at_once.is_set()
            ):
                thread.join(0.1)
                notify(WATCHDOG=1)
        for thread in self._threads:
            thread.give_back()
        for thread in self._threads:
            thread.join(10)
