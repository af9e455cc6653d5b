"""The daemon's loop: notice requests, choose the next one, and hand it to a worker."""

from __future__ import annotations

import contextlib
import errno
import heapq
import stat
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import count
from typing import Any, TypeVar

import structlog

import spectacle
from spectacle.claims import Claims, keep, this_host
from spectacle.config import Settings
from spectacle.doorbell import Doorbell, Ring
from spectacle.errors import SpoolUnavailable, UnknownKind
from spectacle.generators.base import Device
from spectacle.instances import Instances, new_identity
from spectacle.jobs import Jobs, Run, Verdict, unknown_kind
from spectacle.naming import RequestName, stem_of_commit
from spectacle.notify import notify
from spectacle.reserve import Reserve
from spectacle.schedule import Schedule, Waiting
from spectacle.slots import Slot
from spectacle.spool import Look, Spool, unavailable
from spectacle.sweep import sweep
from spectacle.workers import Model

log = structlog.get_logger()

SETTLE_LOCAL, SETTLE_NETWORK = 1.0, 4.0
COARSEST_TIMES = 2.5
"""Seconds after which a directory whose time stands still has no change hidden by coarse time stamps (FAT has 2 s)."""

FULL_SCAN = 30.0
"""Seconds after which a local directory is scanned although its time stands still."""

SCAN_SHARE, LONGEST_PAUSE = 50, 10.0
"""A scan is followed by a pause of this many times the processor time it took, up to so many seconds."""

LEAST_TURN = 0.005
"""Least seconds from the beginning of one turn of the loop to the next."""

FIRST_BACKOFF, LONGEST_BACKOFF = 1.0, 30.0
SWEEP_INTERVAL = 3600.0
LONGEST_TURN = 0.5
"""Seconds after which a turn of the loop puts off what is left of the work that comes in any number."""

