"""The worker process: loads generators on one device, runs jobs, and encodes what they make.

Started by `spectacle.workers` as `python -m spectacle.worker …`. It never sees the spool: requests, attachments and
results travel over the socket it was given.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import queue
import random
import signal
import socket
import sys
import threading
import traceback
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from PIL import Image

import spectacle
from spectacle.config import PlacementSettings, WeightSettings
from spectacle.errors import (
    BadAttachment,
    BadOptions,
    Cancelled,
    DeviceLost,
    GeneratorError,
    OutOfMemory,
    SpectacleError,
    UnreadableRequest,
)
from spectacle.generators import registry
from spectacle.generators.base import (
    MAX_SEED,
    Artifact,
    Device,
    Footprint,
    Generator,
    Job,
    MediaType,
    Needs,
    Resources,
)
from spectacle.generators.placement import memory
from spectacle.options import MAX_OPTIONS_BYTES, read_options
from spectacle.pictures import open_mask, open_picture
from spectacle.results import Making, finish
from spectacle.svg.rasterise import Rasteriser
from spectacle.wire import Channel, Disconnected, Message

_PR_SET_PDEATHSIG = 1

Model = tuple[str, str | None]
"""A generator's name and its preset: what is loaded together."""

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Attached:
    """An attached file as read: its name in the spool and its bytes."""

    name: str
    content: bytes


class _Control:
    """Reports steps to the daemon and carries its wish to stop."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._stop = threading.Event()

    def cancel(self) -> None:
        self._stop.set()

    def check(self) -> None:
        if self._stop.is_set():
            raise Cancelled("the job is no longer wanted")

    def progress(self, step: int, steps: int, note: str = "") -> None:
        self.check()
        self._channel.send({"op": "progress", "step": step, "steps": steps, "note": note})


class Workshop:
    """What one worker process has loaded, and how it runs a job.

    Args:
        channel: The line to the daemon.
        device: Where generators run.
        rasteriser: Turns drawings into pictures.
        resources: What generators may use of this machine.
    """

    def __init__(
        self, channel: Channel, device: Device, rasteriser: Rasteriser, resources: Resources | None = None
    ) -> None:
        self._channel = channel
        self._device = device
        self._rasteriser = rasteriser
        self._resources = resources if resources is not None else Resources()
        self._loaded: OrderedDict[Model, Generator] = OrderedDict()
        self.control = _Control(channel)

    @property
    def models(self) -> list[Model]:
        """What is loaded, the one used last at the end."""
        return list(self._loaded)

    def load(self, name: str, preset: str | None) -> Generator:
        """The generator, loaded; others are unloaded as far as it needs their memory, longest unused first.

        Raises:
            SpectacleError: When it cannot be loaded.
        """
        model = (name, preset)
        if model in self._loaded:
            self._loaded.move_to_end(model)
            return self._loaded[model]
        if (adopted := self._adopt(name, preset)) is not None:
            return adopted
        kind = registry.find(name)
        if (missing := kind.missing_packages()) is not None:
            raise GeneratorError(missing)
        # Before others are unloaded for it and torch is imported, which takes seconds.
        kind.check_weights(kind.named(preset), self._resources)
        self._make_room(kind, kind.named(preset))
        try:
            generator = self._loaded_anew(kind, preset)
        except OutOfMemory:
            if not self._loaded:
                raise
            self.unload()
            generator = self._loaded_anew(kind, preset)
        self._loaded[model] = generator
        return generator

    def _adopt(self, name: str, preset: str | None) -> Generator | None:
        """A loaded generator of that name that could turn into the preset, under its new name."""
        for model, generator in self._loaded.items():
            if model[0] == name and _with_its_errors_understood(
                name, partial(generator.adopt, generator.named(preset))
            ):
                del self._loaded[model]
                self._loaded[name, preset] = generator
                return generator
        return None

    def _loaded_anew(self, kind: type[Generator], preset: str | None) -> Generator:
        generator = kind(preset, self._resources)
        _with_its_errors_understood(kind.name, partial(generator.load, self._device))
        _give_back()  # loading 4 GB of int8 weights left 1.9 GB behind
        return generator

    def _make_room(self, kind: type[Generator], preset: str | None) -> None:
        while self._loaded:
            held = sum((each.footprint for each in self._loaded.values()), Footprint())
            ask = partial(kind.demand, preset, self._device, self._resources, held)
            demand = _with_its_errors_understood(kind.name, ask)
            if demand is None:
                self.unload()
            elif demand == Footprint() or demand <= self._free():
                return
            else:
                self._unload(next(iter(self._loaded)))

    def _free(self) -> Footprint:
        machine = memory.measure(self._device, self._resources.placement)
        return Footprint(machine.vram, machine.ram)

    def unload(self) -> None:
        """Free all that is loaded."""
        for model in self.models:
            self._unload(model)

    def _unload(self, model: Model) -> None:
        self._loaded.pop(model).unload()
        _give_back()

    def run(self, order: dict[str, Any], attached: dict[str, list[Attached]]) -> dict[str, float]:
        """Run one job and send its files, the primary one last.

        Returns:
            The numbers among the facts of the primary artifact.

        Raises:
            SpectacleError: When it cannot be done.
        """
        generator = self.load(order["generator"], order["preset"])
        job = _job(generator, order, attached)
        options = job.options.model_dump(mode="json", exclude_unset=True)
        self._channel.send({"op": "started", "progress": job.options.progress, "seed": job.seed})
        artifacts = self._generate(generator, order, job)
        self.control.check()
        # Another instance than before when memory ran out meanwhile.
        generator = self.load(order["generator"], order["preset"])
        making = Making(
            prompt=job.prompt,
            generator=generator.name,
            model=generator.model,
            revision=generator.revision,
            preset=generator.preset,
            kind=order["kind"],
            seed=job.seed,
            width=job.width,
            height=job.height,
            options=options,
            notes=tuple(order["notes"]),
            request_digest=order["digest"],
            version=spectacle.__version__,
            facts={},
        )
        files = finish(artifacts, making, makes=job.makes, png_preview=job.options.png, rasteriser=self._rasteriser)
        for file in files:
            self._channel.send({"op": "file", "suffix": file.suffix}, file.content)
        return {name: fact for name, fact in artifacts[0].facts.items() if isinstance(fact, int | float)}

    def _generate(self, generator: Generator, order: dict[str, Any], job: Job) -> Sequence[Artifact]:
        try:
            return self._attempt(generator, job)
        except OutOfMemory:
            pass
        if len(self._loaded) > 1:
            for model in [model for model, each in self._loaded.items() if each is not generator]:
                self._unload(model)
            try:
                return self._attempt(generator, job)
            except OutOfMemory:
                pass
        self.unload()
        generator = self.load(order["generator"], order["preset"])
        try:
            return self._attempt(generator, job)
        except OutOfMemory as error:
            advice = generator.memory_advice(job)
            self.unload()
            raise OutOfMemory(f"not enough memory on {self._device} for {job.width}x{job.height}: {advice}") from error

    def _attempt(self, generator: Generator, job: Job) -> Sequence[Artifact]:
        artifacts = _with_its_errors_understood(generator.name, partial(generator.generate, job, self.control))
        if not artifacts:
            raise GeneratorError(f"{generator.name} returned no picture: report it to its authors")
        return artifacts


def _give_back() -> None:
    """Free what nothing holds; or glibc would keep what Python has freed, and it would not count as free."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)


