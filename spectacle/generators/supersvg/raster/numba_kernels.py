"""Numba kernels that render polygons with exact area coverage, and their derivatives, on the CPU.

Every pixel of a polygon is covered by the exact area of the polygon inside it (a box filter, as font rasterizers use).
The derivative of an area with respect to the outline lives on the outline: it is the integral, along each edge, of the
outline's movement across it. So the backward pass walks the same edges through the same pixels as the forward pass.

The kernels work on bands of rows, so that threads share nothing and memory stays in proportion to a band.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from spectacle.generators.supersvg.arrays import Floats, Labels
from spectacle.generators.supersvg.raster.cpu import compiled, in_threads

_OCCLUDED = 1 / 2048
"""Less light than this from a layer under others is considered none: an eighth of an 8-bit step."""

_VISIBLE = 1e-6
"""Coverage below this is rounding."""

_OPAQUE = 1e-4
"""What is under more than 1 - 1e-4 cannot be recovered from the sum in single precision."""

_BAND_ROWS = 128


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


class _Window(NamedTuple):
    """The pixels of a path that are worked on, and how they are in a flat array: by rows, each `stride` long."""

    left: int
    top: int
    bottom: int
    columns: int
    stride: int


class _Band(NamedTuple):
    """Rows of the image during the backward pass, from `top` on.

    Attributes:
        top: The first row.
        rest: (rows, width, channels) the colour that the layers not yet taken off give.
        light: (rows, width) the share of these in the image.
        slope: (rows, width, channels) derivative of the loss with respect to the image.
        scratch: Room for the winding of a path.
    """

    top: int
    rest: Floats
    light: Floats
    slope: Floats
    scratch: Floats


@compiled
def _add_edge(edges: Floats, number: int, winding: Floats, window: _Window) -> None:
    left, top, bottom, columns, width = window
    x0, y0 = float(edges[number, 0]), float(edges[number, 1])
    x1, y1 = float(edges[number, 2]), float(edges[number, 3])
    if y0 == y1:
        return
    sign = 1.0
    if y0 > y1:
        x0, y0, x1, y1 = x1, y1, x0, y0
        sign = -1.0
    if y1 <= top or y0 >= bottom:
        return
    slope = (x1 - x0) / (y1 - y0)
    first, last = max(math.floor(y0), top), min(math.ceil(y1), bottom)
    for row in range(first, last):
        upper, lower = max(y0, row), min(y1, row + 1.0)
        height = lower - upper
        xa = x0 + slope * (upper - y0) - left
        xb = x0 + slope * (lower - y0) - left
        if xa > xb:
            xa, xb = xb, xa
        base = (row - top) * width
        if xa >= columns:
            continue
        if xb <= 0:
            winding[base] += sign * height
            continue
        begin, end = math.floor(xa), math.floor(xb)
        if begin == end:
            middle = 0.5 * (xa + xb) - begin
            winding[base + begin] += sign * height * (1 - middle)
            winding[base + begin + 1] += sign * height * middle
            continue
        rate = sign * height / (xb - xa)
        if xa < 0:
            winding[base] += rate * -xa
            xa = 0.0
            begin = 0
        for column in range(begin, min(end + 1, columns)):
            entry, leave = max(xa, column), min(xb, column + 1.0)
            share = rate * (leave - entry)
            middle = 0.5 * (entry + leave) - column
            winding[base + column] += share * (1 - middle)
            winding[base + column + 1] += share * middle


@compiled
def _edge_gradient(edges: Floats, number: int, slopes: Floats, gradient: Floats, window: _Window) -> None:
    left, top, bottom, columns, width = window
    x0, y0 = float(edges[number, 0]), float(edges[number, 1])
    x1, y1 = float(edges[number, 2]), float(edges[number, 3])
    dx, dy = x1 - x0, y1 - y0
    lowest, highest = min(y0, y1), max(y0, y1)
    if highest < top or lowest >= bottom:
        return
    at_start = 0.0
    at_end = 0.0
    first, last = max(math.floor(lowest), top), min(math.ceil(highest), bottom)
    if lowest == highest:
        last = first + 1
    for row in range(first, last):
        s0, s1 = 0.0, 1.0
        if dy != 0:
            s0 = (max(lowest, row) - y0) / dy
            s1 = (min(highest, row + 1.0) - y0) / dy
            if s0 > s1:
                s0, s1 = s1, s0
        xa, xb = x0 + dx * s0 - left, x0 + dx * s1 - left
        base = (row - top) * width
        begin, end = math.floor(min(xa, xb)), math.floor(max(xa, xb))
        if end < 0 or begin >= columns:
            continue
        if begin == end:
            slope = slopes[base + begin]
            if slope != 0:
                at_end += slope * 0.5 * (s1 * s1 - s0 * s0)
                at_start += slope * ((s1 - s0) - 0.5 * (s1 * s1 - s0 * s0))
            continue
        for column in range(max(begin, 0), min(end + 1, columns)):
            slope = slopes[base + column]
            if slope == 0:
                continue
            entry, leave = (column + left - x0) / dx, (column + 1 + left - x0) / dx
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
def _box(edges: Floats, begin: int, end: int, top: int, bottom: int, width: int) -> tuple[int, int, int, int]:
    left, right = np.float32(np.inf), np.float32(-np.inf)
    upper, lower = np.float32(np.inf), np.float32(-np.inf)
    for number in range(begin, end):
        x, y = edges[number, 0], edges[number, 1]
        left, right = min(left, x), max(right, x)
        upper, lower = min(upper, y), max(lower, y)
    if not (right > left and lower > upper):
        return 0, 0, 0, 0
    return (
        int(max(math.floor(left), 0.0)),
        int(min(math.ceil(right), float(width))),
        int(max(math.floor(upper), float(top))),
        int(min(math.ceil(lower), float(bottom))),
    )


@compiled
def _write_winding(
    edges: Floats, begin: int, end: int, top: int, bottom: int, width: int, scratch: Floats
) -> tuple[int, int, int, int]:
    """Write a path's changes of winding into `scratch`, by rows of its box with two columns more; returns the box."""
    left, right, upper, lower = _box(edges, begin, end, top, bottom, width)
    if right <= left or lower <= upper:
        return 0, 0, 0, 0
    columns = right - left
    stride = columns + 2
    scratch[: (lower - upper) * stride] = 0
    window = _Window(left, upper, lower, columns, stride)
    for number in range(begin, end):
        _add_edge(edges, number, scratch, window)
    return left, right, upper, lower


