"""When the daemon looks at the spool, on a clock of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from spectacle.config import Settings
from spectacle.watcher import Watcher


class Clock:
    """A clock that stands still."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_server_that_made_a_scan_hang_does_not_put_off_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings.model_validate({"spool": {"path": tmp_path, "poll_interval": 1, "min_free": 0}})
    clock = Clock()
    watcher = Watcher(settings, [], clock)
    names = watcher._spool.names

    def hang() -> list[str]:
        clock.now += 60
        return names()

    monkeypatch.setattr(watcher._spool, "names", hang)
    watcher._turn()
    scans = watcher._scans
    assert scans == 1
    (tmp_path / "a-1-64x64.txt").write_text("a red fox")
    clock.now += 1
    watcher._turn()
    assert watcher._scans == scans + 1
    watcher._doorbell.take_down()
    watcher._spool.close()