def _with_its_errors_understood(generator: str, do: Callable[[], _Result]) -> _Result:
    """Call something of a generator; whatever it raises becomes one of our errors."""
    try:
        return do()
    except (SpectacleError, Disconnected):
        raise
    except Exception as error:
        raise _understood(error, generator) from error


def _understood(error: Exception, generator: str) -> SpectacleError:
    """Any exception of a generator as one of ours."""
    kind = type(error)
    torchs = kind.__module__.partition(".")[0] == "torch"
    said = " ".join(str(error).split())[:300]
    # As torch words it; before 2.8 such errors are plain RuntimeErrors.
    devices = (torchs and kind.__name__ == "AcceleratorError") or said.startswith(("CUDA error:", "HIP error:"))
    if isinstance(error, MemoryError) or (torchs and kind.__name__ == "OutOfMemoryError"):
        return OutOfMemory("not enough memory")
    if devices and "out of memory" in said:
        return OutOfMemory("not enough memory")
    if devices:
        return DeviceLost(f"{generator} lost its device: {said}")
    return GeneratorError(
        f"{generator} failed: {kind.__name__}: {said}" if said else f"{generator} failed: {kind.__name__}"
    )


def _job(generator: Generator, order: dict[str, Any], attached: dict[str, list[Attached]]) -> Job:
    needs = generator.needs
    makes = MediaType(order["makes"])
    if makes not in generator.makes:
        raise GeneratorError(f"{generator.name} does not make {makes}: change `makes` of kind {order['kind']!r}")
    prompt = order["prompt"]
    if needs.prompt and not prompt:
        raise UnreadableRequest(f"{order['stem']}.txt holds no prompt: write what is to be drawn into it")
    raw = attached.get("options")
    try:
        options = read_options(raw[0].content if raw else b"{}", generator.Options, order["options"])
    except BadOptions as error:
        raise BadOptions(f"{order['stem']}-options.json: {error.message}", **error.details) from None
    _check_attachments(generator.name, needs, order["stem"], attached)
    limits = {"max_pixels": order["max_input_pixels"], "max_bytes": order["max_input_bytes"]}
    pictures = [open_picture(each.name, each.content, **limits) for each in attached.get("input", [])]
    size = pictures[0].size if pictures else None
    mask = _first(attached, "mask", lambda each: open_mask(each.name, each.content, size=size, **limits))
    control = _first(attached, "control", lambda each: open_picture(each.name, each.content, **limits))
    seed = options.seed if options.seed is not None else random.SystemRandom().randint(0, MAX_SEED)
    return Job(prompt, order["width"], order["height"], seed, makes, options, pictures, mask, control)


