"""Paints an image with SuperSVG's networks: superpixel by superpixel, first coarsely, then what is still missing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spectacle.generators.supersvg.network.model import COORDINATES, REFINE_PATHS, Coarse, Refine
from spectacle.generators.supersvg.network.superpixels import (
    COARSE_COMPACTNESS,
    REFINE_COMPACTNESS,
    Superpixel,
    crop,
    masked,
    segment,
    superpixels,
)
from spectacle.generators.supersvg.raster.render import render
from spectacle.generators.supersvg.raster.shapes import PathSet

PATHS_PER_SUPERPIXEL = 64
"""Visible paths that the published inference expects of a superpixel; the network may make up to 128 visible."""

_BATCH = 16  # a few seconds of work on one core of a CPU, after which progress is reported

PaintProgress = Callable[[int, int], None]
"""Called with how many superpixels are done, and how many there are at most."""


class Painter:
    """The two networks on a device.

    The order is the published one: the coarse paths of each superpixel in the order of the superpixels, then the
    refining ones. The ground is black and the inside of a path is what the even-odd rule says, as in training. A path
    cannot leave the box of its superpixel. What differs: an image keeps its shape and resolution instead of being
    squashed to 512 x 512; and where there would be too many paths, the smallest coarse ones are omitted instead of
    those of the last superpixels, and the best painted superpixels are not refined.

    Args:
        coarse: The network that begins.
        refine: The network that adds paths until there are enough; without it there may be fewer.
        device: Where both of them are.
    """

    def __init__(self, coarse: Coarse, refine: Refine | None, device: torch.device) -> None:
        self._coarse = coarse
        self._refine = refine
        self._device = device

    @property
    def nbytes(self) -> int:
        """Bytes of the networks' weights."""
        networks = [self._coarse] if self._refine is None else [self._coarse, self._refine]
        return sum(weights.nbytes for network in networks for weights in network.parameters())

    @torch.no_grad()
    def paint(
        self,
        picture: NDArray[np.float32],
        max_paths: int,
        progress: PaintProgress,
        opaque: NDArray[np.bool_] | None = None,
    ) -> PathSet:
        """Paint an image.

        Args:
            picture: RGB from 0 to 1, (height, width, 3).
            max_paths: Maximum number of paths.
            progress: Called after every batch of superpixels.
            opaque: What of the image is painted, (height, width); all of it if omitted.

        Returns:
            At most `max_paths` paths in pixels of the image, on the painter's device.
        """
        target = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1).to(self._device)
        count = max(1, max_paths // PATHS_PER_SUPERPIXEL)
        begun = list(superpixels(segment(picture, count, COARSE_COMPACTNESS, opaque=opaque), dilate=True))
        most, done = len(begun) + math.ceil(max_paths / REFINE_PATHS), 0
        strokes = torch.empty(0, COORDINATES + 3, device=self._device)
        for first in range(0, len(begun), _BATCH):
            batch = begun[first : first + _BATCH]
            strokes = torch.cat((strokes, *self._begin(target, batch)))
            done += len(batch)
            progress(done, most)
        strokes = _largest(strokes, max_paths)
        if self._refine is not None and len(strokes) < max_paths:
            wanted = math.ceil((max_paths - len(strokes)) / REFINE_PATHS)
            found = superpixels(segment(picture, wanted, REFINE_COMPACTNESS, opaque=opaque), dilate=False)
            details = [part for part in found if min(part.mask.shape) > 1]
            # SLIC finds about as many as are wanted: those painted worst are refined once more until there are enough.
            while details and len(strokes) < max_paths:
                canvas = render(_paths(strokes), target.shape[2], target.shape[1]).permute(2, 0, 1)
                chosen = _worst(target, canvas, details, math.ceil((max_paths - len(strokes)) / REFINE_PATHS))
                for first in range(0, len(chosen), _BATCH):
                    batch = chosen[first : first + _BATCH]
                    strokes = torch.cat((strokes, *self._go_on(target, canvas, batch)))
                    done += len(batch)
                    progress(done, most)
        progress(most, most)
        return _paths(strokes[:max_paths])

    def _begin(self, target: Tensor, parts: Sequence[Superpixel]) -> list[Tensor]:
        crops, masks = _crops(target, parts)
        strokes = self._coarse(masked(crops, masks))
        return [_placed(each[each[:, -1] > 0.5, :-1], part) for each, part in zip(strokes, parts, strict=True)]

    def _go_on(self, target: Tensor, canvas: Tensor, parts: Sequence[Superpixel]) -> list[Tensor]:
        assert self._refine is not None
        crops, masks = _crops(target, parts)
        canvases, _ = _crops(canvas, parts)
        strokes = self._refine(masked(crops, masks), masked(canvases, masks))
        return [_placed(each, part) for each, part in zip(strokes, parts, strict=True)]


def ground(width: int, height: int) -> PathSet:
    """The black ground that the networks paint on, as a path a little larger than the image."""
    corners = torch.tensor([[-1.0, -1.0], [width + 1, -1], [width + 1, height + 1], [-1, height + 1]])
    following = corners.roll(-1, 0)
    points = torch.stack([corners.lerp(following, share) for share in (0, 1 / 3, 2 / 3)], dim=1)
    return PathSet.of_strokes(points.reshape(1, -1, 2), torch.zeros(1, 3), fill_rule="evenodd")


def _crops(picture: Tensor, parts: Sequence[Superpixel]) -> tuple[Tensor, Tensor]:
    crops, masks = zip(*(crop(picture, part) for part in parts), strict=True)
    return torch.stack(crops), torch.stack(masks)


def _placed(strokes: Tensor, part: Superpixel) -> Tensor:
    points = part.place(strokes[:, :COORDINATES].reshape(len(strokes), COORDINATES // 2, 2))
    return torch.cat((points.flatten(1), strokes[:, COORDINATES:]), dim=1)


def _paths(strokes: Tensor) -> PathSet:
    points = strokes[:, :COORDINATES].reshape(len(strokes), COORDINATES // 2, 2)
    return PathSet.of_strokes(points, strokes[:, COORDINATES:], fill_rule="evenodd")


def _largest(strokes: Tensor, count: int) -> Tensor:
    """The strokes with the largest boxes, in their order."""
    points = strokes[:, :COORDINATES].reshape(len(strokes), COORDINATES // 2, 2)
    areas = (points.amax(dim=1) - points.amin(dim=1)).prod(dim=1)
    return strokes[areas.argsort(descending=True, stable=True)[:count].sort().values]


def _worst(target: Tensor, canvas: Tensor, parts: Sequence[Superpixel], count: int) -> list[Superpixel]:
    """The superpixels with the largest mean squared errors, in their order."""
    errors = ((target - canvas) ** 2).mean(dim=0).cpu().numpy()
    means = [float(errors[part.box][part.mask].mean()) for part in parts]
    chosen = sorted(np.argsort(means, kind="stable")[::-1][:count])
    return [parts[number] for number in chosen]
