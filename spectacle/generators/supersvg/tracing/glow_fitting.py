"""Finds the few soft ellipses that, lying on each other, fade as the blurred outline of any shape does."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from spectacle.generators.supersvg.arrays import Doubles
from spectacle.generators.supersvg.tracing.glow_kernels import MAX_OPACITY, NUMBERS, clear_through, write_slopes
from spectacle.generators.supersvg.tracing.soft import Soft, distances
from spectacle.generators.supersvg.tracing.stops import find_stops

_COUNTS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28)
"""How many ellipses are tried, one after the other."""

MAX_OVALS = _COUNTS[-1]

_DOUBLE = 36
"""With so many ellipses, twice the error is good enough."""

_SAMPLE, _MIN_SEEN = 2400, 60
_CELLS = 6000
"""Into about so many squares the pixels are divided, to find where an ellipse is missing."""

_SPREADS, _MIN_WEIGHT = (0.05, 0.1, 0.2), 0.15
"""Sizes of the spots that are looked for, in shares of half the larger side of all pixels; and what those count as
that are hardly seen."""

_FIRST_TURNS, _TURNS, _SETTLED = 6, 14, 0.02
"""How often one more ellipse is moved, and all are, unless the error settles."""

_LOOKED_AT, _HOPEFUL = 8, 1.5
"""At the pace of the last so many counts, the last of all may leave so many times the error that is allowed."""

_SMALLEST, _LARGEST = 1.2, 4.0
"""The least half width of an ellipse in pixels, and the greatest in shares of half the larger side of all pixels."""

_THINNEST, _MAX_LEAN = math.log(6), 2.0
"""By how much the two scales of an ellipse differ at most, and the most that it leans: thin ones show as streaks."""

_STEEPEST, _FLATTEST = math.log(6), math.log(0.5)
_FAINTEST = 6.0
_ENDED = 0.6 / 255
"""The opacity at which an ellipse has ended."""

_STEPS, _SEEN_STOPS = 96, 2
"""Into how many steps an ellipse is divided to find its stops; how often the opacities of these are fitted."""

_TIE = 3e-3


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen of a shade of one colour.

    Attributes:
        places: (n, 2) x and y of pixels.
        clear: (n,) how much of what is below it shines through, 0 to 1.
        colour: (3,) what it is made of.
    """

    places: Doubles
    clear: Doubles
    colour: Doubles


def fit_ovals(seen: Seen, fine: float, most: float, limit: int = MAX_OVALS) -> tuple[Soft, ...]:
    """The fewest soft ellipses that leave little of a shade, lying on each other; none if too much is left.

    Args:
        seen: The shade.
        fine: With which root of the mean squared difference of what shines through a few are good enough, 0 to 1; more
            of them with more.
        most: Up to which they are taken.
        limit: How many there may be.
    """
    if len(seen.places) < _MIN_SEEN:
        return ()
    chosen = np.random.default_rng(0).permutation(len(seen.places))[:_SAMPLE]
    some = Seen(np.ascontiguousarray(seen.places[chosen]), np.ascontiguousarray(seen.clear[chosen]), seen.colour)
    scale = float(np.ptp(seen.places, axis=0).max()) / 2
    missing = _Missing(seen, scale)
    ovals, best = np.zeros((0, NUMBERS)), np.zeros((0, NUMBERS))
    offs: list[float] = []
    for count in _COUNTS:
        if count > limit:
            break
        while len(ovals) < count:
            passed = clear_through(ovals, some.places)
            one = _moved(missing.next_oval(ovals), some, scale, passed, _FIRST_TURNS)
            ovals = np.concatenate([ovals, one])
        ovals = _moved(ovals, some, scale, np.ones(len(some.clear)), _TURNS)
        off = math.sqrt(float(((clear_through(ovals, some.places) - some.clear) ** 2).mean()))
        if off < min(offs, default=math.inf):
            best = ovals
        offs.append(off)
        if off <= fine * (1 + count / _DOUBLE) or not _hopeful(offs, most):
            break
    return _as_softs(best, some) if min(offs) <= most else ()


