"""A visible mark in the corner of results, such as "AI-generated", legible on light and on dark images."""

from __future__ import annotations

import re
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from spectacle.svg.clean import escape_text

_SHARE = 1 / 22
"""Height of the letters as a part of the shorter side of the image."""
_MIN_PIXELS = 11
"""Below this, letters are hard to read; they get smaller only where the image has no room for them."""
_PADDING, _MARGIN, _RADIUS = 0.4, 0.6, 0.35
"""Around the text, from the border, and of the corners, as parts of the height of the letters."""
_WIDTH = 0.56
"""Usual width of a letter as a part of its height."""
# White on dark grey has a contrast of 8.6 to 1 at least, whatever lies below: on white, the box is #4c4c4c.
_BOX, _RIM, _TEXT = (0, 0, 0, 179), (255, 255, 255, 128), (255, 255, 255, 255)

_VIEW_BOX = re.compile(r'^<svg\b[^>]*?\sviewBox="([^"]*)"')


def with_mark(picture: Image.Image, text: str) -> Image.Image:
    """A copy of an image with the mark in its lower right corner.

    Args:
        picture: The image, of any mode and size.
        text: What the mark says.
    """
    width, height = picture.size
    size = max(_MIN_PIXELS, round(min(width, height) * _SHARE))
    while size > 1 and _font(size).getlength(text) + 2 * size * (_PADDING + _MARGIN) > width:
        size -= 1
    font = _font(size)
    padding, margin = size * _PADDING, min(size * _MARGIN, width / 10, height / 10)
    right, bottom = width - margin, height - margin
    left = right - font.getlength(text) - 2 * padding
    top = bottom - size - 2 * padding
    mark = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(mark)
    draw.rounded_rectangle((left, top, right, bottom), size * _RADIUS, _BOX, _RIM, max(1, size // 16))
    draw.text(((left + right) / 2, (top + bottom) / 2), text, _TEXT, font, anchor="mm")
    has_alpha = picture.has_transparency_data
    marked = Image.alpha_composite(picture.convert("RGBA"), mark)
    return marked if has_alpha else marked.convert("RGB")


def with_mark_in_svg(svg: str, text: str) -> str:
    """A cleaned SVG with the mark as its last element, in the lower right corner of its view box.

    Args:
        svg: As `clean_svg` returns it.
        text: What the mark says.
    """
    found = _VIEW_BOX.match(svg)
    assert found is not None, "clean_svg gives every root a view box"
    x, y, width, height = (float(each) for each in re.split(r"[\s,]+", found[1].strip()))
    across = len(text) * _WIDTH
    size = min(min(width, height) * _SHARE, width / (across + 2 * (_PADDING + _MARGIN)))
    padding, margin = size * _PADDING, size * _MARGIN
    box_width, box_height = across * size + 2 * padding, size + 2 * padding
    left, top = x + width - margin - box_width, y + height - margin - box_height
    # The length is set, so that the text fits into its box in any font.
    mark = (
        f'<g id="visible-mark"><rect x="{left:.6g}" y="{top:.6g}" width="{box_width:.6g}" height="{box_height:.6g}" '
        f'rx="{size * _RADIUS:.6g}" fill="#000" fill-opacity="0.7" stroke="#fff" stroke-opacity="0.5" '
        f'stroke-width="{size / 16:.6g}"/><text x="{left + padding:.6g}" y="{top + padding + size * 0.8:.6g}" '
        f'font-family="sans-serif" font-size="{size:.6g}" textLength="{across * size:.6g}" '
        f'lengthAdjust="spacingAndGlyphs" fill="#fff">{escape_text(text)}</text></g>'
    )
    document = svg.rstrip()
    if document.endswith("/>"):  # the root itself is empty
        return f"{document[:-2]}>{mark}</svg>"
    end = document.rindex("</")
    return document[:end] + mark + document[end:]


@lru_cache(maxsize=32)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow's wheels have FreeType"
    return font
