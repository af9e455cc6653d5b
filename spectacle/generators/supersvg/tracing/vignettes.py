"""Finds images whose page, of one colour or one gradient, becomes darker or lighter towards its edges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from spectacle.generators.supersvg.arrays import Doubles, Labels
from spectacle.generators.supersvg.raster.gradients import Gradient
from spectacle.generators.supersvg.tracing.areas import Area
from spectacle.generators.supersvg.tracing.gradients import as_two_colours
from spectacle.generators.supersvg.tracing.soft import Soft, distances
from spectacle.generators.supersvg.tracing.stops import find_stops

_SAMPLE, _BINS = 1500, 32
_TURNS, _EARLY = 16, 1
"""How often page and vignette are fitted to what the other leaves, and after how many the hopeless are given up."""

_MAX_ERROR = 3 * (2 / 255) ** 2
"""Squared error, the sum of the channels, up to which a vignette is taken."""

_HOPELESS = 30 * _MAX_ERROR
_MIN_OPACITY = 5 / 255
"""The least opacity of a vignette where it has most."""

_EVEN = 2 / 255
"""By how much a page of one colour differs from it at most."""

_SHARES = (0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0)
"""How wide the edges of a page that fade may be, in shares of half its smaller side."""


@dataclass(frozen=True, slots=True)
class _Form:
    """From where a vignette spreads: an ellipse or a rectangle in the middle of the image."""

    centre: Doubles
    sides: Doubles
    stretch: float

    def ways(self, places: Doubles) -> Doubles:
        return distances(self.centre, 0.0, self.sides, places, self.stretch)


@dataclass(frozen=True, slots=True)
class _Fitted:
    """A vignette of one form.

    Attributes:
        error: Mean squared difference, the sum of the channels.
        form: Where it spreads from.
        reach: How far it is to the farthest place.
        plane: (3, 3) the colour of the page in its middle, and how that changes with x and with y.
        at: (bins,) how far from the form, 0 to 1.
        clear: (bins,) how much of the page shines through there.
        counts: (bins,) how many pixels are as far.
    """

    error: float
    form: _Form
    reach: float
    plane: Doubles
    at: Doubles
    clear: Doubles
    counts: Doubles


def fit_vignette(cells: Labels, colours: Doubles, shape: tuple[int, int]) -> Area | None:
    """A page as one colour or one linear gradient under one shade, black or white, that grows towards its edges.

    Args:
        cells: (n, 2) row and column of each pixel.
        colours: (n, 3). Others have no vignettes.
        shape: Height and width of the image.

    Returns:
        None if it is nothing like that, or does not reach all edges of the image.
    """
    if colours.shape[1] != len("rgb") or (cells.min(axis=0) > 0).any() or (cells.max(axis=0) + 1 < shape).any():
        return None
    chosen = np.random.default_rng(0).permutation(len(cells))[:_SAMPLE]
    places, own = np.asarray(cells[chosen, ::-1] + 0.5, np.float64), colours[chosen]
    size: Doubles = np.array(shape[::-1], np.float64)
    best: tuple[_Fitted, float] | None = None
    for tint in (0.0, 1.0):
        for form in _forms(size):
            fitted = _fitted(form, places, np.asarray(np.abs(own - tint), np.float64), size)
            if fitted is not None and (best is None or fitted.error < best[0].error):
                best = fitted, tint
    if best is None or best[0].error > _MAX_ERROR:
        return None
    fitted, tint = best
    opacity = (1 - fitted.clear).clip(0, 1)
    if opacity.max() < _MIN_OPACITY or opacity.max() >= 1:
        return None
    means = opacity[:, None] * np.array([tint, tint, tint, 1])
    offsets, stops = find_stops(fitted.at, means, fitted.counts)
    offsets, stops = np.concatenate([[0], offsets, [1]]), np.concatenate([stops[:1], stops, stops[-1:]])
    stops[:, :3] = tint
    soft = Soft(fitted.form.centre, 0.0, fitted.form.sides, fitted.reach, offsets, stops, fitted.form.stretch)
    plane = fitted.plane if not tint else np.array([[1.0], [0], [0]]) - fitted.plane
    page = _page(plane, size)
    drawn = soft.at(*places.T)
    under = page.gradient.at(*places.T)[:, :3] if page.gradient is not None else page.colour
    off = drawn[:, :3] + (1 - drawn[:, 3:]) * under - own
    if float((off**2).sum(axis=1).mean()) > _MAX_ERROR:
        return None
    return Area(page.colour, page.gradient, overlays=(soft,))


def _forms(size: Doubles) -> Iterator[_Form]:
    """Circles, ellipses like the image, and rectangles that leave edges of some widths."""
    centre = size / 2
    yield _Form(centre, np.zeros(2), 1.0)
    yield _Form(centre, np.zeros(2), float(size[0] / size[1]))
    for share in _SHARES:
        edge = round(share * float(size.min()) / 2)
        yield _Form(centre, size / 2 - edge, 1.0)


def _fitted(form: _Form, places: Doubles, values: Doubles, size: Doubles) -> _Fitted | None:
    """The page and the vignette of one form, by turns; None if it is hopeless.

    Args:
        form: Where it spreads from.
        places: (n, 2) x and y.
        values: (n, 3) how far colours are from that of the vignette.
        size: (2,) width and height of the image.
    """
    ways = form.ways(places)
    reach = float(form.ways(np.array([[0.0, 0], size])).max())
    bins = np.minimum((ways / reach * _BINS).astype(np.int64), _BINS - 1)
    counts = np.bincount(bins, minlength=_BINS)
    used = np.flatnonzero(counts)
    at = np.bincount(bins, ways, minlength=_BINS)[used] / counts[used] / reach
    design = np.concatenate([np.ones((len(places), 1)), (places - size / 2) / size], axis=1)
    clear, error = np.ones(len(values)), np.inf
    plane, through = np.zeros((3, 3)), np.ones(len(used))
    for turn in range(_TURNS):
        plane = np.asarray(np.linalg.lstsq(design * clear[:, None], values, rcond=None)[0], np.float64)
        below = design @ plane
        sums = np.bincount(bins, (values * below).sum(axis=1), minlength=_BINS)
        through = sums[used] / np.maximum(np.bincount(bins, (below**2).sum(axis=1), minlength=_BINS)[used], 1e-9)
        scale = max(float(through.max()), 1e-9)
        through, plane, below = through / scale, np.asarray(plane * scale, np.float64), below * scale
        clear = np.interp(ways / reach, at, through)
        error = float(((values - clear[:, None] * below) ** 2).sum(axis=1).mean())
        if turn == _EARLY and error > _HOPELESS:
            return None
    return _Fitted(error, form, reach, plane, at, through, counts[used].astype(np.float64))


def _page(plane: Doubles, size: Doubles) -> Area:
    """A page whose colour changes in one direction: the one in which it changes most."""
    middle, slope = plane[0], plane[1:] / size[:, None]
    left, strength, right = np.linalg.svd(slope)
    way = left[:, 0]
    far = float(np.abs(way) @ size) / 2
    if strength[0] * 2 * far < _EVEN:
        return Area(middle.clip(0, 1).astype(np.float32))
    ends = [(middle + side * far * strength[0] * right[0]).clip(0, 1).astype(np.float32) for side in (-1, 1)]
    (x0, y0), (x1, y1) = (size / 2 + side * far * way for side in (-1, 1))
    gradient: Gradient = as_two_colours(ends[0], ends[1], (float(x0), float(y0), float(x1), float(y1)))
    return Area(middle.clip(0, 1).astype(np.float32), gradient)
