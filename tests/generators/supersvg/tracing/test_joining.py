from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("skimage")

from scipy import ndimage

from spectacle.generators.supersvg.tracing.areas import Area, Areas
from spectacle.generators.supersvg.tracing.joining import joined


def areas_of(picture: np.ndarray, colours: list[tuple[float, float, float]]) -> Areas:
    """One area for each connected part of a picture of numbered colours."""
    labels = np.zeros(picture.shape, np.int64)
    areas: list[Area] = []
    for number, colour in enumerate(colours):
        parts, count = ndimage.label(picture == number)
        labels[parts > 0] = parts[parts > 0] - 1 + len(areas)
        areas += [Area(np.array(colour, np.float32))] * count
    pixels = np.array(colours, np.float32)[picture]
    return Areas.of(pixels, labels, labels, np.ones(picture.shape, np.float32), areas, 1.0)


def joined_in(picture: np.ndarray) -> int:
    """How many areas are left of a picture of white, black and grey."""
    areas = areas_of(picture, [(1, 1, 1), (0, 0, 0), (0.9, 0.9, 0.95)])
    numbers = np.arange(len(areas.areas))
    filled = np.array([ndimage.binary_fill_holes(areas.labels == number).sum() for number in numbers], float)
    return len(np.unique(joined(areas, filled).labels))


def test_the_ground_between_grid_lines_is_one_area() -> None:
    grid = np.zeros((60, 60), np.int64)
    grid[5:55, 5:55] = 2
    grid[[20, 21, 35, 36]] = 0
    grid[:, [20, 21, 35, 36]] = 0
    assert joined_in(grid) == 2


def test_the_page_inside_a_letter_is_part_of_the_page() -> None:
    letter = np.zeros((60, 60), np.int64)
    letter[10:50, 15:45] = 1
    letter[22:38, 27:33] = 0
    assert joined_in(letter) == 2


def test_a_line_whose_parts_follow_each_other_is_one_area() -> None:
    black = np.zeros(3, np.float32)
    labels = np.zeros((20, 60), np.int64)
    labels[10, 5:25], labels[9:12, 25:29] = 1, 2
    labels[10, 29:55] = 3
    areas = [Area(np.ones(3, np.float32)), Area(black, fine=True), Area(black), Area(black, fine=True)]
    pixels = np.where(labels[..., None] == 0, np.float32(1), np.float32(0)).repeat(3, axis=2)
    line = Areas.of(pixels, labels, labels, np.ones(labels.shape, np.float32), areas, 1.0)
    assert len(np.unique(joined(line, np.bincount(labels.ravel()).astype(float)).labels)) == 2


def test_islands_of_one_colour_far_apart_stay_apart() -> None:
    sea = np.zeros((60, 60), np.int64)
    sea[10:20, 10:20] = sea[40:50, 40:50] = 1
    assert joined_in(sea) == 3
