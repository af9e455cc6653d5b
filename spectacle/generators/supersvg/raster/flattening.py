"""Numba kernels that replace curves by polygons, and their derivatives."""

from __future__ import annotations

import math

import numpy as np

from spectacle.generators.supersvg.arrays import Floats, Labels
from spectacle.generators.supersvg.raster.cpu import compiled


@compiled
def _weights(step: int, count: int) -> tuple[np.float32, np.float32, np.float32, np.float32]:
    """How much a corner between `count` edges of a curve is where its points are."""
    t = step / count
    r = 1 - t
    return np.float32(r * r * r), np.float32(3 * r * r * t), np.float32(3 * r * t * t), np.float32(t * t * t)


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
        x, y = curves[number, 0, 0], curves[number, 0, 1]
        for step in range(1, counts[number] + 1):
            edges[edge, 0], edges[edge, 1] = x, y
            if step == counts[number]:
                x, y = curves[number, 3, 0], curves[number, 3, 1]
            else:
                w0, w1, w2, w3 = _weights(step, counts[number])
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
        count = counts[number]
        for axis in range(2):
            gradient[number, 0, axis] += slopes[edge, axis]
            gradient[number, 3, axis] += slopes[edge + count - 1, 2 + axis]
        for step in range(1, count):
            w0, w1, w2, w3 = _weights(step, count)
            for axis in range(2):
                slope = slopes[edge + step - 1, 2 + axis] + slopes[edge + step, axis]
                gradient[number, 0, axis] += slope * w0
                gradient[number, 1, axis] += slope * w1
                gradient[number, 2, axis] += slope * w2
                gradient[number, 3, axis] += slope * w3
        edge += count
    return gradient


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


@compiled
def _curves(points: Floats, successors: Labels) -> Floats:
    curves = np.empty((len(successors), 4, 2), np.float32)
    for number in range(len(successors)):
        for axis in range(2):
            for point in range(3):
                curves[number, point, axis] = points[3 * number + point, axis]
            curves[number, 3, axis] = points[3 * successors[number], axis]
    return curves


@compiled
def _curves_backward(points: Floats, successors: Labels, of_curves: Floats, stiffness: float) -> Floats:
    gradient = np.zeros_like(points)
    for number in range(len(successors)):
        own, following = 3 * number, 3 * successors[number]
        for axis in range(2):
            for point in range(3):
                gradient[own + point, axis] += of_curves[number, point, axis]
            gradient[following, axis] += of_curves[number, 3, axis]
            for point in range(3):
                second = own + point + 1 if point < 2 else following
                third = own + 2 if point == 0 else following + point - 1
                bend = points[own + point, axis] - 2 * points[second, axis] + points[third, axis]
                pull = np.float32(2 * stiffness) * bend
                gradient[own + point, axis] += pull
                gradient[second, axis] -= 2 * pull
                gradient[third, axis] += pull
    return gradient


def curves_of(points: Floats, successors: Labels) -> Floats:
    """(Q, 4, 2) start, two control points and end of curves.

    Args:
        points: (3·Q, 2) start and control points of each.
        successors: (Q,) the curve in whose start each one ends.
    """
    curves: Floats = _curves(points, successors)
    return curves


def curves_backward(points: Floats, successors: Labels, of_curves: Floats, stiffness: float) -> Floats:
    """(3·Q, 2): the derivative with respect to the points of a loss, and of the bends.

    Args:
        points, successors: As they were given to `curves_of`.
        of_curves: (Q, 4, 2) the derivative of the loss with respect to the curves.
        stiffness: What the sum of the squared second differences of the points along the outlines weighs.
    """
    gradient: Floats = _curves_backward(points, successors, of_curves, stiffness)
    return gradient
