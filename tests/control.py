"""What a generator reports to in tests that call it in their own process."""

from __future__ import annotations

from spectacle.errors import Cancelled


class Control:
    """Remembers what was reported, and stops the job after so many reports if told so."""

    def __init__(self, cancel_after: int | None = None) -> None:
        self.steps: list[tuple[int, int]] = []
        self.notes: list[str] = []
        self._cancel_after = cancel_after

    def progress(self, step: int, steps: int, note: str = "") -> None:
        self.steps.append((step, steps))
        self.notes.append(note)
        self.check()

    def check(self) -> None:
        if self._cancel_after is not None and len(self.steps) >= self._cancel_after:
            raise Cancelled("the job is no longer wanted")
