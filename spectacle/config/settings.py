"""The settings: one typed model, every field described."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ByteSize, Field, field_validator, model_validator

from spectacle.config.cluster import RaySettings
from spectacle.config.models import LoraSettings, ModelSettings, PartSettings
from spectacle.config.operation import (
    HookSettings,
    MetricsSettings,
    ProvenanceSettings,
    RetentionSettings,
    UserLimitSettings,
)
from spectacle.config.section import Section, expanded, kind_name, whole
from spectacle.patterns import compile_pattern

GATEWAY_PURPOSES = ("image", "edit", "svg", "vectorize", "omnisvg", "botanical")
"""What the gateway's dialects need a kind for."""

_ACCOUNT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,255}\$?")
_LORA = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_MODEL = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_DEVICE = re.compile(r"cpu|mps(:0)?|(cuda|xpu)(:[0-9]{1,2})?|(?P<kind>cuda|xpu):[0-9]{1,2}\+(?P=kind):[0-9]{1,2}")


Rate = Annotated[str, whole(r"[1-9][0-9]{0,5}/(second|minute|hour|day)", "a number per time, such as 120/minute")]
"""A rate of requests."""


class SpoolSettings(Section):
    """Where requests arrive, and how they are noticed."""

    path: Path = Field(
        Path("spool"), description="The spool directory; a relative path is relative to the configuration file."
    )
    poll_interval: float = Field(1.0, ge=0.05, le=60, description="Seconds between scans of the spool.")
    settle: float | None = Field(
        None,
        ge=0.0,
        le=600,
        description="Seconds a request file must remain unchanged before it is processed, unless it was renamed into "
        "place or closed by a writer on this host. Default: 1 on a local, 4 on a network file system.",
    )
    empty_grace: float = Field(
        30.0, ge=0, le=3600, description="Seconds a request may stay empty before it gets an error."
    )
    orphan_grace: float = Field(
        60.0,
        ge=0,
        le=86400,
        description="Seconds after which a request of a kind that no running instance serves gets an error.",
    )
    lease_duration: float = Field(
        30.0, ge=1, le=3600, description="Seconds without a heartbeat after which another host's claim is taken over. "
        "Must be the same for all instances on a spool.",
    )  # fmt: skip
    max_attempts: int = Field(
        3,
        ge=1,
        le=100,
        description="Failed attempts (the worker or daemon died or did not respond) after which a request gets an "
        "error.",
    )
    affinity_window: float = Field(
        60.0,
        ge=0,
        le=3600,
        description="Maximum time in seconds that requests for an already loaded model may delay another request.",
    )
    mode: Annotated[str, whole(r"0?[0-7]{3}", 'three octal digits, such as "0664"')] | None = Field(
        None,
        description='Permissions of result files, in octal digits, such as "0664". Default: those with which the '
        "request's writer can read them.",
    )
    min_free: int = Field(16 * 2**20, ge=0, description="Bytes of free space below which no request is claimed.")
    operators: tuple[str, ...] = Field(
        (),
        max_length=100,
        description="Accounts, by name or number, that can pause the spool, in addition to root, the spool's owner and "
        "the daemons' accounts.",
    )

    @field_validator("operators")
    @classmethod
    def _are_accounts(cls, operators: tuple[str, ...]) -> tuple[str, ...]:
        for account in operators:
            if not _ACCOUNT.fullmatch(account):
                raise ValueError(f"invalid account {account!r}; use a name or a number, such as alice or 1000")
        return operators

    @property
    def file_mode(self) -> int | None:
        """`mode` as a number."""
        return None if self.mode is None else int(self.mode, 8)


