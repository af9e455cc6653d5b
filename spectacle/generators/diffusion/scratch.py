"""A directory for weights that are streamed from disk, removed even when the process that made it was killed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from spectacle.errors import GeneratorError

_PREFIX = "spectacle-streamed-"
_LOCK = "lock"


class Scratch:
    """A new directory.

    Whoever uses one holds a lock in it. Those whose lock nobody holds were left by processes that were killed, and are
    removed when the next one is made.

    Args:
        parent: Where it is made; None for the system's directory for temporary files.

    Raises:
        GeneratorError: When it cannot be made there.
    """

    def __init__(self, parent: Path | None = None) -> None:
        parent = parent if parent is not None else Path(tempfile.gettempdir())
        _sweep(parent)
        while True:
            try:
                self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
            except OSError as error:
                raise GeneratorError(
                    f"placement.offload_directory = {parent}: cannot be used: {error.strerror}. Set another directory."
                ) from None
            self._lock = os.open(self.path / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            if _hold(self._lock):
                return
            # Somebody swept it away before it was locked.
            os.close(self._lock)

    def remove(self) -> None:
        """Remove the directory with everything in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _sweep(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        # Those of other users cannot be opened, and others are being made at this moment.
        with contextlib.suppress(OSError):
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                if _hold(lock):
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


def _hold(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
