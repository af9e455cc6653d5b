"""Runs the light tests with every supported Python that is on the machine, and says which were tried.

An interpreter is looked for as `python3.N` in every directory of PATH, and among those of pyenv.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from lock import OWN_WARNINGS, PYTHONS, ROOT


def find(version: str) -> Path | None:
    """An interpreter of a version that starts and can make virtual environments, or None."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    places = [Path(each) for each in os.get_exec_path()] + sorted(pyenv.glob(f"{version}.*/bin"), reverse=True)
    for place in places:
        python = place / f"python{version}"
        if not python.is_file():
            continue
        tried = subprocess.run([python, "-c", "import ensurepip"], capture_output=True, check=False)
        if tried.returncode == 0:
            return python
    return None


def main() -> int:
    """Returns the exit status."""
    ended: dict[str, str] = {}
    for version in PYTHONS:
        python = find(version)
        if python is None:
            ended[version] = "not on this machine"
            continue
        home = ROOT / f".venv-{version}"
        for command in (
            [python, ROOT / "scripts/set_up.py", home, "light-test"],
            [home / "bin/pytest", "-m", "not slow", "-n", "2", "--dist", "loadfile", *OWN_WARNINGS],
        ):
            path = f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"
            if subprocess.run(command, cwd=ROOT, check=False, env={**os.environ, "PATH": path}).returncode != 0:
                ended[version] = "failed"
                break
        else:
            ended[version] = "passed"
    print("\n".join(f"Python {version}: {how}" for version, how in ended.items()))
    if "passed" not in ended.values() and "failed" not in ended.values():
        print(f"No interpreter was found: put one of python{', python'.join(PYTHONS)} on PATH.", file=sys.stderr)
        return 1
    return 1 if "failed" in ended.values() else 0


if __name__ == "__main__":
    sys.exit(main())
