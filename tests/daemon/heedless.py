"""Jobs that run to their end, and whose reports nobody keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spectacle.generators.base import MediaType
from spectacle.worker.contract import JobSpec


class Heedless:
    """Wants its job to run to its end."""

    def unwanted(self) -> str | None:
        return None

    def started(self, progress: bool, seed: int) -> None:
        pass

    def progress(self, step: int, steps: int, note: str) -> None:
        pass

    def file(self, suffix: str, content: bytes) -> None:
        pass

    def done(self, facts: Mapping[str, float]) -> None:
        pass


def job(stem: str = "a-1-8x8", **options: Any) -> JobSpec:
    """A job of the test generator."""
    model = "test-double", None
    return JobSpec(model, stem, "card", MediaType.PNG, 8, 8, "a fox", (), "d", options, 10**6, 10**6, 10**6)
