"""What one worker has loaded, and how it runs a job. Knows nothing of sockets and processes."""

from __future__ import annotations

import ctypes
import gc
from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from typing import Protocol

import spectacle
from spectacle.errors import GeneratorError, OutOfMemory
from spectacle.generators import registry
from spectacle.generators.base import Artifact, Device, Footprint, Generator, Job, JobControl, Resources
from spectacle.generators.placement import memory
from spectacle.svg.rasterise import Rasteriser
from spectacle.worker.contract import JobSpec, Model
from spectacle.worker.generator_errors import call_generator
from spectacle.worker.job import build_job
from spectacle.worker.results import Provenance, finish


class JobOutput(JobControl, Protocol):
    """Where a job reports to while it runs."""

    def started(self, progress: bool, seed: int) -> None:
        """Hear once of the option `progress` and of the seed."""
        ...

    def file(self, suffix: str, content: bytes) -> None:
        """Take one result file; the primary one comes last."""
        ...


class Engine:
    """Loaded generators on one device, and running jobs on them. Used by one thread.

    Args:
        device: Where generators run.
        rasteriser: Renders SVG.
        resources: What generators may use of this machine.
    """

    def __init__(self, device: Device, rasteriser: Rasteriser, resources: Resources | None = None) -> None:
        self._device = device
        self._rasteriser = rasteriser
        self._resources = resources if resources is not None else Resources()
        self._loaded: OrderedDict[Model, Generator] = OrderedDict()

    @property
    def models(self) -> list[Model]:
        """What is loaded, the one used last at the end."""
        return list(self._loaded)

    def load(self, model: Model) -> Generator:
        """The generator, loaded; others are unloaded as far as it needs their memory, longest unused first.

        Raises:
            SpectacleError: When it cannot be loaded.
        """
        if model in self._loaded:
            self._loaded.move_to_end(model)
            return self._loaded[model]
        if (adopted := self._adopt(model)) is not None:
            return adopted
        name, preset = model
        kind = registry.find(name)
        if (missing := kind.missing_packages()) is not None:
            raise GeneratorError(missing)
        # Before others are unloaded for it and torch is imported, which takes seconds.
        kind.check_weights(kind.named(preset), self._resources)
        self._make_room(kind, kind.named(preset))
        try:
            generator = self._load_new(kind, preset)
        except OutOfMemory:
            if not self._loaded:
                raise
            self.unload()
            generator = self._load_new(kind, preset)
        self._loaded[model] = generator
        return generator

    def unload(self) -> None:
        """Free all that is loaded."""
        for model in self.models:
            self._unload(model)

    def run(self, spec: JobSpec, output: JobOutput) -> dict[str, float]:
        """Run one job.

        Returns:
            The numbers among the facts of the primary artifact.

        Raises:
            SpectacleError: When it cannot be done.
        """
        generator = self.load(spec.model)
        job = build_job(generator, spec)
        options = job.options.model_dump(mode="json", exclude_unset=True)
        output.started(job.options.progress, job.seed)
        artifacts = self._generate(generator, spec.model, job, output)
        output.check()
        # Another object than before when memory ran out meanwhile.
        generator = self.load(spec.model)
        provenance = Provenance(
            prompt=job.prompt,
            generator=generator.name,
            model=generator.model,
            revision=generator.revision,
            preset=generator.preset,
            kind=spec.kind,
            seed=job.seed,
            width=job.width,
            height=job.height,
            options=options,
            notes=spec.notes,
            request_digest=spec.digest,
            version=spectacle.__version__,
            facts={},
        )
        files = finish(artifacts, provenance, makes=job.makes, png_preview=job.options.png, rasteriser=self._rasteriser)
        for file in files:
            output.file(file.suffix, file.content)
        return {name: fact for name, fact in artifacts[0].facts.items() if isinstance(fact, int | float)}

    def _adopt(self, wanted: Model) -> Generator | None:
        """A loaded generator of that name that could turn into the preset, under its new name."""
        for model, generator in self._loaded.items():
            if model[0] == wanted[0] and call_generator(model[0], partial(generator.adopt, generator.named(wanted[1]))):
                del self._loaded[model]
                self._loaded[wanted] = generator
                return generator
        return None

    def _load_new(self, kind: type[Generator], preset: str | None) -> Generator:
        generator = kind(preset, self._resources)
        call_generator(kind.name, partial(generator.load, self._device))
        _trim_memory()  # loading 4 GB of int8 weights left 1.9 GB behind
        return generator

    def _make_room(self, kind: type[Generator], preset: str | None) -> None:
        while self._loaded:
            held = sum((each.footprint for each in self._loaded.values()), Footprint())
            demand = call_generator(kind.name, partial(kind.demand, preset, self._device, self._resources, held))
            if demand is None:
                self.unload()
            elif demand == Footprint() or demand <= self._free():
                return
            else:
                self._unload(next(iter(self._loaded)))

    def _free(self) -> Footprint:
        machine = memory.measure(self._device, self._resources.placement)
        return Footprint(machine.vram, machine.ram)

    def _unload(self, model: Model) -> None:
        self._loaded.pop(model).unload()
        _trim_memory()

    def _generate(self, generator: Generator, model: Model, job: Job, control: JobControl) -> Sequence[Artifact]:
        """Generate; when memory runs out, once more without the other models, and once more loaded again."""
        try:
            return self._generate_once(generator, job, control)
        except OutOfMemory:
            pass
        if len(self._loaded) > 1:
            for other in [other for other, each in self._loaded.items() if each is not generator]:
                self._unload(other)
            try:
                return self._generate_once(generator, job, control)
            except OutOfMemory:
                pass
        self.unload()
        generator = self.load(model)
        try:
            return self._generate_once(generator, job, control)
        except OutOfMemory as error:
            advice = generator.memory_advice(job)
            self.unload()
            raise OutOfMemory(f"not enough memory on {self._device} for {job.width}x{job.height}: {advice}") from error

    def _generate_once(self, generator: Generator, job: Job, control: JobControl) -> Sequence[Artifact]:
        artifacts = call_generator(generator.name, partial(generator.generate, job, control))
        if not artifacts:
            raise GeneratorError(f"{generator.name} returned no picture: report it to its authors")
        return artifacts


def _trim_memory() -> None:
    """Free what nothing holds; or glibc would keep what Python has freed, and it would not count as free."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
