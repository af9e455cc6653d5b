"""A reader of inotify that takes events together while much happens."""

from __future__ import annotations

import time

from watchdog.observers.inotify_c import DEFAULT_EVENT_BUFFER_SIZE, InotifyEvent, InotifyFD

BURST = 0.01
"""Events that follow each other within this many seconds are taken for a burst."""

GATHERING = 0.005
"""Seconds for which a burst gathers before it is read."""


class CoalescingReader(InotifyFD):
    """Reads what comes alone at once, and what comes in bursts together.

    Each answer makes a dozen events. Read one by one they would wake this thread, and take the interpreter's lock away
    from the thread that answers, as many times.
    """

    def __init__(self) -> None:
        super().__init__()
        self._in_burst = False
        self._read_at = 0.0

    def read_events(self, *, event_buffer_size: int = DEFAULT_EVENT_BUFFER_SIZE) -> list[InotifyEvent]:
        """Wait for the next events and return them."""
        if self._in_burst:
            self.stopped_event.wait(GATHERING)
        events = super().read_events(event_buffer_size=event_buffer_size)
        now = time.monotonic()
        self._in_burst, self._read_at = now - self._read_at < BURST, now
        return events
