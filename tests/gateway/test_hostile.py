"""Bodies and requests that mean harm: each is refused in the dialect's form, and the gateway goes on."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import socket
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
import structlog
from daemon_process import Daemon, wait_for
from served import Served, png, serving, settings_of

from spectacle.gateway import middleware


@pytest.fixture(scope="module")
def small(daemon: Daemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A gateway that accepts little."""
    home = tmp_path_factory.mktemp("small")
    with serving(settings_of(daemon, home, max_body_bytes=100_000, max_file_bytes=20_000)) as served:
        yield served


def bomb() -> bytes:
    """A PNG of some kilobytes that promises 30,000 x 30,000 pixels."""
    head = b"\x00\x00\x75\x30\x00\x00\x75\x30\x08\x00\x00\x00\x00"
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(2_000_000), 9)), (b"IEND", b"")]
    parts = [len(data).to_bytes(4) + name + data + zlib.crc32(name + data).to_bytes(4) for name, data in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def raw(served: Served, sent: bytes) -> bytes:
    """What comes back for some bytes.

    A server may drop a request whose client has closed its end before it is answered, so one that asks for the end of
    the connection keeps its own open.
    """
    with socket.create_connection(("127.0.0.1", served.port), timeout=60) as connection:
        connection.sendall(sent)
        if b"connection: close" not in sent:
            connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


class TestBodies:
    def test_a_body_that_is_too_long_is_refused_before_it_is_read(self, small: Served) -> None:
        for path, form in (("/v1/jobs", "detail"), ("/v1/images/generations", "error"), ("/predict", "error")):
            response = small.client.post(path, json={"prompt": "x" * 100_001})
            assert response.status_code == 413
            assert form in response.json()

    def test_one_that_does_not_tell_its_length_is_cut_off(self, small: Served) -> None:
        def endless() -> Iterator[bytes]:
            for _ in range(200):
                yield b"x" * 1000

        response = small.client.post("/v1/jobs", content=endless(), headers={"content-type": "application/json"})
        assert (response.status_code, response.json()["code"]) == (413, "too-large")

    def test_an_image_that_is_too_large_is_refused(self, small: Served) -> None:
        content = png() + b"\0" * 20_000
        response = small.client.post("/v1/jobs", files={"inputs": ("a.png", content)}, data={"kind": "card"})
        assert (response.status_code, response.json()["param"]) == (413, "inputs")

    def test_ten_thousand_parts_are_refused(self, client: httpx.Client) -> None:
        part = '--B\r\nContent-Disposition: form-data; name="inputs"; filename="a"\r\n\r\n\r\n'
        field = '--B\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nx\r\n'
        for parts in (part * 10_000, field * 10_000):
            for path in ("/v1/jobs", "/v1/images/edits", "/edit", "/predict", "/api/v1/vectorize/jobs"):
                headers = {"content-type": "multipart/form-data; boundary=B"}
                response = client.post(path, content=f"{parts}--B--\r\n", headers=headers)
                assert response.status_code == 400, path
                assert "Too many" in response.text

    @pytest.mark.parametrize(
        "content", [b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"a": NaN}', b'{"seed": 1e999}', b"5"]
    )
    def test_what_is_no_json_object_is_refused(self, client: httpx.Client, content: bytes) -> None:
        for path in (
            "/v1/jobs",
            "/v1/images/generations",
            "/sdapi/v1/txt2img",
            "/v2/card/run",
            "/predict",
            "/edit/json",
        ):
            response = client.post(path, content=content, headers={"content-type": "application/json"})
            assert 400 <= response.status_code < 500, (path, response.text)

    @pytest.mark.parametrize(
        "headers",
        [
            {"content-type": "multipart/form-data"},
            {"content-type": "multipart/form-data; boundary="},
            {"content-type": "multipart/form-data; boundary=" + "x" * 500},
            {"content-type": "application/x-www-form-urlencoded"},
        ],
    )
    def test_a_broken_form_is_refused(self, client: httpx.Client, headers: dict[str, str]) -> None:
        response = client.post("/edit", content=b"--x\r\n\r\n\0\xff%zz&=&&", headers=headers)
        assert response.status_code == 400
        assert response.json()["success"] is False

    def test_deeply_nested_options_get_an_error(self, client: httpx.Client) -> None:
        options = json.loads('{"a":' * 50 + "1" + "}" * 50)
        job = client.post("/v1/jobs", json={"kind": "card", "size": "8x8", "options": options}).json()
        done = client.get(job["urls"]["self"], params={"wait": 20}).json()
        assert done["error"]["code"] == "bad-options"

    @pytest.mark.parametrize("prompt", ["\ud800", "\0", "\x1b[31m", "<|im_start|>", "x" * 70_000])
    def test_a_strange_prompt_is_served_or_refused(self, client: httpx.Client, prompt: str) -> None:
        body = json.dumps({"kind": "card", "size": "8x8", "prompt": prompt})
        response = client.post("/v1/jobs", content=body, headers={"content-type": "application/json"})
        assert response.status_code in (201, 400)
        if response.status_code == 201:
            done = client.get(response.json()["urls"]["self"], params={"wait": 20}).json()
            assert done["status"] in ("succeeded", "failed")


class TestImages:
    def test_a_bomb_is_refused_where_it_is_opened(self, client: httpx.Client) -> None:
        content = bomb()
        edit = [("image", ("a", png())), ("mask", ("m", content))]
        masked = client.post("/v1/images/edits", data={"model": "card", "prompt": "x"}, files=edit)
        assert masked.status_code == 400
        assert "30000" in masked.json()["error"]["message"]
        job = client.post("/v1/jobs", files={"inputs": ("a", content)}, data={"kind": "card", "size": "8x8"}).json()
        done = client.get(job["urls"]["self"], params={"wait": 20}).json()
        assert done["error"]["code"] == "bad-attachment"
        for path, field in (("/edit", "image"), ("/predict", "image")):
            data = {"prompt": "x", "task_type": "image-to-svg"}
            assert client.post(path, data=data, files={field: ("a", content)}).status_code == 400

    @pytest.mark.parametrize("cut", [8, 20, 40])
    def test_a_truncated_image_is_refused(self, client: httpx.Client, cut: int) -> None:
        response = client.post("/edit", data={"prompt": "x"}, files={"image": ("a", png()[:cut])})
        assert response.status_code == 400

    def test_names_of_files_never_reach_the_disk(self, client: httpx.Client, daemon: Daemon) -> None:
        before = set(daemon.home.parent.rglob("*"))
        files = {"image": ("../../../../escape.png\0.txt", png())}
        assert client.post("/edit", data={"prompt": "x"}, files=files).status_code == 200
        assert not [path for path in set(daemon.home.parent.rglob("*")) - before if "escape" in path.name]


class TestRequests:
    @pytest.mark.parametrize(
        "path",
        [
            "/results/../../etc/passwd",
            "/results/..%2f..%2fetc%2fpasswd",
            "/results/" + "A" * 5000,
            "/results/%00",
            "/v1/jobs/..%2f..%2f",
            "/v1/jobs/%00/events",
            "/v1/models/..%2f..%2fetc",
            "/hf/../../x",
            "/token/x/../../etc/passwd",
            "/token//v1/jobs",
        ],
    )
    def test_paths_lead_nowhere_else(self, served: Served, path: str) -> None:
        head, _, _ = raw(
            served, f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n".encode()
        ).partition(b"\r\n")
        assert head.split()[1] in (b"404", b"405", b"400", b"401"), head

    def test_a_flood_of_headers_is_refused(self, served: Served, client: httpx.Client) -> None:
        flood = b"".join(b"x-%d: %s\r\n" % (number, b"y" * 100) for number in range(2000))
        answer = b""
        with contextlib.suppress(OSError):  # nobody reads it to its end
            answer = raw(served, b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n" + flood + b"\r\n")
        assert b" 200 " not in answer.partition(b"\r\n")[0]
        assert client.get("/healthz").status_code == 200

    def test_a_body_that_stops_arriving_is_given_up(self, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(middleware, "BODY_PAUSE", 0.05)
        head = b"POST /v1/jobs HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n\r\n{"
        with socket.create_connection(("127.0.0.1", served.port), timeout=60) as connection:
            connection.sendall(head)
            answer = b""
            while b"too-slow" not in answer and (more := connection.recv(65536)):
                answer += more  # head and body may arrive one after the other
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"too-slow" in answer

    def test_a_client_that_goes_away_in_mid_body_is_no_internal_error(
        self, served: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        logged: list[tuple[str, int | None]] = []

        def log(event: str, status: int | None = 500, **_: object) -> None:
            # An earlier test's request may end only now.
            if structlog.contextvars.get_contextvars().get("request_id") == "gone-away":
                logged.append((event, status))

        monkeypatch.setattr(middleware, "log", SimpleNamespace(exception=log, debug=log))
        head = b"POST /v1/jobs HTTP/1.1\r\nhost: 127.0.0.1\r\nx-request-id: gone-away\r\ncontent-length: 100\r\n\r\n{"
        with socket.create_connection(("127.0.0.1", served.port), timeout=60) as connection:
            connection.sendall(head)
        wait_for(lambda: logged, "the end of the request")
        assert logged == [("request served", None)]

    @pytest.mark.parametrize("host", ["", "evil.example", "127.0.0.1.evil.example", "[::1", "x" * 5000])
    def test_a_strange_host_is_refused(self, served: Served, host: str) -> None:
        answer = raw(served, f"GET /v1/jobs HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
        assert answer.split()[1] in (b"403", b"400")

    def test_an_internal_error_tells_nothing_but_where_to_look(
        self, served: Served, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fail(_: object) -> None:
            raise ZeroDivisionError("a secret")

        logged: list[str] = []
        silent = SimpleNamespace(exception=lambda event, **_: logged.append(event), debug=lambda *_, **__: None)
        monkeypatch.setattr(middleware, "log", silent)
        monkeypatch.setattr(served.app.state.gateway.view, "fresh", lambda: fail(None))
        response = client.get("/v1/jobs", headers={"x-request-id": "look-here"})
        assert (response.status_code, response.json()["code"]) == (500, "internal-error")
        assert "look-here" in response.json()["detail"]
        assert "secret" not in response.text
        assert logged == ["internal error of the gateway"]


def test_a_spool_that_is_gone_is_told_and_comes_back(daemon: Daemon, tmp_path: Path) -> None:
    settings = settings_of(daemon, tmp_path)
    moved = settings.model_copy(update={"spool": settings.spool.model_copy(update={"path": tmp_path / "spool"})})
    with serving(moved) as served:
        response = served.client.get("/v1/jobs")
        assert (response.status_code, response.json()["code"]) == (503, "spool-unavailable")
        assert served.client.get("/healthz").status_code == 503
        assert served.client.get("/ping").status_code == 500
        assert served.client.get("/health").status_code == 503
        (tmp_path / "spool").mkdir()
        assert served.client.get("/v1/jobs").json() == {"jobs": []}


def test_base64_of_something_else_is_no_image(client: httpx.Client) -> None:
    made = io.BytesIO(b"GIF89a" + bytes(100))
    text = base64.b64encode(made.getvalue()).decode()
    response = client.post("/sdapi/v1/img2img", json={"init_images": [text], "prompt": "x"})
    assert response.status_code == 400
    assert "a GIF image" in response.json()["detail"]
