"""Writes the locked sets in `requirements/`, and says when one of them no longer fits `pyproject.toml`.

`make lock` runs it without arguments; `make lint` runs it with `--check`, which needs no network.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = {"x86_64": "x86_64-manylinux_2_28", "aarch64": "aarch64-manylinux_2_28"}
"""The processors that every set is installable on, as wheels, by the name uv has for Linux on them."""

OWN_WARNINGS = ("-o", "filterwarnings=default\nerror:::spectacle")
"""For pytest with other versions than the locked ones: libraries' warnings are shown, those of our code are errors."""

_REMEDY = "run: make lock"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)(?: ; ([^\\]+?))?(?: \\)?$")
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}\b")
_MADE_OF = "# Made by `make lock` of these requirements in pyproject.toml: "


@dataclass(frozen=True, slots=True)
class LockedSet:
    """What one command installs.

    Attributes:
        name: Name of the file in `requirements/`, without `.txt`.
        package: Whether it holds what the package itself needs.
        extras: Extras of the package it holds.
        groups: Dependency groups it holds.
    """

    name: str
    groups: tuple[str, ...]
    package: bool = True
    extras: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """The file."""
        return ROOT / "requirements" / f"{self.name}.txt"


SETS = (
    # The largest comes first: the versions that are found for it are those of all others.
    LockedSet("slow", ("build", "test", "slow"), extras=("all",)),
    LockedSet("test", ("build", "test"), extras=("all",)),
    LockedSet("all", ("build",), extras=("all",)),
    LockedSet("gateway", ("build",), extras=("gateway",)),
    LockedSet("light", ("build",)),
    LockedSet("light-test", ("build", "test")),
    LockedSet("benchmarks", ("build", "benchmarks"), extras=("all",)),
    LockedSet("node", ("node",), package=False),
    LockedSet("lock", ("lock",), package=False),
)


def requirements(locked: LockedSet, project: dict[str, Any]) -> list[Requirement]:
    """What `pyproject.toml` names for a set, extras of the package itself resolved."""
    own = canonicalize_name(project["project"]["name"])
    extras = project["project"]["optional-dependencies"]
    names = list(project["project"]["dependencies"]) if locked.package else []
    names += [name for extra in locked.extras for name in extras[extra]]
    names += [name for group in locked.groups for name in project["dependency-groups"][group]]
    found: list[Requirement] = []
    while names:
        requirement = Requirement(names.pop(0))
        if canonicalize_name(requirement.name) == own:
            names += [name for extra in sorted(requirement.extras) for name in extras[extra]]
        else:
            found.append(requirement)
    return found


def digest(wanted: list[Requirement]) -> str:
    """What a set's first line says of the requirements it was made of."""
    return hashlib.sha256("\n".join(sorted(set(map(str, wanted)))).encode()).hexdigest()[:16]


def faults(locked: LockedSet, project: dict[str, Any]) -> Iterator[str]:
    """Everything in which a set and `pyproject.toml` disagree, a line each."""
    name = locked.path.relative_to(ROOT)
    if not locked.path.is_file():
        yield f"{name} is missing: {_REMEDY}"
        return
    text = locked.path.read_text(encoding="utf-8")
    wanted = requirements(locked, project)
    if text.partition("\n")[0] != _MADE_OF + digest(wanted):
        yield f"{name} was made of other requirements than pyproject.toml names now: {_REMEDY}"
    if re.search(r"https?://|^-", text, re.MULTILINE):
        yield f"{name} names an address or an option of pip: {_REMEDY}"
    pins: dict[str, list[tuple[str, str]]] = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", text):
        pin = _PIN.match(block.partition("\n")[0])
        if pin is not None:
            pins.setdefault(canonicalize_name(pin[1]), []).append((pin[2], pin[3] or ""))
            if not _HASH.search(block):
                yield f"{name} has no hash of {pin[1]}: {_REMEDY}"
    for requirement in wanted:
        found = pins.get(canonicalize_name(requirement.name), [])
        if not found:
            yield f"{name} lacks {requirement.name}, which pyproject.toml asks for: {_REMEDY}"
        for version, _ in found:
            if not requirement.specifier.contains(version, prereleases=True):
                yield f"{name} has {requirement.name} {version}, pyproject.toml asks for {requirement}: {_REMEDY}"


def write(locked: LockedSet, project: dict[str, Any], versions: Path | None) -> None:
    """Resolve a set and write its file.

    Args:
        locked: The set.
        project: What `pyproject.toml` holds.
        versions: A set whose versions it takes.

    Raises:
        subprocess.CalledProcessError: When there is no network, or nothing satisfies the requirements.
    """
    wanted = requirements(locked, project)
    with tempfile.TemporaryDirectory() as scratch:
        source, target = Path(scratch, "in.txt"), Path(scratch, "out.txt")
        source.write_text("\n".join(map(str, wanted)), encoding="utf-8")
        command = ["uv", "pip", "compile", source, "--output-file", target, "--universal", "--generate-hashes"]
        command += ["--python-version", PYTHONS[0], "--no-header", "--no-annotate", "--no-emit-index-url", "--quiet"]
        command += ["--constraints", versions] if versions is not None else []
        subprocess.run(command, check=True, cwd=ROOT)
        locked.path.write_text(f"{_MADE_OF}{digest(wanted)}\n{target.read_text(encoding='utf-8')}", encoding="utf-8")


def try_out(locked: LockedSet) -> None:
    """Make sure that wheels of a set are there for every interpreter and processor.

    Raises:
        subprocess.CalledProcessError: When one is missing.
    """
    for python in PYTHONS:
        for platform in PLATFORMS.values():
            with tempfile.TemporaryDirectory() as target:
                command = ["uv", "pip", "install", "--dry-run", "--quiet", "--require-hashes", "--only-binary", ":all:"]
                command += ["--python-version", python, "--python-platform", platform, "--target", target]
                subprocess.run([*command, "--requirements", locked.path], check=True, cwd=ROOT)


def main() -> int:
    """Write or check the sets. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say what does not fit, without a network")
    checking = parser.parse_args().check
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    if checking:
        found = [fault for locked in SETS for fault in faults(locked, project)]
        print("\n".join(found), file=sys.stderr, end="\n" if found else "")
        return 1 if found else 0
    try:
        for locked in SETS:
            print(f"{locked.path.relative_to(ROOT)} …", flush=True)
            write(locked, project, None if locked is SETS[0] else SETS[0].path)
            try_out(locked)
    except subprocess.CalledProcessError as error:
        print(
            f"uv ended with {error.returncode}; what it wrote stands above. No set after it was changed.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
