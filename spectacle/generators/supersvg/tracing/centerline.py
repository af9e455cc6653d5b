"""Finds the strokes of line art: where their middles run, and how wide they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage
from skimage.morphology import skeletonize

from spectacle.generators.supersvg.arrays import Doubles
from spectacle.generators.supersvg.tracing.ink import Ink
from spectacle.generators.supersvg.tracing.outline import Curve, fit_stroke

Pixel = tuple[int, int]

_ZOOMS = (3, 2)
_MAX_ZOOMED = 6_000_000
_SPUR = 1.2
"""An end that is no farther from a junction than this many times the width of its stroke is none."""

_MARGIN = 1.5
"""So many pixels next to a stroke still show some of it."""

_MAX_SMOOTHED = 9
_FINER = 3
_STEPS = 12
_MAX_WIDTH = 0.05
_MIN_WIDTH = 3.0
_AROUND = [(-1, 0), (0, 1), (1, 0), (0, -1), (-1, -1), (-1, 1), (1, 1), (1, -1)]


@dataclass(frozen=True, slots=True)
class Stroke:
    """A stroke.

    Attributes:
        curves: Its middle, from one end to the other.
        closed: Whether it ends where it begins.
        width: In pixels.
    """

    curves: list[Curve]
    closed: bool
    width: float

    def scaled(self, x: float, y: float) -> Stroke:
        """The same on an image `x` times as wide and `y` times as high."""
        curves = [Curve(curve.points * [x, y], curve.line) for curve in self.curves]
        return Stroke(curves, self.closed, self.width * math.sqrt(x * y))


def find_strokes(ink: Ink, tolerance: float, min_length: float = 1.0) -> list[Stroke]:
    """The strokes that ink consists of; those that meet have a point in common.

    Args:
        ink: The image.
        tolerance: How far in pixels the middle may be off.
        min_length: Shorter ones are left out, unless they join others.
    """
    size = ink.coverage.size
    zoom = next((zoom for zoom in _ZOOMS if zoom * zoom * size <= _MAX_ZOOMED), 1)
    inside = ink.drawn(zoom) > 0.5
    middle = np.asarray(skeletonize(np.pad(inside, 1)), np.bool_)[1:-1, 1:-1]  # type: ignore[no-untyped-call]
    reach = ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
    chains = _Chains(middle, reach).found
    covered = _covered(ink, zoom, chains)
    strokes = []
    for chain, area in zip(chains, covered, strict=True):
        places = np.array(chain.places, np.float64)
        length = float(np.hypot(*np.diff(places, axis=0).T).sum()) / zoom
        width = min(max(area / max(length, 1), 0.25), max(2 * float(np.median(chain.reaches)) / zoom, 1))
        if length < min_length and not chain.joined:
            continue
        points = _smoothed((places[:, ::-1] + 0.5) / zoom, chain.closed, min(_MAX_SMOOTHED, 2 * zoom + 1))
        curves = fit_stroke(points, tolerance, closed=chain.closed)
        if curves:
            strokes.append(Stroke(curves, chain.closed, width))
    return strokes


def _covered(ink: Ink, zoom: int, chains: list[_Chain]) -> Doubles:
    """(chains,) how much ink each covers, in pixels: every pixel counts for what is nearest to it."""
    height, width = ink.coverage.shape
    names = np.zeros((height * zoom, width * zoom), np.int64)
    for number, chain in enumerate(chains, 1):
        for row, column in chain.places:
            names[round(row), round(column)] = number
    far, (rows, columns) = ndimage.distance_transform_edt(names == 0, return_indices=True)
    owners = names[rows, columns]
    reaches = np.array([0.0, *(max(chain.reaches) for chain in chains)]) + _MARGIN * zoom
    owners[far > reaches[owners]] = 0
    coverage = ink.coverage.repeat(zoom, axis=0).repeat(zoom, axis=1)
    sums = np.bincount(owners.ravel(), coverage.ravel(), minlength=len(chains) + 1)
    areas: Doubles = sums[1:] / zoom**2
    return areas


@dataclass(slots=True)
class _Chain:
    places: list[tuple[float, float]]
    reaches: list[float]
    closed: bool
    joined: bool


class _Chains:
    """The ways between the ends and junctions of a skeleton."""

    def __init__(self, middle: NDArray[np.bool_], reach: Doubles) -> None:
        self._pixels: set[Pixel] = {(row, column) for row, column in np.argwhere(middle).tolist()}
        self._reach = reach
        near = ndimage.convolve(middle.astype(np.int64), np.ones((3, 3), np.int64), mode="constant") - 1
        knots, count = ndimage.label(middle & (near > 2), np.ones((3, 3)))
        centres = ndimage.center_of_mass(knots > 0, knots, range(1, count + 1)) if count else []
        self._knot = {cast(Pixel, tuple(place)): int(knots[tuple(place)]) for place in np.argwhere(knots > 0).tolist()}
        self._centres = centres
        self.found: list[_Chain] = []
        self._used: set[Pixel] = set(self._knot)
        for place in list(self._knot):
            for first in self._beside(place):
                if first not in self._used:
                    self._follow(first, self._knot[place])
        for place in sorted(self._pixels - self._used):
            if place not in self._used and len(self._beside(place)) <= 1:
                self._follow(place, None)
        for place in sorted(self._pixels - self._used):
            if place not in self._used:
                self._follow(place, None, closed=True)

    def _beside(self, place: Pixel) -> list[Pixel]:
        near = [(place[0] + row, place[1] + column) for row, column in _AROUND]
        return [other for other in near if other in self._pixels]

    def _follow(self, first: Pixel, begin: int | None, *, closed: bool = False) -> None:
        way = [first]
        self._used.add(first)
        end: int | None = None
        while True:
            beside = self._beside(way[-1])
            onwards = [other for other in beside if other not in self._used]
            ends = [self._knot[other] for other in beside if other in self._knot]
            if ends and (len(way) > 1 or begin is None or any(knot != begin for knot in ends)):
                end = next((knot for knot in ends if knot != begin), ends[0])
                break
            if not onwards:
                break
            way.append(onwards[0])
            self._used.add(onwards[0])
        reaches = [float(self._reach[place]) for place in way]
        free = (begin is None) != (end is None)
        if free and len(way) <= _SPUR * float(np.median(reaches)):
            return
        places: list[tuple[float, float]] = [*way]
        if begin is not None:
            places.insert(0, self._centres[begin - 1])
        if end is not None:
            places.append(self._centres[end - 1])
        if begin is None and end is None and not closed and len(places) == 1:
            places.append((places[0][0], places[0][1] + 0.5))
        self.found.append(_Chain(places, reaches, closed and len(way) > 2, begin is not None or end is not None))


def _smoothed(points: Doubles, closed: bool, side: int) -> Doubles:
    """The points without the steps of the pixels; ends stay where they are."""
    if len(points) <= side:
        return points
    mode = "wrap" if closed else "nearest"
    smooth = ndimage.uniform_filter1d(points, side, axis=0, mode=mode)
    if not closed:
        half = side // 2
        for number in range(half):
            share = number / half
            smooth[number] = points[number] * (1 - share) + smooth[number] * share
            smooth[-1 - number] = points[-1 - number] * (1 - share) + smooth[-1 - number] * share
    return cast(Doubles, smooth)


def is_line_art(strokes: list[Stroke], width: int, height: int) -> bool:
    """Whether strokes are so much longer than wide that they can stand for an image of this size."""
    if not strokes:
        return False
    length = math.fsum(float(np.hypot(*(curve.points[3] - curve.points[0]))) for one in strokes for curve in one.curves)
    covered = math.fsum(
        one.width * float(np.hypot(*(curve.points[3] - curve.points[0]))) for one in strokes for curve in one.curves
    )
    return covered < length * max(_MAX_WIDTH * math.sqrt(width * height), _MIN_WIDTH)


def drawn_strokes(strokes: list[Stroke], width: int, height: int) -> NDArray[np.float32]:
    """(height, width), how much of each pixel strokes cover, to a third of a pixel."""
    canvas = Image.new("L", (width * _FINER, height * _FINER))
    pen = ImageDraw.Draw(canvas)
    for stroke in strokes:
        places = np.linspace(0, 1, _STEPS)[:, None]
        rest = 1 - places
        weights = np.concatenate([rest**3, 3 * rest**2 * places, 3 * rest * places**2, places**3], axis=1)
        points = np.concatenate([weights @ curve.points for curve in stroke.curves]) * _FINER
        line = [(float(x), float(y)) for x, y in points]
        pen.line(line, fill=255, width=max(1, round(stroke.width * _FINER)), joint="curve")
    covered: NDArray[np.float32] = np.asarray(canvas.reduce(_FINER), np.float32) / np.float32(255)
    return covered
