"""Lost attempts are counted in the spool, for one version of a request."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spectacle.spool.attempts import add_attempt, clear_attempts, read_attempts
from spectacle.spool.directory import Spool
from spectacle.spool.naming import STATE_DIRECTORY, RequestName

VERSION, NEWER = (1, 5, 10), (2, 5, 10)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    opened = Spool(tmp_path)
    opened.open()
    opened.prepare_state_directory()
    return opened


@pytest.fixture
def name() -> RequestName:
    parsed = RequestName.parse("a-1-64x64.txt")
    assert parsed is not None
    return parsed


def test_all_instances_count_together_until_the_request_has_its_answer(spool: Spool, name: RequestName) -> None:
    other = Spool(spool.path)
    other.open()
    assert add_attempt(spool, name, VERSION, "one") == 1
    assert add_attempt(other, name, VERSION, "two") == 2
    assert read_attempts(spool, name, VERSION) == 2
    clear_attempts(other, name)
    assert read_attempts(spool, name, VERSION) == 0


def test_one_attempt_counts_once_although_its_worker_and_then_its_daemon_ended(spool: Spool, name: RequestName) -> None:
    assert [add_attempt(spool, name, VERSION, token) for token in ("one", "one", "two", "two")] == [1, 1, 2, 2]


def test_what_an_earlier_request_of_the_name_has_cost_does_not_count(spool: Spool, name: RequestName) -> None:
    add_attempt(spool, name, VERSION, "one")
    assert read_attempts(spool, name, NEWER) == 0
    assert add_attempt(spool, name, NEWER, "one") == 1


def test_they_count_where_a_directory_lies_in_their_place(spool: Spool, name: RequestName) -> None:
    (spool.path / STATE_DIRECTORY / "attempts/a-1-64x64/full").mkdir(parents=True)
    assert read_attempts(spool, name, VERSION) == 0
    assert [add_attempt(spool, name, VERSION, token) for token in "abc"] == [1, 2, 3]
    (kept,) = os.listdir(spool.path / STATE_DIRECTORY / "poison")
    assert kept.startswith("a-1-64x64.")


@pytest.mark.parametrize(
    "forged",
    [
        *(f'{{"attempts": {each}}}' for each in ("-1000000", "null", '"x"', "1e9", "NaN", "9" * 4000)),
        *(f'{{"attempts": 2, "request": {each}}}' for each in ("null", "7", '"x"', "{}", "[[1, 5, 10]]")),
        "[]",
        "7",
        "[" * 4000,
        "",
    ],
)
def test_forged_ones_neither_give_more_nor_break_anything(spool: Spool, name: RequestName, forged: str) -> None:
    (spool.path / STATE_DIRECTORY / "attempts/a-1-64x64").write_text(forged)
    assert 0 <= read_attempts(spool, name, VERSION) <= 10**6
    assert add_attempt(spool, name, VERSION, "one") > 0
