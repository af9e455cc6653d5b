"""Numba kernels that say which colours fills have at points."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spectacle.generators.supersvg.arrays import Doubles, Floats, Labels, Reals
from spectacle.generators.supersvg.raster.cpu import compiled
from spectacle.generators.supersvg.raster.gradients import Gradient
from spectacle.generators.supersvg.tracing.soft import Soft


class Fills(NamedTuple):
    """What areas are filled with.

    Attributes:
        plain: (areas, 4) the colour of each, multiplied by the opacity, and the opacity.
        gradients: (areas,) which gradient each has; -1 for none.
        bases: (areas,) which area lies below its gradient; -1 for none.
        ramps: (gradients, 9) as `Gradient` has them.
        radial: (gradients,) whether each spreads from a centre.
        begins: (gradients + 1,) where the stops of each begin.
        offsets: (stops,) of all gradients in turn.
        stops: (stops, 4) their colours and opacities.
        overlays: (areas + 1,) where the soft shades that lie on each area begin, lowest first.
        places: (shades, 8) centre, cosine and sine of the angle, half of width and height, stretch, reach of each.
        shade_begins: (shades + 1,) where the stops of each begin.
        shade_offsets: (shade stops,) of all shades in turn.
        shade_stops: (shade stops, 4) their colours and opacities.
    """

    plain: Doubles
    gradients: Labels
    bases: Labels
    ramps: Doubles
    radial: NDArray[np.bool_]
    begins: Labels
    offsets: Doubles
    stops: Doubles
    overlays: Labels
    places: Doubles
    shade_begins: Labels
    shade_offsets: Doubles
    shade_stops: Doubles


def fills_of(
    colours: Reals,
    gradients: Sequence[Gradient | None],
    bases: Sequence[int | None],
    overlays: Sequence[Sequence[Soft]],
) -> Fills:
    """The fills of areas.

    Args:
        colours: (areas, 3), or 4 multiplied by the opacity.
        gradients: Of each area, if it has one.
        bases: The area below the gradient of each, if there is one.
        overlays: The soft shades that lie on each, lowest first.
    """
    softs = [soft for each in overlays for soft in each]
    plain = np.ones((len(colours), 4))
    plain[:, : colours.shape[1]] = colours
    chosen = np.full(len(colours), -1, np.int64)
    known: list[Gradient] = []
    for number, gradient in enumerate(gradients):
        if gradient is not None:
            chosen[number] = len(known)
            known.append(gradient)
    below = np.array([-1 if base is None else base for base in bases], np.int64)
    begins = np.cumsum([0, *(len(gradient.offsets) for gradient in known)])
    return Fills(
        plain,
        chosen,
        below,
        np.array([gradient.ramp for gradient in known], np.float64).reshape(-1, 9),
        np.array([gradient.radial for gradient in known], bool),
        begins.astype(np.int64),
        np.concatenate([np.zeros(0), *(gradient.offsets for gradient in known)]),
        np.concatenate([np.zeros((0, 4)), *(gradient.colours for gradient in known)]),
        np.cumsum([0, *(len(each) for each in overlays)]).astype(np.int64),
        np.array([_place(soft) for soft in softs], np.float64).reshape(-1, 8),
        np.cumsum([0, *(len(soft.offsets) for soft in softs)]).astype(np.int64),
        np.concatenate([np.zeros(0), *(soft.offsets for soft in softs)]),
        np.concatenate([np.zeros((0, 4)), *(soft.colours for soft in softs)]),
    )


def _place(soft: Soft) -> tuple[float, ...]:
    turn = math.cos(soft.angle), math.sin(soft.angle)
    return (*soft.centre.tolist(), *turn, *soft.sides.tolist(), soft.stretch, soft.reach)


def colours_of(fills: Fills, numbers: Labels, x: Reals, y: Reals, channels: int) -> Floats:
    """(n, channels) the colour of each numbered area at a point."""
    colours = np.empty((len(numbers), channels), np.float32)
    _write_colours(fills, np.ascontiguousarray(numbers, np.int64), *_contiguous(x, y), colours)
    return colours


def squares_off(gradient: Gradient, places: Doubles, colours: Doubles) -> Doubles:
    """(n,) squared differences of pixels from a gradient, the sum of the channels.

    Args:
        places: (n, 2) x and y of the pixels' middles.
        colours: (n, 3), or 4 with the colours multiplied by the opacity.
    """
    off: Doubles = _off(gradients_of([gradient]), *_contiguous(places, colours))
    return off


def first_close(fills: Fills, places: Doubles, colours: Doubles, most: float) -> tuple[int, float]:
    """The first of some gradients from which pixels are off by at most so much, in the mean, and by how much.

    Args:
        fills: As `gradients_of` has them.
        places, colours: As for `squares_off`.
        most: Mean squared difference, the sum of the channels.

    Returns:
        -1 if there is none.
    """
    found: tuple[int, float] = _first_close(fills, *_contiguous(places, colours), most)
    return found


def gradients_of(gradients: Sequence[Gradient]) -> Fills:
    """The fills of areas that have these gradients."""
    return fills_of(np.zeros((len(gradients), 4)), gradients, [None] * len(gradients), [()] * len(gradients))


def _contiguous(*parts: Reals) -> Iterator[Doubles]:
    return (np.ascontiguousarray(part, np.float64) for part in parts)


@compiled
def _add_stop(offsets: Doubles, stops: Doubles, begin: int, last: int, along: float, colour: Doubles) -> None:
    """Add what is seen of a gradient at one place of it, below a colour that is multiplied by its opacity: (4,)."""
    after = begin
    while after < last and offsets[after] < along:
        after += 1
    before = max(after - 1, begin)
    length = offsets[after] - offsets[before]
    share = min(max((along - offsets[before]) / length, 0.0), 1.0) if length > 0 else 0.0
    opacity = (1 - colour[3]) * (stops[before, 3] + share * (stops[after, 3] - stops[before, 3]))
    for channel in range(3):
        straight = stops[before, channel]
        straight += share * (stops[after, channel] - straight)
        colour[channel] += opacity * straight
    colour[3] += opacity


@compiled
def _add_shade(fills: Fills, shade: int, x: float, y: float, colour: Doubles) -> None:
    """Add what is seen of a soft shade at a point, below a colour: `Soft.at` says the same in numpy."""
    left, top, cos, sin, wide, high, stretch, reach = fills.places[shade]
    across, down = x - left, y - top
    first = max(abs(across * cos + down * sin) - wide, 0.0)
    second = max(abs(down * cos - across * sin) * stretch - high, 0.0)
    way = math.sqrt(first * first + second * second) / reach
    if way <= 1:
        begin, last = fills.shade_begins[shade], fills.shade_begins[shade + 1] - 1
        _add_stop(fills.shade_offsets, fills.shade_stops, begin, last, way, colour)


@compiled
def _write_fill(fills: Fills, number: int, x: float, y: float, colour: Doubles) -> None:
    """Write the colour, multiplied by the opacity, and the opacity of an area at a point: (4,)."""
    colour[:] = 0
    while number >= 0:
        for shade in range(fills.overlays[number + 1] - 1, fills.overlays[number] - 1, -1):
            _add_shade(fills, shade, x, y, colour)
        gradient = fills.gradients[number]
        if gradient < 0:
            seen = 1 - colour[3]
            for channel in range(4):
                colour[channel] += seen * fills.plain[number, channel]
            return
        a, b, c, d, e, f, g, h, i = fills.ramps[gradient]
        along = a + b * x + c * y
        if fills.radial[gradient]:
            across = d + e * x + f * y
            along = math.sqrt(along * along + across * across) + g + h * x + i * y
        _add_stop(fills.offsets, fills.stops, fills.begins[gradient], fills.begins[gradient + 1] - 1, along, colour)
        number = fills.bases[number]


@compiled
def _write_colours(fills: Fills, numbers: Labels, x: Doubles, y: Doubles, colours: Floats) -> None:
    colour = np.empty(4)
    for place in range(len(numbers)):
        _write_fill(fills, numbers[place], x[place], y[place], colour)
        for channel in range(colours.shape[1]):
            colours[place, channel] = colour[channel]


@compiled
def _off(fills: Fills, places: Doubles, colours: Doubles) -> Doubles:
    colour, off = np.empty(4), np.zeros(len(places))
    number = np.int64(0)  # a literal would be a type of its own, and what is called compiled once more
    for place in range(len(places)):
        _write_fill(fills, number, places[place, 0], places[place, 1], colour)
        for channel in range(colours.shape[1]):
            off[place] += (colour[channel] - colours[place, channel]) ** 2
    return off


@compiled
def _first_close(fills: Fills, places: Doubles, colours: Doubles, most: float) -> tuple[int, float]:
    colour, limit = np.empty(4), most * len(places)
    for number in range(len(fills.gradients)):
        off = 0.0
        for place in range(len(places)):
            _write_fill(fills, number, places[place, 0], places[place, 1], colour)
            for channel in range(colours.shape[1]):
                off += (colour[channel] - colours[place, channel]) ** 2
            if off >= limit:
                break
        if off < limit:
            return number, off / len(places)
    return -1, most


@compiled
def share_pixels(
    fills: Fills, seeds: Labels, reach: int, pixels: Floats, rows: Labels, columns: Labels, first: Labels
) -> tuple[Labels, Floats]:
    """Which other area near some pixels is mixed with their first one, and how much of that they show.

    Args:
        fills: Of the areas.
        seeds: (height, width), the areas numbered from 1; 0 for none.
        reach: About how far away an area may be, in pixels.
        pixels: (height, width, channels).
        rows, columns: (n,) where the pixels are.
        first: (n,) the number of the first area of each, from 0.

    Returns:
        (n,) the number of the other area, the first again if none does better, and (n,) the share of the first.
    """
    height, width, channels = pixels.shape
    others, shares = first.copy(), np.ones(len(rows), np.float32)
    colour, own, base = np.empty(4), np.empty(channels), np.empty(channels)
    most = (2 * reach + 1) ** 2
    known, errors, mixed = np.empty(most, np.int64), np.empty(most), np.empty(most)
    for place in range(len(rows)):
        row, column = rows[place], columns[place]
        x, y = column + 0.5, row + 0.5
        _write_fill(fills, first[place], x, y, colour)
        least = 0.0
        for channel in range(channels):
            own[channel], base[channel] = pixels[row, column, channel], colour[channel]
            least += (own[channel] - base[channel]) ** 2
        count = 0
        for down in range(-reach, reach + 1):
            for across in range(-reach, reach + 1):
                far = down * down + across * across
                if far > reach * reach + 1 or not (0 <= row + down < height and 0 <= column + across < width):
                    continue
                number = seeds[row + down, column + across] - 1
                if number < 0 or number == first[place]:
                    continue
                found = 0
                while found < count and known[found] != number:
                    found += 1
                if found == count:
                    count += 1
                    known[found] = number
                    _write_fill(fills, number, x, y, colour)
                    length = along = 0.0
                    for channel in range(channels):
                        axis = base[channel] - colour[channel]
                        length += axis * axis
                        along += (own[channel] - colour[channel]) * axis
                    share = min(max(along / max(length, 1e-6), 0.0), 1.0)
                    error = 0.0
                    for channel in range(channels):
                        axis = base[channel] - colour[channel]
                        error += (own[channel] - colour[channel] - share * axis) ** 2
                    mixed[found], errors[found] = share, error
                error = errors[found] + 1e-5 * far
                if error < least:
                    least = error
                    others[place], shares[place] = number, mixed[found]
    return others, shares
