"""Finds the few colours of an artwork behind noise, and the areas that have them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.cluster.vq import kmeans2

from spectacle.generators.supersvg.arrays import Floats, Labels, farthest
from spectacle.generators.supersvg.tracing.areas import Area, Areas
from spectacle.generators.supersvg.tracing.details import SEEN_IN_NOISE, add_details
from spectacle.generators.supersvg.tracing.filters import median
from spectacle.generators.supersvg.tracing.flat import share_outlines

_SIDES = (3, 5)
"""Sides of the median filters that take noise away: as little as will do."""

_FLAT = 0.1
"""Colours around a pixel of an area differ by less, in every channel, once the noise is gone."""

_MIN_FLAT = 0.5
"""The share of an artwork's pixels that lie in areas of one colour."""

_SAME = 0.07
"""Colours that differ by less, in every channel, are one."""

_NEAR = 0.035, _SAME
"""The same for the colours of areas: of noise they may be farther apart, but a pale panel on white is no noise."""

_MAX_BESIDE = 2
"""So many pairs of colours may be so near to each other; the bands of a gradient, or of uneven light, are more."""

_MAX_SPREAD = 0.015
"""How far, on average, flat pixels may be from their colour; those of gradients are farther."""

_MAX_COLOURS = 24
_MIN_SHARE = 0.0015
"""Colours of fewer flat pixels are left to the details."""

_MAX_STRANGE = 0.02
"""The share of flat pixels that may have none of the colours; those of gradients are more."""

_TRIALS = (SEEN_IN_NOISE, ((0.15, 0.22, 0.6),), ((0.06, 0.09, 0.6),))
"""Details are looked for in as much noise as strong compression leaves, and in less: pale lines are seen only there."""

_BINS = 32
_MIN_AREA = 16
_MAX_AREAS = 200
"""Uneven paper gives more areas than these."""

_SAMPLE = 20_000
_STRIPE, _STRIPES_APART, _MIN_STRIPES = 4, 32, 8
"""Rows of each stripe that is looked at first, rows from one to the next, and how many there are at least."""

_LENIENT = 1.5
"""By this factor what is seen in stripes may be off what is asked of the whole image."""

_BLUR = 1.0
_MAX_ERROR, _MANY_AREAS, _MAX_ERROR_MANY = 0.0006, 100, 0.0003
"""Mean squared error after that blur; of many areas it is less, or they are the texture of a dithered photograph."""
_LOST, _MAX_LOST = 0.15, 0.006
"""Pixels off by more than the first, after a blur, show something that was lost; and the share of them that may be."""


