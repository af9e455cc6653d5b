"""Makes an attached picture into what OmniSVG was trained to look at, and says where the picture lies in a drawing."""

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
_SLIMMEST = 32
"""Largest ratio of the sides: of a slimmer picture, less than seven of the grid's 200 steps would be left."""
_WORKING_SIDE = 2 * SEEN
"""Larger pictures are reduced to this first, for the background is looked for in every pixel."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A picture as the model sees it.

    Attributes:
        picture: Mode RGB, `SEEN` pixels wide and high; the attached picture in its middle, white beside it.
        view_box: Where the attached picture lies on the grid: left, top, width, height. The same part of the drawing
            has its shape.
    """

    picture: Image.Image
    view_box: tuple[float, float, float, float]


def prepare(picture: Image.Image, *, replace_background: bool) -> Prepared:
    """Prepare an attached picture: on white, its background white as well if so wanted, the whole in a square.

    Upstream stretches the picture to a square instead.

    Args:
        picture: The picture, of any mode; transparency is honoured in all of them.
        replace_background: Whether a background that is not bright already becomes white; see `whiten_background`.

    Raises:
        BadAttachment: The picture is empty or too slim for the grid.
    """
    width, height = picture.size
    if not width or not height:
        raise BadAttachment("the attached picture has no pixels: attach another")
    if max(width, height) > _SLIMMEST * min(width, height):
        raise BadAttachment(
            f"the attached picture is {width}x{height}, too slim for a grid of {SIDE} by {SIDE}: "
            f"its sides may differ by a factor of {_SLIMMEST}"
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

    The background is the commonest colour on the border. A picture whose border is bright on average stays as it is,
    and so does one in which nothing else would be left. Pixels of that colour inside the picture become white, too.

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
    colours, counts = np.unique(np.concatenate(edges), axis=0, return_counts=True)
    background = colours[counts.argmax()].astype(np.int32)
    near = ((pixels.astype(np.int32) - background) ** 2).sum(axis=2) < _SAME_COLOUR**2
    return picture if near.all() else Image.fromarray(np.where(near[..., None], np.uint8(255), pixels))


def _on_white(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    ground = Image.new("RGBA", layer.size, (*_WHITE, 255))
    return Image.alpha_composite(ground, layer).convert("RGB")
