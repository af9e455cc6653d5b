from __future__ import annotations

import io
import math

import cairosvg
import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

pytest.importorskip("torch")
pytest.importorskip("numba")
pytest.importorskip("skimage")

from spectacle.generators.supersvg.tracing.settings import Vectorised, VectoriseSettings
from spectacle.generators.supersvg.tracing.soft import Soft, opaque_on
from spectacle.generators.supersvg.tracing.soft_fitting import fit_soft
from spectacle.generators.supersvg.tracing.vectorise import vectorise

pytestmark = pytest.mark.slow

SIZE = 160
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE]
PLACES = np.stack([COLUMNS.ravel(), ROWS.ravel()], axis=1) + 0.5
FADE = np.array([[0, 0, 0, 0.5], [0, 0, 0, 0.2], [0, 0, 0, 0]])
OFFSETS = np.array([0, 0.4, 1])
CARD = (40, 45, 120, 105)


def soft(sides: tuple[float, float], angle: float = 0.0, stretch: float = 1.0) -> Soft:
    return Soft(np.array([80.0, 76.0]), angle, np.array(sides, float), 30.0, OFFSETS, FADE, stretch)


def shadow(*box: int, blur: float = 8.0, oval: bool = False) -> np.ndarray:
    mask = Image.new("L", (SIZE, SIZE))
    draw = ImageDraw.Draw(mask)
    (draw.ellipse if oval else draw.rectangle)(box, fill=255)
    return ndimage.gaussian_filter(np.asarray(mask, float) / 255, blur)


def shaded(page: np.ndarray, *shadows: np.ndarray, opacity: float = 0.45) -> np.ndarray:
    for one in shadows:
        page = page * (1 - opacity * one[..., None])
    return page


def pictured(values: np.ndarray) -> Image.Image:
    return Image.fromarray((values.clip(0, 1) * 255).round().astype(np.uint8))


def plain(*colour: float) -> np.ndarray:
    return np.ones((SIZE, SIZE, 1)) * np.array(colour)


def graded() -> np.ndarray:
    return np.array([0.8, 0.85, 1.0]) + (COLUMNS + ROWS)[..., None] / 320 * np.array([0.1, 0.1, -0.2])


def with_card(values: np.ndarray, colour: tuple[float, ...] = (0.2, 0.5, 0.9)) -> Image.Image:
    left, top, right, bottom = CARD
    values = values.copy()
    values[top:bottom, left:right] = colour
    return pictured(values)


def made_of(picture: Image.Image, **settings: object) -> tuple[Vectorised, int, float]:
    """The drawing, its paths, and its mean squared error on white."""
    made = vectorise(picture, VectoriseSettings(**settings), lambda *_: None)  # type: ignore[arg-type]
    drawn = Image.open(io.BytesIO(cairosvg.svg2png(made.svg.encode(), background_color="white"))).convert("RGB")
    white = Image.new("RGBA", picture.size, "white")
    white.alpha_composite(picture.convert("RGBA"))
    off = np.asarray(drawn, float) / 255 - np.asarray(white.convert("RGB"), float) / 255
    return made, made.svg.count("<path"), float((off**2).mean())


@pytest.mark.parametrize(
    "one",
    [soft((40, 20)), soft((30, 12), 0.5), soft((35, 0), -0.4), soft((0, 25)), soft((0, 0)), soft((0, 0), 0.3, 1.8)],
    ids=["rectangle", "turned", "line", "upright line", "circle", "ellipse"],
)
def test_the_pieces_of_a_shade_say_what_it_says(one: Soft) -> None:
    colours = one.at(*PLACES.T)
    pieces, which = one.pieces(), one.piece_at(*PLACES.T)
    seen = colours[:, 3] > 0
    assert seen.any()
    for number, (outlines, gradient) in enumerate(pieces):
        assert all(outline.shape[1:] == (3, 2) for outline in outlines)
        own = seen & (which == number)
        assert np.abs(gradient.at(*PLACES[own].T) - colours[own]).max(initial=0) < 1e-6


def test_on_one_colour_shades_are_opaque_and_on_each_other_they_are_not() -> None:
    one, other = soft((40, 20)), soft((10, 10))
    ground = np.array([0.9, 0.8, 0.7])
    (opaque,) = opaque_on(ground, (one,), PLACES)
    assert opaque.opaque
    np.testing.assert_allclose(opaque.colours[-1, :3], ground)
    assert opaque_on(ground, (one, other), PLACES) == (one, other)


