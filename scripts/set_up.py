"""Puts a locked set of `requirements/` and the package into a virtual environment, with nothing but Python.

    python3 scripts/set_up.py .venv test

Whatever is missing ends in one line that says what to do.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).parent.parent
PROGRAMS = ("node", "lock")
"""Sets that hold programs alone, without the package."""

REMEDIES = {
    "DO NOT MATCH THE HASHES": "a downloaded package is not the one that was locked: run make again; if it stays so, "
    "a proxy or the registry has changed it",
    "No space left": "the disk is full: the demo takes 0.2 GB, the tests take 7 GB",
    "In --require-hashes mode": "the locked set does not fit pyproject.toml: run: make lock",
    "No matching distribution": "pip finds no package of the locked version: check the network and pip's index-url, "
    "then run make again",
}
"""What to do, by words of pip."""


def set_up(home: Path, name: str) -> None:
    """Make the environment if there is none, and install the set, each file checked by its hash.

    Args:
        home: Where the environment lies.
        name: Name of the set.

    Raises:
        SystemExit: With the line to be shown, when anything is missing.
    """
    if sys.version_info < OLDEST:
        raise SystemExit(
            f"Spectacle needs Python 3.11 or newer, and {sys.executable} is {sys.version.split()[0]}: "
            "name another, such as: make PYTHON=python3.12 demo"
        )
    python = home / "bin/python"
    if not python.exists():
        made = subprocess.run([sys.executable, "-m", "venv", home], capture_output=True, text=True, check=False)
        if made.returncode != 0:
            shutil.rmtree(home, ignore_errors=True)
            raise SystemExit("Python's module venv is missing: on Debian or Ubuntu: sudo apt-get install python3-venv")
    print(f"Installing requirements/{name}.txt", flush=True)
    install(python, "--require-hashes", "--requirement", str(ROOT / f"requirements/{name}.txt"))
    if name not in PROGRAMS:
        install(python, "--no-deps", "--no-build-isolation", "--editable", str(ROOT))


def install(python: Path, *arguments: str) -> None:
    """Run `pip install`; what it says is shown only when it fails."""
    command = [python, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(done.stdout + done.stderr, file=sys.stderr)
        found = [remedy for words, remedy in REMEDIES.items() if words in done.stderr]
        raise SystemExit((found or ["pip failed as told above: mend that, then run make again"])[0])


if __name__ == "__main__":
    set_up(Path(sys.argv[1]), sys.argv[2])
