"""Takes outlines apart that cross themselves, for boolean operations, cutters and plotters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from spectacle.generators.supersvg.arrays import Doubles
from spectacle.generators.supersvg.raster.cpu import compiled
from spectacle.generators.supersvg.raster.shapes import PathSet
from spectacle.generators.supersvg.tracing.clip import between
from spectacle.generators.supersvg.tracing.contours import signed_area

_POINTS = 6
"""Straight parts of each curve between which crossings are looked for."""

_MAX_CURVES = 3000
"""Outlines of more curves are left as they are: looking for crossings takes time with the square of their number."""

_MOST = 64
"""Crossings of one outline that are taken apart."""

_SMALL = 1.0
"""A loop of fewer pixels is left out; others become outlines of their own."""


def untangled(paths: PathSet) -> PathSet:
    """The paths, with outlines that do not cross themselves and fill the same, small loops aside."""
    if not len(paths):
        return paths
    curves = paths.curves().double().numpy()
    points: list[Doubles] = []
    contours: list[int] = []
    owners: list[int] = []
    first = 0
    changed = False
    for length, owner in zip(paths.contours.tolist(), paths.owners.tolist(), strict=True):
        contour = np.ascontiguousarray(curves[first : first + length])
        first += length
        parts = _parts(contour) if length <= _MAX_CURVES else [contour]
        changed |= len(parts) != 1 or parts[0] is not contour
        for part in parts:
            points.append(part[:, :3].reshape(-1, 2))
            contours.append(len(part))
            owners.append(owner)
    if not changed:
        return paths
    return replace(
        paths,
        points=torch.from_numpy(np.concatenate(points).astype(np.float32)),
        contours=torch.tensor(contours, dtype=torch.int64),
        owners=torch.tensor(owners, dtype=torch.int64),
    )


def crosses_itself(contour: Doubles) -> bool:
    """Whether a closed outline (n, 4, 2) crosses itself; False for those too long to be looked at."""
    return len(contour) <= _MAX_CURVES and _crossing(np.ascontiguousarray(contour))[0] >= 0


def _parts(contour: Doubles) -> list[Doubles]:
    """Outlines without crossings in place of one; the outline itself if it has none."""
    todo, done = [contour], []
    for _ in range(_MOST):
        if not todo:
            break
        here = todo.pop()
        one, other, s, t = _crossing(here)
        if one < 0:
            done.append(here)
            continue
        loop, rest = _loop(here, one, s, other, t), _rest(here, one, s, other, t)
        if abs(signed_area(loop[:, :3].reshape(-1, 2))) > abs(signed_area(rest[:, :3].reshape(-1, 2))):
            loop, rest = rest, loop
        todo.append(rest)
        if abs(signed_area(loop[:, :3].reshape(-1, 2))) > _SMALL:
            todo.append(loop)
    return [*done, *todo]


def _loop(curves: Doubles, one: int, s: float, other: int, t: float) -> Doubles:
    """What lies between two places on an outline, closed."""
    if one == other:
        return _closed(between(curves[one], s, t)[None])
    first, last = between(curves[one], s, 1.0)[None], between(curves[other], 0.0, t)[None]
    return _closed(np.concatenate([first, curves[one + 1 : other], last]))


def _rest(curves: Doubles, one: int, s: float, other: int, t: float) -> Doubles:
    """What lies outside of them."""
    first, last = between(curves[other], t, 1.0)[None], between(curves[one], 0.0, s)[None]
    return _closed(np.concatenate([first, curves[other + 1 :], curves[:one], last]))


def _closed(curves: Doubles) -> Doubles:
    """The curves that are longer than nothing, ending where they begin."""
    longer = np.abs(curves - curves[:, :1]).max(axis=(1, 2)) > 1e-6
    whole = curves[longer] if longer.any() else curves[:1].copy()
    whole[0, 0] = whole[-1, 3] = (whole[0, 0] + whole[-1, 3]) / 2
    whole[1:, 0] = whole[:-1, 3]
    return whole


@compiled
def _crossing(curves: Doubles) -> tuple[int, int, float, float]:
    """The first two curves of an outline that cross, and where on each; -1 where none do."""
    count = len(curves) * _POINTS
    points = np.empty((count + 1, 2))
    for number in range(len(curves)):
        for step in range(_POINTS):
            t = step / _POINTS
            r = 1 - t
            w0, w1, w2, w3 = r * r * r, 3 * r * r * t, 3 * r * t * t, t * t * t
            for axis in range(2):
                value = w0 * curves[number, 0, axis] + w1 * curves[number, 1, axis]
                points[number * _POINTS + step, axis] = (
                    value + w2 * curves[number, 2, axis] + w3 * curves[number, 3, axis]
                )
    points[count, 0], points[count, 1] = points[0, 0], points[0, 1]
    for i in range(count):
        ax, ay = points[i, 0], points[i, 1]
        bx, by = points[i + 1, 0], points[i + 1, 1]
        left, right, top, bottom = min(ax, bx), max(ax, bx), min(ay, by), max(ay, by)
        for j in range(i + 2, count):
            if i == 0 and j == count - 1:
                continue
            cx, cy = points[j, 0], points[j, 1]
            dx, dy = points[j + 1, 0], points[j + 1, 1]
            if max(cx, dx) < left or min(cx, dx) > right or max(cy, dy) < top or min(cy, dy) > bottom:
                continue
            cross = (bx - ax) * (dy - cy) - (by - ay) * (dx - cx)
            if abs(cross) < 1e-12:
                continue
            s = ((cx - ax) * (dy - cy) - (cy - ay) * (dx - cx)) / cross
            t = ((cx - ax) * (by - ay) - (cy - ay) * (bx - ax)) / cross
            if 0 <= s < 1 and 0 <= t < 1:
                return i // _POINTS, j // _POINTS, (i % _POINTS + s) / _POINTS, (j % _POINTS + t) / _POINTS
    return -1, -1, 0.0, 0.0
