"""Counters of the gateway, in Prometheus' form."""

from __future__ import annotations

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

import spectacle

MEDIA_TYPE = prometheus_client.CONTENT_TYPE_LATEST
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)


class Metrics:
    """The counters of one gateway."""

    def __init__(self) -> None:
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "spectacle_http_requests",
            "HTTP requests by route, method and status.",
            ("route", "method", "code"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "spectacle_http_request_duration_seconds",
            "Time from a request to the end of its response, including the time an image takes.",
            ("route",),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._unfinished = Gauge(
            "spectacle_unfinished_requests",
            "Requests in the spool that wait or run.",
            ("state",),
            registry=self._registry,
        )
        build = Gauge("spectacle_build_info", "The version that runs.", ("version",), registry=self._registry)
        build.labels(spectacle.__version__).set(1)

    def count(self, route: str, method: str, status: int | None, seconds: float) -> None:
        """Count a request."""
        known = method if method in _METHODS else "other"
        self._requests.labels(route, known, str(status or 499)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self, *, waiting: int, running: int) -> bytes:
        """All counters, as Prometheus reads them."""
        self._unfinished.labels("waiting").set(waiting)
        self._unfinished.labels("running").set(running)
        return generate_latest(self._registry)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
