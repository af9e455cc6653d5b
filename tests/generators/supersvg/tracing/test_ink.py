from __future__ import annotations

import io

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("skimage")

from PIL import Image, ImageDraw

from spectacle.generators.supersvg.tracing import ink as module
from spectacle.generators.supersvg.tracing.ink import Ink, evened_ink, find_ink, ink_at_full_size

RANDOM = np.random.default_rng(4)


def page(noise: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """A cross of lines three pixels wide on paper, and where it is."""
    lines = np.zeros((96, 96), bool)
    lines[46:49, 10:86] = lines[10:86, 46:49] = True
    pixels = np.where(lines[..., None], [0.1, 0.1, 0.3], [0.95, 0.94, 0.9])
    return (pixels + RANDOM.normal(0, noise, pixels.shape)).clip(0, 1).astype(np.float32), lines


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_ink_is_told_from_paper_whatever_noise_there_is(noise: float) -> None:
    pixels, lines = page(noise)
    ink = find_ink(pixels)
    assert ink is not None
    assert np.abs(ink.colour - [0.1, 0.1, 0.3]).max() < 0.1
    assert (ink.drawn() > 0.5)[lines].mean() > 0.97
    assert (ink.drawn() > 0.5)[~lines].mean() < 0.02


def test_two_inks_are_no_drawing_in_one() -> None:
    pixels, _ = page()
    pixels[60:80, 60:80] = [0.9, 0.1, 0.1]
    assert find_ink(pixels) is None


def compressed(picture: Image.Image) -> np.ndarray:
    jpeg = io.BytesIO()
    picture.save(jpeg, "JPEG", quality=85)
    return np.asarray(Image.open(jpeg).convert("RGB"), np.float32) / 255


def lines(colours: list[str], page: str = "white", panel: str = "white") -> Image.Image:
    """Slanted lines two pixels wide on a panel on a page."""
    drawn = Image.new("RGB", (320, 240), page)
    draw = ImageDraw.Draw(drawn)
    draw.rectangle((40, 30, 300, 200), fill=panel)
    for number, colour in enumerate(colours):
        draw.line((50, 40 + 40 * number, 280, 60 + 40 * number), colour, 2)
    return drawn


def test_fine_lines_of_one_colour_are_ink_behind_compression_and_of_several_they_are_not() -> None:
    assert find_ink(compressed(lines(["#4c72b0"] * 3))) is not None
    assert find_ink(compressed(lines(["#4c72b0", "#dd8452", "#55a868"]))) is None


@pytest.mark.parametrize("panel", ["#eaeaf2", "#fffbe6"])
def test_lines_on_a_pale_panel_are_no_ink_on_one_paper(panel: str) -> None:
    assert find_ink(compressed(lines(["#222222"] * 3, panel=panel))) is None


def test_uneven_light_on_paper_is_evened() -> None:
    pixels, lines = page()
    light = np.linspace(1, 0.45, 96, dtype=np.float32)[None, :, None]
    ink = evened_ink(pixels * light)
    assert ink is not None
    assert (ink.coverage > 0.5)[lines].mean() > 0.95
    assert (ink.coverage > 0.5)[~lines].mean() < 0.02


def test_a_blank_page_has_no_ink() -> None:
    assert evened_ink(np.full((64, 64, 3), 0.9, np.float32)) is None


@pytest.mark.parametrize("zoom", [1, 2, 3])
def test_an_image_in_bands_is_drawn_as_in_one(zoom: int, monkeypatch: pytest.MonkeyPatch) -> None:
    coverage = RANDOM.random((90, 60)).astype(np.float32)
    ink = Ink(coverage, np.ones(3, np.float32), np.zeros(3, np.float32))
    whole = ink.drawn(zoom)
    monkeypatch.setattr(module, "_AT_ONCE", zoom * zoom * 60 * 20)
    assert whole.shape == (zoom * 90, zoom * 60)
    assert np.allclose(ink.drawn(zoom), whole, atol=1e-6)


def test_noise_is_the_same_in_bands_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels, _ = page(0.03)
    picture = Image.fromarray((pixels * 255).astype(np.uint8))
    whole = ink_at_full_size(picture)
    monkeypatch.setattr(module, "_AT_ONCE", 96 * 10)
    bands = ink_at_full_size(picture)
    assert whole is not None and bands is not None
    assert whole.noise > 0 and bands.noise == pytest.approx(whole.noise, rel=1e-3)
    assert np.allclose(bands.coverage, whole.coverage, atol=1e-4)
