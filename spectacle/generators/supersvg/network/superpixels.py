"""Cuts an image into superpixels and shows them to the networks as they were trained to see them.

The numbers are those of the published inference and training: SLIC after Achanta et al. (2012) as scikit-image has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import slic
from torch import Tensor
from torch.nn import functional

from spectacle.generators.supersvg.network.model import SIDE

COARSE_COMPACTNESS = 50.0
REFINE_COMPACTNESS = 20.0
TRAINING_COMPACTNESS = 30.0

TRAINING_SIGMA = 5.0
"""In pixels of an image of `SIDE` pixels."""

_SIGMA = 5 / 512  # of the longer side
_DILATION = np.ones((4, 4), dtype=bool)


@dataclass(frozen=True, slots=True)
class Superpixel:
    """One superpixel of an image.

    Attributes:
        top: First row of its box.
        left: First column of its box.
        mask: Which pixels of the box belong to it, bool, (height, width).
        around: Which pixels of the box the network may see when they are scaled: `mask`, or `mask` dilated.
    """

    top: int
    left: int
    mask: NDArray[np.bool_]
    around: NDArray[np.bool_]

    @property
    def box(self) -> tuple[slice, slice]:
        """Its rows and columns."""
        height, width = self.mask.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)

    def place(self, points: Tensor) -> Tensor:
        """Points (…, 2), x before y, from 0 to 1 in the box, as pixels of the image."""
        height, width = self.mask.shape
        return points * points.new_tensor((width, height)) + points.new_tensor((self.left, self.top))


def segment(
    picture: NDArray[np.float32],
    count: int,
    compactness: float,
    *,
    sigma: float | None = None,
    opaque: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """Cut an image into about `count` superpixels.

    Args:
        picture: RGB from 0 to 1, (height, width, 3).
        count: How many superpixels are wanted, at least 1; there may be more or fewer.
        compactness: How much nearness counts, compared to likeness.
        sigma: By how many pixels the image is smoothed before; if omitted, by what 5 pixels are in an image with a
            longer side of 512.
        opaque: What of the image is cut, (height, width); all of it if omitted.

    Returns:
        The number of each pixel's superpixel, from 1, (height, width); 0 where it is not opaque.
    """
    height, width = picture.shape[:2]
    pixels = height * width if opaque is None else int(opaque.sum())
    if count == 1 or pixels == 1:
        return np.ones((height, width), dtype=np.int64) if opaque is None else opaque.astype(np.int64)
    if sigma is None:
        sigma = _SIGMA * max(height, width)
    labels = slic(
        picture.astype(np.float64),
        n_segments=min(count, pixels),
        sigma=sigma,
        compactness=compactness,
        start_label=1,
        mask=opaque,
    )
    return np.asarray(labels, dtype=np.int64)


def superpixels(labels: NDArray[np.int64], *, dilate: bool) -> Iterator[Superpixel]:
    """The superpixels of a segmentation in the order of their numbers.

    Args:
        labels: As `segment` returns them.
        dilate: Whether the box includes what a dilation by 4 x 4 pixels adds, as the coarse network is used to.
    """
    height, width = labels.shape
    for number, found in enumerate(ndimage.find_objects(labels), 1):
        if found is None:
            continue
        rows, columns = found
        top, bottom, left, right = rows.start, rows.stop, columns.start, columns.stop
        if dilate:
            top, left = max(0, top - 1), max(0, left - 1)
            bottom, right = min(height, bottom + 2), min(width, right + 2)
        mask = labels[top:bottom, left:right] == number
        # The anchor of an even kernel is right of and below its middle, as in OpenCV.
        around = ndimage.binary_dilation(mask, _DILATION, origin=-1) if dilate else mask
        yield Superpixel(top, left, mask, around)


def crop(picture: Tensor, superpixel: Superpixel) -> tuple[Tensor, Tensor]:
    """Cut a superpixel out of an image.

    Args:
        picture: (3, height, width).
        superpixel: One of the same image.

    Returns:
        The box (3, 224, 224), black where the superpixel is not to be seen, and its mask (1, 224, 224), 0 or 1.
    """
    rows, columns = superpixel.box
    around = torch.from_numpy(superpixel.around).to(picture.device)
    mask = torch.from_numpy(superpixel.mask).to(picture)[None]
    return _scaled(picture[:, rows, columns] * around), (_scaled(mask) > 0.5).to(picture.dtype)


def masked(crops: Tensor, masks: Tensor) -> Tensor:
    """What the networks see: the crop inside the mask, -1 outside."""
    return crops * masks - (1 - masks)


def _scaled(crop: Tensor) -> Tensor:
    return functional.interpolate(crop[None], (SIDE, SIDE), mode="bilinear", antialias=True)[0]
