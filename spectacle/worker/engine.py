"""What one worker has loaded, and how it runs a job. Knows nothing of sockets and processes."""

from __future__ import annotations

import ctypes
import dataclasses
import gc
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import spectacle
from spectacle.errors import GeneratorError, OutOfMemory, SigningFailed
from spectacle.generators import registry
from spectacle.generators.base import Artifact, Device, Footprint, Generator, Job, JobControl, Resources
from spectacle.generators.placement import memory
from spectacle.signing.signer import ResultSigner
from spectacle.svg.rasterise import Rasteriser
from spectacle.worker.contract import ENCODE_SECONDS, JobSpec, Model
from spectacle.worker.generator_errors import call_generator
from spectacle.worker.job import build_job
from spectacle.worker.results import Provenance, Wanted, finish
from spectacle.worker.signed import sign_all


class JobOutput(JobControl, Protocol):
    """Where a job reports to while it runs."""

    def started(self, progress: bool, seed: int) -> None:
        """Hear once of the option `progress` and of the seed."""
        ...

    def file(self, suffix: str, content: bytes) -> None:
        """Take one result file; the primary one comes last."""
        ...


MAX_BATCH = 64
"""Most jobs that are run together, whatever a generator says."""


class Counted:
    """The output of a job that also knows whether its generator has reported any step."""

    def __init__(self, output: JobOutput) -> None:
        self._output = output
        self.check = output.check
        self.reported = False

    def progress(self, step: int, steps: int, note: str = "") -> None:
        self.reported = True
        self._output.progress(step, steps, note)


@dataclass(frozen=True, slots=True)
class Task:
    """A job that has begun.

    Attributes:
        spec: What was asked for.
        job: The same as its generator sees it.
        options: The options that were given, for the metadata.
        output: Where it reports to.
        control: The generator's line to it.
    """

    spec: JobSpec
    job: Job
    options: Mapping[str, Any]
    output: JobOutput
    control: Counted


