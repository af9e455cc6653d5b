"""Writing SVG: numbers, elements, smooth paths, shared definitions, and rewriting the markup of an artwork."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from random import Random
from xml.sax.saxutils import escape, quoteattr

Point = tuple[float, float]

_COLOUR = re.compile(r'\b(fill|stroke|stop-color)="(?!none|url|inherit|transparent|currentColor)([^"]+)"')
_IDENTITY = re.compile(r'\bid="([^"]+)"')
_REFERENCE = re.compile(r'(url\(#|href="#)([^)"]+)')


def num(value: float) -> str:
    """A number with at most two decimals, one from 100 on, and no needless zero."""
    text = f"{value:.1f}" if abs(value) >= 100 else f"{value:.2f}"
    text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def element(tag: str, content: str = "", /, **attributes: str | float | None) -> str:
    """One element; `_` in attribute names stands for `-`, and attributes that are None are omitted."""
    parts = [tag]
    for name, value in attributes.items():
        if value is None:
            continue
        text = value if isinstance(value, str) else num(value)
        parts.append(f"{name.rstrip('_').replace('_', '-')}={quoteattr(text)}")
    head = " ".join(parts)
    return f"<{head}>{content}</{tag}>" if content else f"<{head}/>"


def text_element(tag: str, text: str) -> str:
    """A `title` or `desc`."""
    return f"<{tag}>{escape(text)}</{tag}>"


def polyline(points: Sequence[Point]) -> str:
    """Path data through `points` by straight lines."""
    return "M" + "L".join(f"{num(x)} {num(y)}" for x, y in points)


def polygon(points: Sequence[Point]) -> str:
    """Path data of a closed polygon."""
    return polyline(points) + "Z"


def smooth(points: Sequence[Point], closed: bool = False) -> str:
    """Path data of a Catmull-Rom curve through `points`, as cubic Béziers."""
    count = len(points)
    parts = [f"M{num(points[0][0])} {num(points[0][1])}"]
    for index in range(count if closed else count - 1):
        before = points[(index - 1) % count] if closed or index > 0 else points[index]
        start, end = points[index], points[(index + 1) % count]
        after = points[(index + 2) % count] if closed or index + 2 < count else end
        first = (start[0] + (end[0] - before[0]) / 6, start[1] + (end[1] - before[1]) / 6)
        second = (end[0] - (after[0] - start[0]) / 6, end[1] - (after[1] - start[1]) / 6)
        parts.append("C" + " ".join(num(value) for point in (first, second, end) for value in point))
    return "".join(parts) + ("Z" if closed else "")


def blob(x: float, y: float, rx: float, ry: float, rng: Random, points: int = 9, wobble: float = 0.18) -> str:
    """Path data of an irregular round shape."""
    outline = []
    for index in range(points):
        angle = 2 * math.pi * index / points
        reach = 1 + rng.uniform(-wobble, wobble)
        outline.append((x + rx * reach * math.cos(angle), y + ry * reach * math.sin(angle)))
    return smooth(outline, closed=True)


def dot(x: float, y: float, radius: float) -> str:
    """Path data of a circle, for drawing many as one element."""
    r, d = num(radius), num(2 * radius)
    return f"M{num(x - radius)} {num(y)}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0-{d} 0z"


def box(x: float, y: float, width: float, height: float) -> str:
    """Path data of a rectangle, for drawing many as one element."""
    return f"M{num(x)} {num(y)}h{num(width)}v{num(height)}h{num(-width)}z"


def map_colours(markup: str, change: Callable[[str], str]) -> str:
    """The markup with every plain colour replaced by `change` of it."""
    return _COLOUR.sub(lambda found: f'{found[1]}="{change(found[2])}"', markup)


def rename(markup: str, prefix: str) -> str:
    """The markup with `prefix` before every identity and every reference to one."""
    markup = _IDENTITY.sub(lambda found: f'id="{prefix}{found[1]}"', markup)
    return _REFERENCE.sub(lambda found: f"{found[1]}{prefix}{found[2]}", markup)


class Defs:
    """The shared definitions of a document: gradients, clips and pieces that are used several times."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._parts: list[str] = []
        self._large: list[str] = []

    def _name(self, content: str, letter: str) -> tuple[str, bool]:
        if content in self._known:
            return self._known[content], False
        name = f"{letter}{len(self._known)}"
        self._known[content] = name
        return name, True

    def linear(self, stops: Sequence[tuple[float, str] | tuple[float, str, float]], x1: float, y1: float, x2: float,
               y2: float, units: str = "userSpaceOnUse") -> str:  # fmt: skip
        """Paint (`url(#…)`) of a linear gradient; a stop is offset, colour and perhaps opacity."""
        content = f'gradientUnits="{units}" x1="{num(x1)}" y1="{num(y1)}" x2="{num(x2)}" y2="{num(y2)}">{_stops(stops)}'
        name, new = self._name(content, "l")
        if new:
            self._parts.append(f'<linearGradient id="{name}" {content}</linearGradient>')
        return f"url(#{name})"

    def radial(self, stops: Sequence[tuple[float, str] | tuple[float, str, float]], cx: float = 0.5, cy: float = 0.5,
               r: float = 0.5, units: str = "objectBoundingBox") -> str:  # fmt: skip
        """Paint (`url(#…)`) of a radial gradient."""
        content = f'gradientUnits="{units}" cx="{num(cx)}" cy="{num(cy)}" r="{num(r)}">{_stops(stops)}'
        name, new = self._name(content, "r")
        if new:
            self._parts.append(f'<radialGradient id="{name}" {content}</radialGradient>')
        return f"url(#{name})"

    def clip(self, content: str) -> str:
        """Reference (`url(#…)`) to a clip made of the shapes in `content`."""
        name, new = self._name("clip" + content, "c")
        if new:
            self._parts.append(f'<clipPath id="{name}">{content}</clipPath>')
        return f"url(#{name})"

    def group(self, content: str, large: bool = False, **attributes: str | float | None) -> str:
        """Identity of a group to be drawn by `use`. Large ones come last, as renderers search in order."""
        name, new = self._name(content + repr(sorted(attributes.items())), "g")
        if new:
            (self._large if large else self._parts).append(element("g", content, id=name, **attributes))
        return name

    def restyle(self, change: Callable[[str], str]) -> None:
        """Rewrite every gradient and small group, the large groups excepted."""
        self._parts = [change(part) for part in self._parts]

    def __str__(self) -> str:
        parts = sorted(self._parts, key=lambda part: not part.startswith("<g")) + self._large
        return f"<defs>{''.join(parts)}</defs>" if parts else ""


def _stops(stops: Sequence[tuple[float, str] | tuple[float, str, float]]) -> str:
    parts = []
    for stop in stops:
        opacity = f' stop-opacity="{num(stop[2])}"' if len(stop) == 3 else ""
        parts.append(f'<stop offset="{num(stop[0])}" stop-color="{stop[1]}"{opacity}/>')
    return "".join(parts)


def use(identity: str, x: float, y: float, scale: float = 1.0, mirrored: bool = False, angle: float = 0.0) -> str:
    """A repeat of a defined group, its origin at (`x`, `y`), scaled, perhaps mirrored and turned by degrees."""
    parts = [f"translate({num(x)} {num(y)})"]
    if angle:
        parts.append(f"rotate({num(angle)})")
    if mirrored or scale != 1:
        text = f"{scale:.4g}"
        parts.append(f"scale(-{text} {text})" if mirrored else f"scale({text})")
    return f'<use href="#{identity}" transform="{"".join(parts)}"/>'
