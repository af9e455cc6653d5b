"""The conda environment names what the package itself names."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return found


@pytest.fixture(scope="module")
def lines() -> list[str]:
    text = (ROOT / "environment.yml").read_text()
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_it_is_plain_yaml_of_keys_and_lists(lines: list[str]) -> None:
    assert all(re.fullmatch(r"(  )*(- )?(\w+:( \S+)?|[\w.>=<,-]+|-r \S+)", line) for line in lines)
    assert [line for line in lines if not line.startswith(" ")] == ["name: spectacle", "channels:", "dependencies:"]


def test_it_asks_for_the_pythons_of_the_locked_sets(lines: list[str], project: dict[str, Any]) -> None:
    assert f"  - python{project['requires-python']},<3.15" in lines


def test_it_installs_a_locked_set_with_hashes_required(lines: list[str]) -> None:
    start = lines.index("  - pip:")
    assert lines[start + 1] == "      - --require-hashes"
    (path,) = re.findall(r"- -r (\S+)", lines[start + 2])
    assert (ROOT / path).is_file()


def test_it_brings_the_library_that_cairosvg_loads(lines: list[str], project: dict[str, Any]) -> None:
    assert any(each.startswith("cairosvg") for each in project["dependencies"])
    assert any(line.startswith("  - cairo") for line in lines)
