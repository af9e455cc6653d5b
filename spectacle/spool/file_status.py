"""What is known of a file after examining it."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple


class FileStatus(NamedTuple):
    """What one opening of a file showed.

    Attributes:
        inode: Inode number.
        size: Bytes.
        mtime_ns: Modification time by the file server's clock, nanoseconds.
        mode: Type and permission bits.
        links: Number of hard links.
        uid: Number of its owner.
        gid: Number of its group.
    """

    inode: int
    size: int
    mtime_ns: int
    mode: int
    links: int
    uid: int = 0
    gid: int = 0

    @classmethod
    def of(cls, status: os.stat_result) -> FileStatus:
        """The same from a `stat` result."""
        identity = status.st_ino, status.st_size, status.st_mtime_ns
        return cls._make((*identity, status.st_mode, status.st_nlink, status.st_uid, status.st_gid))

    @property
    def version(self) -> tuple[int, int, int]:
        """What changes when the file is written or replaced."""
        return self.inode, self.size, self.mtime_ns

    @property
    def oddity(self) -> str | None:
        """What keeps this from being a regular file with one name, in words, or None."""
        if stat.S_ISREG(self.mode):
            return None if self.links == 1 else f"a file with {self.links} hard links"
        for test, words in (
            (stat.S_ISLNK, "a symbolic link"),
            (stat.S_ISDIR, "a directory"),
            (stat.S_ISFIFO, "a named pipe"),
            (stat.S_ISSOCK, "a socket"),
        ):
            if test(self.mode):
                return words
        return "a device"


class NotOrdinary(Exception):
    """Raised on reading a name that is not a regular file with one link; says what it is."""

    def __init__(self, look: FileStatus) -> None:
        super().__init__(look.oddity)
        self.look = look


class TooLarge(Exception):
    """Raised on reading a file beyond the limit given; holds its size in bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size
