"""Makes a failing run simpler: fewer clients, daemons, faults and steps, and at last fewer changes of turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from simulation.plan import Act, Ask, Client, Plan
from simulation.run import Result, carry_out
from simulation.scheduler import Decision

ORDERS = 40
"""How many orders of steps a simpler plan is tried with."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A run in which something was wrong, and what it takes to do it again.

    Attributes:
        plan: The plan.
        seed: The seed of its names.
        decisions: What the scheduler did beside the usual.
        result: What came of it.
    """

    plan: Plan
    seed: str
    decisions: dict[int, Decision]
    result: Result

    @property
    def kind(self) -> str:
        return self.result.wrong[0].kind

    def __str__(self) -> str:
        lines = [str(self.result.wrong[0])]
        lines += [f"  daemon d{number}: {daemon}" for number, daemon in enumerate(self.plan.daemons)]
        for number, client in enumerate(self.plan.clients):
            lines += [f"  client c{number} on host {client.host}, for {client.stem}:"]
            lines += [f"    {step}" for step in client.script]
        lines += [f"  {fault}" for fault in self.plan.faults]
        lines += [f"  step {step}: {decision}" for step, decision in sorted(self.decisions.items())]
        lines += ["To do it again:", f"  carry_out({self.plan!r}, {self.seed!r}, {self.decisions!r})"]
        return "\n".join(lines)


def find(plan: Plan, seed: int | str) -> Failure | None:
    """Carry a plan out in one order."""
    result = carry_out(plan, seed)
    return Failure(plan, str(seed), result.decisions, result) if result.wrong else None


def shrink(failure: Failure, runs: int = 5000) -> Failure:
    """The simplest run found, in so many runs at most, in which the same is wrong."""
    budget = _Budget(runs)
    simpler = True
    while simpler:
        simpler = False
        for plan in _simpler_plans(failure.plan):
            found = _try(plan, failure, budget)
            if found is not None:
                failure, simpler = found, True
                break
    return _fewer_decisions(failure, budget)


class _Budget:
    """Counts runs down."""

    def __init__(self, left: int) -> None:
        self.left = left

    def again(self, plan: Plan, seed: str, decisions: dict[int, Decision] | None, kind: str) -> Failure | None:
        """Carry a plan out, and say whether the same is wrong."""
        if not self.left:
            return None
        self.left -= 1
        result = carry_out(plan, seed, decisions)
        return Failure(plan, seed, result.decisions, result) if result.wrong and result.wrong[0].kind == kind else None


def _try(plan: Plan, failure: Failure, budget: _Budget) -> Failure | None:
    """The same failure with a simpler plan, in the order it had or in another one."""
    found = budget.again(plan, failure.seed, failure.decisions, failure.kind)
    for number in range(ORDERS):
        if found is not None or not budget.left:
            break
        found = budget.again(plan, f"{failure.seed}.{number}", None, failure.kind)
    return found


def _simpler_plans(plan: Plan) -> Iterator[Plan]:
    for number in range(len(plan.clients)):
        if len(plan.clients) > 1:
            yield replace(plan, clients=_without(plan.clients, number))
    if len(plan.daemons) > 1:
        last = f"d{len(plan.daemons) - 1}."
        faults = tuple(fault for fault in plan.faults if not fault.thread.startswith(last))
        yield replace(plan, daemons=plan.daemons[:-1], faults=faults)
    for number in range(len(plan.faults)):
        yield replace(plan, faults=_without(plan.faults, number))
    for number in range(len(plan.traps)):
        yield replace(plan, traps=_without(plan.traps, number))
    if plan.network:
        yield replace(plan, network=0)
    for change in ({"tick_ns": 1}, {"reuses_numbers": False}, {"stops": 0}, {"at_changes": 0.0}):
        if any(getattr(plan, name) != value for name, value in change.items()):
            yield replace(plan, **change)
    for number, client in enumerate(plan.clients):
        for script in _simpler_scripts(client.script):
            clients = list(plan.clients)
            clients[number] = Client(client.host, client.stem, script)
            yield replace(plan, clients=tuple(clients))


def _simpler_scripts(script: tuple[Ask | Act, ...]) -> Iterator[tuple[Ask | Act, ...]]:
    for number, step in enumerate(script):
        if len(script) > 1:
            yield _without(script, number)
        if isinstance(step, Ask):
            for ask in _simpler_asks(step):
                yield (*script[:number], ask, *script[number + 1 :])


def _simpler_asks(ask: Ask) -> Iterator[Ask]:
    for number in range(len(ask.attachments)):
        yield replace(ask, attachments=_without(ask.attachments, number))
    if ask.how != "rename":
        yield replace(ask, how="rename")
    if ask.pause:
        yield replace(ask, pause=0.0)
    words = ask.text.split()
    for number in range(1, len(words)):
        yield replace(ask, text=" ".join(_without(tuple(words), number)))


def _without(things: tuple, number: int) -> tuple:  # type: ignore[type-arg]
    return things[:number] + things[number + 1 :]


def _fewer_decisions(failure: Failure, budget: _Budget) -> Failure:
    """Leave out decisions, many at a time at first."""
    size = max(1, len(failure.decisions) // 2)
    while True:
        steps = sorted(failure.decisions)
        for first in range(0, len(steps), size):
            if not budget.left:
                return failure
            left_out = set(steps[first : first + size])
            kept = {step: each for step, each in failure.decisions.items() if step not in left_out}
            found = budget.again(failure.plan, failure.seed, kept, failure.kind)
            if found is not None and len(found.decisions) < len(failure.decisions):
                failure = found
                break
        else:
            if size == 1:
                return failure
            size //= 2
