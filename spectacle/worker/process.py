"""A worker process of this host: serves one daemon with one `Engine`.

Started by `spectacle.worker.local` as `python -m spectacle.worker.process …`. It never sees the spool: requests,
attachments and results travel over the socket it was given.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from spectacle.errors import Cancelled, SpectacleError
from spectacle.generators.base import Device, Resources
from spectacle.processes import die_with_parent
from spectacle.svg.rasterise import Rasteriser
from spectacle.worker.batch import run_together
from spectacle.worker.channel import Channel, Disconnected, Message
from spectacle.worker.contract import JobSpec, Model
from spectacle.worker.engine import Engine
from spectacle.worker.generator_errors import as_spectacle_error
from spectacle.worker.messages import Op, ProcessSettings, job_from_json
from spectacle.worker.signed import signer_for
from spectacle.worker.usage import memory_of


class Cancellations:
    """Which of the running jobs are no longer wanted. Used by the thread that runs them."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._cancelled: set[int] = set()

    def __contains__(self, job: int) -> bool:
        # While jobs run the daemon sends nothing else.
        while (message := self._channel.receive(0)) is not None:
            if message.head["op"] == Op.CANCEL:
                self._cancelled.add(message.head["job"])
        return job in self._cancelled


class ChannelOutput:
    """Sends what a job reports to the daemon, and hears whether it is cancelled. Used by the thread that runs it.

    Args:
        channel: The channel.
        job: Number of the job, among those that run together.
        cancelled: Those that are no longer wanted.
        device: Where it runs.
    """

    def __init__(self, channel: Channel, job: int, cancelled: Cancellations, device: Device) -> None:
        self._channel = channel
        self._device = device
        self._job = job
        self._cancelled = cancelled
        self._last: Message | None = None

    def check(self) -> None:
        """Do nothing, or raise `Cancelled`."""
        if self._job in self._cancelled:
            raise Cancelled("the job is no longer wanted")

    def started(self, progress: bool, seed: int) -> None:
        """Send the option and the seed."""
        self._channel.send({"op": Op.STARTED, "job": self._job, "progress": progress, "seed": seed})

    def progress(self, step: int, steps: int, note: str = "") -> None:
        """Send the step, unless the job is cancelled."""
        self.check()
        said = {"step": step, "steps": steps, "note": note, "memory": memory_of(self._device)}
        self._channel.send({"op": Op.PROGRESS, "job": self._job, **said})

    def file(self, suffix: str, content: bytes) -> None:
        """Send a result file; the last one goes with `done`."""
        if self._last is not None:
            self._channel.send_together([self._last])
        self._last = Message({"op": Op.FILE, "job": self._job, "suffix": suffix}, content)

    def done(self, loaded: Mapping[str, Any], facts: Mapping[str, float]) -> None:
        """Send the last file, and that it was."""
        end = Message({"op": Op.DONE, "job": self._job, "facts": facts, **loaded})
        self._channel.send_together([end] if self._last is None else [self._last, end])


def _serve(channel: Channel, engine: Engine) -> None:
    channel.send({"op": Op.READY, "memory": memory_of(engine.device)})
    while True:
        message = channel.receive()
        assert message is not None
        head = message.head
        if head["op"] == Op.CANCEL:
            # Of a job that was done by then.
            continue
        try:
            if head["op"] == Op.LOAD:
                engine.load(_model(head["model"]))
                channel.send({"op": Op.LOADED, **_loaded(engine)})
            else:
                _run(channel, engine, message)
        except SpectacleError as error:
            _report(channel, engine, error)
        except Disconnected:
            raise
        except Exception as error:
            generator = (head["spec"] if head["op"] == Op.RUN else head)["model"][0]
            _report(channel, engine, as_spectacle_error(error, generator), error)


def _model(values: Sequence[Any]) -> Model:
    name, preset = values
    return name, preset


def _loaded(engine: Engine) -> dict[str, Any]:
    return {"models": engine.models, "batch_limits": engine.batch_limits, "memory": memory_of(engine.device)}


def _run(channel: Channel, engine: Engine, message: Message) -> None:
    """Run the job of a message, together with those of the messages after it that belong to it."""
    cancelled = Cancellations(channel)
    with ExitStack() as opened:
        messages = [message]
        for descriptor in message.descriptors:
            opened.callback(os.close, descriptor)
        while len(messages) < message.head["jobs"]:
            another = channel.receive()
            assert another is not None
            for descriptor in another.descriptors:
                opened.callback(os.close, descriptor)
            messages.append(another)
        specs = [job_from_json(each.head["spec"], each.descriptors) for each in messages]
        outputs = [ChannelOutput(channel, number, cancelled, engine.device) for number in range(len(specs))]
        if len(specs) > 1:
            _run_together(channel, engine, specs, outputs)
            return
        facts = engine.run(specs[0], outputs[0])
    # The descriptors are closed by now: they are the daemon's to count once it hears of the end.
    outputs[0].done(_loaded(engine), facts)


def _run_together(channel: Channel, engine: Engine, specs: Sequence[JobSpec], outputs: Sequence[ChannelOutput]) -> None:
    def ended(job: int, end: Mapping[str, float] | SpectacleError) -> None:
        if isinstance(end, SpectacleError):
            _report(channel, engine, end, job=job)
        else:
            outputs[job].done(_loaded(engine), end)

    run_together(engine, list(zip(specs, outputs, strict=True)), ended)


def _report(
    channel: Channel,
    engine: Engine,
    error: SpectacleError,
    cause: BaseException | None = None,
    job: int | None = None,
) -> None:
    """Send an error: of one job, or of all that have not ended."""
    cause = cause or error.__cause__
    # Only the frames: the message of a foreign exception may quote the prompt.
    frames = "".join(traceback.format_tb(cause.__traceback__)) if cause is not None else ""
    said = {"code": error.code, "message": error.message, "details": error.details, "frames": frames}
    channel.send({"op": Op.FAILED, "job": job, **_loaded(engine), **said})


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
        resources = Resources.from_settings(settings)
        signing = settings.provenance
        engine = Engine(settings.device, rasteriser, resources, signer_for(signing), signing.visible_mark)
        try:
            _serve(channel, engine)
        except Disconnected:
            # At once, whatever threads a library has left behind.
            os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
