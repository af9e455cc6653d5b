"""Finds where shapes are missing, and makes first shapes for those places."""

from __future__ import annotations

import math
from dataclasses import replace
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

_MOST_CURVES = 32
_ENOUGH_PATHS = 4000
_MOST_GRADED = 500
"""With more paths than these, a gradient costs more bytes than another path that saves as much."""


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


def curves_per_path(max_paths: int) -> int:
    """How many curves a path has: many where paths are few, and four, as few as a free shape needs, from 4000 on."""
    return max(4, min(_MOST_CURVES, round(4 * math.sqrt(_ENOUGH_PATHS / max(max_paths, 1)))))


def shapes_of(labels: Labels, picture: Floats, max_paths: int) -> PathSet:
    """One path of one outline for each region, with the region's area, centre, outline and colours.

    The outline is measured from the centre in three directions a curve, evenly spread after the region is stretched to
    be as wide as it is high along its main axes. Where paths are few, they have gradients.

    Args:
        labels: (height, width) number of the region; negative for none.
        picture: (height, width, 3 or more).
        max_paths: How many paths the drawing may have.
    """
    curves = curves_per_path(max_paths)
    wedges = 3 * curves
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
    wedge = np.floor((np.arctan2(v, u) / (2 * math.pi) + 0.5) * wedges).astype(np.int64).clip(0, wedges - 1)
    in_wedge = np.bincount(label * wedges + wedge, minlength=count * wedges).reshape(count, wedges)
    jacobian = np.sqrt(values.prod(axis=1))
    smooth = (
        in_wedge + 0.25 * (np.roll(in_wedge, 1, 1) + np.roll(in_wedge, -1, 1)) + 0.1 * safe[:, None] / wedges
    ) / 1.6
    radius = np.sqrt(2 * smooth / jacobian[:, None] / (2 * math.pi / wedges))
    angles = (np.arange(wedges) + 0.5) / wedges * 2 * math.pi - math.pi
    outline = radius[:, :, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    outline = np.einsum("pij,pwj->pwi", spread, outline) + np.stack([centre_x, centre_y], axis=1)[:, None]
    points = np.einsum("cw,pwi->pci", _fit(curves), outline)
    flat = picture[rows, columns]
    colours = (
        np.stack([np.bincount(label, flat[:, channel]) for channel in range(flat.shape[1])], axis=1) / safe[:, None]
    )
    if colours.shape[1] == 4:
        opacities = colours[:, 3]
        colours = (colours[:, :3] / np.maximum(opacities, 1e-3)[:, None]).clip(0, 1)
    else:
        opacities = np.ones(count)
    paths = PathSet.of_strokes(_tensor(points), _tensor(colours), _tensor(opacities))
    if flat.shape[1] == 4 or max_paths > _MOST_GRADED:
        return paths
    return _graded(paths, label, np.stack([dx, dy], axis=1), flat, np.stack([centre_x, centre_y], axis=1), covariance)


def _graded(
    paths: PathSet,
    label: NDArray[np.int64],
    offsets: NDArray[np.float64],
    colours: Floats,
    centres: NDArray[np.float64],
    covariance: NDArray[np.float64],
) -> PathSet:
    """The paths with linear gradients along the directions in which their colours change most."""
    count = len(paths)
    safe = np.maximum(np.bincount(label, minlength=count), 1)
    means = paths.colours.numpy()
    rest = colours - means[label]
    moments = np.empty((count, 2, 3))
    for axis in range(2):
        for channel in range(3):
            moments[:, axis, channel] = np.bincount(label, offsets[:, axis] * rest[:, channel], minlength=count) / safe
    slopes = np.linalg.inv(covariance + np.eye(2)) @ moments
    left, strength, right = np.linalg.svd(slopes, full_matrices=False)
    direction, change = left[:, :, 0], right[:, 0] * strength[:, :1]
    reach = 2 * np.sqrt(np.einsum("pi,pij,pj->p", direction, covariance, direction))[:, None] + 1
    ends = np.concatenate([centres - reach * direction, centres + reach * direction], axis=1)
    return replace(
        paths,
        colours=_tensor((means - reach * change).clip(0, 1)),
        end_colours=_tensor((means + reach * change).clip(0, 1)),
        axes=_tensor(ends),
    )


@lru_cache(maxsize=8)
def _fit(curves: int) -> NDArray[np.float64]:
    """(control points, outline points): the smooth closed curve that passes nearest to the outline points."""
    wedges = 3 * curves
    rows = []
    for number in range(wedges):
        curve, t = divmod(number * curves / wedges, 1)
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
    system = np.concatenate([rows, np.array(smooth) * 0.5])
    return np.linalg.pinv(system)[:, :wedges]


def _tensor(values: NDArray[np.float64]) -> torch.Tensor:
    return torch.from_numpy(values.astype(np.float32))