class LimitSettings(Section):
    """Limits of requests: sizes and times."""

    max_pixels: int = Field(
        16_000_000, ge=1, le=10**9, description="Maximum size of an image to make, width times height."
    )
    max_input_pixels: int = Field(
        64_000_000,
        ge=1,
        le=10**9,
        description="Maximum size of an attached image, width times height. No side can have more than 32767 pixels.",
    )
    max_total_input_pixels: int = Field(
        128_000_000,
        ge=1,
        le=10**10,
        description="Maximum total size in pixels of all images attached to a request. Each pixel takes 4 bytes of "
        "memory.",
    )
    max_input_bytes: int = Field(64 * 2**20, ge=1, le=2**31, description="Maximum size of an attached file in bytes.")
    max_prompt_bytes: int = Field(65_536, ge=1, le=2**24, description="Maximum size of a request file in bytes.")
    max_prompt_characters: int = Field(
        4000,
        ge=1,
        le=100_000,
        description="Maximum number of characters of a prompt that are used; the metadata records a truncated prompt.",
    )
    load: float = Field(900.0, gt=0, description="Seconds a generator may take to load.")
    step: float = Field(
        300.0, gt=0, description="Maximum number of seconds between two progress reports of a running job."
    )
    job: float = Field(2700.0, gt=0, description="Seconds an entire job may take.")
    cancel: float = Field(
        30.0, gt=0, description="Seconds a cancelled job may take to stop before its worker is killed."
    )
    users: UserLimitSettings = Field(UserLimitSettings(), description=UserLimitSettings.__doc__)


class WorkerSettings(Section):
    """The processes that run generators."""

    backend: Literal["local", "ray", "both"] = Field(
        "local",
        description="Where workers are: `local` on this host, as `devices` says; `ray` on the nodes of a cluster, as "
        "the section `[ray]` says; or `both`.",
    )
    devices: tuple[str, ...] = Field(
        ("auto",),
        min_length=1,
        max_length=256,
        description="The devices that get a worker: `cpu`, `cuda:0`, `cuda:1` … (NVIDIA and AMD), `xpu:0` … (Intel), "
        "`mps` (Apple), or `auto` for every GPU and, for kinds that need none, the CPU (see `cpu_workers`). A "
        "device named twice gets two workers, which share its memory and cores. `cuda:0+cuda:1` is one worker with two "
        "GPUs: the first generates, the second holds the text encoder and the VAE.",
    )
    cpu_workers: int | None = Field(
        None,
        ge=0,
        le=256,
        description="Number of CPU workers that `auto` adds. Default: one for each core, and at least 2, as far "
        "as half of the free memory allows. A worker that has nothing to do takes no memory.",
    )
    preload: bool = Field(True, description="Load the default kind's generator at start, not at the first request.")
    idle_unload: float = Field(900.0, ge=1, description="Idle seconds after which a worker releases its memory.")
    drain_timeout: float = Field(
        60.0, ge=0, description="Seconds running jobs may take to finish when the daemon stops."
    )
    svg_memory: int = Field(1 << 30, ge=64 << 20, description="Bytes of memory the SVG renderer may use.")
    svg_seconds: int = Field(30, ge=1, le=600, description="Seconds the SVG renderer may take for one SVG.")

    @field_validator("devices")
    @classmethod
    def _are_devices(cls, devices: tuple[str, ...]) -> tuple[str, ...]:
        for device in devices:
            if device != "auto" and not _DEVICE.fullmatch(device):
                raise ValueError(f"invalid device {device!r}; use auto, cpu, cuda:0, xpu:0, mps, cuda:0+cuda:1 …")
        for pair in dict.fromkeys(device for device in devices if "+" in device):
            gpus = pair.split("+")
            if gpus[0] == gpus[1]:
                raise ValueError(f"invalid device {pair!r}; name two different GPUs, or {gpus[0]} alone")
            for device in devices:
                numbered = device if ":" in device else f"{device}:0"
                if device != pair and set(gpus) & set(numbered.split("+")):
                    raise ValueError(f"{device} and {pair} have a GPU in common; remove one of them")
        return devices


class WeightSettings(Section):
    """Where the weights of models are stored."""

    directory: Path = Field(
        Path("~/.local/share/spectacle/weights"),
        description="Directory where `spectacle pull` stores weights and generators find them; a relative path is "
        "relative to the "
        "configuration file. It can be on a volume that several hosts share.",
    )
    prepared: dict[str, Path] = Field(
        {},
        description="Prepared checkpoints, which `spectacle prepare` wrote, by generator or `GENERATOR/PRESET`; they "
        "are loaded "
        "instead of pulled weights.",
    )
    parts: dict[str, dict[str, PartSettings]] = Field(
        {},
        description="Parts of models that come from elsewhere: a table `[weights.parts.NAME.PART]` for each. `NAME` "
        "is a model's repository in quotes, or the name of a model under `[models]`.",
    )

    @field_validator("directory", mode="after")
    @classmethod
    def _isexpanded(cls, directory: Path) -> Path:
        return expanded(directory)


