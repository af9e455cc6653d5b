"""Finds the areas of one colour, or of one gradient, that a logo or an illustration is made of."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spectacle.generators.supersvg.arrays import Doubles, Floats, Labels, farthest
from spectacle.generators.supersvg.raster.gradients import Gradient
from spectacle.generators.supersvg.tracing.areas import Area, Areas, colours_at
from spectacle.generators.supersvg.tracing.details import (
    SEEN,
    SEEN_IN_NOISE,
    add_details,
    is_noisy,
    levels_for,
    noise_in,
)
from spectacle.generators.supersvg.tracing.gradients import as_two_colours, fit_gradient
from spectacle.generators.supersvg.tracing.jpeg import Compressed
from spectacle.generators.supersvg.tracing.overlays import area_with_shades, differs_in_parts, in_pieces
from spectacle.generators.supersvg.tracing.pixel_art import find_cells
from spectacle.generators.supersvg.tracing.recolour import with_colours_of_file, without_tints
from spectacle.generators.supersvg.tracing.shades import Shades, find_layers, is_worth, split_of, splits_further

_SMOOTH = 6 / 255
"""Neighbours in one area differ by less, in every channel: gradients do, outlines do not."""

_STEEP, _BEND = 16 / 255, 3.6 / 255
"""On slopes of soft shades neighbours may differ by the first, if that changes by no more than the second."""

_CLEAR = 0.5 / 255

_SMOOTH_COMPRESSED = 10 / 255
_COMPRESSION_NOISE = 5
"""Side of the median filter that takes away what JPEG leaves around outlines."""

_MIN_AREA = 6
"""Smaller areas of smooth pixels are considered parts of an outline."""

_REACH = 3
"""How far from an area, in pixels, its anti-aliased outline may be found."""

_BLUR = 1.0
"""Standard deviation in pixels of the blur after which noise is hardly seen any more, and fine lines still are."""

_CLOSE = 0.0005
"""Mean squared error, after that blur, below which the areas behind the noise of compression are enough."""

_WORTH = 0.5
"""Details behind noise are real where they leave less than this share of the error."""

_GRADIENT_GAIN = 3.0
"""How many times a gradient must lower the squared error of an area to be worth its bytes."""

_MAX_GRADIENTS = 64
"""So many areas at most, the largest, are looked at for more than linear gradients of two colours."""

_SOFT_ERROR = 4 * (3 / 255) ** 2
"""Squared error above which layers of a shade are better than a gradient."""

_SHADED = (10 / 255) ** 2
"""Squared error of one colour up to which what is left may be noise of compression, and no shade."""

_SAME_GRADIENT = 4 * (1.5 / 255) ** 2
"""Squared error below which a gradient that is known already, or a simple one, will do."""

_GRADIENT_ERROR = (2.5 / 255) ** 2


def find_areas(pixels: Floats, file: Compressed | None = None, *, overlays: bool = True) -> Areas:
    """Find the smooth areas of an image, and share the pixels of the outlines among them.

    Args:
        pixels: (height, width, 3 or 4).
        file: What is known of the pixels before they were compressed, if they were.
        overlays: Whether soft shades may lie on areas; if not, they are areas of their own.
    """
    if (cells := find_cells(pixels)) is not None:
        return cells
    if file is not None and (before := _before_compression(pixels, file, overlays)).error < _CLOSE:
        return before
    found, seeds = _smooth_areas(pixels, _SMOOTH, overlays)
    noise = noise_in(pixels, found, seeds)
    if is_noisy(noise) and (behind := _behind_noise(pixels, overlays)).error < _CLOSE:
        shaded = any(area.overlays for area in found.areas)
        # Dithered shades are not blurred: what they lie under would run into them.
        if not shaded or _error_after_blur(found, pixels).error > behind.error:
            return _with_details(pixels, behind)
    return add_details(pixels, found, seeds, levels_for(noise))


def _before_compression(pixels: Floats, file: Compressed, overlays: bool) -> Areas:
    """The areas of an image behind the noise of its compression, with what the file says is missing from them."""
    behind = _behind_noise(pixels, overlays)
    outlines = _near_outlines(behind)
    smooth = ~outlines & _flat(pixels, _SMOOTH_COMPRESSED)
    detailed = add_details(file.restored(behind.modelled), behind, smooth, SEEN, file)
    detailed = with_colours_of_file(detailed, file)
    cornered = _with_corners(file.nearest(detailed.modelled), behind, detailed)
    return _error_after_blur(without_tints(cornered, file), pixels)


def _with_corners(pixels: Floats, behind: Areas, detailed: Areas) -> Areas:
    """Areas with the corners that went with noise in their place, where they were found as details.

    Args:
        pixels: (height, width, 3), what was before compression.
        behind: What was found behind noise.
        detailed: The same with details.
    """
    fine = np.array([area.fine for area in detailed.areas])
    parts, count = ndimage.label(fine[detailed.labels] | fine[detailed.neighbours], np.ones((3, 3), bool))
    seeds = np.where(parts > 0, 0, behind.labels + 1)
    shared = Areas.of(pixels, *share_outlines(pixels, seeds, behind.areas), behind.areas, behind.sure)
    energies = np.bincount(parts.ravel(), (shared.errors * pixels.shape[2]).ravel(), count + 1)
    corners = (energies < SEEN[0][2])[parts] & (parts > 0)
    labels, neighbours, shares = (
        np.where(corners, new, old)
        for new, old in (
            (shared.labels, detailed.labels),
            (shared.neighbours, detailed.neighbours),
            (shared.shares, detailed.shares),
        )
    )
    return Areas.of(pixels, labels, neighbours, shares, detailed.areas, detailed.sure)


def _smooth_areas(pixels: Floats, smooth: float, overlays: bool) -> tuple[Areas, NDArray[np.bool_]]:
    """The smooth areas of an image, and which of its pixels are surely in them."""
    seeds = _connected(_flat(pixels, smooth), pixels)
    sizes = np.bincount(seeds.ravel())
    sizes[0] = 0
    kept = np.flatnonzero(sizes >= _MIN_AREA)
    numbers = np.zeros(len(sizes), np.int64)
    numbers[kept] = np.arange(1, len(kept) + 1)
    seeds = numbers[seeds]
    sure = float((seeds > 0).mean())
    if not len(kept):
        mean = pixels.mean(axis=(0, 1))
        none = np.zeros(pixels.shape[:2], np.int64)
        whole = np.ones(pixels.shape[:2], np.float32)
        return Areas.of(pixels, none, none, whole, [Area(mean)], sure), seeds > 0
    shades = _fills(pixels, seeds, len(kept), overlays)
    seeds, areas = shades.seeds, shades.areas
    labels, neighbours, shares = share_outlines(pixels, seeds, areas)
    shades.soften(labels, neighbours, shares)
    return Areas.of(pixels, labels, neighbours, shares, areas, sure), seeds > 0


def _behind_noise(pixels: Floats, overlays: bool) -> Areas:
    """The areas behind the noise that lossy compression leaves; fine lines are lost."""
    found, _ = _smooth_areas(
        ndimage.median_filter(pixels, size=(_COMPRESSION_NOISE, _COMPRESSION_NOISE, 1)), _SMOOTH_COMPRESSED, overlays
    )
    # Not the error against the median: that has no fine lines, and what has none is no better for it.
    return _error_after_blur(found, pixels)


def _error_after_blur(areas: Areas, pixels: Floats) -> Areas:
    """The same areas, with the error that is left once both are blurred, so that noise hardly counts."""
    left = ndimage.gaussian_filter(areas.modelled - pixels, (_BLUR, _BLUR, 0))
    return replace(areas, error=float(np.mean(left**2)))


def _near_outlines(areas: Areas) -> NDArray[np.bool_]:
    return np.asarray(ndimage.binary_dilation(areas.shares < 1, np.ones((3, 3), bool), iterations=2))


def _with_details(pixels: Floats, behind: Areas) -> Areas:
    """Areas that were found behind noise, with the fine lines and the lettering that went with it."""
    outline = _near_outlines(behind)
    # What is off there is what compression has left of the outline.
    searched = np.where(outline[..., None], behind.modelled, pixels)
    detailed = add_details(searched, behind, ~outline & _flat(pixels, _SMOOTH_COMPRESSED), SEEN_IN_NOISE)
    detailed = _error_after_blur(detailed, pixels)
    return detailed if detailed.error < _WORTH * behind.error else behind


def smooth_share(pixels: Floats) -> float:
    """The share of an image's pixels that are in smooth areas or next to them: a quick check before `find_areas`."""
    if find_cells(pixels) is not None:
        return 1.0
    return float(ndimage.binary_dilation(_flat(pixels, _SMOOTH), np.ones((3, 3), bool)).mean())


