"""`spectacle illustrate`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def test_a_prompt_is_drawn_to_standard_output_or_a_file(run, tmp_path: Path) -> None:
    drawn = run("illustrate", "a cat on a sofa", "--size", "64x48")
    assert drawn.exit_code == 0
    assert drawn.stdout.startswith("<svg")
    run("illustrate", "a cat on a sofa", "--size", "64x48", "--output", tmp_path / "cat.svg")
    assert (tmp_path / "cat.svg").read_text(encoding="utf-8") == drawn.stdout.rstrip("\n")


def test_a_plan_is_printed_and_drawn(run, tmp_path: Path) -> None:
    printed = run("illustrate", "--plan", "two red cats on a sofa")
    plan = json.loads(printed.stdout)
    assert plan["things"][0]["count"] == 2
    (tmp_path / "plan.json").write_text(printed.stdout)
    drawn = run("illustrate", "--from-plan", tmp_path / "plan.json", "--size", "64x48")
    assert drawn.exit_code == 0
    assert drawn.stdout.startswith("<svg")


def test_what_is_not_in_the_picture_is_told(run) -> None:
    assert "gollum" in run("illustrate", "gollum eating an apple", "--size", "64x48").stderr


def test_a_file_of_another_format_is_refused(run, tmp_path: Path) -> None:
    result = run("illustrate", "a cat", "--output", tmp_path / "cat.png")
    assert result.exit_code == 2
    assert f"--output {tmp_path}/cat.png: this command writes SVG. Use {tmp_path}/cat.svg" in result.stderr
    assert not (tmp_path / "cat.png").exists()


@pytest.mark.parametrize("arguments", [[], ["a cat", "--from-plan", "-"]])
def test_either_a_prompt_or_a_plan_is_needed(run, arguments: list[str]) -> None:
    assert run("illustrate", *arguments).exit_code == 2


def test_a_plan_that_is_not_valid_is_told_in_one_line(run, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text('{"place": "atlantis"}')
    result = run("illustrate", "--from-plan", tmp_path / "plan.json")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
