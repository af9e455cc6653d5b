"""Draws logos and illustrations: areas of one colour or gradient, traced with their corners and straight lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import find_contours

from spectacle.generators.supersvg.raster.shapes import PathSet
from spectacle.generators.supersvg.tracing.areas import Area, Areas
from spectacle.generators.supersvg.tracing.outline import Curve, fit_outline, polygon
from spectacle.generators.supersvg.tracing.pixel_art import corners_of

_UNDERLAP = 2
"""By how many pixels an area reaches under those above it, so that nothing shines through between them."""

_OPAQUE = 0.99
"""Areas reach under those of at least this opacity: through others they would be seen."""

_MARGIN = 3
_CLEAR = 1 / 64
_SAME = 10 / 255
_MIN_CONTOUR = 3.0
_MIN_FINE_CONTOUR = 0.3

_SAME_OUTLINE = 256
"""Into so many parts a pixel is divided to tell outlines apart."""

_FINE_SCALE = 4
"""How many times as closely the outlines of fine areas are looked at: their two sides may be a pixel apart."""

_FINE_LEVEL = 0.4
"""A line as fine as a pixel may cover two pixels by half: its outline is drawn a little outside, and not broken."""


@dataclass(frozen=True, slots=True)
class Traced:
    """The areas of a picture as paths.

    Attributes:
        paths: Large ones below small ones.
        straight: (Q,) which of the curves are straight lines.
        background: (channels,) what lies below the paths.
    """

    paths: PathSet
    straight: torch.Tensor
    background: torch.Tensor


def trace_areas(
    areas: Areas, max_paths: int, min_area: float, tolerance: float, go_on: Callable[[], bool] = lambda: True
) -> Traced:
    """Trace the largest areas. Smaller areas lie above larger ones, in their holes and along their sides.

    Args:
        areas: The areas of a picture.
        max_paths: Most paths.
        min_area: Areas of fewer pixels are left out, unless they are fine.
        tolerance: How far in pixels an outline may be off.
        go_on: Asked before each area but the first whether to trace it, too.
    """
    background, below = _background(areas)
    boxes = ndimage.find_objects(areas.labels + 1, max_label=len(areas.areas))
    filled = np.zeros(len(areas.areas))
    for number, box in enumerate(boxes):
        if box is not None and not below[number]:
            filled[number] = ndimage.binary_fill_holes(areas.labels[box] == number).sum()
    drawn = np.argsort(-filled, kind="stable")[:max_paths]
    least = np.array([min_area if not (areas.cell or area.fine) else 1 for area in areas.areas])
    drawn = drawn[filled[drawn] >= least[drawn]]
    rank = np.full(len(filled), len(filled))
    rank[drawn] = np.arange(len(drawn))
    rank[below] = -1
    points: list[NDArray[np.floating]] = []
    lines: list[bool] = []
    contours: list[int] = []
    owners: list[int] = []
    kept: list[Area] = []
    opaque = np.array(
        [len(area.colour) == 3 or min(area.colour[3], area.end_colour[3]) > _OPAQUE for area in areas.areas]
    )
    fit = _Fits(tolerance)
    for number in drawn.tolist():
        if kept and not go_on():
            break
        above = opaque & (rank > rank[number])
        if areas.cell:
            curves = [polygon(corners) for corners in _squares(areas, number, boxes[number], above)]
        else:
            scale = _FINE_SCALE if areas.areas[number].fine else 1
            outlines = _outlines(areas, number, boxes[number], above)
            curves = [fit(outline, scale) for outline in outlines]
        for contour in curves:
            points += [curve.points[:3] for curve in contour]
            lines += [curve.line for curve in contour]
            contours.append(len(contour))
            owners.append(len(kept))
        if curves:
            kept.append(areas.areas[number])
    paths = _path_set(points, contours, owners, kept)
    return Traced(paths, torch.tensor(lines, dtype=torch.bool), torch.from_numpy(background))


class _Fits:
    """Fits outlines, and those that recur elsewhere, as letters do, only once."""

    def __init__(self, tolerance: float) -> None:
        self._tolerance = tolerance
        self._known: dict[tuple[float, bytes], list[Curve]] = {}

    def __call__(self, outline: NDArray[np.floating], scale: float) -> list[Curve]:
        corner = np.floor(outline.min(axis=0))
        key = scale, np.round((outline - corner) * _SAME_OUTLINE).astype(np.int32).tobytes()
        if key not in self._known:
            self._known[key] = fit_outline(outline - corner, self._tolerance, scale)
        return [Curve(curve.points + corner, curve.line) for curve in self._known[key]]


def _background(areas: Areas) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The colour that most of the border has, and which areas need no path because of it."""
    channels = len(areas.areas[0].colour)
    colours = np.array([area.colour for area in areas.areas])
    ends = np.array([area.end_colour for area in areas.areas])
    if channels == 4:
        return np.zeros(4, np.float32), np.maximum(colours[:, 3], ends[:, 3]) < _CLEAR
    border = np.concatenate([areas.labels[0], areas.labels[-1], areas.labels[:, 0], areas.labels[:, -1]])
    lengths = np.bincount(border, minlength=len(colours))
    plain = np.array([not any(area.axis) for area in areas.areas])
    if not (lengths * plain).any():
        return colours[lengths.argmax()], np.zeros(len(colours), bool)
    background = colours[(lengths * plain).argmax()]
    same = np.abs(colours - background).max(axis=1) < _SAME
    return background, same & plain & (lengths > 0)


