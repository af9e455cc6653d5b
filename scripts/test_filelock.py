"""Runs the tests of claims with every version of filelock that `pyproject.toml` allows.

    python scripts/test_filelock.py [arguments of pytest]

Claims are written in its format. Which versions there are is asked of the package registry at each run, so it is a
chore before a release, or before the bounds are moved, and no part of CI.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import tomllib

from lock import OWN_WARNINGS, ROOT
from packaging.requirements import Requirement

TESTS = ("tests/spool/test_lease.py", "tests/spool/test_claims.py", "tests/spool/test_sweep.py")


def allowed() -> list[str]:
    """The versions that the bounds allow, newest first."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (bounds,) = [each for each in map(Requirement, project["dependencies"]) if each.name == "filelock"]
    command = [sys.executable, "-m", "pip", "index", "versions", "filelock"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    (listed,) = re.findall(r"^Available versions: (.*)$", told, re.MULTILINE)
    return list(bounds.specifier.filter(listed.split(", ")))


def main() -> int:
    """Returns the exit status."""
    failed = []
    for version in allowed():
        with tempfile.TemporaryDirectory() as place:
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", place]
            subprocess.run([*command, f"filelock=={version}"], check=True)
            print(f"filelock {version}", flush=True)
            tests = [sys.executable, "-m", "pytest", *OWN_WARNINGS, *TESTS, *sys.argv[1:]]
            done = subprocess.run(tests, cwd=ROOT, env={**os.environ, "PYTHONPATH": place}, check=False)
        if done.returncode:
            failed.append(version)
    print(f"Failed with {', '.join(failed)}" if failed else "Passed with all of them")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