class PlacementSettings(Section):
    """How models are placed in memory. By default, each is placed as well as the free memory allows."""

    vram_limit: ByteSize | None = Field(
        None, gt=0, description='Maximum memory of each GPU to use, such as "10GB". Default: all that is free.'
    )
    ram_limit: ByteSize | None = Field(
        None, gt=0, description='Maximum host memory to use, such as "32GB". Default: all that is free.'
    )
    quantization: Literal["auto", "none", "int8", "nf4", "gguf"] = Field(
        "auto", description="How the weights of large models are stored in memory; `none` is bf16."
    )
    residency: Literal["auto", "device", "staged", "model-offload", "group-offload", "disk-offload"] = Field(
        "auto",
        description="What stays on the GPU: everything; everything except the text encoder; one part at a "
        "time; or blocks streamed from host memory or from disk.",
    )
    offload_directory: Path | None = Field(
        None,
        description="Directory to which a model that is streamed from disk is written on loading, as large as its "
        "weights; it must be on a disk, not in memory. Default: the system's directory for temporary files.",
    )
    vae_tiling: bool | None = Field(
        None, description="Decode images in tiles, which needs less memory. Default: where memory is short."
    )
    fuse_adapter: bool | None = Field(
        None,
        description="Fuse a preset's LoRA into the weights before they are quantized; a preset with another LoRA then "
        "reloads the model. Default: where less is moved to the GPU, or more fits on it.",
    )
    attention: Annotated[str, whole(r"[A-Za-z0-9_-]{1,40}", "the name of an attention back end, such as native")] = (
        Field(
            "auto",
            description="Attention back end, by the name that diffusers uses; `auto` is the fastest that is installed.",
        )
    )
    compile_repeated_blocks: bool = Field(
        False, description="Compile the model's blocks, at the cost of a slow first image of each size."
    )
    cache: Literal["none", "first-block", "taylorseer"] = Field(
        "none", description="Skip steps that change little. Faster, but a different image; off with Lightning."
    )


class KindSettings(Section):
    """What serves requests of one kind."""

    generator: str = Field(description="Name of the generator, see `spectacle generators`.")
    preset: str | None = Field(None, description="Preset of the generator. Default: that of the generator.")
    format: Literal["png", "svg"] = Field("png", description="File format of the result.")
    devices: tuple[str, ...] = Field(
        (),
        description="Devices whose workers run this kind: `cpu`, `cuda`, `xpu` or `mps` (any GPU of the sort), "
        "`cuda:0`, `cuda:0+cuda:1` … Default: those that suit its generator.",
    )
    options: dict[str, Any] = Field(
        {}, description="Options for every request of this kind; those in STEM-options.json take precedence."
    )

    @field_validator("devices")
    @classmethod
    def _are_devices(cls, devices: tuple[str, ...]) -> tuple[str, ...]:
        for device in devices:
            if not _DEVICE.fullmatch(device):
                raise ValueError(f"invalid device {device!r}; use cpu, cuda, xpu, mps, cuda:0, cuda:0+cuda:1 …")
        return devices


