"""Colours as `#rrggbb` text, and the arithmetic on them in OKLab, where equal steps look equal.

The matrices are those of Björn Ottosson's OKLab (https://bottosson.github.io/posts/oklab/).
"""

from __future__ import annotations

import math
from functools import lru_cache

Lab = tuple[float, float, float]
Rgb = tuple[float, float, float]

NAMED = {
    "black": "#000000", "white": "#ffffff", "red": "#ff0000", "green": "#008000", "blue": "#0000ff",
    "yellow": "#ffff00", "gray": "#808080", "grey": "#808080", "orange": "#ffa500", "brown": "#a52a2a",
    "pink": "#ffc0cb", "purple": "#800080", "navy": "#000080", "silver": "#c0c0c0", "gold": "#ffd700",
    "maroon": "#800000", "olive": "#808000", "teal": "#008080", "lime": "#00ff00", "aqua": "#00ffff",
    "cyan": "#00ffff", "magenta": "#ff00ff", "fuchsia": "#ff00ff",
}  # fmt: skip


def hex_of(red: float, green: float, blue: float) -> str:
    """Text of a colour whose channels are 0 to 1; values outside are clipped."""
    return "#" + "".join(f"{round(255 * min(1.0, max(0.0, channel))):02x}" for channel in (red, green, blue))


@lru_cache(maxsize=8192)
def rgb(colour: str) -> Rgb:
    """Channels 0 to 1 of `#rgb`, `#rrggbb`, `rgb(r,g,b)` or a basic colour name; black for anything else."""
    text = NAMED.get(colour.strip().lower(), colour.strip().lower())
    if text.startswith("rgb"):
        parts = text[text.find("(") + 1 :].rstrip(")").replace(",", " ").split()[:3]
        channels = [float(part[:-1]) / 100 if part.endswith("%") else float(part) / 255 for part in parts]
        return (channels[0], channels[1], channels[2])
    digits = text.lstrip("#")
    if len(digits) in {3, 4}:
        digits = "".join(digit * 2 for digit in digits)
    try:
        return (int(digits[0:2], 16) / 255, int(digits[2:4], 16) / 255, int(digits[4:6], 16) / 255)
    except ValueError:
        return (0.0, 0.0, 0.0)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def _encoded(channel: float) -> float:
    return 12.92 * channel if channel <= 0.0031308 else float(1.055 * channel ** (1 / 2.4) - 0.055)


def linear(colour: str) -> Rgb:
    """Channels in linear light, 0 to 1."""
    red, green, blue = rgb(colour)
    return (_linear(red), _linear(green), _linear(blue))


def from_linear(red: float, green: float, blue: float) -> str:
    """The colour of channels in linear light."""
    return hex_of(*(_encoded(min(1.0, max(0.0, channel))) for channel in (red, green, blue)))


@lru_cache(maxsize=8192)
def lab(colour: str) -> Lab:
    """OKLab lightness (0 to 1), green-red and blue-yellow (about -0.3 to 0.3)."""
    red, green, blue = linear(colour)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def from_lab(lightness: float, a: float, b: float) -> str:
    """The colour at an OKLab position; chroma is reduced until it can be shown."""
    for _ in range(12):
        long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
        medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
        short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
        red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
        green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
        blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
        if min(red, green, blue) >= -0.001 and max(red, green, blue) <= 1.001:
            break
        a, b = a * 0.9, b * 0.9
    return from_linear(red, green, blue)


def lch(colour: str) -> tuple[float, float, float]:
    """OKLab as lightness, chroma and hue angle in radians."""
    lightness, a, b = lab(colour)
    return (lightness, math.hypot(a, b), math.atan2(b, a))


def from_lch(lightness: float, chroma: float, hue: float) -> str:
    """The colour at lightness, chroma and hue angle in radians."""
    return from_lab(min(1.0, max(0.0, lightness)), chroma * math.cos(hue), chroma * math.sin(hue))


@lru_cache(maxsize=16384)
def mix(one: str, other: str, share: float) -> str:
    """`one` with `share` (0 to 1) of `other`, mixed in OKLab."""
    first, second = lab(one), lab(other)
    return from_lab(*(x + (y - x) * share for x, y in zip(first, second, strict=True)))


def lighten(colour: str, amount: float) -> str:
    """Lighter by `amount` of OKLab lightness (darker when negative)."""
    lightness, chroma, hue = lch(colour)
    return from_lch(lightness + amount, chroma, hue)


def saturate(colour: str, factor: float) -> str:
    """Chroma times `factor`."""
    lightness, chroma, hue = lch(colour)
    return from_lch(lightness, chroma * factor, hue)


def turn(colour: str, degrees: float) -> str:
    """The hue turned by `degrees`."""
    lightness, chroma, hue = lch(colour)
    return from_lch(lightness, chroma, hue + math.radians(degrees))
