"""How long requests wait for a worker: a simulated day, and real worker processes of generators that only sleep.

python benchmarks/scheduling.py             # the simulated day: a minute
python benchmarks/scheduling.py --days 10   # the goals over ten such days, too
python benchmarks/scheduling.py --real      # real daemons, too: some minutes
python benchmarks/scheduling.py --omnisvg   # and what OmniSVG gains from batches: benchmarks/omnisvg_batches.py
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median, quantiles

from spectacle.daemon.schedule import Schedule, Waiting, WorkerState
from spectacle.spool.naming import RequestName

HOURS, USERS, CORES, POLL, WINDOW = 4.0, 50, 4, 1.0, 60.0


@dataclass(frozen=True)
class Kind:
    """A kind of request: seconds of a job and of a load, share of the requests, and whether it needs a GPU."""

    name: str
    job: float
    load: float
    share: float
    heavy: bool


KINDS = (
    Kind("illustration", 0.1, 0.7, 0.50, heavy=False),
    Kind("vectorising", 5.0, 2.0, 0.20, heavy=False),
    Kind("qwen-image", 40.0, 60.0, 0.15, heavy=True),
    Kind("qwen-image-edit", 30.0, 60.0, 0.08, heavy=True),
    Kind("botanical", 12.0, 20.0, 0.07, heavy=True),
)


@dataclass
class Request:
    """One request of the day, and when it began."""

    name: RequestName
    kind: Kind
    arrival: float
    job: float
    begin: float = 0.0


def day(gpus: int, load: float, seed: int) -> list[Request]:
    """What some users ask for, so that the GPUs would be busy for that part of the time without any load of a model."""
    chance = random.Random(seed)
    needed = sum(kind.share * kind.job for kind in KINDS if kind.heavy)
    rate = load * gpus / needed
    weights = [1 / (number + 1) for number in range(USERS)]
    requests, now = [], 0.0
    for number in itertools.count():
        now += chance.expovariate(rate)
        if now > HOURS * 3600:
            return requests
        kind = chance.choices(KINDS, [each.share for each in KINDS])[0]
        user = chance.choices(range(USERS), weights)[0]
        name = RequestName.parse(f"u{user}-{number}-64x64.txt")
        assert name is not None
        requests.append(Request(name, kind, now, kind.job * chance.uniform(0.7, 1.3)))
    raise AssertionError


class KnownCosts:
    """What `MeasuredCosts` would have learnt by then."""

    def __init__(self) -> None:
        self._kinds = {kind.name: kind for kind in KINDS}

    def load_seconds(self, request: Waiting, worker: WorkerState) -> float:
        return self._kinds[str(request.model)].load

    def job_seconds(self, request: Waiting, worker: WorkerState) -> float | None:
        return self._kinds[str(request.model)].job


@dataclass
class Worker:
    """A worker of the simulated machine: one heavy model at a time, and any number of light ones."""

    state: WorkerState
    heavy: str | None = None
    light: set[str] = field(default_factory=set)
    wakes: float = 0.0

    def loaded(self) -> list[Hashable]:
        return [*self.light, *([self.heavy] if self.heavy else [])]


Choose = Callable[[Worker, "Day"], Request | None]


class Day:
    """Carries a day out under one order.

    Args:
        requests: What is asked for.
        gpus: How many GPUs there are.
        cpus: How many CPU workers.
    """

    def __init__(self, requests: list[Request], gpus: int, cpus: int) -> None:
        self.now = 0.0
        self.requests = requests
        self.workers = []
        for number in range(gpus + cpus):
            state = WorkerState(number, number < gpus)
            worker = Worker(state)
            state.loaded, state.is_running, state.idle = worker.loaded, lambda: True, True
            self.workers.append(worker)
        self.gpus, self.cpus = gpus, cpus
        self.waiting: dict[str, Request] = {}
        self.loads = 0
        self.could_work = self.worked = 0.0

    def eligible(self, kind: Kind) -> frozenset[int]:
        """Where a kind runs: what needs no GPU on the CPU workers, where there are any."""
        on_gpu = range(self.gpus)
        return frozenset(on_gpu if kind.heavy or not self.cpus else range(self.gpus, self.gpus + self.cpus))

    def carry_out(self, choose: Choose, added: Callable[[Request], None] = lambda _: None) -> None:
        """Let the day pass."""
        arrivals = iter(self.requests)
        events: list[tuple[float, int, Worker | Request | None]] = []
        ticket = itertools.count()
        following = next(arrivals, None)
        if following is not None:
            heapq.heappush(events, (following.arrival, next(ticket), following))
        while events:
            then, _, what = heapq.heappop(events)
            self._count_work(then - self.now)
            self.now = then
            if isinstance(what, Request):
                self.waiting[what.name.stem] = what
                added(what)
                following = next(arrivals, None)
                if following is not None:
                    heapq.heappush(events, (following.arrival, next(ticket), following))
            elif isinstance(what, Worker):
                what.state.idle, what.state.model, what.state.busy_until = True, None, None
                what.state.idle_since = self.now
            begun = True
            while begun:
                begun = False
                for worker in self.workers:
                    if not worker.state.idle or not self.waiting:
                        continue
                    worker.state.again = float("inf")
                    request = choose(worker, self)
                    if request is not None:
                        begun = True
                        heapq.heappush(events, (self._begin(worker, request), next(ticket), worker))
                    elif worker.state.again < float("inf") and not self.now < worker.wakes <= worker.state.again:
                        worker.wakes = worker.state.again
                        heapq.heappush(events, (worker.wakes, next(ticket), None))

    def _begin(self, worker: Worker, request: Request) -> float:
        del self.waiting[request.name.stem]
        request.begin = self.now
        kind, seconds = request.kind, request.job
        if kind.name not in worker.loaded():
            seconds += kind.load
            if kind.heavy:
                self.loads += 1
                worker.heavy = kind.name
            else:
                worker.light.add(kind.name)
        worker.state.idle, worker.state.model = False, kind.name
        worker.state.busy_until = self.now + seconds
        return self.now + seconds

    def _count_work(self, seconds: float) -> None:
        """Count the time of GPUs while more heavy requests wait than GPUs are idle: all could have worked."""
        idle = sum(worker.state.idle for worker in self.workers[: self.gpus])
        heavy = sum(request.kind.heavy for request in self.waiting.values())
        if heavy >= max(1, idle):
            self.could_work += seconds * self.gpus
            self.worked += seconds * (self.gpus - idle)


def by_schedule(today: Day, workers: list[WorkerState]) -> tuple[Choose, Callable[[Request], None]]:
    """The order of Spectacle's schedule; without knowing the workers, it is the one that there was before."""
    schedule = Schedule(WINDOW, lambda: today.now, workers, KnownCosts())
    schedule.light_patience = POLL

    def add(request: Request) -> None:
        places, light = today.eligible(request.kind), not request.kind.heavy
        arrival = int(request.arrival * 1e9)
        schedule.add(Waiting(request.name, request.kind.name, arrival, places, light, since=today.now))

    def choose(worker: Worker, today: Day) -> Request | None:
        taken = schedule.take(worker.state)
        return None if taken is None else today.waiting[taken.name.stem]

    return choose, add


