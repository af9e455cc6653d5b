"""One run: a plan and an order of steps are carried out and judged."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import structlog

from simulation.clients import Actor
from simulation.daemons import Daemons, records_of, simulated
from simulation.oracle import BYSTANDERS, Evidence, Wrong, judge, judge_left_overs
from simulation.plan import Plan, draw_plan
from simulation.scheduler import Choices, Decision, EndlessRun, Given, Scheduler, Thread
from simulation.world import SPOOL, Process, World
from spectacle.spool.claims import Claims
from spectacle.spool.directory import Spool
from spectacle.spool.naming import RequestName
from spectacle.spool.sweep import LEASES, sweep

CHAOS_SECONDS = 12.0
"""For how long things still go wrong after the clients' last act, at most."""

PATIENCE = 75.0
"""Seconds within which everything is served once nothing goes wrong any more: the longest back-off and some leases."""


@dataclass(slots=True)
class Result:
    """What came of a run.

    Attributes:
        wrong: What should not be; empty when all is well.
        decisions: What the scheduler did beside the usual.
        steps: How many steps there were.
        seconds: Simulated seconds.
        log: What happened, for people.
    """

    wrong: list[Wrong]
    decisions: dict[int, Decision]
    steps: int
    seconds: float
    log: list[tuple[int, float, str]]


class _Judge:
    """Watches over a run: says when nothing goes wrong any more, and when everything has come to rest."""

    def __init__(self, world: World, daemons: Daemons, actors: list[Actor]) -> None:
        self._world = world
        self._daemons = daemons
        self._actors = actors
        self._rest_since: float | None = None
        self._clients_done: float | None = None
        self._calm_since: float | None = None
        self.over = False
        self.late = False

    def watch(self) -> None:
        scheduler = self._world.scheduler
        while not self.over:
            scheduler.sleep(0.25)
            self._look(scheduler.now)

    def _look(self, now: float) -> None:
        world = self._world
        if self._clients_done is None:
            if not all(actor.done for actor in self._actors):
                return
            self._clients_done = now
        resting = self._is_resting(now)
        if self._calm_since is None:
            if resting or now - self._clients_done > CHAOS_SECONDS:
                world.scheduler.calm = True
                self._calm_since = now
                world.tell("nothing goes wrong from now on")
                world.mount()
                world.free()
            return
        self._daemons.ensure_one()
        if not resting:
            self._rest_since = None
            if now - self._calm_since > PATIENCE:
                self.over = self.late = True
            return
        if self._rest_since is None:
            self._rest_since = now
        self.over = now - self._rest_since > 1.2 * world.plan.poll

    def _is_resting(self, now: float) -> bool:
        world = self._world
        if self._daemons.busy or world.busy or now < world.scheduler.held:
            return False
        for name in world.spool.entries:
            if name.endswith((".lock", ".commit")):
                return False
            if name.endswith(".txt") and RequestName.parse(name) is not None:
                return False
        return True


class _Recorder:
    """Takes the daemon's log, instead of showing it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __call__(self, _logger: Any, method: str, event: MutableMapping[str, Any]) -> Any:
        world = self._world
        told = " ".join(f"{key}={value}" for key, value in event.items() if key not in ("event", "exc_info"))
        world.tell(f"{world.scheduler.current.process.name} logs: {event['event']} {told}")
        if "fault in Spectacle" in event["event"]:
            world.faults.append(traceback.format_exc())
        raise structlog.DropEvent


def carry_out(
    plan: Plan, seed: int | str, decisions: Mapping[int, Decision] | None = None, world_type: type[World] = World
) -> Result:
    """Carry a plan out.

    Args:
        plan: The plan.
        seed: Seed of the order of steps, and of the names that the daemon draws at random.
        decisions: The order of steps instead of one drawn by the seed.
        world_type: The world to do it in.
    """
    choices: Choices
    if decisions is None:
        choices = Choices(f"order {seed}", plan.gap, plan.at_changes, plan.stops, plan.pauses)
        choices.traps, choices.trap_share = plan.traps, plan.trap_share
    else:
        choices = Given(decisions)
    scheduler = Scheduler(choices)
    world = world_type(plan, scheduler)
    _put_bystanders(world)

    def stopped(thread: Thread, seconds: float) -> None:
        world.tell(f"{thread.name} is held up for {seconds:.2f} s")
        if seconds > plan.lease / 3:
            world.setbacks += 1

    scheduler.on_stop = stopped
    structlog.configure(processors=[_Recorder(world)])
    wrong: list[Wrong] = []
    with simulated(world, f"names {seed}"):
        daemons = Daemons(world)
        actors: list[Actor] = []
        for number in range(len(plan.daemons)):
            daemons.start(number)
        actors += [Actor(world, client, number) for number, client in enumerate(plan.clients)]
        referee = _Judge(world, daemons, actors)
        scheduler.spawn(world.environment, "environment.judge", referee.watch)
        served = frozenset(set.intersection(*(set(each.kinds) for each in plan.daemons)))
        if any(fault.action == "kinds" for fault in plan.faults):
            served -= {"svg"}
        try:
            scheduler.run(lambda: referee.over)
            wishes = {actor.wishes.stem: actor.wishes for actor in actors}
            evidence = Evidence(plan, wishes, daemons.runs, world.setbacks, served)
            wrong += [Wrong("fault in Spectacle", each) for each in world.faults]
            wrong += [Wrong("ran on", each) for each in world.ran_on]
            wrong += [Wrong("gone too early", each) for each in world.gone_too_early]
            wrong += [Wrong("removed too early", each) for each in world.removed_early]
            if referee.late:
                wrong.append(Wrong("not served in time", ", ".join(sorted(world.spool.entries))))
            wrong += judge(world.spool.entries, evidence)
            if not wrong:
                _sweep(world, scheduler)
                wrong += judge_left_overs(world.spool.entries, evidence)
        except EndlessRun as error:
            wrong.append(Wrong("endless", str(error)))
        finally:
            scheduler.end()
    return Result(wrong, choices.made, scheduler.step, scheduler.now - 1000.0, world.log)


def _put_bystanders(world: World) -> None:
    for name, content in BYSTANDERS.items():
        world.files.create(world.spool, name).data = content.encode()


def _sweep(world: World, scheduler: Scheduler) -> None:
    """Have everybody stop, and what they have left swept when it is old, as `spectacle gc` does."""
    for process in dict.fromkeys(thread.process for thread in scheduler.threads if thread.process.is_daemon):
        process.end()
    world.set_clock(2 * LEASES * world.plan.lease + 2 * 3600)  # it may have been set back
    process = Process(world, "sweeper", world.hosts[0])

    def sweep_twice() -> None:
        spool = Spool(SPOOL, process.system)
        spool.open()
        claims = Claims(spool, world.plan.lease, scheduler.monotonic, records_of(process))
        for _ in range(2):
            sweep(spool, claims, world.plan.lease, spool.now_ns())
            scheduler.sleep(2 * world.plan.lease)
        spool.close()

    thread = scheduler.spawn(process, "sweeper.sweep", sweep_twice)
    scheduler.run(lambda: thread.done)


def run_seed(seed: int) -> Result:
    """Carry out the plan and the order of a seed."""
    return carry_out(draw_plan(seed), seed)
