"""A worker process of this host: serves one daemon with one `Engine`.

Started by `spectacle.worker.local` as `python -m spectacle.worker.process …`. It never sees the spool: requests,
attachments and results travel over the socket it was given.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from spectacle.errors import Cancelled, SpectacleError
from spectacle.generators.base import Resources
from spectacle.processes import die_with_parent
from spectacle.svg.rasterise import Rasteriser
from spectacle.worker.channel import Channel, Disconnected, Message
from spectacle.worker.contract import Model
from spectacle.worker.engine import Engine
from spectacle.worker.generator_errors import as_spectacle_error
from spectacle.worker.messages import Op, ProcessSettings, job_from_json


class ChannelOutput:
    """Sends what a job reports to the daemon, and holds the flag that cancels the job."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Have the job stop at its next step."""
        self._cancelled.set()

    def check(self) -> None:
        """Do nothing, or raise `Cancelled`."""
        if self._cancelled.is_set():
            raise Cancelled("the job is no longer wanted")

    def started(self, progress: bool, seed: int) -> None:
        """Send the option and the seed."""
        self._channel.send({"op": Op.STARTED, "progress": progress, "seed": seed})

    def progress(self, step: int, steps: int, note: str = "") -> None:
        """Send the step, unless the job is cancelled."""
        self.check()
        self._channel.send({"op": Op.PROGRESS, "step": step, "steps": steps, "note": note})

    def file(self, suffix: str, content: bytes) -> None:
        """Send a result file."""
        self._channel.send({"op": Op.FILE, "suffix": suffix}, content)


Tasks = queue.SimpleQueue[tuple[Message, ChannelOutput]]


def _serve(channel: Channel, engine: Engine, tasks: Tasks) -> None:
    channel.send({"op": Op.READY})
    while True:
        message, output = tasks.get()
        head = message.head
        try:
            if head["op"] == Op.LOAD:
                engine.load(_model(head["model"]))
                channel.send({"op": Op.LOADED, "models": engine.models})
            else:
                facts = _run(engine, message, output)
                channel.send({"op": Op.DONE, "models": engine.models, "facts": facts})
        except SpectacleError as error:
            _report(channel, engine, error)
        except Disconnected:
            raise
        except Exception as error:
            generator = (head["job"] if head["op"] == Op.RUN else head)["model"][0]
            _report(channel, engine, as_spectacle_error(error, generator), error)


def _model(values: Sequence[Any]) -> Model:
    name, preset = values
    return name, preset


def _run(engine: Engine, message: Message, output: ChannelOutput) -> Mapping[str, float]:
    try:
        return engine.run(job_from_json(message.head["job"], message.descriptors), output)
    finally:
        for descriptor in message.descriptors:
            os.close(descriptor)


def _report(channel: Channel, engine: Engine, error: SpectacleError, cause: BaseException | None = None) -> None:
    cause = cause or error.__cause__
    # Only the frames: the message of a foreign exception may quote the prompt.
    frames = "".join(traceback.format_tb(cause.__traceback__)) if cause is not None else ""
    said = {"code": error.code, "message": error.message, "details": error.details, "frames": frames}
    channel.send({"op": Op.FAILED, "models": engine.models, **said})


def _listen(channel: Channel, tasks: Tasks) -> None:
    """Take messages while a job runs, so that it can be cancelled; end the process when the daemon is gone."""
    output = ChannelOutput(channel)
    try:
        while True:
            message = channel.receive()
            assert message is not None
            if message.head["op"] == Op.CANCEL:
                output.cancel()
            else:
                # Made here, so that a cancel which follows at once is meant for this message and no other.
                output = ChannelOutput(channel)
                tasks.put((message, output))
    except Disconnected:
        os._exit(0)


def main(arguments: Sequence[str]) -> None:
    """Serve the daemon at the other end of a socket until it goes away.

    Args:
        arguments: Descriptor of the socket, process number of the daemon, and `ProcessSettings` as JSON.
    """
    descriptor, parent, text = arguments
    die_with_parent(int(parent))
    # A signal to the whole service is the daemon's to obey: it lets the running job finish.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    settings = ProcessSettings.from_json(json.loads(text))
    channel = Channel(socket.socket(fileno=int(descriptor)))
    with Rasteriser(
        memory=settings.svg_memory, cpu_seconds=settings.svg_seconds, wall_seconds=settings.svg_seconds
    ) as rasteriser:
        engine = Engine(settings.device, rasteriser, Resources.from_settings(settings.weights, settings.placement))
        tasks: Tasks = queue.SimpleQueue()
        threading.Thread(target=_listen, args=(channel, tasks), daemon=True).start()
        try:
            _serve(channel, engine, tasks)
        except Disconnected:
            return


if __name__ == "__main__":
    main(sys.argv[1:])
