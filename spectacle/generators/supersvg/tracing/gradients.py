"""Finds the gradient that an area has: linear, radial, elliptical or focal, with the fewest colours that will do."""

from __future__ import annotations

import math
from collections.abc import Iterator
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spectacle.generators.supersvg.arrays import Doubles, Floats, Window, cells_of
from spectacle.generators.supersvg.raster.gradients import Gradient, ways
from spectacle.generators.supersvg.tracing.evenness import frame_of, most_even
from spectacle.generators.supersvg.tracing.fill_kernels import squares_off
from spectacle.generators.supersvg.tracing.focus import guess_focus
from spectacle.generators.supersvg.tracing.stops import find_stops

MIN_PIXELS = 64
"""Areas of fewer pixels have linear gradients of two colours at most."""

_SAMPLE = 2048
_ENOUGH = 8192
"""So many pixels of a large area show whether it may have a gradient: those of every second, third … row and column."""

_MIN_THINNED = 0.5
"""The share of the pixels expected there that must be; the rows and columns of narrow areas may miss them."""

_NOISE = 4 * (1.2 / 255) ** 2
"""Squared error that is no more than that of channels of 8 bits."""

_AS_GOOD = 1.6
"""A simpler gradient is taken when its squared error is at most so many times that of a better one."""

_MIN_BLUR = 0.7
_SETTLED = 1.02
_MIN_SPLIT = 400
_MIN_MOST = 0.5
_ROUNDS = 8
_HOPELESS, _POOR, _STUCK = 80 * _NOISE, 3 * _NOISE, 0.9
"""A search ends where half of the pixels are off by more than the first, in the mean, or by more than the second and no
less than so many times as much as before. Measured: of searches that succeed, the worst had 42 times that noise."""

_WEIGHINGS = 12
_OFF = 4 * (2.5 / 255) ** 2
"""Squared difference up to which a pixel has the colour of a gradient."""

_BINS = 128
_BEYOND = 1.5
"""By how many pixels a gradient goes on in the same way beyond the pixels that are surely part of the area."""


def thinned(places: Doubles) -> tuple[NDArray[np.bool_], int] | None:
    """(n,) which of many pixels to look at first, and of one in how many rows and columns these are.

    Args:
        places: (n, 2) x and y of the pixels' middles.

    Returns:
        None if all are few enough.
    """
    step = math.ceil(math.sqrt(len(places) / _ENOUGH))
    if step == 1:
        return None
    chosen: NDArray[np.bool_] = (places.astype(np.int32) % step == 0).all(axis=1)
    return (chosen, step) if chosen.sum() * step**2 >= _MIN_THINNED * len(places) else None


def fit_gradient(places: Doubles, colours: Doubles, step: int = 1) -> tuple[Gradient, float] | None:
    """The simplest gradient that says the colours of some pixels nearly as well as any, and its mean squared error.

    Args:
        places: (n, 2) x and y of the pixels' middles.
        colours: (n, 3), or 4 with the colours multiplied by the opacity.
        step: Of one in how many rows and columns the pixels are.

    Returns:
        None where the pixels do not change in one direction or around one centre. The error is the sum of the channels.
    """
    if len(places) < MIN_PIXELS:
        return None
    order = np.random.default_rng(0).permutation(len(places))[:_SAMPLE]
    some, seen = places[order], colours[order]
    quadric = _quadric(places, colours, step)
    if quadric is None:
        return None
    trials: list[tuple[float, tuple[Doubles, Doubles]]] = []
    for trial in _frames(some, seen, *quadric):
        trials.append(trial)
        if trials[-1][0] <= _NOISE:
            break
    best = min(error for error, _ in trials)
    limit = max(_AS_GOOD * best, _NOISE)
    frame = next(frame for error, frame in trials if error <= limit)
    gradient = _with_colours(*frame, places, colours)
    return gradient, float(squares_off(gradient, places, colours).mean())


def fit_most(places: Doubles, colours: Doubles) -> Iterator[tuple[Gradient, NDArray[np.bool_]]]:
    """Gradients that most pixels may have, if others lie on it with soft edges, and (n,) which pixels have it.

    The likeliest comes first; those that are found from a half of the area, which a highlight leaves as it is, follow.

    Args:
        places, colours: As for `fit_gradient`.
    """
    if len(places) < _MIN_SPLIT:
        return
    for kept in _likely(places, colours):
        gradient = _grown(places, colours, kept)
        inside = None if gradient is None else _inside(gradient, places, colours)
        if gradient is not None and inside is not None:
            yield gradient, inside


