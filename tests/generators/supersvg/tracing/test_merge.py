from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("numba")
pytest.importorskip("skimage")

import torch

from spectacle.generators.supersvg.raster.render import uppermost
from spectacle.generators.supersvg.raster.shapes import PathSet
from spectacle.generators.supersvg.tracing.merge import merge_similar
from spectacle.generators.supersvg.tracing.refine import Budget, Optimiser

SIZE = 40


def boxes(*sides: tuple[float, float, float, float], shades: list[float]) -> PathSet:
    """Grey boxes, left, top, right and bottom."""
    points = []
    for left, top, right, bottom in sides:
        corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
        thirds = (np.roll(corners, -1, axis=0) - corners) / 3
        points.append(np.stack([corners, corners + thirds, corners + 2 * thirds], axis=1).reshape(-1, 2))
    colours = torch.tensor(shades)[:, None].repeat(1, 3)
    return PathSet.of_strokes(torch.from_numpy(np.stack(points)).float(), colours)


def merged(paths: PathSet, gains: list[float], steps: int = 10) -> tuple[PathSet, float]:
    """What is left of a drawing that is exact, and its error then."""
    black = torch.zeros(3)
    optimiser = Optimiser(torch.zeros(SIZE, SIZE, 3), black)
    picture = optimiser.draw(paths)
    optimiser = Optimiser(picture, black)
    budget = Budget(steps, lambda step, steps, error: None)
    found = merge_similar(paths, picture.numpy(), optimiser, budget, np.array(gains), 4000)
    return found, float(optimiser.difference(found).square().sum())


def test_two_halves_of_one_colour_become_one_path() -> None:
    halves = boxes((5, 5, 20, 35), (20, 5, 35, 35), (2, 2, 4, 4), shades=[0.8, 0.8, 0.3])
    found, error = merged(halves, [2.0, 1.0])
    assert len(found) == 2
    assert error < 16
    assert sorted(round(shade, 1) for shade in found.colours[:, 0].tolist()) == [0.3, 0.8]


def test_a_detail_like_what_lies_under_it_is_dropped() -> None:
    found, error = merged(boxes((4, 4, 36, 36), (10, 10, 14, 14), shades=[0.5, 0.52]), [1.0])
    assert len(found) == 1
    assert error < 8


def test_paths_that_differ_stay() -> None:
    pair = boxes((5, 5, 20, 35), (20, 5, 35, 35), shades=[0.2, 0.8])
    assert merged(pair, [1.0])[0] is pair


def test_nothing_is_merged_where_no_new_path_would_save_anything() -> None:
    halves = boxes((5, 5, 20, 35), (20, 5, 35, 35), shades=[0.8, 0.8])
    assert merged(halves, [])[0] is halves


def test_what_lies_between_two_merged_paths_is_still_seen() -> None:
    paths = boxes((2, 2, 38, 20), (10, 14, 30, 26), (2, 20, 9, 38), shades=[0.8, 0.3, 0.8])
    found, error = merged(paths, [3.0])
    assert error < 24
    shades = found.colours[uppermost(found, SIZE, SIZE)[18:24, 14:26], 0]
    assert torch.allclose(shades, torch.tensor(0.3))


def test_nothing_is_tried_when_time_is_up() -> None:
    halves = boxes((5, 5, 20, 35), (20, 5, 35, 35), shades=[0.8, 0.8])
    assert merged(halves, [2.0], steps=0)[0] is halves
