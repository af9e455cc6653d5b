"""Backgrounds of dwellings: room, bedroom, kitchen; and the table and the studio."""

from __future__ import annotations

import math

from spectacle.generators.illustration.compose.backgrounds.furnishing import (
    WALLS,
    floor,
    lamplight,
    picture,
    pot_plant,
    rug,
    standing_lamp,
    wall,
    window,
)
from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.colour import lighten, mix
from spectacle.generators.illustration.compose.sky import paint_stars
from spectacle.generators.illustration.compose.svg import box, num, polygon


def room(canvas: Canvas) -> None:
    """A living room: window, pictures, plant, lamp, rug."""
    rng, unit, width, base = canvas.rng, canvas.unit, canvas.width, canvas.horizon
    wall(canvas, rng.choice(WALLS))
    floor(canvas, rng.choice(("#c99a66", "#b98658", "#d6ad7c")))
    left = rng.random() < 0.5
    tall = min(base * 0.5, unit * 0.34)
    wide = tall * 0.85
    window(
        canvas,
        width * (0.24 if left else 0.76) - wide / 2,
        base * 0.42 - tall / 2,
        wide,
        tall,
        rng.choice(("#d98a7a", "#8fae9a", "#e6c27a", "#7f9fc0", None)),
    )
    for index in range(max(1, round(2 * width / unit) - 1)):
        x = width * ((0.66 if left else 0.12) + 0.17 * index)
        size = unit * rng.uniform(0.11, 0.15)
        picture(canvas, x, base * rng.uniform(0.26, 0.36), size, size * rng.choice((0.8, 1.25)))
    rug(canvas)
    if rng.random() < 0.75:
        pot_plant(canvas, width * (0.93 if left else 0.07), base + unit * 0.05, unit * 0.3)
    if rng.random() < 0.75 or canvas.night:
        standing_lamp(canvas, width * (0.06 if left else 0.94), base + unit * 0.04, unit * 0.52)
    lamplight(canvas)


def bedroom(canvas: Canvas) -> None:
    """A bedroom: window, bunting, bedside table, soft colours."""
    rng, unit, width, base = canvas.rng, canvas.unit, canvas.width, canvas.horizon
    wall(
        canvas,
        rng.choice((("#d9d3ec", "#c9c1e0"), ("#cfe2ee", "#bcd5e6"), ("#f5d9df", "#ebc8d0"), ("#dcead2", "#cbdec0"))),
        1,
    )
    floor(canvas, rng.choice(("#d1a878", "#c39a72")))
    tall = min(base * 0.5, unit * 0.34)
    left = rng.random() < 0.5
    window(
        canvas,
        width * (0.26 if left else 0.74) - tall * 0.42,
        base * 0.45 - tall / 2,
        tall * 0.85,
        tall,
        rng.choice(("#e89ab0", "#8fb0d9", "#f0c987")),
    )
    flags = []
    for index in range(round(9 * width / unit)):
        x = unit * 0.115 * index
        sag = unit * (0.05 + 0.02 * math.sin(index * 1.4))
        flags.append((x, sag))
    canvas.stroke("M" + "L".join(f"{num(x)} {num(y)}" for x, y in flags), canvas.lit("#8a7a72"), unit * 0.003)
    for x, y in flags:
        canvas.polygon(
            [(x - unit * 0.03, y), (x + unit * 0.03, y), (x, y + unit * 0.06)],
            canvas.lit(rng.choice(("#f28f8f", "#f7cf6f", "#8fc7e8", "#a9d99a", "#c9a5e8"))),
        )
    size = unit * 0.14
    picture(canvas, width * (0.68 if left else 0.16), base * 0.3, size, size * 1.2)
    x = width * (0.94 if left else 0.06)
    stand, foot = unit * 0.17, base + unit * 0.05
    canvas.rect(x - stand / 2, foot - stand, stand, stand, canvas.lit("#f5efe6"))
    canvas.rect(x - stand * 0.42, foot - stand * 0.9, stand * 0.84, stand * 0.32, canvas.lit("#e6dccb"))
    canvas.ellipse(x, foot - stand * 0.74, stand * 0.04, stand * 0.04, canvas.lit("#b5895c"))
    if canvas.night:
        canvas.glow(x, foot - stand * 1.5, stand * 2.2, "#ffd98a", 0.6)
    canvas.rect(x - stand * 0.04, foot - stand * 1.3, stand * 0.08, stand * 0.3, canvas.lit("#b5895c"))
    canvas.polygon(
        [
            (x - stand * 0.16, foot - stand * 1.7),
            (x + stand * 0.16, foot - stand * 1.7),
            (x + stand * 0.28, foot - stand * 1.25),
            (x - stand * 0.28, foot - stand * 1.25),
        ],
        "#ffe9b0" if canvas.night else canvas.lit("#f9dfae"),
    )
    if "bed" not in canvas.has:
        _bed(canvas, width * (0.68 if left else 0.32), base, rng.choice(("#8fb0d9", "#e0a3b4", "#9cc2a5", "#c3aede")))
    rug(canvas)
    lamplight(canvas)


