"""How far a vectorization is, for the daemon."""

from __future__ import annotations

from spectacle.generators.base import JobControl

STEPS = 1000
"""Steps of the progress that is reported."""


class Report:
    """Reports to the daemon how far an SVG is, and remembers how its error fell."""

    def __init__(self, control: JobControl, painting: int) -> None:
        self._control = control
        self._painting = painting
        self._errors: list[tuple[float, float]] = []

    def painted(self, done: int, most: int) -> None:
        """Report how many superpixels of at most how many are painted."""
        self._control.progress(self._painting * done // most, STEPS)

    def optimised(self, step: int, steps: int, error: float) -> None:
        """Report how many steps the optimizer has taken, and that the SVG has this mean squared error."""
        share = step / max(steps, 1)
        self._errors.append((share, error))
        done = self._painting + int((STEPS - self._painting) * share)
        self._control.progress(done, STEPS, f"mean squared error {error:.5f}")

    def errors(self) -> list[float]:
        """The mean squared errors at the beginning, after each tenth of the work, and last."""
        tenths = [next((error for share, error in self._errors if share >= tenth / 10), None) for tenth in range(10)]
        last = [self._errors[-1][1]] if self._errors else []
        return [round(error, 6) for error in [*tenths, *last] if error is not None]
