"""Measures what the spool costs, side by side with a plain loop, with huey, and with the bare system calls.

    python benchmarks/spool.py [--quick] [--home DIRECTORY] [--only NAME …]

Prints tables in Markdown, ratios first. `make benchmarks` brings huey; without it, it is left out.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from spooling import measures
from spooling.bare import FEWEST_CALLS, PROTOCOL_CALLS
from spooling.card import SIDE, CardMaker
from spooling.contestants import Contestant, Huey, HurriedHuey, ListdirLoop, Spectacle, has_huey, running


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured."""

    latencies: dict[type[Contestant], int]
    waiting: int
    repetitions: int
    backlogs: Sequence[int]
    foreign: int
    instances: Sequence[int]
    idle_seconds: float
    starts: int
    steady: int


FULL = Extent(
    {Spectacle: 300, ListdirLoop: 60, Huey: 100, HurriedHuey: 100},
    1000, 5, (100, 1000, 10_000, 100_000), 100_000, (1, 2, 4), 20, 5, 1000,
)  # fmt: skip
QUICK = Extent(
    {Spectacle: 40, ListdirLoop: 3, Huey: 20, HurriedHuey: 20},
    200, 1, (100, 1000, 10_000), 10_000, (1, 2), 3, 1, 200,
)  # fmt: skip


