"""Merges neighbouring paths of similar colour, so that others can be added where the SVG is more wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from spectacle.generators.supersvg.raster.render import uppermost
from spectacle.generators.supersvg.raster.shapes import PathSet
from spectacle.generators.supersvg.tracing.initialise import pitch, shapes_of
from spectacle.generators.supersvg.tracing.refine import Budget, Optimiser
from spectacle.generators.supersvg.tracing.regions import merging_costs

Mask = NDArray[np.bool_]

_MARGIN = 6
"""How many pixels beyond what two paths show is looked at: the smooth outlines of regions reach a little farther."""

_MAX_TRIALS = 16
_WORTH = 8
"""How much a merger may cost, in what the next new path would save before it is optimized. Measured: optimized, it
saves several times as much."""


def merge_similar(
    paths: PathSet,
    picture: NDArray[np.float32],
    optimiser: Optimiser,
    budget: Budget,
    gains: NDArray[np.float64],
    max_paths: int,
) -> PathSet:
    """Replace pairs of neighbouring paths by one for both, while that costs less than new paths would save.

    The pairs of most similar colour are tried: the smaller path is omitted, with the larger one stretched over its
    place or as it was. What is between the two may then be hidden or seen, so that only rendering shows the cost.

    Args:
        paths: In painter's order.
        picture: (height, width, 3 or 4).
        optimiser: That of the SVG.
        budget: When it is spent, nothing more is tried.
        gains: What further paths would save, the sum of squared errors, best first.
        max_paths: How many paths the SVG may have.
    """
    height, width, _ = picture.shape
    owners = uppermost(paths, width, height)
    sizes = np.bincount(owners.ravel() + 1, minlength=len(paths) + 1)[1:]
    pairs, costs = merging_costs(owners, picture)
    order = np.argsort(costs, kind="stable")[: min(_MAX_TRIALS, len(gains))]
    numbers = torch.arange(len(paths), device=paths.points.device)
    spacing = pitch(width, height, max_paths)
    touched: set[int] = set()
    merged = 0
    for pair in pairs[order[costs[order] < _WORTH * gains[: len(order)]]].tolist():
        if budget.spent == 1:
            break
        if touched.intersection(pair):
            continue
        touched.update(pair)
        smaller, larger = sorted(pair, key=lambda number: int(sizes[number]))
        whole = uppermost(paths.select(numbers == larger), width, height) >= 0
        seen = np.isin(owners, pair)
        window = _around(seen | whole)
        top, left = (side.start for side in window)
        part = optimiser.cropped(window)
        error = _error(paths.moved(-left, -top), part)
        kept = numbers != smaller
        outlined = _outlined(seen[window], whole[window], picture[window], max_paths, spacing).moved(left, top)
        for trial in _mergers(paths.select(kept), int((numbers[kept] == larger).nonzero()), outlined):
            if _error(trial.moved(-left, -top), part) - error < _WORTH * gains[merged]:
                paths, numbers = trial, numbers[kept]
                merged += 1
                break
    return paths


def _mergers(paths: PathSet, place: int, outlined: PathSet) -> Iterator[PathSet]:
    """SVGs with another path at a place, and as it was."""
    number = torch.arange(len(paths), device=paths.points.device)
    below, above = paths.select(number < place), paths.select(number > place)
    yield above.over(outlined.to(paths.points.device).over(below))
    yield paths


def _outlined(seen: Mask, whole: Mask, picture: NDArray[np.float32], max_paths: int, spacing: float) -> PathSet:
    """The path that takes over what is seen of itself and its neighbour.

    Args:
        seen: Where one of them is seen.
        whole: Where the path that stays is, under others too.
        picture: (height, width, 3 or 4).
        max_paths: How many paths the SVG may have.
        spacing: Pixels of the way around a region for each curve.
    """
    reach = ndimage.binary_fill_holes(_part(seen | whole, whole), np.ones((3, 3)))
    outline, fill = (shapes_of(np.where(region, 0, -1), picture, max_paths, spacing) for region in (reach, seen))
    return replace(fill, points=outline.points, contours=outline.contours, owners=outline.owners)


def _around(region: Mask) -> tuple[slice, slice]:
    """The rows and columns of a region, and some more on all sides."""
    (rows, columns), *_ = ndimage.find_objects(region.astype(np.int8))
    return (
        slice(max(rows.start - _MARGIN, 0), rows.stop + _MARGIN),
        slice(max(columns.start - _MARGIN, 0), columns.stop + _MARGIN),
    )


def _part(region: Mask, where: Mask) -> Mask:
    """The connected part of a region that has most pixels in common with another."""
    parts, _ = ndimage.label(region)
    sizes = np.bincount(parts[where], minlength=2)
    sizes[0] = 0
    part: Mask = parts == int(sizes.argmax())
    return part


def _error(paths: PathSet, optimiser: Optimiser) -> float:
    return float(optimiser.difference(paths).square().sum())
