"""Finds where sharp tips end, which cover so little of their last pixels that traced outlines end before."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectacle.generators.supersvg.tracing.contours import signed_area

Points = NDArray[np.floating[Any]]

_SIDES = 40, 20, 10
"""So many points of each side, at most, tell where both would meet: as many as are on one line."""

_MIN_POINTS = 4
"""With fewer, it is not certain."""

_BEFORE = 2.0
"""Distance in pixels between both sides from which on the outline is where they are; nearer to the tip it is not."""

_SHARP, _BLUNT = math.radians(3), math.radians(75)
"""Angles of tips that are looked for: sides of smaller ones run next to each other, and greater ones lose nothing."""

_STRAIGHT = 0.2
"""How far in pixels points may be from the line through their side."""

_MAX_LENGTH = 40.0
"""How far in pixels from there a tip may be."""

_AROUND = 1.5
"""How far in pixels from a tip's sides its pixels are."""

_LACKING, _MAX_LACKING = 0.12, 1.0
"""Of the triangle between both sides, at most this share, and so many pixels, are not covered if it is all there: what
ends before, more than half a pixel wide, covers less."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of each pixel of an image a shape covers.

    Attributes:
        shares: Gives that for a window of the image, 0 to 1.
        size: (height, width) of the image.
        left, top: Where the image begins, in the coordinates of the shape's outlines.
    """

    shares: Callable[[tuple[slice, slice]], NDArray[np.floating[Any]]]
    size: tuple[int, int]
    left: float = 0.0
    top: float = 0.0

    def moved(self, by: Points) -> Coverage:
        """The same for outlines that are moved."""
        return Coverage(self.shares, self.size, self.left + float(by[0]), self.top + float(by[1]))

    def within(self, begin: Points, end: Points, wide: float, *, outside: bool) -> float:
        """The pixels covered from one point to another, and just behind it, in a strip that is twice as wide as given.

        Args:
            begin, end: (2,) each.
            wide: How far in pixels the strip reaches to either side.
            outside: Count what is not covered.
        """
        corner = np.array([self.left, self.top])
        low, high = np.minimum(begin, end) - wide - 1 - corner, np.maximum(begin, end) + wide + 2 - corner
        left, right = (int(np.clip(side[0], 0, self.size[1])) for side in (low, high))
        top, bottom = (int(np.clip(side[1], 0, self.size[0])) for side in (low, high))
        y, x = np.mgrid[top:bottom, left:right] + 0.5
        length = math.dist(begin, end)
        along, down = (end - begin) / length
        x, y = x + self.left - begin[0], y + self.top - begin[1]
        there = x * along + y * down
        inside = (there + 0.5).clip(0, 1) * (np.abs(y * along - x * down) <= wide) * (there < length + 1)
        shares = self.shares((slice(top, bottom), slice(left, right)))
        return float((inside * (1 - shares if outside else shares)).sum())


@dataclass(frozen=True, slots=True)
class Tip:
    """A tip of an outline.

    Attributes:
        begin: Where the side before it ends, (2,).
        end: Where the side after it begins: the same point, unless the tip is blunt.
        rounded: How many points of the outline, before and after its corner there, are not on its sides.
    """

    begin: Points
    end: Points
    rounded: int


def tips_at(outline: Points, corners: list[int], coverage: Coverage) -> dict[int, Tip]:
    """The tips that an outline has, by its corners.

    Args:
        outline: (n, 2), closed, points about a pixel apart.
        corners: Numbers of the points where it turns, in order.
        coverage: How much of each pixel is covered by what it is the outline of.
    """
    count = len(outline)
    turned = signed_area(outline) < 0
    tips = {}
    around = zip([*corners[-1:], *corners[:-1]], corners, [*corners[1:], *corners[:1]], strict=True)
    for last, corner, following in around:
        room = min((corner - last) % count or count, (following - corner) % count or count, count // 2)
        before, after = (outline[(corner + way * np.arange(1, room)) % count] for way in (-1, 1))
        tip = _tip(before, outline[corner], after, coverage, turned=turned)
        if tip is not None:
            tips[corner] = tip
    return tips


def _tip(before: Points, corner: Points, after: Points, coverage: Coverage, *, turned: bool) -> Tip | None:
    """The tip at a corner, if both sides run to one point and end there.

    Args:
        before: Points of one side, nearest first.
        corner: Where the outline turns.
        after: Points of the other side.
        coverage: How much of each pixel is covered.
        turned: Whether the outline's area is negative.
    """
    wide = np.flatnonzero(np.hypot(*(before - after).T) >= _BEFORE)
    if not len(wide) or len(before) - wide[0] < _MIN_POINTS:
        return None
    rounded = int(wide[0])
    one, other = (_line(side[rounded:]) for side in (before, after))
    if one is None or other is None:
        return None
    (p, d), (q, e) = one, other
    sine = float(d[0] * e[1] - d[1] * e[0])
    if not _SHARP < math.atan2(abs(sine), float(d @ e)) < _BLUNT:
        return None
    end = p + d * ((q[0] - p[0]) * e[1] - (q[1] - p[1]) * e[0]) / sine
    foot, opposite = p + d * ((before[rounded] - p) @ d), q + e * ((after[rounded] - q) @ e)
    base, across = (foot + opposite) / 2, math.dist(foot, opposite)
    length = math.dist(base, end)
    reached = float((corner - base) @ (end - base)) / length
    if length > _MAX_LENGTH or not 0 < reached < length:
        return None
    area = across * length / 2
    covered = coverage.within(base, end, across / 2 + _AROUND, outside=(sine < 0) == turned)
    if covered >= area - min(_LACKING * area, _MAX_LACKING):
        return Tip(end, end, rounded)
    # Of the triangle, its end is missing: as much as is not covered.
    share = 1 - math.sqrt(1 - covered / area)
    if share * length < reached:
        return None
    return Tip(foot + share * (end - foot), opposite + share * (end - opposite), rounded)


def _line(points: Points) -> tuple[Points, Points] | None:
    """A point of the line through the first points, and its direction away from the tip; None if they are on none."""
    for count in _SIDES:
        side = points[:count]
        middle = side.mean(axis=0)
        way = np.linalg.svd(side - middle)[2][0]
        if np.abs((side - middle) @ np.array([-way[1], way[0]])).max() <= _STRAIGHT:
            return middle, way if way @ (side[-1] - side[0]) > 0 else -way
    return None
