"""Tells details, which end sharply, from shades, which do not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spectacle.generators.supersvg.arrays import Floats, Labels, Reals, farthest

_SHARP = 0.3
"""Colours change from pixel to pixel by this share of a detail's contrast next to its outline; a shadow's never do."""

_BESIDE = 5
"""Side in pixels of the window in which that contrast is looked for: a dark line may touch a pale one."""

_MIN_SHARP = 0.5
"""The share of a detail's pixels that must be next to its outline, those that differ from none around them aside."""

_EVEN = 2 / 255
"""Pixels that differ by no more from those around them say nothing about that."""


def are_sharp(pixels: Floats, details: Labels, contrast: Floats | Reals) -> NDArray[np.bool_]:
    """(details and none,) which details end sharply: most of their pixels that differ from others are at outlines.

    Args:
        pixels: (height, width, channels).
        details: (height, width), the number of each pixel's detail, 0 for none.
        contrast: (height, width), by how much details differ there from what is around them.
    """
    place, steps = details.ravel(), _steps(pixels)
    uneven = steps > _EVEN
    at_outlines = np.bincount(place, (uneven & (steps >= _SHARP * contrast)).ravel())
    return np.asarray(at_outlines >= _MIN_SHARP * np.maximum(np.bincount(place, uneven.ravel()), 1))


def contrast_around(size: Floats, labels: Labels, seen: NDArray[np.bool_]) -> Floats:
    """(height, width), how much the pixels around one that is seen, and of the same area, differ at most.

    A black line between white and grey differs more from the one than from the other.
    """
    contrast = np.zeros_like(size)
    rows, columns = np.nonzero(seen)
    reach = _BESIDE // 2
    sizes, areas = np.pad(size, reach), np.pad(labels, reach, constant_values=-1)
    own, most = labels[rows, columns], np.zeros(len(rows), np.float32)
    for down in range(_BESIDE):
        for across in range(_BESIDE):
            beside = rows + down, columns + across
            np.maximum(most, np.where(areas[beside] == own, sizes[beside], 0), out=most)
    contrast[rows, columns] = most
    return contrast


def _steps(pixels: Floats) -> Floats:
    """(height, width), by how much a pixel differs at most from one next to it."""
    across, down = farthest(np.diff(pixels, axis=1)), farthest(np.diff(pixels, axis=0))
    steps = np.zeros(pixels.shape[:2], np.float32)
    for part, change in (
        (steps[:, 1:], across), (steps[:, :-1], across), (steps[1:], down), (steps[:-1], down)
    ):  # fmt: skip
        np.maximum(part, change, out=part)
    return steps
