"""Compares two ways to see an image."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from spectacle.generators.supersvg.arrays import Floats
from spectacle.generators.supersvg.tracing.areas import Areas
from spectacle.generators.supersvg.tracing.details import SEEN_PALE, add_details
from spectacle.generators.supersvg.tracing.jpeg import Compressed

_CLEARLY_OFF = 0.0005
"""Above this mean squared error, what areas say is compared with a few colours behind noise."""

_FEW_GAIN = 0.6
"""Few colours leave at most this share of that error where they are preferred: otherwise they follow the noise."""

_AS_CLOSE, _FEWER_SIDES = 1.1, 0.8
"""Where both are close, few colours have so much of the error, after a blur, and of the length of outlines at most."""


def is_better(few: Areas, areas: Areas, pixels: Floats, logo: bool, file: Compressed | None) -> bool:
    """Whether few colours say an image better than other areas.

    Args:
        few: The areas of few colours, found behind noise.
        areas: The others.
        pixels: (height, width, 3 or 4), the image.
        logo: Whether the other areas are those of a logo; if not, the image is drawn in another way without the few.
        file: What is known of the pixels before they were compressed, if they were.
    """
    if file is not None:
        of_few, of_areas = (float(file.misfit(one.modelled).sum()) for one in (few, areas))
        # A smaller misfit is needed where colours are less sharp than brightness: lines of few colours have wrong ones.
        if of_few >= of_areas and (file.subsampled or not logo):
            return False
        if not logo:
            return True
        # Far below the noise of compression, a smaller misfit is hardly seen.
        noise = float(((pixels - file.nearest(areas.modelled)) ** 2).sum())
        return _AS_CLOSE * (of_few + noise) * sides_of(few) < (of_areas + noise) * sides_of(areas)
    if logo:
        if areas.error > _CLEARLY_OFF:
            return few.error < _FEW_GAIN * areas.error
        of_few, of_areas = (
            float(np.mean(ndimage.gaussian_filter(one.modelled - pixels, (1, 1, 0)) ** 2)) for one in (few, areas)
        )
        return of_few < _AS_CLOSE * of_areas and sides_of(few) < _FEWER_SIDES * sides_of(areas)
    of_few, of_areas = (float(np.mean((one.modelled - pixels) ** 2)) for one in (few, areas))
    return of_few < of_areas


def with_pale_lines(areas: Areas, file: Compressed) -> Areas:
    """Areas with pale lines, as of a grid, if these are worth it.

    They are where the misfit to the file falls by clearly more than the length of outlines, and the number of areas,
    rise.
    """
    no_shades = np.zeros(areas.labels.shape, bool)
    lined = add_details(file.nearest(areas.modelled), areas, no_shades, SEEN_PALE, file)
    with_lines, without = (
        float(file.misfit(one.modelled).sum()) * sides_of(one) * len(np.unique(one.labels)) for one in (lined, areas)
    )
    return lined if _AS_CLOSE * with_lines < without else areas


def sides_of(areas: Areas) -> int:
    """How many sides of pixels lie between different areas: what their outlines are as long as."""
    labels = areas.labels
    return int((labels[1:] != labels[:-1]).sum() + (labels[:, 1:] != labels[:, :-1]).sum())