def _flat(pixels: Floats, smooth: float) -> NDArray[np.bool_]:
    """Pixels that hardly differ from any of their four neighbours, or as much as on the other side.

    Those of outlines differ more from one at least.
    """
    flat = np.ones(pixels.shape[:2], bool)
    for axis in (0, 1):
        step = np.diff(pixels, axis=axis)
        small = farthest(step)
        bend = farthest(np.diff(step, axis=axis))
        # Steep slopes are smooth where they go on; at the image's edge there is no other side.
        even = (bend < _BEND) & (np.maximum(small[1:], small[:-1]) < _STEEP if axis == 0 else
                                 np.maximum(small[:, 1:], small[:, :-1]) < _STEEP)  # fmt: skip
        gentle = small < smooth
        both = np.ones(pixels.shape[:2], bool)
        if axis == 0:
            both[1:] &= gentle
            both[:-1] &= gentle
            both[1:-1] |= even
        else:
            both[:, 1:] &= gentle
            both[:, :-1] &= gentle
            both[:, 1:-1] |= even
        flat &= both
    return flat


def _connected(smooth: NDArray[np.bool_], pixels: Floats) -> Labels:
    """Smooth areas, numbered from 1. Clear pixels are in areas of their own, whatever fades next to them."""
    if pixels.shape[2] == len("rgb"):
        return np.asarray(ndimage.label(smooth)[0], np.int64)
    clear = pixels[..., 3] < _CLEAR
    seen, count = ndimage.label(smooth & ~clear)
    rest, _ = ndimage.label(smooth & clear)
    return np.asarray(np.where(rest > 0, rest + count, seen), np.int64)


