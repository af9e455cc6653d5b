"""Makes first shapes of regions of an image."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy import ndimage

from spectacle.generators.supersvg.arrays import Doubles, Floats, Labels
from spectacle.generators.supersvg.raster.shapes import PathSet
from spectacle.generators.supersvg.tracing.borders import closed_curves
from spectacle.generators.supersvg.tracing.path_fills import graded

_PITCH = 1 / 180
_MIN_PITCH = 2.8
_MAX_GRADED_PATHS = 500
"""With more paths than these, a gradient costs more bytes than another path that saves as much."""


def pitch(width: int, height: int, max_paths: int) -> float:
    """Pixels of outline for each curve: few where paths are few, as the outlines are then what the result depends on.

    So the number of curves grows with the cube root of the number of paths.
    """
    return max(_MIN_PITCH, _PITCH * math.sqrt(width * height) * math.pow(max_paths, 1 / 6))


def shapes_of(labels: Labels, picture: Floats, max_paths: int, spacing: float | None = None) -> PathSet:
    """One path for each region, with the region's outline and colours.

    Holes that other regions fill are left to their shapes, which are to be painted above; holes that show something
    else are cut out. Where paths are few, they have gradients.

    Args:
        labels: (height, width) number of the connected region, from 0 without a gap; negative for none.
        picture: (height, width, 3 or more).
        max_paths: How many paths the SVG may have.
        spacing: Pixels of the way around a region for each curve. Default: as `pitch` has it for the whole image.
    """
    rows, columns = np.nonzero(labels >= 0)
    label = labels[rows, columns]
    sizes = np.bincount(label)
    if spacing is None:
        spacing = pitch(labels.shape[1], labels.shape[0], max_paths)
    points, curves = closed_curves(labels, spacing)
    points, curves, owners = _with_holes(labels, spacing, points, curves)
    flat = picture[rows, columns]
    colours = np.stack([np.bincount(label, channel) for channel in flat.T], axis=1) / sizes[:, None]
    if colours.shape[1] == 4:
        opacities = colours[:, 3]
        colours = (colours[:, :3] / np.maximum(opacities, 1e-3)[:, None]).clip(0, 1)
    else:
        opacities = np.ones(len(sizes))
    paths = PathSet(
        _tensor(points), torch.from_numpy(curves), torch.from_numpy(owners), _tensor(colours), _tensor(opacities)
    )
    if flat.shape[1] == 4 or max_paths > _MAX_GRADED_PATHS:
        return paths
    return graded(paths, label, np.stack([columns + 0.5, rows + 0.5], axis=1), flat)


def _with_holes(labels: Labels, spacing: float, points: Doubles, curves: Labels) -> tuple[Doubles, Labels, Labels]:
    """Points, numbers of curves and owners of the outlines and of the holes that show what no region covers."""
    if labels.min() >= 0:
        return points, curves, np.arange(len(curves))
    outlines = np.split(points, 3 * curves.cumsum()[:-1]) if len(curves) else []
    contours = []
    for number, (box, outline) in enumerate(zip(ndimage.find_objects(labels + 1), outlines, strict=True)):
        own = labels[box] == number
        parts, _ = ndimage.label(ndimage.binary_fill_holes(own, np.ones((3, 3))) & ~own)
        contours.append((number, outline))
        sizes = np.bincount(parts.ravel())
        for part in np.unique(parts[(labels[box] < 0) & (parts > 0)]).tolist():
            if sizes[part] < (spacing / 2) ** 2:
                continue
            hole, _ = closed_curves(np.where(parts == part, 0, -1), spacing)
            backwards = np.roll(hole[::-1], 1, axis=0)
            contours.append((number, backwards + np.array([box[1].start, box[0].start])))
    lengths = np.array([len(contour) // 3 for _, contour in contours], np.int64)
    return (
        np.concatenate([points[:0], *(contour for _, contour in contours)]),
        lengths,
        np.array([number for number, _ in contours], np.int64),
    )


def _tensor(values: Doubles) -> torch.Tensor:
    return torch.from_numpy(values.astype(np.float32))
