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
from spectacle.generators.supersvg.tracing.areas import Area, Areas
from spectacle.generators.supersvg.tracing.contours import beyond_edges, find_contours
from spectacle.generators.supersvg.tracing.joining import joined
from spectacle.generators.supersvg.tracing.outline import Curve, fit_outline, polygon
from spectacle.generators.supersvg.tracing.pixel_art import corners_of
from spectacle.generators.supersvg.tracing.refine import Optimiser
from spectacle.generators.supersvg.tracing.soft import Soft, opaque_on
from spectacle.generators.supersvg.tracing.strips import without_strips
from spectacle.generators.supersvg.tracing.tips import Coverage

_POINT_RATE = 0.1
"""By how many pixels points of traced outlines move in a step."""

FINAL_RATE = 0.1
"""The share of that in the last step."""

MIN_AREA = 6
"""Areas of logos that have fewer pixels are not traced."""

MIN_TOLERANCE = 0.35
"""Outlines fitted closer than this, in pixels, follow the steps of the pixels."""

_UNDERLAP = 4
"""By how many pixels an area reaches under those above it, so that nothing shines through between them."""

_DISC = np.array([[0, 1, 1, 1, 0], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [0, 1, 1, 1, 0]], bool)
"""Pixels within two of one."""

_UNDER = 0.9
"""From this share of a pixel on, what covers it hides an outline in it."""

_OPAQUE = 0.99
"""Areas reach under those of at least this opacity: through others they would be seen."""

_SOFT_TOLERANCE = 0.8
"""How far in pixels the outlines of soft shades may be off: their colours hardly differ from each other."""

_FAINTLY = 1 / 255
"""From this opacity on, soft shades are seen."""

_MARGIN = 5
_CLEAR = 1 / 64
_SAME = 10 / 255
_MIN_CONTOUR = 3.0
_MIN_FINE_CONTOUR = 0.3

_SAME_OUTLINE = 256
"""Into this many parts a pixel is divided to distinguish outlines."""

_FINE_SCALE = 4
"""How many times as closely the outlines of fine areas are examined: their two sides may be a pixel apart."""

_FINE_LEVEL = 0.4
"""A line as fine as a pixel may cover two pixels by half: its outline is drawn a little outside, and not broken."""

_FINE_TOLERANCE = 0.2
"""How far in pixels the outlines of fine areas may be off: two sides that are off by more may meet."""

_FINE_SPREAD, _FINE_AROUND = 0.5, 5
"""Standard deviation in pixels of the blur after which the sides of fine lines are smooth, and the side of the window
in which the most covered pixels are looked for."""

_FAINT, _THIN, _SOLID = 0.3, 0.7, 0.9
"""Lines that are covered, after that blur, by less than the first are not to be seen; by less than the second they are
thinner than a pixel, and by the third no more."""

