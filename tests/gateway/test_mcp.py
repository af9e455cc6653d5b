"""MCP, spoken by the SDK's own client with a real daemon, in both protocol generations."""

from __future__ import annotations

import base64
import io
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from daemon_process import CONFIGURATION, Daemon, running, wait_for
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.shared.exceptions import MCPError
from PIL import Image

from spectacle.config import Settings
from spectacle.gateway.core import Gateway
from spectacle.gateway.mcp.requests import Requests
from spectacle.gateway.mcp.server import build
from spectacle.gateway.seals import Seals
from spectacle.gateway.tokens import User

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

KINDS = CONFIGURATION + '\n[kinds.trace]\ngenerator = "supersvg"\nformat = "svg"\n'


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with running(tmp_path_factory.mktemp("home"), KINDS) as daemon:
        wait_for(lambda: daemon.report().get("kind_details"), "the kinds to be described", 60)
        yield daemon


def talk(
    daemon: Daemon, use: Callable[[Client], Awaitable[Any]], mode: str = "auto", *, over_stdio: bool = False
) -> Any:
    """What `use` returns of a client that is connected to the server, in this process or started as a host does."""

    async def connect() -> Any:
        if over_stdio:
            arguments = ["-m", "spectacle", "mcp", "--spool", str(daemon.spool), "--user", "host"]
            environment = {**os.environ, "SPECTACLE_GATEWAY_KEY": str(daemon.home / "gateway.key")}
            server: Any = stdio_client(StdioServerParameters(command=sys.executable, args=arguments, env=environment))
        else:
            gateway = Gateway(Settings.model_validate({"spool": {"path": daemon.spool}}), Seals(b"k" * 32, 3600))
            server = build(lambda _context: Requests(gateway, User("host")))
        async with Client(server, mode=mode) as client:
            return await use(client)

    return anyio.run(connect)


def text(result: Any) -> str:
    return "\n".join(each.text for each in result.content if each.type == "text")


def png(path: Path, size: tuple[int, int] = (64, 48), colour: str = "red") -> Path:
    Image.new("RGB", size, colour).save(path)
    return path


@pytest.mark.parametrize(
    ("mode", "over_stdio"),
    [
        ("legacy", False),
        ("2026-07-28", False),
        ("auto", True),
        pytest.param("legacy", True, marks=pytest.mark.slow),
        pytest.param("2026-07-28", True, marks=pytest.mark.slow),
    ],
)
def test_hosts_of_both_generations_see_an_image_a_link_and_a_path(daemon: Daemon, mode: str, over_stdio: bool) -> None:
    async def use(client: Client) -> Any:
        tools = await client.list_tools()
        made = await client.call_tool("generate_image", {"prompt": "a red fox", "width": 64, "height": 48, "seed": 7})
        link = next(each for each in made.content if each.type == "resource_link")
        return tools, made, link, await client.read_resource(link.uri)

    tools, made, link, read = talk(daemon, use, mode, over_stdio=over_stdio)
    assert [tool.name for tool in tools.tools] == [
        "generate_image", "edit_image", "vectorize_image", "list_kinds", "request_state", "cancel_request"
    ]  # fmt: skip
    assert not made.is_error, text(made)
    preview = next(each for each in made.content if each.type == "image")
    with Image.open(io.BytesIO(base64.b64decode(preview.data))) as shown:
        assert shown.size == (64, 48)
    told = made.structured_content["requests"][0]
    assert (told["status"], told["seed"]) == ("succeeded", 7)
    path = Path(told["files"][0]["path"])
    assert str(path) in text(made)
    assert base64.b64decode(read.contents[0].blob) == path.read_bytes()
    assert link.mime_type == "image/png"


def test_a_preview_is_small_whatever_the_size_of_the_original(daemon: Daemon) -> None:
    async def use(client: Client) -> Any:
        return await client.call_tool("generate_image", {"prompt": "wide", "width": 3000, "height": 1500})

    made = talk(daemon, use)
    preview = next(each for each in made.content if each.type == "image")
    assert len(preview.data) < 500_000
    with Image.open(io.BytesIO(base64.b64decode(preview.data))) as shown:
        assert shown.size == (1024, 512)
    with Image.open(made.structured_content["requests"][0]["files"][0]["path"]) as original:
        assert original.size == (3000, 1500)


