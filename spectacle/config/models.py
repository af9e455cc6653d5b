"""The settings of models and adapters: what `[models.NAME]` and `[loras.NAME]` say."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from spectacle.config.section import Section, whole

Repository = Annotated[str, whole(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", "owner/name")]
"""A repository of the hub."""

ClassName = Annotated[str, whole(r"[A-Z][A-Za-z0-9_]{0,99}", "the name of a class, such as FluxPipeline")]
"""The name of a class of diffusers."""

_MAX_SIDE = 16384
_MAX_PIXELS = 10**9


class LoraSettings(Section):
    """A LoRA adapter of your own, which requests name in the option `loras`."""

    file: str = Field(
        min_length=1,
        description="The safetensors file: a path on this machine, relative to the configuration file, or with "
        "`repository` its path there.",
    )
    repository: Repository | None = Field(
        None,
        description="Repository on the hub, `owner/name`; `spectacle pull --lora NAME` downloads the file.",
    )
    revision: str | None = Field(None, description="Commit of the repository. Default: the newest when it is pulled.")
    scale: float = Field(1.0, ge=-4, le=4, description="Strength where a request sets none; 0 switches it off.")
    trigger: str = Field(
        "",
        max_length=500,
        description="Words that the adapter expects; they are put before a prompt that does not contain them.",
    )
    licence: str = Field("not stated", description="Its licence, shown before a download and in the metadata.")
    models: tuple[str, ...] = Field(
        (),
        description="Generators, or repositories of models, that it was made for; with others it gets an error. "
        "Default: it is tried with any.",
    )


class PartSettings(Section):
    """Where a part of a model comes from, such as its transformer, in the place of the model's repository."""

    path: str = Field(
        min_length=1,
        description="A safetensors or GGUF file, or a directory in diffusers' layout: a path on this machine, relative "
        "to the configuration file, or with `repository` its path there.",
    )
    projector: str | None = Field(
        None,
        min_length=1,
        description="The `mmproj` file that belongs to a text encoder in GGUF, a path as for "
        "`path`. Only models that edit images need it.",
    )
    repository: Repository | None = Field(
        None, description="Repository on the hub, `owner/name`; `spectacle pull` downloads the file or directory."
    )
    revision: str | None = Field(None, description="Commit of the repository. Default: the newest when it is pulled.")
    licence: str = Field("not stated", description="Its licence, shown before a download.")

    @model_validator(mode="after")
    def _lies_inside(self) -> PartSettings:
        for path in (self.path, self.projector):
            if self.repository is not None and path is not None and (path.startswith(("/", "~")) or ".." in path):
                raise ValueError("must be paths in the repository, or omit repository")
        return self


class ModelLoraSettings(Section):
    """A LoRA adapter that belongs to a model or to one of its presets, and is always used there."""

    name: str | None = Field(None, description="Name of an adapter under `[loras]`. Without it, set `file`.")
    file: str | None = Field(
        None,
        min_length=1,
        description="The safetensors file: a path on this machine, relative to the configuration file, or with "
        "`repository` its path there.",
    )
    repository: Repository | None = Field(None, description="Repository on the hub, `owner/name`.")
    revision: str | None = Field(None, description="Commit of the repository. Default: the newest when it is pulled.")
    scale: float | None = Field(None, ge=-4, le=4, description="Strength. Default: that of `[loras]`, or 1.")
    licence: str = Field("not stated", description="Its licence, shown before a download.")

    @model_validator(mode="after")
    def _names_one(self) -> ModelLoraSettings:
        if (self.name is None) == (self.file is None):
            raise ValueError("must have either name, of an adapter under [loras], or file")
        return self