@compiled
def _covered(winding: float, even_odd: bool) -> tuple[float, float]:
    """Coverage, and its derivative with respect to the winding number's mean over the pixel."""
    if even_odd:
        folded = winding - 2 * math.floor(winding * 0.5 + 0.5)
        return (folded, 1.0) if folded >= 0 else (-folded, -1.0)
    if winding >= 0:
        return (winding, 1.0) if winding < 1 else (1.0, 0.0)
    return (-winding, -1.0) if winding > -1 else (1.0, 0.0)


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
def _run_end(scratch: Floats, begin: int, end: int) -> int:
    """Where the run of pixels ends that have the same winding as the one at `begin`."""
    here = begin + 1
    while here < end and scratch[here] == 0:
        here += 1
    return here


def _painting(channels: int) -> Any:
    """What paints a band of an image of so many channels: loops over a number that is known are faster."""

    @compiled
    def _paint_band(polygons: Polygons, top: int, canvas: Floats, scratch: Floats) -> None:
        edges, starts, colours, end_colours, ramps, tables, chosen, opacities, even_odd, max_weight = polygons
        rows, width = canvas.shape[:2]
        tints, slopes = np.empty(channels, np.float32), np.empty(channels, np.float32)
        for path in range(len(starts) - 1):
            left, right, upper, lower = _write_winding(
                edges, starts[path], starts[path + 1], top, top + rows, width, scratch
            )
            columns = right - left
            stride = columns + 2
            opacity = float(opacities[path])
            table = chosen[path]
            shaded, radial, a, b, c, d, e, f, g, h, i = _ramp_of(ramps, path)
            for channel in range(channels):
                tints[channel] = colours[path, channel]
                slopes[channel] = end_colours[path, channel] - colours[path, channel]
            for row in range(upper, lower):
                base = (row - upper) * stride
                line = row - top
                winding = 0.0
                following = 0
                while following < columns:
                    column = following
                    winding += scratch[base + column]
                    following = _run_end(scratch, base + column, base + columns) - base
                    if abs(winding) < _VISIBLE:
                        continue
                    covered = _covered(winding, even_odd)[0]
                    share = np.float32(min(covered * opacity, max_weight))
                    if not shaded:
                        for place in range(left + column, left + following):
                            for channel in range(channels):
                                below = canvas[line, place, channel]
                                canvas[line, place, channel] = below + share * (tints[channel] - below)
                        continue
                    begin = a + b * (left + column + 0.5) + c * (row + 0.5)
                    across = d + e * (left + column + 0.5) + f * (row + 0.5)
                    lean = g + h * (left + column + 0.5) + i * (row + 0.5)
                    for number in range(following - column):
                        place = left + column + number
                        along = begin + b * number
                        if radial:
                            side = across + e * number
                            along = math.sqrt(along * along + side * side) + lean + h * number
                        along = min(max(along, 0.0), 1.0)
                        if table < 0:
                            part = np.float32(along)
                            for channel in range(channels):
                                below = canvas[line, place, channel]
                                colour = tints[channel] + part * slopes[channel]
                                canvas[line, place, channel] = below + share * (colour - below)
                            continue
                        step = int(along * (tables.shape[1] - 1) + 0.5)
                        weight = np.float32(min(covered * opacity * tables[table, step, 4], max_weight))
                        for channel in range(channels):
                            below = canvas[line, place, channel]
                            canvas[line, place, channel] = below + weight * (tables[table, step, channel] - below)

    return _paint_band


