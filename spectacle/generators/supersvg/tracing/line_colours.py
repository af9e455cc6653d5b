"""Tells lines of several colours apart where they touch, though their colours be less sharp than their brightness."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import label

from spectacle.generators.supersvg.arrays import Floats, Labels

_WINDOW = 5
"""Side in pixels of the window in which the pixels that differ most are those of the middle of a line."""

_CORE = 0.75
"""The middle of a line differs by this share of the most in that window."""

_BINS = 12
"""Into so many steps each channel is divided to find common colours."""

_NEAR = 0.09
"""Root of the squared difference up to which a colour is that of a line, covering the pixel in part."""

_PARTLY = 0.6
"""To this share at least a line covers the pixels of its middle."""

_MIN_PIXELS, _MIN_SHARE = 20, 0.004
"""So many pixels, and this share of all in the middles of lines, have a colour of their own."""

_MAX_COLOURS = 24
_ALONG = 1.0
"""Standard deviation in pixels of the blur that makes neighbours on a line agree on its colour."""

_PALER = 0.03
"""What it costs, as a share of the contrast, that a colour covers a pixel in part only."""


def parts_by_colour(pixels: Floats, below: Floats, size: Floats, seen: NDArray[np.bool_]) -> Labels:
    """(height, width), what is seen in connected parts of one colour, numbered from 1; 0 elsewhere.

    Args:
        pixels: (height, width, 3).
        below: The same without the lines.
        size: (height, width) by how much they differ.
        seen: (height, width) where that is a line.
    """
    core = seen & (size >= _CORE * ndimage.maximum_filter(size, _WINDOW))
    rows, columns = np.nonzero(core)
    own, ground = pixels[rows, columns], below[rows, columns]
    colours = _common(own, ground)
    if len(colours) < 2:
        return np.asarray(ndimage.label(seen, np.ones((3, 3), bool))[0], np.int64)
    costs = np.stack([_cost(own, ground, colour) for colour in colours])
    weights = ndimage.gaussian_filter(core.astype(np.float32), _ALONG)[rows, columns]
    for number, cost in enumerate(costs):
        spread = np.zeros(seen.shape, np.float32)
        spread[rows, columns] = np.minimum(cost, 4 * _NEAR**2)
        costs[number] = ndimage.gaussian_filter(spread, _ALONG)[rows, columns] / weights
    best = np.zeros(seen.shape, np.int64)
    best[rows, columns] = costs.argmin(axis=0) + 1
    nearest = ndimage.distance_transform_edt(~core, return_distances=False, return_indices=True)
    best = np.where(seen, best[tuple(nearest)], 0)
    return np.asarray(label(best, connectivity=2), np.int64)  # type: ignore[no-untyped-call]


def _common(own: Floats, ground: Floats) -> list[Floats]:
    """The colours that many pixels have, those that differ most from their ground preferred."""
    left = np.ones(len(own), bool)
    contrast = np.sqrt(((own - ground) ** 2).sum(axis=1))
    least = max(_MIN_PIXELS, _MIN_SHARE * len(own))
    colours: list[Floats] = []
    while left.sum() >= least and len(colours) < _MAX_COLOURS:
        heaviest, members = 0.0, left
        for shift in (0.0, 0.5):
            steps = (own[left] * _BINS + shift).astype(np.int64)
            codes = steps @ (_BINS + 2) ** np.arange(3)
            sums = np.bincount(codes, contrast[left])
            if sums.max() > heaviest:
                heaviest, members = float(sums.max()), np.flatnonzero(left)[codes == sums.argmax()]
        colour = own[members].mean(axis=0)
        near = left & (((own - colour) ** 2).sum(axis=1) < _NEAR**2)
        if near.sum() < least:
            left[members] = False
            continue
        colour = np.asarray(own[near].mean(axis=0), np.float32)
        colours.append(colour)
        share, off = _share(own, ground, colour)
        left &= ~((off < _NEAR**2) & (share >= _PARTLY))
        left[members] = False
    return colours


def _share(own: Floats, ground: Floats, colour: Floats) -> tuple[Floats, Floats]:
    """How much of each pixel a colour covers at best, and the squared difference that is left."""
    axis = colour - ground
    share = ((own - ground) * axis).sum(axis=1) / np.maximum((axis**2).sum(axis=1), 1e-6)
    share = share.clip(0, 1)
    return share, ((own - ground - share[:, None] * axis) ** 2).sum(axis=1)


def _cost(own: Floats, ground: Floats, colour: Floats) -> Floats:
    share, off = _share(own, ground, colour)
    return np.asarray(off + _PALER * (1 - share) ** 2 * ((colour - ground) ** 2).sum(axis=1), np.float32)
