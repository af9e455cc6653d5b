"""Backgrounds of public rooms: classroom, library, stage, castle hall."""

from __future__ import annotations

from spectacle.generators.illustration.compose.backgrounds.furnishing import (
    floor,
    lamplight,
    rug,
    standing_lamp,
    wall,
    window,
)
from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.colour import lighten, mix
from spectacle.generators.illustration.compose.svg import box, dot, num


def shelf(canvas: Canvas, x: float, foot: float, wide: float, tall: float, rows: int) -> None:
    """A bookcase full of books and small things."""
    rng = canvas.rng
    wood = canvas.lit(rng.choice(("#9a6f48", "#b58a5c", "#7a5a44")))
    top = foot - tall
    canvas.rect(x, top, wide, tall, wood)
    canvas.rect(x + wide * 0.05, top + wide * 0.04, wide * 0.9, tall - wide * 0.08, lighten(wood, -0.14))
    gap = (tall - wide * 0.08) / rows
    palette = ("#c9564c", "#e0a84a", "#5f8fb5", "#6fa06a", "#8f6fa8", "#e8dcc0", "#d07f5a", "#3f6a7a")
    spines: dict[str, list[str]] = {}
    for row in range(rows):
        base = top + wide * 0.04 + gap * (row + 1)
        across = x + wide * 0.07
        while across < x + wide * 0.88:
            thick = wide * rng.uniform(0.035, 0.075)
            if rng.random() < 0.08:
                across += thick * 1.5
                continue
            high = gap * rng.uniform(0.58, 0.84)
            spines.setdefault(rng.choice(palette), []).append(
                box(across, base - high, min(thick, x + wide * 0.93 - across), high)
            )
            across += thick * 1.06
        canvas.rect(x, base - wide * 0.012, wide, wide * 0.035, wood)
    shelves = canvas.back[-rows:]
    del canvas.back[-rows:]
    for colour, data in spines.items():
        canvas.path("".join(data), canvas.lit(colour))
    canvas.back.extend(shelves)


def classroom(canvas: Canvas) -> None:
    """A classroom: blackboard, alphabet of colours, windows, globe shelf."""
    rng, unit, width, base = canvas.rng, canvas.unit, canvas.width, canvas.horizon
    wall(canvas, rng.choice((("#f5ecd5", "#eadfc2"), ("#dcebf0", "#cbe0e8"))), 2)
    floor(canvas, rng.choice(("#c9a578", "#bb9468")))
    wide, tall = min(width * 0.62, unit * 0.85), min(base * 0.5, unit * 0.36)
    x, y = width / 2 - wide / 2, base * 0.5 - tall / 2
    canvas.rect(x - unit * 0.018, y - unit * 0.018, wide + unit * 0.036, tall + unit * 0.036, canvas.lit("#a8754a"))
    canvas.rect(x, y, wide, tall, canvas.lit("#3f6b55"))
    chalk = canvas.lit("#f0f5ee")
    marks = [
        (
            f"M{num(x + wide * 0.08)} {num(y + tall * (0.22 + 0.18 * k))}q{num(wide * 0.04)}"
            f" {num(-tall * 0.07)} {num(wide * 0.08)} 0t{num(wide * 0.08)} 0t{num(wide * 0.08)} 0"
        )
        for k in range(3)
    ]
    cx, cy, r = x + wide * 0.72, y + tall * 0.46, tall * 0.24
    marks.append(f"M{num(cx - r)} {num(cy + r)}L{num(cx)} {num(cy - r)}L{num(cx + r)} {num(cy + r)}Z")
    marks.append(
        f"M{num(x + wide * 0.45)} {num(y + tall * 0.35)}v{num(tall * 0.24)}"
        f"M{num(x + wide * 0.45 - tall * 0.12)} {num(y + tall * 0.47)}h{num(tall * 0.24)}"
    )
    canvas.stroke("".join(marks), chalk, unit * 0.006, stroke_opacity=0.85, stroke_linejoin="round")
    canvas.rect(x, y + tall + unit * 0.018, wide, unit * 0.014, canvas.lit("#8a5c38"))
    canvas.path(
        box(x + wide * 0.2, y + tall + unit * 0.009, unit * 0.05, unit * 0.01)
        + box(x + wide * 0.4, y + tall + unit * 0.009, unit * 0.035, unit * 0.01),
        chalk,
    )
    count = int(width / (unit * 0.085))
    for index in range(count):
        canvas.rect(
            width * (index + 0.15) / count,
            base * 0.06,
            width / count * 0.7,
            unit * 0.07,
            canvas.lit(("#f28f7a", "#f7cf6a", "#8fcf9a", "#8fbfe8", "#c9a0e0")[index % 5]),
        )
    if width > unit * 1.2:
        for x in (width * 0.08, width * 0.92):
            window(canvas, x - unit * 0.1, base * 0.36, unit * 0.2, unit * 0.26)
    desk = canvas.lit("#d9b07a")
    for index in range(round(3 * width / unit)):
        dx, size = width * (index + 0.5) / round(3 * width / unit), unit * 0.14
        foot = base + unit * 0.07
        canvas.path(
            box(dx - size * 0.8, foot - size * 0.8, size * 0.09, size * 0.8)
            + box(dx + size * 0.71, foot - size * 0.8, size * 0.09, size * 0.8),
            canvas.lit("#7f868e"),
        )
        canvas.polygon(
            [
                (dx - size * 0.8, foot - size * 0.98),
                (dx + size * 0.8, foot - size * 0.98),
                (dx + size * 0.95, foot - size * 0.78),
                (dx - size * 0.95, foot - size * 0.78),
            ],
            desk,
        )
        canvas.rect(dx - size * 0.95, foot - size * 0.78, size * 1.9, size * 0.08, lighten(desk, -0.1))


