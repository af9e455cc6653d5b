"""Progress and cancellation at every step."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from control import Control

from spectacle.errors import Cancelled
from spectacle.generators.diffusion.seeds import generator, picture_seeds
from spectacle.generators.diffusion.steps import StepReporter


def test_steps_are_counted_over_all_pictures() -> None:
    control = Control()
    reporter = StepReporter(control, pictures=2)
    pipeline = SimpleNamespace(num_timesteps=3)
    for _picture in range(2):
        for step in range(3):
            assert reporter(pipeline, step, None, {"latents": step}) == {"latents": step}
        reporter.picture_done()
    assert control.steps == [(step, 6) for step in range(1, 7)]


def test_a_job_that_is_no_longer_wanted_stops_at_the_next_step() -> None:
    reporter = StepReporter(Control(cancel_after=2))
    pipeline = SimpleNamespace(num_timesteps=3)
    reporter(pipeline, 0, None, {})
    with pytest.raises(Cancelled):
        reporter(pipeline, 1, None, {})
    with pytest.raises(Cancelled):
        reporter.check()


def test_seeds_follow_each_other_and_begin_again_after_the_largest() -> None:
    assert picture_seeds(5, 3) == [5, 6, 7]
    assert picture_seeds(2**63 - 1, 2) == [2**63 - 1, 0]


def test_random_numbers_are_the_seeds_alone() -> None:
    import torch

    first = torch.randn(4, generator=generator(2**62 + 1))
    torch.randn(100)
    assert torch.equal(torch.randn(4, generator=generator(2**62 + 1)), first)
