"""Measures what the HTTP gateway costs: beside the spool's own client, and beside a plain FastAPI application.

    python benchmarks/gateway.py [--quick] [--only NAME …]

The plain application calls the built-in illustrator in a thread, as most servers of one model do. Prints tables in
Markdown. Measures: latency, illustration, waiting, loss.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from spectacle.client import submit, wait

CONFIGURATION = """
[spool]
path = "{home}/spool"
min_free = 0
[workers]
devices = ["cpu"]
drain_timeout = 1
[log]
level = "warning"
[gateway]
listen = "127.0.0.1:{port}"
tokens = "{home}/tokens.json"
key = "{home}/gateway.key"
rate = "900000/second"
max_waiting = 1000000
[kinds.picture]
generator = "illustration"
[kinds.card]
generator = "test-double"
[kinds.slow]
generator = "test-double"
options = {{ steps = 100000, step_seconds = 0.1 }}
"""

# Writes what the process's threads are called when it is asked to.
LAUNCHER = """
import json, signal, sys, threading
from pathlib import Path
def tell(*_):
    Path(sys.argv[1]).write_text(json.dumps([each.name for each in threading.enumerate()]))
signal.signal(signal.SIGUSR1, tell)
from spectacle.cli import main
main(["gateway", "--config", sys.argv[2]])
"""

PLAIN = """
import base64, sys
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from spectacle.generators.base import Device, Job, MediaType
from spectacle.generators.illustration import Illustration
from spectacle.svg import Rasteriser
from spectacle.worker.results import Provenance, Wanted, finish

class Control:
    def progress(self, step, steps, note=""): pass
    def check(self): pass

class Body(BaseModel):
    prompt: str
    width: int = 512
    height: int = 512
    seed: int = 1

illustration, rasteriser, app = Illustration(), Rasteriser(), FastAPI()
illustration.load(Device())

@app.post("/generate")
def generate(body: Body):
    job = Job(body.prompt, body.width, body.height, body.seed, MediaType.PNG, Illustration.Options())
    made = illustration.generate(job, Control())
    about = Provenance(body.prompt, "illustration", "composition", None, None, "picture", body.seed, body.width,
                       body.height, {}, (), "", "0")
    files = finish(made, about, Wanted(), rasteriser=rasteriser)
    return {"data": [{"b64_json": base64.b64encode(files[-1].content).decode()}]}

uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", http="h11")
"""


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def process(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is stopped after the block."""
    started = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        try:
            started.wait(20)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def until(url: str) -> None:
    """Wait until something answers."""
    for _ in range(600):
        with contextlib.suppress(httpx.TransportError):
            httpx.get(url, timeout=5)
            return
        time.sleep(0.1)
    raise SystemExit(f"{url}: nothing answers")