def test_several_images_have_consecutive_seeds(daemon: Daemon) -> None:
    async def use(client: Client) -> Any:
        arguments = {"prompt": "a fox", "width": 32, "height": 32, "seed": 5, "count": 3}
        return await client.call_tool("generate_image", arguments)

    made = talk(daemon, use)
    assert [each["seed"] for each in made.structured_content["requests"]] == [5, 6, 7]
    assert sum(each.type == "image" for each in made.content) == 3


def test_an_svg_kind_gives_the_svg_and_a_preview_that_a_model_can_see(daemon: Daemon) -> None:
    async def use(client: Client) -> Any:
        made = await client.call_tool("generate_image", {"prompt": "x", "kind": "svg", "width": 64, "height": 48})
        link = next(each for each in made.content if each.type == "resource_link")
        return made, await client.read_resource(link.uri)

    made, read = talk(daemon, use)
    assert read.contents[0].mime_type == "image/svg+xml"
    assert read.contents[0].text.startswith("<svg")
    assert [each.mime_type for each in made.content if each.type == "image"] == ["image/jpeg"]


@pytest.mark.parametrize("form", ["path", "data", "base64", "address"])
def test_an_image_to_edit_is_given_by_path_address_or_bytes(daemon: Daemon, form: str, tmp_path: Path) -> None:
    path = png(tmp_path / "in.png", (80, 40))

    async def use(client: Client) -> Any:
        encoded = base64.b64encode(path.read_bytes()).decode()
        given = {"path": str(path), "data": f"data:image/png;base64,{encoded}", "base64": encoded}.get(form)
        if given is None:
            first = await client.call_tool("generate_image", {"prompt": "x", "width": 80, "height": 40})
            given = first.structured_content["requests"][0]["files"][0]["uri"]
        return await client.call_tool("edit_image", {"prompt": "make it blue", "images": [given]})

    made = talk(daemon, use)
    assert not made.is_error, text(made)
    with Image.open(made.structured_content["requests"][0]["files"][0]["path"]) as edited:
        assert edited.size == (80, 40)
        assert json.loads(edited.info["spectacle"])["facts"]["pictures"] == [[80, 40]]


@pytest.mark.slow
def test_an_image_is_vectorized_by_the_kind_that_can(daemon: Daemon, tmp_path: Path) -> None:
    async def use(client: Client) -> Any:
        arguments = {"image": str(png(tmp_path / "in.png")), "options": {"max_paths": 2, "num_iterations": 0}}
        return await client.call_tool("vectorize_image", arguments)

    made = talk(daemon, use)
    assert not made.is_error, text(made)
    told = made.structured_content["requests"][0]
    assert "-64x48-trace." in told["id"]
    assert [file["media_type"] for file in told["files"]] == ["image/svg+xml", "image/png"]


def test_kinds_are_listed_with_their_options(daemon: Daemon) -> None:
    async def use(client: Client) -> Any:
        return await client.call_tool("list_kinds", {})

    listed = talk(daemon, use)
    kinds = {kind["name"]: kind for kind in listed.structured_content["kinds"]}
    assert [name for name, kind in kinds.items() if kind["default"]] == ["card"]
    assert kinds["trace"]["inputs"]["images"] == [1, 1]
    assert "copies" in kinds["card"]["options"]
    assert "trace (supersvg): SVG" in text(listed)


def test_progress_reaches_the_host_and_only_grows(daemon: Daemon) -> None:
    heard: list[tuple[float, float | None, str | None]] = []

    async def use(client: Client) -> Any:
        async def hear(progress: float, total: float | None, message: str | None) -> None:
            heard.append((progress, total, message))

        arguments = {
            "prompt": "x", "width": 8, "height": 8, "options": {"steps": 4, "step_seconds": 0.5},
        }  # fmt: skip
        return await client.call_tool("generate_image", arguments, progress_callback=hear)

    made = talk(daemon, use)
    assert not made.is_error, text(made)
    assert heard
    assert [each[0] for each in heard] == sorted({each[0] for each in heard})
    assert all(total == 1 for _, total, _ in heard)
    assert any("of 4" in str(message) for *_, message in heard)


