"""The settings: one typed model, every field described."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ByteSize, ConfigDict, Field, field_validator, model_validator

from spectacle.spool.naming import KIND_PATTERN, RESERVED_KINDS

_DEVICE = re.compile(r"cpu|cuda(:[0-9]{1,2})?")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True)


class SpoolSettings(_Section):
    """Where requests arrive and how they are noticed."""

    path: Path = Field(
        Path("spool"), description="The spool directory; a relative path is relative to the configuration file."
    )
    poll_interval: float = Field(
        1.0, ge=0.05, le=60, description="Seconds between the daemon's own looks at the spool."
    )
    settle: float | None = Field(
        None,
        ge=0.0,
        le=600,
        description="Seconds a request that was not renamed in must stand still before it counts as complete. "
        "Unset: 1 on a local file system, 4 on a network one.",
    )
    empty_grace: float = Field(
        30.0, ge=0, le=3600, description="Seconds a request may stay empty before it gets an error."
    )
    orphan_grace: float = Field(
        60.0,
        ge=0,
        le=86400,
        description="Seconds before a kind that no live instance serves is answered with an error.",
    )
    lease_duration: float = Field(
        30.0, ge=1, le=3600, description="Seconds without a heartbeat after which another host's claim is taken over. "
        "All instances on a spool must agree on it.",
    )  # fmt: skip
    max_attempts: int = Field(
        3, ge=1, le=100, description="Runs a request may end before it is answered with an error."
    )
    affinity_window: float = Field(
        60.0, ge=0, le=3600, description="Seconds a request may be overtaken by others whose model is already loaded."
    )
    min_free: int = Field(
        16 * 2**20, ge=0, description="Bytes of free space under which nothing is claimed until there is more again."
    )


class LimitSettings(_Section):
    """What a request may ask for and how long it may take."""

    max_pixels: int = Field(16_000_000, ge=1, le=10**9, description="Largest picture to make, width times height.")
    max_input_pixels: int = Field(
        64_000_000, ge=1, le=10**9, description="Largest attached picture to read, width times height."
    )
    max_input_bytes: int = Field(64 * 2**20, ge=1, le=2**31, description="Largest attached file, bytes.")
    max_prompt_bytes: int = Field(65_536, ge=1, le=2**24, description="Largest request file, bytes.")
    max_prompt_characters: int = Field(
        4000, ge=1, le=100_000, description="Characters of a prompt that are used; the rest is cut off, with a note."
    )
    load: float = Field(900.0, gt=0, description="Seconds a generator may take to load.")
    step: float = Field(300.0, gt=0, description="Seconds between two signs of progress of a running job.")
    job: float = Field(2700.0, gt=0, description="Seconds a whole job may take.")
    cancel: float = Field(
        30.0, gt=0, description="Seconds a cancelled job may take to stop before its worker is killed."
    )


class WorkerSettings(_Section):
    """The processes that run generators, one for each device."""

    devices: tuple[str, ...] = Field(
        ("auto",),
        min_length=1,
        description="Devices to use: `auto` (every GPU, or the CPU), `cpu`, `cuda:0`, `cuda:1` …",
    )
    preload: bool = Field(True, description="Load the default kind's generator at start, not at the first request.")
    idle_unload: float = Field(
        900.0, ge=1, description="Seconds without work after which a worker gives its memory back."
    )
    drain_timeout: float = Field(
        60.0, ge=0, description="Seconds running jobs may take to finish when the daemon stops."
    )
    svg_memory: int = Field(1 << 30, ge=64 << 20, description="Bytes of memory the SVG rasteriser may use.")
    svg_seconds: int = Field(30, ge=1, le=600, description="Seconds the SVG rasteriser may take for one drawing.")

    @field_validator("devices")
    @classmethod
    def _are_devices(cls, devices: tuple[str, ...]) -> tuple[str, ...]:
        for device in devices:
            if device != "auto" and not _DEVICE.fullmatch(device):
                raise ValueError(f"{device!r} is not a valid device: use auto, cpu, cuda:0, cuda:1 …")
        return devices


class WeightSettings(_Section):
    """Where the weights of models lie."""

    directory: Path = Field(
        Path("~/.local/share/spectacle/weights"),
        description="Where `spectacle pull` puts weights and generators find them; a relative path is relative to the "
        "configuration file. It may lie on a volume that several hosts share.",
    )
    prepared: dict[str, Path] = Field(
        {},
        description="Directories that `spectacle prepare` wrote, by generator or `GENERATOR/PRESET`; they are loaded "
        "instead of pulled weights.",
    )

    @field_validator("directory", mode="after")
    @classmethod
    def _is_expanded(cls, directory: Path) -> Path:
        return directory.expanduser()


class PlacementSettings(_Section):
    """How models are placed in memory. Left alone, each is placed as well as what is free allows."""

    vram_limit: ByteSize | None = Field(
        None, gt=0, description='Most memory of each GPU to use, such as "10GB". Unset: all that is free.'
    )
    ram_limit: ByteSize | None = Field(
        None, gt=0, description='Most memory of the host to use, such as "32GB". Unset: all that is free.'
    )
    quantization: Literal["auto", "none", "int8", "nf4", "gguf"] = Field(
        "auto", description="How the weights of large models are stored in memory; `none` is bf16."
    )
    residency: Literal["auto", "device", "staged", "model-offload", "group-offload", "disk-offload"] = Field(
        "auto",
        description="What lies on the GPU: everything, the text encoder first and then the rest, one model at a "
        "time, or blocks streamed from memory or from disk.",
    )
    offload_directory: Path | None = Field(
        None,
        description="Where a model that is streamed from disk is written on loading, as much as its weights are; it "
        "must be a disk, not memory. Unset: the system's directory for temporary files.",
    )
    vae_tiling: bool | None = Field(
        None, description="Decode pictures in tiles, which needs less memory. Unset: where memory is short."
    )
    attention: str = Field(
        "auto",
        pattern=r"[A-Za-z0-9_-]{1,40}",
        description="Attention back end, a name that diffusers knows; `auto` is the fastest that is installed.",
    )
    compile_repeated_blocks: bool = Field(
        False, description="Compile the model's blocks, at the cost of a slow first picture of each size."
    )
    cache: Literal["none", "first-block", "taylorseer"] = Field(
        "none", description="Skip steps that change little. Faster, but not the same picture; off under Lightning."
    )


class KindSettings(_Section):
    """What serves requests of one kind."""

    generator: str = Field(description="Name of the generator, see `spectacle generators`.")
    preset: str | None = Field(None, description="Preset of the generator, or unset for its default.")
    makes: Literal["png", "svg"] = Field("png", description="Form of the result.")
    options: dict[str, Any] = Field(
        {}, description="Options for every request of this kind, unless its own STEM-options.json says otherwise."
    )


class SanitizeSettings(_Section):
    """What prompts are refused."""

    blocked: tuple[str, ...] = Field(
        (),
        description="Regular expressions; a prompt in which one is found (upper and lower case alike) gets an error.",
    )

    @field_validator("blocked")
    @classmethod
    def _are_patterns(cls, blocked: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in blocked:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is not a valid regular expression: {error}") from None
        return blocked


class LogSettings(_Section):
    """What is logged."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least important level that is logged; prompts appear at `debug` only."
    )
    form: Literal["auto", "console", "json"] = Field(
        "auto", description="`console` for people, `json` for machines; `auto` is json under systemd."
    )


