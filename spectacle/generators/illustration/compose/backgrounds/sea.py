"""Backgrounds of the sea: open sea, beach, island, underwater."""

from __future__ import annotations

import math

from spectacle.generators.illustration.compose import plants
from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.colour import lighten, mix
from spectacle.generators.illustration.compose.plants import foliage, ripple_line, scatter
from spectacle.generators.illustration.compose.sky import paint_sky
from spectacle.generators.illustration.compose.svg import blob, dot, num, smooth


def open_water(canvas: Canvas, colour: str, top: float, bottom: float, calm: bool = False) -> None:
    """Water between two heights: gradient, glitter under the sun, small waves that grow towards the viewer."""
    rng, unit, width = canvas.rng, canvas.unit, canvas.width
    deep = canvas.lit(lighten(colour, -0.1))
    paint = canvas.vertical(top, bottom, mix(canvas.lit(colour), canvas.sky.low, 0.55), canvas.lit(colour), deep)
    canvas.rect(0, top, width, bottom - top + 2, paint)
    if canvas.time != "day" and not set(canvas.weather) & {"rain", "storm", "fog"}:
        x = canvas.orb if canvas.orb is not None else width * rng.uniform(0.3, 0.7)
        sheen = mix(canvas.sky.sun, canvas.sky.low, 0.3)
        glitter = []
        for index in range(22):
            depth = index / 22
            y = top + (bottom - top) * depth
            half = unit * (0.02 + 0.09 * depth) * rng.uniform(0.4, 1.0)
            glitter.append(f"M{num(x - half + unit * 0.03 * rng.uniform(-1, 1))} {num(y)}h{num(half * 2)}")
        canvas.stroke("".join(glitter), sheen, unit * 0.005, stroke_opacity=0.6)
    for shade, opacity, share in ((lighten(canvas.lit(colour), 0.12), 0.7, 0.6), (deep, 0.6, 0.4)):
        for depth in (0.15, 0.45, 0.8):
            data = []
            for _ in range(round((16 if calm else 26) * share * width / unit)):
                y = top + (bottom - top) * min(0.99, max(0.01, depth + rng.uniform(-0.18, 0.18)))
                reach = unit * (0.025 + 0.09 * (y - top) / (bottom - top)) * rng.uniform(0.6, 1.3)
                data.append(ripple_line(width * rng.uniform(-0.05, 1), y, reach, reach * (0.06 if calm else 0.16)))
            canvas.stroke("".join(data), shade, unit * (0.0016 + 0.004 * depth), stroke_opacity=opacity)


def sea(canvas: Canvas) -> None:
    """Open sea with rolling waves."""
    rng, unit = canvas.rng, canvas.unit
    blue = rng.choice(("#2f8fc9", "#2a9ab8", "#3d7fc4"))
    paint_sky(canvas)
    if rng.random() < 0.4:
        canvas.path(
            smooth(
                [
                    (canvas.width * 0.62, canvas.horizon + 3),
                    (canvas.width * 0.74, canvas.horizon - unit * 0.05),
                    (canvas.width * 0.82, canvas.horizon - unit * 0.03),
                    (canvas.width * 0.95, canvas.horizon + 3),
                ]
            ),
            canvas.far("#6f8fa6", 0.55),
        )
    open_water(canvas, blue, canvas.horizon, canvas.height)
    for row in range(3):
        y = canvas.horizon + (canvas.height - canvas.horizon) * (0.22 + 0.2 * row)
        swell(canvas, y, unit * (0.012 + 0.012 * row), lighten(blue, 0.02 - 0.03 * row), 0.5)
    if canvas.shore is not None:
        sand_strip(canvas, canvas.shore)
    else:
        swell(canvas, canvas.height - unit * 0.05, unit * 0.03, lighten(blue, -0.06), 1.0, front=True)


