from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("numba")

import torch

from spectacle.generators.supersvg.raster.render import render
from spectacle.generators.supersvg.raster.shapes import PathSet
from spectacle.generators.supersvg.tracing.borders import closed_curves


def drawn(labels: np.ndarray, pitch: float = 4) -> np.ndarray:
    """What the outlines of the regions cover."""
    points, curves = closed_curves(labels, pitch)
    count = len(curves)
    paths = PathSet(
        torch.from_numpy(points).float(),
        torch.from_numpy(curves),
        torch.arange(count),
        torch.ones(count, 3),
        torch.ones(count),
    )
    return render(paths, labels.shape[1], labels.shape[0])[..., 0].numpy()


def disc(size: int, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size] + 0.5 - size / 2
    return rows**2 + columns**2 < radius**2


@pytest.mark.parametrize("radius", [2.5, 6, 20])
def test_an_outline_encloses_as_much_as_its_region(radius: float) -> None:
    region = disc(48, radius)
    assert drawn(np.where(region, 0, -1)).sum() == pytest.approx(region.sum(), rel=0.03)


def test_an_outline_follows_a_region_into_its_bays() -> None:
    region = np.zeros((60, 60), bool)
    region[8:52, 8:52] = True
    region[20:40, 20:52] = False
    assert np.abs(drawn(np.where(region, 0, -1)) - region).mean() < 0.01


def test_holes_and_the_edge_of_the_picture_are_no_obstacles() -> None:
    region = disc(40, 30) & ~disc(40, 6)
    assert drawn(np.where(region, 0, -1))[18:22, 18:22].min() > 0.99
    assert drawn(np.zeros((9, 30), np.int64)).mean() > 0.95
    assert drawn(np.zeros((1, 1), np.int64)).mean() > 0.5


def test_regions_that_touch_at_a_corner_stay_apart() -> None:
    labels = np.full((24, 24), -1)
    labels[:12, :12] = 0
    labels[12:, 12:] = 1
    covered = drawn(labels)
    assert covered[:10, 14:].max() < 0.1
    assert covered[14:, :10].max() < 0.1


def test_long_outlines_have_more_curves() -> None:
    labels = np.full((64, 64), -1)
    labels[2:6, 2:6] = 0
    labels[10:60, 10:60] = 1
    _, curves = closed_curves(labels, 8)
    assert curves[0] == 4
    assert 20 <= curves[1] <= 32
