"""Finds soft shadows and glows on what they lie on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from scipy import ndimage, optimize

from spectacle.generators.supersvg.arrays import Doubles, Labels, farthest
from spectacle.generators.supersvg.raster.gradients import Gradient
from spectacle.generators.supersvg.tracing.areas import Area, colours_at
from spectacle.generators.supersvg.tracing.gradients import fit_most
from spectacle.generators.supersvg.tracing.soft import Soft, distances
from spectacle.generators.supersvg.tracing.stops import find_stops

_BLUR = 1.0
_SEEN = 1.5 / 255
"""What differs by less, in every channel, once blurred, from what a shade lies on is not part of the shade."""

_CLEAR_PEAK = 5 / 255
"""By how much a shade differs at least where it does most."""

_MIN_PIXELS = 100
_MARGIN = 5
_MAX_SHADES = 6
_SAMPLE = 2048
_BLOCK = 8
_MOVES = 400
_BINS = 128
_ENDED = 1 / 255
_UPRIGHT = math.radians(1.5)
_THIN = 0.75
_GOOD = 3 * (1.2 / 255) ** 2
_MAX_ERROR = 4 * (2 / 255) ** 2
_NEARER = 0.5
_FAINT = 0.05
_SHADES_OF_ONE = 127
_MIN_COMMON = 0.1
_MAX_OUTSIDE = 0.001
_FULL = 0.97
"""The most opacity of a shade: what is opaque is no shade."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A shade that was found.

    Attributes:
        soft: What it is.
        error: Mean squared error, the sum of the channels, of its pixels.
        pixels: Numbers of its pixels among those of the area.
    """

    soft: Soft
    error: float
    pixels: Labels


def _parts(cells: Labels, change: Doubles, shape: tuple[int, int]) -> list[Labels]:
    """The numbers of the pixels of each connected part that differs, with some of those around it, largest first."""
    rows, columns = cells.T
    field = np.zeros((*shape, change.shape[1]))
    field[rows, columns] = change
    mask = np.zeros(shape)
    mask[rows, columns] = 1
    weight = np.maximum(ndimage.gaussian_filter(mask, _BLUR), 1e-6)[..., None]
    seen = farthest(ndimage.gaussian_filter(field, (_BLUR, _BLUR, 0)) / weight) * (mask > 0)
    labels, count = ndimage.label(ndimage.binary_opening(seen > _SEEN, np.ones((3, 3), bool)), np.ones((3, 3), bool))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    peaks = ndimage.maximum(seen, labels, np.arange(count + 1))
    kept = [number for number in range(1, count + 1) if sizes[number] >= _MIN_PIXELS and peaks[number] >= _CLEAR_PEAK]
    kept.sort(key=lambda number: -sizes[number])
    parts = []
    for number in kept:
        near = ndimage.binary_dilation(labels == number, iterations=_MARGIN)
        parts.append(np.flatnonzero(near[rows, columns]))
    return parts


def _fit(part: Labels, cells: Labels, colours: Doubles, ground: Doubles) -> Fit | None:
    places = cells[part][:, ::-1] + 0.5
    own = colours[part]
    below = np.broadcast_to(ground, colours.shape)[part]
    values = _lying_on(own, below)
    if values is None:
        return None
    size = np.abs(own - below).sum(axis=1)
    soft = fit_box(places, values, size)
    if soft is None:
        return None
    drawn = soft.at(*places.T)
    drawn = drawn[:, : own.shape[1]] + (1 - drawn[:, 3:]) * below
    return Fit(soft, float(((drawn - own) ** 2).sum(axis=1).mean()), part)


def _lying_on(own: Doubles, below: Doubles) -> Doubles | None:
    """(n, 4) the colours, multiplied by the opacity, of what makes pixels of those below, by one colour."""
    if own.shape[1] == 4 and below[:, 3].max() < 1e-3:
        return own
    if own.shape[1] == 4 and below[:, 3].min() < 0.995:
        return None
    own, below = own[:, :3], below[:, :3]
    change = own - below
    colour = _tint(change, below)
    axis = colour - below
    opacity = ((change * axis).sum(axis=1) / np.maximum((axis**2).sum(axis=1), 1e-6)).clip(0, _FULL)
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
        return np.asarray(np.linalg.solve(system + lean, crossed.T @ np.cross(change, below).T.ravel() + lean @ usual)).clip(0, 1)
    middle = below.mean(axis=0)
    _, _, axes = np.linalg.svd(change[:: max(1, len(change) // _SAMPLE)], full_matrices=False)
    way = axes[0] * (1 if float((change @ axes[0]).sum()) > 0 else -1)
    room = np.where(way > 0, 1 - middle, middle) / np.maximum(np.abs(way), 1e-9)
    return np.asarray((middle + way * room[np.abs(way) > 0.02].min()).clip(0, 1))


def fit_box(places: Doubles, values: Doubles, size: Doubles) -> Soft | None:
    """The rectangle from which the colours of a shade depend on the distance alone, as nearly as any.

    Args:
        places: (n, 2) x and y of pixels.
        values: (n, 4) their colours multiplied by the opacity, and the opacity.
        size: (n,) how much of the shade each shows.
    """
    chosen = np.random.default_rng(0).permutation(len(places))[:_SAMPLE]
    some, seen = places[chosen], values[chosen]
    middle = (places.min(axis=0) + places.max(axis=0)) / 2
    spread = float(np.ptp(places, axis=0).max()) / 2

    def uneven(numbers: Doubles) -> float:
        way = distances(middle + spread * numbers[:2], _angle(numbers), spread * np.abs(numbers[2:4]), *some.T)
        return _uneven(way, seen)

    best = None
    for start in _starts(places, size, middle, spread):
        found = optimize.minimize(
            uneven, start, method="Nelder-Mead",
            options={"initial_simplex": _simplex(start), "maxfev": _MOVES, "xatol": 1e-3, "fatol": 1e-8},
        )  # fmt: skip
        if best is None or found.fun < best.fun:
            best = found
    if best is None:
        return None
    numbers = np.asarray(best.x)
    angle = _angle(numbers)
    sides = spread * np.abs(numbers[2:4])
    centre = middle + spread * numbers[:2]
    sides = np.where(sides < _THIN, 0, sides)
    quarter = round(angle / (math.pi / 2))
    if abs(angle - quarter * math.pi / 2) < _UPRIGHT or not sides.any():
        sides = sides[::-1] if quarter % 2 else sides
        angle = 0.0
        low, high = np.round(centre - sides), np.round(centre + sides)
        low, high = np.where(sides > 0, low, centre), np.where(sides > 0, high, centre)
        centre, sides = (low + high) / 2, (high - low) / 2
    return _with_colours(centre, angle, sides, places, values)


def _angle(numbers: Doubles) -> float:
    return float(numbers[4]) if len(numbers) > 4 else 0.0


def _simplex(start: Doubles) -> Doubles:
    reach = np.array([0.1, 0.1, 0.15, 0.15, 0.1])[: len(start)]
    return np.concatenate([start[None], start + np.diag(reach)])


def _starts(places: Doubles, size: Doubles, middle: Doubles, spread: float) -> list[Doubles]:
    """Where to look: half as large as what shows half of the shade, upright and along its longer side."""
    corner = np.floor(places.min(axis=0)).astype(np.int64)
    columns, rows = (np.floor(places).astype(np.int64) - corner).T
    strong = np.zeros((rows.max() + 1, columns.max() + 1), bool)
    strong[rows, columns] = size > 0.4 * np.quantile(size, 0.99)
    y, x = np.nonzero(ndimage.binary_fill_holes(strong))
    if len(x) < 8:
        return []
    half = np.array([np.ptp(x), np.ptp(y)]) / 2 + 0.5
    centre = np.array([x.min() + x.max() + 1, y.min() + y.max() + 1]) / 2 + corner
    starts = []
    for inner in (0.3, 0.9):
        sides = np.maximum(half - inner * half.min(), 0)
        starts.append(np.array([*((centre - middle) / spread), *(sides / spread)]))
    spots = np.stack([x, y], axis=1) - np.array([x.mean(), y.mean()])
    sizes, ways = np.linalg.eigh(spots.T @ spots / len(spots))
    if sizes[1] > 1.5 * sizes[0]:
        way = ways[:, 1]
        long, short = math.sqrt(3 * sizes[1]), math.sqrt(3 * sizes[0])
        at = (np.array([x.mean(), y.mean()]) + 0.5 + corner - middle) / spread
        angle = math.atan2(way[1], way[0])
        starts.append(np.array([*at, max(long - short, 0) / spread, 0.1 * short / spread, angle]))
    return starts


def _uneven(way: Doubles, colours: Doubles) -> float:
    """Mean squared difference of colours from the trend among those that are about as far on the way."""
    count = len(way) // _BLOCK * _BLOCK
    blocks = colours[np.argsort(way)[:count]].reshape(-1, _BLOCK, colours.shape[1])
    blocks = blocks - blocks.mean(axis=1, keepdims=True)
    slope = np.arange(_BLOCK) - (_BLOCK - 1) / 2
    slope /= math.sqrt(float(slope @ slope))
    tilts = np.einsum("p,bpc->bc", slope, blocks)
    return float(((blocks**2).sum() - (tilts**2).sum()) / count)


def _with_colours(centre: Doubles, angle: float, sides: Doubles, places: Doubles, values: Doubles) -> Soft | None:
    """The shade around a rectangle with the fewest colours that come near enough to the pixels'."""
    way = distances(centre, angle, sides, *places.T)
    far = float(way.max())
    if far < 2:
        return None
    bins = np.minimum((way / far * _BINS).astype(np.int64), _BINS - 1)
    counts = np.bincount(bins, minlength=_BINS)
    used = np.flatnonzero(counts)
    at = np.bincount(bins, way, minlength=_BINS)[used] / counts[used]
    means = np.stack([np.bincount(bins, channel, minlength=_BINS)[used] for channel in values.T], axis=1)
    means = means / counts[used, None]
    left = np.flatnonzero(means[:, 3] > _ENDED)
    if not len(left):
        return None
    last = min(int(left[-1]) + 1, len(used) - 1)
    reach = float(at[last])
    offsets, stops = find_stops(at[: last + 1] / reach, means[: last + 1], counts[used[: last + 1]].astype(np.float64))
    if offsets[0] > 0:
        offsets, stops = np.append(0, offsets), np.concatenate([stops[:1], stops])
    if len(offsets) < 2:
        return None
    offsets[-1] = 1
    if means[last, 3] <= 2 * _ENDED:
        stops[-1, 3] = 0
    return Soft(centre, angle, sides, reach, offsets, stops)


