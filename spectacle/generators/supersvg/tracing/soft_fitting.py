"""Finds the soft shade whose colours some pixels have: what it spreads from, and how it fades."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from operator import itemgetter

import numpy as np
from scipy import ndimage, optimize

from spectacle.generators.supersvg.arrays import Doubles, Window, cells_of, middles
from spectacle.generators.supersvg.tracing.evenness import unevenness
from spectacle.generators.supersvg.tracing.soft import Soft, distances
from spectacle.generators.supersvg.tracing.stops import find_stops

_SAMPLE, _FIRST_MOVES, _MOVES = 2048, 60, 190
"""Pixels that are looked at while a place is searched, and places that are tried: first from each start, then from the
best."""

_HOPELESS = 4 * (12 / 255) ** 2
"""Squared error after the first moves with which the others are of no use."""

_BINS = 128
_ENDED = 1 / 255
"""Opacity at which a shade has ended."""

_UPRIGHT = math.radians(1.5)
"""Rectangles turned by less are upright, with sides on the borders of pixels: their pieces then have no seams."""

_THIN = 0.75
"""Half of the width of a rectangle in pixels below which it is a line."""

_MUCH, _MIN_SPOTS = 0.4, 8
_AS_GOOD, _EQUAL = 1.3, 4 * (1.2 / 255) ** 2
"""An ellipse is taken with so many times the squared error of a rectangle, or with so much."""

_MAX_STRETCH = math.log(8)

MAX_OPACITY = 0.97
"""The most opacity of a shade: what is opaque is no shade."""

Form = Callable[[Doubles, Doubles, Doubles, Soft | None], Soft | None]
"""Finds a shade from the places, the colours and the sizes of pixels, near to another one."""


def strong_spots(places: Doubles, size: Doubles) -> Doubles:
    """(m, 2) x and y of the pixels that show much of a shade, and of those they surround."""
    window = Window.of(cells_of(places))
    strong = window.filled(size > _MUCH * np.quantile(size, 0.99))
    return middles(np.argwhere(ndimage.binary_fill_holes(strong)) + window.corner)


def fit_soft(places: Doubles, values: Doubles, size: Doubles) -> Soft | None:
    """The ellipse or the rectangle around which the colours of a shade depend on the distance alone, nearly.

    An ellipse is one path; it is preferred where it is nearly as good.

    Args:
        places: (n, 2) x and y of pixels.
        values: (n, 4) their colours multiplied by the opacity, and the opacity.
        size: (n,) how much of the shade each shows.
    """
    oval, box = (fit(places, values, size, None) for fit in (fit_oval, fit_box))
    if oval is None or box is None:
        return oval or box
    of_oval, of_box = (float(((soft.at(*places.T) - values) ** 2).sum(axis=1).mean()) for soft in (oval, box))
    return oval if of_oval <= max(_AS_GOOD * of_box, _EQUAL) else box


def fit_oval(places: Doubles, values: Doubles, size: Doubles, near: Soft | None) -> Soft | None:
    some, seen, middle, spread = _sampled(places, values)
    nothing = np.zeros(2)

    def uneven(numbers: Doubles) -> float:
        stretch = math.exp(min(max(numbers[2], -_MAX_STRETCH), _MAX_STRETCH))
        return unevenness(distances(middle + spread * numbers[:2], numbers[3], nothing, some, stretch), seen)

    if near is not None:
        at = (near.centre - middle) / spread
        start = np.array([*at, math.log(near.stretch), near.angle])
    else:
        spots = strong_spots(places, size)
        if len(spots) < _MIN_SPOTS:
            return None
        sizes, ways = np.linalg.eigh(np.cov(spots.T) + 1e-6 * np.eye(2))
        at = (spots.mean(axis=0) - middle) / spread
        start = np.array([*at, 0.5 * math.log(sizes[1] / sizes[0]), math.atan2(ways[1, 1], ways[0, 1])])
    numbers, left = _least(uneven, [start], np.array([0.1, 0.1, 0.2, 0.2]))
    if left > _HOPELESS:
        return None
    stretch = math.exp(min(max(numbers[2], -_MAX_STRETCH), _MAX_STRETCH))
    centre = middle + spread * numbers[:2]
    around = Soft(centre, float(numbers[3]), nothing, 1.0, np.zeros(0), np.zeros((0, 4)), stretch)
    return _with_colours(around, places, values)


def fit_box(places: Doubles, values: Doubles, size: Doubles, near: Soft | None) -> Soft | None:
    some, seen, middle, spread = _sampled(places, values)

    def uneven(numbers: Doubles) -> float:
        way = distances(middle + spread * numbers[:2], _angle(numbers), spread * np.abs(numbers[2:4]), some)
        return unevenness(way, seen)

    if near is not None:
        angle = [near.angle] if near.angle else []
        starts = [np.array([*((near.centre - middle) / spread), *(near.sides / spread), *angle])]
    else:
        starts = _starts(places, size, middle, spread)
    if not starts:
        return None
    numbers, left = _least(uneven, starts, np.array([0.1, 0.1, 0.15, 0.15, 0.1]))
    if left > _HOPELESS:
        return None
    angle_ = _angle(numbers)
    sides = spread * np.abs(numbers[2:4])
    centre = middle + spread * numbers[:2]
    sides = np.where(sides < _THIN, 0, sides)
    quarter = round(angle_ / (math.pi / 2))
    if abs(angle_ - quarter * math.pi / 2) < _UPRIGHT or not sides.any():
        sides = sides[::-1] if quarter % 2 else sides
        angle_ = 0.0
        low, high = np.round(centre - sides), np.round(centre + sides)
        low, high = np.where(sides > 0, low, centre), np.where(sides > 0, high, centre)
        centre, sides = (low + high) / 2, (high - low) / 2
    return _with_colours(Soft(centre, angle_, sides, 1.0, np.zeros(0), np.zeros((0, 4))), places, values)


def _sampled(places: Doubles, values: Doubles) -> tuple[Doubles, Doubles, Doubles, float]:
    """Some of the pixels and their colours; the middle of all, (2,), and how far they are spread, in pixels."""
    chosen = np.random.default_rng(0).permutation(len(places))[:_SAMPLE]
    middle = (places.min(axis=0) + places.max(axis=0)) / 2
    return places[chosen], values[chosen], middle, float(np.ptp(places, axis=0).max()) / 2


def _least(error: Callable[[Doubles], float], starts: list[Doubles], reach: Doubles) -> tuple[Doubles, float]:
    """The numbers of which the least error comes, from one of some starts, and that error."""
    simplexes = [np.concatenate([start[None], start + np.diag(reach[: len(start)])]) for start in starts]
    found = [_moved(error, simplex, _FIRST_MOVES) for simplex in simplexes]
    numbers, least, simplex = min(found, key=itemgetter(1))
    if least > _HOPELESS:
        return numbers, least
    numbers, least, _ = _moved(error, simplex, _MOVES)
    return numbers, least


def _moved(error: Callable[[Doubles], float], simplex: Doubles, moves: int) -> tuple[Doubles, float, Doubles]:
    """The numbers of which the least error comes after some moves, that error, and the numbers tried last."""
    options = {"initial_simplex": simplex, "maxfev": moves, "xatol": 1e-3, "fatol": 1e-8}
    result = optimize.minimize(error, simplex[0], method="Nelder-Mead", options=options)
    return np.asarray(result.x), float(result.fun), np.asarray(result.final_simplex[0])


def _angle(numbers: Doubles) -> float:
    return float(numbers[4]) if len(numbers) > 4 else 0.0


def _starts(places: Doubles, size: Doubles, middle: Doubles, spread: float) -> list[Doubles]:
    """Where to look: half as large as what shows half of the shade, upright and along its longer side."""
    spots = strong_spots(places, size)
    if len(spots) < _MIN_SPOTS:
        return []
    low, high = spots.min(axis=0) - 0.5, spots.max(axis=0) + 0.5
    half, centre = (high - low) / 2, (high + low) / 2
    starts = []
    for inner in (0.3, 0.9):
        sides = np.maximum(half - inner * half.min(), 0)
        starts.append(np.array([*((centre - middle) / spread), *(sides / spread)]))
    sizes, ways = np.linalg.eigh(np.cov(spots.T))
    if sizes[1] > 1.5 * sizes[0]:
        way = ways[:, 1]
        long, short = math.sqrt(3 * sizes[1]), math.sqrt(3 * sizes[0])
        at = (spots.mean(axis=0) - middle) / spread
        angle = math.atan2(way[1], way[0])
        starts.append(np.array([*at, max(long - short, 0) / spread, 0.1 * short / spread, angle]))
    return starts


def _with_colours(around: Soft, places: Doubles, values: Doubles) -> Soft | None:
    """The shade around an ellipse or a rectangle with the fewest colours that come near enough to the pixels'."""
    way = distances(around.centre, around.angle, around.sides, places, around.stretch)
    far = float(way.max())
    if far < 2:
        return None
    bins = np.minimum((way / far * _BINS).astype(np.int64), _BINS - 1)
    counts = np.bincount(bins, minlength=_BINS)
    used = np.flatnonzero(counts)
    at = np.asarray(np.bincount(bins, way, minlength=_BINS)[used] / counts[used], np.float64)
    sums = np.stack([np.bincount(bins, channel, minlength=_BINS)[used] for channel in values.T], axis=1)
    means = np.asarray(sums / counts[used, None], np.float64)
    most = int(means[:, 3].argmax())
    if means[most, 3] <= _ENDED:
        return None
    ended = np.flatnonzero(means[most:, 3] <= _ENDED)
    last = most + int(ended[0]) if len(ended) else len(used) - 1
    if last < 1:
        return None
    reach = float(at[last])
    offsets, stops = find_stops(at[: last + 1] / reach, means[: last + 1], counts[used[: last + 1]].astype(np.float64))
    if offsets[0] > 0:
        offsets, stops = np.append(0, offsets), np.concatenate([stops[:1], stops])
    if len(offsets) < 2:
        return None
    offsets[-1] = 1
    if means[last, 3] <= 2 * _ENDED:
        stops[-1, 3] = 0
    return replace(around, reach=reach, offsets=offsets, colours=stops)


