"""Small icons with dark outlines and small parts, and small photographs."""

from __future__ import annotations

import io

import cairosvg
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("numba")
pytest.importorskip("skimage")

from PIL import Image, ImageDraw, ImageFilter
from scipy import ndimage
from skimage import data

from spectacle.generators.supersvg.tracing import deciding
from spectacle.generators.supersvg.tracing.flat import find_areas
from spectacle.generators.supersvg.tracing.settings import Mode, Vectorised, VectoriseSettings
from spectacle.generators.supersvg.tracing.vectorise import vectorise

pytestmark = pytest.mark.slow

PAGE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><path fill="#fff" d="M0 0h64v64H0z"/>{}</svg>'
EARS = "M32 6C14 2 4 12 6 28s10 28 16 26c4-2 2-8 6-8v14h10V46c4 0 4 8 8 8 8 0 12-14 12-28S48 4 32 6z"
ELEPHANT = (
    f'<path d="{EARS}" fill="#336791" stroke="#000" stroke-width="6"/>'
    f'<path d="{EARS}" fill="none" stroke="#fff" stroke-width="2.4"/>'
    '<path d="M24 10C16 20 20 36 26 44M40 10c8 10 4 26-2 34M22 22h8M36 22h8" fill="none" stroke="#fff" '
    'stroke-width="2"/>'
)
DOG = (
    '<path d="M12 20C20 4 44 4 52 20c6 10 4 30-20 36C8 50 6 30 12 20z" fill="#f4aa41" stroke="#000" stroke-width="2"/>'
    '<circle cx="24" cy="26" r="2"/><circle cx="40" cy="26" r="2"/>'
    '<path d="M26 34h12l1.2 3.6L34 40h-4l-5.2-2.4z" fill="#3f3f3f" stroke="#000" stroke-width="2.2" '
    'stroke-linejoin="round"/>'
)
RABBIT = (
    '<path d="M22 30C8 4 20 0 28 26h8C44 0 56 4 42 30c10 10 6 28-10 28S12 40 22 30z" fill="#3f3f3f" stroke="#000" '
    'stroke-width="2"/><path d="M32 32c6 6 8 14 6 20H26c-2-6 0-14 6-20z" fill="#fff"/>'
)


def rasterised(svg: str, size: int) -> Image.Image:
    png = cairosvg.svg2png(svg.encode(), output_width=size, output_height=size, background_color="white")
    return Image.open(io.BytesIO(png)).convert("RGB")


def vectorised(picture: Image.Image, steps: int = 60) -> Vectorised:
    return vectorise(picture, VectoriseSettings(num_iterations=steps), lambda step, steps, error: None)


def lost(made: Vectorised, picture: Image.Image) -> int:
    """How many pixels show something else."""
    drawn, wanted = (np.asarray(side, np.float32) / 255 for side in (rasterised(made.svg, picture.width), picture))
    return int((np.abs(ndimage.gaussian_filter(drawn - wanted, (0.7, 0.7, 0))).max(axis=2) > 0.15).sum())


@pytest.mark.parametrize("size", [64, 96, 128])
@pytest.mark.parametrize("icon", [ELEPHANT, DOG, RABBIT], ids=["elephant", "dog", "rabbit"])
def test_a_small_icon_with_dark_outlines_is_a_logo_that_keeps_its_parts(icon: str, size: int) -> None:
    picture = rasterised(PAGE.format(icon), size)
    made = vectorised(picture)
    assert made.mode == Mode.LOGO
    assert made.metrics.num_paths <= 14
    assert lost(made, picture) <= 12


@pytest.mark.parametrize("way", [Image.Resampling.LANCZOS, Image.Resampling.BOX, Image.Resampling.BILINEAR])
def test_an_icon_that_was_made_smaller_is_a_logo(way: Image.Resampling) -> None:
    picture = rasterised(PAGE.format(ELEPHANT), 512).resize((64, 64), way)
    made = vectorised(picture)
    assert made.mode == Mode.LOGO
    assert made.metrics.num_paths <= 14


@pytest.mark.parametrize("quality", [80, 92])
def test_an_icon_out_of_jpeg_is_a_logo(quality: int) -> None:
    raw = io.BytesIO()
    rasterised(PAGE.format(ELEPHANT), 96).save(raw, "JPEG", quality=quality)
    made = vectorised(Image.open(io.BytesIO(raw.getvalue())))
    assert made.mode == Mode.LOGO
    assert made.metrics.num_paths <= 30


def test_white_hairlines_around_letters_are_kept_where_the_ground_touches_the_edge() -> None:
    ellipse = '<ellipse cx="32" cy="32" rx="32.4" ry="20" fill="#6181b6"/>'
    letters = '<path d="M12 24l10 2-4 16-8-2zM28 22l8 3-4 16-8-2zM44 24l9 2-4 15z" stroke="#fff" stroke-width=".8"/>'
    picture = rasterised(PAGE.format(ellipse + letters), 96)
    assert lost(vectorised(picture), picture) <= 12


@pytest.mark.parametrize("size", [64, 96])
def test_a_small_photograph_is_none(size: int) -> None:
    whole = Image.fromarray(data.astronaut())
    whole.thumbnail((size, size))
    assert vectorised(whole, 0).mode == Mode.PHOTO


def test_areas_that_show_whether_ink_fades_are_not_searched_for_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    faded = Image.new("L", (220, 220))
    ImageDraw.Draw(faded).ellipse((150, 150, 190, 190), fill=25)
    ink = Image.new("L", (880, 880))
    ImageDraw.Draw(ink).ellipse((80, 80, 480, 480), fill=255)
    ImageDraw.Draw(ink).rectangle((560, 80, 760, 300), fill=255)
    picture = Image.new("L", (220, 220), "white")
    for part in (faded.filter(ImageFilter.GaussianBlur(6)), ink.resize((220, 220), Image.Resampling.LANCZOS)):
        picture.paste(0, (0, 0), part)
    searches = []
    monkeypatch.setattr(deciding, "find_areas", lambda *given: searches.append(given) or find_areas(*given))
    monkeypatch.setattr(deciding, "find_areas_within", lambda *given, **options: pytest.fail("searched for again"))
    made = vectorised(picture.convert("RGB"), 0)
    assert made.mode == Mode.LOGO
    assert len(searches) == 1
