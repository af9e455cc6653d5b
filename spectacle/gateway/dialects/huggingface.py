"""The dialect of Hugging Face's own inference: `POST /hf/MODEL` responds with the image itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from spectacle.gateway import parameters
from spectacle.gateway.attachments import size_of
from spectacle.gateway.auth import Authenticated
from spectacle.gateway.core import Gateway
from spectacle.gateway.dialect import Dialect
from spectacle.gateway.fitting import common_names, fit_common, fit_others
from spectacle.gateway.jobs import Order, State
from spectacle.gateway.problems import Problem, bad_parameter
from spectacle.gateway.rendering import rendered
from spectacle.gateway.uploads import read_json, scratch
from spectacle.gateway.waiting_clients import WaitingClient

_SIZES = ("width", "height", "target_size", "prompt")
_SCHEMA = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "inputs": {"type": "string", "description": "The prompt; or the image as base64, with the prompt a parameter."},
        "parameters": {"type": "object", "description": "Prompt, size, and options of the generator."},
    },
}


def error_body(problem: Problem) -> dict[str, Any]:
    """A problem as the inference servers have it."""
    return {"error": problem.message}


def routes(gateway: Gateway) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["huggingface"])
    body = {"requestBody": {"required": True, "content": {"application/json": {"schema": _SCHEMA}}}}

    @router.post("/hf/{model:path}", openapi_extra=body, response_class=Response)
    async def infer(request: Request, user: Authenticated, model: str) -> Response:
        """Generate an image from a prompt, or edit one. The response is the image."""
        fields = await read_json(request)
        text = parameters.text(fields, "inputs")
        given = fields.get("parameters") or {}
        if not isinstance(given, dict):
            raise bad_parameter("parameters", "parameters: not a JSON object. Send one, or omit it.")
        async with scratch(request) as files:
            # With a prompt among the parameters, or with no words in it, the input is an image.
            edit = "prompt" in given
            kind = await gateway.kinds.named(user, model, "edit" if edit else "image")
            inputs = (await files.image(text, "inputs"),) if edit else ()
            others = {name: value for name, value in given.items() if name not in common_names() | set(_SIZES)}
            options = {**fit_common(kind, given), **fit_others(kind, others, is_form=False)}
            width, height = await _size(gateway, given, inputs[0] if inputs else None)
            prompt = parameters.text(given, "prompt") if edit else text
            client = WaitingClient(gateway, user)
            await client.submit([Order(prompt, kind.name, width, height, options, inputs)])
        return client.response(_image, HUGGING_FACE.response)

    return router


async def _image(states: list[State]) -> Response:
    output = states[0].outputs[0]
    return Response(await run_in_threadpool(rendered, output.path, output.form), media_type=output.media_type)


async def _size(gateway: Gateway, given: Mapping[str, Any], image: Path | None) -> tuple[int, int]:
    target = given.get("target_size")
    source = target if isinstance(target, dict) else given
    width = parameters.whole(source, "width", 1, parameters.MAX_SIDE)
    height = parameters.whole(source, "height", 1, parameters.MAX_SIDE)
    if image is not None and not (width or height):
        return await run_in_threadpool(size_of, image, gateway.settings.limits.max_pixels)
    return width or height or 1024, height or width or 1024


HUGGING_FACE = Dialect("huggingface", ("/hf",), error_body, routes)
