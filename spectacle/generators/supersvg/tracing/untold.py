"""Tells what areas leave of an image at least, before it is known what they are filled with."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from spectacle.generators.supersvg.arrays import Floats, Labels, farthest
from spectacle.generators.supersvg.tracing.area_fills import GRADIENT_ERROR
from spectacle.generators.supersvg.tracing.details import levels_for
from spectacle.generators.supersvg.tracing.sharpness import are_sharp, contrast_around

_REACH = 3
"""How far from a pixel of an outline, in pixels, the areas are whose mixture it may be."""

_AROUND = np.ones((3, 3), bool)


def leaves_more(pixels: Floats, seeds: Labels, most: float) -> bool:
    """Whether areas of an image leave more, with their details, than a mean squared error, whatever fills they have.

    Smooth areas may be filled with what they show: what counts is what no details say on the outlines.

    Args:
        pixels: (height, width, channels).
        seeds: (height, width), the smooth areas numbered from 1; 0 for outlines.
        most: The mean squared error.
    """
    mixed, nearest = best_mixed(pixels, seeds)
    left = pixels - mixed
    if _mean_square(left) <= most:
        return False
    for seen, clear, energy in levels_for(_least_noise(pixels, seeds)):
        while (size := farthest(left)).max() > seen:
            parts, count = ndimage.label(size > seen, _AROUND)
            peaks = np.asarray(ndimage.maximum(size, parts, np.arange(count + 1)))
            details = np.bincount(parts.ravel(), (left**2).sum(axis=2).ravel()) >= energy
            details &= (peaks >= clear) & are_sharp(pixels, parts, contrast_around(size, nearest, parts > 0))
            details[0] = False
            if not details.any():
                break
            # A detail may have any colour, and cover what is next to it in part.
            left[ndimage.binary_dilation(details[parts], _AROUND)] = 0
            if _mean_square(left) <= most:
                return False
    return True


def _mean_square(left: Floats) -> float:
    return float(np.mean(left**2, dtype=np.float64))


def best_mixed(pixels: Floats, seeds: Labels) -> tuple[Floats, Labels]:
    """An image whose areas are filled with what they show, and whose outlines are the best mixtures of two of them.

    Hardly any fills of the areas say more of it.

    Args:
        pixels: (height, width, channels).
        seeds: (height, width), the areas numbered from 1; 0 for outlines.

    Returns:
        (height, width, channels) and (height, width) the number of the nearest area.
    """
    mixed = pixels.copy()
    rows, columns = np.nonzero(seeds == 0)
    if not len(rows) or len(rows) == seeds.size:
        return mixed, seeds
    near = ndimage.distance_transform_edt(seeds == 0, return_distances=False, return_indices=True)
    nearest = seeds[near[0], near[1]]
    first, own = nearest[rows, columns], pixels[rows, columns]
    base = pixels[near[0][rows, columns], near[1][rows, columns]]
    best, least = base.copy(), ((own - base) ** 2).sum(axis=1)
    around = np.pad(pixels, ((_REACH, _REACH), (_REACH, _REACH), (0, 0)))
    numbers = np.pad(seeds, _REACH)
    for down in range(2 * _REACH + 1):
        for across in range(2 * _REACH + 1):
            if (down - _REACH) ** 2 + (across - _REACH) ** 2 > _REACH**2 + 1:
                continue
            number = numbers[rows + down, columns + across]
            other = np.flatnonzero((number > 0) & (number != first))
            colour = around[rows[other] + down, columns[other] + across]
            axis, seen = base[other] - colour, own[other] - colour
            share = ((seen * axis).sum(axis=1) / np.maximum((axis**2).sum(axis=1), 1e-6)).clip(0, 1)[:, None]
            error = ((seen - share * axis) ** 2).sum(axis=1)
            better = error < least[other]
            chosen = other[better]
            least[chosen], best[chosen] = error[better], (colour + share * axis)[better]
    mixed[rows, columns] = best
    return mixed, nearest


def _least_noise(pixels: Floats, seeds: Labels) -> float:
    """The least that `noise_in` may find, as some areas may turn out to have one colour, and others surely do."""
    numbers, count = seeds.ravel(), int(seeds.max()) + 1
    sizes = np.maximum(np.bincount(numbers, minlength=count), 1)
    spread = np.zeros(count)
    for channel in pixels.reshape(-1, pixels.shape[2]).T.astype(np.float64):
        mean = np.bincount(numbers, channel, count) / sizes
        spread += np.bincount(numbers, channel**2, count) / sizes - mean**2
    beside = (seeds[:, 1:] == seeds[:, :-1]) & (seeds[:, 1:] > 0)
    own = seeds[:, 1:][beside]
    pairs = np.bincount(own, minlength=count)
    differ = np.bincount(own, (pixels[:, 1:] != pixels[:, :-1]).any(axis=2)[beside], count)
    plain = spread <= GRADIENT_ERROR
    unsure = np.flatnonzero(~plain & (pairs > 0))
    unsure = unsure[np.argsort(differ[unsure] / pairs[unsure], kind="stable")]
    some = np.append(0, differ[unsure].cumsum()) + differ[plain].sum()
    return float((some / np.maximum(np.append(0, pairs[unsure].cumsum()) + pairs[plain].sum(), 1)).min())
