"""Lines of several colours that touch are told apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from spectacle.generators.supersvg.tracing.line_colours import parts_by_colour

COLOURS = ("#4c72b0", "#dd8452", "#55a868", "#c44e52")


def crossing(colours: tuple[str, ...]) -> NDArray[np.float32]:
    """Slanted lines that cross, smooth, on white."""
    large = Image.new("RGB", (4 * 90, 4 * 90), "white")
    draw = ImageDraw.Draw(large)
    for number, colour in enumerate(colours):
        draw.line((40, 4 * (10 + 22 * number), 320, 4 * (76 - 22 * number)), fill=colour, width=6)
    return np.asarray(large.resize((90, 90), Image.Resampling.BOX), np.float32) / 255


def parts_of(pixels: NDArray[np.float32]) -> NDArray[np.int64]:
    page = np.ones_like(pixels)
    size = np.abs(page - pixels).max(axis=2)
    return parts_by_colour(pixels, page, size, size > 0.15)


def test_lines_of_several_colours_that_cross_are_parts_of_one_colour() -> None:
    noise = np.random.default_rng(1).normal(0, 0.02, (90, 90, 3)).astype(np.float32)
    pixels = crossing(COLOURS)
    parts = parts_of(pixels + noise)
    wanted = [np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255 for colour in COLOURS]
    solid = [np.abs(pixels - colour).max(axis=2) < 0.1 for colour in wanted]
    for number, own in enumerate(solid):
        others = np.any(solid[:number] + solid[number + 1 :], axis=0)
        mostly = np.isin(parts, np.unique(parts[own])) & others
        assert own.sum() > 20
        assert mostly.sum() < 0.1 * others.sum()


def test_lines_of_one_colour_that_cross_are_one_part() -> None:
    parts = parts_of(crossing(("#1d4ed8",) * 4))
    assert len(np.unique(parts[parts > 0])) == 1
    assert not parts[:5].any()
