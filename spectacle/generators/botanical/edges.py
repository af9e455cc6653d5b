"""Edges of a sketch, white on black, as the Canny ControlNet was trained on."""

from __future__ import annotations

import numpy as np
from PIL import Image

from spectacle.generators.diffusion.sizes import fit_picture


def canny_edges(sketch: Image.Image, size: tuple[int, int], low: int, high: int) -> Image.Image:
    """Find the edges of an image with the Canny detector.

    Args:
        sketch: RGB or RGBA; what is transparent counts as white.
        size: Width and height of the result; the sketch is scaled to cover it, and cut to its middle.
        low: Gradient below which there cannot be an edge, 0 to 255.
        high: Gradient above which there is one, 0 to 255.

    Returns:
        RGB, white edges on black.
    """
    import cv2

    edges = cv2.Canny(np.asarray(fit_picture(sketch, size)), low, high)
    return Image.fromarray(np.repeat(edges[:, :, None], 3, axis=2))
