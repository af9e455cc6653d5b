"""The real daemon in a simulated process, and the worker that runs its jobs."""

from __future__ import annotations

import functools
import json
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import spectacle.daemon.scanner
import spectacle.spool.directory
import spectacle.watcher
from simulation.file_system import Inode
from simulation.plan import Plan
from simulation.primitives import Secrets, Threading, Time, in_place
from simulation.world import SPOOL, Process, World
from spectacle.config import Settings
from spectacle.daemon.devices import Place
from spectacle.daemon.events import FileEvent
from spectacle.errors import Cancelled, WorkerCrashed
from spectacle.generators.base import Device
from spectacle.spool.lease import LeaseRecords
from spectacle.watcher import Watcher
from spectacle.worker.contract import (
    HERE,
    Deferred,
    JobEnd,
    JobEvents,
    JobFailed,
    JobSpec,
    Model,
    Unwanted,
    still_wanted,
)

STEP = 0.3
"""Seconds between two steps of a job."""

START_TICKS = 7
"""When every process began: none gets the number of one before it."""


@functools.cache
def settings_of(poll: float, lease: float, settle: float, kinds: tuple[str, ...], keeps: float = 0.0) -> Settings:
    """The settings of a simulated daemon."""
    return Settings(
        spool={
            "path": SPOOL,
            "poll_interval": poll,
            "lease_duration": lease,
            "settle": settle,
            "empty_grace": 5,
            "orphan_grace": 4,
            "min_free": 0,
        },
        workers={"preload": False, "devices": ["cpu"]},
        retention={"age": keeps, "grace": 0} if keeps else {},
        kinds={name: {"generator": "simulated", "format": "svg" if name == "svg" else "png"} for name in kinds},
    )


@dataclass(slots=True)
class Run:
    """One job as a worker has run it.

    Attributes:
        stem: The request's stem.
        text: Its prompt.
        process: The daemon.
        began: When.
        end: `done`, `failed`, `crashed`, `cancelled`; empty while it runs, or when the daemon was killed.
    """

    stem: str
    text: str
    process: Process
    began: float
    end: str = ""


