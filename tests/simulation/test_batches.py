"""Several daemons and workers of each sort with batches: what a crash costs, and that nothing is lost or mixed up."""

from __future__ import annotations

import json

import pytest

import simulation.run
from simulation.daemons import Daemons
from simulation.plan import Act, Ask, Client, Daemon, Fault, Plan
from simulation.run import carry_out
from simulation.world import World

WORDS = ("", "", "copies2", "fail", "progress", "apart", "steps7", "crash", "")


def crowd(order: int, *faults: Fault, words: tuple[str, ...] = WORDS, **about: object) -> Plan:
    """Requests of nine users at a time, of daemons whose workers take up to four together."""
    clients = []
    for number, word in enumerate(words):
        script: tuple[Ask | Act, ...] = (Ask(f"v{number} steps3 {word}".strip()),)
        if number == 3 and order % 2:
            script += (Act("running", 10.0), Act("cancel"))
        if number == 5 and order % 3 == 0:
            script += (Act("running", 10.0), Ask("v55 steps2"), Act("await", 20.0))
        clients.append(Client(0, f"u{number}-1-8x8", script))
    workers = order % 3 + 1
    daemons = tuple(Daemon(0, workers=workers, batch=4) for _ in range(order % 2 + 1))
    return Plan(network=(0, 3, 4)[order % 3], daemons=daemons, clients=tuple(clients), faults=faults, stops=order % 2)


class Watched(World):
    """Remembers the worlds there were."""

    seen: list[World]

    def __init__(self, *about: object) -> None:
        super().__init__(*about)  # type: ignore[arg-type]
        self.seen.append(self)


@pytest.mark.parametrize("thread", ["", "device-cpu-0", "device-cpu-batch-1", "batch", "watcher"])
def test_whatever_ends_in_the_middle_of_a_batch_every_request_gets_its_own_answer(
    thread: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Watched, "seen", [], raising=False)
    for order in range(16):
        action = ("kill", "kill after", "error", "hold")[order % 4]
        value = {"error": 5.0, "hold": 5.0}.get(action, 1.0)
        faults = (Fault(f"d0.{thread}", 5 + 7 * order, action, value),) if thread else ()
        result = carry_out(crowd(order, *faults), f"{thread} {order}", world_type=Watched)
        assert result.wrong == [], (thread, order)
    assert sum(world.batches for world in Watched.seen) >= 10


def test_a_request_that_ends_its_worker_costs_each_other_one_attempt_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Daemons] = []

    def remember(world: World) -> Daemons:
        made.append(Daemons(world))
        return made[-1]

    monkeypatch.setattr(simulation.run, "Daemons", remember)
    for order in range(20):
        words = ("", "", "crash", "", "steps7", "", "crash", "", "")
        plan = crowd(order, words=words)
        result = carry_out(Plan(**{**_fields(plan), "stops": 0}), f"crash {order}")
        assert result.wrong == []
        crashed: dict[str, int] = {}
        for run in made[-1].runs:
            crashed[run.stem] = crashed.get(run.stem, 0) + (run.end == "crashed")
        # Two of them end workers: who was in a batch with one is alone from then on.
        assert all(count <= 1 for stem, count in crashed.items() if stem[1] not in "26"), (order, json.dumps(crashed))


def _fields(plan: Plan) -> dict[str, object]:
    return {name: getattr(plan, name) for name in Plan.__dataclass_fields__}
