from __future__ import annotations

import io

import cairosvg
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

pytest.importorskip("torch")
pytest.importorskip("numba")
pytest.importorskip("skimage")

from spectacle.generators.supersvg.tracing.glow_areas import opacities
from spectacle.generators.supersvg.tracing.glow_fitting import Seen, fit_ovals
from spectacle.generators.supersvg.tracing.glow_kernels import NUMBERS, clear_through, write_slopes
from spectacle.generators.supersvg.tracing.remembered import Remembered
from spectacle.generators.supersvg.tracing.settings import VectoriseSettings
from spectacle.generators.supersvg.tracing.vectorise import vectorise
from spectacle.generators.supersvg.tracing.vignettes import fit_vignette

SIZE = 160
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE]
PLACES = np.stack([COLUMNS.ravel(), ROWS.ravel()], axis=1) + 0.5
CELLS = PLACES[:, ::-1].astype(np.int64)
HEART = [(80, 132), (34, 84), (32, 56), (50, 40), (70, 44), (80, 60), (90, 44), (110, 40), (128, 56), (126, 84)]
ELL = [(40, 35), (80, 35), (80, 85), (120, 85), (120, 125), (40, 125)]


def filled(*corners: tuple[float, float]) -> np.ndarray:
    image = Image.new("L", (4 * SIZE, 4 * SIZE))
    ImageDraw.Draw(image).polygon([(4 * x, 4 * y) for x, y in corners], fill=255)
    return np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BOX), float) / 255


def lettered(text: str) -> np.ndarray:
    image = Image.new("L", (4 * SIZE, 4 * SIZE))
    ImageDraw.Draw(image).text((120, 160), text, font=ImageFont.load_default(size=320), fill=255)
    return np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BOX), float) / 255


def blurred(shape: np.ndarray, blur: float, right: int = 0, down: int = 0) -> np.ndarray:
    return np.roll(ndimage.gaussian_filter(shape, blur), (down, right), (0, 1))


def page(*colour: float) -> np.ndarray:
    return np.ones((SIZE, SIZE, 1)) * np.array(colour)


def graded() -> np.ndarray:
    return np.array([0.75, 0.85, 1.0]) + (COLUMNS + ROWS)[..., None] / 320 * np.array([0.15, 0.1, -0.3])


def laid(below: np.ndarray, opacity: np.ndarray, *colour: float) -> np.ndarray:
    return below * (1 - opacity[..., None]) + opacity[..., None] * np.array(colour)


def pictured(values: np.ndarray) -> Image.Image:
    return Image.fromarray((values.clip(0, 1) * 255).round().astype(np.uint8))


def made_of(picture: Image.Image) -> tuple[int, float]:
    """The paths of the drawing, and its mean squared error on white."""
    made = vectorise(picture, VectoriseSettings(), lambda *_: None)
    drawn = Image.open(io.BytesIO(cairosvg.svg2png(made.svg.encode(), background_color="white"))).convert("RGB")
    white = Image.new("RGBA", picture.size, "white")
    white.alpha_composite(picture.convert("RGBA"))
    off = np.asarray(drawn, float) / 255 - np.asarray(white.convert("RGB"), float) / 255
    return made.svg.count("<path"), float((off**2).mean())


def test_the_slopes_of_ellipses_say_how_what_shines_through_changes() -> None:
    ovals = np.array([[70.0, 80, -2.5, 0.02, -3, 0.5, 0.2], [95.0, 60, -3, -0.01, -2.7, -0.5, -0.1]])
    places = PLACES[::701].copy()
    clear = clear_through(ovals, places)
    slopes = np.empty((ovals.size, len(places)))
    write_slopes(ovals, places, clear, slopes)
    for number in range(ovals.size):
        step = np.zeros_like(ovals)
        step.flat[number] = 1e-5
        found = (clear_through(ovals + step, places) - clear_through(ovals - step, places)) / 2e-5
        np.testing.assert_allclose(slopes[number], found, atol=1e-4 * max(1.0, np.abs(found).max()))
    assert slopes.shape[0] == 2 * NUMBERS