class Worker:
    """A `WorkerBackend` whose results say what they were made from. The words of the prompt say how a job goes."""

    device = Device()
    loaded: tuple[Model, ...] = ()
    is_running = False
    memory: Mapping[str, int] = {}
    pid: int | None = None
    not_before = 0.0
    site = HERE

    def __init__(self, world: World, process: Process, runs: list[Run], batch: int) -> None:
        self._world = world
        self._batch = batch
        self._process = process
        self._runs = runs

    def reconfigure(self, settings: Settings) -> None:
        pass

    def start(self, unwanted: Unwanted = still_wanted) -> None:
        pass

    def load(self, model: Model, unwanted: Unwanted = still_wanted) -> None:
        pass

    def interrupt(self) -> None:
        pass

    def kill(self) -> None:
        pass

    def batch_limit(self, model: Model) -> int:
        return self._batch

    def run_together(self, jobs: Sequence[tuple[JobSpec, JobEvents]], ended: JobEnd) -> None:
        """Run jobs step by step, one step of each in turn; a word says which of them are compatible."""
        self._world.batches += 1
        first = group_of(jobs[0][0])
        running: dict[int, tuple[Run, Iterator[None]]] = {}
        for number, (job, events) in enumerate(jobs):
            if group_of(job) == first:
                running[number] = self._begin(job, events)
            else:
                ended(number, Deferred("of another group"))
        while running:
            for number, (run, steps) in list(running.items()):
                try:
                    next(steps)
                except StopIteration:
                    run.end = "done"
                except Cancelled as error:
                    run.end = "cancelled"
                    ended(number, error)
                except JobFailed as error:
                    run.end = "failed"
                    ended(number, error)
                except WorkerCrashed:
                    for other, _ in running.values():
                        other.end = "crashed"
                    raise
                if run.end:
                    del running[number]
                if run.end == "done":
                    ended(number, None)
            self._world.scheduler.sleep(STEP)

    def _begin(self, job: JobSpec, events: JobEvents) -> tuple[Run, Iterator[None]]:
        run = Run(job.stem, job.prompt, self._process, self._world.scheduler.now)
        self._runs.append(run)
        self._world.opened(self._process, job.stem)
        return run, self._steps(job, events, run)

    def run(self, job: JobSpec, events: JobEvents) -> None:
        run, steps = self._begin(job, events)
        try:
            for _ in steps:
                self._world.scheduler.sleep(STEP)
            run.end = "done"
        except Cancelled:
            run.end = "cancelled"
            raise
        except WorkerCrashed:
            run.end = "crashed"
            raise
        except JobFailed:
            run.end = "failed"
            raise

    def _check_wanted(self, run: Run) -> None:
        """Take note when a request was changed or cancelled two polls ago, and its run was not stopped."""
        world, plan = self._world, self._world.plan
        if plan.stops or plan.faults or plan.traps:
            return
        changed = world.changed.get(run.stem, 0.0)
        if run.began < changed < world.scheduler.now - 2 * plan.poll - STEP:
            world.ran_on.append(f"{run.stem}: {run.text!r}, {world.scheduler.now - changed:.1f} s")

    def _steps(self, job: JobSpec, events: JobEvents, run: Run) -> Iterator[None]:
        """Carry a job out, giving way before each of its steps."""
        words = job.prompt.split()
        attached = {
            each.name.removeprefix(job.stem): self._process.system.pread(each.source, 1 << 16, 0).decode()
            for each in job.attachments
            if isinstance(each.source, int)
        }
        events.started("progress" in words, 1)
        steps = number_after("steps", words, 1)
        for step in range(steps):
            yield
            if (reason := events.unwanted()) is not None:
                raise Cancelled(reason)
            self._check_wanted(run)
            events.progress(step + 1, steps, "")
        if "fail" in words:
            raise JobFailed("generator-failed", "it was asked to fail", {})
        crashes = 99 if "crash" in words else number_after("crash", words, 0)
        if sum(each.text == run.text and each.end == "crashed" for each in self._runs) < crashes:
            raise WorkerCrashed("the worker was ended by SIGKILL")
        copies = number_after("copies", words, 1)
        for copy in range(copies, 0, -1):
            made = {"text": job.prompt, "copy": copy, "attached": attached, "run": self._runs.index(run)}
            content = json.dumps(made).encode()
            events.file(f"{'' if copy == 1 else f'-{copy}'}.{job.makes.extension}", content)
        events.done({})


def group_of(job: JobSpec) -> bool:
    """Jobs of which only one has this word are not compatible."""
    return "apart" in job.prompt.split()


def number_after(word: str, words: list[str], default: int) -> int:
    """The number right behind a word, as in `steps3`."""
    return next(
        (int(each[len(word) :]) for each in words if each[len(word) :].isdigit() and each.startswith(word)), default
    )


class _Events:
    """Stands in for `FileEvents`: what other processes of the host do is told at once."""

    def __init__(self, world: World, on_event: Callable[[str, FileEvent], None]) -> None:
        self._world = world
        self._tell = on_event
        self._process: Process = world.scheduler.current.process
        self._directory: Inode | None = None

    def has_writer(self, _file_name: str) -> bool:
        return False

    def watch(self, path: Path) -> None:
        self.stop()
        if self._world.plan.events:
            self._directory = self._process.host.mounted
            listening = self._directory, self._on_event
            self._process.listening.append(listening)
            self._process.host.listeners.append(listening)

    def stop(self) -> None:
        for each in self._process.listening:
            if each in self._process.host.listeners:
                self._process.host.listeners.remove(each)
        self._process.listening.clear()
        self._directory = None

    def _on_event(self, name: str, gone: bool) -> None:
        if name.endswith(".txt"):
            self._tell(name, FileEvent.GONE if gone else FileEvent.COMPLETE)

    @property
    def works(self) -> bool:
        return self._directory is not None or not self._world.plan.events


class _NoCatalogue:
    """Stands in for the catalogue, which would start a process."""

    def __init__(self, *_: object) -> None:
        self.kinds: dict[str, Any] = {}
        self.runs_on: dict[str, str] = {}

    def refresh(self, *, idle: bool) -> None:
        pass

    def moved_in(self) -> None:
        pass

    def reconfigured(self) -> None:
        pass

    def close(self) -> None:
        pass


