"""Traces logos and illustrations: areas of one colour or gradient, traced with their corners and straight lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from spectacle.generators.supersvg.arrays import Floats
from spectacle.generators.supersvg.raster.shapes import PathSet
from spectacle.generators.supersvg.tracing.area_outlines import coverage_of, is_thin, outlines_of, squares_of
from spectacle.generators.supersvg.tracing.areas import Area, Areas
from spectacle.generators.supersvg.tracing.joining import joined
from spectacle.generators.supersvg.tracing.outline import Curve, fit_outline, polygon
from spectacle.generators.supersvg.tracing.refine import Optimiser
from spectacle.generators.supersvg.tracing.soft import Soft, opaque_on
from spectacle.generators.supersvg.tracing.tips import Coverage

_POINT_RATE = 0.1
"""By how many pixels points of traced outlines move in a step."""

FINAL_RATE = 0.1
"""The share of that in the last step."""

MIN_AREA = 6
"""Areas of logos that have fewer pixels are not traced."""

MIN_TOLERANCE = 0.35
"""Outlines fitted closer than this, in pixels, follow the steps of the pixels."""

_OPAQUE = 0.99
"""Areas reach under those of at least this opacity: through others they would be seen."""

_SOFT_TOLERANCE = 0.8
"""How far in pixels the outlines of soft shades may be off: their colours hardly differ from each other."""

_FAINTLY = 1 / 255
"""From this opacity on, soft shades are seen."""

_CLEAR = 1 / 64
_SAME = 10 / 255

_SAME_OUTLINE = 256
"""Into this many parts a pixel is divided to distinguish outlines."""

_FINE_SCALE = 4
"""How many times as closely the outlines of fine areas are examined: their two sides may be a pixel apart."""

_FINE_TOLERANCE = 0.2
"""How far in pixels the outlines of fine areas may be off: two sides that are off by more may meet."""


@dataclass(frozen=True, slots=True)
class Traced:
    """The areas of an image as paths.

    Attributes:
        paths: Large ones below small ones.
        straight: (Q,) which of the curves are straight lines.
        background: (channels,) what is below the paths.
        fixed: (Q,) which of the curves belong to soft shades, whose pieces must fit together as they are;
            None for none.
        like: (Q,) which curve each is a copy of, or itself: soft shades that are seen in their area alone have its
            outline; None for no copies.
    """

    paths: PathSet
    straight: torch.Tensor
    background: torch.Tensor
    fixed: torch.Tensor | None = None
    like: torch.Tensor | None = None

    def settled(self, paths: PathSet) -> PathSet:
        """The same paths after they were moved, with those of soft shades where they were, or where their area is."""
        points = paths.points
        if self.fixed is not None:
            fixed = self.fixed.to(points.device).repeat_interleave(3)[:, None]
            points = torch.where(fixed, self.paths.points.to(points), points)
        if self.like is not None:
            points = points.reshape(-1, 3, 2)[self.like.to(points.device)].reshape(-1, 2)
        return replace(paths, points=points)

    def optimiser(self, optimiser: Optimiser, colour_rate: float = 0.0) -> Optimiser:
        """An optimizer like another for these paths, whose outlines hardly move and whose straight lines stay so."""
        device = optimiser.pixels.device
        return replace(
            optimiser,
            background=self.background.to(device),
            point_rate=_POINT_RATE,
            colour_rate=colour_rate,
            straight=self.straight.to(device),
        )


def trace_areas(
    areas: Areas,
    max_paths: int,
    min_area: float,
    tolerance: float,
    go_on: Callable[[], bool] = lambda: True,
    *,
    page: bool = True,
    pixels: Floats | None = None,
) -> Traced:
    """Trace the largest areas. Smaller areas are above larger ones, in their holes and along their sides.

    Args:
        areas: The areas of an image.
        max_paths: Maximum number of paths.
        min_area: Areas of fewer pixels are omitted, unless they are fine.
        tolerance: How far in pixels an outline may be off.
        go_on: Asked before each area but the first whether to trace it, too.
        page: Whether the background is drawn: what lies on it may then have its colour where it ends.
        pixels: (height, width, channels), the image: sharp tips go on where it shows them, and not only the areas.
    """
    if not areas.cell:
        areas = joined(areas, _filled(areas))
    background, below = background_of(areas)
    boxes = ndimage.find_objects(areas.labels + 1, max_label=len(areas.areas))
    filled = _filled(areas)
    below &= ~_shaded_by_others(areas, filled)
    filled[below] = 0
    _as_one_shade(areas, filled)
    drawn = np.argsort(-filled, kind="stable")[:max_paths]
    small = np.array([bool(areas.cell or area.fine or area.shade) for area in areas.areas])
    least = np.where(small, 1, min_area)
    drawn = drawn[filled[drawn] >= least[drawn]]
    rank = np.full(len(filled), len(filled))
    rank[drawn] = np.arange(len(drawn))
    rank[below] = -1
    layers = _Layers()
    waiting = len(drawn)

    def lay(number: int, own: int | None, *, on_page: bool = True) -> None:
        """Draw the soft shades of an area, of which the number of its path is given if it has one."""
        for soft in _seen(areas, number) if on_page else areas.areas[number].overlays:
            for outlines, gradient in soft.pieces():
                shade = Area(np.zeros(len(background), np.float32), gradient)
                if len(layers.areas) + waiting >= max_paths:
                    return  # areas without their shades are more than shades without areas
                if soft.within and own is not None:
                    layers.copy(own, shade)
                else:
                    layers.add([(points, [False] * len(points)) for points in outlines], shade, fixed=True)

    for number in np.flatnonzero(below).tolist():
        lay(number, None, on_page=page)
    opaque = np.array(
        [(area if area.base is None else areas.areas[area.base]).opacities[0] > _OPAQUE for area in areas.areas]
    )
    fit, loose, close = Fits(tolerance), Fits(max(tolerance, _SOFT_TOLERANCE)), Fits(min(tolerance, _FINE_TOLERANCE))
    for number in drawn.tolist():
        if layers.areas and not go_on():
            break
        waiting -= 1
        above = opaque & (rank > rank[number])
        if areas.cell:
            curves = [polygon(corners) for corners in squares_of(areas, number, boxes[number], above)]
        else:
            scale = _FINE_SCALE if areas.areas[number].fine else 1
            soft = areas.areas[number].shade is not None
            outlines, strips = outlines_of(areas, number, boxes[number], above)
            coverage = None if pixels is None else coverage_of(pixels, areas, number)
            chosen = loose if soft else close if areas.areas[number].fine else fit
            curves = [chosen(outline, scale, hidden, coverage) for outline, hidden in outlines]
            curves += map(polygon, strips)
        if curves:
            layers.add(
                [(_starts(contour), [curve.line for curve in contour]) for contour in curves], areas.areas[number]
            )
            lay(number, len(layers.areas) - 1)
    return layers.traced(background)


class _Layers:
    """Paths that are laid on each other."""

    def __init__(self) -> None:
        self.areas: list[Area] = []
        self._points: list[NDArray[np.floating]] = []
        self._lines: list[bool] = []
        self._fixed: list[bool] = []
        self._like: list[int] = []
        self._contours: list[int] = []
        self._owners: list[int] = []

    def add(self, outlines: list[tuple[NDArray[np.floating], list[bool]]], area: Area, *, fixed: bool = False) -> None:
        """Lay a path on those that there are.

        Args:
            outlines: Of each outline (n, 3, 2), the beginnings and control points of its curves, and which are lines.
            area: What it is filled with.
            fixed: Whether it must stay as it is.
        """
        for points, lines in outlines:
            self._like += range(len(self._like), len(self._like) + len(points))
            self._points += list(points)
            self._lines += lines
            self._fixed += [fixed] * len(points)
            self._contours.append(len(points))
            self._owners.append(len(self.areas))
        self.areas.append(area)

    def copy(self, path: int, area: Area) -> None:
        """Lay a path on those that there are that has the outlines of one of them, and is moved with it."""
        ends = np.cumsum(self._contours).tolist()
        spans = [
            slice(end - length, end)
            for end, length, owner in zip(ends, self._contours, self._owners, strict=True)
            if owner == path
        ]
        first = len(self._like)
        self.add([(np.stack(self._points[span]), self._lines[span]) for span in spans], area)
        self._like[first:] = [curve for span in spans for curve in range(span.start, span.stop)]

    def traced(self, background: NDArray[np.float32]) -> Traced:
        """All of them."""
        return Traced(
            path_set_of(self._points, self._contours, self._owners, self.areas),
            torch.tensor(self._lines, dtype=torch.bool),
            torch.from_numpy(background),
            torch.tensor(self._fixed, dtype=torch.bool),
            torch.tensor(self._like, dtype=torch.int64),
        )


def _starts(contour: list[Curve]) -> NDArray[np.floating]:
    """(n, 3, 2): the beginnings and control points of curves."""
    return np.stack([curve.points[:3] for curve in contour])


def _seen(areas: Areas, number: int) -> tuple[Soft, ...]:
    """The soft shades of an area as they are drawn: opaque where they lie on one opaque colour."""
    area = areas.areas[number]
    if not area.overlays or area.gradient is not None or area.opacities[0] < 1:
        return area.overlays
    rows, columns = np.nonzero(areas.labels == number)
    return opaque_on(area.colour[:3].astype(np.float64), area.overlays, np.stack([columns, rows], axis=1) + 0.5)


def _shaded_by_others(areas: Areas, filled: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(areas,) on which ones soft shades of larger ones lie: they must be drawn above these, if they hide anything."""
    shaded = np.zeros(len(filled), bool)
    for number, area in enumerate(areas.areas):
        rows, columns = np.nonzero((filled < filled[number])[areas.labels]) if area.overlays else ((), ())
        for soft in area.overlays:
            seen = soft.at(np.add(columns, 0.5), np.add(rows, 0.5))[:, 3] > _FAINTLY
            shaded[areas.labels[rows, columns][seen]] = True
    return np.asarray(shaded & [area.opacities[0] > _OPAQUE for area in areas.areas], bool)