_THIN_SHARE, _THIN_PIXELS = 0.4, 8
"""Areas of the background's colour, of which more than this share, and so many pixels, are thinner, are drawn; others
are gaps."""


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
    points: list[NDArray[np.floating]] = []
    lines: list[bool] = []
    contours: list[int] = []
    owners: list[int] = []
    kept: list[Area] = []
    fixed: list[bool] = []
    like: list[int] = []

    def lay(number: int, own: list[list[Curve]], *, on_page: bool = True) -> None:
        """Draw the soft shades of an area, whose outlines are the last that were drawn."""
        softs = _seen(areas, number) if on_page else areas.areas[number].overlays
        count = sum(len(contour) for contour in own)
        first = len(fixed) - count
        for within, pieces, gradient in ((soft.within, *piece) for soft in softs for piece in soft.pieces()):
            if len(kept) >= max_paths:
                return
            copied = within and count > 0
            outlines = pieces
            if copied:
                outlines = [np.stack([curve.points[:3] for curve in contour]) for contour in own]
                lines.extend(curve.line for contour in own for curve in contour)
                like.extend(range(first, first + count))
            for outline in outlines:
                points.extend(outline)
                contours.append(len(outline))
                owners.append(len(kept))
                fixed.extend([not copied] * len(outline))
                if not copied:
                    lines.extend([False] * len(outline))
                    like.extend(range(len(like), len(like) + len(outline)))
            kept.append(Area(np.zeros(len(background), np.float32), gradient))

    for number in np.flatnonzero(below).tolist():
        lay(number, [], on_page=page)
    opaque = np.array(
        [(area if area.base is None else areas.areas[area.base]).opacities[0] > _OPAQUE for area in areas.areas]
    )
    fit, loose, close = Fits(tolerance), Fits(max(tolerance, _SOFT_TOLERANCE)), Fits(min(tolerance, _FINE_TOLERANCE))
    for number in drawn.tolist():
        if kept and not go_on():
            break
        above = opaque & (rank > rank[number])
        if areas.cell:
            curves = [polygon(corners) for corners in _squares(areas, number, boxes[number], above)]
        else:
            scale = _FINE_SCALE if areas.areas[number].fine else 1
            soft = areas.areas[number].shade is not None
            outlines, strips = _outlines(areas, number, boxes[number], above)
            coverage = None if pixels is None else _coverage(pixels, areas, number)
            chosen = loose if soft else close if areas.areas[number].fine else fit
            curves = [chosen(outline, scale, hidden, coverage) for outline, hidden in outlines] + [
                *map(polygon, strips)
            ]
        for contour in curves:
            points += [curve.points[:3] for curve in contour]
            lines += [curve.line for curve in contour]
            fixed += [False] * len(contour)
            like += range(len(like), len(like) + len(contour))
            contours.append(len(contour))
            owners.append(len(kept))
        if curves:
            kept.append(areas.areas[number])
            lay(number, curves)
    paths = path_set_of(points, contours, owners, kept)
    straight, still = (torch.tensor(side, dtype=torch.bool) for side in (lines, fixed))
    return Traced(paths, straight, torch.from_numpy(background), still, torch.tensor(like, dtype=torch.int64))


def _seen(areas: Areas, number: int) -> tuple[Soft, ...]:
    """The soft shades of an area as they are drawn: opaque where they lie on one opaque colour."""
    area = areas.areas[number]
    if not area.overlays or area.gradient is not None or area.opacities[0] < 1:
        return area.overlays
    rows, columns = np.nonzero(areas.labels == number)
    return opaque_on(area.colour[:3].astype(np.float64), area.overlays, np.stack([columns, rows], axis=1) + 0.5)


