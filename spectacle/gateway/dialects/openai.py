"""The dialect of OpenAI's Images API, `/v1/images/*` and `/v1/models`, which most chat front ends speak."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from spectacle.errors import SpectacleError
from spectacle.gateway import parameters
from spectacle.gateway.attachments import size_of, write_mask
from spectacle.gateway.auth import Authenticated
from spectacle.gateway.catalogue import Kind
from spectacle.gateway.core import Gateway
from spectacle.gateway.dialect import Dialect, base_url
from spectacle.gateway.fitting import common_names, fit_common, fit_others, with_seed
from spectacle.gateway.idempotency import idempotency_key
from spectacle.gateway.jobs import Order, Output, State
from spectacle.gateway.long_work import EventStream, event
from spectacle.gateway.problems import Problem, bad_parameter, problem_of
from spectacle.gateway.rendering import as_base64, in_format, raster, rendered
from spectacle.gateway.tokens import User
from spectacle.gateway.uploads import Body, Scratch, received
from spectacle.gateway.waiting_clients import WaitingClient

MAX_IMAGES = 10
OWNER = "spectacle"

_INPUT = re.compile(r"images?(\[[0-9]*\])?")
_OWN = frozenset(
    {"prompt", "model", "n", "size", "width", "height", "output_format", "output_compression", "response_format",
     "background", "stream", "mask"}
)  # fmt: skip
_IGNORED = frozenset(
    {"quality", "moderation", "user", "safety_identifier", "input_fidelity", "complexity", "svg", "partial_images",
     "prompt_cache_key", "metadata", "watermark"}
)  # fmt: skip
_STYLES = ("vivid", "natural")
_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
_CODES = {"blocked-prompt": "content_policy_violation", "unknown-kind": "model_not_found"}
_NO_TOKENS = {
    "input_tokens": 0,
    "output_tokens": 0,
    "total_tokens": 0,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
}
"""Usage, which clients want to find at the end of a stream. Nothing is counted in tokens here."""

_PROPERTIES: dict[str, Any] = {
    "prompt": {"type": "string", "minLength": 1},
    "model": {"type": "string", "description": "A kind or a generator; a name of another vendor's means the default."},
    "n": {"type": "integer", "minimum": 1, "maximum": MAX_IMAGES},
    "size": {"type": "string", "description": "`auto`, or width and height such as `640x480`."},
    "output_format": {"enum": ["png", "webp", "jpeg", "svg"]},
    "output_compression": {"type": "integer", "minimum": 0, "maximum": 100},
    "response_format": {"enum": ["b64_json", "url"]},
    "background": {"enum": ["auto", "opaque", "transparent"]},
    "stream": {"type": "boolean"},
}


@dataclass(frozen=True, slots=True)
class _Wish:
    """How the results are to be delivered.

    Attributes:
        form: Format of the images.
        quality: Of `webp` and `jpeg`.
        base64: Whether as base64.
        url: Whether as URL.
        size: As the response tells it.
        background: As the response tells it.
        single: Whether one job makes one image, so that its further candidates are left out.
    """

    form: str
    quality: int | None
    base64: bool
    url: bool
    size: str
    background: str
    single: bool


def error_body(problem: Problem) -> dict[str, Any]:
    """A problem as OpenAI has it."""
    kind = _TYPES.get(problem.status, "invalid_request_error" if problem.status < 500 else "server_error")
    code = _CODES.get(problem.code, problem.code.replace("-", "_"))
    return {"error": {"message": problem.message, "type": kind, "param": problem.param, "code": code}}


def error_headers(problem: Problem) -> dict[str, str]:
    """Tells client libraries not to repeat what would fail again."""
    again = problem.status == 429 or problem.code == "spool-unavailable"
    return {} if again or problem.status < 500 else {"x-should-retry": "false"}


def routes(gateway: Gateway) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["openai"])
    for prefix, shown in (("/v1", True), ("/api/v1", False)):
        _add_routes(router, gateway, prefix, shown)
    return router


def _add_routes(router: APIRouter, gateway: Gateway, prefix: str, shown: bool) -> None:
    async def generate(request: Request, user: Authenticated) -> Response:
        """Generate images from a prompt."""
        async with received(request) as (body, files):
            return await _serve(gateway, request, user, body, files, edit=False)

    async def edit(request: Request, user: Authenticated) -> Response:
        """Edit images as a prompt says, under a mask if there is one."""
        async with received(request) as (body, files):
            return await _serve(gateway, request, user, body, files, edit=True)

    async def models(user: Authenticated) -> dict[str, Any]:
        """List the kinds as models."""
        return {"object": "list", "data": [_model(name) for name in await gateway.kinds.served(user)]}

    async def model(user: Authenticated, model: str) -> dict[str, Any]:
        """Get a model: a kind, by its name or its generator's."""
        kind = await gateway.kinds.find(model)
        if kind is None or (user.kinds is not None and kind.name not in user.kinds):
            raise Problem(404, "unknown-kind", f"model {model[:100]!r}: not served. GET /v1/models lists them.")
        return _model(model)

    async def options() -> Response:
        return Response(status_code=204, headers={"allow": "GET, POST, OPTIONS"})

    for path, serve, documented in (
        ("/images/generations", generate, _documented("application/json", {})),
        ("/images/edits", edit, _documented("multipart/form-data", _EDIT)),
    ):
        router.add_api_route(
            prefix + path,
            serve,
            methods=["POST"],
            openapi_extra=documented,
            response_class=Response,
            include_in_schema=shown,
        )
    router.add_api_route(f"{prefix}/models", models, methods=["GET"], include_in_schema=shown)
    router.add_api_route(f"{prefix}/models/{{model:path}}", model, methods=["GET"], include_in_schema=shown)
    for path in ("/images/generations", "/images/edits", "/models"):
        router.add_api_route(prefix + path, options, methods=["OPTIONS"], include_in_schema=False)


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": OWNER}