def _filled(areas: Areas) -> NDArray[np.float64]:
    """(areas,) how many pixels each has with its holes."""
    filled = np.zeros(len(areas.areas))
    for number, box in enumerate(ndimage.find_objects(areas.labels + 1, max_label=len(areas.areas))):
        if box is not None:
            filled[number] = ndimage.binary_fill_holes(areas.labels[box] == number).sum()
    return filled


def _as_one_shade(areas: Areas, filled: NDArray[np.float64]) -> None:
    """Give all areas of a shade the size of the largest, so that nothing lies in between; lay others on their bases."""
    shades: dict[int, list[int]] = {}
    for number, area in enumerate(areas.areas):
        if area.shade is not None and filled[number]:
            shades.setdefault(area.shade.number, []).append(number)
    for members in shades.values():
        filled[members] = filled[members].max()
    for number, area in enumerate(areas.areas):
        if area.base is not None:
            filled[number] = min(filled[number], filled[area.base])


class Fits:
    """Fits outlines, and those that recur elsewhere, as letters do, only once."""

    def __init__(self, tolerance: float) -> None:
        self._tolerance = tolerance
        self._known: dict[tuple[float, bytes], list[Curve]] = {}

    def __call__(
        self, outline: NDArray[np.floating], scale: float, hidden: NDArray[np.bool_], coverage: Coverage | None = None
    ) -> list[Curve]:
        corner = np.floor(outline.min(axis=0))
        key = scale, np.round((outline - corner) * _SAME_OUTLINE).astype(np.int32).tobytes() + hidden.tobytes()
        if key not in self._known:
            self._known[key] = fit_outline(
                outline - corner, self._tolerance, scale, hidden, None if coverage is None else coverage.moved(-corner)
            )
        return [Curve(curve.points + corner, curve.line) for curve in self._known[key]]


