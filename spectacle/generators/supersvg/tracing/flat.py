"""Finds the areas of one colour, or of one gradient, that a logo or an illustration is made of."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spectacle.generators.supersvg.arrays import Floats, Labels, farthest
from spectacle.generators.supersvg.tracing.area_fills import find_fills
from spectacle.generators.supersvg.tracing.areas import Area, Areas, colours_at, fills_for
from spectacle.generators.supersvg.tracing.details import (
    SEEN,
    SEEN_IN_NOISE,
    add_details,
    is_noisy,
    levels_for,
    noise_in,
)
from spectacle.generators.supersvg.tracing.fill_kernels import share_pixels
from spectacle.generators.supersvg.tracing.filters import median
from spectacle.generators.supersvg.tracing.jpeg import Compressed
from spectacle.generators.supersvg.tracing.pixel_art import find_cells
from spectacle.generators.supersvg.tracing.recolour import with_colours_of_file, without_tints
from spectacle.generators.supersvg.tracing.seams import without_seams
from spectacle.generators.supersvg.tracing.untold import best_mixed, leaves_more

_SMOOTH = 6 / 255
"""Neighbours in one area differ by less, in every channel: gradients do, outlines do not."""

_STEEP, _BEND = 16 / 255, 3.6 / 255
"""On slopes of soft shades neighbours may differ by the first, if that changes by no more than the second."""

_CLEAR = 0.5 / 255

_SMOOTH_COMPRESSED = 10 / 255
_CLEANED = 5
"""Side of the median filter that takes the noise of compression away."""

_MIN_AREA = 6
"""Smaller areas of smooth pixels are considered parts of an outline."""

_MOSTLY_SMOOTH = 0.7
"""Soft shades are looked for where more of an image is in smooth areas: they take seconds in photographs."""

_REACH = 3
"""How far from an area, in pixels, its anti-aliased outline may be found."""

_CORNER = 3
"""What is in so many pixels across and down of an image's corners is its page."""

_CLEARLY = 1e-4
"""By how much the squared error is less where a pixel at an edge of the image shows the page."""

_BLUR = 1.0
"""Standard deviation in pixels of the blur after which noise is hardly seen any more, and fine lines still are."""

_CLOSE = 0.0005
"""Mean squared error, after that blur, below which the areas behind the noise of compression are enough."""

_FAR_OFF = 2 * _CLOSE
"""Mean squared error of smooth pixels without noise above which details do not help any more."""

_LENIENT = 1.25
"""By this factor what areas leave in any case may be above a limit that it is compared with."""

_WORTH = 0.5
"""Details behind noise are real where they leave less than this share of the error."""

MostError = Callable[[float, int], float]
"""Gives the mean squared error up to which areas are of use, from the share of an image's pixels that are in smooth
areas, and from how many areas there are at least."""


def any_error(sure: float, count: int) -> float:
    """No limit, as `MostError`."""
    return math.inf


def find_areas(pixels: Floats, file: Compressed | None = None, *, overlays: bool = True) -> Areas:
    """Find the smooth areas of an image, and share the pixels of the outlines among them.

    Args:
        pixels: (height, width, 3 or 4).
        file: What is known of the pixels before they were compressed, if they were.
        overlays: Whether soft shades may lie on areas; if not, they are areas of their own.
    """
    found = find_areas_within(pixels, file, any_error, overlays=overlays)
    assert found is not None
    return found


def find_areas_within(
    pixels: Floats, file: Compressed | None, most_error: MostError, *, overlays: bool = True
) -> Areas | None:
    """The same, or None as soon as it is certain that their error is above a limit: most photographs show it early.

    Args:
        pixels, file, overlays: As for `find_areas`.
        most_error: Gives that limit.
    """
    if (cells := find_cells(pixels)) is not None:
        return cells
    behind = cache(lambda: _behind_noise(pixels, overlays, close=file is None))
    if file is not None and (under := behind()) is not None:
        before = _before_compression(pixels, under, file)
        if before.error < _CLOSE:
            return before
    smooth = _smooth_areas(pixels, _SMOOTH, most_error, overlays)
    if smooth is None:
        if (under := behind()) is None or under.error >= _CLOSE:
            return None
        smooth = _smooth_areas(pixels, _SMOOTH, any_error, overlays)
    assert smooth is not None
    found, seeds = smooth
    noise = noise_in(pixels, found, seeds)
    if is_noisy(noise) and (under := behind()) is not None and under.error < _CLOSE:
        shaded = any(area.overlays for area in found.areas)
        # Dithered shades are not blurred: what they lie under would run into them.
        if not shaded or _error_after_blur(found, pixels).error > under.error:
            return _with_details(pixels, under)
    return add_details(*without_seams(pixels, found, seeds), seeds, levels_for(noise))


def _before_compression(pixels: Floats, behind: Areas, file: Compressed) -> Areas:
    """The areas of an image behind the noise of its compression, with what the file says is missing from them."""
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


def _smooth_areas(
    pixels: Floats, smooth: float, most_error: MostError, overlays: bool
) -> tuple[Areas, NDArray[np.bool_]] | None:
    """The smooth areas of an image, and which of its pixels are surely in them; None if their error is too great."""
    seeds, count, sure = _seeds(pixels, smooth)
    most = most_error(sure, count)
    if count and math.isfinite(most) and leaves_more(pixels, seeds, _LENIENT * most):
        return None
    return _filled(pixels, seeds, count, sure, most, overlays)


