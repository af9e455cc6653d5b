"""Numba kernels that say how much shines through soft ellipses that lie on each other, and how that changes."""

from __future__ import annotations

import math

import numpy as np

from spectacle.generators.supersvg.arrays import Doubles
from spectacle.generators.supersvg.raster.cpu import compiled

NUMBERS = 7
"""What an ellipse is: x and y of its centre; a, b, c, of which exp(a), b and exp(c) make places into distances, as
(exp(a) x, b x + exp(c) y); the logit of its share of the greatest opacity; the logarithm of how steep its edge is."""

MAX_OPACITY = 0.985
"""The greatest opacity of an ellipse."""


@compiled
def clear_through(ovals: Doubles, places: Doubles) -> Doubles:
    """(n,) what share of the light from below passes all ellipses.

    Args:
        ovals: (k, `NUMBERS`).
        places: (n, 2) x and y.
    """
    clear = np.ones(len(places))
    for oval in range(len(ovals)):
        x, y, a, b, c, logit, steep = ovals[oval]
        first, second, power = math.exp(a), math.exp(c), math.exp(steep)
        peak = MAX_OPACITY / (1 + math.exp(-logit))
        for place in range(len(places)):
            across, down = places[place, 0] - x, places[place, 1] - y
            u, v = first * across, b * across + second * down
            clear[place] *= 1 - peak * math.exp(-0.5 * math.exp(power * math.log(u * u + v * v + 1e-9)))
    return clear


@compiled
def write_slopes(ovals: Doubles, places: Doubles, clear: Doubles, slopes: Doubles) -> Doubles:
    """Write how what passes all ellipses depends on each of their numbers.

    Args:
        ovals: (k, `NUMBERS`).
        places: (n, 2) x and y.
        clear: (n,) what passes them.
        slopes: (`NUMBERS` k, n), where they are written.

    Returns:
        (k, n) the opacity of each ellipse.
    """
    opacities = np.empty((len(ovals), len(places)))
    for oval in range(len(ovals)):
        x, y, a, b, c, logit, steep = ovals[oval]
        first, second, power = math.exp(a), math.exp(c), math.exp(steep)
        share = 1 / (1 + math.exp(-logit))
        row = NUMBERS * oval
        for place in range(len(places)):
            across, down = places[place, 0] - x, places[place, 1] - y
            u, v = first * across, b * across + second * down
            square = u * u + v * v + 1e-9
            far = math.log(square)
            reach = math.exp(power * far)
            shape = math.exp(-0.5 * reach)
            opacity = MAX_OPACITY * share * shape
            opacities[oval, place] = opacity
            others = -clear[place] / (1 - opacity)
            inner = -0.5 * opacity * power * reach / square * others
            slopes[row, place] = -2 * inner * (u * first + v * b)
            slopes[row + 1, place] = -2 * inner * v * second
            slopes[row + 2, place] = 2 * inner * u * u
            slopes[row + 3, place] = 2 * inner * v * across
            slopes[row + 4, place] = 2 * inner * v * second * down
            slopes[row + 5, place] = others * opacity * (1 - share)
            slopes[row + 6, place] = -0.5 * others * opacity * reach * far * power
    return opacities
