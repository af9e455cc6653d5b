"""Walks around regions of pixels, and lays smooth closed curves along the way."""

from __future__ import annotations

from functools import lru_cache
from typing import cast

import numpy as np

from spectacle.generators.supersvg.arrays import Doubles, Labels
from spectacle.generators.supersvg.raster.cpu import compiled

MIN_CURVES = 4
"""As few as a free shape needs."""

_CURVES = np.array([MIN_CURVES, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128])
"""How many curves an outline may have: few numbers, so that many outlines are fitted together."""

_SMOOTHED = 6
"""Sides of pixels over which the way is averaged, so that no curve follows the steps of the pixels."""

_STIFFNESS = 0.5
"""What a corner between two curves weighs against the distance from the way."""


@compiled
def _walk(labels: Labels, starts: Labels) -> tuple[Doubles, Labels]:
    """The corners passed on the way around each region, clockwise from the upper left corner of its start."""
    height, width = labels.shape
    corners = np.empty((4 * labels.size, 2), np.float64)
    ends = np.empty(len(starts), np.int64)
    count = 0
    for number in range(len(starts)):
        first_row, first_column = divmod(starts[number], width)
        label = labels[first_row, first_column]
        x, y, across, down = first_column, first_row, 1, 0
        while True:
            corners[count, 0] = x
            corners[count, 1] = y
            count += 1
            x += across
            y += down
            if x == first_column and y == first_row:
                break
            left_row, left_column = y + (down - across - 1) // 2, x + (across + down - 1) // 2
            right_row, right_column = y + (down + across - 1) // 2, x + (across - down - 1) // 2
            left = 0 <= left_row < height and 0 <= left_column < width
            left = left and labels[left_row, left_column] == label
            right = 0 <= right_row < height and 0 <= right_column < width
            right = right and labels[right_row, right_column] == label
            if not right:
                across, down = -down, across
            elif left:
                across, down = down, -across
        ends[number] = count
    return corners[:count], ends


def closed_curves(labels: Labels, pitch: float) -> tuple[Doubles, Labels]:
    """One smooth closed outline around each region, holes and all.

    Args:
        labels: (height, width), connected regions numbered from 0 without a gap; negative for none.
        pitch: Pixels of the way around a region for each curve of its outline.

    Returns:
        (3·Q, 2) control points, x then y, and (regions,) how many curves each outline has.
    """
    flat = labels.ravel()
    inside = np.flatnonzero(flat >= 0)
    _, first = np.unique(flat[inside], return_index=True)
    corners, ends = _walk(labels, inside[first])
    begins = np.concatenate([[0], ends])[:-1]
    lengths = ends - begins
    curves = _CURVES[np.searchsorted(_CURVES, lengths / pitch).clip(max=len(_CURVES) - 1)]
    following = np.arange(1, len(corners) + 1)
    following[ends - 1] = begins
    crossed = np.concatenate([[0], (corners[:, 0] * (corners[following, 1] - corners[:, 1])).cumsum()])
    areas = crossed[ends] - crossed[begins]
    passed = np.concatenate([np.zeros((1, 2)), ((corners + corners[following]) / 2).cumsum(axis=0)])
    points = np.empty((3 * int(curves.sum()), 2))
    places = 3 * (curves.cumsum() - curves)
    for count in np.unique(curves).tolist():
        chosen = np.flatnonzero(curves == count)
        way = _averaged(passed, begins[chosen], lengths[chosen], 3 * count)
        fitted = _fit(count) @ way
        points[places[chosen][:, None] + np.arange(3 * count)] = _widened(fitted, areas[chosen])
    return points, curves


def _widened(points: Doubles, areas: Doubles) -> Doubles:
    """The outlines moved outwards until they enclose the areas that their regions have: averaging has shrunk them."""
    after, before = np.roll(points, -1, axis=1), np.roll(points, 1, axis=1)
    along = after - before
    outwards = np.stack([along[..., 1], -along[..., 0]], axis=-1)
    lengths = np.hypot(along[..., 0], along[..., 1])
    missing = (areas - _enclosed(points)) / (lengths.sum(axis=1) / 2).clip(min=1)
    return cast(Doubles, points + missing.clip(-1, 1)[:, None, None] * outwards / lengths.clip(min=1e-6)[..., None])


def _enclosed(points: Doubles) -> Doubles:
    """(paths,) the areas inside outlines of cubic curves, by Green's theorem."""
    start, one, two = points[:, 0::3], points[:, 1::3], points[:, 2::3]
    end = np.roll(start, -1, axis=1)

    def cross(a: Doubles, b: Doubles) -> Doubles:
        return cast(Doubles, (a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]).sum(axis=1))

    near, far = 2 * cross(start, one) + 2 * cross(two, end), cross(start, two) + cross(one, end)
    return (3 * near + 3 * far + 3 * cross(one, two) + cross(start, end)) / 20


def _averaged(passed: Doubles, begins: Labels, lengths: Labels, count: int) -> Doubles:
    """(paths, count, 2): places evenly spread over each way, each the mean of what is near it on the way."""
    spacing = (lengths / count)[:, None]
    half = np.maximum(spacing, np.minimum(_SMOOTHED, lengths // 6)[:, None]) / 2
    middle = spacing * np.arange(count) + 0.5
    begin, end = passed[begins][:, None], passed[begins + lengths][:, None]

    def sum_until(place: Doubles) -> Doubles:
        rounds, rest = np.divmod(place, lengths[:, None])
        step = rest.astype(np.int64)
        before = begins[:, None] + step
        after = np.minimum(before + 1, (begins + lengths)[:, None])
        share = (rest - step)[..., None]
        return cast(
            Doubles, passed[before] * (1 - share) + passed[after] * share - begin + rounds[..., None] * (end - begin)
        )

    return (sum_until(middle + half) - sum_until(middle - half)) / (2 * half)[..., None]


@lru_cache(maxsize=len(_CURVES))
def _fit(curves: int) -> Doubles:
    """(control points, places): the smooth closed curve that passes nearest to places evenly spread over a way."""
    wanted = 3 * curves
    rows = []
    for number in range(wanted):
        curve, t = divmod(number * curves / wanted, 1)
        row = np.zeros(3 * curves)
        for offset, weight in enumerate([(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3]):
            row[(3 * int(curve) + offset) % (3 * curves)] += weight
        rows.append(row)
    smooth = []
    for curve in range(curves):
        row = np.zeros(3 * curves)
        row[3 * curve] = 2
        row[3 * curve + 1] = row[3 * curve - 1] = -1
        smooth.append(row)
    system = np.concatenate([rows, np.array(smooth) * _STIFFNESS])
    return cast(Doubles, np.linalg.solve(system.T @ system, system[:wanted].T))
