"""Clients are told why they wait while the spool is paused."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from spectacle.client import Progress, Ticket, WaitTimeout, wait, wait_async
from spectacle.spool.directory import Spool


def put_report(spool: Spool, **told: object) -> None:
    report = {"interval": 10, "kinds": ["picture", "svg"], "default_kind": "picture", **told}
    (spool.path / ".spectacle/instances/one.json").write_text(json.dumps(report))


def paused(kind: str | None) -> list[object]:
    return [{"kind": kind, "told": "it is paused by eve: new\nGPU"}, 7, {"kind": ["x"], "told": "odd"}]


@pytest.mark.parametrize(
    ("kind", "stem", "concerned"),
    [
        (None, "a-1-8x8", True),
        (None, "a-1-8x8-svg", True),
        ("svg", "a-1-8x8-svg", True),
        ("svg", "a-1-8x8", False),
        ("picture", "a-1-8x8", True),
        ("picture", "a-1-8x8-svg", False),
    ],
)
def test_who_waits_is_told_of_a_pause_that_concerns_the_request(
    spool: Spool, kind: str | None, stem: str, concerned: bool
) -> None:
    (spool.path / f"{stem}.txt").write_text("a fox")
    put_report(spool, pauses=paused(kind))
    told: list[Progress] = []
    with pytest.raises(WaitTimeout) as error:
        wait(Ticket(spool.path, stem), 0.05, told.append)
    assert ("new GPU" in error.value.message) == concerned
    assert told == ([Progress("waiting", note="it is paused by eve: new GPU")] if concerned else [])


def test_of_a_report_that_is_old_or_none_nothing_is_told(spool: Spool, tmp_path: Path) -> None:
    (spool.path / "a-1-8x8.txt").write_text("a fox")
    (spool.path / ".spectacle/instances/two.json").write_text('{"pauses": 3}')
    told: list[Progress] = []
    began = time.monotonic()
    with pytest.raises(WaitTimeout, match="no result within"):
        asyncio.run(wait_async(Ticket(spool.path, "a-1-8x8"), 0.05, told.append))
    assert not told
    assert time.monotonic() - began < 10
