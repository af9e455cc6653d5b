"""The measurements: latency, throughput, backlog, several instances, idling, starting."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from spooling import bare
from spooling.card import PROMPT, CardMaker
from spooling.contestants import Contestant, Spectacle, freeze, running, stems, thaw, wait_for

GLANCE = 0.0002
"""Seconds between two looks for a result."""


@contextlib.contextmanager
def spool(home: Path) -> Iterator[Path]:
    """An empty spool in a directory of its own below `home`, removed afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="bench-", dir=home))
    (directory / "spool").mkdir()
    try:
        yield directory / "spool"
    finally:
        shutil.rmtree(directory)


def warm(contestant: Contestant) -> None:
    """Have the first requests answered, which pay for loading."""
    for stem in stems(3, "warm"):
        contestant.submit(stem)
        wait_for((contestant.spool / f"{stem}.png").exists, f"{contestant.name} to answer at all")


def latencies(contestant: Contestant, times: int) -> list[float]:
    """Seconds from a request's close to its result, sorted; one request after the other with pauses between."""
    warm(contestant)
    chance = random.Random(1)
    taken = []
    for stem in stems(times, "one"):
        time.sleep(chance.uniform(0.02, 0.12))
        result = contestant.spool / f"{stem}.png"
        contestant.submit(stem)
        began = time.perf_counter()
        wait_for(result.exists, f"{contestant.name} to answer {stem}", GLANCE)
        taken.append(time.perf_counter() - began)
    return sorted(taken)


def steady(contestant: Contestant, rate: float, times: int) -> list[float]:
    """Seconds from a request's close to its result, sorted, of requests that come at random, `rate` a second."""
    warm(contestant)
    chance = random.Random(1)
    waiting: dict[Path, float] = {}
    taken = []
    names = iter(stems(times, "steady"))
    due = time.perf_counter()
    while waiting or len(taken) < times:
        now = time.perf_counter()
        if now >= due and (stem := next(names, None)) is not None:
            contestant.submit(stem)
            waiting[contestant.spool / f"{stem}.png"] = time.perf_counter()
            due += chance.expovariate(rate)
        for result in [each for each in waiting if each.exists()]:
            taken.append(time.perf_counter() - waiting.pop(result))
        time.sleep(GLANCE)
    return sorted(taken)


@dataclass(frozen=True, slots=True)
class Throughput:
    """Requests per second of a contestant, and of the bare loops just before and after it.

    Attributes:
        rate: The contestant's.
        processor: Seconds of processor time the contestant took for each answer.
        by_protocol: Of the bare loop with all calls of the protocol.
        fewest: Of the one with the fewest.
    """

    rate: float
    processor: float
    by_protocol: float
    fewest: float


def bare_rates(home: Path, count: int) -> tuple[float, float]:
    """Requests per second of the bare loops: all calls of the protocol, and the fewest."""
    content = CardMaker().card(PROMPT)
    found = []
    for protocol in (True, False):
        with spool(home) as directory:
            names = stems(count, "bare")
            place(directory, names)
            found.append(bare.rate(directory, names, content, protocol=protocol))
    return found[0], found[1]


def place(directory: Path, names: list[str]) -> None:
    """Write requests."""
    for name in names:
        (directory / f"{name}.txt").write_text(PROMPT)


def throughput(contestant: Contestant, count: int, tag: str) -> float:
    """Requests per second with `count` waiting. The contestant is held still while they are written."""
    before = contestant.answered()
    freeze(contestant)
    for stem in stems(count, tag):
        contestant.submit(stem)
    thaw(contestant)
    began = time.perf_counter()
    wait_for(lambda: contestant.answered() >= before + count, f"{contestant.name} to answer {count} requests", 0.02)
    taken = time.perf_counter() - began
    # Nothing of one repetition may lie in the way of the next.
    wait_for(lambda: not any(name.endswith(".txt") for name in os.listdir(contestant.spool)), "the last request to go")
    for name in os.listdir(contestant.spool):
        if name.endswith(".png"):
            (contestant.spool / name).unlink()
    return count / taken


