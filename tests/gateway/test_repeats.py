"""Repeated requests: no image is made twice, whether the client sends a key, says that it repeats, or says nothing."""

from __future__ import annotations

import itertools
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from daemon_process import Daemon, wait_for
from served import Served, serving, settings_of

_numbers = itertools.count(100)


@pytest.fixture
def side() -> int:
    """A width that no other test asks for, by which its jobs are found."""
    return next(_numbers)


@pytest.fixture(scope="module")
def patient(daemon: Daemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A gateway whose clients may come back."""
    settings = settings_of(daemon, tmp_path_factory.mktemp("patient"), rate="10000/minute", keepalive_after=0.05)
    with serving(settings) as served:
        served.app.state.gateway.repeats._AFTER_START = 0
        yield served


def jobs(served: Served, side: int) -> list[dict[str, Any]]:
    """The jobs of this width."""
    listed = served.client.get("/v1/jobs", params={"limit": 200}).json()["jobs"]
    return [job for job in listed if job["width"] == side]


def image(side: int, **further: Any) -> dict[str, Any]:
    return {"model": "card", "prompt": "a", "size": f"{side}x8", "response_format": "b64_json", **further}


def slow(side: int, steps: int = 12) -> dict[str, Any]:
    return image(side, steps=steps, step_seconds=0.05)


def begin(served: Served, body: dict[str, Any], **headers: str) -> socket.socket:
    """Send a request and do not wait for the response."""
    content = json.dumps(body).encode()
    head = {"host": "127.0.0.1", "content-type": "application/json", "content-length": str(len(content)), **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    connection = socket.create_connection(("127.0.0.1", served.port))
    connection.sendall(f"POST /v1/images/generations HTTP/1.1\r\n{lines}\r\n".encode() + content)
    return connection


def gone(served: Served, body: dict[str, Any], side: int) -> None:
    """A client that goes away once its job is there."""
    connection = begin(served, body)
    wait_for(lambda: jobs(served, side), "the job")
    connection.close()
    wait_until_noticed(served, side)


def wait_until_noticed(served: Served, side: int) -> None:
    """Wait until the gateway knows that the client of a job has gone away."""
    left: dict[object, list[str]] = served.app.state.gateway.repeats._left
    wait_for(lambda: any(f"-{side}x8" in stem for stems in left.values() for stem in stems), "the gateway to notice")


class TestKeys:
    def test_the_same_key_means_the_same_job(self, client: httpx.Client, served: Served, side: int) -> None:
        body, headers = {"kind": "card", "width": side}, {"idempotency-key": f"key {side} ../x"}
        first, second = (client.post("/v1/jobs", json=body, headers=headers) for _ in range(2))
        assert (first.status_code, second.status_code) == (201, 200)
        assert second.headers["idempotency-replayed"] == "true"
        assert first.json()["id"] == second.json()["id"]
        done = client.get(first.json()["urls"]["self"], params={"wait": 20}).json()
        assert client.post("/v1/jobs", json=body, headers=headers).json()["status"] == done["status"] == "succeeded"
        assert len(jobs(served, side)) == 1

    def test_another_request_with_the_same_key_is_refused(self, client: httpx.Client, side: int) -> None:
        headers = {"idempotency-key": f"{side}"}
        assert client.post("/v1/jobs", json={"kind": "card", "width": side}, headers=headers).status_code == 201
        other = client.post("/v1/jobs", json={"kind": "card", "width": side, "prompt": "b"}, headers=headers)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")

    def test_many_simultaneous_requests_with_one_key_make_one_job(
        self, client: httpx.Client, served: Served, side: int
    ) -> None:
        headers, made = {"idempotency-key": f"{side}"}, []
        send = lambda: made.append(client.post("/v1/jobs", json={"kind": "card", "width": side}, headers=headers))  # noqa: E731
        threads = [threading.Thread(target=send) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({response.json()["id"] for response in made}) == 1
        assert sorted(response.status_code for response in made) == [200] * 7 + [201]
        assert len(jobs(served, side)) == 1

    @pytest.mark.parametrize("key", ["", "x" * 256])
    def test_a_key_that_is_none_is_refused(self, client: httpx.Client, key: str) -> None:
        response = client.post("/v1/jobs", json={}, headers={"idempotency-key": key})
        assert response.json()["param"] == "Idempotency-Key"

    def test_they_hold_for_several_images(self, client: httpx.Client, served: Served, side: int) -> None:
        body, headers = image(side, n=2), {"idempotency-key": f"{side}"}
        first, second = (client.post("/v1/images/generations", json=body, headers=headers).json() for _ in range(2))
        assert first["data"] == second["data"]
        assert len(jobs(served, side)) == 2

    def test_who_comes_back_with_its_key_keeps_its_job(self, daemon: Daemon, tmp_path: Path, side: int) -> None:
        with serving(settings_of(daemon, tmp_path, reconnect_grace=0.3)) as served:
            connection = begin(served, slow(side, 30), **{"idempotency-key": f"{side}"})
            wait_for(lambda: jobs(served, side), "the job")
            connection.close()
            wait_until_noticed(served, side)
            headers = {"idempotency-key": f"{side}"}
            response = served.client.post("/v1/images/generations", json=slow(side, 30), headers=headers)
            assert response.status_code == 200, response.text
            assert [job["status"] for job in jobs(served, side)] == ["succeeded"]


class TestWithoutKeys:
    def test_two_requests_at_a_time_are_two(self, patient: Served, side: int) -> None:
        connections = [begin(patient, slow(side)) for _ in range(2)]
        wait_for(lambda: len(jobs(patient, side)) == 2, "two jobs")
        for connection in connections:
            connection.close()

    def test_who_comes_back_gets_the_result_of_the_first_attempt(self, patient: Served, side: int) -> None:
        gone(patient, slow(side), side)
        response = patient.client.post("/v1/images/generations", json=slow(side))
        assert len(response.json()["data"]) == 1
        assert [job["status"] for job in jobs(patient, side)] == ["succeeded"]

    def test_who_says_that_it_is_new_gets_a_new_image(self, patient: Served, side: int) -> None:
        gone(patient, slow(side), side)
        headers = {"x-stainless-retry-count": "0"}
        assert patient.client.post("/v1/images/generations", json=slow(side), headers=headers).status_code == 200
        assert len(jobs(patient, side)) == 2

    def test_who_does_not_come_back_has_its_job_cancelled(self, daemon: Daemon, tmp_path: Path, side: int) -> None:
        with serving(settings_of(daemon, tmp_path, reconnect_grace=0)) as served:
            connection = begin(served, slow(side, 1000))
            (job,) = wait_for(lambda: jobs(served, side), "the job")
            connection.close()
            path = job["urls"]["self"]
            wait_for(lambda: served.client.get(path).json()["status"] == "cancelled", "the job to be cancelled")

    def test_a_repeated_request_finds_what_a_gateway_began_that_was_killed(
        self, daemon: Daemon, tmp_path: Path, side: int
    ) -> None:
        settings = settings_of(daemon, tmp_path, reconnect_grace=3600)
        with serving(settings) as first:
            connection = begin(first, slow(side, 30))
            wait_for(lambda: jobs(first, side), "the job")
        connection.close()
        with serving(settings) as second:  # openai says that it repeats, others do not
            for headers in ({"x-stainless-retry-count": "1"}, {}):
                response = second.client.post("/v1/images/generations", json=slow(side, 30), headers=headers)
                assert len(response.json()["data"]) == 1
            assert [job["status"] for job in jobs(second, side)] == ["succeeded"]
