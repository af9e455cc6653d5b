"""Superpixels and what the networks see of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.segmentation import slic

from spectacle.generators.supersvg.network.superpixels import Superpixel, crop, masked, segment, superpixels


def picture(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width] / max(height, width)
    return np.stack([x, y, (x > 0.5) * 1.0], axis=2).astype(np.float32)


def test_superpixels_cover_a_picture_once() -> None:
    labels = segment(picture(60, 90), 12, 50)
    parts = list(superpixels(labels, dilate=False))
    assert 6 <= len(parts) <= 18
    covered = np.zeros(labels.shape, int)
    for part in parts:
        covered[part.box] += part.mask
    assert (covered == 1).all()


def test_segmenting_is_deterministic() -> None:
    assert np.array_equal(segment(picture(40, 50), 9, 20), segment(picture(40, 50), 9, 20))


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (2, 2), (3, 200)])
@pytest.mark.parametrize("count", [1, 2, 5, 1000])
def test_any_size_and_count_can_be_cut(size: tuple[int, int], count: int) -> None:
    labels = segment(picture(*size), count, 50)
    assert labels.shape == size
    assert labels.min() == 1
    assert list(superpixels(labels, dilate=True))


def test_a_picture_of_one_colour_is_cut_into_pieces() -> None:
    assert segment(np.full((50, 50, 3), 0.5, np.float32), 9, 50).max() > 3


def test_what_is_not_opaque_belongs_to_no_superpixel() -> None:
    opaque = np.zeros((40, 40), bool)
    opaque[10:30, 5:35] = True
    for count in (1, 6):
        labels = segment(picture(40, 40), count, 50, opaque=opaque)
        assert np.array_equal(labels > 0, opaque)


def test_the_dilation_is_two_pixels_to_the_right_and_below_and_one_to_the_left_and_above() -> None:
    labels = np.ones((20, 20), np.int64)
    labels[5:9, 6:11] = 2
    _, part = superpixels(labels, dilate=True)
    assert (part.top, part.left, part.mask.shape) == (4, 5, (7, 8))
    assert part.around.all()
    assert part.mask.sum() == 4 * 5
    assert part.mask[1:5, 1:6].all()
    corner = np.ones((6, 6), np.int64)
    corner[:2, :2] = 2
    part = list(superpixels(corner, dilate=True))[1]
    assert (part.top, part.left, part.mask.shape) == (0, 0, (4, 4))


def test_points_are_placed_in_the_box() -> None:
    part = Superpixel(10, 20, np.ones((4, 8), bool), np.ones((4, 8), bool))
    placed = part.place(torch.tensor([[0.0, 0.0], [1.0, 1.0], [0.5, 0.25]]))
    assert placed.tolist() == [[20, 10], [28, 14], [24, 11]]


def test_the_network_sees_the_superpixel_and_minus_one_around_it() -> None:
    labels = np.ones((40, 40), np.int64)
    labels[:, 20:] = 2
    part = next(superpixels(labels, dilate=True))
    crops, mask = crop(torch.full((3, 40, 40), 0.5), part)
    assert crops.shape == (3, 224, 224)
    assert mask.shape == (1, 224, 224)
    assert set(mask.unique().tolist()) == {0.0, 1.0}
    seen = masked(crops[None], mask[None])[0]
    assert torch.allclose(seen[:, :, :190], torch.tensor(0.5))
    assert (seen[:, :, -10:] == -1).all()


def test_superpixels_are_those_of_double_precision_as_in_the_published_program() -> None:
    noise = np.random.default_rng(1).random((60, 80, 3), np.float32)
    expected = slic(noise.astype(np.float64), n_segments=12, sigma=5 / 512 * 80, compactness=20, start_label=1)
    assert np.array_equal(segment(noise, 12, 20), expected)
