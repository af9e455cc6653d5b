"""What instances tell each other, and how long they are believed."""

from __future__ import annotations

import errno
import json
import os
import tracemalloc
from collections.abc import Callable

import pytest
from clock import Clock

from spectacle.spool.directory import Spool
from spectacle.spool.instances import (
    BEATS_TO_DIE,
    MAX_KINDS,
    Instances,
    all_reports,
    is_live,
    new_identity,
    ready_elsewhere,
)
from spectacle.spool.naming import STATE_DIRECTORY


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def here(spool: Spool, clock: Clock) -> Instances:
    return Instances(spool, "here", clock)


def report_of(kinds: list[str], interval: float = 10) -> dict[str, object]:
    return {"kinds": kinds, "interval": interval}


def test_names_of_instances_are_their_own() -> None:
    assert new_identity() != new_identity()
    assert str(os.getpid()) in new_identity()


def test_the_kinds_of_others_are_known_and_ones_own_are_not_among_them(spool: Spool, here: Instances) -> None:
    here.report(report_of(["mine"]))
    Instances(spool, "there").report(report_of(["theirs", "more"]))
    assert here.served_elsewhere() == {"theirs", "more"}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_an_instance_without_space_still_reports_why(
    spool: Spool, here: Instances, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    details = {"kind_details": {"mine": {"options_schema": "x" * 5000}}}
    here.report({**report_of(["mine"]), "state": "serving"})
    here.report({**report_of(["mine"]), "state": "serving", **details})

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(spool, "replace", refuse)
    here.report({**report_of(["mine"]), "state": "waiting", "reason": "full " * 100, "errors": ["x" * 9999], **details})
    ((report, _),) = all_reports(spool)
    assert (report["state"], report["reason"], report["kinds"]) == ("waiting", "full " * 100, ["mine"])
    with pytest.raises(OSError, match=os.strerror(number)):
        here.report({**report_of(["mine"]), "reason": "full " * 10_000})
    assert all_reports(spool)[0][0]["state"] == "waiting"
    here.leave()
    with pytest.raises(FileNotFoundError):
        here.report(report_of(["mine"]))


def test_the_first_report_leaves_room_for_a_reason(
    spool: Spool, here: Instances, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.report({**report_of(["mine"]), "reason": None, "filler": "x" * 4000})
    monkeypatch.setattr(spool, "replace", lambda *_: (_ for _ in ()).throw(OSError(errno.EDQUOT, "quota")))
    here.report({**report_of(["mine"]), "reason": "because " * 100, "filler": "x" * 4000})
    assert all_reports(spool)[0][0]["reason"] == "because " * 100


def test_an_instance_that_left_is_forgotten(spool: Spool, here: Instances) -> None:
    there = Instances(spool, "there")
    there.report(report_of(["theirs"]))
    assert here.served_elsewhere()
    there.leave()
    there.leave()
    assert not here.served_elsewhere()


def test_a_report_that_stands_still_is_believed_for_three_of_its_own_intervals(
    spool: Spool, here: Instances, clock: Clock
) -> None:
    there = Instances(spool, "there")
    there.report(report_of(["theirs"], interval=10))
    assert here.served_elsewhere()
    clock.now += BEATS_TO_DIE * 10
    assert here.served_elsewhere()
    clock.now += 1
    assert not here.served_elsewhere()
    there.report(report_of(["theirs"], interval=10))
    assert here.served_elsewhere()


@pytest.mark.parametrize("then", [0.0, 4e9])
def test_times_of_other_clocks_do_not_matter(spool: Spool, here: Instances, then: float) -> None:
    Instances(spool, "there").report(report_of(["theirs"]))
    os.utime(spool.path / STATE_DIRECTORY / "instances/there.json", (then, then))
    assert here.served_elsewhere() == {"theirs"}


def plant(content: bytes) -> Callable[[Spool], None]:
    return lambda spool: (spool.path / STATE_DIRECTORY / "instances/evil.json").write_bytes(content) and None


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"[" * 100_000, b'{"kinds": 5}', b'{"kinds": "svg"}', b"\xff", b"x" * 300_000],
    ids=["empty", "half", "list", "null", "deep", "number", "text", "no UTF-8", "huge"],
)
def test_what_is_no_report_is_passed_over(spool: Spool, here: Instances, content: bytes) -> None:
    plant(content)(spool)
    Instances(spool, "there").report(report_of(["theirs"]))
    assert here.served_elsewhere() == {"theirs"}
    assert len(all_reports(spool)) == 1


