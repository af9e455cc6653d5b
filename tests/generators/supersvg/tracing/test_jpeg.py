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
