from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("numba")

import torch

from spectacle.generators.supersvg.raster.render import flatten, render
from spectacle.generators.supersvg.raster.shapes import PathSet
from spectacle.generators.supersvg.tracing.clip import clipped


def blobs(count: int) -> PathSet:
    places = np.random.default_rng(4).uniform(-20, 60, (count, 12, 2)).astype(np.float32)
    return PathSet.of_strokes(
        torch.from_numpy(places), torch.rand(count, 3, generator=torch.Generator().manual_seed(2))
    )


def test_nothing_is_left_beyond_the_picture_and_what_is_inside_looks_as_before() -> None:
    paths = blobs(30)
    cut = clipped(paths, 40, 30)
    corners = flatten(cut)[0]
    assert corners.min() >= -1e-4
    assert corners[:, ::2].max() <= 40 + 1e-4
    assert corners[:, 1::2].max() <= 30 + 1e-4
    off = (render(cut, 40, 30) - render(paths, 40, 30)).abs()
    assert (off > 0.05).float().mean() < 0.01


def test_paths_that_are_beyond_altogether_are_gone_and_others_keep_their_colours() -> None:
    paths = blobs(3)
    away = PathSet.of_strokes(torch.full((1, 12, 2), 90.0) + torch.rand(1, 12, 2), torch.ones(1, 3))
    cut = clipped(away.over(paths), 40, 30)
    assert len(cut) == 3
    assert torch.equal(cut.colours, paths.colours)


def test_a_drawing_inside_its_picture_is_left_alone() -> None:
    paths = blobs(2)
    assert clipped(paths, 1000, 1000) is not paths
    inside = PathSet.of_strokes(torch.rand(2, 12, 2) * 30, torch.ones(2, 3))
    assert clipped(inside, 40, 30) is inside
