"""The contract between Spectacle and a generator.

A generator knows nothing of files, locks or queues: it gets a `Job` and a `JobControl` and returns `Artifact`s.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from spectacle.config import LoraSettings, ModelSettings, PartSettings, PlacementSettings, WeightSettings
from spectacle.errors import GeneratorError, WeightsMissing
from spectacle.weights import Located, Source, Store
from spectacle.weights.prepared import open_prepared

MAX_SEED = 2**63 - 1
"""Largest seed: the largest value of torch's and numpy's signed 64-bit seeds."""


class MediaType(StrEnum):
    """What a result file holds."""

    PNG = "image/png"
    SVG = "image/svg+xml"

    @property
    def extension(self) -> str:
        """File name extension without the dot."""
        return "svg" if self is MediaType.SVG else "png"


class GeneratorOptions(BaseModel):
    """Settings for one request, read from `STEM-options.json`. Generators subclass it and add fields.

    Every field has a description and bounds: its JSON Schema is what `spectacle schema GENERATOR` prints.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    seed: int | None = Field(None, ge=0, le=MAX_SEED, description="Seed of the random numbers. Default: random.")
    progress: bool = Field(False, description="Keep STEM-progress.json up to date while the request waits and runs.")
    png: bool = Field(False, description="Also write a STEM.png preview of an SVG result, the first if there are more.")
    previews: bool = Field(False, description="Also write a preview of each SVG: STEM.png, STEM-2.png and so on.")
    output_format: Literal["png", "jpeg", "webp", "avif"] | None = Field(
        None, description="Format of the image; of an SVG, that of a preview, which is also written. Default: png."
    )
    quality: int | None = Field(
        None,
        ge=1,
        le=100,
        description="Quality of jpeg, webp and avif; png has none and ignores it. Default: 90, 85, 75.",
    )
    metadata: Literal["full", "minimal"] = Field(
        "full",
        description="Minimal metadata marks the image as machine-made and names the licence, without the prompt.",
    )
    thumbnail: int | None = Field(
        None, ge=16, le=1024, description="Also write STEM-thumbnail, whose longer side has this many pixels."
    )


@dataclass(frozen=True, slots=True)
class InputRequirements:
    """What a generator must or may be given.

    Attributes:
        prompt: Whether a non-empty prompt is required.
        min_pictures: Minimum number of attached input images.
        max_pictures: Most attached input images, 0 to 10.
        mask: Whether `STEM-mask.png` is used.
        control: Whether `STEM-control.png` is used.
    """

    prompt: bool = True
    min_pictures: int = 0
    max_pictures: int = 0
    mask: bool = False
    control: bool = False


class RunsOn(StrEnum):
    """On which devices a generator runs."""

    CPU_ONLY = "cpu only"
    """It does not use a GPU."""
    GPU_OR_CPU = "gpu or cpu"
    """It runs on either, and is small enough to be loaded by several workers of one host."""
    GPU_PREFERRED = "gpu preferred"
    """It is too slow or too large for a CPU where there is a GPU."""


