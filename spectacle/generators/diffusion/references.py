"""Input images that a model is given: which shapes it can see, and how they look without transparency."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from spectacle.errors import BadAttachment

MAX_ASPECT = 100
"""How many times longer than the other a side of an input image may be.

The editing models see images scaled to a megapixel or less, with sides rounded to 32 pixels: longer ones would have
no height left, and Qwen2.5-VL's processor refuses ratios from 200 on.
"""


def check_form(pictures: Sequence[Image.Image]) -> None:
    """Check whether images can be seen by a model.

    Raises:
        BadAttachment: When one is a thin line; the message names its number, counted from 1.
    """
    for number, picture in enumerate(pictures, 1):
        if max(picture.size) > MAX_ASPECT * min(picture.size):
            raise BadAttachment(
                f"image {number} is {picture.width}x{picture.height}: one side is more than {MAX_ASPECT} times "
                "the other. Crop it to a shape closer to a square."
            )


def on_white(picture: Image.Image) -> Image.Image:
    """An image as RGB, what is transparent in it white."""
    if picture.mode == "RGBA":
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture if picture.mode == "RGB" else picture.convert("RGB")
