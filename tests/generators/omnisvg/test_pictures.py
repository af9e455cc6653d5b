"""Preparing an attached picture: on white, in a square, and the drawing comes back in the picture's shape."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from spectacle.errors import BadAttachment
from spectacle.generators.omnisvg.pictures import SEEN, prepare, whiten_background


def pixel(picture: Image.Image, x: int, y: int) -> tuple[int, ...]:
    value = picture.getpixel((x, y))
    assert isinstance(value, tuple)
    return value


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((300, 300), (0, 0, 200, 200)),
        ((400, 300), (0, 25, 200, 150)),
        ((300, 400), (25, 0, 150, 200)),
        ((3000, 100), (0, 96.4, 200, 6.7)),
    ],
)
def test_the_picture_lies_in_the_middle_in_its_own_shape(size: tuple[int, int], box: tuple[float, ...]) -> None:
    prepared = prepare(Image.new("RGB", size, "navy"), replace_background=False)
    assert (prepared.picture.size, prepared.picture.mode) == ((SEEN, SEEN), "RGB")
    assert prepared.view_box == pytest.approx(box, abs=0.05)
    left, top, width, height = (round(number * SEEN / 200) for number in prepared.view_box)
    blue = (np.asarray(prepared.picture) == (0, 0, 128)).all(axis=2)
    assert blue[top : top + height, left : left + width].all()
    assert blue.sum() == width * height
    assert (np.asarray(prepared.picture)[~blue] == 255).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "P", "1", "L", "I;16", "CMYK"])
def test_transparency_is_white_in_every_mode(mode: str) -> None:
    if mode in ("RGBA", "LA"):
        picture = Image.new(mode, (50, 50), (0,) * len(Image.new(mode, (1, 1)).getbands()))
    elif mode == "PA":
        picture = Image.new("RGBA", (50, 50), (0, 0, 0, 0)).convert("PA")
    elif mode == "P":
        picture = Image.new("P", (50, 50), 3)
        picture.info["transparency"] = 3
    else:
        picture = Image.new(mode, (50, 50), {"1": 1, "L": 255, "I;16": 65535, "CMYK": 0}[mode])
    seen = prepare(picture, replace_background=False).picture
    assert pixel(seen, SEEN // 2, SEEN // 2) == (255, 255, 255)


def test_a_dark_background_becomes_white_and_what_is_on_it_stays() -> None:
    picture = Image.new("RGB", (200, 200), (10, 40, 90))
    ImageDraw.Draw(picture).ellipse((60, 60, 140, 140), fill=(250, 200, 0))
    picture.putpixel((1, 1), (14, 44, 94))
    seen = whiten_background(picture)
    assert pixel(seen, 5, 5) == pixel(seen, 1, 1) == (255, 255, 255)
    assert pixel(seen, 100, 100) == (250, 200, 0)
    kept = prepare(picture, replace_background=False).picture
    assert pixel(kept, 10, 10) == (10, 40, 90)


def test_a_noisy_background_is_told_by_what_most_of_its_pixels_are_near() -> None:
    random = np.random.default_rng(3)
    pixels = np.clip(np.array([60, 90, 120]) + random.integers(-12, 13, (300, 300, 3)), 0, 255).astype(np.uint8)
    pixels[0, ::20] = 0  # the commonest exact color of the border
    pixels[100:200, 100:200] = (200, 40, 40)
    seen = np.asarray(whiten_background(Image.fromarray(pixels)))
    assert (seen[20:80, 20:80] == 255).all(axis=2).mean() > 0.99
    assert (seen[110:190, 110:190] == (200, 40, 40)).all()


def test_a_bright_background_stays_as_it_is() -> None:
    picture = Image.new("RGB", (200, 200), (245, 244, 243))
    ImageDraw.Draw(picture).rectangle((60, 60, 140, 140), fill="red")
    assert whiten_background(picture) is picture


def test_an_enormous_picture_is_reduced() -> None:
    prepared = prepare(Image.new("RGB", (8000, 6000), "green"), replace_background=True)
    assert prepared.view_box == pytest.approx((0, 25, 200, 150))


def test_pictures_that_cannot_be_drawn_are_refused() -> None:
    with pytest.raises(BadAttachment, match="has no pixels"):
        prepare(Image.new("RGB", (0, 5)), replace_background=True)
    with pytest.raises(BadAttachment, match="3300x100, too slim"):
        prepare(Image.new("RGB", (3300, 100)), replace_background=True)


def test_a_picture_of_one_colour_stays_as_it_is() -> None:
    prepared = prepare(Image.new("RGB", (1, 1), "red"), replace_background=True)
    assert prepared.view_box == (0, 0, 200, 200)
    assert pixel(prepared.picture, 10, 10) == (255, 0, 0)
