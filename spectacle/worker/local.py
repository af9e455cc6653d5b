"""The back end that runs jobs in a process of this host: starting, feeding, timing out and replacing it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import structlog

from spectacle.config import Settings
from spectacle.errors import Cancelled, DeviceLost, OutOfMemory, WorkerCrashed, WorkerTimeout
from spectacle.generators.base import Device
from spectacle.processes import module_command, module_environment
from spectacle.worker.channel import Channel, Disconnected, Message
from spectacle.worker.contract import JobEvents, JobFailed, JobSpec, Model, Unwanted, still_wanted
from spectacle.worker.messages import Op, ProcessSettings, job_to_json

log = structlog.get_logger()

POLL_SECONDS = 0.1
"""How often a running job is checked for cancellation and time limits."""

STARTUP_SECONDS = 120.0
"""Longest a worker process may take to import what it needs; a cold disk and a large library can take a minute."""

WORKER_ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DIFFUSERS_DISABLE_REMOTE_CODE": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "PYTORCH_ALLOC_CONF": "expandable_segments:True",
}
"""Set before a worker imports any library: nothing is downloaded or sent, and GPU memory does not fragment."""

MIN_CRASH_BACKOFF, MAX_CRASH_BACKOFF = 1.0, 60.0
"""Seconds until a process is started again after the second crash in a row, and the most it gets to, doubling."""


class LocalWorker:
    """A `WorkerBackend`: one worker process of this host and its replacements.

    Args:
        device: Where generators run.
        settings: The daemon's settings.
    """

    def __init__(self, device: Device, settings: Settings) -> None:
        self.device = device
        self.loaded: tuple[Model, ...] = ()
        self.not_before = 0.0
        self._settings = settings
        self._limits = settings.limits
        self._wanted = ProcessSettings.of(device, settings)
        self._started_with = self._wanted
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None
        self._backoff = 0.0
        self._last_sign = 0.0

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
        limits of the SVG rasteriser) takes a new process, which replaces the running one when it is next used.
        """
        if settings is not self._settings:
            self._settings = settings
            self._limits = settings.limits
            self._wanted = ProcessSettings.of(self.device, settings)

    def start(self, unwanted: Unwanted = still_wanted) -> None:
        """Start the process if none runs with the settings as they are now, and wait until it is ready.

        Raises:
            WorkerCrashed: When it ends instead.
            WorkerTimeout: When it takes longer than `STARTUP_SECONDS`.
            Cancelled: When it became unwanted meanwhile; the process is ended.
        """
        if self._process is not None and self._process.poll() is None:
            if self._started_with is self._wanted or self._started_with == self._wanted:
                return
            log.info("restarting the worker with other settings", device=str(self.device))
            self.kill()
        self._discard()
        ours, theirs = socket.socketpair()
        self._channel = Channel(ours)
        self._started_with = self._wanted
        wanted = json.dumps(self._wanted.to_json())
        command = module_command("spectacle.worker.process", str(theirs.fileno()), str(os.getpid()), wanted)
        with theirs:
            try:
                # In a process group of its own, for Ctrl-C is meant for the daemon, which lets the running job finish.
                self._process = subprocess.Popen(
                    command,
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    process_group=0,
                    env={**module_environment(), **WORKER_ENVIRONMENT},
                )
            except OSError:
                self._discard()
                raise
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
        self.load(job.model, events.unwanted)
        with ExitStack() as stack:
            descriptors = [stack.enter_context(each.opened()) for each in job.attachments]
            self._send({"op": Op.RUN, "job": job_to_json(job)}, descriptors)
        self._attend(events)
        self._backoff = 0.0

    def _attend(self, events: JobEvents) -> None:
        """Pass on what the running job reports, until it is done; hold it to its limits."""
        limits = self._limits
        began = self._last_sign = time.monotonic()
        stopping: float | None = None
        why = ""
        while True:
            message = self._receive(POLL_SECONDS)
            now = time.monotonic()
            if message is None:
                if stopping is None and now - self._last_sign > limits.step:
                    self.kill()
                    raise WorkerTimeout(f"no progress for {limits.step:g} s: the worker was ended", phase="step")
            elif self._pass_on(message, events):
                return
            if stopping is None and now - began > limits.job:
                self.kill()
                raise WorkerTimeout(
                    f"not done after {limits.job:g} s: ask for a smaller picture or fewer steps", phase="job"
                )
            if stopping is None and (reason := events.unwanted()) is not None:
                stopping, why = now, reason
                self._send({"op": Op.CANCEL})
            elif stopping is not None and now - stopping > limits.cancel:
                self.kill()
                raise Cancelled(why)

    def _pass_on(self, message: Message, events: JobEvents) -> bool:
        """Pass a message on. Returns True at the job's end."""
        self._last_sign = time.monotonic()
        head = message.head
        match head["op"]:
            case Op.STARTED:
                events.started(head["progress"], head["seed"])
            case Op.PROGRESS:
                events.progress(head["step"], head["steps"], head["note"])
            case Op.FILE:
                events.file(head["suffix"], message.body)
            case Op.DONE:
                events.done(head["facts"])
                return True
            case Op.FAILED:
                self._raise_failed(head)
        return False

    def _raise_failed(self, head: Mapping[str, Any]) -> None:
        if head["frames"]:
            log.error("generator failed", code=head["code"], frames=head["frames"])
        if head["code"] == Cancelled.code:
            raise Cancelled(head["message"])
        if head["code"] == DeviceLost.code:
            self.kill()
            self._back_off()
            raise DeviceLost(head["message"])
        if head["code"] == OutOfMemory.code:
            # What a library has leaked is given back with its process; the model is unloaded by now anyway.
            self.kill()
        raise JobFailed(head["code"], head["message"], head["details"])

    def _await(self, wanted: Op, limit: float, phase: str, unwanted: Unwanted) -> None:
        deadline = time.monotonic() + limit
        while True:
            message = self._receive(POLL_SECONDS)
            if message is not None and message.head["op"] == Op.FAILED:
                self._raise_failed(message.head)
            if message is not None and message.head["op"] == wanted:
                return
            if (reason := unwanted()) is not None:
                self.kill()
                raise Cancelled(reason)
            if time.monotonic() > deadline:
                self.kill()
                raise WorkerTimeout(f"not done with its {phase} after {limit:g} s: the worker was ended", phase=phase)

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
        if message is not None and "models" in message.head:
            self.loaded = tuple((name, preset) for name, preset in message.head["models"])
        return message

    def _crashed(self) -> WorkerCrashed:
        process = self._process
        status = self._end(process) if process is not None else None
        self._discard()
        self._back_off()
        how = f"by {signal.Signals(-status).name}" if status is not None and status < 0 else f"with status {status}"
        return WorkerCrashed(f"the worker process ended {how}")

    def _back_off(self) -> None:
        self.not_before = time.monotonic() + self._backoff
        self._backoff = min(max(MIN_CRASH_BACKOFF, 2 * self._backoff), MAX_CRASH_BACKOFF)

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> int:
        try:
            return process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def interrupt(self) -> None:
        """End the process from another thread; the one that uses the worker finds it crashed."""
        process = self._process
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()

    def kill(self) -> None:
        """End the process at once and free everything it holds."""
        if self._process is not None:
            log.debug("ending worker", device=str(self.device))
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            self._process.wait()
        self._discard()

    def _discard(self) -> None:
        if self._channel is not None:
            self._channel.close()
        self._process = self._channel = None
        self.loaded = ()