def background_of(areas: Areas) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The colour that most of the border has, and which areas need no path because of it."""
    channels = len(areas.areas[0].colour)
    colours = np.array([area.colour for area in areas.areas])
    if channels == 4:
        return np.zeros(4, np.float32), np.array([area.opacities[1] < _CLEAR for area in areas.areas])
    border = np.concatenate([areas.labels[0], areas.labels[-1], areas.labels[:, 0], areas.labels[:, -1]])
    lengths = np.bincount(border, minlength=len(colours))
    # What is above other areas of a shade would be hidden by them.
    plain = np.array([area.gradient is None and not (area.shade and area.shade.level) for area in areas.areas])
    if not (lengths * plain).any():
        return colours[lengths.argmax()], np.zeros(len(colours), bool)
    background = colours[(lengths * plain).argmax()]
    same = np.abs(colours - background).max(axis=1) < _SAME
    below = same & plain & (lengths > 0)
    for number in np.flatnonzero(below).tolist():
        below[number] = not (areas.areas[number].fine and is_thin(areas, number))
    return background, below


def path_set_of(
    points: list[NDArray[np.floating]], contours: list[int], owners: list[int], areas: list[Area]
) -> PathSet:
    """Paths with the fills of areas, one for each, in that order.

    Args:
        points: (3, 2) for each curve: its beginning and control points.
        contours: How many curves each outline has.
        owners: Whose outline each is.
        areas: What the paths are filled with.
    """
    count = len(areas)
    if not count:
        return PathSet.of_strokes(torch.zeros(0, 3, 2), torch.zeros(0, 3))
    fills = [area.colour if area.shade is None else area.shade.layer for area in areas]
    colours = torch.from_numpy(np.stack(fills).astype(np.float32))
    graded = torch.tensor([area.gradient is not None for area in areas])
    opacities = torch.ones(count)
    if colours.shape[1] == 4:
        opacities = torch.where(graded, opacities, colours[:, 3])
        colours = (colours[:, :3] / colours[:, 3:].clamp(min=1e-3)).clamp(0, 1)
    return PathSet(
        torch.from_numpy(np.concatenate(points).astype(np.float32)),
        torch.tensor(contours, dtype=torch.int64),
        torch.tensor(owners, dtype=torch.int64),
        colours,
        opacities,
        gradients=tuple(area.gradient for area in areas) if graded.any() else None,
    )
