"""Searches the place and direction of a gradient: those along whose way the colours of pixels are most even."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from spectacle.generators.supersvg.arrays import Doubles, Floats
from spectacle.generators.supersvg.raster.cpu import compiled

_BLOCK = 8
"""Pixels that are about as far on the way, among which colours must not differ."""

_STEPS = 4096
"""Into so many steps the way is divided; pixels of the same step are not sorted."""

_MOVES = 240
_NEAR, _ALIKE = 1e-3, 1e-8
"""A search ends where the numbers tried, and what comes of them, differ by no more."""

_POOR, _NEAR_POOR, _ALIKE_POOR = 0.003, 0.03, 0.01
"""Where what comes of the best numbers is above the first, no gradient will do, and differences need not be as small;
that of what comes of them is relative."""

_MANY = 1e300
_MAX_STRETCH = 8.0

LINEAR, RADIAL, ELLIPTICAL, FOCAL = 1, 2, 4, 5
"""How many numbers say where a gradient is: an angle; a centre; the same with a stretch and its angle; a focus, a shift
and an upright stretch."""


def frame_of(numbers: Doubles, middle: Doubles, spread: float) -> tuple[Doubles, Doubles]:
    """The frame and the shift, as `Gradient` has them, of a gradient that some numbers stand for.

    Args:
        numbers: An angle; or x and y of a centre in units of the spread; or these with the logarithm of the ratio of
            two radii and the angle of the first; or those of a focus with x and y of what `shift_of` makes a shift,
            and the logarithm of the ratio of the width to the height.
        middle: (2,) where linear gradients begin, and centres count from.
        spread: In pixels.
    """
    if len(numbers) == LINEAR:
        way = np.array([math.cos(numbers[0]), math.sin(numbers[0])])
        return np.stack([middle, middle + way, middle]), np.zeros(2)
    centre = middle + spread * numbers[:2]
    if len(numbers) == RADIAL:
        return np.stack([centre, centre + np.array([1, 0]), centre + np.array([0, 1])]), np.zeros(2)
    focal = len(numbers) == FOCAL
    most = math.log(_MAX_STRETCH)
    stretch = math.exp(min(max(numbers[4 if focal else 2], -most), most) / 2)
    cos, sin = (1.0, 0.0) if focal else (math.cos(numbers[3]), math.sin(numbers[3]))
    radii = centre + np.array([cos, sin]) * stretch, centre + np.array([-sin, cos]) / stretch
    return np.stack([centre, *radii]), shift_of(numbers[2:4]) if focal else np.zeros(2)


def shift_of(numbers: Doubles) -> Doubles:
    """The shift, shorter than 1, that two numbers of any size stand for."""
    return np.asarray(numbers / math.sqrt(1 + float(numbers @ numbers)))


def numbers_of(shift: Doubles) -> Doubles:
    """(2,) what stands for a shift that is shorter than 1."""
    return np.asarray(shift / math.sqrt(1 - float(shift @ shift)))


@compiled
def _write_ways(numbers: Doubles, middle: Doubles, spread: float, places: Doubles, ways: Doubles) -> None:
    """Write how far on its way the gradient of `frame_of` is at each place."""
    if len(numbers) == LINEAR:
        cos, sin = math.cos(numbers[0]), math.sin(numbers[0])
        for number in range(len(places)):
            ways[number] = (places[number, 0] - middle[0]) * cos + (places[number, 1] - middle[1]) * sin
        return
    x, y = middle[0] + spread * numbers[0], middle[1] + spread * numbers[1]
    stretch, cos, sin = 1.0, 1.0, 0.0
    most = math.log(_MAX_STRETCH)
    if len(numbers) == ELLIPTICAL:
        stretch = math.exp(min(max(numbers[2], -most), most) / 2)
        cos, sin = math.cos(numbers[3]), math.sin(numbers[3])
    elif len(numbers) == FOCAL:
        stretch = math.exp(min(max(numbers[4], -most), most) / 2)
    for number in range(len(places)):
        across, down = places[number, 0] - x, places[number, 1] - y
        first, second = (across * cos + down * sin) / stretch, (down * cos - across * sin) * stretch
        square = first * first + second * second
        if len(numbers) == FOCAL:
            # As `ramp_of` has it: for these numbers, 1 / (1 - |shift|²) is 1 + |numbers|².
            wide = 1 + numbers[2] * numbers[2] + numbers[3] * numbers[3]
            lean = first * numbers[2] + second * numbers[3]
            ways[number] = math.sqrt(wide * (square + lean * lean)) - math.sqrt(wide) * lean
        else:
            ways[number] = math.sqrt(square)


@compiled
def _uneven(ways: Doubles, colours: Floats, steps: NDArray[np.int32], order: NDArray[np.int32]) -> float:
    """Mean squared difference of colours from the trend among those that are about as far on the way."""
    count, channels = colours.shape
    low = high = ways[0]
    for number in range(count):
        low, high = min(low, ways[number]), max(high, ways[number])
    scale = (_STEPS - 1) / max(high - low, 1e-12)
    for step in range(_STEPS + 1):
        steps[step] = 0
    for number in range(count):
        steps[int((ways[number] - low) * scale) + 1] += 1
    for step in range(_STEPS):
        steps[step + 1] += steps[step]
    for number in range(count):
        step = int((ways[number] - low) * scale)
        order[steps[step]] = number
        steps[step] += 1
    half = (_BLOCK - 1) / 2
    square = _BLOCK * (_BLOCK * _BLOCK - 1) / 12.0
    total = 0.0
    for block in range(count // _BLOCK):
        for channel in range(channels):
            plain = sloped = squares = 0.0
            for place in range(_BLOCK):
                colour = colours[order[block * _BLOCK + place], channel]
                plain += colour
                sloped += colour * (place - half)
                squares += colour * colour
            total += squares - plain * plain / _BLOCK - sloped * sloped / square
    return float(total / (count // _BLOCK * _BLOCK))


@compiled
def _search(
    start: Doubles, reach: Doubles, middle: Doubles, spread: float, places: Doubles, colours: Floats
) -> tuple[Doubles, float]:
    """Nelder and Mead's search for the numbers of which least unevenness comes."""
    size = len(start)
    ways, order = np.empty(len(places)), np.empty(len(places), np.int32)
    steps = np.empty(_STEPS + 1, np.int32)
    corners = np.empty((size + 1, size))
    values = np.empty(size + 1)
    for corner in range(size + 1):
        for number in range(size):
            corners[corner, number] = start[number] + (reach[number] if corner == number + 1 else 0.0)
        _write_ways(corners[corner], middle, spread, places, ways)
        values[corner] = _uneven(ways, colours, steps, order)
    moves = size + 1
    trial, centre = np.empty(size), np.empty(size)
    while moves < _MOVES:
        best, worst = values.argmin(), values.argmax()
        far = 0.0
        for corner in range(size + 1):
            for number in range(size):
                far = max(far, abs(corners[corner, number] - corners[best, number]))
        if far <= _NEAR and values[worst] - values[best] <= _ALIKE:
            break
        if values[best] > _POOR and far <= _NEAR_POOR and values[worst] - values[best] <= _ALIKE_POOR * values[best]:
            break
        second = 0.0
        for number in range(size):
            centre[number] = 0.0
        for corner in range(size + 1):
            if corner != worst:
                second = max(second, values[corner])
                for number in range(size):
                    centre[number] += corners[corner, number] / size
        value, kept = _MANY, 0.0
        # Beyond the others; further, if that is best; or, if it is worst, nearer, on the better side.
        for attempt in range(2):
            share = -1.0 if attempt == 0 else -2.0 if value < values[best] else -0.5 if value < values[worst] else 0.5
            for number in range(size):
                trial[number] = centre[number] + share * (corners[worst, number] - centre[number])
            _write_ways(trial, middle, spread, places, ways)
            found = _uneven(ways, colours, steps, order)
            moves += 1
            if found < value:
                value, kept = found, share
            if attempt == 0 and values[best] <= value < second:
                break
        if value < values[worst] and (value < second or kept in (-0.5, 0.5)):
            for number in range(size):
                corners[worst, number] = centre[number] + kept * (corners[worst, number] - centre[number])
            values[worst] = value
            continue
        for corner in range(size + 1):
            if corner != best:
                for number in range(size):
                    corners[corner, number] = (corners[corner, number] + corners[best, number]) / 2
                _write_ways(corners[corner], middle, spread, places, ways)
                values[corner] = _uneven(ways, colours, steps, order)
                moves += 1
    return corners[values.argmin()].copy(), values.min()


