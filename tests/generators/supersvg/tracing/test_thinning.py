from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("numba")
pytest.importorskip("skimage")

import skimage.data
import torch
from PIL import Image

from spectacle.generators.supersvg.raster.shapes import PathSet
from spectacle.generators.supersvg.tracing.initialise import shapes_of
from spectacle.generators.supersvg.tracing.refine import Optimiser
from spectacle.generators.supersvg.tracing.regions import first_regions
from spectacle.generators.supersvg.tracing.thinning import thinned

SIZE = 64


def circle(curves: int, radius: float = 20, colour: float = 1.0) -> PathSet:
    """A circle of so many curves in the middle of the image."""
    handle = 4 / 3 * math.tan(math.pi / 2 / curves) * radius
    angles = np.arange(curves + 1) * 2 * math.pi / curves
    places = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radius + SIZE / 2
    along = np.stack([-np.sin(angles), np.cos(angles)], axis=1) * handle
    points = np.stack([places[:-1], places[:-1] + along[:-1], places[1:] - along[1:]], axis=1)
    return PathSet.of_strokes(torch.from_numpy(points.reshape(1, -1, 2)).float(), torch.full((1, 3), colour))


def of(paths: PathSet, noise: float = 0.05) -> Optimiser:
    """An image that the paths are a little off from."""
    black = torch.zeros(3)
    picture = Optimiser(torch.zeros(SIZE, SIZE, 3), black).draw(paths)
    random = torch.from_numpy(np.random.default_rng(0).normal(0, noise, (SIZE, SIZE, 3)).astype(np.float32))
    return Optimiser(picture + random, black)


def squared_error(paths: PathSet, optimiser: Optimiser) -> float:
    return float(optimiser.difference(paths).square().sum())


def test_a_circle_of_many_curves_gets_few() -> None:
    paths = circle(48)
    optimiser = of(paths)
    few = thinned(paths, optimiser)
    assert int(few.contours.sum()) <= 12
    assert squared_error(few, optimiser) < 1.02 * squared_error(paths, optimiser)


def test_corners_that_are_seen_are_kept() -> None:
    corners = np.array([[10, 10], [50, 14], [54, 50], [30, 30], [8, 56]], np.float32)
    ends = np.roll(corners, -1, axis=0)
    sides = [np.linspace(one, other, 4, endpoint=False) for one, other in zip(corners, ends, strict=True)]
    places = np.concatenate(sides)
    after = np.roll(places, -1, axis=0)
    points = np.stack([places, places + (after - places) / 3, places + (after - places) * 2 / 3], axis=1)
    paths = PathSet.of_strokes(torch.from_numpy(points.reshape(1, -1, 2)).float(), torch.ones(1, 3))
    few = thinned(paths, of(paths, 0.01))
    assert int(few.contours.sum()) < len(places)
    left = few.points.numpy().reshape(-1, 3, 2)[:, 0]
    for corner in corners:
        assert np.hypot(*(left - corner).T).min() < 1e-4


def test_what_is_hidden_is_outlined_by_as_few_curves_as_can_be() -> None:
    rough = circle(48)
    wobbling = torch.from_numpy(np.random.default_rng(1).normal(0, 2, tuple(rough.points.shape)).astype(np.float32))
    below = PathSet(rough.points + wobbling, rough.contours, rough.owners, rough.colours, rough.opacities)
    above = circle(16, 30, 0.5)
    few = thinned(above.over(below), of(above))
    assert few.contours.tolist()[0] <= 6


def test_nothing_changes_without_paths_or_with_outlines_of_few_curves() -> None:
    none = circle(8).select(torch.zeros(1, dtype=torch.bool))
    assert len(thinned(none, of(circle(8)))) == 0
    square = circle(4)
    assert torch.equal(thinned(square, of(square)).points, square.points)


def test_a_photograph_gets_a_fifth_fewer_curves_for_little_error() -> None:
    picture = Image.fromarray(skimage.data.astronaut()).resize((128, 128), Image.Resampling.LANCZOS)
    pixels = np.asarray(picture, np.float32) / 255
    background = pixels.mean(axis=(0, 1))
    paths = shapes_of(first_regions(pixels, background, 40), pixels, 40)
    optimiser = Optimiser(torch.from_numpy(pixels), torch.from_numpy(background))
    few = thinned(paths, optimiser)
    assert len(few) == len(paths)
    assert int(few.contours.sum()) < 0.8 * int(paths.contours.sum())
    assert squared_error(few, optimiser) < 1.1 * squared_error(paths, optimiser)
