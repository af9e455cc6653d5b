"""Finds the configuration file when none is named, and never one that somebody else may have put there."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from spectacle.errors import ConfigurationError
from spectacle.spool.naming import STATE_DIRECTORY

HERE = Path("spectacle.toml")
"""The file in the working directory, which may be anybody's."""

DEFAULT_FILES = (HERE, Path("~/.config/spectacle/spectacle.toml"), Path("/etc/spectacle/spectacle.toml"))


@dataclass(frozen=True, slots=True)
class Found:
    """What was found.

    Attributes:
        file: The configuration file, or None when there is none.
        ignored: Why the file in the working directory is not read, in one sentence, or None when there is none there
            or it is the one.
    """

    file: Path | None
    ignored: str | None = None


def find_file(environment: Mapping[str, str] = os.environ, spool: Path | None = None) -> Found:
    """The configuration file when none is named: `SPECTACLE_CONFIG`, or the first of `DEFAULT_FILES` there is.

    The one in the working directory counts only where nobody else can have written it: it and its directory belong to
    this user or to root, others may not write them, and the directory is not a spool.

    Args:
        environment: The environment variables.
        spool: The spool that the command line names, if any.

    Raises:
        ConfigurationError: When there is no permission to look whether one of them is there.
    """
    if named := environment.get("SPECTACLE_CONFIG"):
        return Found(Path(named))
    ignored = None
    for path in DEFAULT_FILES:
        try:
            expanded = path.expanduser()
        except RuntimeError:
            # An account without a home directory has no file there.
            continue
        if path == HERE and os.path.lexists(path):
            reason = why_not_trusted(path, spool)
            if reason is not None:
                ignored = f"{path.absolute()}: not read, because {reason}. Specify the file to use with --config."
                continue
        try:
            there = expanded.is_file()
        except PermissionError as error:
            # Such as that of another account's home, which sudo has kept.
            raise ConfigurationError(
                f"{expanded}: {error.strerror}. Use --config, or set HOME to the home directory of this account."
            ) from None
        if there:
            return Found(expanded, ignored)
    return Found(None, ignored)


def why_not_trusted(file: Path, spool: Path | None = None) -> str | None:
    """Why somebody else may have written a file, as the end of a sentence, or None.

    Args:
        file: The file, which exists.
        spool: The spool, if it is known.

    Raises:
        OSError: When it cannot be examined.
    """
    directory = file.absolute().parent
    if (directory / STATE_DIRECTORY).exists() or (spool is not None and is_same_directory(directory, spool)):
        return "its directory is a spool, which others write to"
    for what, path in (("its directory", directory), ("it", file)):
        status = path.lstat()
        if path == file and not stat.S_ISREG(status.st_mode):
            return "it is not a regular file"
        if status.st_uid not in (os.geteuid(), 0):
            return f"{what} belongs to user {status.st_uid}"
        if status.st_mode & stat.S_IWOTH or (status.st_mode & stat.S_IWGRP and not _is_private_group(status.st_gid)):
            return f"others can write {what} (mode {stat.S_IMODE(status.st_mode):o})"
    return None


def is_same_directory(one: Path, other: Path) -> bool:
    """Whether two paths lead to the same directory; False when one of them does not exist."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def _is_private_group(number: int) -> bool:
    """Whether a group is one that many systems give each user, who is its only member and has its name."""
    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(number)
    except KeyError:
        return False
    return user.pw_gid == number and group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}
