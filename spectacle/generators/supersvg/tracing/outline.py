"""Fits a traced outline with as few straight lines and smooth curves as will do, keeping its corners."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
_SPLITS = 12


@dataclass(frozen=True, slots=True)
class Curve:
    """One cubic.

    Attributes:
        points: (4, 2).
        line: Whether it is straight.
    """

    points: Points
    line: bool


def fit_outline(outline: Points, tolerance: float, scale: float = 1) -> list[Curve]:
    """Fit a closed outline.

    Args:
        outline: (n, 2) points about a pixel apart; the last is not the first.
        tolerance: How far in pixels the fit may be from the points.
        scale: Look at the outline as if it were so many times as large, to find corners that are nearer to each other.

    Returns:
        The curves in order, each beginning where the last one ended.
    """
    if scale != 1:
        fitted = fit_outline(outline * scale, tolerance * scale)
        return [Curve(curve.points / scale, curve.line) for curve in fitted]
    outline = _resampled(outline)
    if len(outline) < _TINY:
        return _fit_span(np.concatenate([outline, outline[:1]]), None, None, tolerance)
    corners = _corners(outline)
    if not corners:
        return _fit_smooth(outline, tolerance)
    spans = []
    for number, corner in enumerate(corners):
        following = corners[(number + 1) % len(corners)]
        length = (following - corner) % len(outline) or len(outline)
        spans.append(outline[(corner + np.arange(length + 1)) % len(outline)])
    lines = [_line_through(span, tolerance) for span in spans]
    for number, (before, after) in enumerate(zip([lines[-1], *lines[:-1]], lines, strict=True)):
        joint = spans[number][0]
        if before is not None and after is not None:
            crossing = _crossing(before, after)
            if crossing is not None and math.dist(crossing, joint) < 2:
                joint = crossing
        elif after is not None or before is not None:
            point, direction = after if after is not None else before  # type: ignore[misc]
            joint = point + direction * ((joint - point) @ direction)
        spans[number][0] = joint
        spans[number - 1][-1] = joint
    curves: list[Curve] = []
    for span, line in zip(spans, lines, strict=True):
        curves += [_line(span[0], span[-1])] if line is not None else _with_lines(span, tolerance, len(outline))
    if abs(_area(np.concatenate([curve.points[:3] for curve in curves])) - _area(outline)) > 0.5 * abs(_area(outline)):
        # Two sides so near to each other that their corners were taken for one.
        closed = np.concatenate([outline, outline[:1]])
        return polygon(closed[_simplified(closed, tolerance)[:-1]])
    return curves


def polygon(corners: Points) -> list[Curve]:
    """The straight sides between corners (n, 2)."""
    return [_line(begin, end) for begin, end in zip(corners, np.roll(corners, -1, axis=0), strict=True)]


def _area(points: Points) -> float:
    x, y = points.T
    return 0.5 * float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))


def _resampled(outline: Points) -> Points:
    """Points evenly about a pixel apart, with the staircase of the pixels smoothed out."""
    closed = np.concatenate([outline, outline[:1]])
    lengths = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    count = max(4, round(lengths[-1]))
    places = np.arange(count) * lengths[-1] / count
    return np.stack([np.interp(places, lengths, closed[:, axis]) for axis in (0, 1)], axis=1)


def _corners(outline: Points) -> list[int]:
    far, near = _turns(outline, _FAR), _turns(outline, _NEAR)
    score = np.where((far > _CORNER) & (near > _SUDDEN * far), near + far, 0)
    corners: list[int] = []
    reach = int(_NEAR) + 1
    for number in np.flatnonzero(score):
        around = score[(number + np.arange(-reach, reach + 1)) % len(score)]
        if score[number] == around.max() and not any((number - other) % len(score) <= reach for other in corners):
            corners.append(int(number))
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


def _line_through(span: Points, tolerance: float) -> tuple[Points, Points] | None:
    """A point and the direction of the line that a span lies on, if it does."""
    inner = span[2:-2] if len(span) > 8 else span[1:-1] if len(span) > 4 else span
    middle = inner.mean(axis=0)
    across, down = (inner - middle).T
    angle = 0.5 * math.atan2(2 * float(across @ down), float(across @ across - down @ down))
    direction = np.array([math.cos(angle), math.sin(angle)])
    if direction @ (span[-1] - span[0]) < 0:
        direction = -direction
    off = (inner - middle) @ np.array([-direction[1], direction[0]])
    if np.abs(off).max() > tolerance or abs(_bow(off)) > 0.6 * tolerance:
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


def _line(start: Points, end: Points) -> Curve:
    return Curve(start + (end - start) * np.array([[0], [1 / 3], [2 / 3], [1]]), line=True)


def _fit_smooth(outline: Points, tolerance: float) -> list[Curve]:
    """Fit an outline without corners, beginning in the middle of its longest straight run, if any."""
    closed = np.concatenate([outline, outline[:1]])
    runs = _straight_runs(closed, tolerance, len(outline))
    if runs:
        begin, end = max(runs, key=lambda run: run[1] - run[0])
        closed = np.roll(outline, -begin, axis=0)
        closed = np.concatenate([closed, closed[:1]])
        line = _line(closed[0], closed[end - begin])
        tangent = _unit(line.points[-1] - line.points[0])
        return [line, *_between(closed[end - begin :], tangent, -tangent, tolerance, len(outline))]
    tangent = _unit(outline[1] - outline[-1])
    return _fit_span(closed, tangent, -tangent, tolerance)


def _with_lines(span: Points, tolerance: float, perimeter: int) -> list[Curve]:
    return _between(span, None, None, tolerance, perimeter)


def _between(
    span: Points, begin_tangent: Points | None, end_tangent: Points | None, tolerance: float, perimeter: int
) -> list[Curve]:
    """Fit a span, with lines where it runs straight for long."""
    curves: list[Curve] = []
    here = 0
    tangent = begin_tangent
    for begin, end in _straight_runs(span, tolerance, perimeter):
        direction = _unit(span[end] - span[begin])
        if begin > here:
            curves += _fit_span(span[here : begin + 1], tangent, -direction, tolerance)
        curves.append(_line(span[begin], span[end]))
        here, tangent = end, direction
    if here < len(span) - 1:
        curves += _fit_span(span[here:], tangent, end_tangent, tolerance)
    return curves


def _straight_runs(span: Points, tolerance: float, perimeter: int) -> list[tuple[int, int]]:
    """First and last points of long straight stretches."""
    least = max(_MIN_LINE, _STRAIGHT_SHARE * perimeter)
    ends = _simplified(span, 0.6 * tolerance)
    return [
        (begin + 1 if begin else 0, end - 1 if end < len(span) - 1 else end)
        for begin, end in pairwise(ends)
        if end - begin >= least and _line_through(span[begin : end + 1], 0.6 * tolerance) is not None
    ]


def _simplified(span: Points, tolerance: float) -> list[int]:
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
        if off.max() > tolerance:
            middle = begin + 1 + int(off.argmax())
            kept.add(middle)
            todo += [(begin, middle), (middle, end)]
    return sorted(kept)


def _fit_span(
    span: Points, begin_tangent: Points | None, end_tangent: Points | None, tolerance: float, splits: int = _SPLITS
) -> list[Curve]:
    """Schneider's algorithm: one cubic, or two that meet smoothly where one is too far off."""
    if len(span) < 3:
        return [_line(span[0], span[-1])]
    if begin_tangent is None:
        begin_tangent = _unit(span[min(2, len(span) - 1)] - span[0])
    if end_tangent is None:
        end_tangent = _unit(span[max(-3, -len(span))] - span[-1])
    places = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(span, axis=0).T))])
    if not places[-1]:
        return [_line(span[0], span[-1])]
    places /= places[-1]
    for _ in range(4):
        points = _one_cubic(span, places, begin_tangent, end_tangent)
        off = ((_at(points, places) - span) ** 2).sum(axis=1)
        if off.max() <= tolerance**2:
            return [Curve(points, line=False)]
        places = _nearer(points, span, places)
    if not splits or len(span) < 5:
        return [Curve(points, line=False)]
    middle = min(max(int(off.argmax()), 2), len(span) - 3)
    tangent = _unit(span[middle + 1] - span[middle - 1])
    if middle >= 3 and middle <= len(span) - 4:
        tangent = _unit(span[middle + 2] - span[middle - 2])
    return [
        *_fit_span(span[: middle + 1], begin_tangent, -tangent, tolerance, splits - 1),
        *_fit_span(span[middle:], tangent, end_tangent, tolerance, splits - 1),
    ]


