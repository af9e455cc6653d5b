"""Guesses where the focus of a gradient is, from the circles on which its pixels have one colour."""

from __future__ import annotations

import math

import numpy as np

from spectacle.generators.supersvg.arrays import Doubles
from spectacle.generators.supersvg.raster.cpu import compiled
from spectacle.generators.supersvg.tracing.evenness import numbers_of

_BANDS = 16
_MIN_BANDS = 5
_MAX_OFF = 0.15
"""How far a band's pixels may be from its circle, as a share of the radius."""

_MAX_LEFT = 0.1
"""How far centres may be from the line on which they lie, as a share of the spread."""

_MAX_SHIFT = 0.97
_SAME_STRETCH = 0.05


def guess_focus(places: Doubles, colours: Doubles, middle: Doubles, spread: float) -> Doubles | None:
    """The five numbers, as `frame_of` has them, of a gradient with a focus, or None where there are no circles.

    Args:
        places: (n, 2) x and y of pixels.
        colours: (n, channels) of these.
        middle, spread: As for `frame_of`.
    """
    rest = colours - colours.mean(axis=0)
    _, _, axes = np.linalg.svd(rest, full_matrices=False)
    order = np.argsort(rest @ axes[0], kind="stable")
    units = (places - middle)[order] / spread
    wide, high = units.std(axis=0)
    # As SVGs have them: a circle's gradient, or one that is stretched with the box around its shape.
    stretch = math.log(max(wide, 1e-9) / max(high, 1e-9))
    guesses = []
    for stretched in (0.0, stretch) if abs(stretch) > _SAME_STRETCH else (0.0,):
        scale = np.array([math.exp(stretched / 2), math.exp(-stretched / 2)])
        guess = _through_circles(np.array_split(units / scale, _BANDS))
        if guess is not None:
            focus, shift, left = guess
            guesses.append((left, np.array([*(focus * scale), *numbers_of(shift), stretched])))
    return min(guesses, key=lambda guess: guess[0])[1] if guesses else None


def _through_circles(bands: list[Doubles]) -> tuple[Doubles, Doubles, float] | None:
    """The focus and the shift, (2,) each, of the circles of some bands of one colour, and how far these are off."""
    centres, radii, weights = [], [], []
    for band in bands:
        if len(band) < _BANDS:
            continue
        x, y, radius, off = _circle(band)
        if off < _MAX_OFF:
            centres.append((x, y))
            radii.append(radius)
            weights.append(1 / (off + 0.01))
    if len(centres) < _MIN_BANDS:
        return None
    # The centres of circles around a focus lie on a line, as far from the focus as the radii say.
    weight = np.array(weights)[:, None]
    system = np.column_stack([np.ones(len(radii)), radii])
    focus, shift = np.linalg.lstsq(system * weight, np.array(centres) * weight, rcond=None)[0]
    left = float((np.abs(system @ np.stack([focus, shift]) - centres) * weight).sum() / weight.sum())
    if left > _MAX_LEFT:
        return None
    return focus, shift * min(1.0, _MAX_SHIFT / max(float(np.hypot(*shift)), 1e-9)), left


@compiled
def _circle(places: Doubles) -> tuple[float, float, float, float]:
    """Centre and radius of the circle nearest to places, (n, 2), and how far they are from it, as a share of that."""
    count = len(places)
    middle_x = middle_y = 0.0
    for number in range(count):
        middle_x, middle_y = middle_x + places[number, 0] / count, middle_y + places[number, 1] / count
    xx = xy = yy = xz = yz = z = 0.0
    for number in range(count):
        x, y = places[number, 0] - middle_x, places[number, 1] - middle_y
        square = x * x + y * y
        xx, xy, yy, z = xx + x * x, xy + x * y, yy + y * y, z + square
        xz, yz = xz + x * square, yz + y * square
    determinant = xx * yy - xy * xy
    if determinant <= 1e-12 * z * z:  # all on one line
        return middle_x, middle_y, 1.0, np.inf
    x, y = (yy * xz - xy * yz) / (2 * determinant), (xx * yz - xy * xz) / (2 * determinant)
    radius = math.sqrt(z / count + x * x + y * y)
    off = 0.0
    for number in range(count):
        off += abs(math.hypot(places[number, 0] - middle_x - x, places[number, 1] - middle_y - y) - radius)
    return middle_x + x, middle_y + y, radius, off / count / radius