STEADY_RATE = 100


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table in Markdown."""
    print(f"\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def _contestants() -> list[type[Contestant]]:
    return [Spectacle, ListdirLoop, *([Huey, HurriedHuey] if has_huey() else [])]


def _latency(home: Path, extent: Extent) -> None:
    print("\n## Latency: from a request's close to its result")
    card = CardMaker().cost()
    print(f"\nDrawing and encoding a card of {SIDE}x{SIDE} takes {1000 * card:.2f} ms of each (median).")
    found = {}
    for kind in _contestants():
        with measures.spool(home) as directory, running(contestant := kind(directory)):
            found[kind] = measures.latencies(contestant, extent.latencies[kind])
    ours = median(found[Spectacle])
    rows = []
    for kind, taken in found.items():
        worst = taken[min(len(taken) - 1, int(0.99 * len(taken)))]
        rows.append(
            [
                kind.name, f"{median(taken) / ours:.1f}", f"{1000 * median(taken):.1f} ms",
                f"{1000 * (median(taken) - card):.1f} ms", f"{1000 * worst:.1f} ms", str(len(taken)),
            ]
        )  # fmt: skip
    table(("", "median, Spectacle = 1", "median", "beyond the generator", "99th percentile", "requests"), rows)


def _throughput(home: Path, extent: Extent) -> None:
    print(f"\n## Throughput with {extent.waiting} requests waiting")
    print(f"\nAll calls of the protocol: {PROTOCOL_CALLS}.\nThe fewest calls: {FEWEST_CALLS}.")
    rows, limits = [], []
    for kind in _contestants():
        with measures.spool(home) as directory, running(contestant := kind(directory)):
            found = measures.compared_throughput(home, contestant, extent.waiting, extent.repetitions)
        limits += found
        rates = [each.rate for each in found]
        rows.append(
            [
                kind.name, f"{median(each.rate / each.by_protocol for each in found):.2f}",
                f"{median(each.rate / each.fewest for each in found):.2f}", f"{median(rates):.0f}/s",
                f"{min(rates):.0f} to {max(rates):.0f}/s",
                f"{1000 * median(each.processor for each in found):.2f} ms",
            ]
        )  # fmt: skip
    by_protocol, fewest = median(each.by_protocol for each in limits), median(each.fewest for each in limits)
    rows.append(
        ["bare loop, all calls of the protocol", "1", f"{by_protocol / fewest:.2f}", f"{by_protocol:.0f}/s", "", ""]
    )
    rows.append(["bare loop, the fewest calls", f"{fewest / by_protocol:.2f}", "1", f"{fewest:.0f}/s", "", ""])
    head = ("", "of the protocol's calls alone", "of the fewest calls", "median", "range", "processor time an answer")
    table(head, rows)


def _steady(home: Path, extent: Extent) -> None:
    print(f"\n## Requests that come at random, {STEADY_RATE} a second")
    rows = []
    for kind in _contestants():
        if kind.name == ListdirLoop.name:
            continue
        with measures.spool(home) as directory, running(contestant := kind(directory)):
            taken = measures.steady(contestant, STEADY_RATE, extent.steady)
        at = {share: f"{1000 * taken[int(share * (len(taken) - 1))]:.1f} ms" for share in (0.5, 0.95, 0.99)}
        rows.append([kind.name, *at.values(), str(len(taken))])
    table(("", "median", "95th percentile", "99th percentile", "requests"), rows)


def _instances(home: Path, extent: Extent) -> None:
    print(f"\n## Several instances on one spool, {extent.waiting} requests waiting")
    found = [measures.several_instances(home, n, extent.waiting, extent.repetitions) for n in extent.instances]
    rows = [
        [str(each.count), f"{each.rate / found[0].rate:.2f}", f"{each.rate:.0f}/s", f"{each.runs / each.requests:.3f}"]
        for each in found
    ]
    table(("instances", "one instance = 1", "median", "runs for each request"), rows)


def _backlog(home: Path, extent: Extent) -> None:
    print("\n## Scanning against backlog, processor time")
    rows = []
    for requests, foreign in [*((count, 0) for count in extent.backlogs), (0, extent.foreign)]:
        found = measures.scan(home, requests, foreign)
        count = max(requests, foreign)
        rows.append(
            [
                f"{count:,} {'requests' if requests else 'foreign files'}", f"{1e6 * found['first'] / count:.1f} µs",
                f"{1e6 * found['later'] / count:.2f} µs", f"{1000 * found['first']:.1f} ms",
                f"{1000 * found['later']:.1f} ms", f"{found['mib']:.1f} MiB", f"{found['peak']:.0f} MiB",
            ]
        )  # fmt: skip
    head = ("spool with", "first scan, each", "later, each", "first scan", "later scans", "memory learnt", "peak")
    table(head, rows)


def _idle(home: Path, extent: Extent) -> None:
    print(f"\n## Doing nothing, over {extent.idle_seconds:g} s")
    rows = []
    for foreign in (0, extent.foreign):
        found = measures.idle(home, foreign, extent.idle_seconds)
        calls = "no strace here" if found.calls is None else f"{found.calls:.1f}/s"
        rows.append([f"{foreign:,} foreign files", f"{100 * found.share:.2f} %", calls])
    table(("spool with", "of one core", "system calls"), rows)


def _starting(home: Path, extent: Extent) -> None:
    print("\n## Starting")
    print(f"\nFrom the command to watching the spool: {measures.start_up(home, extent.starts):.2f} s (median).")


PARTS: dict[str, Callable[[Path, Extent], None]] = {
    "latency": _latency,
    "throughput": _throughput,
    "steady": _steady,
    "instances": _instances,
    "backlog": _backlog,
    "idle": _idle,
    "starting": _starting,
}


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a rough run in under a minute")
    parser.add_argument("--home", type=Path, default=Path(tempfile.gettempdir()), help="where to make the spools")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=list(PARTS), help="measure these alone")
    arguments = parser.parse_args()
    print(
        f"{os.cpu_count()} cores, {platform.machine()}, Linux {platform.release()}, "
        f"{platform.python_implementation()} {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    )
    if not has_huey():
        print("huey is not installed and is left out: make benchmarks")
    began = time.monotonic()
    for part in arguments.only:
        PARTS[part](arguments.home, QUICK if arguments.quick else FULL)
    print(f"\nTook {time.monotonic() - began:.0f} s, load {os.getloadavg()[0]:.1f} at the end.")


if __name__ == "__main__":
    sys.exit(main())