@compiled
def _cover_band(
    edges: Floats, starts: Labels, opacities: Floats, even_odd: bool, top: int, owners: Labels, scratch: Floats
) -> None:
    rows, width = owners.shape
    for path in range(len(starts) - 1):
        left, right, upper, lower = _write_winding(
            edges, starts[path], starts[path + 1], top, top + rows, width, scratch
        )
        columns = right - left
        stride = columns + 2
        for row in range(upper, lower):
            base = (row - upper) * stride
            winding = 0.0
            for column in range(columns):
                winding += scratch[base + column]
                if _covered(winding, even_odd)[0] * opacities[path] > 0.5:
                    owners[row - top, left + column] = path


def _painting_backward(channels: int) -> Any:
    """What takes the layers off a band of an image of so many channels."""

    @compiled
    def _backward_band(polygons: Polygons, band: _Band, gradients: Gradients, wanted: Wanted) -> None:
        """Take the layers off from the top, keeping for each pixel what light and colour those below still give."""
        edges, starts, colours, end_colours, ramps, tables, chosen, opacities, even_odd, max_weight = polygons
        top, rest, light, slope, scratch = band
        edge_gradient, colour_gradient, end_colour_gradient, opacity_gradient = gradients
        rows, width = rest.shape[:2]
        tints, slopes = np.empty(channels, np.float64), np.empty(channels, np.float64)
        sums, ends = np.empty(channels, np.float64), np.empty(channels, np.float64)
        for path in range(len(starts) - 2, -1, -1):
            left, right, upper, lower = _write_winding(
                edges, starts[path], starts[path + 1], top, top + rows, width, scratch
            )
            columns = right - left
            stride = columns + 2
            opacity = float(opacities[path])
            table = chosen[path]
            shaded, radial, a, b, c, d, e, f, g, h, i = _ramp_of(ramps, path)
            tinted = wanted.colours and table < 0
            opacity_sum = 0.0
            for channel in range(channels):
                tints[channel] = colours[path, channel]
                slopes[channel] = end_colours[path, channel] - colours[path, channel]
                sums[channel] = ends[channel] = 0.0
            crossed = False
            for row in range(upper, lower):
                base = (row - upper) * stride
                line = row - top
                winding = 0.0
                following = 0
                while following < columns:
                    column = following
                    winding += scratch[base + column]
                    following = _run_end(scratch, base + column, base + columns) - base
                    scratch[base + column] = 0
                    if abs(winding) < _VISIBLE:
                        continue
                    covered, turn = _covered(winding, even_odd)
                    if covered > 1 - _VISIBLE:
                        covered, turn = 1.0, 0.0
                    outline = turn != 0 and wanted.outlines
                    crossed = crossed or outline
                    changing = outline or wanted.opacities
                    own = 1.0
                    along = 0.0
                    step = 0
                    begin = a + b * (left + column + 0.5) + c * (row + 0.5)
                    across = d + e * (left + column + 0.5) + f * (row + 0.5)
                    lean = g + h * (left + column + 0.5) + i * (row + 0.5)
                    for number in range(following - column):
                        place = left + column + number
                        through = float(light[line, place])
                        if through < _OCCLUDED:
                            continue
                        if shaded:
                            along = begin + b * number
                            if radial:
                                side = across + e * number
                                along = math.sqrt(along * along + side * side) + lean + h * number
                            along = min(max(along, 0.0), 1.0)
                            if table >= 0:
                                step = int(along * (tables.shape[1] - 1) + 0.5)
                                own = float(tables[table, step, 4])
                        weight = min(covered * opacity * own, max_weight)
                        clear = 1 - weight
                        if clear < _OPAQUE:
                            clear = 0.0
                        after = through * clear
                        light[line, place] = after
                        shown = through * weight
                        if tinted:
                            for channel in range(channels):
                                here = slope[line, place, channel] * shown
                                sums[channel] += here
                                ends[channel] += here * along
                        if after == 0:
                            continue
                        change = 0.0
                        for channel in range(channels):
                            colour = tints[channel] + along * slopes[channel]
                            if table >= 0:
                                colour = float(tables[table, step, channel])
                            remaining = rest[line, place, channel] - shown * colour
                            rest[line, place, channel] = remaining
                            if changing:
                                change += slope[line, place, channel] * (colour * through - remaining / clear)
                        opacity_sum += change * covered * own
                        if outline:
                            scratch[base + column + number] = change * opacity * own * turn
                scratch[base + columns] = 0
            opacity_gradient[path] += opacity_sum
            for channel in range(channels):
                colour_gradient[path, channel] += sums[channel] - ends[channel]
                end_colour_gradient[path, channel] += ends[channel]
            if crossed:
                window = _Window(left, upper, lower, columns, stride)
                for number in range(starts[path], starts[path + 1]):
                    _edge_gradient(edges, number, scratch, edge_gradient, window)

    return _backward_band