def _bed(canvas: Canvas, x: float, base: float, cover: str) -> None:
    """A bed against the wall, seen from its side."""
    unit = canvas.unit
    wide, low = unit * 0.5, base + unit * 0.075
    wood, edge = canvas.lit("#a9784f"), unit * 0.012
    canvas.rect(x - wide / 2 - unit * 0.03, low - unit * 0.27, unit * 0.03, unit * 0.27, wood, rx=edge)
    canvas.rect(x + wide / 2, low - unit * 0.16, unit * 0.03, unit * 0.16, wood, rx=edge)
    canvas.rect(x - wide / 2, low - unit * 0.07, wide, unit * 0.045, wood)
    canvas.rect(x - wide / 2, low - unit * 0.13, wide, unit * 0.07, canvas.lit("#fdfaf4"), rx=edge)
    canvas.rect(x - wide * 0.47, low - unit * 0.175, wide * 0.2, unit * 0.065, canvas.lit("#ffffff"), rx=unit * 0.025)
    canvas.rect(x - wide * 0.2, low - unit * 0.15, wide * 0.7, unit * 0.095, canvas.lit(cover), rx=unit * 0.02)
    canvas.rect(x - wide * 0.2, low - unit * 0.15, wide * 0.1, unit * 0.095, canvas.lit(lighten(cover, 0.25)), rx=edge)


def kitchen(canvas: Canvas) -> None:
    """A kitchen: tiles, cupboards, counter, hanging pans, window."""
    rng, unit, width, base = canvas.rng, canvas.unit, canvas.width, canvas.horizon
    wall(canvas, (("#f7eede", "#eadfcb"), ("#e6f0ec", "#d5e5df"))[rng.randrange(2)], 2)
    tile = unit * 0.055
    top = base - unit * 0.36
    lines = "".join(f"M0 {num(top + tile * k)}H{num(width)}" for k in range(5)) + "".join(
        f"M{num(tile * 1.6 * (k + 0.5))} {num(top)}V{num(base)}" for k in range(int(width / (tile * 1.6)) + 1)
    )
    canvas.rect(0, top, width, base - top, canvas.lit(rng.choice(("#d9ece8", "#f5e2cf", "#dfe8f2"))))
    canvas.stroke(lines, canvas.lit("#ffffff"), unit * 0.004)
    floor(canvas, rng.choice(("#d8c3a5", "#c9b8a8")), tiled=True)
    cupboard = canvas.lit(rng.choice(("#7fb0a5", "#e09a6a", "#8fa8cc", "#e8c46f", "#d98a8a")))
    counter = base - unit * 0.16
    canvas.rect(0, counter, width, unit * 0.17 + unit * 0.02, cupboard)
    count = max(3, round(width / (unit * 0.24)))
    for index in range(count):
        x = width * index / count
        canvas.rect(
            x + unit * 0.01, counter + unit * 0.03, width / count - unit * 0.02, unit * 0.13, lighten(cupboard, 0.045)
        )
        canvas.rect(
            x + width / count / 2 - unit * 0.02,
            counter + unit * 0.045,
            unit * 0.04,
            unit * 0.008,
            canvas.lit("#f7f0e2"),
        )
    canvas.rect(0, counter - unit * 0.018, width, unit * 0.03, canvas.lit("#a8754c"))
    canvas.rect(0, base + unit * 0.018, width, unit * 0.012, lighten(cupboard, -0.2))
    left = rng.random() < 0.5
    tall = min(base * 0.34, unit * 0.24)
    window(
        canvas,
        width * (0.22 if left else 0.78) - tall / 2,
        top - tall * 0.72,
        tall,
        tall,
        rng.choice(("#e8837a", "#f2c35c")),
    )
    y = base * 0.14
    rail = (width * 0.5, width * 0.95) if left else (width * 0.05, width * 0.5)
    canvas.stroke(f"M{num(rail[0])} {num(y)}H{num(rail[1])}", canvas.lit("#6f6a68"), unit * 0.008)
    for index in range(4):
        x = rail[0] + (rail[1] - rail[0]) * (index + 0.5) / 4
        tone, size = canvas.lit(rng.choice(("#5f656d", "#c9764a", "#8f9aa5"))), unit * rng.uniform(0.035, 0.05)
        canvas.stroke(f"M{num(x)} {num(y)}v{num(size * 1.5)}", tone, size * 0.16)
        canvas.ellipse(x, y + size * 2.2, size, size, tone)
        canvas.ellipse(x, y + size * 2.2, size * 0.78, size * 0.78, lighten(tone, 0.08))
    pot_plant(canvas, width * (0.06 if left else 0.94), counter - unit * 0.018, unit * 0.14)
    for index in range(3):
        x, size = width * ((0.78 if left else 0.1) + 0.045 * index), unit * (0.07 - 0.012 * index)
        canvas.rect(
            x, counter - unit * 0.018 - size, size * 0.75, size, canvas.lit(("#f2efe8", "#e8d9b5", "#d98a6a")[index])
        )
        canvas.rect(
            x - size * 0.04, counter - unit * 0.018 - size * 1.14, size * 0.83, size * 0.18, canvas.lit("#a8754c")
        )
    lamplight(canvas)


