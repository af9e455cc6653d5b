"""The dialect of OmniSVG's server: `/predict` and `/ping`."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from spectacle.errors import SpectacleError
from spectacle.gateway.attachments import plain_png
from spectacle.gateway.auth import Authenticated
from spectacle.gateway.core import Gateway, raise_when_failed
from spectacle.gateway.dialect import Dialect
from spectacle.gateway.idempotency import idempotency_key
from spectacle.gateway.jobs import State
from spectacle.gateway.payloads import omnisvg
from spectacle.gateway.problems import Problem
from spectacle.gateway.uploads import received
from spectacle.gateway.waiting_clients import WaitingClient

_PROPERTIES: dict[str, Any] = {
    "task_type": {"enum": list(omnisvg.TASKS)},
    "text": {"type": "string"},
    "image_base64": {"type": "string"},
    "model_size": {"enum": list(omnisvg.SIZES)},
    "task_subtype": {"enum": ["icon", "illustration"]},
    "num_candidates": {"type": "integer"},
    "max_length": {"type": "integer"},
    "temperature": {"type": "number"},
    "top_p": {"type": "number"},
    "top_k": {"type": "integer"},
    "repetition_penalty": {"type": "number"},
    "replace_background": {"type": "boolean", "default": True},
    "return_png": {"type": "boolean", "default": True},
}
_FORM = {**_PROPERTIES, "image": {"type": "string", "format": "binary"}}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"type": "object", "properties": _PROPERTIES}},
            "multipart/form-data": {"schema": {"type": "object", "properties": _FORM}},
        },
    }
}


def error_body(problem: Problem) -> dict[str, Any]:
    """A problem as OmniSVG's server has it."""
    return {"error": problem.message}


def error_status(problem: Problem) -> int:
    """Every error is 400 there, but for those of access, bounds and methods, which it does not know."""
    return problem.status if problem.status in (401, 403, 404, 405, 408, 413, 429, 503) else 400


def routes(gateway: Gateway) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["omnisvg"])

    @router.get("/ping")
    async def ping(user: Authenticated) -> JSONResponse:
        """Whether images can be generated."""
        try:
            instances = await gateway.kinds.instances()
        except SpectacleError as error:
            return JSONResponse({"status": "failed", "error": error.message}, 500)
        if not instances:
            return JSONResponse({"status": "failed", "error": "no daemon serves the spool. Start one."}, 500)
        devices = [device for instance in instances for device in _list(instance.get("devices"))]
        loaded = [model for device in devices for model in _list(device.get("loaded"))]
        preset = next((each.get("preset") for each in loaded if each.get("generator") == "omnisvg"), None)
        return JSONResponse(
            {
                "status": "ok",
                "device": devices[0].get("device", "cpu") if devices else "cpu",
                "loaded_model": preset.upper() if isinstance(preset, str) else None,
            }
        )

    @router.post("/predict", openapi_extra=_BODY, response_class=Response)
    async def predict(request: Request, user: Authenticated) -> Response:
        """Generate SVG from a text, or from an image."""
        began = time.monotonic()
        processed: bytes | None = None
        async with received(request) as (body, files):
            uploads: list[Any] = [*body.uploads("image"), *filter(None, [body.fields.get("image_base64")])]
            image = await files.image(uploads[0], "image") if uploads else None
            order = await omnisvg.order_of(gateway, user, body.fields, image)
            png = omnisvg.wants_png(body.fields)
            if order.inputs and png and not order.options.get("processed_input"):
                white = bool(order.options.get("replace_background", True))
                most = gateway.settings.limits.max_input_pixels
                processed = await run_in_threadpool(
                    plain_png, order.inputs[0], most, omnisvg.SIDE, white_background=white
                )
            client = WaitingClient(gateway, user)
            await client.submit([order], key=idempotency_key(request))

        async def result(states: list[State]) -> dict[str, Any]:
            found = await omnisvg.output_of(states[0], png=png, processed=processed)
            return {**found, "request_time_ms": round((time.monotonic() - began) * 1000)}

        return client.response(result, OMNISVG.response, check=_check)

    return router


def _check(state: State) -> State:
    return raise_when_failed(state) if omnisvg.failed(state) else state


def _list(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


OMNISVG = Dialect("omnisvg", ("/predict", "/ping"), error_body, routes, error_status=error_status)