def _hopeful(offs: list[float], most: float) -> bool:
    """Whether more ellipses may be of use, from the errors that those before have left."""
    if len(offs) <= _LOOKED_AT or offs[-1] <= most:
        return True
    pace = (offs[-1] / offs[-1 - _LOOKED_AT]) ** (1 / _LOOKED_AT)
    return bool(offs[-1] * pace ** (len(_COUNTS) - len(offs)) <= _HOPEFUL * most)


class _Missing:
    """Where, on a grid of squares, most of a shade is missing."""

    def __init__(self, seen: Seen, scale: float) -> None:
        self._corner = seen.places.min(axis=0)
        sides = np.ptp(seen.places, axis=0) + 1
        self._side = max(1.0, math.sqrt(float(sides.prod()) / _CELLS))
        columns, rows = ((seen.places - self._corner) / self._side).astype(np.int64).T
        self._shape = int(rows.max()) + 1, int(columns.max()) + 1
        cells = rows * self._shape[1] + columns
        counts = np.bincount(cells, minlength=self._shape[0] * self._shape[1])
        self._used = np.flatnonzero(counts)
        sums = [np.bincount(cells, values, minlength=len(counts)) for values in (seen.clear, *seen.places.T)]
        self._clear, across, down = (total[self._used] / counts[self._used] for total in sums)
        self._places = np.stack([across, down], axis=1)
        mask = (counts > 0).astype(np.float64).reshape(self._shape)
        self._sigmas = [max(share * scale / self._side, _TIE) for share in _SPREADS]
        self._weights = [np.maximum(ndimage.gaussian_filter(mask, sigma), _MIN_WEIGHT) for sigma in self._sigmas]

    def next_oval(self, ovals: Doubles) -> Doubles:
        """(1, `NUMBERS`) an ellipse to begin with, where the others let most through that is not seen."""
        field = np.zeros(self._shape)
        field.flat[self._used] = clear_through(ovals, self._places) - self._clear
        spots = []
        for sigma, weight in zip(self._sigmas, self._weights, strict=True):
            missing = ndimage.gaussian_filter(field, sigma) / weight
            cell = int(missing.argmax())
            spots.append((sigma * float(missing.flat[cell]), sigma, cell, float(missing.flat[cell])))
        _, sigma, cell, found = max(spots)
        row, column = divmod(cell, self._shape[1])
        x, y = self._corner + self._side * (np.array([column, row]) + 0.5)
        wide = -math.log(max(1.2 * sigma * self._side, _SMALLEST))
        opacity = min(max(1.3 * found, 0.02), 0.9)
        return np.array([[x, y, wide, 0, wide, math.log(opacity / (MAX_OPACITY - opacity)), 0]])


def _moved(ovals: Doubles, seen: Seen, scale: float, passed: Doubles, turns: int) -> Doubles:
    """Ellipses moved to where they leave least of a shade, by damped least squares (Levenberg and Marquardt).

    Args:
        ovals: (k, `NUMBERS`).
        seen: The shade.
        scale: Half the larger side of all of its pixels.
        passed: (n,) what shines through others, which do not move.
        turns: How often.
    """
    damping = 1e-2
    slopes = np.empty((ovals.size, len(seen.clear)))
    clear = passed * clear_through(ovals, seen.places)
    error = float(((clear - seen.clear) ** 2).sum())
    for _ in range(turns):
        write_slopes(ovals, seen.places, clear, slopes)
        form, way = slopes @ slopes.T, slopes @ (clear - seen.clear)
        sizes = np.diag(form) + 1e-6 * np.trace(form) / len(form)
        before = error
        while damping < 1e6:
            step = np.linalg.solve(form + np.diag(damping * sizes + 1e-12), way)
            tried = _within(ovals - step.reshape(ovals.shape), scale)
            seen_clear = passed * clear_through(tried, seen.places)
            left = float(((seen_clear - seen.clear) ** 2).sum())
            if left < error:
                ovals, clear, error = tried, seen_clear, left
                break
            damping *= 6
        damping = max(damping / 4, 1e-6)
        if before - error < _SETTLED * before:
            break
    return ovals


