"""The dialect of the Qwen-Image-Edit service: `/edit`, `/edit/json`, `/edit/multi`, `/multi-image-editing`, modes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

import spectacle
from spectacle.errors import SpectacleError
from spectacle.gateway import parameters
from spectacle.gateway.attachments import size_of
from spectacle.gateway.auth import Authenticated
from spectacle.gateway.core import Gateway
from spectacle.gateway.dialect import Dialect
from spectacle.gateway.fitting import fit_common, fit_others, with_seed
from spectacle.gateway.idempotency import idempotency_key
from spectacle.gateway.jobs import Order, State
from spectacle.gateway.problems import Problem, bad_parameter
from spectacle.gateway.rendering import as_base64, raster, rendered
from spectacle.gateway.tokens import User
from spectacle.gateway.uploads import Body, Scratch, received
from spectacle.gateway.waiting_clients import WaitingClient
from spectacle.provenance import read_provenance

MAX_COUNT = 4
MAX_STEPS = 50
_TEXT_OPTIONS = ("old_text", "new_text", "position", "font_type", "color")
_FURTHER_OPTIONS = ("positions", "style", "preserve_features")

_DESCRIBED = (
    ("人物 + 人物", "將兩個人物合併到同一個場景中"),
    ("人物 + 產品", "將人物和產品組合在一起"),
    ("人物 + 場景", "將人物放置在場景中"),
    ("產品 + 產品", "將多個產品組合在一起"),
    ("多物件組合", "將多個物件組合在一起"),
    ("人物一致性編輯", "編輯人物時保持身份一致性"),
    ("產品一致性編輯", "編輯產品時保持產品一致性"),
    ("風格轉換", "將圖片轉換為不同風格"),
    ("文字替換", "替換圖片中的文字"),
    ("文字添加", "在圖片中添加文字"),
    ("文字字體編輯", "更改文字的字體"),
    ("文字顏色編輯", "更改文字的顏色"),
    ("深度圖控制", "使用深度圖控制生成結果"),
    ("邊緣圖控制", "使用邊緣圖控制生成結果"),
    ("關鍵點控制", "使用關鍵點控制生成結果"),
    ("草圖控制", "使用草圖控制生成結果"),
)
"""Name and description of each mode, as that service lists them."""

MODES = [
    {
        "mode": number,
        "name": name,
        "description": description,
        "requires_multiple_images": number <= 5,
        "requires_controlnet": number >= 13,
        "requires_text_params": 9 <= number <= 12,
        "min_images": 2 if number <= 5 else 1,
        "max_images": 5 if number <= 5 else 1,
    }
    for number, (name, description) in enumerate(_DESCRIBED, 1)
]
_FILE = {"type": "string", "format": "binary"}
_NUMBERS: dict[str, Any] = {
    "prompt": {"type": "string", "minLength": 1},
    "seed": {"type": "integer"},
    "randomize_seed": {"type": "boolean", "default": False},
    "true_guidance_scale": {"type": "number", "minimum": 1, "maximum": 10},
    "num_inference_steps": {"type": "integer", "minimum": 1, "maximum": MAX_STEPS},
    "num_images_per_prompt": {"type": "integer", "minimum": 1, "maximum": MAX_COUNT},
}


def error_body(problem: Problem) -> dict[str, Any]:
    """A problem as the service has it."""
    return {"success": False, "detail": problem.message, "error": problem.code}


def routes(gateway: Gateway) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["qwen-image-edit"])

    @router.post("/edit", openapi_extra=_documented({"image": _FILE}, "image"), response_class=Response)
    async def edit(request: Request, user: Authenticated) -> Response:
        """Edit an image."""
        return await _serve(gateway, request, user, ("image",), 1)

    inline = _documented({"image_base64": {"type": "string"}}, "image_base64", with_json=True)

    @router.post("/edit/json", openapi_extra=inline, response_class=Response)
    async def edit_json(request: Request, user: Authenticated) -> Response:
        """Edit an image that is sent as base64, in JSON or a form."""
        return await _serve(gateway, request, user, ("image_base64", "image"), 1)

    several = {"images": {"type": "array", "items": _FILE, "minItems": 1, "maxItems": 3}}

    @router.post("/edit/multi", openapi_extra=_documented(several, "images"), response_class=Response)
    async def edit_multi(request: Request, user: Authenticated) -> Response:
        """Edit up to three images together."""
        return await _serve(gateway, request, user, ("images", "images[]", "image"), 3)

    by_mode = {
        "images": {"type": "array", "items": _FILE, "minItems": 1, "maxItems": 5},
        "mode": {"type": "integer", "minimum": 1, "maximum": len(MODES)},
        "controlnet_image": _FILE,
        "text_params_json": {"type": "string"},
        "additional_params_json": {"type": "string"},
    }

    @router.post("/multi-image-editing", openapi_extra=_documented(by_mode, "images", "mode"), response_class=Response)
    async def edit_by_mode(request: Request, user: Authenticated) -> Response:
        """Edit images in one of the sixteen modes."""
        return await _serve(gateway, request, user, ("images", "images[]", "image"), 5, with_mode=True)

    @router.get("/edit-modes")
    async def modes(user: Authenticated) -> list[dict[str, Any]]:
        """List the edit modes."""
        return MODES

    @router.get("/edit-mode/{mode}")
    async def mode(user: Authenticated, mode: str) -> dict[str, Any]:
        """Get an edit mode."""
        number = parameters.whole({"mode": mode}, "mode", 1, len(MODES))
        assert number is not None
        return MODES[number - 1]

    @router.get("/status")
    async def status(user: Authenticated) -> dict[str, Any]:
        """Get the devices and the queue."""
        devices = []
        for instance in await gateway.kinds.instances():
            told = instance.get("devices")
            devices += [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []
        names = [str(each.get("device", "cpu")) for each in devices]
        gpus = [name for name in names if not name.rpartition("/")[2].startswith("cpu")]
        view = await gateway.view.recent()
        waiting, running = sum(map(len, view.waiting.values())), sum(map(len, view.running.values()))
        return {
            "active_workers": len(devices),
            "task_queue_size": waiting,
            "result_queue_size": 0,
            "pending_tasks": waiting + running,
            "total_gpus": len(gpus),
            # How much memory a device uses is not reported.
            "gpu_info": [
                {"gpu_id": number, "name": name, "memory_allocated": None, "memory_reserved": None}
                for number, name in enumerate(gpus)
            ],
        }

    @router.get("/health")
    async def health() -> JSONResponse:
        """Whether images can be edited. Needs no token."""
        try:
            ready = bool(await gateway.kinds.instances())
        except SpectacleError:
            ready = False
        word = "healthy" if ready else "unavailable"
        return JSONResponse({"status": word, "version": spectacle.__version__}, 200 if ready else 503)

    return router


async def _serve(
    gateway: Gateway, request: Request, user: User, names: tuple[str, ...], most: int, *, with_mode: bool = False
) -> Response:
    async with received(request) as (body, files):
        orders, mode = await _orders(gateway, user, body, files, names, most, with_mode=with_mode)
        client = WaitingClient(gateway, user)
        await client.submit(orders, key=idempotency_key(request))

    async def result(states: list[State]) -> dict[str, Any]:
        return await _result(states, mode)

    return client.response(result, QWEN_IMAGE_EDIT.response)


async def _orders(
    gateway: Gateway,
    user: User,
    body: Body,
    files: Scratch,
    names: tuple[str, ...],
    most: int,
    *,
    with_mode: bool,
) -> tuple[list[Order], int | None]:
    fields = body.fields
    prompt = parameters.text(fields, "prompt").strip()
    if not prompt:
        raise bad_parameter("prompt", "prompt: empty. Say what to change.")
    given: list[Any] = list(body.uploads(*names))
    for name in names:
        value = fields.get(name)
        given += [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str) and each]
    if not 1 <= len(given) <= most:
        wanted = "one image" if most == 1 else f"1 to {most} images"
        raise bad_parameter(names[0], f"{names[0]}: {len(given)} images. Send {wanted}.")
    inputs = tuple([await files.image(each, names[0]) for each in given])
    kind = await gateway.kinds.suiting(user, "edit")
    own = dict(fields)
    scale = parameters.number(fields, "true_guidance_scale")
    own["true_cfg_scale"] = None if scale is None else min(max(scale, 1.0), 10.0)
    steps = parameters.number(fields, "num_inference_steps")
    own["num_inference_steps"] = None if steps is None else min(max(steps, 1), MAX_STEPS)
    own["seed"] = None if parameters.switch(fields, "randomize_seed", False) else fields.get("seed")
    options = fit_common(kind, own)
    control, mode = None, None
    if with_mode:
        mode = parameters.whole(fields, "mode", 1, len(MODES))
        if mode is None:
            raise bad_parameter("mode", f"mode: missing. Send a number from 1 to {len(MODES)}.")
        options |= fit_others(kind, {"mode": mode, **_mode_options(fields, mode)}, is_form=False)
        control = await _control(body, files, mode)
    count = parameters.whole(fields, "num_images_per_prompt", 1, MAX_COUNT) or 1
    together = 1 < count <= kind.options.most("num_images_per_prompt")
    if together:
        options["num_images_per_prompt"] = count
    if kind.makes_svg:
        options["png"] = True
    width, height = await run_in_threadpool(size_of, inputs[0], gateway.settings.limits.max_pixels)
    orders = [
        Order(prompt, kind.name, width, height, with_seed(options, number), inputs, None, control)
        for number in range(1 if together else count)
    ]
    return orders, mode


def _mode_options(fields: Mapping[str, Any], mode: int) -> dict[str, Any]:
    text = _json(fields, "text_params_json")
    if MODES[mode - 1]["requires_text_params"] and not text:
        raise bad_parameter(
            "text_params_json", f"text_params_json: missing, and mode {mode} needs it. Send a JSON object."
        )
    further = _json(fields, "additional_params_json")
    found = {name: text[name] for name in _TEXT_OPTIONS if text.get(name)}
    return found | {name: further[name] for name in _FURTHER_OPTIONS if further.get(name)}


async def _control(body: Body, files: Scratch, mode: int) -> Any:
    given: list[Any] = [*body.uploads("controlnet_image"), *filter(None, [body.fields.get("controlnet_image")])]
    if not given:
        if MODES[mode - 1]["requires_controlnet"]:
            raise bad_parameter(
                "controlnet_image", f"controlnet_image: missing, and mode {mode} needs it. Send an image."
            )
        return None
    if isinstance(given[0], dict | list):
        raise bad_parameter("controlnet_image", "controlnet_image: not an image. Send a file or base64.")
    return await files.image(given[0], "controlnet_image", png=True)


def _json(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    given = fields.get(name)
    if given is None or given == "":
        return {}
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            raise bad_parameter(name, f"{name}: not valid JSON. Send a JSON object.") from None
    if not isinstance(given, dict):
        raise bad_parameter(name, f"{name}: not a JSON object. Send one.")
    return given


async def _result(states: list[State], mode: int | None) -> dict[str, Any]:
    images = []
    for state in states:
        for output in raster(state):
            images.append("data:image/png;base64," + as_base64(await run_in_threadpool(rendered, output.path, "png")))
    making = await run_in_threadpool(_making, states[0])
    # The device is not recorded; each worker has one.
    found: dict[str, Any] = {"success": True, "images": images, "seed": making.get("seed"), "gpu_id": 0}
    if mode is not None:
        facts = making.get("facts")
        used = facts.get("edit_prompt") if isinstance(facts, dict) else None
        found |= {"prompt": used or making.get("prompt"), "mode": mode}
    return found


def _making(state: State) -> dict[str, Any]:
    try:
        return read_provenance(state.outputs[0].path)
    except SpectacleError:
        return {}


def _documented(further: Mapping[str, Any], *required: str, with_json: bool = False) -> dict[str, Any]:
    properties = {**_NUMBERS, **further}
    schema = {"type": "object", "required": ["prompt", *required], "properties": properties}
    content = {"multipart/form-data": {"schema": schema}}
    return {
        "requestBody": {
            "required": True,
            "content": {**({"application/json": {"schema": schema}} if with_json else {}), **content},
        }
    }


QWEN_IMAGE_EDIT = Dialect(
    "qwen-image-edit",
    ("/edit", "/multi-image-editing", "/edit-modes", "/edit-mode", "/status", "/health"),
    error_body,
    routes,
)
