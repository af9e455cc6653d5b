"""Fits a traced outline with as few straight lines and smooth curves as will do, keeping its corners."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spectacle.generators.supersvg.tracing.contours import signed_area
from spectacle.generators.supersvg.tracing.fitting import fewest_cubics
from spectacle.generators.supersvg.tracing.tips import Coverage, tips_at

Points = NDArray[np.floating[Any]]
Numbers = NDArray[np.floating[Any]]

_NEAR = 2.5
_FAR = 5.0
_CORNER = math.radians(32)
_SUDDEN = 0.68
"""A corner turns as far within `_NEAR` pixels as within `_FAR`; an arc would turn by half of that."""

_STRAIGHT_SHARE = 0.08
_MIN_LINE = 8.0
_TINY = 14.0

_MIN_ROUND = 12
_ROUND = 0.6
"""An outline is an ellipse if it is nowhere farther from one than this share of what is tolerated."""

_ARC = 4 / 3 * (math.sqrt(2) - 1)
"""How far the handles of a quarter of a circle reach."""

_LOOSE = 1.2
"""How far in pixels an outline may be off where nobody sees it: less than what it reaches under others."""

_OPPOSITE, _MIN_END = -0.9, 0.3
"""Cosine of the angle up to which two lines are the sides of one thin line, and how wide in pixels that is at least."""

_STARTS = 3
"""From so many places round curves are tried to begin: the number of cubics depends on it."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One cubic.

    Attributes:
        points: (4, 2).
        line: Whether it is straight.
    """

    points: Points
    line: bool


def fit_outline(
    outline: Points,
    tolerance: float,
    scale: float = 1,
    hidden: NDArray[np.bool_] | None = None,
    coverage: Coverage | None = None,
) -> list[Curve]:
    """Fit a closed outline.

    Args:
        outline: (n, 2) points about a pixel apart; the last is not the first.
        tolerance: How far in pixels the fit may be from the points.
        scale: Look at the outline as if it were so many times as large, to find corners that are nearer to each other.
        hidden: (n,) where the outline lies under others, and need not be close.
        coverage: How much of each pixel is covered by what it is the outline of: sharp tips end where that says. It
            does not count with another scale than 1.

    Returns:
        The curves in order, each beginning where the last one ended.
    """
    if scale != 1:
        fitted = fit_outline(outline * scale, tolerance * scale, hidden=hidden)
        return [Curve(curve.points / scale, curve.line) for curve in fitted]
    outline, under = _resampled(outline, hidden)
    limits = np.where(under, max(_LOOSE, tolerance), tolerance)
    if (ellipse := _ellipse(outline, _ROUND * limits)) is not None:
        return ellipse
    if len(outline) < _TINY:
        return _fit_span(np.concatenate([outline, outline[:1]]), None, None, np.append(limits, limits[0]))
    corners = [corner for corner in _corners(outline) if not under[corner]]
    if not corners:
        return _fit_smooth(outline, limits)
    tips = tips_at(outline, corners, coverage) if coverage is not None else {}
    spans, span_limits = [], []
    for number, corner in enumerate(corners):
        following = corners[(number + 1) % len(corners)]
        length = (following - corner) % len(outline) or len(outline)
        numbers = (corner + np.arange(length + 1)) % len(outline)
        first, last = (tips[each].rounded if each in tips else 0 for each in (corner, following))
        numbers = np.concatenate([numbers[:1], numbers[1 + first : len(numbers) - 1 - last], numbers[-1:]])
        spans.append(outline[numbers])
        span_limits.append(limits[numbers])
    lines = [_line_through(span, limit) for span, limit in zip(spans, span_limits, strict=True)]
    ends: dict[int, Curve] = {}
    for number, (before, after) in enumerate(zip([lines[-1], *lines[:-1]], lines, strict=True)):
        joint = spans[number][0]
        if (tip := tips.get(corners[number])) is not None:
            if tip.begin is not tip.end:
                ends[number] = _line(tip.begin, tip.end)
            spans[number - 1][-1], spans[number][0] = tip.begin, tip.end
            continue
        if before is not None and after is not None:
            crossing = _crossing(before, after)
            if crossing is not None and math.dist(crossing, joint) < 2:
                joint = crossing
            elif (end := _end_of(before, after, joint)) is not None:
                ends[number] = _line(*end)
                spans[number - 1][-1], spans[number][0] = end
                continue
        elif after is not None or before is not None:
            point, direction = after if after is not None else before  # type: ignore[misc]
            joint = point + direction * ((joint - point) @ direction)
        spans[number][0] = joint
        spans[number - 1][-1] = joint
    curves: list[Curve] = []
    for number, (span, line, limit) in enumerate(zip(spans, lines, span_limits, strict=True)):
        straight = line is not None
        curves += [ends[number]] if number in ends else []
        curves += [_line(span[0], span[-1])] if straight else _between(span, None, None, limit, len(outline))
    if abs(signed_area(np.concatenate([curve.points[:3] for curve in curves])) - signed_area(outline)) > 0.5 * abs(
        signed_area(outline)
    ):
        # Two sides so near to each other that their corners were considered one.
        closed = np.concatenate([outline, outline[:1]])
        return polygon(closed[_simplified(closed, np.append(limits, limits[0]))[:-1]])
    return curves


def fit_stroke(points: Points, tolerance: float, *, closed: bool) -> list[Curve]:
    """Fit the middle of a stroke.

    Args:
        points: (n, 2) from one end to the other; of a closed one the last is not the first.
        tolerance: How far in pixels the fit may be from the points.
        closed: Whether it ends where it begins.
    """
    if closed:
        return fit_outline(points, tolerance)
    lengths = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    if lengths[-1] < 1e-6:
        return []
    places = np.linspace(0, lengths[-1], max(2, round(lengths[-1]) + 1))
    even = np.stack([np.interp(places, lengths, points[:, axis]) for axis in (0, 1)], axis=1)
    limits = np.full(len(even), tolerance)
    reach = int(_FAR)
    turns = _turns(even, _FAR)
    turns[:reach] = turns[-reach:] = 0
    corners = [
        number
        for number in np.flatnonzero(turns > _CORNER).tolist()
        if turns[number] == turns[max(number - reach, 0) : number + reach + 1].max()
    ]
    curves: list[Curve] = []
    for begin, end in pairwise([0, *corners, len(even) - 1]):
        span = even[begin : end + 1]
        if len(span) < 2:
            continue
        off = np.abs((span - span[0]) @ _across(span[-1] - span[0]))
        straight = off.max() <= tolerance
        curves += [_line(span[0], span[-1])] if straight else _between(span, None, None, limits[: len(span)], len(even))
    return curves


def _across(vector: Points) -> Points:
    """The direction across another, of length 1."""
    along = _unit(vector)
    return np.array([-along[1], along[0]])


def _ellipse(outline: Points, limits: Numbers) -> list[Curve] | None:
    """The ellipse, or the circle, that has the area and the moments of an outline, if the outline is one."""
    if len(outline) < _MIN_ROUND:
        return None
    following = np.roll(outline, -1, axis=0)
    middle = outline.mean(axis=0)
    (x0, y0), (x1, y1) = (outline - middle).T, (following - middle).T
    cross = x0 * y1 - x1 * y0
    area = cross.sum() / 2
    if abs(area) < 1:
        return None
    centre = np.array([((x0 + x1) * cross).sum(), ((y0 + y1) * cross).sum()]) / (6 * area)
    xx = (cross * (x0 * x0 + x0 * x1 + x1 * x1)).sum() / (12 * area) - centre[0] ** 2
    yy = (cross * (y0 * y0 + y0 * y1 + y1 * y1)).sum() / (12 * area) - centre[1] ** 2
    xy = (cross * (x0 * y1 + 2 * x0 * y0 + 2 * x1 * y1 + x1 * y0)).sum() / (24 * area) - centre[0] * centre[1]
    spread, turned = np.linalg.eigh(np.array([[xx, xy], [xy, yy]]))
    if spread[0] <= 0:
        return None
    radii = 2 * np.sqrt(spread)
    if radii[1] - radii[0] < float(limits.mean()):
        radii, turned = np.full(2, math.sqrt(abs(area) / math.pi)), np.eye(2)
    places = (outline - middle - centre) @ turned / radii
    far = np.hypot(*places.T)
    off = np.abs(far - 1) / np.maximum(far, 1e-6) * np.hypot(*(places * radii).T)
    if (off > limits).any():
        return None
    quarter = np.array([[1, 0], [1, _ARC], [_ARC, 1], [0, 1]])
    curves = []
    for turn in range(4):
        angle = turn * math.pi / 2
        way = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]).round()
        curves.append(quarter @ way)
    if area * np.linalg.det(turned) < 0:
        curves = [curve[::-1] for curve in reversed(curves)]
    return [Curve(curve * radii @ turned.T + middle + centre, line=False) for curve in curves]


def polygon(corners: Points) -> list[Curve]:
    """The straight sides between corners (n, 2)."""
    return [_line(begin, end) for begin, end in zip(corners, np.roll(corners, -1, axis=0), strict=True)]


def _resampled(outline: Points, hidden: NDArray[np.bool_] | None) -> tuple[Points, NDArray[np.bool_]]:
    """Points evenly about a pixel apart, and which of them are hidden."""
    closed = np.concatenate([outline, outline[:1]])
    lengths = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    count = max(4, round(lengths[-1]))
    places = np.arange(count) * lengths[-1] / count
    points = np.stack([np.interp(places, lengths, closed[:, axis]) for axis in (0, 1)], axis=1)
    if hidden is None:
        return points, np.zeros(count, bool)
    return points, np.interp(places, lengths, np.append(hidden, hidden[0]).astype(np.float64)) > 0.5


def _corners(outline: Points) -> list[int]:
    far, near = _turns(outline, _FAR), _turns(outline, _NEAR)
    score = np.where((far > _CORNER) & (near > _SUDDEN * far), near + far, 0)
    corners: list[int] = []
    reach = int(_NEAR) + 1
    highest = ndimage.maximum_filter1d(score, 2 * reach + 1, mode="wrap")
    for number in np.flatnonzero((score > 0) & (score == highest)).tolist():
        # Of several that turn as far, next to each other, the first; they come in order, around the outline.
        beside = corners[-1:] + corners[:1]
        if not any((number - other) % len(score) <= reach for other in beside):
            corners.append(number)
    return corners


def _turns(outline: Points, reach: float) -> Numbers:
    """By which angle the outline turns at each point, seen from `reach` pixels before and after it."""
    before, after = (_moved(outline, sign * reach) for sign in (-1, 1))
    arriving, leaving = outline - before, after - outline
    cross = arriving[:, 0] * leaving[:, 1] - arriving[:, 1] * leaving[:, 0]
    return np.asarray(np.abs(np.arctan2(cross, (arriving * leaving).sum(axis=1))))


def _moved(outline: Points, distance: float) -> Points:
    whole = math.floor(distance)
    part = distance - whole
    return np.asarray(np.roll(outline, -whole, axis=0) * (1 - part) + np.roll(outline, -whole - 1, axis=0) * part)


def _line_through(span: Points, limits: Numbers) -> tuple[Points, Points] | None:
    """A point and the direction of the line that a span lies on, if it does."""
    cut = 2 if len(span) > 8 else 1 if len(span) > 4 else 0
    inner, limits = span[cut : len(span) - cut], limits[cut : len(span) - cut]
    middle = inner.mean(axis=0)
    across, down = (inner - middle).T
    angle = 0.5 * math.atan2(2 * float(across @ down), float(across @ across - down @ down))
    direction = np.array([math.cos(angle), math.sin(angle)])
    if direction @ (span[-1] - span[0]) < 0:
        direction = -direction
    off = (inner - middle) @ np.array([-direction[1], direction[0]])
    if (np.abs(off) > limits).any() or abs(_bow(off)) > 0.6 * float(limits.mean()):
        return None
    return middle, direction


def _bow(off: Numbers) -> float:
    """How far the middle of a span is off its chord, by the parabola nearest to it."""
    if len(off) < 6:
        return 0.0
    square = np.linspace(-1, 1, len(off)) ** 2
    square -= square.mean()
    return float(square @ off / (square @ square))


def _crossing(one: tuple[Points, Points], other: tuple[Points, Points]) -> Points | None:
    (p, d), (q, e) = one, other
    cross = d[0] * e[1] - d[1] * e[0]
    if abs(cross) < 0.1:
        return None
    step = ((q[0] - p[0]) * e[1] - (q[1] - p[1]) * e[0]) / cross
    return np.asarray(p + step * d)


def _end_of(one: tuple[Points, Points], other: tuple[Points, Points], joint: Points) -> tuple[Points, Points] | None:
    """Where the end of a thin straight line begins and ends, if two lines that meet in a joint are its two sides.

    Its two corners are so near to each other that they were found as one, and its sides must not meet there.
    """
    (p, d), (q, e) = one, other
    if d @ e > _OPPOSITE:
        return None
    begin, end = p + d * ((joint - p) @ d), q + e * ((joint - q) @ e)
    return (begin, end) if math.dist(begin, end) > _MIN_END else None


def _line(start: Points, end: Points) -> Curve:
    return Curve(start + (end - start) * np.array([[0], [1 / 3], [2 / 3], [1]]), line=True)


def _fit_smooth(outline: Points, limits: Numbers) -> list[Curve]:
    """Fit an outline without corners, beginning in the middle of its longest straight run, if any."""
    closed, around = np.concatenate([outline, outline[:1]]), np.append(limits, limits[0])
    runs = _straight_runs(closed, around, len(outline))
    if runs:
        begin, end = max(runs, key=lambda run: run[1] - run[0])
        closed, around = (np.roll(side, -begin, axis=0) for side in (outline, limits))
        closed, around = np.concatenate([closed, closed[:1]]), np.append(around, around[0])
        line = _line(closed[0], closed[end - begin])
        tangent = _unit(line.points[-1] - line.points[0])
        rest = slice(end - begin, None)
        return [line, *_between(closed[rest], tangent, -tangent, around[rest], len(outline))]
    fits = []
    for number in range(_STARTS):
        start = number * len(outline) // _STARTS // 2
        turned, own = np.roll(outline, -start, axis=0), np.roll(limits, -start)
        tangent = _unit(turned[1] - turned[-1])
        fits.append(_fit_span(np.concatenate([turned, turned[:1]]), tangent, -tangent, np.append(own, own[0])))
    return min(fits, key=len)


def _between(
    span: Points, begin_tangent: Points | None, end_tangent: Points | None, limits: Numbers, perimeter: int
) -> list[Curve]:
    """Fit a span, with lines where it runs straight for long."""
    curves: list[Curve] = []
    here = 0
    tangent = begin_tangent
    for begin, end in _straight_runs(span, limits, perimeter):
        direction = _unit(span[end] - span[begin])
        if begin > here:
            curves += _fit_span(span[here : begin + 1], tangent, -direction, limits[here : begin + 1])
        curves.append(_line(span[begin], span[end]))
        here, tangent = end, direction
    if here < len(span) - 1:
        curves += _fit_span(span[here:], tangent, end_tangent, limits[here:])
    return curves


def _straight_runs(span: Points, limits: Numbers, perimeter: int) -> list[tuple[int, int]]:
    """First and last points of long straight stretches."""
    least = max(_MIN_LINE, _STRAIGHT_SHARE * perimeter)
    ends = _simplified(span, 0.6 * limits)
    return [
        (begin + 1 if begin else 0, end - 1 if end < len(span) - 1 else end)
        for begin, end in pairwise(ends)
        if end - begin >= least and _line_through(span[begin : end + 1], 0.6 * limits[begin : end + 1]) is not None
    ]


def _simplified(span: Points, limits: Numbers) -> list[int]:
    """Douglas and Peucker's polygon: the numbers of its corners."""
    kept = {0, len(span) - 1}
    todo = [(0, len(span) - 1)]
    while todo:
        begin, end = todo.pop()
        if end - begin < 2:
            continue
        chord = span[end] - span[begin]
        offsets = span[begin + 1 : end] - span[begin]
        length = math.hypot(*chord)
        off = np.abs(offsets @ np.array([-chord[1], chord[0]])) / length if length > 1e-9 else np.hypot(*offsets.T)
        off = off / limits[begin + 1 : end]
        if off.max() > 1:
            middle = begin + 1 + int(off.argmax())
            kept.add(middle)
            todo += [(begin, middle), (middle, end)]
    return sorted(kept)


def _fit_span(span: Points, begin_tangent: Points | None, end_tangent: Points | None, limits: Numbers) -> list[Curve]:
    if len(span) < 3:
        return [_line(span[0], span[-1])]
    begin, end = (None if tangent is None else tangent.astype(np.float64) for tangent in (begin_tangent, end_tangent))
    fitted = fewest_cubics(span.astype(np.float64), limits.astype(np.float64), begin, end)
    return [Curve(points, line=False) for points in fitted]


def _unit(vector: Points) -> Points:
    length = math.hypot(*vector)
    return np.asarray(vector / length) if length else np.array([1.0, 0.0])