@compiled
def _flatten(curves: Floats, owners: Labels, paths: int, finest: float, most: int) -> tuple[Floats, Labels, Labels]:
    counts = np.empty(len(curves), np.int64)
    starts = np.zeros(paths + 1, np.int64)
    for number in range(len(curves)):
        bend = 0.0
        for point in range(2):
            x = curves[number, point, 0] - 2 * curves[number, point + 1, 0] + curves[number, point + 2, 0]
            y = curves[number, point, 1] - 2 * curves[number, point + 1, 1] + curves[number, point + 2, 1]
            bend = max(bend, math.sqrt(x * x + y * y))
        counts[number] = min(max(math.ceil(math.sqrt(bend * (0.75 / finest))), 1), most)  # Wang's formula
        starts[owners[number] + 1] += counts[number]
    for path in range(paths):
        starts[path + 1] += starts[path]
    edges = np.empty((starts[paths], 4), np.float32)
    edge = 0
    for number in range(len(curves)):
        x, y = curves[number, 0]
        for step in range(1, counts[number] + 1):
            t = step / counts[number]
            r = 1 - t
            w0, w1, w2, w3 = r * r * r, 3 * r * r * t, 3 * r * t * t, t * t * t
            edges[edge, 0], edges[edge, 1] = x, y
            if step == counts[number]:
                x, y = curves[number, 3]
            else:
                x = w0 * curves[number, 0, 0] + w1 * curves[number, 1, 0]
                x += w2 * curves[number, 2, 0] + w3 * curves[number, 3, 0]
                y = w0 * curves[number, 0, 1] + w1 * curves[number, 1, 1]
                y += w2 * curves[number, 2, 1] + w3 * curves[number, 3, 1]
            edges[edge, 2], edges[edge, 3] = x, y
            edge += 1
    return edges, starts, counts