def first_come(worker: Worker, today: Day) -> Request | None:
    """The oldest request of the loaded models, or else the oldest of all."""
    able = [each for each in today.waiting.values() if worker.state.number in today.eligible(each.kind)]
    return min(able, key=lambda each: (each.kind.name not in worker.loaded(), each.arrival), default=None)


def fewest_loads(requests: list[Request], gpus: int) -> int:
    """The fewest loads with which heavy requests can be served as they arrive, by whoever knows the day beforehand."""
    order = [request.kind.name for request in requests if request.kind.heavy]
    held: set[str] = set()
    loads = 0
    for number, model in enumerate(order):
        if model in held:
            continue
        loads += 1
        if len(held) >= gpus:
            later = {each: next((i for i in range(number, len(order)) if order[i] == each), 10**9) for each in held}
            held.remove(max(held, key=later.__getitem__))
        held.add(model)
    return loads


def percentile(values: list[float]) -> float:
    """That which 95 % stay below."""
    return quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


def rows(gpus: int, load: float, seed: int) -> Iterator[tuple[str, Day]]:
    """The day under each order."""
    requests = day(gpus, load, seed)
    today = Day(requests, gpus, CORES)
    choose, add = by_schedule(today, [worker.state for worker in today.workers])
    today.carry_out(choose, add)
    yield "Spectacle", today
    today = Day(day(gpus, load, seed), gpus, 0)
    choose, add = by_schedule(today, [])
    today.carry_out(choose, add)
    yield "before: GPU workers alone, no placement", today
    today = Day(day(gpus, load, seed), gpus, CORES)
    today.carry_out(first_come)
    yield "first come, first served per model", today


