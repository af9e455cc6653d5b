"""Gives the details of an image out of a JPEG as few colours as its file tells apart."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
from scipy import ndimage

from spectacle.generators.supersvg.arrays import Floats, Labels
from spectacle.generators.supersvg.tracing.areas import Area, Areas, colours_at
from spectacle.generators.supersvg.tracing.jpeg import Compressed, by_brightness

_NEAREST = 3
"""So many colours, the nearest, are tried in place of a detail's own."""

_MAX_FITTED = 32
"""So many colours of details, those of most pixels, are looked for in the file."""

_OUTLINED = 4
"""How often pixels of outlines are shared again, and the image made to fit its file again."""

_TINT = 0.08
"""By how much, in any channel, areas may differ from larger ones of which they are tints."""

_SPECK = 64
_REACH = 7
"""So many pixels at most may become part of an area that is not fine, if it is in a window of this side around each."""

_ALIKE = 0.16
"""A detail of more pixels takes colours that differ by no more than this, in any channel: curves keep theirs."""

_MOSTLY = 0.7
"""Another colour covers at least this share of what a detail's own does: grey lines are no thinner black ones."""


def with_colours_of_file(areas: Areas, file: Compressed) -> Areas:
    """Areas whose details have the colours that the file tells, where it keeps those of several pixels together.

    Args:
        areas: Of an image.
        file: What it was compressed to.
    """
    sizes = np.bincount(areas.labels.ravel(), minlength=len(areas.areas))
    numbers = [number for number, area in enumerate(areas.areas) if area.fine and sizes[number]]
    numbers = sorted(numbers, key=lambda number: -int(sizes[number]))[:_MAX_FITTED]
    if not numbers:
        return areas
    covers = [_cover(areas, number) for number in numbers]
    every, modelled = list(areas.areas), areas.modelled.copy()
    for number, cover, change in zip(numbers, covers, file.colour_changes(areas.modelled, covers), strict=True):
        before = every[number].colour
        every[number] = replace(every[number], colour=(before + change).clip(0, 1))
        rows, columns = np.nonzero(cover)
        modelled[rows, columns] += cover[rows, columns, None] * (every[number].colour - before)
    return replace(areas, areas=every, **_fitted(modelled, file))


def _cover(areas: Areas, number: int) -> Floats:
    """(height, width), how much of each pixel an area covers."""
    own, beside = areas.labels == number, areas.neighbours == number
    return np.asarray(np.where(own, areas.shares, np.where(beside, 1 - areas.shares, 0)), np.float32)


def _fitted(modelled: Floats, file: Compressed) -> dict[str, Any]:
    """What an image of areas is, and how far it is from what its file allows."""
    errors = ((modelled - file.nearest(modelled)) ** 2).mean(axis=2)
    return {"modelled": modelled, "errors": errors, "error": float(errors.mean(dtype=np.float64))}


def with_outlines_of_file(areas: Areas, file: Compressed) -> Floats:
    """(height, width, 3): what areas say and their file allows, outlines placed by brightness for the most part.

    Args:
        areas: Of an image, found behind noise: their outlines are those of blurred areas, smooth but less exact.
        file: What it was compressed to.
    """
    rows, columns = np.nonzero(areas.labels != areas.neighbours)
    own, other = (
        colours_at(areas.areas, numbers[rows, columns], columns + 0.5, rows + 0.5)
        for numbers in (areas.labels, areas.neighbours)
    )
    axis = by_brightness(own - other)
    length = np.maximum((axis**2).sum(axis=1), 1e-6)
    modelled = areas.modelled.copy()
    for _ in range(_OUTLINED):
        off = by_brightness(file.nearest(modelled)[rows, columns] - other)
        shares = ((off * axis).sum(axis=1) / length).clip(0, 1)
        modelled[rows, columns] = other + shares[:, None] * (own - other)
    return file.nearest(modelled)


def without_tints(areas: Areas, file: Compressed) -> Areas:
    """Areas without the tints and the gradients that colours of several pixels, kept together, lay around lines.

    Such an area has the colour of a larger one where the misfit to the file rises by a smaller share than the number
    of colours falls by.

    Args:
        areas: Of an image.
        file: What it was compressed to.
    """
    every = list(areas.areas)
    colours = np.stack([area.colour for area in every])
    sizes = np.bincount(areas.labels.ravel(), minlength=len(every))
    modelled, misfit = areas.modelled.copy(), file.misfit(areas.modelled)
    left = int((sizes > 0).sum())
    grounds = [
        number for number in np.argsort(sizes, kind="stable").tolist() if sizes[number] and _is_ground(every, number)
    ]
    for place, number in enumerate(grounds):
        larger = [one for one in grounds[place + 1 :] if every[one].plain]
        off = np.abs(colours[larger] - colours[number]).max(axis=1, initial=0)
        if not larger or off.min() >= _TINT:
            continue
        rows, columns = np.nonzero((areas.labels == number) | (areas.neighbours == number))
        trial = list(every)
        trial[number] = replace(every[number], colour=every[larger[off.argmin()]].colour, gradient=None)
        own, beside = (
            colours_at(trial, numbers[rows, columns], columns + 0.5, rows + 0.5)
            for numbers in (areas.labels, areas.neighbours)
        )
        before = modelled[rows, columns]
        modelled[rows, columns] = beside + areas.shares[rows, columns, None] * (own - beside)
        units = file.units_of(rows, columns)
        after, total = file.misfit(modelled, units), float(misfit.sum())
        if (total + float(after.sum() - misfit[units].sum())) * (left - 1) > total * left:
            modelled[rows, columns] = before
            continue
        every, left = trial, left - 1
        misfit[units] = after
    return replace(areas, areas=every, **_fitted(modelled, file))


