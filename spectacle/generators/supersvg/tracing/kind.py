"""Tells what kind of image has the areas that were found in it."""

from __future__ import annotations

import numpy as np

from spectacle.generators.supersvg.tracing.areas import Areas
from spectacle.generators.supersvg.tracing.settings import Mode

_LOGO_ERROR = 0.001

_LOGO_AREAS = 400
_LOGO_AREA_ERROR = (9 / 255) ** 2
"""An area that is farther off, on average, has more than its fill says."""

_MIN_WORST, _MIN_WORST_SHARE = 64, 0.003

_ILLUSTRATION_ERROR = 0.007
_ILLUSTRATION_SURE = 0.7


def mode_of(areas: Areas) -> Mode:
    """What kind of image has these areas."""
    if areas.error < _LOGO_ERROR and len(areas.areas) <= _LOGO_AREAS and _worst(areas) < _LOGO_AREA_ERROR:
        return Mode.LOGO
    drawn = areas.error < _ILLUSTRATION_ERROR and areas.sure > _ILLUSTRATION_SURE
    return Mode.ILLUSTRATION if drawn else Mode.PHOTO


def _worst(areas: Areas) -> float:
    """The greatest mean squared error of an area with a gradient that matters, its outlines aside."""
    inner = areas.shares == 1
    sizes = np.bincount(areas.labels[inner])
    sums = np.bincount(areas.labels[inner], areas.errors[inner])
    large = sizes >= max(_MIN_WORST, _MIN_WORST_SHARE * inner.size)
    large &= np.array([not area.plain for area in areas.areas])[: len(sizes)]
    return float((sums[large] / sizes[large]).max(initial=0))
