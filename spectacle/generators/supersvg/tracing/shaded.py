"""Tells drawings of two colours from those in which something fades as well."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spectacle.generators.supersvg.arrays import Floats, farthest
from spectacle.generators.supersvg.tracing.areas import Areas
from spectacle.generators.supersvg.tracing.ink import Ink

_HALF = 0.5
_AROUND = np.ones((3, 3), bool)
_BLUR = 1.5
_NEAR_OUTLINES = 3
"""Pixels so near to outlines may differ from ink and paper in any drawing."""

_EVEN = 1 / 255
"""By how much most of the other pixels of paper differ from its colour at most, where it is no unevenly lit one."""

_FADES = 3 / 255
_BETWEEN, _MANY_BETWEEN = (0.1, 0.9), 0.3
"""Where more of all pixels are covered by shares between these, colours fade; scans and blurred drawings have fewer."""

_MIN_PIXELS = 64
_CLOSER = 0.5
_MAX_AREAS = 60


def may_fade(pixels: Floats, ink: Ink) -> bool:
    """Whether some pixels away from outlines, where the paper is even, have other colours.

    Args:
        pixels: (height, width, 3 or 4).
        ink: What was found in them.
    """
    if ((ink.coverage > _BETWEEN[0]) & (ink.coverage < _BETWEEN[1])).mean() > _MANY_BETWEEN:
        return True
    outline = _outline(ink)
    inner = ~ndimage.binary_dilation(outline, np.ones((3, 3), bool), iterations=_NEAR_OUTLINES)
    left = np.where(outline[..., None], 0, pixels - _drawn(ink))
    off = farthest(ndimage.gaussian_filter(left, (_BLUR, _BLUR, 0)))
    paper = inner & (ink.coverage < _HALF)
    if not paper.any() or np.median(off[paper]) > _EVEN:
        return False
    fading = ndimage.binary_opening(inner & (off > _FADES), np.ones((3, 3), bool))
    return int(fading.sum()) >= _MIN_PIXELS


def _outline(ink: Ink) -> NDArray[np.bool_]:
    """(height, width), which pixels are next to one of the other colour."""
    inside = ink.coverage > _HALF
    return np.asarray(
        ndimage.binary_dilation(inside, _AROUND) & ~ndimage.binary_erosion(inside, _AROUND, border_value=1)
    )


def _drawn(ink: Ink) -> Floats:
    """(height, width, 3 or 4), ink on paper, with nothing between them but on outlines."""
    covered = np.where(_outline(ink), ink.coverage, ink.coverage > _HALF)
    return np.asarray(ink.paper + covered[..., None] * (ink.colour - ink.paper), np.float32)


def says_more(areas: Areas, pixels: Floats, ink: Ink) -> bool:
    """Whether areas say clearly more of an image than ink and paper.

    Args:
        areas: Of the image.
        pixels, ink: As for `may_fade`.
    """
    fading = any(not area.plain for area in areas.areas)
    of_areas, of_ink = (float(np.mean((drawn - pixels) ** 2)) for drawn in (areas.modelled, _drawn(ink)))
    return fading and of_areas < _CLOSER * of_ink and len(np.unique(areas.labels)) <= _MAX_AREAS