def library(canvas: Canvas) -> None:
    """Bookcases along the wall, a tall window, a carpet."""
    rng, unit, width, base = canvas.rng, canvas.unit, canvas.width, canvas.horizon
    wall(canvas, rng.choice((("#e3cfae", "#d6bf99"), ("#c9d2c0", "#b8c4ae"))), 0)
    floor(canvas, rng.choice(("#9a6f4a", "#8a6244")))
    count = max(2, round(width / (unit * 0.4)))
    wide = width / count
    tall = min(base * 0.86, unit * 0.62)
    gap = rng.randrange(count) if count > 2 else -1
    for index in range(count):
        if index == gap:
            window(canvas, wide * index + wide * 0.2, base - tall * 0.95, wide * 0.6, tall * 0.72)
            continue
        shelf(canvas, wide * index + unit * 0.008, base + unit * 0.012, wide - unit * 0.016, tall, 5)
    rug(canvas)
    standing_lamp(canvas, width * rng.choice((0.05, 0.95)), base + unit * 0.06, unit * 0.5)
    lamplight(canvas)


def stage(canvas: Canvas) -> None:
    """A theatre stage: curtains, spotlights, boards, footlights."""
    rng, unit, width, height, base = canvas.rng, canvas.unit, canvas.width, canvas.height, canvas.horizon
    red = rng.choice(("#a8262f", "#8f2348", "#5a2a8f", "#1f5a8f"))
    glow = rng.choice(("#3a2a5a", "#2a2f66", "#4a2450"))
    canvas.rect(
        0,
        0,
        width,
        height,
        canvas.vertical(0, base, canvas.lit(lighten(glow, -0.12)), canvas.lit(glow), canvas.lit(lighten(glow, 0.06))),
    )
    lights = "".join(
        dot(width * rng.random(), base * rng.random(), unit * rng.uniform(0.003, 0.008))
        for _ in range(round(50 * width / unit))
    )
    canvas.path(lights, mix(glow, "#ffe9a8", 0.6), fill_opacity=0.55)
    boards = canvas.lit("#b5784a")
    canvas.rect(0, base, width, height - base + 2, canvas.vertical(base, height, lighten(boards, -0.14), boards))
    vanish = base - (height - base) * 1.4
    planks = []
    for index in range(-30, 31):
        foot = width / 2 + index * unit * 0.11
        head = width / 2 + (foot - width / 2) * (base - vanish) / (height - vanish)
        planks.append(f"M{num(head)} {num(base)}L{num(foot)} {num(height)}")
    canvas.stroke("".join(planks), lighten(boards, -0.12), unit * 0.003, stroke_opacity=0.7)
    for across, tint in ((0.2, "#ffe9a0"), (0.5, "#ffffff"), (0.8, rng.choice(("#ffb0d9", "#a8d9ff", "#c9ffb0")))):
        x = width * across
        aim = width * (0.5 + (across - 0.5) * 0.25)
        foot = base + (height - base) * 0.62
        half = min(unit * 0.2, width * 0.3)
        beam = canvas.defs.linear([(0, tint, 0.5), (1, tint, 0.07)], 0, 0, 0, foot)
        canvas.polygon([(x - unit * 0.015, 0), (x + unit * 0.015, 0), (aim + half, foot), (aim - half, foot)], beam)
    canvas.glow(width / 2, base + (height - base) * 0.6, min(width * 0.48, unit * 0.6), "#fff3c9", 0.6, flat=0.22)
    tone = canvas.lit(red)
    for sign, edge in ((1, 0.0), (-1, width)):
        reach = min(width * 0.17, unit * 0.24)
        for index in range(5):
            x0 = edge + sign * reach * index / 5
            fold = lighten(tone, (-0.07, 0.02, -0.03, 0.05, -0.01)[index])
            canvas.path(
                (
                    f"M{num(x0)} -4h{num(sign * reach / 4.6)}C{num(x0 + sign * reach * 0.3)}"
                    f" {num(base * 0.5)} {num(x0 + sign * reach * (0.24 - 0.03 * index))}"
                    f" {num(base * 0.7)} {num(x0 + sign * reach * (0.24 - 0.02 * index))}"
                    f" {num(base + unit * 0.06)}h{num(-sign * reach * 0.26)}Z"
                ),
                fold,
            )
        canvas.rect(
            edge if sign > 0 else edge - reach * 1.02, base * 0.62, reach * 1.02, unit * 0.016, canvas.lit("#e6b84f")
        )
    swags = max(3, round(4 * width / unit))
    for index in range(swags):
        x0, span = width * index / swags, width / swags
        canvas.path(
            f"M{num(x0)} -4h{num(span)}v{num(unit * 0.06)}q{num(-span / 2)} {num(unit * 0.12)} {num(-span)} 0z",
            lighten(tone, -0.02 - 0.03 * (index % 2)),
        )
        canvas.stroke(
            f"M{num(x0 + span)} {num(unit * 0.056)}q{num(-span / 2)} {num(unit * 0.12)} {num(-span)} 0",
            canvas.lit("#e6b84f"),
            unit * 0.009,
        )
    for index in range(round(9 * width / unit)):
        x = width * (index + 0.5) / round(9 * width / unit)
        canvas.glow(x, height - unit * 0.012, unit * 0.07, "#ffe39a", 0.7, front=True)
        canvas.ellipse(x, height, unit * 0.022, unit * 0.018, "#fff3c4", front=True)


