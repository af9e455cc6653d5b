"""The worker on RunPod: its handler over a real daemon, and under the runpod package on a platform made for tests."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from daemon_process import Daemon, wait_for
from served import CONFIGURATION, opened, png, settings_of

from spectacle.gateway.core import Gateway
from spectacle.gateway.seals import Seals
from spectacle.gateway.serverless import MAX_OUTPUT_BYTES, Handler

ROOT = Path(__file__).parents[2]


@pytest.fixture
def reports() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def handler(daemon: Daemon, reports: list[dict[str, Any]]) -> Handler:
    gateway = Gateway(settings_of(daemon, daemon.home), Seals(b"k" * 32, 3600))
    return Handler(gateway, None, lambda _job, progress: reports.append(dict(progress)), lambda: True)


def do(handler: Handler, **given: Any) -> dict[str, Any]:
    return asyncio.run(handler({"id": "job-1", "input": given}))


def decoded(text: str) -> bytes:
    return base64.b64decode(text)


def test_a_job_gets_its_image_with_its_seed(handler: Handler) -> None:
    output = do(handler, prompt="a red fox", kind="card", width=40, height=30, seed=5)
    assert opened(decoded(output["image"])).size == (40, 30)
    assert (output["status"], output["seed"], output["media_type"]) == ("success", 5, "image/png")


def test_the_inputs_of_the_models_own_servers_are_understood(handler: Handler) -> None:
    drawn = do(handler, task_type="text-to-svg", text="a red fox")
    assert drawn["status"] == "ok"
    assert drawn["primary_svg"].startswith("<svg")
    sketch = do(handler, sketch=base64.b64encode(png(64, 48)).decode())
    assert set(sketch) == {"image", "status"}
    assert opened(decoded(sketch["image"])).size == (64, 48)


def test_progress_is_passed_on(handler: Handler, reports: list[dict[str, Any]]) -> None:
    do(handler, prompt="x", kind="card", width=8, height=8, options={"steps": 4, "step_seconds": 0.4})
    assert any(report["steps"] == 4 and 0 < report["fraction"] < 1 for report in reports)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"prompt": "x", "kind": "broken"}, "the pen is dry. Fill it."),
        ({"prompt": "x", "kind": "card", "nonsense": 1}, "nonsense"),
        ({"prompt": "x", "kind": 5}, "kind: not a text. Send the name of a kind."),
        ({"prompt": "x", "kind": "card", "image": "https://example.org/a.png"}, "addresses are not fetched"),
        ({"prompt": "x", "kind": "card", "image": "no image"}, "not valid base64"),
    ],
)
def test_a_failed_job_says_why(handler: Handler, given: dict[str, Any], message: str) -> None:
    output = do(handler, **given, width=8, height=8)
    assert message in output["error"]
    assert output["code"]


def test_a_job_without_input_says_what_to_send(handler: Handler) -> None:
    assert 'Send {"input"' in asyncio.run(handler({"id": "x", "input": None}))["error"]


def test_a_cancelled_job_cancels_its_request(handler: Handler, daemon: Daemon) -> None:
    async def cancel() -> None:
        task = asyncio.create_task(handler({"id": "x", "input": {"prompt": "x", "kind": "slow", "size": "9x9"}}))
        async with asyncio.timeout(30):
            while not list(daemon.spool.glob("runpod-*-9x9-slow.txt")):
                await asyncio.sleep(0.01)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()

    asyncio.run(cancel())
    wait_for(lambda: not list(daemon.spool.glob("runpod-*-9x9-slow*")), "the request to be gone")


def test_a_job_ends_with_an_error_when_the_daemon_has_ended(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spectacle.gateway.serverless.LOOK_SECONDS", 0.1)
    gateway = Gateway(settings_of(daemon, daemon.home), Seals(b"k" * 32, 3600))
    handler = Handler(gateway, "slow", lambda _job, _progress: None, lambda: False)
    output = do(handler, prompt="x", size="10x10")
    assert output == {"error": "the daemon of this worker has ended. Send the job again.", "code": "worker-unavailable"}
    for path in daemon.spool.glob("runpod-*-10x10-slow*"):
        path.unlink()


def test_an_output_beyond_the_platforms_limit_says_so(handler: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spectacle.gateway.serverless.MAX_OUTPUT_BYTES", 50)
    assert "the limit of RunPod is 50" in do(handler, prompt="x", kind="card", width=8, height=8)["error"]
    assert MAX_OUTPUT_BYTES == 20_000_000


# --- under the package -----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def worker(home: Path, *arguments: str, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """`spectacle runpod` as a process."""
    configuration = home / "worker.toml"
    configuration.write_text(CONFIGURATION)
    with (home / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "spectacle", "runpod", "--config", configuration, *arguments],
            env={**os.environ, **variables}, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def daemons_on(spool: Path) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if b"serve" in words and str(spool).encode() in words:
                found.append(entry.name)
    return found


@pytest.mark.slow
def test_the_packages_own_server_serves_it_and_leaves_no_daemon_behind(tmp_path: Path) -> None:
    from gateway_process import free_port

    port = free_port()
    with (
        worker(tmp_path, "--rp_serve_api", "--rp_api_port", str(port), "--rp_api_host", "127.0.0.1"),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=90) as client,
    ):

        def ready() -> bool:
            with contextlib.suppress(httpx.TransportError):
                return client.get("/").status_code == 200
            return False

        wait_for(ready, "the server", 90)
        done = client.post("/runsync", json={"input": {"prompt": "a fox", "kind": "card", "size": "32x24"}}).json()
        assert done["status"] == "COMPLETED", done
        assert opened(decoded(done["output"]["image"])).size == (32, 24)
        failed = client.post("/runsync", json={"input": {"prompt": "x", "kind": "broken", "size": "8x8"}}).json()
        assert (failed["status"], failed["error"]) == ("FAILED", "the pen is dry. Fill it.")
        submitted = client.post("/run", json={"input": {"prompt": "x", "kind": "card", "size": "8x8"}}).json()
        polled = client.post(f"/status/{submitted['id']}").json()
        assert polled["status"] == "COMPLETED"
        assert daemons_on(tmp_path / "spool")
    wait_for(lambda: not daemons_on(tmp_path / "spool"), "the daemon to end")


class Platform(ThreadingHTTPServer):
    """As much of RunPod as a worker speaks to: it hands out jobs, takes results, and says which jobs to stop."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _PlatformHandler)
        self.jobs: list[dict[str, Any]] = []
        self.stops: list[str] = []
        self.results: dict[str, list[dict[str, Any]]] = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def variables(self) -> dict[str, str]:
        base = f"http://127.0.0.1:{self.server_address[1]}/v2/endpoint"
        return {
            "RUNPOD_WEBHOOK_GET_JOB": f"{base}/job-take/$ID?gpu=none",
            "RUNPOD_WEBHOOK_POST_OUTPUT": f"{base}/job-done/$RUNPOD_POD_ID/$ID?gpu=none",
            "RUNPOD_WEBHOOK_PING": f"{base}/ping/$RUNPOD_POD_ID",
            "RUNPOD_AI_API_KEY": "key",
            "RUNPOD_POD_ID": "pod",
            # What they check is not of this test: memory, disk and GPU of the machine, and the internet.
            "RUNPOD_SKIP_AUTO_SYSTEM_CHECKS": "true",
            "RUNPOD_SKIP_GPU_CHECK": "true",
        }


