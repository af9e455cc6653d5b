"""Tells programs that watch a service what this instance does: metrics in a file, and traces for a collector."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from spectacle.config import Settings
from spectacle.daemon.attempt import AttemptResult
from spectacle.daemon.backlog import Backlog, TrackedRequest
from spectacle.daemon.device_threads import DeviceThreads
from spectacle.daemon.health import SpoolHealth
from spectacle.daemon.metrics import OTHER, DaemonMetrics, Now
from spectacle.daemon.progress import Attempt
from spectacle.daemon.tracing import Part, Tracer
from spectacle.errors import SpoolUnavailable
from spectacle.spool.directory import Spool
from spectacle.spool.instances import Instances
from spectacle.worker.contract import ENCODE_SECONDS


class Observing:
    """Looks at an instance for those who watch it.

    Args:
        metrics: Counts.
        settings: Gives the current settings.
        clock: Monotonic seconds.
        spool: The spool.
        instances: The instances on it.
        health: Its state.
        backlog: The known requests.
        devices: What serves the devices.
    """

    def __init__(
        self,
        metrics: DaemonMetrics,
        settings: Callable[[], Settings],
        clock: Callable[[], float],
        spool: Spool,
        instances: Instances,
        health: SpoolHealth,
        backlog: Backlog,
        devices: Sequence[DeviceThreads],
    ) -> None:
        self.metrics = metrics
        self._settings = settings
        self._clock = clock
        self._spool = spool
        self._instances = instances
        self._health = health
        self._backlog = backlog
        self._devices = devices
        self._tracer = Tracer.from_environment()

    def write_when_due(self) -> None:
        """Write the metrics, if that is due."""
        self.metrics.write_when_due(self._now)

    def write_last(self) -> None:
        """Write the metrics once more."""
        self.metrics.write_when_due(self._now, now_at_once=True)

    def close(self) -> None:
        """Send the traces that are left, which may take seconds where the collector does not respond."""
        if self._tracer is not None:
            self._tracer.close()

    def attempted(self, tracked: TrackedRequest, attempt: Attempt, result: AttemptResult) -> None:
        """Take note of an attempt that has ended."""
        now = self._clock()
        if result is AttemptResult.ANSWERED:
            self.metrics.answered(tracked.name, attempt.began - tracked.since, now - tracked.since)
        elif result is AttemptResult.CANCELLED:
            self.metrics.ended(tracked.name, "cancelled")
        ended = result in (AttemptResult.ANSWERED, AttemptResult.REFUSED, AttemptResult.CANCELLED)
        if self._tracer is None or not ended:
            return
        settings = self._settings()
        kind = tracked.name.kind or settings.default_kind
        about = {
            "kind": kind if kind in settings.kinds else OTHER,
            "generator": None if attempt.model is None else attempt.model[0],
            "width": tracked.name.width,
            "height": tracked.name.height,
            "steps": attempt.steps or None,
            "outcome": result.name.lower(),
        }
        parts = list(parts_of(attempt, tracked.since, now))
        self._tracer.record(tracked.name.stem, parts, about, failed=result is AttemptResult.REFUSED)

    def _now(self) -> Now:
        since = self._backlog.oldest_waiting()
        instances = free = None
        if self._health.reason is None:
            with contextlib.suppress(OSError, SpoolUnavailable):
                instances, free = 1 + sum(1 for _ in self._instances.live()), self._spool.free_bytes()
        running: Counter[str] = Counter()
        loaded: Counter[str] = Counter()
        for device in self._devices:
            running[str(device.worker.device)] += len(device.runs)
            loaded[str(device.worker.device)] += len(device.worker.loaded)
        return Now(
            self._health.reason is None,
            self._backlog.waiting_by_kind(),
            0.0 if since is None else max(0.0, self._clock() - since),
            running,
            loaded,
            instances,
            free,
        )


def parts_of(attempt: Attempt, since: float, now: float) -> Iterator[Part]:
    """How the time of a request was spent, as far as it got."""
    yield Part("queue", since, attempt.began)
    if attempt.started is None:
        yield Part("commit", attempt.began, now)
        return
    yield Part("load", attempt.began, attempt.started)
    if attempt.done is None:
        yield Part("generate", attempt.started, now)
        return
    # Encoding and signing come last; how long they took is known from their worker.
    encoding = max(attempt.started, attempt.done - attempt.facts.get(ENCODE_SECONDS, 0.0))
    yield Part("generate", attempt.started, encoding)
    yield Part("encode", encoding, attempt.done)
    yield Part("commit", attempt.done, now)
