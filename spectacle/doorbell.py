"""Inotify as a doorbell: it says at once that something happened to a name, and nothing depends on it.

It misses what other hosts write, overflows silently and dies silently; the daemon's own scan is the truth.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from watchdog.events import FileClosedEvent, FileDeletedEvent, FileMovedEvent, FileSystemEvent, FileSystemEventHandler

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver

log = structlog.get_logger()


class Ring(Enum):
    """What happened to a name."""

    COMPLETE = auto()
    """It was renamed in, or closed by its writer."""
    GONE = auto()
    """It was removed or renamed away."""


class Doorbell(FileSystemEventHandler):
    """Watches one directory on this host.

    Args:
        ring: Called with (file name, what happened) on the observer's thread, for names ending in `.txt` only.
    """

    def __init__(self, ring: Callable[[str, Ring], None]) -> None:
        self._ring = ring
        self._observer: BaseObserver | None = None

    def hang(self, directory: Path) -> None:
        """Watch a directory from now on, instead of the one before. Where the kernel refuses, only the scan remains."""
        self.take_down()
        if sys.platform != "linux":
            return
        from watchdog.observers.inotify import InotifyObserver

        try:
            # With full events a file moved in from elsewhere arrives as moved, not as one just created.
            observer = InotifyObserver(generate_full_events=True)
            observer.schedule(self, str(directory), event_filter=[FileClosedEvent, FileMovedEvent, FileDeletedEvent])
            observer.start()
        except OSError as error:
            log.warning("inotify is not available here, so new requests are found by looking", error=str(error))
            return
        self._observer = observer

    def take_down(self) -> None:
        """Stop watching."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
            self._observer = None

    @property
    def works(self) -> bool:
        """Whether the watch still lives. The observer outlives its emitters, which do the watching."""
        return self._observer is not None and all(emitter.is_alive() for emitter in self._observer.emitters)

    def dispatch(self, event: FileSystemEvent) -> None:
        """Ring for what happened to requests."""
        if isinstance(event, FileMovedEvent):
            self._say(event.src_path, Ring.GONE)
            self._say(event.dest_path, Ring.COMPLETE)
        elif isinstance(event, FileClosedEvent):
            self._say(event.src_path, Ring.COMPLETE)
        elif isinstance(event, FileDeletedEvent):
            self._say(event.src_path, Ring.GONE)

    def _say(self, path: Any, what: Ring) -> None:
        name = os.path.basename(os.fsdecode(path))
        if name.endswith(".txt"):
            self._ring(name, what)