class _PlatformHandler(BaseHTTPRequestHandler):
    server: Platform
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if "/job-take/" in self.path and self.server.jobs:
            self.answer(200, self.server.jobs.pop(0))
        elif "/job-stop/" in self.path and self.server.stops:
            self.answer(200, {"jobsToStop": [self.server.stops.pop(0)]})
        else:
            time.sleep(0.05)  # as the platform holds the question back
            self.answer(204 if "/ping/" not in self.path else 200, None)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.results.setdefault(self.path.split("?")[0].rpartition("/")[2], []).append(body)
        self.answer(200, {})

    def answer(self, status: int, value: Any) -> None:
        body = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.mark.slow
def test_the_platform_gets_progress_and_results_and_stops_jobs(tmp_path: Path) -> None:
    platform = Platform()
    spool = tmp_path / "spool"
    try:
        with worker(tmp_path, **platform.variables()) as process:
            slowly = {"steps": 8, "step_seconds": 0.5}
            platform.jobs.append(
                {"id": "one", "input": {"prompt": "x", "kind": "card", "size": "8x8", "options": slowly}}
            )
            wait_for(
                lambda: (
                    "output" in platform.results.get("one", [{}])[-1]
                    and "image" in platform.results["one"][-1]["output"]
                ),
                "the result",
                90,
            )
            told = platform.results["one"]
            assert any(each.get("status") == "IN_PROGRESS" and each["output"]["steps"] == 8 for each in told)
            assert next(each for each in told if "image" in each["output"])["output"]["status"] == "success"
            platform.jobs.append({"id": "two", "input": {"prompt": "x", "kind": "slow", "size": "8x8"}})
            wait_for(lambda: list(spool.glob("runpod-*-8x8-slow.txt")), "the request", 60)
            platform.stops.append("two")
            wait_for(lambda: not list(spool.glob("runpod-*-8x8-slow.txt")), "the request to be cancelled", 60)
            platform.jobs.append({"id": "three", "input": {"prompt": "x", "kind": "broken", "size": "8x8"}})
            wait_for(lambda: any("error" in told for told in platform.results.get("three", [])), "the error", 60)
            told = next(told for told in platform.results["three"] if "error" in told)
            assert told["error"] == "the pen is dry. Fill it."
            assert process.poll() is None
    finally:
        platform.shutdown()
        platform.server_close()
    wait_for(lambda: not daemons_on(spool), "the daemon to end")


@pytest.mark.slow
def test_the_hubs_tests_pass(tmp_path: Path) -> None:
    for test in json.loads((ROOT / ".runpod/tests.json").read_text())["tests"]:
        home = tmp_path / test["name"]
        home.mkdir()
        configuration = home / "worker.toml"
        configuration.write_text('[spool]\npath = "spool"\n')
        command = [sys.executable, "-m", "spectacle", "runpod", "--config", configuration, "--test_input"]
        done = subprocess.run(
            [*command, json.dumps({"input": test["input"]})],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=test["timeout"] / 1000, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        assert "completed successfully" in done.stdout + done.stderr
        wait_for(lambda home=home: not daemons_on(home / "spool"), "the daemon to end")
