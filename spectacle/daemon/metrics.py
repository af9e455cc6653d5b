"""Counts what this instance does, for Prometheus: written to a file that node_exporter's textfile collector reads.

No label has a user or a stem. A kind that this instance does not serve is told as `other`, because clients may ask for
any number of kinds.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

import spectacle
from spectacle.config import Settings
from spectacle.spool.naming import RequestName

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

log = structlog.get_logger()

INTERVAL = 15.0
"""Seconds between two writings: how often Prometheus asks node_exporter unless it is told otherwise."""

OTHER = "other"
"""The label of kinds that this instance does not serve."""

_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200, 1800)
_SCAN_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10)


@dataclass(frozen=True, slots=True)
class Now:
    """How things are when the file is written.

    Attributes:
        spool_up: Whether the spool can be used.
        waiting: How many requests of each kind wait.
        oldest_waiting: Seconds for which the oldest of them has waited.
        running: How many requests each device runs.
        loaded: How many models each device has loaded.
        instances: Live instances on the spool, this one included; None when they cannot be counted.
        free: Free bytes of the spool's file system; None when that is not known.
    """

    spool_up: bool
    waiting: Mapping[str, int]
    oldest_waiting: float
    running: Mapping[str, int]
    loaded: Mapping[str, int]
    instances: int | None
    free: int | None


class _Collected:
    """The metrics themselves. Thread-safe, as the library's are."""

    def __init__(self) -> None:
        import prometheus_client as prometheus

        prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry: CollectorRegistry = prometheus.CollectorRegistry()

        def counter(name: str, about: str, *labels: str) -> Any:
            return prometheus.Counter(f"spectacle_{name}", about, labels, registry=self.registry)

        def gauge(name: str, about: str, *labels: str) -> Any:
            return prometheus.Gauge(f"spectacle_{name}", about, labels, registry=self.registry)

        def histogram(name: str, about: str, *labels: str, buckets: tuple[float, ...] = _BUCKETS) -> Any:
            return prometheus.Histogram(f"spectacle_{name}", about, labels, buckets=buckets, registry=self.registry)

        gauge("build_info", "The version that runs.", "version").labels(spectacle.__version__).set(1)
        self.requests = counter(
            "requests", "Requests that ended, by outcome: ok, cancelled, or an error code.", "kind", "outcome"
        )
        self.seconds = histogram(
            "request_duration_seconds", "Time from when a request was noticed until its result.", "kind"
        )
        self.queued = histogram(
            "queue_duration_seconds", "Time from when a request was noticed until it was begun.", "kind"
        )
        self.generated = histogram("generation_duration_seconds", "Time a job took once loaded.", "generator")
        self.load = histogram("model_load_duration_seconds", "Time that loading a model took.", "generator")
        self.attempts = counter("attempts", "Attempts at requests, by what became of them.", "reason")
        self.takeovers = counter("takeovers", "Claims taken over from instances that had ended.")
        self.restarts = counter("worker_restarts", "Workers that were lost and started again.", "device", "reason")
        self.waiting = gauge("waiting_requests", "Requests that wait, as this instance knows.", "kind")
        self.oldest = gauge("oldest_waiting_seconds", "Seconds for which the oldest of them has waited.")
        self.running = gauge("running_requests", "Requests that run.", "device")
        self.loaded = gauge("loaded_models", "Models that are loaded.", "device")
        self.up = gauge("spool_up", "Whether the spool can be used.")
        self.scan = histogram("spool_scan_duration_seconds", "Time to list the spool.", buckets=_SCAN_BUCKETS)
        self.free = gauge("free_bytes", "Free bytes of the spool's file system.")
        self.instances = gauge("instances", "Live instances on the spool.")
        self.last_answer = gauge("last_answer_timestamp_seconds", "When the last result was published, in Unix time.")