class SizeSettings(Section):
    """Sizes at which a model generates; for other sizes, a near one is generated and fitted."""

    multiple: int | None = Field(
        None, ge=1, le=256, description="Number of which both sides are multiples. Default: what its VAE needs."
    )
    min_pixels: int | None = Field(
        None, ge=1, le=_MAX_PIXELS, description="Smaller images are generated with this many pixels, and reduced."
    )
    max_pixels: int | None = Field(
        None, ge=1, le=_MAX_PIXELS, description="Larger images are generated with this many pixels, and enlarged."
    )
    sizes: tuple[Annotated[str, whole(r"[1-9][0-9]{0,4}x[1-9][0-9]{0,4}", "WIDTHxHEIGHT")], ...] = Field(
        (),
        description='The only sizes it generates, such as `["1024x1024", "1152x896"]`: the one whose shape is nearest '
        "is used.",
    )

    @model_validator(mode="after")
    def _are_in_order(self) -> SizeSettings:
        if self.min_pixels is not None and self.max_pixels is not None and self.min_pixels > self.max_pixels:
            raise ValueError("must have min_pixels that are not more than max_pixels")
        if self.sizes and (self.min_pixels or self.max_pixels or self.multiple):
            raise ValueError("must have either sizes, or multiple, min_pixels and max_pixels")
        if any(int(side) > _MAX_SIDE for size in self.sizes for side in size.split("x")):
            raise ValueError(f"must have sides of at most {_MAX_SIDE} pixels")
        return self


def _named(loras: Any) -> Any:
    """Adapters that are named by their names alone."""
    if isinstance(loras, list | tuple):
        return tuple({"name": each} if isinstance(each, str) else each for each in loras)
    return loras


class ModelPresetSettings(Section):
    """A variant of a model; what it does not set is taken from the model."""

    summary: str = Field("", max_length=300, description="What it is for, in a few words.")
    steps: int | None = Field(None, ge=1, le=1000, description="Denoising steps.")
    guidance: float | None = Field(
        None, ge=0, le=100, description="Strength of guidance, whatever the pipeline calls it."
    )
    loras: tuple[ModelLoraSettings, ...] = Field(
        (), max_length=8, description='LoRA adapters in addition to those of the model, such as `["ink"]`.'
    )
    scheduler: ClassName | None = Field(None, description="Class of the scheduler.")
    scheduler_options: dict[str, Any] = Field(
        {}, description="Settings of the scheduler that differ from the published ones."
    )
    options: dict[str, Any] = Field({}, description="Defaults of further options.")

    _are_named = field_validator("loras", mode="before")(_named)


class ModelSettings(ModelPresetSettings):
    """A model of diffusers' pipelines, which serves as a generator under its name."""

    summary: str = Field("", max_length=300, description="What it makes, in a few words.")
    repository: Repository = Field(description="Repository on the hub, `owner/name`.")
    revision: str | None = Field(None, description="Commit of the repository. Default: the newest when it is pulled.")
    licence: str = Field("not stated", description="Its licence, shown before a download and in lists.")
    notice: str = Field(
        "", max_length=1000, description="Conditions of its licence that a person must accept before the download."
    )
    pipeline: ClassName | None = Field(
        None, description="Class of the pipeline. Default: that which the repository names in `model_index.json`."
    )
    variant: Annotated[str, whole(r"[a-z0-9_]{1,20}", "a word such as fp16")] | None = Field(
        None, description="Variant of the weight files to load, such as `fp16`. Default: the files without a variant."
    )
    dtype: Literal["auto", "bf16", "fp16", "fp32"] = Field(
        "auto", description="Precision of its computations; `auto` is bf16 if the device supports it."
    )
    sizes: SizeSettings = Field(SizeSettings(), description=SizeSettings.__doc__)
    presets: dict[str, ModelPresetSettings] = Field(
        {}, description="Presets by name, each a table `[models.NAME.presets.PRESET]`; the first is the default."
    )

    @field_validator("presets")
    @classmethod
    def _have_names(cls, presets: dict[str, ModelPresetSettings]) -> dict[str, ModelPresetSettings]:
        for name in presets:
            whole(r"[a-z0-9][a-z0-9_.-]{0,63}", "made of a-z, 0-9, _, . and -").func(name)  # type: ignore[call-arg]
        return presets

    def using(self, preset: str | None) -> ModelPresetSettings:
        """What a preset sets, with what it leaves to the model; None is the model without a preset."""
        if preset is None:
            return self
        over = self.presets[preset]
        return ModelPresetSettings(
            summary=over.summary,
            steps=self.steps if over.steps is None else over.steps,
            guidance=self.guidance if over.guidance is None else over.guidance,
            loras=(*self.loras, *over.loras),
            scheduler=over.scheduler or self.scheduler,
            scheduler_options={**self.scheduler_options, **over.scheduler_options},
            options={**self.options, **over.options},
        )
