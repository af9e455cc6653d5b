"""Filters of whole images, compiled: several times as fast as SciPy's, with the same results."""

from __future__ import annotations

import numpy as np

from spectacle.generators.supersvg.arrays import Floats
from spectacle.generators.supersvg.raster.cpu import compiled

_SIDE = 5
_KEPT = _SIDE * _SIDE // 2 + 2
"""Of so many values neither the least nor the greatest can be the median of all in the window."""


def median_of_25(pixels: Floats) -> Floats:
    """The median of each channel in windows of 5 x 5 pixels, mirrored at the edges.

    Args:
        pixels: (height, width, channels), at least two pixels wide and high.
    """
    around = _SIDE // 2
    padded = np.pad(np.asarray(pixels, np.float32), ((around, around), (around, around), (0, 0)), mode="symmetric")
    found: Floats = _medians(np.ascontiguousarray(padded).reshape(len(padded), -1), pixels.shape[2])
    return found.reshape(pixels.shape)


@compiled
def _medians(padded: Floats, channels: int) -> Floats:
    height, width = len(padded) - _SIDE + 1, padded.shape[1] - (_SIDE - 1) * channels
    found = np.empty((height, width), np.float32)
    rows = np.empty((_KEPT, width), np.float32)
    for top in range(height):
        # Values join one by one; each time the least and the greatest leave.
        for number in range(_KEPT):
            begin = number % _SIDE * channels
            rows[number] = padded[top + number // _SIDE, begin : begin + width]
        count = _KEPT
        for joining in range(_KEPT, _SIDE * _SIDE + 1):
            half = count // 2
            for number in range(half):
                _sort(rows[number], rows[count - 1 - number])
            for number in range(1, count - half):
                _sort(rows[0], rows[number])
            for number in range(half, count - 1):
                _sort(rows[number], rows[count - 1])
            count -= 1
            if joining < _SIDE * _SIDE:
                begin = joining % _SIDE * channels
                rows[0] = padded[top + joining // _SIDE, begin : begin + width]
            else:
                found[top] = rows[1]
    return found


@compiled
def _sort(less: Floats, more: Floats) -> None:
    """Swap values so that those of the first row are the lesser ones."""
    for place in range(len(less)):
        one, other = less[place], more[place]
        less[place], more[place] = min(one, other), max(one, other)
