"""LocalWorker processes as the daemon sees them: limits, cancelling, crashes, and what they leave behind."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from spectacle.config import Settings
from spectacle.errors import Cancelled, WorkerCrashed, WorkerTimeout, WorkerUnavailable
from spectacle.generators.base import Device, MediaType
from spectacle.worker.channel_worker import MIN_CRASH_BACKOFF
from spectacle.worker.contract import Attachment, JobFailed, JobSpec, Model
from spectacle.worker.local import LocalWorker

CARD: Model = ("test-double", None)


@dataclass
class RecordedEvents:
    """Keeps what a job reported; `why` takes it back."""

    why: str | None = None
    steps: list[int] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    seed: int | None = None
    facts: dict[str, float] = field(default_factory=dict)
    on_step: Callable[[int], object] = lambda step: None

    def unwanted(self) -> str | None:
        return self.why

    def started(self, progress: bool, seed: int) -> None:
        self.seed = seed

    def progress(self, step: int, steps: int, note: str) -> None:
        self.steps.append(step)
        self.on_step(step)

    def file(self, suffix: str, content: bytes) -> None:
        self.files[suffix] = content

    def done(self, facts: Mapping[str, float]) -> None:
        self.facts.update(facts)


def settings(**limits: float) -> Settings:
    return Settings.model_validate({"limits": limits})


def job(*attachments: Attachment, **options: Any) -> JobSpec:
    return JobSpec(
        CARD, "a-1-16x16", "card", MediaType.PNG, 16, 16, "a fox", (), "", options, 10**6, 10**6, 10**6, attachments
    )


@pytest.fixture(scope="module")
def shared() -> Iterator[LocalWorker]:
    worker = LocalWorker(Device(), settings())
    yield worker
    worker.kill()


@pytest.fixture
def worker(shared: LocalWorker) -> LocalWorker:
    """A worker that may or may not run already."""
    shared.reconfigure(settings())
    return shared


def test_a_job_tells_its_seed_its_steps_and_its_files_the_primary_one_last(worker: LocalWorker) -> None:
    events = RecordedEvents()
    worker.run(job(seed=7, steps=3, copies=2), events)
    assert (events.seed, events.steps, list(events.files)) == (7, [0, 1, 2], ["-2.png", ".png"])
    assert events.files[".png"].startswith(b"\x89PNG")
    assert worker.loaded == (CARD,)


def test_several_models_stay_loaded_the_one_used_last_at_the_end(worker: LocalWorker) -> None:
    drawing = ("illustration", None)
    worker.kill()
    worker.load(CARD)
    worker.load(drawing)
    assert worker.loaded == (CARD, drawing)
    pid = worker.pid
    worker.run(job(), RecordedEvents())
    assert worker.loaded == (drawing, CARD)
    assert worker.pid == pid


def test_a_process_that_is_there_is_used_again(worker: LocalWorker) -> None:
    worker.start()
    pid = worker.pid
    for _ in range(3):
        worker.run(job(), RecordedEvents())
    assert worker.pid == pid


@pytest.mark.parametrize(
    ("limits", "options", "phase", "said"),
    [
        ({"step": 0.3}, {"trouble": "hang"}, "step", "no progress for 0.3 s"),
        ({"job": 0.5}, {"steps": 1000, "step_seconds": 0.05}, "job", "not done after 0.5 s"),
    ],
)
def test_a_job_past_its_limit_is_ended_with_its_process(
    worker: LocalWorker, limits: dict[str, float], options: dict[str, Any], phase: str, said: str
) -> None:
    worker.start()
    worker.reconfigure(settings(**limits))
    with pytest.raises(WorkerTimeout, match=said) as caught:
        worker.run(job(**options), RecordedEvents())
    assert caught.value.details["phase"] == phase
    assert caught.value.code == "timeout"
    assert worker.pid is None


def test_loading_past_its_limit_ends_the_process(worker: LocalWorker) -> None:
    worker.start()
    worker.reconfigure(settings(load=0.2))
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGSTOP)
    with pytest.raises(WorkerTimeout, match="the load phase was not done") as caught:
        worker.load(CARD)
    assert caught.value.details["phase"] == "load"
    assert worker.pid is None


def test_a_start_that_is_no_longer_wanted_is_given_up() -> None:
    worker = LocalWorker(Device(), settings())
    with pytest.raises(Cancelled, match="stopping"):
        worker.load(CARD, lambda: "stopping")
    assert worker.pid is None


def test_a_cancelled_job_stops_at_its_next_step_and_the_process_stays(worker: LocalWorker) -> None:
    events = RecordedEvents()
    events.on_step = lambda step: setattr(events, "why", "cancelled")
    with pytest.raises(Cancelled):
        worker.run(job(steps=1000, step_seconds=0.02), events)
    assert len(events.steps) < 900
    pid = worker.pid
    worker.run(job(), RecordedEvents())
    assert worker.pid == pid


def test_a_cancelled_job_that_does_not_stop_is_ended_with_its_process(worker: LocalWorker) -> None:
    worker.start()
    worker.reconfigure(settings(cancel=0.3))
    with pytest.raises(Cancelled, match="cancelled"):
        events = RecordedEvents()
        events.on_step = lambda step: setattr(events, "why", "cancelled")
        worker.run(job(trouble="hang"), events)
    assert worker.pid is None


def test_a_cancel_that_follows_its_job_at_once_is_not_lost(worker: LocalWorker) -> None:
    worker.load(CARD)
    pid = worker.pid
    for _ in range(30):
        with pytest.raises(Cancelled):
            worker.run(job(steps=2000, step_seconds=0.01), RecordedEvents(why="cancelled"))
    assert worker.pid == pid


def test_a_crash_is_told_with_its_signal_and_the_next_job_gets_a_new_process(worker: LocalWorker) -> None:
    with pytest.raises(WorkerCrashed, match="ended by SIGKILL"):
        worker.run(job(trouble="crash"), RecordedEvents())
    assert worker.loaded == ()
    worker.run(job(), RecordedEvents())


def test_crashes_in_a_row_are_followed_by_ever_longer_pauses_until_a_job_succeeds(worker: LocalWorker) -> None:
    worker.run(job(), RecordedEvents())
    pauses = []
    for _ in range(3):
        with pytest.raises(WorkerCrashed):
            worker.run(job(trouble="crash"), RecordedEvents())
        pauses.append(worker.not_before - time.monotonic())
    assert pauses[0] <= 0 < pauses[1] <= MIN_CRASH_BACKOFF < pauses[2] <= 2 * MIN_CRASH_BACKOFF
    worker.run(job(), RecordedEvents())
    with pytest.raises(WorkerCrashed):
        worker.run(job(trouble="crash"), RecordedEvents())
    assert worker.not_before <= time.monotonic()


def test_a_process_killed_from_another_thread_is_found_crashed(worker: LocalWorker) -> None:
    events = RecordedEvents()
    events.on_step = lambda step: worker.interrupt()
    with pytest.raises(WorkerCrashed, match="SIGKILL"):
        worker.run(job(steps=1000, step_seconds=0.05), events)


def test_a_job_the_generator_refuses_fails_with_its_code_and_the_process_stays(worker: LocalWorker) -> None:
    with pytest.raises(JobFailed, match="on purpose") as caught:
        worker.run(job(fail="on purpose"), RecordedEvents())
    assert caught.value.error_code == "generator-failed"
    assert worker.pid is not None


def test_memory_that_ran_out_once_is_freed_and_the_job_tried_again(worker: LocalWorker) -> None:
    events = RecordedEvents()
    with pytest.raises(JobFailed, match=r"16x16: not enough memory on cpu\. Request fewer than 16x16") as caught:
        worker.run(job(trouble="memory"), events)
    assert caught.value.error_code == "out-of-memory"
    worker.run(job(), events)


def test_a_generator_that_is_not_installed_is_named(worker: LocalWorker) -> None:
    with pytest.raises(JobFailed, match="generator 'nothing': not installed") as caught:
        worker.load(("nothing", None))
    assert caught.value.error_code == "unknown-generator"


def test_the_process_does_not_obey_signals_meant_for_the_whole_service(worker: LocalWorker) -> None:
    events = RecordedEvents()

    def interrupt(step: int) -> None:
        assert worker.pid is not None
        os.kill(worker.pid, (signal.SIGINT, signal.SIGTERM)[step % 2])

    events.on_step = interrupt
    worker.run(job(steps=4, step_seconds=0.01), events)
    assert ".png" in events.files
    assert worker.pid is not None
    assert os.getpgid(worker.pid) != os.getpgid(0)


def test_nothing_is_left_open_after_a_process_has_ended(worker: LocalWorker) -> None:
    worker.kill()

    def opened() -> int:
        return len(os.listdir("/proc/self/fd"))

    before, threads = opened(), threading.active_count()
    worker.run(job(), RecordedEvents())
    worker.kill()
    with pytest.raises(WorkerCrashed):
        worker.run(job(trouble="crash"), RecordedEvents())
    assert (opened(), threading.active_count()) == (before, threads)


def test_a_process_that_cannot_be_started_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = LocalWorker(Device(), settings())
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(
        WorkerUnavailable,
        match=r"the worker on cpu: cannot be started: No such file or directory\. Check that /nonexistent",
    ):
        worker.start()
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.EMFILE, "Raise the limit of open files"),
        (errno.EAGAIN, "Raise the limit of processes"),
        (errno.ENOMEM, "Free some memory"),
        (errno.EACCES, "Check that .* can be run"),
    ],
)
def test_a_process_that_the_system_does_not_start_is_said_to_be_that(
    monkeypatch: pytest.MonkeyPatch, number: int, remedy: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(WorkerUnavailable, match=f"the worker on cpu: cannot be started: .*\\. {remedy}"):
        LocalWorker(Device(), settings()).start()


def test_the_descriptors_of_a_job_are_closed_in_the_process(worker: LocalWorker, tmp_path: Path) -> None:
    path = tmp_path / "options"
    path.write_text("{}")

    def run() -> None:
        with path.open() as file:
            worker.run(job(Attachment("options", "a-1-16x16-options.json", file.fileno())), RecordedEvents())

    run()
    before = len(os.listdir(f"/proc/{worker.pid}/fd"))
    for _ in range(5):
        run()
    assert len(os.listdir(f"/proc/{worker.pid}/fd")) == before


def test_other_settings_for_generators_reach_them_with_the_next_job(worker: LocalWorker, tmp_path: Path) -> None:
    worker.run(job(), RecordedEvents())
    pid = worker.pid
    for section in (
        {"weights": {"directory": str(tmp_path)}},
        {"placement": {"ram_limit": "8GB"}},
        {"workers": {"svg_seconds": 7}},
    ):
        worker.reconfigure(Settings.model_validate(section))
        assert worker.pid == pid, "a process that does not work is left alone"
        worker.run(job(), RecordedEvents())
        assert worker.pid != pid
        pid = worker.pid


def test_settings_that_a_process_is_not_started_with_leave_it_running(worker: LocalWorker) -> None:
    worker.run(job(), RecordedEvents())
    pid = worker.pid
    worker.reconfigure(Settings.model_validate({"limits": {"job": 17}, "spool": {"settle": 3}}))
    worker.run(job(), RecordedEvents())
    assert worker.pid == pid