async def _serve(gateway: Gateway, request: Request, user: User, body: Body, files: Scratch, *, edit: bool) -> Response:
    fields = body.fields
    prompt = parameters.text(fields, "prompt")
    if not prompt.strip():
        raise bad_parameter("prompt", "prompt: empty. Describe the image.")
    count = parameters.whole(fields, "n", 1, MAX_IMAGES) or 1
    kind, form = await _kind_and_form(gateway, user, fields, edit=edit)
    if fields.get("background") == "transparent" and not kind.makes_svg and kind.generator != "qwen-image-2.1":
        raise bad_parameter("background", f"background: kind {kind.name} makes no transparent images. Use auto.")
    inputs, mask = await _images(gateway, body, files) if edit else ((), None)
    width, height = await _size(gateway, fields, inputs[0] if inputs else None)
    wish = _wish(fields)
    options = in_format(kind, _options(kind, body), form, wish.quality)
    most = kind.options.most("num_images_per_prompt")
    together = 1 < count <= most and form != "svg" and not kind.makes_svg
    if together:
        options["num_images_per_prompt"] = count
    orders = [
        Order(prompt, kind.name, width, height, with_seed(options, number), inputs, mask)
        for number in range(1 if together else count)
    ]
    client = WaitingClient(gateway, user)
    await client.submit(orders, key=idempotency_key(request), repeat=_is_repeat(request))
    wish = replace(wish, form=form, size=f"{width}x{height}", single=not together)
    if parameters.switch(fields, "stream", False):
        return EventStream(
            _events(gateway, request, client, wish, "image_edit" if edit else "image_generation"),
            every=gateway.settings.gateway.keepalive_interval,
            finished=client.finished,
        )
    return client.response(lambda states: _result(gateway, request, states, wish), OPENAI.response)


async def _kind_and_form(gateway: Gateway, user: User, fields: Mapping[str, Any], *, edit: bool) -> tuple[Kind, str]:
    form = parameters.text(fields, "output_format", "png") or "png"
    form = {"jpg": "jpeg"}.get(form, form)
    if form not in ("png", "webp", "jpeg", "svg"):
        raise bad_parameter("output_format", f"output_format: {form[:50]!r} is not valid. Use png, webp, jpeg or svg.")
    model = parameters.text(fields, "model", "")
    purpose = "svg" if form == "svg" and not edit else "vectorize" if form == "svg" else "edit" if edit else "image"
    kind = await gateway.kinds.named(user, model, purpose)
    if form == "svg" and not kind.makes_svg:
        siblings = [
            each
            for each in (await gateway.kinds.served(user)).values()
            if each.makes_svg and each.generator == kind.generator
        ]
        if not siblings:
            raise bad_parameter(
                "output_format", f"output_format: kind {kind.name} makes no SVG. Use png, or a model that makes SVG."
            )
        kind = siblings[0]
    return kind, form


async def _images(gateway: Gateway, body: Body, files: Scratch) -> tuple[tuple[Path, ...], Path | None]:
    given: list[Any] = [file for name, file in body.files if _INPUT.fullmatch(name)]
    for name, value in body.fields.items():
        if _INPUT.fullmatch(name):
            given += [_inline(each) for each in (value if isinstance(value, list) else [value])]
    if not given:
        raise bad_parameter("image", "image: missing. Send the image to edit.")
    if len(given) > MAX_IMAGES:
        raise bad_parameter("image", f"image: {len(given)} images; the limit is {MAX_IMAGES}. Send fewer.")
    inputs = tuple([await files.image(each, "image") for each in given])
    masks: list[Any] = [*body.uploads("mask"), *([_inline(body.fields["mask"])] if body.fields.get("mask") else [])]
    if not masks:
        return inputs, None
    mask, grey = await files.image(masks[0], "mask"), files.new_path("png")
    most = gateway.settings.limits.max_input_pixels
    await run_in_threadpool(write_mask, mask, grey, most, from_alpha=True)
    return inputs, grey


def _inline(value: Any) -> str:
    """The base64 of an image in a JSON body: a text, or an object with `image_url`."""
    if isinstance(value, dict):
        value = value.get("image_url")
        value = value.get("url") if isinstance(value, dict) else value
    if not isinstance(value, str) or value.startswith(("http:", "https:")):
        raise bad_parameter("image", "image: not base64 and no data URL. Addresses are not fetched; send the image.")
    return value


