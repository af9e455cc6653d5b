"""Several jobs run together: each ends by itself, and none is the worse for another."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from spectacle.config import Settings
from spectacle.errors import Cancelled, DeviceLost, SpectacleError, WorkerCrashed, WorkerTimeout
from spectacle.generators.base import Device, MediaType
from spectacle.generators.test_generator import TestGenerator
from spectacle.worker.contract import Deferred, JobFailed, JobSpec, Model, WorkerBackend
from spectacle.worker.in_process import InProcessWorker
from spectacle.worker.local import LocalWorker

MODEL: Model = ("test-double", None)
SINGLE: Model = ("illustration", None)


class Events:
    """Keeps what a job reported; it is taken back at the step `until`."""

    def __init__(self, until: int | None = None) -> None:
        self.steps: list[int] = []
        self.files: dict[str, bytes] = {}
        self.seed: int | None = None
        self.on_step: Callable[[], object] = lambda: None
        self._until = until

    def unwanted(self) -> str | None:
        return "cancelled" if self._until is not None and self._until in self.steps else None

    def started(self, progress: bool, seed: int) -> None:
        self.seed = seed

    def progress(self, step: int, steps: int, note: str) -> None:
        self.steps.append(step)
        self.on_step()

    def file(self, suffix: str, content: bytes) -> None:
        self.files[suffix] = content

    def done(self, facts: Mapping[str, float]) -> None:
        pass


def job(**options: Any) -> JobSpec:
    return JobSpec(MODEL, "a-1-8x8", "card", MediaType.PNG, 8, 8, "a fox", (), "d", options, 10**6, 10**6, 10**6)


Ends = dict[int, Exception | None]


def run(worker: WorkerBackend, *jobs: tuple[JobSpec, Events]) -> Ends:
    worker.load(MODEL)
    ends: Ends = {}
    worker.run_together(jobs, ends.__setitem__)
    return ends


@pytest.fixture(scope="module", params=[LocalWorker, InProcessWorker])
def worker(request: pytest.FixtureRequest) -> Iterator[WorkerBackend]:
    make: Callable[[Device, Settings], WorkerBackend] = request.param
    worker = make(Device(), Settings())
    yield worker
    worker.kill()


@pytest.fixture
def local() -> Iterator[LocalWorker]:
    worker = LocalWorker(Device(), Settings())
    yield worker
    worker.kill()


def test_a_worker_says_how_many_jobs_of_a_loaded_model_it_runs_together(worker: WorkerBackend) -> None:
    worker.load(MODEL)
    worker.load(SINGLE)
    assert [worker.batch_limit(each) for each in (MODEL, SINGLE, ("other", None))] == [8, 1, 1]
    worker.kill()
    assert worker.batch_limit(MODEL) == 1


def test_jobs_that_run_together_give_what_they_give_alone(worker: WorkerBackend) -> None:
    specs = [job(seed=seed, steps=seed) for seed in range(1, 6)]
    alone, together = [Events() for _ in specs], [Events() for _ in specs]
    for spec, events in zip(specs, alone, strict=True):
        worker.run(spec, events)
    ends = run(worker, *zip(specs, together, strict=True))
    assert ends == dict.fromkeys(range(5))
    assert list(ends) == [0, 1, 2, 3, 4], "the shorter end first"
    assert [each.files for each in together] == [each.files for each in alone]
    assert [each.steps for each in together] == [each.steps for each in alone]


def test_a_job_that_fails_or_is_cancelled_or_is_wrong_leaves_the_others_untouched(worker: WorkerBackend) -> None:
    events = [Events(), Events(), Events(until=1), Events(), Events()]
    ends = run(
        worker,
        (job(steps=30, step_seconds=0.01), events[0]),
        (job(fail="on purpose"), events[1]),
        (job(steps=2000, step_seconds=0.01), events[2]),
        (job(nonsense=1), events[3]),
        (job(seed=4, trouble="memory"), events[4]),
    )
    assert ends[0] is None
    assert ".png" in events[0].files
    codes = {number: error.error_code for number, error in ends.items() if isinstance(error, JobFailed)}
    assert codes == {1: "generator-failed", 3: "bad-options", 4: "out-of-memory"}
    assert isinstance(ends[2], Cancelled)


def test_a_job_that_does_not_fit_to_the_others_is_left_for_later(worker: WorkerBackend) -> None:
    ends = run(worker, *((job(group=group), Events()) for group in "aba"), *((job(group="a"), Events()),) * 8)
    deferred = [number for number, error in ends.items() if isinstance(error, Deferred)]
    assert sorted(deferred) == [1, 9, 10], "another group, and what is above the limit"
    assert len(ends) == 11


def test_what_is_left_of_a_batch_that_fails_as_a_whole_is_run_one_by_one(worker: WorkerBackend) -> None:
    events = [Events() for _ in range(3)]
    ends = run(worker, (job(seed=1), events[0]), (job(steps=3, trouble="batch"), events[1]), (job(steps=4), events[2]))
    assert ends == dict.fromkeys(range(3))
    assert all(".png" in each.files for each in events)


def test_a_generator_that_promises_batches_and_makes_none_serves_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(TestGenerator, "generate_batch")
    worker = InProcessWorker(Device(), Settings())
    assert run(worker, (job(), Events()), (job(), Events())) == {0: None, 1: None}
    worker.kill()


def test_a_wrong_max_batch_is_told_when_the_generator_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TestGenerator, "load", lambda self, device: setattr(self, "max_batch", "many"))
    worker = InProcessWorker(Device(), Settings())
    with pytest.raises(JobFailed, match="max_batch must be a whole number from 1 on, not 'many'"):
        worker.load(MODEL)
    worker.kill()


def test_a_device_that_is_lost_ends_the_whole_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    def lose(*_: object) -> Iterator[tuple[int, SpectacleError]]:
        yield 0, JobFailed("generator-failed", "by itself", {})
        raise DeviceLost("gone")

    monkeypatch.setattr(TestGenerator, "generate_batch", lose)
    worker = InProcessWorker(Device(), Settings())
    worker.load(MODEL)
    ends: Ends = {}
    with pytest.raises(DeviceLost):
        worker.run_together([(job(), Events()), (job(), Events())], ends.__setitem__)
    assert list(ends) == [0]
    worker.kill()


def test_a_process_that_is_killed_loses_the_jobs_that_have_not_ended(local: LocalWorker) -> None:
    short, long = Events(), Events()
    ends: Ends = {}
    local.load(MODEL)

    def kill_after_the_first() -> None:
        if 0 in ends and local.pid is not None:
            os.kill(local.pid, signal.SIGKILL)

    long.on_step = kill_after_the_first
    with pytest.raises(WorkerCrashed):
        local.run_together([(job(steps=1), short), (job(steps=2000, step_seconds=0.01), long)], ends.__setitem__)
    assert ends == {0: None}
    assert local.batch_limit(MODEL) == 1


def test_a_batch_that_takes_too_long_is_no_verdict_on_any_of_its_jobs(local: LocalWorker) -> None:
    local.load(MODEL)
    local.reconfigure(Settings.model_validate({"limits": {"job": 0.5}}))
    with pytest.raises(WorkerTimeout) as caught:
        local.run_together([(job(steps=1000, step_seconds=0.05), Events()) for _ in range(2)], lambda *_: None)
    assert caught.value.details["phase"] == "batch"


def test_a_process_that_ran_out_of_memory_is_replaced_after_the_batch(local: LocalWorker) -> None:
    other = Events()
    ends = run(local, (job(trouble="memory"), Events()), (job(steps=3), other))
    assert isinstance(ends[0], JobFailed)
    assert ends[1] is None
    assert local.pid is None
