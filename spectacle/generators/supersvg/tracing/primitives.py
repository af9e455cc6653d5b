"""Tells circles, ellipses and rectangles, rounded or not, from other outlines, to write them as what they are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from spectacle.generators.supersvg.arrays import Doubles
from spectacle.generators.supersvg.tracing.contours import signed_area

_PLACES = np.linspace(0, 1, 8, endpoint=False)
_WEIGHTS = np.stack(
    [(1 - _PLACES) ** 3, 3 * (1 - _PLACES) ** 2 * _PLACES, 3 * (1 - _PLACES) * _PLACES**2, _PLACES**3], axis=1
)
_SQUARE = 4 - math.pi
"""What a circle leaves of the square around it, in squares of its radius."""


@dataclass(frozen=True, slots=True)
class Primitive:
    """An upright rectangle with corners that are quarters of ellipses.

    Attributes:
        left, top, right, bottom: Its sides.
        rx, ry: Radii of its corners; 0 for sharp ones, half of the width and of the height for an ellipse.
    """

    left: float
    top: float
    right: float
    bottom: float
    rx: float
    ry: float

    @property
    def oval(self) -> bool:
        """Whether nothing is straight."""
        return 2 * self.rx == self.right - self.left and 2 * self.ry == self.bottom - self.top


def primitive_of(curves: Doubles, tolerance: float) -> Primitive | None:
    """The circle, ellipse or rectangle that an outline is, if it is one.

    Args:
        curves: (n, 4, 2) of a closed outline.
        tolerance: How far the outline may be off.
    """
    points = np.einsum("tp,cpx->ctx", _WEIGHTS, curves).reshape(-1, 2)
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    width, height = right - left, bottom - top
    if min(width, height) <= 2 * tolerance:
        return None
    area = abs(signed_area(points))
    round_ = Primitive(left, top, right, bottom, width / 2, height / 2)
    corner = math.sqrt(max(width * height - area, 0) / _SQUARE)
    sharp = Primitive(left, top, right, bottom, 0, 0)
    trials = [sharp, round_]
    if tolerance < corner < min(width, height) / 2:
        trials.append(Primitive(left, top, right, bottom, corner, corner))
    for trial in trials:
        own = width * height - _SQUARE * trial.rx * trial.ry
        if abs(own - area) <= tolerance * (width + height) and _off(points, trial) <= tolerance:
            return trial
    return None


def _off(points: Doubles, shape: Primitive) -> float:
    """How far points are from the outline of a shape at most."""
    middle = np.array([shape.left + shape.right, shape.top + shape.bottom]) / 2
    half = np.array([shape.right - shape.left, shape.bottom - shape.top]) / 2
    radii = np.array([shape.rx, shape.ry])
    places = np.abs(points - middle)
    beyond = places - (half - radii)
    in_corner = (beyond > 0).all(axis=1) & bool(radii.all())
    sides = np.abs(places - half).min(axis=1)
    off = sides
    if in_corner.any():
        scaled = beyond[in_corner] / radii
        far = np.hypot(*scaled.T)
        off = off.copy()
        off[in_corner] = np.abs(far - 1) / np.maximum(far, 1e-6) * np.hypot(*beyond[in_corner].T)
    return float(off.max())