def _seeds(pixels: Floats, smooth: float) -> tuple[Labels, int, float]:
    """The smooth areas numbered from 1, with 0 for outlines, how many, and the share of the pixels in them."""
    seeds = _connected(_flat(pixels, smooth), pixels)
    sizes = np.bincount(seeds.ravel())
    sizes[0] = 0
    kept = np.flatnonzero(sizes >= _MIN_AREA)
    numbers = np.zeros(len(sizes), np.int64)
    numbers[kept] = np.arange(1, len(kept) + 1)
    seeds = numbers[seeds]
    return seeds, len(kept), float((seeds > 0).mean())


def _filled(
    pixels: Floats, seeds: Labels, count: int, sure: float, most: float, overlays: bool
) -> tuple[Areas, NDArray[np.bool_]] | None:
    """The areas of an image with their fills, as for `_smooth_areas`."""
    if not count:
        mean = pixels.mean(axis=(0, 1))
        none = np.zeros(pixels.shape[:2], np.int64)
        whole = np.ones(pixels.shape[:2], np.float32)
        return Areas.of(pixels, none, none, whole, [Area(mean)], sure), seeds > 0
    overlays = overlays and sure > _MOSTLY_SMOOTH
    shades = find_fills(pixels, seeds, count, most, overlays=overlays)
    if shades is None:
        return None
    seeds, areas = shades.seeds, shades.areas
    labels, neighbours, shares = share_outlines(pixels, seeds, areas)
    shades.soften(labels, neighbours, shares)
    return Areas.of(pixels, labels, neighbours, shares, areas, sure), seeds > 0


def _behind_noise(pixels: Floats, overlays: bool, *, close: bool) -> Areas | None:
    """The areas behind the noise that lossy compression leaves, if they are near enough; fine lines are lost.

    Args:
        pixels: (height, width, 3 or 4).
        overlays: Whether soft shades may lie on areas.
        close: Whether areas that are not close are of no use.
    """
    clean = median(pixels, _CLEANED)
    seeds, count, sure = _seeds(clean, _SMOOTH_COMPRESSED)
    if close and count and _blurred_error(best_mixed(clean, seeds)[0], pixels) > _LENIENT * _CLOSE:
        return None
    found = _filled(clean, seeds, count, sure, _FAR_OFF, overlays)
    # Not the error against the median: that has no fine lines, and what has none is no better for it.
    return None if found is None else _error_after_blur(found[0], pixels)


def _error_after_blur(areas: Areas, pixels: Floats) -> Areas:
    """The same areas, with the error that is left once both are blurred, so that noise hardly counts."""
    return replace(areas, error=_blurred_error(areas.modelled, pixels))


def _blurred_error(modelled: Floats, pixels: Floats) -> float:
    return float(np.mean(ndimage.gaussian_filter(modelled - pixels, (_BLUR, _BLUR, 0)) ** 2))


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
    first = labels[rows, columns]
    others, part = share_pixels(fills_for(areas), seeds, _REACH, pixels, rows, columns, first)
    _end_at_edges(pixels, seeds, areas, (rows, columns), first, others, part)
    swap = part < 0.5
    labels[rows, columns] = np.where(swap, others, first)
    neighbours[rows, columns] = np.where(swap, first, others)
    shares[rows, columns] = np.where(swap, 1 - part, part)
    return labels, neighbours, shares


def _end_at_edges(
    pixels: Floats,
    seeds: Labels,
    areas: list[Area],
    places: tuple[Labels, Labels],
    first: Labels,
    others: Labels,
    part: Floats,
) -> None:
    """Write what is in the image's corners for the other area of pixels at its edges, where that does better.

    What ends within the outermost pixels is mixed with a page of which hardly anything is to be seen there.
    """
    height, width = seeds.shape
    corners = np.concatenate([side[:, ends].ravel() for side in (seeds[:_CORNER], seeds[-_CORNER:])
                              for ends in (slice(None, _CORNER), slice(-_CORNER, None))])  # fmt: skip
    if not corners.any():
        return
    page = int(np.bincount(corners[corners > 0]).argmax()) - 1
    rows, columns = places
    inside = np.minimum(np.minimum(rows, height - 1 - rows), np.minimum(columns, width - 1 - columns))
    chosen = np.flatnonzero((inside < _REACH) & (first != page))
    own = pixels[rows[chosen], columns[chosen]]
    x, y = columns[chosen] + 0.5, rows[chosen] + 0.5
    base, other = (colours_at(areas, numbers[chosen], x, y) for numbers in (first, others))
    ground = areas[page].colour
    axis = base - ground
    share = (((own - ground) * axis).sum(axis=1) / np.maximum((axis**2).sum(axis=1), 1e-6)).clip(0, 1)
    before = ((other + part[chosen, None] * (base - other) - own) ** 2).sum(axis=1)
    better = ((ground + share[:, None] * axis - own) ** 2).sum(axis=1) < before - _CLEARLY
    others[chosen[better]], part[chosen[better]] = page, share[better]