def test_a_blurred_shape_is_few_ellipses() -> None:
    opacity = 0.5 * blurred(filled(*HEART), 9).ravel()
    softs = fit_ovals(Seen(PLACES, 1 - opacity, np.zeros(3)), 1.5 / 255, 3 / 255)
    assert 0 < len(softs) <= 8
    shown = 1 - np.prod([1 - soft.at(*PLACES.T)[:, 3] for soft in softs], axis=0)
    assert np.sqrt(((shown - opacity) ** 2).mean()) < 2.5 / 255


def test_no_ellipses_are_found_in_noise_or_in_hardly_anything() -> None:
    noise = np.random.default_rng(0).uniform(0.1, 0.9, len(PLACES))
    assert fit_ovals(Seen(PLACES, noise, np.zeros(3)), 1.5 / 255, 3 / 255) == ()
    assert fit_ovals(Seen(PLACES[:9], noise[:9], np.zeros(3)), 1.5 / 255, 3 / 255) == ()


def test_opacities_of_a_colour_are_told_on_opaque_and_on_clear_pixels() -> None:
    wanted, colour = np.array([0.0, 0.3, 0.8]), np.array([1.0, 0.2, 0.6])
    for below in (np.full((3, 3), 0.4), np.zeros((3, 4))):
        above = np.append(colour, 1)[: below.shape[1]]
        share, left = opacities(below + wanted[:, None] * (above - below), below, colour)
        np.testing.assert_allclose(share, wanted, atol=1e-9)
        assert left.max() < 1e-12


def test_items_are_computed_once_and_only_when_asked_for() -> None:
    asked: list[int] = []
    items = Remembered(asked.append(number) or number for number in range(5))
    assert next(iter(items)) == 0
    assert asked == [0]
    assert [*items] == [*items] == asked == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("ground", [page(0.9, 0.7, 0.6), graded()], ids=["plain", "graded"])
def test_a_vignette_is_told_from_the_page_it_lies_on(ground: np.ndarray) -> None:
    far = np.hypot(ROWS - 79.5, COLUMNS - 79.5) / 113
    area = fit_vignette(CELLS, laid(ground, 0.6 * far**2, 0, 0, 0).reshape(-1, 3), (SIZE, SIZE))
    assert area is not None
    (soft,) = area.overlays
    assert np.abs(soft.at(*PLACES.T)[:, 3] - 0.6 * far.ravel() ** 2).max() < 0.03
    assert fit_vignette(CELLS[SIZE:], laid(ground, far, 0, 0, 0).reshape(-1, 3)[SIZE:], (SIZE, SIZE)) is None


SHADES = {
    "heart on white": (page(1, 1, 1), HEART, 7, (5, 8), (0, 0, 0), 0.5),
    "heart on a graded page": (graded(), HEART, 9, (5, 8), (0.2, 0, 0.1), 0.6),
    "ell on colour": (page(0.2, 0.4, 0.75), ELL, 7, (4, 6), (0, 0, 0.1), 0.6),
    "heart that glows": (page(0.05, 0.05, 0.12), HEART, 10, (0, 0), (1, 0.2, 0.8), 0.9),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SHADES)
def test_the_shade_of_any_shape_is_few_paths(name: str) -> None:
    below, corners, blur, (right, down), colour, strength = SHADES[name]
    shape = filled(*corners)
    values = laid(below, strength * blurred(shape, blur, right, down), *colour)
    paths, error = made_of(pictured(laid(values, shape, 0.9, 0.6, 0.1)))
    assert paths <= 13
    assert error < 6e-5


