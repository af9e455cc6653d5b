"""Numba kernels that paint polygons on the CPU, and the derivatives of that.

The derivative of an area with respect to the outline lives on the outline: it is the integral, along each edge, of the
outline's movement across it. So the backward pass walks the edges through the pixels that they cross.

Images are held by rows, and each row by channels: most pixels are in long runs of one path, and what is done to a run
is done to many pixels of one channel in one loop.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from spectacle.generators.supersvg.arrays import Floats, Labels
from spectacle.generators.supersvg.raster.coverage import BAND_ROWS, BLOCK, Runs, walk_along
from spectacle.generators.supersvg.raster.cpu import compiled, in_threads

_OCCLUDED = np.float32(1 / 2048)
"""Less light than this from a layer under others is considered none: an eighth of an 8-bit step."""

_OPAQUE = np.float32(1e-4)
"""What is under more than 1 - 1e-4 cannot be recovered from the sum in single precision."""

_LONG = 8
"""Runs of fewer pixels take longer to begin than to paint pixel by pixel."""

_NONE, _ONE, _HALF = np.float32(0), np.float32(1), np.float32(0.5)
"""Numbers in double precision would make the numbers that they meet so, too."""


class Polygons(NamedTuple):
    """Filled polygons in painter's order, and how they are painted. P paths have E edges in all.

    Attributes:
        edges: (E, 4) start and end of every edge, x0 y0 x1 y1, those of a path one after the other; each polygon is
            closed.
        starts: (P + 1,) number of the first edge of each path, and at the end the number of edges.
        colours: (P, channels).
        end_colours: (P, channels) the second colour of each path's gradient.
        ramps: (P, 9) a to i: at x and y the gradient has come a + b·x + c·y of the way to the second colour, or, if e
            or f is not 0, the length of that and of d + e·x + f·y, and g + h·x + i·y more.
        tables: (G, steps, 5) red, green, blue, 1, opacity on the way.
        chosen: (P,) the table that says the colours of each path in place of the two, or -1.
        opacities: (P,) 0 to 1.
        even_odd: The fill rule.
        max_weight: Largest weight of a layer; below 1 when the derivative of the opacity is wanted.
    """

    edges: Floats
    starts: Labels
    colours: Floats
    end_colours: Floats
    ramps: Floats
    tables: Floats
    chosen: Labels
    opacities: Floats
    even_odd: bool
    max_weight: float


class Gradients(NamedTuple):
    """Derivatives with respect to what `Polygons` holds under the same names."""

    edges: Floats
    colours: Floats
    end_colours: Floats
    opacities: Floats


class Wanted(NamedTuple):
    """Which derivatives are wanted; the others are left zero, where that saves work."""

    outlines: bool
    colours: bool
    opacities: bool


class _Band(NamedTuple):
    """Rows of the image during the backward pass, from `top` on.

    Attributes:
        top: The first row.
        rest: (rows, channels, width) the colour that the layers not yet taken off give.
        light: (rows, width) the share of these in the image.
        slope: (rows, channels, width) derivative of the loss with respect to the image.
    """

    top: int
    rest: Floats
    light: Floats
    slope: Floats


@compiled
def _along_whole_edge(x0: float, y0: float, x1: float, y1: float, slopes: Floats, stride: int) -> tuple[float, float]:
    """Walk along an edge inside the box from pixel to pixel."""
    steps, place, right, below, next_across, step_across, next_down, step_down = walk_along(x0, y0, x1, y1, stride)
    here = at_start = at_end = 0.0
    for _ in range(steps):
        there = min(next_across, next_down, 1.0)
        slope = slopes[place] * (there - here)
        part = 0.5 * slope * (here + there)
        at_end += part
        at_start += slope - part
        sideways = int(next_across <= next_down)
        place += below + (right - below) * sideways
        next_across += step_across * sideways
        next_down += step_down * (1 - sideways)
        here = there
    return at_start, at_end


@compiled
def _edge_gradient(
    edges: Floats,
    number: int,
    slopes: Floats,
    gradient: Floats,
    left: int,
    top: int,
    bottom: int,
    columns: int,
    stride: int,
) -> None:
    x0, y0 = float(edges[number, 0]) - left, float(edges[number, 1])
    x1, y1 = float(edges[number, 2]) - left, float(edges[number, 3])
    dx, dy = x1 - x0, y1 - y0
    lowest, highest = min(y0, y1), max(y0, y1)
    if highest < top or lowest >= bottom:
        return
    if lowest >= top and highest <= bottom and min(x0, x1) >= 0 and max(x0, x1) <= columns:
        at_start, at_end = _along_whole_edge(x0, y0 - top, x1, y1 - top, slopes, stride)
        gradient[number, 0] -= dy * at_start
        gradient[number, 1] += dx * at_start
        gradient[number, 2] -= dy * at_end
        gradient[number, 3] += dx * at_end
        return
    at_start = 0.0
    at_end = 0.0
    first, last = max(math.floor(lowest), top), min(math.ceil(highest), bottom)
    if lowest == highest:
        last = first + 1
    inverse_y = 1 / dy if dy != 0 else 0.0
    inverse_x = 1 / dx if dx != 0 else 0.0
    for row in range(first, last):
        s0, s1 = 0.0, 1.0
        if last - first > 1 or lowest < top or highest > bottom:
            s0 = (max(lowest, row) - y0) * inverse_y
            s1 = (min(highest, row + 1.0) - y0) * inverse_y
            if s0 > s1:
                s0, s1 = s1, s0
        xa, xb = x0 + dx * s0, x0 + dx * s1
        base = (row - top) * stride
        begin, end = math.floor(min(xa, xb)), math.floor(max(xa, xb))
        if end < 0 or begin >= columns:
            continue
        if begin == end:
            slope = slopes[base + begin]
            half = 0.5 * (s1 * s1 - s0 * s0)
            at_end += slope * half
            at_start += slope * (s1 - s0 - half)
            continue
        for column in range(max(begin, 0), min(end + 1, columns)):
            slope = slopes[base + column]
            if slope == 0:
                continue
            entry, leave = (column - x0) * inverse_x, (column + 1 - x0) * inverse_x
            if entry > leave:
                entry, leave = leave, entry
            entry, leave = max(entry, s0), min(leave, s1)
            half = 0.5 * (leave * leave - entry * entry)
            at_end += slope * half
            at_start += slope * (leave - entry - half)
    gradient[number, 0] -= dy * at_start
    gradient[number, 1] += dx * at_start
    gradient[number, 2] -= dy * at_end
    gradient[number, 3] += dx * at_end


@compiled
def _ramp_of(
    ramps: Floats, path: int
) -> tuple[bool, bool, float, float, float, float, float, float, float, float, float]:
    """Whether a path has a gradient, and one that spreads from a focus, and its numbers."""
    a, b, c = float(ramps[path, 0]), float(ramps[path, 1]), float(ramps[path, 2])
    d, e, f = float(ramps[path, 3]), float(ramps[path, 4]), float(ramps[path, 5])
    g, h, i = float(ramps[path, 6]), float(ramps[path, 7]), float(ramps[path, 8])
    return b != 0 or c != 0, e != 0 or f != 0, a, b, c, d, e, f, g, h, i


@compiled
def _along(
    column: int,
    row: int,
    radial: bool,
    a: float,
    b: float,
    c: float,
    d: float,
    e: float,
    f: float,
    g: float,
    h: float,
    i: float,
) -> float:
    """How far a gradient has come at the middle of a pixel, 0 to 1."""
    x, y = column + 0.5, row + 0.5
    along = a + b * x + c * y
    if radial:
        side = d + e * x + f * y
        along = math.sqrt(along * along + side * side) + g + h * x + i * y
    return min(max(along, 0.0), 1.0)


@compiled
def _paint_flat(pixels: Floats, colour: float) -> None:
    for place in range(len(pixels)):
        pixels[place] = colour


@compiled
def _paint_ramp(pixels: Floats, colour: float, change: float, begin: float, step: float) -> None:
    for place in range(len(pixels)):
        along = min(max(begin + step * np.float32(place), _NONE), _ONE)
        pixels[place] = colour + along * change


@compiled
def _hide(light: Floats, shown: Floats) -> Any:
    """Take what hides all below it off a run; `shown` becomes its share in each pixel, of which this is the sum."""
    total = _NONE
    for place in range(len(light)):
        through = light[place]
        through = through if through >= _OCCLUDED else _NONE
        shown[place] = through
        light[place] = _NONE
        total += through
    return total


@compiled
def _sum_flat(slope: Floats, shown: Floats) -> Any:
    total = _NONE
    for place in range(len(slope)):
        total += slope[place] * shown[place]
    return total


@compiled
def _sum_ramp(slope: Floats, shown: Floats, begin: float, step: float) -> tuple[Any, Any]:
    total, at_end = _NONE, _NONE
    for place in range(len(slope)):
        along = min(max(begin + step * np.float32(place), _NONE), _ONE)
        here = slope[place] * shown[place]
        total += here
        at_end += here * along
    return total, at_end


def _painting(channels: int) -> Any:
    """What paints a band of an image of so many channels: loops over a number that is known are faster."""

    @compiled
    def _paint_band(polygons: Polygons, runs: Runs, top: int, canvas: Floats) -> None:
        _, _, colours, end_colours, ramps, tables, chosen, opacities, _, max_weight = polygons
        places, covers, firsts, _, _ = runs
        tints, slopes = np.empty(channels, np.float32), np.empty(channels, np.float32)
        for path in range(len(firsts) - 1):
            opacity = float(opacities[path])
            table = chosen[path]
            shaded, radial, a, b, c, d, e, f, g, h, i = _ramp_of(ramps, path)
            for channel in range(channels):
                tints[channel] = colours[path, channel]
                slopes[channel] = end_colours[path, channel] - colours[path, channel]
            for run in range(firsts[path], firsts[path + 1]):
                row, begin, end = places[run, 0], places[run, 1], places[run, 2]
                line = row - top
                covered = abs(covers[run]) * opacity
                if table < 0 and not radial and covered >= 1 and max_weight >= 1 and end - begin >= _LONG:
                    start = np.float32(a + b * (begin + 0.5) + c * (row + 0.5))
                    for channel in range(channels):
                        pixels = canvas[line, channel, begin:end]
                        if shaded:
                            _paint_ramp(pixels, tints[channel], slopes[channel], start, np.float32(b))
                        else:
                            _paint_flat(pixels, tints[channel])
                    continue
                share = np.float32(min(covered, max_weight))
                part = _NONE
                for column in range(begin, end):
                    if shaded:
                        along = _along(column, row, radial, a, b, c, d, e, f, g, h, i)
                        part = np.float32(along)
                        if table >= 0:
                            step = int(along * (tables.shape[1] - 1) + 0.5)
                            share = np.float32(min(covered * tables[table, step, 4], max_weight))
                            for channel in range(channels):
                                below = canvas[line, channel, column]
                                colour = tables[table, step, channel]
                                canvas[line, channel, column] = below + share * (colour - below)
                            continue
                    for channel in range(channels):
                        below = canvas[line, channel, column]
                        colour = tints[channel] + part * slopes[channel]
                        canvas[line, channel, column] = below + share * (colour - below)

    return _paint_band


def _painting_backward(channels: int) -> Any:
    """What takes the layers off a band of an image of so many channels."""

    @compiled
    def _backward_band(polygons: Polygons, runs: Runs, band: _Band, gradients: Gradients, wanted: Wanted) -> None:
        """Take the layers off from the top, keeping for each pixel what light and colour those below still give."""
        edges, starts, colours, end_colours, ramps, tables, chosen, opacities, _, max_weight = polygons
        places, covers, firsts, boxes, blocks = runs
        top, rest, light, slope = band
        edge_gradient, colour_gradient, end_colour_gradient, opacity_gradient = gradients
        rows, width = light.shape
        scratch = np.empty((rows + 1) * (width + 2), np.float32)
        shown_in_run = np.empty(width, np.float32)
        tints, slopes = np.empty(channels, np.float32), np.empty(channels, np.float32)
        sums, ends = np.empty(channels, np.float64), np.empty(channels, np.float64)
        limit = np.float32(max_weight)
        for path in range(len(firsts) - 2, -1, -1):
            if firsts[path] == firsts[path + 1]:
                continue
            left, right, upper, lower = boxes[path, 0], boxes[path, 1], boxes[path, 2], boxes[path, 3]
            stride = right - left + 2
            if wanted.outlines:
                scratch[: (lower - upper + 1) * stride] = 0
            opacity = opacities[path]
            table = chosen[path]
            shaded, radial, a, b, c, d, e, f, g, h, i = _ramp_of(ramps, path)
            tinted = wanted.colours and table < 0
            opacity_sum = 0.0
            for channel in range(channels):
                tints[channel] = colours[path, channel]
                slopes[channel] = end_colours[path, channel] - colours[path, channel]
                sums[channel] = ends[channel] = 0.0
            crossed = False
            for run in range(firsts[path], firsts[path + 1]):
                row, begin, end = places[run, 0], places[run, 1], places[run, 2]
                line = row - top
                covered = abs(covers[run])
                if table < 0 and not radial and covered * opacity >= 1 and limit >= 1 and end - begin >= _LONG:
                    shown_here = shown_in_run[: end - begin]
                    if _hide(light[line, begin:end], shown_here) == 0 or not tinted:
                        continue
                    start = np.float32(a + b * (begin + 0.5) + c * (row + 0.5))
                    for channel in range(channels):
                        if shaded:
                            total, at_end = _sum_ramp(slope[line, channel, begin:end], shown_here, start, np.float32(b))
                            ends[channel] += at_end
                        else:
                            total = _sum_flat(slope[line, channel, begin:end], shown_here)
                        sums[channel] += total
                    continue
                outline = covered < 1 and wanted.outlines
                changing = outline or wanted.opacities
                turned = opacity if covers[run] > 0 else -opacity
                own, part = _ONE, _NONE
                step = 0
                for column in range(begin, end):
                    through = light[line, column]
                    if through < _OCCLUDED:
                        continue
                    if shaded:
                        along = _along(column, row, radial, a, b, c, d, e, f, g, h, i)
                        part = np.float32(along)
                        if table >= 0:
                            step = int(along * (tables.shape[1] - 1) + 0.5)
                            own = tables[table, step, 4]
                    weight = min(covered * opacity * own, limit)
                    clear = _ONE - weight
                    if clear < _OPAQUE:
                        clear = _NONE
                    light[line, column] = through * clear
                    shown = through * weight
                    if tinted:
                        for channel in range(channels):
                            here = slope[line, channel, column] * shown
                            sums[channel] += here
                            ends[channel] += here * part
                    if clear == 0:
                        continue
                    change = _NONE
                    upwards = _ONE / clear
                    for channel in range(channels):
                        colour = tints[channel] + part * slopes[channel]
                        if table >= 0:
                            colour = tables[table, step, channel]
                        remaining = rest[line, channel, column] - shown * colour
                        rest[line, channel, column] = remaining
                        if changing:
                            change += slope[line, channel, column] * (colour * through - remaining * upwards)
                    opacity_sum += change * covered * own
                    if outline:
                        crossed = True
                        scratch[(row - upper) * stride + column - left] = change * own * turned
            opacity_gradient[path] += opacity_sum
            for channel in range(channels):
                colour_gradient[path, channel] += sums[channel] - ends[channel]
                end_colour_gradient[path, channel] += ends[channel]
            number = starts[path] if crossed else starts[path + 1]
            while number < starts[path + 1]:
                block = number // BLOCK
                if blocks[block, 1] < upper or blocks[block, 0] >= lower:
                    number = (block + 1) * BLOCK
                    continue
                _edge_gradient(edges, number, scratch, edge_gradient, left, upper, lower, right - left, stride)
                number += 1

    return _backward_band


_PAINTING = {channels: _painting(channels) for channels in (3, 4)}
_PAINTING_BACKWARD = {channels: _painting_backward(channels) for channels in (3, 4)}


def paint(polygons: Polygons, runs: list[Runs], background: Floats) -> Floats:
    """Paint polygons over a background of (height, width, channels); returns an image of that size.

    Its memory is by rows, then channels, then columns.

    Args:
        polygons: What to paint.
        runs: What `find_runs` says of them.
        background: What to paint them on.
    """
    canvas = np.empty(np.array(background.shape)[[0, 2, 1]], np.float32)
    canvas[:] = background.transpose(0, 2, 1)

    def work(top: int) -> None:
        _PAINTING[canvas.shape[1]](polygons, runs[top // BAND_ROWS], top, canvas[top : top + BAND_ROWS])

    for _ in in_threads(work, range(0, len(canvas), BAND_ROWS)):
        pass
    return canvas.transpose(0, 2, 1)


def paint_backward(polygons: Polygons, runs: list[Runs], canvas: Floats, slope: Floats, wanted: Wanted) -> Gradients:
    """Derivatives of `paint`.

    Args:
        polygons, runs: As they were given to `paint`.
        canvas: What `paint` returned.
        slope: (height, width, channels) derivative of the loss with respect to the canvas.
        wanted: Which of them.
    """
    height, width, channels = canvas.shape
    canvas, slope = canvas.transpose(0, 2, 1), np.ascontiguousarray(slope.transpose(0, 2, 1))

    def zeros() -> Gradients:
        return Gradients(
            np.zeros_like(polygons.edges),
            np.zeros_like(polygons.colours),
            np.zeros_like(polygons.colours),
            np.zeros_like(polygons.opacities),
        )

    def work(top: int) -> Gradients:
        rows = slice(top, top + BAND_ROWS)
        rest = canvas[rows].copy()
        band = _Band(top, rest, np.ones((len(rest), width), np.float32), slope[rows])
        gradients = zeros()
        _PAINTING_BACKWARD[channels](polygons, runs[top // BAND_ROWS], band, gradients, wanted)
        return gradients

    total = zeros()
    for gradients in in_threads(work, range(0, height, BAND_ROWS)):
        for whole, part in zip(total, gradients, strict=True):
            np.add(whole, part, out=whole)
    return total