def _within(ovals: Doubles, scale: float) -> Doubles:
    """Ellipses that are neither too small nor too large, too steep nor too faint."""
    ovals = ovals.copy()
    ovals[:, [2, 4]] = ovals[:, [2, 4]].clip(-math.log(_LARGEST * scale), -math.log(_SMALLEST))
    ovals[:, 4] = ovals[:, 4].clip(ovals[:, 2] - _THINNEST, ovals[:, 2] + _THINNEST)
    lean = _MAX_LEAN * np.exp((ovals[:, 2] + ovals[:, 4]) / 2)
    ovals[:, 3] = ovals[:, 3].clip(-lean, lean)
    ovals[:, 5] = ovals[:, 5].clip(-_FAINTEST, _FAINTEST)
    ovals[:, 6] = ovals[:, 6].clip(_FLATTEST, _STEEPEST)
    return ovals


def _as_softs(ovals: Doubles, seen: Seen) -> tuple[Soft, ...]:
    """Ellipses with the stops of their gradients, which are fitted to what is seen."""
    softs = []
    for x, y, a, b, c, logit, steep in ovals.tolist():
        opacity, power = MAX_OPACITY / (1 + math.exp(-logit)), math.exp(steep)
        if opacity <= 2 * _ENDED:
            continue
        end = (2 * math.log(opacity / _ENDED)) ** (0.5 / power)
        _, (far, near), ways = np.linalg.svd(np.array([[math.exp(a), 0], [b, math.exp(c)]]))
        at = np.linspace(0, 1, _STEPS)
        fading = opacity * np.exp(-0.5 * (end * at) ** (2 * power))
        fading[-1] = 0
        means = fading[:, None] * np.append(seen.colour, 1)
        offsets, stops = find_stops(at, means, at + 1 / _STEPS)
        stops[:, :3], stops[-1, 3] = seen.colour, 0
        # The first axis is the one along which distances count more: the height counts as stretched by less than 1.
        angle = math.atan2(ways[0, 1], ways[0, 0])
        softs.append(Soft(np.array([x, y]), angle, np.zeros(2), end / far, offsets, stops, near / far))
    return _with_opacities(softs, seen)


def _with_opacities(softs: list[Soft], seen: Seen) -> tuple[Soft, ...]:
    """Shades with the opacities of their stops as they come nearest to what is seen."""
    shares = [_shares(soft, seen.places) for soft in softs]
    opacities = [soft.colours[:-1, 3] for soft in softs]
    limits = np.cumsum([len(one) for one in opacities])[:-1]
    for _ in range(_SEEN_STOPS):
        through = [1 - own @ opacity for own, opacity in zip(shares, opacities, strict=True)]
        clear = np.prod(through, axis=0)
        slopes = np.concatenate(
            [-own * (clear / one)[:, None] for own, one in zip(shares, through, strict=True)], axis=1
        )
        form = slopes.T @ slopes
        form += _TIE * np.trace(form) / len(form) * np.eye(len(form))
        step = np.linalg.solve(form, slopes.T @ (seen.clear - clear))
        opacities = [
            (one + own).clip(0, MAX_OPACITY) for one, own in zip(opacities, np.split(step, limits), strict=True)
        ]
    found = []
    for soft, opacity in zip(softs, opacities, strict=True):
        colours = soft.colours.copy()
        colours[:-1, 3] = opacity
        found.append(replace(soft, colours=colours))
    return tuple(found)


def _shares(soft: Soft, places: Doubles) -> Doubles:
    """(n, stops - 1), how much of each stop's opacity but the last one's, which is none, a shade has at places."""
    way = distances(soft.centre, soft.angle, soft.sides, places, soft.stretch) / soft.reach
    return np.stack([np.interp(way, soft.offsets, each, right=0) for each in np.eye(len(soft.offsets))[:-1]], axis=1)
