"""Chooses the fewest stops with which a gradient has the colours that are seen along its way."""

from __future__ import annotations

import math

import numpy as np

from spectacle.generators.supersvg.arrays import Doubles, Labels
from spectacle.generators.supersvg.raster.cpu import compiled

_MAX_STOPS = 9
_STOP_ERROR = 2 / 255
"""Maximum difference of a channel between the colours of a gradient and of the pixels, in the mean of each step."""

_CLEAR = 0.02


def find_stops(at: Doubles, means: Doubles, counts: Doubles) -> tuple[Doubles, Doubles]:
    """Offsets (n,) and colours (n, 4) of the stops, from colours multiplied by the opacity in the mean of steps."""
    # Contiguous, so that they are compiled for once.
    at, means, counts = (np.ascontiguousarray(part) for part in (at, means, counts))
    opacity = means[:, 3].copy()
    seen = opacity > _CLEAR
    straight = means.copy()
    straight[seen, :3] /= opacity[seen, None]
    if seen.any():
        nearest = np.abs(at[:, None] - at[seen][None]).argmin(axis=1)
        straight[~seen, :3] = straight[seen][nearest][~seen, :3]
    shares = np.minimum(counts / counts.mean(), 1)

    chosen = [0, len(at) - 1] if len(at) > 1 else [0]
    while len(chosen) < min(_MAX_STOPS, len(at)):
        errors = _off(at, means, shares, np.array(chosen), straight[chosen])
        errors[chosen] = 0
        if errors.max() <= _STOP_ERROR:
            break
        chosen = sorted([*chosen, int(errors.argmax())])
    for knot in chosen[1:-1]:
        fewer = [number for number in chosen if number != knot]
        knots = np.array(fewer)
        if _off(at, means, shares, knots, _least_squares(at, straight, opacity, counts, knots)).max() <= _STOP_ERROR:
            chosen = fewer
    return at[chosen], _least_squares(at, straight, opacity, counts, np.array(chosen))


@compiled
def _off(at: Doubles, means: Doubles, shares: Doubles, knots: Labels, stops: Doubles) -> Doubles:
    """(n,) how far colours are from those of stops, (k, 4), at some of them, in the channel where they are farthest."""
    errors = np.empty(len(at))
    after = 1 if len(knots) > 1 else 0
    for number in range(len(at)):
        while after < len(knots) - 1 and number > knots[after]:
            after += 1
        before = max(after - 1, 0)
        share = (at[number] - at[knots[before]]) / max(at[knots[after]] - at[knots[before]], 1e-300)
        opacity = stops[before, 3] + share * (stops[after, 3] - stops[before, 3])
        most = abs(opacity - means[number, 3])
        for channel in range(3):
            straight = stops[before, channel] + share * (stops[after, channel] - stops[before, channel])
            most = max(most, abs(straight * opacity - means[number, channel]))
        errors[number] = most * shares[number]
    return errors


@compiled
def _least_squares(at: Doubles, straight: Doubles, opacity: Doubles, counts: Doubles, knots: Labels) -> Doubles:
    """(k, 4) the colours at knots, of which each is one of the places, between which the way is nearest to those given.

    Each place depends on the knots before and after it, so that the equations have three diagonals.
    """
    size = len(knots)
    lean = 0.0
    for count in counts:
        lean += math.sqrt(count)
    lean = (1e-3 * lean / len(counts)) ** 2
    found = np.empty((size, 4))
    for first, last in ((0, 3), (3, 4)):
        middle, side = np.full(size, lean), np.zeros(size)
        wanted = lean * straight[knots, first:last]
        after = 1 if size > 1 else 0
        for number in range(len(at)):
            while after < size - 1 and number > knots[after]:
                after += 1
            before = max(after - 1, 0)
            share = (at[number] - at[knots[before]]) / max(at[knots[after]] - at[knots[before]], 1e-300)
            weight = counts[number] * (max(opacity[number], 1e-3) ** 2 if first == 0 else 1.0)
            middle[before] += weight * (1 - share) ** 2
            middle[after] += weight * share**2
            side[after] += weight * share * (1 - share)
            for channel in range(last - first):
                wanted[before, channel] += weight * (1 - share) * straight[number, first + channel]
                wanted[after, channel] += weight * share * straight[number, first + channel]
        for knot in range(1, size):
            factor = side[knot] / middle[knot - 1]
            middle[knot] -= factor * side[knot]
            wanted[knot] -= factor * wanted[knot - 1]
        for knot in range(size - 1, -1, -1):
            if knot < size - 1:
                wanted[knot] -= side[knot + 1] * wanted[knot + 1]
            wanted[knot] /= middle[knot]
        found[:, first:last] = wanted
    return np.minimum(np.maximum(found, 0), 1)
