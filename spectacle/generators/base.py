"""The contract between Spectacle and a generator.

A generator knows nothing of files, locks or queues: it gets a `Job` and a `JobControl` and returns `Artifact`s.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Protocol

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from spectacle.config import PlacementSettings, WeightSettings
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

    seed: int | None = Field(None, ge=0, le=MAX_SEED, description="Seed of the random numbers; random when absent.")
    progress: bool = Field(False, description="Keep STEM-progress.json up to date while the request runs.")
    png: bool = Field(False, description="Write a STEM.png preview beside an SVG result.")


@dataclass(frozen=True, slots=True)
class Needs:
    """What a generator must or may be given.

    Attributes:
        prompt: Whether a non-empty prompt is required.
        min_pictures: Fewest attached input pictures.
        max_pictures: Most attached input pictures, 0 to 10.
        mask: Whether `STEM-mask.png` is used.
        control: Whether `STEM-control.png` is used.
    """

    prompt: bool = True
    min_pictures: int = 0
    max_pictures: int = 0
    mask: bool = False
    control: bool = False


@dataclass(frozen=True, slots=True)
class Device:
    """Where a generator runs.

    Attributes:
        kind: `cpu` or `cuda`.
        index: Number of the device among those of its kind.
    """

    kind: str = "cpu"
    index: int = 0

    def __str__(self) -> str:
        return self.kind if self.kind == "cpu" else f"{self.kind}:{self.index}"


@dataclass(frozen=True, slots=True)
class Resources:
    """What a generator may use on this machine, from the settings.

    Attributes:
        store: The weights that were pulled.
        prepared: Directories that `spectacle prepare` wrote, by generator name or `NAME/PRESET`.
        placement: Limits on memory, and what the settings say about how models are placed.
    """

    store: Store = field(default_factory=lambda: Store(WeightSettings().directory))
    prepared: Mapping[str, Path] = field(default_factory=dict)
    placement: PlacementSettings = field(default_factory=PlacementSettings)

    @classmethod
    def from_settings(cls, weights: WeightSettings, placement: PlacementSettings) -> Resources:
        """As the sections `[weights]` and `[placement]` say."""
        return cls(Store(weights.directory), weights.prepared, placement)

    def prepared_for(self, generator: str, preset: str | None) -> Path | None:
        """The prepared checkpoint to load instead of pulled weights, found whole, or None when none is configured.

        Raises:
            WeightsMissing: When one is configured that is not whole, or is for something else.
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
    """

    vram: int = 0
    ram: int = 0

    def __add__(self, other: Footprint) -> Footprint:
        return Footprint(self.vram + other.vram, self.ram + other.ram)

    def __le__(self, other: Footprint) -> bool:
        """Whether this fits where `other` is free."""
        return self.vram <= other.vram and self.ram <= other.ram


@dataclass(frozen=True, slots=True)
class Job:
    """One request as a generator sees it.

    Attributes:
        prompt: Sanitised prompt text, perhaps empty where `Needs.prompt` is false.
        width: Width in pixels of the picture to deliver. A generator may return another size; the result is fitted.
        height: Height in pixels of the picture to deliver.
        seed: Seed to use, 0 to `MAX_SEED`.
        makes: The media type wanted for the primary artifact.
        options: Checked options, an instance of the generator's `Options`.
        pictures: Opened input pictures in order, upright, mode RGB or RGBA.
        mask: Opened mask, mode L, or None.
        control: Opened control picture, or None.
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
        content: A picture, or the text of an SVG document.
        facts: What should be known of its making (model, steps, sources …); goes into the result's metadata as JSON.
        seed: The seed that made this artifact, when it differs from the job's.
    """

    content: Image.Image | str
    facts: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None

    @property
    def media_type(self) -> MediaType:
        """SVG for text, PNG for a picture."""
        return MediaType.SVG if isinstance(self.content, str) else MediaType.PNG


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


class Generator(ABC):
    """One way of turning a request into pictures.

    Instances live in a worker process, one per (generator, preset), and are used by one thread. Several stay loaded at
    a time while memory allows; the one that was used longest ago is unloaded first.
    """

    name: ClassVar[str]
    summary: ClassVar[str] = ""
    licence: ClassVar[str] = ""
    Options: ClassVar[type[GeneratorOptions]] = GeneratorOptions
    needs: ClassVar[Needs] = Needs()
    makes: ClassVar[frozenset[MediaType]] = frozenset({MediaType.PNG})
    presets: ClassVar[Mapping[str, str]] = {}
    """Preset names and what each is for, the default first; empty when the generator has none."""

    extra: ClassVar[str | None] = None
    """The extra of Spectacle's distribution that installs `packages`, as in `pip install 'spectacle-daemon[EXTRA]'`."""
    packages: ClassVar[tuple[str, ...]] = ()
    """Names of the modules beyond Spectacle's own needs that `load` imports."""

    def __init__(self, preset: str | None = None, resources: Resources | None = None) -> None:
        self.preset = self.named(preset)
        self.resources = resources if resources is not None else Resources()

    @classmethod
    def named(cls, preset: str | None) -> str | None:
        """The preset itself, or the default one when none is named.

        Raises:
            GeneratorError: When there is none of that name.
        """
        if preset is None:
            return next(iter(cls.presets), None)
        if preset not in cls.presets:
            remedy = f"use one of {', '.join(cls.presets)}" if cls.presets else "it has none, so leave it out"
            raise GeneratorError(f"{cls.name} has no preset {preset!r}: {remedy}")
        return preset

    @classmethod
    def missing_packages(cls) -> str | None:
        """What to do about libraries that are not installed, or None when all are."""
        missing = [name for name in cls.packages if find_spec(name) is None]
        if not missing:
            return None
        install = f"run: pip install 'spectacle-daemon[{cls.extra}]'" if cls.extra else "install them"
        return f"{cls.name} needs {', '.join(missing)}: {install}"

    @classmethod
    def weights(cls, preset: str | None = None) -> Sequence[Source]:
        """What of the model hub a preset loads, largest first; empty for a generator without weights."""
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
        """Look whether what a preset loads is on this machine; the worker does so before it loads the generator.

        Raises:
            WeightsMissing: When something is not there, or damaged.
        """
        if resources.prepared_for(cls.name, preset) is None:
            for source in cls.weights(preset):
                cls.locate(source, preset, resources)

    @classmethod
    def locate(cls, source: Source, preset: str | None, resources: Resources) -> Located:
        """Where pulled weights lie.

        Raises:
            WeightsMissing: When they are not there, or damaged; the message names the command that brings them.
        """
        try:
            return resources.store.locate(source)
        except WeightsMissing as error:
            pull = f"spectacle pull {cls.name}{f' --preset {preset}' if preset else ''}"
            raise WeightsMissing(f"{error.message}: run `{pull}` on this host") from None

    @classmethod
    def prepare(
        cls, preset: str | None, folder: Path, resources: Resources, quantization: str, say: Callable[[str], None]
    ) -> Mapping[str, str]:
        """Write a self-contained checkpoint into an empty folder: adapters fused, stored as it will be loaded.

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
        raise GeneratorError(f"{cls.name} has nothing to prepare: it loads what `spectacle pull` downloaded")

    @classmethod
    def notes(cls) -> Sequence[str]:
        """Lines that `spectacle generators NAME` shows beneath the options: what their descriptions cannot say."""
        return ()

    @classmethod
    def plan(cls, preset: str | None, device: Device, resources: Resources) -> Sequence[str]:
        """How the model would be placed on `device`, a sentence each: what, why, and what it costs. May be empty."""
        return ()

    @classmethod
    def demand(cls, preset: str | None, device: Device, resources: Resources, held: Footprint) -> Footprint | None:
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

    def adopt(self, preset: str | None) -> bool:
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
        """Make the pictures, best first; at least one.

        Raises:
            RequestError: When the job asks for what cannot be done; the message is shown to the client.
            GeneratorError: When it could be done but failed.
            OutOfMemory: When memory ran out. `MemoryError` and torch's own error are understood as well.
        """

    def unload(self) -> None:  # noqa: B027
        """Free what `load` took."""

    def memory_advice(self, job: Job) -> str:
        """One clause for the client whose job did not fit: what would fit."""
        return f"ask for fewer than {job.width}x{job.height} pixels"
