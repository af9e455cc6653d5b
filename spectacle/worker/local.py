"""The back end that runs jobs in a process of this host."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
from collections.abc import Mapping

from spectacle.config import Settings
from spectacle.errors import WorkerUnavailable
from spectacle.generators.base import Device
from spectacle.processes import module_command, module_environment, remedy_for
from spectacle.worker.channel import Channel
from spectacle.worker.channel_worker import ChannelWorker
from spectacle.worker.messages import ProcessSettings

WORKER_ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DIFFUSERS_DISABLE_REMOTE_CODE": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "PYTORCH_ALLOC_CONF": "expandable_segments:True",
}
"""Set before a worker imports any library: nothing is downloaded or sent, and GPU memory does not fragment."""

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
"""Read by torch, numpy's libraries and numba as they are imported."""


class LocalProcess:
    """A worker process of this host.

    It dies with the thread that makes this: the kernel is told so, and means the thread by a process's parent.

    Args:
        settings: `ProcessSettings` as JSON values.
        environment: Its variables, in addition to `WORKER_ENVIRONMENT`.

    Raises:
        OSError: When the system does not let it be started.
    """

    def __init__(self, settings: Mapping[str, object], environment: Mapping[str, str]) -> None:
        ours, theirs = socket.socketpair()
        self.channel = Channel(ours)
        command = module_command(
            "spectacle.worker.process", str(theirs.fileno()), str(os.getpid()), json.dumps(settings)
        )
        try:
            with theirs:
                # In a process group of its own, for Ctrl-C is meant for the daemon, which lets the running job finish.
                self._process = subprocess.Popen(
                    command,
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    process_group=0,
                    env={**environment, **WORKER_ENVIRONMENT},
                )
        except OSError:
            self.channel.close()
            raise

    @property
    def pid(self) -> int | None:
        """Its number."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it immediately. As `WorkerProcess.kill` says."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    def wait(self) -> str:
        """Wait for its end, and say how it ended. As `WorkerProcess.wait` says."""
        try:
            status = self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        return f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"


class LocalWorker(ChannelWorker):
    """A `WorkerBackend`: one worker process of this host and its replacements.

    Args:
        device: Where generators run.
        settings: The daemon's settings.
        threads: How many threads libraries may use on the processor, or None for as many as they like.
    """

    def __init__(self, device: Device, settings: Settings, threads: int | None = None) -> None:
        super().__init__(device, settings)
        self._threads = threads

    def _spawn(self, settings: ProcessSettings) -> tuple[LocalProcess, Channel]:
        environment = {**module_environment(), **self._thread_environment()}
        try:
            process = LocalProcess(settings.to_json(), environment)
        except OSError as error:
            raise WorkerUnavailable(_why_not_started(self.device, error)) from error
        return process, process.channel

    def _thread_environment(self) -> dict[str, str]:
        """Variables that give libraries this worker's share of threads, unless they have been given less."""
        if self._threads is None:
            return {}
        given = {name: os.environ.get(name, "") for name in THREAD_VARIABLES}
        return {
            name: str(min(int(text), self._threads) if text.isdecimal() and int(text) else self._threads)
            for name, text in given.items()
        }


def _why_not_started(device: Device, error: OSError) -> str:
    program = error.filename or "Python"
    remedy = remedy_for(error) or f"Check that {program} can be run, and restart the daemon"
    return f"the worker on {device}: cannot be started: {error.strerror or error}. {remedy}."
