"""Edges and lines of an image, white on black, without a model."""

from __future__ import annotations

import numpy as np
from PIL import Image

from spectacle.generators.diffusion.references import on_white

LOW, HIGH = 100, 200
"""The thresholds of the Canny detector in the examples of diffusers and of the ControlNets' authors."""

_SCALES = (1.0, 2.0, 4.0)
"""Pixels: how wide the edges are that soft edges are made of, at 1024 pixels."""


def canny(image: Image.Image, low: int = LOW, high: int = HIGH) -> Image.Image:
    """Edges as the Canny detector finds them, one pixel wide.

    Args:
        image: RGB or RGBA; what is transparent counts as white.
        low: Gradient below which there cannot be an edge, 0 to 255.
        high: Gradient above which there is one, 0 to 255.
    """
    import cv2

    return _as_map(cv2.Canny(np.asarray(on_white(image)), low, high))


def soft_edge(image: Image.Image) -> Image.Image:
    """Edges that are the brighter, the stronger they are: gradients of several widths together.

    They stand for those that trained detectors such as HED find, which also ignore texture.
    """
    import cv2

    pixels = np.asarray(on_white(image), dtype=np.float32)
    scale = max(image.size) / 1024
    found = np.zeros(pixels.shape[:2], dtype=np.float32)
    for width in _SCALES:
        blurred = cv2.GaussianBlur(pixels, (0, 0), max(0.6, width * scale))
        across, down = (cv2.Sobel(blurred, cv2.CV_32F, *axes, ksize=3) for axes in ((1, 0), (0, 1)))
        found += width * np.sqrt(across**2 + down**2).max(axis=2)
    strongest = float(np.percentile(found, 99.5)) or 1.0
    return _as_map((np.clip(found / strongest, 0, 1) * 255).astype(np.uint8))


def sketch(image: Image.Image) -> Image.Image:
    """Lines as somebody would draw them: what is darker than what is around it, white on black."""
    import cv2

    grey = np.asarray(on_white(image).convert("L"), dtype=np.float32)
    scale = max(image.size) / 1024
    fine = cv2.GaussianBlur(grey, (0, 0), max(0.6, scale))
    around = cv2.GaussianBlur(grey, (0, 0), max(2.0, 8 * scale))
    darker = np.clip(around - fine, 0, None)
    strongest = float(np.percentile(darker, 99.5)) or 1.0
    return _as_map((np.clip(1.5 * darker / strongest - 0.15, 0, 1) * 255).astype(np.uint8))


def inverted(drawing: Image.Image) -> Image.Image:
    """Dark lines on a light ground as white lines on black."""
    return _as_map(255 - np.asarray(on_white(drawing).convert("L")))


def _as_map(values: np.ndarray) -> Image.Image:
    return Image.fromarray(np.repeat(values[:, :, None], 3, axis=2))
