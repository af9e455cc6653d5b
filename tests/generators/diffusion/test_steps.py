"""Progress and cancellation at every step."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from control import Control

from spectacle.errors import Cancelled
from spectacle.generators.diffusion.seeds import generator, picture_seeds
from spectacle.generators.diffusion.steps import StepReporter, watch


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


def test_a_long_step_reports_its_blocks_and_stops_at_one(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from torch import nn

    monkeypatch.setattr("spectacle.generators.diffusion.steps.INTERVAL", 10.0)
    now = [0.0]
    control = Control(cancel_after=3)
    reporter = StepReporter(control, pictures=2, steps=4, clock=lambda: now[0])
    inner = nn.Module()
    inner.layers = nn.ModuleList(nn.Linear(1, 1) for _ in range(3))
    model = nn.Module()
    model.inner = inner
    handles = watch(model, "transformer", reporter)
    for layer in inner.layers:
        now[0] += 7
        layer(torch.ones(1))
    assert control.steps == [(0, 8)]
    assert control.notes == ["transformer, block 2 of 3"]
    reporter(SimpleNamespace(num_timesteps=4), 0, None, {})
    now[0] += 11
    with pytest.raises(Cancelled):
        inner.layers[0](torch.ones(1))
    assert control.steps[1:] == [(1, 8), (1, 8)]
    for handle in handles:
        handle.remove()
    now[0] += 11
    inner.layers[0](torch.ones(1))


def test_seeds_follow_each_other_and_begin_again_after_the_largest() -> None:
    assert picture_seeds(5, 3) == [5, 6, 7]
    assert picture_seeds(2**63 - 1, 2) == [2**63 - 1, 0]


def test_random_numbers_are_the_seeds_alone() -> None:
    import torch

    first = torch.randn(4, generator=generator(2**62 + 1))
    torch.randn(100)
    assert torch.equal(torch.randn(4, generator=generator(2**62 + 1)), first)
