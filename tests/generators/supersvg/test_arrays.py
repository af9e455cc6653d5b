from __future__ import annotations

import numpy as np

from spectacle.generators.supersvg.arrays import Window, cells_of, farthest, middles

CELLS = np.array([[7, 3], [7, 4], [9, 6]])


def test_a_window_is_the_smallest_image_around_pixels_and_their_margin() -> None:
    window = Window.of(CELLS, 2)
    assert window.shape == (7, 8)
    assert window.corner.tolist() == [5, 1]


def test_values_of_pixels_come_back_from_a_window_and_there_are_zeros_around_them() -> None:
    values = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])
    image = Window.of(CELLS).filled(values)
    assert image.shape == (3, 4, 2)
    assert (image != 0).any(axis=2).sum() == 3
    assert np.array_equal(Window.of(CELLS).at(image), values)
    assert Window.of(CELLS).filled(np.ones(3, bool)).dtype == bool


def test_the_pixels_at_the_middles_of_pixels_are_these() -> None:
    assert middles(CELLS).tolist() == [[3.5, 7.5], [4.5, 7.5], [6.5, 9.5]]
    assert np.array_equal(cells_of(middles(CELLS)), CELLS)


def test_the_farthest_channel_counts_whatever_its_sign() -> None:
    assert farthest(np.array([[0.1, -0.7, 0.2], [0.3, 0.2, 0.0]])).tolist() == [0.7, 0.3]