class SanitizeSettings(Section):
    """Which prompts are rejected."""

    blocked: tuple[str, ...] = Field(
        (),
        description="Regular expressions in Python's syntax; a prompt that matches one (ignoring upper and lower case) "
        "gets an error. Look-around, back-references, atomic groups and possessive quantifiers are not supported, "
        "because prompts are searched in linear time.",
    )

    @field_validator("blocked")
    @classmethod
    def _are_patterns(cls, blocked: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in blocked:
            compile_pattern(pattern)
        return blocked


class GatewaySettings(Section):
    """The HTTP gateway, `spectacle gateway`."""

    listen: Annotated[
        str, whole(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}", "HOST:PORT, such as 127.0.0.1:8000")
    ] = Field(
        "127.0.0.1:8000",
        description="Address and port. On any address except loopback, nobody is served without a token.",
    )
    public_url: Annotated[str, whole(r"https?://[^\s?#]+", "a URL that begins with http:// or https://")] | None = (
        Field(
            None,
            description="Base URL under which clients reach the gateway, for links. Default: that of the request.",
        )
    )
    tokens: Path = Field(
        Path("~/.config/spectacle/gateway-tokens.json"),
        description="File with the tokens that `spectacle gateway token add` wrote; a relative path is relative to the "
        "configuration file. Copy it to every host that runs a gateway.",
    )
    key: Path = Field(
        Path("~/.config/spectacle/gateway.key"),
        description="File with the key that signs job IDs and links; created if it does not exist. Copy it to every "
        "host that runs a gateway on the same spool.",
    )
    rate: Rate = Field(
        "120/minute",
        description="Maximum rate of requests for images of one token, counted by each gateway.",
    )
    max_waiting: int = Field(
        100, ge=1, le=1_000_000, description="Maximum number of unfinished requests of one token in the spool."
    )
    max_file_bytes: int = Field(25 * 2**20, ge=1, le=2**31, description="Maximum size of an uploaded image in bytes.")
    max_body_bytes: int = Field(
        100 * 2**20, ge=1024, le=2**33, description="Maximum size of the body of an HTTP request in bytes."
    )
    keepalive_after: float = Field(
        20.0,
        ge=0,
        le=3600,
        description="Seconds after which a waiting client is sent white space, so that no proxy closes the connection.",
    )
    keepalive_interval: float = Field(
        10.0, gt=0, le=3600, description="Seconds between two such pieces of white space."
    )
    reconnect_grace: float = Field(
        15.0,
        ge=0,
        le=3600,
        description="Seconds for which a request continues after its client has disconnected. A client that repeats it "
        "within that time gets its result; otherwise, the request is cancelled.",
    )
    url_lifetime: float = Field(3600.0, ge=1, le=604_800, description="Seconds for which links to results work.")
    retention: float = Field(
        604_800.0,
        ge=60,
        le=31_536_000,
        description="Seconds for which the ID of a job whose files are gone is known as cancelled or removed.",
    )
    callbacks: tuple[str, ...] = Field(
        (),
        description="URL prefixes to which `callback_url` and `webhook` may point, such as "
        "`https://hooks.example.org/spectacle/`. Default: none.",
    )
    origins: tuple[str, ...] = Field(
        (), description="Origins whose web pages may use the gateway from a browser (CORS). Default: none."
    )
    default_kinds: dict[str, str] = Field(
        {},
        description="Kinds by what they are for: `image`, `edit`, `svg`, `vectorize`, `omnisvg`, `botanical`. Default: "
        "the served kind whose generator suits best.",
    )
    models: dict[str, str] = Field(
        {},
        description="Kinds by the model names of other vendors, which can contain `*`. Default: names that are neither "
        "kinds nor generators mean the kind for `image`.",
    )

    @field_validator("tokens", "key", mode="after")
    @classmethod
    def _isexpanded(cls, path: Path) -> Path:
        return expanded(path)

    @field_validator("callbacks")
    @classmethod
    def _are_prefixes(cls, callbacks: tuple[str, ...]) -> tuple[str, ...]:
        for prefix in callbacks:
            if not re.fullmatch(r"https?://[A-Za-z0-9.\-:\[\]]+/[^\s?#@]*", prefix):
                raise ValueError(
                    f"invalid prefix {prefix!r}; use a URL with a host and a path, such as https://hooks.example.org/"
                )
        return callbacks

    @field_validator("default_kinds")
    @classmethod
    def _are_purposes(cls, kinds: dict[str, str]) -> dict[str, str]:
        for purpose in kinds:
            if purpose not in GATEWAY_PURPOSES:
                raise ValueError(f"unknown purpose {purpose!r}; use {', '.join(GATEWAY_PURPOSES)}")
        return kinds


class LogSettings(Section):
    """What is logged."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Minimum log level; prompts appear only at `debug`."
    )
    format: Literal["auto", "console", "json"] = Field(
        "auto", description="`console` for people, `json` for programs; `auto` is json under systemd."
    )


_DEFAULT_KINDS: dict[str, Any] = {
    "picture": {"generator": "illustration", "format": "png"},
    "svg": {"generator": "illustration", "format": "svg"},
}


def _lora_name(name: str) -> str:
    if not _LORA.fullmatch(name):
        raise ValueError("invalid LoRA name. Use up to 64 of a-z, 0-9, _ and -")
    return name


def _model_name(name: str) -> str:
    if not _MODEL.fullmatch(name):
        raise ValueError("invalid model name. Use up to 64 of a-z, 0-9, _, . and -, beginning with a letter")
    return name


def kind_of_model(name: str) -> str:
    """The kind that serves a model where no `[kinds.NAME]` does: its name, with `_` for what a kind cannot have."""
    return re.sub(r"[^a-z0-9]", "_", name)


class Settings(Section):
    """All settings of one instance."""

    default_kind: Annotated[str, AfterValidator(kind_name)] = Field(
        "picture", description="The kind of a request whose name has none."
    )
    spool: SpoolSettings = Field(SpoolSettings(), description=SpoolSettings.__doc__)
    limits: LimitSettings = Field(LimitSettings(), description=LimitSettings.__doc__)
    workers: WorkerSettings = Field(WorkerSettings(), description=WorkerSettings.__doc__)
    ray: RaySettings = Field(RaySettings(), description=RaySettings.__doc__)
    weights: WeightSettings = Field(WeightSettings(), description=WeightSettings.__doc__)
    placement: PlacementSettings = Field(PlacementSettings(), description=PlacementSettings.__doc__)
    loras: dict[Annotated[str, AfterValidator(_lora_name)], LoraSettings] = Field(
        {}, description="LoRA adapters that requests may name: a table `[loras.NAME]` for each."
    )
    models: dict[Annotated[str, AfterValidator(_model_name)], ModelSettings] = Field(
        {}, description="Models of diffusers that kinds may use as generators: a table `[models.NAME]` for each."
    )
    sanitize: SanitizeSettings = Field(SanitizeSettings(), description=SanitizeSettings.__doc__)
    gateway: GatewaySettings = Field(GatewaySettings(), description=GatewaySettings.__doc__)
    retention: RetentionSettings = Field(RetentionSettings(), description=RetentionSettings.__doc__)
    hooks: HookSettings = Field(HookSettings(), description=HookSettings.__doc__)
    provenance: ProvenanceSettings = Field(ProvenanceSettings(), description=ProvenanceSettings.__doc__)
    metrics: MetricsSettings = Field(MetricsSettings(), description=MetricsSettings.__doc__)
    log: LogSettings = Field(LogSettings(), description=LogSettings.__doc__)
    kinds: dict[Annotated[str, AfterValidator(kind_name)], KindSettings] = Field(
        {name: KindSettings(**kind) for name, kind in _DEFAULT_KINDS.items()},
        min_length=1,
        description="The kinds this instance serves: a table `[kinds.NAME]` for each. If you define any, the built-in "
        "ones are served only if they are listed too.",
    )

    @model_validator(mode="after")
    def _serves_the_kinds_of_groups(self) -> Settings:
        for group, about in self.ray.groups.items():
            unknown = [kind for kind in about.kinds if kind not in self.kinds]
            if unknown:
                raise ValueError(
                    f"ray.groups.{group}.kinds: {unknown[0]}: is not under [kinds]. Add it, or remove it here"
                )
        return self

    @model_validator(mode="before")
    @classmethod
    def _serves_models(cls, raw: Any) -> Any:
        """Add a kind for each model that no kind uses."""
        models = raw.get("models") if isinstance(raw, dict) else None
        kinds = raw.get("kinds", _DEFAULT_KINDS) if isinstance(raw, dict) else None
        if not isinstance(models, dict) or not isinstance(kinds, dict):
            return raw
        used = {
            kind.get("generator") if isinstance(kind, dict) else getattr(kind, "generator", None)
            for kind in kinds.values()
        }
        added = {kind_of_model(str(name)): {"generator": name} for name in models if name not in used}
        return {**raw, "kinds": {**added, **kinds}}
