"""A Numba kernel that finds which pixels polygons cover, by exact area, on the CPU.

Every pixel of a polygon is covered by the exact area of the polygon inside it (a box filter, as font rasterizers use).
What is found are runs of pixels in a row that are covered alike: the inside of a polygon is a few long ones. They are
found once, painted, and walked along again for the derivatives.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spectacle.generators.supersvg.arrays import Floats, Labels
from spectacle.generators.supersvg.raster.cpu import compiled, in_threads

BAND_ROWS = 128
"""Rows of an image that are worked on together: threads share nothing, and memory stays in proportion to them."""

_VISIBLE = 1e-6
"""Coverage below this is rounding."""

_MIN_CAPACITY = 1024

BLOCK = 16
"""Edges that follow each other and are skipped together where they are not in the rows that are worked on."""

_NEVER = 2.0
"""Where on an edge no more lines between pixels are crossed."""


class Runs(NamedTuple):
    """Which pixels of a band of rows P paths cover.

    Attributes:
        places: (R, 3) row, first column, and the one after the last; those of a path one after the other.
        covers: (R,) how much of each pixel is covered, negative where that grows as the winding number falls; -1 to 1.
        firsts: (P + 1,) number of the first run of each path, and at the end the number of runs.
        blocks: (E / `BLOCK`, 2) top and bottom of the edges in so many parts, in pixels.
        boxes: (P, 4) left, right, top and bottom of each path in whole pixels inside the band; all 0 for none.
    """

    places: NDArray[np.int32]
    covers: Floats
    firsts: Labels
    boxes: Labels
    blocks: Floats


@compiled
def walk_along(
    x0: float, y0: float, x1: float, y1: float, stride: int
) -> tuple[int, int, int, int, float, float, float, float]:
    """How an edge passes from pixel to pixel.

    Args:
        x0, y0, x1, y1: Where it begins and ends.
        stride: What the place of a pixel and of that below it differ by.

    Returns:
        How many pixels it passes; the place of the first; what the place changes by at a pixel's right or left side,
        and at its lower or upper one; at what share of the edge its next such side is, and those after that follow,
        in both directions.
    """
    dx, dy = x1 - x0, y1 - y0
    column, row = math.floor(x0), math.floor(y0)
    across, down = math.floor(x1) - column, math.floor(y1) - row
    right = 1 if across > 0 else -1
    return (
        abs(across) + abs(down) + 1,
        row * stride + column,
        right,
        stride if down > 0 else -stride,
        (column + (across > 0) - x0) / dx if across != 0 else _NEVER,
        right / dx if across != 0 else _NEVER,
        (row + (down > 0) - y0) / dy if down != 0 else _NEVER,
        (1 if down > 0 else -1) / dy if down != 0 else _NEVER,
    )


@compiled
def _add_whole_edge(x0: float, y0: float, x1: float, y1: float, winding: Floats, stride: int) -> None:
    """Walk along an edge inside the box from pixel to pixel."""
    steps, place, right, below, next_across, step_across, next_down, step_down = walk_along(x0, y0, x1, y1, stride)
    dx, dy, column = x1 - x0, y1 - y0, math.floor(x0)
    here = 0.0
    for _ in range(steps):
        there = min(next_across, next_down, 1.0)
        height = dy * (there - here)
        part = height * (x0 + 0.5 * dx * (here + there) - column)
        winding[place] += height - part
        winding[place + 1] += part
        sideways = int(next_across <= next_down)
        place += below + (right - below) * sideways
        column += right * sideways
        next_across += step_across * sideways
        next_down += step_down * (1 - sideways)
        here = there


@compiled
def _add_edge(
    edges: Floats, number: int, winding: Floats, left: int, top: int, bottom: int, columns: int, stride: int
) -> None:
    x0, y0 = float(edges[number, 0]) - left, float(edges[number, 1])
    x1, y1 = float(edges[number, 2]) - left, float(edges[number, 3])
    lowest, highest = min(y0, y1), max(y0, y1)
    if lowest == highest or highest <= top or lowest >= bottom:
        return
    if lowest >= top and highest <= bottom and min(x0, x1) >= 0 and max(x0, x1) <= columns:
        _add_whole_edge(x0, y0 - top, x1, y1 - top, winding, stride)
        return
    sign = 1.0
    if y0 > y1:
        x0, y0, x1, y1 = x1, y1, x0, y0
        sign = -1.0
    first, last = max(math.floor(y0), top), min(math.ceil(y1), bottom)
    slope = (x1 - x0) / (y1 - y0)
    for row in range(first, last):
        upper, lower = max(y0, row), min(y1, row + 1.0)
        height = lower - upper
        xa = x0 + slope * (upper - y0)
        xb = x0 + slope * (lower - y0)
        if xa > xb:
            xa, xb = xb, xa
        base = (row - top) * stride
        if xa >= columns:
            continue
        if xb <= 0:
            winding[base] += sign * height
            continue
        begin, end = math.floor(xa), math.floor(xb)
        if begin == end:
            middle = 0.5 * (xa + xb) - begin
            winding[base + begin] += sign * height * (1 - middle)
            winding[base + begin + 1] += sign * height * middle
            continue
        rate = sign * height / (xb - xa)
        if xa < 0:
            winding[base] += rate * -xa
            xa = 0.0
            begin = 0
        for column in range(begin, min(end + 1, columns)):
            entry, leave = max(xa, column), min(xb, column + 1.0)
            share = rate * (leave - entry)
            middle = 0.5 * (entry + leave) - column
            winding[base + column] += share * (1 - middle)
            winding[base + column + 1] += share * middle


@compiled
def _extents(edges: Floats, starts: Labels) -> tuple[Floats, Floats]:
    paths = np.empty((len(starts) - 1, 4), np.float32)
    blocks = np.empty((len(edges) // BLOCK + 1, 2), np.float32)
    paths[:, ::2] = blocks[:, 0] = np.inf
    paths[:, 1::2] = blocks[:, 1] = -np.inf
    for path in range(len(paths)):
        for number in range(starts[path], starts[path + 1]):
            x, y = edges[number, 0], edges[number, 1]
            paths[path, 0], paths[path, 1] = min(paths[path, 0], x), max(paths[path, 1], x)
            paths[path, 2], paths[path, 3] = min(paths[path, 2], y), max(paths[path, 3], y)
            block = number // BLOCK
            blocks[block, 0] = min(blocks[block, 0], y, edges[number, 3])
            blocks[block, 1] = max(blocks[block, 1], y, edges[number, 3])
    return paths, blocks


@compiled
def _box(extent: Floats, top: int, bottom: int, width: int) -> tuple[int, int, int, int]:
    left, right, upper, lower = extent[0], extent[1], extent[2], extent[3]
    if not (right > left and lower > upper):
        return 0, 0, 0, 0
    box = (
        int(max(math.floor(left), 0.0)),
        int(min(math.ceil(right), float(width))),
        int(max(math.floor(upper), float(top))),
        int(min(math.ceil(lower), float(bottom))),
    )
    return box if box[1] > box[0] and box[3] > box[2] else (0, 0, 0, 0)


@compiled
def _covered(winding: float, even_odd: bool) -> float:
    """Coverage, negative where it falls as the winding number's mean over the pixel rises."""
    if even_odd:
        winding -= 2 * math.floor(winding * 0.5 + 0.5)
    return min(max(winding, -1.0), 1.0)


