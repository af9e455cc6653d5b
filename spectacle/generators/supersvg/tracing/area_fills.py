"""Finds what the smooth areas of an image are filled with: colours, gradients, soft shades."""

from __future__ import annotations

from itertools import pairwise
from operator import itemgetter

import numpy as np

from spectacle.generators.supersvg.arrays import Doubles, Floats, Labels
from spectacle.generators.supersvg.raster.gradients import Gradient
from spectacle.generators.supersvg.tracing.areas import Area
from spectacle.generators.supersvg.tracing.fill_kernels import first_close, gradients_of, squares_off
from spectacle.generators.supersvg.tracing.glow_areas import fading_inwards
from spectacle.generators.supersvg.tracing.gradients import as_two_colours, fit_gradient, fit_most, thinned
from spectacle.generators.supersvg.tracing.overlays import (
    area_with_shades,
    differs_in_parts,
    in_pieces,
    may_show_shades,
)
from spectacle.generators.supersvg.tracing.remembered import Remembered
from spectacle.generators.supersvg.tracing.shades import Shades, find_layers, is_worth, split_of, splits_further
from spectacle.generators.supersvg.tracing.vignettes import fit_vignette

_GRADIENT_GAIN = 3.0
"""How many times a gradient must lower the squared error of an area to be worth its bytes."""

_UNSURE = 2.0
"""By this factor the error of a gradient that is known from some of an area's pixels may be too great."""

_MAX_GRADIENTS = 64
"""So many areas at most, the largest, are looked at for more than linear gradients of two colours."""

_SOFT_ERROR = 4 * (3 / 255) ** 2
"""Squared error above which layers of a shade are better than a gradient."""

_SHADED = (10 / 255) ** 2
"""Squared error of one colour up to which what is left may be noise of compression, and no shade."""

_MAX_MISSES = 4
"""After so many areas, the largest, that might show soft shades and do not, the others are not asked."""

_SAME_GRADIENT = 4 * (1.5 / 255) ** 2
"""Squared error below which a gradient that is known already, or a simple one, will do."""

GRADIENT_ERROR = (2.5 / 255) ** 2
"""Squared error, the sum of the channels, up to which an area has one colour."""


class _Known:
    """The gradients that areas of an image have been found to have."""

    def __init__(self) -> None:
        self.gradients: list[Gradient] = []
        self.fills = gradients_of([])
        """The same, for the kernels."""

    def add(self, gradient: Gradient) -> None:
        self.gradients.append(gradient)
        self.fills = gradients_of(self.gradients)


def find_fills(pixels: Floats, seeds: Labels, count: int, most_error: float, *, overlays: bool = True) -> Shades | None:
    """What each area is filled with: one colour, the simplest gradient that is worth it, or layers of a shade.

    Args:
        pixels: (height, width, 3 or 4).
        seeds: (height, width), the areas numbered from 1; 0 for none.
        count: How many areas there are.
        most_error: Mean squared error of the image above which fills are of no use.
        overlays: Whether soft shades may lie on areas.

    Returns:
        None as soon as what the areas leave in any case is more than that.
    """
    flat = seeds.ravel()
    order = np.argsort(flat, kind="stable")
    limits = np.searchsorted(flat[order], np.arange(1, count + 2))
    members = [order[begin:end] for begin, end in pairwise(limits)]
    colours = pixels.reshape(-1, pixels.shape[2])
    means, errors = [], np.empty(count)
    for number, member in enumerate(members):
        own = colours[member].astype(np.float64)
        means.append(own.mean(axis=0).astype(np.float32))
        errors[number] = ((own - means[number]) ** 2).sum() / len(own)
    shades = Shades.of(seeds, [Area(mean) for mean in means])
    graded = sorted(np.flatnonzero(errors > GRADIENT_ERROR).tolist(), key=lambda number: -len(members[number]))
    known = _Known()
    todo = [(number, members[number]) for number in graded]
    misses = 0
    rank, room = 0, most_error * pixels.size
    while rank < len(todo) and room >= 0:
        number, member = todo[rank]
        rank += 1
        rows, columns = np.divmod(member, pixels.shape[1])
        places = np.stack([columns + 0.5, rows + 0.5], axis=1)
        own = colours[member].astype(np.float64)
        mean = own.mean(axis=0)
        error = float(((own - mean) ** 2).sum() / len(own))
        found = _gradient(places, own, error, known if rank <= _MAX_GRADIENTS else None)
        if found is not None:
            shades.areas[number] = Area(mean.astype(np.float32), found[0])
        left = len(member) * (error if found is None else found[1])
        cells = np.stack([rows, columns], axis=1)
        soft = None
        most = Remembered(fit_most(places, own))
        overlays = overlays and misses < _MAX_MISSES
        if overlays and rank <= _MAX_GRADIENTS and may_show_shades(places, own, cells, found, error):
            soft = area_with_shades(own, cells, seeds, pixels, found, error, most)
            misses += soft is None
        if soft is None and overlays and rank == 1 and (found is None or found[1] > _SAME_GRADIENT):
            page = fit_vignette(cells, own, seeds.shape)
            if page is not None:
                shades.areas[number] = page
                continue
        if soft is not None:
            shades.cover(number, member, soft.area, soft.covers, soft.islands)
            todo[rank:] = [one for one in todo[rank:] if one[0] + 1 not in soft.islands]
            continue
        close = found is not None and found[1] <= _SOFT_ERROR
        even = close and not (overlays and differs_in_parts(places, own, cells, found))
        if rank > _MAX_GRADIENTS or error <= _SHADED or even:
            room -= left
            continue
        split = split_of(places, own, cells, seeds.shape, most)
        if split is not None and split.good and (not close or is_worth(split, places, own, found)):
            shades.split(number, member, split)
        elif close:
            room -= left
        elif split is not None and splits_further(split, places, own, cells, seeds.shape):
            todo += shades.split(number, member, split)
        elif overlays and (pieces := in_pieces(places, own)) is not None:
            shades.cut(number, member, *pieces)
        elif overlays and (faded := fading_inwards(places, own, cells, seeds.shape)) is not None:
            shades.areas[number] = faded
        elif (layers := find_layers(cells, own, seeds.shape)) is not None:
            shades.add(number, cells, layers)
        elif split is not None and not split.flat:
            todo += shades.split(number, member, split)
        else:
            room -= left
    return shades if room >= 0 else None


