"""Closes seams that programs leave between parts that touch, where what is below shines through both their edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spectacle.generators.supersvg.arrays import Floats, Labels, farthest
from spectacle.generators.supersvg.tracing.areas import Areas

_SEEN = 0.02
"""Pixels that differ by less, in every channel, from what areas say show no seam."""

_CLOSE = 0.02
"""By how much, in any channel, the pixels of a seam may differ from what it would be."""

_GROUNDS = 4
"""So many colours, those of the largest areas, may be below."""

_BESIDE = 2
"""How far in pixels the parts on both sides are at most."""

_PLACES = np.linspace(0.02, 0.98, 49, dtype=np.float32)
"""The shares of a pixel for which seams are tried."""


def without_seams(pixels: Floats, areas: Areas, sure: NDArray[np.bool_]) -> tuple[Floats, Areas]:
    """An image, and its areas, as if parts that touch were drawn without a seam.

    Where an edge passes through a pixel, the lower part covers a share of it, and the upper part covers the rest
    together with some of that share: what is below both is seen to up to a quarter.

    Args:
        pixels: (height, width, channels).
        areas: Those found in it.
        sure: (height, width), which pixels are certainly in their area, and not on an outline.
    """
    rows, columns = np.nonzero(~sure & (farthest(areas.modelled - pixels) > _SEEN))
    if not len(rows):
        return pixels, areas
    colours = np.stack([area.colour for area in areas.areas])
    plain = np.array([area.plain for area in areas.areas])
    grounds = _grounds(areas, colours, plain)
    numbers = np.where(sure & plain[areas.labels], areas.labels, -1)
    labels, neighbours, shares = areas.labels.copy(), areas.neighbours.copy(), areas.shares.copy()
    clean = pixels.copy()
    for axis in (0, 1):
        before, after = (_beside(numbers, rows, columns, axis, way) for way in (-1, 1))
        between = np.flatnonzero((before >= 0) & (after >= 0) & (before != after))
        if not len(between):
            continue
        above, below = before[between], after[between]
        own = pixels[rows[between], columns[between]]
        found, part = _seam(own, colours[above], colours[below], grounds)
        row, column = rows[between][found], columns[between][found]
        first, second, part = above[found], below[found], part[found]
        inside = part >= 0.5
        labels[row, column] = np.where(inside, first, second)
        neighbours[row, column] = np.where(inside, second, first)
        shares[row, column] = np.where(inside, part, 1 - part)
        clean[row, column] = part[:, None] * colours[first] + (1 - part[:, None]) * colours[second]
    return clean, Areas.of(clean, labels, neighbours, shares, areas.areas, areas.sure)


def _grounds(areas: Areas, colours: Floats, plain: NDArray[np.bool_]) -> Floats:
    """(n, channels), the colours of the largest areas, each once."""
    sizes = np.bincount(areas.labels.ravel(), minlength=len(colours)) * plain
    chosen: list[Floats] = []
    for number in np.argsort(-sizes, kind="stable").tolist():
        known = any(np.abs(colours[number] - other).max() < _CLOSE for other in chosen)
        if sizes[number] and not known and len(chosen) < _GROUNDS:
            chosen.append(colours[number])
    return np.asarray(chosen, np.float32).reshape(-1, colours.shape[1])


def _beside(numbers: Labels, rows: Labels, columns: Labels, axis: int, way: int) -> Labels:
    """The numbers of the areas that lie next to pixels on one side; -1 for none."""
    found = np.full(len(rows), -1, np.int64)
    for far in range(_BESIDE, 0, -1):
        row, column = (rows + far * way, columns) if axis == 0 else (rows, columns + far * way)
        within = (row >= 0) & (column >= 0) & (row < numbers.shape[0]) & (column < numbers.shape[1])
        number = numbers[row * within, column * within]
        found = np.where(within & (number >= 0), number, found)
    return found


def _seam(own: Floats, first: Floats, second: Floats, grounds: Floats) -> tuple[NDArray[np.bool_], Floats]:
    """Which pixels are those of a seam between two colours over one of some grounds, and the share of the first."""
    least, best = np.full(len(own), np.inf, np.float32), np.zeros(len(own), np.float32)
    for ground in grounds:
        for part in _PLACES:
            shone = part * (1 - part)
            for upper, lower, covered in ((second, first, part), (first, second, 1 - part)):
                # The lower covers its share, and the upper the rest of what is then there.
                drawn = (1 - covered) * upper + covered * covered * lower + shone * ground
                off = farthest(drawn - own)
                # A ground that is one of the two colours leaves no seam.
                off[(farthest(upper - ground) < _CLOSE) | (farthest(lower - ground) < _CLOSE)] = np.inf
                better = off < least
                least, best = np.where(better, off, least), np.where(better, part, best)
    return least < _CLOSE, best
