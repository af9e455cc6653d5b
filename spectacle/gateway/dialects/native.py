"""Spectacle's own dialect, `/v1/jobs` and `/v1/kinds`: submit, then poll, or follow events."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from spectacle.errors import SpectacleError
from spectacle.gateway import parameters
from spectacle.gateway.auth import Authenticated
from spectacle.gateway.core import Gateway, job_not_found
from spectacle.gateway.dialect import Dialect, base_url
from spectacle.gateway.idempotency import DOCUMENTED, idempotency_key
from spectacle.gateway.jobs import Order, Output, State
from spectacle.gateway.long_work import EventStream, event
from spectacle.gateway.problems import Problem, bad_parameter
from spectacle.gateway.uploads import Body, Scratch, received
from spectacle.provenance import read_provenance

MAX_LISTED = 200
MAX_WAIT = 60.0
_KNOWN = {"prompt", "kind", "width", "height", "size", "options", "inputs", "mask", "control"}

_IMAGE = {"type": "string", "description": "An image as base64, with or without `data:image/png;base64,` in front."}
_SIDE = {"type": "integer", "minimum": 1, "maximum": parameters.MAX_SIDE, "default": 1024}
_FIELDS: dict[str, Any] = {
    "prompt": {"type": "string", "default": "", "description": "What to generate."},
    "kind": {"type": "string", "description": "The kind, see `/v1/kinds`. Default: that of the daemon."},
    "width": _SIDE,
    "height": _SIDE,
    "size": {"type": "string", "description": "Width and height in one, such as `640x480`."},
}
_JSON_BODY = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        **_FIELDS,
        "options": {"type": "object", "description": "Options of the generator, see `/v1/kinds`."},
        "inputs": {"type": "array", "items": _IMAGE, "maxItems": 10, "description": "Input images."},
        "mask": _IMAGE,
        "control": _IMAGE,
    },
}
_FILE = {"type": "string", "format": "binary"}
_FORM_BODY = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        **_FIELDS,
        "options": {"type": "string", "description": "Options of the generator, a JSON object."},
        "inputs": {"type": "array", "items": _FILE, "maxItems": 10, "description": "Input images."},
        "mask": _FILE,
        "control": _FILE,
    },
}
_SUBMIT = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": _JSON_BODY}, "multipart/form-data": {"schema": _FORM_BODY}},
    },
    "parameters": [DOCUMENTED],
}


def problem_body(problem: Problem) -> dict[str, Any]:
    """A problem as RFC 9457 has it, with the code of Spectacle."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": problem.code.replace("-", " "),
        "status": problem.status,
        "detail": problem.message,
        "code": problem.code,
    }
    if problem.param is not None:
        body["param"] = problem.param
    return body | ({"details": problem.details} if problem.details else {})


def routes(gateway: Gateway) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/v1", tags=["jobs"])

    @router.post("/jobs", status_code=201, openapi_extra=_SUBMIT, response_class=JSONResponse)
    async def submit(request: Request, user: Authenticated) -> JSONResponse:
        """Submit a request for an image. Poll the job, wait for it, or follow its events."""
        key = idempotency_key(request)
        async with received(request) as (body, files):
            job = await gateway.submit(user, await _order(gateway, body, files), key=key)
        state = await gateway.state(job)
        shown = job_body(gateway, request, state)
        headers = {"location": f"/v1/jobs/{job.id}"}
        if job.replayed:
            headers["idempotency-replayed"] = "true"
        return JSONResponse(shown, 200 if job.replayed else 201, headers)

    @router.get("/jobs")
    async def mine(
        request: Request, user: Authenticated, limit: Annotated[int, Query(ge=1, le=MAX_LISTED)] = 50
    ) -> dict[str, Any]:
        """List my jobs, those submitted last first."""
        states = await gateway.mine(user, limit)
        return {"jobs": [job_body(gateway, request, state) for state in states]}

    @router.get("/jobs/{job_id}")
    async def one(
        request: Request,
        user: Authenticated,
        job_id: str,
        wait: Annotated[float, Query(ge=0, le=MAX_WAIT, description="Seconds to wait for its end.")] = 0,
    ) -> dict[str, Any]:
        """Get the state of a job, and links to its results."""
        job = gateway.job(user, job_id)
        return job_body(gateway, request, await gateway.wait(job, wait))

    @router.post("/jobs/{job_id}/cancel")
    async def cancel(request: Request, user: Authenticated, job_id: str) -> dict[str, Any]:
        """Cancel a job. One that has ended stays as it is."""
        job = gateway.job(user, job_id)
        await gateway.cancel(job)
        return job_body(gateway, request, await gateway.state(job))

    @router.get("/jobs/{job_id}/events", response_class=Response)
    async def events(request: Request, user: Authenticated, job_id: str) -> Response:
        """Follow a job: server-sent events `state`, each a snapshot of the job, the last when it has ended."""
        job = gateway.job(user, job_id)
        first = await gateway.state(job)

        async def snapshots() -> AsyncIterator[str]:
            yield event("state", job_body(gateway, request, first))
            if not first.ended:
                async for state in gateway.events(job):
                    if state != first:
                        yield event("state", job_body(gateway, request, state))

        return EventStream(snapshots(), every=gateway.settings.gateway.keepalive_interval)

    @router.get("/jobs/{job_id}/recipe")
    async def recipe(user: Authenticated, job_id: str) -> dict[str, Any]:
        """Get how the result of a job was made: prompt, options, seed, model."""
        state = await gateway.state(gateway.job(user, job_id))
        if not state.outputs:
            raise Problem(409, "no-result", f"the job is {state.status} and has no result. Wait for it.")
        try:
            return await run_in_threadpool(read_provenance, state.outputs[0].path)
        except SpectacleError:
            raise job_not_found() from None

    @router.get("/kinds", tags=["kinds"])
    async def kinds(user: Authenticated) -> dict[str, Any]:
        """List the kinds that can be requested, each with the JSON Schema of its options."""
        served = await gateway.kinds.served(user)
        return {
            "default": next((kind.name for kind in served.values() if kind.default), None),
            "kinds": [
                {
                    "name": kind.name,
                    "media_type": kind.media_type,
                    "generator": kind.generator,
                    "preset": kind.preset,
                    "licence": kind.licence,
                    "servable": kind.servable,
                    "problem": kind.problem,
                    "inputs": None if kind.inputs is None else asdict(kind.inputs),
                    "options_schema": kind.options.schema,
                }
                for kind in served.values()
            ],
        }

    return router


