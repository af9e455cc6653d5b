"""A daemon that is held up for longer than its lease just before it removes its claim removes its successor's."""

from __future__ import annotations

import pytest

from simulation.plan import Act, Ask, Client, Daemon, Plan
from simulation.run import carry_out
from simulation.scheduler import Scheduler
from simulation.system import System
from simulation.world import World


class LateSystem(System):
    """Holds the first daemon that removes a claim up before it does."""

    def unlink(self, path: str, *, dir_fd: int | None = None) -> None:
        world = self._world
        assert isinstance(world, LateWorld)
        if path.endswith(".lock") and self._process.is_daemon and not world.was_late:
            directory, _ = self._locate(path, dir_fd)
            own = directory.entries.get(path)
            world.was_late = True
            world.setbacks += 1
            self._scheduler.hold_up(self._process, 2 * world.plan.lease)
            self._scheduler.sleep(2 * world.plan.lease)
            LateWorld.successors_removed += directory.entries.get(path) not in (None, own)
        super().unlink(path, dir_fd=dir_fd)


class LateWorld(World):
    """Notes whether the claim that was removed was a successor's."""

    system_type = LateSystem
    successors_removed = 0

    def __init__(self, plan: Plan, scheduler: Scheduler) -> None:
        self.was_late = False
        super().__init__(plan, scheduler)


@pytest.mark.parametrize("network", [0, 3, 4])
def test_a_successors_claim_that_is_removed_costs_a_run_at_most_and_no_result(network: int) -> None:
    LateWorld.successors_removed = 0
    script = (Ask("v1 steps0"), Act("await", 20.0), Ask("v2 steps9", (("-input.png", "input of 2"),)))
    again = (*script, Act("running", 20.0), Act("sleep", 6.0), Ask("v3 steps2 copies2"))
    hosts = 1 if network else 0
    for order in range(20):
        client = Client(0, "a-1-8x8", script if order % 2 else again)
        plan = Plan(network=network, daemons=(Daemon(0), Daemon(hosts), Daemon(0)), clients=(client,), gap=20.0)
        result = carry_out(plan, order, world_type=LateWorld)
        assert result.wrong == []
    assert LateWorld.successors_removed
