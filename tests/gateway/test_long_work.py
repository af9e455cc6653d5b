"""Long work: connections stay open, quick refusals keep their status, and late ones are told in the body."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from daemon_process import Daemon
from served import Served, serving, settings_of


@pytest.fixture(scope="module")
def eager(daemon: Daemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A gateway that sends white space soon."""
    home = tmp_path_factory.mktemp("eager")
    with serving(settings_of(daemon, home, keepalive_after=0.05, keepalive_interval=0.05)) as served:
        yield served


SLOW = {"steps": 20, "step_seconds": 0.05}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/images/generations", {"model": "card", "prompt": "a", "size": "8x8", **SLOW}),
        ("/v2/card/runsync", {"input": {"prompt": "a", "size": "8x8", **SLOW}}),
    ],
)
def test_white_space_keeps_the_connection_open(eager: Served, path: str, body: dict[str, object]) -> None:
    with eager.client.stream("POST", path, json=body) as response:
        assert response.status_code == 200
        text = "".join(response.iter_text())
    assert text.startswith("\n\n")
    assert json.loads(text)


def test_a_quick_error_has_its_status(eager: Served) -> None:
    response = eager.client.post("/v1/images/generations", json={"model": "card", "prompt": "a", "nonsense": 1})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "bad_options")


def test_a_late_error_is_told_in_the_body(eager: Served) -> None:
    body = {"model": "card", "prompt": "a", "size": "8x8", **SLOW, "fail": "the ink is out. Buy some."}
    response = eager.client.post("/v1/images/generations", json=body)
    assert response.status_code == 200
    assert response.json()["error"]["message"] == "the ink is out. Buy some."


def test_a_stream_is_kept_open_by_comments(eager: Served) -> None:
    body = {"model": "card", "prompt": "a", "size": "8x8", "stream": True, **SLOW}
    text = eager.client.post("/v1/images/generations", json=body).text
    assert ": waiting\n\n" in text
    assert "event: image_generation.completed\n" in text


def test_an_error_of_a_stream_is_an_event(eager: Served) -> None:
    body = {"model": "broken", "prompt": "a", "size": "8x8", "stream": True}
    text = eager.client.post("/v1/images/generations", json=body).text
    (event,) = [part for part in text.split("\n\n") if part and not part.startswith(":")]
    assert event.startswith("event: error\ndata: ")
    assert "the pen is dry" in event


def test_the_time_to_wait_is_the_clients(eager: Served) -> None:
    body = {"input": {"prompt": "a", "size": "8x8", "steps": 1000, "step_seconds": 0.05}}
    told = eager.client.post("/v2/card/runsync", params={"wait": 100}, json=body).json()
    assert told["status"] in ("IN_QUEUE", "IN_PROGRESS")
    assert eager.client.post(f"/v2/card/cancel/{told['id']}").json()["status"] == "CANCELLED"
