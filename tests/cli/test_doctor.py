"""`spectacle doctor`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from spectacle.spool.directory import Spool


@pytest.fixture
def card(tmp_path: Path, spool: Spool) -> Path:
    """A configuration with which everything is right."""
    os.chmod(spool.path, 0o2770)
    file = tmp_path / "spectacle.toml"
    file.write_text('default_kind = "card"\n[workers]\ndevices = ["cpu"]\n[kinds.card]\ngenerator = "test-double"\n')
    return file


def test_when_all_is_well_each_line_says_ok(run, card: Path) -> None:
    result = run("doctor", "--config", card)
    assert result.exit_code == 0, result.output
    assert {line.split()[0] for line in result.stdout.splitlines()} == {"OK"}
    for what in ("Python", "libraries", "SVG rendering", "configuration", "devices", "kind card", "claims", "inotify"):
        assert f"  {what} " in result.stdout


def test_a_failure_is_told_with_the_remedy_and_by_the_exit_status(run, card: Path, tmp_path: Path) -> None:
    result = run("doctor", "--config", card, "--spool", tmp_path / "none")
    assert result.exit_code == 1
    line = next(line for line in result.stdout.splitlines() if line.startswith("FAIL"))
    assert f"{tmp_path}/none: does not exist. Mount it, or create it with `spectacle init`." in line


def test_a_warning_is_no_failure(run, card: Path, spool: Spool) -> None:
    os.chmod(spool.path, 0o777)
    result = run("doctor", "--config", card)
    assert result.exit_code == 0
    assert "WARN  permissions" in result.stdout


def test_a_wrong_configuration_is_a_failure_that_keeps_the_rest_from_being_checked(run, card: Path) -> None:
    card.write_text("[spool]\nsettel = 1\n")
    result = run("doctor", "--config", card)
    assert result.exit_code == 1
    last = result.stdout.splitlines()[-1]
    assert last.startswith("FAIL  configuration")
    assert "line 2: unknown setting spool.settel" in last


def test_programs_get_json(run, card: Path) -> None:
    checks = json.loads(run("doctor", "--config", card, "--json").stdout)
    assert {check["level"] for check in checks} == {"ok"}
    assert all(set(check) == {"what", "level", "found", "remedy"} for check in checks)
