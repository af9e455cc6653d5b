"""File events from inotify: they say immediately that something happened to a name, and nothing depends on them.

Inotify misses what other hosts write, overflows silently and dies silently; what the daemon's own scan finds decides.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from spectacle.spool.naming import possible_request, request_name

if TYPE_CHECKING:
    from watchdog.observers.inotify_c import InotifyEvent, InotifyFD, WatchDescriptor

log = structlog.get_logger()

MAX_OPEN = 10_000
"""Most files that are remembered as being written."""


class FileEvent(Enum):
    """What happened to a name."""

    COMPLETE = auto()
    """It was renamed in, or closed by its writer."""
    GONE = auto()
    """It was removed or renamed away."""


class FileEvents:
    """Watches one directory on this host.

    It sits right on watchdog's reader of inotify. The observer above that hands every event through two further
    threads before its name can be checked, and most events are of the daemon's own files.

    Args:
        on_event: Called with (file name, what happened) on the reader's thread, for names ending in `.txt` only.
        at_rest: Says whether no request waits, so that events are wanted soon rather than many together.
    """

    def __init__(self, on_event: Callable[[str, FileEvent], None], at_rest: Callable[[], bool] = lambda: True) -> None:
        self._tell = on_event
        self._at_rest = at_rest
        self._reader: InotifyFD | None = None
        self._watching = False
        self._refused = False
        # In the order of their first writes. Changed by the reader alone while it runs.
        self._open: dict[str, None] = {}

    def watch(self, directory: Path) -> None:
        """Watch a directory from now on, instead of the one before. Where the kernel refuses, only the scan remains."""
        self.stop()
        if sys.platform != "linux":
            return
        from watchdog.observers.inotify_c import CallbackId, InotifyConstants, Mask

        from spectacle.daemon.inotify import CoalescingReader

        wanted = InotifyConstants.IN_CLOSE_WRITE | InotifyConstants.IN_MOVE | InotifyConstants.IN_DELETE
        wanted |= InotifyConstants.IN_MODIFY
        try:
            self._reader = CoalescingReader(os.fsencode(request_name("")), self._at_rest)
            self._reader.start()
            self._watching = True
            mask = Mask(wanted | InotifyConstants.IN_ONLYDIR)
            if self._reader.add_callback(os.fsencode(directory), mask, self, CallbackId(0)) < 0:
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            self._refused = False
        except OSError as error:
            # It is tried again at every scan, which is no reason to say it again.
            if not self._refused:
                log.warning("inotify is not available here, so new requests are found by polling", error=str(error))
            self._refused = True
            self.stop()

    def stop(self) -> None:
        """Stop watching."""
        if self._reader is not None:
            self._reader.stop()
            self._reader.join()
            self._reader = None
        self._open.clear()

    @property
    def works(self) -> bool:
        """Whether the watch still lives. It dies with the directory, and its reader with an unforeseen error."""
        return self._reader is not None and self._reader.is_alive() and self._watching

    def has_writer(self, file_name: str) -> bool:
        """Whether a process of this host has written to a request and not closed it since, as far as was told.

        Unlike the kernel's leases, it is told of the files of all users.
        """
        return file_name in self._open

    def on_event(self, event: InotifyEvent) -> None:
        """Report what happened to requests. Called by the reader."""
        file_name = os.fsdecode(event.name)
        if possible_request(file_name) is not None and not event.is_directory:
            if event.is_modify:
                self._open[file_name] = None
                if len(self._open) > MAX_OPEN:
                    del self._open[next(iter(self._open))]
                return
            self._open.pop(file_name, None)
            gone = event.is_delete or event.is_moved_from
            self._tell(file_name, FileEvent.GONE if gone else FileEvent.COMPLETE)

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        """Note that the watch is gone. Called by the reader."""
        self._watching = False

    def on_queue_overflow(self) -> None:
        """Forget who writes. What else was lost is found by the scan. Called by the reader."""
        self._open.clear()