def records_of(process: Process) -> LeaseRecords:
    """What the claims of a process say."""
    token = "0123456789abcdef"
    start = (process.host.boot << 64) | START_TICKS
    example = f"filelock/2\npid={process.pid}\nhost={process.host.name}\nstart={start}\nmode=lease\ntoken={token}\n"
    return LeaseRecords(
        example.encode(), token, 0o660, lambda pid: START_TICKS if pid in process.host.processes else None
    )


@contextmanager
def simulated(world: World, seed: int | str) -> Iterator[None]:
    """Have Spectacle's modules use simulated threads, clocks and processes for as long as the block runs."""
    scheduler = world.scheduler

    file_system = f"nfs{world.plan.network}" if world.plan.network else "ext4"
    if world.plan.network == 3:
        file_system = "nfs"
    with (
        in_place(threading=Threading(scheduler, world.spawn), time=Time(scheduler), secrets=Secrets(seed)),
        patch.object(spectacle.daemon.scanner, "FileEvents", lambda tell, **_: _Events(world, tell)),
        patch.object(spectacle.spool.directory, "file_system_of", lambda device, path: file_system),
        patch.object(spectacle.watcher, "Catalogue", _NoCatalogue),
    ):
        yield


class Daemons:
    """Starts daemons, and starts them again."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._plan: Plan = world.plan
        self.runs: list[Run] = []
        self.watchers: dict[Process, Watcher] = {}
        self._restarts: dict[Process, float] = {}
        world.on_kill = self._killed
        world.on_stop = self._stop
        world.has_events_of = self._have_events_of
        world.on_kinds = self._drop_svg

    def start(self, number: int, kinds: tuple[str, ...] | None = None) -> None:
        """Start the daemon of that number."""
        plan, world = self._plan, self._world
        mine = plan.daemons[number]
        process = Process(world, f"d{number}", world.hosts[mine.host])
        process.is_daemon = True
        settings = settings_of(plan.poll, plan.lease, plan.settle, kinds or mine.kinds, plan.keeps)

        def serve() -> None:
            workers = [Worker(world, process, self.runs, mine.batch) for _ in range(mine.workers)]
            places = [Place(Device(), number + 1) for number in range(mine.workers)]
            watcher = Watcher(
                settings, workers, world.scheduler.monotonic, process.system, records_of(process), places=places
            )
            self.watchers[process] = watcher
            try:
                watcher.run()
            except Exception:
                world.faults.append(traceback.format_exc())
            # It was stopped.
            self._killed(process, self._restarts.pop(process, 0.0))
            process.end()

        world.spawn(process, "watcher", serve)

    def _killed(self, process: Process, restart: float) -> None:
        self._world.tell(f"{process.name} has ended, restart {restart}")
        self.watchers.pop(process, None)
        if restart >= 0:
            self._world.later(restart, lambda: self.start(int(process.name[1:])))

    def _stop(self, process: Process, restart: float) -> None:
        watcher = self.watchers.get(process)
        if watcher is not None:
            self._restarts[process] = restart
            watcher.stop(at_once=restart != 1.0)

    def _drop_svg(self, process: Process) -> None:
        watcher = self.watchers.get(process)
        if watcher is not None:
            kinds = tuple(kind for kind in watcher.settings.kinds if kind != "svg")
            watcher.reload(settings_of(self._plan.poll, self._plan.lease, self._plan.settle, kinds, self._plan.keeps))

    def _have_events_of(self, name: str) -> bool:
        scanners = [watcher._scanner for watcher in self.watchers.values()]
        return any(name == each for scanner in scanners for each, *_ in scanner._pending)

    def ensure_one(self) -> None:
        """Start a daemon when there is none."""
        if not self.watchers and not self._world.busy:
            self.start(0)

    @property
    def busy(self) -> bool:
        """Whether any daemon runs a job."""
        return any(device.runs for watcher in self.watchers.values() for device in watcher._devices)