def test_reports_in_any_number_and_of_any_length_take_little_memory(spool: Spool, here: Instances) -> None:
    many = json.dumps({"kinds": [f"k{number}" for number in range(10_000)], "errors": ["x" * 1000] * 50})
    for number in range(20):
        (spool.path / STATE_DIRECTORY / f"instances/evil{number}.json").write_text(many)
    tracemalloc.start()
    try:
        assert len(here.served_elsewhere()) == MAX_KINDS
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 2**21


def test_no_more_reports_are_read_than_there_may_be_instances(
    spool: Spool, here: Instances, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spectacle.spool.instances.MAX_REPORTS", 3)
    for number in range(9):
        Instances(spool, f"there{number}").report(report_of([f"kind{number}"]))
    assert len(here.served_elsewhere()) == 3
    assert len(all_reports(spool)) == 3


def test_a_kind_that_nobody_could_ask_for_is_not_believed(spool: Spool, here: Instances) -> None:
    Instances(spool, "there").report({"kinds": ["theirs", "\x1b[2J", "a b", "A", "", 5, ["x"], "k" * 10_000, "svg\n"]})
    assert here.served_elsewhere() == {"theirs"}


@pytest.mark.parametrize("interval", ["1", None, -5, 0, 1e300, True, [1]])
def test_an_interval_that_makes_no_sense_is_ten_seconds_at_most_an_hour(
    spool: Spool, here: Instances, clock: Clock, interval: object
) -> None:
    Instances(spool, "there").report({"kinds": ["theirs"], "interval": interval})
    assert here.served_elsewhere()
    clock.now += 100
    assert not here.served_elsewhere()


def test_a_link_to_elsewhere_is_no_report(spool: Spool, here: Instances) -> None:
    (spool.path / "target").write_text('{"kinds": ["theirs"]}')
    (spool.path / STATE_DIRECTORY / "instances/evil.json").symlink_to(spool.path / "target")
    assert not here.served_elsewhere()


def test_the_age_of_a_report_is_told_by_the_file_servers_own_clock(spool: Spool) -> None:
    Instances(spool, "there").report(report_of(["theirs"], interval=10))
    ((report, age),) = all_reports(spool)
    assert is_live(report, age)
    old = spool.now_ns() - 31 * 10**9
    os.utime(spool.path / STATE_DIRECTORY / "instances/there.json", ns=(old, old))
    ((report, age),) = all_reports(spool)
    assert not is_live(report, age)


def test_workers_of_others_that_wait_with_a_model_are_counted(spool: Spool) -> None:
    def device(state: str, *presets: str | None) -> dict[str, object]:
        return {"state": state, "loaded": [{"generator": "omnisvg", "preset": preset} for preset in presets]}

    def told(identity: str, state: str, *devices: object) -> None:
        Instances(spool, identity).report({"instance": identity, "state": state, "devices": [*devices]})

    told("here", "serving", device("ready", "4b"))
    told("there", "serving", device("ready", "4b", "8b"), device("busy", "4b"), device("ready"), "nonsense", {})
    told("far", "serving", device("ready", "4b"))
    told("paused", "paused", device("ready", "4b"))
    Instances(spool, "odd").report({"state": "serving", "devices": {"state": "ready"}})
    assert ready_elsewhere(spool, "here", "omnisvg", "4b") == 2
    assert ready_elsewhere(spool, "here", "omnisvg", "8b") == 1
    assert ready_elsewhere(spool, "here", "omnisvg", None) == 0
