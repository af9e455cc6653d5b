"""What real clients send, unchanged, gets what they need. The requests were recorded from the clients themselves."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from served import opened, png

RECORDED: dict[str, list[dict[str, Any]]] = json.loads(
    Path(__file__).with_name("recorded.json").read_text(encoding="utf-8")
)
DATA_URL = f"data:image/png;base64,{base64.b64encode(png(96, 64)).decode()}"
ELSEWHERE = {"/"}
"""Paths that are no dialect's."""


class Replay:
    """One client, whose job IDs are those that the gateway gives out in its place."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._jobs: list[str] = []
        self._recorded: list[str] = []

    def send(self, request: dict[str, Any]) -> httpx.Response:
        """Send a request as the client did."""
        path = re.sub(r"(?:job|sync)-[0-9]+-u1", lambda match: self._id(match[0]), request["path"])
        headers = {name: value for name, value in request["headers"].items() if "***" not in value}
        given: dict[str, Any] = {"headers": headers, "params": request["query"] or None}
        body = request["body"]
        if isinstance(body, dict) and "multipart" in body:
            given["files"] = [_part(part) for part in body["multipart"]]
        elif body is not None:
            given["content"] = json.dumps(body).replace("<306 chars: data:image/png;base64,iV...>", DATA_URL)
        response = self._client.request(request["method"], path, **given)
        if path.endswith(("/run", "/runsync")):
            self._jobs.append(response.json()["id"])
        return response

    def _id(self, recorded: str) -> str:
        if recorded not in self._recorded:
            self._recorded.append(recorded)
        return self._jobs[-1]


def _part(part: dict[str, Any]) -> tuple[str, Any]:
    if "filename" not in part:
        return part["name"], (None, part["value"], part.get("content_type"))
    content = png(96, 64, (0, 0, 0, 0), "RGBA") if part["name"] == "mask" else png(96, 64)
    return part["name"], (part["filename"], content, part["content_type"])


def check(request: dict[str, Any], response: httpx.Response, client: httpx.Client) -> None:
    """See that a response has what clients look for."""
    path, body = request["path"], request["body"]
    assert response.status_code < 300, f"{path}: {response.text[:500]}"
    if request["method"] == "OPTIONS":
        return
    if path.startswith("/hf/"):
        assert opened(response.content).format == "PNG"
    elif path.startswith("/v1/images/"):
        check_images(path, body, response, client)
    elif path == "/v1/models":
        assert {"id": "picture", "object": "model", "created": 0, "owned_by": "spectacle"} in response.json()["data"]
    elif path.endswith(("txt2img", "img2img")):
        told = response.json()
        info = json.loads(told["info"])
        assert len(told["images"]) == body.get("batch_size", 1) == len(info["all_seeds"]) == len(info["infotexts"])
        assert all(opened(base64.b64decode(each)).size == (body["width"], body["height"]) for each in told["images"])
        assert body.get("seed", -1) in (-1, info["seed"])
        assert f"Seed: {info['seed']}" in info["infotexts"][0]
        assert "auth" not in told["parameters"]
    elif path.startswith("/v2/") and "/status" in path and response.json()["status"] == "COMPLETED":
        assert opened(base64.b64decode(response.json()["output"]["image"])).size == (512, 512)


def check_images(path: str, body: dict[str, Any], response: httpx.Response, client: httpx.Client) -> None:
    if response.headers["content-type"].startswith("text/event-stream"):
        (event,) = [json.loads(line[6:]) for line in response.text.splitlines() if line.startswith("data: ")]
        assert event["type"] == ("image_edit" if path.endswith("edits") else "image_generation") + ".completed"
        assert opened(base64.b64decode(event["b64_json"])).format == "PNG"
        assert event["usage"]["total_tokens"] == 0
        return
    told = response.json()
    fields = {part["name"]: part.get("value") for part in body["multipart"]} if "multipart" in body else body
    assert len(told["data"]) == int(fields.get("n", 1))
    form, model = fields.get("response_format"), fields["model"]
    size = tuple(map(int, (fields.get("size") or "x").split("x"))) if "x" in str(fields.get("size")) else None
    for datum in told["data"]:
        inline = form in ("b64_json", "base64") or (form is None and not model.startswith("dall-e-"))
        linked = form == "url" or (form is None and not model.startswith("gpt-image-"))
        assert set(datum) == {*(["b64_json"] if inline else []), *(["url"] if linked else [])}
        images = [base64.b64decode(datum["b64_json"])] if inline else []
        images += [client.get(datum["url"]).content] if linked else []
        assert all(size is None or opened(image).size == size for image in images)
        assert len(set(images)) == 1


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_a_client_gets_what_it_needs(name: str, client: httpx.Client) -> None:
    replay = Replay(client)
    for request in RECORDED[name]:
        if request["path"] not in ELSEWHERE:
            check(request, replay.send(request), client)
