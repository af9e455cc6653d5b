"""Finds the few colours of an icon out of a JPEG file by trying what could have given the file."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spectacle.generators.supersvg.arrays import Floats, Labels, farthest
from spectacle.generators.supersvg.tracing.areas import Area, Areas
from spectacle.generators.supersvg.tracing.comparing import sides_of
from spectacle.generators.supersvg.tracing.flat import share_outlines
from spectacle.generators.supersvg.tracing.jpeg import Compressed, by_brightness

_MAX_COLOURS = 10
_ROUNDS = 5
"""How often colours, areas and what the file allows are made to fit each other."""

_SWEEPS = 4
"""How often each pixel is given the colour that suits it and those around it."""

_SIDE = 0.006
"""What a side of a pixel between two colours costs, as a squared difference of brightness."""

_SMOOTHER, _NOISE = (2, 4, 8), 0.2
"""How many times as much sides cost where smoother outlines are tried, and the share of what areas may not fit that
counts as nothing where they are compared."""

_CORE = 0.12
"""Pixels of a narrow part that differ by less from its colour, in every channel, are certainly in it."""

_BROAD = 3
"""Parts with fewer pixels away from their outline are narrow."""

_SAME = 0.04
"""A further colour differs by more from all others, in one channel."""

_PULL = 1e-3
"""How many pixels the colours before they are solved for count as much as."""

_PURE = 0.04
"""Colours that differ from white or black by less, in every channel, are it, if that can have given the file."""

_MIN_CORE = 2
"""Narrow parts with fewer such pixels are left out."""

_NEARLY, _MIXED = 3, 0.1
"""With up to so many times that misfit, no further colour is tried that is off a mixture of two others by no more than
the second, in any channel."""

_MAX_LEFT, _MAX_SIDES = 0.01, 15
"""What areas leave of an image's variance, and the sides of pixels between them for each pixel of its width, at most.
Measured: icons of 32 to 64 pixels have up to 0.01 and 13, parts of photographs mostly more of one."""

_SEVERAL = 6
"""With so many colours, areas must say all of it: shades are nearly said by many colours as well."""

_STEP, _MAX_STEPS = 0.15, 0.25
"""Where colours that differ by less, in every channel, have this share of the outlines between them, they are steps of
a shade. Measured on 139 icons and 39 shades of 16 to 96 pixels, both out of JPEG: 2 icons and 16 shades have as much,
and 30 shades have this or six colours that do not say all."""

_LIKELY = 5e-4
"""Misfit for each pixel up to which areas can have given a file. Measured: icons before their compression have up to
4e-4, as encoders filter colours in other ways and round."""


@dataclass(frozen=True, slots=True)
class _Trial:
    """Areas of few colours.

    Attributes:
        areas: All areas of the image.
        owners: (areas,) the number of each one's colour.
        misfit: By how much they cannot have given the file.
        colours: (colours, 3).
        restored: (height, width, 3), what is nearest to them of all that the file allows.
    """

    areas: Areas
    owners: Labels
    misfit: float
    colours: Floats
    restored: Floats

    @property
    def left(self) -> float:
        """Mean squared error of the areas against what the file allows."""
        return float(np.mean((self.areas.modelled - self.restored) ** 2))

    def pure(self, pixels: Floats, file: Compressed) -> _Trial:
        """The same, with white and black where colours are near to them."""
        white, black = (farthest(self.colours - end) < _PURE for end in (1, 0))
        colours = np.where(white[:, None], np.float32(1), np.where(black[:, None], np.float32(0), self.colours))
        areas = _with_colours(pixels, self.areas, self.owners, colours)
        return _Trial(
            areas, self.owners, float(file.misfit(areas.modelled).sum()), colours, file.nearest(areas.modelled)
        )


def find_colours_of_file(pixels: Floats, file: Compressed) -> Areas | None:
    """The areas of an icon whose few colours can have given its file, or None where it has more.

    Colours are added one by one, each where those before say least of the image.

    Args:
        pixels: (height, width, 3), the image.
        file: What it was compressed to.
    """
    page = np.median(pixels[_rim(pixels)], axis=0)
    trial = _fitted(pixels, file, np.asarray(np.stack([page, _farthest(pixels, page)]), np.float32))
    enough = _LIKELY * pixels.shape[0] * pixels.shape[1]
    most_left = _MAX_LEFT * float(pixels.reshape(-1, 3).var(axis=0).mean())
    while trial.misfit > enough:
        colour = _missing(trial) if len(trial.colours) < _MAX_COLOURS else None
        nearly = trial.misfit <= _NEARLY * enough and trial.left <= most_left and len(trial.colours) < _SEVERAL
        if nearly and (colour is None or _is_mixed(colour, trial.colours)):
            enough = trial.misfit
            break
        if colour is None:
            return None
        trial = _fitted(trial.restored, file, np.concatenate([trial.colours, colour[None]]))
    smoother = [_fitted(trial.restored, file, trial.colours, weight * _SIDE) for weight in _SMOOTHER]
    likely = [one for one in smoother if one.misfit <= enough]
    trial = min([trial, *likely], key=lambda one: (one.misfit + _NOISE * enough) * len(np.unique(one.areas.labels)))
    if trial.left > most_left or sides_of(trial.areas) > _MAX_SIDES * math.sqrt(trial.areas.labels.size):
        return None
    if _steps(trial.areas) >= _MAX_STEPS:
        return None
    pure = trial.pure(pixels, file)
    return pure.areas if pure.misfit <= enough else trial.areas


def _steps(areas: Areas) -> float:
    """The share of the sides of pixels between areas that is between similar colours."""
    colours = np.array([area.colour for area in areas.areas])
    labels = areas.labels
    pairs = np.concatenate(
        [
            np.stack(sides, axis=-1).reshape(-1, 2)
            for sides in ((labels[1:], labels[:-1]), (labels[:, 1:], labels[:, :-1]))
        ]
    )
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return float((farthest(colours[pairs[:, 0]] - colours[pairs[:, 1]]) < _STEP).mean()) if len(pairs) else 0.0


def _rim(pixels: Floats) -> NDArray[np.bool_]:
    rim = np.ones(pixels.shape[:2], bool)
    rim[1:-1, 1:-1] = False
    return rim


def _farthest(pixels: Floats, colour: Floats) -> Floats:
    off = (by_brightness(ndimage.gaussian_filter(pixels, (0.7, 0.7, 0)) - colour) ** 2).sum(axis=2)
    row, column = np.unravel_index(off.argmax(), off.shape)
    return np.asarray(pixels[row, column])


def _missing(trial: _Trial) -> Floats | None:
    """The colour of what the areas say worst."""
    left = by_brightness(trial.restored - trial.areas.modelled)
    energy = (ndimage.gaussian_filter(left, (1, 1, 0)) ** 2).sum(axis=2)
    order = np.argsort(-energy.ravel())
    for place in order[:64].tolist():
        row, column = divmod(place, energy.shape[1])
        colour = trial.restored[row, column]
        if np.abs(trial.colours - colour).max(axis=1).min() > _SAME:
            return np.asarray(colour)
    return None


def _is_mixed(colour: Floats, colours: Floats) -> bool:
    """Whether a colour is that of outlines between two others."""
    for number, one in enumerate(colours):
        axes = colours[number + 1 :] - one
        shares = (axes @ (colour - one)) / np.maximum((axes**2).sum(axis=1), 1e-6)
        if (farthest(one + shares.clip(0, 1)[:, None] * axes - colour) < _MIXED).any():
            return True
    return False


def _fitted(pixels: Floats, file: Compressed, colours: Floats, side: float = _SIDE) -> _Trial:
    """The areas that a palette gives after it was fitted."""
    for _ in range(_ROUNDS):
        labels = _labelled(pixels, colours, side)
        areas, owners = _areas(pixels, labels, colours)
        colours = _solved(pixels, areas, owners, len(colours), colours)
        areas = _with_colours(pixels, areas, owners, colours)
        pixels = file.nearest(areas.modelled)
    misfit = float(file.misfit(areas.modelled).sum())
    return _Trial(areas, owners, misfit, colours, pixels)


def _labelled(pixels: Floats, colours: Floats, side: float) -> Labels:
    """Which colour each pixel has, so that outlines are short."""
    off = np.stack([(by_brightness(pixels - colour) ** 2).sum(axis=2) for colour in colours])
    labels = off.argmin(axis=0)
    around = np.array([[0.7, 1, 0.7], [1, 0, 1], [0.7, 1, 0.7]], np.float32)
    for _ in range(_SWEEPS):
        sides = np.stack(
            [
                ndimage.convolve((labels != number).astype(np.float32), around, mode="nearest")
                for number in range(len(colours))
            ]
        )
        labels = (off + side * sides).argmin(axis=0)
    return np.asarray(labels, np.int64)


def _areas(pixels: Floats, labels: Labels, colours: Floats) -> tuple[Areas, Labels]:
    same = np.ones(labels.shape, bool)
    for axis in (0, 1):
        equal = np.diff(labels, axis=axis) == 0
        ahead, behind = (slice(1, None), slice(None)), (slice(None, -1), slice(None))
        if axis:
            ahead, behind = ahead[::-1], behind[::-1]
        same[ahead] &= equal
        same[behind] &= equal
    seeds = np.zeros(labels.shape, np.int64)
    every: list[Area] = []
    owners: list[int] = []
    for number, colour in enumerate(colours):
        parts, count = ndimage.label(labels == number, np.ones((3, 3), bool))
        near = farthest(pixels - colour) < _CORE
        inner = np.bincount(parts[same], minlength=count + 1)
        core = np.bincount(parts[near], minlength=count + 1)
        for part in range(1, count + 1):
            narrow = inner[part] < _BROAD
            if narrow and core[part] < _MIN_CORE:
                continue
            own = (parts == part) & (near if narrow else same)
            every.append(Area(colour, fine=bool(narrow)))
            owners.append(number)
            seeds[own] = len(every)
    if not every:
        every, owners = [Area(colours[0])], [0]
        seeds[:] = 1
    shared = share_outlines(pixels, seeds, every)
    return Areas.of(pixels, *shared, every, float((seeds > 0).mean())), np.array(owners)


def _solved(pixels: Floats, areas: Areas, owners: Labels, count: int, before: Floats) -> Floats:
    """The colours for which areas are nearest to an image."""
    flat = areas.shares.ravel().astype(np.float64)
    weights = np.zeros((flat.size, count))
    places = np.arange(flat.size)
    np.add.at(weights, (places, owners[areas.labels.ravel()]), flat)
    np.add.at(weights, (places, owners[areas.neighbours.ravel()]), 1 - flat)
    power = weights.T @ weights + _PULL * np.eye(count)
    solved = np.linalg.solve(power, weights.T @ pixels.reshape(-1, 3) + _PULL * before)
    return np.asarray(solved.clip(0, 1), np.float32)


def _with_colours(pixels: Floats, areas: Areas, owners: Labels, colours: Floats) -> Areas:
    every = [Area(colours[owner], fine=area.fine) for area, owner in zip(areas.areas, owners, strict=True)]
    return Areas.of(pixels, areas.labels, areas.neighbours, areas.shares, every, areas.sure)