def _is_ground(areas: list[Area], number: int) -> bool:
    """Whether an area is neither a detail nor one of several that lie on each other."""
    area = areas[number]
    bases = {other.base for other in areas}
    return not area.fine and area.shade is None and area.base is None and number not in bases


def with_fewer_colours(areas: Areas, file: Compressed) -> Areas:
    """Areas without those colours of details for which others do.

    A colour goes where the misfit to the file rises by a smaller share than the number of areas falls by. Colours of
    thin lines are known badly: JPEG files keep those of two pixels or four together.

    Args:
        areas: Of an image.
        file: What it was compressed to.
    """
    work = _Recolouring(areas, file)
    for number in work.details():
        work.leave_out(number)
    return replace(
        areas,
        labels=work.labels,
        neighbours=work.neighbours,
        shares=work.shares,
        areas=work.areas,
        modelled=work.modelled,
    )


class _Recolouring:
    """Areas of which some are losing their colour."""

    def __init__(self, areas: Areas, file: Compressed) -> None:
        self.labels, self.neighbours, self.shares = areas.labels.copy(), areas.neighbours.copy(), areas.shares.copy()
        self.areas = list(areas.areas)
        self.modelled = areas.modelled.copy()
        self._file = file
        self._misfit = file.misfit(self.modelled)
        self._colours = np.stack([area.colour for area in areas.areas])
        self._sizes = np.bincount(self.labels.ravel(), minlength=len(areas.areas))
        self._left = set(np.flatnonzero(self._sizes).tolist())

    def details(self) -> list[int]:
        """The details, the smallest first."""
        return sorted((one for one in self._left if self.areas[one].fine), key=lambda one: int(self._sizes[one]))

    def leave_out(self, number: int) -> None:
        """Give a detail the colour of another area if that does."""
        off = ((self._colours - self._colours[number]) ** 2).sum(axis=1)
        rows, columns = np.nonzero((self.labels == number) | (self.neighbours == number))
        others = (one for one in np.argsort(off, kind="stable").tolist() if self._may_be(one, number, rows, columns))
        units = self._file.units_of(rows, columns)
        own = self.labels[rows, columns] == number
        covered = float(np.where(own, self.shares[rows, columns], 1 - self.shares[rows, columns]).sum())
        trials = []
        for other in islice(others, _NEAREST):
            base, shares, mixed = self._mixed(number, other, rows, columns)
            if self.areas[other].fine and shares.sum() < _MOSTLY * covered:
                continue
            trial = self.modelled.copy()
            trial[rows, columns] = mixed
            after = self._file.misfit(trial, units)
            trials.append((float(after.sum()), other, base, shares, trial, after))
        if not trials:
            return
        least, other, base, shares, trial, after = min(trials, key=lambda one: one[0])
        total = float(self._misfit.sum())
        if (total + least - float(self._misfit[units].sum())) * (len(self._left) - 1) > total * len(self._left):
            return
        self._left.remove(number)
        if self._sizes[number] > self._sizes[other]:
            self.areas[other] = replace(self.areas[other], fine=True)
        self._sizes[other] += self._sizes[number]
        inside = shares >= 0.5
        self.labels[rows, columns] = np.where(inside, other, base)
        self.neighbours[rows, columns] = np.where(inside, base, other)
        self.shares[rows, columns] = np.where(inside, shares, 1 - shares)
        self.modelled, self._misfit[units] = trial, after

    def _may_be(self, other: int, number: int, rows: Labels, columns: Labels) -> bool:
        """Whether a detail may become part of another area: specks may of any next to them."""
        area = self.areas[other]
        if other == number or other not in self._left or not area.plain:
            return False
        if self._sizes[number] > _SPECK and np.abs(self._colours[other] - self._colours[number]).max() > _ALIKE:
            return False
        if area.fine or self._sizes[number] > self._sizes[other]:
            return True
        return bool(
            self._sizes[number] <= _SPECK and ndimage.maximum_filter(self.labels == other, _REACH)[rows, columns].all()
        )

    def _mixed(self, number: int, other: int, rows: Labels, columns: Labels) -> tuple[Labels, Floats, Floats]:
        """What an area's pixels show apart from it, how much of them another covers in its place, and their colours."""
        own, beside = self.labels[rows, columns], self.neighbours[rows, columns]
        base = np.where(own == number, beside, own)
        base[base == number] = other
        below = colours_at(self.areas, base, columns + 0.5, rows + 0.5)
        axis = self._colours[other] - below
        length = (axis**2).sum(axis=1)
        seen = self.modelled[rows, columns]
        shares = (((seen - below) * axis).sum(axis=1) / np.maximum(length, 1e-6)).clip(0, 1)
        shares = np.where(base == other, 1, shares).astype(np.float32)
        return base, shares, below + shares[:, None] * axis
