"""Gives the details of an image out of a JPEG as few colours as its file tells apart."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
from scipy import ndimage

from spectacle.generators.supersvg.arrays import Floats, Labels
from spectacle.generators.supersvg.tracing.areas import Areas, colours_at
from spectacle.generators.supersvg.tracing.jpeg import Compressed

_NEAREST = 3
"""So many colours, the nearest, are tried in place of a detail's own."""

_SPECK = 64
_REACH = 7
"""So many pixels at most may become part of an area that is not fine, if it is in a window of this side around each."""

_ALIKE = 0.16
"""A detail of more pixels takes colours that differ by no more than this, in any channel: curves keep theirs."""

_MOSTLY = 0.7
"""Another colour covers at least this share of what a detail's own does: grey lines are no thinner black ones."""


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