T = TypeVar("T")
WHOLE_SPOOL = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ESTALE, errno.ENODEV, errno.ENOTCONN, errno.ETIMEDOUT}
    | {errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOTDIR}
)
"""Error numbers after which nothing is claimed until the spool has proved that it can be written again."""


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
        # Guards everything below; waited on by the slots.
        self._change = threading.Condition()
        self._known: dict[str, Known] = {}
        self._timers: list[tuple[float, int, Known]] = []
        self._ticket = count()
        self._schedule = Schedule(settings.spool.affinity_window, clock)
        self._unserved: set[Known] = set()
        self._commits: dict[str, float] = {}
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
        self._on_network = False
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
        with self._change:
            self._change.notify_all()

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
        deadline = self._clock() + timeout
        with self._change:
            while not self._stopping.is_set():
                if self._paused is None and (waiting := self._schedule.take(slot.worker.loaded)) is not None:
                    known = self._known[waiting.name.stem]
                    known.state = State.RUNNING
                    # Told to the slot under the lock, so that a stop never misses a job that is about to begin.
                    slot.current = known.run = Run(known.name)
                    return known
                left = deadline - self._clock()
                if left <= 0:
                    return None
                self._change.wait(left)
        return None

    def attempt(self, known: Known, slot: Slot) -> None:
        """Run a request that was taken, and see to what becomes of it."""
        assert known.run is not None
        structlog.contextvars.bind_contextvars(stem=known.name.stem, device=str(slot.worker.device))
        began = self._clock()
        try:
            verdict = self._jobs.attempt(known.run, known.look, slot.worker)
            if verdict in (Verdict.ANSWERED, Verdict.REFUSED, Verdict.CANCELLED):
                log.info(verdict.name.lower(), seconds=round(self._clock() - began, 3))
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
        self._on_network = self._spool.on_network
        self._directory = _Directory()
        with self._change:
            for known in list(self._known.values()):
                if known.state is not State.RUNNING:
                    self._forget(known)

    def _check_space(self) -> None:
        free, least = self._spool.free_bytes(), self.settings.spool.min_free
        # Some more than the least is wanted before going on, so as not to stop and go.
        if free < least or (self._paused is not None and free < least * 1.1):
            raise SpoolUnavailable(
                f"only {free // 2**20} MiB are free in {self._spool.path}, less than spool.min_free = "
                f"{least // 2**20} MiB: free some space"
            )

    def _pause(self, reason: str) -> None:
        with self._change:
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
        with self._change:
            if self._scans:
                log.info("the spool is back", spool=str(self._spool.path))
            self._paused = None
            self._backoff = FIRST_BACKOFF
            self._directory = _Directory()
            self._change.notify_all()

    def _until_next(self) -> float:
        now = self._clock()
        with self._change:
            if self._paused is not None:
                return max(0.0, min(self._resume_at - now, self.settings.spool.poll_interval))
            soonest = self._timers[0][0] - now if self._timers else self.settings.spool.poll_interval
        return max(0.001, min(soonest, self.settings.spool.poll_interval))

    # --- noticing --------------------------------------------------------------------------------------------------

    def _on_ring(self, file_name: str, what: Ring) -> None:
        self._rings.append((file_name, what))
        self._wake.set()

    def _hear(self) -> None:
        while self._rings:
            file_name, what = self._rings.popleft()
            known = self._known.get(file_name.removesuffix(".txt"))
            if what is Ring.GONE:
                if known is not None and self._spool.look(file_name) is None:
                    self._vanished(known)
            elif known is not None:
                self._rewritten(known)
            elif (name := RequestName.parse(file_name)) is not None:
                self._notice(name, complete=True)

    def _notice(self, name: RequestName, *, complete: bool) -> None:
        look = self._spool.peek(name.file_name)
        if look is None:
            return
        now = self._clock()
        with self._change:
            known = self._known[name.stem] = Known(name, look, now, now, rung=look.version if complete else None)
            self._plan(known, now + self._patience(known, complete=complete))

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
        # Looked at ever more rarely, for there may be many.
        pause = max(waited, self._settle, self.settings.spool.poll_interval)
        return max(0.0, min(pause, self.settings.spool.empty_grace - waited))

    def _is_unfinished(self, known: Known, now: float) -> bool:
        return known.unfinished is not None and now - known.unfinished < self.settings.spool.empty_grace

    def _look_again(self, known: Known) -> None:
        """See whether the writer of a request has gone on; nobody tells of what is written on another host."""
        look = self._spool.look(known.name.file_name)
        if look is None:
            self._vanished(known)
            return
        with self._change:
            known.look = look
            self._plan(known, self._clock() + self._patience(known, complete=False))

    @property
    def _settle(self) -> float:
        configured = self.settings.spool.settle
        if configured is not None:
            return configured
        return SETTLE_NETWORK if self._on_network else SETTLE_LOCAL

    def _rewritten(self, known: Known) -> None:
        look = self._spool.peek(known.name.file_name)
        if look is None:
            return
        with self._change:
            known.rung = look.version
            if known.state is State.RUNNING:
                if look.version != known.look.version and known.run is not None:
                    known.run.end("changed")
                return
            known.look = look
            if known.state is State.WAITING and not known.held and not known.failures:
                self._plan(known, self._clock() + self._patience(known, complete=True))

    def _vanished(self, known: Known) -> None:
        with self._change:
            if known.run is not None:
                known.run.end("cancelled")
            else:
                self._forget(known)

    def _scan_is_due(self, now: float) -> bool:
        directory = self._directory
        pause = min(SCAN_SHARE * directory.took, LONGEST_PAUSE)
        if now - directory.scanned_at < max(self.settings.spool.poll_interval * 0.9, pause):
            return False
        changed_ns = self._spool.changed_ns()
        if changed_ns != directory.changed_ns:
            directory.changed_ns, directory.changed_at = changed_ns, now
        return (
            self._on_network
            or now - directory.changed_at < COARSEST_TIMES
            or directory.scanned_at - directory.changed_at < COARSEST_TIMES
            or now - directory.scanned_at >= FULL_SCAN
        )

    def _scan(self, now: float) -> None:
        # Not the time on the clock: a server that was away for a minute is no reason to stay away for an hour.
        began = time.thread_time()
        names = self._spool.names()
        if not self._doorbell.works and not self._on_network:
            self._doorbell.hang(self._spool.path)
        commits = {}
        present = set()
        for file_name in names:
            if file_name.endswith(".txt"):
                stem = file_name[:-4]
                if stem in self._known:
                    present.add(stem)
                elif (name := RequestName.parse(file_name)) is not None:
                    present.add(stem)
                    self._notice(name, complete=False)
            elif (committed := stem_of_commit(file_name)) is not None:
                commits[committed] = self._commits.get(committed, now)
        self._commits = commits
        with self._change:
            missing = [known for stem, known in self._known.items() if stem not in present]
        for known in missing:
            if self._spool.look(known.name.file_name) is None:
                self._vanished(known)
        self._claims.forget(lambda stem: stem in present or stem in commits)
        self._directory.scanned_at = self._clock()
        self._directory.took = time.thread_time() - began
        self._scans += 1
        if now - self._swept > SWEEP_INTERVAL:
            self._swept = now
            self._sweep(names)

    # --- acting ----------------------------------------------------------------------------------------------------

    def _plan(self, known: Known, due: float) -> None:
        """Do something about a request at a time. Called with the lock held."""
        known.state = State.WAITING
        known.due = due
        self._schedule.remove(known.name.stem)
        self._unserved.discard(known)
        if due <= self._clock():
            self._make_ready(known)
        else:
            heapq.heappush(self._timers, (due, next(self._ticket), known))

    def _act(self, now: float) -> None:
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
            unserved = [known for known in self._unserved if known.due <= now]
        for known in unfinished:
            self._look_again(known)
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

    def _make_ready(self, known: Known) -> None:
        model = self._model(known.name)
        if model is None:
            known.state = State.UNSERVED
            known.due = max(known.since + self.settings.spool.orphan_grace, self._clock())
            self._unserved.add(known)
            return
        known.state = State.READY
        self._schedule.add(Waiting(known.name, model, known.look.mtime_ns))
        self._change.notify()

    def _model(self, name: RequestName) -> Model | None:
        kind = self.settings.kinds.get(name.kind or self.settings.default_kind)
        return None if kind is None else (kind.generator, kind.preset)

    def _refuse_unserved(self, known: Known, elsewhere: set[str]) -> None:
        kind = known.name.kind or self.settings.default_kind
        if kind in elsewhere:
            known.due = self._clock() + self.settings.spool.orphan_grace
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
        with self._change:
            self._schedule.affinity_window = self.settings.spool.affinity_window
            for known in list(self._known.values()):
                if known.state in (State.READY, State.UNSERVED):
                    self._plan(known, self._clock())
            for slot in self._slots:
                slot.worker.settings = self.settings
        log.info("settings reloaded", kinds=sorted(self.settings.kinds))

    def _settle_verdict(self, known: Known, verdict: Verdict) -> None:
        """See to what becomes of a request after an attempt."""
        self._done[verdict.name.lower()] += 1
        look = self._spool.peek(known.name.file_name)
        poll = self.settings.spool.poll_interval
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
                self._plan(known, now + poll)
            elif verdict is Verdict.UNSETTLED:
                self._plan(known, now + max(self._settle, self._patience(known, complete=False)))
            elif verdict is Verdict.AGAIN and not changed:
                self._plan(known, now)
            else:
                # Somebody has written another request of that name meanwhile.
                self._plan(known, now + self._patience(known, complete=look.version == known.rung))
        self._wake.set()

    def _throw_back(self, known: Known, error: OSError) -> None:
        """Keep a request for later after the spool's trouble."""
        trouble = unavailable(self._spool.path, error)
        with self._change:
            known.run = None
            known.failures += 1
            delay = min(FIRST_BACKOFF * 2 ** (known.failures - 1), LONGEST_BACKOFF)
            self._plan(known, self._clock() + delay)
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

    def _forget(self, known: Known) -> None:
        self._schedule.remove(known.name.stem)
        self._unserved.discard(known)
        if self._known.get(known.name.stem) is known:
            del self._known[known.name.stem]

    def _finish_commits(self, now: float) -> None:
        """Roll forward what stands committed while its owner is gone. A live owner's claim keeps us off."""
        for stem, since in self._as_time_allows(list(self._commits.items()), now):
            known = self._known.get(stem)
            if now - since < self.settings.spool.poll_interval or (known is not None and known.run is not None):
                continue
            name = RequestName.parse(f"{stem}.txt")
            assert name is not None
            try:
                finished = self._jobs.finish(name)
            except OSError as error:
                if self._is_whole_spools(error):
                    raise
                self._commits[stem] = now + LONGEST_BACKOFF
                log.error("could not finish another's answer", stem=stem, reason=error.strerror)
                continue
            except Exception:
                self._commits[stem] = now + LONGEST_BACKOFF
                log.exception("could not finish another's answer, which is a fault in Spectacle", stem=stem)
                continue
            if finished:
                log.info("finished another's answer", stem=stem)
                del self._commits[stem]

    # --- housekeeping ----------------------------------------------------------------------------------------------

    def _housekeeping(self, now: float) -> None:
        busy = any(slot.current is not None for slot in self._slots)
        # Once more after the last job, so that nobody takes it for running until the next report that is due.
        interval = 1.0 if busy or self._reported_busy else self._report_interval
        if now - self._reported >= interval:
            self._reported, self._reported_busy = now, busy
            self._instances.report(self.status())
            running = sum(slot.current is not None for slot in self._slots)
            notify(STATUS=f"{len(self._schedule)} waiting, {running} running, {self._done['answered']} answered")

    @property
    def _report_interval(self) -> float:
        return self.settings.spool.lease_duration / 3

    def status(self) -> dict[str, Any]:
        """What this instance tells of itself, as JSON values."""
        with self._change:
            queue = Counter(
                known.name.kind or self.settings.default_kind for known in self._known.values() if not known.run
            )
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
                "queue": dict(queue),
                "done": dict(self._done),
                "errors": list(self._errors),
            }

    def _sweep(self, names: Sequence[str]) -> None:
        self._spool.prepare_house()
        sweep(self._spool, self._claims, self.settings.spool.lease_duration, names, self._spool.now_ns())

    def _nothing_left(self) -> bool:
        if self._paused is not None or not self._scans or self._commits:
            return False
        others = any(True for _ in self._instances.live())
        with self._change:
            return all(known.held and others for known in self._known.values())

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
