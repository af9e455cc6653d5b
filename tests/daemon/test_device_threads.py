"""Two threads serve one device in turn: a job runs while the answer before it is published."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest
from heedless import Heedless, job

from spectacle.config import Settings
from spectacle.daemon import device_threads
from spectacle.daemon.attempt import JobRunner
from spectacle.daemon.backlog import TrackedRequest
from spectacle.daemon.device_threads import DeviceThreads
from spectacle.daemon.devices import Place
from spectacle.daemon.kept_threads import KeptThreads
from spectacle.daemon.progress import Attempt
from spectacle.daemon.schedule import WorkerState
from spectacle.generators.base import Device
from spectacle.spool.file_status import FileStatus
from spectacle.spool.naming import RequestName
from spectacle.worker.contract import Deferred, Model
from spectacle.worker.in_process import InProcessWorker

PATIENCE = 20.0
LOOK = FileStatus(1, 1, 1, 0o100660, 1)


class Worker(InProcessWorker):
    """Notes what is done to it."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(Device(), settings)
        self.done: list[str] = []

    def interrupt(self) -> None:
        self.done.append("interrupted")

    def kill(self) -> None:
        self.done.append("killed")


class Source:
    """Gives out requests, whose serving the test carries on step by step."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stopping = False
        self.happened: SimpleQueue[str] = SimpleQueue()
        self.waiting: SimpleQueue[str] = SimpleQueue()
        self.steps: dict[str, SimpleQueue[Callable[[Attempt], None]]] = {}
        self.attempts: dict[str, Attempt] = {}

    def preloaded_by(self, state: WorkerState) -> Model | None:
        return None

    def take(self, state: WorkerState, timeout: float, begin: Callable[[Attempt], None]) -> TrackedRequest | None:
        user = self.waiting.get()
        if self.stopping:
            return None
        name = RequestName.parse(f"{user}-1-64x64.txt")
        assert name is not None
        attempt = self.attempts[user] = Attempt(name)
        begin(attempt)
        return TrackedRequest(name, LOOK, 0.0, 0.0, attempt=attempt)

    def serve(self, tracked: TrackedRequest, worker: object) -> None:
        user = tracked.name.user
        self.happened.put(f"{user} begins")
        assert tracked.attempt is not None
        while (step := self.steps[user].get(timeout=PATIENCE)) is not None:
            step(tracked.attempt)
            self.happened.put(f"{user} {step.__name__}")

    def ask(self, *users: str) -> None:
        """Have requests wait."""
        for user in users:
            self.steps[user] = SimpleQueue()
            self.waiting.put(user)

    def wait(self, *expected: str) -> None:
        """Wait for what happens next."""
        assert [self.happened.get(timeout=PATIENCE) for _ in expected] == list(expected)


def done(attempt: Attempt) -> None:
    attempt.worker_done()


def alone(attempt: Attempt) -> None:
    attempt.alone = True


def fails(_attempt: Attempt) -> None:
    raise RuntimeError("a fault of ours")


END: Callable[[Attempt], None] = None  # type: ignore[assignment]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate({"spool": {"path": tmp_path}, "workers": {"preload": False}})


@pytest.fixture
def source(settings: Settings) -> Source:
    return Source(settings)


@pytest.fixture
def device(settings: Settings, source: Source) -> Iterator[DeviceThreads]:
    device = DeviceThreads(Worker(settings), source, WorkerState(), Place(Device()))
    device.start()
    yield device
    source.stopping = True
    for steps in source.steps.values():
        steps.put(END)
    for _ in range(2):
        source.waiting.put("")
    device.join(PATIENCE)
    assert not device.is_alive()


def told(device: DeviceThreads) -> tuple[str, str | None, str | None]:
    status = device.status()
    stems = (status[key] and status[key]["stem"] for key in ("job", "publishing"))
    return status["state"], *stems


def test_the_next_job_begins_when_the_worker_is_done_with_the_last_and_before_its_answer_is_published(
    device: DeviceThreads, source: Source
) -> None:
    source.ask("a", "b")
    source.wait("a begins")
    assert told(device) == ("busy", "a-1-64x64", None)
    source.steps["a"].put(done)
    assert {source.happened.get(timeout=PATIENCE) for _ in range(2)} == {"a done", "b begins"}
    assert device.runs == (source.attempts["a"], source.attempts["b"])
    assert told(device) == ("busy", "b-1-64x64", "a-1-64x64")
    assert [source.attempts[user].overlaps for user in "ab"] == [False, True]


def test_a_third_job_waits_for_an_answer_to_be_published(device: DeviceThreads, source: Source) -> None:
    source.ask("a", "b", "c")
    source.wait("a begins")
    source.steps["a"].put(done)
    assert {source.happened.get(timeout=PATIENCE) for _ in range(2)} == {"a done", "b begins"}
    source.steps["b"].put(done)
    source.wait("b done")
    assert "c" not in source.attempts
    source.steps["b"].put(END)
    source.wait("c begins")
    assert device.runs == (source.attempts["a"], source.attempts["c"])


def test_a_request_whose_former_run_ended_with_its_daemon_is_served_alone(
    device: DeviceThreads, source: Source
) -> None:
    source.ask("a", "b")
    source.wait("a begins")
    source.steps["a"].put(alone)
    source.steps["a"].put(done)
    source.wait("a alone", "a done")
    source.steps["a"].put(END)
    source.wait("b begins")
    assert not source.attempts["b"].overlaps


def test_a_request_without_a_job_passes_its_turn_on_at_its_end(device: DeviceThreads, source: Source) -> None:
    source.ask("a", "b")
    source.wait("a begins")
    source.steps["a"].put(END)
    source.wait("b begins")


@pytest.mark.parametrize("before", [[], [done]], ids=["working", "publishing"])
def test_a_fault_of_ours_costs_neither_the_thread_nor_the_turn(
    device: DeviceThreads, source: Source, before: list[Callable[[Attempt], None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_threads.time, "sleep", lambda _: None)
    for user in "abcd":
        source.ask(user)
        source.wait(f"{user} begins")
        for step in before:
            source.steps[user].put(step)
            source.wait(f"{user} {step.__name__}")
        source.steps[user].put(fails)
    assert device.is_alive()


def test_giving_back_ends_both_runs_and_interrupts_the_worker_for_the_one_it_works_on(
    device: DeviceThreads, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_threads, "STOP_SECONDS", 0.0)
    source.ask("a", "b")
    source.wait("a begins")
    source.steps["a"].put(done)
    assert {source.happened.get(timeout=PATIENCE) for _ in range(2)} == {"a done", "b begins"}
    source.stopping = True
    device.give_back()
    assert [source.attempts[user].why for user in "ab"] == ["returned", "returned"]
    assert isinstance(device.worker, Worker)
    assert device.worker.done == ["interrupted"]


def test_giving_back_leaves_the_worker_alone_while_an_answer_is_published(
    device: DeviceThreads, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_threads, "STOP_SECONDS", 0.0)
    source.ask("a")
    source.wait("a begins")
    source.steps["a"].put(done)
    source.wait("a done")
    source.stopping = True
    device.give_back()
    assert source.attempts["a"].why == "returned"
    assert isinstance(device.worker, Worker)
    assert device.worker.done == []


def test_the_worker_is_ended_once_when_both_threads_have_stopped(settings: Settings, source: Source) -> None:
    worker = Worker(settings)
    device = DeviceThreads(worker, source, WorkerState(), Place(Device()))
    device.start()
    source.ask("a")
    source.wait("a begins")
    source.stopping = True
    assert worker.done == []
    source.steps["a"].put(END)
    device.join(PATIENCE)
    assert not device.is_alive()
    assert worker.done == ["killed"]
    assert told(device) == ("stopped", None, None)


class BatchSource(Source):
    """Has one request join the first, and tells how each ended."""

    def companions(
        self, state: WorkerState, first: Attempt, most: int, begin: Callable[[Attempt], None]
    ) -> list[TrackedRequest]:
        name = RequestName.parse("joining-1-64x64.txt")
        assert name is not None
        attempt = Attempt(name)
        begin(attempt)
        return [TrackedRequest(name, LOOK, 0.0, 0.0, attempt=attempt)]

    def serve(self, tracked: TrackedRequest, worker: JobRunner) -> None:
        user = tracked.name.user
        try:
            worker.run(job(tracked.name.stem), Heedless())
        except Deferred:
            self.happened.put(f"{user} is deferred")
        else:
            self.happened.put(f"{user} is done")


def test_where_no_further_thread_is_allowed_who_was_to_join_a_batch_is_deferred_and_the_first_is_served(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_threads: KeptThreads, _function: Callable[[], None]) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(KeptThreads, "start", refuse)
    source = BatchSource(settings)
    device = DeviceThreads(Worker(settings), source, WorkerState(), Place(Device()))
    device.start()
    for user in ("a", "b"):
        source.waiting.put(user)
        source.wait("joining is deferred", f"{user} is done")
    source.stopping = True
    for _ in range(2):
        source.waiting.put("")
    device.join(PATIENCE)
    assert not device.is_alive()
