"""Images that show their pixels, such as QR codes and pixel art: squares of few colours, with exact edges."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from spectacle.generators.supersvg.arrays import Floats, Labels
from spectacle.generators.supersvg.tracing.areas import Area, Areas

_MAX_AREAS = 200
"""With more areas than that, those of one colour are one."""

_MAX_COLOURS = 64

_SMALL = 32 * 32
"""Pixels of the largest image whose pixels may be its squares; larger ones are illustrations without anti-aliasing."""

_ALIKE = 0.9
"""The share of pixels with a neighbour of exactly their colour from which on a small image has exact edges."""

_MIN_BLURRED_CELL, _MIN_SQUARES, _MAX_SQUARES = 4, 6, 160
"""Squares of images that were enlarged smoothly are so many pixels across at least; and so many squares the images."""

_MAX_BLURRED_COLOURS, _SAME_SQUARES = 24, 0.08
_TRIED = 128
_COARSE, _MAX_COARSE = 7, 64
_STRIP = 40
_STEP, _MIN_DISTINCT = 0.2, 0.75
_MAX_OFF = 0.03
"""Strong compression leaves so much; the outlines of other drawings are farther from squares."""

_WAYS = (Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)
_BLURS = 0.1, 0.2
"""Standard deviations of blurs, in squares."""


def find_cells(pixels: Floats) -> Areas | None:
    """The areas of an image that is made of squares, or None if it is not.

    Args:
        pixels: (height, width, 3 or 4).
    """
    height, width, channels = pixels.shape
    cell = _cell((pixels[1:] != pixels[:-1]).any(axis=(1, 2)), (pixels[:, 1:] != pixels[:, :-1]).any(axis=(0, 2)))
    if not cell or (cell == 1 and height * width > _SMALL):
        return None
    small = pixels[::cell, ::cell]
    colours, numbers = np.unique(small.reshape(-1, channels), axis=0, return_inverse=True)
    numbers = numbers.reshape(small.shape[:2]).astype(np.int64)
    if len(colours) > _MAX_COLOURS or (cell == 1 and _alike(numbers) < _ALIKE):
        return None
    labels, own = _connected(numbers, len(colours))
    labels = labels.repeat(cell, axis=0).repeat(cell, axis=1)
    areas = [Area(colours[colour]) for colour in own]
    whole, none = np.ones(labels.shape, np.float32), np.zeros(labels.shape, np.float32)
    return Areas(labels, labels, whole, areas, pixels, 1.0, 0.0, none, cell)


def find_blurred_cells(pixels: Floats) -> Areas | None:
    """The same for an image that was enlarged smoothly, or compressed, so that its squares have soft edges.

    The colours in the middles of squares are enlarged again, in all usual ways: one of them must give the image.

    Args:
        pixels: (height, width, 3); others are none.
    """
    height, width, channels = pixels.shape
    if channels != len("rgb"):
        return None
    largest = min(height, width) // _MIN_SQUARES
    for cell in range(largest, _MIN_BLURRED_CELL - 1, -1):
        if height % cell or width % cell or max(height, width) // cell > _MAX_SQUARES:
            continue
        middle = slice((cell - 1) // 2, cell // 2 + 1)
        squares = pixels.reshape(height // cell, cell, width // cell, cell, channels)[:, middle, :, middle]
        small = squares.mean(axis=(1, 3))
        found = _few_colours(small)
        if found is None:
            continue
        colours, numbers = found
        drawn = colours[numbers]
        if not _distinct(drawn):
            continue
        # A strip tells most other images, at little cost.
        half = max(_STRIP // cell, _MIN_SQUARES // 2)
        strip = slice(len(drawn) // 2 - half, len(drawn) // 2 + half)
        strips = drawn[strip], pixels[strip.start * cell : strip.stop * cell]
        if strip.start > 0 and not _enlarges_to(*strips, 2 * _MAX_OFF):
            continue
        if _enlarges_to(drawn, pixels, _MAX_OFF):
            labels, own = _connected(numbers, len(colours))
            labels = labels.repeat(cell, axis=0).repeat(cell, axis=1)
            areas = [Area(colours[colour]) for colour in own]
            whole, none = np.ones(labels.shape, np.float32), np.zeros(labels.shape, np.float32)
            return Areas(labels, labels, whole, areas, pixels, 1.0, 0.0, none, cell)
    return None


def _few_colours(small: Floats) -> tuple[Floats, Labels] | None:
    """The colours of squares, those considered one that are nearly the same, and (rows, columns) which each has."""
    flat = small.reshape(-1, small.shape[2])
    if (
        len(np.unique((flat * _COARSE + 0.5).astype(np.int64) @ (_COARSE + 1) ** np.arange(flat.shape[1])))
        > _MAX_COARSE
    ):
        return None
    numbers = np.full(len(flat), -1)
    colours: list[Floats] = []
    while (left := numbers < 0).any():
        if len(colours) == _MAX_BLURRED_COLOURS:
            return None
        rest = flat[left]
        tried = rest[:: max(1, len(rest) // _TRIED)]
        near = np.abs(tried[:, None] - tried[None]).max(axis=2) < _SAME_SQUARES
        middle = tried[near.sum(axis=0).argmax()]
        chosen = left & (np.abs(flat - middle).max(axis=1) < _SAME_SQUARES)
        numbers[chosen] = len(colours)
        colours.append(np.median(flat[chosen], axis=0).astype(np.float32))
    return (np.stack(colours), numbers.reshape(small.shape[:2])) if len(colours) > 1 else None


def _distinct(small: Floats) -> bool:
    """Whether most squares that differ from the next one differ much, as those of gradients do not."""
    steps = [np.abs(np.diff(small, axis=axis)).max(axis=2).ravel() for axis in (0, 1)]
    different = np.concatenate([step[step > 0] for step in steps])
    return len(different) > 0 and bool((different > _STEP).mean() > _MIN_DISTINCT)


def _enlarges_to(small: Floats, pixels: Floats, most: float) -> bool:
    """Whether enlarging squares in a usual way gives an image, but for a share of what its squares differ by."""
    height, width, _ = pixels.shape
    cell = width // small.shape[1]
    differ = float(np.mean(np.diff(small, axis=0) ** 2) + np.mean(np.diff(small, axis=1) ** 2))
    picture = Image.fromarray((small * 255 + 0.5).astype(np.uint8))
    ways = [np.asarray(picture.resize((width, height), way), np.float32) / 255 for way in _WAYS]
    ways += [ndimage.gaussian_filter(ways[0], (cell * blur, cell * blur, 0)) for blur in _BLURS]
    return min(float(np.mean((way - pixels) ** 2)) for way in ways) < most * differ


def cell_of(mask: NDArray[np.bool_], least: int) -> int:
    """How many pixels across the squares are that an image in two colours is made of; 0 below `least`."""
    cell = _cell((mask[1:] != mask[:-1]).any(axis=1), (mask[:, 1:] != mask[:, :-1]).any(axis=0))
    return cell if cell >= least else 0


def _cell(down: NDArray[np.bool_], across: NDArray[np.bool_]) -> int:
    """The side of the squares whose sides lie between the rows and columns where something changes."""
    places = [*(np.flatnonzero(across) + 1).tolist(), *(np.flatnonzero(down) + 1).tolist()]
    return math.gcd(*places, len(across) + 1, len(down) + 1) if places else 0


def _alike(numbers: Labels) -> float:
    across, down = numbers[:, 1:] == numbers[:, :-1], numbers[1:] == numbers[:-1]
    alike = np.zeros(numbers.shape, bool)
    alike[:, 1:] |= across
    alike[:, :-1] |= across
    alike[1:] |= down
    alike[:-1] |= down
    return float(alike.mean())


def _connected(numbers: Labels, count: int) -> tuple[Labels, list[int]]:
    """The area of each square, and the colour of each area."""
    labels = np.zeros_like(numbers)
    colours: list[int] = []
    for colour in range(count):
        parts, found = ndimage.label(numbers == colour)
        labels[parts > 0] = parts[parts > 0] + (len(colours) - 1)
        colours += [colour] * found
    return (labels, colours) if len(colours) <= _MAX_AREAS else (numbers, list(range(count)))


def corners_of(mask: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """The outlines of squares, each (n, 2) corners, x before y; those of holes run the other way round.

    Squares that only touch at a corner have outlines of their own.
    """
    padded = np.pad(mask, 1).astype(np.int8)
    following: dict[tuple[int, int], list[tuple[int, int]]] = {}

    def add(places: NDArray[np.bool_], begin: tuple[int, int], end: tuple[int, int]) -> None:
        for row, column in np.argwhere(places).tolist():
            start = column + begin[0], row + begin[1]
            following.setdefault(start, []).append((column + end[0], row + end[1]))

    above, beside = np.diff(padded, axis=0), np.diff(padded, axis=1)
    add(above[:, 1:-1] == 1, (0, 0), (1, 0))
    add(above[:, 1:-1] == -1, (1, 0), (0, 0))
    add(beside[1:-1] == -1, (0, 0), (0, 1))
    add(beside[1:-1] == 1, (0, 1), (0, 0))
    outlines = []
    while following:
        start = next(iter(following))
        outline, here = [start], following[start][0]
        _take(following, start, here)
        while here != start:
            before = outline[-1]
            outline.append(here)
            ways = following[here]
            # Where two squares touch, the way turns to the inside: right, with y down.
            step = here[0] - before[0], here[1] - before[1]
            right = here[0] - step[1], here[1] + step[0]
            onwards = right if right in ways else ways[0]
            _take(following, here, onwards)
            here = onwards
        points = np.array(outline, np.float64)
        ahead, behind = np.roll(points, -1, axis=0) - points, points - np.roll(points, 1, axis=0)
        outlines.append(points[ahead[:, 0] * behind[:, 1] != ahead[:, 1] * behind[:, 0]])
    return outlines


def _take(
    following: dict[tuple[int, int], list[tuple[int, int]]], here: tuple[int, int], onwards: tuple[int, int]
) -> None:
    following[here].remove(onwards)
    if not following[here]:
        del following[here]
