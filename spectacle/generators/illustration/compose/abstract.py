"""An image of a mood alone, for prompts with nothing to draw and no place to show."""

from __future__ import annotations

import math

from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.colour import lighten, mix
from spectacle.generators.illustration.compose.svg import blob, dot, num, smooth

PALETTES = {
    "calm": ("#dcecf2", "#9cc7d8", "#6fa3bf", "#f2e6d0", "#4f7f9f"),
    "joyful": ("#fff2cc", "#ffb84d", "#ff7f6e", "#5fc6c0", "#f2668f"),
    "sad": ("#cfd8e3", "#8fa3bb", "#5f7390", "#3f4f6c", "#aab8c2"),
    "angry": ("#f6c9a8", "#e8583f", "#a82630", "#3a1620", "#ff9a3f"),
    "mysterious": ("#3a2f5f", "#5f4a8f", "#1f1b3a", "#8f7fc0", "#4fa0a8"),
    "romantic": ("#ffe3e0", "#f7a8b5", "#e0708f", "#b5487a", "#ffd0a8"),
    "energetic": ("#fff0c2", "#ff8a2f", "#f23f6f", "#7f3fd0", "#2fc0e0"),
    "cold": ("#eaf4fb", "#b5d6ea", "#7fb0d0", "#4f80b0", "#dfe8f5"),
    "warm": ("#fff0d6", "#ffcf8f", "#f29a5f", "#d0654a", "#ffe0b0"),
    "dark": ("#2a2d3f", "#3f4560", "#161824", "#5f6a8f", "#7f4f6f"),
    "dreamy": ("#f0e6fa", "#c9b5ec", "#a8cdf0", "#f7c8de", "#fff2d9"),
}
"""Colours of each mood: ground, two main ones, a deep one and an accent."""

PLEASANT = ("calm", "dreamy", "energetic", "joyful", "romantic", "warm")
"""Moods to choose from when none was said."""


def paint_abstract(canvas: Canvas, mood: str | None) -> None:
    """Paint waves, discs or mosaic in the colours of the mood, or of any when there is none."""
    rng = canvas.rng
    colours = PALETTES[mood] if mood in PALETTES else PALETTES[rng.choice(PLEASANT)]
    width, height = canvas.width, canvas.height
    canvas.rect(0, 0, width, height, canvas.vertical(0, height, colours[0], mix(colours[0], colours[1], 0.55)))
    rng.choice((_waves, _discs, _petals, _mosaic))(canvas, colours)


def _waves(canvas: Canvas, colours: tuple[str, ...]) -> None:
    rng, unit, width, height = canvas.rng, canvas.unit, canvas.width, canvas.height
    x, y = width * rng.choice((0.3, 0.68)), height * rng.uniform(0.24, 0.34)
    canvas.glow(x, y, unit * 0.45, colours[4], 0.8)
    canvas.ellipse(x, y, unit * 0.14, unit * 0.14, mix(colours[4], "#ffffff", 0.35))
    layers = 7
    for layer in range(layers):
        share = layer / (layers - 1)
        base = height * (0.42 + 0.56 * share)
        points = canvas.ridge(base, unit * 0.2, max(3, round(4 * width / unit)), 0.7)
        tone = mix(mix(colours[1], colours[2], min(1, share * 2)), colours[3], max(0, share * 2 - 1))
        paint = canvas.vertical(base - unit * 0.2, base + unit * 0.3, lighten(tone, 0.05), lighten(tone, -0.05))
        canvas.land(points, height + 2, paint)
        canvas.stroke(smooth(points), lighten(tone, 0.09), unit * 0.003, stroke_opacity=0.7)
    canvas.path(
        "".join(
            dot(width * rng.random(), height * rng.random() * 0.6, unit * rng.uniform(0.002, 0.006)) for _ in range(40)
        ),
        "#ffffff",
        fill_opacity=0.6,
    )


