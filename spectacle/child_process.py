"""How child processes are started: with the same version of the package, and nothing of the working directory."""

from __future__ import annotations

import os
import site
import sys
from pathlib import Path

import spectacle


def module_command(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of the package with this interpreter; it belongs with `module_environment()`.

    `-P` keeps the working directory, which may be a spool that others write to, off the import path. `-I` would too,
    but hides PYTHONPATH and the user's site directory, where plug-ins may be installed.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def module_environment() -> dict[str, str]:
    """This process's environment, with a PYTHONPATH from which the child imports the package that this process runs.

    Relative entries of PYTHONPATH are left out: they name places in the working directory.
    """
    entries = [each for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if os.path.isabs(each)]
    package = str(Path(spectacle.__file__).resolve().parent.parent)
    if package not in (*site.getsitepackages(), site.getusersitepackages()):
        entries.insert(0, package)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(entries)}
    if not entries:
        del environment["PYTHONPATH"]
    return environment
