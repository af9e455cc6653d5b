"""Filters of whole images, compiled: several times as fast as SciPy's, with the same results."""

from __future__ import annotations

import numpy as np

from spectacle.generators.supersvg.arrays import Floats
from spectacle.generators.supersvg.raster.cpu import compiled


def median(pixels: Floats, side: int) -> Floats:
    """The median of each channel in windows of `side` x `side` pixels, mirrored at the edges.

    Args:
        pixels: (height, width, channels), at least half as many pixels wide and high as a window.
        side: Of the windows, an odd number from 3 on.
    """
    around = side // 2
    padded = np.pad(np.asarray(pixels, np.float32), ((around, around), (around, around), (0, 0)), mode="symmetric")
    found: Floats = _medians(np.ascontiguousarray(padded).reshape(len(padded), -1), pixels.shape[2], side)
    return found.reshape(pixels.shape)


@compiled
def _medians(padded: Floats, channels: int, side: int) -> Floats:
    height, width = len(padded) - side + 1, padded.shape[1] - (side - 1) * channels
    found = np.empty((height, width), np.float32)
    # Of so many values neither the least nor the greatest can be the median of all in the window.
    kept = side * side // 2 + 2
    rows = np.empty((kept, width), np.float32)
    for top in range(height):
        # Values join one by one; each time the least and the greatest leave.
        for number in range(kept):
            begin = number % side * channels
            _copy(padded[top + number // side, begin : begin + width], rows[number])
        count = kept
        for joining in range(kept, side * side + 1):
            half = count // 2
            for number in range(half):
                _sort(rows[number], rows[count - 1 - number])
            for number in range(1, count - half):
                _sort(rows[0], rows[number])
            for number in range(half, count - 1):
                _sort(rows[number], rows[count - 1])
            count -= 1
            if joining < side * side:
                begin = joining % side * channels
                _copy(padded[top + joining // side, begin : begin + width], rows[0])
            else:
                _copy(rows[1], found[top])
    return found


@compiled
def _copy(values: Floats, copy: Floats) -> None:
    for place in range(len(copy)):
        copy[place] = values[place]


@compiled
def _sort(less: Floats, more: Floats) -> None:
    """Swap values so that those of the first row are the lesser ones."""
    for place in range(len(less)):
        one, other = less[place], more[place]
        less[place], more[place] = min(one, other), max(one, other)