def swell(canvas: Canvas, y: float, height: float, colour: str, opacity: float, front: bool = False) -> None:
    """A row of waves with light crests."""
    length = height * 7
    x = -length * canvas.rng.random()
    crest = f"M{num(x)} {num(y)}"
    while x < canvas.width + length:
        crest += (
            f"q{num(length * 0.25)} {num(-height * 1.3)} {num(length * 0.5)} {num(-height * 0.5)}"
            f"t{num(length * 0.5)} {num(height * 0.5)}"
        )
        x += length
    tone = canvas.lit(colour)
    paint = canvas.defs.linear(
        [(0, lighten(tone, 0.04), opacity), (1, tone, opacity if front else 0)], 0, y - height, 0, y + height * 4
    )
    canvas.path(
        crest + f"V{num(max(y + height * 4, canvas.height + 4) if front else y + height * 4)}H{num(-length * 1.2)}Z",
        paint,
        front,
    )
    canvas.stroke(crest, canvas.lit("#eaf7fc"), max(1.0, height * 0.14), front, stroke_opacity=0.65)


def sand_strip(canvas: Canvas, top: float) -> None:
    """A beach along the bottom, with foam where the water meets it."""
    rng, unit, width = canvas.rng, canvas.unit, canvas.width
    points = canvas.ridge(top + unit * 0.012, unit * 0.03, 5)
    for shift, colour, opacity in ((-0.03, "#ffffff", 0.35), (-0.016, "#ffffff", 0.8), (-0.004, "#d9b982", 1.0)):
        canvas.land(
            [(x, y + shift * unit) for x, y in points],
            canvas.height + 2,
            mix(canvas.lit(colour), canvas.lit("#bfe3ea"), 1 - opacity),
        )
    canvas.land(
        [(x, y + unit * 0.012) for x, y in points],
        canvas.height + 2,
        canvas.vertical(top, canvas.height, canvas.lit("#efd7a2"), canvas.lit("#e3c286")),
    )
    grains = "".join(
        dot(
            width * rng.random(),
            top + unit * 0.05 + (canvas.height - top) * rng.random(),
            unit * rng.uniform(0.001, 0.0022),
        )
        for _ in range(90)
    )
    canvas.path(grains, canvas.lit("#b9935c"), fill_opacity=0.55)
    for _ in range(6):
        canvas.ellipse(
            width * rng.random(),
            top + unit * 0.06 + (canvas.height - top) * rng.random(),
            unit * rng.uniform(0.08, 0.2),
            unit * rng.uniform(0.006, 0.016),
            canvas.lit("#f7e5bb"),
            fill_opacity=0.6,
        )
    for _ in range(round(5 * width / unit)):
        x, y = width * rng.random(), top + unit * 0.06 + (canvas.height - top) * rng.uniform(0.1, 0.9)
        if canvas.free(x, y, unit * 0.01):
            shell(canvas, x, y, unit * rng.uniform(0.011, 0.02))


def shell(canvas: Canvas, x: float, y: float, size: float) -> None:
    """A sea shell or a starfish."""
    tone = canvas.lit(canvas.rng.choice(("#f6b7a0", "#fbe3cf", "#e88f6c", "#f3c6d3")))
    if canvas.rng.random() < 0.4:
        turn = canvas.rng.random()
        points = []
        for index in range(10):
            reach = size * (1.2 if index % 2 == 0 else 0.5)
            angle = math.pi * index / 5 + turn
            points.append((x + reach * math.cos(angle), y + 0.7 * reach * math.sin(angle)))
        canvas.path(smooth(points, closed=True), tone)
        return
    canvas.path(
        (
            f"M{num(x)} {num(y + size * 0.5)}L{num(x - size)} {num(y - size * 0.1)}A{num(size)}"
            f" {num(size * 0.8)} 0 0 1 {num(x + size)} {num(y - size * 0.1)}Z"
        ),
        tone,
    )
    ribs = "".join(
        f"M{num(x)} {num(y + size * 0.5)}L{num(x + size * k)} {num(y - size * 0.6)}" for k in (-0.55, 0, 0.55)
    )
    canvas.stroke(ribs, lighten(tone, -0.1), size * 0.09)