def table(canvas: Canvas) -> None:
    """A table top before a soft wall, for still lifes."""
    rng, unit, width, height, base = canvas.rng, canvas.unit, canvas.width, canvas.height, canvas.horizon
    colours = rng.choice(WALLS)
    light, dark = canvas.lit(colours[0]), canvas.lit(lighten(colours[1], -0.03))
    canvas.rect(0, 0, width, base + 2, canvas.vertical(0, base, light, dark))
    kind = rng.randrange(3)
    if kind == 0:
        tall = min(base * 0.66, unit * 0.42)
        left = rng.random() < 0.5
        window(
            canvas,
            width * (0.22 if left else 0.78) - tall * 0.42,
            base * 0.44 - tall / 2,
            tall * 0.84,
            tall,
            rng.choice(("#e8a08f", "#f3e6cf", "#9fb8d0")),
        )
        picture(canvas, width * (0.72 if left else 0.14), base * 0.3, unit * 0.13, unit * 0.17)
    elif kind == 1:
        step = unit * 0.1
        canvas.path(
            "".join(box(step * k, 0, step * 0.48, base) for k in range(int(width / step) + 1)), dark, fill_opacity=0.5
        )
        count = max(2, round(2.4 * width / unit))
        for index in range(count):
            size = unit * rng.uniform(0.11, 0.16)
            picture(
                canvas,
                width * (index + 0.5) / count - size / 2,
                base * rng.uniform(0.2, 0.34),
                size,
                size * rng.choice((0.8, 1.2)),
            )
    else:
        for _ in range(22):
            x, y, r = width * rng.random(), base * rng.random(), unit * rng.uniform(0.03, 0.09)
            canvas.ellipse(x, y, r, r, lighten(light, rng.choice((0.05, -0.03))), fill_opacity=0.5)
    canvas.glow(width * 0.5, base * 0.75, max(width, unit) * 0.6, "#fff4d6" if not canvas.night else "#ffcf8a", 0.35)
    wood = rng.choice(("#b9794a", "#c9935e", "#9a6642", "#d6a876"))
    canvas.rect(
        0,
        base,
        width,
        height - base + 2,
        canvas.vertical(base, height, canvas.lit(lighten(wood, -0.03)), canvas.lit(lighten(wood, 0.04))),
    )
    lines = "".join(f"M0 {num(base + (height - base) * (k / 5) ** 1.4)}H{num(width)}" for k in range(1, 5))
    canvas.stroke(lines, canvas.lit(lighten(wood, -0.1)), unit * 0.004, stroke_opacity=0.7)
    grain = "".join(
        (
            f"M{num(width * rng.uniform(-0.1, 1))} {num(base + (height - base) * rng.random())}"
            f"q{num(unit * 0.1)} {num(unit * rng.uniform(-0.008, 0.008))}"
            f" {num(unit * rng.uniform(0.15, 0.35))} 0"
        )
        for _ in range(30)
    )
    canvas.stroke(grain, canvas.lit(lighten(wood, -0.06)), unit * 0.002, stroke_opacity=0.7)
    canvas.rect(0, base, width, unit * 0.012, canvas.lit(lighten(wood, 0.09)))
    if rng.random() < 0.6:
        cloth(canvas)


