"""Finds the outlines of one area among all, and what lies under others of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spectacle.generators.supersvg.arrays import Floats
from spectacle.generators.supersvg.tracing.areas import Areas
from spectacle.generators.supersvg.tracing.contours import beyond_edges, find_contours, signed_area
from spectacle.generators.supersvg.tracing.pixel_art import corners_of
from spectacle.generators.supersvg.tracing.strips import without_strips
from spectacle.generators.supersvg.tracing.tips import Coverage

_UNDERLAP = 4
"""By how many pixels an area reaches under those above it, so that nothing shines through between them."""

_DISC = np.array([[0, 1, 1, 1, 0], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [0, 1, 1, 1, 0]], bool)
"""Pixels within two of one."""

_UNDER = 0.9
"""From this share of a pixel on, what covers it hides an outline in it."""

_MARGIN = 5
_MIN_CONTOUR = 3.0
_MIN_FINE_CONTOUR = 0.3

_FINE_LEVEL = 0.4
"""A line as fine as a pixel may cover two pixels by half: its outline is drawn a little outside, and not broken."""

_FINE_SPREAD, _FINE_AROUND = 0.5, 5
"""Standard deviation in pixels of the blur after which the sides of fine lines are smooth, and the side of the window
in which the most covered pixels are looked for."""

_FAINT, _THIN, _SOLID = 0.3, 0.7, 0.9
"""Lines that are covered, after that blur, by less than the first are not to be seen; by less than the second they are
thinner than a pixel, and by the third no more."""

_THIN_SHARE, _THIN_PIXELS = 0.4, 8
"""Areas of the background's colour, of which more than this share, and so many pixels, are thinner, are drawn; others
are gaps."""


def squares_of(
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


def outlines_of(
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
        if abs(signed_area(points)) >= least:
            column, row = np.floor(points).astype(np.int64).T
            rows, columns = (row - top).clip(0, bottom - top - 1), (column - left).clip(0, right - left - 1)
            outlines.append((points, under[rows, columns]))
    return outlines, strips


def coverage_of(pixels: Floats, areas: Areas, number: int) -> Coverage | None:
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


def is_thin(areas: Areas, number: int) -> bool:
    """Whether some of an area is thinner than a pixel, so that it would be lost as a gap between others."""
    cover = np.where(areas.labels == number, areas.shares, (1 - areas.shares) * (areas.neighbours == number))
    thin = ndimage.maximum_filter(cover, 3) < _SOLID
    return bool(cover[thin].sum() > max(_THIN_PIXELS, _THIN_SHARE * cover.sum()))


def _members(areas: Areas, number: int) -> NDArray[np.bool_]:
    """(areas,) which areas the path of one covers: itself, and those of its shade that lie on it."""
    own = areas.areas[number].shade
    if own is None:
        return np.array([number in {place, area.base} for place, area in enumerate(areas.areas)])
    shades = [area.shade for area in areas.areas]
    return np.array([shade is not None and shade.number == own.number and shade.level >= own.level for shade in shades])


def _unbroken(covered: NDArray[np.floating]) -> NDArray[np.floating]:
    """How much of each pixel a fine area covers, as if its lines were as wide as pixels: at least twice `_FINE_LEVEL`.

    A line that covers two rows of pixels by less than half, here and there, would be in pieces.
    """
    blurred = ndimage.gaussian_filter(covered, _FINE_SPREAD)
    most = ndimage.uniform_filter(ndimage.maximum_filter(blurred, _FINE_AROUND), _FINE_AROUND)
    share = ((_SOLID - most) / (_SOLID - _THIN)).clip(0, 1)
    wide = 2 * _FINE_LEVEL * blurred / most.clip(min=_FAINT)
    return np.asarray(covered + share * (wide - covered))
