"""Opens the images attached to a request, which may be anything, as plain upright 8-bit images without metadata."""

from spectacle.images.opening import (
    MAX_PICTURE_BYTES,
    MAX_PICTURE_PIXELS,
    MAX_SIDE,
    PixelAllowance,
    open_mask,
    open_picture,
)

__all__ = [
    "MAX_PICTURE_BYTES",
    "MAX_PICTURE_PIXELS",
    "MAX_SIDE",
    "PixelAllowance",
    "open_mask",
    "open_picture",
]
