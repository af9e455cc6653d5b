"""The allowlist of SVG: which elements and attributes stay, and in which form a value is safe and drawable."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tinycss2 import color4  # type: ignore[import-untyped]


def _names(*lines: str) -> list[str]:
    return " ".join(lines).split()


ELEMENTS = frozenset(
    _names(
        "svg g defs symbol use path rect circle ellipse line polyline polygon text tspan",
        "linearGradient radialGradient stop pattern clipPath mask title desc metadata",
    )
)
PLAIN_TEXT_ELEMENTS = frozenset({"title", "desc", "metadata"})
"""Elements that keep their text but nothing inside them."""
TEXT_ELEMENTS = PLAIN_TEXT_ELEMENTS | {"text", "tspan"}
GROUPING_ELEMENTS = frozenset({"a", "switch"})
"""Elements that become plain groups."""
LINKING_ELEMENTS = frozenset({"use", "linearGradient", "radialGradient", "pattern"})
"""Elements that may have a link."""

ONCE_REFERRING = ("href", "xlink:href", "clip-path", "mask")
"""Attributes whose target is drawn once for the element."""
INHERITED_REFERRING = ("fill", "stroke")
"""Attributes whose target is drawn once for every shape that inherits them."""

_NUMBER = r"[+-]?+(?:\d++(?:\.\d*+)?+|\.\d++)(?:[eE][+-]?+\d++)?+"
_ID = r"[^\s'\"()<>&#\\]{1,256}"
_SEPARATOR = r"[\s,]*+"
_ARGUMENT = rf"{_NUMBER}{_SEPARATOR}"

NUMBER = re.compile(_NUMBER, re.ASCII)
_ID_VALUE = re.compile(_ID, re.ASCII)
_FRAGMENT = re.compile(rf"#({_ID})", re.ASCII)
_URL = re.compile(rf"url\(\s*(['\"]?)#({_ID})\1\s*\)", re.ASCII)
_PAINT_URL = re.compile(rf"{_URL.pattern}\s*(.*)", re.ASCII | re.DOTALL)

_LENGTHS = re.compile(rf"\s*+(?:{_NUMBER}(?:px|pt|pc|cm|mm|in|em|ex|%)?+{_SEPARATOR})++", re.ASCII)
_PLAIN_NUMBERS = re.compile(rf"\s*+(?:{_ARGUMENT})++", re.ASCII)
_RATIO = re.compile(rf"\s*+({_NUMBER})(%?)\s*+", re.ASCII)
_PATH = re.compile(r"\s*+[Mm][MmZzLlHhVvCcSsQqTtAa0-9eE+\-.,\s]*+", re.ASCII)
_TRANSFORM = re.compile(
    rf"(?:{_SEPARATOR}(?:"
    rf"matrix\s*+\(\s*+(?:{_ARGUMENT}){{6}}\)"
    rf"|(?:translate|scale)\s*+\(\s*+(?:{_ARGUMENT}){{1,2}}\)"
    rf"|rotate\s*+\(\s*+{_ARGUMENT}(?:(?:{_ARGUMENT}){{2}})?+\)"
    rf"|skew[XY]\s*+\(\s*+{_ARGUMENT}\)"
    rf")){{1,64}}{_SEPARATOR}",
    re.ASCII,
)
_ASPECT = re.compile(r"(?:none|x(?:Min|Mid|Max)Y(?:Min|Mid|Max))(?:\s+(?:meet|slice))?")
_KEYWORDS = re.compile(r"[A-Za-z0-9][\w.-]{0,63}(?:\s+[A-Za-z][\w-]{0,63}){0,3}", re.ASCII)
_FONT_FAMILY = re.compile(r"[^(){};:\\<>@]{1,256}")
_CHANNEL = rf"\s*{_NUMBER}%?\s*"
_PLAIN_COLOUR = re.compile(
    rf"#(?:[0-9a-fA-F]{{3}}){{1,2}}|[A-Za-z]{{2,24}}|rgb\({_CHANNEL},{_CHANNEL},{_CHANNEL}\)"
    rf"|rgba\({_CHANNEL},{_CHANNEL},{_CHANNEL},\s*{_NUMBER}\s*\)",
    re.ASCII,
)
_MAX_COLOUR = 100
_CSS_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Rule:
    """What is allowed in one attribute.

    Attributes:
        keep: The value to keep, perhaps rewritten, or None when the attribute has to go. Keeping is idempotent.
        coordinates: Whether the numbers in the value are bounded by `SvgLimits.coordinate`.
    """

    keep: Callable[[str], str | None]
    coordinates: bool = False


def parse_numbers(value: str) -> list[float]:
    """Every number in `value`, in order."""
    return [float(number) for number in NUMBER.findall(value)]


def referred_id(value: str) -> str | None:
    """The id that a kept value of a referring attribute points to, or None when it points to nothing."""
    match = _FRAGMENT.fullmatch(value) or _URL.match(value)
    return match.group(match.re.groups) if match else None


def style_declarations(style: str) -> list[tuple[str, str]]:
    """The declarations of a `style` attribute that are presentation attributes as well, in order."""
    declarations = []
    for declaration in _CSS_COMMENT.sub("", style).split(";"):
        name, _, value = declaration.partition(":")
        name = name.strip().lower()
        if name in _PRESENTATION:
            plain, mark, priority = value.rpartition("!")
            declarations.append((name, (plain if mark and priority.strip() == "important" else value).strip()))
    return declarations


def _whole(pattern: re.Pattern[str]) -> Callable[[str], str | None]:
    def keep(value: str) -> str | None:
        return value if pattern.fullmatch(value) else None

    return keep


def _or_words(keep: Callable[[str], str | None], *words: str) -> Callable[[str], str | None]:
    def keep_either(value: str) -> str | None:
        return value if value in words else keep(value)

    return keep_either


def _keep_ratio(value: str) -> str | None:
    """A number; a percentage becomes a fraction, which every renderer reads."""
    match = _RATIO.fullmatch(value)
    if not match:
        return None
    return f"{float(match[1]) / 100:.6g}" if match[2] else value


def _keep_view_box(value: str) -> str | None:
    if not _PLAIN_NUMBERS.fullmatch(value):
        return None
    numbers = parse_numbers(value)
    return value if len(numbers) == 4 and numbers[2] > 0 and numbers[3] > 0 else None


def _keep_dashes(value: str) -> str | None:
    return value if "-" not in value and _LENGTHS.fullmatch(value) else None


def _keep_colour(value: str) -> str | None:
    """A colour as SVG 1.1 writes it; later notations (`hsl()`, `#rrggbbaa`, `rgb(r g b / a)`) are rewritten."""
    if _PLAIN_COLOUR.fullmatch(value):
        return value
    if len(value) > _MAX_COLOUR:
        return None
    colour = color4.parse_color(value)
    if colour is None or isinstance(colour, str) or colour.space not in {"srgb", "hsl", "hwb"}:
        return None
    red, green, blue, alpha = colour.to("srgb")
    channels = [round(255 * min(max(channel, 0), 1)) for channel in (red, green, blue)]
    if alpha >= 1:
        return "#{:02x}{:02x}{:02x}".format(*channels)
    return "rgba({},{},{},{:.4g})".format(*channels, max(alpha, 0))


def _keep_paint(value: str) -> str | None:
    """A colour, or `url(#id)` with an optional simple colour after it."""
    match = _PAINT_URL.fullmatch(value)
    if not match:
        return _keep_colour(value)
    fallback = match[3].strip()
    return f"url(#{match[2]}) {fallback}" if re.fullmatch("[A-Za-z]+", fallback) else f"url(#{match[2]})"


def _keep_url(value: str) -> str | None:
    match = _URL.fullmatch(value.strip())
    if match:
        return f"url(#{match[2]})"
    return value if value == "none" else None


_length = Rule(_whole(_LENGTHS), coordinates=True)
_spacing = Rule(_or_words(_whole(_LENGTHS), "normal", "inherit"), coordinates=True)
_numbers = Rule(_whole(_PLAIN_NUMBERS), coordinates=True)
_transform = Rule(_whole(_TRANSFORM), coordinates=True)
_ratio = Rule(_or_words(_keep_ratio, "inherit"))
_colour = Rule(_keep_colour)
_paint = Rule(_keep_paint)
_url = Rule(_keep_url)
_keywords = Rule(_whole(_KEYWORDS))
_text = Rule(lambda value: value)
LINK = Rule(_whole(_FRAGMENT))
"""The rule of links: to an element of the same document."""

_PRESENTATION = {
    **dict.fromkeys(["fill", "stroke"], _paint),
    **dict.fromkeys(["color", "stop-color"], _colour),
    **dict.fromkeys(["opacity", "fill-opacity", "stroke-opacity", "stop-opacity", "stroke-miterlimit"], _ratio),
    **dict.fromkeys(["clip-path", "mask"], _url),
    **dict.fromkeys(["stroke-width", "stroke-dashoffset", "font-size"], _length),
    **dict.fromkeys(["letter-spacing", "word-spacing"], _spacing),
    "stroke-dasharray": Rule(_or_words(_keep_dashes, "none", "inherit"), coordinates=True),
    "font-family": Rule(_whole(_FONT_FAMILY)),
    **dict.fromkeys(
        _names(
            "clip-rule fill-rule stroke-linecap stroke-linejoin font-style font-weight font-variant font-stretch",
            "text-anchor text-decoration text-rendering dominant-baseline alignment-baseline baseline-shift",
            "writing-mode direction display visibility overflow shape-rendering color-interpolation paint-order",
            "vector-effect",
        ),
        _keywords,
    ),
}

RULES: dict[str, Rule] = {
    **_PRESENTATION,
    **dict.fromkeys(_names("x y dx dy width height cx cy r rx ry x1 y1 x2 y2 fx fy fr offset textLength"), _length),
    "d": Rule(_whole(_PATH), coordinates=True),
    **dict.fromkeys(["points", "rotate", "pathLength"], _numbers),
    **dict.fromkeys(["transform", "gradientTransform", "patternTransform"], _transform),
    "viewBox": Rule(_keep_view_box, coordinates=True),
    "preserveAspectRatio": Rule(_whole(_ASPECT)),
    **dict.fromkeys(
        _names(
            "gradientUnits spreadMethod patternUnits patternContentUnits maskUnits maskContentUnits clipPathUnits",
            "lengthAdjust version role lang xml:lang xml:space aria-hidden",
        ),
        _keywords,
    ),
    **dict.fromkeys(["aria-label", "aria-labelledby", "aria-describedby"], _text),
    "id": Rule(_whole(_ID_VALUE)),
    **dict.fromkeys(["href", "xlink:href"], LINK),
}
"""The rule of every attribute that may stay; namespaced ones by their usual prefix."""