def most_even(
    start: Doubles, reach: Doubles, middle: Doubles, spread: float, places: Doubles, colours: Doubles
) -> tuple[Doubles, float]:
    """The numbers, as for `frame_of`, near to others, along whose way colours are most even.

    Args:
        start: Where to begin; as many numbers as `LINEAR`, `RADIAL`, `ELLIPTICAL` or `FOCAL` has.
        reach: How far to look from there at first.
        middle, spread: As for `frame_of`.
        places: (n, 2) x and y of pixels, in any order but one along a way.
        colours: (n, channels) of these.

    Returns:
        The numbers, and the mean squared difference, the sum of the channels, of colours that are about as far on it.
    """
    found: tuple[Doubles, float] = _search(
        *(np.ascontiguousarray(part, np.float64) for part in (start, reach, middle)),
        spread,
        np.ascontiguousarray(places, np.float64),
        np.ascontiguousarray(colours, np.float32),
    )
    return found


def unevenness(ways: Doubles, colours: Doubles) -> float:
    """Mean squared difference, the sum of the channels, of colours that are about as far on their ways.

    Args:
        ways: (n,) how far each is.
        colours: (n, channels).
    """
    # As `_search` has them, so that they are compiled for once.
    own, seen = np.ascontiguousarray(ways, np.float64), np.ascontiguousarray(colours, np.float32)
    return float(_uneven(own, seen, np.empty(_STEPS + 1, np.int32), np.empty(len(own), np.int32)))
