"""Measures what workers on a Ray cluster cost, beside local ones and beside several instances on one spool.

    python benchmarks/cluster.py [--quick] [--only NAME …]

Starts a cluster on this machine, whose nodes only claim to have resources, and daemons with the test generator, whose
jobs sleep. Prints tables in Markdown. What is compared runs in turns, so that other work on the machine concerns all.
Measures: overhead, throughput, thousand.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import math
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from PIL import Image

from spectacle.client import submit, wait
from spectacle.cluster.access import ray_environment
from spectacle.config.cluster import MAX_WORKERS

JOB_SECONDS = 0.2
LONG_JOB_SECONDS = 5.0
LOAD = 0.6
"""Part of the time for which the workers are busy where latency is measured."""

NOISE = 600
"""Side of an image of noise of about 1 MB."""

CONFIGURATION = """
default_kind = "card"
[spool]
path = "{spool}"
min_free = 0
[workers]
backend = "{backend}"
devices = {devices}
idle_unload = 3600
drain_timeout = 1
[log]
level = "warning"
[ray]
address = "{address}"
token = "{token}"
workers = {workers}
gpus = 0
cpus = 0.01
[kinds.card]
generator = "test-double"
"""

NODE: dict[str, Any] = {"object_store_memory": 80 << 20}
"""The least that Ray takes is 75 MiB."""


@dataclass(frozen=True)
class Cluster:
    """A cluster on this machine."""

    address: str
    token: Path


@contextlib.contextmanager
def cluster(home: Path) -> Iterator[Cluster]:
    """A head node and another one while the block runs."""
    token = home / "token"
    token.write_text(secrets.token_hex(32))
    token.chmod(0o600)
    os.environ.update(ray_environment(token))
    os.environ["RAY_TMPDIR"] = str(home)
    from ray.cluster_utils import Cluster as RayCluster

    made = RayCluster(
        initialize_head=True, head_node_args={**NODE, "num_cpus": 0, "num_gpus": 0, "include_dashboard": False}
    )
    try:
        made.add_node(num_cpus=4, num_gpus=0, **NODE)
        yield Cluster(made.address, token)
    finally:
        made.shutdown()


class Arrangement:
    """Daemons on a spool of their own.

    Args:
        home: Where its files are.
        name: What it is called.
        workers: How many workers it has in all.
        on: The cluster, or None for local workers.
        instances: How many daemons share the local workers.
    """

    def __init__(self, home: Path, name: str, workers: int, on: Cluster | None = None, instances: int = 1) -> None:
        self.name = name
        self.workers = workers
        self.spool = home / f"{name}-{workers}".replace(" ", "-")
        self.spool.mkdir()
        file = self.spool.with_suffix(".toml")
        file.write_text(
            CONFIGURATION.format(
                spool=self.spool,
                backend="local" if on is None else "ray",
                devices=["cpu"] * (workers // instances),
                address="127.0.0.1:1" if on is None else on.address,
                token="" if on is None else on.token,
                workers=workers,
            ).replace("'", '"')
        )
        self._numbers = iter(range(10**9))
        self._daemons = [
            subprocess.Popen(
                [sys.executable, "-m", "spectacle", "serve", "--config", str(file)], stdin=subprocess.DEVNULL
            )
            for _ in range(instances)
        ]
        self.processes = [psutil.Process(daemon.pid) for daemon in self._daemons]

    def be_ready(self) -> None:
        """Wait until every worker has its place and its model."""
        until(lambda: self._present() >= self.workers, f"{self.name}: {self.workers} workers")
        self.burst(3 * self.workers, JOB_SECONDS)

    def _present(self) -> int:
        reports = []
        for file in (self.spool / ".spectacle" / "instances").glob("*.json"):
            with contextlib.suppress(OSError, ValueError):
                reports.append(json.loads(file.read_text()))
        return sum(each["absent"] is None for report in reports for each in report.get("devices", ()))

    def put(self, seconds: float) -> str:
        """A request whose job sleeps; runs with no other one together. Returns the stem."""
        number = next(self._numbers)
        options = {"steps": max(1, round(seconds)), "step_seconds": seconds / max(1, round(seconds))}
        return submit(
            self.spool, "x", width=32, height=32, message_id=str(number), user="bench",
            options={**options, "group": str(number)},
        ).stem  # fmt: skip

    def answered(self, stems: Sequence[str]) -> list[float]:
        """When the results were there, in seconds since the epoch."""
        files = [self.spool / f"{stem}.png" for stem in stems]
        until(lambda: all(file.exists() for file in reversed(files)), f"{self.name}: results")
        return [file.stat().st_mtime for file in files]

    def burst(self, count: int, seconds: float) -> float:
        """Put requests all at once. Returns the seconds until all are answered."""
        began = time.time()
        return max(self.answered([self.put(seconds) for _ in range(count)])) - began

    def paced(self, count: int, seconds: float) -> list[float]:
        """Put requests in even intervals. Returns the seconds of each beyond its job."""
        stems, began = [], []
        start = time.time()
        for number in range(count):
            time.sleep(max(0.0, start + number * seconds / self.workers / LOAD - time.time()))
            began.append(time.time())
            stems.append(self.put(seconds))
        return [end - begin - seconds for begin, end in zip(began, self.answered(stems), strict=True)]

    def helper(self) -> list[psutil.Process]:
        """The processes that speak to Ray."""
        children = [child for process in self.processes for child in process.children()]
        return [child for child in children if "spectacle.cluster.helper" in " ".join(child.cmdline())]

    def close(self) -> None:
        """End the daemons."""
        for daemon in self._daemons:
            daemon.terminate()
        for daemon in self._daemons:
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()


def until(condition: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what}: not there after {seconds:g} s")
        time.sleep(0.02)


def cpu(processes: Sequence[psutil.Process]) -> float:
    """Seconds of CPU time that processes have taken."""
    times = [process.cpu_times() for process in processes]
    return sum(each.user + each.system for each in times)


def of_ray() -> list[psutil.Process]:
    """Ray's own processes on this machine, and the actors."""
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if "gcs_server" in child.name() or "raylet" in child.name() or child.name().startswith("ray::")
    ]