def _likely(places: Doubles, colours: Doubles) -> Iterator[NDArray[np.bool_]]:
    """(n,) which pixels may have one gradient."""
    yield _on_one_plane(places, colours)
    for side in (places - np.median(places, axis=0)).T:
        for half in (side >= 0, side < 0):
            own, seen = places[half], colours[half]
            if (few := thinned(own)) is not None:
                chosen, step = few
                fitted = fit_gradient(own[chosen], seen[chosen], step)
                if fitted is None or np.median(squares_off(fitted[0], own[chosen], seen[chosen])) > _OFF / 2:
                    continue
            fitted = fit_gradient(own, seen)
            if fitted is not None and np.median(squares_off(fitted[0], own, seen)) <= _OFF / 4:
                yield half


def _grown(places: Doubles, colours: Doubles, kept: NDArray[np.bool_]) -> Gradient | None:
    """The gradient that most pixels have, from some, (n,), that may have it."""
    if (few := thinned(places)) is not None:
        chosen, step = few
        if _search(places[chosen], colours[chosen], kept[chosen], step)[1]:
            return None
    return _search(places, colours, kept, 1)[0]


def _search(places: Doubles, colours: Doubles, kept: NDArray[np.bool_], step: int) -> tuple[Gradient | None, bool]:
    """The gradient that most pixels have, if that is found, and whether there is no hope."""
    least = math.inf
    for number in range(_ROUNDS):
        found = fit_gradient(places[kept], colours[kept], step)
        if found is None:
            return None, step == 1
        stuck = number > 1 and least > _POOR and found[1] > _STUCK * least
        least = min(least, found[1])
        if stuck or (number and least > _HOPELESS):
            return None, True
        off = squares_off(found[0], places, colours)
        within = off <= _OFF
        good = found[1] <= _NOISE and within.mean() >= _MIN_MOST
        if good and number < _ROUNDS - 1 and within.sum() > _SETTLED * kept.sum():
            kept = within
        elif good:
            return found[0], False
        else:
            kept = off <= max(np.quantile(off, _MIN_MOST), _OFF / 4)
    return None, False


def _inside(gradient: Gradient, places: Doubles, colours: Doubles) -> NDArray[np.bool_] | None:
    """(n,) which pixels have a gradient, without those next to others; None if these are not most, or all."""
    window = Window.of(cells_of(places))
    mask = window.filled(squares_off(gradient, places, colours) > _OFF)
    mask = ndimage.binary_dilation(ndimage.binary_opening(mask, np.ones((3, 3), bool)), iterations=2)
    inside = ~window.at(mask)
    return inside if inside.mean() >= _MIN_MOST and not inside.all() else None


