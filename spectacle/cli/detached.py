"""Training that goes on without its terminal: started, followed and stopped by the directory that it writes to."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from spectacle.errors import SpectacleError
from spectacle.processes import module_command, module_environment

LOG = "train.log"
"""What work without a terminal prints, in the directory that it writes to."""

_LOCK = "train.lock"
_POLL_SECONDS = 0.1
_TAIL = 2000


@dataclass(frozen=True, slots=True)
class Running:
    """A process that works on a directory.

    Attributes:
        pid: Its number.
        host: The host that it runs on.
    """

    pid: int
    host: str


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """For work on a directory, which is created if necessary; no other may work on it meanwhile.

    Raises:
        SpectacleError: When another does.
        OSError: When the directory cannot be created.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = _read(folder)
            raise SpectacleError(
                f"{folder}: process {other.pid} on {other.host} trains there already. Choose another directory with "
                f"--out, or run `spectacle train stop {folder}`."
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()} {socket.gethostname()}\n")
        lock.flush()
        yield


def running(folder: Path) -> Running | None:
    """What works on a directory, if anything does."""
    try:
        with (folder / _LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return _read(folder)
    return None


def _read(folder: Path) -> Running:
    pid, _, host = (folder / _LOCK).read_text().strip().partition(" ")
    return Running(int(pid or 0), host)


def start(arguments: Sequence[str], folder: Path, ready: re.Pattern[str]) -> tuple[int, str]:
    """Start `spectacle` with these arguments in a session of its own; what it prints goes to `LOG` in the directory.

    Args:
        arguments: What follows `spectacle`.
        folder: Created if necessary.
        ready: What it prints once it is at work.

    Returns:
        The number of the process, and what it printed of that; nothing when it has ended without.

    Raises:
        SpectacleError: When it ended with an error; the message is what it printed.
        OSError: When the directory cannot be created.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOG).open("ab") as output:
        begin = output.tell()
        process = subprocess.Popen(
            module_command("spectacle", *arguments), env=module_environment(),
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    while True:
        ended = process.poll()
        said = (folder / LOG).read_bytes()[begin:].decode(errors="replace")
        if ended:
            said = said[-_TAIL:].strip().removeprefix("Error: ")
            raise SpectacleError(said or f"{folder}: training ended with status {ended}. Run it without --detach.")
        found = ready.search(said)
        if found is not None or ended == 0:
            process.returncode = 0  # else subprocess would warn that it is still running, as it shall be
            return process.pid, found[0] if found is not None else ""
        time.sleep(_POLL_SECONDS)


def follow(folder: Path) -> Iterator[str]:
    """What work without a terminal has printed, and what it prints until it ends."""
    with (folder / LOG).open(encoding="utf-8", errors="replace") as output:
        while True:
            at_work = running(folder) is not None
            if text := output.read():
                yield text
            elif not at_work:
                return
            else:
                time.sleep(_POLL_SECONDS)


def stop(folder: Path) -> int:
    """Have the work on a directory save and end, and wait for that.

    Returns:
        The number of its process.

    Raises:
        SpectacleError: When nothing works there, it does on another host, or is another user's.
    """
    found = running(folder)
    if found is None:
        raise SpectacleError(f"{folder}: nothing is trained there. Name the directory that was given with --out.")
    if found.host != socket.gethostname():
        raise SpectacleError(f"{folder}: it is trained on {found.host}. Run `spectacle train stop` there.")
    try:
        os.kill(found.pid, signal.SIGTERM)
    except PermissionError:
        raise SpectacleError(f"{folder}: process {found.pid} is another user's. Ask them, or use sudo.") from None
    except ProcessLookupError:
        pass  # it has just ended
    while running(folder) == found:
        time.sleep(_POLL_SECONDS)
    return found.pid
