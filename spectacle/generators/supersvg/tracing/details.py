"""Finds what the smooth areas of an SVG lack: fine lines, lettering, specks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spectacle.generators.supersvg.arrays import Floats, Labels, Reals, farthest
from spectacle.generators.supersvg.tracing.areas import Area, Areas, fills_for
from spectacle.generators.supersvg.tracing.fill_kernels import colours_of
from spectacle.generators.supersvg.tracing.jpeg import Compressed
from spectacle.generators.supersvg.tracing.line_colours import parts_by_colour
from spectacle.generators.supersvg.tracing.sharpness import are_sharp, contrast_around

_ROUNDS = 4
"""Details that touch are found as one at first, with the colour that most of them has; the others come next."""

Level = tuple[float, float, float]
"""By how much, in any channel, the pixels of a detail differ at least from what the areas say, and the clearest of
them; and the least sum of its squared differences: a pixel of black in white has 3."""

SEEN: tuple[Level, ...] = (0.15, 0.22, 0.6), (0.07, 0.1, 0.6)
"""What is a detail. What differs most comes first: a dark line that crosses pale ones would be one detail with them."""

SEEN_CLEARLY: tuple[Level, ...] = (*SEEN, (0.015, 0.024, 0.08))
"""The same for images without any noise, such as plots with white lines on a pale ground."""

SEEN_IN_NOISE: tuple[Level, ...] = ((0.25, 0.5, 0.6),)
"""The same for images with noise: what lossy compression leaves next to outlines is not a detail."""

SEEN_PALE: tuple[Level, ...] = ((0.04, 0.06, 0.2),)
"""The same for pale lines in images as they were before compression, as far as the file says."""

_PALE = 0.15
"""Details that differ by no more are lines of the palest colour that is there already, finer than a pixel."""

_OUTLINE_ERROR = 0.05
"""By so much pixels on the outlines of areas that differ by more than that may differ without being details."""

_MIN_PALE = 12
"""Pixels of such details at least; fewer of such colours are where three areas meet."""

_PARTLY = 0.4
"""These are covered by it to this share at least."""

_NOISE = 0.03
"""The share of neighbours in areas of one colour that differ, above which there is noise. Measured: lossy compression
leaves 0.031 and more in logos, making them smaller 0.028 and less, and a program that draws them next to none."""

_NO_NOISE = 0.002
"""The same share, up to which there is none."""

_MAX_SEEN = 0.2
"""The share of an image above which what is omitted does not count as detail, but in small images: lines may be a
third of an icon."""

_SMALL = 200 * 200
"""With so few pixels, the search takes next to no time, and tells by what it leaves whether there are details."""

_SOME = 0.1
"""The share of smooth pixels, at least, that artworks have and noise does not."""

_FEW = 20
"""One in so many pixels of a detail may differ more than the others."""

_DRAWN = 0.7
"""The share of smooth pixels from which on lines may touch in that way; images with less have texture, but
for small ones."""

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


def add_details(
    pixels: Floats,
    areas: Areas,
    smooth: NDArray[np.bool_],
    levels: tuple[Level, ...],
    file: Compressed | None = None,
) -> Areas:
    """The areas of an image, and one more for each colour of its details.

    Args:
        pixels: (height, width, 3 or 4).
        areas: What was found in them.
        smooth: (height, width), which pixels hardly differ from those next to them: what their areas cannot say is a
            shade, and no detail.
        levels: What is a detail, for one search after the other: `SEEN` or another of these.
        file: What is known of the pixels before they were compressed: after each search, the pixels are the nearest
            to what is found that it allows.
    """
    first = _searched(pixels, areas, smooth, levels, [], file)
    pure = _pure([area.colour for area in first.areas[len(areas.areas) :]], _known(areas))
    if pure is None:
        return first
    clean = pixels if file is None else file.nearest(first.modelled)
    return _searched(clean, areas, smooth, levels, pure, file)


def _searched(
    pixels: Floats,
    areas: Areas,
    smooth: NDArray[np.bool_],
    levels: tuple[Level, ...],
    palette: list[Floats],
    file: Compressed | None,
) -> Areas:
    """The areas and their details, the colours of a palette preferred."""
    for least in levels:
        for _ in range(_ROUNDS):
            found = _found(pixels, areas, smooth, least, palette, several=file is not None)
            if found is None:
                break
            details, colours = found
            areas = _with(pixels, areas, details, colours)
            if file is not None:
                pixels = file.nearest(areas.modelled)
    return areas


def _pure(colours: list[Floats], grounds: list[Floats]) -> list[Floats] | None:
    """The colours of details without those that are others on a ground, as lines finer than a pixel seem to have.

    Args:
        colours: Each as it was found first, from pixels that may all be on outlines.
        grounds: What details may lie on.

    Returns:
        None if all are pure.
    """
    mixed: set[int] = set()
    for number, colour in enumerate(colours):
        for ground in grounds:
            others = [_Colour(one, []) for place, one in enumerate(colours) if place != number and place not in mixed]
            nearest = None if np.abs(colour - ground).max() < _SAME else _nearest(others, colour, ground)
            if nearest is not None and ((nearest.colour - ground) ** 2).sum() > ((colour - ground) ** 2).sum():
                mixed.add(number)
                break
    return [colour for number, colour in enumerate(colours) if number not in mixed] if mixed else None


def noise_in(pixels: Floats, areas: Areas, smooth: NDArray[np.bool_]) -> float:
    """The share of neighbours in areas of one colour that differ, as next to outlines after lossy compression."""
    plain = np.array([area.plain for area in areas.areas])[areas.labels] & smooth
    beside = plain[:, 1:] & plain[:, :-1] & (areas.labels[:, 1:] == areas.labels[:, :-1])
    differ = (pixels[:, 1:] != pixels[:, :-1]).any(axis=2)
    return float((differ & beside).sum() / max(beside.sum(), 1))


def levels_for(noise: float) -> tuple[Level, ...]:
    """By how much details differ in an image with so much noise."""
    return SEEN_IN_NOISE if is_noisy(noise) else SEEN_CLEARLY if noise <= _NO_NOISE else SEEN


def is_noisy(noise: float) -> bool:
    """Whether the share of neighbours that differ, as `noise_in` has it, is that of lossy compression."""
    return noise > _NOISE


def _found(
    pixels: Floats,
    areas: Areas,
    smooth: NDArray[np.bool_],
    least: Level,
    palette: list[Floats],
    *,
    several: bool,
) -> tuple[Labels, list[_Colour]] | None:
    """The number of each pixel's detail, from 1, and the colours of the details; None where there are none."""
    left = pixels - areas.modelled
    size = farthest(left)
    seen = size > least[0]
    pale = least[0] < _OUTLINE_ERROR
    if pale:
        colours = np.array([area.colour for area in areas.areas])
        seen &= farthest(colours[areas.labels] - colours[areas.neighbours]) < _PALE
    if not seen.any():
        return None
    small = is_small(pixels) and areas.sure >= _SOME
    if seen.mean() > _MAX_SEEN and not small:
        return None
    if several and not pale:
        details = parts_by_colour(pixels, areas.modelled, size, seen)
    else:
        details = np.asarray(ndimage.label(seen, _AROUND)[0], np.int64)
    place = details.ravel()
    energies = (left**2).sum(axis=2).ravel()
    energy, of_shades = np.bincount(place, energies), np.bincount(place, energies * smooth.ravel())
    energy[0] = 0
    drawn = small or areas.sure >= _DRAWN
    peaks = _peaks(place, size.ravel(), _FEW if drawn else 0)
    contrast = np.minimum(contrast_around(size, areas.labels, seen), peaks[details]) if drawn else peaks[details]
    clear = (energy >= least[2]) & (peaks >= least[1])
    if pale:
        clear &= np.bincount(place) >= _MIN_PALE
    kept = np.flatnonzero(clear & (of_shades <= _SHADES * energy) & are_sharp(pixels, details, contrast))
    if not len(kept) or len(kept) > _MAX_DETAILS:
        return None
    core = (size >= _CORE * peaks[details]) & seen
    own, below = (_means(details[core], values[core], len(energy)) for values in (pixels, areas.modelled))
    _prefer_commonest(own, details[core], pixels[core])
    return details, _colours(kept[np.argsort(-energy[kept], kind="stable")], own, below, palette + _known(areas))


