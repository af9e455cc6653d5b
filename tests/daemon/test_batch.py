"""Waiting requests of one model are run together: in the order of turns, each with its own claim, end and attempts."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from clock import Clock
from daemon_process import CONFIGURATION, Daemon, wait_for
from heedless import Heedless, job

from spectacle.config import Settings
from spectacle.daemon.batch import Batch
from spectacle.daemon.kept_threads import KeptThreads
from spectacle.daemon.progress import Attempt
from spectacle.daemon.schedule import Schedule, Waiting, WorkerState
from spectacle.generators.base import Device
from spectacle.spool.naming import RequestName
from spectacle.worker.contract import WorkerBackend
from spectacle.worker.in_process import InProcessWorker
from spectacle.worker.local import LocalWorker


def waiting(user: str, number: int, arrival: int, model: str = "m", **about: Any) -> Waiting:
    name = RequestName.parse(f"{user}-{number}-64x64.txt")
    assert name is not None
    return Waiting(name, model, arrival, **about)


def together(schedule: Schedule, worker: WorkerState, most: int, model: str = "m") -> list[str]:
    return [f"{each.name.user}{each.name.msgid}" for each in schedule.companions(model, worker, most)]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def worker() -> WorkerState:
    return WorkerState(loaded=lambda: ("m",))


def test_users_take_turns_within_a_batch_and_after_it(clock: Clock, worker: WorkerState) -> None:
    schedule = Schedule(60, clock, [worker])
    for number in range(6):
        schedule.add(waiting("greedy", number, number))
    for number, user in enumerate(("b", "c")):
        schedule.add(waiting(user, 0, 100 + number))
    first = schedule.take(worker)
    assert first is not None
    assert first.name.user == "greedy"
    clock.now += 1
    assert together(schedule, worker, 3) == ["b0", "c0", "greedy1"]
    clock.now += 1
    schedule.add(waiting("d", 0, 200))
    assert together(schedule, worker, 2) == ["d0", "greedy2"]


def test_a_batch_overtakes_another_model_no_longer_than_the_affinity_window(clock: Clock, worker: WorkerState) -> None:
    schedule = Schedule(60, clock, [worker])
    schedule.add(waiting("other", 0, 0, "n"))
    for number in range(9):
        schedule.add(waiting("a", number, 10 + number))
    assert together(schedule, worker, 2) == ["a0", "a1"]
    clock.now += 61
    assert together(schedule, worker, 2) == []
    taken = schedule.take(worker)
    assert taken is not None
    assert taken.model == "n"


def test_a_worker_that_waits_with_the_same_model_gets_its_part(clock: Clock, worker: WorkerState) -> None:
    other = WorkerState(1, loaded=lambda: ("m",), idle=True)
    schedule = Schedule(60, clock, [worker, other])
    for number in range(7):
        schedule.add(waiting("a", number, number))
    assert len(together(schedule, worker, 7)) == 3
    assert len(schedule) == 4


def test_a_worker_of_another_instance_that_waits_with_the_same_model_gets_its_part(
    clock: Clock, worker: WorkerState
) -> None:
    schedule = Schedule(60, clock, [worker])
    for number in range(7):
        schedule.add(waiting("a", number, number))
    assert len(schedule.companions("m", worker, 7, elsewhere=1)) == 3
    assert len(schedule) == 4


def test_what_has_ended_an_attempt_before_is_not_run_together_with_others(clock: Clock, worker: WorkerState) -> None:
    schedule = Schedule(60, clock, [worker])
    schedule.add(waiting("a", 0, 0))
    schedule.add(waiting("a", 1, 1, alone=True))
    schedule.add(waiting("a", 2, 2))
    assert together(schedule, worker, 5) == ["a0"]
    taken = schedule.take(worker)
    assert taken is not None
    assert taken.name.msgid == "1"
    assert together(schedule, worker, 5) == ["a2"]


# --- with real processes ---------------------------------------------------------------------------------------------


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    daemon = Daemon(tmp_path, CONFIGURATION)
    daemon.start()
    yield daemon
    daemon.kill()


def ask(daemon: Daemon, stem: str, **options: Any) -> None:
    (daemon.spool / f"{stem}-options.json").write_text(json.dumps(options))
    daemon.write(stem, "a fox")


def device(daemon: Daemon) -> dict[str, Any]:
    devices: list[dict[str, Any]] = daemon.report().get("devices") or [{}]
    return devices[0]


def batch(daemon: Daemon, stems: list[str]) -> dict[str, Any] | None:
    """What the worker runs, once that is these and no others."""
    found = device(daemon)
    running = [found["job"], *found["batch"]] if found.get("job") else []
    return found if sorted(each["stem"] for each in running) == sorted(stems) else None


def occupied(daemon: Daemon, stems: list[str], **options: Any) -> dict[str, Any]:
    """Have requests run together, which came while the worker was busy."""
    ask(daemon, "first-1-8x8", steps=20, step_seconds=0.05)
    wait_for(lambda: batch(daemon, ["first-1-8x8"]), "the first request to run")
    for stem in stems:
        ask(daemon, stem, steps=1000, step_seconds=0.02, progress=True, **options)
    found: dict[str, Any] = wait_for(lambda: batch(daemon, stems), "the batch to run")
    return found


STEMS = [f"{user}-2-8x8" for user in "abcd"]


def attempts(daemon: Daemon) -> dict[str, int]:
    found = {}
    for path in (daemon.spool / ".spectacle/attempts").iterdir():
        if path.name.startswith("."):  # not yet renamed, so perhaps not yet written
            continue
        found[path.name] = json.loads(path.read_text())["attempts"]
    return found


@pytest.mark.slow
def test_each_of_a_batch_has_its_claim_and_its_progress_and_is_cancelled_by_itself(daemon: Daemon) -> None:
    occupied(daemon, STEMS)
    for stem in STEMS:
        assert (daemon.spool / f"{stem}.lock").exists()
        wait_for((daemon.spool / f"{stem}-progress.json").exists, "the progress")
    (daemon.spool / f"{STEMS[1]}.txt").unlink()
    wait_for(lambda: batch(daemon, [STEMS[0], *STEMS[2:]]), "the others to go on alone")
    assert not (daemon.spool / f"{STEMS[1]}.lock").exists()
    ask(daemon, "late-3-8x8")
    (daemon.spool / f"{STEMS[0]}.txt").unlink()
    wait_for(lambda: batch(daemon, STEMS[2:]), "the rest to go on")
    assert attempts(daemon) == {}


@pytest.mark.slow
def test_the_end_of_a_worker_costs_each_of_its_batch_one_attempt_and_each_runs_alone_then(daemon: Daemon) -> None:
    running = occupied(daemon, STEMS)
    ask(daemon, "later-3-8x8", group="another")
    os.kill(running["pid"], signal.SIGKILL)
    alone = wait_for(
        lambda: (found := device(daemon)).get("pid") not in (None, running["pid"]) and found["job"] and found,
        "another process",
    )
    assert alone["batch"] == []
    counted = attempts(daemon)
    assert {name for stem in STEMS for name in counted if stem in name} == set(counted), "no other is charged"
    assert len(counted) == len(STEMS)
    assert set(counted.values()) == {1}


@pytest.mark.slow
def test_requests_that_ran_when_the_daemon_died_run_one_at_a_time_then(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, CONFIGURATION.replace('devices = ["cpu"]', 'devices = ["cpu", "cpu"]\npreload = false'))
    daemon.start()
    try:
        stems = ["a-1-8x8-slow", "b-2-8x8-slow"]
        for stem in stems:
            daemon.write(stem, "a fox")

        def busy() -> list[str]:
            return [each["job"]["stem"] for each in daemon.report().get("devices", []) if each["job"]]

        wait_for(lambda: sorted(busy()) == stems, "both to run")
        daemon.kill()
        daemon.start()
        wait_for(lambda: set(attempts(daemon).values()) == {1} and len(attempts(daemon)) == 2, "both to be charged")
        first = wait_for(lambda: len(found := busy()) == 1 and found, "one of them to run")
        daemon.write("c-3-8x8-card", "a fox")
        wait_for((daemon.spool / "c-3-8x8-card.png").exists, "what is not suspected to be served beside it")
        wait_for(lambda: busy() == first, "the report")
        (daemon.spool / f"{first[0]}.txt").unlink()
        wait_for(lambda: busy() == [each for each in stems if each != first[0]], "the other one to run after it")
    finally:
        daemon.kill()


@pytest.mark.slow
def test_what_ran_together_when_the_daemon_died_runs_alone_then(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, CONFIGURATION)
    daemon.start()
    try:
        occupied(daemon, STEMS)
        daemon.kill()
        daemon.start()
        wait_for(lambda: (found := device(daemon)).get("job") and found["batch"] == [], "one to run alone")
        assert set(attempts(daemon).values()) == {1}
    finally:
        daemon.kill()


# --- threads and the worker's process --------------------------------------------------------------------------------

Start = Callable[[Callable[[], None]], None]


def attempt(user: str) -> Attempt:
    return Attempt(waiting(user, 1, 0).name)


@pytest.fixture
def local() -> Iterator[LocalWorker]:
    worker = LocalWorker(Device(), Settings())
    yield worker
    worker.kill()


@pytest.fixture
def threads() -> Iterator[KeptThreads]:
    threads = KeptThreads("batch")
    yield threads
    threads.close()


def run_two(worker: WorkerBackend, threads: KeptThreads, start: Start, gathering: Callable[[], None]) -> None:
    """Run two requests together; `gathering` is called before the second joins the first."""
    second = attempt("b")
    ended = threading.Event()

    def serve_second() -> None:
        batch.companion(second).run(job(), Heedless())
        ended.set()

    def gather(_most: int) -> list[Attempt]:
        gathering()
        threads.start(serve_second)
        return [second]

    batch = Batch(worker, attempt("a"), gather, start)
    batch.run(job(), Heedless())
    assert ended.wait(20)


@pytest.mark.slow
def test_a_worker_that_has_to_be_started_again_for_a_batch_outlives_it(
    local: LocalWorker, threads: KeptThreads
) -> None:
    def lose_worker() -> None:
        assert local.pid is not None
        os.kill(local.pid, signal.SIGKILL)
        os.waitid(os.P_PID, local.pid, os.WEXITED | os.WNOWAIT)

    run_two(local, threads, threads.start, lose_worker)
    pid = local.pid
    local.run(job(steps=20, step_seconds=0.01), Heedless())
    assert local.pid == pid


def test_where_no_further_thread_is_allowed_a_batch_runs_in_that_of_its_first_request(threads: KeptThreads) -> None:
    def refuse(_function: Callable[[], None]) -> None:
        raise RuntimeError("can't start new thread")

    worker = InProcessWorker(Device(), Settings())
    run_two(worker, threads, refuse, lambda: None)
    worker.kill()
