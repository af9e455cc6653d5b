"""Contours at which values pass a level."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.measure import find_contours as reference

from spectacle.generators.supersvg.tracing.contours import find_contours


def _turned(contour: NDArray[np.floating]) -> tuple[tuple[float, float], ...]:
    """The places in their order, beginning with the first in reading order."""
    places = [(round(float(row), 4), round(float(column), 4)) for row, column in contour]
    begin = places.index(min(places))
    return tuple(places[begin:] + places[:begin])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("steps", [0, 2])
def test_the_contours_are_those_of_scikit_image(seed: int, steps: int) -> None:
    values = np.random.default_rng(seed).random((40, 60)).astype(np.float32)
    if steps:
        values = (np.round(values * steps) / steps * 0.9).astype(np.float32)
    padded = np.pad(values, 1)
    found = find_contours(padded, 0.5)
    expected = reference(padded, 0.5)  # type: ignore[no-untyped-call]
    assert sorted(map(_turned, found)) == sorted(_turned(contour[:-1]) for contour in expected)


def test_squares_that_touch_at_a_corner_are_two_contours() -> None:
    values = np.zeros((6, 6), np.float32)
    values[1:3, 1:3] = values[3:5, 3:5] = 1
    assert len(find_contours(values, 0.5)) == 2


def test_a_contour_through_values_at_the_level_comes_to_each_place_once() -> None:
    values = np.zeros((5, 5), np.float32)
    values[1:4, 1:4] = 0.5
    values[2, 2] = 1
    (contour,) = find_contours(values, 0.5)
    assert len(contour) == len({tuple(place) for place in contour.tolist()}) == 4


def test_a_contour_begins_at_its_lowest_place() -> None:
    rows, columns = np.mgrid[:20, :20]
    disc = (8 - np.hypot(rows - 9.3, columns - 9.6)).clip(0, 1).astype(np.float32)
    (contour,) = find_contours(disc, 0.5)
    assert contour[0, 0] == contour[:, 0].max()


def test_nothing_above_the_level_has_no_contour() -> None:
    assert find_contours(np.zeros((4, 4), np.float32), 0.5) == []


def test_values_above_the_level_on_the_border_are_refused() -> None:
    with pytest.raises(ValueError, match=r"border.*0\.5"):
        find_contours(np.ones((4, 4), np.float32), 0.5)
