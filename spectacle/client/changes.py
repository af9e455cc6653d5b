"""Learns from inotify which names leave a directory, so that results are noticed without waiting for the next listing.

Nothing depends on it: inotify misses what other hosts do, and its queue may overflow. What listings find decides.
"""

from __future__ import annotations

import ctypes
import os
import select
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from spectacle.spool.mounts import is_on_network, mount_of

_MOVED_FROM, _DELETED, _DELETED_SELF, _MOVED_SELF = 0x40, 0x200, 0x400, 0x800
_UNMOUNTED, _OVERFLOWED, _IGNORED = 0x2000, 0x4000, 0x8000
_ONLY_DIRECTORY = 0x01000000
_WANTED = _MOVED_FROM | _DELETED | _DELETED_SELF | _MOVED_SELF | _ONLY_DIRECTORY
_LOST = _DELETED_SELF | _MOVED_SELF | _UNMOUNTED | _OVERFLOWED | _IGNORED

_HEAD = struct.Struct("iIII")
"""What precedes the name of an event: watch, mask, cookie, length of the name with its padding."""

_BUFFER_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened while one waited.

    Attributes:
        deleted: Names that were deleted.
        moved: Names that were renamed, or moved out of the directory.
        unknown: Whether anything else may have happened: events were lost, or the directory itself has changed.
    """

    deleted: frozenset[str] = frozenset()
    moved: frozenset[str] = frozenset()
    unknown: bool = False


@dataclass(slots=True)
class DirectoryChanges:
    """Waits for changes of one directory. Used by one thread, except for `wake`.

    Args:
        directory: The directory. What lies at its path is watched; where that is impossible, no change is noticed.

    Raises:
        OSError: When there is no descriptor for it.
    """

    directory: Path
    _inotify: int = field(default=-1, init=False)
    _watch: int = field(default=-1, init=False)
    _watched: tuple[int, int] | None = field(default=None, init=False)
    _local: bool = field(default=False, init=False)
    _wakers: tuple[int, int] = field(init=False)
    _poll: select.poll = field(init=False)
    _poll_idle: select.poll = field(init=False)

    def __post_init__(self) -> None:
        self._wakers = os.pipe()
        for end in self._wakers:
            os.set_blocking(end, False)
        self._poll, self._poll_idle = select.poll(), select.poll()
        self._poll.register(self._wakers[0], select.POLLIN)
        self._poll_idle.register(self._wakers[0], select.POLLIN)
        with suppress(OSError, AttributeError):  # too many in use, or another operating system
            self._inotify = _call("inotify_init1", os.O_NONBLOCK | os.O_CLOEXEC)
            self._poll.register(self._inotify, select.POLLIN)

    def follow(self) -> None:
        """Watch what lies at the path now, if it is not watched yet. To be called before each listing."""
        if self._inotify < 0:
            return
        try:
            status = os.stat(self.directory)
        except OSError:
            self._forget()
            return
        if self._watched == (status.st_dev, status.st_ino):
            return
        self._forget()
        with suppress(OSError):
            self._watch = _call("inotify_add_watch", self._inotify, os.fsencode(self.directory), _WANTED)
            self._watched = status.st_dev, status.st_ino
            kind = mount_of(status.st_dev, self.directory).kind
            self._local = kind != "unknown" and not is_on_network(kind)

    @property
    def complete(self) -> bool:
        """Whether all changes are noticed: the directory is watched, and no other host can change it."""
        return self._watched is not None and self._local

    def wait(self, seconds: float) -> Changes:
        """Wait until something has changed, somebody wakes this, or the time is up."""
        ready = {descriptor for descriptor, _ in self._poll.poll(max(0.0, seconds * 1000))}
        if self._wakers[0] in ready:
            self.forget_wakes()
        if self._inotify not in ready:
            return Changes()
        try:
            events = os.read(self._inotify, _BUFFER_BYTES)
        except BlockingIOError:
            return Changes()
        return self._read(events)

    def idle(self, seconds: float) -> None:
        """Watch nothing until `follow` is called again; wait until somebody wakes this, or the time is up."""
        self._forget()
        if self._poll_idle.poll(seconds * 1000):
            self.forget_wakes()

    def wake(self) -> None:
        """Have `wait` or `idle` return. May be called by any thread."""
        with suppress(BlockingIOError):
            os.write(self._wakers[1], b"\0")

    def close(self) -> None:
        """Close all descriptors."""
        for descriptor in (*self._wakers, self._inotify):
            if descriptor >= 0:
                os.close(descriptor)
        self._inotify = self._watch = -1

    def forget_wakes(self) -> None:
        """Have `wait` and `idle` not return for wakes up to now."""
        with suppress(BlockingIOError):
            os.read(self._wakers[0], _BUFFER_BYTES)

    def _forget(self) -> None:
        if self._watch >= 0:
            with suppress(OSError):  # the kernel has removed it together with the directory
                _call("inotify_rm_watch", self._inotify, self._watch)
        self._watch, self._watched = -1, None

    def _read(self, events: bytes) -> Changes:
        deleted: set[str] = set()
        moved: set[str] = set()
        unknown = False
        position = 0
        while position < len(events):
            watch, mask, _, length = _HEAD.unpack_from(events, position)
            position += _HEAD.size + length
            if mask & _LOST and watch in (self._watch, -1):
                unknown = True
                if mask & ~_OVERFLOWED:
                    self._watched = None
            elif length and watch == self._watch:
                name = os.fsdecode(events[position - length : position].rstrip(b"\0"))
                (deleted if mask & _DELETED else moved).add(name)
        return Changes(frozenset(deleted), frozenset(moved), unknown)


def _call(name: str, *arguments: int | bytes) -> int:
    """Call a function of the C library.

    Raises:
        AttributeError: When it has none of that name.
        OSError: When it fails.
    """
    found: int = getattr(_C_LIBRARY, name)(*arguments)
    if found < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return found


_C_LIBRARY = ctypes.CDLL(None, use_errno=True)
