"""Worker processes as the daemon sees them: limits, cancelling, crashes, and what they leave behind."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from spectacle.config import Settings
from spectacle.errors import Cancelled, WorkerCrashed, WorkerTimeout
from spectacle.generators.base import Device
from spectacle.worker import local as workers
from spectacle.worker.local import FIRST_BACKOFF, Hooks, JobFailed, Order, Worker

DOUBLE = ("test-double", None)


@dataclass
class Ears:
    """Keeps what a job told."""

    why: str | None = None
    steps: list[int] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    seed: int | None = None
    facts: dict[str, float] = field(default_factory=dict)
    on_step: Callable[[int], object] = lambda step: None

    def hooks(self) -> Hooks:
        def started(_progress: bool, seed: int) -> None:
            self.seed = seed

        def progress(step: int, _steps: int, _note: str) -> None:
            self.steps.append(step)
            self.on_step(step)

        return Hooks(lambda: self.why, started, progress, self.files.__setitem__, self.facts.update)


def settings(**limits: float) -> Settings:
    return Settings.model_validate({"limits": limits})


def order(**options: Any) -> Order:
    head = {
        "stem": "a-1-16x16", "kind": "card", "makes": "image/png", "width": 16, "height": 16, "prompt": "a fox",
        "notes": [], "digest": "", "options": options, "max_input_pixels": 10**6, "max_input_bytes": 10**6,
    }  # fmt: skip
    return Order(DOUBLE, head, [], [])


@pytest.fixture(scope="module")
def shared() -> Iterator[Worker]:
    worker = Worker(Device(), settings())
    yield worker
    worker.stop()


@pytest.fixture
def worker(shared: Worker) -> Worker:
    """A worker that may or may not run already."""
    shared.settings = settings()
    return shared


def test_a_job_tells_its_seed_its_steps_and_its_files_the_primary_one_last(worker: Worker) -> None:
    ears = Ears()
    worker.run(order(seed=7, steps=3, copies=2), ears.hooks())
    assert (ears.seed, ears.steps, list(ears.files)) == (7, [0, 1, 2], ["-2.png", ".png"])
    assert ears.files[".png"].startswith(b"\x89PNG")
    assert worker.loaded == (DOUBLE,)


def test_several_models_stay_loaded_the_one_used_last_at_the_end(worker: Worker) -> None:
    drawing = ("illustration", None)
    worker.stop()
    worker.load(DOUBLE)
    worker.load(drawing)
    assert worker.loaded == (DOUBLE, drawing)
    pid = worker.pid
    worker.run(order(), Ears().hooks())
    assert worker.loaded == (drawing, DOUBLE)
    assert worker.pid == pid


def test_a_process_that_is_there_is_used_again(worker: Worker) -> None:
    worker.start()
    pid = worker.pid
    for _ in range(3):
        worker.run(order(), Ears().hooks())
    assert worker.pid == pid


@pytest.mark.parametrize(
    ("limits", "options", "phase", "said"),
    [
        ({"step": 0.3}, {"trouble": "hang"}, "step", "no progress for 0.3 s"),
        ({"job": 0.5}, {"steps": 1000, "step_seconds": 0.05}, "job", "not done after 0.5 s"),
    ],
)
def test_a_job_past_its_limit_is_ended_with_its_process(
    worker: Worker, limits: dict[str, float], options: dict[str, Any], phase: str, said: str
) -> None:
    worker.start()
    worker.settings = settings(**limits)
    with pytest.raises(WorkerTimeout, match=said) as caught:
        worker.run(order(**options), Ears().hooks())
    assert caught.value.details["phase"] == phase
    assert caught.value.code == "timeout"
    assert worker.pid is None


def test_loading_past_its_limit_ends_the_process(worker: Worker) -> None:
    worker.start()
    worker.settings = settings(load=0.2)
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGSTOP)
    with pytest.raises(WorkerTimeout, match="not done with its load") as caught:
        worker.load(DOUBLE)
    assert caught.value.details["phase"] == "load"
    assert worker.pid is None


def test_a_start_that_is_no_longer_wanted_is_given_up() -> None:
    worker = Worker(Device(), settings())
    with pytest.raises(Cancelled, match="stopping"):
        worker.load(DOUBLE, lambda: "stopping")
    assert worker.pid is None


def test_a_cancelled_job_stops_at_its_next_step_and_the_process_stays(worker: Worker) -> None:
    ears = Ears()
    ears.on_step = lambda step: setattr(ears, "why", "cancelled")
    with pytest.raises(Cancelled):
        worker.run(order(steps=1000, step_seconds=0.02), ears.hooks())
    assert len(ears.steps) < 900
    pid = worker.pid
    worker.run(order(), Ears().hooks())
    assert worker.pid == pid


def test_a_cancelled_job_that_does_not_stop_is_ended_with_its_process(worker: Worker) -> None:
    worker.start()
    worker.settings = settings(cancel=0.3)
    with pytest.raises(Cancelled, match="cancelled"):
        ears = Ears()
        ears.on_step = lambda step: setattr(ears, "why", "cancelled")
        worker.run(order(trouble="hang"), ears.hooks())
    assert worker.pid is None


def test_a_cancel_that_follows_its_job_at_once_is_not_lost(worker: Worker) -> None:
    worker.load(DOUBLE)
    pid = worker.pid
    for _ in range(30):
        with pytest.raises(Cancelled):
            worker.run(order(steps=2000, step_seconds=0.01), Ears(why="cancelled").hooks())
    assert worker.pid == pid


def test_a_crash_is_told_with_its_signal_and_the_next_job_gets_a_new_process(worker: Worker) -> None:
    with pytest.raises(WorkerCrashed, match="ended by SIGKILL"):
        worker.run(order(trouble="crash"), Ears().hooks())
    assert worker.loaded == ()
    worker.run(order(), Ears().hooks())


def test_crashes_in_a_row_are_followed_by_ever_longer_pauses_until_a_job_succeeds(worker: Worker) -> None:
    worker.run(order(), Ears().hooks())
    pauses = []
    for _ in range(3):
        with pytest.raises(WorkerCrashed):
            worker.run(order(trouble="crash"), Ears().hooks())
        pauses.append(worker.not_before - time.monotonic())
    assert pauses[0] <= 0 < pauses[1] <= FIRST_BACKOFF < pauses[2] <= 2 * FIRST_BACKOFF
    worker.run(order(), Ears().hooks())
    with pytest.raises(WorkerCrashed):
        worker.run(order(trouble="crash"), Ears().hooks())
    assert worker.not_before <= time.monotonic()


def test_a_process_killed_from_another_thread_is_found_crashed(worker: Worker) -> None:
    ears = Ears()
    ears.on_step = lambda step: worker.kill_process()
    with pytest.raises(WorkerCrashed, match="SIGKILL"):
        worker.run(order(steps=1000, step_seconds=0.05), ears.hooks())


def test_a_job_the_generator_refuses_fails_with_its_code_and_the_process_stays(worker: Worker) -> None:
    with pytest.raises(JobFailed, match="on purpose") as caught:
        worker.run(order(fail="on purpose"), Ears().hooks())
    assert caught.value.error_code == "generator-failed"
    assert worker.pid is not None


def test_memory_that_ran_out_once_is_freed_and_the_job_tried_again(worker: Worker) -> None:
    ears = Ears()
    with pytest.raises(JobFailed, match="not enough memory on cpu for 16x16: ask for fewer") as caught:
        worker.run(order(trouble="memory"), ears.hooks())
    assert caught.value.error_code == "out-of-memory"
    worker.run(order(), ears.hooks())


def test_a_generator_that_is_not_installed_is_named(worker: Worker) -> None:
    with pytest.raises(JobFailed, match="no generator 'nothing' is installed") as caught:
        worker.load(("nothing", None))
    assert caught.value.error_code == "unknown-generator"


def test_the_process_does_not_obey_signals_meant_for_the_whole_service(worker: Worker) -> None:
    ears = Ears()

    def interrupt(step: int) -> None:
        assert worker.pid is not None
        os.kill(worker.pid, (signal.SIGINT, signal.SIGTERM)[step % 2])

    ears.on_step = interrupt
    worker.run(order(steps=4, step_seconds=0.01), ears.hooks())
    assert ".png" in ears.files
    assert worker.pid is not None
    assert os.getpgid(worker.pid) != os.getpgid(0)


def test_nothing_is_left_open_after_a_process_has_ended(worker: Worker) -> None:
    worker.stop()

    def opened() -> int:
        return len(os.listdir("/proc/self/fd"))

    before, threads = opened(), threading.active_count()
    worker.run(order(), Ears().hooks())
    worker.stop()
    with pytest.raises(WorkerCrashed):
        worker.run(order(trouble="crash"), Ears().hooks())
    assert (opened(), threading.active_count()) == (before, threads)


def test_a_process_that_cannot_be_started_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(Device(), settings())
    monkeypatch.setattr(workers.sys, "executable", "/nonexistent")
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(FileNotFoundError):
        worker.start()
    assert len(os.listdir("/proc/self/fd")) == before


def test_the_descriptors_of_a_job_are_closed_in_the_process(worker: Worker, tmp_path: Path) -> None:
    path = tmp_path / "options"
    path.write_text("{}")

    def run() -> None:
        with path.open() as file:
            attached = [("options", "a-1-16x16-options.json")]
            worker.run(Order(DOUBLE, order().head, attached, [file.fileno()]), Ears().hooks())

    run()
    before = len(os.listdir(f"/proc/{worker.pid}/fd"))
    for _ in range(5):
        run()
    assert len(os.listdir(f"/proc/{worker.pid}/fd")) == before
