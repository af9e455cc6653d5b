"""Waits for requests of a tool call, passes their progress on, and says what became of them."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import anyio
import mcp_types as types

from spectacle.client import Progress
from spectacle.errors import SpectacleError
from spectacle.gateway.jobs import Job, Output, State
from spectacle.gateway.mcp.images import preview
from spectacle.gateway.mcp.requests import Requests
from spectacle.gateway.mcp.schemas import RequestState, RequestStates, ResultFile
from spectacle.provenance import read_provenance

Report = Callable[[float, str], Awaitable[None]]
"""Tells the host of progress: a fraction, and words."""


async def finish(
    requests: Requests, jobs: Sequence[Job], seconds: float, report: Report, *, cancel: bool
) -> types.CallToolResult:
    """Wait for jobs, and tell what became of them.

    Args:
        requests: Where they are.
        jobs: The jobs.
        seconds: How long to wait.
        report: Gets their progress.
        cancel: Whether they are cancelled when the call is.
    """
    reporter = _Reporter(report, len(jobs))
    try:
        states = await asyncio.gather(
            *(reporter.follow(requests, job, number, seconds) for number, job in enumerate(jobs))
        )
    except asyncio.CancelledError:
        if cancel:
            with anyio.CancelScope(shield=True):
                await asyncio.gather(*(requests.cancel(job) for job in jobs), return_exceptions=True)
        raise
    content: list[types.ContentBlock] = []
    told = []
    for state in states:
        known = await asyncio.to_thread(_request_state, state, requests)
        told.append(known)
        content += await asyncio.to_thread(_content, state, known, requests)
    if all(state.status == "failed" for state in states):
        return types.CallToolResult(content=content, is_error=True)
    return types.CallToolResult(content=content, structured_content=RequestStates(requests=told).model_dump())


class _Reporter:
    """Passes the progress of several requests on as that of one call, which only ever grows."""

    def __init__(self, report: Report, count: int) -> None:
        self._report = report
        self._fractions = [0.0] * count
        self._told = -1.0

    async def follow(self, requests: Requests, job: Job, number: int, seconds: float) -> State:
        """Wait for one of them, and pass its progress on."""
        loop = asyncio.get_running_loop()
        news: asyncio.Queue[Progress | None] = asyncio.Queue()
        teller = asyncio.create_task(self._tell(news, number))

        def pass_on(progress: Progress) -> None:  # called on another thread
            loop.call_soon_threadsafe(news.put_nowait, progress)

        try:
            return await requests.wait(job, seconds, pass_on)
        finally:
            news.put_nowait(None)
            await teller

    async def _tell(self, news: asyncio.Queue[Progress | None], number: int) -> None:
        while (progress := await news.get()) is not None:
            self._fractions[number] = max(self._fractions[number], progress.fraction or 0.0)
            fraction = sum(self._fractions) / len(self._fractions)
            if fraction > self._told:
                self._told = fraction
                await self._report(fraction, _words(progress))


def _words(progress: Progress) -> str:
    steps = f" step {progress.step} of {progress.steps}" if progress.steps else ""
    left = f", about {progress.eta_s:.0f} s left" if progress.eta_s else ""
    return f"{progress.state}{steps}{left}"


def _content(state: State, told: RequestState, requests: Requests) -> list[types.ContentBlock]:
    content: list[types.ContentBlock] = []
    for output in state.outputs:
        if output.extension != "svg" and (small := preview(requests.address(state.job, output), requests)) is not None:
            content.append(types.ImageContent(data=base64.b64encode(small[0]).decode(), mime_type=small[1]))
    content += [
        types.ResourceLink(uri=file.uri, name=output.path.name, mime_type=file.media_type)
        for file, output in zip(told.files, state.outputs, strict=True)
    ]
    content.append(types.TextContent(text=_text(state, told)))
    return content


def _text(state: State, told: RequestState) -> str:
    later = f"Call request_state with the id {told.id} for the result."
    match state.status:
        case "succeeded":
            seed = f", seed {told.seed}" if told.seed is not None else ""
            places = [file.path or file.url or file.uri for file in told.files]
            return "\n".join([f"{told.id}: done{seed}.", *places, *told.notes])
        case "failed":
            return f"{told.error} (code {told.code})"
        case "cancelled":
            return f"{told.id}: cancelled, or its result was removed. Generate it again if it is still wanted."
        case "running":
            progress = f" {_words(state.progress)}." if state.progress is not None else ""
            return f"The request is running.{progress} {later}"
        case _:
            place = f", place {state.place} in the queue" if state.place is not None else ""
            why = f": {state.why.rstrip('.')}" if state.why is not None else ""
            return f"The request is waiting{place}{why}. {later}"


def _request_state(state: State, requests: Requests) -> RequestState:
    provenance: Mapping[str, Any] = {}
    if state.outputs:
        with suppress(SpectacleError):
            provenance = read_provenance(state.outputs[0].path)
    seed, notes = provenance.get("seed"), provenance.get("notes")
    return RequestState(
        id=state.job.id,
        status=state.status,
        place=state.place,
        fraction=state.progress.fraction if state.progress is not None else None,
        eta_seconds=state.progress.eta_s if state.progress is not None else None,
        seed=seed if isinstance(seed, int) else None,
        files=[_result_file(state.job, output, requests) for output in state.outputs],
        notes=[note for note in notes if isinstance(note, str)] if isinstance(notes, list) else [],
        error=state.error.message if state.error is not None else None,
        code=state.error.code if state.error is not None else None,
    )


def _result_file(job: Job, output: Output, requests: Requests) -> ResultFile:
    return ResultFile(
        uri=requests.address(job, output),
        path=str(output.path) if requests.local else None,
        url=requests.link(job, output),
        media_type=output.media_type,
    )
