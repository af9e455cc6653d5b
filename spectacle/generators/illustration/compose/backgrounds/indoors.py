"""Backgrounds inside: room, bedroom, kitchen, classroom, library, stage, castle hall, table, studio."""

from __future__ import annotations

import math

from spectacle.generators.illustration.compose import plants
from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.colour import lighten, mix
from spectacle.generators.illustration.compose.sky import paint_stars
from spectacle.generators.illustration.compose.svg import box, dot, num, polygon

WALLS = (
    ("#f3dcc0", "#e9cfae"),
    ("#cfe0d6", "#bcd3c6"),
    ("#d6dcec", "#c3cbe0"),
    ("#f2d3cd", "#e6c0b8"),
    ("#efe3b8", "#e3d39f"),
    ("#d9cfe6", "#c9bcd9"),
)


def wall(canvas: Canvas, colours: tuple[str, str], pattern: int | None = None) -> None:
    """A papered wall down to the floor, with a skirting board."""
    rng, unit, width, base = canvas.rng, canvas.unit, canvas.width, canvas.horizon
    light, dark = canvas.lit(colours[0]), canvas.lit(colours[1])
    canvas.rect(0, 0, width, base + 2, canvas.vertical(0, base, light, mix(light, dark, 0.5)))
    kind = rng.randrange(3) if pattern is None else pattern
    step = unit * 0.09
    columns = int(width / step) + 2
    if kind == 0:
        canvas.path("".join(box(step * k, 0, step * 0.5, base) for k in range(columns)), dark, fill_opacity=0.45)
    elif kind == 1:
        rows = int(base / step) + 1
        canvas.path(
            "".join(
                dot(step * (k + (row % 2) / 2), step * (row + 0.4), step * 0.09)
                for k in range(columns)
                for row in range(rows)
            ),
            dark,
        )
    canvas.rect(0, base - unit * 0.035, width, unit * 0.035, canvas.lit("#faf4ea"))
    canvas.rect(0, base - unit * 0.038, width, unit * 0.005, canvas.lit("#d9cdbb"))


def floor(canvas: Canvas, colour: str, tiled: bool = False) -> None:
    """Boards or tiles in perspective."""
    unit, width, top, bottom = canvas.unit, canvas.width, canvas.horizon, canvas.height
    canvas.rect(
        0,
        top,
        width,
        bottom - top + 2,
        canvas.vertical(top, bottom, canvas.lit(lighten(colour, -0.06)), canvas.lit(lighten(colour, 0.02))),
    )
    vanish = top - (bottom - top) * 1.2
    data = []
    step = unit * (0.2 if tiled else 0.13)
    reach = width * 1.6
    for index in range(-round(reach / step), round(reach / step) + 1):
        foot = width / 2 + index * step
        head = width / 2 + (foot - width / 2) * (top - vanish) / (bottom - vanish)
        if max(head, foot) > -step and min(head, foot) < width + step:
            data.append(f"M{num(head)} {num(top)}L{num(foot)} {num(bottom)}")
    if tiled:
        data.extend(f"M0 {num(top + (bottom - top) * (k / 6) ** 1.5)}H{num(width)}" for k in range(1, 6))
    else:
        rng = canvas.rng
        for _ in range(round(16 * width / unit)):
            slot = rng.randrange(-round(width / step), round(width / step))
            y = top + (bottom - top) * rng.random()
            scale = (y - vanish) / (bottom - vanish)
            x = width / 2 + slot * step * scale
            data.append(f"M{num(x)} {num(y)}h{num(step * scale)}")
    canvas.stroke("".join(data), canvas.lit(lighten(colour, -0.13)), unit * 0.003, stroke_opacity=0.6)
    shade = canvas.lit("#3a2a24")
    canvas.rect(
        0, top, width, unit * 0.05, canvas.defs.linear([(0, shade, 0.28), (1, shade, 0)], 0, top, 0, top + unit * 0.05)
    )