@pytest.mark.slow
def test_the_shadow_of_any_shape_on_nothing_is_few_paths() -> None:
    shape = filled(*HEART)
    values = laid(np.zeros((SIZE, SIZE, 4)), 0.5 * blurred(shape, 8, 5, 8), 0, 0, 0, 1)
    values = laid(values, shape, 0.9, 0.1, 0.25, 1)
    values[..., :3] /= np.maximum(values[..., 3:], 1e-6)
    paths, error = made_of(pictured(values))
    assert paths <= 13
    assert error < 6e-5


@pytest.mark.slow
@pytest.mark.parametrize("text", ["Ro", "8a"])
def test_the_glow_of_letters_is_few_paths_and_shines_through_their_holes(text: str) -> None:
    shape = lettered(text)
    values = laid(page(0.05, 0.05, 0.12), (1.3 * blurred(shape, 9)).clip(0, 0.95), 0.1, 0.9, 1)
    paths, error = made_of(pictured(laid(values, shape, 1, 0.95, 0.98)))
    assert paths <= 26
    assert error < 1e-4


def test_what_is_clear_around_a_shadow_stays_clear_also_where_the_shadow_meets_the_edge() -> None:
    shape = np.zeros((SIZE, SIZE))
    for left, top, right, bottom in ((10, 60, 25, 110), (60, 60, 75, 110), (60, 95, 90, 110), (120, 60, 135, 110)):
        shape[top:bottom, left:right] = 1
    values = laid(np.zeros((SIZE, SIZE, 4)), 0.6 * blurred(shape, 8, 5, 8), 0, 0, 0, 1)
    values = laid(values, shape, 0.9, 0.1, 0.25, 1)
    values[..., :3] /= np.maximum(values[..., 3:], 1e-6)
    picture = pictured(values)
    made = vectorise(picture, VectoriseSettings(num_iterations=40), lambda *_: None)
    drawn = np.asarray(Image.open(io.BytesIO(cairosvg.svg2png(made.svg.encode()))).convert("RGBA"))
    far = ndimage.binary_erosion(np.asarray(picture)[..., 3] == 0, iterations=6)
    assert far.any()
    assert drawn[..., 3][far].max() <= 1


def test_where_paths_are_few_they_are_the_shapes_and_not_what_glows_around_them() -> None:
    shape = filled(*HEART)
    values = laid(page(0.05, 0.05, 0.12), (1.2 * blurred(shape, 9)).clip(0, 0.95), 1, 0.2, 0.8)
    values = laid(values, shape, 1, 0.95, 0.98)
    made = vectorise(pictured(values), VectoriseSettings(max_paths=3, num_iterations=0), lambda *_: None)
    assert made.metrics.num_paths <= 3
    drawn = np.asarray(Image.open(io.BytesIO(cairosvg.svg2png(made.svg.encode()))).convert("RGB"), float) / 255
    assert drawn[80, 80] == pytest.approx(values[80, 80], abs=0.02)


@pytest.mark.slow
def test_a_shape_that_glows_inwards_is_few_paths_with_its_outline() -> None:
    shape = filled(*HEART)
    inner = 0.9 * (1 - blurred(shape, 8))
    own = laid(page(0.9, 0.2, 0.3), inner, 1, 0.8, 0.8)
    values = page(1, 1, 1) * (1 - shape[..., None]) + shape[..., None] * own
    paths, error = made_of(pictured(values))
    assert paths <= 14
    assert error < 1e-4


@pytest.mark.slow
def test_a_dark_vignette_on_a_graded_page_is_no_drawing_of_two_colours() -> None:
    ground = np.array([0.05, 0.03, 0.15]) + ROWS[..., None] / SIZE * np.array([0.2, 0.1, 0.25])
    far = np.hypot(ROWS - 79.5, COLUMNS - 79.5) / 80
    fading = ((far - 0.5) / 0.9).clip(0, 1)
    paths, error = made_of(pictured(laid(ground, 0.6 * fading**2 * (3 - 2 * fading), 0, 0, 0)))
    assert paths <= 8
    assert error < 5e-5