def area_with_shades(
    places: Doubles, colours: Doubles, cells: Labels, seeds: Labels, found: tuple[Gradient, float] | None, flat: float
) -> Area | None:
    """An area as a ground of one colour or one gradient and the soft shades on it, if that is clearly nearer.

    Args:
        places: (n, 2) x and y of the middles of its pixels.
        colours: (n, 3), or 4 with the colours multiplied by the opacity.
        cells: (n, 2) row and column of each.
        seeds: (height, width), the areas of the image numbered from 1; 0 for none.
        found: A gradient for all of it, and its mean squared error, the sum of the channels, if there is one.
        flat: The same error of one colour.
    """
    left = flat
    if found is not None:
        left = min(left, found[1])
        if left <= _GOOD or not _parts(cells, colours - found[0].at(*places.T)[:, : colours.shape[1]], seeds.shape):
            return None
    best: Area | None = None
    for ground in _grounds(places, colours, found):
        below = _under(ground, places, colours.shape[1])
        parts = _parts(cells, colours - below, seeds.shape)
        if not 0 < len(parts) <= _MAX_SHADES:
            continue
        fits = [_fit(part, cells, colours, below) for part in parts]
        softs = tuple(fit.soft for fit in fits if fit is not None and fit.error <= _MAX_ERROR)
        if len(softs) < len(parts):
            continue
        area = replace(ground, overlays=_opaque_on(ground, softs, places))
        drawn = colours_at([area], np.zeros(len(places), np.int64), *places.T)
        error = float(((drawn - colours) ** 2).sum(axis=1).mean())
        if error < left * _NEARER and _stays_inside(softs, cells, seeds):
            best, left = area, error
            break
    return best


