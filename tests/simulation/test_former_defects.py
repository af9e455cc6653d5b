"""The simulator finds each defect that was once there when it is put back."""

from __future__ import annotations

import random

import pytest

from simulation.former import FORMER, put_back
from simulation.plan import Act, Ask, Client, Fault, Plan
from simulation.run import carry_out

ORDERS = 2000
"""Orders of steps within which a defect has to be found; most are found within some dozens."""


def scene(number: str, draw: random.Random) -> tuple[Plan, set[str]]:
    """A plan in which a defect may show, and what would be said to be wrong."""
    if number == "D1":
        client = Client(0, "a-1-8x8", (Ask("v1 steps7", (("-input.png", "input of 1"),)),))
        away = Fault("d0.watcher", draw.randint(60, 110), "swap", draw.choice((0.8, 1.2)))
        return Plan(clients=(client,), faults=(away,)), {"wrong attachments"}
    if number == "D2":
        client = Client(0, "a-1-8x8-svg", (Ask("v1 steps0"), Act("await", 5.0), Act("sleep", 1.0), Ask("v2 steps0")))
        no_svg = Fault("d0.watcher", draw.randint(80, 120), "kinds", 0.0)
        return Plan(clients=(client,), faults=(no_svg,)), {"picture and error"}
    if number == "D3":
        client = Client(0, "a-1-8x8", (Ask("v1 steps3"), Act("running", 5.0), Act("sleep", 5.0), Ask("v2 steps0")))
        crash = (draw.choice(("kill", "kill after")), 6.0)
        plan = Plan(gap=1e6, at_changes=0.05, clients=(client,), traps=(crash,), trap_share=1.0)
        return plan, {"no answer", "old answer", "not served in time", "left over", "wrong error"}
    if number == "D4":
        later = Ask("v2 steps0", (("-input.png", "input of 2"),), pause=1.0)
        client = Client(0, "a-1-8x8", (Ask("v1 steps3 fail"), Act("running", 5.0), Act("sleep", 0.3), later))
        return Plan(clients=(client,)), {"wrong attachments"}
    if number == "D5":
        client = Client(0, "a-1-8x8", (Ask("v1 steps1 crash2"), Act("sleep", 1.5), Ask("v2 steps1 crash1")))
        return Plan(clients=(client,)), {"wrong error"}
    assert number == "D10"
    client = Client(0, "a-1-8x8", (Ask("v1 steps0 copies4"), Act("await", 5.0), Act("drop", 2.0), Ask("v2 steps0")))
    return Plan(clients=(client,)), {"old answer"}


def found(number: str) -> int | None:
    """The number of the first order in which something is wrong."""
    for order in range(ORDERS):
        plan, signs = scene(number, random.Random(order))
        wrong = carry_out(plan, f"{number} {order}").wrong
        if wrong:
            assert wrong[0].kind in signs, wrong
            return order
    return None


@pytest.mark.parametrize(
    "number", [pytest.param(number, marks=pytest.mark.slow) if number == "D3" else number for number in FORMER]
)
def test_a_defect_that_is_put_back_is_found(number: str) -> None:
    with put_back(number):
        assert found(number) is not None
