"""Decides by trying what kind of image it is, and which areas it is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from scipy import ndimage

from spectacle.generators.supersvg.arrays import Floats, farthest
from spectacle.generators.supersvg.tracing.areas import Areas
from spectacle.generators.supersvg.tracing.comparing import is_better, sides_of, with_pale_lines
from spectacle.generators.supersvg.tracing.details import is_small
from spectacle.generators.supersvg.tracing.flat import any_error, find_areas, find_areas_within, smooth_share
from spectacle.generators.supersvg.tracing.jpeg import Compressed
from spectacle.generators.supersvg.tracing.jpeg_icons import find_colours_of_file
from spectacle.generators.supersvg.tracing.kind import mode_of, most_error
from spectacle.generators.supersvg.tracing.logo import FINAL_RATE, MIN_AREA, MIN_TOLERANCE, trace_areas
from spectacle.generators.supersvg.tracing.palette import find_colours
from spectacle.generators.supersvg.tracing.pixel_art import find_blurred_cells
from spectacle.generators.supersvg.tracing.recolour import with_colours_of_file, with_fewer_colours
from spectacle.generators.supersvg.tracing.refine import Budget, Optimiser
from spectacle.generators.supersvg.tracing.settings import Mode

_MIN_SMOOTH = 0.7
"""Less of a photograph is smooth, except skies; more of an illustration is, except small ones."""

_TOLD = 0.0001
"""Below this mean squared error, areas and gradients are what the image is made of."""

_UNTOLD, _MAX_SIDES, _MAX_MIXED = 0.03, 30, 0.5
"""What areas of a small image with few smooth pixels leave untold of its variance, the sides of pixels between them for
each pixel of its width, and the share of pixels that show two of them, at most, for an icon. Measured: icons of 48 to
128 pixels, compressed or not, have 0.03, 27 and 0.4 but for the smallest in strong JPEG; photographs more of one."""

_STEPS, _MOST = 30, 255
"""How an icon is tried: steps and paths."""

_UNSEEN, _LOSS = 0.0003, 200
"""Mean squared error that is added, and by how many times what it costs that all is lost is more than the curves."""

_BLUR, _SEEN = 0.7, 0.15
"""Pixels off by more than the second, after a blur, show something that was lost."""

_MAX_LOST, _HARDLY_LOST = 0.02, 0.002
"""The share of them that may be in an image of few colours, and the share with which nothing else is tried."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What kind of image it is.

    Attributes:
        mode: `PHOTO`, `ILLUSTRATION` or `LOGO`.
        areas: What it is made of; None for a photograph that was not looked at any further.
        file: What is known of the pixels before they were compressed, where that matters.
        sharpened: Whether the areas are sharp squares where the image has soft ones.
    """

    mode: Mode
    areas: Areas | None
    file: Compressed | None = None
    sharpened: bool = False

    @property
    def parts(self) -> int:
        """How many areas are seen."""
        return 0 if self.areas is None else len(np.unique(self.areas.labels))


@dataclass(frozen=True, slots=True)
class Known:
    """What was found of an image before it is decided what kind it is.

    Attributes:
        file: What is known of the pixels before they were compressed, if they were.
        areas: All that it is made of, with soft shades.
    """

    file: Compressed | None
    areas: Areas

    @classmethod
    def of(cls, picture: Image.Image, pixels: Floats) -> Known:
        """Find them.

        Args:
            picture: As it was opened.
            pixels: (height, width, 3 or 4), the image.
        """
        file = Compressed.of(picture, pixels)
        return cls(file, find_areas(pixels, file))


def decide(
    picture: Image.Image,
    optimiser: Optimiser,
    pixels: Floats,
    mode: Mode,
    budget: Budget,
    *,
    overlays: bool = True,
    known: Known | None = None,
) -> Decided:
    """Find out what kind of image it is, unless it is known.

    Args:
        picture: As it was opened.
        optimiser: Of the image, with which icons are tried.
        pixels: (height, width, 3 or 4), the image.
        mode: `AUTO`, or what the image is drawn as: areas are found in any case then.
        budget: Of the work; whatever its check raises passes through.
        overlays: Whether soft shades may lie on areas.
        known: What is used instead of finding it once more.
    """
    found, areas, file = Mode.PHOTO, None, None
    smooth, small = smooth_share(pixels) >= _MIN_SMOOTH, is_small(pixels)
    if tried := mode != Mode.AUTO or smooth or small:
        limit = any_error if mode != Mode.AUTO or small else most_error
        if known is None:
            file = Compressed.of(picture, pixels)
            areas = find_areas_within(pixels, file, limit, overlays=overlays)
        else:
            file, areas = known.file, known.areas
        found = Mode.PHOTO if areas is None else mode_of(areas)
        if mode == Mode.AUTO and not smooth and areas is not None and not _is_icon(areas, pixels):
            found, areas, file = Mode.PHOTO, None, None
    budget.go_on()
    told = file is None and found == Mode.LOGO and areas is not None and areas.error < _TOLD
    if not told and (cells := find_blurred_cells(pixels)) is not None:
        return Decided(Mode.LOGO, cells, file, sharpened=True)
    if small:
        found, areas = _better_drawn(found, areas, pixels, optimiser, budget)
    elif found != Mode.LOGO or areas is None or float(np.mean((areas.modelled - pixels) ** 2)) > _TOLD:
        few = find_colours(pixels)
        if few is not None and areas is None and tried:
            areas = find_areas_within(pixels, file, any_error, overlays=overlays)
        if few is not None and (areas is None or is_better(few, areas, pixels, found == Mode.LOGO, file)):
            areas, found = few, Mode.LOGO
    if mode != Mode.AUTO:
        found = Mode.LOGO
    if file is not None and areas is not None and found == Mode.LOGO:
        areas = with_pale_lines(with_fewer_colours(areas, file), file)
        areas = with_colours_of_file(areas, file)
    return Decided(found, areas, file)


def icon_of_file(picture: Image.Image, pixels: Floats) -> Decided | None:
    """What is known of a small image out of a JPEG file, if areas of few colours can have given the file.

    Args:
        picture: As it was opened.
        pixels: (height, width, 3 or 4), the image.
    """
    if not is_small(pixels) or (file := Compressed.of(picture, pixels)) is None:
        return None
    if find_blurred_cells(pixels) is not None:
        return None
    areas = find_colours_of_file(pixels, file)
    if areas is None or _fades(areas, pixels, file):
        return None
    return Decided(Mode.LOGO, areas, file)


def _fades(few: Areas, pixels: Floats, file: Compressed) -> bool:
    """Whether areas with gradients or soft shades say as much of a file as few colours do."""
    shaded = find_areas_within(pixels, file, any_error)
    if shaded is None or all(shaded.areas[number].plain for number in np.unique(shaded.labels).tolist()):
        return False
    of_shaded, of_few = (float(file.misfit(one.modelled).sum()) * sides_of(one) for one in (shaded, few))
    return of_shaded < of_few


def _is_icon(areas: Areas, pixels: Floats) -> bool:
    """Whether areas tell a small image by shapes, and not by following its texture."""
    untold = float(np.mean((areas.modelled - pixels) ** 2))
    variance = float(pixels.reshape(-1, pixels.shape[2]).var(axis=0).mean())
    few_sides = sides_of(areas) <= _MAX_SIDES * math.sqrt(areas.labels.size)
    return untold <= _UNTOLD * variance and few_sides and float((areas.shares < 1).mean()) <= _MAX_MIXED


def _better_drawn(
    found: Mode, areas: Areas | None, pixels: Floats, optimiser: Optimiser, budget: Budget
) -> tuple[Mode, Areas | None]:
    """The areas of a small image or its few colours, whichever make the better SVG after some steps."""
    drawn = None if areas is None or found != Mode.LOGO else _Drawn.of(areas, optimiser, budget)
    if drawn is not None and drawn.lost <= _HARDLY_LOST and areas is not None and areas.error < _TOLD:
        return found, areas
    few = find_colours(pixels)
    if few is None:
        return found, areas
    instead = _Drawn.of(few, optimiser, budget)
    if instead.cost < drawn.cost if drawn is not None else instead.lost <= _MAX_LOST:
        return Mode.LOGO, few
    return found, areas


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What the SVG of some areas is like.

    Attributes:
        cost: Its curves times its mean squared error, with some for what is not seen, and more for what is lost.
        lost: The share of pixels that show something else.
    """

    cost: float
    lost: float

    @classmethod
    def of(cls, areas: Areas, optimiser: Optimiser, budget: Budget) -> _Drawn:
        traced = trace_areas(areas, _MOST, MIN_AREA, MIN_TOLERANCE)
        own = traced.optimiser(optimiser)
        steps = Budget(_STEPS, lambda step, steps, error: None, budget.deadline, budget.check)
        paths = own.run(traced.paths.to(own.pixels.device), steps, 1.0, FINAL_RATE)
        with torch.no_grad():
            left = (own.draw(paths) - own.pixels).cpu().numpy()
        lost = farthest(ndimage.gaussian_filter(left, (_BLUR, _BLUR, 0))) > _SEEN
        share = float(lost.mean())
        return cls(len(paths.points) * (float(np.mean(left**2)) + _UNSEEN) * (1 + _LOSS * share), share)
