"""Finds soft shades that no gradient describes, such as shadows and glows, and takes them for layers of few colours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spectacle.generators.supersvg.arrays import Doubles, Floats, Labels
from spectacle.generators.supersvg.raster.gradients import Gradient
from spectacle.generators.supersvg.tracing.areas import Area, Shade
from spectacle.generators.supersvg.tracing.gradients import fit_gradient, fit_most, fit_overlay

MIN_PIXELS = 100
_BLUR = 1.0
"""Standard deviation in pixels of the blur that takes away the steps of channels of 8 bits."""

_STEP = 6 / 255
"""By how much the colours of two layers differ, in the channel where they do most."""

_MIN_LAYERS, _MAX_LAYERS = 3, 28
_MAX_LEFT = (2.5 / 255) ** 2
"""Mean squared error, the sum of the channels, above which the colours are more than those of one shade."""

_FEWER = 0.75
_FLAT = 12 / 255
"""Colours that differ by less, in every channel, count as one where others lie next to them."""

_PART_ERROR = 4 * (3 / 255) ** 2
_MIN_PART, _MAX_PARTS = 12, 64
_CLEARLY_NEARER = 0.5
_MAX_HIGHLIGHTS = 3
"""How many parts lie at most on a gradient that was found from a half of an area."""

_OPAQUE = 0.995
_BINS = 64
_MAX_ROUGH = 0.5
"""Sides of pixels between two layers for each pixel of a shade: those of textures are more."""


@dataclass(frozen=True, slots=True)
class Layers:
    """A shade, cut into layers.

    Attributes:
        level: (n,) for each pixel the number of the uppermost layer that covers it.
        part: (n,) how far it is on the way to the next layer, 0 to 1.
        colours: (layers, channels) what the pixels have of which each is the uppermost.
    """

    level: Labels
    part: Doubles
    colours: Doubles


def find_layers(places: Labels, colours: Doubles, shape: tuple[int, int]) -> Layers | None:
    """The layers of a shade, or None if its pixels have not one colour after the other on one way.

    Args:
        places: (n, 2) row and column of each pixel.
        colours: (n, 3), or 4 with the colours multiplied by the opacity.
        shape: Height and width of the image.
    """
    if len(places) < MIN_PIXELS:
        return None
    mean = colours.mean(axis=0)
    _, _, axes = np.linalg.svd((colours - mean)[:: max(1, len(colours) // 4096)], full_matrices=False)
    way = (colours - mean) @ axes[0]
    low, high = float(way.min()), float(way.max())
    if high - low < 1e-6:
        return None
    bins = ((way - low) / (high - low) * (_BINS - 1) + 0.5).astype(np.int64)
    counts = np.maximum(np.bincount(bins, minlength=_BINS), 1)
    curve = np.stack([np.bincount(bins, channel, minlength=_BINS) / counts for channel in colours.T], axis=1)
    used = np.flatnonzero(np.bincount(bins, minlength=_BINS))
    if float(((colours - curve[bins]) ** 2).sum(axis=1).mean()) > _MAX_LEFT + ((high - low) / _BINS) ** 2:
        return None
    # Even steps are those of the colours, wherever on the way they are.
    steps = np.abs(np.diff(curve[used], axis=0)).max(axis=1)
    lengths = np.interp(
        np.linspace(low, high, _BINS), np.linspace(low, high, _BINS)[used], np.append(0, steps.cumsum())
    )
    far = float(lengths[-1])
    count = min(max(round(far / _STEP), _MIN_LAYERS), _MAX_LAYERS)
    position = np.interp(way, np.linspace(low, high, _BINS), lengths) / max(far, 1e-9)
    position = _smoothed(position, places, shape)
    if not _outer_first(position, places, shape):
        position = 1 - position
    scaled = position.clip(0, 1) * count * (1 - 1e-9)
    level = scaled.astype(np.int64)
    # Where shades are steep, fewer layers look the same.
    while _sides(level, places, shape) > _MAX_ROUGH * len(places):
        count = round(_FEWER * count)
        if count < _MIN_LAYERS:
            return None
        scaled = position.clip(0, 1) * count * (1 - 1e-9)
        level = scaled.astype(np.int64)
    sizes = np.maximum(np.bincount(level, minlength=count), 1)
    means = np.stack([np.bincount(level, channel, minlength=count) / sizes for channel in colours.T], axis=1)
    return Layers(level, scaled - level, means)


def _smoothed(values: Doubles, places: Labels, shape: tuple[int, int]) -> Doubles:
    """The values in the mean of those around that are part of the shade, too."""
    whole, weight = np.zeros(shape), np.zeros(shape)
    whole[places[:, 0], places[:, 1]] = values
    weight[places[:, 0], places[:, 1]] = 1
    smooth = ndimage.gaussian_filter(whole, _BLUR) / np.maximum(ndimage.gaussian_filter(weight, _BLUR), 1e-9)
    return np.asarray(smooth[places[:, 0], places[:, 1]])


def _outer_first(position: Doubles, places: Labels, shape: tuple[int, int]) -> bool:
    """Whether the shade begins outside: where it is softest, it is farther from its middle, or at the image's edge."""
    edge = (places == 0).any(axis=1) | (places == np.array(shape) - 1).any(axis=1)
    if edge.any():
        return bool(position[edge].mean() <= position.mean())
    far = ((places - places.mean(axis=0)) ** 2).sum(axis=1)
    return bool(np.corrcoef(position, far)[0, 1] <= 0)


