"""A file that this process has made and keeps open for as long as it is to be its own."""

from __future__ import annotations

import contextlib
import os
import stat
import threading

from spectacle.spool.directory import Spool

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class HeldFile:
    """Made by `create`. While it is held no other file gets its inode number, which distinguishes it from others.

    Attributes:
        name: Its name when it was made.
        inode: Its inode number.
    """

    def __init__(self, spool: Spool, name: str, fd: int, status: os.stat_result) -> None:
        self.name = name
        self.inode = status.st_ino
        self._spool = spool
        self._fd: int | None = fd
        self._status = status
        self._system = spool.place(name)[0]
        self._using = threading.Lock()

    @classmethod
    def create(cls, spool: Spool, name: str, content: bytes, mode: int) -> HeldFile:
        """Make a file that must not exist. It is not fsynced.

        Args:
            spool: The spool.
            name: The file's name.
            content: What it holds.
            mode: Its permission bits, whatever this process's umask.

        Raises:
            FileExistsError: When there is something of that name.
            OSError: When it cannot be written; what was written is removed.
        """
        system, directory, tail = spool.place(name)
        fd = system.open(tail, _CREATE, mode, dir_fd=directory.number)
        try:
            status = system.fstat(fd)
        except BaseException:
            system.close(fd)
            # Nothing shows yet that it is ours, but who else would have made it in this moment.
            with contextlib.suppress(OSError):
                system.unlink(tail, dir_fd=directory.number)
            raise
        held = cls(spool, name, fd, status)
        try:
            if stat.S_IMODE(status.st_mode) != mode:
                # Not every file system has permission bits.
                with contextlib.suppress(PermissionError):
                    system.fchmod(fd, mode)
            view = memoryview(content)
            while view:
                view = view[system.write(fd, view) :]
        except BaseException:
            with contextlib.suppress(OSError):
                held.remove()
            raise
        return held

    def append(self, content: bytes) -> None:
        """Write further content at its end, while it is held.

        Raises:
            OSError: When it cannot be written.
        """
        with self._using:
            if self._fd is not None:
                self._system.write(self._fd, content)

    def touch(self) -> None:
        """Set its modification time to the file server's now, when it still has its name.

        It is opened by its name for that, so that a file which was moved aside stays as it is.

        Raises:
            OSError: When that fails.
        """
        _, directory, tail = self._spool.place(self.name)
        fd = self._system.open(tail, _OPEN, dir_fd=directory.number)
        try:
            if os.path.samestat(self._system.fstat(fd), self._status):
                self._system.utime(fd)
        finally:
            self._system.close(fd)

    def remove(self) -> None:
        """Remove it, unless its name is another file's by now, and hold it no longer.

        Raises:
            OSError: When it could not be removed, trying twice.
        """
        try:
            self._remove()
        except OSError:
            self._remove()

    def _remove(self) -> None:
        # Who is held up past its lease between the look and the removal removes a successor's file. To rename it aside
        # first would cost every request a call, and would leave the successor without it for a moment, too.
        try:
            _, directory, tail = self._spool.place(self.name)
            there = self._system.stat(tail, dir_fd=directory.number, follow_symlinks=False)
            ours = os.path.samestat(there, self._status)
        except FileNotFoundError:
            ours = False
        finally:
            # Before it is removed, for an NFS client only renames what is still open.
            with self._using:
                if self._fd is not None:
                    self._system.close(self._fd)
                    self._fd = None
        if ours:
            with contextlib.suppress(FileNotFoundError):
                self._system.unlink(tail, dir_fd=directory.number)
