"""Puts the gateway together: the core, the dialects, and what surrounds every request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.routing import Route

import spectacle
from spectacle.config import Settings
from spectacle.errors import SpectacleError
from spectacle.gateway import api_page, common, page
from spectacle.gateway.core import Gateway
from spectacle.gateway.dialect import Dialect, dialect_of
from spectacle.gateway.dialects import DIALECTS, NATIVE
from spectacle.gateway.mcp.http import PATH as MCP_PATH
from spectacle.gateway.mcp.http import McpEndpoint
from spectacle.gateway.metrics import Metrics
from spectacle.gateway.middleware import Surroundings
from spectacle.gateway.payloads import omnisvg
from spectacle.gateway.problems import Problem, problem_of
from spectacle.gateway.seals import Seals
from spectacle.gateway.tokens import Tokens

_CODES = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}


def create_app(settings: Settings, *, tokens_required: bool = False, dialects: Sequence[Dialect] = DIALECTS) -> FastAPI:
    """The gateway as an ASGI application.

    Args:
        settings: The settings.
        tokens_required: Whether nobody is served without a token even while there are none.
        dialects: What it speaks.

    Raises:
        ConfigurationError: When the key file cannot be used.
    """
    gateway = Gateway(settings, Seals.open(settings.gateway.key, settings.gateway.url_lifetime))
    metrics = Metrics()
    mcp = McpEndpoint(gateway)

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        gateway.callbacks.resume()
        try:
            yield
        finally:
            await mcp.close()
            await gateway.callbacks.close()
            omnisvg.close()

    app = FastAPI(
        lifespan=running,
        title="Spectacle",
        version=spectacle.__version__,
        description="Images from a spool over HTTP, in the forms that clients already speak.",
        docs_url=None,
        redoc_url=None,
    )
    app.state.gateway = gateway
    tokens = app.state.tokens = Tokens(settings.gateway.tokens, required=tokens_required)
    for dialect in dialects:
        app.include_router(dialect.routes(gateway))
    app.include_router(common.routes(gateway, metrics))
    app.include_router(api_page.routes(app))
    app.include_router(page.routes(gateway))
    app.router.routes.append(Route(MCP_PATH, mcp))
    if settings.gateway.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.gateway.origins),
            allow_methods=["GET", "HEAD", "POST", "DELETE"],
            allow_headers=["*"],
            expose_headers=["Location", "Retry-After", "X-Request-Id", "Idempotency-Replayed"],
        )
    app.add_middleware(
        Surroundings,
        settings=settings,
        dialects=dialects,
        default=NATIVE,
        metrics=metrics,
        tokens=tokens,
    )
    _handle_problems(app, dialects)
    return app


def _handle_problems(app: FastAPI, dialects: Sequence[Dialect]) -> None:
    """Put every error into the form of the dialect that the request speaks."""

    def respond(request: Request, problem: Problem) -> Response:
        return dialect_of(request.scope["path"], dialects, NATIVE).response(problem)

    async def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return respond(request, error)

    async def on_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, SpectacleError)
        return respond(request, problem_of(error))

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code = _CODES.get(error.status_code, "bad-request")
        path = request.scope["path"][:200]
        message = {
            404: f"{path}: no such path. See the documentation at /docs.",
            405: f"{request.method} {path}: no such method. See the documentation at /docs.",
        }.get(error.status_code, f"{str(error.detail).rstrip('.')}. Check the request.")
        return respond(request, Problem(error.status_code, code, message, headers=error.headers))

    async def on_invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        place = [str(part) for part in first["loc"] if part not in ("body", "query", "path", "header")]
        param = ".".join(place) or "body"
        reason = str(first["msg"]).rstrip(".")
        message = f"{param}: {reason[:1].lower()}{reason[1:]}. See the documentation at /docs."
        return respond(request, Problem(400, "bad-parameter", message, param=param))

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(SpectacleError, on_error)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_invalid)
