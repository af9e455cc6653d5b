"""Starting, feeding, timing out and replacing worker processes, seen from the daemon."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from spectacle.config import Settings
from spectacle.errors import Cancelled, DeviceLost, OutOfMemory, SpectacleError, WorkerCrashed, WorkerTimeout
from spectacle.generators.base import Device
from spectacle.worker.channel import Channel, Disconnected, Message

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

FIRST_BACKOFF, LONGEST_BACKOFF = 1.0, 60.0

Model = tuple[str, str | None]
"""A generator's name and its preset: what is loaded together."""


class JobFailed(SpectacleError):
    """Raised when the worker answers that the job cannot be done; its code is the worker's."""

    def __init__(self, code: str, message: str, details: Mapping[str, Any]) -> None:
        super().__init__(message, **details)
        self.error_code = code


@dataclass(frozen=True, slots=True)
class Order:
    """One job as it is sent to a worker.

    Attributes:
        model: The generator and preset.
        head: The further fields `spectacle.worker.process.Workshop.run` reads.
        files: Role (`options`, `input`, `mask`, `control`) and name of each attached file.
        descriptors: Their open descriptors, in the same order; closed by the caller.
    """

    model: Model
    head: Mapping[str, Any]
    files: Sequence[tuple[str, str]]
    descriptors: Sequence[int]


@dataclass(slots=True)
class Hooks:
    """What the daemon wants to hear of a running job.

    Attributes:
        unwanted: Asked often: why the job is no longer wanted, or None. Makes no system call that could block.
        started: Called once with the worker's reading of the options `progress` and `seed`.
        progress: Called with (step, steps, note).
        file: Called with each result file's suffix and bytes, the primary one last.
        done: Called at the end with the numbers that are known of the making.
    """

    unwanted: Callable[[], str | None]
    started: Callable[[bool, int], None]
    progress: Callable[[int, int, str], None]
    file: Callable[[str, bytes], None]
    done: Callable[[Mapping[str, float]], None]


@dataclass(slots=True)
class Worker:
    """One worker process and its replacements. Used by one thread.

    Attributes:
        device: Where it runs.
        settings: The daemon's settings; may be replaced between jobs.
        loaded: What is loaded in the running process, the one used last at the end.
        not_before: Monotonic time before which it is not started again after a crash.
    """

    device: Device
    settings: Settings
    loaded: tuple[Model, ...] = ()
    not_before: float = 0.0
    _process: subprocess.Popen[bytes] | None = None
    _channel: Channel | None = None
    _backoff: float = 0.0
    _last_sign: float = field(default=0.0)

    @property
    def pid(self) -> int | None:
        """Process number of the running process, or None."""
        return None if self._process is None else self._process.pid

    def start(self, unwanted: Callable[[], str | None] = lambda: None) -> None:
        """Start the process if none runs, and wait until it is ready.

        Raises:
            WorkerCrashed: When it ends instead.
            WorkerTimeout: When it takes longer than `STARTUP_SECONDS`.
            Cancelled: When it became unwanted meanwhile; the process is ended.
        """
        if self._process is not None and self._process.poll() is None:
            return
        self._discard()
        ours, theirs = socket.socketpair()
        workers = self.settings.workers
        facts = {
            "device_kind": self.device.kind,
            "device_index": self.device.index,
            "svg_memory": workers.svg_memory,
            "svg_seconds": workers.svg_seconds,
            "weights": self.settings.weights.model_dump(mode="json"),
            "placement": self.settings.placement.model_dump(mode="json"),
        }
        self._channel = Channel(ours)
        command = [
            sys.executable,
            "-m",
            "spectacle.worker.process",
            str(theirs.fileno()),
            str(os.getpid()),
            json.dumps(facts),
        ]
        with theirs:
            try:
                # In a process group of its own, for Ctrl-C is meant for the daemon, which lets the running job finish.
                self._process = subprocess.Popen(
                    command,
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    process_group=0,
                    env={**os.environ, **WORKER_ENVIRONMENT},
                )
            except OSError:
                self._discard()
                raise
        self._await("ready", STARTUP_SECONDS, "start", unwanted)

    def load(self, model: Model, unwanted: Callable[[], str | None] = lambda: None) -> None:
        """Have a generator loaded.

        Raises:
            JobFailed: When the generator refuses.
            WorkerCrashed: When the process ended.
            DeviceLost: When the device no longer answers the process, which was killed.
            WorkerTimeout: When it took longer than the limit.
            Cancelled: When it became unwanted meanwhile; the process is ended, for loading cannot be interrupted.
        """
        self.start(unwanted)
        if model in self.loaded:
            self.loaded = (*(each for each in self.loaded if each != model), model)
            return
        self._send({"op": "load", "generator": model[0], "preset": model[1]})
        self._await("loaded", self.settings.limits.load, "load", unwanted)

    def run(self, order: Order, hooks: Hooks) -> None:
        """Run one job to its end.

        Raises:
            JobFailed: When it cannot be done; a process that had not enough memory was killed.
            WorkerCrashed: When the process ended.
            DeviceLost: When the device no longer answers the process, which was killed.
            WorkerTimeout: When loading, a step or the whole job took longer than its limit; the process was killed.
            Cancelled: When it became unwanted and has stopped.
        """
        self.load(order.model, hooks.unwanted)
        files = [{"role": role, "name": name} for role, name in order.files]
        head = {"op": "run", "generator": order.model[0], "preset": order.model[1], **order.head, "files": files}
        self._send(head, order.descriptors)
        limits = self.settings.limits
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
            elif self._understand(message, hooks):
                break
            if stopping is None and now - began > limits.job:
                self.kill()
                raise WorkerTimeout(
                    f"not done after {limits.job:g} s: ask for a smaller picture or fewer steps", phase="job"
                )
            if stopping is None and (reason := hooks.unwanted()) is not None:
                stopping, why = now, reason
                self._send({"op": "cancel"})
            elif stopping is not None and now - stopping > limits.cancel:
                self.kill()
                raise Cancelled(why)
        self._backoff = 0.0

    def _understand(self, message: Message, hooks: Hooks) -> bool:
        """Pass a message on. Returns True at the job's end."""
        self._last_sign = time.monotonic()
        head = message.head
        match head["op"]:
            case "started":
                hooks.started(head["progress"], head["seed"])
            case "progress":
                hooks.progress(head["step"], head["steps"], head["note"])
            case "file":
                hooks.file(head["suffix"], message.body)
            case "done":
                hooks.done(head["facts"])
                return True
            case "failed":
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

    def _await(self, wanted: str, limit: float, phase: str, unwanted: Callable[[], str | None]) -> None:
        deadline = time.monotonic() + limit
        while True:
            message = self._receive(POLL_SECONDS)
            if message is not None and message.head["op"] == "failed":
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
        self._backoff = min(max(FIRST_BACKOFF, 2 * self._backoff), LONGEST_BACKOFF)

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> int:
        try:
            return process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def kill_process(self) -> None:
        """End the process from another thread; the one that uses the worker finds it crashed."""
        process = self._process
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()

    def stop(self) -> None:
        """End the process and free everything it holds."""
        if self._process is not None:
            log.debug("ending worker", device=str(self.device))
        self.kill()

    def kill(self) -> None:
        """End the process at once."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            self._process.wait()
        self._discard()

    def _discard(self) -> None:
        if self._channel is not None:
            self._channel.close()
        self._process = self._channel = None
        self.loaded = ()