def report(gpus: int, load: float, seed: int) -> None:
    """Print one day."""
    optimum = fewest_loads(day(gpus, load, seed), gpus)
    print(f"\n{gpus} GPU(s), {CORES} cores, heavy jobs for {load:.0%} of the GPUs' time; least loads {optimum}")
    print(
        "| order | light: median, 95 % | vectorising | heavy | GPUs at work under load | loads / least | few : many |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, today in rows(gpus, load, seed):
        waits: dict[str, list[float]] = defaultdict(list)
        users: dict[str, list[float]] = defaultdict(list)
        for request in today.requests:
            wait = request.begin - request.arrival
            waits["heavy" if request.kind.heavy else request.kind.name].append(wait)
            if request.kind.heavy:
                users[request.name.user].append(wait)
        told = [
            f"{median(waits[kind]):.1f} s, {percentile(waits[kind]):.1f} s"
            for kind in ("illustration", "vectorising", "heavy")
        ]
        ordered = sorted(users.values(), key=len)
        fair = mean(map(mean, ordered[: len(ordered) // 2])) / max(1e-9, mean(map(mean, ordered[-5:])))
        busy = today.worked / today.could_work if today.could_work else 1.0
        print(f"| {name} | {' | '.join(told)} | {busy:.1%} | {today.loads / optimum:.2f} | {fair:.2f} |")


def days(gpus: int, load: float, count: int) -> None:
    """Print how loads and work under load vary from one day to another."""
    loads, optimum, work = [], [], []
    for seed in range(1, count + 1):
        today = Day(day(gpus, load, seed), gpus, CORES)
        choose, add = by_schedule(today, [worker.state for worker in today.workers])
        today.carry_out(choose, add)
        loads.append(today.loads)
        optimum.append(fewest_loads(today.requests, gpus))
        work.append(today.worked / today.could_work)
    ratios = sorted(one / other for one, other in zip(loads, optimum, strict=True))
    print(
        f"{gpus} GPUs, {count} days: loads / least {sum(loads) / sum(optimum):.2f} in all, "
        f"{ratios[0]:.2f} to {ratios[-1]:.2f} a day; at work under load {mean(work):.1%} on average, "
        f"{min(work):.1%} to {max(work):.1%} a day"
    )


# --- real processes --------------------------------------------------------------------------------------------

_PLUGIN = """
from spectacle.generators.base import RunsOn
from spectacle.generators.test_generator import TestGenerator


class Heavy(TestGenerator):
    name = "heavy"
    runs_on = RunsOn.GPU_PREFERRED
"""

_SETTINGS = """
default_kind = "light"
[spool]
path = "spool"
poll_interval = {poll}
[workers]
devices = {devices}
cpu_workers = 2
preload = false
[kinds.light]
generator = "illustration"
[kinds.heavy]
generator = "heavy"
options = {{ steps = 10, step_seconds = 0.3 }}
"""


def with_daemon(devices: str, work: Callable[[Path], None]) -> None:
    """Do something with a daemon on a spool of its own."""
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        (home / "spool").mkdir()
        (home / "heavy.py").write_text(_PLUGIN)
        about = home / "heavy-1.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: heavy\nVersion: 1\n")
        (about / "entry_points.txt").write_text("[spectacle.generators]\nheavy = heavy:Heavy\n")
        (home / "spectacle.toml").write_text(_SETTINGS.format(devices=devices, poll=POLL))
        command = [sys.executable, "-P", "-m", "spectacle", "serve", "--config", str(home / "spectacle.toml")]
        with (home / "log").open("wb") as log:
            environment = {**os.environ, "PYTHONPATH": str(home)}
            daemon = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            work(home / "spool")
        finally:
            daemon.kill()
            daemon.wait()


def submit(spool: Path, stem: str) -> Path:
    """Ask for something. Returns where the result will be."""
    draft = spool / f".{stem}"
    draft.write_text("a red fox beside a river")
    draft.rename(spool / f"{stem}.txt")
    return spool / f"{stem}.png"


def wait_for(paths: list[Path]) -> None:
    """Wait until all are there."""
    for path in paths:
        while not path.exists():
            time.sleep(0.005)


def light_beside_heavy(spool: Path) -> None:
    """Print how long light requests take while heavy ones keep the machine busy."""
    wait_for([submit(spool, "warm-1-256x256"), submit(spool, "warm-2-64x64-heavy")])
    for number in range(30):
        submit(spool, f"h-{number}-64x64-heavy")
    taken = []
    for number in range(40):
        began = time.perf_counter()
        wait_for([submit(spool, f"l-{number}-256x256")])
        taken.append(time.perf_counter() - began)
        time.sleep(0.3)
    print(f"    light beside heavy: median {median(taken):.2f} s, 95 % within {percentile(taken):.2f} s")


def throughput(spool: Path) -> None:
    """Print how many illustrations are made each second."""
    wait_for([submit(spool, f"warm-{number}-512x512") for number in range(8)])
    for part in range(2):
        began = time.perf_counter()
        wait_for([submit(spool, f"{'ab'[part]}-{number}-512x512") for number in range(80)])
        print(f"    illustrations: {80 / (time.perf_counter() - began):.2f} a second")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", action="store_true", help="run real daemons, too")
    parser.add_argument("--omnisvg", action="store_true", help="measure OmniSVG's batches, too")
    parser.add_argument("--days", type=int, default=0, help="how many days the goals are averaged over")
    parser.add_argument("--load", type=float, default=0.75, help="part of the GPUs' time that heavy jobs take")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for gpus in (1, 2, 4):
        report(gpus, arguments.load, arguments.seed)
    for gpus in (2, 4) if arguments.days else ():
        days(gpus, arguments.load, arguments.days)
    if arguments.omnisvg:
        import omnisvg_batches

        omnisvg_batches.main(["--tiny"])
        omnisvg_batches.main(["--size", "4B", "--layers", "4", "--tokens", "12", "--runs", "1"])
    if arguments.real:
        for devices in ('["cpu"]', '["auto"]'):
            print(f"\nworkers.devices = {devices}, {len(os.sched_getaffinity(0))} cores")
            with_daemon(devices, light_beside_heavy)
            with_daemon(devices, throughput)


if __name__ == "__main__":
    main()