def _one_cubic(span: Points, places: Numbers, begin: Points, end: Points) -> Points:
    start, stop = span[0], span[-1]
    first, second = 3 * places * (1 - places) ** 2, 3 * places**2 * (1 - places)
    base = np.outer((1 - places) ** 3 + first, start) + np.outer(places**3 + second, stop)
    a, b = first[:, None] * begin, second[:, None] * end
    matrix = np.array([[(a * a).sum(), (a * b).sum()], [(a * b).sum(), (b * b).sum()]])
    right = np.array([(a * (span - base)).sum(), (b * (span - base)).sum()])
    chord = math.dist(start, stop)
    length = chord or float(np.hypot(*np.diff(span, axis=0).T).sum()) / 3
    handles = np.full(2, length / 3)
    if abs(np.linalg.det(matrix)) > 1e-9:
        solved = np.linalg.solve(matrix, right)
        if (solved > 1e-3 * length).all() and (solved < 3 * max(length, len(span) / 3)).all():
            handles = solved
    return np.stack([start, start + handles[0] * begin, stop + handles[1] * end, stop])


def _at(points: Points, places: Numbers) -> Points:
    rest = 1 - places
    weights = np.stack([rest**3, 3 * rest**2 * places, 3 * rest * places**2, places**3], axis=1)
    return np.asarray(weights @ points)


def _nearer(points: Points, span: Points, places: Numbers) -> Numbers:
    """One of Newton's steps towards the places on the curve that are nearest to the points."""
    rest = 1 - places
    difference = _at(points, places) - span
    edges = 3 * np.diff(points, axis=0)
    velocity = np.stack([rest**2, 2 * rest * places, places**2], axis=1) @ edges
    acceleration = np.stack([rest, places], axis=1) @ (2 * np.diff(edges, axis=0))
    slope = (velocity**2).sum(axis=1) + (difference * acceleration).sum(axis=1)
    step = (difference * velocity).sum(axis=1) / np.where(np.abs(slope) < 1e-9, 1, slope)
    return np.maximum.accumulate((places - step).clip(0, 1))


def _unit(vector: Points) -> Points:
    length = math.hypot(*vector)
    return np.asarray(vector / length) if length else np.array([1.0, 0.0])
