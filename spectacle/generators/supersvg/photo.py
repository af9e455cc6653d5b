"""Draws photographs: coarse shapes first, then more wherever the drawing is still wrong."""

from __future__ import annotations

import math

import numpy as np

from spectacle.generators.supersvg.initialise import compound, first_regions, largest_errors, shapes_of
from spectacle.generators.supersvg.refine import Budget, Optimiser
from spectacle.generators.supersvg.shapes import PathSet
from spectacle.generators.supersvg.target import Target

_ROUNDS = 3
"""How often shapes are added, with steps of the optimiser between. Measured: more leave too few steps to each."""

_FIRST_SHARE = 0.15
_ROUND_SHARE = 0.2
_FINAL_RATE = 0.1
_LEAST_VISIBLE = 0.75
_MOST_PIECES = 8
_ENOUGH_PIECES = 4000


def pieces_per_path(max_paths: int) -> int:
    """How many shapes of one colour a path is made of: several, where paths are few."""
    return max(1, min(_MOST_PIECES, round(math.sqrt(_ENOUGH_PIECES / max(max_paths, 1)))))


def draw_photo(
    target: Target, optimiser: Optimiser, budget: Budget, max_paths: int, random: np.random.Generator
) -> PathSet:
    """Find shapes in a picture and optimise them."""
    first = max_paths if budget.spent == 1 else math.ceil(max_paths * _FIRST_SHARE)
    count = first * (1 if target.transparent else pieces_per_path(max_paths))
    labels = first_regions(target.pixels, optimiser.background.cpu().numpy(), count)
    paths = _paths(labels, target, first, random).to(optimiser.pixels.device)
    return complete(paths, target, optimiser, budget, max_paths, random)


def complete(
    paths: PathSet,
    target: Target,
    optimiser: Optimiser,
    budget: Budget,
    max_paths: int,
    random: np.random.Generator,
) -> PathSet:
    """Optimise a drawing, and add paths where it is wrong until there are `max_paths`."""
    one_piece = target.transparent or paths.fill_rule == "evenodd"
    pieces = 1 if one_piece else pieces_per_path(max_paths)
    begun = budget.spent
    for number in range(_ROUNDS):
        paths = optimiser.run(paths, budget, begun + (1 - begun) * (number + 1) * _ROUND_SHARE)
        paths = optimiser.without_hidden(paths, _LEAST_VISIBLE)
        count = math.ceil((max_paths - len(paths)) / (_ROUNDS - number))
        if count > 0 and budget.spent < 1:
            labels = largest_errors(optimiser.difference(paths).cpu().numpy(), count * pieces)
            paths = _paths(labels, target, count, random).to(paths.points.device).over(paths)
    paths = optimiser.run(paths, budget, 1.0, _FINAL_RATE)
    paths = optimiser.without_hidden(paths, _LEAST_VISIBLE)
    return paths if one_piece else paths.oriented()


def _paths(labels: np.ndarray, target: Target, count: int, random: np.random.Generator) -> PathSet:
    shapes = shapes_of(labels, target.pixels)
    return compound(shapes, np.bincount(labels[labels >= 0]), count, random)