@contextlib.contextmanager
def ready(*arrangements: Arrangement) -> Iterator[None]:
    """Have them ready while the block runs."""
    try:
        for each in arrangements:
            each.be_ready()
        yield
    finally:
        for each in arrangements:
            each.close()


def measure_overhead(home: Path, on: Cluster, quick: bool) -> None:
    """One request after the other, with an image of 1 MB and a result of 1 MB, on the cluster and locally in turns."""
    content = io.BytesIO()
    Image.frombytes("RGB", (NOISE, NOISE), os.urandom(3 * NOISE**2)).save(content, "PNG")
    picture = home / "noise.png"
    picture.write_bytes(content.getvalue())
    local, ray = Arrangement(home, "one", 1), Arrangement(home, "ray one", 1, on)

    def timed(arrangement: Arrangement) -> float:
        began = time.perf_counter()
        request = submit(
            arrangement.spool, "x", width=NOISE, height=NOISE, inputs=[picture], options={"noise": True}
        )  # fmt: skip
        wait(request, 60)
        return (time.perf_counter() - began) * 1000

    with ready(local, ray):
        pairs = [(timed(local), timed(ray)) for _ in range(10 if quick else 30)]
    here, there = (sorted(pair[side] for pair in pairs[3:]) for side in (0, 1))
    added = sorted(b - a for a, b in pairs[3:])
    print(
        f"\n| image of {picture.stat().st_size / 1e6:.1f} MB, result as large | fastest tenth | median |\n|---|---|---|"
    )
    print(f"| local worker | {here[len(here) // 10]:.0f} ms | {median(here):.0f} ms |")
    print(f"| worker on the cluster | {there[len(there) // 10]:.0f} ms | {median(there):.0f} ms |")
    fastest = there[len(there) // 10] - here[len(here) // 10]
    print(f"| added by the cluster (median: of the pairs) | {fastest:.0f} ms | **{median(added):.0f} ms** |")


def measure_throughput(home: Path, on: Cluster, quick: bool) -> None:
    """Jobs that sleep, with several workers: all at once, and at a part of what the workers can do."""
    print(f"\nJobs of {JOB_SECONDS:g} s; latency at {LOAD:.0%} of what the workers can do, beyond the job:\n")
    print("| workers | where | requests per second | of the possible | CPU of the daemon per job | latency, median |")
    print("|---|---|---|---|---|---|", flush=True)
    for count in (1, 2) if quick else (1, 2, 4):
        arrangements = [
            Arrangement(home, "local", count),
            Arrangement(home, "ray", count, on),
            Arrangement(home, "instances", count, instances=count),
        ]
        jobs, rounds = 15 * count, 1 if quick else 2
        with ready(*arrangements):
            rates: dict[str, list[float]] = {each.name: [] for each in arrangements}
            late: dict[str, list[float]] = {each.name: [] for each in arrangements}
            spent: dict[str, list[float]] = {each.name: [] for each in arrangements}
            for _ in range(rounds):
                for each in arrangements:
                    processes = [*each.processes, *each.helper()]
                    before = cpu(processes)
                    rates[each.name].append(jobs / each.burst(jobs, JOB_SECONDS))
                    spent[each.name].append((cpu(processes) - before) / jobs)
                for each in arrangements:
                    late[each.name] += each.paced(jobs, JOB_SECONDS)
        for each in arrangements:
            rate = median(rates[each.name])
            shown = f"{rate:.1f} | {rate * JOB_SECONDS / count:.0%} | {median(spent[each.name]) * 1e3:.1f} ms"
            print(f"| {count} | {each.name} | {shown} | {median(late[each.name]) * 1e3:.0f} ms |", flush=True)


def measure_thousand(home: Path, on: Cluster, quick: bool) -> None:
    """Jobs of five seconds on as many actors as the machine holds: what one daemon can feed, by its CPU time."""
    count = 4 if quick else 12
    ray = Arrangement(home, "many", count, on)
    with ready(ray):
        helper = ray.helper()
        before = cpu(ray.processes), cpu(helper), cpu(of_ray())
        jobs = count * (1 if quick else 4)
        seconds = ray.burst(jobs, LONG_JOB_SECONDS)
        after = cpu(ray.processes), cpu(helper), cpu(of_ray())
    daemon, spoke, cluster_own = ((b - a) / jobs for a, b in zip(before, after, strict=True))
    feeds = LONG_JOB_SECONDS / max(daemon, spoke)
    print(f"\n| {count} workers, jobs of {LONG_JOB_SECONDS:g} s | |\n|---|---|")
    print(f"| workers at work | {jobs * LONG_JOB_SECONDS / seconds / count:.0%} of the time |")
    print(f"| CPU time of the daemon per job | {daemon * 1e3:.1f} ms |")
    print(f"| … of its helper process | {spoke * 1e3:.1f} ms |")
    print(f"| … of Ray's own processes and the actors | {cluster_own * 1e3:.1f} ms |")
    print(f"| GPUs that a core of the busier of the two would feed, extrapolated | {feeds:.0f} |")
    daemons = math.ceil(1000 / min(feeds, MAX_WORKERS))
    print(f"| daemons for 1,000 GPUs, at most {MAX_WORKERS} each | {daemons} |")


MEASURES = {"overhead": measure_overhead, "throughput": measure_throughput, "thousand": measure_thousand}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="measure little, in about a minute")
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=list(MEASURES), metavar="NAME")
    arguments = parser.parse_args()
    # The paths of Ray's sockets must be short.
    home = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))
    try:
        with cluster(home) as made:
            for name in arguments.only:
                MEASURES[name](home, made, arguments.quick)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