def _squares(
    areas: Areas, number: int, box: tuple[slice, slice], above: NDArray[np.bool_]
) -> list[NDArray[np.floating]]:
    """The outlines of an area of squares, with a square more where others cover it."""
    cell = areas.cell
    labels = areas.labels[::cell, ::cell]
    top, left = (max(0, side.start // cell - 1) for side in box)
    window = labels[top : box[0].stop // cell + 1, left : box[1].stop // cell + 1]
    own = window == number
    inside = ndimage.binary_fill_holes(own) | ndimage.binary_dilation(own)
    mask = own | (inside & above[window])
    return [cell * (corners + np.array([left, top])) for corners in corners_of(mask)]


def _outlines(
    areas: Areas, number: int, box: tuple[slice, slice], above: NDArray[np.bool_]
) -> list[NDArray[np.floating]]:
    height, width = areas.labels.shape
    top, left = (max(0, side.start - _MARGIN) for side in box)
    bottom, right = min(height, box[0].stop + _MARGIN), min(width, box[1].stop + _MARGIN)
    window = (slice(top, bottom), slice(left, right))
    labels, neighbours, shares = areas.labels[window], areas.neighbours[window], areas.shares[window]
    own = shares * (labels == number) + (1 - shares) * ((neighbours == number) & (neighbours != labels))
    covered = shares * above[labels] + (1 - shares) * above[neighbours]
    inside = ndimage.binary_fill_holes(labels == number)
    inside |= ndimage.binary_dilation(labels == number, iterations=_UNDERLAP)
    mask = (own + covered * inside).clip(0, 1)
    if mask.shape == areas.labels.shape and mask.min() > 0.5:
        return [np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)]
    sides = [_MARGIN * at_edge for at_edge in (top == 0, bottom == height, left == 0, right == width)]
    mask = np.pad(np.pad(mask, (sides[:2], sides[2:]), mode="edge"), 1)
    outlines = []
    level, least = (_FINE_LEVEL, _MIN_FINE_CONTOUR) if areas.areas[number].fine else (0.5, _MIN_CONTOUR)
    for contour in find_contours(mask, level):  # type: ignore[no-untyped-call]
        points = contour[:-1, ::-1] + [left - sides[2] - 0.5, top - sides[0] - 0.5]
        x, y = points.T
        area = 0.5 * abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))
        if area >= least:
            outlines.append(points)
    return outlines


def _path_set(points: list[NDArray[np.floating]], contours: list[int], owners: list[int], areas: list[Area]) -> PathSet:
    count = len(areas)
    if not count:
        return PathSet.of_strokes(torch.zeros(0, 3, 2), torch.zeros(0, 3))
    colours = torch.from_numpy(np.stack([area.colour for area in areas]))
    ends = torch.from_numpy(np.stack([area.end_colour for area in areas]))
    opacities = torch.ones(count)
    if colours.shape[1] == 4:
        opacities = (colours[:, 3] + ends[:, 3]) / 2
        colours, ends = ((side[:, :3] / side[:, 3:].clamp(min=1e-3)).clamp(0, 1) for side in (colours, ends))
    axes = torch.tensor([area.axis for area in areas], dtype=torch.float32)
    graded = bool(axes.any())
    return PathSet(
        torch.from_numpy(np.concatenate(points).astype(np.float32)),
        torch.tensor(contours, dtype=torch.int64),
        torch.tensor(owners, dtype=torch.int64),
        colours,
        opacities,
        "nonzero",
        ends if graded else None,
        axes if graded else None,
    )
