"""The daemon's loop: notice requests, choose the next one, and hand it to a worker."""

from __future__ import annotations

import contextlib
import errno
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog

import spectacle
from spectacle.backlog import FIRST_BACKOFF, LONGEST_BACKOFF, Backlog, Known
from spectacle.claims import Claims, keep, this_host
from spectacle.config import Settings
from spectacle.doorbell import Doorbell, Ring
from spectacle.errors import SpoolUnavailable, UnknownKind
from spectacle.generators.base import Device
from spectacle.instances import Instances, new_identity
from spectacle.jobs import Jobs, Verdict, unknown_kind
from spectacle.naming import RequestName, stem_of_commit
from spectacle.notify import notify
from spectacle.reserve import Reserve
from spectacle.slots import Slot
from spectacle.spool import Spool, unavailable
from spectacle.standing import StandingCommits
from spectacle.sweep import StrayClaims, sweep

log = structlog.get_logger()

COARSEST_TIMES = 2.5
"""Seconds after which a directory whose time stands still has no change hidden by coarse time stamps (FAT has 2 s)."""

FULL_SCAN = 30.0
"""Seconds after which a local directory is scanned although its time stands still."""

SCAN_SHARE, LONGEST_PAUSE = 50, 10.0
"""A scan is followed by a pause of this many times the processor time it took, up to so many seconds."""

LEAST_TURN = 0.005
"""Least seconds from the beginning of one turn of the loop to the next."""

MOST_KINDS_TOLD = 100
"""Most kinds whose waiting requests a report counts, for clients may ask for any number of kinds."""

SWEEP_INTERVAL = 3600.0
LONGEST_TURN = 0.5
"""Seconds after which a turn of the loop puts off what is left of the work that comes in any number."""

T = TypeVar("T")
WHOLE_SPOOL = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ESTALE, errno.ENODEV, errno.ENOTCONN, errno.ETIMEDOUT}
    | {errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOTDIR}
)
"""Error numbers after which nothing is claimed until the spool has proved that it can be written again."""


@dataclass(slots=True)
class _Directory:
    """What is remembered of the directory to tell whether a scan is due."""

    changed_ns: int = -1
    changed_at: float = field(default=float("-inf"))
    scanned_at: float = field(default=float("-inf"))
    took: float = 0.0