@dataclass(frozen=True, slots=True)
class Device:
    """Where a generator runs.

    Attributes:
        kind: `cpu`, `cuda` (NVIDIA and AMD), `xpu` (Intel) or `mps` (Apple).
        index: Number of the device among those of its kind.
        host: Name of the host it belongs to, or None for the daemon's own.
        share: Among how many workers its memory is shared out, where that is a GPU.
        second: Number of a second GPU, which may hold what does not fit on the one that generates; None for no such.
    """

    kind: str = "cpu"
    index: int = 0
    host: str | None = None
    share: int = 1
    second: int | None = None

    @property
    def torch_name(self) -> str:
        """The name by which torch knows the device that generates."""
        return self.kind if self.kind == "cpu" else f"{self.kind}:{self.index}"

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of all of its GPUs, the one that generates first."""
        return (self.index,) if self.second is None else (self.index, self.second)

    def __str__(self) -> str:
        name = self.torch_name if self.second is None else f"{self.torch_name}+{self.kind}:{self.second}"
        return name if self.host is None else f"{self.host}/{name}"


class ResourceSettings(Protocol):
    """The settings that `Resources` are made from."""

    @property
    def weights(self) -> WeightSettings:
        """The section `[weights]`."""

    @property
    def placement(self) -> PlacementSettings:
        """The section `[placement]`."""

    @property
    def loras(self) -> Mapping[str, LoraSettings]:
        """The tables `[loras.NAME]`."""

    @property
    def models(self) -> Mapping[str, ModelSettings]:
        """The tables `[models.NAME]`."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What a generator may use on this machine, from the settings.

    Attributes:
        store: The weights that were pulled.
        prepared: Directories that `spectacle prepare` wrote, by generator name or `NAME/PRESET`.
        placement: Limits on memory, and what the settings say about how models are placed.
        loras: The LoRA adapters that requests may name.
        models: The models that serve as generators under their names.
        parts: Parts of models that come from elsewhere, by the model's name or repository.
    """

    store: Store = field(default_factory=lambda: Store(WeightSettings().directory))
    prepared: Mapping[str, Path] = field(default_factory=dict)
    placement: PlacementSettings = field(default_factory=PlacementSettings)
    loras: Mapping[str, LoraSettings] = field(default_factory=dict)
    models: Mapping[str, ModelSettings] = field(default_factory=dict)
    parts: Mapping[str, Mapping[str, PartSettings]] = field(default_factory=dict)

    @classmethod
    def from_settings(cls, settings: ResourceSettings) -> Resources:
        """As the sections `[weights]`, `[placement]`, `[loras]` and `[models]` say."""
        weights = settings.weights
        return cls(
            Store(weights.directory),
            weights.prepared,
            settings.placement,
            settings.loras,
            settings.models,
            weights.parts,
        )

    def prepared_for(self, generator: str, preset: str | None) -> Path | None:
        """The prepared checkpoint to load instead of pulled weights, found complete, or None when none is configured.

        Raises:
            WeightsMissing: When one is configured that is not complete, or is for something else.
        """
        path = self.prepared.get(f"{generator}/{preset}") or self.prepared.get(generator)
        if path is not None:
            open_prepared(path, generator, preset)
        return path


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes of memory.

    Attributes:
        vram: Of the device, where that is a GPU.
        ram: Of the host.
        second: Of the second GPU of a pair.
    """

    vram: int = 0
    ram: int = 0
    second: int = 0

    def __add__(self, other: Footprint) -> Footprint:
        return Footprint(self.vram + other.vram, self.ram + other.ram, self.second + other.second)

    def __le__(self, other: Footprint) -> bool:
        """Whether this fits where `other` is free."""
        return self.vram <= other.vram and self.ram <= other.ram and self.second <= other.second


@dataclass(frozen=True, slots=True)
class Job:
    """One request as a generator sees it.

    Attributes:
        prompt: Sanitized prompt text, perhaps empty where `InputRequirements.prompt` is false.
        width: Width in pixels of the image to deliver. A generator may return another size; the result is fitted.
        height: Height in pixels of the image to deliver.
        seed: Seed to use, 0 to `MAX_SEED`.
        makes: The media type wanted for the primary artifact.
        options: Checked options, an instance of the generator's `Options`.
        pictures: Opened input images in order, upright, mode RGB or RGBA.
        mask: Opened mask, mode L, or None.
        control: Opened control image, or None.
    """

    prompt: str
    width: int
    height: int
    seed: int
    makes: MediaType
    options: GeneratorOptions
    pictures: Sequence[Image.Image] = ()
    mask: Image.Image | None = None
    control: Image.Image | None = None


@dataclass(frozen=True, slots=True)
class Artifact:
    """One result of a job.

    Attributes:
        content: An image, or the text of an SVG document.
        facts: What should be known of its making (model, steps, sources …); goes into the result's metadata as JSON.
        seed: The seed that made this artifact, when it differs from the job's.
        millimetres: Width and height of an SVG that has a size on paper; None for one in pixels.
        processed_input: What the model saw of the first input image, where a request asks for it. Of a job's artifacts,
            that of the first is written.
    """

    content: Image.Image | str
    facts: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    millimetres: tuple[float, float] | None = None
    processed_input: Image.Image | None = None


class JobControl(Protocol):
    """A generator's line to the daemon while it works."""

    def progress(self, step: int, steps: int, note: str = "") -> None:
        """Report that `step` of `steps` are done. Call it at least every few seconds.

        Args:
            step: Steps done.
            steps: Steps in all.
            note: What else is worth knowing of this step, in a few words, such as the error that is left.

        Raises:
            Cancelled: When the job is no longer wanted. Let it pass through.
        """
        ...

    def check(self) -> None:
        """Do nothing, or raise `Cancelled` when the job is no longer wanted."""
        ...


_RENAMED = {"demand": "required_memory", "adopt": "switch_preset", "named": "resolve_preset"}
"""New names of methods by the old ones, under which generators of other packages may still define them."""


