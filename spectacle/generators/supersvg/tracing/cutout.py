"""Traces areas as pieces that tile: neighbours share every border, point by point, and nothing lies under another."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spectacle.generators.supersvg.arrays import Doubles, Labels
from spectacle.generators.supersvg.raster.shapes import PathSet
from spectacle.generators.supersvg.tracing.areas import Area, Areas
from spectacle.generators.supersvg.tracing.ink import Ink
from spectacle.generators.supersvg.tracing.logo import path_set_of
from spectacle.generators.supersvg.tracing.outline import Curve, fit_outline, fit_stroke

Corner = tuple[int, int]

_OUTSIDE = -1
_SMOOTHED = 3


@dataclass(frozen=True, slots=True, eq=False)
class _Border:
    """A border between two areas, from one junction to another, or all around."""

    left: int
    right: int
    begin: Corner
    end: Corner
    curves: list[Curve]


def tile(areas: Areas, tolerance: float, kept: NDArray[np.bool_], *, by_colour: bool) -> PathSet:
    """The areas as paths without any overlap or gap.

    Args:
        areas: Of an image.
        tolerance: How far in pixels a border may be off.
        kept: (areas,) which of them are wanted.
        by_colour: Make one path of all areas of one colour.
    """
    contours: dict[int, list[list[Curve]]] = defaultdict(list)
    sides: dict[int, list[_Border]] = defaultdict(list)
    for border in _borders(areas, tolerance):
        for side, own in ((border.left, border), (border.right, _reversed(border))):
            if side != _OUTSIDE:
                sides[side].append(own)
    for number, borders in sides.items():
        contours[number] = _joined(borders)
    numbers = [number for number in range(len(areas.areas)) if kept[number] and contours[number]]
    groups: dict[bytes, list[int]] = defaultdict(list)
    for number in numbers:
        area = areas.areas[number]
        key = area.colour.tobytes() + (b"" if area.gradient is None else area.gradient.key)
        groups[key if by_colour else key + number.to_bytes(8, "big")].append(number)
    points: list[NDArray[np.floating]] = []
    lengths: list[int] = []
    owners: list[int] = []
    found: list[Area] = []
    for members in groups.values():
        for contour in (contour for number in members for contour in contours[number]):
            points += [curve.points[:3] for curve in contour]
            lengths.append(len(contour))
            owners.append(len(found))
        found.append(areas.areas[members[0]])
    return path_set_of(points, lengths, owners, found)


def areas_of_ink(ink: Ink) -> Areas:
    """The connected areas of ink and of paper."""
    inside = ink.drawn() > 0.5
    labels = np.zeros(inside.shape, np.int64)
    areas: list[Area] = []
    for side, colour in ((~inside, ink.paper), (inside, ink.colour)):
        parts, count = ndimage.label(side)
        labels[side] = parts[side] + len(areas) - 1
        areas += [Area(colour)] * count
    shares = np.where(inside, ink.coverage, 1 - ink.coverage).astype(np.float32)
    modelled = np.where(inside[..., None], ink.colour, ink.paper)
    return Areas(labels, labels, shares, areas, modelled, 1.0, 0.0, np.zeros(inside.shape, np.float32))


def _reversed(border: _Border) -> _Border:
    curves = [Curve(curve.points[::-1], curve.line) for curve in reversed(border.curves)]
    return _Border(border.right, border.left, border.end, border.begin, curves)


def _joined(borders: list[_Border]) -> list[list[Curve]]:
    """The closed outlines that borders with one area to the left make up."""
    after: dict[Corner, list[_Border]] = defaultdict(list)
    for border in borders:
        after[border.begin].append(border)
    outlines = []
    for border in borders:
        if border not in after[border.begin]:
            continue
        outline: list[Curve] = []
        here = border
        while True:
            after[here.begin].remove(here)
            outline += here.curves
            if here.end == border.begin or not after[here.end]:
                break
            here = after[here.end][0]
        outlines.append(outline)
    return outlines


def _borders(areas: Areas, tolerance: float) -> list[_Border]:
    """All borders between areas, and between areas and what is outside of the image."""
    labels = np.pad(areas.labels, 1, constant_values=_OUTSIDE)
    height, width = areas.labels.shape
    ways: dict[Corner, list[Corner]] = defaultdict(list)
    for row, column in np.argwhere(labels[:-1, 1:-1] != labels[1:, 1:-1]).tolist():
        ways[row, column].append((row, column + 1))
        ways[row, column + 1].append((row, column))
    for row, column in np.argwhere(labels[1:-1, :-1] != labels[1:-1, 1:]).tolist():
        ways[row, column].append((row + 1, column))
        ways[row + 1, column].append((row, column))
    corners = {(0, 0), (0, width), (height, 0), (height, width)}
    knots = {place for place, others in ways.items() if len(others) > 2 or place in corners}
    borders: list[_Border] = []
    used: set[tuple[Corner, Corner]] = set()
    for start in [*sorted(knots), *sorted(ways)]:
        for first in ways[start]:
            if (start, first) in used:
                continue
            way = [start, first]
            while way[-1] not in knots and way[-1] != start:
                way.append(next(place for place in ways[way[-1]] if place != way[-2]))
            used.update(pairwise(way))
            used.update(pairwise(reversed(way)))
            left, right = _beside(labels, way[0], way[1])
            closed = way[0] == way[-1] and start not in knots
            curves = _fitted(areas, np.array(way), closed, _OUTSIDE in {left, right}, tolerance)
            borders.append(_Border(left, right, way[0], way[-1], curves))
    return borders


def _beside(labels: Labels, begin: Corner, end: Corner) -> tuple[int, int]:
    """The areas to the left and to the right of a step, seen along it with y down."""
    row, column = begin
    down, across = end[0] - row, end[1] - column
    if across:
        above, below = int(labels[row, min(column, end[1]) + 1]), int(labels[row + 1, min(column, end[1]) + 1])
        return (above, below) if across > 0 else (below, above)
    first = min(row, end[0]) + 1
    before, behind = int(labels[first, column]), int(labels[first, column + 1])
    return (behind, before) if down > 0 else (before, behind)


def _fitted(areas: Areas, way: Labels, closed: bool, straight: bool, tolerance: float) -> list[Curve]:
    places = way[:, ::-1].astype(np.float64)
    if straight:
        line = places[0] + (places[-1] - places[0]) * np.array([[0], [1 / 3], [2 / 3], [1]])
        return [Curve(line, line=True)]
    middles = (places[1:] + places[:-1]) / 2 + _shifts(areas, way)
    if closed:
        smooth = ndimage.uniform_filter1d(middles, min(_SMOOTHED, len(middles)), axis=0, mode="wrap")
        return fit_outline(smooth, tolerance)
    smooth = ndimage.uniform_filter1d(middles, min(_SMOOTHED, len(middles)), axis=0, mode="nearest")
    points = np.concatenate([places[:1], smooth[1:-1] if len(smooth) > 2 else smooth[:0], places[-1:]])
    if np.abs(points[0] - points[-1]).max() < 1e-9 and len(points) > 2:
        half = len(points) // 2
        first, second = points[: half + 1], points[half:]
        return [*fit_stroke(first, tolerance, closed=False), *fit_stroke(second, tolerance, closed=False)]
    return fit_stroke(points, tolerance, closed=False)


def _shifts(areas: Areas, way: Labels) -> Doubles:
    """By how much each step of a border lies off the pixels' sides: (steps, 2), x before y."""
    height, width = areas.labels.shape
    begin, end = way[:-1], way[1:]
    across = begin[:, 0] == end[:, 0]
    low = np.minimum(begin, end)
    one = np.where(across[:, None], low - [1, 0], low - [0, 1])
    one = one.clip(0, [height - 1, width - 1])
    other = low.clip(0, [height - 1, width - 1])
    (rows, columns), (next_rows, next_columns) = one.T, other.T
    shown = 1 - areas.shares[rows, columns] if len(one) else np.zeros(0)
    next_shown = 1 - areas.shares[next_rows, next_columns]
    own, following = areas.labels[rows, columns], areas.labels[next_rows, next_columns]
    back = np.where((areas.neighbours[rows, columns] == following) | (areas.neighbours is areas.labels), shown, 0)
    on = np.where(
        (areas.neighbours[next_rows, next_columns] == own) | (areas.neighbours is areas.labels), next_shown, 0
    )
    shift = (on - back).astype(np.float64)
    return np.stack([np.where(across, 0, shift), np.where(across, shift, 0)], axis=1)
