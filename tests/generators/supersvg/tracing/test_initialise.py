from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("numba")

import torch

from spectacle.generators.supersvg.raster.render import visible_areas
from spectacle.generators.supersvg.tracing.initialise import pitch, shapes_of


def ring() -> np.ndarray:
    labels = np.full((40, 40), -1)
    labels[5:35, 5:35] = 0
    labels[12:28, 12:28] = -1
    return labels


def picture(labels: np.ndarray) -> np.ndarray:
    return np.repeat(np.where(labels < 0, 0.1, 0.9)[:, :, None], 3, axis=2).astype(np.float32)


def test_a_hole_that_nothing_is_painted_in_is_cut_out() -> None:
    labels = ring()
    paths = shapes_of(labels, picture(labels), 1000)
    assert paths.contours.numel() == 2
    assert visible_areas(paths, 40, 40).item() == pytest.approx((labels == 0).sum(), rel=0.03)


def test_a_bay_that_is_closed_by_a_corner_only_is_cut_out_once() -> None:
    labels = ring()
    labels[5:20, 28:] = -1
    labels[5:12, 5:28] = 0
    labels[12, 28] = 0
    labels[13:20, 29] = 0
    labels[13, 29:35] = 0
    paths = shapes_of(labels, picture(labels), 1000)
    assert visible_areas(paths, 40, 40).sum().item() == pytest.approx((labels == 0).sum(), rel=0.1)


def test_a_hole_that_other_shapes_fill_is_left_to_them() -> None:
    labels = ring()
    labels[12:28, 12:28] = 1
    paths = shapes_of(labels, picture(labels), 1000)
    assert paths.contours.numel() == 2
    assert paths.owners.tolist() == [0, 1]


def test_few_paths_get_the_gradient_of_what_they_show() -> None:
    slope = np.repeat(np.linspace(0, 1, 40, dtype=np.float32)[None, :, None].repeat(40, axis=0), 3, axis=2)
    paths = shapes_of(np.zeros((40, 40), np.int64), slope, 4)
    assert paths.end_colours is not None
    assert paths.axes is not None
    assert torch.cat([paths.colours, paths.end_colours]).mean().item() == pytest.approx(0.5, abs=0.02)
    assert (paths.end_colours - paths.colours).abs().min() > 0.6
    assert shapes_of(np.zeros((40, 40), np.int64), slope, 4000).axes is None


def test_paths_have_fewer_curves_the_more_of_them_there_are() -> None:
    assert pitch(512, 512, 64) < pitch(512, 512, 4000)
    assert pitch(512, 512, 64) == pytest.approx(2 * pitch(256, 256, 64))
    assert pitch(8, 8, 64) == 2.8
