"""Fits a stretch of an outline with as few smooth cubics as its tolerance allows."""

from __future__ import annotations

import numpy as np

from spectacle.generators.supersvg.arrays import Doubles
from spectacle.generators.supersvg.raster.cpu import compiled

_ROUNDS = 4
"""How often the places on a cubic that belong to the points are improved."""

_EVENED = 5
"""Halvings of the search for the least tolerance that needs as few cubics."""

_REACH = 4
"""Over so many points to both sides the direction at a joint is averaged."""


@compiled
def _direction(span: Doubles, number: int) -> tuple[float, float]:
    """In which direction a span runs at one of its points: the slope of the parabola nearest to the points around."""
    last = len(span) - 1
    reach = min(_REACH, number, last - number)
    if reach == 0:
        reach = 1
    x = y = 0.0
    for offset in range(1, reach + 1):
        before, after = max(number - offset, 0), min(number + offset, last)
        x += offset * (span[after, 0] - span[before, 0])
        y += offset * (span[after, 1] - span[before, 1])
    length = np.hypot(x, y)
    if length < 1e-12:
        return 1.0, 0.0
    return x / length, y / length


@compiled
def _cubic(
    span: Doubles,
    tolerances: Doubles,
    begin: int,
    end: int,
    begin_tangent: tuple[float, float],
    end_tangent: tuple[float, float],
    out: Doubles,
) -> float:
    """Write the cubic nearest to some points of a span; returns how far off it is at most, in tolerances."""
    count = end - begin + 1
    x0, y0, x3, y3 = span[begin, 0], span[begin, 1], span[end, 0], span[end, 1]
    ax, ay = begin_tangent
    bx, by = end_tangent
    places = np.empty(count)
    places[0] = 0.0
    for number in range(1, count):
        dx = span[begin + number, 0] - span[begin + number - 1, 0]
        dy = span[begin + number, 1] - span[begin + number - 1, 1]
        places[number] = places[number - 1] + np.hypot(dx, dy)
    length = places[count - 1]
    chord = np.hypot(x3 - x0, y3 - y0)
    if length < 1e-9:
        for point in range(4):
            out[point, 0], out[point, 1] = x0, y0
        return 0.0
    places /= length
    worst = np.inf
    for _ in range(_ROUNDS):
        aa = ab = bb = ra = rb = 0.0
        cross = ax * bx + ay * by
        for number in range(count):
            t = places[number]
            r = 1 - t
            w0, w1, w2, w3 = r * r * r, 3 * r * r * t, 3 * r * t * t, t * t * t
            restx = span[begin + number, 0] - (w0 + w1) * x0 - (w2 + w3) * x3
            resty = span[begin + number, 1] - (w0 + w1) * y0 - (w2 + w3) * y3
            aa += w1 * w1
            ab += w1 * w2 * cross
            bb += w2 * w2
            ra += w1 * (restx * ax + resty * ay)
            rb += w2 * (restx * bx + resty * by)
        determinant = aa * bb - ab * ab
        first = second = (chord if chord > 1e-9 else length / 3) / 3
        if abs(determinant) > 1e-9 * aa * bb:
            one, two = (ra * bb - rb * ab) / determinant, (aa * rb - ab * ra) / determinant
            if one > 1e-3 * length and two > 1e-3 * length and one < 2 * length and two < 2 * length:
                first, second = one, two
        x1, y1, x2, y2 = x0 + first * ax, y0 + first * ay, x3 + second * bx, y3 + second * by
        worst = 0.0
        for number in range(1, count - 1):
            t = places[number]
            r = 1 - t
            w0, w1, w2, w3 = r * r * r, 3 * r * r * t, 3 * r * t * t, t * t * t
            offx = w0 * x0 + w1 * x1 + w2 * x2 + w3 * x3 - span[begin + number, 0]
            offy = w0 * y0 + w1 * y1 + w2 * y2 + w3 * y3 - span[begin + number, 1]
            off = np.hypot(offx, offy) / tolerances[begin + number]
            worst = max(worst, off)
            vx = 3 * (r * r * (x1 - x0) + 2 * r * t * (x2 - x1) + t * t * (x3 - x2))
            vy = 3 * (r * r * (y1 - y0) + 2 * r * t * (y2 - y1) + t * t * (y3 - y2))
            cx = 6 * (r * (x2 - 2 * x1 + x0) + t * (x3 - 2 * x2 + x1))
            cy = 6 * (r * (y2 - 2 * y1 + y0) + t * (y3 - 2 * y2 + y1))
            slope = vx * vx + vy * vy + offx * cx + offy * cy
            if abs(slope) > 1e-9:
                moved = t - (offx * vx + offy * vy) / slope
                places[number] = min(max(moved, places[number - 1]), 1.0)
        out[0, 0], out[0, 1], out[1, 0], out[1, 1] = x0, y0, x1, y1
        out[2, 0], out[2, 1], out[3, 0], out[3, 1] = x2, y2, x3, y3
        if worst <= 1 or worst > 8:
            break
    return worst


