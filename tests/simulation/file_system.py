"""An in-memory POSIX file system: what its server knows, which is the truth.

It has one volume with any number of directories that may be mounted under one path in turn, ordinary files, and
nothing that Spectacle does not meet in this simulation (no symbolic links, no permissions). Hosts look at it through
a `spectacle`-independent view of their own (`simulation.nfs`).
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass

DIRECTORY = stat.S_IFDIR | 0o770
FILE = stat.S_IFREG | 0o660


def failure(number: int, name: object = "") -> OSError:
    """The error that a system call with this error number raises."""
    return OSError(number, os.strerror(number), name)


@dataclass(slots=True, frozen=True)
class Status:
    """What `stat` tells, under the names that `os.stat_result` has."""

    st_dev: int
    st_ino: int
    st_mode: int
    st_nlink: int
    st_size: int
    st_mtime_ns: int
    st_uid: int = 0
    st_gid: int = 0


class Inode:
    """A file or directory.

    Attributes:
        number: Its number, which another file may get when this one is gone.
        mode: Type and permissions.
        links: Names it has.
        mtime_ns: When it was last written, by the server's clock.
        data: Content of a file.
        entries: Content of a directory.
        version: Counts the changes of a directory.
        parent: The directory that a directory lies in.
        opened: How many descriptors each host has of it.
    """

    __slots__ = ("data", "entries", "links", "mode", "mtime_ns", "number", "opened", "parent", "version")

    def __init__(self, number: int, mode: int, mtime_ns: int) -> None:
        self.number = number
        self.mode = mode
        self.links = 1
        self.mtime_ns = mtime_ns
        self.data = b""
        self.entries: dict[str, Inode] = {}
        self.version = 0
        self.parent: Inode | None = None
        self.opened: dict[object, int] = {}

    @property
    def is_directory(self) -> bool:
        return self.mode == DIRECTORY

    def status(self) -> Status:
        return Status(1, self.number, self.mode, self.links, len(self.data), self.mtime_ns)


class FileSystem:
    """The server's side: each method is one step that nothing comes between.

    Args:
        clock: Nanoseconds by the server's clock.
        tick: Nanoseconds that its time stamps are multiples of.
        reuses_numbers: Whether a new file gets the lowest inode number that is free, as on ext4.
    """

    def __init__(self, clock: Callable[[], int], tick: int = 1, *, reuses_numbers: bool = False) -> None:
        self._clock = clock
        self._tick = tick
        self._reuses = reuses_numbers
        self._free: list[int] = []
        self._last = 1
        self.root = self.new_root()

    def now_ns(self) -> int:
        """The server's time as files are stamped with it."""
        return self._clock() // self._tick * self._tick

    def new_root(self) -> Inode:
        """A directory without a name, to be mounted."""
        return Inode(self._number(), DIRECTORY, self.now_ns())

    def _number(self) -> int:
        if self._reuses and self._free:
            self._free.sort()
            return self._free.pop(0)
        self._last += 1
        return self._last

    def changed(self, directory: Inode) -> None:
        """Stamp a directory."""
        directory.mtime_ns = self.now_ns()
        directory.version += 1

    def create(self, directory: Inode, name: str) -> Inode:
        """Make a file, which must not exist."""
        if name in directory.entries:
            raise failure(errno.EEXIST, name)
        self._check_alive(directory, name)
        inode = directory.entries[name] = Inode(self._number(), FILE, self.now_ns())
        self.changed(directory)
        return inode

    def make_directory(self, directory: Inode, name: str) -> Inode:
        """Make a directory, which must not exist."""
        if name in directory.entries:
            raise failure(errno.EEXIST, name)
        self._check_alive(directory, name)
        inode = directory.entries[name] = Inode(self._number(), DIRECTORY, self.now_ns())
        inode.parent = directory
        self.changed(directory)
        return inode

    @staticmethod
    def _check_alive(directory: Inode, name: str) -> None:
        if directory.links == 0:
            raise failure(errno.ENOENT, name)

    def write(self, inode: Inode, content: bytes) -> None:
        """Replace a file's content."""
        inode.data = content
        inode.mtime_ns = self.now_ns()

    def link(self, source: Inode, directory: Inode, name: str) -> None:
        """Give a file a further name, which must not exist."""
        if name in directory.entries:
            raise failure(errno.EEXIST, name)
        if source.links == 0:
            raise failure(errno.ENOENT, name)
        if source.is_directory:
            raise failure(errno.EPERM, name)
        directory.entries[name] = source
        source.links += 1
        self.changed(directory)

    def unlink(self, directory: Inode, name: str) -> Inode:
        """Take a name away from a file."""
        inode = self._found(directory, name)
        if inode.is_directory:
            raise failure(errno.EISDIR, name)
        del directory.entries[name]
        inode.links -= 1
        self.changed(directory)
        self.let_go(inode)
        return inode

    def rename(self, source: Inode, old: str, target: Inode, new: str) -> None:
        """Rename, replacing a file."""
        inode = self._found(source, old)
        there = target.entries.get(new)
        if there is inode:
            return
        if there is not None:
            if there.is_directory and not inode.is_directory:
                raise failure(errno.EISDIR, new)
            if inode.is_directory and (not there.is_directory or there.entries):
                raise failure(errno.ENOTEMPTY if there.is_directory else errno.ENOTDIR, new)
            there.links -= 1
        del source.entries[old]
        target.entries[new] = inode
        if inode.is_directory:
            inode.parent = target
        self.changed(source)
        if target is not source:
            self.changed(target)
        if there is not None:
            self.let_go(there)

    def let_go(self, inode: Inode) -> None:
        """Give a file's number back once nothing refers to it."""
        if self._reuses and inode.links == 0 and not inode.opened:
            self._free.append(inode.number)

    @staticmethod
    def _found(directory: Inode, name: str) -> Inode:
        inode = directory.entries.get(name)
        if inode is None:
            raise failure(errno.ENOENT, name)
        return inode
