"""What surrounds every HTTP request: who may speak to the gateway at all, bounds, headers, the log and the counters."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from spectacle.config import Settings
from spectacle.gateway.auth import PATH_TOKEN
from spectacle.gateway.dialect import Dialect, dialect_of
from spectacle.gateway.metrics import Metrics
from spectacle.gateway.problems import INTERNAL, Problem
from spectacle.gateway.tokens import Tokens

log = structlog.get_logger()

BODY_PAUSE = 30.0
"""Most seconds between two parts of a body."""

_PATH_TOKEN = re.compile(r"/token/([^/]{1,200})(?=/|$)")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
"""Headers of every response that has none of its own."""


class Surroundings:
    """Wraps the application.

    Args:
        app: The application.
        settings: The settings.
        dialects: The dialects, for the form of errors.
        default: The dialect whose form errors on other paths have.
        metrics: The counters.
        tokens: Whose tokens are needed. While there are none, only this machine's own programs are served.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        dialects: Sequence[Dialect],
        default: Dialect,
        metrics: Metrics,
        tokens: Tokens,
    ) -> None:
        self._app = app
        self._dialects = dialects
        self._default = default
        self._metrics = metrics
        self._max_body = settings.gateway.max_body_bytes
        self._tokens = tokens
        self._origins = frozenset(origin.rstrip("/") for origin in settings.gateway.origins)
        public = settings.gateway.public_url
        self._public_host = urlsplit(public).netloc.lower() if public else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if match := _PATH_TOKEN.match(scope["path"]):
            rest = scope["path"][match.end() :] or "/"
            scope = {**scope, "path": rest, "raw_path": rest.encode(), PATH_TOKEN: match[1]}
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        exchange = _Exchange(send, request_id)
        began = time.monotonic()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                self._admit(scope, headers)
                await self._app(scope, self._bounded(receive, exchange), exchange.send)
            except Problem as problem:
                await self._fail(problem, scope, receive, exchange)
            except ClientDisconnect:
                pass  # in the middle of its request: nobody is there to be told
            except Exception:
                log.exception("internal error of the gateway", path=_route(scope))
                said = f"internal error of the gateway. Look for request {request_id} in its log."
                await self._fail(Problem(500, INTERNAL, said), scope, receive, exchange)
            finally:
                seconds = time.monotonic() - began
                self._metrics.count(_route(scope), scope["method"], exchange.status, seconds)
                log.debug(
                    "request served", method=scope["method"], path=_route(scope), status=exchange.status,
                    seconds=round(seconds, 3),
                )  # fmt: skip

    def _admit(self, scope: Scope, headers: Headers) -> None:
        """Refuse what a web page of somebody else makes a browser send, and bodies that are too long."""
        host = headers.get("host", "").lower()
        if not self._tokens.needed():
            name = host if host.endswith("]") else host.rpartition(":")[0] or host
            if name not in _LOCAL_HOSTS and host != self._public_host:
                raise Problem(
                    403,
                    "forbidden",
                    f"host {host[:100]!r}: not served without tokens. Use 127.0.0.1, or add a token with `spectacle "
                    "gateway token add NAME`.",
                )
        origin = headers.get("origin", "").rstrip("/")
        foreign = bool(origin) and origin not in self._origins and _host_of(origin) not in {host, self._public_host}
        if foreign and scope["method"] not in _SAFE_METHODS:
            raise Problem(
                403,
                "forbidden",
                f"origin {origin[:100]!r}: its pages may not use this gateway. Add it to gateway.origins.",
            )
        length = headers.get("content-length", "0")
        if length.isascii() and length.isdigit() and int(length[:20]) > self._max_body:
            raise self._too_large()

    def _bounded(self, receive: Receive, exchange: _Exchange) -> Receive:
        received = 0
        complete = False

        async def bounded() -> Message:
            nonlocal received, complete
            if complete:
                return await receive()
            try:
                async with asyncio.timeout(BODY_PAUSE):
                    message = await receive()
            except TimeoutError:
                exchange.close = True
                raise Problem(
                    408, "too-slow", f"body: nothing arrived for {BODY_PAUSE:g} s. Send it without such pauses."
                ) from None
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                complete = not message.get("more_body", False)
                if received > self._max_body:
                    raise self._too_large()
            return message

        return bounded

    def _too_large(self) -> Problem:
        return Problem(413, "too-large", f"body: the limit is {self._max_body} bytes. Send less.")

    async def _fail(self, problem: Problem, scope: Scope, receive: Receive, exchange: _Exchange) -> None:
        if exchange.status is None:
            dialect = dialect_of(scope["path"], self._dialects, self._default)
            await dialect.response(problem)(scope, receive, exchange.send)


class _Exchange:
    """One response on its way out."""

    def __init__(self, send: Callable[[Message], object], request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status: int | None = None
        self.close = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            headers["x-request-id"] = self._request_id
            if self.close:
                headers["connection"] = "close"
        await self._send(message)  # type: ignore[misc]


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def _route(scope: Scope) -> str:
    """The template of the path, which tells nothing of anybody."""
    return getattr(scope.get("route"), "path", None) or "unknown"
