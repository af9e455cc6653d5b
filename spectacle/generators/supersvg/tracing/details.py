"""Finds what the smooth areas of an SVG lack: fine lines, lettering, specks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spectacle.generators.supersvg.arrays import Floats, Labels, Reals
from spectacle.generators.supersvg.tracing.areas import Area, Areas, colours_at

_ROUNDS = 4
"""Details that touch are found as one at first, with the colour that most of them has; the others come next."""

SEEN = 0.07, 0.1
"""By how much, in any channel, the pixels of a detail differ from what the areas say, and the clearest of them."""

SEEN_IN_NOISE = 0.25, 0.5
"""The same for images with noise: what lossy compression leaves next to outlines is not a detail."""

_NOISE = 0.03
"""The share of neighbours in areas of one colour that differ, above which there is noise. Measured: lossy compression
leaves 0.031 and more in logos, making them smaller 0.028 and less, and a program that draws them next to none."""

_MAX_SEEN = 0.2
"""The share of an image above which what is omitted does not count as detail."""

_MIN_ENERGY = 0.6
"""Minimum sum of squared differences of a detail: a pixel of black in white has 3."""

_SHARP = 0.3
"""Colours change from pixel to pixel by this share of a detail's contrast next to its outline; a shadow's never do."""

_MIN_SHARP = 0.5
"""The share of a detail's pixels that must be next to its outline."""

_SHADES = 0.3
"""The share of what is omitted that may be in smooth pixels; with more it is part of a shade."""

_CORE = 0.75
"""Pixels that differ by at least this share of what the most different one does show a detail's own colour."""

_SAME = 0.08
"""Colours that differ by less, in every channel, are one."""

_MOSTLY = 0.7
"""A detail that is covered to this share by a colour found elsewhere has that colour, and is finer than a pixel."""

_COVERED = 0.4
"""A detail covers this share of a pixel at least, or of one next to it."""

_BINS = 32
_MANY, _MANY_SHARE = 24, 0.06
"""So many pixels of a detail, and this share of them, are enough to give it their colour."""

_MAX_COLOURS = 64
_MAX_DETAILS = 20_000
_AROUND = np.ones((3, 3), bool)


@dataclass(frozen=True, slots=True)
class _Colour:
    """One colour, and where the details are that have it."""

    colour: Floats
    details: list[int]


def add_details(pixels: Floats, areas: Areas, smooth: NDArray[np.bool_], least: tuple[float, float]) -> Areas:
    """The areas of an image, and one more for each colour of its details.

    Args:
        pixels: (height, width, 3 or 4).
        areas: What was found in them.
        smooth: (height, width), which pixels hardly differ from those next to them: what their areas cannot say is a
            shade, and no detail.
        least: By how much the pixels of a detail differ at least, and the clearest of them: `SEEN`, `SEEN_IN_NOISE`.
    """
    for _ in range(_ROUNDS):
        found = _found(pixels, areas, smooth, least)
        if found is None:
            break
        details, colours = found
        areas = _with(pixels, areas, details, colours)
    return areas


def is_noisy(pixels: Floats, areas: Areas, smooth: NDArray[np.bool_]) -> bool:
    """Whether there is noise in areas of one colour, such as lossy compression leaves next to outlines."""
    plain = np.array([area.plain for area in areas.areas])[areas.labels] & smooth
    beside = plain[:, 1:] & plain[:, :-1] & (areas.labels[:, 1:] == areas.labels[:, :-1])
    differ = (pixels[:, 1:] != pixels[:, :-1]).any(axis=2)
    return bool((differ & beside).sum() > _NOISE * beside.sum())


def _found(
    pixels: Floats, areas: Areas, smooth: NDArray[np.bool_], least: tuple[float, float]
) -> tuple[Labels, list[_Colour]] | None:
    """The number of each pixel's detail, from 1, and the colours of the details; None where there are none."""
    left = pixels - areas.modelled
    size = np.abs(left).max(axis=2)
    seen = size > least[0]
    if not seen.any() or seen.mean() > _MAX_SEEN:
        return None
    details = np.asarray(ndimage.label(seen, _AROUND)[0], np.int64)
    place = details.ravel()
    energies = (left**2).sum(axis=2).ravel()
    energy, of_shades = np.bincount(place, energies), np.bincount(place, energies * smooth.ravel())
    energy[0] = 0
    peaks = np.zeros(len(energy))
    np.maximum.at(peaks, place, size.ravel())
    sharp = np.bincount(place, (_steps(pixels) >= _SHARP * peaks[details]).ravel()) / np.bincount(place)
    clear = (energy >= _MIN_ENERGY) & (peaks >= least[1])
    kept = np.flatnonzero(clear & (of_shades <= _SHADES * energy) & (sharp >= _MIN_SHARP))
    if not len(kept) or len(kept) > _MAX_DETAILS:
        return None
    core = (size >= _CORE * peaks[details]) & seen
    own, below = (_means(details[core], values[core], len(energy)) for values in (pixels, areas.modelled))
    _prefer_commonest(own, details[core], pixels[core])
    return details, _colours(kept[np.argsort(-energy[kept], kind="stable")], own, below, _known(areas))


def _steps(pixels: Floats) -> Floats:
    """(height, width), by how much a pixel differs at most from one next to it."""
    across, down = np.abs(np.diff(pixels, axis=1)).max(axis=2), np.abs(np.diff(pixels, axis=0)).max(axis=2)
    steps = np.zeros(pixels.shape[:2], np.float32)
    for part, change in (
        (steps[:, 1:], across), (steps[:, :-1], across), (steps[1:], down), (steps[:-1], down)
    ):  # fmt: skip
        np.maximum(part, change, out=part)
    return steps


