"""Reading and listing a spool by its path, as a client may do it from any host."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spectacle.errors import SpoolUnavailable
from spectacle.spool.directory import unavailable
from spectacle.spool.naming import RequestName

_MAX_READ = 64 * 1024
"""Bytes of an error or progress file that are read."""


def names_of(spool: Path, stem: str) -> set[str]:
    """The names in the spool that begin with a stem."""
    with os.scandir(spool) as entries:
        return {entry.name for entry in entries if entry.name.startswith(stem)}


def version_of(path: Path) -> tuple[int, int]:
    """Inode and modification time in ns; a file that has just gone has none."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return 0, 0
    return status.st_ino, status.st_mtime_ns


def read_small(path: Path) -> str:
    """The beginning of a small text file, which is never followed if it is a link.

    Raises:
        OSError: When it cannot be read, or is not an ordinary file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, f"{path.name} is not an ordinary file")
        return file.read(_MAX_READ).decode(errors="replace")


def remove_attachments(spool: Path, name: RequestName, names: set[str]) -> None:
    """Remove what is attached to a request, of the names that are there."""
    for each in names.intersection(name.attachment_names()):
        (spool / each).unlink(missing_ok=True)


@contextmanager
def spool_errors(spool: Path) -> Iterator[None]:
    """Turn an error on using the spool into `SpoolUnavailable`, which says what to do."""
    try:
        yield
    except FileNotFoundError:
        raise SpoolUnavailable(
            f"the spool {spool} does not exist: mount it, or make it with `spectacle init`"
        ) from None
    except OSError as error:
        raise unavailable(spool, error) from error
