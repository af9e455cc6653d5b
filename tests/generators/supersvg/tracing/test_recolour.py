"""Colours of areas out of JPEG files."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from spectacle.generators.supersvg.tracing.areas import Area, Areas
from spectacle.generators.supersvg.tracing.flat import find_areas
from spectacle.generators.supersvg.tracing.jpeg import Compressed
from spectacle.generators.supersvg.tracing.recolour import with_outlines_of_file, without_tints
from spectacle.images.opening import open_picture

pytestmark = pytest.mark.slow


def test_a_tint_that_the_file_does_not_need_goes_and_a_pale_panel_stays() -> None:
    picture = Image.new("RGB", (96, 96), "white")
    ImageDraw.Draw(picture).rectangle((50, 20, 80, 75), fill="#f0f4ff")
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=80)
    opened = open_picture("a.jpg", content.getvalue())
    pixels = np.asarray(picture, np.float32) / 255
    labels = np.zeros((96, 96), np.int64)
    labels[20:76, 50:81] = 1
    labels[20:60, 8:30] = 2
    areas = [Area(np.array(colour, np.float32) / 255) for colour in ((255, 255, 255), (240, 244, 255), (250, 252, 255))]
    file = Compressed.of(opened, np.asarray(opened, np.float32) / 255)
    assert file is not None
    tinted = Areas.of(pixels, labels, labels, np.ones((96, 96), np.float32), areas, 1.0)
    plain = without_tints(tinted, file)
    assert np.array_equal(plain.areas[2].colour, areas[0].colour)
    assert np.array_equal(plain.areas[1].colour, areas[1].colour)
    assert plain.error < 1e-6


@pytest.mark.parametrize("quality", [60, 85])
def test_outlines_are_where_the_file_has_them(quality: int) -> None:
    large = Image.new("RGB", (4 * 120, 4 * 96), "#0f766e")
    draw = ImageDraw.Draw(large)
    draw.ellipse((40, 40, 300, 300), fill="#fde68a")
    draw.polygon([(330, 60), (450, 120), (380, 340)], fill="#1d4ed8")
    picture = large.resize((120, 96), Image.Resampling.BOX)
    clean = np.asarray(picture, np.float32) / 255
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=quality)
    opened = open_picture("a.jpg", content.getvalue())
    pixels = np.asarray(opened, np.float32) / 255
    file = Compressed.of(opened, pixels)
    assert file is not None
    areas = find_areas(pixels, file)
    before, after = (
        float(np.mean((image - clean) ** 2))
        for image in (file.nearest(areas.modelled), with_outlines_of_file(areas, file))
    )
    assert after < 0.9 * before
