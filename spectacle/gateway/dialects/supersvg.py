"""The dialect of the SuperSVG service, `/api/v1/vectorize/jobs`: an image in, an SVG out, by polling."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

import spectacle
from spectacle.errors import SpectacleError
from spectacle.gateway import parameters
from spectacle.gateway.attachments import size_of
from spectacle.gateway.auth import Authenticated
from spectacle.gateway.core import Gateway, job_not_found
from spectacle.gateway.dialect import Dialect, base_url
from spectacle.gateway.fitting import fit_others
from spectacle.gateway.idempotency import DOCUMENTED, idempotency_key
from spectacle.gateway.jobs import Job, Order, State
from spectacle.gateway.problems import Problem, bad_parameter
from spectacle.gateway.tokens import User
from spectacle.gateway.uploads import received
from spectacle.provenance import read_provenance

NAME = "supersvg"
_PREFIX = "job_"
_PRIORITIES = ("low", "normal", "high")
_CODES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    409: "FAILED_PRECONDITION",
    413: "PAYLOAD_TOO_LARGE",
    422: "UNPROCESSABLE",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
}
_UNPROCESSABLE = ("bad-attachment", "bad-options", "bad-size")
_STATUSES = {"queued": "queued", "running": "running", "succeeded": "completed", "failed": "failed"}
_FORM = {
    "type": "object",
    "required": ["image"],
    "properties": {
        "image": {"type": "string", "format": "binary"},
        "config": {
            "type": "string",
            "description": "JSON object: max_paths, num_iterations, output_format, priority, callback_url, and any "
            "other option of the kind.",
        },
    },
}
_BODY = {
    "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}},
    "parameters": [DOCUMENTED],
}


def error_status(problem: Problem) -> int:
    """422 for images and settings that cannot be used."""
    return 422 if problem.code in _UNPROCESSABLE else problem.status


def error_body(problem: Problem) -> dict[str, Any]:
    """A problem as the service has it."""
    details = {"reason": problem.code, **({"param": problem.param} if problem.param else {}), **problem.details}
    code = _CODES.get(error_status(problem), "INTERNAL")
    return {"error": {"code": code, "message": problem.message, "details": details}}


def routes(gateway: Gateway) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1", tags=["supersvg"])

    async def callback_body(job_id: str) -> dict[str, Any]:
        stem = gateway.seals.stem(job_id.removeprefix(_PREFIX))
        job = None if stem is None else gateway.job_of(stem)
        if job is None:
            raise job_not_found()
        public = gateway.settings.gateway.public_url
        state = await gateway.state(job)
        if state.status == "succeeded" and public:
            return await _result(gateway, public, state)
        return _told(state)

    gateway.callbacks.bodies[NAME] = callback_body

    @router.get("/health")
    async def health() -> dict[str, str]:
        """Whether the service runs. Needs no token."""
        await gateway.kinds.instances()
        return {"status": "ok", "version": spectacle.__version__}

    @router.post("/vectorize/jobs", status_code=202, openapi_extra=_BODY)
    async def submit(request: Request, user: Authenticated) -> JSONResponse:
        """Submit an image to be vectorized."""
        async with received(request) as (body, files):
            uploads: list[Any] = [*body.uploads("image"), *filter(None, [body.fields.get("image")])]
            if not uploads or isinstance(uploads[0], dict | list):
                raise bad_parameter("image", "image: missing. Send a PNG, JPEG or WebP file.")
            config = _config(body.fields.get("config"))
            callback = gateway.callbacks.check(config.get("callback_url"), "callback_url")
            image = await files.image(uploads[0], "image")
            order = await _order(gateway, user, config, image)
            job = await gateway.submit(user, order, key=idempotency_key(request))
        if callback is not None:
            gateway.callbacks.follow(NAME, _PREFIX + job.id, job.stem, callback)
        created = job.submitted or datetime.now(UTC)
        told = {"job_id": _PREFIX + job.id, "status": "queued", "created_at": _time(created)}
        return JSONResponse(told, 202, {"idempotency-replayed": "true"} if job.replayed else None)

    @router.get("/vectorize/jobs/{job_id}")
    async def status(user: Authenticated, job_id: str) -> dict[str, Any]:
        """Get the status of a job."""
        return _told(await gateway.state(_find(gateway, user, job_id)))

    @router.get("/vectorize/jobs/{job_id}/result")
    async def result(request: Request, user: Authenticated, job_id: str) -> dict[str, Any]:
        """Get links to the SVG and its preview, and metrics."""
        state = await gateway.state(_find(gateway, user, job_id))
        if state.status != "succeeded":
            reason = f": {state.error.message}" if state.error is not None else ". Wait until it is completed."
            raise Problem(409, "no-result", f"the job is {_status(state)}{reason}")
        return await _result(gateway, base_url(request), state)

    @router.post("/vectorize/jobs/{job_id}/cancel")
    async def cancel(user: Authenticated, job_id: str) -> dict[str, Any]:
        """Cancel a job."""
        job = _find(gateway, user, job_id)
        if await gateway.cancel(job):
            return {"job_id": job_id, "status": "cancelling"}
        state = await gateway.state(job)
        if state.status != "cancelled":
            raise Problem(
                409, "job-ended", f"the job is {_status(state)}. Only a waiting or running one can be cancelled."
            )
        return {"job_id": job_id, "status": "cancelled"}

    return router


def _find(gateway: Gateway, user: User, job_id: str) -> Job:
    if not job_id.startswith(_PREFIX):
        raise job_not_found()
    return gateway.job(user, job_id.removeprefix(_PREFIX))


def _config(given: Any) -> dict[str, Any]:
    if given is None or given == "":
        return {}
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            raise bad_parameter("config", "config: not valid JSON. Send a JSON object.") from None
    if not isinstance(given, dict):
        raise bad_parameter("config", "config: not a JSON object. Send one.")
    return given


async def _order(gateway: Gateway, user: User, config: Mapping[str, Any], image: Path) -> Order:
    form = config.get("output_format", "svg")
    if form != "svg":
        raise Problem(422, "bad-options", "output_format must be one of: svg", param="output_format")
    if config.get("priority", "normal") not in _PRIORITIES:
        raise Problem(422, "bad-options", f"priority must be one of: {', '.join(_PRIORITIES)}", param="priority")
    kind = await gateway.kinds.suiting(user, "vectorize")
    own = {name: value for name, value in config.items() if name not in ("output_format", "priority", "callback_url")}
    for name in ("max_paths", "num_iterations"):
        if name in own:
            value = parameters.whole(own, name, 0, 2**31)
            own[name] = value
            if not kind.options.has(name):  # another vectorizer, which counts its paths by itself
                del own[name]
    width, height = await run_in_threadpool(size_of, image, gateway.settings.limits.max_pixels)
    return Order("", kind.name, width, height, {"png": True, **fit_others(kind, own, is_form=False)}, (image,))


def _status(state: State) -> str:
    return _STATUSES.get(state.status, "cancelled")


def _told(state: State) -> dict[str, Any]:
    progress = state.progress.fraction if state.progress is not None else None
    percent = {"succeeded": 100, "running": round(100 * (progress or 0))}.get(state.status, 0)
    error = None
    if state.status == "failed" and state.error is not None:
        error = {"code": state.error.code.replace("-", "_").upper(), "message": state.error.message, "details": {}}
    return {
        "job_id": _PREFIX + state.job.id,
        "status": _status(state),
        "progress": percent,
        "created_at": _time(state.created_at),
        "started_at": _time(state.started_at),
        "finished_at": _time(state.finished_at),
        "error": error,
    }


async def _result(gateway: Gateway, base: str, state: State) -> dict[str, Any]:
    links = {output.extension: gateway.link(base, state.job, output) for output in reversed(state.outputs)}
    return {
        "job_id": _PREFIX + state.job.id,
        "status": "completed",
        "result": {
            "svg_url": links.get("svg"),
            "preview_png_url": links.get("png"),
            "metrics": await run_in_threadpool(_metrics, state),
        },
    }


def _metrics(state: State) -> dict[str, Any]:
    try:
        making = read_provenance(state.outputs[0].path)
    except SpectacleError:
        return {}
    facts = making.get("facts")
    return (
        {name: facts[name] for name in ("num_paths", "duration_sec") if name in facts}
        if isinstance(facts, dict)
        else {}
    )


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


SUPERSVG = Dialect(NAME, ("/api/v1/vectorize", "/api/v1/health"), error_body, routes, error_status=error_status)
