"""Several workers take from one schedule: each what it can serve, and models stay where they are loaded."""

from __future__ import annotations

from collections.abc import Hashable

import pytest
from clock import Clock

from spectacle.daemon.schedule import Schedule, UnknownCosts, Waiting, WorkerState
from spectacle.spool.naming import RequestName

HEAVY_LOAD, LIGHT_LOAD = UnknownCosts.HEAVY_LOAD, UnknownCosts.LIGHT_LOAD


class Worker(WorkerState):
    """A worker whose models are a list."""

    __slots__ = ("models",)

    def __init__(self, number: int, *models: str, on_gpu: bool = True, running: bool = True) -> None:
        self.models: list[Hashable] = list(models)
        super().__init__(number, on_gpu, loaded=lambda: self.models, is_running=lambda: running, idle=True)

    def begin(self, request: Waiting) -> None:
        """Load the model of a request and run it."""
        self.idle, self.model = False, request.model
        self.models = [request.model]


class World:
    """A schedule of some workers."""

    def __init__(self, *workers: Worker) -> None:
        self.clock = Clock()
        self.clock.now = 0.0
        self.workers = workers
        self.schedule = Schedule(60, self.clock, workers)
        self.count = 0

    def ask(self, model: str, *only: int, user: str = "u", light: bool = False) -> None:
        self.count += 1
        name = RequestName.parse(f"{user}-{self.count}-64x64.txt")
        assert name is not None
        self.schedule.add(
            Waiting(name, model, self.count, frozenset(only) if only else None, light=light, since=self.clock.now)
        )

    def take(self, number: int) -> str | None:
        """What a worker takes: the number of the request."""
        worker = self.workers[number]
        taken = self.schedule.take(worker)
        if taken is None:
            return None
        worker.begin(taken)
        return taken.name.msgid

    def end(self, number: int) -> None:
        """A worker is done."""
        self.workers[number].idle, self.workers[number].model = True, None


def test_each_worker_takes_only_what_it_can_serve() -> None:
    world = World(Worker(0), Worker(1, on_gpu=False))
    world.ask("heavy", 0)
    world.ask("light", 1, light=True)
    assert world.take(1) == "2"
    assert world.take(0) == "1"


def test_something_light_never_waits_for_something_heavy_while_another_worker_may_run_it() -> None:
    world = World(Worker(0), Worker(1, on_gpu=False))
    for _ in range(3):
        world.ask("heavy", 0)
    assert world.take(0) == "1"
    world.ask("light", 0, 1, light=True)
    assert world.take(1) == "4"


def test_a_request_goes_to_the_idle_worker_that_has_its_model() -> None:
    world = World(Worker(0, "a"), Worker(1, "b"))
    world.ask("b")
    assert world.take(0) is None
    assert world.take(1) == "1"


def test_what_is_left_to_an_idle_worker_does_not_keep_others_from_what_else_waits() -> None:
    world = World(Worker(0, "a"), Worker(1, "b"))
    world.ask("b")
    world.ask("a")
    assert world.take(0) == "2"
    assert world.take(1) == "1"


def test_no_model_is_moved_for_a_single_request_within_the_affinity_window() -> None:
    world = World(Worker(0, "a"), Worker(1, "b"))
    world.ask("a")
    assert world.take(0) == "1"
    world.ask("a")
    assert world.take(1) is None
    assert world.workers[1].again == 60
    world.clock.now += 59
    assert world.take(1) is None
    world.clock.now += 1
    assert world.take(1) == "2"


def test_a_model_spreads_to_a_second_gpu_when_its_queue_grows() -> None:
    world = World(Worker(0, "a"), Worker(1, "b"))
    for _ in range(4):
        world.ask("a")
    assert world.take(0) == "1"
    assert world.take(1) is None
    assert world.workers[1].again == HEAVY_LOAD
    world.clock.now += HEAVY_LOAD
    assert world.take(1) == "2"
    assert (world.take(0), world.take(1)) == ("3", "4")