def _gradient(places: Doubles, colours: Doubles, error: float, known: _Known | None) -> tuple[Gradient, float] | None:
    """The gradient of an area, if it is worth it; one that is known already, if that will do.

    Args:
        places, colours: Of its pixels.
        error: Mean of their squared differences from their mean.
        known: What other areas have; new ones are added. None for only simple ones.
    """
    if known is not None and known.gradients:
        number, left = first_close(known.fills, places, colours, min(_SAME_GRADIENT, error / _GRADIENT_GAIN))
        if number >= 0:
            return known.gradients[number], left
    simple = _two_colours(places, colours)
    if simple is not None and simple[1] < _SAME_GRADIENT:
        found: tuple[Gradient, float] | None = simple
    else:
        fitted = _fitted(places, colours, error) if known is not None else None
        found = min((one for one in (simple, fitted) if one is not None), key=itemgetter(1), default=None)
    if found is None or found[1] * _GRADIENT_GAIN > error:
        return None
    if known is not None:
        known.add(found[0])
    return found


def _fitted(places: Doubles, colours: Doubles, error: float) -> tuple[Gradient, float] | None:
    """The gradient of an area, unless a look at some of many pixels says that it is not worth it."""
    if (few := thinned(places)) is not None:
        chosen, step = few
        fitted = fit_gradient(places[chosen], colours[chosen], step)
        if fitted is not None and fitted[1] * _GRADIENT_GAIN > _UNSURE * error:
            return None
    return fit_gradient(places, colours)


def _two_colours(places: Doubles, colours: Doubles) -> tuple[Gradient, float] | None:
    """The linear gradient along the direction in which the colours change most, and its mean squared error."""
    centre, mean = places.mean(axis=0), colours.mean(axis=0)
    offsets, rest = places - centre, colours - mean
    slope = np.linalg.solve(offsets.T @ offsets / len(places) + 1e-3 * np.eye(2), offsets.T @ rest / len(places))
    left, strength, _ = np.linalg.svd(slope)
    direction = left[:, 0]
    if strength[0] == 0:
        return None
    along = offsets @ direction
    first, last = float(along.min()), float(along.max())
    if last - first < 1:
        return None
    change = (along[:, None] * rest).sum(axis=0) / (along**2).sum()
    ends = [(mean + place * change).clip(0, 1).astype(np.float32) for place in (first, last)]
    (x0, y0), (x1, y1) = (centre + place * direction for place in (first, last))
    gradient = as_two_colours(ends[0], ends[1], (float(x0), float(y0), float(x1), float(y1)))
    return gradient, float(squares_off(gradient, places, colours).mean())
