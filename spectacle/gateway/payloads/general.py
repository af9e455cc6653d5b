"""Input and output of jobs that no server of a single model has shaped: prompt, size, images and options."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool

from spectacle.errors import SpectacleError
from spectacle.gateway import parameters
from spectacle.gateway.attachments import size_of
from spectacle.gateway.catalogue import Kind
from spectacle.gateway.core import Gateway
from spectacle.gateway.fitting import common_names, fit_common, fit_others
from spectacle.gateway.jobs import Order, State
from spectacle.gateway.problems import bad_parameter
from spectacle.gateway.rendering import as_base64, read_result
from spectacle.gateway.uploads import Scratch
from spectacle.provenance import read_provenance

MAX_IMAGES = 10
_PROMPTS = ("prompt", "text")
_IMAGES = ("images", "inputs", "init_images", "image", "image_base64", "init_image", "input_image")
_CONTROLS = ("control", "control_image", "controlnet_image", "sketch")
_OWN = frozenset({*_PROMPTS, *_IMAGES, *_CONTROLS, "mask", "mask_image", "width", "height", "size", "options"})
SKETCH_PROMPT = "botanical illustration"
"""Prompt of a sketch that comes with none."""


def has_images(fields: Mapping[str, Any]) -> bool:
    """Whether an input has images to edit."""
    return any(fields.get(name) for name in _IMAGES)


async def order_of(gateway: Gateway, kind: Kind, fields: Mapping[str, Any], files: Scratch) -> Order:
    """The order that an input is.

    Raises:
        Problem: When it is not valid.
    """
    given: list[tuple[str, Any]] = []
    for name in _IMAGES:
        value = fields.get(name)
        given += [(name, each) for each in (value if isinstance(value, list) else [value]) if each]
    if len(given) > MAX_IMAGES:
        raise bad_parameter("images", f"images: {len(given)} images; the limit is {MAX_IMAGES}. Send fewer.")
    inputs = tuple([await _image(files, each, name) for name, each in given])
    mask = await _single(files, fields, ("mask", "mask_image"))
    control = await _single(files, fields, _CONTROLS)
    prompt = next((parameters.text(fields, name) for name in _PROMPTS if fields.get(name)), "")
    if not prompt and fields.get("sketch"):
        prompt = SKETCH_PROMPT
    width, height = await _size(gateway, fields, inputs[0] if inputs else control)
    options = fields.get("options") or {}
    if not isinstance(options, dict):
        raise bad_parameter("options", "options: not a JSON object. Send one, or omit it.")
    others = {name: value for name, value in fields.items() if name not in _OWN | common_names()}
    return Order(
        prompt,
        kind.name,
        width,
        height,
        {**fit_common(kind, fields), **fit_others(kind, {**others, **options}, is_form=False)},
        inputs,
        mask,
        control,
    )


async def output_of(state: State) -> dict[str, Any]:
    """The output that the results of a job are."""
    images = [as_base64(await run_in_threadpool(read_result, output.path)) for output in state.artifacts]
    found: dict[str, Any] = {
        "status": "success",
        "image": images[0],
        "images": images,
        "media_type": state.artifacts[0].media_type,
    }
    try:
        making = await run_in_threadpool(read_provenance, state.artifacts[0].path)
    except SpectacleError:
        return found
    return {**found, "seed": making.get("seed"), "generator": making.get("generator")}


async def _single(files: Scratch, fields: Mapping[str, Any], names: tuple[str, ...]) -> Path | None:
    for name in names:
        if fields.get(name):
            return await _image(files, fields[name], name, png=True)
    return None


async def _image(files: Scratch, value: Any, name: str, *, png: bool = False) -> Path:
    if not isinstance(value, str):
        raise bad_parameter(name, f"{name}: not a text. Send the image as base64.")
    if value.startswith(("http:", "https:")):
        raise bad_parameter(name, f"{name}: addresses are not fetched. Send the image as base64.")
    return await files.image(value, name, png=png)


async def _size(gateway: Gateway, fields: Mapping[str, Any], first: Path | None) -> tuple[int, int]:
    if fields.get("size"):
        return parameters.size(fields["size"])
    width = parameters.whole(fields, "width", 1, parameters.MAX_SIDE)
    height = parameters.whole(fields, "height", 1, parameters.MAX_SIDE)
    if first is not None and not (width or height):
        return await run_in_threadpool(size_of, first, gateway.settings.limits.max_pixels)
    return width or height or 1024, height or width or 1024