def _first(
    attached: dict[str, list[Attached]], role: str, open_it: Callable[[Attached], Image.Image]
) -> Image.Image | None:
    return open_it(attached[role][0]) if attached.get(role) else None


def _check_attachments(generator: str, needs: Needs, stem: str, attached: dict[str, list[Attached]]) -> None:
    given = len(attached.get("input", []))
    if given < needs.min_pictures:
        raise BadAttachment(
            f"{generator} needs {needs.min_pictures} input picture(s) and got {given}: "
            f"write {stem}-input.png before {stem}.txt"
        )
    if given > needs.max_pictures:
        takes = f"at most {needs.max_pictures}" if needs.max_pictures else "no"
        raise BadAttachment(f"{generator} takes {takes} input picture(s) and got {given}: leave out {stem}-input…")
    for role, used in (("mask", needs.mask), ("control", needs.control)):
        if attached.get(role) and not used:
            raise BadAttachment(f"{generator} does not use a {role} picture: leave out {attached[role][0].name}")


def _read_descriptors(message: Message) -> dict[str, list[Attached]]:
    """Read every attached file whole, and close it."""
    limit = message.head["max_input_bytes"]
    attached: dict[str, list[Attached]] = {}
    try:
        for entry, descriptor in zip(message.head["files"], message.descriptors, strict=True):
            role, name = entry["role"], entry["name"]
            most = MAX_OPTIONS_BYTES if role == "options" else limit
            with open(descriptor, "rb", closefd=False) as file:
                content = file.read(most + 1)
            if len(content) > most:
                problem = BadOptions if role == "options" else BadAttachment
                raise problem(f"{name} holds more than {most} bytes: make it smaller")
            attached.setdefault(role, []).append(Attached(name, content))
    finally:
        for descriptor in message.descriptors:
            os.close(descriptor)
    return attached


def _serve(channel: Channel, workshop: Workshop, messages: queue.SimpleQueue[tuple[Message, _Control]]) -> None:
    channel.send({"op": "ready"})
    while True:
        message, workshop.control = messages.get()
        try:
            if message.head["op"] == "load":
                workshop.load(message.head["generator"], message.head["preset"])
                channel.send({"op": "loaded", "models": workshop.models})
            else:
                facts = workshop.run(message.head, _read_descriptors(message))
                channel.send({"op": "done", "models": workshop.models, "facts": facts})
        except SpectacleError as error:
            _report(channel, workshop, error)
        except Disconnected:
            raise
        except Exception as error:
            _report(channel, workshop, _understood(error, str(message.head.get("generator"))), error)


def _report(channel: Channel, workshop: Workshop, error: SpectacleError, cause: BaseException | None = None) -> None:
    cause = cause or error.__cause__
    # Only the frames: the message of a foreign exception may quote the prompt.
    frames = "".join(traceback.format_tb(cause.__traceback__)) if cause is not None else ""
    said = {"code": error.code, "message": error.message, "details": error.details, "frames": frames}
    channel.send({"op": "failed", "models": workshop.models, **said})


def _listen(channel: Channel, messages: queue.SimpleQueue[tuple[Message, _Control]]) -> None:
    """Take messages while a job runs, so that it can be cancelled; end the process when the daemon is gone."""
    control = _Control(channel)
    try:
        while True:
            message = channel.receive()
            assert message is not None
            if message.head["op"] == "cancel":
                control.cancel()
            else:
                # Made here, so that a cancel which follows at once is meant for this message and no other.
                control = _Control(channel)
                messages.put((message, control))
    except Disconnected:
        os._exit(0)


def _die_with_parent(parent: int) -> None:
    """Have the kernel end this process when the daemon ends, even while it is stuck in a call that holds the GIL."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def main(arguments: Sequence[str]) -> None:
    """Serve the daemon at the other end of a socket until it goes away.

    Args:
        arguments: Descriptor of the socket, process number of the daemon, and a JSON object with `device_kind`,
            `device_index`, `svg_memory` (bytes), `svg_seconds`, and the sections `weights` and
            `placement` of the settings.
    """
    descriptor, parent, text = arguments
    _die_with_parent(int(parent))
    # A signal to the whole service is the daemon's to obey: it lets the running job finish.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    settings = json.loads(text)
    resources = Resources.from_settings(
        WeightSettings.model_validate(settings["weights"]), PlacementSettings.model_validate(settings["placement"])
    )
    channel = Channel(socket.socket(fileno=int(descriptor)))
    device = Device(settings["device_kind"], settings["device_index"])
    with Rasteriser(
        memory=settings["svg_memory"], cpu_seconds=settings["svg_seconds"], wall_seconds=settings["svg_seconds"]
    ) as rasteriser:
        workshop = Workshop(channel, device, rasteriser, resources)
        messages: queue.SimpleQueue[tuple[Message, _Control]] = queue.SimpleQueue()
        threading.Thread(target=_listen, args=(channel, messages), daemon=True).start()
        try:
            _serve(channel, workshop, messages)
        except Disconnected:
            return


if __name__ == "__main__":
    main(sys.argv[1:])
