"""The locked sets fit `pyproject.toml`, hold a hash of every file, name no address, and a fault in one is told."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
WITHOUT_PUBLISHED_FLAWS = {
    "cairosvg": "2.9.1",
    "diffusers": "0.38",
    "filelock": "4.2.11",
    "lxml": "6.1",
    "pillow": "12.3",
    "torch": "2.6",
    "transformers": "5.3",
}
"""The first version of each in which the flaws that are known are mended."""
FILES = sorted((ROOT / "requirements").glob("*.txt"))


def check(root: Path) -> subprocess.CompletedProcess[str]:
    """Run the check of `make lint` on a checkout."""
    command = [sys.executable, root / "scripts/lock.py", "--check"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the check reads, to be changed."""
    for name in ("pyproject.toml", "requirements", "scripts/lock.py"):
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    return tmp_path


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_locked_sets_fit_the_project(checkout: Path) -> None:
    done = check(checkout)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_changed_requirement_is_told_with_the_remedy(checkout: Path) -> None:
    replace(checkout / "pyproject.toml", '"click>=8.2"', '"click>=8.3"')
    done = check(checkout)
    assert done.returncode == 1
    assert "requirements/light.txt was made of other requirements than pyproject.toml names now: run: make lock" in (
        done.stderr.splitlines()
    )


def test_a_version_that_is_not_allowed_is_told(checkout: Path) -> None:
    text = (checkout / "requirements/test.txt").read_text(encoding="utf-8")
    (version,) = re.findall(r"^pillow==(\S+)", text, re.MULTILINE)
    replace(checkout / "requirements/test.txt", f"pillow=={version}", "pillow==12.0.0")
    assert "requirements/test.txt has pillow 12.0.0, pyproject.toml asks for pillow>=12.3" in check(checkout).stderr


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (r"^click==.*\n(    .*\n)+", "lacks click, which pyproject.toml asks for"),
        (r"(?<=^click==8)(.*?) \\\n(    .*\n)+", "has no hash of click"),
    ],
)
def test_a_missing_line_is_told(checkout: Path, pattern: str, said: str) -> None:
    path = checkout / "requirements/light.txt"
    text, count = re.subn(
        pattern, lambda match: f"{match[1]}\n" if "hash" in said else "", path.read_text(), count=1, flags=re.M
    )
    assert count == 1
    path.write_text(text)
    assert f"requirements/light.txt {said}" in check(checkout).stderr


def test_a_missing_set_is_told(checkout: Path) -> None:
    (checkout / "requirements/slow.txt").unlink()
    assert check(checkout).stderr == "requirements/slow.txt is missing: run: make lock\n"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_set_names_no_address_and_no_option(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "://" in line or line.startswith("-")] == []


def pins(path: Path) -> dict[str, set[str]]:
    """The versions in a set by name; some have several, for different interpreters."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([^\s=]+)==(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_library_has_the_same_version_in_all_sets(path: Path) -> None:
    largest = pins(ROOT / "requirements/slow.txt")
    assert {name: found for name, found in pins(path).items() if not found <= largest.get(name, found)} == {}


def test_the_lock_of_the_typescript_client_holds_hashes_and_no_address() -> None:
    text = (ROOT / "clients/typescript/package-lock.json").read_text(encoding="utf-8")
    assert "://" not in text
    packages = json.loads(text)["packages"]
    assert all(each.get("integrity", "").startswith("sha512-") for name, each in packages.items() if name)
    wanted = json.loads((ROOT / "clients/typescript/package.json").read_text(encoding="utf-8"))["devDependencies"]
    assert packages[""]["devDependencies"] == wanted


def test_every_library_whose_insides_are_used_has_a_ceiling() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [*project["dependencies"], *(each for extra in project["optional-dependencies"].values() for each in extra)]
    open_ended = {re.split(r"[\[>=<;]", each)[0] for each in named if "<" not in each.partition(";")[0]}
    assert not open_ended & {
        "cairosvg",
        "filelock",
        "watchdog",
        "diffusers",
        "transformers",
        "torch",
        "torchao",
        "peft",
    }


def test_no_version_with_a_published_flaw_is_allowed_or_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    named = [
        *project["project"]["dependencies"],
        *(each for extra in project["project"]["optional-dependencies"].values() for each in extra),
        *(each for group in project["dependency-groups"].values() for each in group),
    ]
    seen = set()
    for requirement in map(Requirement, named):
        if (mended := WITHOUT_PUBLISHED_FLAWS.get(requirement.name)) is not None:
            seen.add(requirement.name)
            floors = [Version(each.version) for each in requirement.specifier if each.operator == ">="]
            assert floors, requirement
            assert floors[0] >= Version(mended), requirement
    assert seen == WITHOUT_PUBLISHED_FLAWS.keys()
    for path in FILES:
        for name, version in re.findall(
            r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            if name in WITHOUT_PUBLISHED_FLAWS:
                assert Version(version) >= Version(WITHOUT_PUBLISHED_FLAWS[name]), (path.name, name, version)
