"""Backgrounds of public places: market, station, airport, museum, and the inside of a train."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

from spectacle.generators.illustration.compose.backgrounds.furnishing import floor, lamplight, picture, wall
from spectacle.generators.illustration.compose.backgrounds.town import street
from spectacle.generators.illustration.compose.backgrounds.venues import fill
from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.svg import num


def market(canvas: Canvas) -> None:
    """A street market: a row of stalls with striped awnings and crates of fruit and vegetables."""
    street(canvas)
    rng, unit, width, base = canvas.rng, canvas.unit, canvas.width, canvas.horizon
    stalls = max(2, round(2.2 * width / unit))
    for index in range(stalls):
        wide = width / stalls * 0.86
        x, foot = width * (index + 0.07) / stalls, base + unit * 0.06
        tone = rng.choice(("#d9463c", "#3f8f5a", "#3f7cc0", "#e0963f"))
        for side in (0.03, 0.94):
            fill(canvas, x + wide * side, foot - unit * 0.36, unit * 0.014, unit * 0.36, "#7a5638")
        fill(canvas, x, foot - unit * 0.13, wide, unit * 0.13, "#a5774a", unit * 0.006)
        fruit = max(6, int(wide / (unit * 0.036)))
        for row in range(2):
            for item in range(fruit - row):
                colour = ("#e0963f", "#d9463c", "#6aa84f", "#8a5fb5", "#f2c94c")[(item * 5 // fruit + index) % 5]
                canvas.ellipse(
                    x + (item + 0.5 + 0.5 * row) * wide / fruit,
                    foot - unit * (0.14 + 0.026 * row),
                    unit * 0.02,
                    unit * 0.02,
                    canvas.lit(colour),
                )
        stripes = 8
        for stripe in range(stripes):
            left = x - unit * 0.02 + (wide + unit * 0.04) * stripe / stripes
            step = (wide + unit * 0.04) / stripes
            colour = tone if stripe % 2 == 0 else "#fbf6ec"
            top = foot - unit * 0.46
            canvas.path(
                f"M{num(left)} {num(top)}h{num(step)}v{num(unit * 0.1)}a{num(step / 2)} {num(step / 2)} 0 0 1 {num(-step)} 0z",
                canvas.lit(colour),
            )


def station(canvas: Canvas) -> None:
    """A railway platform: a train at the far side, a clock, a roof on columns."""
    unit, width, base = canvas.unit, canvas.width, canvas.horizon
    canvas.rect(0, 0, width, base, canvas.vertical(0, base, canvas.sky.high, canvas.sky.low))
    fill(canvas, 0, base * 0.4, width, base * 0.52, "#3f7cc0")
    fill(canvas, 0, base * 0.72, width, base * 0.04, "#f2c94c")
    windows = max(4, round(5 * width / unit))
    for index in range(windows):
        x = width * index / windows
        if index % 3 == 1:
            fill(
                canvas, x + unit * 0.02, base * 0.46, width / windows - unit * 0.04, base * 0.42, "#35699f", unit * 0.01
            )
        fill(canvas, x + unit * 0.03, base * 0.48, width / windows - unit * 0.06, base * 0.18, "#cfe6f2", unit * 0.012)
    fill(canvas, 0, base * 0.92, width, base * 0.08, "#4a4f57")
    floor(canvas, "#b5b0a8", tiled=True)
    fill(canvas, 0, base, width, unit * 0.03, "#f2d13f")
    fill(canvas, 0, 0, width, base * 0.13, "#6b7680")
    fill(canvas, 0, base * 0.13, width, base * 0.025, "#545e68")
    for x in (0.12, 0.88):
        fill(canvas, width * x - unit * 0.015, base * 0.13, unit * 0.03, base * 0.87 + unit * 0.06, "#545e68")
    canvas.ellipse(
        width / 2,
        base * 0.25,
        unit * 0.06,
        unit * 0.06,
        canvas.lit("#fdfdfb"),
        stroke=canvas.lit("#3a4149"),
        stroke_width=unit * 0.01,
    )
    canvas.stroke(
        f"M{num(width / 2)} {num(base * 0.25 - unit * 0.04)}V{num(base * 0.25)}l{num(unit * 0.026)} {num(unit * 0.016)}",
        canvas.lit("#3a4149"),
        unit * 0.007,
    )


def airport(canvas: Canvas) -> None:
    """An airport hall: a glass front with an airplane behind it, seats, a board of departures."""
    unit, width, base = canvas.unit, canvas.width, canvas.horizon
    canvas.rect(0, 0, width, base, canvas.vertical(0, base, canvas.sky.high, canvas.sky.low))
    fill(canvas, 0, base * 0.78, width, base * 0.22, "#9aa5a0")
    x, y, size = width * 0.55, base * 0.66, unit * 0.3
    canvas.path(
        f"M{num(x - size)} {num(y)}q0-{num(size * 0.16)} {num(size * 0.3)}-{num(size * 0.18)}h{num(size * 1.3)}l{num(size * 0.3)}-{num(size * 0.34)}h{num(size * 0.14)}l-{num(size * 0.1)} {num(size * 0.52)}q-{num(size * 0.2)} {num(size * 0.12)}-{num(size * 1.5)} {num(size * 0.12)}-{num(size * 0.3)} 0-{num(size * 0.44)}-{num(size * 0.12)}z",
        canvas.lit("#f7f9fa"),
    )
    canvas.path(
        f"M{num(x - size * 0.1)} {num(y)}h{num(size * 0.5)}l{num(size * 0.2)} {num(size * 0.26)}h-{num(size * 0.16)}z",
        canvas.lit("#c9d3da"),
    )
    for index in range(7):
        canvas.ellipse(
            x - size * 0.5 + index * size * 0.2, y - size * 0.06, size * 0.03, size * 0.035, canvas.lit("#5a8fc0")
        )
    for index in range(max(4, round(5 * width / unit)) + 1):
        fill(canvas, width * index / max(4, round(5 * width / unit)) - unit * 0.006, 0, unit * 0.012, base, "#d7dee2")
    fill(canvas, 0, base * 0.3, width, unit * 0.01, "#d7dee2")
    fill(canvas, width * 0.06, base * 0.06, unit * 0.42, base * 0.22, "#23282e", unit * 0.01)
    for row in range(4):
        fill(canvas, width * 0.06 + unit * 0.02, base * (0.085 + 0.045 * row), unit * 0.12, base * 0.024, "#f2c94c")
        fill(canvas, width * 0.06 + unit * 0.17, base * (0.085 + 0.045 * row), unit * 0.14, base * 0.024, "#e9eef2")
        fill(canvas, width * 0.06 + unit * 0.34, base * (0.085 + 0.045 * row), unit * 0.05, base * 0.024, "#6abf69")
    floor(canvas, "#c7ccd1", tiled=True)
    for index in range(3):
        seat = width * 0.76 + index * unit * 0.09
        fill(canvas, seat, base - unit * 0.1, unit * 0.075, unit * 0.08, "#33506e", unit * 0.012)
        fill(canvas, seat, base - unit * 0.03, unit * 0.075, unit * 0.025, "#3f648a", unit * 0.01)
    lamplight(canvas)


def museum(canvas: Canvas) -> None:
    """A museum: framed pictures under lamps, a statue on a pedestal, a rope before them."""
    rng, unit, width, base = canvas.rng, canvas.unit, canvas.width, canvas.horizon
    wall(canvas, rng.choice((("#e9e4da", "#ded8cc"), ("#8f4a4a", "#824242"), ("#5a6b7a", "#516170"))), 0)
    floor(canvas, "#b5916a")
    count = max(2, round(3 * width / unit))
    for index in range(count):
        x = width * (index + 0.5) / count
        wide = unit * rng.uniform(0.17, 0.23)
        tall = wide * rng.choice((0.75, 1.2))
        canvas.glow(x, base * 0.4, wide, "#fff1c9", 0.45)
        picture(canvas, x - wide / 2, base * 0.42 - tall / 2, wide, tall)
    for index in range(count + 1):
        x = width * index / count
        fill(canvas, x - unit * 0.008, base - unit * 0.1, unit * 0.016, unit * 0.14, "#d9b24a")
        if index < count:
            canvas.stroke(
                f"M{num(x)} {num(base - unit * 0.09)}q{num(width / count / 2)} {num(unit * 0.06)} {num(width / count)} 0",
                canvas.lit("#9a3030"),
                unit * 0.012,
            )
    lamplight(canvas)


def subway(canvas: Canvas) -> None:
    """The inside of a train: windows, seats along the wall, poles and straps."""
    unit, width, base = canvas.unit, canvas.width, canvas.horizon
    fill(canvas, 0, 0, width, base, "#dfe3e6")
    windows = max(2, round(2.2 * width / unit))
    for index in range(windows):
        x, wide = width * (index + 0.1) / windows, width / windows * 0.8
        fill(canvas, x - unit * 0.01, base * 0.2, wide + unit * 0.02, base * 0.4, "#9aa5ad", unit * 0.03)
        canvas.rect(
            x,
            base * 0.215,
            wide,
            base * 0.37,
            canvas.vertical(base * 0.2, base * 0.6, canvas.sky.high, canvas.sky.low),
            rx=unit * 0.025,
        )
        canvas.rect(x, base * 0.49, wide, base * 0.095, canvas.lit("#5f9ac2"), rx=unit * 0.012)
    fill(canvas, 0, base * 0.7, width, base * 0.16, "#3f6fb0", unit * 0.02)
    fill(canvas, 0, base * 0.85, width, base * 0.09, "#35609a", unit * 0.02)
    fill(canvas, 0, base * 0.94, width, base * 0.06, "#8f9aa3")
    floor(canvas, "#8f958f", tiled=True)
    canvas.stroke(f"M0 {num(base * 0.09)}H{num(width)}", canvas.lit("#b9c2c9"), unit * 0.014)
    for index in range(windows * 3):
        x = width * (index + 0.5) / (windows * 3)
        canvas.stroke(f"M{num(x)} {num(base * 0.09)}v{num(base * 0.07)}", canvas.lit("#7d868d"), unit * 0.006)
        canvas.ellipse(
            x, base * 0.185, unit * 0.02, unit * 0.02, "none", stroke=canvas.lit("#e0963f"), stroke_width=unit * 0.007
        )
    for x in (0.03, 0.97):
        canvas.stroke(f"M{num(width * x)} 0V{num(base + unit * 0.1)}", canvas.lit("#e0b23f"), unit * 0.016)
    lamplight(canvas)
