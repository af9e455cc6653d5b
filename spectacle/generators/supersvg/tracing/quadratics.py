"""Finds the curves of photographs that may be quadratic, which takes four numbers in place of six."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from spectacle.generators.supersvg.arrays import Doubles
from spectacle.generators.supersvg.raster.shapes import PathSet
from spectacle.generators.supersvg.tracing.refine import Optimiser
from spectacle.generators.supersvg.tracing.thinning import weights_of
from spectacle.generators.supersvg.tracing.untangle import crosses_itself

_WORTH = 0.25
"""What a curve's change may add to the squared error, as a share of what is left of it for each curve. It saves a third
of the curve's bytes. Measured on three photographs of 512 pixels with 64 and 256 paths: 10 % fewer bytes for 2 % more
error."""

_NEAR = 0.5
"""How many steps of the grid a curve may be off to be written as a quadratic one."""

_PLACES = (np.arange(7) + 1) / 8
_FIRST, _SECOND = 3 * _PLACES * (1 - _PLACES) ** 2, 3 * _PLACES**2 * (1 - _PLACES)
"""What the two control points of a cubic weigh at some places on it."""


def may_be_quadratic(paths: PathSet, optimiser: Optimiser) -> Tensor:
    """(Q,) which curves can become quadratic with little change of the image.

    Args:
        paths: In painter's order.
        optimiser: That of the SVG, which has the image.
    """
    if not len(paths):
        return torch.zeros(0, dtype=torch.bool, device=paths.points.device)
    curves = paths.curves().detach().cpu().double().numpy()
    off = _off(curves, _raised(curves, _controls(curves)))
    costs = ((off @ weights_of(paths, optimiser)) * off).sum(axis=(1, 2)) / len(_PLACES)
    error = float(optimiser.difference(paths).square().sum())
    return torch.from_numpy(costs < _WORTH * error / len(curves)).to(paths.points.device)


def with_quadratics(paths: PathSet, grid: float) -> PathSet:
    """The paths with those curves exactly quadratic, their control points on a grid, that nearly are.

    Outlines that would cross themselves then stay as they are.

    Args:
        paths: In pixels.
        grid: The step of the grid in pixels.
    """
    if not len(paths):
        return paths
    curves = paths.curves().double().numpy() / grid
    raised = _raised(curves, _controls(curves).round())
    near = np.hypot(*np.moveaxis(_off(curves, raised), 2, 0)).max(axis=1) <= _NEAR
    changed = np.where(near[:, None, None], raised, curves)
    ends = paths.contours.cumsum(0).tolist()
    for begin, end in pairwise([0, *ends]):
        if crosses_itself(changed[begin:end]):
            changed[begin:end] = curves[begin:end]
    points = changed[:, :3] * grid
    return replace(paths, points=torch.from_numpy(points.reshape(-1, 2)).to(paths.points))


def _controls(curves: Doubles) -> Doubles:
    """(Q, 2) the control points of the quadratic curves that are nearest to cubics (Q, 4, 2) and end as they do."""
    controls: Doubles = (3 * (curves[:, 1] + curves[:, 2]) - curves[:, 0] - curves[:, 3]) / 4
    return controls


def _raised(curves: Doubles, controls: Doubles) -> Doubles:
    """(Q, 4, 2) quadratic curves as cubics, with the ends of others."""
    begin, end = curves[:, 0], curves[:, 3]
    return np.stack([begin, (begin + 2 * controls) / 3, (end + 2 * controls) / 3, end], axis=1)


def _off(curves: Doubles, others: Doubles) -> Doubles:
    """(Q, places, 2) how far cubics are from others that have the same ends."""
    rest = others - curves
    return _FIRST[:, None] * rest[:, None, 1] + _SECOND[:, None] * rest[:, None, 2]
