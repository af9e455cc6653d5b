"""Finds the soft shadows and glows that lie on areas of one colour or one gradient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.cluster.vq import kmeans2

from spectacle.generators.supersvg.arrays import Doubles, Labels, Reals, farthest
from spectacle.generators.supersvg.raster.gradients import Gradient
from spectacle.generators.supersvg.tracing.areas import Area, colours_at
from spectacle.generators.supersvg.tracing.gradients import fit_most
from spectacle.generators.supersvg.tracing.soft import Soft
from spectacle.generators.supersvg.tracing.soft_fitting import (
    MAX_OPACITY,
    Form,
    fit_box,
    fit_oval,
    fit_soft,
    lying_on,
    strong_spots,
)

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
_SAMPLE = 2048
_GOOD = 3 * (1.2 / 255) ** 2
"""Squared error of a gradient that leaves nothing to find."""

_FINE = 4 * (1.2 / 255) ** 2
"""Squared error of a shade after which there is no need to look for what hides it."""

_MAX_ERROR, _MAX_ERROR_OF_MANY = 4 * (2.25 / 255) ** 2, 4 * (1.75 / 255) ** 2
"""Squared error up to which one or two shades are taken, and more."""

_TOO_FAR, _HOPELESS = 5 * _MAX_ERROR, 4 * (10 / 255) ** 2
"""Squared errors of some shades after which more, and of one after which two, are not tried."""

_TRIALS = (2, fit_oval), (2, fit_box), (3, fit_oval), (4, fit_oval)
_TURNS, _SETTLED = 6, 0.95
"""How often each of several shades is fitted to what the others leave; less often where little changes."""

_NEARER = 0.5
"""The share of the squared error without shades that they leave at most."""

_FAINT, _OPAQUE = 0.05, 0.995
_SHADES_OF_ONE = 127
_MIN_COMMON, _PLAIN = 0.1, 0.4
"""The share of its pixels with one colour from which on an area may lie on it, and surely does."""

_MAX_OUTSIDE = 0.001
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


def _fit(part: Labels, cells: Labels, colours: Doubles, ground: Doubles) -> Fit | None:
    """The fewest shades that say what some pixels of an area show; None if none do."""
    size = np.abs(colours[part] - ground[part]).sum(axis=1)
    shaded = ~_beside_sharp(cells[part], size)
    if shaded.mean() < _MIN_SHADED:
        return None
    fit, shaded = _fitted_in_rounds(part, shaded, cells, colours, ground)
    for count, form in _TRIALS:
        if fit is None or fit.error <= _most_off(fit) or fit.error > (_HOPELESS if count == 2 else _TOO_FAR):
            break
        other = _fitted_several(count, form, part[shaded], cells, colours, ground)
        if other is not None and other.error < fit.error:
            fit = other
    return fit if fit is not None and fit.error <= _most_off(fit) else None


def _most_off(fit: Fit) -> float:
    """The error up to which shades are taken: many can say anything, but for what they leave."""
    return _MAX_ERROR if len(fit.softs) <= 2 else _MAX_ERROR_OF_MANY


def _fitted_in_rounds(
    part: Labels, shaded: NDArray[np.bool_], cells: Labels, colours: Doubles, ground: Doubles
) -> tuple[Fit | None, NDArray[np.bool_]]:
    """The one shade that is nearest to some pixels, and (n,) which of them show it: others lie on it and hide it."""
    own, below = colours[part], ground[part]
    size = np.abs(own - below).sum(axis=1)
    best: Fit | None = None
    kept = shaded
    for _ in range(_ROUNDS):
        fit = _fitted(part[shaded], cells, colours, ground)
        if fit is None:
            break
        if best is None or fit.error < best.error:
            best, kept = fit, shaded
        if fit.error <= _FINE or fit.error > _HOPELESS:
            break
        drawn = _drawn(fit.softs, _middles(cells[part]), below)
        missing = (size < _COVERED) & (np.abs(drawn - below).max(axis=1) > 2 * _COVERED)
        shaded = shaded & ~_grown_by(missing, cells[part])
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


def _fitted(part: Labels, cells: Labels, colours: Doubles, ground: Doubles) -> Fit | None:
    """The shade that some pixels of an area show, all of which are part of it."""
    own, below = colours[part], ground[part]
    places = _middles(cells[part])
    values = lying_on(own, below)
    soft = None if values is None else fit_soft(places, values, np.abs(own - below).sum(axis=1))
    if soft is None:
        return None
    return Fit((soft,), _off(_drawn((soft,), places, below), own))


def _fitted_several(
    count: int, fit: Form, part: Labels, cells: Labels, colours: Doubles, ground: Doubles
) -> Fit | None:
    """Some shades of one form and of one colour that some pixels of an area show, lying on each other."""
    own, below = colours[part], ground[part]
    places = _middles(cells[part])
    values = lying_on(own, below)
    if values is None:
        return None
    colour = values[:, :3].sum(axis=0) / max(float(values[:, 3].sum()), 1e-9)
    # What shines through all is the product of what shines through each.
    clear = 1 - values[:, 3].clip(0, MAX_OPACITY)
    softs: list[Soft | None] = []
    for side in _portions(places, values[:, 3], count):
        softs.append(fit(places[side], values[side], values[side, 3], None))
    best: Fit | None = None
    for _ in range(_TURNS):
        for place in range(count):
            others = [soft for number, soft in enumerate(softs) if number != place]
            hidden = np.ones(len(places))
            for other in others:
                if other is None:
                    return None
                hidden *= 1 - other.at(*places.T)[:, 3]
            left = (1 - clear / hidden.clip(1 - MAX_OPACITY)).clip(0, MAX_OPACITY)
            seen = np.concatenate([left[:, None] * colour, left[:, None]], axis=1)
            softs[place] = fit(places, seen, left, softs[place])
        found = tuple(soft for soft in softs if soft is not None)
        if len(found) < count:
            return None
        error = _off(_drawn(found, places, below), own)
        settled = best is not None and error > _SETTLED * best.error
        if best is None or error < best.error:
            best = Fit(found, error)
        if settled or best.error > _TOO_FAR:
            break
    return best


def _portions(places: Doubles, size: Doubles, count: int) -> list[NDArray[np.bool_]]:
    """Pixels, (n,), that are next to each of the middles of some parts of what shows most of a shade."""
    spots = strong_spots(places, size)
    middle = spots.mean(axis=0)
    _, ways = np.linalg.eigh(np.cov((spots - middle).T))
    if count == 2:
        side = (places - middle) @ ways[:, 1] > 0
        return [side, ~side]
    some = spots[:: max(1, len(spots) // _SAMPLE)]
    middles, _ = kmeans2(some, count, minit="++", seed=0)
    nearest = ((places[:, None] - middles[None]) ** 2).sum(axis=2).argmin(axis=1)
    return [nearest == number for number in range(count)]


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


def area_with_shades(
    places: Doubles, colours: Doubles, cells: Labels, seeds: Labels, found: tuple[Gradient, float] | None, flat: float
) -> tuple[Area, NDArray[np.bool_]] | None:
    """An area as a ground of one colour or one gradient and the soft shades on it, if that is clearly nearer.

    Args:
        places: (n, 2) x and y of the middles of its pixels.
        colours: (n, 3), or 4 with the colours multiplied by the opacity.
        cells: (n, 2) row and column of each.
        seeds: (height, width), the areas of the image numbered from 1; 0 for none.
        found: A gradient for all of it, and its mean squared error, the sum of the channels, if there is one.
        flat: The same error of one colour.

    Returns:
        The area, and (n,) which of its pixels have the colour of the ground, but lie on a shade.
    """
    if len(places) < _MIN_PIXELS:
        return None
    left = flat
    if found is not None:
        left = min(left, found[1])
        if left <= _GOOD or not differs_in_parts(places, colours, cells, found):
            return None
    for ground in _grounds(places, colours, found):
        below = _under(ground, places, colours.shape[1])
        parts = _parts(cells, colours - below)
        if not 0 < len(parts) <= _MAX_SHADES:
            continue
        fits = [_fit(part, cells, colours, below) for part in parts]
        good = [fit for fit in fits if fit is not None]
        if len(good) < len(parts):
            continue
        softs = tuple(soft for fit in good for soft in fit.softs)
        area = replace(ground, overlays=softs)
        drawn = colours_at([area], np.zeros(len(places), np.int64), *places.T)
        covers = (np.abs(colours - below).max(axis=1) < _COVERED) & (np.abs(drawn - below).max(axis=1) > _COVERED)
        covers = _opened(covers, cells)
        error = _off(np.where(covers[:, None], below, drawn), colours)
        if error < left * _NEARER and _stays_inside(softs, cells, seeds):
            return area, covers
    return None


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
    own = np.zeros(seeds.shape, bool)
    own[cells[:, 0], cells[:, 1]] = True
    sizes = np.bincount(seeds.ravel())
    inside = ndimage.binary_fill_holes(own) | (sizes[seeds] < len(cells)) | (seeds == 0)
    rows, columns = np.nonzero(~inside)
    outside = sum(float((soft.at(columns + 0.5, rows + 0.5)[:, 3]).sum()) for soft in softs)
    return outside <= _MAX_OUTSIDE * len(cells)


def _middles(cells: Labels) -> Doubles:
    """(n, 2) x and y of the middles of pixels, from the row and the column of each."""
    return np.asarray(cells[:, ::-1] + 0.5, np.float64)
