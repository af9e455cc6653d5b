from __future__ import annotations

import stat
import threading
import time
from queue import SimpleQueue

import pytest
from clock import Clock
from daemon_process import wait_for

from spectacle.config import Settings, SpoolSettings
from spectacle.daemon.attempt import AttemptResult
from spectacle.daemon.backlog import Backlog, TrackedRequest
from spectacle.daemon.devices import Assignment
from spectacle.daemon.progress import Attempt
from spectacle.daemon.schedule import WorkerState
from spectacle.spool.file_status import FileStatus
from spectacle.spool.naming import RequestName

NAME = RequestName.parse("a-1-64x64.txt")
OTHER = RequestName.parse("a-2-64x64-other.txt")
WORKER = WorkerState(loaded=lambda: [("illustration", None)])


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def backlog(clock: Clock) -> Backlog:
    settings = Settings(spool=SpoolSettings(settle=2, empty_grace=30, orphan_grace=60, poll_interval=1))
    backlog = Backlog(lambda: settings, clock)
    backlog.allow(True)
    return backlog


def look(mtime: int = 1, size: int = 5, links: int = 1, kind: int = stat.S_IFREG) -> FileStatus:
    return FileStatus(7, size, mtime, kind | 0o660, links)


def take(backlog: Backlog) -> TrackedRequest | None:
    runs: list[Attempt] = []
    known = backlog.take(WORKER, 0, stopping=lambda: False, begin=runs.append)
    assert [known.attempt] == runs if known is not None else not runs
    return known


def add(backlog: Backlog, status: FileStatus, *, complete: bool) -> None:
    assert NAME is not None
    backlog.add(NAME, status, complete=complete)


def test_a_request_whose_writer_is_known_to_be_done_is_ready_at_once(backlog: Backlog) -> None:
    add(backlog, look(), complete=True)
    assert take(backlog) is not None


def test_any_other_request_is_ready_once_it_has_stood_still(backlog: Backlog, clock: Clock) -> None:
    add(backlog, look(), complete=False)
    backlog.due(clock.now)
    assert take(backlog) is None
    clock.now += 2
    backlog.due(clock.now)
    assert take(backlog) is not None


def test_a_request_known_to_have_stood_still_for_a_while_needs_only_the_rest_of_it(
    backlog: Backlog, clock: Clock
) -> None:
    assert NAME is not None
    backlog.add(NAME, look(), complete=False, unchanged=1.5)
    clock.now += 0.4
    backlog.due(clock.now)
    assert take(backlog) is None
    clock.now += 0.2
    backlog.due(clock.now)
    assert take(backlog) is not None


def test_a_request_that_looks_unfinished_is_so_however_long_it_has_stood_still(backlog: Backlog) -> None:
    assert NAME is not None
    backlog.add(NAME, look(size=0), complete=False, unchanged=1000)
    assert take(backlog) is None


@pytest.mark.parametrize("status", [look(size=0), look(links=2)], ids=["empty", "two links"])
def test_a_request_that_looks_unfinished_is_looked_at_again_until_its_grace_is_over(
    backlog: Backlog, clock: Clock, status: FileStatus
) -> None:
    add(backlog, status, complete=True)
    looks = 0
    while take(backlog) is None:
        clock.now += 1
        for known in backlog.due(clock.now)[0]:
            backlog.look_again(known, status)
            looks += 1
        assert clock.now < 1040
    assert clock.now >= 1030
    assert 2 < looks < 12


def test_a_request_written_again_while_it_runs_has_its_run_ended(backlog: Backlog) -> None:
    add(backlog, look(), complete=True)
    known = take(backlog)
    assert known is not None
    assert known.attempt is not None
    run = known.attempt
    backlog.rewritten(known, look(mtime=2), complete=True)
    assert run.why == "changed"
    backlog.settle(known, AttemptResult.AGAIN, look(mtime=2))
    assert take(backlog) is known


def test_a_request_taken_back_while_it_runs_is_cancelled_and_forgotten(backlog: Backlog) -> None:
    add(backlog, look(), complete=True)
    known = take(backlog)
    assert known is not None
    assert known.attempt is not None
    run = known.attempt
    backlog.vanished(known)
    assert run.why == "cancelled"
    backlog.settle(known, AttemptResult.CANCELLED, None)
    assert known.name.stem not in backlog
    assert backlog.is_done(but_for_held=False)


def test_what_somebody_else_holds_is_tried_again_after_a_poll(backlog: Backlog, clock: Clock) -> None:
    add(backlog, look(), complete=True)
    known = take(backlog)
    assert known is not None
    backlog.settle(known, AttemptResult.HELD, look())
    assert take(backlog) is None
    assert backlog.is_done(but_for_held=True)
    clock.now += 1
    backlog.due(clock.now)
    assert take(backlog) is known


def test_trouble_is_met_with_ever_longer_pauses(backlog: Backlog, clock: Clock) -> None:
    add(backlog, look(), complete=True)
    delays = []
    for _ in range(40):
        known = take(backlog)
        assert known is not None
        delays.append(backlog.throw_back(known))
        clock.now += delays[-1]
        backlog.due(clock.now)
    assert delays[:5] == [1, 2, 4, 8, 16]
    assert max(delays) == 30


