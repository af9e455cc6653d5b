"""What limits of users and retention cost a daemon with many names in its spool, in CPU time.

python benchmarks/operating.py             # 100,000 requests and 100,000 results, in a temporary directory: a minute
python benchmarks/operating.py --names 1000
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
import tracemalloc
from pathlib import Path

from spectacle.config import Settings
from spectacle.daemon.backlog import Backlog
from spectacle.daemon.retaining import Retaining
from spectacle.daemon.user_limits import UserLimits
from spectacle.spool.claims import Claims
from spectacle.spool.directory import Spool
from spectacle.spool.file_status import FileStatus
from spectacle.spool.instances import Instances
from spectacle.spool.naming import RequestName

USERS = 1000
ROUNDS = 5


def opened(directory: Path) -> Spool:
    """The spool, ready."""
    spool = Spool(directory)
    spool.open()
    spool.prepare_state_directory()
    return spool


def settings_for(spool: Path, **sections: object) -> Settings:
    """Settings with these sections."""
    return Settings.model_validate({"spool": {"path": spool}, **sections})


def requests(directory: Path, count: int) -> None:
    """Limits, with so many waiting requests: a round of judging, which is made at each poll while requests wait."""
    spool = opened(directory)
    file = directory / "u0-0-64x64.txt"
    file.write_text("x")
    look = spool.peek(file.name)
    assert isinstance(look, FileStatus)
    for limits in ({"waiting": count}, {"per_hour": 10}, {"running": 1, "per_hour": 100, "pixels": 10**9}):
        settings = settings_for(directory, limits={"users": limits})
        ticks = itertools.count(1, 2)
        backlog = Backlog(lambda settings=settings: settings, lambda: 0.0)
        backlog.allow(True)
        for number in range(count):
            name = RequestName.from_stem(f"u{number % USERS}-{number}-64x64")
            assert name is not None
            backlog.add(name, look, complete=True)
        instances = Instances(spool, "bench", lambda: 0.0)
        users = UserLimits(spool, backlog, instances, lambda settings=settings: settings, lambda: None, lambda: 0.0)
        began = time.process_time()
        for _ in range(ROUNDS):
            users.refresh(float(next(ticks)))
        each = (time.process_time() - began) / ROUNDS
        tracemalloc.start()
        users.refresh(float(next(ticks)))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        print(f"| {count:,} waiting | {', '.join(limits)} | {each * 1e3:.1f} ms | {peak / 2**20:.1f} MiB |", flush=True)


def results(directory: Path, count: int) -> None:
    """Retention, with so many results: a survey that removes nothing, and one that removes a tenth."""
    for number in range(count):
        (directory / f"u{number % USERS}-{number}-64x64.png").write_bytes(b"x")
    spool = opened(directory)
    for text, rule in (("keeps all", {"number": 2 * count}), ("removes a tenth", {"number": count - count // 10})):
        settings = settings_for(directory, retention={**rule, "grace": 0})
        took, longest, turns = survey(spool, settings)
        print(f"| {count:,} results | {text} | {took:.2f} s | {turns} | {longest * 1e3:.0f} ms |", flush=True)
    tracemalloc.start()
    survey(spool, settings_for(directory, retention={"number": 2 * count, "grace": 0}))
    print(f"peak of a survey: {tracemalloc.get_traced_memory()[1] / 2**20:.1f} MiB")


def survey(spool: Spool, settings: Settings) -> tuple[float, float, int]:
    """Do what is due. Returns the CPU seconds of all turns and of the longest one, and the number of turns."""
    retaining = Retaining(spool, Claims(spool, 30), lambda: settings, time.monotonic)
    turns = []
    more = True
    while more:
        began = time.process_time()
        more = retaining.work(time.monotonic())
        turns.append(time.process_time() - began)
    return sum(turns), max(turns), len(turns)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=int, default=100_000)
    count = parser.parse_args().names
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / "requests").mkdir()
        (Path(home) / "results").mkdir()
        requests(Path(home) / "requests", count)
        results(Path(home) / "results", count)


if __name__ == "__main__":
    main()