def window(canvas: Canvas, x: float, y: float, wide: float, tall: float, curtain: str | None = None) -> None:
    """A window with what is outside at this time of day, and perhaps curtains."""
    rng, unit = canvas.rng, canvas.unit
    sky = canvas.defs.linear(list(canvas.sky.stops), 0, y, 0, y + tall)
    frame = canvas.lit("#fbf7ef")
    canvas.rect(x - wide * 0.06, y - wide * 0.06, wide * 1.12, tall + wide * 0.12, frame)
    clip = canvas.defs.clip(f'<rect x="{num(x)}" y="{num(y)}" width="{num(wide)}" height="{num(tall)}"/>')
    parts = [f'<rect x="{num(x)}" y="{num(y)}" width="{num(wide)}" height="{num(tall)}" fill="{sky}"/>']
    if canvas.night:
        parts.append(
            f'<circle cx="{num(x + wide * 0.7)}" cy="{num(y + tall * 0.26)}" r="{num(wide * 0.1)}"'
            f' fill="{canvas.sky.sun}"/>'
        )
        stars = "".join(dot(x + wide * rng.random(), y + tall * 0.7 * rng.random(), wide * 0.012) for _ in range(14))
        parts.append(f'<path d="{stars}" fill="#ffffff"/>')
    else:
        clouds = "".join(
            dot(x + wide * (0.2 + 0.11 * k), y + tall * (0.25 - 0.03 * (k % 2)), wide * 0.08) for k in range(4)
        )
        parts.append(f'<path d="{clouds}" fill="{canvas.sky.cloud}"/>')
    dim = {"day": 0.0, "dawn": 0.1, "sunset": 0.2, "dusk": 0.5, "night": 0.7}[canvas.time]
    for height, tone in ((0.3, "#8fc28a"), (0.17, "#6fae62")):
        hill = (
            f"M{num(x - 2)} {num(y + tall)}V{num(y + tall * (1 - height))}Q{num(x + wide * 0.35)}"
            f" {num(y + tall * (1 - height * 1.6))} {num(x + wide * 0.65)}"
            f" {num(y + tall * (1 - height * 0.9))}T{num(x + wide + 2)}"
            f" {num(y + tall * (1 - height))}V{num(y + tall)}Z"
        )
        parts.append(f'<path d="{hill}" fill="{mix(tone, "#141b3c", dim)}"/>')
    canvas.add(f'<g clip-path="{clip}">{"".join(parts)}</g>')
    bar = wide * 0.035
    canvas.path(box(x + wide / 2 - bar / 2, y, bar, tall) + box(x, y + tall * 0.46, wide, bar), frame)
    canvas.rect(x - wide * 0.1, y + tall + wide * 0.04, wide * 1.2, wide * 0.06, canvas.lit("#efe6d8"))
    if curtain is not None:
        tone = canvas.lit(curtain)
        canvas.rect(x - wide * 0.26, y - wide * 0.13, wide * 1.52, wide * 0.035, canvas.lit("#8a6a4c"))
        for sign, edge in ((1, x - wide * 0.22), (-1, x + wide * 1.22)):
            canvas.path(
                (
                    f"M{num(edge)} {num(y - wide * 0.1)}h{num(sign * wide * 0.36)}"
                    f"C{num(edge + sign * wide * 0.34)} {num(y + tall * 0.4)}"
                    f" {num(edge + sign * wide * 0.2)} {num(y + tall * 0.6)}"
                    f" {num(edge + sign * wide * 0.26)} {num(y + tall * 1.12)}H{num(edge)}Z"
                ),
                tone,
            )
            folds = "".join(
                (
                    f"M{num(edge + sign * wide * k)} {num(y - wide * 0.1)}C{num(edge + sign * wide * k)}"
                    f" {num(y + tall * 0.4)} {num(edge + sign * wide * k * 0.6)} {num(y + tall * 0.6)}"
                    f" {num(edge + sign * wide * k * 0.7)} {num(y + tall * 1.1)}"
                )
                for k in (0.1, 0.2, 0.28)
            )
            canvas.stroke(folds, lighten(tone, -0.07), unit * 0.004)
    elif not canvas.night:
        beam = canvas.defs.linear([(0, "#fff6d0", 0.3), (1, "#fff6d0", 0)], 0, y, 0, canvas.height)
        canvas.polygon(
            [(x, y + tall), (x + wide, y + tall), (x + wide * 1.5, canvas.height), (x - wide * 0.1, canvas.height)],
            beam,
        )


