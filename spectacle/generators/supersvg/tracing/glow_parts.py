"""Finds the shades that the parts of an area show which differ from what lies below them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spectacle.generators.supersvg.arrays import Doubles, Floats, Labels, Reals, Window, middles
from spectacle.generators.supersvg.tracing.areas import Area
from spectacle.generators.supersvg.tracing.glow_areas import Island, islands_in, opacities, ovals_on, shows_shade
from spectacle.generators.supersvg.tracing.soft import Soft
from spectacle.generators.supersvg.tracing.soft_fitting import fit_soft, lying_on

_FINE = 4 * (1.2 / 255) ** 2
"""Squared error of a shade after which there is no need to look for what hides it."""

MAX_ERROR = 4 * (2.25 / 255) ** 2
"""Squared error up to which shades are taken."""

_HOPELESS = 4 * (10 / 255) ** 2
"""Squared error of one shade after which hiding pixels are not looked for."""

_OFF_COLOUR = 2 * MAX_ERROR
"""Squared difference from the way to one colour, in the mean, with which pixels show no shade of that colour."""

_FAR, _FAR_PIXELS = 40, 400
"""How many pixels that show nothing of a shade, no farther than so many pixels from it, say that it has ended there."""

_MAX_SPILL = 0.03
"""The share of those that may show something of it nevertheless."""

_FAINT = 0.05
_MIN_SHADED, _ROUNDS = 0.5, 4
COVERED = 3 / 255
"""Pixels that show less of a shade do not show it."""

_SHARP, _SHARP_SIDE, _SHARP_REACH = 24 / 255, 5, 10
"""What shows nothing, with so much of a shade in the window of this side around it, lies on the shade, and so does what
is no farther from there than the last."""


@dataclass(frozen=True, slots=True)
class Fit:
    """One shade that was found, or several that lie on each other.

    Attributes:
        softs: What they are.
        error: Mean squared error, the sum of the channels, of its pixels.
    """

    softs: tuple[Soft, ...]
    error: float

    @classmethod
    def of(cls, softs: tuple[Soft, ...], pixels: Pixels) -> Fit:
        """Shades of these pixels."""
        return cls(softs, _left(softs, pixels))

    def off(self, pixels: Pixels) -> float:
        """Mean squared error, the sum of the channels, of other pixels."""
        return _left(self.softs, pixels)


@dataclass(frozen=True, slots=True)
class Pixels:
    """Pixels that show a shade.

    Attributes:
        cells: (n, 2) row and column of each.
        own: (n, 3), or 4 with the colours multiplied by the opacity.
        below: The same without the shade.
    """

    cells: Labels
    own: Doubles
    below: Doubles

    @classmethod
    def of(cls, parts: list[Pixels]) -> Pixels:
        """The pixels of all parts."""
        return cls(
            *(np.concatenate(side) for side in zip(*((one.cells, one.own, one.below) for one in parts), strict=True))
        )

    @property
    def places(self) -> Doubles:
        """(n, 2) x and y of the middles."""
        return middles(self.cells)

    @property
    def size(self) -> Doubles:
        """(n,) how much of the shade each shows."""
        return np.asarray(np.abs(self.own - self.below).sum(axis=1))

    def __getitem__(self, chosen: NDArray[np.bool_] | Labels) -> Pixels:
        return Pixels(self.cells[chosen], self.own[chosen], self.below[chosen])


def _shade_on(pixels: Pixels) -> Doubles | None:
    """(3,) the one colour of a shade that makes pixels of those below; None if none does."""
    values = lying_on(pixels.own, pixels.below)
    if values is None:
        return None
    colour = np.asarray(values[:, :3].sum(axis=0) / max(float(values[:, 3].sum()), 1e-9))
    return colour if opacities(pixels.own, pixels.below, colour)[1].mean() <= _OFF_COLOUR else None


def _fit(pixels: Pixels, colour: Doubles, around: Doubles, *, one: bool) -> Fit | None:
    """The shade that some pixels show; None if there is none.

    Args:
        pixels: Some of which show what covers the shade.
        colour: (3,) of the shade.
        around: (m, 2) x and y of pixels that show nothing of it.
        one: Whether it is one shade, or several ellipses.
    """
    shaded = ~_beside_sharp(pixels.cells, pixels.size)
    if is_clear(pixels.below):
        shaded[:] = True
    if shaded.mean() < _MIN_SHADED:
        return None
    if one:
        fit = _fitted_in_rounds(pixels, shaded)
    else:
        seen = pixels[shaded]
        softs = ovals_on(seen.places, seen.own, seen.below, colour, around)
        fit = Fit.of(softs, seen) if softs else None
    return fit if fit is not None and fit.error <= MAX_ERROR and not _spills(fit, around) else None


def is_clear(below: Doubles) -> bool:
    """Whether there is nothing below a shade: then nothing that looks like it can lie on the shade."""
    return below.shape[1] > len("rgb") and float(below[:, 3].max()) < _FAINT


def _spills(fit: Fit, around: Doubles) -> bool:
    """Whether shades are seen at places, (m, 2) x and y, that show nothing of them."""
    shown = 1 - np.prod([1 - soft.at(*around.T)[:, 3] for soft in fit.softs], axis=0)
    return len(around) > 0 and float((shown > 2 * COVERED).mean()) > _MAX_SPILL


def _fitted_in_rounds(pixels: Pixels, shaded: NDArray[np.bool_]) -> Fit | None:
    """The one shade that is nearest to those pixels that show it, (n,): others lie on it and hide it."""
    best: Fit | None = None
    for _ in range(_ROUNDS):
        seen = pixels[shaded]
        values = lying_on(seen.own, seen.below)
        soft = None if values is None else fit_soft(seen.places, values, seen.size)
        if soft is None:
            break
        fit = Fit.of((soft,), seen)
        if best is None or fit.error < best.error:
            best = fit
        if fit.error <= _FINE or fit.error > _HOPELESS:
            break
        drawn = drawn_on(fit.softs, pixels.places, pixels.below)
        missing = (pixels.size < COVERED) & (np.abs(drawn - pixels.below).max(axis=1) > 2 * COVERED)
        shaded = shaded & ~_grown_by(missing, pixels.cells)
        if not missing.any() or shaded.mean() < _MIN_SHADED:
            break
    return best


def _left(softs: tuple[Soft, ...], pixels: Pixels) -> float:
    """What shades leave of the squared error of pixels, in the mean."""
    return off_from(drawn_on(softs, pixels.places, pixels.below), pixels.own)


def drawn_on(softs: tuple[Soft, ...], places: Doubles, below: Doubles) -> Doubles:
    """(n, 3 or 4), what shades make of what is below."""
    for soft in softs:
        above = soft.at(*places.T)
        below = above[:, : below.shape[1]] + (1 - above[:, 3:]) * below
    return below


def off_from(drawn: Reals, seen: Doubles) -> float:
    """Mean squared error, the sum of the channels; of clear pixels on white or on black, whichever is more."""
    off = drawn - seen
    colour = float((off[:, :3] ** 2).sum(axis=1).mean())
    if off.shape[1] == len("rgb"):
        return colour
    return max(colour, float(((off[:, :3] - off[:, 3:]) ** 2).sum(axis=1).mean()))


def _grown_by(chosen: NDArray[np.bool_], cells: Labels) -> NDArray[np.bool_]:
    """(n,) the same pixels, and those two pixels around them."""
    window = Window.of(cells)
    return window.at(ndimage.binary_dilation(window.filled(chosen), iterations=2))


def _beside_sharp(cells: Labels, size: Doubles) -> NDArray[np.bool_]:
    """(n,) which pixels show nothing of a shade that ends next to them: they are part of what covers it.

    Args:
        cells: (n, 2) row and column of each pixel.
        size: (n,) how much of the shade each shows.
    """
    window = Window.of(cells)
    field, mask = window.filled(size), window.filled(size < COVERED)
    sharp = mask & (ndimage.maximum_filter(field, _SHARP_SIDE) > _SHARP)
    # What is near to such pixels, and as clear of shade.
    covered = ndimage.binary_propagation(sharp, mask=mask & ndimage.binary_dilation(sharp, iterations=_SHARP_REACH))
    return window.at(covered)


@dataclass(frozen=True, slots=True)
class Shown:
    """A shade, and what shows it in addition to an area.

    Attributes:
        fit: The shade.
        islands: Numbers, from 1, of areas that the area surrounds.
    """

    fit: Fit
    islands: list[int]


class _Search:
    """The shades of an area on a ground."""

    def __init__(self, ground: Area, cells: Labels, colours: Doubles, seeds: Labels, image: Floats) -> None:
        self._ground = ground
        self._area = self._pixels(cells, colours)
        self._seeds, self._image = seeds, image
        self._islands: list[Island] | None = None

    def _pixels(self, cells: Labels, colours: Doubles) -> Pixels:
        return Pixels(cells, colours, under(self._ground, middles(cells), colours.shape[1]))

    def near(self, part: Labels) -> list[tuple[Island, Pixels]]:
        """The islands that lie among the pixels of a part."""
        if self._islands is None:
            self._islands = islands_in(self._area.cells, self._seeds, self._image)
        low, high = _box(self._area.cells[part])
        return [
            (island, self._pixels(island.cells, island.colours))
            for island in self._islands
            if (island.cells.min(axis=0) >= low).all() and (island.cells.max(axis=0) <= high).all()
        ]

    def shown(self, part: Labels, parts: list[Labels], *, one: bool) -> Shown | None:
        """The shade, of one path or of few, or else of several ellipses, that a part shows; None if there is none.

        Args:
            part: Numbers of pixels of the area.
            parts: All such parts.
            one: Whether it may be one shade; otherwise it is several ellipses.
        """
        own = self._area[part]
        colour = _shade_on(own)
        if colour is None:
            return None
        near = self.near(part)
        pixels = Pixels.of([own, *(island for known, island in near if shows_shade(known, island.below, colour))])
        fit = _fit(pixels, colour, self._around(part, parts), one=one)
        if fit is None:
            return None
        return Shown(fit, [island.number for island, seen in near if fit.off(seen) <= MAX_ERROR])

    def _around(self, part: Labels, parts: list[Labels]) -> Doubles:
        """(m, 2) x and y of some pixels near to a part that show no shade."""
        cells = self._area.cells
        free = outside(cells, self._seeds)
        free[tuple(cells.T)] = True
        free[tuple(cells[np.concatenate(parts)].T)] = False
        low, high = _box(cells[part])
        low = np.maximum(low - _FAR, 0)
        others = np.argwhere(free[low[0] : high[0] + _FAR, low[1] : high[1] + _FAR]) + low
        return middles(np.random.default_rng(0).permutation(others)[:_FAR_PIXELS])

    def beside(self, part: Labels, other: Labels) -> bool:
        """Whether two parts may show one shade: the boxes around them overlap."""
        (low, high), (first, last) = _box(self._area.cells[part]), _box(self._area.cells[other])
        return bool((low <= last).all() and (first <= high).all())


def shades_of(
    parts: list[Labels], ground: Area, cells: Labels, colours: Doubles, seeds: Labels, image: Floats
) -> list[Shown] | None:
    """The shades that parts of an area show; None if one part shows none.

    Parts that are no single shade, and those next to them, are taken together: what lies on a shade may divide it.

    Args:
        parts: Numbers of the pixels of each.
        ground: What the area is without shades.
        cells: (n, 2) row and column of each pixel of the area.
        colours: (n, 3), or 4 with the colours multiplied by the opacity.
        seeds: (height, width), the areas of the image numbered from 1; 0 for none.
        image: (height, width, 3 or 4).
    """
    search = _Search(ground, cells, colours, seeds, image)
    found = [(part, search.shown(part, parts, one=True)) for part in parts]
    while (failed := next((place for place, (_, shown) in enumerate(found) if shown is None), None)) is not None:
        part, _ = found.pop(failed)
        beside = [place for place, (other, _) in enumerate(found) if search.beside(part, other)]
        joined = np.concatenate([part, *(found[place][0] for place in beside)])
        found = [one for place, one in enumerate(found) if place not in beside]
        shown = search.shown(joined, parts, one=False)
        if shown is None:
            return None
        found.append((joined, shown))
    return [shown for _, shown in found if shown is not None]


def _box(cells: Labels) -> tuple[Labels, Labels]:
    return cells.min(axis=0), cells.max(axis=0)


def under(ground: Area, places: Doubles, channels: int) -> Doubles:
    """(n, channels), what an area without shades is at places, (n, 2) x and y."""
    if ground.gradient is None:
        return np.tile(ground.colour.astype(np.float64), (len(places), 1))
    return ground.gradient.at(*places.T)[:, :channels]


def outside(cells: Labels, seeds: Labels) -> NDArray[np.bool_]:
    """(height, width), which pixels neither an area surrounds nor others that may lie on it cover."""
    own = np.zeros(seeds.shape, bool)
    own[tuple(cells.T)] = True
    sizes = np.bincount(seeds.ravel())
    inside = ndimage.binary_fill_holes(own) | (sizes[seeds] < len(cells)) | (seeds == 0)
    return np.asarray(~inside)
