"""The options of a model: the arguments of its pipeline's call that a request may set, with types and bounds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, cast

from pydantic import AfterValidator, Field, create_model
from pydantic.fields import FieldInfo

from spectacle.config import ModelSettings
from spectacle.generators.base import GeneratorOptions
from spectacle.generators.diffusion.loras import LoraOptions
from spectacle.generators.pipelines.signature import Parameter, PipelineSignature, read_signature
from spectacle.sanitize import sanitize

GUIDANCE = ("true_cfg_scale", "guidance_scale", "distilled_guidance_scale")
"""What pipelines call the strength of guidance. `true_cfg_scale` comes first where it is on by default."""

MAX_TEXT = 4000
"""Characters of a text in an option."""

_OWN = {"num_images_per_prompt", "output_type", "return_dict", "width", "height", "prompt", "callback_steps"}
"""Arguments that are set by what a request is, not by its options."""

_NOT_OPTIONS = re.compile(r"_embeds(_|$)|_mask$|^_|^callback|kwargs$|^max_area$|^ip_adapter|^negative_ip_adapter")

_LISTED = Annotated[list[float], Field(min_length=1, max_length=1000)]
_WHOLE = Annotated[list[int], Field(min_length=1, max_length=1000)]
_PAIR = tuple[Annotated[int, Field(ge=0, le=16384)], Annotated[int, Field(ge=0, le=16384)]]


def _plain(text: str) -> str:
    return sanitize(text).text


_TEXT = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_plain)]

_TYPES: Mapping[str, Any] = {
    "int": int,
    "float": float,
    "bool": bool,
    "str": _TEXT,
    "list[float]": _LISTED,
    "list[int]": _WHOLE,
    "tuple[int,int]": _PAIR,
}

_KNOWN: Mapping[str, tuple[str, dict[str, float]]] = {
    "num_inference_steps": ("Denoising steps.", {"ge": 1, "le": 200}),
    "guidance_scale": ("Strength of guidance towards the prompt.", {"ge": 0, "le": 100}),
    "distilled_guidance_scale": ("Strength of the guidance that the model was distilled with.", {"ge": 0, "le": 100}),
    "true_cfg_scale": ("Strength of classifier-free guidance; 1 is none, at half the work.", {"ge": 0, "le": 100}),
    "negative_prompt": ("What the image should not show; needs guidance.", {}),
    "max_sequence_length": ("Maximum number of tokens of the prompt that are used.", {"ge": 1, "le": 4096}),
    "strength": ("With an input image: how much of it changes; 1 is everything.", {"gt": 0, "le": 1}),
    "clip_skip": ("Layers of the CLIP text encoder to leave out at its end.", {"ge": 0, "le": 11}),
    "eta": ("Random noise that schedulers of the DDIM kind add, from 0 to 1.", {"ge": 0, "le": 1}),
    "layers": ("Number of layers to take the image apart into.", {"ge": 1, "le": 16}),
    "resolution": ("Side in pixels of a square with as many pixels as the images are made of.", {"ge": 64, "le": 2048}),
    "sigmas": ("Noise levels of the steps, in place of the scheduler's.", {}),
    "timesteps": ("Time steps, in place of the scheduler's.", {}),
}


def guidance_name(signature: PipelineSignature) -> str | None:
    """Which argument is the strength of guidance; None for pipelines without guidance."""
    there = [name for name in GUIDANCE if signature.takes(name)]
    if len(there) > 1:
        # Models that were distilled with guidance have classifier-free guidance too, switched off with 1.
        default = signature.parameters["true_cfg_scale"].default if signature.takes("true_cfg_scale") else None
        if default in ("1.0", "1"):
            there.remove("true_cfg_scale")
    return there[0] if there else None


def options_for(name: str, settings: ModelSettings, signature: PipelineSignature | None) -> type[GeneratorOptions]:
    """The options of a model; only those that every model has while its pipeline is not known."""
    fields: dict[str, Any] = {
        "num_images_per_prompt": (
            int,
            Field(1, ge=1, le=16, description="Number of images to make, each from a seed of its own."),
        )
    }
    if signature is not None:
        for parameter in _all_parameters(signature):
            if (kind := _type(parameter)) is not None:
                fields[parameter.name] = (kind | None, _field(parameter, kind, settings, signature))
    base = LoraOptions if signature is not None and signature.takes_loras else GeneratorOptions
    words = re.split(r"[^A-Za-z0-9]+", name)
    made = create_model(
        "".join(word.capitalize() for word in words) + "Options",
        __base__=base,
        __doc__=f"Options of `{name}`, by their names in diffusers.",
        **fields,
    )
    return cast("type[GeneratorOptions]", made)


def _all_parameters(signature: PipelineSignature) -> Iterator[Parameter]:
    """The arguments of the class, and of its relatives that start from images."""
    seen = set()
    relatives = [read_signature(each) for kind, each in signature.relatives.items() if kind != "text"]
    for each in (signature, *relatives):
        for parameter in each.parameters.values() if each is not None else ():
            if parameter.name not in seen and parameter.name not in _OWN and not _NOT_OPTIONS.search(parameter.name):
                seen.add(parameter.name)
                yield parameter


def _type(parameter: Parameter) -> Any | None:
    """The type that an option has; None for an argument that no request can set."""
    parts = re.sub(r"\s|typing\.|Optional|Union", "", parameter.annotation).replace("List", "list")
    parts = parts.replace("Tuple", "tuple")
    if parts.startswith("[") and parts.endswith("]"):
        parts = parts[1:-1].replace("str,list[str]", "str|list[str]")
    kinds = [each for each in parts.split("|") if each != "None"]
    if kinds[:1] == ["str"]:
        kinds = ["str"]  # or several, for several images
    return _TYPES.get(kinds[0]) if len(kinds) == 1 else None


def _field(parameter: Parameter, kind: Any, settings: ModelSettings, signature: PipelineSignature) -> FieldInfo:
    name = parameter.name
    about, bounds = _KNOWN.get(name, (f"`{name}` of diffusers' {signature.name}.", {}))
    if not bounds and kind is int:
        bounds = {"ge": 0, "le": 4096}
    if not bounds and kind is float:
        bounds = {"ge": -100, "le": 100}
    default = _default(parameter, settings, signature)
    limits: dict[str, Any] = dict(bounds)
    field: FieldInfo = Field(None, description=f"{about} Default: {default}." if default else about, **limits)
    return field


def _default(parameter: Parameter, settings: ModelSettings, signature: PipelineSignature) -> str | None:
    """What holds where a request does not set it, for people."""
    name = parameter.name
    guidance = guidance_name(signature)
    if settings.presets and any(_sets(each, name, guidance) for each in settings.presets.values()):
        return "that of the preset"
    if name == "num_inference_steps" and settings.steps is not None:
        return f"{settings.steps}"
    if name == guidance and settings.guidance is not None:
        return f"{settings.guidance:g}"
    if name in settings.options:
        return str(settings.options[name])
    if parameter.default in (None, "None", "''") or len(parameter.default or "") > 40:
        return None
    return {"True": "true", "False": "false"}.get(str(parameter.default), str(parameter.default))


def _sets(preset: Any, name: str, guidance: str | None) -> bool:
    return (
        (name == "num_inference_steps" and preset.steps is not None)
        or (name == guidance and preset.guidance is not None)
        or name in preset.options
    )