def test_a_heavy_model_goes_where_no_other_has_to_make_room() -> None:
    world = World(Worker(0, "a"), Worker(1))
    world.ask("b")
    assert world.take(0) is None
    assert world.take(1) == "1"


def test_where_all_have_models_the_longest_unused_one_makes_room() -> None:
    world = World(Worker(0, "a"), Worker(1, "b"))
    world.workers[0].idle_since, world.workers[1].idle_since = 7, 3
    world.ask("c")
    assert world.take(0) is None
    assert world.take(1) == "1"


def test_a_model_that_is_being_loaded_counts_as_loaded() -> None:
    world = World(Worker(0), Worker(1))
    world.ask("a")
    world.ask("a")
    assert world.take(0) == "1"
    world.workers[0].models = []
    assert world.take(1) is None


def test_a_light_request_begins_within_one_poll_while_a_worker_is_free() -> None:
    world = World(Worker(0, "light", on_gpu=False), Worker(1, on_gpu=False, running=False))
    world.schedule.light_patience = 0.25
    world.ask("light", light=True)
    assert world.take(0) == "1"
    world.ask("light", light=True)
    assert world.take(1) is None
    assert world.workers[1].again == 0.25
    world.clock.now += 0.25
    assert world.take(1) == "2"


def test_light_requests_leave_the_gpu_to_those_who_need_it() -> None:
    world = World(Worker(0), Worker(1, on_gpu=False, running=False))
    world.ask("light", light=True)
    assert world.take(0) is None
    assert world.take(1) == "1"


@pytest.mark.parametrize("first", [0, 1])
def test_the_best_placed_idle_worker_is_woken(first: int) -> None:
    workers = [Worker(number, *(["a"] if number == first else [])) for number in range(2)]
    world = World(*workers)
    world.ask("a")
    assert list(world.schedule.best_placed()) == [workers[first]]
    workers[first].idle = False
    assert list(world.schedule.best_placed()) == [workers[1 - first]]
    workers[1 - first].idle = False
    assert list(world.schedule.best_placed()) == []


def test_users_take_turns_over_all_workers() -> None:
    world = World(Worker(0, "a"), Worker(1, "a"))
    for user in ("greedy",) * 6 + ("modest",) * 2:
        world.ask("a", user=user)
    taken = []
    for turn in range(8):
        world.clock.now += 1
        taken.append(world.take(turn % 2))
        world.end(turn % 2)
    assert taken == ["1", "7", "2", "8", "3", "4", "5", "6"]


def test_a_request_is_overtaken_for_the_affinity_window_whichever_worker_overtakes_it() -> None:
    world = World(Worker(0, "hot"), Worker(1, "hot"))
    world.ask("cold", user="patient")
    for number in range(200):
        world.ask("hot", user=f"u{number}")
    began = None
    for turn in range(200):
        if world.take(turn % 2) == "1":
            began = world.clock.now
            break
        world.end(turn % 2)
        world.clock.now += 1
    assert began == 60


def test_a_worker_without_a_place_takes_nothing_and_nothing_is_left_to_it() -> None:
    world = World(Worker(0, "heavy"), Worker(1))
    world.workers[0].is_absent = lambda: True
    world.ask("heavy")
    assert world.take(0) is None
    assert [each.number for each in world.schedule.best_placed()] == [1]
    assert world.take(1) == "1"


def test_a_model_that_a_node_lacks_is_run_by_another_one_even_while_that_one_is_busy() -> None:
    world = World(Worker(0), Worker(1))
    world.workers[0].lacks = lambda: {"flower"}
    world.ask("other", 1)
    assert world.take(1) == "1"
    world.ask("flower")
    assert world.take(0) is None
    world.end(1)
    assert world.take(1) == "2"


def test_a_model_that_all_nodes_lack_is_run_for_its_error() -> None:
    world = World(Worker(0), Worker(1), Worker(2, "flower"))
    for number in (0, 1):
        world.workers[number].lacks = lambda: {"flower"}
    world.workers[2].is_absent = lambda: True
    world.ask("flower")
    assert world.take(0) == "1"
