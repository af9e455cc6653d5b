"""The outline of an artwork, from a small rendering: how high it is at each column, and where its head is."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache

import cairosvg
import numpy as np
from PIL import Image

from spectacle.generators.illustration.art.library import Library
from spectacle.generators.illustration.compose.stage import Stage

GRID = 48
"""Columns and rows of the rendering of an artwork's box."""


@dataclass(frozen=True, slots=True)
class Outline:
    """Shares of an artwork's box, 0 left or top to 1 right or bottom.

    Attributes:
        tops: Height of the uppermost ink in each column; 1 where there is none.
        bottoms: Height of the lowest ink in each column; 0 where there is none.
        widths: Share of the width that is ink in each row.
    """

    tops: tuple[float, ...]
    bottoms: tuple[float, ...]
    widths: tuple[float, ...]

    def top(self, left: float, right: float) -> float:
        """Median height of the upper edge between two columns."""
        columns = sorted(self.tops[int(left * GRID) : max(int(left * GRID) + 1, int(right * GRID))])
        return columns[len(columns) // 2]

    @property
    def legs(self) -> float:
        """Share of the height taken by narrow legs or stems at the bottom."""
        widest = max(self.widths)
        rows = 0
        for width in reversed(self.widths):
            if width > 0.42 * widest:
                break
            rows += 1
        return rows / GRID

    def lowest(self) -> float:
        """Middle of the columns that reach furthest down."""
        low = max(self.bottoms)
        columns = [column for column in range(GRID) if self.bottoms[column] > low - 0.03]
        return (columns[0] + columns[-1] + 1) / 2 / GRID

    def head(self, side: str) -> tuple[float, float, float]:
        """Centre column, top and width of the head of a figure that looks `left`, `right` or to the `front`."""
        if side == "right":
            centre, top, width = Outline(self.tops[::-1], self.bottoms[::-1], self.widths).head("left")
            return (1 - centre, top, width)
        columns = range(GRID // 2) if side == "left" else range(GRID // 5, GRID - GRID // 5)
        best = min(columns, key=lambda column: (round(self.tops[column], 2), abs(column - GRID / 2)))
        top = self.tops[best]
        if side == "left":
            near = [column for column in range(GRID * 6 // 10) if self.tops[column] < top + 0.22]
            return ((near[0] + near[-1] + 1) / 2 / GRID, top, min(0.5, max(0.2, (near[-1] - near[0] + 1) / GRID)))
        rows = self.widths[int(top * GRID) + 2 : int(top * GRID) + GRID // 5]
        near = [column for column in range(GRID) if self.tops[column] < top + 0.08]
        return ((near[0] + near[-1] + 1) / 2 / GRID, top, max(0.16, max(rows, default=0.5)))


_SOLID = Outline((0.0,) * GRID, (1.0,) * GRID, (1.0,) * GRID)


def outline(library: Library, identity: str) -> Outline:
    """The outline of an artwork of the library, remembered."""
    if isinstance(library, Stage) and not library.made(identity):
        library = library.base
    if isinstance(library, Stage):
        return _of_markup(library.markup(identity), library[identity].box)
    return _of_drawing(library, identity)


@lru_cache(maxsize=512)
def _of_drawing(library: Library, identity: str) -> Outline:
    return _traced(library.markup(identity), library[identity].box)


@lru_cache(maxsize=64)
def _of_markup(markup: str, box: tuple[float, float, float, float]) -> Outline:
    return _traced(markup, box)


def _traced(markup: str, box: tuple[float, float, float, float]) -> Outline:
    x, y, width, height = box
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{GRID}" height="{GRID}" preserveAspectRatio="none" '
        f'viewBox="{x} {y} {width} {height}">{markup}</svg>'
    )
    image = Image.open(io.BytesIO(cairosvg.svg2png(bytestring=text.encode())))
    ink = np.asarray(image.convert("RGBA"))[:, :, 3] > 90
    if not ink.any():
        return _SOLID
    rows = np.arange(GRID)
    tops = tuple(float(rows[column].min()) / GRID if column.any() else 1.0 for column in ink.T)
    bottoms = tuple(float(rows[column].max() + 1) / GRID if column.any() else 0.0 for column in ink.T)
    return Outline(tops, bottoms, tuple(float(row.mean()) for row in ink))