class Setting:
    """A daemon and a gateway on a temporary spool."""

    def __init__(self, home: Path, port: int, gateway: subprocess.Popen[bytes]) -> None:
        self.home, self.port, self.gateway = home, port, gateway
        self.spool = home / "spool"
        self.url = f"http://127.0.0.1:{port}"

    def threads(self) -> list[str]:
        """Names of the gateway's threads."""
        told = self.home / "threads.json"
        told.unlink(missing_ok=True)
        self.gateway.send_signal(signal.SIGUSR1)
        for _ in range(100):
            with contextlib.suppress(OSError, ValueError):
                names: list[str] = json.loads(told.read_text())
                return names
            time.sleep(0.1)
        raise SystemExit("the gateway does not tell its threads")

    def memory(self) -> float:
        """What the gateway holds, in MB."""
        status = Path(f"/proc/{self.gateway.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1000


@contextlib.contextmanager
def setting() -> Iterator[Setting]:
    """A daemon and a gateway while the block runs."""
    with tempfile.TemporaryDirectory(prefix="spectacle-benchmark-") as directory, contextlib.ExitStack() as stack:
        home, port = Path(directory), free_port()
        (home / "spool").mkdir()
        file = home / "benchmark.toml"
        file.write_text(CONFIGURATION.format(home=home, port=port))
        stack.enter_context(process(sys.executable, "-m", "spectacle", "serve", "--config", str(file)))
        gateway = stack.enter_context(process(sys.executable, "-c", LAUNCHER, str(home / "threads.json"), str(file)))
        found = Setting(home, port, gateway)
        until(f"{found.url}/healthz")
        wait(submit(found.spool, "x", width=8, height=8, kind="card"), 60)
        for _ in range(300):
            if any(kind["generator"] for kind in httpx.get(f"{found.url}/v1/kinds").json()["kinds"]):
                break
            time.sleep(0.1)
        yield found


def timed(what: Callable[[], object]) -> float:
    """Milliseconds that something takes."""
    began = time.perf_counter()
    what()
    return (time.perf_counter() - began) * 1000


def centile(values: list[float], share: float) -> float:
    """The value below which this share of the values lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def measure_latency(count: int) -> None:
    """A test card by the spool's client and by the gateway, in turns."""
    with setting() as found, httpx.Client(base_url=found.url, timeout=60) as client:
        body = {"prompt": "x", "model": "card", "size": "64x64", "response_format": "b64_json"}
        direct, gateway = [], []

        def by_gateway() -> None:
            client.post("/v1/images/generations", json=body).raise_for_status()

        def by_spool() -> None:
            wait(submit(found.spool, "x", width=64, height=64, kind="card", options={"progress": True}), 60)

        for number in range(count + 5):
            pair = timed(by_spool), timed(by_gateway)
            if number >= 5:
                direct.append(pair[0])
                gateway.append(pair[1])
    print("\n| a test card, 64x64 | fastest tenth | median | slowest twentieth |\n|---|---|---|---|")
    for name, values in (("spool's Python client", direct), ("gateway, OpenAI's interface", gateway)):
        shown = " | ".join(f"{centile(values, share):.1f} ms" for share in (0.1, 0.5, 0.95))
        print(f"| {name} | {shown} |")
    added = [centile(gateway, share) - centile(direct, share) for share in (0.1, 0.5)]
    print(f"| added by the gateway | {added[0]:.1f} ms | **{added[1]:.1f} ms** | |")


def measure_illustration(count: int) -> None:
    """An illustration by the plain application and by the gateway, in turns."""
    port = free_port()
    with setting() as found, process(sys.executable, "-c", PLAIN, str(port)):
        until(f"http://127.0.0.1:{port}/docs")
        plain, gateway = [], []
        with httpx.Client(timeout=120) as client:
            for number in range(count + 2):
                body = {"prompt": "a red fox in the snow", "width": 512, "height": 512, "seed": number}
                first = timed(lambda body=body: client.post(f"http://127.0.0.1:{port}/generate", json=body))
                asked = {"prompt": body["prompt"], "model": "picture", "size": "512x512", "seed": number}
                second = timed(lambda asked=asked: client.post(f"{found.url}/v1/images/generations", json=asked))
                if number >= 2:
                    plain.append(first)
                    gateway.append(second)
    print("\n| an illustration, 512x512 | median |\n|---|---|")
    print(f"| plain FastAPI, illustrator in a thread | {median(plain):.0f} ms |")
    print(f"| gateway, spool and daemon | {median(gateway):.0f} ms ({median(gateway) / median(plain):.2f} times) |")


def measure_waiting(count: int) -> None:
    """Clients that wait at the same time, each for a job of its own."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4 * count)), hard))
    with setting() as found:
        before = found.memory()
        told: dict[str, Any] = {}

        async def run() -> None:
            limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
            async with httpx.AsyncClient(base_url=found.url, timeout=300, limits=limits) as client:
                ids = []
                for _ in range(count):
                    body = {"prompt": "x", "kind": "slow", "width": 8, "height": 8}
                    ids.append((await client.post("/v1/jobs", json=body)).json()["id"])
                waits = [asyncio.create_task(client.get(f"/v1/jobs/{each}?wait=45")) for each in ids]
                await asyncio.sleep(25)
                told["memory"] = found.memory()
                told["threads"] = found.threads()
                told["open"] = sum(not each.done() for each in waits)
                began = time.perf_counter()
                (await client.get("/healthz")).raise_for_status()
                told["health"] = (time.perf_counter() - began) * 1000
                answers = await asyncio.gather(*waits)
                told["answered"] = sum(each.status_code == 200 for each in answers)

        asyncio.run(run())
        for path in found.spool.glob("*.txt"):
            path.unlink()
    watches = sum(name == "spectacle-client" for name in told["threads"])
    print(f"\n| {count} clients waiting at the same time | |\n|---|---|")
    print(f"| connections open after 25 s | {told['open']} |")
    print(f"| answered | {told['answered']} |")
    print(f"| memory of the gateway | **{told['memory']:.0f} MB** ({before:.0f} MB before) |")
    print(f"| directory watches | **{watches}** (of {len(told['threads'])} threads) |")
    print(f"| `/healthz` meanwhile | {told['health']:.0f} ms |")


def measure_loss(count: int, clients: int = 24) -> None:
    """Many requests by several clients: each must get its own image."""
    with setting() as found:
        began = time.perf_counter()
        outcomes: list[Any] = []

        async def run() -> None:
            waiting = iter(range(count))
            async with httpx.AsyncClient(base_url=found.url, timeout=600) as client:

                async def one_client() -> None:
                    for number in waiting:
                        body = {"prompt": f"number {number}", "kind": "card", "width": 8, "height": 8}
                        answer = await client.post("/v1/jobs", json=body)
                        job = answer.json()["id"]
                        while True:
                            state = (await client.get(f"/v1/jobs/{job}?wait=60")).json()
                            if state["status"] not in ("queued", "running"):
                                break
                        outcomes.append((job, state["status"]))

                await asyncio.gather(*(one_client() for _ in range(clients)))

        asyncio.run(run())
        seconds = time.perf_counter() - began
        left = [name for name in os.listdir(found.spool) if name.endswith((".txt", ".lock"))]
        images = sum(name.endswith(".png") for name in os.listdir(found.spool))
        memory = found.memory()
    succeeded = {job for job, status in outcomes if status == "succeeded"}
    print(f"\n| {count} requests by {clients} clients | |\n|---|---|")
    print(f"| got their image | **{len(succeeded)}** |")
    print(f"| images in the spool; requests left | {images - 1}; {len(left)} |")
    print(f"| requests a second | {count / seconds:.0f} |")
    print(f"| memory of the gateway at the end | {memory:.0f} MB |")


MEASURES: dict[str, tuple[Callable[[int], None], int, int]] = {
    "latency": (measure_latency, 300, 30),
    "illustration": (measure_illustration, 60, 8),
    "waiting": (measure_waiting, 1000, 100),
    "loss": (measure_loss, 10_000, 300),
}
"""By name: the measure, and how much of it is measured in full and quickly."""


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="measure less, to see whether it runs")
    parser.add_argument("--only", nargs="*", choices=MEASURES, default=list(MEASURES), help="what to measure")
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} CPUs, load average {load:.1f} before, Python {sys.version.split()[0]}")
    for name in arguments.only:
        measure, full, quick = MEASURES[name]
        measure(quick if arguments.quick else full)
    print(f"\nload average {os.getloadavg()[0]:.1f} after", flush=True)


if __name__ == "__main__":
    main()