class Watcher:
    """One instance of the daemon on one spool.

    Args:
        settings: The settings; `reload` replaces them.
        devices: Where to run generators, one worker each.
        clock: Monotonic seconds.
    """

    def __init__(
        self, settings: Settings, devices: Sequence[Device], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._spool = Spool(settings.spool.path)
        self._identity = new_identity()
        self._claims = Claims(self._spool, settings.spool.lease_duration, clock)
        self._reserve = Reserve(self._spool, self._identity)
        self._instances = Instances(self._spool, self._identity, clock)
        self._jobs = Jobs(self._spool, self._claims, self._reserve, lambda: self.settings)
        self._doorbell = Doorbell(self._on_ring)
        self._rings: deque[tuple[str, Ring]] = deque()
        self._wake = threading.Event()
        self._backlog = Backlog(lambda: self.settings, clock)
        # Guards why nothing is taken, which slots may find out as well as the loop.
        self._pausing = threading.Lock()
        self._strays = StrayClaims(self._claims)
        self._standing = StandingCommits(self._jobs, lambda: self.settings)
        self._paused: str | None = f"the spool {settings.spool.path} has not been opened yet"
        self._resume_at = 0.0
        self._backoff = FIRST_BACKOFF
        self._directory = _Directory()
        self._stopping = threading.Event()
        self._at_once = threading.Event()
        self._ended = threading.Event()
        self._reloaded = False
        self._started = time.time()
        self._reported = self._swept = float("-inf")
        self._errors: deque[str] = deque(maxlen=10)
        self._done: Counter[str] = Counter()
        self._reported_busy = False
        self._scans = 0
        self._slots = [Slot(device, self) for device in devices]

    # --- for the outside -------------------------------------------------------------------------------------------

    def run(self, *, once: bool = False) -> None:
        """Serve until `stop` is called, or with `once` until nothing is left to do. Blocks."""
        keeper = threading.Thread(
            target=keep,
            args=(self._claims, self._spool, self._ended, self.settings.spool.lease_duration / 12),
            name="claim-keeper",
            daemon=True,
        )
        keeper.start()
        for slot in self._slots:
            slot.start()
        ready = False
        try:
            while not self._stopping.is_set():
                began = self._clock()
                self._turn()
                if not ready and self._paused is None:
                    ready = True
                    notify(READY=1, STATUS="watching")
                    log.info("watching", spool=str(self._spool.path), file_system=self._spool.file_system())
                if once and self._nothing_left():
                    self.stop()
                notify(WATCHDOG=1)
                self._wake.wait(self._until_next())
                # What rings in quick succession is heard in one turn, for a turn costs more than an event.
                self._stopping.wait(max(0.0, began + LEAST_TURN - self._clock()))
                self._wake.clear()
            self._drain()
        finally:
            self._ended.set()
            self._doorbell.take_down()
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

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping.is_set()

    # --- for the slots ---------------------------------------------------------------------------------------------

    def take(self, slot: Slot, timeout: float) -> Known | None:
        """The next request for a slot, or None after `timeout` seconds without one."""
        return self._backlog.take(slot.worker.loaded, timeout, stopping=self._stopping.is_set, begin=slot.begin)

    def attempt(self, known: Known, slot: Slot) -> None:
        """Run a request that was taken, and see to what becomes of it."""
        assert known.run is not None
        structlog.contextvars.bind_contextvars(stem=known.name.stem, device=str(slot.worker.device))
        began = self._clock()
        try:
            verdict = self._jobs.attempt(known.run, known.look, slot.worker)
            if verdict in (Verdict.ANSWERED, Verdict.REFUSED, Verdict.CANCELLED):
                seconds = round(self._clock() - began, 3)
                log.info(
                    verdict.name.lower(), seconds=seconds, **({"facts": known.run.facts} if known.run.facts else {})
                )
            self._settle_verdict(known, verdict)
        except OSError as error:
            self._throw_back(known, error)
        except Exception as error:
            # A fault of ours must cost neither the slot nor the request.
            log.exception("could not serve a request, which is a fault in Spectacle")
            self._throw_back(known, OSError(0, f"fault in Spectacle: {type(error).__name__}"))
        finally:
            structlog.contextvars.clear_contextvars()

    # --- one turn of the loop --------------------------------------------------------------------------------------

    def _turn(self) -> None:
        now = self._clock()
        if self._reloaded:
            self._reloaded = False
            self._reclassify()
        try:
            if self._paused is not None and now < self._resume_at:
                return
            if self._spool.open():
                self._move_in()
            self._check_space()
            if self._paused is not None:
                self._spool.prepare_house()
                self._spool.writable()
                self._reserve.keep()
            self._unpause()
            self._hear()
            if self._scan_is_due(now):
                self._scan(now)
            self._act(now)
            self._finish_commits(now)
            self._housekeeping(now)
        except SpoolUnavailable as error:
            self._pause(error.message)
        except OSError as error:
            self._pause(unavailable(self._spool.path, error).message)
        except Exception as error:
            log.exception("fault in Spectacle, going on")
            self._pause(f"fault in Spectacle: {type(error).__name__}: please report it with the log")

    def _move_in(self) -> None:
        """Begin with a directory that is new, or has come back as another one."""
        self._doorbell.hang(self._spool.path)
        try:
            self._spool.prepare_house()
        except SpoolUnavailable:
            self._spool.close()
            raise
        self._backlog.on_network = self._spool.on_network
        self._directory = _Directory()
        self._backlog.forget_waiting()

    def _check_space(self) -> None:
        free, least = self._spool.free_bytes(), self.settings.spool.min_free
        # Some more than the least is wanted before going on, so as not to stop and go.
        if free < least or (self._paused is not None and free < least * 1.1):
            raise SpoolUnavailable(
                f"only {free // 2**20} MiB are free in {self._spool.path}, less than spool.min_free = "
                f"{least // 2**20} MiB: free some space"
            )

    def _pause(self, reason: str) -> None:
        self._backlog.allow(False)
        with self._pausing:
            if self._paused != reason:
                log.error("waiting for the spool", reason=reason)
                self._errors.append(reason)
            self._paused = reason
            self._resume_at = self._clock() + self._backoff
            self._backoff = min(2 * self._backoff, LONGEST_BACKOFF)
        # Where the spool can still be written, as when only space is short, the status says why nothing happens.
        with contextlib.suppress(OSError):
            self._instances.report(self.status())

    def _unpause(self) -> None:
        if self._paused is None:
            return
        if self._scans:
            log.info("the spool is back", spool=str(self._spool.path))
        with self._pausing:
            self._paused = None
            self._backoff = FIRST_BACKOFF
        self._directory = _Directory()
        self._backlog.allow(True)

    def _until_next(self) -> float:
        now = self._clock()
        poll = self.settings.spool.poll_interval
        if self._paused is not None:
            return max(0.0, min(self._resume_at - now, poll))
        soonest = self._backlog.seconds_to_next(now)
        return poll if soonest is None else max(0.001, min(soonest, poll))

    # --- noticing --------------------------------------------------------------------------------------------------

    def _on_ring(self, file_name: str, what: Ring) -> None:
        self._rings.append((file_name, what))
        self._wake.set()

    def _hear(self) -> None:
        while self._rings:
            file_name, what = self._rings.popleft()
            known = self._backlog.get(file_name.removesuffix(".txt"))
            if what is Ring.GONE:
                if known is not None and self._spool.look(file_name) is None:
                    self._backlog.vanished(known)
            elif known is not None:
                if (look := self._spool.peek(file_name)) is not None:
                    self._backlog.rewritten(known, look)
            elif (name := RequestName.parse(file_name)) is not None:
                self._notice(name, complete=True)

    def _notice(self, name: RequestName, *, complete: bool) -> None:
        look = self._spool.peek(name.file_name)
        if look is not None:
            self._backlog.add(name, look, complete=complete)

    def _notice_claimed(self, name: RequestName) -> None:
        """Notice a request that was claimed before.

        Where the claim's holder has ended on this host it had found the request complete. What has not been written
        since, by the file server's own clock, for as long as requests settle, need not settle once more.
        """
        look = self._spool.look(name.file_name)
        if look is not None:
            stood = (self._spool.now_ns() - look.mtime_ns) / 1e9 if self._claims.is_orphan(name) else 0.0
            self._backlog.add(name, look, complete=False, stood=max(0.0, stood))

    def _scan_is_due(self, now: float) -> bool:
        directory = self._directory
        pause = min(SCAN_SHARE * directory.took, LONGEST_PAUSE)
        if now - directory.scanned_at < max(self.settings.spool.poll_interval * 0.9, pause):
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

    def _scan(self, now: float) -> None:
        # Not the time on the clock: a server that was away for a minute is no reason to stay away for an hour.
        began = time.thread_time()
        if self._backlog.on_network and self._may_hide_changes(now):
            self._spool.forget_names()
        names = self._spool.names()
        if not self._doorbell.works and not self._backlog.on_network:
            self._doorbell.hang(self._spool.path)
        present, claimed, committed = set(), set(), set()
        found = []
        for file_name in names:
            if file_name.endswith(".txt"):
                stem = file_name[:-4]
                if stem in self._backlog:
                    present.add(stem)
                elif (name := RequestName.parse(file_name)) is not None:
                    present.add(stem)
                    found.append(name)
            elif file_name.endswith(".lock"):
                claimed.add(file_name[:-5])
            elif (stem_committed := stem_of_commit(file_name)) is not None:
                committed.add(stem_committed)
        self._standing.found(committed, now)
        for name in found:
            if name.stem in claimed:
                self._notice_claimed(name)
            else:
                self._notice(name, complete=False)
        for known in self._backlog.missing(present):
            if self._spool.look(known.name.file_name) is None:
                self._backlog.vanished(known)
        self._claims.forget(lambda stem: stem in present or stem in committed or stem in claimed)
        self._strays.found(claimed - present - committed)
        self._directory.scanned_at = self._clock()
        self._directory.took = time.thread_time() - began
        self._scans += 1
        if now - self._swept > SWEEP_INTERVAL:
            self._swept = now
            self._sweep(names)

    # --- acting ----------------------------------------------------------------------------------------------------

    def _act(self, now: float) -> None:
        unfinished, unserved = self._backlog.due(now)
        for known in unfinished:
            # Nobody tells of what is written on another host.
            look = self._spool.look(known.name.file_name)
            if look is None:
                self._backlog.vanished(known)
            else:
                self._backlog.look_again(known, look)
        if unserved:
            elsewhere = self._instances.served_elsewhere()
            for known in self._as_time_allows(unserved, now):
                self._refuse_unserved(known, elsewhere)

    def _as_time_allows(self, things: Sequence[T], since: float) -> Iterator[T]:
        """The things one by one; what would make this turn too long is left for the next."""
        for thing in things:
            if self._clock() - since > LONGEST_TURN:
                self._wake.set()
                return
            yield thing

    def _refuse_unserved(self, known: Known, elsewhere: set[str]) -> None:
        kind = known.name.kind or self.settings.default_kind
        if kind in elsewhere:
            self._backlog.served_elsewhere(known)
            return
        served = sorted(elsewhere | self.settings.kinds.keys())
        try:
            verdict = self._jobs.refuse(known.name, UnknownKind(unknown_kind(known.name, self.settings, served)))
        except OSError as error:
            self._throw_back(known, error)
        else:
            self._settle_verdict(known, verdict)

    def _reclassify(self) -> None:
        """Sort the waiting requests anew after the kinds have changed."""
        self._backlog.reclassify()
        for slot in self._slots:
            slot.worker.settings = self.settings
        log.info("settings reloaded", kinds=sorted(self.settings.kinds))

    def _settle_verdict(self, known: Known, verdict: Verdict) -> None:
        """See to what becomes of a request after an attempt."""
        self._done[verdict.name.lower()] += 1
        self._backlog.settle(known, verdict, self._spool.peek(known.name.file_name))
        self._wake.set()

    def _throw_back(self, known: Known, error: OSError) -> None:
        """Keep a request for later after the spool's trouble."""
        trouble = unavailable(self._spool.path, error)
        delay = self._backlog.throw_back(known)
        if self._is_whole_spools(error):
            self._pause(trouble.message)
        else:
            log.error("could not serve a request", stem=known.name.stem, reason=trouble.message, again_in=delay)
            self._errors.append(f"{known.name.stem}: {trouble.message}")
        self._wake.set()

    def _is_whole_spools(self, error: OSError) -> bool:
        """Whether an error concerns the whole spool, not just one name in it."""
        if error.errno not in (errno.EACCES, errno.EPERM):
            return error.errno in WHOLE_SPOOL
        try:
            self._spool.writable()
        except SpoolUnavailable:
            return True
        return False

    def _finish_commits(self, now: float) -> None:
        """Roll forward what stands committed while its owner is gone. A live owner's claim keeps us off."""
        for stem in self._as_time_allows(self._standing.due(now), now):
            known = self._backlog.get(stem)
            if known is None or known.run is None:
                self._standing.finish(stem, now, whole_spools=self._is_whole_spools)

    # --- housekeeping ----------------------------------------------------------------------------------------------

    def _housekeeping(self, now: float) -> None:
        busy = any(slot.current is not None for slot in self._slots)
        # Once more after the last job, so that nobody takes it for running until the next report that is due.
        interval = 1.0 if busy or self._reported_busy else self._report_interval
        if now - self._reported >= interval:
            self._reported, self._reported_busy = now, busy
            self._instances.report(self.status())
            running = sum(slot.current is not None for slot in self._slots)
            notify(STATUS=f"{self._backlog.ready} waiting, {running} running, {self._done['answered']} answered")

    @property
    def _report_interval(self) -> float:
        return self.settings.spool.lease_duration / 3

    def status(self) -> dict[str, Any]:
        """What this instance tells of itself, as JSON values."""
        return {
            "instance": self._identity,
            "host": this_host(),
            "version": spectacle.__version__,
            "started": self._started,
            "interval": self._report_interval,
            "state": "stopping" if self.stopping else "waiting" if self._paused else "serving",
            "reason": self._paused,
            "kinds": sorted(self.settings.kinds),
            "devices": [slot.status() for slot in self._slots],
            "queue": dict(self._backlog.waiting_by_kind().most_common(MOST_KINDS_TOLD)),
            "done": dict(self._done),
            "errors": list(self._errors),
        }

    def _sweep(self, names: Sequence[str]) -> None:
        self._spool.prepare_house()
        sweep(self._spool, self._claims, self.settings.spool.lease_duration, names, self._spool.now_ns())

    def _nothing_left(self) -> bool:
        if self._paused is not None or not self._scans or self._standing:
            return False
        others = any(True for _ in self._instances.live())
        return self._backlog.is_done(but_for_held=others)

    def _drain(self) -> None:
        """Let running jobs finish, then give back what is left."""
        notify(STOPPING=1, STATUS="finishing running jobs")
        deadline = self._clock() + (0 if self._at_once.is_set() else self.settings.workers.drain_timeout)
        for slot in self._slots:
            while (
                slot.is_alive() and slot.current is not None and self._clock() < deadline and not self._at_once.is_set()
            ):
                slot.join(0.1)
                notify(WATCHDOG=1)
        for slot in self._slots:
            slot.give_back()
        for slot in self._slots:
            slot.join(10)