@compiled
def _greedy(
    span: Doubles,
    tolerances: Doubles,
    begin_tangent: tuple[float, float],
    end_tangent: tuple[float, float],
    most: int,
    out: Doubles,
) -> int:
    """Write cubics that each reach as far as the tolerance allows; returns how many, or `most` + 1 for too many."""
    last = len(span) - 1
    here, count = int(np.int64(0)), 0  # a literal would be a type of its own, and what is called compiled once more
    tangent = begin_tangent
    trial = np.empty((4, 2))
    while here < last:
        if count == most:
            return most + 1
        off = _cubic(span, tolerances, here, last, tangent, end_tangent, out[count])
        if off <= 1 or last - here < 3:
            return count + 1
        good, bad = min(here + 2, last), last
        step = 4
        while good + step < bad:
            joint = _direction(span, good + step)
            if _cubic(span, tolerances, here, good + step, tangent, (-joint[0], -joint[1]), trial) > 1:
                bad = good + step
                break
            good += step
            step *= 2
        while bad - good > 1:
            middle = (good + bad) // 2
            joint = _direction(span, middle)
            if _cubic(span, tolerances, here, middle, tangent, (-joint[0], -joint[1]), trial) > 1:
                bad = middle
            else:
                good = middle
        joint = _direction(span, good)
        _cubic(span, tolerances, here, good, tangent, (-joint[0], -joint[1]), out[count])
        count += 1
        here, tangent = good, joint
    return count


@compiled
def _fewest(
    span: Doubles, tolerances: Doubles, begin_tangent: tuple[float, float], end_tangent: tuple[float, float]
) -> Doubles:
    room = np.empty((len(span) // 2 + 2, 4, 2))
    count = _greedy(span, tolerances, begin_tangent, end_tangent, len(room), room)
    best = room[:count].copy()
    if count == 1:
        return best
    low, high = 0.0, 1.0
    for _ in range(_EVENED):
        middle = (low + high) / 2
        needed = _greedy(span, tolerances * middle, begin_tangent, end_tangent, count, room)
        if needed <= count:
            high = middle
            best = room[:needed].copy()
        else:
            low = middle
    return best


def fewest_cubics(
    span: Doubles, tolerances: Doubles, begin_tangent: Doubles | None = None, end_tangent: Doubles | None = None
) -> Doubles:
    """The fewest cubics, one smoothly after the other, that are nowhere farther from a span than tolerated.

    Args:
        span: (n, 2) points, two at least, about evenly apart.
        tolerances: (n,) how far off the cubics may be at each.
        begin_tangent: Direction at the beginning, of length 1. Default: as the points have it.
        end_tangent: Direction at the end, backwards.

    Returns:
        (m, 4, 2): of those with as few cubics, the one with about the least distance.
    """
    span = np.ascontiguousarray(span, np.float64)
    begin = _tangent(span[1:4] - span[0]) if begin_tangent is None else begin_tangent
    end = _tangent(span[-4:-1][::-1] - span[-1]) if end_tangent is None else end_tangent
    fitted: Doubles = _fewest(
        span,
        np.ascontiguousarray(tolerances, np.float64),
        (float(begin[0]), float(begin[1])),
        (float(end[0]), float(end[1])),
    )
    return fitted


def _tangent(steps: Doubles) -> Doubles:
    """The direction of the first steps along a span."""
    toward = steps.sum(axis=0)
    length = float(np.hypot(*toward))
    return toward / length if length > 1e-12 else np.array([1.0, 0.0])