def job_body(gateway: Gateway, request: Request, state: State) -> dict[str, Any]:
    """A job as JSON."""
    name, base = state.job.name, base_url(request)
    progress = state.progress
    return {
        "id": state.job.id,
        "status": state.status,
        "kind": name.kind,
        "width": name.width,
        "height": name.height,
        "created_at": _time(state.created_at),
        "finished_at": _time(state.finished_at),
        "queue_position": state.place,
        "waiting_reason": state.why,
        "progress": None
        if progress is None
        else {
            "state": progress.state,
            "fraction": progress.fraction,
            "step": progress.step,
            "steps": progress.steps,
            "eta_s": progress.eta_s,
            "note": progress.note,
        },
        "outputs": [_file(gateway, base, state, output) for output in state.outputs],
        "thumbnails": [_file(gateway, base, state, thumbnail) for thumbnail in state.thumbnails],
        "processed_input": None
        if state.processed_input is None
        else _file(gateway, base, state, state.processed_input),
        "error": None if state.error is None else {"code": state.error.code, "message": state.error.message},
        "urls": {
            "self": f"/v1/jobs/{state.job.id}",
            "events": f"/v1/jobs/{state.job.id}/events",
            "cancel": f"/v1/jobs/{state.job.id}/cancel",
            "recipe": f"/v1/jobs/{state.job.id}/recipe",
        },
    }


def _file(gateway: Gateway, base: str, state: State, output: Output) -> dict[str, Any]:
    return {
        "number": output.number,
        "media_type": output.media_type,
        "url": gateway.link(base, state.job, output),
    }


async def _order(gateway: Gateway, body: Body, files: Scratch) -> Order:
    fields = body.fields
    unknown = sorted({*fields, *(name for name, _ in body.files)} - _KNOWN)
    if unknown:
        raise bad_parameter(unknown[0], f"{unknown[0][:100]}: unknown. Send {', '.join(sorted(_KNOWN))}.")
    width = parameters.whole(fields, "width", 1, parameters.MAX_SIDE) or 1024
    height = parameters.whole(fields, "height", 1, parameters.MAX_SIDE) or 1024
    if fields.get("size") is not None:
        width, height = parameters.size(fields["size"])
    inputs: list[Any] = [*body.uploads("inputs")]
    given = fields.get("inputs")
    if given is not None:
        if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
            raise bad_parameter("inputs", "inputs: not a list of base64 texts. Send one, or files.")
        inputs += given
    kept = tuple([await files.image(each, "inputs") for each in inputs[:11]])
    extra = {}
    for role in ("mask", "control"):
        single: list[Any] = [*body.uploads(role), *([parameters.text(fields, role)] if fields.get(role) else [])]
        if len(single) > 1:
            raise bad_parameter(role, f"{role}: more than one image. Send one.")
        extra[role] = await files.image(single[0], role, png=True) if single else None
    return Order(
        parameters.text(fields, "prompt", ""),
        parameters.text(fields, "kind", "") or _default_kind(gateway, await gateway.kinds.served()),
        width,
        height,
        _options(fields.get("options"), body.is_form),
        kept,
        **extra,
    )


def _options(given: Any, is_form: bool) -> dict[str, Any]:
    if given is None or (is_form and given == ""):
        return {}
    if is_form:
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            raise bad_parameter("options", "options: not valid JSON. Send a JSON object.") from None
    if not isinstance(given, dict):
        raise bad_parameter("options", 'options: not a JSON object. Send one, such as {"seed": 1}.')
    return given


def _default_kind(gateway: Gateway, served: Mapping[str, Any]) -> str | None:
    default = gateway.settings.default_kind
    return default if default in served else None


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


NATIVE = Dialect(
    "native",
    ("/v1/jobs", "/v1/kinds"),
    problem_body,
    routes,
    error_media_type="application/problem+json",
)
