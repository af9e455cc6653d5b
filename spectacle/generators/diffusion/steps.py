"""Reports every denoising step, and life inside of long ones; stops at either when the job is cancelled."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from spectacle.generators.base import JobControl

if TYPE_CHECKING:
    import torch

INTERVAL = 10.0
"""Seconds after the last report from which on there is one inside a step: a step that is shorter speaks for itself, and
the daemon waits for many times as long (`limits.step`)."""


class StepReporter:
    """A `callback_on_step_end` for all images of one job.

    Args:
        control: The job's line to the daemon.
        pictures: How many images the job makes, one after the other.
        steps: Steps of each image, as far as they are known before the first.
        clock: Monotonic seconds.
    """

    def __init__(
        self, control: JobControl, pictures: int = 1, steps: int = 1, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._control = control
        self._pictures = pictures
        self._steps = max(1, steps)
        self._clock = clock
        self._finished = 0
        self._step = 0
        self._last = clock()

    @property
    def steps_done(self) -> int:
        """Steps that were reported, over all images."""
        return self._finished * self._steps + self._step

    def __call__(self, pipeline: Any, step: int, timestep: Any, callback_kwargs: dict[str, Any]) -> dict[str, Any]:
        """Report a step that is done.

        Raises:
            Cancelled: When the job is no longer wanted; it leaves the pipeline through its denoising loop.
        """
        self.step(step + 1, getattr(pipeline, "num_timesteps", 0) or len(pipeline.scheduler.timesteps))
        return callback_kwargs

    def step(self, done: int, steps: int) -> None:
        """Report that so many steps of the image are done.

        Raises:
            Cancelled: When the job is no longer wanted.
        """
        self._step, self._steps = done, steps
        self._report("")

    def block(self, part: str, number: int, count: int) -> None:
        """Report that a block of a part begins, unless the last report was a moment ago.

        Args:
            part: The part's name, such as `transformer`.
            number: The block's number, counted from 1.
            count: How many blocks there are.

        Raises:
            Cancelled: When the job is no longer wanted; it leaves the pipeline through the model.
        """
        if self._clock() - self._last >= INTERVAL:
            self._report(f"{part}, block {number} of {count}")

    def picture_done(self) -> None:
        """Begin with the next image."""
        self._finished += 1
        self._step = 0

    def check(self) -> None:
        """Raise `Cancelled` when the job is no longer wanted."""
        self._control.check()

    def _report(self, note: str) -> None:
        self._last = self._clock()
        self._control.progress(self.steps_done, self._pictures * self._steps, note)


class _StepBar:
    """What stands for the progress bar of a pipeline, and reports the steps that it would show."""

    def __init__(self, iterable: Any, total: int | None, reporter: StepReporter) -> None:
        self._iterable = iterable
        self._total = len(iterable) if total is None else total
        self._reporter = reporter
        self._done = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __iter__(self) -> Iterator[Any]:
        for each in self._iterable:
            yield each
            self.update()

    def update(self) -> None:
        self._done += 1
        self._reporter.step(self._done, self._total)


@contextmanager
def watched_bar(pipeline: Any, reporter: StepReporter) -> Iterator[None]:
    """Have the steps of a pipeline reported that knows no callback: by its progress bar, which every one has."""

    def bar(iterable: Any = None, total: int | None = None) -> _StepBar:
        return _StepBar(iterable, total, reporter)

    pipeline.progress_bar = bar
    try:
        yield
    finally:
        del pipeline.progress_bar


def watch(module: torch.nn.Module, part: str, reporter: StepReporter) -> list[Any]:
    """Have the blocks of a module reported as they begin. Returns handles, whose `remove` ends that."""
    handles = []
    for blocks in _repeated(module):
        for number, block in enumerate(blocks, 1):

            def begins(
                _module: torch.nn.Module, _inputs: object, number: int = number, count: int = len(blocks)
            ) -> None:
                reporter.block(part, number, count)

            handles.append(block.register_forward_pre_hook(begins))
    return handles


def _repeated(module: torch.nn.Module) -> Iterator[list[torch.nn.Module]]:
    """The lists of blocks in a module, without those inside of other blocks."""
    from torch import nn

    for child in module.children():
        if isinstance(child, nn.ModuleList) and len(child) > 1:
            yield list(child)
        else:
            yield from _repeated(child)
