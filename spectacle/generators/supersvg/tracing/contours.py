"""Follows the contours at which the values of a grid pass a level, in little memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spectacle.generators.supersvg.arrays import Doubles, Floats, Labels
from spectacle.generators.supersvg.raster.cpu import compiled

_UNCOVERED, _COVERED, _ENDING = 0.05, 0.95, 2
"""Stretches of an image's edge that are covered by more than the first end there if so many of their pixels are covered
by less than the second, and those next to them by more: what goes on beyond the edge covers these alike."""

_TOP, _RIGHT, _BOTTOM, _LEFT = range(4)


def find_contours(values: NDArray[np.floating], level: float) -> list[Doubles]:
    """The closed contours between the values that are above a level and the others, by marching squares.

    They run around what is above the level, which is connected by sides and never across the corner of a square.
    Each place on a contour is found between two neighbouring values, as if there were a straight slope between them.

    Args:
        values: (height, width); those of the border are not above the level.
        level: Any number.

    Returns:
        (n, 2) row and column of the places on each contour, the last of which is not the first; each begins at its
        lowest place, in the row of the greatest number, and those that reach lower come first.

    Raises:
        ValueError: There are values above the level on the border, where a contour would not close.
    """
    border = (values[0], values[-1], values[:, 0], values[:, -1])
    if any((side > level).any() for side in border):
        raise ValueError(f"values on the border are above the level of {level}")
    places, ends = _followed(np.ascontiguousarray(values, np.float32), float(level))
    return [np.ascontiguousarray(contour) for contour in np.split(places, ends[:-1])] if len(ends) else []


def signed_area(points: NDArray[np.floating]) -> float:
    """The area of a polygon (n, 2): less than 0 if its corners are in the other order."""
    x, y = points.T
    return 0.5 * float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))


def beyond_edges(mask: NDArray[np.floating], rows: tuple[int, int], columns: tuple[int, int]) -> NDArray[np.floating]:
    """How much of each pixel is covered, with some more beyond the edges: what does not end at an edge goes on there.

    Args:
        mask: (height, width), 0 to 1.
        rows: How many are added above and below.
        columns: How many are added to the left and to the right.

    Returns:
        Less than 0 beyond where something ends, by so much that its contour passes where it does.
    """
    for axis, margins in ((0, rows), (1, columns)):
        lines = np.moveaxis(mask, axis, 0)
        added = []
        for edge, inner, margin in ((0, 1, margins[0]), (-1, -2, margins[1])):
            line = lines[edge]
            if margin and len(lines) >= _ENDING:
                line = np.where(_ends(line, lines[inner]), line - 1, line)
            added.append(np.repeat(line[None], margin, axis=0))
        mask = np.moveaxis(np.concatenate([added[0], lines, added[1]]), 0, axis)
    return mask


def _ends(line: NDArray[np.floating], inner: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which pixels of an image's edge belong to stretches that end within it, by how much they and the next cover."""
    stretches, count = ndimage.label(line > _UNCOVERED)
    ending = (line < _COVERED) & (inner >= _COVERED)
    return np.asarray((np.bincount(stretches, ending, count + 1) >= _ENDING)[stretches] & (stretches > 0))


@compiled
def _place(values: Floats, level: float, row: int, column: int, side: int) -> tuple[float, float]:
    """Where a contour passes a side of the square whose first corner is given."""
    if side in (_TOP, _BOTTOM):
        line = row + (side == _BOTTOM)
        one, other = float(values[line, column]), float(values[line, column + 1])
        return float(line), column + (level - one) / (other - one)
    line = column + (side == _RIGHT)
    one, other = float(values[row, line]), float(values[row + 1, line])
    return row + (level - one) / (other - one), float(line)


@compiled
def _left_by(values: Floats, level: float, row: int, column: int, side: int) -> int:
    """By which side a contour leaves a square that it enters by another, what is above the level on its right."""
    first, second = values[row, column] > level, values[row, column + 1] > level
    third, fourth = values[row + 1, column] > level, values[row + 1, column + 1] > level
    # The side after the corner above the level that the contour goes around, or after the next corner if it is, too.
    if side == _TOP:
        return _LEFT if not third else _BOTTOM if not fourth else _RIGHT
    if side == _RIGHT:
        return _TOP if not first else _LEFT if not third else _BOTTOM
    if side == _BOTTOM:
        return _RIGHT if not second else _TOP if not first else _LEFT
    return _BOTTOM if not fourth else _RIGHT if not second else _TOP


@compiled
def _longer(places: Doubles) -> Doubles:
    """The same places, and room for as many more."""
    more = np.empty((2 * len(places), 2))
    for number in range(len(places)):
        more[number, 0], more[number, 1] = places[number, 0], places[number, 1]
    return more


@compiled
def _followed(values: Floats, level: float) -> tuple[Doubles, Labels]:
    """Places on all contours, one after the other, and where each contour ends."""
    height, width = values.shape
    # Of each row, the columns between which a contour passes. Every closed contour passes at least two such places.
    passed = np.zeros((height, width - 1), np.bool_)
    places, ends = np.empty((1024, 2)), np.empty(16, np.int64)
    count = found = 0
    for first_row in range(height - 2, 0, -1):
        for first_column in range(width - 1):
            high = values[first_row, first_column] > level
            if high == (values[first_row, first_column + 1] > level) or passed[first_row, first_column]:
                continue
            row, column, side = (first_row, first_column, _TOP) if high else (first_row - 1, first_column, _BOTTOM)
            begin = lowest = count
            while True:
                if side in (_TOP, _BOTTOM):
                    line = row + (side == _BOTTOM)
                    if passed[line, column]:
                        break
                    passed[line, column] = True
                y, x = _place(values, level, row, column, side)
                # Contours through a corner of squares come there more than once.
                if count == begin or places[count - 1, 0] != y or places[count - 1, 1] != x:
                    if count == len(places):
                        places = _longer(places)
                    places[count, 0], places[count, 1] = y, x
                    if y > places[lowest, 0]:
                        lowest = count
                    count += 1
                side = _left_by(values, level, row, column, side)
                if side == _TOP:
                    row, side = row - 1, _BOTTOM
                elif side == _BOTTOM:
                    row, side = row + 1, _TOP
                elif side == _LEFT:
                    column, side = column - 1, _RIGHT
                else:
                    column, side = column + 1, _LEFT
            if (
                count - begin > 1
                and places[count - 1, 0] == places[begin, 0]
                and places[count - 1, 1] == places[begin, 1]
            ):
                count -= 1
            length, turned = count - begin, np.empty((count - begin, 2))
            for number in range(length):
                place = begin + (lowest - begin + number) % length
                turned[number, 0], turned[number, 1] = places[place, 0], places[place, 1]
            for number in range(length):
                places[begin + number, 0], places[begin + number, 1] = turned[number, 0], turned[number, 1]
            if found == len(ends):
                more = np.empty(2 * found, np.int64)
                for number in range(found):
                    more[number] = ends[number]
                ends = more
            ends[found] = count
            found += 1
    return places[:count].copy(), ends[:found].copy()
