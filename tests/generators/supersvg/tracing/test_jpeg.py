"""What a JPEG file tells of the image before it was compressed."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from spectacle.generators.supersvg.tracing.jpeg import Compressed
from spectacle.images.opening import open_picture


def drawing() -> Image.Image:
    picture = Image.new("RGB", (75, 53), "white")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((10, 8, 50, 44), fill="#1d4ed8")
    draw.line((5, 40, 70, 10), fill="#dc2626", width=2)
    return picture


def values(picture: Image.Image) -> NDArray[np.float32]:
    return np.asarray(picture.convert("RGB"), np.float32) / 255


def saved(quality: int, subsampling: int) -> bytes:
    content = io.BytesIO()
    drawing().save(content, "JPEG", quality=quality, subsampling=subsampling)
    return content.getvalue()


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("quality", [60, 85, 95])
def test_the_image_that_was_compressed_fits_its_file(quality: int, subsampling: int) -> None:
    opened, clean = open_picture("a.jpg", saved(quality, subsampling)), values(drawing())
    file = Compressed.of(opened, values(opened))
    assert file is not None
    noise = float(np.mean((values(opened) - clean) ** 2))
    assert float(np.mean((file.nearest(clean) - clean) ** 2)) < 0.2 * noise
    blank = np.ones_like(clean)
    assert file.misfit(clean).sum() < 0.01 * file.misfit(blank).sum()
    rows, columns = np.array([0, 1]), np.array([1, 0])
    assert file.misfit(blank, (rows, columns)) == pytest.approx(file.misfit(blank)[rows, columns], rel=1e-4)


def test_nothing_is_known_of_an_image_that_is_no_jpeg_or_has_another_size() -> None:
    assert Compressed.of(drawing(), values(drawing())) is None
    opened = open_picture("a.jpg", saved(85, 2))
    assert Compressed.of(opened, values(opened)[:40]) is None


def curves() -> Image.Image:
    """Lines of a pixel and a half, smooth, on white."""
    large = Image.new("RGB", (4 * 96, 4 * 80), "white")
    draw = ImageDraw.Draw(large)
    for number, colour in enumerate(("#4c72b0", "#dd8452", "#55a868")):
        draw.line([(4 * x, 4 * (20 + 20 * number + 9 * np.sin(x / 11))) for x in range(6, 91)], fill=colour, width=6)
    return large.resize((96, 80), Image.Resampling.BOX)


@pytest.mark.parametrize("quality", [60, 90])
def test_fine_lines_get_colours_as_sharp_as_their_brightness(quality: int) -> None:
    content = io.BytesIO()
    curves().save(content, "JPEG", quality=quality, subsampling=2)
    opened, clean = open_picture("a.jpg", content.getvalue()), values(curves())
    file = Compressed.of(opened, values(opened))
    assert file is not None and file.subsampled
    page = np.ones_like(clean)
    before, after = (np.mean((image - clean) ** 2) for image in (file.nearest(page), file.restored(page)))
    assert after < 0.7 * before


def test_colours_that_are_kept_for_each_pixel_are_left() -> None:
    opened = open_picture("a.jpg", saved(85, 0))
    file = Compressed.of(opened, values(opened))
    assert file is not None and not file.subsampled
    page = np.ones_like(values(opened))
    assert np.array_equal(file.restored(page), file.nearest(page))


def test_the_colour_of_a_line_is_told_by_the_file() -> None:
    picture = Image.new("RGB", (96, 80), "#c8ccd4")
    ImageDraw.Draw(picture).line((10, 40, 85, 40), fill="#c00000", width=1)
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=75, subsampling=2)
    opened, clean = open_picture("a.jpg", content.getvalue()), values(picture)
    file = Compressed.of(opened, values(opened))
    assert file is not None
    line = (clean[..., 1] < 0.5).astype(np.float32)
    guess = np.where(line[..., None] > 0, np.array([0.34, 0.2, 0.2], np.float32), clean)
    (change,) = file.colour_changes(guess, [line])
    assert np.abs(guess[40, 40] + change - clean[40, 40]).max() < 0.15
    assert np.abs(file.colour_changes(clean, [line])).max() < 0.02
