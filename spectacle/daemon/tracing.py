"""Tells an OpenTelemetry collector how the time of each request was spent. Prompts and users are never told.

Whoever knows a request's stem knows the number of its trace: the first 16 bytes of the SHA-256 of the stem. So nothing
has to be passed on between clients, daemons and hosts.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import spectacle
from spectacle.errors import ConfigurationError

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""Variables of OpenTelemetry that name the collector. Without one of them nothing is traced."""

_PACKAGES = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the time of a request.

    Attributes:
        name: What was done: `queue`, `load`, `generate`, `encode`, `commit`.
        began: Monotonic time of its begin.
        ended: Monotonic time of its end.
    """

    name: str
    began: float
    ended: float


def trace_number(stem: str) -> int:
    """The number of a request's trace."""
    # Zero would be no number; nobody will see that happen.
    return int.from_bytes(hashlib.sha256(stem.encode()).digest()[:16]) or 1


def missing_package(environment: Mapping[str, str] = os.environ) -> str | None:
    """What to do about libraries that are not installed while a collector is named, or None when nothing is."""
    named = next((name for name in ENDPOINTS if environment.get(name)), None)
    if named is None or environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    try:
        missing = [name for name in _PACKAGES if find_spec(name) is None]
    except ModuleNotFoundError:
        missing = ["opentelemetry"]
    if not missing:
        return None
    return f"{named} is set, but {missing[0]} is missing. Run `pip install '.[otel]'` in the clone, or unset it."


class Tracer:
    """Sends spans to a collector, in the background. Thread-safe.

    Args:
        exporter: Takes the spans; by default, it sends them where the variables of OpenTelemetry say.

    Raises:
        ConfigurationError: When the libraries are missing.
    """

    def __init__(self, exporter: Any = None) -> None:
        if exporter is None and (missing := missing_package()) is not None:
            raise ConfigurationError(missing)
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator

        class Numbers(IdGenerator):
            """Numbers of traces from stems, of spans by chance."""

            def __init__(self) -> None:
                self.next = 0
                self._random = RandomIdGenerator()

            def generate_trace_id(self) -> int:
                return self.next

            def generate_span_id(self) -> int:
                return self._random.generate_span_id()

        if exporter is None:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            exporter = OTLPSpanExporter()
        self._numbers = Numbers()
        # Device threads record.
        self._numbering = threading.Lock()
        resource = Resource.create({"service.name": "spectacle", "service.version": spectacle.__version__})
        self._provider = TracerProvider(resource=resource, id_generator=self._numbers)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("spectacle")

    @classmethod
    def from_environment(cls) -> Tracer | None:
        """A tracer, or None when no collector is named or the libraries are missing."""
        named = any(os.environ.get(name) for name in ENDPOINTS)
        disabled = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
        return cls() if named and not disabled and missing_package() is None else None

    def record(self, stem: str, parts: Sequence[Part], attributes: Mapping[str, Any], *, failed: bool) -> None:
        """Tell of a request that has ended.

        Args:
            stem: The request.
            parts: How its time was spent, in order; nothing is told without any.
            attributes: What else is known; None values are omitted.
            failed: Whether it ended with an error.
        """
        from opentelemetry import context, trace

        if not parts:
            return
        # Spans have the time of the clock; durations here are measured by one that nobody sets.
        offset = time.time() - time.monotonic()

        def nanoseconds(moment: float) -> int:
            return int((moment + offset) * 1e9)

        told = {f"spectacle.{name}": value for name, value in attributes.items() if value is not None}
        with self._numbering:
            self._numbers.next = trace_number(stem)
            request = self._tracer.start_span(
                "request", context.Context(), attributes=told, start_time=nanoseconds(parts[0].began)
            )
        inside = trace.set_span_in_context(request, context.Context())
        for part in parts:
            span = self._tracer.start_span(part.name, inside, start_time=nanoseconds(part.began))
            span.end(nanoseconds(part.ended))
        if failed:
            request.set_status(trace.Status(trace.StatusCode.ERROR))
        request.end(nanoseconds(parts[-1].ended))

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()