def _means(numbers: Labels, values: Floats, count: int) -> Reals:
    sizes = np.maximum(np.bincount(numbers, minlength=count), 1)
    return np.stack([np.bincount(numbers, channel, minlength=count) / sizes for channel in values.T], axis=1)


def _prefer_commonest(means: Reals, numbers: Labels, values: Floats) -> None:
    """Write the colour that many pixels of a detail have in place of the mean: lines of several colours may touch."""
    least = np.maximum(_MANY, _MANY_SHARE * np.bincount(numbers, minlength=len(means)))
    for shift in (0.0, 0.5):  # colours are counted in steps, and none may be split between two
        steps = (values * (_BINS - 1) + shift).astype(np.int64)
        size = (_BINS + 1) ** values.shape[1]
        keys, places, counts = np.unique(
            numbers * size + steps @ ((_BINS + 1) ** np.arange(values.shape[1])),
            return_inverse=True,
            return_counts=True,
        )
        own = keys // size
        order = np.lexsort((counts, own))
        commonest = order[np.append(np.flatnonzero(np.diff(own[order])), len(order) - 1)]
        many = commonest[counts[commonest] >= least[own[commonest]]]
        means[own[many]] = _means(places, values, len(keys))[many]
        least[own[many]] = counts[many] + 1


def _known(areas: Areas) -> list[Floats]:
    """The plain colours that there are already, those of the largest areas first."""
    sizes = np.bincount(areas.labels.ravel(), minlength=len(areas.areas))
    known: list[Floats] = []
    for number in np.argsort(-sizes, kind="stable")[:_MAX_COLOURS]:
        area = areas.areas[number]
        if area.plain and not any(np.abs(area.colour - colour).max() < _SAME for colour in known):
            known.append(area.colour)
    return known


def _colours(order: Labels, own: Reals, below: Reals, known: list[Floats]) -> list[_Colour]:
    """Sort details by their colours: those that are there already, and as few new ones as will do."""
    palette = [_Colour(colour, []) for colour in known]
    for detail in order.tolist():
        colour = _nearest(palette, own[detail], below[detail])
        if colour is None:
            if len(palette) >= 2 * _MAX_COLOURS:
                continue
            colour = _Colour(own[detail].astype(np.float32), [])
            palette.append(colour)
        colour.details.append(detail)
    return [colour for colour in palette if colour.details]


def _nearest(palette: list[_Colour], own: Reals, below: Reals) -> _Colour | None:
    """The colour that a detail has, or that it is covered with for the most part."""
    if not palette:
        return None
    axes = np.stack([colour.colour for colour in palette]) - below
    lengths = np.maximum((axes**2).sum(axis=1), 1e-9)
    shares = (axes * (own - below)).sum(axis=1) / lengths
    off = np.abs(below + shares.clip(0, 1)[:, None] * axes - own).max(axis=1)
    off[shares < _MOSTLY] = np.inf
    best = int(off.argmin())
    return palette[best] if off[best] < _SAME else None


def _with(pixels: Floats, areas: Areas, details: Labels, colours: list[_Colour]) -> Areas:
    labels, neighbours, shares = areas.labels.copy(), areas.neighbours.copy(), areas.shares.copy()
    every = list(areas.areas)
    error = ((areas.modelled - pixels) ** 2).sum(axis=2)
    chosen = np.zeros(details.max() + 1, np.int64)
    for number, colour in enumerate(colours, 1):
        chosen[colour.details] = number
    of_colour = chosen[details].astype(np.uint8)
    # Next to a detail, what it covers in part.
    near = np.where(of_colour == 0, ndimage.maximum_filter(of_colour, 3), of_colour)
    all_rows, all_columns = np.nonzero(near)
    numbers = near[all_rows, all_columns]
    for number, colour in enumerate(colours, 1):
        rows, columns = all_rows[numbers == number], all_columns[numbers == number]
        x, y = columns + 0.5, rows + 0.5
        seen, error_before = pixels[rows, columns], error[rows, columns]
        best, base, share = error_before - 1e-6, labels[rows, columns], np.zeros(len(rows), np.float32)
        for candidates in (areas.labels[rows, columns], areas.neighbours[rows, columns]):
            below = colours_at(areas.areas, candidates, x, y)
            axis = colour.colour - below
            covered = (((seen - below) * axis).sum(axis=1) / np.maximum((axis**2).sum(axis=1), 1e-6)).clip(0, 1)
            off = ((seen - below - covered[:, None] * axis) ** 2).sum(axis=1)
            better = off < best
            best, base = np.where(better, off, best), np.where(better, candidates, base)
            share = np.where(better, covered, share)
        better = best < error_before - 1e-6
        # What is covered a little, and next to nothing that is covered more, is a line of a paler colour.
        covered_most = np.zeros(labels.shape, np.float32)
        covered_most[rows[better], columns[better]] = share[better]
        better &= ndimage.maximum_filter(covered_most, 3)[rows, columns] >= _COVERED
        rows, columns, base, share = rows[better], columns[better], base[better], share[better]
        area = len(every)
        inside = share >= 0.5
        labels[rows, columns] = np.where(inside, area, base)
        neighbours[rows, columns] = np.where(inside, base, area)
        shares[rows, columns] = np.where(inside, share, 1 - share)
        every.append(Area(colour.colour, fine=True))
    return Areas.of(pixels, labels, neighbours, shares, every, areas.sure)
