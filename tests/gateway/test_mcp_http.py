"""MCP at `/mcp` of a real gateway, spoken by the SDK's own client, in both protocol generations."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from daemon_process import Daemon, running, wait_for
from gateway_process import GatewayProcess, serving
from mcp.client import Client
from mcp.shared.exceptions import MCPError
from PIL import Image

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with running(tmp_path_factory.mktemp("home")) as daemon:
        wait_for(lambda: daemon.report().get("kind_details"), "the kinds to be described", 60)
        yield daemon


@pytest.fixture(scope="module")
def gateway(daemon: Daemon) -> Iterator[GatewayProcess]:
    with serving(daemon, tokens={"alice": None, "bob": ("svg",)}) as gateway:
        yield gateway


def talk(url: str, use: Callable[[Client], Awaitable[Any]], mode: str = "auto") -> Any:
    async def connect() -> Any:
        async with Client(url, mode=mode) as client:
            return await use(client)

    return anyio.run(connect)


def address(gateway: GatewayProcess, daemon: Daemon, user: str) -> str:
    return f"{gateway.url}/token/{(daemon.home / user).read_text()}/mcp"


def text(result: Any) -> str:
    return "\n".join(each.text for each in result.content if each.type == "text")


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28", "auto"])
def test_remote_hosts_get_a_preview_a_resource_and_a_link_that_works_in_a_browser(
    gateway: GatewayProcess, daemon: Daemon, mode: str
) -> None:
    heard = []

    async def use(client: Client) -> Any:
        async def hear(progress: float, total: float | None, message: str | None) -> None:
            heard.append(progress)

        arguments = {
            "prompt": "a fox", "kind": "card", "width": 64, "height": 48, "options": {"steps": 3, "step_seconds": 0.5},
        }  # fmt: skip
        made = await client.call_tool("generate_image", arguments, progress_callback=hear)
        link = next(each for each in made.content if each.type == "resource_link")
        return made, await client.read_resource(link.uri)

    made, read = talk(address(gateway, daemon, "alice"), use, mode)
    assert not made.is_error, text(made)
    assert [each.type for each in made.content] == ["image", "resource_link", "text"]
    file = made.structured_content["requests"][0]["files"][0]
    assert file["path"] is None
    with urllib.request.urlopen(file["url"]) as response:
        assert response.headers["content-type"] == "image/png"
        assert response.read().startswith(b"\x89PNG")
    assert read.contents[0].mime_type == "image/png"
    assert heard


def test_nobody_is_served_without_a_token(gateway: GatewayProcess) -> None:
    async def use(client: Client) -> Any:
        return await client.list_tools()

    with pytest.raises(BaseExceptionGroup) as caught:
        talk(f"{gateway.url}/mcp", use)
    assert "401" in repr(caught.value) or caught.group_contains(MCPError, depth=None)


def test_a_token_is_for_its_kinds_and_its_own_requests(gateway: GatewayProcess, daemon: Daemon) -> None:
    async def make(client: Client) -> Any:
        made = await client.call_tool("generate_image", {"prompt": "x", "kind": "card", "width": 8, "height": 8})
        return made.structured_content["requests"][0]

    async def steal(client: Client) -> Any:
        kinds = await client.call_tool("list_kinds", {})
        other = await client.call_tool("generate_image", {"prompt": "x", "kind": "card"})
        state = await client.call_tool("request_state", {"id": mine["id"]})
        with pytest.raises(MCPError) as caught:
            await client.read_resource(mine["files"][0]["uri"])
        return kinds, other, state, caught.value.error.message

    mine = talk(address(gateway, daemon, "alice"), make)
    kinds, other, state, message = talk(address(gateway, daemon, "bob"), steal)
    assert [kind["name"] for kind in kinds.structured_content["kinds"]] == ["svg"]
    assert "kind 'card': not served; there are svg" in text(other)
    assert "no such job" in text(state)
    assert "no such" in message


def test_a_remote_host_cannot_name_paths_of_this_machine(
    gateway: GatewayProcess, daemon: Daemon, tmp_path: Path
) -> None:

    path = tmp_path / "secret.png"
    Image.new("RGB", (8, 8)).save(path)

    async def use(client: Client) -> Any:
        return await client.call_tool("edit_image", {"prompt": "x", "images": [str(path)]})

    assert "not valid base64" in text(talk(address(gateway, daemon, "alice"), use))


@pytest.mark.slow
def test_a_gateway_that_no_language_model_uses_does_not_import_the_library() -> None:
    program = "import sys, spectacle.gateway.app; sys.exit('mcp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
