"""The dialect of RunPod's serverless endpoints, `/v2/ENDPOINT/*`: every kind and every generator is an endpoint."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from spectacle.gateway.auth import Authenticated
from spectacle.gateway.catalogue import Kind
from spectacle.gateway.core import Gateway, job_not_found
from spectacle.gateway.dialect import Dialect
from spectacle.gateway.idempotency import DOCUMENTED, idempotency_key
from spectacle.gateway.jobs import Job, Order, State
from spectacle.gateway.kept_inputs import KeptInputs
from spectacle.gateway.long_work import LongResponse
from spectacle.gateway.payloads import general, omnisvg
from spectacle.gateway.problems import Problem, bad_parameter
from spectacle.gateway.tokens import User
from spectacle.gateway.uploads import Scratch, read_json, scratch

NAME = "runpod"
MAX_WAIT, DEFAULT_WAIT = 300_000, 90_000
MAX_STREAMED = 10_000
"""Most jobs of which it is remembered that their output has been streamed."""

_ID = re.compile(r"(?:sync-)?(?P<form>[gosp])-(?P<job>.+)", re.DOTALL)
_GENERAL, _SVG, _SVG_WITHOUT_PNG, _SINGLE = "g", "o", "p", "s"
"""What the first letter of an ID says of the form of the output: a general one, OmniSVG's with or without PNG
previews, or the single image of a sketch."""

_STATUSES = {"queued": "IN_QUEUE", "running": "IN_PROGRESS", "succeeded": "COMPLETED", "cancelled": "CANCELLED"}
_SCHEMA = {
    "type": "object",
    "required": ["input"],
    "properties": {
        "input": {
            "type": "object",
            "description": "Prompt, size, images and options; or what the model's server takes.",
        },
        "webhook": {"type": "string", "description": "Allowed address that is told the result."},
        "policy": {"type": "object"},
    },
}
_BODY = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": _SCHEMA}}},
    "parameters": [DOCUMENTED],
}
_Wait = Annotated[int, Query(ge=0, le=MAX_WAIT, description="Milliseconds to wait for the result.")]


def error_body(problem: Problem) -> dict[str, Any]:
    """A problem as RunPod has it."""
    return {"error": problem.message, "status": "FAILED" if problem.status >= 500 else "ERROR", "code": problem.code}


def routes(gateway: Gateway) -> APIRouter:
    """The routes."""
    callbacks = gateway.callbacks
    callbacks.bodies[NAME] = _callback_body(gateway)
    inputs = KeptInputs(gateway.settings.gateway.key)
    streamed: OrderedDict[str, None] = OrderedDict()
    router = APIRouter(prefix="/v2", tags=["runpod"])

    async def submit(request: Request, user: User, endpoint: str) -> tuple[Job, str]:
        fields = await read_json(request)
        given = fields.get("input")
        if not isinstance(given, dict):
            raise bad_parameter("input", "Missing or invalid 'input' payload.")
        webhook = callbacks.check(fields.get("webhook"), "webhook")
        async with scratch(request) as files:
            order, form = await order_of(gateway, user, endpoint, given, files)
            job = await gateway.submit(user, order, key=idempotency_key(request))
        if not job.replayed:
            await run_in_threadpool(inputs.keep, job.stem, {"endpoint": endpoint, "input": given})
        if webhook is not None:
            callbacks.follow(NAME, f"{form}-{job.id}", job.stem, webhook)
        return job, form

    @router.post("/{endpoint}/run", openapi_extra=_BODY)
    async def run(request: Request, user: Authenticated, endpoint: str) -> dict[str, Any]:
        """Submit a job, and poll its status."""
        job, form = await submit(request, user, endpoint)
        return {"id": f"{form}-{job.id}", "status": "IN_QUEUE"}

    @router.post("/{endpoint}/runsync", openapi_extra=_BODY, response_class=Response)
    async def runsync(request: Request, user: Authenticated, endpoint: str, wait: _Wait = DEFAULT_WAIT) -> Response:
        """Submit a job and wait for its result. When the time is up, poll its status."""
        job, form = await submit(request, user, endpoint)
        return _waiting(gateway, job, f"sync-{form}-{job.id}", form, wait)

    @router.get("/{endpoint}/status/{job_id}")
    @router.post("/{endpoint}/status/{job_id}", include_in_schema=False)
    async def status(user: Authenticated, endpoint: str, job_id: str) -> dict[str, Any]:
        """Get the status of a job, and its output."""
        job, form = _find(gateway, user, job_id)
        return await _told(job_id, await gateway.state(job), form)

    @router.get("/{endpoint}/status-sync/{job_id}", response_class=Response)
    async def status_sync(user: Authenticated, endpoint: str, job_id: str, wait: _Wait = DEFAULT_WAIT) -> Response:
        """Wait for the result of a job."""
        job, form = _find(gateway, user, job_id)
        return _waiting(gateway, job, job_id, form, wait)

    @router.get("/{endpoint}/stream/{job_id}")
    @router.post("/{endpoint}/stream/{job_id}", include_in_schema=False)
    async def stream(user: Authenticated, endpoint: str, job_id: str) -> dict[str, Any]:
        """Get the output of a job as a stream of one piece."""
        job, form = _find(gateway, user, job_id)
        told = await _told(job_id, await gateway.wait(job, 1), form)
        # Clients ask until there is no further piece.
        pieces = [{"output": told["output"]}] if "output" in told and job.stem not in streamed else []
        if pieces:
            streamed[job.stem] = None
            if len(streamed) > MAX_STREAMED:
                streamed.popitem(last=False)
        return {"status": told["status"], "stream": pieces, **({"error": told["error"]} if "error" in told else {})}

    @router.post("/{endpoint}/cancel/{job_id}")
    async def cancel(user: Authenticated, endpoint: str, job_id: str) -> dict[str, Any]:
        """Cancel a job. One that has ended stays as it is."""
        job, _ = _find(gateway, user, job_id)
        await gateway.cancel(job)
        state = await gateway.state(job)
        return {"id": job_id, "status": _status(state)}

    @router.post("/{endpoint}/retry/{job_id}")
    async def retry(request: Request, user: Authenticated, endpoint: str, job_id: str) -> dict[str, Any]:
        """Submit a failed job again, under the same ID. Its input is kept for an hour."""
        job, _ = _find(gateway, user, job_id)
        state = await gateway.state(job)
        if state.status != "failed":
            raise Problem(
                409, "not-repeatable", f"the job is {_status(state)}. Only one that has failed can be repeated."
            )
        kept = await run_in_threadpool(inputs.find, job.stem)
        if kept is None:
            raise Problem(409, "not-repeatable", "the input of the job is not kept any more. Submit it again.")
        async with scratch(request) as files:
            order, _ = await order_of(gateway, user, kept["endpoint"], kept["input"], files)
            size, name = (job.name.width, job.name.height), job.name.kind
            await gateway.submit_again(user, job, replace(order, width=size[0], height=size[1], kind=name))
        return {"id": job_id, "status": "IN_QUEUE"}

    @router.post("/{endpoint}/purge-queue")
    async def purge(user: Authenticated, endpoint: str) -> dict[str, Any]:
        """Cancel my waiting jobs of an endpoint."""
        kinds = await _kinds(gateway, user, endpoint)
        removed = 0
        for state in await gateway.unfinished(user):
            if state.status == "queued" and state.job.name.kind in kinds:
                removed += await gateway.cancel(state.job)
        return {"removed": removed, "status": "completed"}

    @router.get("/{endpoint}/health")
    async def health(user: Authenticated, endpoint: str) -> dict[str, Any]:
        """Count jobs and workers."""
        kinds = await _kinds(gateway, user, endpoint)
        counts = {"completed": 0, "failed": 0, "inProgress": 0, "inQueue": 0, "retried": 0}
        for state in await gateway.mine(user, 100_000):
            if state.job.name.kind in kinds:
                counts[_COUNTED[state.status]] += 1
        return {"jobs": counts, "workers": await _workers(gateway)}

    return router


_COUNTED = {
    "queued": "inQueue",
    "running": "inProgress",
    "succeeded": "completed",
    "failed": "failed",
    "cancelled": "failed",
}


async def order_of(
    gateway: Gateway, user: User, endpoint: str, given: Mapping[str, Any], files: Scratch
) -> tuple[Order, str]:
    """The order that an input is, and the form that its output has.

    Args:
        gateway: The core.
        user: Who asks.
        endpoint: Name of a kind, a generator or anything else.
        given: The input.
        files: Keeps the images.

    Raises:
        Problem: When it is not valid.
    """
    named = await gateway.kinds.find(endpoint)
    if "task_type" in given or (named is not None and named.generator == "omnisvg" and "text" in given):
        encoded = given.get("image_base64")
        image = await files.image(encoded, "image_base64") if isinstance(encoded, str) and encoded else None
        order = await omnisvg.order_of(gateway, user, given, image)
        return order, _SVG if omnisvg.wants_png(given) else _SVG_WITHOUT_PNG
    purpose = "botanical" if "sketch" in given else "edit" if general.has_images(given) else "image"
    kind: Kind = await gateway.kinds.named(user, endpoint, purpose)
    order = await general.order_of(gateway, kind, given, files)
    return order, _SINGLE if "sketch" in given else _GENERAL


async def _kinds(gateway: Gateway, user: User, endpoint: str) -> set[str | None]:
    served = await gateway.kinds.served(user)
    named = await gateway.kinds.find(endpoint)
    if named is None:
        return {None, *served}
    return {
        named.name,
        *(kind.name for kind in served.values() if kind.generator == named.generator and kind.generator),
    }


async def _workers(gateway: Gateway) -> dict[str, int]:
    states: list[Any] = []
    for instance in await gateway.kinds.instances():
        devices = instance.get("devices")
        states += [device.get("state") for device in (devices if isinstance(devices, list) else [])]
    running = sum(state == "busy" for state in states)
    return {"idle": len(states) - running, "running": running}


def _find(gateway: Gateway, user: User, job_id: str) -> tuple[Job, str]:
    match = _ID.fullmatch(job_id)
    if match is None:
        raise job_not_found()
    return gateway.job(user, match["job"]), match["form"]


def _waiting(gateway: Gateway, job: Job, job_id: str, form: str, wait: int) -> LongResponse:
    settings = gateway.settings.gateway

    async def work() -> dict[str, Any]:
        return await _told(job_id, await gateway.wait(job, wait / 1000), form)

    return LongResponse(work, RUNPOD.response, after=settings.keepalive_after, every=settings.keepalive_interval)


def _status(state: State) -> str:
    if state.status == "failed":
        return "TIMED_OUT" if state.error is not None and state.error.code == "timeout" else "FAILED"
    return _STATUSES[state.status]


async def _told(job_id: str, state: State, form: str) -> dict[str, Any]:
    """A job as RunPod tells it."""
    told: dict[str, Any] = {"id": job_id, "status": _status(state)}
    if state.created_at is not None:
        since = (state.finished_at or datetime.now(UTC)) - state.created_at
        milliseconds = max(0, round(since.total_seconds() * 1000))
        # How much of it was waiting for a worker is not known afterwards.
        told["delayTime" if state.status == "queued" else "executionTime"] = milliseconds
    blank = form in (_SVG, _SVG_WITHOUT_PNG) and not omnisvg.failed(state)
    if state.status == "succeeded" or blank:
        told["status"] = "COMPLETED"
        told["output"] = await output_of(state, form)
    elif state.error is not None and state.status == "failed":
        told["error"] = state.error.message
    elif state.progress is not None:
        told["progress"] = {"fraction": state.progress.fraction, "eta_s": state.progress.eta_s}
    return told


async def output_of(state: State, form: str) -> dict[str, Any]:
    """The output of a job that has succeeded, in the form that `order_of` told."""
    if form in (_SVG, _SVG_WITHOUT_PNG):
        return await omnisvg.output_of(state, png=form == _SVG)
    found = await general.output_of(state)
    return {"image": found["image"], "status": "success"} if form == _SINGLE else found


def _callback_body(gateway: Gateway) -> Any:
    """Makes the body of a webhook: that of the job's status."""

    async def body(job_id: str) -> dict[str, Any]:
        match = _ID.fullmatch(job_id)
        stem = None if match is None else gateway.seals.stem(match["job"])
        job = None if stem is None else gateway.job_of(stem)
        if match is None or job is None:
            raise job_not_found()
        return await _told(job_id, await gateway.state(job), match["form"])

    return body


RUNPOD = Dialect(NAME, ("/v2",), error_body, routes)