def compared_throughput(home: Path, contestant: Contestant, count: int, repetitions: int) -> list[Throughput]:
    """Throughput, each time between two runs of the bare loops, for a shared machine is not the same for long."""
    warm(contestant)
    found = []
    before = bare_rates(home, count // 2)
    for repetition in range(repetitions):
        spent = contestant.processor_seconds()
        rate = throughput(contestant, count, f"r{repetition}x")
        processor = (contestant.processor_seconds() - spent) / count
        after = bare_rates(home, count // 2)
        found.append(Throughput(rate, processor, (before[0] + after[0]) / 2, (before[1] + after[1]) / 2))
        before = after
    return found


@dataclass(frozen=True, slots=True)
class Instances:
    """What several instances did together."""

    count: int
    rate: float
    runs: int
    requests: int


def several_instances(home: Path, instances: int, count: int, repetitions: int) -> Instances:
    """Throughput of several instances on one spool, and how many attempts ran for how many requests."""
    with spool(home) as directory:
        contestant = Spectacle(directory)
        contestant.instances = instances
        with running(contestant):
            warm(contestant)
            rates = [throughput(contestant, count, f"i{number}x") for number in range(repetitions)]
            requests = 3 + repetitions * count
            # Reported once in ten seconds when idle. Attempts that only found another's claim ran nothing.
            wait_for(lambda: _runs(contestant.verdicts()) >= requests, "the instances' reports", 0.2)
            return Instances(instances, median(rates), _runs(contestant.verdicts()), requests)


def _runs(verdicts: dict[str, int]) -> int:
    return sum(number for verdict, number in verdicts.items() if verdict not in {"held", "gone", "unsettled"})


def scan(home: Path, requests: int, foreign: int) -> dict[str, float]:
    """What a backlog costs, measured in a process of its own: see `spooling.scanning`."""
    with spool(home) as directory:
        place(directory, stems(requests, "wait", users=1000))
        for number in range(foreign):
            (directory / f"holiday-{number}.jpeg").touch()
        said = subprocess.run(
            [sys.executable, "-m", "spooling.scanning", directory], capture_output=True, text=True, check=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )  # fmt: skip
        found: dict[str, float] = json.loads(said.stdout)
        return found


@dataclass(frozen=True, slots=True)
class Idle:
    """What doing nothing costs: share of one core, and system calls per second or None without strace."""

    share: float
    calls: float | None


def idle(home: Path, foreign: int, seconds: float) -> Idle:
    """Cost of an idle daemon with its worker, once it has settled."""
    with spool(home) as directory:
        for number in range(foreign):
            (directory / f"holiday-{number}.jpeg").touch()
        contestant = Spectacle(directory)
        with running(contestant):
            warm(contestant)
            time.sleep(min(6, seconds))
            before = _running_time(contestant)
            time.sleep(seconds)
            share = (_running_time(contestant) - before) / seconds
            return Idle(share, _calls_per_second(contestant, min(seconds, 10)))


def _processes(contestant: Contestant) -> list[int]:
    groups = {process.pid for process in contestant.processes}
    found = []
    for entry in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if entry.isdigit() and os.getpgid(int(entry)) in groups:
                found.append(int(entry))
    return found


def _running_time(contestant: Contestant) -> float:
    """Seconds all threads of the contestant have run so far."""
    total = 0
    for pid in _processes(contestant):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def _calls_per_second(contestant: Contestant, seconds: float) -> float | None:
    if shutil.which("strace") is None:
        return None
    report = contestant.spool.parent / "strace"
    pids = [argument for pid in _processes(contestant) for argument in ("-p", str(pid))]
    tracer = subprocess.Popen(["strace", "-c", "-f", "-o", report, *pids], stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    tracer.terminate()
    tracer.wait()
    total = [line.split() for line in report.read_text().splitlines() if line.endswith(" total")]
    return int(total[0][3]) / seconds if total else 0.0


def start_up(home: Path, repetitions: int) -> float:
    """Median seconds from starting the command until it watches the spool."""
    taken = []
    for _ in range(repetitions):
        with spool(home) as directory:
            began = time.perf_counter()
            with running(Spectacle(directory)):
                taken.append(time.perf_counter() - began)
    return median(taken)
