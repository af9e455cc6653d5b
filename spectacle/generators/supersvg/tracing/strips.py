"""Finds upright straight lines of a few pixels' width, such as grids, axes and frames have, as rectangles."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from spectacle.generators.supersvg.arrays import Doubles, Reals

_SEEN = 0.04
"""Pixels covered by less are next to a line."""

_MAX_ROWS = 5
"""Pixels across that a line covers, in part at least."""

_MIN_LENGTH, _MIN_SLENDER = 12, 6.0
"""How long in pixels a line is at least, and how many times as long as wide."""

_ALIKE, _AS_WIDE = 0.08, 0.12
"""By how much, in pixels, its middle and its width may differ from its mean at any place."""

_MAX_GAP = 9
"""For so many pixels other lines may cross it."""

_DRIFT = 1.5
"""Where a line goes on at its end within so many pixels of its middle, it is slanted, or bent."""

_WHOLE = 0.85
"""The share of its coverage that is to be found in a gap, or at an end, for it to go on there."""


@dataclass(slots=True)
class _Strip:
    """A line, from the first column on: where it is in each, so far."""

    top: int
    bottom: int
    columns: list[int] = field(default_factory=list)
    middle: float = 0.0
    width: float = 0.0

    def add(self, column: int, middle: float, width: float, top: int, bottom: int) -> None:
        count = len(self.columns)
        self.middle = (self.middle * count + middle) / (count + 1)
        self.width = (self.width * count + width) / (count + 1)
        self.columns.append(column)
        self.top, self.bottom = min(self.top, top), max(self.bottom, bottom)


def without_strips(covered: Reals, hidden: Reals) -> tuple[list[Doubles], Reals]:
    """Upright lines, and what is left of an area without them.

    Args:
        covered: (height, width), how much of each pixel the area covers, 0 to 1.
        hidden: The same, how much of it lies under others, where lines may go on.

    Returns:
        The four corners (4, 2) of each line, clockwise from the upper left one, and (height, width) what the rest
        covers.
    """
    rest = np.array(covered, np.float64)
    corners = []
    for turned in (False, True):
        own, above = (covered.T, hidden.T) if turned else (covered, hidden)
        left = rest.T if turned else rest
        for strip in _strips(own, above):
            begin, end = _ends(strip, own)
            if end - begin < max(_MIN_LENGTH, _MIN_SLENDER * strip.width):
                continue
            rows = slice(strip.top, strip.bottom)
            left[rows, int(np.floor(begin)) : int(np.ceil(end))] = 0
            top, bottom = strip.middle - strip.width / 2, strip.middle + strip.width / 2
            box = np.array([[begin, top], [end, top], [end, bottom], [begin, bottom]])
            corners.append(box[[0, 3, 2, 1], ::-1] if turned else box)
    return corners, rest


def _strips(covered: Reals, hidden: Reals) -> list[_Strip]:
    """The lines from left to right."""
    columns, tops, bottoms = _runs(covered)
    sums = np.concatenate([np.zeros((1, covered.shape[1])), covered.cumsum(axis=0, dtype=np.float64)])
    moments = (np.arange(len(covered)) + 0.5)[:, None] * covered
    moments = np.concatenate([np.zeros((1, covered.shape[1])), moments.cumsum(axis=0, dtype=np.float64)])
    widths = sums[bottoms, columns] - sums[tops, columns]
    middles = (moments[bottoms, columns] - moments[tops, columns]) / np.maximum(widths, 1e-9)
    whole = covered + hidden
    active: list[_Strip] = []
    done: list[_Strip] = []
    places: dict[int, list[float]] = {}
    number = 0
    for column in range(covered.shape[1]):
        for strip in [strip for strip in active if column - strip.columns[-1] > _MAX_GAP]:
            active.remove(strip)
            done.append(strip)
        while number < len(columns) and columns[number] == column:
            middle, width = float(middles[number]), float(widths[number])
            places.setdefault(column, []).append(middle)
            own = next((strip for strip in active if _goes_on(strip, column, middle, width, whole)), None)
            if own is None:
                own = _Strip(int(tops[number]), int(bottoms[number]))
                active.append(own)
            own.add(column, middle, width, int(tops[number]), int(bottoms[number]))
            number += 1
    done += active
    return [strip for strip in done if len(strip.columns) >= _MIN_LENGTH and not _drifts(strip, places)]


def _goes_on(strip: _Strip, column: int, middle: float, width: float, whole: Reals) -> bool:
    if abs(middle - strip.middle) > _ALIKE or abs(width - strip.width) > _AS_WIDE:
        return False
    gap = whole[strip.top : strip.bottom, strip.columns[-1] + 1 : column]
    return gap.shape[1] == 0 or bool(gap.sum(axis=0).min() >= _WHOLE * strip.width)


def _drifts(strip: _Strip, places: dict[int, list[float]]) -> bool:
    """Whether a line goes on next to its ends, a little higher or lower, as slanted ones do."""
    for column in (strip.columns[0] - 1, strip.columns[-1] + 1):
        for middle in places.get(column, ()):
            if _ALIKE < abs(middle - strip.middle) < _DRIFT:
                return True
    return False


def _runs(covered: Reals) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Columns, first rows and last rows plus 1 of what is covered without a gap and by no more than a line is wide."""
    seen = np.pad(covered > _SEEN, ((1, 1), (0, 0))).T
    change = np.diff(seen.astype(np.int8), axis=1)
    columns, tops = np.nonzero(change == 1)
    _, bottoms = np.nonzero(change == -1)
    thin = bottoms - tops <= _MAX_ROWS
    return columns[thin], tops[thin], bottoms[thin]


def _ends(strip: _Strip, covered: Reals) -> tuple[float, float]:
    """Where a line begins and ends: in parts of pixels, or on the far side of a line that it meets."""
    rows = slice(strip.top, strip.bottom)
    profile = covered[rows].sum(axis=0) / max(strip.width, 1e-9)
    found = []
    for way, last in ((-1, strip.columns[0]), (1, strip.columns[-1])):
        place = last + way
        for _ in range(_MAX_ROWS):
            if not 0 <= place < len(profile) or profile[place] < _WHOLE:
                break
            place += way
        part = float(min(profile[place], 1)) if 0 <= place < len(profile) else 0.0
        edge = place + (1 if way < 0 else 0)
        found.append(edge + way * (part if part > _SEEN else 0.0))
    return found[0], found[1]