def beach(canvas: Canvas) -> None:
    """Sand, surf, sea, a palm at the side and a parasol far off."""
    rng, unit, width = canvas.rng, canvas.unit, canvas.width
    paint_sky(canvas)
    blue = rng.choice(("#35a7cf", "#2fa3bd", "#3f97d6"))
    shore = canvas.horizon + (canvas.height - canvas.horizon) * 0.36
    canvas.path(
        smooth(
            [
                (width * 0.55, canvas.horizon + 3),
                (width * 0.72, canvas.horizon - unit * 0.07),
                (width * 0.86, canvas.horizon - unit * 0.04),
                (width * 1.05, canvas.horizon + 3),
            ]
        )
        + "Z",
        canvas.far("#6f9f8f", 0.5),
    )
    open_water(canvas, blue, canvas.horizon, shore + unit * 0.04, calm=True)
    sand_strip(canvas, shore)
    tree = plants.palm(canvas, foliage(canvas, "#4a9d4f", 0.9), rng.randrange(3))
    right = rng.random() < 0.5
    for index in range(rng.randint(1, 2)):
        x = width * (0.93 - 0.11 * index if right else 0.07 + 0.11 * index)
        canvas.use(tree, x, shore + unit * (0.11 - 0.05 * index), unit * (0.0052 - 0.0014 * index), not right)
    x, foot = width * (0.2 if right else 0.8), shore + unit * 0.07
    parasol(canvas, x, foot, unit * 0.2)
    dry = plants.tuft(canvas, canvas.lit("#9db25c"), 2)
    for _ in range(6):
        canvas.use(
            dry,
            width * rng.choice((rng.uniform(0, 0.14), rng.uniform(0.86, 1))),
            canvas.height + unit * 0.01,
            unit * rng.uniform(0.0006, 0.0011),
            front=True,
        )


def parasol(canvas: Canvas, x: float, foot: float, size: float) -> None:
    """A striped sunshade with a towel."""
    rng = canvas.rng
    first = canvas.lit(rng.choice(("#ee5a52", "#3f8fd6", "#f2a33c", "#e66aa0")))
    white = canvas.lit("#fdf6ec")
    canvas.polygon(
        [
            (x - size * 0.1, foot + size * 0.02),
            (x + size * 0.5, foot - size * 0.02),
            (x + size * 0.58, foot + size * 0.1),
            (x - size * 0.06, foot + size * 0.15),
        ],
        lighten(first, 0.08),
    )
    canvas.stroke(
        f"M{num(x)} {num(foot)}L{num(x + size * 0.08)} {num(foot - size * 0.9)}", canvas.lit("#8a6a48"), size * 0.035
    )
    top, left, right, low = (x + size * 0.09, foot - size * 1.0), x - size * 0.48, x + size * 0.66, foot - size * 0.62
    edges = [left + (right - left) * k / 5 for k in range(6)]
    for index in range(5):
        a, b = edges[index], edges[index + 1]
        canvas.path(
            (
                f"M{num(top[0])} {num(top[1])}Q{num(a + (top[0] - a) * 0.25)} {num(low - size * 0.3)}"
                f" {num(a)} {num(low)}Q{num((a + b) / 2)} {num(low - size * 0.07)} {num(b)} {num(low)}"
                f"Q{num(b + (top[0] - b) * 0.25)} {num(low - size * 0.3)} {num(top[0])} {num(top[1])}Z"
            ),
            first if index % 2 == 0 else white,
        )


def island(canvas: Canvas) -> None:
    """A sandy islet with palms in a turquoise sea."""
    rng, unit, width = canvas.rng, canvas.unit, canvas.width
    paint_sky(canvas)
    blue = rng.choice(("#2fb3c9", "#35a7d6"))
    open_water(canvas, blue, canvas.horizon, canvas.height)
    middle = canvas.horizon + (canvas.height - canvas.horizon) * 0.62
    half, rise = width * 0.44, (canvas.height - canvas.horizon) * 0.32
    for grow, colour in ((1.12, "#8fe0dc"), (1.05, "#d8f5ef"), (1.0, "#f1dba6")):
        canvas.path(blob(width / 2, middle, half * grow, rise * grow, rng, 12, 0.05), canvas.lit(colour))
    canvas.ellipse(width / 2, middle - rise * 0.25, half * 0.72, rise * 0.5, canvas.lit("#f8e9c2"), fill_opacity=0.7)
    canvas.path(blob(width / 2, middle - rise * 0.52, half * 0.56, rise * 0.3, rng, 10, 0.1), canvas.lit("#8cc063"))
    for x, variant in ((0.17, 1), (0.8, 0), (0.88, 2)):
        tree = plants.palm(canvas, foliage(canvas, "#44a052", 0.95), variant)
        canvas.use(
            tree,
            width * (x + rng.uniform(-0.02, 0.02)),
            middle - rise * rng.uniform(0.1, 0.4),
            unit * rng.uniform(0.0044, 0.0058),
            x > 0.5,
        )
    shrub = plants.bush(canvas, foliage(canvas, "#57a84e", 0.9))
    for _ in range(4):
        canvas.use(
            shrub,
            width * rng.uniform(0.2, 0.8),
            middle - rise * rng.uniform(0.4, 0.6),
            unit * rng.uniform(0.0005, 0.0008),
        )
    for _ in range(5):
        shell(canvas, width * rng.uniform(0.2, 0.8), middle + rise * rng.uniform(0.3, 0.75), unit * 0.014)
    swell(canvas, canvas.height - unit * 0.04, unit * 0.022, lighten(blue, -0.04), 1.0, front=True)


