"""What an instance reports about itself: its report in the spool, and its line for the service manager."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import spectacle
from spectacle.config import Settings
from spectacle.daemon.attempt import AttemptResult
from spectacle.daemon.backlog import Backlog
from spectacle.daemon.catalogue import Catalogue
from spectacle.daemon.device_threads import DeviceThreads
from spectacle.daemon.health import SpoolHealth
from spectacle.daemon.notices import Notices
from spectacle.daemon.notify import notify
from spectacle.daemon.pausing import Pausing
from spectacle.daemon.user_limits import UserLimits
from spectacle.spool.claims import this_host
from spectacle.spool.instances import Instances

MAX_KINDS_TOLD = 100
"""Maximum number of kinds whose waiting requests a report counts, because clients may ask for any number of kinds."""

MAX_USERS_TOLD = 100
"""Maximum number of users whose requests are held up that a report names."""


class Reporting:
    """Publishes this instance's report when it is due.

    Args:
        instances: Where reports go.
        settings: Gives the current settings.
        health: The state of the spool.
        notices: What operators should know.
        catalogue: What is known of the kinds.
        backlog: The known requests.
        devices: What serves the devices.
        pausing: What is paused.
        limits: Whose requests are held up.
        stopping: Whether the instance stops.
    """

    def __init__(
        self,
        instances: Instances,
        settings: Callable[[], Settings],
        health: SpoolHealth,
        notices: Notices,
        catalogue: Catalogue,
        backlog: Backlog,
        devices: Sequence[DeviceThreads],
        pausing: Pausing,
        limits: UserLimits,
        stopping: Callable[[], bool],
    ) -> None:
        self._instances = instances
        self._settings = settings
        self._health = health
        self._notices = notices
        self._catalogue = catalogue
        self._backlog = backlog
        self._devices = devices
        self._pausing = pausing
        self._limits = limits
        self._stopping = stopping
        self._started = time.time()
        self._reported = float("-inf")
        self._reported_busy = False
        self._done: Counter[str] = Counter()

    def count(self, result: AttemptResult) -> None:
        """Count what became of an attempt, other than one that has its turn yet."""
        if result is AttemptResult.DEFERRED:
            return
        self._done[result.name.lower()] += 1

    def report_when_due(self, now: float) -> None:
        """Publish the report every second while a job runs, else three times in a lease.

        Raises:
            OSError: When the spool is in trouble.
        """
        running = sum(len(device.runs) for device in self._devices)
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
        pauses = self._pausing.pauses
        paused = pauses.of(None)
        return {
            "instance": self._instances.identity,
            "host": this_host(),
            "version": spectacle.__version__,
            "started": self._started,
            "interval": self._interval,
            "state": self._state(paused is not None),
            "reason": self._health.reason or (None if paused is None else paused.told),
            "pauses": [each.as_json() for each in pauses.all[:MAX_KINDS_TOLD]],
            "held_up": dict(islice(self._limits.held_up.items(), MAX_USERS_TOLD)),
            "tells_waiting": True,
            "kinds": sorted(settings.kinds),
            "default_kind": settings.default_kind,
            "kind_details": {name: told for name, told in self._catalogue.kinds.items() if name in settings.kinds},
            "devices": [device.status() for device in self._devices if device.worker.site.used],
            "queue": dict(self._backlog.waiting_by_kind().most_common(MAX_KINDS_TOLD)),
            "queue_eta_s": self._backlog.seconds_by_kind(),
            "done": dict(self._done),
            "errors": list(self._health.errors),
            "notices": [*self._notices.current(), *self._absences()],
        }

    def _absences(self) -> list[str]:
        """Why workers are absent, each reason once."""
        sites = [device.worker.site for device in self._devices]
        reasons = Counter(site.absent for site in sites if site.absent is not None and site.used)
        return [f"{count} worker(s) absent: {reason}" for reason, count in reasons.items()]

    def _state(self, paused: bool) -> str:
        if self._stopping():
            return "stopping"
        return "waiting" if self._health.reason else "paused" if paused else "serving"

    @property
    def _interval(self) -> float:
        return self._settings().spool.lease_duration / 3
