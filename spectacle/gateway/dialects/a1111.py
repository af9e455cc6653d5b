"""The dialect of AUTOMATIC1111's web UI, `/sdapi/v1/*`, which chat front ends and many small programs speak."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from spectacle.errors import SpectacleError
from spectacle.gateway import parameters
from spectacle.gateway.attachments import write_mask
from spectacle.gateway.auth import Authenticated
from spectacle.gateway.catalogue import Kind
from spectacle.gateway.core import Gateway
from spectacle.gateway.dialect import Dialect
from spectacle.gateway.fitting import fit_common, with_seed
from spectacle.gateway.jobs import Order, State
from spectacle.gateway.problems import Problem, bad_parameter
from spectacle.gateway.rendering import as_base64, raster, rendered
from spectacle.gateway.tokens import User
from spectacle.gateway.uploads import Scratch, read_json, scratch
from spectacle.gateway.waiting_clients import WaitingClient
from spectacle.provenance import read_provenance

PREFIX = "/sdapi/v1"
MAX_IMAGES = 16
MAX_INPUTS = 10
DEFAULT_SIDE = 512
_TOLD_STEPS, _TOLD_SCALE = 20, 7.0

_SAMPLERS = [{"name": "Euler", "aliases": ["euler"], "options": {}}]
_SCHEDULERS = [
    {"name": "automatic", "label": "Automatic", "aliases": None, "default_rho": -1, "need_inner_model": False}
]
_UPSCALERS = [{"name": "None", "model_name": None, "model_path": None, "model_url": None, "scale": 1}]
_LISTS: dict[str, Any] = {
    "samplers": _SAMPLERS,
    "schedulers": _SCHEDULERS,
    "upscalers": _UPSCALERS,
    "latent-upscale-modes": [{"name": "None"}],
    "sd-vae": [],
    "sd-modules": [],
    "loras": [],
    "hypernetworks": [],
    "face-restorers": [],
    "realesrgan-models": [],
    "prompt-styles": [],
    "embeddings": {"loaded": {}, "skipped": {}},
    "script-info": [],
    "cmd-flags": {},
    "memory": {"ram": {}, "cuda": {}},
}
"""What clients read to fill their menus. The generators know no such choices."""

_BODY: dict[str, Any] = {
    "prompt": {"type": "string"},
    "negative_prompt": {"type": "string"},
    "width": {"type": "integer", "minimum": 1, "maximum": parameters.MAX_SIDE, "default": DEFAULT_SIDE},
    "height": {"type": "integer", "minimum": 1, "maximum": parameters.MAX_SIDE, "default": DEFAULT_SIDE},
    "steps": {"type": "integer"},
    "cfg_scale": {"type": "number"},
    "seed": {"type": "integer", "minimum": -1},
    "batch_size": {"type": "integer", "minimum": 1, "maximum": MAX_IMAGES},
    "n_iter": {"type": "integer", "minimum": 1, "maximum": MAX_IMAGES},
    "model": {"type": "string", "description": "A kind. Also as override_settings.sd_model_checkpoint."},
}
_EDIT = {
    "init_images": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": MAX_INPUTS},
    "mask": {"type": "string"},
    "denoising_strength": {"type": "number"},
}


def error_body(problem: Problem) -> dict[str, Any]:
    """A problem as the web UI has it."""
    return {"error": problem.code, "detail": problem.message, "body": problem.param or "", "errors": problem.message}


def routes(gateway: Gateway) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix=PREFIX, tags=["a1111"])
    checkpoints = _Checkpoints(gateway)

    @router.post("/txt2img", openapi_extra=_documented({}), response_class=Response)
    async def txt2img(request: Request, user: Authenticated) -> Response:
        """Generate images from a prompt."""
        fields = await read_json(request)
        async with scratch(request) as files:
            return await _serve(gateway, checkpoints, user, fields, files, edit=False)

    @router.post("/img2img", openapi_extra=_documented(_EDIT), response_class=Response)
    async def img2img(request: Request, user: Authenticated) -> Response:
        """Edit images as a prompt says, under a mask if there is one."""
        fields = await read_json(request)
        async with scratch(request) as files:
            return await _serve(gateway, checkpoints, user, fields, files, edit=True)

    @router.get("/progress")
    async def progress(user: Authenticated) -> dict[str, Any]:
        """Get the progress of my newest request."""
        newest = await _newest_unfinished(gateway, user)
        told = newest.progress if newest else None
        return {
            "progress": (told.fraction or 0.0) if told else 0.0,
            "eta_relative": (told.eta_s or 0.0) if told else 0.0,
            "state": {
                "skipped": False,
                "interrupted": False,
                "stopping_generation": False,
                "job": newest.job.id if newest else "",
                "job_count": 1 if newest else 0,
                "job_timestamp": "0",
                "job_no": 0,
                "sampling_step": (told.step or 0) if told else 0,
                "sampling_steps": (told.steps or 0) if told else 0,
            },
            "current_image": None,
            "textinfo": (told.note or None) if told else None,
        }

    @router.post("/interrupt")
    @router.post("/skip", include_in_schema=False)
    async def interrupt(user: Authenticated) -> dict[str, Any]:
        """Cancel my newest request."""
        newest = await _newest_unfinished(gateway, user)
        if newest is not None:
            await gateway.cancel(newest.job)
        return {}

    @router.get("/options")
    async def options(user: Authenticated) -> dict[str, Any]:
        """Get the kind that my requests are for."""
        kind = await checkpoints.chosen(user)
        return {"sd_model_checkpoint": kind, "samples_format": "png", "sd_checkpoint_hash": "", "sd_vae": "None"}

    @router.post("/options", openapi_extra=_documented({"sd_model_checkpoint": {"type": "string"}}, only=True))
    async def choose(request: Request, user: Authenticated) -> None:
        """Choose the kind of my next requests, with `sd_model_checkpoint`; everything else is ignored."""
        wanted = parameters.text(await read_json(request), "sd_model_checkpoint", "")
        if wanted:
            await checkpoints.choose(user, wanted)

    @router.get("/sd-models")
    async def models(user: Authenticated) -> list[dict[str, Any]]:
        """List the kinds as checkpoints."""
        return [
            {"title": name, "model_name": name, "hash": None, "sha256": None, "filename": name, "config": None}
            for name in await gateway.kinds.served(user)
        ]

    @router.post("/refresh-checkpoints", include_in_schema=False)
    async def refresh(user: Authenticated) -> None:
        return None

    @router.get("/scripts")
    async def scripts() -> dict[str, list[str]]:
        """List scripts, of which there are none. Needs no token, for a client asks before it has one."""
        return {"txt2img": [], "img2img": []}

    for name, value in _LISTS.items():
        _add_list(router, name, value)
    return router


class _Checkpoints:
    """The kind that each user has chosen, as the web UI's only model; forgotten when the gateway ends."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._chosen: dict[str, str] = {}

    async def choose(self, user: User, name: str) -> None:
        self._chosen[user.name] = (await self._gateway.kinds.named(user, name)).name

    async def chosen(self, user: User) -> str:
        served = await self._gateway.kinds.served(user)
        chosen = self._chosen.get(user.name)
        if chosen is not None and chosen in served:
            return chosen
        return (await self._gateway.kinds.suiting(user, "image")).name

    async def kind(self, user: User, fields: Mapping[str, Any], purpose: str) -> Kind:
        override = fields.get("override_settings")
        override = override if isinstance(override, dict) else {}
        name = parameters.text(override, "sd_model_checkpoint", "") or parameters.text(fields, "model", "")
        return await self._gateway.kinds.named(user, name or self._chosen.get(user.name), purpose)


