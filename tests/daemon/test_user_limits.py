"""Whether a user's limits leave room, as one and as several instances count it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from clock import Clock

from spectacle.config import Settings
from spectacle.daemon.backlog import Backlog, TrackedRequest
from spectacle.daemon.user_limits import UserLimits
from spectacle.errors import OverLimit
from spectacle.spool.claims import Claims
from spectacle.spool.directory import Spool
from spectacle.spool.file_status import FileStatus
from spectacle.spool.instances import Instances
from spectacle.spool.naming import RequestName
from spectacle.spool.sweep import sweep
from spectacle.spool.usage import WINDOW, read_accounts


def name(stem: str) -> RequestName:
    found = RequestName.from_stem(stem)
    assert found is not None
    return found


class Instance:
    """One instance with limits."""

    def __init__(self, spool: Spool, identity: str, clock: Clock, **limits: object) -> None:
        settings = Settings.model_validate({"spool": {"path": spool.path}, "limits": {"users": limits}})
        self.backlog = Backlog(lambda: settings, clock)
        self.backlog.allow(True)
        self.instances = Instances(spool, identity, clock)
        self.instances.report({"interval": 10, "kinds": ["picture"]})
        self.woken = 0
        self.limits = UserLimits(spool, self.backlog, self.instances, lambda: settings, self._wake, clock)

    def _wake(self) -> None:
        self.woken += 1


def ask(spool: Spool, stem: str) -> RequestName:
    (spool.path / f"{stem}.txt").write_text("a fox")
    return name(stem)


def test_all_instances_together_start_no_more_than_the_limit(spool: Spool) -> None:
    clock = Clock()
    one, two = (Instance(spool, each, clock, per_hour=3, over="error") for each in ("one", "two"))
    for each in (one, two):
        each.limits.refresh(clock())
    assert one.limits.admit(ask(spool, "a-1-8x8")) is True
    assert two.limits.admit(ask(spool, "a-2-8x8")) is True
    assert one.limits.admit(ask(spool, "a-3-8x8")) is True
    error = two.limits.admit(ask(spool, "a-4-8x8"))
    assert isinstance(error, OverLimit)
    assert "3 requests may start within an hour. Try again in" in error.message
    assert 0 < int(error.details["retry_after"]) <= WINDOW + 60
    assert two.limits.admit(ask(spool, "b-1-8x8")) is True
    # What came to nothing does not count.
    one.limits.done(name("a-3-8x8"), counts=False)
    assert two.limits.admit(name("a-4-8x8")) is True


def test_what_was_started_counts_for_an_hour_although_its_instance_is_gone(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The file server's time does not go with the clock.
    monkeypatch.setattr("spectacle.daemon.user_limits.CLOCK_INTERVAL", 1e9)
    clock = Clock()
    Instance(spool, "one", clock, per_hour=1).limits.admit(ask(spool, "a-1-8x8"))
    (spool.path / ".spectacle/instances/one.json").unlink()
    sweep(spool, Claims(spool, 3), 3, spool.now_ns() + 50 * 60 * 10**9)
    two = Instance(spool, "two", clock, per_hour=1)
    assert two.limits.admit(ask(spool, "a-2-8x8")) is False
    clock.now += WINDOW + 61
    assert two.limits.admit(name("a-2-8x8")) is True
    sweep(spool, Claims(spool, 3), 3, spool.now_ns() + 3 * WINDOW * 10**9)
    assert not (spool.path / ".spectacle/usage-one.json").exists()


def test_a_request_whose_result_is_there_does_not_run_any_more_whatever_an_account_says(spool: Spool) -> None:
    clock = Clock()
    one, two = (Instance(spool, each, clock, running=1) for each in ("one", "two"))
    for each in (one, two):
        each.limits.refresh(clock())
    assert one.limits.admit(ask(spool, "a-1-8x8")) is True
    assert two.limits.admit(ask(spool, "a-2-8x8")) is False
    (spool.path / "a-1-8x8.txt").unlink()
    assert two.limits.admit(name("a-2-8x8")) is True


def test_pixels_count_in_all_and_what_never_fits_is_refused_where_others_wait(spool: Spool) -> None:
    clock = Clock()
    one = Instance(spool, "one", clock, pixels=100)
    assert one.limits.admit(ask(spool, "a-1-8x8")) is True
    assert one.limits.admit(ask(spool, "a-2-8x8")) is False
    assert one.limits.admit(ask(spool, "a-3-6x6")) is True
    error = one.limits.admit(ask(spool, "a-4-20x20"))
    assert isinstance(error, OverLimit)
    assert "is 400 pixels; the limit of user a is 100 in an hour. Request less." in error.message


def test_who_is_over_a_limit_is_passed_over_and_who_waits_too_long_is_refused(spool: Spool) -> None:
    clock = Clock()
    one = Instance(spool, "one", clock, running=1, waiting=2)
    for number, stem in enumerate(["a-1-8x8", "a-2-8x8", "a-3-8x8", "a-4-8x8", "b-1-8x8"]):
        one.backlog.add(ask(spool, stem), FileStatus(number, 5, number, 0o100660, 1), complete=True)
    assert one.limits.admit(name("a-1-8x8")) is True
    refused = one.limits.refresh(clock())
    assert [(tracked.name.stem, error.details["limit"]) for tracked, error in refused] == [("a-4-8x8", "waiting")]
    assert "1 request may run simultaneously" in str(one.limits.why("a"))
    assert one.limits.why("b") is None
    order = [(tracked.name.stem, ahead) for tracked, ahead, _ in one.backlog.places()]
    assert order[0] == ("b-1-8x8", 0)
    one.limits.done(name("a-1-8x8"), counts=True)
    (spool.path / "a-1-8x8.txt").unlink()
    assert one.woken == 2


@pytest.mark.parametrize(
    "content", ["", "[]", '{"started": 3, "running": []}', '{"started": {"a": [[1], [-1, 1, 1], "x", [1, true, 1]]}}']
)
def test_an_account_that_is_none_is_passed_over(spool: Spool, content: str) -> None:
    Path(spool.path / ".spectacle/usage-odd.json").write_text(content)
    os.mkdir(spool.path / ".spectacle/usage-dir.json")
    assert read_accounts(spool, ()) == {}


def test_an_account_is_small_however_much_was_started(spool: Spool) -> None:
    clock = Clock()
    one = Instance(spool, "one", clock, per_hour=100_000)
    for number in range(300):
        request = name(f"a-{number}-8x8")
        assert one.limits.admit(request) is True
        one.limits.done(request, counts=True)
    content = (spool.path / ".spectacle/usage-one.json").read_text()
    assert sum(count for _, count, _ in json.loads(content)["started"]["a"]) == 300
    assert len(content) < 200


def test_a_backlog_that_takes_long_to_go_through_is_left_alone_for_a_while(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    one = Instance(spool, "one", clock, running=1)
    seen: list[float] = []

    def slow() -> list[TrackedRequest]:
        seen.append(clock.now)
        clock.now += 1
        return []

    monkeypatch.setattr(one.backlog, "waiting", slow)
    began = clock.now
    while clock.now < began + 70:
        one.limits.refresh(clock.now)
        clock.now += 0.5
    assert [moment - began for moment in seen] == [0, 21, 42, 63]