def test_a_kind_nobody_serves_here_is_due_after_the_orphan_grace(backlog: Backlog, clock: Clock) -> None:
    assert OTHER is not None
    backlog.add(OTHER, look(), complete=True)
    assert take(backlog) is None
    assert backlog.due(clock.now)[1] == []
    clock.now += 60
    (known,) = backlog.due(clock.now)[1]
    assert known.name is OTHER
    backlog.served_elsewhere(known)
    assert backlog.due(clock.now)[1] == []
    assert backlog.waiting_by_kind() == {"other": 1}


def test_nothing_is_taken_while_taking_is_not_allowed_or_the_daemon_stops(backlog: Backlog) -> None:
    add(backlog, look(), complete=True)
    backlog.allow(False)
    assert take(backlog) is None
    backlog.allow(True)
    assert backlog.take(WORKER, 0, stopping=lambda: True, begin=lambda _run: None) is None
    assert take(backlog) is not None


def test_of_several_waiting_workers_the_one_that_has_the_model_is_woken_and_then_another() -> None:
    workers = [WorkerState(0), WorkerState(1, loaded=lambda: [("illustration", None)])]
    settings = Settings(spool=SpoolSettings(settle=0, poll_interval=0.05))
    backlog = Backlog(lambda: settings, time.monotonic, workers, lambda kind: Assignment(None, light=True))
    backlog.allow(True)
    taken: SimpleQueue[tuple[int, str]] = SimpleQueue()

    def serve(worker: WorkerState) -> None:
        tracked = backlog.take(worker, 20, stopping=lambda: False, begin=lambda _: None)
        assert tracked is not None
        taken.put((worker.number, tracked.name.msgid))

    threads = [threading.Thread(target=serve, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    wait_for(lambda: all(worker.idle for worker in workers), "both to wait")
    for number in (1, 2):
        name = RequestName.parse(f"a-{number}-64x64.txt")
        assert name is not None
        backlog.add(name, look(), complete=True)
    assert sorted(taken.get(timeout=20) for _ in workers) == [(0, "2"), (1, "1")]
    for thread in threads:
        thread.join()


def test_a_worker_that_becomes_idle_wakes_the_one_to_which_it_leaves_what_waits() -> None:
    """As after a crash: its model is gone, and the other one still waits for it to be done with it."""
    clock = Clock()
    workers = [WorkerState(0), WorkerState(1)]
    settings = Settings(spool=SpoolSettings(settle=0, poll_interval=0.05))
    backlog = Backlog(lambda: settings, clock, workers)
    backlog.allow(True)
    taken: SimpleQueue[int] = SimpleQueue()

    def serve(number: int) -> None:
        if backlog.take(workers[number], 60, stopping=lambda: not taken.empty(), begin=lambda _: None) is not None:
            taken.put(number)

    # Worker 0 runs the model, and worker 1 leaves it what waits.
    workers[0].model = ("illustration", None)
    name = RequestName.parse("a-1-64x64.txt")
    assert name is not None
    backlog.add(name, look(), complete=True)
    threads = [threading.Thread(target=serve, args=(number,)) for number in range(2)]
    threads[1].start()
    wait_for(lambda: workers[1].idle and workers[1].again < float("inf"), "the other one to wait")
    clock.now += 1
    workers[0].model = None
    threads[0].start()
    try:
        assert taken.get(timeout=60) == 1
    finally:
        taken.put(0)
        backlog.wake_all()
        for thread in threads:
            thread.join()


def test_a_request_whose_options_ask_for_another_kinds_model_waits_for_that_and_for_its_workers(clock: Clock) -> None:
    kinds = {"drawing": {"generator": "omnisvg"}, "small": {"generator": "omnisvg", "preset": "4b"}}
    settings = Settings.model_validate({"kinds": kinds, "default_kind": "drawing"})
    workers = [WorkerState(number, loaded=lambda: [("omnisvg", None)]) for number in range(2)]
    assigned = {"drawing": Assignment(frozenset({0})), "small": Assignment(frozenset({1}))}
    backlog = Backlog(lambda: settings, clock, workers, assigned.__getitem__)
    backlog.allow(True)
    add(backlog, look(), complete=True)

    def taken(worker: WorkerState) -> TrackedRequest | None:
        return backlog.take(worker, 0, stopping=lambda: False, begin=lambda attempt: None)

    assert taken(workers[1]) is None
    tracked = taken(workers[0])
    assert tracked is not None and tracked.attempt is not None
    assert (tracked.attempt.model, tracked.attempt.served_by) == (("omnisvg", None), None)
    tracked.attempt.served_by = "small"
    backlog.settle(tracked, AttemptResult.DEFERRED, look())
    assert taken(workers[0]) is None
    assert taken(workers[1]) is tracked
    assert tracked.attempt is not None
    assert (tracked.attempt.model, tracked.attempt.served_by) == (("omnisvg", "4b"), "small")
    # The kind that has it is gone: it is served by its own again.
    del settings.kinds["small"]
    backlog.settle(tracked, AttemptResult.AGAIN, look())
    assert taken(workers[0]) is tracked