class DaemonMetrics:
    """Counts, while a file is set, and writes it. `write_when_due` is the loop's; the rest may be called by any thread.

    Args:
        settings: Gives the current settings.
        clock: Monotonic seconds.
    """

    def __init__(self, settings: Callable[[], Settings], clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._made = threading.Lock()
        self._collected: _Collected | None = None
        self._written = float("-inf")
        self._trouble: str | None = None

    # --- counting ---------------------------------------------------------------------------------------------------

    def answered(self, name: RequestName, waited: float, seconds: float) -> None:
        """Count a request that has a result.

        Args:
            name: The request.
            waited: Seconds until it was begun.
            seconds: Seconds until its result, that time included.
        """
        if (metrics := self._counting()) is not None:
            kind = self._kind(name)
            metrics.requests.labels(kind, "ok").inc()
            metrics.queued.labels(kind).observe(waited)
            metrics.seconds.labels(kind).observe(seconds)
            metrics.last_answer.set(time.time())

    def generated(self, generator: str, load: float | None, job: float | None) -> None:
        """Count how long loading a model and running a job took, as far as that was done."""
        if (metrics := self._counting()) is not None:
            if load is not None:
                metrics.load.labels(generator).observe(load)
            if job is not None:
                metrics.generated.labels(generator).observe(job)

    def ended(self, name: RequestName, outcome: str) -> None:
        """Count a request that has no result: `cancelled`, or the code of its error."""
        if (metrics := self._counting()) is not None:
            metrics.requests.labels(self._kind(name), outcome).inc()

    def attempted(self, reason: str) -> None:
        """Count an attempt by what became of it."""
        if (metrics := self._counting()) is not None:
            metrics.attempts.labels(reason).inc()

    def taken_over(self) -> None:
        """Count a claim that was taken over."""
        if (metrics := self._counting()) is not None:
            metrics.takeovers.inc()

    def worker_lost(self, device: str, reason: str) -> None:
        """Count a worker that has to be started again."""
        if (metrics := self._counting()) is not None:
            metrics.restarts.labels(device, reason).inc()

    @contextlib.contextmanager
    def scanning(self) -> Iterator[None]:
        """Measure how long the block takes, which lists the spool."""
        began = self._clock()
        yield
        if (metrics := self._counting()) is not None:
            metrics.scan.observe(self._clock() - began)

    # --- writing ----------------------------------------------------------------------------------------------------

    def write_when_due(self, look: Callable[[], Now], *, now_at_once: bool = False) -> None:
        """Write the file every `INTERVAL` seconds. Trouble with it is logged, and nothing else.

        Args:
            look: Says how things are.
            now_at_once: Whether to write now.
        """
        metrics, path = self._counting(), self._settings().metrics.textfile
        due = now_at_once or self._clock() - self._written >= INTERVAL
        if metrics is None or path is None or not due:
            return
        self._written = self._clock()
        self._set(metrics, look())
        from prometheus_client import generate_latest

        try:
            write_atomically(path, generate_latest(metrics.registry))
            self._trouble = None
        except OSError as error:
            reason = f"metrics.textfile {path}: cannot be written: {error.strerror}"
            if reason != self._trouble:
                log.warning("cannot write metrics", reason=reason)
            self._trouble = reason

    def _set(self, metrics: _Collected, now: Now) -> None:
        served = self._settings().kinds
        waiting = dict.fromkeys([*served, OTHER], 0)
        for kind, count in now.waiting.items():
            waiting[kind if kind in served else OTHER] += count
        for gauge, values in ((metrics.waiting, waiting), (metrics.running, now.running), (metrics.loaded, now.loaded)):
            gauge.clear()
            for label, value in values.items():
                gauge.labels(label).set(value)
        metrics.oldest.set(now.oldest_waiting)
        metrics.up.set(now.spool_up)
        if now.free is not None:
            metrics.free.set(now.free)
        if now.instances is not None:
            metrics.instances.set(now.instances)

    def _counting(self) -> _Collected | None:
        if self._collected is None and self._settings().metrics.textfile is not None and missing_package() is None:
            with self._made:
                self._collected = self._collected or _Collected()
        return self._collected

    def _kind(self, name: RequestName) -> str:
        settings = self._settings()
        kind = name.kind or settings.default_kind
        return kind if kind in settings.kinds else OTHER


def missing_package() -> str | None:
    """What to do about the library when it is not installed, or None when it is."""
    if find_spec("prometheus_client") is not None:
        return None
    return "metrics: needs prometheus_client. Run `pip install '.[metrics]'` in the clone."


def write_atomically(path: Path, content: bytes) -> None:
    """Put a file in place as a whole, readable for all, because node_exporter runs as another user.

    Raises:
        OSError: When it cannot be written.
    """
    # The collector reads what ends in `.prom`.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    try:
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o644)
            file.write(content)
        draft.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
