"""A daemon that dies at two requests: the one that was begun last costs nothing, and each is served alone then."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from faults import Crash, FaultySystem

from spectacle.config import Settings
from spectacle.daemon.attempt import AttemptResult, Attempts
from spectacle.daemon.notices import Notices
from spectacle.daemon.progress import Attempt
from spectacle.generators.base import Device
from spectacle.spool.attempts import read_attempts
from spectacle.spool.claims import Claims
from spectacle.spool.directory import Spool
from spectacle.spool.lease import LeaseRecords
from spectacle.spool.naming import RequestName
from spectacle.spool.reserve import Reserve
from spectacle.worker.contract import JobEvents, JobSpec
from spectacle.worker.in_process import InProcessWorker

SETTINGS = Settings.model_validate({"kinds": {"card": {"generator": "test-double"}}, "default_kind": "card"})
FIRST, SECOND = "a-1-64x64", "b-2-64x64"


class Dying(InProcessWorker):
    """Its daemon's process is gone when the job begins."""

    def __init__(self, system: FaultySystem) -> None:
        super().__init__(Device(), SETTINGS)
        self.system = system

    def run(self, job: JobSpec, events: JobEvents) -> None:
        self.system.at = len(self.system.calls)
        raise Crash


class Counting(InProcessWorker):
    """Answers, and notes how many attempts were lost by then."""

    def __init__(self, spool: Spool, name: RequestName) -> None:
        super().__init__(Device(), SETTINGS)
        self.spool = spool
        self.name = name
        self.lost = -1

    def run(self, job: JobSpec, events: JobEvents) -> None:
        look = self.spool.look(self.name.file_name)
        assert look is not None
        self.lost = read_attempts(self.spool, self.name, look.version)
        events.started(False, 1)
        events.file(".png", b"picture")


@pytest.fixture
def alive() -> dict[int, int]:
    """The start times of the processes there are, by number."""
    return {7: 100, 8: 100}


def attempts(path: Path, pid: int, alive: dict[int, int], system: FaultySystem) -> tuple[Spool, Attempts]:
    """What a process of that number makes attempts with."""
    spool = Spool(path, system)
    spool.open()
    spool.prepare_state_directory()
    record = f"filelock/2\npid={pid}\nhost=h\nmode=lease\ntoken=TOKEN\nduration=30.0\nstart=100\n".encode()
    claims = Claims(spool, 30, records=LeaseRecords(record, "TOKEN", 0o640, alive.get))
    return spool, Attempts(spool, claims, Reserve(spool, str(pid)), lambda: SETTINGS, Notices())


def test_a_crash_at_two_requests_costs_the_second_no_attempt(tmp_path: Path, alive: dict[int, int]) -> None:
    names = [RequestName.from_stem(stem) for stem in (FIRST, SECOND)]
    for number, name in enumerate(names):
        assert name is not None
        (tmp_path / name.file_name).write_text("a fox")
        system = FaultySystem()
        spool, dying = attempts(tmp_path, 7, alive, system)
        look = spool.look(name.file_name)
        assert look is not None
        with pytest.raises(Crash):
            dying.run(Attempt(name, overlaps=number == 1), look, Dying(system))
        assert (tmp_path / name.lock_name).exists()
    del alive[7]
    spool, others = attempts(tmp_path, 8, alive, FaultySystem())
    for name, lost in zip(names, (1, 0), strict=True):
        assert name is not None
        look = spool.look(name.file_name)
        assert look is not None
        worker = Counting(spool, name)
        attempt = Attempt(name, on_worker_done=lambda: pytest.fail("another request may be begun beside it"))
        assert others.run(attempt, look, worker) is AttemptResult.ANSWERED
        assert worker.lost == lost


def test_the_next_job_may_begin_before_the_last_file_of_a_result_is_written(
    tmp_path: Path, alive: dict[int, int]
) -> None:
    class Two(InProcessWorker):
        def run(self, job: JobSpec, events: JobEvents) -> None:
            events.started(False, 1)
            events.file("-2.png", b"second")
            events.file(".png", b"first")
            events.done({})

    name = RequestName.from_stem(FIRST)
    assert name is not None
    (tmp_path / name.file_name).write_text("a fox")
    spool, serving = attempts(tmp_path, 8, alive, FaultySystem())
    look = spool.look(name.file_name)
    assert look is not None
    written: list[bytes] = []
    attempt = Attempt(
        name, on_worker_done=lambda: written.extend(each.read_bytes() for each in tmp_path.glob(f".{FIRST}.*.tmp"))
    )
    assert serving.run(attempt, look, Two(Device(), SETTINGS)) is AttemptResult.ANSWERED
    assert written == [b"second"]
    assert not attempt.many
    assert [(tmp_path / f"{FIRST}{end}").read_bytes() for end in ("-2.png", ".png")] == [b"second", b"first"]