def _add_list(router: APIRouter, name: str, value: Any) -> None:
    async def listed(user: Authenticated) -> JSONResponse:
        return JSONResponse(value)

    router.add_api_route(f"/{name}", listed, methods=["GET"], name=f"a1111 {name}", include_in_schema=False)


async def _newest_unfinished(gateway: Gateway, user: User) -> State | None:
    return next(iter(await gateway.unfinished(user)), None)


async def _serve(
    gateway: Gateway, checkpoints: _Checkpoints, user: User, fields: Mapping[str, Any], files: Scratch, *, edit: bool
) -> Response:
    kind = await checkpoints.kind(user, fields, "edit" if edit else "image")
    width = parameters.whole(fields, "width", 1, parameters.MAX_SIDE) or DEFAULT_SIDE
    height = parameters.whole(fields, "height", 1, parameters.MAX_SIDE) or DEFAULT_SIDE
    batch = parameters.whole(fields, "batch_size", 1, MAX_IMAGES) or 1
    count = batch * (parameters.whole(fields, "n_iter", 1, MAX_IMAGES) or 1)
    if count > MAX_IMAGES:
        raise bad_parameter(
            "n_iter", f"batch_size and n_iter: {count} images; the limit is {MAX_IMAGES}. Ask for fewer."
        )
    given = {name: value for name, value in fields.items() if name != "denoising_strength" or edit}
    options = fit_common(kind, given)
    if kind.makes_svg:
        options["png"] = True
    inputs, mask = await _images(gateway, fields, files) if edit else ((), None)
    prompt = parameters.text(fields, "prompt", "")
    orders = [
        Order(prompt, kind.name, width, height, with_seed(options, number), inputs, mask) for number in range(count)
    ]
    client = WaitingClient(gateway, user)
    await client.submit(orders)
    return client.response(lambda states: _result(fields, states), A1111.response)


