"""Descriptors of the spool and of `.spectacle/` in it, so that nobody can put something else in their place."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Iterable
from typing import Any

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Descriptor:
    """A file descriptor that is closed once nobody refers to it any more.

    Whoever makes a system call with `number` holds a reference meanwhile, so a descriptor that another thread has done
    with is never closed, and its number never given to another file, in the middle of that call.

    Args:
        system: Where it is closed.
        number: The descriptor, owned from now on.
    """

    __slots__ = ("_os", "number")

    def __init__(self, system: Any, number: int) -> None:
        self._os = system
        self.number = number

    def __del__(self) -> None:
        with contextlib.suppress(OSError):
            self._os.close(self.number)


class DirectoryHandles:
    """A directory and those below it. Each is opened once, without following links, and used by its descriptor.

    Args:
        system: Where system calls are made.
        root: The directory itself.
    """

    def __init__(self, system: Any, root: Descriptor) -> None:
        self._os = system
        self.root = root
        self._below: dict[str, Descriptor] = {}
        self._opening = threading.Lock()

    def resolve(self, name: str) -> tuple[Descriptor, str]:
        """The directory that `name`, relative to the root, is in, and the last part of the name.

        Raises:
            FileNotFoundError: When a directory on the way is missing.
            NotADirectoryError: When there is something else in its place, such as a symbolic link.
        """
        head, _, tail = name.rpartition("/")
        if not head:
            return self.root, tail
        with self._opening:
            if head not in self._below:
                self._below[head] = self._open(head)
            return self._below[head], tail

    def refresh(self, directories: Iterable[str]) -> None:
        """Open directories again, outer ones first.

        Raises:
            OSError: As `resolve` does; what was opened before stays in use.
        """
        with self._opening:
            for each in directories:
                # Outer ones have been refreshed by now, and inner ones are opened below them.
                self._below[each] = self._open(each)

    def is_current(self, directory: str) -> bool:
        """Whether a directory that was opened is still under its name."""
        opened = self._below.get(directory)
        if opened is None:
            return True
        try:
            there = self._os.stat(directory, dir_fd=self.root.number, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return os.path.samestat(there, self._os.fstat(opened.number))

    def _open(self, path: str) -> Descriptor:
        head, _, tail = path.rpartition("/")
        if head and head not in self._below:
            self._below[head] = self._open(head)
        outer = self._below[head] if head else self.root
        try:
            return Descriptor(self._os, self._os.open(tail, _DIRECTORY, dir_fd=outer.number))
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path) from None
            raise
