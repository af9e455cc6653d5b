"""Reports every denoising step, and stops at one when the job is cancelled."""

from __future__ import annotations

from typing import Any

from spectacle.generators.base import JobControl


class StepReporter:
    """A `callback_on_step_end` for all pictures of one job.

    Args:
        control: The job's line to the daemon.
        pictures: How many pictures the job makes, one after the other.
    """

    def __init__(self, control: JobControl, pictures: int = 1) -> None:
        self._control = control
        self._pictures = pictures
        self._finished = 0

    def __call__(self, pipeline: Any, step: int, timestep: Any, callback_kwargs: dict[str, Any]) -> dict[str, Any]:
        """Report a step that is done.

        Raises:
            Cancelled: When the job is no longer wanted; it leaves the pipeline through its denoising loop.
        """
        steps = pipeline.num_timesteps
        self._control.progress(self._finished * steps + step + 1, self._pictures * steps)
        return callback_kwargs

    def picture_done(self) -> None:
        """Begin with the next picture."""
        self._finished += 1

    def check(self) -> None:
        """Raise `Cancelled` when the job is no longer wanted."""
        self._control.check()
