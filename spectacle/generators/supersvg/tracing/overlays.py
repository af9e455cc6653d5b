"""Finds the soft shadows and glows that lie on areas of one colour or one gradient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spectacle.generators.supersvg.arrays import Doubles, Floats, Labels, Reals, farthest
from spectacle.generators.supersvg.raster.gradients import Gradient
from spectacle.generators.supersvg.tracing.areas import Area, colours_at
from spectacle.generators.supersvg.tracing.glow_areas import Island, islands_in, opacities, ovals_on, shows_shade
from spectacle.generators.supersvg.tracing.gradients import fit_most
from spectacle.generators.supersvg.tracing.soft import Soft
from spectacle.generators.supersvg.tracing.soft_fitting import fit_box, fit_soft, lying_on

_BLUR = 1.0
"""Standard deviation in pixels of the blur that takes away dithering and the steps of channels of 8 bits."""

_SEEN = 1.5 / 255
"""What differs by less, in every channel, once blurred, from what a shade lies on is not part of the shade."""

_CLEAR_PEAK = 5 / 255
"""By how much a shade differs at least where it does most."""

_MIN_PIXELS = 100
_MARGIN = 5
"""So many pixels around what differs are looked at: they say where a shade ends."""

_MAX_SHADES = 6
_GOOD = 3 * (1.2 / 255) ** 2
"""Squared error of a gradient that leaves nothing to find."""

_FINE = 4 * (1.2 / 255) ** 2
"""Squared error of a shade after which there is no need to look for what hides it."""

_MAX_ERROR = 4 * (2.25 / 255) ** 2
"""Squared error up to which shades are taken."""

_HOPELESS = 4 * (10 / 255) ** 2
"""Squared error of one shade after which hiding pixels are not looked for."""

_OFF_COLOUR = 2 * _MAX_ERROR
"""Squared difference from the way to one colour, in the mean, with which pixels show no shade of that colour."""

_FAR, _FAR_PIXELS = 40, 400
"""How many pixels of an area, no farther than so many pixels from a shade, say that it has ended there."""

_NEARER = 0.5
"""The share of the squared error without shades that they leave at most."""

_FAINT, _OPAQUE = 0.05, 0.995
_SHADES_OF_ONE = 127
_MIN_COMMON, _PLAIN = 0.1, 0.4
"""The share of its pixels with one colour from which on an area may lie on it, and surely does."""

_MAX_OUTSIDE = 0.003
_MIN_SHADED, _ROUNDS = 0.5, 4
_COVERED = 3 / 255
"""Pixels that show less of a shade do not show it."""

_SHARP, _SHARP_SIDE = 24 / 255, 5
"""What shows nothing, with so much of a shade in the window of this side around it, lies on the shade."""


@dataclass(frozen=True, slots=True)
class Fit:
    """One shade that was found, or several that lie on each other.

    Attributes:
        softs: What they are.
        error: Mean squared error, the sum of the channels, of its pixels.
    """

    softs: tuple[Soft, ...]
    error: float


def _parts(cells: Labels, change: Doubles) -> list[Labels]:
    """The numbers of the pixels of each connected part that differs, with some of those around it, largest first."""
    corner = cells.min(axis=0) - _MARGIN
    rows, columns = (cells - corner).T
    shape = (int(rows.max()) + 1 + _MARGIN, int(columns.max()) + 1 + _MARGIN)
    field = np.zeros((*shape, change.shape[1]))
    field[rows, columns] = change
    mask = np.zeros(shape)
    mask[rows, columns] = 1
    weight = np.maximum(ndimage.gaussian_filter(mask, _BLUR), 1e-6)[..., None]
    seen = farthest(ndimage.gaussian_filter(field, (_BLUR, _BLUR, 0)) / weight) * (mask > 0)
    labels, count = ndimage.label(ndimage.binary_opening(seen > _SEEN, np.ones((3, 3), bool)), np.ones((3, 3), bool))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    peaks = np.zeros(count + 1)
    np.maximum.at(peaks, labels.ravel(), seen.ravel())
    kept = [number for number in range(1, count + 1) if sizes[number] >= _MIN_PIXELS and peaks[number] >= _CLEAR_PEAK]
    kept.sort(key=lambda number: -sizes[number])
    parts = []
    for number in kept:
        near = ndimage.binary_dilation(labels == number, iterations=_MARGIN)
        parts.append(np.flatnonzero(near[rows, columns]))
    return parts


@dataclass(frozen=True, slots=True)
class _Pixels:
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
    def of(cls, parts: list[_Pixels]) -> _Pixels:
        """The pixels of all parts."""
        return cls(
            *(np.concatenate(side) for side in zip(*((one.cells, one.own, one.below) for one in parts), strict=True))
        )

    @property
    def places(self) -> Doubles:
        return _middles(self.cells)

    @property
    def size(self) -> Doubles:
        """(n,) how much of the shade each shows."""
        return np.asarray(np.abs(self.own - self.below).sum(axis=1))

    def __getitem__(self, chosen: NDArray[np.bool_]) -> _Pixels:
        return _Pixels(self.cells[chosen], self.own[chosen], self.below[chosen])


def _shade_on(own: Doubles, below: Doubles) -> Doubles | None:
    """(3,) the one colour of a shade that makes pixels of those below; None if none does."""
    values = lying_on(own, below)
    if values is None:
        return None
    colour = np.asarray(values[:, :3].sum(axis=0) / max(float(values[:, 3].sum()), 1e-9))
    return colour if opacities(own, below, colour)[1].mean() <= _OFF_COLOUR else None


def _fit(pixels: _Pixels, colour: Doubles, around: Doubles) -> Fit | None:
    """The fewest shades that say what some pixels show; None if none do.

    Args:
        pixels: Some of which show what covers the shade.
        colour: (3,) of the shade.
        around: (m, 2) x and y of pixels that show nothing of it.
    """
    shaded = ~_beside_sharp(pixels.cells, pixels.size)
    if shaded.mean() < _MIN_SHADED:
        return None
    fit, shaded = _fitted_in_rounds(pixels, shaded)
    if fit is None or fit.error > _MAX_ERROR:
        seen = pixels[shaded]
        softs = ovals_on(seen.places, seen.own, seen.below, colour, around)
        fit = Fit(softs, _off(_drawn(softs, seen.places, seen.below), seen.own)) if softs else None
    return fit if fit is not None and fit.error <= _MAX_ERROR else None


def _fitted_in_rounds(pixels: _Pixels, shaded: NDArray[np.bool_]) -> tuple[Fit | None, NDArray[np.bool_]]:
    """The one shade that is nearest to some pixels, and (n,) which of them show it: others lie on it and hide it."""
    size = pixels.size
    best: Fit | None = None
    kept = shaded
    for _ in range(_ROUNDS):
        fit = _fitted(pixels[shaded])
        if fit is None:
            break
        if best is None or fit.error < best.error:
            best, kept = fit, shaded
        if fit.error <= _FINE or fit.error > _HOPELESS:
            break
        drawn = _drawn(fit.softs, pixels.places, pixels.below)
        missing = (size < _COVERED) & (np.abs(drawn - pixels.below).max(axis=1) > 2 * _COVERED)
        shaded = shaded & ~_grown_by(missing, pixels.cells)
        if not missing.any() or shaded.mean() < _MIN_SHADED:
            break
    return best, kept


def _drawn(softs: tuple[Soft, ...], places: Doubles, below: Doubles) -> Doubles:
    """(n, 3 or 4), what shades make of what is below."""
    for soft in softs:
        above = soft.at(*places.T)
        below = above[:, : below.shape[1]] + (1 - above[:, 3:]) * below
    return below


def _off(drawn: Reals, seen: Doubles) -> float:
    """Mean squared error, the sum of the channels; of clear pixels on white or on black, whichever is more."""
    off = drawn - seen
    colour = float((off[:, :3] ** 2).sum(axis=1).mean())
    if off.shape[1] == len("rgb"):
        return colour
    return max(colour, float(((off[:, :3] - off[:, 3:]) ** 2).sum(axis=1).mean()))


def _fitted(pixels: _Pixels) -> Fit | None:
    """The shade that some pixels show, all of which are part of it."""
    values = lying_on(pixels.own, pixels.below)
    soft = None if values is None else fit_soft(pixels.places, values, pixels.size)
    if soft is None:
        return None
    return Fit((soft,), _off(_drawn((soft,), pixels.places, pixels.below), pixels.own))


def _grown_by(chosen: NDArray[np.bool_], cells: Labels) -> NDArray[np.bool_]:
    """(n,) the same pixels, and those two pixels around them."""
    rows, columns = (cells - cells.min(axis=0)).T
    mask = np.zeros((rows.max() + 1, columns.max() + 1), bool)
    mask[rows, columns] = chosen
    return np.asarray(ndimage.binary_dilation(mask, iterations=2)[rows, columns])


def _beside_sharp(cells: Labels, size: Doubles) -> NDArray[np.bool_]:
    """(n,) which pixels show nothing of a shade that ends next to them: they are part of what covers it.

    Args:
        cells: (n, 2) row and column of each pixel.
        size: (n,) how much of the shade each shows.
    """
    rows, columns = (cells - cells.min(axis=0)).T
    field = np.zeros((rows.max() + 1, columns.max() + 1))
    field[rows, columns] = size
    mask = np.zeros(field.shape, bool)
    mask[rows, columns] = size < _COVERED
    sharp = mask & (ndimage.maximum_filter(field, _SHARP_SIDE) > _SHARP)
    # What is near to such pixels, and as clear of shade.
    covered = ndimage.binary_propagation(sharp, mask=mask & ndimage.binary_dilation(sharp, iterations=2 * _MARGIN))
    return np.asarray(covered[rows, columns])


@dataclass(frozen=True, slots=True)
class Shaded:
    """An area with soft shades.

    Attributes:
        area: A ground of one colour or one gradient, and the shades.
        covers: (n,) which of its pixels have the colour of the ground, but lie on a shade.
        islands: Numbers of the areas, from 1, that it surrounds and that show its shades, too: they are part of it.
    """

    area: Area
    covers: NDArray[np.bool_]
    islands: list[int]


def area_with_shades(
    colours: Doubles, cells: Labels, seeds: Labels, image: Floats, found: tuple[Gradient, float] | None, flat: float
) -> Shaded | None:
    """An area as a ground of one colour or one gradient and the soft shades on it, if that is clearly nearer.

    Args:
        colours: (n, 3), or 4 with the colours multiplied by the opacity, of its pixels.
        cells: (n, 2) row and column of each.
        seeds: (height, width), the areas of the image numbered from 1; 0 for none.
        image: (height, width, 3 or 4).
        found: A gradient for all of it, and its mean squared error, the sum of the channels, if there is one.
        flat: The same error of one colour.
    """
    if len(cells) < _MIN_PIXELS:
        return None
    places, left = _middles(cells), flat
    if found is not None:
        left = min(left, found[1])
        if left <= _GOOD or not differs_in_parts(places, colours, cells, found):
            return None
    for ground in _grounds(places, colours, found):
        below = _under(ground, places, colours.shape[1])
        parts = _parts(cells, colours - below)
        if not 0 < len(parts) <= _MAX_SHADES:
            continue
        fits = _fits(parts, ground, cells, colours, seeds, image)
        if fits is None:
            continue
        softs = tuple(soft for fit, _ in fits for soft in fit.softs)
        area = replace(ground, overlays=softs)
        drawn = colours_at([area], np.zeros(len(places), np.int64), *places.T)
        covers = (np.abs(colours - below).max(axis=1) < _COVERED) & (np.abs(drawn - below).max(axis=1) > _COVERED)
        covers = _opened(covers, cells)
        error = _off(np.where(covers[:, None], below, drawn), colours)
        if error < left * _NEARER and _stays_inside(softs, cells, seeds):
            return Shaded(area, covers, [island.number for _, islands in fits for island in islands])
    return None


def _fits(
    parts: list[Labels], ground: Area, cells: Labels, colours: Doubles, seeds: Labels, image: Floats
) -> list[tuple[Fit, list[Island]]] | None:
    """The shades of all parts of an area, and the islands in it that show each; None if one part shows no shade."""
    below = _under(ground, _middles(cells), colours.shape[1])
    found: list[tuple[Fit, list[Island]]] = []
    islands: list[Island] | None = None
    for part in parts:
        colour = _shade_on(colours[part], below[part])
        if colour is None:
            return None
        islands = islands_in(cells, seeds, image) if islands is None else islands
        near = [
            (island, _Pixels(island.cells, island.colours, _under(ground, _middles(island.cells), colours.shape[1])))
            for island in islands
            if _is_near(island.cells, cells[part])
        ]
        shown = [(island, pixels) for island, pixels in near if shows_shade(island, pixels.below, colour)]
        own = _Pixels(cells[part], colours[part], below[part])
        fit = _fit(_Pixels.of([own, *(pixels for _, pixels in shown)]), colour, _around(part, parts, cells, seeds))
        if fit is None:
            return None
        found.append((fit, [island for island, pixels in near if _off_shade(fit, pixels) <= _MAX_ERROR]))
    return found


def _off_shade(fit: Fit, pixels: _Pixels) -> float:
    return _off(_drawn(fit.softs, pixels.places, pixels.below), pixels.own)


def _is_near(island: Labels, part: Labels) -> bool:
    """Whether an island is among the pixels of a part."""
    low, high = part.min(axis=0), part.max(axis=0)
    return bool((island.min(axis=0) >= low).all() and (island.max(axis=0) <= high).all())


def _around(part: Labels, parts: list[Labels], cells: Labels, seeds: Labels) -> Doubles:
    """(m, 2) x and y of some pixels near to a part that show no shade."""
    free = _outside(cells, seeds)
    free[tuple(cells.T)] = True
    free[tuple(cells[np.concatenate(parts)].T)] = False
    low, high = np.maximum(cells[part].min(axis=0) - _FAR, 0), cells[part].max(axis=0) + _FAR
    others = np.argwhere(free[low[0] : high[0], low[1] : high[1]]) + low
    return _middles(np.random.default_rng(0).permutation(others)[:_FAR_PIXELS])


def _opened(chosen: NDArray[np.bool_], cells: Labels) -> NDArray[np.bool_]:
    """(n,) the same pixels without those of thin and small parts."""
    rows, columns = (cells - cells.min(axis=0)).T
    mask = np.zeros((rows.max() + 1, columns.max() + 1), bool)
    mask[rows, columns] = chosen
    return np.asarray(ndimage.binary_opening(mask, np.ones((5, 5), bool))[rows, columns])


def in_pieces(places: Doubles, colours: Doubles) -> tuple[list[Gradient], Labels] | None:
    """The gradients of an area that is one shade, such as one that falls inwards, and (n,) which of them pixels have.

    Args:
        places, colours: As for `area_with_shades`. Only opaque pixels are in pieces: other ones would show the seams.
    """
    if len(places) < _MIN_PIXELS or (colours.shape[1] == 4 and colours[:, 3].min() < _OPAQUE):
        return None
    values = np.concatenate([colours[:, :3], np.ones((len(colours), 1))], axis=1)
    middle = np.median(values, axis=0)
    soft = fit_box(places, values, np.abs(values - middle).sum(axis=1), None)
    if soft is None or ((soft.at(*places.T)[:, :3] - colours[:, :3]) ** 2).sum(axis=1).mean() > _MAX_ERROR:
        return None
    pieces = [gradient for _, gradient in soft.pieces()]
    return pieces, soft.piece_at(*places.T)


def differs_in_parts(places: Doubles, colours: Doubles, cells: Labels, found: tuple[Gradient, float] | None) -> bool:
    """Whether some connected pixels of an area clearly differ from its gradient.

    Args:
        places, colours, cells, found: As for `area_with_shades`.
    """
    if found is None:
        return True
    return bool(_parts(cells, colours - found[0].at(*places.T)[:, : colours.shape[1]]))


def _grounds(places: Doubles, colours: Doubles, found: tuple[Gradient, float] | None) -> Iterator[Area]:
    """What an area may be without shades: nothing, its commonest colour, or a gradient that most of it has."""
    if colours.shape[1] == 4 and colours[:, 3].min() < _FAINT:
        yield Area(np.zeros(4, np.float32))
        return
    steps = np.round(colours * _SHADES_OF_ONE).astype(np.int64) @ (1 << 8 * np.arange(colours.shape[1]))
    _, kinds, counts = np.unique(steps, return_inverse=True, return_counts=True)
    commonest = kinds == counts.argmax()
    if commonest.mean() >= _MIN_COMMON:
        yield Area(np.median(colours[commonest], axis=0).astype(np.float32))
    if commonest.mean() >= _PLAIN:
        return
    for gradient, within in islice(fit_most(places, colours), 1):
        yield Area(colours[within].mean(axis=0).astype(np.float32), gradient)


def _under(ground: Area, places: Doubles, channels: int) -> Doubles:
    if ground.gradient is None:
        return np.tile(ground.colour.astype(np.float64), (len(places), 1))
    return ground.gradient.at(*places.T)[:, :channels]


def _stays_inside(softs: tuple[Soft, ...], cells: Labels, seeds: Labels) -> bool:
    """Whether shades are seen on their area and under what lies on it alone."""
    rows, columns = np.nonzero(_outside(cells, seeds))
    outside = sum(float((soft.at(columns + 0.5, rows + 0.5)[:, 3]).sum()) for soft in softs)
    return outside <= _MAX_OUTSIDE * len(cells)


def _outside(cells: Labels, seeds: Labels) -> NDArray[np.bool_]:
    """(height, width), which pixels neither an area surrounds nor others that may lie on it cover."""
    own = np.zeros(seeds.shape, bool)
    own[tuple(cells.T)] = True
    sizes = np.bincount(seeds.ravel())
    inside = ndimage.binary_fill_holes(own) | (sizes[seeds] < len(cells)) | (seeds == 0)
    return np.asarray(~inside)


def _middles(cells: Labels) -> Doubles:
    """(n, 2) x and y of the middles of pixels, from the row and the column of each."""
    return np.asarray(cells[:, ::-1] + 0.5, np.float64)
