"""Cuts off what of an artwork reaches beyond its image."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from spectacle.generators.supersvg.arrays import Doubles
from spectacle.generators.supersvg.raster.shapes import PathSet

_TINY = 1e-9


def clipped(paths: PathSet, width: float, height: float) -> PathSet:
    """The paths, none of them beyond an image of this size.

    Outlines are cut where they cross an edge of the image, and led along it where they were beyond: what is inside
    is filled as before.
    """
    if not len(paths) or not _beyond(paths.points.numpy(), width, height).any():
        return paths
    curves = paths.curves().double().numpy()
    lengths = paths.contours.tolist()
    owners = paths.owners.tolist()
    points: list[Doubles] = []
    contours: list[int] = []
    kept: list[int] = []
    first = 0
    for length, owner in zip(lengths, owners, strict=True):
        contour = curves[first : first + length]
        first += length
        if _beyond(contour.reshape(-1, 2), width, height).any():
            for axis, limit, sign in ((0, 0.0, 1), (0, width, -1), (1, 0.0, 1), (1, height, -1)):
                contour = _cut(contour, axis, limit, sign)
        if len(contour):
            points.append(contour[:, :3].reshape(-1, 2))
            contours.append(len(contour))
            kept.append(owner)
    whole = np.concatenate(points) if points else np.zeros((0, 2))
    cut = replace(
        paths,
        points=torch.from_numpy(whole.astype(np.float32)),
        contours=torch.tensor(contours, dtype=torch.int64),
        owners=torch.tensor(kept, dtype=torch.int64),
    )
    return cut.select(torch.tensor(sorted(set(kept)), dtype=torch.int64))


def on_grid(paths: PathSet, width: float, height: float, grid: float) -> PathSet:
    """The paths with what rounding to a grid has moved beyond the edges of the image moved back by a step."""
    limit = paths.points.new_tensor([width, height])
    last = (limit / grid).floor() * grid
    over = (paths.points > limit) & (paths.points <= limit + grid)
    return replace(paths, points=torch.where(over, last, paths.points))


def _beyond(points: Doubles, width: float, height: float) -> NDArray[np.bool_]:
    x, y = points[:, 0], points[:, 1]
    beyond: NDArray[np.bool_] = (x < 0) | (y < 0) | (x > width) | (y > height)
    return beyond


def _cut(curves: Doubles, axis: int, limit: float, sign: int) -> Doubles:
    """A closed outline of curves (n, 4, 2) without what is beyond one edge."""
    if not len(curves) or (sign * (curves[..., axis] - limit) >= 0).all():
        return curves
    inside: list[Doubles] = []
    for curve in curves:
        places = sign * (curve[:, axis] - limit)
        if (places >= 0).all():
            inside.append(curve)
            continue
        if (places <= 0).all():
            continue
        cuts = [0.0, *_crossings(places), 1.0]
        for begin, end in itertools.pairwise(cuts):
            piece = between(curve, begin, end)
            middle = between(curve, begin, (begin + end) / 2)[3]
            if end - begin > _TINY and sign * (middle[axis] - limit) > 0:
                inside.append(piece)
    joined: list[Doubles] = []
    for number, curve in enumerate(inside):
        before = inside[number - 1]
        if np.abs(before[3] - curve[0]).max() > 1e-6:
            joined.append(_line(before[3], curve[0]))
        joined.append(curve)
    return np.array(joined).reshape(-1, 4, 2)


def _crossings(places: Doubles) -> list[float]:
    """Where on a cubic with these control values the value is 0, in order."""
    a, b, c, d = places
    roots = np.roots([d - 3 * c + 3 * b - a, 3 * (c - 2 * b + a), 3 * (b - a), a])
    real = roots.real[np.abs(roots.imag) < 1e-7]
    return sorted(float(root) for root in real if 0 < root < 1)


def between(curve: Doubles, begin: float, end: float) -> Doubles:
    """The part of a cubic between two places, by de Casteljau's algorithm."""
    part = _before(curve, end)
    return _before(part[::-1], 1 - begin / end)[::-1] if end > 0 else part


def _before(curve: Doubles, place: float) -> Doubles:
    ends = [curve[0]]
    row = curve
    while len(row) > 1:
        row = row[:-1] + (row[1:] - row[:-1]) * place
        ends.append(row[0])
    return np.array(ends)


def _line(begin: Doubles, end: Doubles) -> Doubles:
    line: Doubles = begin + (end - begin) * np.array([[0], [1 / 3], [2 / 3], [1]])
    return line