@pytest.mark.parametrize("turned", [0.0, 0.4], ids=["upright", "turned"])
def test_a_blurred_rectangle_is_found_with_its_place_and_direction(turned: float) -> None:
    cos, sin = math.cos(turned), math.sin(turned)
    across, down = PLACES.T - 80
    first, second = across * cos + down * sin, down * cos - across * sin
    inside = (np.abs(first) < 45) & (np.abs(second) < 25)
    opacity = 0.5 * ndimage.gaussian_filter(inside.reshape(SIZE, SIZE).astype(float), 6).ravel()
    values = np.concatenate([np.zeros((len(PLACES), 3)), opacity[:, None]], axis=1)
    found = fit_soft(PLACES, values, opacity)
    assert found is not None
    assert np.abs(found.centre - 80).max() < 1.5
    assert abs(math.remainder(found.angle - turned, math.pi / 2)) < 0.03
    assert np.abs(found.at(*PLACES.T)[:, 3] - opacity).max() < 0.04


def test_a_blurred_ellipse_is_one_path() -> None:
    opacity = 0.5 * shadow(30, 60, 130, 100, oval=True, blur=9).ravel()
    values = np.concatenate([np.zeros((len(PLACES), 3)), opacity[:, None]], axis=1)
    found = fit_soft(PLACES, values, opacity)
    assert found is not None
    assert len(found.pieces()) == 1


@pytest.mark.parametrize("page", [plain(1, 1, 1), plain(0.9, 0.7, 0.6), graded()], ids=["white", "coloured", "graded"])
def test_the_shadow_of_a_card_is_six_paths_without_bands(page: np.ndarray) -> None:
    picture = with_card(shaded(page, shadow(40, 51, 120, 111)))
    _, paths, error = made_of(picture)
    assert paths <= 9
    assert error < 3e-5


def test_the_shadow_of_a_card_on_nothing_is_six_paths() -> None:
    opacity = 0.5 * shadow(40, 51, 120, 111)
    values = np.concatenate([plain(0, 0, 0), opacity[..., None]], axis=2)
    _, paths, error = made_of(with_card(values, (0.2, 0.5, 0.9, 1)))
    assert paths <= 8
    assert error < 3e-5


def test_a_white_card_on_a_white_page_keeps_its_shadow_and_its_edge() -> None:
    picture = with_card(shaded(plain(1, 1, 1), shadow(40, 51, 120, 111)), (1, 1, 1))
    _, paths, error = made_of(picture)
    assert paths <= 9
    assert error < 1e-4


def test_the_shadow_of_a_card_is_found_in_a_jpeg() -> None:
    buffer = io.BytesIO()
    with_card(shaded(plain(0.95, 0.9, 0.85), shadow(40, 51, 120, 111))).save(buffer, "JPEG", quality=92, subsampling=0)
    _, paths, error = made_of(Image.open(buffer))
    assert paths <= 10
    assert error < 1e-4


def test_two_round_shadows_that_lie_on_each_other_are_a_path_each() -> None:
    shadows = (shadow(30, 40, 90, 100, oval=True), shadow(75, 70, 135, 130, oval=True))
    _, paths, error = made_of(pictured(shaded(plain(1, 1, 1), *shadows)))
    assert paths <= 4
    assert error < 3e-5


def test_the_glow_of_a_line_is_a_path_for_the_line_and_few_for_the_glow() -> None:
    glow = shadow(30, 78, 130, 82, blur=7)[..., None]
    values = plain(0.05, 0.05, 0.1) * (1 - glow) + glow * np.array([0.2, 0.9, 1.0])
    values[79:82, 32:128] = 1
    _, paths, error = made_of(pictured(values))
    assert paths <= 9
    assert error < 1e-4


def test_a_shadow_that_falls_inwards_is_cut_into_few_gradients() -> None:
    values = plain(1, 1, 1)
    left, top, right, bottom = 20, 25, 140, 130
    inner = shaded(plain(0.6, 0.8, 0.7), 1 - shadow(left, top, right - 1, bottom - 1, blur=7), opacity=0.6)
    values[top:bottom, left:right] = inner[top:bottom, left:right]
    _, paths, error = made_of(pictured(values))
    assert paths <= 8
    assert error < 1e-4


def test_without_a_page_a_shadow_ends_in_nothing() -> None:
    picture = with_card(shaded(plain(1, 1, 1), shadow(40, 51, 120, 111)))
    made, _, error = made_of(picture, page=False)
    assert 'stop-opacity="0"' in made.svg
    assert error < 3e-5


def test_pieces_that_tile_show_shadows_too() -> None:
    picture = with_card(shaded(plain(1, 1, 1), shadow(40, 51, 120, 111)))
    _, _, error = made_of(picture, tiled=True)
    assert error < 3e-4


@pytest.mark.slow
def test_a_shape_whose_colour_goes_around_is_not_of_one_colour() -> None:
    around = np.abs(np.arctan2(ROWS - 79.5, COLUMNS - 79.5)) / math.pi
    disc = (np.hypot(ROWS - 79.5, COLUMNS - 79.5) < 65)[..., None]
    colours = np.array([0.8, 0.3, 0.2]) + around[..., None] * np.array([0.0, 0.3, 0.2])
    _, _, error = made_of(pictured(np.where(disc, colours, 1)))
    assert error < 5e-4
