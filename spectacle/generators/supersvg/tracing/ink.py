"""Finds images in two colours, ink on paper, and how much of each of their pixels is ink."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from spectacle.generators.supersvg.arrays import Floats, Labels, farthest
from spectacle.generators.supersvg.raster.cpu import in_threads

_BINS = 32
_FAINT = 0.1
"""What differs by less from the pixels around it is neither a line nor a gap."""

_AROUND = 5
"""Side in pixels of the window in which the most and the least covered pixels are looked for."""

_REACH = 8
"""How many pixels away what is drawn at a place depends on: twice half that window, the blur, and one to enlarge."""

_FINE_SPREAD, _FINE_SPREAD_TINY = 0.5, 0.35
"""Standard deviation in pixels of the blur after which the sides of fine lines are smooth; in tiny icons it is less."""

_FINE, _SOLID = 0.75, 0.95
"""Where the most and the least differ by no more than the first, one of ink and paper is fine; by the second, none."""

_CONTRAST = 0.15
"""By how much, in any channel, ink differs from paper at least."""

_STRONG = 0.7
_NOISE_SPREAD = 0.8
"""Standard deviation in pixels of the blur that takes noise away, where there is some."""

_STEP = 0.004
_STEP_SPREAD = 0.8
"""The same for the blur that takes away the steps of pixels of two colours."""

_NOISY = 0.008
_PLAIN = 0.3
_ENOUGH = 100
_FAINT_IN_NOISE = 15
_OFF, _OFF_COMPRESSED = 0.05, 0.13
"""By how much pixels away from outlines may differ from ink and paper, and behind what lossy compression leaves."""

_COMPRESSED = 0.004
_OFF_AT_OUTLINE = 0.2
_MAX_OFF = 0.0005
"""The share of pixels that may be neither ink nor paper."""

_BETWEEN, _MAX_BETWEEN = 0.25, 0.02
"""What is by more than the first neither ink nor paper, and its share, with which there is no drawing any more."""

_TINY = 48 * 48
_MAX_OFF_TINY = 0.02
"""The same in icons of so few pixels that most are on outlines."""

_IN_NOISE = 6
_PURE = 0.2
_CLEAR = 0.02
_MAX_SIDES = 0.7
"""Sides of pixels between ink and paper, for each pixel; dithered photographs have more, and screens of dots fewer."""

_NEARBY = 3.0
"""Standard deviation in pixels of the blur after which lossy compression has left the colour of ink as it is."""

_OTHER_COLOUR, _MAX_OTHER = 0.08, 0.06
"""By how much, in any channel, ink may be off its colour in that mean, and the share of ink that may be off by more."""

_EVEN = 8 / 255
_PANEL, _MAX_PANEL, _ONE_SHADE = 0.02, 0.01, 0.6
"""By how much even pixels of a panel differ from ink and paper; the share of the image with which they are one; and
how many of them have one shade, within a step: those of unevenly lit paper have many."""

_LEVELS = 256

_SMALL = 20 * 20
_AT_ONCE = 2**20
_SAMPLE = 2**20
_CELLS = 64
"""Into so many parts the longer side is divided to see how light the paper is."""

_CLOSED = 9
"""What is darker for fewer of these is ink."""


@dataclass(frozen=True, slots=True)
class Ink:
    """An image in two colours.

    Attributes:
        coverage: (height, width), how much of each pixel is ink, 0 to 1, without noise and steps.
        paper: (3,), or (4,) zeros for ink on nothing.
        colour: The same number of channels.
        noise: Standard deviation of the coverage that was taken away as noise.
        rough: Whether outlines have steps: noise, lossy compression, or pixels of two colours alone.
        pure: Whether pixels have exactly the colour of the ink; fine lines have none.
    """

    coverage: Floats
    paper: Floats
    colour: Floats
    noise: float = 0.0
    rough: bool = False
    pure: bool = True

    @property
    def _spread(self) -> float:
        return _FINE_SPREAD if self.coverage.size > _TINY else _FINE_SPREAD_TINY

    def drawn(self, zoom: int = 1) -> Floats:
        """(zoom·height, zoom·width), 0.5 on outlines, more in ink and less on paper, however fine they are.

        Where ink and paper are as wide as pixels, it is what is covered. Where one of them is finer, an outline is
        halfway between the most and the least that is covered around, after a blur: the sides of fine lines would
        follow the pixels.
        """
        height, width = self.coverage.shape
        drawn: Floats = np.empty((zoom * height, zoom * width), np.float32)
        rows = max(1, _AT_ONCE // (zoom * zoom * width))

        def draw(top: int) -> None:
            bottom = min(top + rows, height)
            drawn[zoom * top : zoom * bottom] = self._band(top, bottom, zoom)

        for _ in in_threads(draw, range(0, height, rows)):
            pass
        return drawn

    def _band(self, top: int, bottom: int, zoom: int) -> Floats:
        """The rows that some rows of pixels become."""
        above, below = min(top, _REACH), min(self.coverage.shape[0] - bottom, _REACH)
        own = self.coverage[top - above : bottom + below]
        blurred = ndimage.gaussian_filter(own, self._spread)
        if zoom > 1:
            own, blurred = (_enlarged(side, zoom) for side in (own, blurred))
        around = _AROUND * zoom | 1
        least = max(_FAINT, _FAINT_IN_NOISE * self.noise)
        most = ndimage.uniform_filter(ndimage.maximum_filter(blurred, around), around)
        range_ = most - ndimage.uniform_filter(ndimage.minimum_filter(blurred, around), around)
        fine = ((_SOLID - range_) / (_SOLID - _FINE)).clip(0, 1)
        fine *= (range_ / least - 1).clip(0, 1)
        blurred -= most
        blurred /= range_.clip(min=least)
        blurred += 1 - own
        blurred *= fine
        blurred += own
        drawn: Floats = blurred[zoom * above : len(blurred) - zoom * below]
        return drawn


def is_line_drawing(ink: Ink) -> bool:
    """Whether hardly anything but outlines is between ink and paper, as it is in photographs."""
    inside = ink.drawn() > 0.5
    outline = ndimage.binary_dilation(inside, iterations=2) & ~ndimage.binary_erosion(inside, iterations=2)
    between = (np.abs(ink.coverage - inside) > _BETWEEN) & ~outline
    return bool(between.mean() < _MAX_BETWEEN)


def _enlarged(values: Floats, zoom: int) -> Floats:
    """The values at `zoom` times as many places in both directions, linearly between those of the pixels."""
    for axis in (0, 1):
        count = values.shape[axis]
        places = (np.arange(zoom * count) + 0.5) / zoom - 0.5
        before = np.floor(places).clip(0, count - 1).astype(np.int64)
        after = (before + 1).clip(max=count - 1)
        share = (places - before).clip(0, 1).astype(np.float32)
        share = share[:, None] if axis == 0 else share[None]
        values = values.take(before, axis) * (1 - share) + values.take(after, axis) * share
    return values


def find_ink(pixels: Floats) -> Ink | None:
    """How much of each pixel is ink, or None where there is more than one ink on one paper.

    Args:
        pixels: (height, width, 3), or 4 with the colours multiplied by the opacity.
    """
    ink = _on_paper(pixels) if pixels.shape[2] == len("rgb") else _on_nothing(pixels)
    return None if ink is None else _explained(ink, pixels)


def ink_at_full_size(picture: Image.Image) -> Ink | None:
    """The same of an image that is known to be ink on paper, however large: in bands, to save memory."""
    width, height = picture.size
    rows = max(1, _AT_ONCE // width)
    bands = [(0, top, width, min(top + rows, height)) for top in range(0, height, rows)]

    def pixels(box: tuple[int, int, int, int]) -> Floats:
        return np.asarray(picture.crop(box).convert("RGB"), np.float32) / np.float32(255)

    step = max(1, len(bands) * rows * width // _SAMPLE)
    sample = np.concatenate([pixels(box).reshape(-1, 3)[::step] for box in bands])
    paper, colour, pure = _colours(sample)
    axis = colour - paper
    if np.abs(axis).max() < _CONTRAST:
        return None
    coverage = np.concatenate([_coverage(pixels(box), paper, colour) for box in bands])
    return _without_noise(Ink(coverage, paper, colour, pure=pure))


def evened_ink(pixels: Floats) -> Ink | None:
    """How much of each pixel is ink on unevenly lit paper, whatever else there may be; None where nothing differs.

    Args:
        pixels: (height, width, 3 or 4). What is transparent is the paper.
    """
    transparent = pixels.shape[2] > len("rgb")
    if transparent:
        pixels = pixels[..., :3] + (1 - pixels[..., 3:])
    light = pixels.mean(axis=2)
    if not transparent and np.median(light) < 0.5:  # the paper is dark
        light = 1 - light
    paper = np.ones_like(light) if transparent else _paper_light(light)
    depth = (1 - light / paper.clip(min=1e-3)).clip(0, 1)
    seen = depth[depth > _CONTRAST]
    if not len(seen):
        return None
    deepest = float(np.quantile(seen, 0.9))
    strong = depth >= _STRONG * deepest
    flat = pixels.reshape(-1, 3)
    colour = np.median(flat[strong.ravel()], axis=0).astype(np.float32)
    ground = np.median(flat, axis=0).astype(np.float32)
    if transparent:
        ground, colour = np.zeros(4, np.float32), np.append(colour, np.float32(1))
    return _without_noise(Ink((depth / deepest).clip(0, 1).astype(np.float32), ground, colour))


def _paper_light(light: Floats) -> Floats:
    """How light the paper is at each pixel: what is darker for a short way is ink."""
    height, width = light.shape
    step = max(1, round(max(height, width) / _CELLS))
    padded = np.pad(light, ((0, -height % step), (0, -width % step)), mode="edge")
    cells = padded.reshape(padded.shape[0] // step, step, padded.shape[1] // step, step)
    brightest = np.quantile(cells, 0.8, axis=(1, 3)).astype(np.float32)
    smooth = ndimage.gaussian_filter(ndimage.grey_closing(brightest, _CLOSED, mode="nearest"), 1.5, mode="nearest")
    rows, columns = ((np.arange(side) + 0.5) / step - 0.5 for side in (height, width))
    places = np.meshgrid(rows, columns, indexing="ij")
    paper: Floats = ndimage.map_coordinates(smooth, places, order=1, mode="nearest").astype(np.float32)
    return paper


def _on_paper(pixels: Floats) -> Ink | None:
    paper, colour, pure = _colours(pixels.reshape(-1, 3))
    if np.abs(colour - paper).max() < _CONTRAST:
        return None
    return _without_noise(Ink(_coverage(pixels, paper, colour), paper, colour, pure=pure))


def _coverage(pixels: Floats, paper: Floats, colour: Floats) -> Floats:
    axis = colour - paper
    return np.asarray(((pixels - paper) @ (axis / (axis @ axis))).clip(0, 1), np.float32)


def _without_noise(ink: Ink) -> Ink:
    coverage = ink.coverage
    if ((coverage < _STEP) | (coverage > 1 - _STEP)).all():
        return replace(ink, coverage=ndimage.gaussian_filter(coverage, _STEP_SPREAD), rough=True)
    noise = 1.5 * _roughness(coverage)
    if noise <= _NOISY:
        return ink
    smooth = ndimage.gaussian_filter(coverage, _NOISE_SPREAD)
    some = smooth.ravel()[:: max(1, smooth.size // _SAMPLE)]
    low, high = (float(np.median(some[side])) for side in (some < _PLAIN, some > 1 - _PLAIN))
    axis = ink.colour - ink.paper
    smooth -= low
    smooth /= max(high - low, _PLAIN)
    return replace(
        ink,
        coverage=smooth.clip(0, 1, out=smooth),
        paper=ink.paper + low * axis,
        colour=ink.paper + high * axis,
        noise=noise / 3,
        rough=True,
    )


def _roughness(coverage: Floats) -> float:
    """The median difference of pixels from those around them where there is nothing but paper, 0 without any."""
    height, width = coverage.shape
    rows = max(1, _AT_ONCE // width)
    step = max(1, coverage.size // _SAMPLE)
    rough = []
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        begin = max(top - _AROUND, 0)
        band = coverage[begin : bottom + _AROUND]
        own = slice(top - begin, bottom - begin)
        plain = ndimage.maximum_filter(band, _AROUND)[own] < _PLAIN
        rough.append(np.abs(band - ndimage.uniform_filter(band, 3))[own][plain][::step])
    values = np.concatenate(rough)
    return float(np.median(values)) if len(values) > _ENOUGH else 0.0


def _on_nothing(pixels: Floats) -> Ink | None:
    """Ink of one colour on a transparent ground."""
    opacity = pixels[..., 3]
    solid = opacity > _STRONG * opacity.max()
    if opacity.max() < _CONTRAST or opacity.min() > _CLEAR:
        return None
    colour = np.median(pixels[solid] / opacity[solid, None], axis=0).astype(np.float32)
    return _without_noise(Ink(opacity.astype(np.float32), np.zeros(4, np.float32), colour))


def _colours(flat: Floats) -> tuple[Floats, Floats, bool]:
    """The colours of paper, which most pixels have, and of ink, which differ most from it; whether pixels have that."""
    paper = _commonest(flat)
    apart = farthest(flat - paper)
    seen = apart[apart > _CONTRAST]
    if not len(seen):
        return paper, paper, True
    strong = apart >= _STRONG * np.quantile(seen, 0.98)
    colour = _commonest(flat[strong])
    pure = bool((farthest(flat[strong] - colour) < 1 / 64).mean() > _PURE)
    return paper, colour if pure else np.median(flat[strong], axis=0).astype(np.float32), pure


def _commonest(flat: Floats) -> Floats:
    """The median of the colours that are commonest."""
    steps = (flat * (_BINS - 1) + 0.5).astype(np.int64)
    codes: Labels = steps @ np.array([_BINS * _BINS, _BINS, 1])
    commonest = np.bincount(codes).argmax()
    colour: Floats = np.median(flat[codes == commonest], axis=0).astype(np.float32)
    return colour


def _explained(ink: Ink, pixels: Floats) -> Ink | None:
    """The ink, if all pixels are ink, paper, or a mixture on an outline."""
    inside = ink.drawn() > 0.5
    if not inside.any():
        return None
    sides = (inside[1:] != inside[:-1]).sum() + (inside[:, 1:] != inside[:, :-1]).sum()
    if inside.size > _SMALL and sides > _MAX_SIDES * inside.size:
        return None
    outline = ndimage.binary_dilation(inside, iterations=2) & ~ndimage.binary_erosion(inside, iterations=2)
    coverage = ink.coverage if pixels.shape[2] > len("rgb") else _coverage(pixels, ink.paper, ink.colour)
    modelled = ink.paper + coverage[..., None] * (ink.colour - ink.paper)
    aside = farthest(ndimage.gaussian_filter(pixels - modelled, (1, 1, 0)))
    contrast = float(np.abs(ink.colour - ink.paper).max())
    off = np.maximum(np.abs(ink.coverage - inside) * contrast, aside)
    away = off[~outline]
    compressed = len(away) > 0 and (ink.noise > 0 or float((away > _COMPRESSED).mean()) > _CLEAR)
    limit = _OFF_COMPRESSED + _IN_NOISE * ink.noise if compressed else _OFF
    limits = np.where(outline, _OFF_AT_OUTLINE, limit)
    wrong: NDArray[np.bool_] = np.where(outline, aside, off) > limits
    if wrong.sum() > (_MAX_OFF if wrong.size > _TINY else _MAX_OFF_TINY) * wrong.size:
        return None
    if pixels.shape[2] == len("rgb") and (_of_several_colours(ink, pixels, coverage) or _has_panel(ink, pixels)):
        return None
    return replace(ink, rough=ink.rough or compressed)


def _of_several_colours(ink: Ink, pixels: Floats, coverage: Floats) -> bool:
    """Whether some of the ink has another colour than the rest, be it in lines that are finer than a pixel's noise."""
    weight = coverage**2
    own = ndimage.gaussian_filter((pixels - ink.paper) * weight[..., None], (_NEARBY, _NEARBY, 0))
    own /= ndimage.gaussian_filter(weight, _NEARBY).clip(min=1e-4)[..., None]
    axis = ink.colour - ink.paper
    axis /= np.linalg.norm(axis)
    aside = np.abs(own - (own @ axis)[..., None] * axis).max(axis=2)
    inside = coverage > 0.5
    return bool((aside[inside] > _OTHER_COLOUR).sum() > _MAX_OTHER * inside.sum())


def _has_panel(ink: Ink, pixels: Floats) -> bool:
    """Whether much of the image has one shade that is neither that of the ink nor that of the paper."""
    window = (_AROUND, _AROUND, 1)
    range_ = (ndimage.maximum_filter(pixels, window) - ndimage.minimum_filter(pixels, window)).max(axis=2)
    mean = ndimage.uniform_filter(pixels, window)
    off = np.minimum(*(np.abs(mean - side).max(axis=2) for side in (ink.paper, ink.colour)))
    panel = (range_ < _EVEN) & (off > _PANEL)
    if panel.mean() <= _MAX_PANEL:
        return False
    counts = np.bincount((mean[panel].mean(axis=1) * (_LEVELS - 1) + 0.5).astype(np.int64), minlength=_LEVELS)
    return bool(np.convolve(counts, np.ones(3)).max() > _ONE_SHADE * panel.sum())