_DEFAULT_KINDS: dict[str, Any] = {
    "picture": {"generator": "illustration", "makes": "png"},
    "svg": {"generator": "illustration", "makes": "svg"},
}


class Settings(_Section):
    """All settings of one instance."""

    default_kind: str = Field("picture", description="The kind of a request whose name has none.")
    spool: SpoolSettings = Field(SpoolSettings(), description=SpoolSettings.__doc__)
    limits: LimitSettings = Field(LimitSettings(), description=LimitSettings.__doc__)
    workers: WorkerSettings = Field(WorkerSettings(), description=WorkerSettings.__doc__)
    weights: WeightSettings = Field(WeightSettings(), description=WeightSettings.__doc__)
    placement: PlacementSettings = Field(PlacementSettings(), description=PlacementSettings.__doc__)
    sanitize: SanitizeSettings = Field(SanitizeSettings(), description=SanitizeSettings.__doc__)
    log: LogSettings = Field(LogSettings(), description=LogSettings.__doc__)
    kinds: dict[str, KindSettings] = Field(
        {name: KindSettings(**kind) for name, kind in _DEFAULT_KINDS.items()},
        min_length=1,
        description="The kinds this instance serves: a table `[kinds.NAME]` for each. When any is given, the built-in "
        "two are not served unless they are given too.",
    )

    @field_validator("kinds")
    @classmethod
    def _are_kinds(cls, kinds: dict[str, KindSettings]) -> dict[str, KindSettings]:
        for name in kinds:
            if not KIND_PATTERN.fullmatch(name):
                raise ValueError(f"{name!r} is not a valid kind: use a-z, 0-9 and _, beginning with a letter")
            if name in RESERVED_KINDS:
                raise ValueError(f"{name!r} is reserved: its results would be named like other requests' companions")
        return kinds

    @model_validator(mode="after")
    def _default_is_a_kind(self) -> Settings:
        if not KIND_PATTERN.fullmatch(self.default_kind):
            raise ValueError(f"default_kind: {self.default_kind!r} is not a valid kind")
        return self