def test_a_long_request_goes_on_and_is_looked_at_and_cancelled_by_its_id(daemon: Daemon) -> None:
    async def use(client: Client) -> Any:
        arguments = {"prompt": "x", "kind": "slow", "width": 8, "height": 8, "wait_seconds": 0}
        first = (await client.call_tool("generate_image", arguments)).structured_content["requests"][0]
        again = await client.call_tool("request_state", {"id": first["id"], "wait_seconds": 0})
        cancelled = await client.call_tool("cancel_request", {"id": first["id"]})
        gone = await client.call_tool("request_state", {"id": first["id"], "wait_seconds": 20})
        return first, again, cancelled, gone

    first, again, cancelled, gone = talk(daemon, use)
    assert first["status"] in ("queued", "running")
    assert again.structured_content["requests"][0]["status"] in ("queued", "running")
    assert cancelled.structured_content == {"id": first["id"], "cancelled": True}
    assert gone.structured_content["requests"][0]["status"] == "cancelled"
    assert not list(daemon.spool.glob("host-*-8x8-slow.txt"))


@pytest.mark.parametrize(("mode", "over_stdio"), [("legacy", True), ("2026-07-28", False)])
def test_a_call_that_the_host_cancels_cancels_its_request(daemon: Daemon, mode: str, over_stdio: bool) -> None:
    async def use(client: Client) -> None:
        arguments = {"prompt": "x", "kind": "slow", "width": 16, "height": 16}
        with anyio.move_on_after(60) as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(client.call_tool, "generate_image", arguments)
                while not list(daemon.spool.glob("host-*-16x16-slow.txt")):
                    await anyio.sleep(0.01)
                group.cancel_scope.cancel()
        assert not scope.cancelled_caught
        while list(daemon.spool.glob("host-*-16x16-slow.txt")):
            await anyio.sleep(0.01)

    talk(daemon, use, mode, over_stdio=over_stdio)


@pytest.mark.parametrize(
    ("tool", "arguments", "message"),
    [
        ("generate_image", {}, "generate_image: prompt is missing. Give it."),
        ("generate_image", {"prompt": "x", "size": 3}, "generate_image: size is not an argument. Use kind, seed,"),
        ("generate_image", {"prompt": "x", "width": 0}, "generate_image: width: input should be greater than"),
        ("generate_image", {"prompt": "x", "kind": "nothing"}, "kind 'nothing': not served; there are card, crash"),
        ("generate_image", {"prompt": "x", "options": {"tempo": 1}}, "option 'tempo': unknown for kind card."),
        ("generate_image", {"prompt": "x", "options": {"fail": "the paint is dry"}}, "the paint is dry (code"),
        ("generate_image", {"prompt": "x", "width": 8000, "height": 8000}, "the limit is 16000000."),
        ("edit_image", {"prompt": "x", "images": ["/nonexistent.png"]}, "cannot be read: No such file"),
        ("edit_image", {"prompt": "x", "images": ["https://example.org/a.png"]}, "addresses like this are not fetched"),
        ("edit_image", {"prompt": "x", "images": ["hello world"]}, "not valid base64. Give a path, an address"),
        ("request_state", {"id": "other-1-8x8"}, "no such job. Check its ID"),
        ("cancel_request", {"id": "../../etc/passwd"}, "no such job."),
        ("paint", {}, "paint: not a tool of this server. Use generate_image"),
    ],
)  # fmt: skip
def test_errors_say_what_is_wrong_and_what_to_do(
    daemon: Daemon, tool: str, arguments: dict[str, Any], message: str
) -> None:
    async def use(client: Client) -> Any:
        return await client.call_tool(tool, arguments)

    result = talk(daemon, use)
    assert result.is_error
    assert message in text(result)
    assert "Traceback" not in text(result)


@pytest.mark.parametrize(
    "name", ["../secret.png", "host-1-8x8/1.png", "host-1-8x8.AAAA/1.png", "{id}/2.png", "{id}/1.txt"]
)
def test_nothing_but_this_users_results_is_read(daemon: Daemon, name: str) -> None:
    async def use(client: Client) -> Any:
        made = await client.call_tool("generate_image", {"prompt": "x", "width": 8, "height": 8})
        job = made.structured_content["requests"][0]["id"]
        with pytest.raises(MCPError) as caught:
            await client.read_resource("spectacle://results/" + name.format(id=job))
        return caught.value.error.message

    assert "no such" in talk(daemon, use)