def castle_hall(canvas: Canvas) -> None:
    """A stone hall: arches, banners, torches, red carpet."""
    rng, unit, width, height, base = canvas.rng, canvas.unit, canvas.width, canvas.height, canvas.horizon
    stone = rng.choice(("#a9a3a0", "#b0a493", "#9aa0ad"))
    canvas.rect(0, 0, width, base + 2, canvas.vertical(0, base, canvas.lit(lighten(stone, -0.1)), canvas.lit(stone)))
    brick, data = unit * 0.075, []
    for row in range(int(base / brick) + 1):
        y = brick * row
        data.append(f"M0 {num(y)}H{num(width)}")
        data.extend(
            f"M{num(brick * 1.7 * (k + (row % 2) / 2))} {num(y)}v{num(brick)}"
            for k in range(int(width / (brick * 1.7)) + 1)
        )
    canvas.stroke("".join(data), canvas.lit(lighten(stone, -0.13)), unit * 0.003, stroke_opacity=0.6)
    count = max(3, 2 * round(1.3 * width / unit) + 1)
    for index in range(count):
        x, half, tall = (
            width * (index + 0.5) / count,
            min(unit * 0.085, width / count * 0.32),
            min(base * 0.62, unit * 0.42),
        )
        if index % 2 == 0:
            top = base * 0.2
            canvas.path(
                (
                    f"M{num(x - half)} {num(top + tall)}V{num(top + half)}Q{num(x - half)}"
                    f" {num(top - half * 0.3)} {num(x)} {num(top - half * 0.9)}Q{num(x + half)}"
                    f" {num(top - half * 0.3)} {num(x + half)} {num(top + half)}V{num(top + tall)}Z"
                ),
                canvas.defs.linear(list(canvas.sky.stops), 0, top, 0, top + tall),
                stroke=canvas.lit(lighten(stone, -0.16)),
                stroke_width=unit * 0.016,
            )
            canvas.stroke(
                (
                    f"M{num(x)} {num(top - half * 0.8)}V{num(top + tall)}M{num(x - half)}"
                    f" {num(top + tall * 0.4)}h{num(half * 2)}M{num(x - half)} {num(top + tall * 0.7)}"
                    f"h{num(half * 2)}"
                ),
                canvas.lit(lighten(stone, -0.16)),
                unit * 0.007,
            )
        else:
            tone = canvas.lit(rng.choice(("#b03a3f", "#2f5a9f", "#6a3f8f")))
            top = base * 0.14
            canvas.polygon(
                [
                    (x - half * 0.8, top),
                    (x + half * 0.8, top),
                    (x + half * 0.8, top + tall * 0.8),
                    (x, top + tall * 0.95),
                    (x - half * 0.8, top + tall * 0.8),
                ],
                tone,
            )
            canvas.polygon(
                [
                    (x, top + tall * 0.2),
                    (x + half * 0.4, top + tall * 0.38),
                    (x, top + tall * 0.56),
                    (x - half * 0.4, top + tall * 0.38),
                ],
                canvas.lit("#e8bf55"),
            )
            canvas.rect(x - half, top - unit * 0.008, half * 2, unit * 0.014, canvas.lit("#c99a3f"))
    for index in range(count + 1):
        x, y = width * index / count, base * 0.52
        if 0.02 < index / count < 0.98:
            canvas.glow(x, y - unit * 0.03, unit * 0.17, "#ffb14a", 0.7)
            canvas.polygon(
                [
                    (x - unit * 0.012, y),
                    (x + unit * 0.012, y),
                    (x + unit * 0.006, y + unit * 0.07),
                    (x - unit * 0.006, y + unit * 0.07),
                ],
                canvas.lit("#5a4030"),
            )
            canvas.path(
                (
                    f"M{num(x)} {num(y - unit * 0.06)}Q{num(x + unit * 0.028)} {num(y - unit * 0.02)}"
                    f" {num(x)} {num(y)}Q{num(x - unit * 0.028)} {num(y - unit * 0.02)} {num(x)}"
                    f" {num(y - unit * 0.06)}Z"
                ),
                "#ffcf5a",
            )
    floor(canvas, lighten(stone, -0.06), tiled=True)
    half_top, half_low = min(width * 0.1, unit * 0.13), min(width * 0.3, unit * 0.42)
    carpet = canvas.lit("#a8303a")
    for grow, tone in ((1.1, canvas.lit("#e0b44f")), (1.0, carpet)):
        canvas.polygon(
            [
                (width / 2 - half_top * grow, base),
                (width / 2 + half_top * grow, base),
                (width / 2 + half_low * grow, height + 2),
                (width / 2 - half_low * grow, height + 2),
            ],
            tone,
        )
