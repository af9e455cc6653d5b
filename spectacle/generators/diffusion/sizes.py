"""The size at which a model generates an image of the size that was asked for."""

from __future__ import annotations

import math

from PIL import Image, ImageOps

from spectacle.generators.diffusion.references import on_white


def native_size(width: int, height: int, *, multiple: int, min_pixels: int, max_pixels: int) -> tuple[int, int]:
    """A size that the model can generate, near the one asked for and of nearly its aspect ratio.

    Each side is rounded up to a multiple, or down where the image would be too large. An image of fewer pixels than
    the model knows is generated larger, one of more smaller; the result is fitted to the size asked for.

    Args:
        width: Width asked for, in pixels.
        height: Height asked for, in pixels.
        multiple: What both sides are multiples of.
        min_pixels: Minimum number of pixels of an image.
        max_pixels: Maximum number of pixels of an image, unless its shorter side is as small as can be.
    """
    pixels = width * height
    if pixels <= max_pixels:
        scale = max(1.0, math.sqrt(min_pixels / pixels))
        wide, high = (math.ceil(round(side * scale / multiple, 6)) * multiple for side in (width, height))
        if wide * high <= max_pixels:
            return wide, high
    # Rounded down, or the product could be above the limit again.
    scale = min(1.0, math.sqrt(max_pixels / pixels))
    wide, high = (max(multiple, math.floor(side * scale / multiple) * multiple) for side in (width, height))
    return wide, high


def fixed_size(width: int, height: int, *, multiple: int, pixels: int) -> tuple[int, int]:
    """The size of about so many pixels and of the aspect ratio asked for, for models that know one size alone.

    Each side is rounded to the nearest multiple, as the editing pipelines of diffusers round their own.

    Args:
        width: Width asked for, in pixels.
        height: Height asked for, in pixels.
        multiple: What both sides are multiples of.
        pixels: How many pixels the model was trained with.
    """
    wide = math.sqrt(pixels * width / height)
    sides = (wide, wide * height / width)
    return max(multiple, round(sides[0] / multiple) * multiple), max(multiple, round(sides[1] / multiple) * multiple)


def fit_picture(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """An image as RGB (transparency on white) in exactly a size: scaled to cover it, and cut to its middle."""
    return ImageOps.fit(on_white(picture), size, Image.Resampling.LANCZOS)


def fit_mask(mask: Image.Image, size: tuple[int, int]) -> Image.Image:
    """A mask in exactly a size, cut as `fit_picture` cuts the image it belongs to."""
    return ImageOps.fit(mask.convert("L"), size, Image.Resampling.BILINEAR)
