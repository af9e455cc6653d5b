"""What the tests of the command line share."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from spectacle.cli import main
from spectacle.spool.directory import Spool

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def nothing_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working and home directory, and no variable of ours."""
    for variable in [name for name in os.environ if name.startswith("SPECTACLE_")]:
        monkeypatch.delenv(variable)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home)


@pytest.fixture
def run() -> Run:
    """Runs `spectacle ARGUMENTS` within this process; whatever goes wrong, no traceback may reach the user."""

    def run(*arguments: object) -> Result:
        result = CliRunner().invoke(main, [str(each) for each in arguments], prog_name="spectacle")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in result.output
        return result

    return run


@pytest.fixture
def report(spool: Spool) -> Callable[..., dict[str, Any]]:
    """Puts an instance's report into the spool, as old as is asked for."""

    def report(name: str = "one", age: float = 0, **changes: Any) -> dict[str, Any]:
        told = {
            "instance": name,
            "host": f"host-{name}",
            "version": "0.1.0",
            "started": 0,
            "interval": 10.0,
            "state": "serving",
            "reason": None,
            "kinds": ["picture", "svg"],
            "devices": [
                {
                    "device": "cuda:0",
                    "state": "busy",
                    "pid": 1,
                    "generator": "test-double",
                    "preset": "big",
                    "job": {"stem": "a-1-64x64", "step": 3, "steps": 8, "seconds": 2.0},
                }
            ],
            "queue": {"picture": 2},
            "done": {"answered": 5, "refused": 1},
            "errors": ["the disk was full"],
            **changes,
        }
        path = spool.path / ".spectacle/instances" / f"{name}.json"
        path.write_text(json.dumps(told))
        now = spool.now_ns()
        os.utime(path, ns=(now, now - int(age * 1e9)))
        return told

    return report