class Generator(ABC):
    """One way of turning a request into images.

    Instances live in a worker process, one per (generator, preset), and are used by one thread. Several stay loaded at
    a time while memory allows; the one that was used longest ago is unloaded first.
    """

    name: ClassVar[str]
    summary: ClassVar[str] = ""
    licence: ClassVar[str] = ""
    Options: ClassVar[type[GeneratorOptions]] = GeneratorOptions
    needs: ClassVar[InputRequirements] = InputRequirements()
    makes: ClassVar[frozenset[MediaType]] = frozenset({MediaType.PNG})
    presets: ClassVar[Mapping[str, str]] = {}
    """Preset names and what each is for, the default first; empty when the generator has none."""

    runs_on: ClassVar[RunsOn] = RunsOn.GPU_PREFERRED
    """On which devices it runs. What does not need a GPU never waits for one, and several workers may load it."""

    max_batch: int = 1
    """How many jobs `generate_batch` takes together, 1 for none. `load` may set another one on the instance."""

    takes_parts: ClassVar[bool] = False
    """Whether `[weights.parts]` may take parts of its models from elsewhere."""

    extra: ClassVar[str | None] = None
    """The extra of Spectacle's distribution that installs `packages`, as in `pip install '.[EXTRA]'` in the clone."""
    packages: ClassVar[tuple[str, ...]] = ()
    """Names of the modules beyond Spectacle's own needs that `load` imports."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        for old, new in _RENAMED.items():
            if old in vars(cls) and new not in vars(cls):
                warnings.warn(
                    f"{cls.__qualname__}.{old}: the method has been renamed. Define {new}; "
                    "the old name works until version 1.0.",
                    FutureWarning,
                    stacklevel=2,
                )
                setattr(cls, new, vars(cls)[old])

    def __init__(self, preset: str | None = None, resources: Resources | None = None) -> None:
        self.preset = self.resolve_preset(preset)
        self.resources = resources if resources is not None else Resources()

    @classmethod
    def resolve_preset(cls, preset: str | None) -> str | None:
        """The preset itself, or the default one for None.

        Raises:
            GeneratorError: When there is no such preset.
        """
        if preset is None:
            return next(iter(cls.presets), None)
        if preset not in cls.presets:
            remedy = f"Use one of {', '.join(cls.presets)}" if cls.presets else "Omit it, because there are none"
            raise GeneratorError(f"{cls.name}: no preset {preset!r}. {remedy}.")
        return preset

    @classmethod
    def preset_for(cls, preset: str | None, options: Mapping[str, Any]) -> str | None:
        """The preset that the options of a request ask for: `preset`, which its kind has, unless they name another.

        Asked in the daemon's process, of Spectacle's own generators only. A request is served with that preset where a
        kind is configured with it.

        Args:
            preset: The preset of the request's kind.
            options: Those of the request and of its kind; they are not checked.
        """
        return preset

    @classmethod
    def missing_packages(cls) -> str | None:
        """What to do about libraries that are not installed, or None when all are."""
        missing = [name for name in cls.packages if find_spec(name) is None]
        if not missing:
            return None
        install = f"Run `pip install '.[{cls.extra}]'` in the clone." if cls.extra else "Install them."
        return f"{cls.name}: needs {', '.join(missing)}. {install}"

    @classmethod
    def weights(cls, preset: str | None = None) -> Sequence[Source]:
        """What of the model hub a preset loads, largest first; empty for a generator without weights."""
        return ()

    @classmethod
    def sources(cls, preset: str | None, resources: Resources) -> Sequence[Source]:
        """What of the model hub a preset loads with these settings, which may take parts of it from elsewhere."""
        return cls.weights(preset)

    @classmethod
    def local_parts(cls, preset: str | None, resources: Resources) -> Sequence[tuple[str, Path, str]]:
        """Parts that the settings take from files or directories of this machine: name, path and licence."""
        return ()

    @classmethod
    def missing_weights(cls, preset: str | None = None, resources: Resources | None = None) -> str | None:
        """What to do about weights that are not on this machine, or None when none are missing. Does not load them."""
        try:
            cls.check_weights(preset, resources if resources is not None else Resources())
        except GeneratorError as error:
            return error.message
        return None

    @classmethod
    def check_weights(cls, preset: str | None, resources: Resources) -> None:
        """Check whether what a preset loads is on this machine; the worker does so before it loads the generator.

        Raises:
            WeightsMissing: When something is not there, or damaged.
        """
        if resources.prepared_for(cls.name, preset) is None:
            for source in cls.sources(preset, resources):
                cls.locate(source, preset, resources)

    @classmethod
    def locate(cls, source: Source, preset: str | None, resources: Resources) -> Located:
        """Where pulled weights are.

        Raises:
            WeightsMissing: When they are not there, or damaged; the message names the command that downloads them.
        """
        try:
            return resources.store.locate(source)
        except WeightsMissing as error:
            pull = f"spectacle pull {cls.name}{f' --preset {preset}' if preset else ''}"
            raise WeightsMissing(f"{error.message} Run `{pull}` on this host.") from None

    @classmethod
    def prepare(
        cls, preset: str | None, folder: Path, resources: Resources, quantization: str, say: Callable[[str], None]
    ) -> Mapping[str, str]:
        """Write a self-contained checkpoint into an empty directory: adapters fused, stored as it will be loaded.

        Args:
            preset: The preset it is for.
            folder: Where the files go.
            resources: Where the pulled weights are.
            quantization: How weights are stored: `none`, or what the generator knows, such as `int8`.
            say: Called with a sentence for each part of the work.

        Returns:
            The commits it was made from, by repository.

        Raises:
            GeneratorError: When the generator has nothing to prepare, or not in that way.
            WeightsMissing: When what it is made from is not on this machine.
        """
        raise GeneratorError(
            f"{cls.name}: has nothing to prepare. Omit this step: it loads what `spectacle pull` downloaded."
        )

    @classmethod
    def notes(cls) -> Sequence[str]:
        """Lines that `spectacle generators NAME` shows beneath the options: what their descriptions cannot say."""
        return ()

    @classmethod
    def plan(cls, preset: str | None, device: Device, resources: Resources) -> Sequence[str]:
        """How the model would be placed on `device`, a sentence each: what, why, and what it costs. May be empty."""
        return ()

    @classmethod
    def why_on_cpu(cls, device: Device) -> str | None:
        """Why it computes on the CPU in the worker of a GPU, as a clause; None where it uses the GPU.

        Told at the daemon's start and by `spectacle doctor`, of Spectacle's own generators: no others are imported
        there. Not asked of a generator that runs on the CPU only.
        """
        return None

    @classmethod
    def required_memory(
        cls, preset: str | None, device: Device, resources: Resources, held: Footprint
    ) -> Footprint | None:
        """What loading the model and running its largest job takes, or None when that is not known.

        Called in the worker process, to see what must be unloaded before. Where it is not known, everything is; so it
        is by default for a generator that names `packages`.

        Args:
            preset: The preset to be loaded.
            device: Where.
            resources: What may be used.
            held: What would be free in addition if everything that is loaded now were not.
        """
        return None if cls.packages else Footprint()

    @property
    def footprint(self) -> Footprint:
        """What is held between jobs, and free again after `unload`. About; nothing until the model is loaded."""
        return Footprint()

    def switch_preset(self, preset: str | None) -> bool:
        """Turn into another preset of the same loaded model, as by swapping adapters; False when that cannot be done.

        Called between jobs. After True, `self.preset` is the new one.
        """
        return preset == self.preset

    @property
    def model(self) -> str:
        """Name of the loaded model, for the metadata of results."""
        return self.name

    @property
    def revision(self) -> str | None:
        """Resolved revision of the loaded weights, or None for a generator without weights."""
        return None

    def load(self, device: Device) -> None:  # noqa: B027 - a generator without weights has nothing to load
        """Make ready to generate on `device`. Called once before `generate`, and again after `unload`.

        Raises:
            WeightsMissing: When weights are not on this machine.
            OutOfMemory: When they do not fit.
        """

    @abstractmethod
    def generate(self, job: Job, control: JobControl) -> Sequence[Artifact]:
        """Make the images, best first; at least one.

        Raises:
            RequestError: When the job asks for what cannot be done; the message is shown to the client.
            GeneratorError: When it could be done but failed.
            OutOfMemory: When memory ran out. `MemoryError` and torch's own error are understood as well.
        """

    def compatible(self, a: Job, b: Job) -> bool:
        """Whether two jobs may be generated together. Asked for each two of a batch, where `max_batch` is above 1.

        A job that is not compatible with those before it is run after them.
        """
        return True

    def generate_batch(
        self, jobs: Sequence[Job], controls: Sequence[JobControl]
    ) -> Iterator[tuple[int, Sequence[Artifact] | Exception]]:
        """Make the images of several jobs together. Called with 2 to `max_batch` jobs, each two `compatible`.

        What a job yields must be what `generate` returns for it, bit for bit on a CPU. Where that cannot be had on a
        GPU, its facts say so.

        Args:
            jobs: The jobs.
            controls: That of each. One raises `Cancelled` when its job is no longer wanted: yield that for the job, and
                continue with the others.

        Yields:
            For each job once, as soon as it is done: its number, and what `generate` would return or raise. Jobs that
            are left when it raises are run again, one by one.
        """
        raise NotImplementedError(f"{self.name}: max_batch is {self.max_batch}, and generate_batch is not defined")

    def unload(self) -> None:  # noqa: B027
        """Free what `load` took."""

    def memory_advice(self, job: Job) -> str:
        """One clause for the client whose job did not fit: what would fit."""
        return f"Request fewer than {job.width}x{job.height} pixels"
