"""OmniSVG's input and output, as its server and its RunPod handler have them."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image
from starlette.concurrency import run_in_threadpool

from spectacle.errors import SpectacleError
from spectacle.gateway import parameters
from spectacle.gateway.catalogue import Kind
from spectacle.gateway.core import Gateway
from spectacle.gateway.jobs import Order, State
from spectacle.gateway.problems import bad_parameter
from spectacle.gateway.rendering import as_base64, read_result
from spectacle.gateway.tokens import User
from spectacle.provenance import read_provenance
from spectacle.svg import Rasteriser

SIDE = 512
SIZES = ("4B", "8B")
TASKS = ("text-to-svg", "image-to-svg")
_BOUNDS = {
    "temperature": (0.05, 1.5),
    "top_p": (0.1, 1.0),
    "top_k": (1, 200),
    "repetition_penalty": (1.0, 2.0),
    "max_length": (256, 2048),
    "num_candidates": (1, 8),
}
"""Numbers are clamped to these, as OmniSVG's server does; it refuses none."""
_WHOLE = ("top_k", "max_length", "num_candidates")
_TOLD = ("temperature", "top_p", "top_k", "repetition_penalty", "num_candidates", "max_length")
_PATH = re.compile(r"<path\b")
_BLANK = "candidates are blank"
"""What the generator says when no candidate shows anything."""

_rendering = asyncio.Lock()
_rasteriser = Rasteriser()


async def order_of(gateway: Gateway, user: User, fields: Mapping[str, Any], image: Path | None) -> Order:
    """The order that an input is.

    Args:
        gateway: The core.
        user: Who asks.
        fields: The parameters; those of a form are texts.
        image: The image to vectorize.

    Raises:
        Problem: When something is missing or not valid.
    """
    task = parameters.text(fields, "task_type", TASKS[image is not None])
    if task not in TASKS:
        raise bad_parameter("task_type", f"task_type must be one of: {', '.join(TASKS)}")
    size = parameters.text(fields, "model_size", "")
    if size and size not in SIZES:
        raise bad_parameter("model_size", f"model_size must be one of: {', '.join(SIZES)}")
    prompt = parameters.text(fields, "text", "").strip()
    if task == "text-to-svg" and not prompt:
        raise bad_parameter("text", "text is required for text-to-svg")
    if task == "image-to-svg" and image is None:
        raise bad_parameter("image_base64", "image_base64 is required for image-to-svg")
    kind = await _kind(gateway, user, size, vectorize=task == "image-to-svg")
    options: dict[str, Any] = {}
    for name, (low, high) in _BOUNDS.items():
        value = parameters.number(fields, name)
        if value is not None and kind.options.has(name):
            value = min(max(value, low), high)
            options[name] = round(value) if name in _WHOLE else value
    subtype = parameters.text(fields, "task_subtype", "")
    if subtype in ("icon", "illustration") and kind.options.has("task_subtype"):
        options["task_subtype"] = subtype
    for name, word in (("task_type", task), ("model_size", size)):
        if word and kind.options.has(name):
            options[name] = word
    if task == "image-to-svg" and kind.options.has("replace_background"):
        options["replace_background"] = parameters.switch(fields, "replace_background", True)
    if task == "image-to-svg" and kind.options.has("processed_input") and wants_png(fields):
        options["processed_input"] = True
    seed = parameters.whole(fields, "seed", 0, 2**63 - 1)
    if seed is not None:
        options["seed"] = seed
    inputs = (image,) if image is not None and task == "image-to-svg" else ()
    return Order(prompt if task == "text-to-svg" else "", kind.name, SIDE, SIDE, options, inputs)


async def _kind(gateway: Gateway, user: User, size: str, *, vectorize: bool) -> Kind:
    served = await gateway.kinds.served(user)
    models = [kind for kind in served.values() if kind.generator == "omnisvg" and kind.servable is not False]
    if size and not gateway.settings.gateway.default_kinds.get("omnisvg"):
        for kind in models:
            if kind.preset and kind.preset.lower().startswith(size.lower()):
                return kind
    if vectorize and not models:
        return await gateway.kinds.suiting(user, "vectorize")
    return await gateway.kinds.suiting(user, "omnisvg")


def close() -> None:
    """End the process that renders previews. The next preview starts another one."""
    _rasteriser.close()


def wants_png(fields: Mapping[str, Any]) -> bool:
    """Whether an input asks for PNG previews."""
    return parameters.switch(fields, "return_png", True)


async def output_of(state: State, *, png: bool, processed: bytes | None = None) -> dict[str, Any]:
    """The output that the result of a job is.

    Args:
        state: The state of a job that has ended.
        png: Whether with PNG previews.
        processed: The image that was vectorized, as PNG, where the generator does not return it as it saw it.

    Raises:
        Problem: When the job has failed.
    """
    if state.status == "failed" and state.error is not None and _BLANK in state.error.message:
        return {"status": "no_valid_candidates", "message": state.error.message, "candidates": [], "num_candidates": 0}
    documents = [
        (await run_in_threadpool(read_result, output.path)).decode("utf-8", "replace") for output in state.artifacts
    ]
    making = await run_in_threadpool(_making, state)
    facts = making.get("facts") if isinstance(making.get("facts"), dict) else {}
    options = making.get("options") if isinstance(making.get("options"), dict) else {}
    known: dict[str, Any] = {**(options or {}), **(facts or {})}
    candidates = []
    for index, svg in enumerate(documents, 1):
        candidate: dict[str, Any] = {"index": index, "svg": svg, "path_count": len(_PATH.findall(svg))}
        if png:
            candidate["png_base64"] = as_base64(await _preview(svg))
        candidates.append(candidate)
    vectorized = known.get("task_type") == "image-to-svg" or making.get("generator") == "supersvg"
    found: dict[str, Any] = {
        "status": "ok",
        "task_type": TASKS[vectorized],
        "model_size": known.get("model_size"),
        "subtype": "image" if vectorized else known.get("task_subtype", "illustration"),
        "elapsed_ms": _milliseconds(state),
        "parameters": {name: known.get(name) for name in _TOLD},
        "num_candidates": len(candidates),
        "return_png": png,
        "candidates": candidates,
        "primary_svg": documents[0],
        "generator": making.get("generator"),
    }
    if making.get("generator") != "omnisvg":
        found["message"] = f"Made by {making.get('generator')}: OmniSVG is not available here."
    if png:
        found["primary_png_base64"] = candidates[0]["png_base64"]
    if png and state.processed_input is not None:
        processed = await run_in_threadpool(read_result, state.processed_input.path)
    if processed is not None:
        found["processed_input_png_base64"] = as_base64(processed)
    return found


def _making(state: State) -> dict[str, Any]:
    try:
        return read_provenance(state.outputs[0].path)
    except SpectacleError:
        return {}


async def _preview(svg: str) -> bytes:
    """An SVG of ours as a PNG on white. It is rendered in a process of its own, with limits."""
    async with _rendering:
        image = await asyncio.to_thread(_rasteriser.render, svg, SIDE, SIDE)
    made = io.BytesIO()
    Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB").save(made, "PNG")
    return made.getvalue()


def _milliseconds(state: State) -> int | None:
    if state.created_at is None or state.finished_at is None:
        return None
    return max(0, round((state.finished_at - state.created_at).total_seconds() * 1000))


def failed(state: State) -> bool:
    """Whether a job has failed in a way that is no result of OmniSVG's either."""
    return state.status != "succeeded" and not (state.error is not None and _BLANK in state.error.message)
