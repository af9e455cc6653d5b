"""Finds the soft shadows and glows that lie on areas of one colour or one gradient."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spectacle.generators.supersvg.arrays import Doubles, Floats, Labels, Window, farthest, middles
from spectacle.generators.supersvg.raster.gradients import Gradient
from spectacle.generators.supersvg.tracing.areas import Area, colours_at
from spectacle.generators.supersvg.tracing.glow_parts import (
    COVERED,
    MAX_ERROR,
    is_clear,
    off_from,
    outside,
    shades_of,
    under,
)
from spectacle.generators.supersvg.tracing.soft import Soft
from spectacle.generators.supersvg.tracing.soft_fitting import fit_box

_BLUR = 1.0
"""Standard deviation in pixels of the blur that takes away dithering and the steps of channels of 8 bits."""

_SEEN = 1.5 / 255
"""What differs by less, in every channel, once blurred, from what a shade lies on is not part of the shade."""

_CLEAR_PEAK = 5 / 255
"""By how much a shade differs at least where it does most."""

_MIN_PIXELS = 100
_MARGIN = 5
"""So many pixels around what differs are looked at: they say where a shade ends."""

_MAX_SHADES = 6
_GOOD = 3 * (1.2 / 255) ** 2
"""Squared error of a gradient that leaves nothing to find."""

_NEARER = 0.5
"""The share of the squared error without shades that they leave at most."""

_FAINT, _OPAQUE = 0.05, 0.995
_SHADES_OF_ONE = 127
_MIN_COMMON, _PLAIN = 0.1, 0.4
"""The share of its pixels with one colour from which on an area may lie on it, and surely does."""

_MAX_OUTSIDE = 0.003


def _parts(cells: Labels, change: Doubles) -> list[Labels]:
    """The numbers of the pixels of each connected part that differs, with some of those around it, largest first."""
    window = Window.of(cells, _MARGIN)
    field, mask = window.filled(change), window.filled(np.ones(len(cells)))
    weight = np.maximum(ndimage.gaussian_filter(mask, _BLUR), 1e-6)[..., None]
    seen = farthest(ndimage.gaussian_filter(field, (_BLUR, _BLUR, 0)) / weight) * (mask > 0)
    labels, count = ndimage.label(ndimage.binary_opening(seen > _SEEN, np.ones((3, 3), bool)), np.ones((3, 3), bool))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    peaks = np.zeros(count + 1)
    np.maximum.at(peaks, labels.ravel(), seen.ravel())
    kept = [number for number in range(1, count + 1) if sizes[number] >= _MIN_PIXELS and peaks[number] >= _CLEAR_PEAK]
    kept.sort(key=lambda number: -sizes[number])
    parts = []
    for number in kept:
        near = ndimage.binary_dilation(labels == number, iterations=_MARGIN)
        parts.append(np.flatnonzero(window.at(near)))
    return parts


@dataclass(frozen=True, slots=True)
class Shaded:
    """An area with soft shades.

    Attributes:
        area: A ground of one colour or one gradient, and the shades.
        covers: (n,) which of its pixels have the colour of the ground, but lie on a shade.
        islands: Numbers of the areas, from 1, that it surrounds and that show its shades, too: they are part of it.
    """

    area: Area
    covers: NDArray[np.bool_]
    islands: list[int]


def may_show_shades(
    places: Doubles, colours: Doubles, cells: Labels, found: tuple[Gradient, float] | None, flat: float
) -> bool:
    """Whether an area is large enough to show soft shades, and differs from its gradient in parts.

    Args:
        places: (n, 2) x and y of the middles of its pixels.
        colours, cells, found, flat: As for `area_with_shades`.
    """
    if len(cells) < _MIN_PIXELS:
        return False
    return found is None or (min(flat, found[1]) > _GOOD and differs_in_parts(places, colours, cells, found))


def area_with_shades(
    colours: Doubles,
    cells: Labels,
    seeds: Labels,
    image: Floats,
    found: tuple[Gradient, float] | None,
    flat: float,
    most: Iterable[tuple[Gradient, NDArray[np.bool_]]],
) -> Shaded | None:
    """An area as a ground of one colour or one gradient and the soft shades on it, if that is clearly nearer.

    Args:
        colours: (n, 3), or 4 with the colours multiplied by the opacity, of its pixels.
        cells: (n, 2) row and column of each.
        seeds: (height, width), the areas of the image numbered from 1; 0 for none.
        image: (height, width, 3 or 4).
        found: A gradient for all of it, and its mean squared error, the sum of the channels, if there is one.
        flat: The same error of one colour.
        most: What `fit_most` gives for the pixels.
    """
    places, left = middles(cells), flat if found is None else min(flat, found[1])
    for ground in _grounds(colours, most):
        below = under(ground, places, colours.shape[1])
        parts = _parts(cells, colours - below)
        if not 0 < len(parts) <= _MAX_SHADES:
            continue
        found_shades = shades_of(parts, ground, cells, colours, seeds, image)
        if found_shades is None:
            continue
        softs = tuple(soft for shown in found_shades for soft in shown.fit.softs)
        area = replace(ground, overlays=softs)
        drawn = colours_at([area], np.zeros(len(places), np.int64), *places.T)
        covers = (np.abs(colours - below).max(axis=1) < COVERED) & (np.abs(drawn - below).max(axis=1) > COVERED)
        covers = np.zeros(len(cells), bool) if is_clear(below) else _opened(covers, cells)
        error = off_from(np.where(covers[:, None], below, drawn), colours)
        if error < left * _NEARER and _stays_inside(softs, cells, seeds):
            return Shaded(area, covers, [number for shown in found_shades for number in shown.islands])
    return None


def _opened(chosen: NDArray[np.bool_], cells: Labels) -> NDArray[np.bool_]:
    """(n,) the same pixels without those of thin and small parts."""
    window = Window.of(cells)
    return window.at(ndimage.binary_opening(window.filled(chosen), np.ones((5, 5), bool)))


def in_pieces(places: Doubles, colours: Doubles) -> tuple[list[Gradient], Labels] | None:
    """The gradients of an area that is one shade, such as one that falls inwards, and (n,) which of them pixels have.

    Args:
        places, colours: As for `area_with_shades`. Only opaque pixels are in pieces: other ones would show the seams.
    """
    if len(places) < _MIN_PIXELS or (colours.shape[1] == 4 and colours[:, 3].min() < _OPAQUE):
        return None
    values = np.concatenate([colours[:, :3], np.ones((len(colours), 1))], axis=1)
    middle = np.median(values, axis=0)
    soft = fit_box(places, values, np.abs(values - middle).sum(axis=1), None)
    if soft is None or ((soft.at(*places.T)[:, :3] - colours[:, :3]) ** 2).sum(axis=1).mean() > MAX_ERROR:
        return None
    pieces = [gradient for _, gradient in soft.pieces()]
    return pieces, soft.piece_at(*places.T)


def differs_in_parts(places: Doubles, colours: Doubles, cells: Labels, found: tuple[Gradient, float] | None) -> bool:
    """Whether some connected pixels of an area clearly differ from its gradient.

    Args:
        places, colours, cells, found: As for `area_with_shades`.
    """
    if found is None:
        return True
    return bool(_parts(cells, colours - found[0].at(*places.T)[:, : colours.shape[1]]))


def _grounds(colours: Doubles, most: Iterable[tuple[Gradient, NDArray[np.bool_]]]) -> Iterator[Area]:
    """What an area may be without shades: nothing, its commonest colour, or a gradient that most of it has."""
    if colours.shape[1] == 4 and colours[:, 3].min() < _FAINT:
        yield Area(np.zeros(4, np.float32))
        return
    steps = np.round(colours * _SHADES_OF_ONE).astype(np.int64) @ (1 << 8 * np.arange(colours.shape[1]))
    _, kinds, counts = np.unique(steps, return_inverse=True, return_counts=True)
    commonest = kinds == counts.argmax()
    if commonest.mean() >= _MIN_COMMON:
        yield Area(np.median(colours[commonest], axis=0).astype(np.float32))
    if commonest.mean() >= _PLAIN:
        return
    for gradient, within in islice(most, 1):
        yield Area(colours[within].mean(axis=0).astype(np.float32), gradient)


def _stays_inside(softs: tuple[Soft, ...], cells: Labels, seeds: Labels) -> bool:
    """Whether shades are seen on their area and under what lies on it alone."""
    rows, columns = np.nonzero(outside(cells, seeds))
    spilt = sum(float((soft.at(columns + 0.5, rows + 0.5)[:, 3]).sum()) for soft in softs)
    return spilt <= _MAX_OUTSIDE * len(cells)
