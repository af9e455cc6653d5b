"""The MCP server: lists the tools, calls them, reads result files, and says in our sentences what went wrong."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import mcp_types as types
import structlog
from mcp.server import Server
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

import spectacle
from spectacle.errors import SpectacleError
from spectacle.gateway.mcp.requests import ADDRESS, Requests
from spectacle.gateway.mcp.tools import TOOLS, Tool
from spectacle.gateway.problems import Problem

log = structlog.get_logger()

INSTRUCTIONS = (
    "Generates images from words, edits images, and converts images to SVG. Show the user the path or the address of "
    "the original; the image in a result is a preview. Long requests go on after a tool returns: call request_state."
)

Context = ServerRequestContext[Any, Any]


def build(requests_of: Callable[[Context], Requests]) -> Server[Any]:
    """The server.

    Args:
        requests_of: Finds whose requests a call is about.
    """
    tools = {tool.name: tool for tool in TOOLS}

    async def list_tools(_context: Context, _given: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[tool.definition() for tool in tools.values()])

    async def call_tool(context: Context, given: types.CallToolRequestParams) -> types.CallToolResult:
        tool = tools.get(given.name)
        if tool is None:
            return _error(f"{given.name}: not a tool of this server. Use {', '.join(tools)}.")
        return await _call(tool, requests_of(context), given.arguments or {}, context)

    async def list_resources(
        _context: Context, _given: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        return types.ListResourcesResult(resources=[])

    async def list_templates(
        _context: Context, _given: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        template = types.ResourceTemplate(
            uri_template=ADDRESS + "{id}/{file}",
            name="result",
            description="A result file, as a tool has linked it: the original PNG or SVG.",
        )
        return types.ListResourceTemplatesResult(resource_templates=[template])

    async def read_resource(context: Context, given: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        uri = str(given.uri)
        try:
            content, media_type = await asyncio.to_thread(requests_of(context).read, unquote(uri))
        except Problem as problem:
            raise MCPError(code=types.INVALID_PARAMS, message=problem.message, data={"uri": uri}) from None
        contents: types.TextResourceContents | types.BlobResourceContents
        if media_type == "image/svg+xml":
            contents = types.TextResourceContents(uri=uri, mime_type=media_type, text=content.decode(errors="replace"))
        else:
            blob = base64.b64encode(content).decode()
            contents = types.BlobResourceContents(uri=uri, mime_type=media_type, blob=blob)
        return types.ReadResourceResult(contents=[contents])

    async def list_prompts(_context: Context, _given: types.PaginatedRequestParams | None) -> types.ListPromptsResult:
        return types.ListPromptsResult(prompts=[])

    return Server(
        "spectacle",
        title="Spectacle",
        version=spectacle.__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
        on_list_prompts=list_prompts,
    )


async def _call(tool: Tool, requests: Requests, arguments: dict[str, Any], context: Context) -> types.CallToolResult:
    async def report(fraction: float, words: str) -> None:
        await context.session.report_progress(fraction, 1.0, words)

    try:
        given = tool.arguments.model_validate(arguments)
        return await tool.call(requests, given, report)
    except ValidationError as error:
        return _error(" ".join(_sentence(tool, each) for each in error.errors(include_url=False)))
    except (SpectacleError, Problem) as error:
        return _error(f"{error.message} (code {error.code})")
    except Exception as error:
        # The words of an unexpected error may hold a prompt.
        log.error("tool failed", tool=tool.name, error=type(error).__name__)
        return _error(f"{tool.name}: failed with an internal error ({type(error).__name__}). Report it.")


def _sentence(tool: Tool, error: Any) -> str:
    where = ".".join(map(str, error["loc"])) or "arguments"
    if error["type"] == "missing":
        return f"{tool.name}: {where} is missing. Give it."
    if error["type"] == "extra_forbidden":
        return f"{tool.name}: {where} is not an argument. Use {', '.join(tool.arguments.model_fields)}."
    return f"{tool.name}: {where}: {error['msg'][:1].lower()}{error['msg'][1:]}. Correct it."


def _error(message: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=message)], is_error=True)
