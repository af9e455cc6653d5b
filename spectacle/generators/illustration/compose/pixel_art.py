"""The pixel art style: the image on a coarse grid in few colours, each colour one path of squares."""

from __future__ import annotations

import io
import math

import cairosvg
import numpy as np
from PIL import Image

from spectacle.generators.illustration.compose.svg import element

CELLS = 112
"""Squares along the shorter side."""
MAX_CELLS = 26_000
COLOURS = 40


def pixelate(svg: str, width: int, height: int) -> str:
    """The elements of an image on a grid.

    Args:
        svg: The document to draw.
        width: Its width in pixels.
        height: Its height in pixels.
    """
    side = max(1.0, min(width, height) / CELLS, math.sqrt(width * height / MAX_CELLS))
    columns, rows = max(1, round(width / side)), max(1, round(height / side))
    fine = cairosvg.svg2png(bytestring=svg.encode(), output_width=columns * 3, output_height=rows * 3)
    picture = Image.open(io.BytesIO(fine)).convert("RGB").resize((columns, rows), Image.Resampling.BOX)
    few = picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE)
    palette = few.getpalette() or []
    grid = np.asarray(few)
    paths: dict[int, list[str]] = {}
    for row in range(rows):
        line = grid[row]
        ends = [*(np.flatnonzero(np.diff(line)) + 1).tolist(), columns]
        start = 0
        for end in ends:
            paths.setdefault(int(line[start]), []).append(f"M{start} {row}h{end - start}v1h{start - end}z")
            start = end
    ground = max(paths, key=lambda index: sum(len(part) for part in paths[index]))
    parts = [element("rect", width=columns, height=rows, fill=_hex(palette, ground))]
    parts += [element("path", d="".join(runs), fill=_hex(palette, index)) for index, runs in sorted(paths.items())]
    scale = f"scale({num4(width / columns)} {num4(height / rows)})"
    return element("g", "".join(parts), transform=scale, shape_rendering="crispEdges")


def num4(value: float) -> str:
    """A factor precise enough for a whole image."""
    return f"{value:.5f}".rstrip("0").rstrip(".")


def _hex(palette: list[int], index: int) -> str:
    red, green, blue = palette[3 * index : 3 * index + 3]
    return f"#{red:02x}{green:02x}{blue:02x}"