async def _size(gateway: Gateway, fields: Mapping[str, Any], first: Path | None) -> tuple[int, int]:
    given = fields.get("size")
    width = parameters.whole(fields, "width", 1, parameters.MAX_SIDE)
    height = parameters.whole(fields, "height", 1, parameters.MAX_SIDE)
    if given not in (None, "", "auto"):
        return parameters.size(given)
    if width or height:
        return width or height or 1024, height or width or 1024
    if first is None:
        return 1024, 1024
    return await run_in_threadpool(size_of, first, gateway.settings.limits.max_pixels)


def _options(kind: Kind, body: Body) -> dict[str, Any]:
    known = _OWN | _IGNORED | common_names()
    others = {
        name: value
        for name, value in body.fields.items()
        if name not in known and not _INPUT.fullmatch(name) and not (name == "style" and value in _STYLES)
    }
    if "markup" in others or any(name == "markup" for name, _ in body.files):
        raise bad_parameter("markup", "markup: not supported. Use a mask.")
    return {**fit_common(kind, body.fields), **fit_others(kind, others, is_form=body.is_form)}


def _wish(fields: Mapping[str, Any]) -> _Wish:
    model = parameters.text(fields, "model", "")
    form = parameters.text(fields, "response_format", "")
    if form not in ("", "url", "b64_json", "base64"):
        raise bad_parameter("response_format", f"response_format: {form[:50]!r} is not valid. Use b64_json or url.")
    # Without it, clients expect what the vendor's model gives by itself, or either of the two.
    url = form == "url" or (not form and not model.startswith("gpt-image-"))
    inline = form in ("b64_json", "base64") or (not form and not model.startswith("dall-e-"))
    quality = parameters.whole(fields, "output_compression", 0, 100)
    background = parameters.text(fields, "background", "auto")
    if background not in ("auto", "opaque", "transparent"):
        raise bad_parameter("background", "background: not valid. Use auto, opaque or transparent.")
    return _Wish("png", quality, inline, url, "", background, single=True)


def _is_repeat(request: Request) -> bool | None:
    """Whether the client says that it repeats a request; None when it does not say."""
    count = request.headers.get("x-stainless-retry-count", "")
    return int(count) > 0 if count.isascii() and count.isdigit() and len(count) < 5 else None


def _deliverable(states: list[State], wish: _Wish) -> list[tuple[State, Output]]:
    found = []
    for state in states:
        outputs = state.artifacts if wish.form == "svg" else raster(state)
        found += [(state, output) for output in (outputs[:1] if wish.single else outputs)]
    return found


async def _datum(gateway: Gateway, request: Request, state: State, output: Output, wish: _Wish) -> dict[str, Any]:
    datum: dict[str, Any] = {}
    if wish.base64:
        datum["b64_json"] = as_base64(await run_in_threadpool(rendered, output.path, wish.form, wish.quality))
    if wish.url:
        other = wish.form in ("webp", "jpeg") and wish.form != output.form
        form, quality = (wish.form, wish.quality) if other else (None, None)
        datum["url"] = gateway.link(base_url(request), state.job, output, form, quality)
    return datum


async def _result(gateway: Gateway, request: Request, states: list[State], wish: _Wish) -> dict[str, Any]:
    data = [await _datum(gateway, request, state, output, wish) for state, output in _deliverable(states, wish)]
    return {
        "created": int(time.time()),
        "data": data,
        "background": wish.background,
        "output_format": wish.form,
        "quality": "auto",
        "size": wish.size,
    }


async def _events(
    gateway: Gateway, request: Request, client: WaitingClient, wish: _Wish, name: str
) -> AsyncIterator[str]:
    try:
        states = await client.results()
        for state, output in _deliverable(states, wish):
            datum = await _datum(gateway, request, state, output, replace(wish, base64=True, url=False))
            value = {
                "type": f"{name}.completed",
                **datum,
                "created_at": int(time.time()),
                "background": wish.background,
                "output_format": wish.form,
                "quality": "auto",
                "size": wish.size,
                "usage": _NO_TOKENS,
            }
            yield event(f"{name}.completed", value)
    except Problem as problem:
        yield event("error", {"type": "error", **error_body(problem)})
    except SpectacleError as error:
        yield event("error", {"type": "error", **error_body(problem_of(error))})


_FILE = {"type": "string", "format": "binary"}
_EDIT = {"image": {"type": "array", "items": _FILE, "minItems": 1, "maxItems": MAX_IMAGES}, "mask": _FILE}


def _documented(media_type: str, further: Mapping[str, Any]) -> dict[str, Any]:
    properties = {**_PROPERTIES, **further}
    required = ["prompt", *(["image"] if "image" in further else [])]
    schema = {"type": "object", "required": required, "properties": properties, "additionalProperties": True}
    return {"requestBody": {"required": True, "content": {media_type: {"schema": schema}}}}


OPENAI = Dialect(
    "openai",
    ("/v1/images", "/v1/models", "/api/v1/images", "/api/v1/models"),
    error_body,
    routes,
    error_headers=error_headers,
)
