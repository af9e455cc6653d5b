"""Serving MCP over standard input and output, as a host starts it."""

from __future__ import annotations

import anyio
from mcp.server.stdio import stdio_server

from spectacle.gateway.mcp.requests import Requests
from spectacle.gateway.mcp.server import build


def serve(requests: Requests) -> None:
    """Serve until the host closes standard input."""
    anyio.run(_serve, requests)


async def _serve(requests: Requests) -> None:
    server = build(lambda _context: requests)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())
