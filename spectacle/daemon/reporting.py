"""What an instance tells of itself: its report in the spool, and its line for the service manager."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import spectacle
from spectacle.config import Settings
from spectacle.daemon.attempt import AttemptResult
from spectacle.daemon.backlog import Backlog
from spectacle.daemon.catalogue import Catalogue
from spectacle.daemon.device_thread import DeviceThread
from spectacle.daemon.health import SpoolHealth
from spectacle.daemon.notify import notify
from spectacle.spool.claims import this_host
from spectacle.spool.instances import Instances

MAX_KINDS_TOLD = 100
"""Most kinds whose waiting requests a report counts, for clients may ask for any number of kinds."""


class Reporting:
    """Publishes this instance's report when it is due.

    Args:
        instances: Where reports go.
        settings: Gives the current settings.
        health: The state of the spool.
        catalogue: What is known of the kinds.
        backlog: The known requests.
        threads: The device threads.
        stopping: Whether the instance stops.
    """

    def __init__(
        self,
        instances: Instances,
        settings: Callable[[], Settings],
        health: SpoolHealth,
        catalogue: Catalogue,
        backlog: Backlog,
        threads: Sequence[DeviceThread],
        stopping: Callable[[], bool],
    ) -> None:
        self._instances = instances
        self._settings = settings
        self._health = health
        self._catalogue = catalogue
        self._backlog = backlog
        self._threads = threads
        self._stopping = stopping
        self._started = time.time()
        self._reported = float("-inf")
        self._reported_busy = False
        self._done: Counter[str] = Counter()

    def count(self, result: AttemptResult) -> None:
        """Count what became of an attempt."""
        self._done[result.name.lower()] += 1

    def report_when_due(self, now: float) -> None:
        """Publish the report every second while a job runs, else three times in a lease.

        Raises:
            OSError: When the spool is in trouble.
        """
        running = sum(thread.current is not None for thread in self._threads)
        # Once more after the last job, so that nobody takes it for running until the next report that is due.
        interval = 1.0 if running or self._reported_busy else self._interval
        if now - self._reported >= interval:
            self._reported, self._reported_busy = now, running > 0
            self.report()
            notify(STATUS=f"{self._backlog.ready} waiting, {running} running, {self._done['answered']} answered")

    def report(self) -> None:
        """Publish the report now.

        Raises:
            OSError: When the spool is in trouble.
        """
        self._instances.report(self.status())

    def status(self) -> dict[str, Any]:
        """The report, as JSON values."""
        settings = self._settings()
        return {
            "instance": self._instances.identity,
            "host": this_host(),
            "version": spectacle.__version__,
            "started": self._started,
            "interval": self._interval,
            "state": "stopping" if self._stopping() else "waiting" if self._health.reason else "serving",
            "reason": self._health.reason,
            "kinds": sorted(settings.kinds),
            "kind_details": {name: told for name, told in self._catalogue.kinds.items() if name in settings.kinds},
            "devices": [thread.status() for thread in self._threads],
            "queue": dict(self._backlog.waiting_by_kind().most_common(MAX_KINDS_TOLD)),
            "done": dict(self._done),
            "errors": list(self._health.errors),
        }

    @property
    def _interval(self) -> float:
        return self._settings().spool.lease_duration / 3
