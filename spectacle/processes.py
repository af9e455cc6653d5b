"""How Spectacle's own child processes are started and end."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import site
import sys
from pathlib import Path

import spectacle

_PR_SET_PDEATHSIG = 1
_REMEDIES = {
    errno.EMFILE: "Raise the limit of open files (LimitNOFILE)",
    errno.ENFILE: "Raise the system's limit of open files (fs.file-max)",
    errno.EAGAIN: "Raise the limit of processes (TasksMax, or ulimit -u)",
    errno.ENOMEM: "Free some memory",
}


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, even while it is stuck in a call that holds the GIL.

    Only Linux does that. Elsewhere it ends when its channel to the parent does, once it is out of such a call.

    Args:
        parent: The parent's process number; when it has ended already, this process exits immediately.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def remedy_for(error: OSError) -> str | None:
    """What to do where a process cannot be started or spoken to, if it is a limit; a sentence without its full stop."""
    return _REMEDIES.get(error.errno or 0)


def module_command(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of the package with this interpreter; it belongs with `module_environment()`.

    `-P` keeps the working directory, which may be a spool that others write to, off the import path. `-I` would too,
    but hides PYTHONPATH and the user's site directory, where plug-ins may be installed.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def module_environment() -> dict[str, str]:
    """This process's environment, with a PYTHONPATH from which the child imports the package that this process runs.

    Relative entries of PYTHONPATH are omitted: they name places in the working directory.
    """
    entries = [each for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if os.path.isabs(each)]
    package = str(Path(spectacle.__file__).resolve().parent.parent)
    if package not in (*site.getsitepackages(), site.getusersitepackages()):
        entries.insert(0, package)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(entries)}
    if not entries:
        del environment["PYTHONPATH"]
    return environment
