from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Collection

import pytest
from clock import Clock
from hypothesis import given
from hypothesis import strategies as st

from spectacle.daemon.schedule import Schedule, Waiting, WorkerState
from spectacle.spool.naming import RequestName


def request(user: str, message: int, arrival: int, model: str = "m") -> Waiting:
    name = RequestName.parse(f"{user}-{message}-64x64.txt")
    assert name is not None
    return Waiting(name, model, arrival)


def order(schedule: Schedule, clock: Clock, loaded: Collection[str] = ()) -> list[str]:
    taken = []
    worker = WorkerState(loaded=lambda: loaded)
    while (waiting := schedule.take(worker)) is not None:
        taken.append(f"{waiting.name.user}{waiting.name.msgid}")
        clock.now += 1
    return taken


def test_one_users_requests_go_oldest_first() -> None:
    clock = Clock()
    schedule = Schedule(60, clock)
    for message, arrival in ((1, 30), (2, 10), (3, 20)):
        schedule.add(request("a", message, arrival))
    assert order(schedule, clock) == ["a2", "a3", "a1"]


def test_a_hundred_requests_of_one_user_do_not_hold_up_anothers_one() -> None:
    clock = Clock()
    schedule = Schedule(60, clock)
    for message in range(100):
        schedule.add(request("greedy", message, message))
    assert schedule.take(WorkerState()) is not None
    clock.now += 1
    schedule.add(request("modest", 1, 1000))
    waiting = schedule.take(WorkerState())
    assert waiting is not None
    assert waiting.name.user == "modest"


def test_users_with_long_queues_take_turns() -> None:
    clock = Clock()
    schedule = Schedule(60, clock)
    for number, user in enumerate("abc"):
        for message in range(5):
            schedule.add(request(user, message, number * 100 + message))
    users = [entry[0] for entry in order(schedule, clock)]
    for start in range(0, 15, 3):
        assert Counter(users[start : start + 3]) == Counter("abc")


def test_the_loaded_models_requests_overtake_for_the_affinity_window_only() -> None:
    clock = Clock()
    schedule = Schedule(10, clock)
    schedule.add(request("old", 1, 0, "cold"))
    for number in range(30):
        schedule.add(request(f"u{number}", 1, 100 + number, "hot"))
    taken = order(schedule, clock, loaded=["hot"])
    assert taken.index("old1") == 10


def test_requests_of_several_loaded_models_overtake_in_their_own_order() -> None:
    clock = Clock()
    schedule = Schedule(60, clock)
    for user, model in (("a", "cold"), ("b", "warm"), ("c", "hot"), ("d", "warm")):
        schedule.add(request(user, 1, ord(user), model))
    assert order(schedule, clock, loaded=["hot", "warm", "idle"]) == ["b1", "c1", "d1", "a1"]


def test_a_request_that_comes_back_is_served_again() -> None:
    clock = Clock()
    schedule = Schedule(60, clock)
    schedule.add(request("a", 0, 0))
    for _ in range(3):
        schedule.add(request("a", 1, 7))
        schedule.remove("a-1-64x64")
    schedule.add(request("a", 1, 7))
    assert order(schedule, clock) == ["a0", "a1"]


def test_a_removed_request_is_not_taken() -> None:
    clock = Clock()
    schedule = Schedule(60, clock)
    schedule.add(request("a", 1, 1))
    schedule.add(request("a", 2, 2))
    schedule.remove("a-1-64x64")
    assert len(schedule) == 1
    assert order(schedule, clock) == ["a2"]


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 20), st.sampled_from("mn")), max_size=60), st.integers()
)
def test_every_request_is_taken_once_whatever_the_order_of_events(
    entries: list[tuple[str, int, str]], seed: int
) -> None:
    clock = Clock()
    schedule = Schedule(3, clock)
    rng = random.Random(seed)
    expected = set()
    taken = []
    for message, (user, arrival, model) in enumerate(entries):
        schedule.add(request(user, message, arrival, model))
        expected.add(f"{user}-{message}-64x64")
        clock.now += rng.random()
        loaded = rng.choice([(), "m", "mn"])
        if rng.random() < 0.3 and (waiting := schedule.take(WorkerState(loaded=lambda it=loaded: it))) is not None:
            taken.append(waiting.name.stem)
        if rng.random() < 0.1 and expected:
            gone = rng.choice(sorted(expected))
            if gone in schedule:
                schedule.remove(gone)
                expected.discard(gone)
    while (waiting := schedule.take(WorkerState())) is not None:
        taken.append(waiting.name.stem)
    assert sorted(taken) == sorted(expected)
    assert len(schedule) == 0


def test_taking_stays_cheap_when_requests_were_found_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    schedule = Schedule(60, clock)
    for message in reversed(range(2000)):
        schedule.add(request(f"u{message % 2}", message, message))
    steps = 0

    def counted(function):  # type: ignore[no-untyped-def]
        def call(*arguments):  # type: ignore[no-untyped-def]
            nonlocal steps
            steps += 1
            return function(*arguments)

        return call

    for name in ("heappush", "heappop", "heapreplace"):
        monkeypatch.setattr(heapq, name, counted(getattr(heapq, name)))
    assert len(order(schedule, clock)) == 2000
    assert steps < 5 * 2000