@pytest.mark.parametrize(("prompt", "answer"), [("a fox", ".png"), ("", "-error.txt")])
def test_the_next_request_may_begin_before_the_answer_is_there(
    tmp_path: Path, alive: dict[int, int], prompt: str, answer: str
) -> None:
    name = RequestName.from_stem(FIRST)
    assert name is not None
    (tmp_path / name.file_name).write_text(prompt)
    spool, serving = attempts(tmp_path, 8, alive, FaultySystem())
    look = spool.look(name.file_name)
    assert look is not None
    answered_when_done: list[bool] = []
    attempt = Attempt(name, on_worker_done=lambda: answered_when_done.append((tmp_path / f"{FIRST}{answer}").exists()))
    assert serving.run(attempt, look, Counting(spool, name)) in (AttemptResult.ANSWERED, AttemptResult.REFUSED)
    assert (tmp_path / f"{FIRST}{answer}").exists()
    assert answered_when_done == [False]


class DyingAlone(Dying):
    """Its daemon is gone in a job that goes on after the answer before it was published."""

    def __init__(self, system: FaultySystem, attempt: Attempt) -> None:
        super().__init__(system)
        self.attempt = attempt

    def run(self, job: JobSpec, events: JobEvents) -> None:
        self.attempt.end_overlap()
        super().run(job, events)


def ask(path: Path, stem: str) -> RequestName:
    name = RequestName.from_stem(stem)
    assert name is not None
    (path / name.file_name).write_text("a fox")
    return name


def test_a_request_pays_for_its_daemon_as_soon_as_the_answer_before_it_is_published(
    tmp_path: Path, alive: dict[int, int]
) -> None:
    name = ask(tmp_path, SECOND)
    system = FaultySystem()
    spool, dying = attempts(tmp_path, 7, alive, system)
    attempt = Attempt(name, overlaps=True)
    look = spool.look(name.file_name)
    assert look is not None
    with pytest.raises(Crash):
        dying.run(attempt, look, DyingAlone(system, attempt))
    del alive[7]
    spool, others = attempts(tmp_path, 8, alive, FaultySystem())
    worker = Counting(spool, name)
    assert others.run(Attempt(name), look, worker) is AttemptResult.ANSWERED
    assert worker.lost == 1


def test_a_request_that_ends_its_daemon_each_time_is_given_up_although_it_is_always_begun_beside_another(
    tmp_path: Path, alive: dict[int, int]
) -> None:
    name = ask(tmp_path, SECOND)
    look = None
    for number in range(1, 7):
        alive[number] = 100
        system = FaultySystem()
        spool, dying = attempts(tmp_path, number, alive, system)
        look = spool.look(name.file_name)
        if look is None:
            break
        attempt = Attempt(name, overlaps=True)
        # The answer before it is published while it waits to be alone, or never as far as this daemon gets.
        published = threading.Thread(target=attempt.end_overlap)
        if number > 1:
            published.start()
        try:
            dying.run(attempt, look, Dying(system))
        except Crash:
            del alive[number]
        if number > 1:
            published.join()
    # The first time does not count, for the other request may have been the reason.
    assert number == 6
    assert "code: too-many-attempts" in (tmp_path / name.error_name).read_text()


def test_a_request_that_waits_to_be_alone_is_given_back_when_the_daemon_stops(
    tmp_path: Path, alive: dict[int, int]
) -> None:
    name = ask(tmp_path, SECOND)
    spool, dying = attempts(tmp_path, 7, alive, FaultySystem())
    look = spool.look(name.file_name)
    assert look is not None
    system = FaultySystem()
    _, first = attempts(tmp_path, 6, alive | {6: 100}, system)
    with pytest.raises(Crash):
        first.run(Attempt(name), look, Dying(system))
    attempt = Attempt(name, overlaps=True)
    attempt.end("returned")
    assert dying.run(attempt, look, Counting(spool, name)) is AttemptResult.RETURNED
    assert not (tmp_path / name.lock_name).exists()