def _on_one_plane(places: Doubles, colours: Doubles) -> NDArray[np.bool_]:
    """(n,) the pixels whose colours lie on one plane, if those of most do; otherwise all pixels.

    What is left of others is given less and less weight, so that a glow does not lift the gradient it lies on.
    """
    every = np.ones(len(places), bool)
    columns = np.column_stack([places - places.mean(axis=0), every])
    columns[:, :2] /= max(float(np.abs(columns[:, :2]).max()), 1e-9)
    some = slice(None, None, max(1, len(places) // _SAMPLE))
    known, wanted = columns[some], colours[some]
    weights = np.ones(len(known))
    for limit in np.geomspace(1, _OFF / 4, _WEIGHINGS):
        plane = np.linalg.lstsq(known * weights[:, None], wanted * weights[:, None], rcond=None)[0]
        weights = 1 / (1 + ((known @ plane - wanted) ** 2).sum(axis=1) / limit)
    within: NDArray[np.bool_] = ((columns @ plane - colours) ** 2).sum(axis=1) <= _OFF
    return within if within.mean() >= _MIN_MOST else every


def fit_overlay(places: Doubles, colours: Doubles, below: Doubles) -> tuple[Gradient, float] | None:
    """The gradient of one colour from opacity to opacity that gives some pixels their colours on others.

    Args:
        places: As for `fit_gradient`.
        colours: (n, 3).
        below: (n, 3), what the pixels would be without it.
    """
    change = colours - below
    # change × colour = change × below, for the one colour that all pixels are mixed with
    nothing = np.zeros(len(change))
    red, green, blue = change.T
    crossed = np.concatenate(
        [
            np.stack([nothing, -blue, green], axis=1),
            np.stack([blue, nothing, -red], axis=1),
            np.stack([-green, red, nothing], axis=1),
        ]
    )
    system = crossed.T @ crossed
    if np.linalg.matrix_rank(system, tol=1e-6 * max(float(np.trace(system)), 1e-12)) < len("rgb"):
        return None
    colour = np.linalg.solve(system, crossed.T @ np.cross(change, below).T.ravel()).clip(0, 1)
    axis = colour - below
    opacity = ((change * axis).sum(axis=1) / np.maximum((axis**2).sum(axis=1), 1e-6)).clip(0, 1)
    fitted = fit_gradient(places, np.concatenate([opacity[:, None] * colour, opacity[:, None]], axis=1))
    if fitted is None:
        return None
    drawn = fitted[0].at(*places.T)
    drawn = drawn[:, :3] + (1 - drawn[:, 3:]) * below
    return fitted[0], float(((drawn - colours) ** 2).sum(axis=1).mean())


def _frames(
    places: Doubles, colours: Doubles, form: Doubles, slope: Doubles, tensor: Doubles
) -> Iterator[tuple[float, tuple[Doubles, Doubles]]]:
    """Frames and shifts of a linear, a radial, an elliptical and a focal gradient, and how uneven each leaves colours.

    Each is as good as it can be.
    """
    middle = places.mean(axis=0)
    spread = float(np.sqrt(((places - middle) ** 2).sum(axis=1).mean()))

    def best(starts: list[Doubles], reach: Doubles) -> tuple[float, tuple[Doubles, Doubles]]:
        tries = [most_even(start, reach, middle, spread, places, colours) for start in starts]
        numbers, error = min(tries, key=itemgetter(1))
        return error, frame_of(numbers, middle, spread)

    _, directions = np.linalg.eigh(tensor)
    first = directions[:, 1]
    yield best([np.array([math.atan2(first[1], first[0])])], np.array([0.1]))
    flat, (shift_x, shift_y) = _round_centre(form, slope)
    starts = [np.array([shift_x, shift_y]).clip(-4, 4), np.zeros(2)]
    yield best(starts if flat else starts[1:], np.full(2, 0.2))
    yield best(_ellipses(form, slope), np.array([0.2, 0.2, 0.3, 0.3]))
    focal = guess_focus(places, colours, middle, spread)
    if focal is not None:
        yield best([focal], np.array([0.1, 0.1, 0.1, 0.1, 0.1]))


def _quadric(places: Doubles, colours: Doubles, step: int) -> tuple[Doubles, Doubles, Doubles] | None:
    """The form (2, 2) and slope (2,) of the quadric along whose gradients colours change, and their structure tensor.

    Places count from their middle, in units of their spread. They are those of one in `step` rows and columns.
    """
    # Channel by channel: NumPy is slow along axes of two.
    corner = np.floor(np.array([side.min() for side in places.T]) / step).astype(np.int64)
    cells = np.floor(places / step).astype(np.int64) - corner
    width, height = cells.max(axis=0) + 1
    mask = np.zeros((height, width), np.float32)
    mask[cells[:, 1], cells[:, 0]] = 1
    sigma = max(min(max(math.sqrt(len(places)) * step / 30, 1.0), 6.0) / step, _MIN_BLUR)
    weight = ndimage.gaussian_filter(mask, sigma)
    smooth = np.zeros((height, width, colours.shape[1]), np.float32)
    smooth[cells[:, 1], cells[:, 0]] = colours
    smooth = ndimage.gaussian_filter(smooth, (sigma, sigma, 0)) / np.maximum(weight, 1e-6)[..., None]
    inner = weight > 0.95 * weight.max()
    surrounded = _surrounded(mask > 0)
    inner &= surrounded
    if inner.sum() < MIN_PIXELS // 4:
        inner = surrounded
    rows, columns = np.nonzero(inner)
    if len(rows) < MIN_PIXELS // 8:
        return None
    if len(rows) > 2 * _SAMPLE:
        chosen = np.random.default_rng(1).permutation(len(rows))[: 2 * _SAMPLE]
        rows, columns = rows[chosen], columns[chosen]
    across = smooth[rows, np.minimum(columns + 1, width - 1)] - smooth[rows, np.maximum(columns - 1, 0)]
    down = smooth[np.minimum(rows + 1, height - 1), columns] - smooth[np.maximum(rows - 1, 0), columns]
    middle = np.array([side.mean() for side in places.T])
    spread = math.sqrt(sum(float(side.var()) for side in places.T))
    x, y = (
        (numbers * step + 0.5 - middle[axis]) / spread
        for axis, numbers in enumerate((columns + corner[0], rows + corner[1]))
    )
    gx, gy = across.ravel().astype(np.float64), down.ravel().astype(np.float64)
    x, y = (np.repeat(side, colours.shape[1]) for side in (x, y))
    tensor = np.array([[gx @ gx, gx @ gy], [gx @ gy, gy @ gy]])
    if not tensor.any():
        return None
    # gx · (b·x + c·y + q) = gy · (a·x + b·y + p) for the form [[a, b], [b, c]] and the slope (p, q)
    system = np.stack([-gy * x, gx * x - gy * y, gx * y, -gy, gx], axis=1)
    _, _, rows_ = np.linalg.svd(system.T @ system)
    a, b, c, p, q = rows_[-1]
    return np.array([[a, b], [b, c]]), np.array([p, q]), tensor


def _surrounded(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which pixels and all four neighbours are in a mask."""
    found = np.zeros_like(mask)
    inner = mask[1:-1, 1:-1]
    found[1:-1, 1:-1] = inner & mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    return found


def _round_centre(form: Doubles, slope: Doubles) -> tuple[bool, Doubles]:
    """Whether the quadric has a centre, and where."""
    if abs(np.linalg.det(form)) < 1e-4 * float((form**2).sum()):
        return False, np.zeros(2)
    return True, np.asarray(-np.linalg.solve(form, slope), np.float64)


def _ellipses(form: Doubles, slope: Doubles) -> list[Doubles]:
    """Where to begin with ellipses: that of the quadric, if it has one, and a circle in the middle."""
    starts = [np.array([0.0, 0, 0.3, 0])]
    found, centre = _round_centre(form, slope)
    sizes, axes = np.linalg.eigh(form)
    if found and sizes[0] * sizes[1] > 0 and np.abs(centre).max() < 4:
        big, small = np.abs(sizes).max(), np.abs(sizes).min()
        way = axes[:, int(np.abs(sizes).argmin())]
        starts.insert(0, np.array([*centre, 0.5 * math.log(big / small), math.atan2(way[1], way[0])]))
    return starts


def _with_colours(frame: Doubles, shift: Doubles, places: Doubles, colours: Doubles) -> Gradient:
    """The gradient with the fewest colours that come near enough to the pixels'."""
    far = ways(frame, shift, *places.T)
    origin, first, second = frame
    radial = not np.array_equal(origin, second)
    low, high = float(far.min()), float(far.max())
    begin = 0.0 if radial else low
    share = (far - begin) / max(high - begin, 1e-9)
    if radial:
        frame = np.stack([origin, origin + (first - origin) * high, origin + (second - origin) * high])
    else:
        frame = np.stack([origin + (first - origin) * low, origin + (first - origin) * high])
        frame = np.concatenate([frame, frame[:1]])
    bins = np.minimum((share * _BINS).astype(np.int64), _BINS - 1)
    counts = np.bincount(bins, minlength=_BINS)
    used = np.flatnonzero(counts)
    at = np.bincount(bins, share, minlength=_BINS)[used] / counts[used]
    sums = [np.bincount(bins, channel, minlength=_BINS)[used] for channel in colours.T]
    means: Doubles = np.stack(sums, axis=1) / counts[used, None]
    if means.shape[1] == len("rgb"):
        means = np.concatenate([means, np.ones((len(means), 1))], axis=1)
    offsets, stops = find_stops(at, means, counts[used].astype(np.float64))
    length = float(np.hypot(*(frame[1] - frame[0])))
    return _beyond(Gradient(frame, offsets, stops, shift), _BEYOND / max(length, 1.0), from_start=not radial)


def _beyond(gradient: Gradient, share: float, *, from_start: bool) -> Gradient:
    """The gradient, going on in the same way for a share of its length at its end, and at its beginning.

    One that spreads from a centre goes on to there. None goes on beyond the colours and opacities that there are.
    """
    offsets, colours = gradient.offsets.copy(), gradient.colours.copy()
    if len(offsets) < 2:
        return gradient
    for end, before, wanted in ((0, 1, share if from_start else offsets[0]), (-1, -2, share)):
        step = (colours[end] - colours[before]) / max(abs(offsets[end] - offsets[before]), 1e-3)
        room = np.where(step > 0, 1 - colours[end], colours[end]) / np.maximum(np.abs(step), 1e-9)
        reach = min(float(wanted), max(float(room.min()), 0.0))
        colours[end] = (colours[end] + step * reach).clip(0, 1)
        offsets[end] += reach if end else -reach
    origin, first, second = gradient.frame
    begin, end_ = (float(offsets[0]) if from_start else 0.0), float(offsets[-1])
    if from_start:
        frame = np.stack([origin + (first - origin) * begin, origin + (first - origin) * end_])
        frame = np.concatenate([frame, frame[:1]])
    else:
        frame = np.stack([origin, *(origin + (side - origin) * end_ for side in (first, second))])
    return Gradient(frame, ((offsets - begin) / (end_ - begin)).clip(0, 1), colours, gradient.shift)


def as_two_colours(begin: Floats, end: Floats, axis: tuple[float, float, float, float]) -> Gradient:
    """A linear gradient between two colours (3,), or (4,) multiplied by the opacity."""
    colours = np.stack([begin, end]).astype(np.float64)
    if colours.shape[1] == len("rgb"):
        colours = np.concatenate([colours, np.ones((2, 1))], axis=1)
    colours[:, :3] /= np.maximum(colours[:, 3:], 1e-3)
    x0, y0, x1, y1 = axis
    return Gradient(np.array([[x0, y0], [x1, y1], [x0, y0]]), np.array([0.0, 1.0]), colours.clip(0, 1))
