"""Cuts images into regions of similar colour, and finds those where an SVG is most wrong."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import slic

from spectacle.generators.supersvg.arrays import Doubles, Floats, Labels
from spectacle.generators.supersvg.raster.cpu import compiled

_COMPACTNESS = 0.3
_SIGMA = 0.7
_FINE = 24
"""Superpixels for each region that is wanted; fewer where many are."""

_MIN_FINE = 1500
_ENOUGH_FINE = 6000
_MIN_FINE_PER_REGION = 4
_MIN_GAIN = 0.002
"""Sum of squared errors that a shape must save: a dozen pixels wrong by two 8-bit steps."""

_ANY_GAIN = 1e300
"""More than any image is off by: regions are merged whatever shapes for them would save."""

_CLEAR = 0.1
"""Regions of less opacity are left clear."""


def segments(picture: Floats, count: int) -> Labels:
    """Number about `count` connected superpixels of similar colour and size from 0, (height, width)."""
    if count <= 1:
        return np.zeros(picture.shape[:2], np.int64)
    labels = slic(
        picture.astype(np.float32),
        n_segments=count,
        compactness=_COMPACTNESS,
        sigma=_SIGMA,
        max_num_iter=5,
        start_label=0,
        convert2lab=False,
        channel_axis=2,
    )
    return np.unique(labels, return_inverse=True)[1].reshape(labels.shape)


def neighbours(labels: Labels) -> Labels:
    """(pairs, 2): the numbers of regions that have a side of a pixel in common, the smaller one first, in order."""
    across = np.stack([labels[:, :-1].ravel(), labels[:, 1:].ravel()], axis=1)
    down = np.stack([labels[:-1].ravel(), labels[1:].ravel()], axis=1)
    pairs = np.sort(np.concatenate([across, down]), axis=1)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    codes = np.unique(pairs[:, 0] * (int(labels.max()) + 1) + pairs[:, 1])
    return np.stack(np.divmod(codes, int(labels.max()) + 1), axis=1)


def merged(labels: Labels, picture: Floats, count: int, error: Floats | None = None) -> Labels:
    """Merge neighbouring regions until there are `count`, always the two that add least to the squared error.

    The squared error is that of an image in which every region has its mean colour (Ward's criterion).

    Args:
        labels: (height, width), regions numbered from 0.
        picture: (height, width, channels).
        count: How many regions to leave.
        error: (height, width), what an SVG is off by at each pixel, squared. If given, two regions are only merged
            where one shape for both would save more than a shape for the better of the two.
    """
    sizes, sums = _totals(labels, picture)
    gains = np.full(len(sizes), _ANY_GAIN) if error is None else _gains(labels, picture, error)
    return np.unique(_merge(neighbours(labels), sizes, sums, gains, count), return_inverse=True)[1][labels]


@compiled
def _cost(sizes: Doubles, sums: Doubles, one: int, other: int) -> float:
    """By how much the squared error rises if two regions have one mean colour."""
    near, far = sizes[one], sizes[other]
    apart = 0.0
    for channel in range(sums.shape[1]):
        apart += (sums[one, channel] / near - sums[other, channel] / far) ** 2
    return float(near * far / (near + far) * apart)


@compiled
def _merge(pairs: Labels, own_sizes: Doubles, own_sums: Doubles, own_gains: Doubles, count: int) -> Labels:
    """(regions,) the number of what each region is part of in the end; what is merged has numbers after theirs."""
    first = len(own_sizes)
    channels = own_sums.shape[1]
    sizes, sums, gains = np.zeros(2 * first), np.zeros((2 * first, channels)), np.zeros(2 * first)
    for number in range(first):
        sizes[number], gains[number] = own_sizes[number], own_gains[number]
        for channel in range(channels):
            sums[number, channel] = own_sums[number, channel]
    whole = np.arange(2 * first)
    # The neighbours of each region are a chain; those that have become part of others since are found by `whole`.
    neighbour, link = np.empty(2 * len(pairs), np.int64), np.empty(2 * len(pairs), np.int64)
    head, tail = np.full(2 * first, -1), np.full(2 * first, -1)
    queue = []
    for number in range(len(pairs)):
        one, other = pairs[number, 0], pairs[number, 1]
        queue.append((_cost(sizes, sums, one, other), one, other))
        for place, mine, near in ((2 * number, one, other), (2 * number + 1, other, one)):
            neighbour[place], link[place] = near, head[mine]
            if head[mine] < 0:
                tail[mine] = place
            head[mine] = place
    heapq.heapify(queue)
    seen = np.full(2 * first, -1)
    left, new = first, first
    while left > count and len(queue) > 0:
        lost, one, other = heapq.heappop(queue)
        if whole[one] != one or whole[other] != other or lost >= min(gains[one], gains[other]):
            continue
        sizes[new], gains[new] = sizes[one] + sizes[other], gains[one] + gains[other] - lost
        for channel in range(channels):
            sums[new, channel] = sums[one, channel] + sums[other, channel]
        whole[one] = whole[other] = new
        link[tail[one]] = head[other]
        place, last = head[one], -1
        while place >= 0:
            near = neighbour[place]
            while whole[near] != near:
                whole[near] = whole[whole[near]]
                near = whole[near]
            if near != new and seen[near] != new:
                seen[near] = new
                neighbour[place] = near
                if last < 0:
                    head[new] = place
                else:
                    link[last] = place
                last = place
                heapq.heappush(queue, (_cost(sizes, sums, near, new), near, new))
            place = link[place]
        tail[new] = last
        if last >= 0:
            link[last] = -1
        new += 1
        left -= 1
    for number in range(new - 1, -1, -1):
        whole[number] = whole[whole[number]]
    return whole[:first].copy()


def _totals(labels: Labels, picture: Floats) -> tuple[Doubles, Doubles]:
    """(regions,) pixels, and (regions, channels) sums of the colours."""
    flat = labels.ravel()
    sums = [np.bincount(flat, channel) for channel in picture.reshape(flat.size, -1).T]
    return np.bincount(flat).astype(np.float64), np.stack(sums, axis=1)


def _gains(labels: Labels, picture: Floats, error: Floats) -> Doubles:
    """(regions,) by how much the squared error would fall if each region were painted with its mean colour."""
    sizes, sums = _totals(labels, picture)
    squares = np.bincount(labels.ravel(), (picture.astype(np.float64) ** 2).sum(axis=2).ravel() - error.ravel())
    gains: Doubles = (sums**2).sum(axis=1) / sizes - squares
    return gains


def first_regions(picture: Floats, background: Floats, count: int) -> Labels:
    """About `count` regions to begin with, largest first; -1 where the background alone will do."""
    labels = merged(segments(picture, _fine(picture, count)), picture, count)
    flat = labels.ravel()
    sizes = np.bincount(flat)
    difference = (picture - background).reshape(flat.size, -1)
    wanted = np.bincount(flat, (difference**2).sum(axis=1)) > _MIN_GAIN
    if picture.shape[2] == 4:
        wanted &= np.bincount(flat, picture[..., 3].ravel()) > _CLEAR * sizes
    return _renumbered(labels, sizes, np.flatnonzero(wanted))


def merging_costs(labels: Labels, picture: Floats) -> tuple[Labels, Doubles]:
    """Neighbouring regions, (pairs, 2), and by how much the squared error would rise if they had one mean colour.

    Args:
        labels: (height, width) number of the region; negative for none.
        picture: (height, width, channels).
    """
    pairs = neighbours(labels + 1) - 1
    pairs = pairs[pairs[:, 0] >= 0]
    sizes, sums = _totals(labels + 1, picture)
    means = sums[1:] / np.maximum(sizes[1:, None], 1)
    one, other = sizes[1:][pairs.T]
    apart = ((means[pairs[:, 0]] - means[pairs[:, 1]]) ** 2).sum(axis=1)
    return pairs, one * other / (one + other) * apart


def largest_errors(picture: Floats, difference: Floats, count: int) -> tuple[Labels, Doubles]:
    """Regions where a shape of one colour would help most.

    Args:
        picture: (height, width, channels).
        difference: Image minus SVG.
        count: How many regions.

    Returns:
        (height, width): the number of the region from 0, largest region first; -1 for pixels in none. And what shapes
        for further regions would save, the sum of squared errors, best first.
    """
    error = (difference**2).sum(axis=2)
    if picture.shape[2] == 4:
        error *= picture[..., 3]  # what should be clear is not mended by painting over it
    labels = merged(segments(difference, _fine(picture, count)), picture, count, error)
    gain = _gains(labels, picture, error)
    order = np.argsort(-gain, kind="stable")
    order = order[gain[order] > _MIN_GAIN]
    return _renumbered(labels, np.bincount(labels.ravel()), order[:count]), gain[order[count:]]


def _fine(picture: Floats, count: int) -> int:
    """How many superpixels to merge to this many regions."""
    fine = min(max(_MIN_FINE, _FINE * count), max(_ENOUGH_FINE, _MIN_FINE_PER_REGION * count))
    return min(fine, picture[..., 0].size // 4)


def _renumbered(labels: Labels, sizes: NDArray[np.int64], chosen: NDArray[np.int64]) -> Labels:
    chosen = chosen[np.argsort(-sizes[chosen], kind="stable")]
    numbers = np.full(len(sizes), -1)
    numbers[chosen] = np.arange(len(chosen))
    return numbers[labels]
