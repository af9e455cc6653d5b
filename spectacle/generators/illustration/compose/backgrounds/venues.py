"""Backgrounds of venues: café, restaurant, office, hospital, bathroom, gym, shop."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

from spectacle.generators.illustration.compose.backgrounds.furnishing import (
    floor,
    lamplight,
    picture,
    pot_plant,
    wall,
    window,
)
from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.svg import num


def fill(canvas: Canvas, x: float, y: float, wide: float, tall: float, colour: str, round_: float = 0.0) -> None:
    """Paint a rectangle in the light of the image, its corners rounded by `round_`."""
    canvas.rect(x, y, wide, tall, canvas.lit(colour), rx=round_ or None)


def _table(canvas: Canvas, x: float, foot: float, size: float, cloth: str = "") -> None:
    """A small table with a chair on either side."""
    for side in (-1, 1):
        cx = x + side * size * 0.95
        fill(canvas, cx - size * 0.05, foot - size * 0.55, size * 0.1, size * 0.55, "#6b4630")
        fill(canvas, cx - size * 0.24, foot - size * 0.6, size * 0.48, size * 0.1, "#8c5a38", size * 0.04)
        fill(canvas, cx + side * size * 0.16, foot - size * 1.15, size * 0.09, size * 0.6, "#8c5a38", size * 0.03)
    fill(canvas, x - size * 0.06, foot - size * 0.8, size * 0.12, size * 0.8, "#4a3328")
    canvas.ellipse(x, foot, size * 0.34, size * 0.07, canvas.lit("#4a3328"))
    canvas.ellipse(x, foot - size * 0.82, size * 0.66, size * 0.15, canvas.lit(cloth or "#a8703f"))


def _hanging_lamps(canvas: Canvas, count: int, colour: str) -> None:
    base, unit = canvas.horizon, canvas.unit
    for index in range(count):
        x = canvas.width * (index + 0.5) / count
        canvas.stroke(f"M{num(x)} 0V{num(base * 0.2)}", canvas.lit("#4a4248"), unit * 0.006)
        canvas.path(
            f"M{num(x - unit * 0.05)} {num(base * 0.28)}q0-{num(unit * 0.07)} {num(unit * 0.05)}-{num(unit * 0.07)}t{num(unit * 0.05)} {num(unit * 0.07)}z",
            canvas.lit(colour),
        )
        canvas.glow(x, base * 0.3, unit * 0.16, "#ffe9a8", 0.5 if canvas.night else 0.25)


def cafe(canvas: Canvas) -> None:
    """A café: a counter with a coffee machine, a board with the menu, tables, hanging lamps, a window."""
    rng, unit, width, base = canvas.rng, canvas.unit, canvas.width, canvas.horizon
    wall(canvas, rng.choice((("#e6cdb0", "#d9bb98"), ("#cfd8cf", "#bccabc"), ("#e2c3b4", "#d3ae9c"))))
    floor(canvas, rng.choice(("#8c6244", "#9c7350")))
    left = rng.random() < 0.5
    at = width * (0.2 if left else 0.8)
    window(canvas, width * (0.78 if left else 0.22) - unit * 0.19, base * 0.2, unit * 0.38, base * 0.5, None)
    fill(canvas, at - unit * 0.16, base * 0.16, unit * 0.32, base * 0.34, "#5a3d2b", unit * 0.01)
    fill(canvas, at - unit * 0.145, base * 0.18, unit * 0.29, base * 0.3, "#2f3a36")
    lines = "".join(
        f"M{num(at - unit * 0.12)} {num(base * (0.23 + 0.055 * k))}h{num(unit * (0.2, 0.15, 0.22, 0.17)[k])}"
        for k in range(4)
    )
    canvas.stroke(lines, canvas.lit("#e9e4d4"), unit * 0.006)
    fill(canvas, at - unit * 0.3, base - unit * 0.2, unit * 0.6, unit * 0.26, "#7a4f35", unit * 0.01)
    fill(canvas, at - unit * 0.32, base - unit * 0.22, unit * 0.64, unit * 0.035, "#4a3024", unit * 0.01)
    fill(canvas, at - unit * 0.1, base - unit * 0.36, unit * 0.2, unit * 0.14, "#c0453a", unit * 0.015)
    fill(canvas, at - unit * 0.085, base - unit * 0.3, unit * 0.17, unit * 0.05, "#d8dadd")
    for step in range(3):
        fill(
            canvas,
            at + unit * (0.14 + 0.05 * step),
            base - unit * 0.26,
            unit * 0.035,
            unit * 0.04,
            "#f6f1e6",
            unit * 0.008,
        )
    _hanging_lamps(canvas, max(2, round(3 * width / unit)), "#3f4d4a")
    _table(canvas, width * (0.62 if left else 0.38), base + unit * 0.12, unit * 0.13)
    lamplight(canvas)


def restaurant(canvas: Canvas) -> None:
    """A restaurant: set tables, candles, pictures, warm walls."""
    rng, unit, width, base = canvas.rng, canvas.unit, canvas.width, canvas.horizon
    wall(canvas, rng.choice((("#b5605a", "#a5524d"), ("#7f8f7a", "#71816d"), ("#d9b27f", "#cba06a"))))
    floor(canvas, "#7f573c")
    for index in range(max(2, round(2 * width / unit))):
        picture(
            canvas,
            width * (index + 0.5) / max(2, round(2 * width / unit)) - unit * 0.06,
            base * 0.36,
            unit * 0.12,
            unit * 0.15,
        )
    _hanging_lamps(canvas, max(2, round(3 * width / unit)), "#e8d5a8")
    for x in (0.16, 0.84):
        _table(canvas, width * x, base + unit * 0.1, unit * 0.14, "#fbf8f1")
        canvas.rect(width * x - unit * 0.006, base + unit * 0.1 - unit * 0.17, unit * 0.012, unit * 0.05, "#fff4c9")
        canvas.glow(width * x, base - unit * 0.08, unit * 0.05, "#ffd36a", 0.8)
    lamplight(canvas)


def office(canvas: Canvas) -> None:
    """An office: a wide window on the city, a desk with a screen, shelves of folders, a clock."""
    rng, unit, width, base = canvas.rng, canvas.unit, canvas.width, canvas.horizon
    wall(canvas, rng.choice((("#dfe6ea", "#d2dbe0"), ("#e8e6df", "#dcd9d0"))))
    floor(canvas, rng.choice(("#8d97a0", "#a39a8c")), tiled=True)
    left = rng.random() < 0.5
    wide, tall = min(width * 0.52, unit * 0.75), base * 0.46
    x = width * (0.06 if left else 0.94) - (0 if left else wide)
    fill(canvas, x - unit * 0.012, base * 0.14, wide + unit * 0.024, tall + unit * 0.024, "#f4f5f6")
    canvas.rect(
        x,
        base * 0.14 + unit * 0.012,
        wide,
        tall,
        canvas.vertical(base * 0.14, base * 0.6, canvas.sky.high, canvas.sky.low),
    )
    step = wide / 7
    for index in range(7):
        height = tall * (0.35 + 0.4 * rng.random())
        tone = canvas.far("#8fa3b5", 0.25)
        canvas.rect(x + index * step, base * 0.14 + unit * 0.012 + tall - height, step * 0.86, height, tone)
    for index in range(1, 3):
        fill(canvas, x + wide * index / 3 - unit * 0.005, base * 0.14, unit * 0.01, tall + unit * 0.02, "#f4f5f6")
    shelf = width * (0.84 if left else 0.16)
    fill(canvas, shelf - unit * 0.13, base * 0.3, unit * 0.26, base * 0.7, "#c9ced2", unit * 0.006)
    for row in range(3):
        for column in range(5):
            tone = rng.choice(("#3f7cc0", "#c9503c", "#4a9a62", "#d9a13a", "#5a6b8c"))
            fill(
                canvas,
                shelf - unit * 0.115 + column * unit * 0.047,
                base * (0.34 + 0.2 * row),
                unit * 0.036,
                base * 0.14,
                tone,
                unit * 0.004,
            )
    canvas.ellipse(
        shelf,
        base * 0.17,
        unit * 0.05,
        unit * 0.05,
        canvas.lit("#ffffff"),
        stroke=canvas.lit("#4a5560"),
        stroke_width=unit * 0.008,
    )
    canvas.stroke(
        f"M{num(shelf)} {num(base * 0.17 - unit * 0.03)}V{num(base * 0.17)}h{num(unit * 0.022)}",
        canvas.lit("#4a5560"),
        unit * 0.006,
    )
    desk = width * (0.34 if left else 0.66)
    fill(canvas, desk - unit * 0.24, base - unit * 0.1, unit * 0.48, unit * 0.03, "#b58a5c", unit * 0.008)
    for side in (-1, 1):
        fill(canvas, desk + side * unit * 0.2 - unit * 0.012, base - unit * 0.08, unit * 0.024, unit * 0.15, "#7d8a94")
    fill(canvas, desk - unit * 0.09, base - unit * 0.25, unit * 0.18, unit * 0.115, "#2b3138", unit * 0.01)
    fill(canvas, desk - unit * 0.08, base - unit * 0.24, unit * 0.16, unit * 0.092, "#bfe0f5")
    fill(canvas, desk - unit * 0.012, base - unit * 0.135, unit * 0.024, unit * 0.035, "#2b3138")
    pot_plant(canvas, width * (0.95 if left else 0.05), base + unit * 0.06, unit * 0.24)
    lamplight(canvas)


def hospital(canvas: Canvas) -> None:
    """A hospital room: a bed with a rail, a curtain, a drip, a monitor, a cross on the wall."""
    rng, unit, width, base = canvas.rng, canvas.unit, canvas.width, canvas.horizon
    wall(canvas, rng.choice((("#dcecee", "#cfe3e6"), ("#e3ede2", "#d6e4d5"))))
    floor(canvas, "#b9cdd2", tiled=True)
    left = rng.random() < 0.5
    window(canvas, width * (0.7 if left else 0.3) - unit * 0.16, base * 0.18, unit * 0.32, base * 0.4, "#a9d3d9")
    x = width * (0.2 if left else 0.8)
    cross = unit * 0.035
    for wide, tall in ((cross * 3, cross), (cross, cross * 3)):
        fill(canvas, x - wide / 2, base * 0.26 - tall / 2, wide, tall, "#d9463c")
    bed, top = unit * 0.5, base - unit * 0.14
    fill(canvas, x - bed * 0.5, top, bed, unit * 0.07, "#f6fafb", unit * 0.02)
    fill(canvas, x - bed * 0.2, top - unit * 0.012, bed * 0.7, unit * 0.075, "#8fc3d6", unit * 0.02)
    fill(canvas, x - bed * 0.48, top - unit * 0.045, bed * 0.24, unit * 0.06, "#ffffff", unit * 0.025)
    fill(canvas, x - bed * 0.54, top - unit * 0.12, unit * 0.02, unit * 0.3, "#9aa7ad", unit * 0.008)
    fill(canvas, x + bed * 0.5, top - unit * 0.06, unit * 0.02, unit * 0.24, "#9aa7ad", unit * 0.008)
    fill(canvas, x - bed * 0.5, top + unit * 0.08, bed, unit * 0.02, "#9aa7ad")
    drip = x + bed * 0.62 * (1 if left else -1)
    canvas.stroke(
        f"M{num(drip)} {num(base + unit * 0.06)}V{num(base * 0.34)}h{num(unit * 0.05)}",
        canvas.lit("#8a979d"),
        unit * 0.009,
    )
    fill(canvas, drip + unit * 0.03, base * 0.35, unit * 0.045, unit * 0.08, "#d3eefa", unit * 0.01)
    lamplight(canvas)


def bathroom(canvas: Canvas) -> None:
    """A bathroom: tiles, a washbasin under a mirror, a towel."""
    rng, unit, width, base = canvas.rng, canvas.unit, canvas.width, canvas.horizon
    wall(canvas, rng.choice((("#d6eaf0", "#c9e1e9"), ("#e4f0e8", "#d7e7dd"))), 0)
    step = unit * 0.085
    tiles = "".join(f"M0 {num(y * step)}H{num(width)}" for y in range(int(base / step) + 1))
    tiles += "".join(f"M{num(x * step)} 0V{num(base)}" for x in range(int(width / step) + 1))
    canvas.stroke(tiles, canvas.lit("#f7fbfc"), unit * 0.004)
    floor(canvas, "#9fb4bd", tiled=True)
    left = rng.random() < 0.5
    x = width * (0.17 if left else 0.83)
    canvas.ellipse(x, base * 0.36, unit * 0.11, unit * 0.14, canvas.lit("#b98a5a"))
    canvas.ellipse(x, base * 0.36, unit * 0.096, unit * 0.126, canvas.lit("#e3f2f7"))
    fill(canvas, x - unit * 0.03, base - unit * 0.16, unit * 0.06, unit * 0.2, "#f4f6f7")
    canvas.path(
        f"M{num(x - unit * 0.14)} {num(base - unit * 0.2)}h{num(unit * 0.28)}q-{num(unit * 0.02)} {num(unit * 0.09)}-{num(unit * 0.14)} {num(unit * 0.09)}t-{num(unit * 0.14)}-{num(unit * 0.09)}z",
        canvas.lit("#ffffff"),
    )
    canvas.stroke(
        f"M{num(x)} {num(base - unit * 0.2)}v-{num(unit * 0.05)}h{num(unit * 0.04)}v{num(unit * 0.02)}",
        canvas.lit("#8a979d"),
        unit * 0.012,
    )
    towel = width * (0.9 if left else 0.1)
    canvas.stroke(
        f"M{num(towel - unit * 0.09)} {num(base * 0.4)}h{num(unit * 0.18)}", canvas.lit("#8a979d"), unit * 0.01
    )
    fill(
        canvas,
        towel - unit * 0.06,
        base * 0.4,
        unit * 0.12,
        base * 0.28,
        rng.choice(("#e88fa0", "#7fb5d6", "#f2c46d")),
        unit * 0.008,
    )
    lamplight(canvas)


def gym(canvas: Canvas) -> None:
    """A gym: a mirror wall, a rack of dumbbells, mats."""
    unit, width, base = canvas.unit, canvas.width, canvas.horizon
    wall(canvas, ("#c9d2da", "#bcc7d0"), 0)
    floor(canvas, "#565f6b", tiled=True)
    fill(canvas, width * 0.06, base * 0.12, width * 0.88, base * 0.52, "#8f9aa5")
    fill(canvas, width * 0.07, base * 0.135, width * 0.86, base * 0.49, "#dbe9f2")
    canvas.path(
        f"M{num(width * 0.12)} {num(base * 0.62)}L{num(width * 0.3)} {num(base * 0.14)}h{num(width * 0.08)}L{num(width * 0.2)} {num(base * 0.62)}z",
        canvas.lit("#eef6fb"),
    )
    for row in range(2):
        y = base - unit * (0.05 + 0.12 * row)
        fill(canvas, width * 0.62, y, width * 0.32, unit * 0.02, "#3d444d", unit * 0.006)
        for index in range(4):
            x = width * (0.65 + 0.08 * index)
            fill(canvas, x - unit * 0.02, y - unit * 0.03, unit * 0.04, unit * 0.014, "#9aa3ad")
            for side in (-1, 1):
                fill(
                    canvas,
                    x + side * unit * 0.022 - unit * 0.01,
                    y - unit * 0.05,
                    unit * 0.02,
                    unit * 0.05,
                    ("#d9463c", "#3f7cc0")[row],
                    unit * 0.006,
                )
    canvas.path(
        f"M{num(width * 0.05)} {num(base + unit * 0.14)}L{num(width * 0.12)} {num(base + unit * 0.04)}H{num(width * 0.4)}L{num(width * 0.36)} {num(base + unit * 0.14)}z",
        canvas.lit("#8a5fb5"),
    )
    lamplight(canvas)


def shop(canvas: Canvas) -> None:
    """A shop: shelves full of goods, a till on a counter."""
    rng, unit, width, base = canvas.rng, canvas.unit, canvas.width, canvas.horizon
    wall(canvas, ("#ece6da", "#e0d9cb"), 0)
    floor(canvas, "#c3b8a6", tiled=True)
    shelves = max(2, round(2.4 * width / unit))
    for index in range(shelves):
        x, wide = width * index / shelves + unit * 0.02, width / shelves - unit * 0.04
        fill(canvas, x, base * 0.14, wide, base * 0.84, "#b08d66", unit * 0.01)
        for row in range(4):
            y = base * (0.17 + 0.2 * row)
            fill(canvas, x + unit * 0.012, y, wide - unit * 0.024, base * 0.17, "#f0e7d6")
            items = max(3, int(wide / (unit * 0.055)))
            for item in range(items):
                tone = rng.choice(("#d9463c", "#3f7cc0", "#4a9a62", "#e0a83f", "#8a63b5", "#e88fa0", "#3fa0a0"))
                tall = base * (0.08 + 0.06 * rng.random())
                step = (wide - unit * 0.04) / items
                fill(
                    canvas, x + unit * 0.02 + item * step, y + base * 0.17 - tall, step * 0.74, tall, tone, unit * 0.006
                )
    lamplight(canvas)
