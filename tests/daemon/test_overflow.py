"""Very many waiting requests: only some are tracked, and yet they are served in the order as if all were."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from clock import Clock
from directory_of_names import DirectoryOfNames, scanner_of
from hypothesis import given, settings
from hypothesis import strategies as st

from spectacle.config import Settings, SpoolSettings
from spectacle.daemon import scanner as scanner_module
from spectacle.daemon.attempt import AttemptResult
from spectacle.daemon.events import FileEvent
from spectacle.daemon.overflow import OTHER_KINDS, Overflow
from spectacle.daemon.schedule import WorkerState
from spectacle.processes import module_environment

MAX_TRACKED = 8
AT_ONCE = Settings(spool=SpoolSettings(settle=0))
MEGABYTES = 150


class World:
    """A spool of names, an instance that knows of at most `MAX_TRACKED` (and half as many), and what it should do."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.files: dict[str, int] = {}
        self.spool = DirectoryOfNames(lambda: list(self.files), self.files.get)
        self.scanner, self.backlog = scanner_of(self.spool, self.clock, settings=AT_ONCE, max_tracked=MAX_TRACKED)
        self.started: dict[str, float] = {}

    def write(self, user: str, kind: str, *, heard: bool) -> str:
        self.clock.now += 1
        name = f"{user}-{int(self.clock.now)}-64x64{kind}.txt"
        self.files[name] = int(self.clock.now)
        if heard:
            self.scanner._on_event(name, FileEvent.COMPLETE)
            self.scanner.handle_events()
        return name

    def next_by_the_rule(self) -> str | None:
        """The oldest request of the user who has waited longest since one of theirs was last started."""

        def rank(name: str) -> tuple[float, int, str]:
            user = name.partition("-")[0]
            return self.started.get(user, float("-inf")), self.files[name], name

        return min(self.files, key=rank, default=None)

    def take(self) -> str | None:
        """Serve the next request, after a scan."""
        self.clock.now += 1
        self.scanner.scan()
        self.backlog.due(self.clock.now)
        tracked = self.backlog.take(WorkerState(), 0, stopping=lambda: False, begin=lambda attempt: None)
        if tracked is None:
            return None
        name = tracked.name.file_name
        self.started[tracked.name.user] = self.clock.now
        del self.files[name]
        self.backlog.settle(tracked, AttemptResult.ANSWERED, None)
        return name


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from("abc"), st.sampled_from(["", "-svg"]), st.integers(1, 30)),
        st.tuples(st.just("hear"), st.sampled_from("abc"), st.sampled_from(["", "-svg"]), st.integers(1, 30)),
        st.tuples(st.just("cancel"), st.just(""), st.just(""), st.integers(1, 20)),
        st.tuples(st.just("take"), st.just(""), st.just(""), st.integers(1, 20)),
    ),
    max_size=12,
)


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(ACTIONS)
def test_requests_are_served_in_the_order_as_if_all_were_tracked(actions: list[tuple[str, str, str, int]]) -> None:
    world = World()
    for action, user, kind, count in [*actions, ("take", "", "", 10_000)]:
        for turn in range(count):
            if action == "take":
                expected = world.next_by_the_rule()
                assert world.take() == expected
                if expected is None:
                    break
            elif action == "cancel":
                if world.files:
                    del world.files[sorted(world.files)[turn % len(world.files)]]
            else:
                world.write(user, kind, heard=action == "hear")
        world.scanner.scan()
    assert world.backlog.is_done(but_for_held=False)
    assert not +world.backlog.waiting_by_kind()


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), st.integers(0, 40)), max_size=120))
def test_with_more_users_than_room_every_request_is_served_once(requests: list[tuple[str, int]]) -> None:
    world = World()
    written = [world.write(user, "", heard=number % 3 == 0) for user, number in requests]
    served = [world.take() for _ in written]
    assert sorted(filter(None, served)) == sorted(written)
    assert world.take() is None


def test_what_waits_is_counted_whether_or_not_it_is_tracked() -> None:
    world = World()
    for _ in range(50):
        world.write("a", "-svg", heard=False)
        world.write("b", "", heard=False)
    world.scanner.scan()
    assert world.backlog.waiting_by_kind() == {"picture": 50, "svg": 50}
    assert not world.backlog.is_done(but_for_held=True)
    for name in list(world.files)[:98]:
        del world.files[name]
    world.scanner.scan()
    assert world.backlog.waiting_by_kind() == {"picture": 1, "svg": 1}


