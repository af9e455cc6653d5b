"""What back ends have in common that run jobs in a worker process: feeding it, timing it out and replacing it."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from spectacle.config import Settings
from spectacle.errors import Cancelled, DeviceLost, OutOfMemory, WorkerCrashed, WorkerTimeout
from spectacle.generators.base import Device
from spectacle.worker.channel import Channel, Disconnected, Message
from spectacle.worker.contract import (
    HERE,
    Deferred,
    JobEnd,
    JobEvents,
    JobFailed,
    JobSpec,
    Model,
    Site,
    Unwanted,
    still_wanted,
)
from spectacle.worker.messages import Op, ProcessSettings, job_to_json

log = structlog.get_logger()

POLL_SECONDS = 0.1
"""How often a running job is checked for cancellation and time limits."""

STARTUP_SECONDS = 120.0
"""Maximum time in which a worker process imports what it needs; a cold disk and a large library can take a minute."""

MIN_CRASH_BACKOFF, MAX_CRASH_BACKOFF = 1.0, 60.0
"""Seconds until a process is started again after the second crash in a row, and the most it gets to, doubling."""


class WorkerProcess(Protocol):
    """A process at the other end of a channel."""

    @property
    def pid(self) -> int | None:
        """Its number on its host, if that is known."""
        ...

    def is_alive(self) -> bool:
        """Whether it has not ended, as far as that is known."""
        ...

    def kill(self) -> None:
        """End it immediately; nothing happens when it has ended. May be called by any thread."""
        ...

    def wait(self) -> str:
        """Wait for its end, after its channel was closed at the other end or `kill` was called.

        Returns:
            How it ended, such as `by SIGKILL`.
        """
        ...


class ChannelWorker(ABC):
    """A `WorkerBackend` that serves a worker process over a channel; where the process is, subclasses decide.

    Args:
        device: Where generators run.
        settings: The daemon's settings.
    """

    def __init__(self, device: Device, settings: Settings) -> None:
        self.device = device
        self.loaded: tuple[Model, ...] = ()
        self.memory: Mapping[str, int] = {}
        self._batch_limits: dict[Model, int] = {}
        self._short_of_memory = False
        self._paused_until = 0.0
        self._settings = settings
        self._limits = settings.limits
        self._wanted = self._process_settings(settings)
        self._started_with = self._wanted
        self._process: WorkerProcess | None = None
        self._channel: Channel | None = None
        self._backoff = 0.0

    @abstractmethod
    def _spawn(self, settings: ProcessSettings) -> tuple[WorkerProcess, Channel]:
        """Start a process that gets these settings.

        Raises:
            WorkerUnavailable: When it cannot be started now.
        """

    def _process_settings(self, settings: Settings) -> ProcessSettings:
        """What a process is to be started with."""
        return ProcessSettings.of(self.device, settings)

    @property
    def site(self) -> Site:
        """As `WorkerBackend.site` says."""
        return HERE

    @property
    def not_before(self) -> float:
        """As `WorkerBackend.not_before` says."""
        return self._paused_until

    @property
    def is_running(self) -> bool:
        """Whether there is a process."""
        return self._process is not None

    @property
    def pid(self) -> int | None:
        """Process number of the running process, or None."""
        process = self._process
        return None if process is None else process.pid

    def reconfigure(self, settings: Settings) -> None:
        """Use other settings from the next job on.

        Time limits change without further ado. What a process is started with (`[weights]`, `[placement]` and the
        limits of the SVG rasterizer) takes a new process, which replaces the running one when it is next used.
        """
        if settings is not self._settings:
            self._settings = settings
            self._limits = settings.limits
            self._wanted = self._process_settings(settings)

    def start(self, unwanted: Unwanted = still_wanted) -> None:
        """Start the process if none runs with the settings as they are now, and wait until it is ready.

        Raises:
            WorkerUnavailable: When the system does not let it be started.
            WorkerCrashed: When it ends instead.
            WorkerTimeout: When it takes longer than `STARTUP_SECONDS`.
            Cancelled: When it became unwanted meanwhile; the process is ended.
        """
        if self._process is not None and self._process.is_alive():
            if self._started_with is self._wanted or self._started_with == self._wanted:
                return
            log.info("restarting the worker with new settings", device=str(self.device))
            self.kill()
        self._discard()
        self._started_with = self._wanted
        self._process, self._channel = self._spawn(self._wanted)
        self._await(Op.READY, STARTUP_SECONDS, "start", unwanted)

    def load(self, model: Model, unwanted: Unwanted = still_wanted) -> None:
        """Have a model loaded. As `WorkerBackend.load` says.

        A process that becomes unwanted is ended, for loading cannot be interrupted.
        """
        self.start(unwanted)
        if model in self.loaded:
            self.loaded = (*(each for each in self.loaded if each != model), model)
            return
        self._send({"op": Op.LOAD, "model": model})
        self._await(Op.LOADED, self._limits.load, "load", unwanted)

    def run(self, job: JobSpec, events: JobEvents) -> None:
        """Run one job. As `WorkerBackend.run` says.

        A process that had not enough memory, or whose job takes too long or does not stop when told to, is killed.
        """
        ends: list[Exception | None] = []
        self.run_together([(job, events)], lambda _, error: ends.append(error))
        for error in filter(None, ends):
            raise error

    def batch_limit(self, model: Model) -> int:
        """As `WorkerBackend.batch_limit` says."""
        return self._batch_limits.get(model, 1)

    def run_together(self, jobs: Sequence[tuple[JobSpec, JobEvents]], ended: JobEnd) -> None:
        """Run several jobs. As `WorkerBackend.run_together` says.

        A job that does not stop when told to ends by itself while others run. The process is killed as by `run`, when
        it makes no progress with any job, or when all that are left do not stop.
        """
        running = {number: _RunningJob(events) for number, (_, events) in enumerate(jobs)}

        def unwanted() -> str | None:
            reasons = [each.unwanted() for each in running.values()]
            return reasons[0] if all(reasons) else None

        self.load(jobs[0][0].model, unwanted)
        for job, _ in jobs:
            with ExitStack() as stack:
                descriptors = [stack.enter_context(each.opened()) for each in job.attachments]
                self._send({"op": Op.RUN, "spec": job_to_json(job), "jobs": len(jobs)}, descriptors)
        self._attend(running, ended, several=len(jobs) > 1)
        self._backoff = 0.0

    def _attend(self, running: dict[int, _RunningJob], ended: JobEnd, *, several: bool) -> None:
        """Pass on what the running jobs report, until all have ended; hold them to their limits."""
        limits = self._limits
        began = last_sign = time.monotonic()
        silenced = 0
        while running:
            message = self._receive(POLL_SECONDS)
            now = time.monotonic()
            if message is not None:
                last_sign = now
                silenced -= self._pass_on(message, running, ended)
            wanted = [each for each in running.values() if each.stopping is None]
            if wanted and now - last_sign > limits.step:
                self.kill()
                raise WorkerTimeout(f"no progress for {limits.step:g} s, so the worker was ended", phase="step")
            if wanted and now - began > limits.job:
                self.kill()
                raise _took_too_long(limits.job, several)
            for number, job in list(running.items()):
                if job.stopping is None and (reason := job.unwanted()) is not None:
                    job.stopping, job.why = now, reason
                    self._send({"op": Op.CANCEL, "job": number})
                elif job.stopping is not None and now - job.stopping > limits.cancel:
                    if not wanted:
                        self.kill()
                        raise Cancelled(job.why)
                    del running[number]
                    silenced += 1
                    ended(number, Cancelled(job.why))
        if silenced or self._short_of_memory:
            # What a library has leaked is released with its process; the model is unloaded by now anyway.
            self.kill()

    def _pass_on(self, message: Message, running: dict[int, _RunningJob], ended: JobEnd) -> bool:
        """Pass a message on. Returns True at the end of a job of which nobody wants to hear any more."""
        head = message.head
        number: Any = head.get("job")
        if head["op"] == Op.FAILED and number is None:
            raise self._failed_altogether(head)
        job = running.get(number)
        if job is None:
            return head["op"] in (Op.DONE, Op.FAILED)
        match head["op"]:
            case Op.STARTED:
                job.events.started(head["progress"], head["seed"])
            case Op.PROGRESS:
                job.events.progress(head["step"], head["steps"], head["note"])
            case Op.FILE:
                job.events.file(head["suffix"], message.body)
            case Op.DONE:
                job.events.done(head["facts"])
                del running[number]
                ended(number, None)
            case Op.FAILED:
                del running[number]
                ended(number, self._failed(head))
        return False

    def _failed_altogether(self, head: Mapping[str, Any]) -> Exception:
        error = self._failed(head)
        if self._short_of_memory:
            self.kill()
        return error

    def _failed(self, head: Mapping[str, Any]) -> Exception:
        if head["frames"]:
            log.error("generator failed", code=head["code"], frames=head["frames"])
        if head["code"] == Cancelled.code:
            return Cancelled(head["message"])
        if head["code"] == Deferred.code:
            return Deferred(head["message"])
        if head["code"] == DeviceLost.code:
            self.kill()
            self._back_off()
            return DeviceLost(head["message"])
        if head["code"] == OutOfMemory.code:
            self._short_of_memory = True
        return JobFailed(head["code"], head["message"], head["details"])

    def _await(self, wanted: Op, limit: float, phase: str, unwanted: Unwanted) -> None:
        deadline = time.monotonic() + limit
        while True:
            message = self._receive(POLL_SECONDS)
            if message is not None and message.head["op"] == Op.FAILED:
                raise self._failed_altogether(message.head)
            if message is not None and message.head["op"] == wanted:
                return
            if (reason := unwanted()) is not None:
                self.kill()
                raise Cancelled(reason)
            if time.monotonic() > deadline:
                self.kill()
                raise WorkerTimeout(
                    f"the {phase} phase was not done after {limit:g} s, so the worker was ended", phase=phase
                )

    def _send(self, head: dict[str, Any], descriptors: Sequence[int] = ()) -> None:
        assert self._channel is not None
        try:
            self._channel.send(head, descriptors=descriptors)
        except Disconnected:
            raise self._crashed() from None

    def _receive(self, timeout: float) -> Message | None:
        assert self._channel is not None
        try:
            message = self._channel.receive(timeout)
        except Disconnected:
            raise self._crashed() from None
        if message is not None:
            self._heard(message.head)
        return message

    def _heard(self, head: Mapping[str, Any]) -> None:
        """Take note of what any message may say."""
        self.memory = head.get("memory", self.memory)
        if "models" in head:
            self.loaded = tuple((name, preset) for name, preset in head["models"])
            self._batch_limits = dict(zip(self.loaded, head["batch_limits"], strict=True))

    def _crashed(self) -> WorkerCrashed:
        process = self._process
        how = "already" if process is None else process.wait()
        self._discard()
        self._back_off()
        return WorkerCrashed(f"the worker process ended {how}")

    def _back_off(self) -> None:
        self._paused_until = time.monotonic() + self._backoff
        self._backoff = min(max(MIN_CRASH_BACKOFF, 2 * self._backoff), MAX_CRASH_BACKOFF)

    def interrupt(self) -> None:
        """End the process from another thread; the one that uses the worker finds it crashed."""
        process = self._process
        if process is not None:
            process.kill()

    def kill(self) -> None:
        """End the process immediately and free everything it holds."""
        if self._process is not None:
            log.debug("ending worker", device=str(self.device))
            self._process.kill()
            self._process.wait()
        self._discard()

    def _discard(self) -> None:
        if self._channel is not None:
            self._channel.close()
        self._process = self._channel = None
        self.loaded = ()
        self.memory = {}
        self._batch_limits = {}
        self._short_of_memory = False


@dataclass(slots=True)
class _RunningJob:
    """A job that runs.

    Attributes:
        events: Who hears of it.
        stopping: Monotonic time at which it was told to stop, because of `why`.
    """

    events: JobEvents
    stopping: float | None = None
    why: str = ""

    def unwanted(self) -> str | None:
        return self.events.unwanted()


def _took_too_long(limit: float, several: bool) -> WorkerTimeout:
    if several:
        # Which of them takes so long is found out when they run one by one.
        return WorkerTimeout(f"the batch was not done after {limit:g} s, so the worker was ended", phase="batch")
    return WorkerTimeout(
        f"the job was not done after {limit:g} s. Request a smaller image or fewer steps.", phase="job"
    )
