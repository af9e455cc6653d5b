from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("numba")
pytest.importorskip("skimage")

import torch

from spectacle.generators.supersvg.raster.render import flatten
from spectacle.generators.supersvg.raster.shapes import PathSet
from spectacle.generators.supersvg.tracing.initialise import shapes_of
from spectacle.generators.supersvg.tracing.refine import Budget, Optimiser
from spectacle.generators.supersvg.tracing.regions import first_regions


def blurred(size: int = 64) -> np.ndarray:
    """Soft dark hills, as behind what a camera is focused on."""
    rows, columns = np.mgrid[:size, :size] / size
    shade = 0.2 + 0.05 * np.sin(7 * columns + 3 * rows) + 0.05 * np.cos(9 * rows)
    noise = np.random.default_rng(0).normal(0, 0.004, (size, size))
    return np.repeat((shade + noise)[:, :, None], 3, axis=2).astype(np.float32)


def length(paths: PathSet) -> float:
    edges, _ = flatten(paths)
    return float((edges[:, 2:] - edges[:, :2]).norm(dim=1).sum())


def optimised(steps: int) -> tuple[PathSet, PathSet, list[float]]:
    """Shapes before and after, and the errors."""
    picture = blurred()
    errors: list[float] = []
    optimiser = Optimiser(torch.from_numpy(picture), torch.zeros(3))
    before = shapes_of(first_regions(picture, np.zeros(3, np.float32), 12), picture, 12)
    after = optimiser.run(before, Budget(steps, lambda step, steps, error: errors.append(error)), 1.0, 0.1)
    return before, after, errors


def test_outlines_in_blurred_places_grow_no_hairs() -> None:
    before, after, errors = optimised(120)
    assert errors[-1] < 0.3 * errors[0]
    assert length(after) < 2 * length(before)


def test_the_first_steps_do_no_harm() -> None:
    _, _, errors = optimised(12)
    assert max(errors[1:]) < 1.1 * errors[0]
