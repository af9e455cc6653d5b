"""Photographs are told early; drawings of all kinds are not taken for them."""

from __future__ import annotations

import io
import math

import cairosvg
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("numba")
pytest.importorskip("skimage")

from PIL import Image, ImageDraw, ImageFilter
from scipy import ndimage
from skimage import data

from spectacle.generators.supersvg.arrays import Floats, Labels
from spectacle.generators.supersvg.tracing import flat
from spectacle.generators.supersvg.tracing.flat import find_areas, find_areas_within
from spectacle.generators.supersvg.tracing.kind import most_error
from spectacle.generators.supersvg.tracing.untold import best_mixed, leaves_more

PAGE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96"><path fill="#fff" d="M0 0h96v96H0z"/>{}</svg>'
LINES = "".join(f'<path d="M4 {y}H92M{y} 4V92" stroke="#246" stroke-width=".5"/>' for y in range(8, 96, 11))
LETTERS = "".join(
    f'<text x="6" y="{18 + 14 * row}" font-size="{7 + row}" font-family="sans-serif">Details of row {row}</text>'
    for row in range(5)
)
SHADED = (
    '<defs><linearGradient id="a"><stop offset="0" stop-color="#28f"/><stop offset="1" stop-color="#f82"/>'
    '</linearGradient><radialGradient id="b"><stop offset="0" stop-color="#fff"/><stop offset="1" stop-color="#83c"/>'
    '</radialGradient></defs><path d="M0 0h96v96H0z" fill="url(#a)"/><circle cx="60" cy="40" r="24" fill="url(#b)"/>'
    '<path d="M10 80C30 40 50 96 86 70" fill="none" stroke="#123" stroke-width="1.5"/>'
)
DOTS = "".join(
    f'<circle cx="{x}" cy="{y}" r="{1 + (x * y) % 3}" fill="hsl({x * y % 360},70%,50%)" fill-opacity=".6"/>'
    for x in range(5, 96, 7)
    for y in range(5, 96, 9)
)
DRAWINGS = {"lines": LINES, "letters": LETTERS, "shaded": SHADED, "dots": DOTS, "shaded letters": SHADED + LETTERS}


def drawn(body: str, size: int, quality: int = 0) -> Floats:
    png = cairosvg.svg2png(PAGE.format(body).encode(), output_width=size, output_height=size)
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    if quality:
        raw = io.BytesIO()
        picture.save(raw, "JPEG", quality=quality)
        picture = Image.open(raw)
    return np.asarray(picture, np.float32) / 255


def card() -> Floats:
    picture = Image.new("RGB", (240, 200), "#f4f6fa")
    shadow = Image.new("L", picture.size)
    ImageDraw.Draw(shadow).rounded_rectangle((50, 48, 194, 160), 8, fill=120)
    picture.paste(Image.new("RGB", picture.size), (0, 0), shadow.filter(ImageFilter.GaussianBlur(6)))
    ImageDraw.Draw(picture).rounded_rectangle((48, 40, 192, 152), 8, fill="white")
    return np.asarray(picture, np.float32) / 255


def photograph(name: str) -> Floats:
    picture = Image.fromarray(getattr(data, name)())
    picture.thumbnail((400, 400), Image.Resampling.LANCZOS)
    return np.asarray(picture.convert("RGB"), np.float32) / 255


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rocket", "brick"])
def test_a_photograph_is_told_by_its_outlines_before_any_fill_is_looked_for(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = photograph(name)

    def looked_for(seen: Floats, *rest: object, **options: object) -> None:
        assert seen is not pixels

    monkeypatch.setattr(flat, "find_fills", looked_for)
    assert find_areas_within(pixels, None, most_error) is None


@pytest.mark.slow
@pytest.mark.parametrize("quality", [0, 60, 85])
@pytest.mark.parametrize("drawing", DRAWINGS)
def test_areas_of_a_drawing_are_found_with_a_limit_just_above_what_they_leave(drawing: str, quality: int) -> None:
    pixels = drawn(DRAWINGS[drawing], 240, quality)
    every = find_areas(pixels)
    within = find_areas_within(pixels, None, lambda sure, count: max(every.error, 0.001))
    assert within is not None
    assert within.error == every.error


@pytest.mark.slow
def test_areas_of_a_card_with_a_soft_shadow_are_found_with_a_limit() -> None:
    assert find_areas_within(card(), None, most_error) is not None


def halves(height: int = 40, width: int = 60) -> tuple[Floats, Labels]:
    """Two colours with an anti-aliased outline between them, and the areas of their pixels."""
    share = (np.arange(width) - width / 2 + 1).clip(0, 2)[None, :, None] / 2
    colours = np.array([[0.1, 0.4, 0.8], [0.9, 0.7, 0.2]])
    pixels = np.broadcast_to(colours[0] + share * (colours[1] - colours[0]), (height, width, 3))
    seeds = np.where(share[..., 0] == 0, 1, np.where(share[..., 0] == 1, 2, 0))
    return np.ascontiguousarray(pixels, np.float32), np.broadcast_to(seeds, (height, width)).astype(np.int64)


def test_outlines_are_the_best_mixtures_of_the_areas_beside_them() -> None:
    pixels, seeds = halves()
    mixed, nearest = best_mixed(pixels, seeds)
    np.testing.assert_allclose(mixed, pixels, atol=1e-6)
    assert (nearest[seeds > 0] == seeds[seeds > 0]).all()
    assert set(np.unique(nearest)) == {1, 2}


def test_an_image_without_outlines_is_what_its_areas_show() -> None:
    pixels, _ = halves()
    for seeds in (np.ones(pixels.shape[:2], np.int64), np.zeros(pixels.shape[:2], np.int64)):
        mixed, nearest = best_mixed(pixels, seeds)
        np.testing.assert_array_equal(mixed, pixels)
        np.testing.assert_array_equal(nearest, seeds)


def test_a_fine_line_on_areas_may_be_a_detail_and_soft_spots_are_none() -> None:
    pixels, seeds = halves(80, 80)
    lined, spotted = pixels.copy(), pixels.copy()
    lined[20:23] = 0
    soft = ndimage.gaussian_filter(np.random.default_rng(2).normal(size=(60, 60, 3)), (4, 4, 0))
    spotted[10:70, 10:70] += (0.2 * soft / soft.std()).astype(np.float32)
    of_lined, of_spotted = seeds.copy(), seeds.copy()
    of_lined[19:24] = of_spotted[10:70, 10:70] = 0
    assert not leaves_more(lined, of_lined, 0.0005)
    assert leaves_more(spotted, of_spotted, 0.0005)
    assert not leaves_more(spotted, of_spotted, math.inf)
