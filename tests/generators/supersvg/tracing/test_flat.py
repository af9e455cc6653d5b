from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("numba")
pytest.importorskip("skimage")

from PIL import Image
from scipy import ndimage

from spectacle.generators.supersvg.raster.gradients import Gradient
from spectacle.generators.supersvg.tracing.areas import Area, colours_at
from spectacle.generators.supersvg.tracing.flat import find_areas, find_areas_within, share_outlines
from spectacle.generators.supersvg.tracing.kind import mode_of, most_error
from spectacle.generators.supersvg.tracing.settings import Mode, VectoriseSettings
from spectacle.generators.supersvg.tracing.vectorise import vectorise

pytestmark = pytest.mark.slow

SIZE = 160
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE] + 0.5


def blurred_photograph(seed: int) -> np.ndarray:
    """Soft spots of all colours, as of lights out of focus."""
    noise = np.random.default_rng(seed).normal(size=(SIZE, SIZE, 3))
    soft = ndimage.gaussian_filter(noise, (14, 14, 0), mode="wrap")
    return np.asarray((0.5 + 0.2 * soft / soft.std()).clip(0, 1), np.float32)


def graded_drawing(seed: int) -> np.ndarray:
    """Discs with gradients on a ground with another one."""
    random = np.random.default_rng(seed)
    drawn = np.zeros((SIZE, SIZE, 3))
    for number in range(4):
        first, last = random.random((2, 3))
        x, y, far = random.uniform(40, SIZE - 40, 3)
        way = ((COLUMNS - x) * np.cos(far) + (ROWS - y) * np.sin(far)) / SIZE + 0.5
        fill = first + way.clip(0, 1)[..., None] * (last - first)
        cover = (25.5 - np.hypot(COLUMNS - x, ROWS - y)).clip(0, 1)[..., None] if number else 1
        drawn += cover * (fill - drawn)
    return np.asarray(np.round(drawn * 255) / 255, np.float32)


@pytest.mark.parametrize("seed", range(3))
def test_areas_of_a_smooth_photograph_are_not_all_found_only_for_it_to_be_one(seed: int) -> None:
    pixels = blurred_photograph(seed)
    assert mode_of(find_areas(pixels)) == Mode.PHOTO
    assert find_areas_within(pixels, None, most_error) is None


@pytest.mark.parametrize("seed", range(3))
def test_a_drawing_with_gradients_has_the_same_areas_with_a_limit_of_their_error(seed: int) -> None:
    pixels = graded_drawing(seed)
    every, within = find_areas(pixels), find_areas_within(pixels, None, most_error)
    assert within is not None
    assert mode_of(within) == Mode.LOGO
    np.testing.assert_array_equal(within.modelled, every.modelled)


def test_a_smooth_photograph_is_drawn_as_one() -> None:
    picture = Image.fromarray((blurred_photograph(3) * 255).astype(np.uint8))
    made = vectorise(picture, VectoriseSettings(max_paths=32, num_iterations=0), lambda step, steps, error: None)
    assert made.mode == Mode.PHOTO


@pytest.mark.parametrize(("sure", "count"), [(0.9, 5), (0.9, 900), (0.5, 5), (0.5, 900)])
def test_with_more_error_than_is_of_use_an_image_is_a_photograph(sure: float, count: int) -> None:
    areas = find_areas(graded_drawing(0))
    many = replace(areas, sure=sure, areas=areas.areas * count, error=1.01 * most_error(sure, count) + 1e-9)
    assert mode_of(many) == Mode.PHOTO


def test_a_pixel_between_two_areas_is_shared_as_their_colours_are_mixed() -> None:
    blue, red = np.array([0, 0, 1], np.float32), np.array([1, 0, 0], np.float32)
    pixels = np.repeat(np.where(np.arange(9)[:, None] < 4, blue, red)[None], 6, axis=0)
    pixels[:, 4] = 0.7 * blue + 0.3 * red
    seeds = np.repeat(np.array([[1, 1, 1, 1, 0, 2, 2, 2, 2]]), 6, axis=0)
    labels, neighbours, shares = share_outlines(pixels, seeds, [Area(blue), Area(red)])
    assert (labels[:, 4] == 0).all()
    assert (neighbours[:, 4] == 1).all()
    np.testing.assert_allclose(shares[:, 4], 0.7, atol=1e-5)
    assert (shares[:, :4] == 1).all()


def test_a_gradient_shows_the_area_below_where_it_is_clear() -> None:
    fade = Gradient(np.array([[0.0, 0], [10, 0], [0, 0]]), np.array([0.0, 1]), np.array([[1, 1, 1, 0], [1, 1, 1, 1.0]]))
    ground = Gradient(
        np.array([[0.0, 0], [0, 10], [0, 0]]), np.array([0.0, 1]), np.array([[0, 0, 0, 1], [0, 0, 1, 1.0]])
    )
    middle = np.array([0.5, 0.5, 0.5], np.float32)
    areas = [Area(middle, ground), Area(middle, fade, base=0), Area(middle)]
    x, y = np.array([0.0, 5, 10, 5]), np.array([5.0, 5, 5, 5])
    seen = colours_at(areas, np.array([1, 1, 1, 2]), x, y)
    np.testing.assert_allclose(seen, [[0, 0, 0.5], [0.5, 0.5, 0.75], [1, 1, 1], [0.5, 0.5, 0.5]], atol=1e-6)
