"""Images to train on: one superpixel of each image an epoch, chosen by chance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from spectacle.errors import BadAttachment, GeneratorError
from spectacle.generators.supersvg.network.model import SIDE
from spectacle.generators.supersvg.network.superpixels import (
    TRAINING_COMPACTNESS,
    TRAINING_SIGMA,
    crop,
    segment,
    superpixels,
)
from spectacle.images import MAX_PICTURE_BYTES, open_picture

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp"})
SUPERPIXELS = 16
"""Superpixels that an image is cut into."""


class UnreadablePicture(GeneratorError):
    """Raised when an image to train on cannot be read; training can resume from its last checkpoint without it."""


def find_pictures(directory: Path) -> list[Path]:
    """All images in a directory and those below it, by name, in an order that does not depend on the machine.

    Raises:
        GeneratorError: When there is none.
    """
    found = sorted(path for path in directory.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not found:
        raise GeneratorError(f"{directory}: contains no images ({', '.join(sorted(SUFFIXES))}). Use another directory.")
    return found


class Crops(Dataset[tuple[Tensor, Tensor]]):
    """A superpixel of each image, as crop (3, 224, 224) and mask (1, 224, 224).

    The order of the images and the choice of the superpixels follow from the seed and the epoch alone.

    Args:
        pictures: Their files.
        seed: Seed of what is chosen by chance.
    """

    def __init__(self, pictures: Sequence[Path], seed: int) -> None:
        self._pictures = pictures
        self._seed = seed
        self.begin_epoch(0)

    def begin_epoch(self, epoch: int) -> None:
        """Choose again."""
        self._epoch = epoch
        self._order = np.random.default_rng((self._seed, epoch)).permutation(len(self._pictures))

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        picture = _read(self._pictures[self._order[index]])
        parts = list(
            superpixels(segment(picture, SUPERPIXELS, TRAINING_COMPACTNESS, sigma=TRAINING_SIGMA), dilate=True)
        )
        chosen = np.random.default_rng((self._seed, self._epoch, index)).integers(len(parts))
        return crop(torch.from_numpy(picture).permute(2, 0, 1), parts[chosen])


def _read(path: Path) -> NDArray[np.float32]:
    try:
        with path.open("rb") as file:
            picture = open_picture("it", file.read(MAX_PICTURE_BYTES + 1))
    except (OSError, BadAttachment) as error:
        # Without the remedy, which is one for requests.
        reason = (
            error.message.partition(". ")[0].removeprefix("it: ")
            if isinstance(error, BadAttachment)
            else error.strerror
        )
        raise UnreadablePicture(
            f"{path}: cannot be read ({reason}). Remove it, then run the command again to resume."
        ) from None
    if picture.mode == "RGBA":
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    scale = SIDE / max(picture.size)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return np.asarray(picture.resize(size, Image.Resampling.LANCZOS), dtype=np.float32) / np.float32(255)
