from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("skimage")

from spectacle.generators.supersvg.tracing.pixel_art import corners_of, find_cells


def coloured(picture: str, cell: int = 1) -> np.ndarray:
    """A picture of a letter for each pixel, each letter another colour."""
    rows = picture.split()
    values = np.array([[ord(letter) / 128 for letter in row] for row in rows], np.float32)
    return values.repeat(cell, axis=0).repeat(cell, axis=1)[..., None].repeat(3, axis=2)


CHECKED = "aabb aabb bbaa bbaa"


@pytest.mark.parametrize("cell", [1, 3])
def test_connected_squares_of_one_colour_are_an_area(cell: int) -> None:
    areas = find_cells(coloured("aaaa abba abba aaac", cell))
    assert areas is not None
    assert (areas.cell, len(areas.areas), areas.error) == (cell, 3, 0)


def test_the_largest_squares_are_found() -> None:
    areas = find_cells(coloured(CHECKED, 5))
    assert areas is not None
    assert areas.cell == 10
    assert len(areas.areas) == 4


@pytest.mark.parametrize(
    "pixels",
    [
        pytest.param(np.full((8, 8, 3), 0.5, np.float32), id="one colour"),
        pytest.param(np.linspace(0, 1, 300, dtype=np.float32).reshape(10, 10, 3), id="shades"),
        pytest.param(np.random.default_rng(0).integers(0, 2, (200, 200, 1)).astype(np.float32), id="large"),
    ],
)
def test_other_pictures_are_not_made_of_squares(pixels: np.ndarray) -> None:
    assert find_cells(pixels) is None


def test_very_many_squares_are_joined_by_their_colour() -> None:
    pixels = np.random.default_rng(0).integers(0, 2, (40, 40, 1)).astype(np.float32)
    areas = find_cells(pixels.repeat(2, axis=0).repeat(2, axis=1))
    assert areas is not None
    assert len(areas.areas) == 2


def test_outlines_turn_at_corners_only_and_holes_run_the_other_way() -> None:
    mask = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], bool)
    outlines = sorted(corners_of(mask), key=lambda corners: np.ptp(corners[:, 0]))
    assert [sorted(map(tuple, corners.tolist())) for corners in outlines] == [
        [(1, 1), (1, 2), (2, 1), (2, 2)],
        [(0, 0), (0, 3), (3, 0), (3, 3)],
    ]
    inner, outer = (np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)) for x, y in (each.T for each in outlines))
    assert inner * outer < 0


def test_squares_that_touch_at_a_corner_have_outlines_of_their_own() -> None:
    outlines = corners_of(np.eye(3, dtype=bool))
    assert sorted(len(corners) for corners in outlines) == [4, 4, 4]