class Engine:
    """Loaded generators on one device, and running jobs on them. Used by one thread.

    Args:
        device: Where generators run.
        rasteriser: Renders SVG.
        resources: What generators may use of this machine.
        signer: Signs what is made; None for leaving it unsigned.
        mark: Text that is put visibly into every result.
    """

    def __init__(
        self,
        device: Device,
        rasteriser: Rasteriser,
        resources: Resources | None = None,
        signer: ResultSigner | None = None,
        mark: str | None = None,
    ) -> None:
        self.device = device
        self._rasteriser = rasteriser
        self._resources = resources if resources is not None else Resources()
        self._signer = signer
        self._mark = mark
        self._loaded: OrderedDict[Model, Generator] = OrderedDict()

    @property
    def models(self) -> list[Model]:
        """What is loaded, the one used last at the end."""
        return list(self._loaded)

    @property
    def batch_limits(self) -> list[int]:
        """How many jobs each of `models` takes together."""
        return [max(1, min(generator.max_batch, MAX_BATCH)) for generator in self._loaded.values()]

    def load(self, model: Model) -> Generator:
        """The generator, loaded; others are unloaded as far as it needs their memory, longest unused first.

        Raises:
            SpectacleError: When it cannot be loaded.
        """
        if model in self._loaded:
            self._loaded.move_to_end(model)
            return self._loaded[model]
        if (switched := self._switch_preset(model)) is not None:
            return switched
        name, preset = model
        kind = registry.find(name, self._resources)
        if (missing := kind.missing_packages()) is not None:
            raise GeneratorError(missing)
        # Before others are unloaded for it and torch is imported, which takes seconds.
        kind.check_weights(kind.resolve_preset(preset), self._resources)
        self._make_room(kind, kind.resolve_preset(preset))
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
            The numbers among the facts of the primary artifact, and under `ENCODE_SECONDS` how long encoding took.

        Raises:
            SpectacleError: When it cannot be done.
        """
        task = self.prepare(spec, output)
        output.started(task.job.options.progress, task.job.seed)
        return self.generate(task)

    def prepare(self, spec: JobSpec, output: JobOutput) -> Task:
        """Check a job, and make of it what its generator sees.

        Raises:
            SpectacleError: When it cannot be done.
        """
        job = build_job(self.load(spec.model), spec)
        return Task(spec, job, job.options.model_dump(mode="json", exclude_unset=True), output, Counted(output))

    def generate(self, task: Task) -> dict[str, float]:
        """Run a prepared job. As `run` says."""
        artifacts = self._generate(self.load(task.spec.model), task.spec.model, task.job, task.control)
        task.output.check()
        return self.deliver(task, artifacts)

    def deliver(self, task: Task, artifacts: Sequence[Artifact]) -> dict[str, float]:
        """Encode what was generated, and give the files to the output. Returns what `run` does."""
        spec, job, output = task.spec, task.job, task.output
        began = time.monotonic()
        # Another object than before when memory ran out meanwhile.
        generator = self.load(spec.model)
        if not artifacts:
            raise GeneratorError(f"{generator.name}: returned no image. Report it to its authors.")

        def encoded(number: int) -> None:
            if not task.control.reported:
                # Where generating takes no time worth telling, encoding does.
                output.progress(number, len(artifacts))

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
            options=task.options,
            notes=spec.notes,
            request_digest=spec.digest,
            version=spectacle.__version__,
            licence=generator.licence or None,
            facts={},
        )
        wanted = Wanted.by(job.options, job.makes)
        files = finish(artifacts, provenance, wanted, rasteriser=self._rasteriser, encoded=encoded, mark=self._mark)
        facts = {name: fact for name, fact in artifacts[0].facts.items() if isinstance(fact, int | float)}
        if self._signer is not None:
            try:
                files = sign_all(self._signer, files, spec)
            except SigningFailed as error:
                if self._signer.must_sign:
                    raise
                facts["unsigned"] = sum(file.metadata is not None for file in files)
                noted = dataclasses.replace(provenance, notes=(*spec.notes, f"not signed: {error.message}"))
                files = finish(artifacts, noted, wanted, rasteriser=self._rasteriser, mark=self._mark)
        for file in files:
            output.file(file.suffix, file.content)
        facts[ENCODE_SECONDS] = round(time.monotonic() - began, 4)
        return facts

    def _switch_preset(self, wanted: Model) -> Generator | None:
        """A loaded generator of that name that could turn into the preset, under its new name."""
        for model, generator in self._loaded.items():
            if model[0] == wanted[0] and call_generator(
                model[0], partial(generator.switch_preset, generator.resolve_preset(wanted[1]))
            ):
                del self._loaded[model]
                self._loaded[wanted] = generator
                return generator
        return None

    def _load_new(self, kind: type[Generator], preset: str | None) -> Generator:
        generator = kind(preset, self._resources)
        call_generator(kind.name, partial(generator.load, self.device))
        _trim_memory()  # loading 4 GB of int8 weights left 1.9 GB behind
        if not isinstance(generator.max_batch, int) or generator.max_batch < 1:
            raise GeneratorError(
                f"{kind.name}: max_batch must be a whole number from 1 on, not {generator.max_batch!r}. "
                "Report it to its authors."
            )
        return generator

    def _make_room(self, kind: type[Generator], preset: str | None) -> None:
        while self._loaded:
            held = sum((each.footprint for each in self._loaded.values()), Footprint())
            required = call_generator(
                kind.name, partial(kind.required_memory, preset, self.device, self._resources, held)
            )
            if required is None:
                self.unload()
            elif required == Footprint() or required <= self._free():
                return
            else:
                self._unload(next(iter(self._loaded)))

    def _free(self) -> Footprint:
        machine = memory.measure(self.device, self._resources.placement)
        return Footprint(machine.vram, machine.ram, machine.second)

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
            raise OutOfMemory(f"{job.width}x{job.height}: not enough memory on {self.device}. {advice}.") from error

    def _generate_once(self, generator: Generator, job: Job, control: JobControl) -> Sequence[Artifact]:
        return call_generator(generator.name, partial(generator.generate, job, control))


def _trim_memory() -> None:
    """Free what nothing holds; or glibc would keep what Python has freed, and it would not count as free."""
    gc.collect()
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)