def _grounds(places: Doubles, colours: Doubles, found: tuple[Gradient, float] | None) -> Iterator[Area]:
    """What an area may be without shades: nothing, its commonest colour, or a gradient that most of it has."""
    if colours.shape[1] == 4 and colours[:, 3].min() < _FAINT:
        yield Area(np.zeros(4, np.float32))
        return
    steps = np.round(colours * _SHADES_OF_ONE).astype(np.int64) @ (1 << 8 * np.arange(colours.shape[1]))
    _, kinds, counts = np.unique(steps, return_inverse=True, return_counts=True)
    commonest = kinds == counts.argmax()
    if commonest.mean() >= _MIN_COMMON:
        yield Area(np.median(colours[commonest], axis=0).astype(np.float32))
    for gradient, within in islice(fit_most(places, colours), 1):
        yield Area(colours[within].mean(axis=0).astype(np.float32), gradient)


def _under(ground: Area, places: Doubles, channels: int) -> Doubles:
    if ground.gradient is None:
        return np.tile(ground.colour.astype(np.float64), (len(places), 1))
    return ground.gradient.at(*places.T)[:, :channels]


def _opaque_on(ground: Area, softs: tuple[Soft, ...], places: Doubles) -> tuple[Soft, ...]:
    """Shades as what is seen of them on a plain ground, if none lies on another: their pieces may then overlap."""
    if ground.gradient is not None or (len(ground.colour) == 4 and ground.colour[3] < 1):
        return softs
    if sum((soft.at(*places.T)[:, 3] > 0).astype(np.int64) for soft in softs).max() > 1:
        return softs
    below = ground.colour[:3].astype(np.float64)
    return tuple(
        replace(
            soft,
            colours=np.concatenate(
                [below + soft.colours[:, 3:] * (soft.colours[:, :3] - below), np.ones((len(soft.colours), 1))], axis=1
            ),
        )
        for soft in softs
    )


def _stays_inside(softs: tuple[Soft, ...], cells: Labels, seeds: Labels) -> bool:
    """Whether shades are seen on their area and under what lies on it alone."""
    own = np.zeros(seeds.shape, bool)
    own[cells[:, 0], cells[:, 1]] = True
    sizes = np.bincount(seeds.ravel())
    inside = ndimage.binary_fill_holes(own) | (sizes[seeds] < len(cells)) | (seeds == 0)
    rows, columns = np.nonzero(~inside)
    outside = sum(float((soft.at(columns + 0.5, rows + 0.5)[:, 3]).sum()) for soft in softs)
    return outside <= _MAX_OUTSIDE * len(cells)
