"""Descriptors of `.spectacle/` and its parts, so that nobody can put something else in their place between two uses."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Iterable
from typing import Any

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class DirectoryHandles:
    """Directories below the spool. Each is opened once, without following links, and used by its descriptor.

    Args:
        system: Where system calls are made.
    """

    def __init__(self, system: Any) -> None:
        self._os = system
        self._descriptors: dict[str, int] = {}
        self._opening = threading.Lock()

    def resolve(self, root: int, name: str) -> tuple[int, str]:
        """The descriptor of the directory that `name`, relative to `root`, lies in, and the last part of the name.

        Raises:
            FileNotFoundError: When a directory on the way is missing.
            NotADirectoryError: When there is something else in its place, such as a symbolic link.
        """
        head, _, tail = name.rpartition("/")
        if not head:
            return root, tail
        with self._opening:
            if head not in self._descriptors:
                self._descriptors[head] = self._open(root, head)
            return self._descriptors[head], tail

    def refresh(self, root: int, directories: Iterable[str]) -> None:
        """Open directories again, outer ones first; a thread in the middle of a call never meets a foreign descriptor.

        Raises:
            OSError: As `resolve` does; what was opened before stays open.
        """
        with self._opening:
            for each in directories:
                # Outer ones have been refreshed by now, and inner ones are opened below them.
                fd = self._open(root, each)
                if (kept := self._descriptors.get(each)) is None:
                    self._descriptors[each] = fd
                else:
                    os.dup2(fd, kept, inheritable=False)
                    os.close(fd)

    def is_current(self, root: int, directory: str) -> bool:
        """Whether a directory that was opened still lies under its name."""
        fd = self._descriptors.get(directory)
        if fd is None:
            return True
        try:
            there = self._os.stat(directory, dir_fd=root, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return os.path.samestat(there, os.fstat(fd))

    def close(self) -> None:
        """Close all of them. They can be opened again."""
        with self._opening:
            for fd in self._descriptors.values():
                with contextlib.suppress(OSError):
                    os.close(fd)
            self._descriptors.clear()

    def _open(self, root: int, path: str) -> int:
        head, _, tail = path.rpartition("/")
        if head and head not in self._descriptors:
            self._descriptors[head] = self._open(root, head)
        try:
            return int(self._os.open(tail, _DIRECTORY, dir_fd=self._descriptors[head] if head else root))
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path) from None
            raise
