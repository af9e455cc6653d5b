"""Finds where shapes are missing, and makes first shapes for those places."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.segmentation import slic

from spectacle.generators.supersvg.shapes import PathSet

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]

_COMPACTNESS = 0.3
_SIGMA = 0.7
_CANDIDATES = 12
"""Regions to choose from, for each that is wanted. Measured: small regions of great error are worth most."""

_LEAST_GAIN = 0.002
"""Sum of squared errors that a shape must save: a dozen pixels wrong by two 8-bit steps."""

_CLUSTERING_ROUNDS = 10

_WEDGES = 12
_CURVES = 4


def segments(picture: Floats, count: int) -> Labels:
    """Number about `count` connected regions of similar colour from 0, (height, width)."""
    if count <= 1:
        return np.zeros(picture.shape[:2], np.int64)
    labels = slic(
        picture.astype(np.float32),
        n_segments=count,
        compactness=_COMPACTNESS,
        sigma=_SIGMA,
        max_num_iter=5,
        start_label=0,
        convert2lab=False,
        channel_axis=2,
    )
    return np.unique(labels, return_inverse=True)[1].reshape(labels.shape)


def largest_errors(difference: Floats, count: int) -> Labels:
    """Regions where a shape of one colour would help most.

    Args:
        difference: Picture minus drawing, (height, width, channels).
        count: How many regions.

    Returns:
        (height, width): the number of the region from 0, largest region first; -1 for pixels in none.
    """
    labels = segments(difference, max(2, count * _CANDIDATES))
    flat = labels.ravel()
    sizes = np.bincount(flat)
    sums = np.stack([np.bincount(flat, channel) for channel in difference.reshape(flat.size, -1).T], axis=1)
    gain = (sums**2).sum(axis=1) / sizes
    chosen = np.argsort(-gain, kind="stable")[:count]
    chosen = chosen[gain[chosen] > _LEAST_GAIN]
    return _renumbered(labels, sizes, chosen)


def first_regions(picture: Floats, background: Floats, count: int) -> Labels:
    """About `count` regions to begin with, largest first; -1 where the background alone will do."""
    labels = segments(picture, count)
    flat = labels.ravel()
    sizes = np.bincount(flat)
    difference = (picture - background).reshape(flat.size, -1)
    error = np.bincount(flat, (difference**2).sum(axis=1))
    return _renumbered(labels, sizes, np.flatnonzero(error > _LEAST_GAIN))


def _renumbered(labels: Labels, sizes: NDArray[np.int64], chosen: NDArray[np.int64]) -> Labels:
    chosen = chosen[np.argsort(-sizes[chosen], kind="stable")]
    numbers = np.full(len(sizes), -1)
    numbers[chosen] = np.arange(len(chosen))
    return numbers[labels]


def shapes_of(labels: Labels, picture: Floats) -> PathSet:
    """One path of four curves for each region, with the region's area, centre, outline and mean colour.

    The outline is measured from the centre in twelve directions, evenly spread after the region is stretched to be as
    wide as it is high along its main axes.

    Args:
        labels: (height, width) number of the region; negative for none.
        picture: (height, width, 3 or more).
    """
    rows, columns = np.nonzero(labels >= 0)
    label = labels[rows, columns]
    sizes = np.bincount(label)
    count = len(sizes)
    safe = np.maximum(sizes, 1)
    x, y = columns + 0.5, rows + 0.5
    centre_x, centre_y = np.bincount(label, x) / safe, np.bincount(label, y) / safe
    dx, dy = x - centre_x[label], y - centre_y[label]
    covariance = np.empty((count, 2, 2))
    covariance[:, 0, 0] = np.bincount(label, dx * dx) / safe + 1 / 12
    covariance[:, 1, 1] = np.bincount(label, dy * dy) / safe + 1 / 12
    covariance[:, 0, 1] = covariance[:, 1, 0] = np.bincount(label, dx * dy) / safe
    values, vectors = np.linalg.eigh(covariance)
    spread = vectors * np.sqrt(values)[:, None, :]
    narrow = vectors / np.sqrt(values)[:, None, :]
    u = dx * narrow[label, 0, 0] + dy * narrow[label, 1, 0]
    v = dx * narrow[label, 0, 1] + dy * narrow[label, 1, 1]
    wedge = np.floor((np.arctan2(v, u) / (2 * math.pi) + 0.5) * _WEDGES).astype(np.int64).clip(0, _WEDGES - 1)
    in_wedge = np.bincount(label * _WEDGES + wedge, minlength=count * _WEDGES).reshape(count, _WEDGES)
    jacobian = np.sqrt(values.prod(axis=1))
    smooth = (
        in_wedge + 0.25 * (np.roll(in_wedge, 1, 1) + np.roll(in_wedge, -1, 1)) + 0.1 * safe[:, None] / _WEDGES
    ) / 1.6
    radius = np.sqrt(2 * smooth / jacobian[:, None] / (2 * math.pi / _WEDGES))
    angles = (np.arange(_WEDGES) + 0.5) / _WEDGES * 2 * math.pi - math.pi
    outline = radius[:, :, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    outline = np.einsum("pij,pwj->pwi", spread, outline) + np.stack([centre_x, centre_y], axis=1)[:, None]
    points = np.einsum("cw,pwi->pci", _fit(), outline)
    flat = picture[rows, columns]
    colours = (
        np.stack([np.bincount(label, flat[:, channel]) for channel in range(flat.shape[1])], axis=1) / safe[:, None]
    )
    if colours.shape[1] == 4:
        opacities = colours[:, 3]
        colours = (colours[:, :3] / np.maximum(opacities, 1e-3)[:, None]).clip(0, 1)
    else:
        opacities = np.ones(count)
    return PathSet.of_strokes(_tensor(points), _tensor(colours), _tensor(opacities))


@lru_cache(maxsize=1)
def _fit() -> NDArray[np.float64]:
    """(control points, outline points): the smooth closed curve that passes nearest to the outline points."""
    rows = []
    for number in range(_WEDGES):
        curve, t = divmod(number * _CURVES / _WEDGES, 1)
        row = np.zeros(3 * _CURVES)
        for offset, weight in enumerate([(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3]):
            row[(3 * int(curve) + offset) % (3 * _CURVES)] += weight
        rows.append(row)
    smooth = []
    for curve in range(_CURVES):
        row = np.zeros(3 * _CURVES)
        row[3 * curve] = 2
        row[3 * curve + 1] = row[3 * curve - 1] = -1
        smooth.append(row)
    system = np.concatenate([rows, np.array(smooth) * 0.5])
    return np.linalg.pinv(system)[:, :_WEDGES]


def _tensor(values: NDArray[np.float64]) -> torch.Tensor:
    return torch.from_numpy(values.astype(np.float32))