def cloth(canvas: Canvas) -> None:
    """A chequered cloth or a round mat on the table."""
    rng, unit, width, height, base = canvas.rng, canvas.unit, canvas.width, canvas.height, canvas.horizon
    tone = canvas.lit(rng.choice(("#d9534f", "#4f8fc9", "#5fa86a", "#e0a83f")))
    pale = canvas.lit("#fdf8ee")
    depth = height - base
    top, low = base + depth * 0.2, base + depth * 0.98
    half_top, half_low = min(width * 0.36, unit * 0.44), min(width * 0.46, unit * 0.6)
    canvas.polygon(
        [
            (width / 2 - half_top, top),
            (width / 2 + half_top, top),
            (width / 2 + half_low, low),
            (width / 2 - half_low, low),
        ],
        pale,
    )
    cells = []
    rows, columns = 5, 12
    for row in range(rows):
        y0, y1 = (top + (low - top) * (k / rows) ** 1.15 for k in (row, row + 1))
        h0, h1 = (half_top + (half_low - half_top) * (y - top) / (low - top) for y in (y0, y1))
        for column in range(columns):
            if (row + column) % 2 == 0:
                a, b = 2 * column / columns - 1, 2 * (column + 1) / columns - 1
                cells.append(
                    polygon(
                        [
                            (width / 2 + h0 * a, y0),
                            (width / 2 + h0 * b, y0),
                            (width / 2 + h1 * b, y1),
                            (width / 2 + h1 * a, y1),
                        ]
                    )
                )
    canvas.path("".join(cells), tone, fill_opacity=0.8)


def studio(canvas: Canvas) -> None:
    """A plain backdrop with a soft gradient, for symbols and small things."""
    rng, unit, width, height, base = canvas.rng, canvas.unit, canvas.width, canvas.height, canvas.horizon
    tones = rng.choice(
        (
            ("#fbe3d3", "#f4b9a3"),
            ("#dff0f5", "#9fcbdc"),
            ("#e8e3f7", "#b9aee0"),
            ("#e6f3dc", "#aed39a"),
            ("#fdf0c9", "#f2cf7a"),
            ("#fbe0ea", "#eea9c2"),
        )
    )
    light, dark = canvas.lit(tones[0]), canvas.lit(tones[1])
    canvas.rect(0, 0, width, height, canvas.vertical(0, base, mix(light, dark, 0.55), light))
    kind = rng.randrange(3)
    cx, cy = width / 2, base * 0.62
    if kind == 0:
        for grow in (0.62, 0.5, 0.38):
            canvas.ellipse(cx, cy, unit * grow, unit * grow, light, fill_opacity=0.4)
    elif kind == 1:
        rays = []
        reach = width + height
        for index in range(12):
            a, b = math.pi * index / 6, math.pi * (index + 0.5) / 6
            rays.append(
                polygon(
                    [
                        (cx, cy),
                        (cx + reach * math.cos(a), cy + reach * math.sin(a)),
                        (cx + reach * math.cos(b), cy + reach * math.sin(b)),
                    ]
                )
            )
        canvas.path("".join(rays), light, fill_opacity=0.42)
    else:
        for _ in range(26):
            x, y, r = width * rng.random(), base * rng.random(), unit * rng.uniform(0.012, 0.07)
            canvas.ellipse(x, y, r, r, rng.choice((light, lighten(dark, 0.04))), fill_opacity=0.5)
    canvas.glow(cx, cy, unit * 0.75, "#ffffff", 0.6)
    canvas.rect(
        0, base, width, height - base + 2, canvas.vertical(base, height, mix(light, dark, 0.35), mix(light, dark, 0.75))
    )
    canvas.rect(
        0,
        base - unit * 0.04,
        width,
        unit * 0.08,
        canvas.defs.linear(
            [(0, light, 0), (0.5, light, 0.8), (1, light, 0)], 0, base - unit * 0.04, 0, base + unit * 0.04
        ),
    )
    if canvas.time == "night" or "stars" in canvas.weather:
        paint_stars(canvas, base)