def test_anothers_single_request_is_served_next_in_a_flood() -> None:
    world = World()
    for _ in range(200):
        world.write("a", "", heard=False)
    first = list(world.files)[:3]
    assert [world.take() for _ in range(3)] == first
    single = world.write("b", "", heard=True)
    assert world.take() == single


def test_no_more_is_tracked_than_was_said() -> None:
    world = World()
    for number in range(300):
        world.write(f"user{number}", "", heard=number % 2 == 0)
    world.scanner.scan()
    stems = [name.removesuffix(".txt") for name in world.files]
    assert len(world.backlog.tracked(stems)) <= MAX_TRACKED * 3 // 2
    assert sum(world.backlog.waiting_by_kind().values()) == 300


def test_a_spool_of_few_requests_is_listed_once_for_a_scan() -> None:
    world = World()
    for _ in range(MAX_TRACKED):
        world.write("a", "", heard=False)
    world.scanner.scan()
    assert world.spool.listings == 1


def test_another_directory_begins_with_nothing_set_aside() -> None:
    world = World()
    for _ in range(50):
        world.write("a", "", heard=False)
    world.scanner.scan()
    world.files.clear()
    world.backlog.moved()
    assert world.backlog.is_done(but_for_held=False)


def test_more_events_than_may_wait_are_made_up_for_by_the_next_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner_module, "MAX_EVENTS", 3)
    world = World()
    known = world.write("a", "", heard=True)
    for number in range(6):
        name = f"b-{number}-64x64.txt"
        world.files[name] = 1
        world.scanner._on_event(name, FileEvent.COMPLETE)
    del world.files[known]
    world.scanner._on_event(known, FileEvent.GONE)
    world.scanner.handle_events()
    assert world.backlog.waiting_by_kind() == {"picture": 3}
    world.scanner.scan()
    assert world.backlog.waiting_by_kind() == {"picture": 6}


class TestOverflow:
    def test_a_request_that_is_added_twice_counts_once(self) -> None:
        overflow = Overflow()
        for _ in range(2):
            overflow.add("a", 1, 1, "svg")
            overflow.begin_listing()
            overflow.add("a", 1, 1, "svg")
        assert len(overflow) == 1
        assert "a" in overflow
        assert "b" not in overflow

    def test_what_is_not_heard_of_in_a_listing_is_forgotten(self) -> None:
        overflow = Overflow()
        for stem in "abcdef":
            overflow.add(stem, 1, 1, stem)
        overflow.begin_listing()
        assert overflow.not_among(["x", "a", "y", "c"]) == ["x", "y"]
        overflow.add("new", 1, 1, "new")
        overflow.end_listing()
        assert overflow.by_kind() == Counter(["a", "c", "new"])

    def test_kinds_beyond_a_thousand_are_counted_together(self) -> None:
        overflow = Overflow()
        for number in range(1500):
            overflow.add(f"a-{number}", 1, 1, f"kind{number}")
        assert len(overflow.by_kind()) == 1001
        assert overflow.by_kind()[OTHER_KINDS] == 500

    def test_the_oldest_of_each_group_are_chosen_those_of_small_groups_first(self) -> None:
        overflow = Overflow()
        for number in range(10):
            overflow.add(f"a-{number}", 100 - number, 1, "")
            overflow.add(f"b-{number}", 200 - number, 2, "")

        def chosen(elsewhere: dict[int, int], **limits: int) -> list[str]:
            hashes = overflow.choose(elsewhere, **limits)
            return [f"{user}-{number}" for user in "ab" for number in range(10) if hash(f"{user}-{number}") in hashes]

        assert chosen({}, room=4, small=1, small_room=4) == ["a-8", "a-9", "b-8", "b-9"]
        assert chosen({1: 3}, room=3, small=1, small_room=3) == ["b-7", "b-8", "b-9"]
        assert chosen({1: 3}, room=0, small=2, small_room=9) == ["b-8", "b-9"]


@pytest.mark.slow
@pytest.mark.parametrize("users", ["one", "many"])
def test_a_million_waiting_requests_take_less_than_150_megabytes_and_keep_their_order(users: str) -> None:
    here = Path(__file__).parent
    environment = module_environment()
    environment["PYTHONPATH"] = os.pathsep.join([str(here), str(here.parent), environment.get("PYTHONPATH", "")])
    command = [sys.executable, "-P", str(here / "million.py"), users]
    child = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert child.returncode == 0, child.stderr
    said = json.loads(child.stdout)
    print(said)
    assert said["most"] * 2**20 <= MEGABYTES * 10**6
    assert said["counted"] == [1_000_000, 992_000]
    assert users == "many" or said["another"] == "bob-1-1024x1024.txt"
