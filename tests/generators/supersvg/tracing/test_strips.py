from __future__ import annotations

import numpy as np
import pytest

from spectacle.generators.supersvg.tracing.strips import without_strips


def covered(*lines: tuple[float, float, float, float], size: int = 64) -> np.ndarray:
    """How much of each pixel upright rectangles cover, each given by its left, top, right and bottom side."""
    edges = np.arange(size)
    whole = np.zeros((size, size))
    for left, top, right, bottom in lines:
        across = (np.minimum(right, edges + 1) - np.maximum(left, edges)).clip(0)
        down = (np.minimum(bottom, edges + 1) - np.maximum(top, edges)).clip(0)
        whole = np.maximum(whole, down[:, None] * across)
    return whole


NOTHING = np.zeros((64, 64))


@pytest.mark.parametrize("width", [0.7, 1.0, 1.4, 2.6])
def test_a_line_is_a_rectangle_with_its_place_and_width(width: float) -> None:
    top, bottom = 21 - width / 2, 21 + width / 2
    corners, rest = without_strips(covered((8, top, 50.5, bottom)), NOTHING)
    assert len(corners) == 1
    assert np.abs(corners[0] - [[8, top], [50.5, top], [50.5, bottom], [8, bottom]]).max() < 0.05
    assert not rest.any()


def test_lines_that_cross_are_one_rectangle_each() -> None:
    grid = covered((4, 10.2, 60, 11.2), (4, 40.5, 60, 41.5), (20.4, 4, 21.4, 60), (45, 4, 46, 60))
    corners, rest = without_strips(grid, NOTHING)
    assert len(corners) == 4
    assert rest.sum() < 0.5


def test_a_frame_reaches_into_its_corners() -> None:
    frame = covered((5, 5, 60, 6), (5, 50, 60, 51), (5, 5, 6, 51), (59, 5, 60, 51))
    corners, rest = without_strips(frame, NOTHING)
    assert len(corners) == 4
    assert not rest.any()
    assert min(corner[:, 0].min() for corner in corners) == 5
    assert max(corner[:, 1].max() for corner in corners) == 51


def test_a_line_goes_on_under_what_lies_above_it_and_ends_at_a_gap() -> None:
    line = covered((4, 20, 60, 21))
    above = NOTHING.copy()
    above[:, 30:34] = 1
    assert len(without_strips(line * (1 - above), above)[0]) == 1
    assert len(without_strips(line * (1 - above), NOTHING)[0]) == 2


def test_slanted_lines_and_letters_are_left() -> None:
    rows, columns = np.mgrid[:64, :64]
    slanted = (1.2 - np.abs(rows - 20 - columns / 12)).clip(0, 1)
    assert not without_strips(slanted, NOTHING)[0]
    letter = covered((10, 10, 12, 20), (10, 18, 16, 20))
    corners, rest = without_strips(letter, NOTHING)
    assert not corners
    assert np.array_equal(rest, letter)
