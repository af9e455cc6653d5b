"""Finds what else belongs to a shade: areas inside, such as the holes of letters; and what fades inwards."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from spectacle.generators.supersvg.arrays import Doubles, Floats, Labels, Window
from spectacle.generators.supersvg.tracing.areas import Area
from spectacle.generators.supersvg.tracing.glow_fitting import MAX_OVALS, Seen, fit_ovals
from spectacle.generators.supersvg.tracing.soft import Soft

_OFF_COLOUR = 3 * (3 / 255) ** 2
"""Squared difference, the sum of the channels, by which colours of an island may be off those of a shade."""

_UNEVEN = 1.5 / 255
"""Least standard deviation of the opacity of a shade in an island: areas of one colour are things of their own."""

_SOLID = 0.95
_FINE, _MAX_OFF = 1.3 / 255, 2.5 / 255
"""The root of the mean squared difference of a channel with which shades are good enough, and up to which they are."""

_MAX_WITHIN = 12
"""How many ellipses there may be in an area that fades inwards: each has its outline."""

_MANY_ISLANDS = 40
_MIN_PIXELS, _OPAQUE = 100, 0.995
_LOW, _HIGH = 0.002, 0.998
_SAMPLE = 4096
_MIN_CONTRAST = 12 / 255


@dataclass(frozen=True, slots=True)
class Island:
    """An area that another one surrounds.

    Attributes:
        number: Of the area, from 1.
        cells: (n, 2) row and column of each of its pixels.
        colours: (n, 3), or 4 with the colours multiplied by the opacity.
    """

    number: int
    cells: Labels
    colours: Doubles


def islands_in(cells: Labels, seeds: Labels, image: Floats) -> list[Island]:
    """The areas that an area surrounds.

    Args:
        cells: (n, 2) row and column of each pixel of the area.
        seeds: (height, width), the areas of the image numbered from 1; 0 for none.
        image: (height, width, 3 or 4).
    """
    corner, end = cells.min(axis=0), cells.max(axis=0) + 1
    window = tuple(slice(int(low), int(high)) for low, high in zip(corner, end, strict=True))
    own = np.zeros(end - corner, bool)
    own[tuple((cells - corner).T)] = True
    held = np.where(ndimage.binary_fill_holes(own) & ~own, seeds[window], 0)
    numbers, counts = np.unique(held[held > 0], return_counts=True)
    found = []
    for number in numbers[np.argsort(-counts)][:_MANY_ISLANDS].tolist():
        inside = np.argwhere(held == number) + corner
        found.append(Island(number, inside, image[tuple(inside.T)].astype(np.float64)))
    return found


def opacities(own: Doubles, below: Doubles, colour: Doubles) -> tuple[Doubles, Doubles]:
    """(n,) how much of a colour makes pixels of those below, and (n,) the squared difference that is left.

    Args:
        own, below: (n, 3), or 4 with the colours multiplied by the opacity.
        colour: (3,).
    """
    axis = np.append(colour, 1)[: own.shape[1]] - below
    change = own - below
    share = ((change * axis).sum(axis=1) / np.maximum((axis**2).sum(axis=1), 1e-6)).clip(0, 1)
    return share, ((change - share[:, None] * axis) ** 2).sum(axis=1)


def shows_shade(island: Island, below: Doubles, colour: Doubles) -> bool:
    """Whether an island clearly shows a shade of a colour, and nothing else.

    Args:
        island: The area.
        below: (n, 3 or 4) what its pixels would be without a shade.
        colour: (3,) of the shade.
    """
    share, left = opacities(island.colours, below, colour)
    return bool(left.mean() <= _OFF_COLOUR and share.max() < _SOLID and share.std() >= _UNEVEN)


def ovals_on(
    places: Doubles, own: Doubles, below: Doubles, colour: Doubles, around: Doubles, limit: int = MAX_OVALS
) -> tuple[Soft, ...]:
    """The soft ellipses of a colour that make pixels of those below; none if they do not.

    Args:
        places: (n, 2) x and y of the pixels.
        own, below, colour: As for `opacities`.
        around: (m, 2) x and y of pixels that show nothing of a shade.
        limit: How many there may be.
    """
    share, _ = opacities(own, below, colour)
    contrast = _contrast(colour, below)
    if contrast < _MIN_CONTRAST:
        return ()
    clear = np.concatenate([1 - share, np.ones(len(around))])
    seen = Seen(np.concatenate([places, around]), clear, colour)
    return fit_ovals(seen, _FINE / contrast, _MAX_OFF / contrast, limit)


def _contrast(colour: Doubles, below: Doubles) -> float:
    """Root of the mean squared difference of a channel between a colour and what it lies on; clear ones count as white
    or as black, whichever is more."""
    if below.shape[1] == len("rgb"):
        return math.sqrt(float(((colour - below) ** 2).mean()))
    return math.sqrt(max(float((colour**2).mean()), float(((1 - colour) ** 2).mean())))


def fading_inwards(places: Doubles, colours: Doubles, cells: Labels, shape: tuple[int, int]) -> Area | None:
    """An area that fades from its outline inwards, as one colour with soft ellipses of another in it.

    Args:
        places: (n, 2) x and y of the middles of its pixels.
        colours: (n, 3), or 4 with the colours multiplied by the opacity.
        cells: (n, 2) row and column of each.
        shape: Height and width of the image.

    Returns:
        None if its colours are not on the way between two.
    """
    if len(places) < _MIN_PIXELS:
        return None
    if colours.shape[1] == 4 and colours[:, 3].min() < _OPAQUE:
        opacity = colours[:, 3]
        colour = colours[:, :3].sum(axis=0) / max(float(opacity.sum()), 1e-9)
        ground = float(np.quantile(opacity, _LOW)) * np.append(colour, 1)
    else:
        ground, colour = _ends(colours[:, :3], cells)
        ground = ground if colours.shape[1] == len("rgb") else np.append(ground, 1)
    below = np.tile(ground, (len(colours), 1))
    if opacities(colours, below, colour)[1].mean() > _OFF_COLOUR:
        return None
    softs = ovals_on(places, colours, below, colour, np.zeros((0, 2)), _MAX_WITHIN)
    if not softs:
        return None
    # A page lies below all others, and what is beyond the image is cut off.
    page = (cells.min(axis=0) == 0).all() and (cells.max(axis=0) + 1 == shape).all()
    return Area(ground.astype(np.float32), overlays=tuple(replace(soft, within=not page) for soft in softs))


def _ends(own: Doubles, cells: Labels) -> tuple[Doubles, Doubles]:
    """The two colours, (3,) each, on the way between which those of pixels are: first the one next to the outline."""
    mean = own.mean(axis=0)
    _, _, axes = np.linalg.svd((own - mean)[:: max(1, len(own) // _SAMPLE)], full_matrices=False)
    way = (own - mean) @ axes[0]
    ends = (mean + np.quantile(way, [_LOW, _HIGH])[:, None] * axes[0]).clip(0, 1)
    window = Window.of(cells, 1)
    outer = ~window.at(ndimage.binary_erosion(window.filled(np.ones(len(cells), bool)), np.ones((3, 3), bool)))
    first, last = ends if way[outer].mean() <= way.mean() else ends[::-1]
    return first, last
