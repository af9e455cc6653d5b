"""Finds the areas of one colour, or of one gradient, that a logo or an illustration is made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spectacle.generators.supersvg.arrays import Floats, Labels, Reals
from spectacle.generators.supersvg.tracing.areas import Area, Areas, colours_at
from spectacle.generators.supersvg.tracing.details import add_details, is_noisy
from spectacle.generators.supersvg.tracing.pixel_art import find_cells

_SMOOTH = 6 / 255
"""Neighbours in one area differ by less, in every channel: gradients do, outlines do not."""

_SMOOTH_COMPRESSED = 10 / 255
_COMPRESSION_NOISE = 5
"""Side of the median filter that takes away what JPEG leaves around outlines."""

_MIN_AREA = 6
"""Smaller areas of smooth pixels are taken for parts of an outline."""

_REACH = 3
"""How far from an area, in pixels, its anti-aliased outline may be found."""

_CLOSE = 0.001
"""Mean squared error below which the areas behind the noise of compression are enough."""

_GRADIENT_GAIN = 3.0
"""How many times a gradient must lower the squared error of an area to be worth its bytes."""

_FADING = 0.03
"""A gradient may change the opacity by this much: it is drawn with one opacity."""

_GRADIENT_ERROR = (2.5 / 255) ** 2


def find_areas(pixels: Floats, *, compressed: bool = False) -> Areas:
    """Find the smooth areas of a picture, and share the pixels of the outlines among them.

    Args:
        pixels: (height, width, 3 or 4).
        compressed: Look for areas behind the noise that lossy compression leaves; fine lines are lost.
    """
    if (cells := find_cells(pixels)) is not None:
        return cells
    if compressed:
        pixels = ndimage.median_filter(pixels, size=(_COMPRESSION_NOISE, _COMPRESSION_NOISE, 1))
    smooth = _flat(pixels, _SMOOTH_COMPRESSED if compressed else _SMOOTH)
    seeds = np.asarray(ndimage.label(smooth)[0], np.int64)
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
        return Areas.of(pixels, none, none, whole, [Area(mean, mean, (0, 0, 0, 0))], sure)
    areas = _fills(pixels, seeds, len(kept))
    labels, neighbours, shares = _share(pixels, seeds, areas)
    found = Areas.of(pixels, labels, neighbours, shares, areas, sure)
    if compressed:
        return found
    noisy = is_noisy(pixels, found, seeds > 0)
    if noisy and (behind := find_areas(pixels, compressed=True)).error < _CLOSE:
        return behind
    return add_details(pixels, found, seeds > 0, noisy=noisy)


def smooth_share(pixels: Floats) -> float:
    """The share of a picture's pixels that lie in smooth areas or beside: a quick look before `find_areas`."""
    if find_cells(pixels) is not None:
        return 1.0
    return float(ndimage.binary_dilation(_flat(pixels, _SMOOTH), np.ones((3, 3), bool)).mean())


def _flat(pixels: Floats, smooth: float) -> NDArray[np.bool_]:
    """Pixels that hardly differ from any of their four neighbours: those of outlines differ from one at least."""
    across = np.abs(np.diff(pixels, axis=1)).max(axis=2) < smooth
    down = np.abs(np.diff(pixels, axis=0)).max(axis=2) < smooth
    flat = np.ones(pixels.shape[:2], bool)
    flat[:, 1:] &= across
    flat[:, :-1] &= across
    flat[1:] &= down
    flat[:-1] &= down
    return flat


def _fills(pixels: Floats, seeds: Labels, count: int) -> list[Area]:
    rows, columns = np.nonzero(seeds)
    label = seeds[rows, columns] - 1
    colour = pixels[rows, columns].astype(np.float64)
    x, y = columns + 0.5, rows + 0.5
    sizes = np.bincount(label, minlength=count)

    def mean(values: Reals) -> Reals:
        return np.asarray(np.bincount(label, values, minlength=count) / sizes)

    centre_x, centre_y = mean(x), mean(y)
    dx, dy = x - centre_x[label], y - centre_y[label]
    means = np.stack([mean(channel) for channel in colour.T], axis=1)
    rest = colour - means[label]
    errors = mean((rest**2).sum(axis=1))
    spread = np.empty((count, 2, 2))
    spread[:, 0, 0], spread[:, 1, 1] = mean(dx * dx) + 1e-3, mean(dy * dy) + 1e-3
    spread[:, 0, 1] = spread[:, 1, 0] = mean(dx * dy)
    covariances = np.stack([[mean(channel * offset) for channel in rest.T] for offset in (dx, dy)])
    slopes = np.einsum("nij,jcn->nic", np.linalg.inv(spread), covariances)
    areas = []
    for number in range(count):
        middle = means[number].astype(np.float32)
        plain = Area(middle, middle, (0, 0, 0, 0))
        if errors[number] > _GRADIENT_ERROR:
            own = label == number
            offsets = np.stack([dx[own], dy[own]], axis=1)
            centre = float(centre_x[number]), float(centre_y[number])
            plain = _gradient(slopes[number], offsets, rest[own], errors[number], plain, centre)
        areas.append(plain)
    return areas


def _gradient(
    slope: Reals, offsets: Reals, rest: Reals, error: float, plain: Area, centre: tuple[float, float]
) -> Area:
    """The linear gradient along the direction in which the colours change most, if it is worth it."""
    left, strength, _ = np.linalg.svd(slope)
    direction = left[:, 0]
    if strength[0] == 0:
        return plain
    along = offsets @ direction
    first, last = float(along.min()), float(along.max())
    if last - first < 1:
        return plain
    change = (along[:, None] * rest).sum(axis=0) / (along**2).sum()
    left_over = ((rest - along[:, None] * change) ** 2).sum(axis=1).mean()
    fades = len(change) == 4 and abs(change[3]) * (last - first) > _FADING
    if fades or left_over * _GRADIENT_GAIN > error:
        return plain
    ends = [(plain.colour + place * change).clip(0, 1).astype(np.float32) for place in (first, last)]
    (x0, y0), (x1, y1) = (np.array(centre) + place * direction for place in (first, last))
    return Area(ends[0], ends[1], (float(x0), float(y0), float(x1), float(y1)))


def _share(pixels: Floats, seeds: Labels, areas: list[Area]) -> tuple[Labels, Labels, Floats]:
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
