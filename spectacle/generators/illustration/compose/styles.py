"""The styles other than flat: how each changes the markup of artworks and backgrounds, and what it adds."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import lru_cache
from random import Random

from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.colour import from_lch, lch, lighten, mix
from spectacle.generators.illustration.compose.svg import blob, dot, element, map_colours, num, polyline

PAPER = "#fbf7ee"
GRAPHITE = "#4a4644"
BLUEPRINT_LIGHT = "#e4f1ff"
_SHAPE = re.compile(r"<(path|circle|ellipse|rect|polygon|polyline|line)\b([^>]*?)(/?)>")
_FILL = re.compile(r'\bfill="(#[0-9a-fA-F]{3,8})"')


def _outlined(markup: str, stroke: Callable[[str | None], str | None], width: float, opacity: float = 1.0) -> str:
    """The markup with a stroke on each shape that has none; `stroke` gives its colour for a fill, or None."""

    def change(found: re.Match[str]) -> str:
        tag, attributes, end = found.groups()
        if "stroke=" in attributes or 'fill="none"' in attributes or 'fill="url' in attributes:
            return found[0]
        fill = _FILL.search(attributes)
        colour = stroke(fill[1] if fill else None)
        if colour is None:
            return found[0]
        extra = f' stroke-opacity="{num(opacity)}"' if opacity < 1 else ""
        return f'<{tag}{attributes} stroke="{colour}" stroke-width="{num(width)}" stroke-linejoin="round"{extra}{end}>'

    return _SHAPE.sub(change, markup)


def silhouette(markup: str, colour: str, width: float) -> str:
    """The markup all in one colour, grown by half of `width`."""
    plain = re.sub(r'\b(fill|stroke|stop-color)="(?!none)[^"]*"', lambda found: f'{found[1]}="{colour}"', markup)
    plain = re.sub(r'\s(?:fill-|stroke-|stop-)?opacity="[^"]*"', "", plain)
    plain = re.sub(r"\sstroke-(?:width|linejoin|linecap|miterlimit|dasharray)=\"[^\"]*\"", "", plain)
    plain = re.sub(r'\sstroke="[^"]*"', "", plain)
    plain = re.sub(r"<(linearGradient|radialGradient)\b.*?</\1>", "", plain, flags=re.DOTALL)
    return element("g", plain, fill=colour, stroke=colour, stroke_width=width, stroke_linejoin="round")


@lru_cache(maxsize=4096)
def _noir(colour: str) -> str:
    lightness, chroma, hue = lch(colour)
    tone = min(1.0, max(0.0, (lightness - 0.14) / 0.8))
    tone = tone * tone * (3 - 2 * tone)
    if chroma > 0.085 and -0.1 < hue < 0.7 and 0.24 < lightness < 0.78:
        return from_lch(lightness * 0.85, chroma * 0.9, hue)
    return from_lch(0.1 + 0.86 * tone, 0.008, 1.2)


@lru_cache(maxsize=4096)
def _noir_ground(colour: str) -> str:
    lightness, _, _ = lch(colour)
    tone = min(1.0, max(0.0, (lightness - 0.1) / 0.8))
    return from_lch(0.13 + 0.62 * tone**0.85, 0.006, 1.2)


@lru_cache(maxsize=4096)
def _pencil(colour: str) -> str:
    lightness, chroma, hue = lch(colour)
    return from_lch(0.62 + 0.35 * lightness, chroma * 0.16, hue)


@lru_cache(maxsize=4096)
def _pencil_far(colour: str) -> str:
    lightness, chroma, hue = lch(colour)
    return from_lch(0.84 + 0.13 * lightness, chroma * 0.1, hue)


@lru_cache(maxsize=4096)
def _blue(colour: str) -> str:
    lightness, _, _ = lch(colour)
    return mix("#174f96", "#8dbdf0", 0.75 * lightness)


@lru_cache(maxsize=4096)
def _blue_ground(colour: str) -> str:
    lightness, _, _ = lch(colour)
    return mix("#123f7c", "#2763ab", lightness)


@lru_cache(maxsize=4096)
def _wash(colour: str) -> str:
    lightness, chroma, hue = lch(colour)
    return mix(from_lch(min(0.97, lightness * 0.95 + 0.07), chroma * 0.98, hue), PAPER, 0.2)


@lru_cache(maxsize=4096)
def _wash_far(colour: str) -> str:
    return mix(_wash(colour), PAPER, 0.26)


def style_drawing(style: str, markup: str, scale: float, unit: float) -> str:
    """The markup of an artwork in a style.

    Args:
        style: One of the styles.
        markup: Elements in the colours of the scene.
        scale: Pixels per unit of the markup.
        unit: The shorter side of the image in pixels.
    """
    if style == "noir":
        return map_colours(markup, _noir)
    if style == "sketch":
        return _outlined(map_colours(markup, _pencil), lambda _: GRAPHITE, unit * 0.0028 / scale)
    if style == "blueprint":
        return _outlined(map_colours(markup, _blue), lambda _: BLUEPRINT_LIGHT, unit * 0.0024 / scale)
    if style == "watercolour":
        washed = map_colours(markup, _wash)
        return _outlined(
            washed, lambda fill: None if fill is None else lighten(fill, -0.11), unit * 0.0034 / scale, 0.55
        )
    return markup


def style_ground(style: str, markup: str, unit: float) -> str:
    """The markup of a background in a style."""
    if style == "noir":
        return map_colours(markup, _noir_ground)
    if style == "sketch":
        return _outlined(map_colours(markup, _pencil_far), lambda fill: "#a39c94" if fill else None, unit * 0.0014)
    if style == "blueprint":
        return _outlined(
            map_colours(markup, _blue_ground), lambda fill: "#8fb9ea" if fill else None, unit * 0.0012, 0.7
        )
    if style == "watercolour":
        washed = map_colours(markup, _wash_far)
        return _outlined(washed, lambda fill: None if fill is None else lighten(fill, -0.07), unit * 0.0026, 0.45)
    return markup


def style_pieces(style: str, markup: str) -> str:
    """The markup of repeated pieces of a background, 100 high, in a style."""
    return style_ground(style, markup, 420.0)


def over(style: str, canvas: Canvas, rng: Random) -> str:
    """What a style lays over the whole image."""
    if style == "noir":
        return _slats(canvas, rng)
    if style == "sketch":
        return _hatching(canvas, rng)
    if style == "blueprint":
        return _grid(canvas)
    if style == "watercolour":
        return _paper_edge(canvas, rng)
    return ""


def _slats(canvas: Canvas, rng: Random) -> str:
    """Light through blinds, and dark corners."""
    width, height, unit = canvas.width, canvas.height, canvas.unit
    lean, step = width * rng.choice((-0.3, 0.3)), unit * 0.11
    bands = []
    y = -abs(lean)
    while y < height + abs(lean):
        bands.append(f"M0 {num(y)}L{num(width)} {num(y + lean)}v{num(step * 0.42)}L0 {num(y + step * 0.42)}Z")
        y += step
    reach = math.hypot(width, height) / 2
    shade = canvas.defs.radial(
        [(0.45, "#000000", 0), (1, "#000000", 0.72)], width / 2, height * 0.52, reach, units="userSpaceOnUse"
    )
    return (
        element("path", d="".join(bands), fill="#000000", fill_opacity=0.17)
        + element("rect", width=width, height=height, fill=shade)
    )  # fmt: skip


def _hatching(canvas: Canvas, rng: Random) -> str:
    """Pencil strokes over the ground and a loose frame."""
    width, height, unit = canvas.width, canvas.height, canvas.unit
    strokes = []
    for _ in range(round(130 * width / unit)):
        x, y = width * rng.random(), canvas.horizon + (height - canvas.horizon) * rng.random() ** 0.7
        reach = unit * rng.uniform(0.025, 0.06)
        if canvas.free(x, y):
            strokes.append(f"M{num(x)} {num(y)}l{num(reach)} {num(-reach * 0.7)}")
    for _ in range(round(60 * width / unit)):
        x, y, reach = width * rng.random(), canvas.horizon * rng.random() ** 1.6 * 0.5, unit * rng.uniform(0.05, 0.12)
        strokes.append(f"M{num(x)} {num(y)}l{num(reach)} {num(-reach * 0.45)}")
    inset = unit * 0.025
    frame = []
    for _ in range(2):
        jitter = [unit * rng.uniform(-0.006, 0.006) for _ in range(8)]
        frame.append(
            polyline(
                [
                    (inset + jitter[0], inset + jitter[1]),
                    (width - inset + jitter[2], inset + jitter[3]),
                    (width - inset + jitter[4], height - inset + jitter[5]),
                    (inset + jitter[6], height - inset + jitter[7]),
                    (inset + jitter[0], inset + jitter[1]),
                ]
            )
        )
    margin = (
        f"M0 0H{num(width)}V{num(height)}H0ZM{num(inset)} {num(inset)}V{num(height - inset)}"
        f"H{num(width - inset)}V{num(inset)}Z"
    )
    return (
        element(
            "path",
            d="".join(strokes),
            fill="none",
            stroke=GRAPHITE,
            stroke_width=unit * 0.0016,
            stroke_opacity=0.35,
            stroke_linecap="round",
        )
        + element("path", d=margin, fill=PAPER, fill_rule="evenodd")
        + element(
            "path", d="".join(frame), fill="none", stroke=GRAPHITE, stroke_width=unit * 0.0022, stroke_opacity=0.75
        )
    )


def _grid(canvas: Canvas) -> str:
    """Grid, frame, dimension lines of the objects and a title block."""
    width, height, unit = canvas.width, canvas.height, canvas.unit
    fine, light = unit / 40, BLUEPRINT_LIGHT

    def lines(step: float) -> str:
        across = "".join(f"M{num(step * k)} 0V{num(height)}" for k in range(1, int(width / step) + 1))
        return across + "".join(f"M0 {num(step * k)}H{num(width)}" for k in range(1, int(height / step) + 1))

    parts = [
        element("path", d=lines(fine), fill="none", stroke=light, stroke_width=unit * 0.0008, stroke_opacity=0.16),
        element("path", d=lines(fine * 5), fill="none", stroke=light, stroke_width=unit * 0.0012, stroke_opacity=0.26),
    ]
    inset = unit * 0.022
    marks = [f"M{num(inset)} {num(inset)}H{num(width - inset)}V{num(height - inset)}H{num(inset)}Z"]
    for left, top, right, bottom in sorted(canvas.keep, key=lambda box: (box[0] - box[2]) * (box[3] - box[1]))[:3]:
        tick, gap = unit * 0.012, unit * 0.022
        y = min(height - inset * 1.6, bottom + gap)
        marks.append(
            f"M{num(left)} {num(y)}H{num(right)}M{num(left)} {num(y - tick)}v{num(tick * 2)}"
            f"M{num(right)} {num(y - tick)}v{num(tick * 2)}"
        )
        marks.append(
            f"M{num(left + tick)} {num(y - tick * 0.5)}L{num(left)} {num(y)}l{num(tick)}"
            f" {num(tick * 0.5)}M{num(right - tick)} {num(y - tick * 0.5)}L{num(right)} {num(y)}"
            f"l{num(-tick)} {num(tick * 0.5)}"
        )
        x = min(width - inset * 1.6, right + gap)
        marks.append(
            f"M{num(x)} {num(top)}V{num(bottom)}M{num(x - tick)} {num(top)}h{num(tick * 2)}"
            f"M{num(x - tick)} {num(bottom)}h{num(tick * 2)}"
        )
        middle = ((left + right) / 2, (top + bottom) / 2)
        reach = unit * 0.014
        marks.append(
            f"M{num(middle[0] - reach)} {num(middle[1])}h{num(reach * 2)}M{num(middle[0])}"
            f" {num(middle[1] - reach)}v{num(reach * 2)}"
        )
    w, h = unit * 0.24, unit * 0.09
    x, y = width - inset - w, height - inset - h
    block = element("rect", x=x, y=y, width=w, height=h, fill="#123f7c", stroke=light, stroke_width=unit * 0.002)
    marks.append(
        f"M{num(x)} {num(y + h * 0.34)}h{num(w)}M{num(x)} {num(y + h * 0.67)}h{num(w)}"
        f"M{num(x + w * 0.6)} {num(y + h * 0.34)}v{num(h * 0.66)}"
    )
    for row, reach in ((0.17, 0.7), (0.5, 0.4), (0.84, 0.46)):
        marks.append(f"M{num(x + w * 0.06)} {num(y + h * row)}h{num(w * reach)}")
    parts.append(block)
    parts.append(
        element("path", d="".join(marks), fill="none", stroke=light, stroke_width=unit * 0.002, stroke_opacity=0.85)
    )
    return "".join(parts)


def _paper_edge(canvas: Canvas, rng: Random) -> str:
    """Blooms and granulation in the washes, splashes, and the ragged edge of the painted area."""
    width, height, unit = canvas.width, canvas.height, canvas.unit
    parts = []
    area = min(4.0, width * height / unit**2)
    for _ in range(round(12 * area)):
        x, y, r = width * rng.random(), height * rng.random(), unit * rng.uniform(0.06, 0.2)
        tone, strength = rng.choice(((PAPER, 0.34), (PAPER, 0.26), ("#5f7fae", 0.1), ("#b5806f", 0.08)))
        paint = canvas.defs.radial(
            [(0, tone, strength), (0.75, tone, strength * 0.55), (0.9, tone, strength * 0.85), (1, tone, 0)]
        )
        parts.append(element("ellipse", cx=x, cy=y, rx=r, ry=r * rng.uniform(0.6, 1), fill=paint))
    grain = "".join(
        dot(width * rng.random(), height * rng.random(), unit * rng.uniform(0.0006, 0.0016))
        for _ in range(round(260 * area))
    )
    parts.append(element("path", d=grain, fill="#ffffff", fill_opacity=0.5))
    for reach, opacity in ((0.062, 0.45), (0.046, 0.7), (0.032, 1.0)):
        inner = _ragged(width, height, unit * reach, unit * 0.016, rng)
        outer = f"M-4-4H{num(width + 4)}V{num(height + 4)}H-4Z"
        parts.append(element("path", d=outer + inner, fill=PAPER, fill_opacity=opacity, fill_rule="evenodd"))
    for _ in range(9):
        corner = (
            width * rng.choice((0.06, 0.94)) + unit * rng.uniform(-0.05, 0.05),
            height * rng.choice((0.05, 0.95)) + unit * rng.uniform(-0.05, 0.05),
        )
        r = unit * rng.uniform(0.003, 0.009)
        parts.append(
            element("path", d=blob(*corner, r, r, rng, 7, 0.2), fill=_wash(canvas.sky.stops[0][1]), fill_opacity=0.6)
        )
    return "".join(parts)


def _ragged(width: float, height: float, inset: float, wobble: float, rng: Random) -> str:
    points = []
    step = max(width, height) / 22
    for start, end in (
        ((inset, inset), (width - inset, inset)),
        ((width - inset, inset), (width - inset, height - inset)),
        ((width - inset, height - inset), (inset, height - inset)),
        ((inset, height - inset), (inset, inset)),
    ):
        count = max(3, round(math.dist(start, end) / step))
        for index in range(count):
            share = index / count
            points.append(
                (
                    start[0] + (end[0] - start[0]) * share + rng.uniform(-wobble, wobble),
                    start[1] + (end[1] - start[1]) * share + rng.uniform(-wobble, wobble),
                )
            )
    return polyline(points) + "Z"
