"""Callbacks: only to allowed addresses, signed, three tries, no redirects; and a restart forgets none."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from daemon_process import Daemon, wait_for
from served import Served, png, serving, settings_of
from standardwebhooks import Webhook


class Receiver:
    """What listens for callbacks.

    Attributes:
        url: Its address.
        got: Headers and body of each.
        statuses: What the next ones are answered with; 204 when there are no more.
    """

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 204)
                self.send_header("location", f"{receiver.url}elsewhere")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hooks/"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield receiver
    receiver.server.shutdown()
    thread.join()
    receiver.server.server_close()


@contextlib.contextmanager
def calling(daemon: Daemon, home: Path, receiver: Receiver) -> Iterator[Served]:
    with serving(settings_of(daemon, home, callbacks=[receiver.url], public_url="https://images.example")) as served:
        served.app.state.gateway.callbacks.pause = 0.01
        yield served


def vectorize(served: Served, url: str, **options: Any) -> Any:
    config = json.dumps({"callback_url": url, **options})
    return served.client.post("/api/v1/vectorize/jobs", files={"image": ("a", png())}, data={"config": config})


def files(home: Path) -> list[Path]:
    return list(home.glob("*.callbacks/*.json"))


def test_the_end_of_a_job_is_told_and_signed(daemon: Daemon, tmp_path: Path, receiver: Receiver) -> None:
    with calling(daemon, tmp_path, receiver) as served:
        job = vectorize(served, f"{receiver.url}done?x=1").json()["job_id"]
        headers, body = wait_for(lambda: receiver.got and receiver.got[0], "the callback")
        told = Webhook(served.app.state.gateway.seals.webhook_key).verify(body, headers)
        assert (told["job_id"], told["status"]) == (job, "completed")
        assert told["result"]["svg_url"].startswith("https://images.example/results/")
        wait_for(lambda: not files(tmp_path), "the note to be removed")


def test_runpod_gets_the_body_of_the_status(daemon: Daemon, tmp_path: Path, receiver: Receiver) -> None:
    with calling(daemon, tmp_path, receiver) as served:
        body = {"input": {"prompt": "a", "size": "8x8"}, "webhook": receiver.url}
        job = served.client.post("/v2/card/run", json=body).json()
        told = json.loads(wait_for(lambda: receiver.got and receiver.got[0], "the callback")[1])
        assert (told["id"], told["status"], told["output"]["status"]) == (job["id"], "COMPLETED", "success")


def test_it_is_tried_three_times_and_a_redirect_is_not_followed(
    daemon: Daemon, tmp_path: Path, receiver: Receiver
) -> None:
    receiver.statuses = [302, 500, 503, 204]
    with calling(daemon, tmp_path, receiver) as served:
        vectorize(served, receiver.url)
        wait_for(lambda: len(receiver.got) == 3 and not files(tmp_path), "three tries")
        assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1


def test_a_restart_forgets_none(daemon: Daemon, tmp_path: Path, receiver: Receiver) -> None:
    with calling(daemon, tmp_path, receiver) as served:
        vectorize(served, receiver.url, steps=40, step_seconds=0.05)
        assert len(files(tmp_path)) == 1
    assert len(files(tmp_path)) == 1
    with calling(daemon, tmp_path, receiver):
        assert (
            json.loads(wait_for(lambda: receiver.got and receiver.got[0], "the callback")[1])["status"] == "completed"
        )


DOUBTFUL = (
    "http://127.0.0.1:1/",
    "http://localhost/hooks/",
    "{url}../secret",
    "{url}..%2fsecret",
    "{url}%2e%2e/secret",
    "{url}./x",
    "http://user@127.0.0.1/hooks/",
    "{url}\\x",
    "{url}a b",
    "{url}#x",
    "file:///etc/passwd",
    "//127.0.0.1/hooks/",
    "gopher://127.0.0.1/hooks/",
    "http://[::1",
    "{upper}",
    "{url}" + "x" * 2000,
)


def test_no_other_address_is_told_anything(daemon: Daemon, tmp_path: Path, receiver: Receiver) -> None:
    with calling(daemon, tmp_path, receiver) as served:
        for url in DOUBTFUL:
            given = url.replace("{url}", receiver.url).replace("{upper}", receiver.url.replace("hooks", "Hooks"))
            assert vectorize(served, given).json()["error"]["code"] in ("INVALID_ARGUMENT", "PERMISSION_DENIED"), url
            body = {"input": {"prompt": "a", "size": "8x8"}, "webhook": given}
            assert served.client.post("/v2/card/run", json=body).status_code in (400, 403), url
        assert not files(tmp_path)
