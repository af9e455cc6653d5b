"""A reader of inotify that takes events together while much happens, and passes over those of other names."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable

from watchdog.observers.inotify_c import DEFAULT_EVENT_BUFFER_SIZE, InotifyConstants, InotifyEvent, InotifyFD

_HEAD = struct.Struct("iIII")
"""What precedes the name of an event: watch, mask, cookie, length of the name with its padding."""

BURST = 0.01
"""Events that follow each other within this many seconds are considered a burst."""

GATHERING = 0.005
"""Seconds for which a burst gathers before it is read, while requests wait anyway."""

GATHERING_AT_REST = 0.001
"""The same while none waits, so that the next one would be begun immediately."""


class CoalescingReader(InotifyFD):
    """Reads what comes alone immediately, and what comes in bursts together.

    Each result makes a dozen events. Read one by one they would wake this thread, and take the interpreter's lock away
    from the thread that publishes, as many times; and most are of the daemon's own files, which have other endings.

    Args:
        ending: How the names end whose events are wanted.
        at_rest: Whether no request waits.
    """

    def __init__(self, ending: bytes, at_rest: Callable[[], bool]) -> None:
        super().__init__()
        self._ending = ending
        self._at_rest = at_rest
        self._in_burst = False
        self._read_at = 0.0

    def read_events(self, *, event_buffer_size: int = DEFAULT_EVENT_BUFFER_SIZE) -> list[InotifyEvent]:
        """Wait for the next events and return them."""
        if self._in_burst:
            self.stopped_event.wait(GATHERING_AT_REST if self._at_rest() else GATHERING)
        buffer = self._read_event_buffer(event_buffer_size)
        now = time.monotonic()
        self._in_burst, self._read_at = now - self._read_at < BURST, now
        return self._wanted(buffer)

    def _wanted(self, buffer: bytes) -> list[InotifyEvent]:
        """The events of names with the ending, and those without a name, which concern the watch itself."""
        events = []
        position = 0
        while position < len(buffer):
            watch, mask, cookie, length = _HEAD.unpack_from(buffer, position)
            position += _HEAD.size + length
            name = buffer[position - length : position].rstrip(b"\0")
            if (not name or name.endswith(self._ending)) and (watch != -1 or mask & InotifyConstants.IN_Q_OVERFLOW):
                events.append(InotifyEvent(watch, mask, cookie, name))
        return events
