"""Draws images in two colours: all that is ink as one path, at the full size of the image."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from spectacle.generators.supersvg.arrays import Floats
from spectacle.generators.supersvg.raster.shapes import PathSet
from spectacle.generators.supersvg.tracing.contours import find_contours, signed_area
from spectacle.generators.supersvg.tracing.ink import Ink
from spectacle.generators.supersvg.tracing.logo import Fits, Traced
from spectacle.generators.supersvg.tracing.outline import Curve, polygon
from spectacle.generators.supersvg.tracing.pixel_art import cell_of, corners_of
from spectacle.generators.supersvg.tracing.tips import Coverage

MAX_OUTLINES = 50_000
_MIN_AREA, _MIN_AREA_IN_NOISE = 1.0, 6.0
_THIN = 3.0
"""An outline whose area is less than this times its length has sides, or corners, that are near to each other."""

_CLOSER = 4
"""How many times as closely those are looked at."""

_ROUGH_TOLERANCE = 0.6
"""Outlines fitted closer than this follow the steps of rough images, in pixels."""

_MIN_CELL = 3
_ASK = 256
_ZOOMS = (3, 2)
_MAX_ZOOMED = 6_000_000
"""Images are looked at enlarged, as far as that gives no more pixels than these."""


def trace_ink(
    ink: Ink, tolerance: float, min_area: float | None = None, go_on: Callable[[], bool] = lambda: True
) -> Traced | None:
    """Trace all that is ink; None where that has more outlines than anybody would want.

    Args:
        ink: The image.
        tolerance: How far in pixels an outline may be off.
        min_area: Outlines around fewer pixels are left out.
        go_on: Asked now and then whether to trace further outlines.
    """
    drawn = ink.drawn()
    inside = drawn > 0.5
    if cell := cell_of(inside, _MIN_CELL):
        squares = inside[::cell, ::cell]
        return _traced(ink, [polygon(cell * corners) for corners in corners_of(squares)])
    if min_area is None:
        min_area = _MIN_AREA_IN_NOISE if ink.noise else _MIN_AREA
    zoom = next((zoom for zoom in _ZOOMS if zoom * zoom * inside.size <= _MAX_ZOOMED), 1)
    del inside
    contours = find_contours(_on_ground(drawn if zoom == 1 else ink.drawn(zoom)), 0.5)
    coverage = Coverage(drawn.__getitem__, drawn.shape) if zoom > 1 else None
    del drawn
    if len(contours) > MAX_OUTLINES:
        return None
    close, rough = Fits(tolerance), Fits(max(tolerance, _ROUGH_TOLERANCE))
    outlines: list[list[Curve]] = []
    for number, contour in enumerate(contours):
        if outlines and number % _ASK == 0 and not go_on():
            break
        points = (contour[:, ::-1] - 1.5) / zoom
        area = abs(signed_area(points))
        if area < min_area:
            continue
        length = float(np.hypot(*(np.roll(points, -1, axis=0) - points).T).sum())
        scale = _CLOSER if area < _THIN * length else 1
        fit = rough if ink.rough and area > _ROUGH_TOLERANCE * length else close
        outlines.append(fit(points, scale, np.zeros(len(points), bool), coverage))
    return _traced(ink, outlines)


def thickness(traced: Traced) -> float:
    """How thick the strokes of an artwork are, in pixels, taken all together."""
    curves = traced.paths.curves().numpy()
    length = float(np.hypot(*(curves[:, 3] - curves[:, 0]).T).sum())
    start, end = curves[:, 0], curves[:, 3]
    return abs(float((start[:, 0] * end[:, 1] - start[:, 1] * end[:, 0]).sum())) / max(length, 1e-6)


def _on_ground(drawn: Floats) -> Floats:
    """The values with those of the border once more around them, and zeros around these."""
    height, width = drawn.shape
    ground: Floats = np.zeros((height + 4, width + 4), np.float32)
    ground[2:-2, 2:-2] = drawn
    ground[1], ground[-2] = ground[2], ground[-3]
    ground[:, 1], ground[:, -2] = ground[:, 2], ground[:, -3]
    return ground


def _traced(ink: Ink, outlines: list[list[Curve]]) -> Traced:
    """One path, in the colour of the ink."""
    curves = [curve for outline in outlines for curve in outline]
    points: NDArray[np.floating] = np.concatenate([curve.points[:3] for curve in curves] or [np.zeros((0, 2))])
    used = [len(outline) for outline in outlines if outline]
    count = min(len(used), 1)
    paths = PathSet(
        torch.from_numpy(points.astype(np.float32)),
        torch.tensor(used, dtype=torch.int64),
        torch.zeros(len(used), dtype=torch.int64),
        torch.from_numpy(ink.colour[None, :3])[:count],
        torch.ones(count),
    )
    return Traced(paths, torch.tensor([curve.line for curve in curves], dtype=torch.bool), torch.from_numpy(ink.paper))
