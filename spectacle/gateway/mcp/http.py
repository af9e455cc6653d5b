"""Serving MCP at `/mcp` of the gateway (streamable HTTP), for the users of its tokens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from spectacle.gateway.auth import user_of
from spectacle.gateway.core import Gateway
from spectacle.gateway.dialect import base_url

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from spectacle.gateway.mcp.requests import Requests
    from spectacle.gateway.mcp.server import Context

PATH = "/mcp"
_USER = "spectacle.user"


class McpEndpoint:
    """An ASGI application that speaks MCP with whoever presents a token.

    It keeps no sessions, so that any of several gateways can take any message, and a restart loses nothing. The
    library is imported with the first request, for it takes a quarter of the gateway's memory.

    Args:
        gateway: The core.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._starting = asyncio.Lock()
        self._stop = asyncio.Event()
        self._sessions: StreamableHTTPSessionManager | None = None
        self._serving: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request.

        Raises:
            Problem: When a token is needed and none is presented, or none that is valid.
        """
        user = await user_of(Request(scope, receive))
        sessions = await self._started()
        await sessions.handle_request({**scope, _USER: user}, receive, send)

    async def close(self) -> None:
        """End what is still being served."""
        if self._serving is not None:
            self._stop.set()
            await self._serving

    async def _started(self) -> StreamableHTTPSessionManager:
        async with self._starting:
            if self._sessions is None:
                sessions = await asyncio.to_thread(self._build)
                ready = asyncio.Event()
                self._serving = asyncio.create_task(self._serve(sessions, ready))
                await ready.wait()
                self._sessions = sessions
        return self._sessions

    async def _serve(self, sessions: StreamableHTTPSessionManager, ready: asyncio.Event) -> None:
        async with sessions.run():  # entered and left by the same task, as the library demands
            ready.set()
            await self._stop.wait()

    def _build(self) -> StreamableHTTPSessionManager:
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        from spectacle.gateway.mcp.server import build

        most = self._gateway.settings.gateway.max_body_bytes
        return StreamableHTTPSessionManager(build(self._requests), stateless=True, max_request_body_size=most)

    def _requests(self, context: Context) -> Requests:
        from spectacle.gateway.mcp.requests import Requests

        request = context.request
        assert isinstance(request, Request)
        return Requests(self._gateway, request.scope[_USER], base_url(request))