def is_small(pixels: Floats) -> bool:
    """Whether an image, (height, width, channels), has so few pixels that it may be an icon."""
    return pixels[..., 0].size <= _SMALL


def _peaks(place: Labels, sizes: Floats, few: int) -> Reals:
    """How much the pixels of each detail differ at most, but for one in so many that may be on another's outline.

    Those of no detail, numbered 0, do not count.
    """
    counts = np.bincount(place)
    counts[0] = 0
    inside = np.flatnonzero(place)
    order = inside[np.lexsort((sizes[inside], place[inside]))]
    last = counts.cumsum() - 1
    peaks = np.asarray(sizes[order][last - (counts // few if few else 0)], np.float64)
    peaks[0] = 0
    return peaks


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
    off = farthest(below + shares.clip(0, 1)[:, None] * axes - own)
    off[shares < np.where(farthest(axes) < _PALE, _PARTLY, _MOSTLY)] = np.inf
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
    fills, channels = fills_for(areas.areas), pixels.shape[2]
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
            below = colours_of(fills, candidates, x, y, channels)
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
        same = (place for place, one in enumerate(every) if one.fine and np.array_equal(one.colour, colour.colour))
        area = next(same, len(every))
        inside = share >= 0.5
        labels[rows, columns] = np.where(inside, area, base)
        neighbours[rows, columns] = np.where(inside, base, area)
        shares[rows, columns] = np.where(inside, share, 1 - share)
        if area == len(every):
            every.append(Area(colour.colour, fine=True))
    return Areas.of(pixels, labels, neighbours, shares, every, areas.sure)
