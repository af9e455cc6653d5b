"""Vectorizes photographs: coarse shapes first, then more wherever the SVG is still wrong."""

from __future__ import annotations

import math
from dataclasses import replace

from spectacle.generators.supersvg.raster.shapes import PathSet
from spectacle.generators.supersvg.tracing.initialise import shapes_of
from spectacle.generators.supersvg.tracing.merge import merge_similar
from spectacle.generators.supersvg.tracing.path_fills import fitted
from spectacle.generators.supersvg.tracing.quadratics import may_be_quadratic
from spectacle.generators.supersvg.tracing.refine import Budget, Optimiser
from spectacle.generators.supersvg.tracing.regions import first_regions, largest_errors
from spectacle.generators.supersvg.tracing.target import Target
from spectacle.generators.supersvg.tracing.thinning import thinned

_ROUNDS = 3
"""How often shapes are added, with steps of the optimizer between. Measured: more leave too few steps to each."""

_FIRST_SHARE = 0.8
_ROUND_SHARE = 0.2
_MAX_MERGED_PATHS = 500
"""With more paths than these, trying mergers takes more time than it gains."""

_FINAL_RATE = 0.1
_MIN_VISIBLE = 0.75


def draw_photo(target: Target, optimiser: Optimiser, budget: Budget, max_paths: int) -> PathSet:
    """Find shapes in an image and optimize them."""
    if max_paths < 1:
        return PathSet.of_strokes(optimiser.pixels.new_zeros(0, 12, 2), optimiser.pixels.new_zeros(0, 3))
    first = max_paths if budget.spent == 1 else math.ceil(max_paths * _FIRST_SHARE)
    labels = first_regions(target.pixels, optimiser.background.cpu().numpy(), first)
    paths = shapes_of(labels, target.pixels, max_paths).to(optimiser.pixels.device)
    return complete(paths, target, optimiser, budget, max_paths)


def complete(
    paths: PathSet,
    target: Target,
    optimiser: Optimiser,
    budget: Budget,
    max_paths: int,
) -> PathSet:
    """Optimize an SVG, merge what is alike in it, and add paths where it is wrong until there are `max_paths`.

    Before the last steps, curves and gradients are left out that hardly matter, and curves made quadratic.

    Args:
        paths: In pixels of the target.
        target, optimiser, budget: What to look like, and how long.
        max_paths: How many paths there may be.
    """
    begun = budget.spent
    for number in range(_ROUNDS):
        until = begun + (1 - begun) * (number + 1) * _ROUND_SHARE
        if number:
            paths = fitted(paths, optimiser)
        if number == _ROUNDS - 1:
            paths = thinned(paths, optimiser)
        paths = optimiser.run(paths, budget, until)
        paths = optimiser.without_hidden(paths, _MIN_VISIBLE)
        if budget.spent == 1:
            break
        count = math.ceil((max_paths - len(paths)) / (_ROUNDS - number))
        labels, further = largest_errors(target.pixels, optimiser.difference(paths).cpu().numpy(), max(count, 0))
        if max_paths <= _MAX_MERGED_PATHS:
            before = len(paths)
            paths = merge_similar(paths, target.pixels, optimiser, budget, further, max_paths)
            if len(paths) < before:
                count += before - len(paths)
                labels, _ = largest_errors(target.pixels, optimiser.difference(paths).cpu().numpy(), count)
        if count > 0:
            paths = shapes_of(labels, target.pixels, max_paths).to(paths.points.device).over(paths)
    if budget.spent == 1:
        return optimiser.without_hidden(thinned(paths, optimiser), _MIN_VISIBLE)
    paths = thinned(fitted(paths, optimiser), optimiser)
    last = replace(optimiser, quadratic=may_be_quadratic(paths, optimiser))
    paths = last.run(paths, budget, 1.0, _FINAL_RATE)
    return optimiser.without_hidden(paths, _MIN_VISIBLE)