@compiled
def _longer(places: NDArray[np.int32], covers: Floats, room: int) -> tuple[NDArray[np.int32], Floats]:
    """The same runs, and room for more."""
    more_places, more_covers = np.empty((room, 3), np.int32), np.empty(room, np.float32)
    for number in range(len(covers)):
        more_covers[number] = covers[number]
        for part in range(3):
            more_places[number, part] = places[number, part]
    return more_places, more_covers


@compiled
def _find_runs(
    edges: Floats, starts: Labels, extents: Floats, blocks: Floats, even_odd: bool, top: int, bottom: int, width: int
) -> tuple[NDArray[np.int32], Floats, Labels, Labels]:
    paths = len(starts) - 1
    scratch = np.empty((bottom - top + 1) * (width + 2), np.float32)
    places = np.empty((max(len(edges), _MIN_CAPACITY), 3), np.int32)
    covers = np.empty(len(places), np.float32)
    firsts, boxes = np.zeros(paths + 1, np.int64), np.zeros((paths, 4), np.int64)
    count = 0
    for path in range(paths):
        left, right, upper, lower = _box(extents[path], top, bottom, width)
        boxes[path, 0], boxes[path, 1], boxes[path, 2], boxes[path, 3] = left, right, upper, lower
        columns = right - left
        stride = columns + 2
        scratch[: (lower - upper + 1) * stride] = 0
        number = starts[path] if columns > 0 else starts[path + 1]
        while number < starts[path + 1]:
            block = number // BLOCK
            if blocks[block, 1] <= upper or blocks[block, 0] >= lower:
                number = (block + 1) * BLOCK
                continue
            _add_edge(edges, number, scratch, left, upper, lower, columns, stride)
            number += 1
        for row in range(upper, lower):
            if count + columns > len(places):
                places, covers = _longer(places, covers, 2 * len(places) + columns)
            base = (row - upper) * stride
            winding = 0.0
            column = 0
            full = False
            while column < columns:
                begin = column
                winding += scratch[base + column]
                column += 1
                while column < columns and scratch[base + column] == 0:
                    column += 1
                if abs(winding) < _VISIBLE:
                    full = False
                    continue
                covered = _covered(winding, even_odd)
                if abs(covered) > 1 - _VISIBLE:
                    if full:
                        places[count - 1, 2] = left + column
                        continue
                    covered = 1.0
                full = covered == 1.0
                places[count, 0], places[count, 1], places[count, 2] = row, left + begin, left + column
                covers[count] = covered
                count += 1
        firsts[path + 1] = count
    return places[:count], covers[:count], firsts, boxes


@compiled
def _cover_band(places: NDArray[np.int32], covers: Floats, firsts: Labels, opacities: Floats, owners: Labels) -> None:
    for path in range(len(firsts) - 1):
        for number in range(firsts[path], firsts[path + 1]):
            if abs(covers[number]) * opacities[path] > 0.5:
                owners[places[number, 0], places[number, 1] : places[number, 2]] = path


def find_runs(edges: Floats, starts: Labels, height: int, width: int, *, even_odd: bool) -> list[Runs]:
    """The runs of each band of `BAND_ROWS` rows.

    Args:
        edges, starts, even_odd: As `Polygons` has them.
        height, width: Of the image, in pixels.
    """
    extents, blocks = _extents(edges, starts)

    def work(top: int) -> Runs:
        bottom = min(top + BAND_ROWS, height)
        places, covers, firsts, boxes = _find_runs(edges, starts, extents, blocks, even_odd, top, bottom, width)
        return Runs(places, covers, firsts, boxes, blocks)

    return list(in_threads(work, range(0, height, BAND_ROWS)))


def cover(edges: Floats, starts: Labels, opacities: Floats, height: int, width: int, *, even_odd: bool) -> Labels:
    """(height, width): the number of the uppermost polygon that hides more than half of each pixel, or -1."""
    owners = np.full((height, width), -1)
    for runs in find_runs(edges, starts, height, width, even_odd=even_odd):
        _cover_band(runs.places, runs.covers, runs.firsts, opacities, owners)
    return owners
