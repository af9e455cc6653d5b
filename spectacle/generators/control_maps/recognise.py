"""Tells a ready control map from an ordinary image, by its pixels alone."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from PIL import Image, ImageFilter

SIDE = 256
"""Pixels of the longer side at which images are looked at."""

_GREY = 24
"""Largest difference between the channels of a pixel without colour; JPEG and WebP leave some in maps."""
_BLACK = 16
"""Largest value of a channel of a black pixel, after lossy compression."""
_WHITE = 239
_MIDDLE = (48, 207)
"""Values between which pixels are neither background nor line."""

# Bounds of parts of all pixels, of their values and their spread, and of differences between neighbours; chosen on the
# maps and photographs of the tests, and on others like them.
_MOSTLY = 0.97
_BACKGROUND = 0.6
_FEW = 0.25
_WIDTH = 9
"""Pixels, at `SIDE`: what is narrower is a line."""
_THICK = 0.54
_DARK = 80
_TINT = 3.0
"""Mean difference between the channels of depth, which is grey: lossy compression leaves next to none."""
_EVEN = 1.0
_FLAT = 0.84
_EDGE = 24.0
_CONTRAST = 30.0
_SMOOTH_CONTRAST = 50.0
_END = 4


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
    if not grey:
        # Night photographs are dark, but not black between bright lines.
        between = float(np.mean((high > _BLACK) & (high < _MIDDLE[0])))
        return Look.MAP if black >= _BACKGROUND and between <= _FEW / 2 else Look.PICTURE
    light = float(np.mean(low >= _WHITE))
    middle = float(np.mean((high > _MIDDLE[0]) & (high < _MIDDLE[1])))
    if light >= _BACKGROUND and middle <= _FEW:
        return Look.DRAWING
    value = pixels.mean(axis=2)
    if _has_lines(value) or (float(np.mean(high - low)) <= _TINT and _has_depth(value)):
        return Look.MAP
    return Look.PICTURE


def _has_lines(value: np.ndarray) -> bool:
    """Whether what is bright is narrow: little of it is left once all that is narrower than a line is taken away."""
    image = Image.fromarray(value.astype(np.uint8))
    left = np.asarray(image.filter(ImageFilter.MinFilter(_WIDTH)).filter(ImageFilter.MaxFilter(_WIDTH)))
    return float(np.median(value)) <= _DARK and float(left.mean()) <= _THICK * max(1.0, float(value.mean()))


def _has_depth(value: np.ndarray) -> bool:
    """Whether nearly all is flat, or evenly sloped, and there are sharp edges between: photographs have a texture.

    A blurred photograph has none, but no sharp edges either. Depth without edges is told by its range, which makers of
    maps stretch from black to white. What is left in doubt counts as a photograph: the edges of a depth map still show
    where things are, while a photograph in the place of a map says something wrong at each pixel.
    """
    # Means of 3x3 pixels: lossy compression leaves some noise.
    high, wide = (length - 2 for length in value.shape)
    if min(high, wide) < 3:
        return False
    value = np.mean([value[y : y + high, x : x + wide] for y in range(3) for x in range(3)], axis=0)
    across, down = np.diff(value, axis=1), np.diff(value, axis=0)
    bend = np.maximum(np.abs(np.diff(across, axis=1))[1:-1], np.abs(np.diff(down, axis=0))[:, 1:-1])
    spread = float(value.std())
    if float(np.mean(bend <= _EVEN)) < _FLAT or spread < _CONTRAST:
        return False
    steepest = float(np.percentile(np.maximum(np.abs(across)[:-1], np.abs(down)[:, :-1]), 99.5))
    entire = value.min() <= _END and value.max() >= 255 - _END
    return steepest >= _EDGE or (bool(entire) and spread >= _SMOOTH_CONTRAST)