def _fills(pixels: Floats, seeds: Labels, count: int, overlays: bool) -> Shades:
    """What each area is filled with: one colour, the simplest gradient that is worth it, or layers of a shade."""
    flat = seeds.ravel()
    order = np.argsort(flat, kind="stable")
    limits = np.searchsorted(flat[order], np.arange(1, count + 2))
    members = [order[begin:end] for begin, end in pairwise(limits)]
    colours = pixels.reshape(-1, pixels.shape[2])
    means, errors = [], np.empty(count)
    for number, member in enumerate(members):
        own = colours[member].astype(np.float64)
        means.append(own.mean(axis=0).astype(np.float32))
        errors[number] = ((own - means[number]) ** 2).sum(axis=1).mean()
    shades = Shades.of(seeds, [Area(mean) for mean in means])
    graded = sorted(np.flatnonzero(errors > _GRADIENT_ERROR).tolist(), key=lambda number: -len(members[number]))
    known: list[Gradient] = []
    todo = [(number, members[number]) for number in graded]
    rank = 0
    while rank < len(todo):
        number, member = todo[rank]
        rank += 1
        rows, columns = np.divmod(member, pixels.shape[1])
        places = np.stack([columns + 0.5, rows + 0.5], axis=1)
        own = colours[member].astype(np.float64)
        mean = own.mean(axis=0)
        error = float(((own - mean) ** 2).sum(axis=1).mean())
        found = _gradient(places, own, error, known if rank <= _MAX_GRADIENTS else None)
        if found is not None:
            shades.areas[number] = Area(mean.astype(np.float32), found[0])
        cells = np.stack([rows, columns], axis=1)
        soft = None
        if overlays and rank <= _MAX_GRADIENTS:
            soft = area_with_shades(places, own, cells, seeds, found, error)
        if soft is not None:
            shades.cover(number, member, *soft)
            continue
        close = found is not None and found[1] <= _SOFT_ERROR
        if rank > _MAX_GRADIENTS or error <= _SHADED or (close and not differs_in_parts(places, own, cells, found)):
            continue
        split = split_of(places, own, cells, seeds.shape)
        if split is not None and split.good and (not close or is_worth(split, places, own, found)):
            shades.split(number, member, split)
        elif close:
            continue
        elif split is not None and splits_further(split, places, own, cells, seeds.shape):
            todo += shades.split(number, member, split)
        elif (pieces := in_pieces(places, own)) is not None:
            shades.cut(number, member, *pieces)
        elif (layers := find_layers(cells, own, seeds.shape)) is not None:
            shades.add(number, cells, layers)
        elif split is not None and not split.flat:
            todo += shades.split(number, member, split)
    return shades


