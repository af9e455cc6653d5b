"""The actor on a node that owns a worker process: passes messages on, and ends with the daemon."""

from __future__ import annotations

import json
import os
import platform
import queue
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import spectacle
from spectacle.processes import module_command, module_environment
from spectacle.worker.channel import Disconnected
from spectacle.worker.contract import Attachment
from spectacle.worker.local import LocalProcess
from spectacle.worker.messages import Op

SILENCE_SECONDS = 30.0
"""Seconds without a sign of the daemon after which an actor ends itself."""

DESCRIBE_SECONDS = 120.0
"""Maximum time for finding out what can be loaded on a node."""

Piece = tuple[dict[str, Any], bytes]
"""Head and body of a message."""


class Host:
    """Owns at most one worker process at a time. Ray calls its methods, each group of them on a thread of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: tuple[int, LocalProcess] | None = None
        self._closed: set[int] = set()
        self._pinged = time.monotonic()
        threading.Thread(target=self._end_in_silence, name="silence", daemon=True).start()

    def _end_in_silence(self) -> None:
        while time.monotonic() - self._pinged < SILENCE_SECONDS:
            time.sleep(1)
        os._exit(1)

    def ping(self) -> None:
        """Hear that the daemon is there."""
        self._pinged = time.monotonic()

    def about(self) -> dict[str, Any]:
        """Where it is, as JSON values."""
        import ray

        return {
            "node": ray.util.get_node_ip_address(),
            "node_host": os.uname().nodename,
            "actor": ray.get_runtime_context().get_actor_id(),
            "node_id": ray.get_runtime_context().get_node_id(),
            "gpus": os.environ.get("CUDA_VISIBLE_DEVICES", ""),
            "version": spectacle.__version__,
            "python": platform.python_version(),
        }

    def describe(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What `spectacle.worker.describe` finds out on this node about the kinds."""
        done = subprocess.run(
            module_command("spectacle.worker.describe", str(os.getpid())),
            input=json.dumps(asked).encode(),
            capture_output=True,
            timeout=DESCRIBE_SECONDS,
            env=_environment(),
            check=True,
        )
        described: dict[str, Any] = json.loads(done.stdout)
        return described

    def copy(self, asked: Mapping[str, Any], folder: str) -> dict[str, str]:
        """Copy weights that this node lacks, as `spectacle.cluster.copying` says. May take as long as it likes."""
        done = subprocess.run(
            module_command("spectacle.cluster.copying", str(os.getpid()), folder),
            input=json.dumps(asked).encode(),
            capture_output=True,
            env=_environment(),
            check=True,
        )
        problems: dict[str, str] = json.loads(done.stdout)
        return problems

    def open(self, number: int, settings: Mapping[str, Any]) -> Iterator[list[Piece]]:
        """Run a worker process until it ends or is closed.

        Args:
            number: Names the process in `send` and `close`; each is used once.
            settings: `ProcessSettings` as JSON values.

        Yields:
            What it sends, in order, as many messages together as are there; at last, how it ended.
        """
        messages: queue.SimpleQueue[Piece | None] = queue.SimpleQueue()
        # The process dies with the thread that starts it, so that one must outlive it.
        threading.Thread(target=self._run, args=(number, settings, messages), name="process", daemon=True).start()
        ended = False
        while not ended:
            pieces = [messages.get()]
            while not messages.empty():
                pieces.append(messages.get())
            ended = pieces[-1] is None
            yield [each for each in pieces if each is not None]

    def _run(self, number: int, settings: Mapping[str, Any], messages: queue.SimpleQueue[Piece | None]) -> None:
        how = "before it began"
        try:
            with self._lock:
                process = None if number in self._closed else LocalProcess(settings, _environment())
                self._process = None if process is None else (number, process)
            if process is not None:
                how = _pass_on(process, messages)
        except OSError as error:
            how = f"because it cannot be started: {error.strerror or error}"
        finally:
            messages.put(({"op": Op.ENDED, "how": how}, b""))
            messages.put(None)

    def send(self, number: int, head: dict[str, Any], attachments: Sequence[bytes]) -> None:
        """Send a message to the worker process, with the content of what comes with it."""
        process = self._process
        if process is None or process[0] != number:
            return
        given = [Attachment("input", "", content) for content in attachments]
        with ExitStack() as stack:
            descriptors = [stack.enter_context(each.opened()) for each in given]
            try:
                process[1].channel.send(head, descriptors=descriptors)
            except Disconnected:
                return  # it has ended, and that is told already

    def close(self, number: int) -> None:
        """End the worker process, or see that it does not begin."""
        with self._lock:
            self._closed.add(number)
            process = self._process
        if process is not None and process[0] == number:
            process[1].kill()


def _pass_on(process: LocalProcess, messages: queue.SimpleQueue[Piece | None]) -> str:
    """Pass on what a process sends until it ends. Returns how it did."""
    first = True
    try:
        while (message := process.channel.receive()) is not None:
            head = {**message.head, "pid": process.pid} if first else message.head
            first = False
            messages.put((head, message.body))
    except Disconnected:
        pass
    how = process.wait()
    process.channel.close()
    return how


def _environment() -> dict[str, str]:
    """The actor's variables without Ray's own: the token is no business of generators."""
    return {name: value for name, value in module_environment().items() if not name.startswith("RAY_")}
