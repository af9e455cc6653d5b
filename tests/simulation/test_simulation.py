"""Whatever goes wrong in whatever order, each request ends in one whole answer to its newest text."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable

import pytest

from simulation.former import put_back
from simulation.plan import Act, Ask, Client, Fault, Plan, draw_plan
from simulation.run import carry_out
from simulation.shrink import Failure, find, shrink

FIXED = 1000
"""Seeds that are always tried: some ten seconds."""

FRESH_SECONDS = 120.0
"""How long each stream of seeds that nobody has seen is tried."""


def first_failure(seeds: Iterable[int]) -> Failure | None:
    for seed in seeds:
        failure = find(draw_plan(seed), seed)
        if failure is not None:
            print(f"seed {seed}: {failure.result.wrong[0]}")
            return failure
    return None


@pytest.mark.slow
def test_nothing_is_wrong_in_runs_that_are_always_tried() -> None:
    failure = first_failure(range(FIXED))
    assert failure is None, shrink(failure)


@pytest.mark.slow
@pytest.mark.parametrize("stream", [0, 1])
def test_nothing_is_wrong_in_runs_that_nobody_has_seen(stream: int) -> None:
    first = secrets.randbelow(10**12) * 2 + stream
    end = time.monotonic() + FRESH_SECONDS

    def fresh() -> Iterable[int]:
        seed = first
        while time.monotonic() < end:
            yield seed
            seed += 2
        print(f"seeds {first} to {seed - 2}, every other one")

    failure = first_failure(fresh())
    assert failure is None, shrink(failure)


def test_results_behind_any_gap_go_when_the_request_is_made_again() -> None:
    drops = tuple(Act("drop", float(number)) for number in range(1, 5))
    script = (Ask("v1 steps0 copies6"), Act("await", 20.0), *drops, Ask("v2 steps0"))
    for order in range(30):
        plan = Plan(network=(0, 3, 4)[order % 3], clients=(Client(0, "a-1-8x8", script),))
        assert carry_out(plan, order).wrong == []


def test_a_result_that_is_moved_away_late_and_put_back_is_not_removed() -> None:
    seed = 1399491251649  # a host is held up within a rename, while another one publishes a newer result
    assert carry_out(draw_plan(seed), seed).wrong == []


def test_a_run_is_the_same_whenever_it_is_done_again() -> None:
    for seed in range(50):
        plan = draw_plan(seed)
        once, again = carry_out(plan, seed), carry_out(plan, seed)
        assert (once.log, once.steps, once.wrong) == (again.log, again.steps, again.wrong)


def test_a_run_is_the_same_by_the_decisions_that_were_taken_in_it() -> None:
    for seed in range(50):
        plan = draw_plan(seed)
        drawn = carry_out(plan, seed)
        given = carry_out(plan, seed, drawn.decisions)
        assert (given.log, given.steps, given.decisions) == (drawn.log, drawn.steps, drawn.decisions)


@pytest.mark.slow
def test_a_failing_run_is_made_as_simple_as_can_be() -> None:
    script = (Ask("v1 steps3 copies4"), Act("await", 20.0), Act("drop", 2.0), Ask("v2 steps3", how="place"))
    bystander = Client(0, "b-2-8x8", (Ask("v3 steps1", (("-input.png", "input of 3"),)),))
    faults = (Fault("d0.claim-keeper", 3, "error", 5.0), Fault("d0.watcher", 50, "hold", 1.0))
    plan = Plan(network=4, tick_ns=4_000_000, clients=(Client(0, "a-1-8x8", script), bystander), faults=faults)
    with put_back("D10"):
        failure = find(plan, "any")
        assert failure is not None
        simplest = shrink(failure, 3000)
        again = carry_out(simplest.plan, simplest.seed, simplest.decisions)
    assert simplest.kind == again.wrong[0].kind == "old answer"
    assert simplest.plan.faults == ()
    assert [client.stem for client in simplest.plan.clients] == ["a-1-8x8"]
    assert simplest.plan.clients[0].script == (
        Ask("v1 copies4"), Act("await", 20.0), Act("drop", 2.0), Ask("v2")
    )  # fmt: skip
    assert simplest.decisions == {}