def _gradient(
    places: Doubles, colours: Doubles, error: float, known: list[Gradient] | None
) -> tuple[Gradient, float] | None:
    """The gradient of an area, if it is worth it; one that is known already, if that will do.

    Args:
        places, colours: Of its pixels.
        error: Mean of their squared differences from their mean.
        known: What other areas have; new ones are added. None for only simple ones.
    """
    for gradient in known or ():
        left = ((gradient.at(*places.T)[:, : colours.shape[1]] - colours) ** 2).sum(axis=1).mean()
        if left < _SAME_GRADIENT and left * _GRADIENT_GAIN <= error:
            return gradient, float(left)
    simple = _two_colours(places, colours, error)
    if simple is not None and simple[1] < _SAME_GRADIENT:
        found: tuple[Gradient, float] | None = simple
    else:
        fitted = fit_gradient(places, colours) if known is not None else None
        found = min((one for one in (simple, fitted) if one is not None), key=itemgetter(1), default=None)
    if found is None or found[1] * _GRADIENT_GAIN > error:
        return None
    if known is not None:
        known.append(found[0])
    return found


def _two_colours(places: Doubles, colours: Doubles, error: float) -> tuple[Gradient, float] | None:
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
    drawn = gradient.at(*places.T)[:, : colours.shape[1]]
    return gradient, float(((drawn - colours) ** 2).sum(axis=1).mean())


def share_outlines(pixels: Floats, seeds: Labels, areas: list[Area]) -> tuple[Labels, Labels, Floats]:
    """Give every pixel of an outline to the two areas near it whose mixture it is."""
    height, width, _ = pixels.shape
    distance, (near_row, near_column) = ndimage.distance_transform_edt(seeds == 0, return_indices=True)
    labels = seeds[near_row, near_column] - 1
    neighbours = labels.copy()
    shares = np.ones((height, width), np.float32)
    rows, columns = np.nonzero(distance > 0)
    if not len(rows):
        return labels, neighbours, shares
    x, y = columns + 0.5, rows + 0.5
    own = pixels[rows, columns]
    padded = np.pad(seeds, _REACH, mode="constant")
    offsets = [
        (dy, dx)
        for dy in range(-_REACH, _REACH + 1)
        for dx in range(-_REACH, _REACH + 1)
        if 0 < dx * dx + dy * dy <= _REACH * _REACH + 1
    ]
    candidates = np.stack([padded[rows + _REACH + dy, columns + _REACH + dx] for dy, dx in offsets]) - 1
    colours = [colours_at(areas, np.maximum(numbers, 0), x, y) for numbers in candidates]
    reach = np.array([dy * dy + dx * dx for dy, dx in offsets], np.float32)

    first = labels[rows, columns]
    best = np.full(len(rows), np.inf, np.float32)
    best_pair = np.stack([first, first])
    best_share = np.ones(len(rows), np.float32)
    first_colour = colours_at(areas, first, x, y)
    best[:] = ((own - first_colour) ** 2).sum(axis=1)
    for numbers, colour, far in zip(candidates, colours, reach, strict=True):
        axis = first_colour - colour
        length = (axis**2).sum(axis=1)
        share = (((own - colour) * axis).sum(axis=1) / np.maximum(length, 1e-6)).clip(0, 1)
        error = ((own - colour - share[:, None] * axis) ** 2).sum(axis=1) + 1e-5 * far
        better = (numbers >= 0) & (numbers != first) & (error < best)
        best[better] = error[better]
        best_pair[1, better] = numbers[better]
        best_share[better] = share[better]
    swap = best_share < 0.5
    labels[rows, columns] = np.where(swap, best_pair[1], best_pair[0])
    neighbours[rows, columns] = np.where(swap, best_pair[0], best_pair[1])
    shares[rows, columns] = np.where(swap, 1 - best_share, best_share)
    return labels, neighbours, shares
