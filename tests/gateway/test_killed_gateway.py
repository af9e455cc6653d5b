"""A gateway that is killed in mid-job loses nothing: the next one goes on with the same IDs, links and jobs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from daemon_process import Daemon, wait_for
from served import opened

pytestmark = pytest.mark.slow


def start(daemon: Daemon, home: Path, port: int) -> subprocess.Popen[bytes]:
    gateway = {"KEY": str(home / "key"), "TOKENS": str(home / "t"), "MAX_WAITING": "10000"}
    environment = os.environ | {f"SPECTACLE_GATEWAY_{name}": value for name, value in gateway.items()}
    with (home / "gateway.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "spectacle", "gateway", "--config", daemon.file, "--listen", f"127.0.0.1:{port}"],
            env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip


def up(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def test_a_job_survives_the_gateway_that_took_it(daemon: Daemon, tmp_path: Path) -> None:
    port = 8731
    body = {"kind": "card", "size": "16x8", "options": {"steps": 40, "step_seconds": 0.05}}
    process = start(daemon, tmp_path, port)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            wait_for(lambda: up(client), "the gateway")
            first = [client.post("/v1/jobs", json=body, headers={"idempotency-key": f"killed {n}"}) for n in range(3)]
            assert [response.status_code for response in first] == [201] * 3, first[0].text
            jobs = [response.json() for response in first]
            process.kill()
            process.wait()
            process = start(daemon, tmp_path, port)
            wait_for(lambda: up(client), "the next gateway")
            again = [
                client.post("/v1/jobs", json=body, headers={"idempotency-key": f"killed {n}"}).json() for n in range(3)
            ]
            assert [job["id"] for job in again] == [job["id"] for job in jobs]
            for job in jobs:
                done = client.get(job["urls"]["self"], params={"wait": 30}).json()
                assert done["status"] == "succeeded"
                assert opened(client.get(done["outputs"][0]["url"]).content).size == (16, 8)
        process.terminate()
        assert process.wait(60) == 0
        log = (tmp_path / "gateway.log").read_text()
        assert log.count("gateway started") == 2
        assert "gateway stopped" in log
    finally:
        process.kill()
        process.wait()
