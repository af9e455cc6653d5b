"""Numba kernels that draw polygons with exact area coverage, and their derivatives, on the CPU.

Every pixel of a polygon is covered by the exact area of the polygon inside it (a box filter, as font rasterisers use).
The derivative of an area with respect to the outline lives on the outline: it is the integral, along each edge, of the
outline's movement across it. So the backward pass walks the same edges through the same pixels as the forward pass.

The kernels work on bands of rows, so that threads share nothing and memory stays in proportion to a band.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from spectacle.generators.supersvg.arrays import Floats, Labels
from spectacle.generators.supersvg.raster.cpu import compiled, in_threads

_OCCLUDED = 1 / 2048
"""Less light than this from a layer under others is taken for none: an eighth of an 8-bit step."""

_VISIBLE = 1e-6
"""Coverage below this is rounding."""

_OPAQUE = 1e-4
"""What lies under more than 1 - 1e-4 cannot be recovered from the sum in single precision."""

_BAND_ROWS = 64


class Polygons(NamedTuple):
    """Filled polygons in painter's order, and how they are painted. P paths have E edges in all.

    Attributes:
        edges: (E, 4) start and end of every edge, x0 y0 x1 y1, those of a path one after the other; each polygon is
            closed.
        starts: (P + 1,) number of the first edge of each path, and at the end the number of edges.
        colours: (P, channels).
        end_colours: (P, channels) the second colour of each path's gradient.
        ramps: (P, 3) a, b and c: at x and y the gradient has come a + b·x + c·y of the way to the second colour.
        opacities: (P,) 0 to 1.
        even_odd: The fill rule.
        max_weight: Largest weight of a layer; below 1 when the derivative of the opacity is wanted.
    """

    edges: Floats
    starts: Labels
    colours: Floats
    end_colours: Floats
    ramps: Floats
    opacities: Floats
    even_odd: bool
    max_weight: float


class Gradients(NamedTuple):
    """Derivatives with respect to what `Polygons` holds under the same names."""

    edges: Floats
    colours: Floats
    end_colours: Floats
    opacities: Floats


class _Window(NamedTuple):
    """The pixels of a path that are worked on, and how they lie in a flat array: by rows, each `stride` long."""

    left: int
    top: int
    bottom: int
    columns: int
    stride: int


class _Band(NamedTuple):
    """Rows of the picture during the backward pass, from `top` on.

    Attributes:
        top: The first row.
        rest: (rows, width, channels) the colour that the layers not yet taken off give.
        light: (rows, width) the share of these in the picture.
        slope: (rows, width, channels) derivative of the loss with respect to the picture.
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
def _along(ramps: Floats, path: int, column: int, row: int) -> float:
    """Where between its two colours a gradient is at a pixel, 0 to 1; 0 for a path of one colour."""
    if ramps[path, 1] == 0 and ramps[path, 2] == 0:
        return 0.0
    along = ramps[path, 0] + ramps[path, 1] * (column + 0.5) + ramps[path, 2] * (row + 0.5)
    return float(min(max(along, 0.0), 1.0))


@compiled
def _paint_band(polygons: Polygons, top: int, canvas: Floats, scratch: Floats) -> None:
    edges, starts, colours, end_colours, ramps, opacities, even_odd, max_weight = polygons
    rows, width, channels = canvas.shape
    for path in range(len(starts) - 1):
        left, right, upper, lower = _write_winding(
            edges, starts[path], starts[path + 1], top, top + rows, width, scratch
        )
        columns = right - left
        stride = columns + 2
        opacity = opacities[path]
        for row in range(upper, lower):
            base = (row - upper) * stride
            winding = 0.0
            for column in range(columns):
                winding += scratch[base + column]
                if abs(winding) < _VISIBLE:
                    continue
                weight = min(_covered(winding, even_odd)[0] * opacity, max_weight)
                along = _along(ramps, path, left + column, row)
                for channel in range(channels):
                    colour = colours[path, channel]
                    colour += along * (end_colours[path, channel] - colour)
                    below = canvas[row - top, left + column, channel]
                    canvas[row - top, left + column, channel] = below + weight * (colour - below)


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


@compiled
def _backward_band(polygons: Polygons, band: _Band, gradients: Gradients, outlines: bool) -> None:
    """Take the layers off from the top, keeping for each pixel what light and colour the layers below still give."""
    edges, starts, colours, end_colours, ramps, opacities, even_odd, max_weight = polygons
    top, rest, light, slope, scratch = band
    edge_gradient, colour_gradient, end_colour_gradient, opacity_gradient = gradients
    rows, width, channels = rest.shape
    for path in range(len(starts) - 2, -1, -1):
        left, right, upper, lower = _write_winding(
            edges, starts[path], starts[path + 1], top, top + rows, width, scratch
        )
        columns = right - left
        stride = columns + 2
        opacity = float(opacities[path])
        opacity_sum = 0.0
        crossed = False
        for row in range(upper, lower):
            base = (row - upper) * stride
            winding = 0.0
            for column in range(columns):
                winding += scratch[base + column]
                scratch[base + column] = 0
                through = light[row - top, left + column]
                if through < _OCCLUDED or abs(winding) < _VISIBLE:
                    continue
                covered, turn = _covered(winding, even_odd)
                weight = min(covered * opacity, max_weight)
                clear = 1 - weight
                if clear < _OPAQUE:
                    clear = 0.0
                after = through * clear
                shown = through * weight
                change = 0.0
                along = _along(ramps, path, left + column, row)
                for channel in range(channels):
                    colour = colours[path, channel]
                    colour += along * (end_colours[path, channel] - colour)
                    remaining = rest[row - top, left + column, channel] - shown * colour
                    rest[row - top, left + column, channel] = remaining
                    here = slope[row - top, left + column, channel]
                    colour_gradient[path, channel] += here * shown * (1 - along)
                    end_colour_gradient[path, channel] += here * shown * along
                    if after > 0:
                        change += here * (colour * through - remaining / clear)
                light[row - top, left + column] = after
                opacity_sum += change * covered
                if turn != 0 and covered < 1:
                    scratch[base + column] = change * opacity * turn
                    crossed = True
            scratch[base + columns] = 0
        opacity_gradient[path] += opacity_sum
        if outlines and crossed:
            window = _Window(left, upper, lower, columns, stride)
            for number in range(starts[path], starts[path + 1]):
                _edge_gradient(edges, number, scratch, edge_gradient, window)


def paint(polygons: Polygons, background: Floats) -> Floats:
    """Paint polygons over a background of (height, width, channels); returns a picture of that size."""
    canvas = background.copy()
    height, width, _ = canvas.shape

    def work(top: int) -> None:
        scratch = np.empty(_BAND_ROWS * (width + 2), np.float32)
        _paint_band(polygons, top, canvas[top : top + _BAND_ROWS], scratch)

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


def paint_backward(polygons: Polygons, canvas: Floats, slope: Floats, *, outlines: bool) -> Gradients:
    """Derivatives of `paint`.

    Args:
        polygons: As they were given to `paint`.
        canvas: What `paint` returned.
        slope: (height, width, channels) derivative of the loss with respect to the canvas.
        outlines: Whether the derivative with respect to the edges is wanted; zeros are returned otherwise.
    """
    height, width, _ = canvas.shape

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
        _backward_band(polygons, band, gradients, outlines)
        return gradients

    total = zeros()
    for gradients in in_threads(work, range(0, height, _BAND_ROWS)):
        for whole, part in zip(total, gradients, strict=True):
            np.add(whole, part, out=whole)
    return total