@compiled
def _flatten_backward(slopes: Floats, counts: Labels) -> Floats:
    gradient = np.zeros((len(counts), 4, 2), np.float32)
    edge = 0
    for number in range(len(counts)):
        for step in range(counts[number]):
            for end in range(2):
                t = (step + end) / counts[number]
                r = 1 - t
                for axis in range(2):
                    slope = slopes[edge, 2 * end + axis]
                    gradient[number, 0, axis] += slope * (r * r * r)
                    gradient[number, 1, axis] += slope * (3 * r * r * t)
                    gradient[number, 2, axis] += slope * (3 * r * t * t)
                    gradient[number, 3, axis] += slope * (t * t * t)
            edge += 1
    return gradient


_PAINTING = {channels: _painting(channels) for channels in (3, 4)}
_PAINTING_BACKWARD = {channels: _painting_backward(channels) for channels in (3, 4)}


def flatten_curves(
    curves: Floats, owners: Labels, paths: int, finest: float, most: int
) -> tuple[Floats, Labels, Labels]:
    """Polygons in place of curves.

    Args:
        curves: (Q, 4, 2) start, two control points and end of each, those of a path one after the other.
        owners: (Q,) the path of each curve, ascending.
        paths: How many paths there are.
        finest: Largest distance in pixels of a curve from the polygon.
        most: Most edges of a curve.

    Returns:
        (E, 4) start and end of every edge, (paths + 1,) the first edge of each path and, last, E, and (Q,) how many
        edges each curve has.
    """
    flat: tuple[Floats, Labels, Labels] = _flatten(curves, owners, paths, finest, most)
    return flat


def flatten_curves_backward(slopes: Floats, counts: Labels) -> Floats:
    """(Q, 4, 2): the derivative with respect to the curves, from that with respect to the edges."""
    gradient: Floats = _flatten_backward(slopes, counts)
    return gradient


def paint(polygons: Polygons, background: Floats) -> Floats:
    """Paint polygons over a background of (height, width, channels); returns an image of that size."""
    canvas = np.array(background, np.float32, order="C")
    height, width, channels = canvas.shape

    def work(top: int) -> None:
        scratch = np.empty(_BAND_ROWS * (width + 2), np.float32)
        _PAINTING[channels](polygons, top, canvas[top : top + _BAND_ROWS], scratch)

    for _ in in_threads(work, range(0, height, _BAND_ROWS)):
        pass
    return canvas


def cover(edges: Floats, starts: Labels, opacities: Floats, height: int, width: int, *, even_odd: bool) -> Labels:
    """(height, width): the number of the uppermost polygon that hides more than half of each pixel, or -1."""
    owners = np.full((height, width), -1)

    def work(top: int) -> None:
        scratch = np.empty(_BAND_ROWS * (width + 2), np.float32)
        _cover_band(edges, starts, opacities, even_odd, top, owners[top : top + _BAND_ROWS], scratch)

    for _ in in_threads(work, range(0, height, _BAND_ROWS)):
        pass
    return owners


def paint_backward(polygons: Polygons, canvas: Floats, slope: Floats, wanted: Wanted) -> Gradients:
    """Derivatives of `paint`.

    Args:
        polygons: As they were given to `paint`.
        canvas: What `paint` returned.
        slope: (height, width, channels) derivative of the loss with respect to the canvas.
        wanted: Which of them.
    """
    height, width, channels = canvas.shape

    def zeros() -> Gradients:
        return Gradients(
            np.zeros_like(polygons.edges),
            np.zeros_like(polygons.colours),
            np.zeros_like(polygons.colours),
            np.zeros_like(polygons.opacities),
        )

    def work(top: int) -> Gradients:
        rows = slice(top, top + _BAND_ROWS)
        rest = canvas[rows].copy()
        scratch = np.empty(_BAND_ROWS * (width + 2), np.float32)
        band = _Band(top, rest, np.ones(rest.shape[:2], np.float32), slope[rows], scratch)
        gradients = zeros()
        _PAINTING_BACKWARD[channels](polygons, band, gradients, wanted)
        return gradients

    total = zeros()
    for gradients in in_threads(work, range(0, height, _BAND_ROWS)):
        for whole, part in zip(total, gradients, strict=True):
            np.add(whole, part, out=whole)
    return total
