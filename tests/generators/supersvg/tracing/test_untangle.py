from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("numba")

import torch

from spectacle.generators.supersvg.raster.render import render
from spectacle.generators.supersvg.raster.shapes import PathSet
from spectacle.generators.supersvg.tracing.untangle import _crossing, untangled


def polygon(*corners: tuple[float, float]) -> PathSet:
    begin = np.array(corners, np.float32)
    end = np.roll(begin, -1, axis=0)
    points = np.stack([begin, begin + (end - begin) / 3, begin + (end - begin) * 2 / 3], axis=1)
    return PathSet.of_strokes(torch.from_numpy(points.reshape(1, -1, 2)), torch.ones(1, 3))


def crosses(paths: PathSet) -> bool:
    ends = paths.contours.cumsum(0).tolist()
    curves = paths.curves().double().numpy()
    return any(_crossing(curves[begin:end])[0] >= 0 for begin, end in zip([0, *ends], ends, strict=False))


def test_a_small_loop_is_cut_off() -> None:
    tangled = polygon((5, 5), (35, 5), (35, 25), (20, 25), (20.6, 26), (19.6, 26), (20.3, 25.1), (5, 25))
    assert crosses(tangled)
    plain = untangled(tangled)
    assert not crosses(plain)
    assert len(plain.contours) == 1
    assert (render(plain, 40, 30) - render(tangled, 40, 30)).abs().sum() < 3


def test_large_loops_become_outlines_of_their_own_and_fill_as_before() -> None:
    eight = polygon((5, 5), (35, 25), (35, 5), (5, 25))
    parts = untangled(eight)
    assert not crosses(parts)
    assert len(parts.contours) == 2
    assert (render(parts, 40, 30) - render(eight, 40, 30)).abs().mean() < 0.005


def test_what_does_not_cross_itself_is_left_alone() -> None:
    square = polygon((5, 5), (35, 5), (35, 25), (5, 25))
    assert untangled(square) is square
