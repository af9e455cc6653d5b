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
from spectacle.generators.supersvg.tracing.initialise import shapes_of
from spectacle.generators.supersvg.tracing.refine import Budget, Optimiser
from spectacle.generators.supersvg.tracing.regions import merging_costs

Mask = NDArray[np.bool_]

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
    error = _error(paths, optimiser)
    touched: set[int] = set()
    merged = 0
    for pair in pairs[order[costs[order] < _WORTH * gains[: len(order)]]].tolist():
        if budget.spent == 1:
            break
        if touched.intersection(pair):
            continue
        touched.update(pair)
        smaller, larger = sorted(pair, key=lambda number: int(sizes[number]))
        left = numbers != smaller
        place = int((numbers[left] == larger).nonzero())
        for trial in _mergers(paths.select(left), place, np.isin(owners, pair), picture, max_paths):
            after = _error(trial, optimiser)
            if after - error < _WORTH * gains[merged]:
                paths, error, numbers = trial, after, numbers[left]
                merged += 1
                break
    return paths


def _mergers(paths: PathSet, place: int, seen: Mask, picture: NDArray[np.float32], max_paths: int) -> Iterator[PathSet]:
    """SVGs in which the path at a place takes over what is seen of itself and its neighbour."""
    height, width = seen.shape
    number = torch.arange(len(paths), device=paths.points.device)
    whole = uppermost(paths.select(number == place), width, height) >= 0
    reach = ndimage.binary_fill_holes(_part(seen | whole, whole), np.ones((3, 3)))
    outline, fill = (shapes_of(np.where(region, 0, -1), picture, max_paths) for region in (reach, seen))
    one = replace(fill, points=outline.points, contours=outline.contours, owners=outline.owners)
    below, above = paths.select(number < place), paths.select(number > place)
    yield above.over(one.to(paths.points.device).over(below))
    yield paths


def _part(region: Mask, where: Mask) -> Mask:
    """The connected part of a region that has most pixels in common with another."""
    parts, _ = ndimage.label(region)
    sizes = np.bincount(parts[where], minlength=2)
    sizes[0] = 0
    part: Mask = parts == int(sizes.argmax())
    return part


def _error(paths: PathSet, optimiser: Optimiser) -> float:
    return float(optimiser.difference(paths).square().sum())
