"""The image to be vectorized, as numbers at the size that is worked at."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

MAX_PIXELS = 1024 * 1024
"""Larger images are worked on at a smaller size: outlines gain nothing from more pixels, and time grows with them."""

_OPAQUE = 255


@dataclass(frozen=True, slots=True)
class Target:
    """An image at working size.

    Attributes:
        pixels: (height, width, 3) float32 from 0 to 1; with transparency (height, width, 4), the colours multiplied by
            the fourth channel.
        full_width: Width of the image itself.
        full_height: Height of the image itself.
        notes: What the client should know about how the image was read.
    """

    pixels: NDArray[np.float32]
    full_width: int
    full_height: int
    notes: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def reduced(self) -> bool:
        """Whether the image itself is larger."""
        return (self.width, self.height) != (self.full_width, self.full_height)

    @property
    def transparent(self) -> bool:
        return int(self.pixels.shape[2]) == 4

    @property
    def on_white(self) -> NDArray[np.float32]:
        """(height, width, 3), as it looks on a white page."""
        if not self.transparent:
            return self.pixels
        return self.pixels[..., :3] + (1 - self.pixels[..., 3:])

    def tensor(self, device: str) -> Tensor:
        """The pixels on a device."""
        return torch.from_numpy(self.pixels).to(device)

    @classmethod
    def of(cls, picture: Image.Image, max_pixels: int = MAX_PIXELS) -> Target:
        """Read an image of any mode; of an animation the frame that it stands at.

        Images with more than `max_pixels` are made smaller, with a note.
        """
        width, height = picture.size
        notes: tuple[str, ...] = ()
        if width * height > max_pixels:
            shrink = math.sqrt(max_pixels / (width * height))
            size = max(1, round(width * shrink)), max(1, round(height * shrink))
            notes = (f"the image of {width}x{height} pixels was vectorized at {size[0]}x{size[1]}",)
            picture = _eight_bit(_reduced(picture, size)).resize(size, Image.Resampling.LANCZOS)
        values = np.asarray(_eight_bit(picture), np.float32) / _OPAQUE
        if values.shape[2] == 4:
            if values[..., 3].min() == 1:
                values = values[..., :3]
            else:
                values = np.concatenate([values[..., :3] * values[..., 3:], values[..., 3:]], axis=2)
        return cls(np.ascontiguousarray(values), width, height, notes)


def _reduced(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Shrink by a whole factor first: it costs no second image of full size, whatever the mode."""
    factor = min(picture.width // size[0], picture.height // size[1]) // 2
    return picture.reduce(factor) if factor > 1 and picture.mode not in {"P", "1"} else picture


def _eight_bit(picture: Image.Image) -> Image.Image:
    """RGBA for what has transparency, otherwise RGB."""
    if picture.mode in {"I", "F"} or picture.mode.startswith("I;16"):
        values = np.asarray(picture, np.float64)
        deep = picture.mode.startswith("I;16") or values.max(initial=0) > _OPAQUE
        top = 65535 if deep else _OPAQUE if values.max(initial=0) > 1 else 1
        picture = Image.fromarray((values / top * _OPAQUE).clip(0, _OPAQUE).astype(np.uint8))
    if picture.mode == "RGB":
        return picture
    if picture.mode == "RGBA" or picture.has_transparency_data:
        return picture.convert("RGBA")
    return picture.convert("RGB")
