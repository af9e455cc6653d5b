"""Responses that take long: white space keeps the connection open, and a client that goes away is noticed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from spectacle.errors import SpectacleError
from spectacle.gateway.problems import Problem, problem_of


class LongResponse(Response):
    """A JSON response that is being worked on.

    For some seconds nothing is sent, so that a quick result or error has its own status. Then the status 200 and white
    space are sent, which JSON allows in front of a value, and at last the value, or the error in the dialect's form.

    Args:
        work: Makes the value, or a whole response if it is done before any white space is sent.
        failure: Makes the response to a problem.
        after: Seconds after which white space is sent.
        every: Seconds between two pieces of it.
        finished: Called at the end with whether the client has the response, or has gone away before.
    """

    def __init__(
        self,
        work: Callable[[], Awaitable[Any]],
        failure: Callable[[Problem], Response],
        *,
        after: float,
        every: float,
        finished: Callable[[bool], None] | None = None,
    ) -> None:
        super().__init__()
        self._work = work
        self._failure = failure
        self._after = after
        self._every = every
        self._finished = finished

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Work, and send the response."""
        work = asyncio.ensure_future(self._work())
        gone = asyncio.ensure_future(_disconnected(receive))
        begun = delivered = False
        try:
            while True:
                pause = self._every if begun else self._after
                await asyncio.wait({work, gone}, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
                if work.done() or gone.done():
                    break
                if not begun:
                    begun = True
                    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
                    headers.append((b"x-accel-buffering", b"no"))
                    await send({"type": "http.response.start", "status": 200, "headers": headers})
                await send({"type": "http.response.body", "body": b"\n", "more_body": True})
            if work.done():
                response = self._response(work)
                if begun:
                    await send({"type": "http.response.body", "body": bytes(response.body)})
                else:
                    await response(scope, receive, send)
                delivered = not gone.done()
        finally:
            work.cancel()
            gone.cancel()
            if self._finished is not None:
                self._finished(delivered)

    def _response(self, work: asyncio.Future[Any]) -> Response:
        try:
            found = work.result()
        except Problem as problem:
            return self._failure(problem)
        except SpectacleError as error:
            return self._failure(problem_of(error))
        return found if isinstance(found, Response) else JSONResponse(found)


class EventStream(Response):
    """Server-sent events; comments keep the connection open.

    Args:
        events: Yields the lines of each event without the empty line after it.
        every: Seconds without an event after which a comment is sent.
        finished: Called at the end with whether the client has everything, or has gone away before.
    """

    def __init__(self, events: Any, *, every: float, finished: Callable[[bool], None] | None = None) -> None:
        super().__init__()
        self._events = events
        self._every = every
        self._finished = finished

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events until there are no more, or the client has gone away."""
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": [*headers, (b"x-accel-buffering", b"no")]})
        gone = asyncio.ensure_future(_disconnected(receive))
        delivered = False
        following: asyncio.Future[Any] | None = None
        try:
            while True:
                following = following or asyncio.ensure_future(anext(self._events, None))
                await asyncio.wait({following, gone}, timeout=self._every, return_when=asyncio.FIRST_COMPLETED)
                if gone.done():
                    return
                if following.done():
                    event, following = following.result(), None
                    if event is None:
                        break
                    await send({"type": "http.response.body", "body": f"{event}\n\n".encode(), "more_body": True})
                else:
                    await send({"type": "http.response.body", "body": b": waiting\n\n", "more_body": True})
            await send({"type": "http.response.body", "body": b""})
            delivered = True
        finally:
            gone.cancel()
            if following is not None:
                following.cancel()
            if self._finished is not None:
                self._finished(delivered)


def event(name: str | None, value: Any) -> str:
    """A server-sent event with a JSON value."""
    data = f"data: {json.dumps(value)}"
    return data if name is None else f"event: {name}\n{data}"


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
