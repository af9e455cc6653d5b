"""Tells a ready control map from an ordinary image, by its pixels alone."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from PIL import Image

SIDE = 256
"""Pixels of the longer side at which images are looked at."""

_GREY = 24
"""Largest difference between the channels of a pixel without colour; JPEG and WebP leave some in maps."""
_BLACK = 16
"""Largest value of a channel of a black pixel, after lossy compression."""
_WHITE = 239
_MIDDLE = (48, 207)
"""Values between which pixels are neither background nor line."""

# Bounds of parts of all pixels, of their values and their spread, and of the mean step between neighbours; chosen on
# the maps and photographs of the tests.
_MOSTLY = 0.97
_BACKGROUND = 0.6
_FEW = 0.25
_SOFT_BACKGROUND = 0.3
_DARK = 32
_SMOOTH = 4.0
_CONTRAST = 30.0


class Look(StrEnum):
    """What an image looks like."""

    MAP = "map"
    """Edges, lines or a pose on black, or the smooth grey of depth."""
    DRAWING = "drawing"
    """Dark lines on a light ground."""
    PICTURE = "picture"
    """Anything else."""


def look_of(image: Image.Image) -> Look:
    """What an image looks like.

    An image of one colour counts as a map: there is nothing in it to make one from.
    """
    small = image.convert("RGB")
    small.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    pixels = np.asarray(small, dtype=np.int16)
    high, low = pixels.max(axis=2), pixels.min(axis=2)
    grey = float(np.mean(high - low <= _GREY)) >= _MOSTLY
    black = float(np.mean(high <= _BLACK))
    if high.max() - low.min() <= _GREY or (pixels == pixels[0, 0]).all():
        return Look.MAP
    if black >= _BACKGROUND:
        # Night photographs are dark, but not black between bright lines.
        between = float(np.mean((high > _BLACK) & (high < _MIDDLE[0])))
        return Look.MAP if grey or between <= _FEW / 2 else Look.PICTURE
    if not grey:
        return Look.PICTURE
    light = float(np.mean(low >= _WHITE))
    middle = float(np.mean((high > _MIDDLE[0]) & (high < _MIDDLE[1])))
    if light >= _BACKGROUND and middle <= _FEW:
        return Look.DRAWING
    value = pixels.mean(axis=2)
    if black >= _SOFT_BACKGROUND and np.median(value) <= _DARK and value.std() >= _CONTRAST:
        return Look.MAP
    step = (np.abs(np.diff(value, axis=0)).mean() + np.abs(np.diff(value, axis=1)).mean()) / 2
    return Look.MAP if step <= _SMOOTH and value.std() >= _CONTRAST else Look.PICTURE