def find_colours(pixels: Floats) -> Areas | None:
    """The areas of an image of few colours, or None where it has more.

    Args:
        pixels: (height, width, 3 or 4).
    """
    for side in _SIDES:
        if not _may_be_few(pixels, side):
            continue
        clean, flat = _cleaned(pixels[None], side)
        clean, flat = clean[0], flat[0]
        if flat.mean() < _MIN_FLAT:
            continue
        seen = clean[flat]
        some = seen[:: max(1, len(seen) // _SAMPLE)]
        for near in _NEAR:
            colours = None if _palette(some, near) is None else _palette(seen, near)
            if colours is None:
                continue
            areas = _areas(pixels, clean, flat, colours)
            if areas is None:
                continue
            left = ndimage.gaussian_filter(areas.modelled - pixels, (_BLUR, _BLUR, 0))
            error = float(np.mean(left**2))
            lost = float((farthest(left) > _LOST).mean())
            most = _MAX_ERROR if len(areas.areas) < _MANY_AREAS else _MAX_ERROR_MANY
            if len(areas.areas) <= _MAX_AREAS and error < most and lost < _MAX_LOST:
                return replace(areas, error=error)
    return None


def _cleaned(stripes: Floats, side: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Stripes of an image without noise, and which of their pixels lie in areas of one colour.

    Args:
        stripes: (stripes, rows, width, channels).
        side: Of the median filter.
    """
    clean = np.stack([median(stripe, side) for stripe in stripes])
    around = (1, 3, 3, 1)
    range_ = ndimage.maximum_filter(clean, around) - ndimage.minimum_filter(clean, around)
    return clean, farthest(range_) < _FLAT


def _may_be_few(pixels: Floats, side: int) -> bool:
    """Whether an image may be one of few colours, by some of its rows: most photographs are told by these."""
    reach = side // 2 + 1
    tops = np.arange(0, len(pixels) - _STRIPE - 2 * reach, _STRIPES_APART)
    if len(tops) < _MIN_STRIPES:
        return True
    clean, flat = _cleaned(pixels[tops[:, None] + np.arange(_STRIPE + 2 * reach)], side)
    inner = slice(reach, reach + _STRIPE)
    clean, flat = clean[:, inner], flat[:, inner]
    if flat.mean() < _MIN_FLAT / _LENIENT:
        return False
    seen = clean[flat]
    some = seen[:: max(1, len(seen) // _SAMPLE)]
    return any(_palette(some, near, _LENIENT) is not None for near in _NEAR)


def reduced_to(pixels: Floats, colours: int | Floats, min_area: float) -> Areas:
    """The areas of an image whose every pixel has one of a few colours.

    Args:
        pixels: (height, width, 3), or 4 with the colours multiplied by the opacity.
        colours: How many there shall be at most, or (n, 3) which there are.
        min_area: Areas of fewer pixels become part of their neighbours.
    """
    cleaned, flats = _cleaned(pixels[None], _SIDES[0])
    clean, flat = cleaned[0], flats[0]
    clear = pixels.shape[2] > len("rgb")
    if isinstance(colours, int):
        chosen = _chosen(clean[flat] if flat.mean() > _MIN_FLAT else clean.reshape(-1, clean.shape[2]), colours)
    else:
        chosen = np.concatenate([colours, np.ones((len(colours), 1))], axis=1) if clear else colours
        chosen = np.concatenate([chosen, np.zeros((1, 4))]) if clear else chosen
    chosen = np.asarray(chosen, np.float32)
    off = np.stack([((clean - colour) ** 2).sum(axis=2) for colour in chosen])
    nearest = off.argmin(axis=0)
    seeds = np.zeros(nearest.shape, np.int64)
    own: list[int] = []
    for number in range(len(chosen)):
        parts, found = ndimage.label(ndimage.binary_opening(nearest == number, np.ones((2, 2), bool)))
        sizes = np.bincount(parts.ravel(), minlength=found + 1)
        kept = np.flatnonzero(sizes >= max(min_area, 1))
        kept = kept[kept > 0]
        names = np.zeros(found + 1, np.int64)
        names[kept] = len(own) + np.arange(1, len(kept) + 1)
        seeds += names[parts]
        own += [number] * len(kept)
    if not own:
        seeds[:] = 1
        own = [int(np.bincount(nearest.ravel()).argmax())]
    areas = [Area(chosen[number]) for number in own]
    labels, neighbours, shares = share_outlines(clean, seeds, areas)
    return Areas.of(pixels, labels, neighbours, shares, areas, 1.0)


def _chosen(flat: Floats, count: int) -> Floats:
    """At most so many colours near to those given: the commonest, if they are few, otherwise those of clusters."""
    few = _palette(flat, _SAME)
    if few is not None and len(few) <= count:
        return few
    sample = flat[:: max(1, len(flat) // _SAMPLE)].astype(np.float64)
    centres, owners = kmeans2(sample, min(count, len(sample)), minit="++", seed=1, iter=20)
    return np.asarray(centres[np.unique(owners)], np.float32)


def _palette(flat: Floats, same: float, lenient: float = 1.0) -> Floats | None:
    """(colours, channels): the colours of nearly all flat pixels, the commonest first; None if they are too many.

    Args:
        flat: (pixels, channels).
        same: Colours that differ by less, in every channel, are one.
        lenient: How many times as many pixels may have other colours, and how many times as far off they may be.
    """
    codes: Labels = (flat * (_BINS - 1) + 0.5).astype(np.int64) @ (_BINS ** np.arange(flat.shape[1]))
    left = np.ones(len(flat), bool)
    spread = 0.0
    colours: list[Floats] = []
    while left.any() and len(colours) < _MAX_COLOURS:
        commonest = np.bincount(codes[left]).argmax()
        colour = np.median(flat[left & (codes == commonest)], axis=0).astype(np.float32)
        near = left & (farthest(flat - colour) < same)
        if near.sum() < _MIN_SHARE * len(flat):
            break
        colours.append(flat[near].mean(axis=0))
        spread += float(farthest(flat[near] - colours[-1]).sum()) / len(flat)
        left &= ~near
    if not colours or left.mean() > lenient * _MAX_STRANGE or spread > lenient * _MAX_SPREAD:
        return None
    found = np.stack(colours)
    beside = np.abs(found[:, None] - found[None]).max(axis=2) < 2 * _SAME
    if same < _SAME and (beside.sum() - len(found)) // 2 > _MAX_BESIDE:
        return None
    return found


def _areas(pixels: Floats, clean: Floats, flat: Floats, colours: Floats) -> Areas | None:
    """The areas of an image that have these colours; None where all of them are too small, as in tiny images."""
    height, width = pixels.shape[:2]
    off = np.stack([farthest(clean - colour) for colour in colours])
    nearest = off.argmin(axis=0)
    seeds = np.zeros((height, width), np.int64)
    own: list[int] = []
    for number in range(len(colours)):
        parts, found = ndimage.label(flat & (nearest == number) & (off[number] < _SAME))
        sizes = np.bincount(parts.ravel(), minlength=found + 1)
        kept = np.flatnonzero(sizes >= _MIN_AREA)
        kept = kept[kept > 0]
        names = np.zeros(found + 1, np.int64)
        names[kept] = len(own) + np.arange(1, len(kept) + 1)
        seeds += names[parts]
        own += [number] * len(kept)
    if not own:
        return None
    areas = [Area(colours[number]) for number in own]
    soft = median(pixels, _SIDES[0])
    labels, neighbours, shares = share_outlines(soft, seeds, areas)
    found_areas = Areas.of(pixels, labels, neighbours, shares, areas, float((seeds > 0).mean()))
    # Where the median took a fine line away, the image is not smooth.
    smooth = (seeds > 0) & (farthest(pixels - clean) < _SAME)
    trials = [add_details(pixels, found_areas, smooth, least) for least in _TRIALS]
    return min(trials, key=lambda trial: trial.error)
