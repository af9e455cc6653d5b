"""Makes an attached image into what OmniSVG was trained to see, and says where the image is in an SVG."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from spectacle.errors import BadAttachment
from spectacle.generators.omnisvg.drawing import SIDE

SEEN = 448
"""Width and height in pixels of what the model sees: 256 tokens."""

_WHITE = (255, 255, 255)
# Upstream's inference.py.
_EDGE_SHARE = 0.1
_FEWEST_EDGE_SAMPLES = 10
_BRIGHT_EDGE = 240
_SAME_COLOUR = 30
_STEP_BITS = 3
_SLIMMEST = 32
"""Largest ratio of the sides: of a slimmer image, less than seven of the grid's 200 steps would be left."""
_WORKING_SIDE = 2 * SEEN
"""Larger images are reduced to this first, because the background is searched for in every pixel."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An image as the model sees it.

    Attributes:
        picture: Mode RGB, `SEEN` pixels wide and high; the attached image in its middle, white around it.
        view_box: Where the attached image is on the grid: left, top, width, height. The same part of the SVG
            has its shape.
    """

    picture: Image.Image
    view_box: tuple[float, float, float, float]


def prepare(picture: Image.Image, *, replace_background: bool) -> Prepared:
    """Prepare an attached image: on white, its background white as well if so wanted, the whole in a square.

    Upstream stretches the image to a square instead.

    Args:
        picture: The image, of any mode; transparency is honoured in all of them.
        replace_background: Whether a background that is not bright already becomes white; see `whiten_background`.

    Raises:
        BadAttachment: The image is empty or too slim for the grid.
    """
    width, height = picture.size
    if not width or not height:
        raise BadAttachment("the input image has no pixels. Attach another.")
    if max(width, height) > _SLIMMEST * min(width, height):
        raise BadAttachment(
            f"the input image is {width}x{height}, too slim for a grid of {SIDE} by {SIDE}. "
            f"Crop it, so that its sides differ by at most a factor of {_SLIMMEST}."
        )
    flat = _on_white(picture)
    flat.thumbnail((_WORKING_SIDE, _WORKING_SIDE), Image.Resampling.LANCZOS)
    if replace_background:
        flat = whiten_background(flat)
    scale = SEEN / max(width, height)
    inner = max(round(width * scale), 1), max(round(height * scale), 1)
    corner = (SEEN - inner[0]) // 2, (SEEN - inner[1]) // 2
    seen = Image.new("RGB", (SEEN, SEEN), _WHITE)
    seen.paste(flat.resize(inner, Image.Resampling.LANCZOS), corner)
    left, top, right, bottom = (number * SIDE / SEEN for number in (*corner, *inner))
    return Prepared(seen, (left, top, right, bottom))


def whiten_background(picture: Image.Image) -> Image.Image:
    """Make every pixel white that has nearly the colour of the background, as upstream does.

    The background is the commonest colour on the border, noise apart: colours are counted in steps of 8, and those near
    the commonest step give the colour. An image whose border is bright on average stays as it is,
    and so does one in which nothing else would be left. Pixels of that colour inside the image become white, too.

    Args:
        picture: Mode RGB.
    """
    pixels = np.asarray(picture)
    height, width = pixels.shape[:2]
    edges = pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]
    count = max(_FEWEST_EDGE_SAMPLES, int(min(height, width) * _EDGE_SHARE))
    sampled = [edge[np.linspace(0, len(edge) - 1, count).round().astype(int)] for edge in edges]
    if (np.concatenate(sampled).mean(axis=0) > _BRIGHT_EDGE).all():
        return picture
    background = _commonest(np.concatenate(edges).astype(np.int32))
    near = ((pixels.astype(np.int32) - background) ** 2).sum(axis=2) < _SAME_COLOUR**2
    return picture if near.all() else Image.fromarray(np.where(near[..., None], np.uint8(255), pixels))


def _commonest(colours: np.ndarray) -> np.ndarray:
    """The colour that most of them are near, the most frequent one itself where there is no noise."""
    _, of, counts = np.unique(colours >> _STEP_BITS, axis=0, return_inverse=True, return_counts=True)
    found = np.median(colours[of.reshape(-1) == counts.argmax()], axis=0)
    near = ((colours - found) ** 2).sum(axis=1) < _SAME_COLOUR**2
    middle: np.ndarray = np.median(colours[near], axis=0).astype(np.int32)
    return middle


def _on_white(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    ground = Image.new("RGBA", layer.size, (*_WHITE, 255))
    return Image.alpha_composite(ground, layer).convert("RGB")
