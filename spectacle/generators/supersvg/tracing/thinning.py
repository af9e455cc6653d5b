"""Makes do with fewer curves where an image hardly shows the difference."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

import numpy as np
import torch
from torch import Tensor

from spectacle.generators.supersvg.arrays import Doubles, Labels
from spectacle.generators.supersvg.raster.shapes import PathSet
from spectacle.generators.supersvg.tracing.borders import MIN_CURVES
from spectacle.generators.supersvg.tracing.refine import Optimiser

_WORTH = 0.8
"""What a joint may save of the squared error and be left out, as a share of what is left of it for each curve. Measured
on photographs of 512 pixels, with coordinates rounded to half a pixel: 0.3 took 23 to 48 % off the bytes of six, for
between 8 % less error and 12 % more after the last steps; 0.8 takes another 13 % off those of three, for 3 % more."""

_PROBES = 4
"""Random images by which it is estimated how much each curve matters."""

_SAMPLES = 5
"""Places on each curve at which it is compared with what replaces it."""

_ROUNDS = 2
"""How often a curve is fitted; between, the places on it are moved to where they are nearest to theirs."""

_PASSES = 5


def thinned(paths: PathSet, optimiser: Optimiser) -> PathSet:
    """The paths with one curve in place of two wherever that raises the squared error by little.

    Args:
        paths: In painter's order.
        optimiser: That of the SVG, which has the image.
    """
    if not len(paths):
        return paths
    error = float(optimiser.difference(paths).square().sum())
    curves = paths.curves().detach().cpu().double().numpy()
    contours = paths.contours.cpu().numpy()
    limit = _WORTH * error / len(curves)
    weights = weights_of(paths, optimiser)
    for _ in range(_PASSES):
        contour = np.repeat(np.arange(len(contours)), contours)
        ends = contours.cumsum()
        after = np.arange(1, len(curves) + 1)
        after[ends - 1] = ends - contours
        whole, costs = _joined(curves, curves[after], weights, weights[after])
        candidates = np.flatnonzero(costs < limit)
        chosen = _apart(candidates[np.argsort(costs[candidates], kind="stable")], after, contour, contours)
        if not len(chosen):
            break
        gone = after[chosen]
        curves[chosen] = whole[chosen]
        weights[chosen] += weights[gone]
        kept = np.ones(len(curves), bool)
        kept[gone] = False
        contours = contours - np.bincount(contour[gone], minlength=len(contours))
        curves, weights = curves[kept], weights[kept]
    return replace(
        paths,
        points=torch.from_numpy(curves[:, :3].reshape(-1, 2)).to(paths.points),
        contours=torch.from_numpy(contours).to(paths.contours.device),
    )


def _apart(candidates: Labels, after: Labels, contour: Labels, contours: Labels) -> Labels:
    """Those of some curves that can each be joined with the one after it, the first of them first."""
    taken = np.zeros(len(after), bool)
    left = contours.copy()
    chosen = []
    for one in candidates.tolist():
        other = after[one]
        if not taken[one] and not taken[other] and left[contour[one]] > MIN_CURVES:
            taken[one] = taken[other] = True
            left[contour[one]] -= 1
            chosen.append(one)
    return np.array(chosen, np.int64)


@dataclass(frozen=True, slots=True)
class _Loose(PathSet):
    """Paths each curve of which can be moved without its neighbours."""

    loose: Tensor = field(default_factory=lambda: torch.zeros(0, 4, 2))

    def curves(self) -> Tensor:
        return self.loose


def weights_of(paths: PathSet, optimiser: Optimiser) -> Doubles:
    """(curves, 2, 2): the squared change of the image, as a quadratic form, where a curve moves by so many pixels.

    The derivatives of the image times random signs have these as their mean squares (Hutchinson's estimator).
    """
    curves = paths.curves().detach().clone().requires_grad_()
    still = paths.detach()
    parts = {part.name: getattr(still, part.name) for part in fields(still)}
    drawn = optimiser.draw(_Loose(**parts | {"loose": curves}))
    random = np.random.default_rng(0)
    total = np.zeros((len(curves), 2, 2))
    for number in range(_PROBES):
        signs = torch.from_numpy(random.choice(np.array([-1, 1], np.float32), drawn.shape)).to(drawn.device)
        (slopes,) = torch.autograd.grad(drawn, curves, signs, retain_graph=number + 1 < _PROBES)
        whole = slopes.sum(dim=1).cpu().double().numpy()
        total += whole[:, :, None] * whole[:, None, :]
    return total / _PROBES


def _joined(one: Doubles, other: Doubles, weight: Doubles, further: Doubles) -> tuple[Doubles, Doubles]:
    """Curves in place of two that follow each other, and by how much the squared error rises with each.

    Args:
        one, other: (n, 4, 2) curves.
        weight, further: (n, 2, 2) of each.
    """
    t = (np.arange(_SAMPLES) + 0.5) / _SAMPLES
    halves = [_at(curves, t) for curves in (one, other)]
    lengths = [np.hypot(*np.moveaxis(np.diff(half, axis=1), 2, 0)).sum(axis=1) for half in halves]
    share = (lengths[0] / np.maximum(lengths[0] + lengths[1], 1e-9))[:, None]
    places = np.concatenate(halves, axis=1)
    u = np.concatenate([share * t, share + (1 - share) * t], axis=1)
    fitted, off = _fitted(places, u, one[:, 0], other[:, 3])
    for _ in range(_ROUNDS - 1):
        steps = 3 * np.diff(fitted, axis=1)
        r = 1 - u
        slopes = np.stack([r * r, 2 * r * u, u * u], axis=2) @ steps
        u = (u - (off * slopes).sum(axis=2) / np.maximum((slopes**2).sum(axis=2), 1e-6)).clip(0, 1)
        fitted, off = _fitted(places, u, one[:, 0], other[:, 3])
    halves = [off[:, :_SAMPLES], off[:, _SAMPLES:]]
    costs = sum(((half @ form) * half).sum(axis=(1, 2)) for half, form in zip(halves, (weight, further), strict=True))
    return fitted, np.asarray(costs / _SAMPLES)


def _fitted(places: Doubles, u: Doubles, begin: Doubles, end: Doubles) -> tuple[Doubles, Doubles]:
    """The curves from `begin` to `end` nearest to places that belong to `u` on them, and how far off each place is."""
    r = 1 - u
    one, two = 3 * r * r * u, 3 * r * u * u
    rest = places - (r**3)[..., None] * begin[:, None] - (u**3)[..., None] * end[:, None]
    aa, ab, bb = (one * one).sum(axis=1), (one * two).sum(axis=1), (two * two).sum(axis=1)
    a, b = ((part[:, None] @ rest)[:, 0] for part in (one, two))
    determinant = np.maximum(aa * bb - ab * ab, 1e-9)[:, None]
    first = (a * bb[:, None] - b * ab[:, None]) / determinant
    second = (b * aa[:, None] - a * ab[:, None]) / determinant
    off = one[..., None] * first[:, None] + two[..., None] * second[:, None] - rest
    return np.stack([begin, first, second, end], axis=1), off


def _at(curves: Doubles, t: Doubles) -> Doubles:
    """(n, places, 2) of curves (n, 4, 2)."""
    r = 1 - t
    weights = np.stack([r**3, 3 * r * r * t, 3 * r * t * t, t**3], axis=1)
    return np.asarray(weights @ curves)
