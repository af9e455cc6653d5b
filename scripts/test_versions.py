"""Runs the tests with the oldest or the latest versions of the libraries that `pyproject.toml` allows.

    python scripts/test_versions.py oldest [arguments of pytest]

Which versions these are is asked of the package registry at each run, so it is a chore before a release and no part of
CI. Warnings of libraries are shown; those of our own code are errors.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib

from lock import OWN_WARNINGS, ROOT, SETS, requirements

RESOLUTION = {"oldest": "lowest-direct", "latest": "highest"}


def main() -> int:
    """Returns the exit status."""
    which, *arguments = sys.argv[1:]
    home = ROOT / f".venv-{which}"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (locked,) = [each for each in SETS if each.name == "test"]
    wanted = "\n".join(map(str, requirements(locked, project)))
    versions = home / "versions.txt"
    python = home / "bin/python"
    environment = {**os.environ, "PATH": f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    try:
        subprocess.run(["uv", "venv", "--quiet", "--clear", "--seed", "--python", sys.executable, home], check=True)
        subprocess.run(
            ["uv", "pip", "compile", "-", "--quiet", "--no-header", "--no-annotate", "--resolution", RESOLUTION[which],
             "--python", python, "--output-file", versions],
            input=wanted, text=True, check=True, cwd=ROOT,
        )  # fmt: skip
        subprocess.run(
            ["uv", "pip", "install", "--quiet", "--compile-bytecode", "--python", python, "--requirements", versions],
            check=True,
        )
        package = ["--no-deps", "--no-build-isolation", "--editable", ROOT]
        subprocess.run(["uv", "pip", "install", "--quiet", "--python", python, *package], check=True)
    except subprocess.CalledProcessError as error:
        print(f"uv ended with {error.returncode} as told above: check the network", file=sys.stderr)
        return 1
    print(f"The versions tried stand in {versions.relative_to(ROOT)}", flush=True)
    command = [home / "bin/pytest", *OWN_WARNINGS, *(arguments or ["-m", "not slow", "-n", "2", "--dist", "loadfile"])]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