def picture(canvas: Canvas, x: float, y: float, wide: float, tall: float) -> None:
    """A framed landscape or flower on the wall."""
    rng = canvas.rng
    canvas.rect(x, y, wide, tall, canvas.lit(rng.choice(("#8a6242", "#d1a64e", "#4f4a48", "#b9856a"))))
    inner = (x + wide * 0.09, y + wide * 0.09, wide * 0.82, tall - wide * 0.18)
    canvas.rect(*inner, canvas.lit("#fbf5ea"))
    ix, iy, iw, ih = inner[0] + wide * 0.05, inner[1] + wide * 0.05, inner[2] - wide * 0.1, inner[3] - wide * 0.1
    if rng.random() < 0.6:
        canvas.rect(ix, iy, iw, ih, canvas.lit(rng.choice(("#bfe0f0", "#f7d9b5", "#d5d0ee"))))
        canvas.ellipse(ix + iw * 0.7, iy + ih * 0.3, iw * 0.1, iw * 0.1, canvas.lit("#fbd66a"))
        canvas.polygon(
            [
                (ix, iy + ih),
                (ix, iy + ih * 0.7),
                (ix + iw * 0.35, iy + ih * 0.4),
                (ix + iw * 0.6, iy + ih * 0.72),
                (ix + iw * 0.8, iy + ih * 0.55),
                (ix + iw, iy + ih * 0.8),
                (ix + iw, iy + ih),
            ],
            canvas.lit(rng.choice(("#7fb08a", "#7f9ac0", "#b58a6a"))),
        )
    else:
        bloom = plants.flower(canvas, rng.choice(("#f26d7e", "#f9a646", "#8f7fe0")), variant=rng.randrange(3))
        canvas.use(bloom, ix + iw / 2, iy + ih * 0.98, ih * 0.9 / 100)


def pot_plant(canvas: Canvas, x: float, foot: float, size: float) -> None:
    """A leafy plant in a pot."""
    rng = canvas.rng
    leaf = canvas.lit(rng.choice(("#4f9a55", "#5fa84a", "#3f8a62")))
    for angle in (-70, -48, -26, -6, 16, 38, 62):
        a = math.radians(angle - 90)
        reach = size * rng.uniform(0.55, 0.75)
        tip = (x + reach * math.cos(a) * 0.8, foot - size * 0.32 + reach * math.sin(a))
        nx, ny = -math.sin(a) * size * 0.1, math.cos(a) * size * 0.1
        mid = ((x + tip[0]) / 2, (foot - size * 0.32 + tip[1]) / 2)
        canvas.path(
            (
                f"M{num(x)} {num(foot - size * 0.32)}Q{num(mid[0] + nx)} {num(mid[1] + ny)}"
                f" {num(tip[0])} {num(tip[1])}Q{num(mid[0] - nx)} {num(mid[1] - ny)} {num(x)}"
                f" {num(foot - size * 0.32)}Z"
            ),
            lighten(leaf, rng.uniform(-0.05, 0.05)),
        )
    pot = canvas.lit(rng.choice(("#d07a52", "#f0ece2", "#6f8fa8", "#e0b04f")))
    canvas.polygon(
        [
            (x - size * 0.2, foot - size * 0.36),
            (x + size * 0.2, foot - size * 0.36),
            (x + size * 0.15, foot),
            (x - size * 0.15, foot),
        ],
        pot,
    )
    canvas.rect(x - size * 0.23, foot - size * 0.4, size * 0.46, size * 0.08, lighten(pot, -0.04))


def standing_lamp(canvas: Canvas, x: float, foot: float, tall: float) -> None:
    """A floor lamp, lit at night."""
    shade = canvas.lit("#f7e3b5") if not canvas.night else "#ffe7a6"
    canvas.stroke(
        f"M{num(x)} {num(foot)}V{num(foot - tall * 0.8)}M{num(x - tall * 0.08)} {num(foot)}H{num(x + tall * 0.08)}",
        canvas.lit("#5f5048"),
        tall * 0.02,
    )
    if canvas.night:
        canvas.glow(x, foot - tall * 0.85, tall * 0.9, "#ffd27a", 0.65)
    canvas.polygon(
        [
            (x - tall * 0.07, foot - tall),
            (x + tall * 0.07, foot - tall),
            (x + tall * 0.14, foot - tall * 0.76),
            (x - tall * 0.14, foot - tall * 0.76),
        ],
        shade,
    )


def rug(canvas: Canvas) -> None:
    """A round rug where things stand."""
    rng = canvas.rng
    tone = canvas.lit(rng.choice(("#c9645a", "#5f8fb0", "#e0b25c", "#8fae7a", "#a582b5")))
    y, ry = canvas.horizon + (canvas.height - canvas.horizon) * 0.6, (canvas.height - canvas.horizon) * 0.32
    rx = min(canvas.width * 0.42, canvas.unit * 0.62)
    for grow, colour in (
        (1.0, lighten(tone, -0.05)),
        (0.93, lighten(tone, 0.1)),
        (0.86, tone),
        (0.6, lighten(tone, 0.06)),
    ):
        canvas.ellipse(canvas.width / 2, y, rx * grow, ry * grow, colour)


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


def lamplight(canvas: Canvas) -> None:
    """Warm light in the middle of an evening room."""
    if canvas.night:
        canvas.glow(canvas.width / 2, canvas.horizon, max(canvas.width, canvas.unit) * 0.6, "#ffca7a", 0.2)


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
    rug(canvas)
    lamplight(canvas)


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