def _discs(canvas: Canvas, colours: tuple[str, ...]) -> None:
    rng, unit, width, height = canvas.rng, canvas.unit, canvas.width, canvas.height
    spots: list[tuple[float, float, float]] = []
    for _ in range(400):
        r = unit * rng.choice((0.03, 0.05, 0.08, 0.13, 0.2))
        x, y = width * rng.random(), height * rng.random()
        if all(math.hypot(x - a, y - b) > r + c + unit * 0.008 for a, b, c in spots):
            spots.append((x, y, r))
    for x, y, r in spots:
        tone = rng.choice(colours[1:])
        canvas.ellipse(x, y, r, r, canvas.defs.radial([(0, lighten(tone, 0.09)), (1, tone)], 0.36, 0.32, 0.8))
        kind = rng.randrange(4)
        if kind == 0:
            canvas.ellipse(x, y, r * 0.62, r * 0.62, rng.choice(colours))
            canvas.ellipse(x, y, r * 0.3, r * 0.3, rng.choice(colours[1:]))
        elif kind == 1:
            canvas.path(
                f"M{num(x - r)} {num(y)}A{num(r)} {num(r)} 0 0 1 {num(x + r)} {num(y)}Z",
                rng.choice(colours),
                fill_opacity=0.85,
            )
        elif kind == 2 and r > unit * 0.05:
            canvas.path(
                "".join(dot(x + r * 0.62 * math.cos(k), y + r * 0.62 * math.sin(k), r * 0.13) for k in range(6)),
                rng.choice(colours),
            )


def _petals(canvas: Canvas, colours: tuple[str, ...]) -> None:
    rng, unit, width, height = canvas.rng, canvas.unit, canvas.width, canvas.height
    x, y = width * rng.uniform(0.38, 0.62), height * rng.uniform(0.4, 0.6)
    reach = math.hypot(width, height) * 0.52
    for ring in range(6, 0, -1):
        r, count = reach * ring / 6, 6 + 2 * ring
        tone = colours[1 + ring % 4]
        data = []
        for index in range(count):
            angle = 2 * math.pi * (index + 0.5 * (ring % 2)) / count
            tip = (x + r * math.cos(angle), y + r * math.sin(angle))
            bow = r * 0.62
            spread = math.pi / count * 1.05
            data.append(
                f"M{num(x)} {num(y)}Q{num(x + bow * math.cos(angle - spread))}"
                f" {num(y + bow * math.sin(angle - spread))} {num(tip[0])} {num(tip[1])}"
                f"Q{num(x + bow * math.cos(angle + spread))} {num(y + bow * math.sin(angle + spread))}"
                f" {num(x)} {num(y)}Z"
            )
        canvas.path(
            "".join(data),
            mix(tone, colours[0], 0.12 * (ring % 3)),
            stroke=lighten(tone, 0.08),
            stroke_width=unit * 0.003,
        )
    canvas.glow(x, y, unit * 0.3, "#ffffff", 0.6)


def _mosaic(canvas: Canvas, colours: tuple[str, ...]) -> None:
    rng, unit, width, height = canvas.rng, canvas.unit, canvas.width, canvas.height
    for index in range(26):
        x, y, r = width * rng.random(), height * rng.random(), unit * rng.uniform(0.1, 0.3) * (1.15 - index / 40)
        tone = rng.choice(colours)
        canvas.path(
            blob(x, y, r, r * rng.uniform(0.6, 1), rng, 8, 0.2),
            canvas.defs.linear([(0, lighten(tone, 0.05), 0.85), (1, tone, 0.6)], x, y - r, x, y + r),
        )
    for _ in range(9):
        start = (width * rng.random(), height * rng.random())
        points = [start]
        for _ in range(4):
            points.append(
                (points[-1][0] + unit * rng.uniform(-0.25, 0.25), points[-1][1] + unit * rng.uniform(-0.25, 0.25))
            )
        canvas.stroke(
            smooth(points), rng.choice(("#ffffff", colours[3])), unit * rng.choice((0.003, 0.006)), stroke_opacity=0.7
        )