def underwater(canvas: Canvas) -> None:
    """Deep blue with rays from above, corals, weeds, bubbles and far fish."""
    rng, unit, width, height = canvas.rng, canvas.unit, canvas.width, canvas.height
    tones = rng.choice(
        (("#5fd0e6", "#1f8fc4", "#0d4f8c"), ("#6fe0d0", "#1fa0a8", "#0b5a73"), ("#7fc4f2", "#2f78cf", "#153f8a"))
    )
    dim = {"day": 0.0, "dawn": 0.1, "sunset": 0.15, "dusk": 0.35, "night": 0.5}[canvas.time]
    top, tone_middle, deep = (mix(tone, "#04122e", dim) for tone in tones)
    tones = (top, tone_middle, deep)
    canvas.rect(0, 0, width, height, canvas.vertical(0, height, *tones))
    for _ in range(6):
        x, wide, lean = width * rng.uniform(-0.05, 1.0), width * rng.uniform(0.03, 0.1), width * rng.uniform(-0.2, 0.2)
        paint = canvas.defs.linear([(0, "#ffffff", 0.24), (1, "#ffffff", 0)], 0, 0, 0, height * 0.8)
        canvas.path(
            f"M{num(x)} -2h{num(wide)}L{num(x + wide * 2.2 + lean)} {num(height * 0.8)}H{num(x - wide * 0.8 + lean)}Z",
            paint,
        )
    shimmer = "".join(
        ripple_line(
            width * rng.uniform(-0.05, 1), unit * rng.uniform(0.01, 0.09), unit * rng.uniform(0.08, 0.2), unit * 0.012
        )
        for _ in range(14)
    )
    canvas.stroke(shimmer, "#ffffff", unit * 0.004, stroke_opacity=0.35)
    for row in range(2):
        points = canvas.ridge(canvas.horizon - unit * (0.02 - 0.05 * row), unit * (0.16 - 0.06 * row), 6, 1.3)
        canvas.land(points, height, mix(tones[1], tones[2], 0.35 + 0.3 * row))
    school = []
    x0, y0 = width * rng.uniform(0.15, 0.85), height * rng.uniform(0.14, 0.4)
    for _ in range(11):
        x, y, size = (
            x0 + unit * rng.uniform(-0.14, 0.14),
            y0 + unit * rng.uniform(-0.06, 0.06),
            unit * rng.uniform(0.009, 0.015),
        )
        school.append(
            f"M{num(x - size)} {num(y)}Q{num(x)} {num(y - size * 0.8)} {num(x + size)} {num(y)}"
            f"Q{num(x)} {num(y + size * 0.8)} {num(x - size)} {num(y)}L{num(x - size * 1.6)}"
            f" {num(y - size * 0.5)}V{num(y + size * 0.5)}Z"
        )
    canvas.path("".join(school), mix(tones[2], tones[0], 0.25), fill_opacity=0.8)
    sand = mix("#e8d3a0", tones[1], 0.34)
    floor = canvas.horizon + unit * 0.06
    points = canvas.ridge(floor, unit * 0.035, 5)
    canvas.land(
        points,
        height + 2,
        canvas.vertical(floor - unit * 0.03, height, mix(sand, tones[1], 0.25), lighten(sand, -0.06)),
    )
    lines = "".join(
        ripple_line(
            width * rng.uniform(-0.1, 1),
            floor + (height - floor) * rng.uniform(0.15, 0.97),
            unit * rng.uniform(0.08, 0.2),
            unit * 0.007,
        )
        for _ in range(20)
    )
    canvas.stroke(lines, lighten(sand, 0.06), unit * 0.003, stroke_opacity=0.7)
    stones = [plants.rock(canvas, mix("#6f7f8f", tones[1], 0.35), k) for k in range(2)]
    scatter(canvas, lambda _: rng.choice(stones), floor, height * 0.98, 6, unit * 0.03, unit * 0.06, clear=True)
    for index in range(round(12 * width / unit)):
        side = index % 2
        x = width * (rng.uniform(-0.02, 0.3) if side == 0 else rng.uniform(0.7, 1.02))
        y = floor + (height - floor) * rng.uniform(0.0, 0.5)
        size = unit * rng.uniform(0.08, 0.17)
        rng.choice((coral, coral, weed, sponge))(canvas, x, y, size, tones[1])
    for _ in range(5):
        weed(
            canvas,
            width * rng.choice((rng.uniform(0, 0.1), rng.uniform(0.9, 1))),
            height + unit * 0.02,
            unit * rng.uniform(0.25, 0.4),
            tones[1],
            front=True,
        )
    for _ in range(30):
        x, y, r = width * rng.random(), height * rng.random(), unit * rng.uniform(0.003, 0.012)
        canvas.ellipse(
            x, y, r, r, "#ffffff", fill_opacity=0.16, stroke="#ffffff", stroke_opacity=0.6, stroke_width=unit * 0.0016
        )


