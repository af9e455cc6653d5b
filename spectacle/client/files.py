"""Reading and listing a spool by its path, as a client may do it from any host."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
        OSError: When it cannot be read, or is not a regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, f"{path.name} is not a regular file")
        return file.read(_MAX_READ).decode(errors="replace")


def share_with_group(spool: Path, descriptor: int) -> None:
    """Make a file readable for the spool's group, whatever this process's umask, where the spool is shared by one."""
    with suppress(OSError):
        directory, file = os.stat(spool), os.fstat(descriptor)
        if directory.st_mode & stat.S_IRGRP and directory.st_gid == file.st_gid and not file.st_mode & stat.S_IRGRP:
            os.fchmod(descriptor, stat.S_IMODE(file.st_mode) | stat.S_IRGRP)


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
            f"spool {spool}: does not exist. Mount it, or create it with `spectacle init`."
        ) from None
    except OSError as error:
        raise unavailable(spool, error) from error
