"""Costs of jobs are measured for each model and sort of worker, and kept in the spool."""

from __future__ import annotations

import json

import pytest

from spectacle.daemon.costs import MAX_BYTES, Measured, MeasuredCosts
from spectacle.daemon.schedule import Schedule, UnknownCosts, Waiting, WorkerState
from spectacle.spool.claims import this_host
from spectacle.spool.directory import Spool
from spectacle.spool.naming import RequestName, costs_path

MODEL = ("painter", "fast")
GPU, CPU, SMALL_CPU = (
    WorkerState(0, True, "cuda:0"),
    WorkerState(1, False, "cpu"),
    WorkerState(2, False, "cpu 1"),
)


def waiting(width: int = 1000, height: int = 1000, light: bool = False) -> Waiting:
    name = RequestName.parse(f"a-1-{width}x{height}.txt")
    assert name is not None
    return Waiting(name, MODEL, 1, light=light)


def measure(costs: MeasuredCosts, worker: WorkerState, seconds: float, width: int = 1000, steps: int = 4) -> None:
    costs.measured(waiting(width).name, MODEL, worker.measured_as, Measured(None, seconds, steps))


def test_what_was_never_run_costs_nobody_knows_what(spool: Spool) -> None:
    costs = MeasuredCosts(spool)
    assert costs.job_seconds(waiting(), GPU) is None
    assert costs.load_seconds(waiting(), GPU) == UnknownCosts.HEAVY_LOAD
    assert costs.load_seconds(waiting(light=True), GPU) == UnknownCosts.LIGHT_LOAD


def test_a_job_is_expected_to_take_as_long_as_the_last_ones_of_its_size(spool: Spool) -> None:
    costs = MeasuredCosts(spool)
    for seconds in (10.0, 12.0):
        measure(costs, GPU, seconds)
    assert costs.job_seconds(waiting(), GPU) == pytest.approx(11, abs=0.2)
    for _ in range(50):
        measure(costs, GPU, 3.0)
    assert costs.job_seconds(waiting(), GPU) == pytest.approx(3, abs=0.1), "what is old is forgotten"


def test_larger_images_are_expected_to_take_longer(spool: Spool) -> None:
    costs = MeasuredCosts(spool)
    for width in (500, 1000, 2000):
        measure(costs, GPU, 2 + width / 1000, width)
    assert costs.job_seconds(waiting(4000), GPU) == pytest.approx(6)
    assert costs.job_seconds(waiting(100), GPU) == pytest.approx(2.1)


def test_estimates_are_never_negative(spool: Spool) -> None:
    costs = MeasuredCosts(spool)
    for width, seconds in ((1000, 1.0), (2000, 5.0)):
        measure(costs, GPU, seconds, width)
    small = costs.job_seconds(waiting(10), GPU)
    assert small is not None
    assert 0 < small < 1


def test_each_sort_of_worker_has_its_own_costs_and_the_same_device_stands_in_for_what_is_not_known(
    spool: Spool,
) -> None:
    costs = MeasuredCosts(spool)
    measure(costs, CPU, 40.0)
    assert costs.job_seconds(waiting(), GPU) is None
    assert costs.job_seconds(waiting(), SMALL_CPU) == pytest.approx(40)
    measure(costs, SMALL_CPU, 90.0)
    assert costs.job_seconds(waiting(), SMALL_CPU) == pytest.approx(90)
    assert costs.job_seconds(waiting(), CPU) == pytest.approx(40)


def test_a_load_is_measured_apart_from_the_job(spool: Spool) -> None:
    costs = MeasuredCosts(spool)
    costs.measured(waiting().name, MODEL, GPU.measured_as, Measured(20.0, None, 0))
    assert costs.load_seconds(waiting(), GPU) == 20
    assert costs.job_seconds(waiting(), GPU) is None


def test_costs_outlive_the_daemon(spool: Spool) -> None:
    costs, again = MeasuredCosts(spool), MeasuredCosts(spool)
    costs.measured(waiting().name, MODEL, GPU.measured_as, Measured(20.0, 5.0, 4))
    costs.save(0.0)
    again.read()
    assert again.load_seconds(waiting(), GPU) == 20
    assert again.job_seconds(waiting(), GPU) == pytest.approx(5)


def test_costs_are_written_once_a_minute_at_most_and_only_when_something_was_measured(spool: Spool) -> None:
    costs = MeasuredCosts(spool)
    path = spool.path / costs_path(this_host())
    costs.save(0.0)
    assert not path.exists()
    measure(costs, GPU, 1.0)
    costs.save(0.0)
    before = path.read_bytes()
    measure(costs, GPU, 1.0)
    costs.save(59.0)
    assert path.read_bytes() == before
    costs.save(60.0)
    assert path.read_bytes() != before


def test_a_directory_in_the_place_of_the_costs_does_no_harm(spool: Spool) -> None:
    (spool.path / costs_path(this_host())).mkdir()
    costs = MeasuredCosts(spool)
    costs.read()
    measure(costs, GPU, 1.0)
    costs.save(0.0)
    assert costs.job_seconds(waiting(), GPU) == pytest.approx(1)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[" * 100_000,
        b"{}",
        b"[3]",
        json.dumps([{"generator": "painter", "preset": "fast", "worker": "cpu", "load": -1}]).encode(),
        b'[{"generator": "painter", "preset": "fast", "worker": "cpu", "load": NaN}]',
        b'[{"generator": "painter", "preset": "fast", "worker": "cpu", "weight": 1, "seconds": 1e300}]',
        b" " * (MAX_BYTES + 1),
    ],
)
def test_costs_that_cannot_be_believed_are_measured_again(spool: Spool, content: bytes) -> None:
    (spool.path / costs_path(this_host())).write_bytes(content)
    costs = MeasuredCosts(spool)
    costs.read()
    assert costs.job_seconds(waiting(), CPU) is None
    assert costs.load_seconds(waiting(), CPU) == UnknownCosts.HEAVY_LOAD


def test_a_queue_that_is_worth_a_load_spreads_at_once_and_a_shorter_one_does_not(spool: Spool) -> None:
    costs = MeasuredCosts(spool)
    costs.measured(waiting().name, MODEL, GPU.measured_as, Measured(20.0, 8.0, 4))
    holder = WorkerState(0, True, "cuda:0", loaded=lambda: [MODEL])
    other = WorkerState(1, True, "cuda:0", idle=True)
    schedule = Schedule(60, lambda: 100.0, [holder, other], costs)
    for number in range(5):
        name = RequestName.parse(f"a-{number}-1000x1000.txt")
        assert name is not None
        schedule.add(Waiting(name, MODEL, number, since=100.0))
    taken = schedule.take(holder)
    assert taken is not None
    holder.busy_until = schedule.expected_end(taken, holder)
    assert holder.busy_until == pytest.approx(108)
    assert schedule.seconds_to_empty(MODEL, None) == pytest.approx((8 + 4 * 8) / 2)
    assert schedule.take(other) is not None, "8 s until it is free and three more after that are worth 20 s"
    other.idle, other.busy_until, other.model = True, None, None
    schedule.remove("a-2-1000x1000")
    assert schedule.take(other) is None
    assert other.again == 120