def coral(canvas: Canvas, x: float, y: float, size: float, water: str) -> None:
    """A branching coral."""
    tone = mix(canvas.rng.choice(("#ff6f7d", "#ff9a5c", "#f27fb8", "#b37ff0", "#ffcf5c")), water, 0.2)
    data = f"M{num(x)} {num(y)}V{num(y - size)}"
    for k, lean in ((0.3, -0.42), (0.42, 0.44), (0.62, -0.28), (0.72, 0.3)):
        data += (
            f"M{num(x)} {num(y - size * k)}q{num(size * lean)} {num(-size * 0.04)}"
            f" {num(size * lean)} {num(-size * 0.42)}"
        )
    canvas.stroke(data, lighten(tone, -0.08), size * 0.17)
    canvas.stroke(data, tone, size * 0.115)


def sponge(canvas: Canvas, x: float, y: float, size: float, water: str) -> None:
    """A brain coral or a fan."""
    rng = canvas.rng
    tone = mix(rng.choice(("#f2a0c0", "#8fd0a0", "#f2c46f", "#a08ff0")), water, 0.2)
    canvas.path(
        f"M{num(x - size * 0.6)} {num(y)}A{num(size * 0.6)} {num(size * 0.55)} 0 0 1 {num(x + size * 0.6)} {num(y)}Z",
        tone,
    )
    arcs = "".join(
        f"M{num(x - size * k)} {num(y)}A{num(size * k)} {num(size * k * 0.9)} 0 0 1 {num(x + size * k)} {num(y)}"
        for k in (0.15, 0.3, 0.45)
    )
    canvas.stroke(arcs, lighten(tone, -0.1), size * 0.05)


def weed(canvas: Canvas, x: float, y: float, size: float, water: str, front: bool = False) -> None:
    """Swaying seaweed."""
    rng = canvas.rng
    tone = mix(rng.choice(("#3fae6a", "#6fbf4f", "#2f9a7a")), water, 0.25)
    for lean in (-0.22, 0.0, 0.24):
        tip, sway = size * rng.uniform(0.7, 1.1), size * 0.16
        canvas.path(
            f"M{num(x + lean * size - size * 0.05)} {num(y)}C{num(x + lean * size - sway)}"
            f" {num(y - tip * 0.35)} {num(x + lean * size + sway)} {num(y - tip * 0.6)}"
            f" {num(x + lean * size * 1.6)} {num(y - tip)}"
            f"C{num(x + lean * size + sway * 1.8)} {num(y - tip * 0.6)}"
            f" {num(x + lean * size - sway * 0.3)} {num(y - tip * 0.35)}"
            f" {num(x + lean * size + size * 0.05)} {num(y)}Z",
            lighten(tone, rng.uniform(-0.06, 0.04)),
            front,
        )
