"""Looks into uploaded images where a dialect has to: their size, and masks in other programs' forms."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from spectacle.images import open_picture

FALLBACK = (1024, 1024)
"""Size for an image whose own cannot be read; the daemon tells what is wrong with it."""


def size_of(path: Path, max_pixels: int) -> tuple[int, int]:
    """The size of an image, made smaller if no result may have so many pixels."""
    try:
        with Image.open(io.BytesIO(path.read_bytes()), formats=("PNG", "JPEG", "WEBP")) as image:
            width, height = image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return FALLBACK
    scale = min(1.0, (max_pixels / max(1, width * height)) ** 0.5)
    return max(1, int(width * scale)), max(1, int(height * scale))


def write_mask(
    source: Path, target: Path, max_pixels: int, *, from_alpha: bool = False, inverted: bool = False
) -> None:
    """Write a mask as Spectacle has it: grey, white where to edit.

    Args:
        source: The mask as it was uploaded.
        target: Where it is written, a PNG.
        max_pixels: Most pixels that are accepted.
        from_alpha: Whether a transparent one is transparent where to edit, and its colours mean nothing.
        inverted: Whether black, not white, is where to edit.

    Raises:
        BadAttachment: When it cannot be opened.
    """
    image = open_picture("mask", source.read_bytes(), max_pixels=max_pixels)
    if image.mode == "RGBA" and from_alpha:
        grey, inverted = image.getchannel("A"), not inverted
    elif image.mode == "RGBA":
        grey = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image).convert("L")
    else:
        grey = image.convert("L")
    (grey.point(lambda value: 255 - value) if inverted else grey).save(target, "PNG")


def plain_png(source: Path, max_pixels: int, most: int, *, white_background: bool) -> bytes:
    """An image as a small PNG, as a model sees it.

    Args:
        source: The image as it was uploaded.
        max_pixels: Most pixels that are accepted.
        most: Longest side of the PNG.
        white_background: Whether transparent parts become white.

    Raises:
        BadAttachment: When it cannot be opened.
    """
    image = open_picture("image", source.read_bytes(), max_pixels=max_pixels)
    image.thumbnail((most, most))
    if image.mode == "RGBA" and white_background:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    made = io.BytesIO()
    image.save(made, "PNG")
    return made.getvalue()