def _sides(level: Labels, places: Labels, shape: tuple[int, int]) -> int:
    whole = np.full(shape, -1, np.int64)
    whole[places[:, 0], places[:, 1]] = level
    sides = 0
    for one, other in ((whole[1:], whole[:-1]), (whole[:, 1:], whole[:, :-1])):
        sides += int(((one != other) & (one >= 0) & (other >= 0)).sum())
    return sides


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an area whose other pixels have a gradient.

    Attributes:
        pixels: Numbers of its pixels among those of the area.
        colour: Their mean.
        gradient: What it is filled with; None if no gradient will do.
        lies_above: Whether the gradient lies on that of the other pixels, which shines through.
    """

    pixels: Labels
    colour: Floats
    gradient: Gradient | None
    lies_above: bool


@dataclass(frozen=True, slots=True)
class Split:
    """An area of which most has one gradient, or one colour.

    Attributes:
        within: (n,) which pixels these are.
        gradient: What they have.
        colour: Their mean.
        flat: Whether that is all that they have.
        parts: The others, where they are connected.
        good: Whether all of these have gradients, or are small and have one colour.
    """

    within: NDArray[np.bool_]
    gradient: Gradient
    colour: Floats
    flat: bool
    parts: list[Part]

    @property
    def good(self) -> bool:
        return all(part.gradient is not None or len(part.pixels) < MIN_PIXELS for part in self.parts)


def split_of(
    places: Doubles,
    colours: Doubles,
    cells: Labels,
    shape: tuple[int, int],
    most: Iterable[tuple[Gradient, NDArray[np.bool_]]] | None = None,
) -> Split | None:
    """What an area is split into, if most of it has one gradient.

    Args:
        places: (n, 2) x and y of the middles of its pixels.
        colours: (n, 3), or 4 with the colours multiplied by the opacity.
        cells: (n, 2) row and column of each.
        shape: Height and width of the image.
        most: What `fit_most` gives for them, if that is known.
    """
    first = None
    for gradient, within in fit_most(places, colours) if most is None else most:
        split = _split(gradient, within, places, colours, cells, shape)
        if split.good and (first is None or len(split.parts) <= _MAX_HIGHLIGHTS):
            return split
        first = first or split
        if first.flat:  # what lies on a ground of one colour is no highlight
            break
    return first


def is_worth(split: Split, places: Doubles, colours: Doubles, found: tuple[Gradient, float] | None) -> bool:
    """Whether a split into a few parts is clearly nearer to an area than one gradient.

    Args:
        split: Of the area; all of its parts are found.
        places, colours: As for `split_of`.
        found: The gradient, and its mean squared error, the sum of the channels.
    """
    if found is None or len(split.parts) > _MAX_HIGHLIGHTS:
        return found is None
    drawn = split.gradient.at(*places.T)[:, : colours.shape[1]]
    for part in split.parts:
        own = np.tile(part.colour.astype(np.float64), (len(part.pixels), 1))
        if part.gradient is not None:
            own = part.gradient.at(*places[part.pixels].T)
            if part.lies_above:
                own = own[:, : colours.shape[1]] + (1 - own[:, 3:]) * drawn[part.pixels]
        drawn[part.pixels] = own[:, : colours.shape[1]]
    return float(((drawn - colours) ** 2).sum(axis=1).mean()) < _CLEARLY_NEARER * found[1]


def splits_further(split: Split, places: Doubles, colours: Doubles, cells: Labels, shape: tuple[int, int]) -> bool:
    """Whether all parts of a split that have no gradient can be split into what has one: they are things of their own.

    Args:
        split: Of an area.
        places, colours, cells, shape: As for `split_of`.
    """
    left = [part.pixels for part in split.parts if part.gradient is None]
    found = (split_of(places[pixels], colours[pixels], cells[pixels], shape) for pixels in left)
    return all(part is not None and part.good for part in found)


def _split(
    gradient: Gradient,
    within: NDArray[np.bool_],
    places: Doubles,
    colours: Doubles,
    cells: Labels,
    shape: tuple[int, int],
) -> Split:
    """An area of which some pixels, (n,), have a gradient; the rest as for `split_of`."""
    own = colours[within]
    flat = float(np.ptp(own, axis=0).max()) < _FLAT
    numbers = np.zeros(shape, np.int64)
    numbers[cells[:, 0], cells[:, 1]] = np.where(within, 0, 1)
    labels, count = ndimage.label(numbers)
    of_parts = labels[cells[:, 0], cells[:, 1]]
    below = np.broadcast_to(own.mean(axis=0), colours.shape) if flat else gradient.at(*places.T)[:, : colours.shape[1]]
    parts = []
    for number in range(1, min(count, _MAX_PARTS) + 1):
        pixels = np.flatnonzero(of_parts == number)
        if len(pixels) >= _MIN_PART:
            part = _part(pixels, places[pixels], colours[pixels], below[pixels])
            left = float(((colours[pixels] - part.colour) ** 2).sum(axis=1).mean())
            # What is small and uneven is what compression has left of an outline.
            if part.gradient is not None or len(pixels) >= MIN_PIXELS or left <= _PART_ERROR:
                parts.append(part)
    return Split(within, gradient, own.mean(axis=0).astype(np.float32), flat, parts)


def _part(pixels: Labels, places: Doubles, colours: Doubles, below: Doubles) -> Part:
    mean = colours.mean(axis=0).astype(np.float32)
    fits = [(fit_gradient(places, colours), False)]
    opaque = colours.shape[1] == len("rgb")
    if opaque or (below[:, 3].min() > _OPAQUE and colours[:, 3].min() > _OPAQUE):
        fits.append((fit_overlay(places, colours[:, :3], below[:, :3]), True))
    good = [(found, above) for found, above in fits if found is not None and found[1] <= _PART_ERROR]
    if not good:
        return Part(pixels, mean, None, lies_above=False)
    (gradient, _), above = min(good, key=lambda fit: fit[0][1])
    return Part(pixels, mean, gradient, above)


@dataclass(slots=True)
class Shades:
    """The shades of an image, as far as they are found.

    Attributes:
        seeds: (height, width), the areas numbered from 1; 0 for none. Those of shades get further numbers.
        areas: What the areas are filled with.
    """

    seeds: Labels
    areas: list[Area]
    _parts: list[tuple[NDArray[np.int64], Layers, list[int]]]

    @classmethod
    def of(cls, seeds: Labels, areas: list[Area]) -> Shades:
        """None yet."""
        return cls(seeds.copy(), list(areas), [])

    def add(self, number: int, places: Labels, layers: Layers) -> None:
        """Take an area for a shade: its first layer keeps its number."""
        shade = len(self._parts)
        names = [number, *range(len(self.areas), len(self.areas) + len(layers.colours) - 1)]
        self.areas += [self.areas[number]] * (len(names) - 1)
        before = np.zeros(layers.colours.shape[1])
        for level, (name, colour) in enumerate(zip(names, layers.colours, strict=True)):
            layer = _on(colour, before) if level else colour
            own = Shade(shade, level, layer.astype(np.float32))
            self.areas[name] = replace(self.areas[number], colour=colour.astype(np.float32), gradient=None, shade=own)
            before = colour
        self.seeds[places[:, 0], places[:, 1]] = np.array(names)[layers.level] + 1
        self._parts.append((places, layers, names))

    def split(self, number: int, member: Labels, split: Split) -> list[tuple[int, Labels]]:
        """Take parts of an area for areas of their own.

        Args:
            number: The area.
            member: (n,) its pixels, counted by rows.
            split: What it is split into.

        Returns:
            The numbers of the parts that have no gradient yet, and their pixels.
        """
        flat = self.seeds.ravel()
        self.areas[number] = Area(split.colour, None if split.flat else split.gradient)
        flat[member[~split.within]] = 0
        left = []
        for part in split.parts:
            base = number if part.lies_above else None
            self.areas.append(Area(part.colour, part.gradient, base=base))
            flat[member[part.pixels]] = len(self.areas)
            if part.gradient is None:
                left.append((len(self.areas) - 1, member[part.pixels]))
        self.seeds = flat.reshape(self.seeds.shape)
        return left

    def cover(self, number: int, member: Labels, area: Area, covers: NDArray[np.bool_], islands: list[int]) -> None:
        """Give an area soft shades, and take what lies on these, but looks like what is below them, for one of its own.

        Args:
            number: The area.
            member: (n,) its pixels, counted by rows.
            area: What it is.
            covers: (n,) which of its pixels lie on its shades.
            islands: Numbers of areas, from 1, that become part of it.
        """
        self.areas[number] = area
        if islands:
            self.seeds = np.where(np.isin(self.seeds, islands), number + 1, self.seeds)
        if covers.any():
            self.areas.append(replace(area, overlays=()))
            flat = self.seeds.ravel()
            flat[member[covers]] = len(self.areas)
            self.seeds = flat.reshape(self.seeds.shape)

    def cut(self, number: int, member: Labels, gradients: list[Gradient], which: Labels) -> None:
        """Take each part of an area that has a gradient of its own for an area.

        Args:
            number: The area; one of the parts keeps its number.
            member: (n,) its pixels, counted by rows.
            gradients: What the parts have.
            which: (n,) the number of each pixel's part.
        """
        flat = self.seeds.ravel()
        kept = self.areas[number]
        used = np.unique(which).tolist()
        for place, part in enumerate(used):
            area = replace(kept, gradient=gradients[part])
            if place:
                self.areas.append(area)
                flat[member[which == part]] = len(self.areas)
            else:
                self.areas[number] = area
        self.seeds = flat.reshape(self.seeds.shape)

    def soften(self, labels: Labels, neighbours: Labels, shares: Floats) -> None:
        """Write for each pixel of a shade how much of it is the next layer, or the one before, into what is shared."""
        for places, layers, names in self._parts:
            rows, columns = places.T
            own = np.array(names)
            last = len(names) - 1
            upper = layers.part > 0.5
            other = np.where(upper, layers.level + 1, layers.level - 1)
            inner = (other >= 0) & (other <= last)
            labels[rows, columns] = own[layers.level]
            neighbours[rows, columns] = np.where(inner, own[other.clip(0, last)], own[layers.level])
            share = np.where(upper, 1.5 - layers.part, 0.5 + layers.part)
            shares[rows, columns] = np.where(inner, share, 1)


def _on(colour: Doubles, below: Doubles) -> Doubles:
    """What gives a colour on another: the colour itself where that is opaque."""
    if len(colour) == len("rgb"):
        return colour
    opacity = (colour[3] - below[3]) / max(1 - below[3], 1e-6)
    if opacity <= 0:
        return colour
    layer = np.append(colour[:3] - below[:3] * (1 - opacity), opacity)
    return np.asarray(layer.clip(0, max(opacity, 0)))