async def _images(gateway: Gateway, fields: Mapping[str, Any], files: Scratch) -> tuple[tuple[Path, ...], Path | None]:
    given = fields.get("init_images")
    if not isinstance(given, list) or not given or not all(isinstance(each, str) for each in given):
        raise bad_parameter("init_images", "init_images: not a list of base64 texts. Send the images to edit.")
    if len(given) > MAX_INPUTS:
        raise bad_parameter("init_images", f"init_images: {len(given)} images; the limit is {MAX_INPUTS}. Send fewer.")
    inputs = tuple([await files.image(each, "init_images") for each in given])
    if not (text := parameters.text(fields, "mask", "")):
        return inputs, None
    mask = files.new_path("png")
    inverted = bool(parameters.number(fields, "inpainting_mask_invert"))
    most = gateway.settings.limits.max_input_pixels
    await run_in_threadpool(write_mask, await files.image(text, "mask"), mask, most, inverted=inverted)
    return inputs, mask


async def _result(fields: Mapping[str, Any], states: list[State]) -> dict[str, Any]:
    images, makings = [], []
    for state in states:
        for output in raster(state)[:1]:
            images.append(as_base64(await run_in_threadpool(rendered, output.path, "png")))
            makings.append(await run_in_threadpool(_making, state))
    first = makings[0] if makings else {}
    known = {**first.get("options", {}), **first.get("facts", {})}
    info = {
        "prompt": first.get("prompt", ""),
        "all_prompts": [making.get("prompt", "") for making in makings],
        "negative_prompt": known.get("negative_prompt", ""),
        "all_negative_prompts": [known.get("negative_prompt", "")] * len(makings),
        "seed": first.get("seed", -1),
        "all_seeds": [making.get("seed", -1) for making in makings],
        "width": first.get("width"),
        "height": first.get("height"),
        "sampler_name": known.get("sampler", "Euler"),
        "steps": known.get("num_inference_steps", fields.get("steps", _TOLD_STEPS)),
        "cfg_scale": known.get("true_cfg_scale", known.get("guidance_scale", fields.get("cfg_scale", _TOLD_SCALE))),
        "batch_size": len(images),
        "sd_model_name": first.get("model", ""),
        "infotexts": [making.get("infotext", "") for making in makings],
        "version": f"Spectacle {first.get('version', '')}".strip(),
    }
    told = {name: value for name, value in fields.items() if name not in ("auth", "url", "init_images", "mask")}
    return {"images": images, "parameters": told, "info": json.dumps(info, default=str)}


def _making(state: State) -> dict[str, Any]:
    try:
        making = read_provenance(state.outputs[0].path)
    except SpectacleError:
        return {}
    try:
        with Image.open(raster(state)[0].path, formats=("PNG",)) as image:
            making["infotext"] = str(getattr(image, "text", {}).get("parameters", ""))
    except (OSError, ValueError, SyntaxError):
        making["infotext"] = ""
    return making


def _documented(further: Mapping[str, Any], *, only: bool = False) -> dict[str, Any]:
    schema = {"type": "object", "properties": dict(further) if only else {**_BODY, **further}}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


A1111 = Dialect("a1111", (PREFIX,), error_body, routes)