def _shaded_by_others(areas: Areas, filled: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(areas,) on which ones soft shades of larger ones lie: they must be drawn above these."""
    shaded = np.zeros(len(filled), bool)
    for number, area in enumerate(areas.areas):
        rows, columns = np.nonzero((filled < filled[number])[areas.labels]) if area.overlays else ((), ())
        for soft in area.overlays:
            seen = soft.at(np.add(columns, 0.5), np.add(rows, 0.5))[:, 3] > _FAINTLY
            shaded[areas.labels[rows, columns][seen]] = True
    return shaded


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


def _members(areas: Areas, number: int) -> NDArray[np.bool_]:
    """(areas,) which areas the path of one covers: itself, and those of its shade that lie on it."""
    own = areas.areas[number].shade
    if own is None:
        return np.array([number in {place, area.base} for place, area in enumerate(areas.areas)])
    shades = [area.shade for area in areas.areas]
    return np.array([shade is not None and shade.number == own.number and shade.level >= own.level for shade in shades])


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
    plain = np.array([area.gradient is None for area in areas.areas])
    if not (lengths * plain).any():
        return colours[lengths.argmax()], np.zeros(len(colours), bool)
    background = colours[(lengths * plain).argmax()]
    same = np.abs(colours - background).max(axis=1) < _SAME
    below = same & plain & (lengths > 0)
    for number in np.flatnonzero(below).tolist():
        below[number] = not (areas.areas[number].fine and _is_thin(areas, number))
    return background, below


def _is_thin(areas: Areas, number: int) -> bool:
    """Whether some of an area is thinner than a pixel, so that it would be lost as a gap between others."""
    cover = np.where(areas.labels == number, areas.shares, (1 - areas.shares) * (areas.neighbours == number))
    thin = ndimage.maximum_filter(cover, 3) < _SOLID
    return bool(cover[thin].sum() > max(_THIN_PIXELS, _THIN_SHARE * cover.sum()))


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
) -> tuple[list[tuple[NDArray[np.floating], NDArray[np.bool_]]], list[NDArray[np.floating]]]:
    """The outlines of an area, and where each lies under others; and the corners of its upright lines, if fine."""
    height, width = areas.labels.shape
    mine = _members(areas, number)
    if mine.sum() > 1:
        rows, columns = (np.flatnonzero(mine[areas.labels].any(axis=1 - axis)) for axis in (0, 1))
        box = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    top, left = (max(0, side.start - _MARGIN) for side in box)
    bottom, right = min(height, box[0].stop + _MARGIN), min(width, box[1].stop + _MARGIN)
    window = (slice(top, bottom), slice(left, right))
    labels, neighbours, shares = areas.labels[window], areas.neighbours[window], areas.shares[window]
    belongs, beside = mine[labels], mine[neighbours]
    own = shares * belongs + (1 - shares) * (beside & (neighbours != labels))
    covered = shares * above[labels] * ~belongs + (1 - shares) * above[neighbours] * ~beside
    inside = ndimage.binary_fill_holes(belongs) | ndimage.binary_dilation(belongs, _DISC, iterations=_UNDERLAP // 2)
    mask = (own + covered * inside).clip(0, 1)
    if mask.shape == areas.labels.shape and mask.min() > 0.5:
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
        return [(corners, np.zeros(4, bool))], []
    under = covered > _UNDER
    strips: list[NDArray[np.floating]] = []
    if areas.areas[number].fine:
        found, mask = without_strips(own, covered)
        strips = [corners + np.array([left, top]) for corners in found]
    sides = [_MARGIN * at_edge for at_edge in (top == 0, bottom == height, left == 0, right == width)]
    mask = np.pad(beyond_edges(mask, (sides[0], sides[1]), (sides[2], sides[3])), 1)
    outlines = []
    level, least = 0.5, _MIN_CONTOUR
    if areas.areas[number].fine:
        mask, level, least = _unbroken(mask), _FINE_LEVEL, _MIN_FINE_CONTOUR
    for contour in find_contours(mask, level):
        points = contour[:, ::-1] + [left - sides[2] - 0.5, top - sides[0] - 0.5]
        x, y = points.T
        area = 0.5 * abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))
        if area >= least:
            column, row = np.floor(points).astype(np.int64).T
            rows, columns = (row - top).clip(0, bottom - top - 1), (column - left).clip(0, right - left - 1)
            outlines.append((points, under[rows, columns]))
    return outlines, strips


def _coverage(pixels: Floats, areas: Areas, number: int) -> Coverage | None:
    """How much of each pixel an area of one colour covers by what is seen in an image; None for others."""
    area = areas.areas[number]
    if area.fine or not area.plain or area.base is not None:
        return None
    mine = _members(areas, number)
    colours = np.array([other.colour for other in areas.areas])

    def shares(window: tuple[slice, slice]) -> Floats:
        labels, neighbours = areas.labels[window], areas.neighbours[window]
        inside = mine[labels]
        below = colours[np.where(inside, neighbours, labels)]
        axis = area.colour - below
        covered = ((pixels[window] - below) * axis).sum(axis=2) / np.maximum((axis**2).sum(axis=2), 1e-6)
        return np.asarray(np.where(inside & mine[neighbours], 1, covered.clip(0, 1)), np.float32)

    return Coverage(shares, areas.labels.shape)


def _unbroken(covered: NDArray[np.floating]) -> NDArray[np.floating]:
    """How much of each pixel a fine area covers, as if its lines were as wide as pixels: at least twice `_FINE_LEVEL`.

    A line that covers two rows of pixels by less than half, here and there, would be in pieces.
    """
    blurred = ndimage.gaussian_filter(covered, _FINE_SPREAD)
    most = ndimage.uniform_filter(ndimage.maximum_filter(blurred, _FINE_AROUND), _FINE_AROUND)
    share = ((_SOLID - most) / (_SOLID - _THIN)).clip(0, 1)
    wide = 2 * _FINE_LEVEL * blurred / most.clip(min=_FAINT)
    return np.asarray(covered + share * (wide - covered))


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
