"""Rounding path data to OmniSVG's grid, so that it stays the shape it was."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise, product

from picosvg.arc_to_cubic import EllipticalArc, arc_to_cubic
from picosvg.geometric_types import Point
from picosvg.svg_types import SVGPath

from spectacle.generators.omnisvg.drawing import SIDE, Segment, path_data

Commands = list[tuple[str, tuple[float, ...]]]
"""Path data in absolute coordinates on the grid, of `M`, `L`, `Q`, `C`, `A` and `Z`."""

_MAX_TURN = 99
_MAX_DEVIATION = 1.0
"""How far an arc with whole radii may be from what it stands for; where none is as near, cubics take its place."""
_MAX_HALVINGS = 4


def rounded(commands: Commands) -> tuple[Segment, ...]:
    """The commands on whole coordinates from 0 to 199, as OmniSVG's grammar wants them.

    Parts without area are omitted; where all of them cancel out, as the two sides of a fine line do, there are no
    commands. Quadratics become cubics, and so do arcs that whole numbers
    cannot come near. What is on the grid already stays as it is.
    """
    parts = [part for part in _sub_paths(commands) if _has_area(part)]
    segments = [segment for part in parts for segment in part]
    return tuple(segments) if len(parts) <= 1 or _has_area(segments) else ()


def _has_area(segments: Sequence[Segment]) -> bool:
    return bool(SVGPath(d=path_data(segments)).might_paint())


def _sub_paths(commands: Commands) -> Iterator[list[Segment]]:
    part: list[Segment] = []
    pen = start = (0.0, 0.0)
    for command, operands in commands:
        end = start if command == "Z" else (operands[-2], operands[-1])
        if command in "MZ":
            if part:
                yield [*part, Segment("Z")] if command == "Z" else part
            part, start = [], end
        else:
            for segment in _segments(command, operands, pen):
                here = part[-1].operands[-2:] if part else _point(*pen)
                if any(point != here for point in _points(segment)):
                    part += [segment] if part else [Segment("M", here), segment]
        pen = end
    if part:
        yield part


def _points(segment: Segment) -> Iterator[tuple[int, ...]]:
    operands = segment.operands[5:] if segment.command == "A" else segment.operands
    return zip(operands[::2], operands[1::2], strict=True)


def _segments(command: str, operands: Sequence[float], pen: tuple[float, float]) -> Iterator[Segment]:
    """An SVG command on whole coordinates."""
    if command == "A":
        yield from _arc(operands, pen)
        return
    if command == "Q":
        x, y, *end = operands
        operands = [*_toward(pen, (x, y)), *_toward(end, (x, y)), *end]
    points = [pen, *zip(operands[::2], operands[1::2], strict=True)]
    pieces = _within_reach(points, _MAX_HALVINGS) if command != "L" else [points]
    for piece in pieces:
        numbers = tuple(number for point in piece[1:] for number in _point(*point))
        yield Segment("L" if command == "L" else "C", numbers)


def _within_reach(curve: Sequence[tuple[float, float]], halvings: int) -> Iterator[Sequence[tuple[float, float]]]:
    """A cubic in parts whose control points are on the grid or nearly."""
    if not halvings or all(-1 < number < SIDE + 1 for point in curve[1:3] for number in point):
        yield curve
        return
    levels = [list(curve)]
    while len(levels[-1]) > 1:
        levels.append([((a + c) / 2, (b + d) / 2) for (a, b), (c, d) in pairwise(levels[-1])])
    yield from _within_reach([level[0] for level in levels], halvings - 1)
    yield from _within_reach([level[-1] for level in reversed(levels)], halvings - 1)


def _toward(point: Sequence[float], control: Sequence[float]) -> list[float]:
    """The cubic's control point next to `point` that stands for the quadratic's only one."""
    return [a + (b - a) * 2 / 3 for a, b in zip(point, control, strict=True)]


def _arc(operands: Sequence[float], pen: tuple[float, float]) -> Iterator[Segment]:
    across, down, turn, large, sweep, x, y = operands
    across, down = abs(across), abs(down)
    if pen == (x, y):
        return
    if not across or not down:
        yield Segment("L", _point(x, y))
        return
    degrees = round(turn) % 180
    if degrees > _MAX_TURN:  # the same ellipse
        across, down, turn, degrees = down, across, turn - 90, degrees - 90
    here, there = _point(*pen), _point(x, y)
    flags = int(large), int(sweep)
    if here != there:
        wanted = _along(EllipticalArc(Point(*pen), across, down, turn, *flags, Point(x, y)))
        nearest: Segment | None = None
        deviation = _MAX_DEVIATION
        for wider, higher in product((0, -1, 1), repeat=2):  # next to a half circle, other radii may come nearer
            radii = round(across) + wider, round(down) + higher
            if min(radii) < 1 or max(radii) >= SIDE:
                continue
            got = _along(EllipticalArc(Point(*here), *radii, degrees, *flags, Point(*there)))
            distance = max(math.dist(one, other) for one, other in zip(wanted, got, strict=True))
            if distance < deviation:
                nearest, deviation = Segment("A", (*radii, degrees, *flags, *there)), distance
        if nearest:
            yield nearest
            return
    for first, second, end in arc_to_cubic(pen, across, down, turn, *flags, (x, y)):
        yield Segment("C", (*_point(*first), *_point(*second), *_point(*end)))


def _along(arc: EllipticalArc) -> list[tuple[float, float]]:
    """Three points on the way."""
    arc = arc.correct_out_of_range_radii()
    start, sweep, centre = arc.end_to_center_parametrization()
    turn = math.radians(arc.rotation)
    points = []
    for share in (0.25, 0.5, 0.75):
        across, down = arc.rx * math.cos(start + share * sweep), arc.ry * math.sin(start + share * sweep)
        points.append(
            (
                centre.x + across * math.cos(turn) - down * math.sin(turn),
                centre.y + across * math.sin(turn) + down * math.cos(turn),
            )
        )
    return points


def _point(x: float, y: float) -> tuple[int, int]:
    return min(max(round(x), 0), SIDE - 1), min(max(round(y), 0), SIDE - 1)