def lying_on(own: Doubles, below: Doubles) -> Doubles | None:
    """(n, 4) the colours, multiplied by the opacity, of what makes pixels of those below, by one colour."""
    if own.shape[1] == 4 and below[:, 3].max() < 1e-3:
        return own
    if own.shape[1] == 4 and below[:, 3].min() < 0.995:
        return None
    own, below = own[:, :3], below[:, :3]
    change = own - below
    colour = _tint(change, below)
    axis = colour - below
    opacity = ((change * axis).sum(axis=1) / np.maximum((axis**2).sum(axis=1), 1e-6)).clip(0, MAX_OPACITY)
    return np.concatenate([opacity[:, None] * colour, opacity[:, None]], axis=1)


def _tint(change: Doubles, below: Doubles) -> Doubles:
    """(3,) the colour that pixels are mixed with.

    On one colour it may be any on the way on which pixels change: it is the last that there is.
    """
    if np.ptp(below, axis=0).max() > 0.02:
        nothing = np.zeros(len(change))
        red, green, blue = change.T
        rows = [(nothing, -blue, green), (blue, nothing, -red), (-green, red, nothing)]
        crossed = np.concatenate([np.stack(row, axis=1) for row in rows])
        system = crossed.T @ crossed
        lean = 1e-3 * float(np.trace(system)) * np.eye(3)
        # Where nothing says otherwise, shadows are black and glows white.
        usual = np.full(3, float(change.sum() > 0))
        wanted = crossed.T @ np.cross(change, below).T.ravel() + lean @ usual
        return np.asarray(np.linalg.solve(system + lean, wanted).clip(0, 1), np.float64)
    middle = below.mean(axis=0)
    _, _, axes = np.linalg.svd(change[:: max(1, len(change) // _SAMPLE)], full_matrices=False)
    way = axes[0] * (1 if float((change @ axes[0]).sum()) > 0 else -1)
    room = np.where(way > 0, 1 - middle, middle) / np.maximum(np.abs(way), 1e-9)
    return np.asarray((middle + way * room[np.abs(way) > 0.02].min()).clip(0, 1))
