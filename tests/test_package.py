"""What ships: the data that the code needs, the licences of what is bundled, and nothing too large."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LARGEST = 20 * 2**20
"""Bytes that the wheel must not exceed; data that is compressed already hardly gets smaller in it."""

ILLUSTRATION = files("spectacle.generators.illustration")
NEEDED = [
    "art/library.bin",
    "art/letters.bin",
    "art/maps.bin",
    "language/lexicon.bin",
    "language/synonyms.txt",
]
LICENCES = {
    "art/LICENSE-fluent.txt": "MIT License",
    "art/LICENSE-noto.txt": "Apache License",
    "art/LICENSE-openclipart.txt": "public domain",
    "art/LICENSE-emojibase.txt": "MIT",
    "art/LICENSE-cldr.txt": "UNICODE LICENSE V3",
    "art/LICENSE-fira-sans.txt": "SIL Open Font License",
    "art/LICENSE-flag-icons.txt": "MIT License",
    "art/LICENSE-world-atlas.txt": "Permission to use",
    "language/LICENSE-wordnet.txt": "WordNet 3.1 Copyright",
}


def data_files() -> list[PurePosixPath]:
    """Everything in the package that is not code, relative to the repository."""
    return [
        PurePosixPath(path.relative_to(ROOT).as_posix())
        for path in (ROOT / "spectacle").rglob("*")
        if path.is_file() and path.suffix != ".py" and path.parent.name != "__pycache__"
    ]


@pytest.mark.parametrize("name", NEEDED)
def test_what_the_illustrator_needs_is_in_the_package(name: str) -> None:
    assert ILLUSTRATION.joinpath(name).is_file()


@pytest.mark.parametrize(("name", "said"), LICENCES.items())
def test_the_licence_of_everything_that_is_bundled_is_in_the_package(name: str, said: str) -> None:
    assert said.lower() in ILLUSTRATION.joinpath(name).read_text(encoding="utf-8").lower()


def test_there_is_no_licence_that_nobody_knows_of() -> None:
    found = {str(path) for path in data_files() if path.name.startswith("LICENSE")}
    assert found == {f"spectacle/generators/illustration/{name}" for name in LICENCES}


def test_type_checkers_are_told_that_the_package_is_typed() -> None:
    marker: Traversable = files("spectacle").joinpath("py.typed")
    assert marker.is_file()


def test_every_data_file_goes_into_the_wheel() -> None:
    globs = [
        f"{package.replace('.', '/')}/{pattern}"
        for package, patterns in PROJECT["tool"]["setuptools"]["package-data"].items()
        for pattern in patterns
    ]
    left_out = [path for path in data_files() if not any(path.match(glob) for glob in globs)]
    assert left_out == []


def test_every_licence_goes_into_the_metadata_of_the_wheel() -> None:
    named = {path for glob in PROJECT["project"]["license-files"] for path in ROOT.glob(glob)}
    assert ROOT / "LICENSE" in named
    assert {ROOT / path for path in data_files() if path.name.startswith("LICENSE")} <= named


def test_the_data_leave_the_wheel_small() -> None:
    assert sum((ROOT / path).stat().st_size for path in data_files()) < LARGEST


@pytest.mark.models
def test_every_library_that_is_imported_is_declared() -> None:
    """Not only one that arrives with another: that one may leave it out in its next version."""
    lists = [PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"].values()]
    declared = {re.split(r"[^\w.-]", each)[0].lower().replace("_", "-") for names in lists for each in names}
    owners = packages_distributions()
    undeclared = {
        name
        for path in (ROOT / "spectacle").rglob("*.py")
        for name in imported(path)
        if name not in sys.stdlib_module_names
        and name != "spectacle"
        and declared.isdisjoint(owner.lower().replace("_", "-") for owner in owners.get(name, (name,)))
    }
    assert undeclared == set()


def imported(path: Path) -> set[str]:
    """The top-level names that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return {name.partition(".")[0] for name in found}
