"""Backgrounds of wild places: forest, jungle, desert, snow, volcano, cave, swamp."""

from __future__ import annotations

import math

from spectacle.generators.illustration.compose import plants
from spectacle.generators.illustration.compose.backgrounds.country import (
    foreground,
    grass,
    lawn,
    mountain_range,
    side_trees,
    winding_path,
)
from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.colour import lighten, mix
from spectacle.generators.illustration.compose.plants import foliage, scatter
from spectacle.generators.illustration.compose.sky import paint_sky
from spectacle.generators.illustration.compose.svg import blob, dot, num, smooth


def light_shafts(canvas: Canvas, colour: str, count: int = 4, strength: float = 0.22) -> None:
    """Slanting rays from the upper edge."""
    rng, width, height = canvas.rng, canvas.width, canvas.height
    lean = width * rng.choice((-0.25, 0.25))
    for _ in range(count):
        x, wide = width * rng.uniform(0.1, 0.9), width * rng.uniform(0.03, 0.09)
        paint = canvas.defs.linear([(0, colour, strength), (1, colour, 0)], 0, 0, 0, height * 0.85)
        canvas.polygon(
            [(x, -2), (x + wide, -2), (x + wide * 2 + lean, height * 0.85), (x - wide * 0.6 + lean, height * 0.85)],
            paint,
        )


def forest(canvas: Canvas) -> None:
    """Rows of trunks fading into mist, ferns, mushrooms, light between the leaves."""
    rng, unit, width = canvas.rng, canvas.unit, canvas.width
    pines = rng.random() < 0.45
    green = rng.choice(("#6fa552", "#659c58", "#7aa653"))
    leaf = rng.choice(("#3f8a4b", "#4b8f3f", "#2f7a55"))
    paint_sky(canvas, 0.4)
    canvas.glow(
        width * rng.uniform(0.35, 0.65),
        canvas.horizon * 0.75,
        max(width, unit) * 0.5,
        mix(canvas.sky.low, "#fff6c9", 0.3),
        0.5,
    )
    for row, (fade, size) in enumerate(((0.62, 0.5), (0.44, 0.62), (0.26, 0.78))):
        tone = canvas.far(leaf, fade)
        foot = canvas.horizon + unit * (0.0 + 0.03 * row)
        tall = min(unit * size, canvas.horizon * 1.1)
        kinds = [
            plants.pine(canvas, tone, variant=k) if pines else plants.leaf_tree(canvas, tone, variant=k)
            for k in range(2)
        ]
        count = max(4, round((8 - row) * width / (unit * (1.0 if pines else 1.25))))
        for index in range(count):
            across = (index + rng.uniform(0.1, 0.9)) / count
            if row == 2 and 0.3 < across < 0.7 and rng.random() < 0.8:
                continue
            canvas.use(
                rng.choice(kinds), width * across, foot, tall * rng.uniform(0.75, 1.15) / 100, rng.random() < 0.5
            )
    lawn(canvas, green, canvas.horizon + unit * 0.05)
    if rng.random() < 0.7:
        winding_path(canvas, "#b5925f", canvas.horizon + unit * 0.06)
    if canvas.time in {"day", "dawn", "sunset"}:
        light_shafts(canvas, mix(canvas.sky.sun, canvas.sky.low, 0.3))
    trunks(canvas, leaf)
    frond = plants.fern(canvas, canvas.lit(lighten(leaf, -0.02)))
    scatter(
        canvas,
        lambda _: frond,
        canvas.horizon + unit * 0.1,
        canvas.height * 0.96,
        12,
        unit * 0.04,
        unit * 0.09,
        clear=True,
    )
    toadstool = plants.mushroom(canvas)
    scatter(
        canvas,
        lambda _: toadstool,
        canvas.horizon + unit * 0.14,
        canvas.height * 0.95,
        5,
        unit * 0.02,
        unit * 0.045,
        clear=True,
    )
    grass(canvas, green, 40, canvas.horizon + unit * 0.09)
    foreground(canvas, lighten(green, -0.03), rng.random() < 0.5)
    if canvas.night:
        fireflies(canvas)


def trunks(canvas: Canvas, leaf: str) -> None:
    """Big trunks at both edges and a roof of leaves along the top."""
    rng, unit, width = canvas.rng, canvas.unit, canvas.width
    bark = canvas.lit("#5d4330")
    for side in (0, 1):
        x = width * (rng.uniform(-0.02, 0.05) if side == 0 else rng.uniform(0.95, 1.02))
        foot, half = canvas.horizon + unit * rng.uniform(0.14, 0.22), unit * rng.uniform(0.035, 0.055)
        canvas.path(
            f"M{x - half:.1f} -4L{x + half:.1f} -4C{x + half * 0.8:.1f} {foot * 0.5:.1f}"
            f" {x + half:.1f} {foot * 0.85:.1f} {x + half * 2:.1f} {foot:.1f}"
            f"Q{x:.1f} {foot + half * 0.5:.1f} {x - half * 2:.1f} {foot:.1f}C{x - half:.1f}"
            f" {foot * 0.85:.1f} {x - half * 0.8:.1f} {foot * 0.5:.1f} {x - half:.1f} -4Z",
            bark,
        )
        marks = "".join(
            (
                f"M{x + rng.uniform(-0.6, 0.6) * half:.1f} {foot * k:.1f}q{half * 0.2:.1f}"
                f" {unit * 0.03:.1f} 0 {unit * 0.06:.1f}"
            )
            for k in (0.15, 0.32, 0.5, 0.66, 0.8)
        )
        canvas.stroke(marks, lighten(bark, -0.05), unit * 0.005)
    for shift, lift in ((-0.08, 0.0), (-0.03, 0.018)):
        data = []
        x = -unit * 0.05
        while x < width + unit * 0.05:
            edge = abs(x / width - 0.5) * 2
            reach = unit * (0.05 + 0.1 * edge * edge) * rng.uniform(0.7, 1.1)
            data.append(dot(x, -unit * lift, reach))
            x += reach * 1.1
        canvas.path("".join(data), canvas.lit(lighten(leaf, shift)))


def fireflies(canvas: Canvas, count: int = 14) -> None:
    """Small lights in the air."""
    rng, unit = canvas.rng, canvas.unit
    for _ in range(count):
        x, y = canvas.width * rng.random(), canvas.height * rng.uniform(0.3, 0.92)
        canvas.glow(x, y, unit * 0.018, "#f6f39a", 0.8)
        canvas.ellipse(x, y, unit * 0.003, unit * 0.003, "#fdfcd0")


def jungle(canvas: Canvas) -> None:
    """Palms, broad leaves, hanging vines, a misty depth."""
    rng, unit, width = canvas.rng, canvas.unit, canvas.width
    leaf = rng.choice(("#2f8f4e", "#3c9a45", "#2a8a60"))
    paint_sky(canvas, 0.3)
    canvas.rect(
        0,
        0,
        width,
        canvas.horizon + unit * 0.1,
        canvas.vertical(0, canvas.horizon, canvas.far("#9ed6a0", 0.3), canvas.far("#d5efb8", 0.2)),
        fill_opacity=0.55,
    )
    for row, fade in enumerate((0.6, 0.42, 0.24)):
        tone = canvas.far(leaf, fade)
        foot = canvas.horizon + unit * (0.02 + 0.03 * row)
        points = canvas.ridge(foot - unit * 0.05, unit * 0.12, 9, 1.4)
        canvas.land(points, canvas.height, tone)
        tree = plants.palm(canvas, lighten(tone, -0.02), row)
        for _ in range(round(3 * width / unit)):
            canvas.use(tree, width * rng.random(), foot, unit * rng.uniform(0.0035, 0.0055), rng.random() < 0.5)
    lawn(canvas, mix(leaf, "#7aa04a", 0.5), canvas.horizon + unit * 0.08)
    light_shafts(canvas, "#fbffd0", 4, 0.2)
    frond = plants.fern(canvas, canvas.lit(lighten(leaf, -0.03)))
    pale = plants.fern(canvas, canvas.lit(lighten(leaf, 0.05)))
    scatter(
        canvas,
        lambda _: rng.choice((frond, pale)),
        canvas.horizon + unit * 0.09,
        canvas.height * 0.97,
        26,
        unit * 0.06,
        unit * 0.14,
        clear=True,
    )
    kinds = [
        plants.flower(canvas, petal, variant=index) for index, petal in enumerate(("#ff5c8a", "#ff9e3d", "#c77dff"))
    ]
    scatter(
        canvas,
        lambda _: rng.choice(kinds),
        canvas.horizon + unit * 0.12,
        canvas.height * 0.97,
        10,
        unit * 0.04,
        unit * 0.08,
        clear=True,
    )
    vines = []
    for _ in range(round(6 * width / unit)):
        x, drop = width * rng.random(), unit * rng.uniform(0.08, 0.3)
        vines.append(f"M{x:.1f} -4q{unit * 0.03:.1f} {drop * 0.6:.1f} {unit * rng.uniform(-0.02, 0.02):.1f} {drop:.1f}")
    canvas.stroke("".join(vines), canvas.lit(lighten(leaf, -0.12)), unit * 0.007)
    trunks(canvas, lighten(leaf, -0.02))
    for side in (0, 1):
        for index in range(4):
            angle = (-20 - 25 * index) if side else (20 + 25 * index)
            big_leaf(
                canvas,
                width * side,
                canvas.height * rng.uniform(0.9, 1.02),
                unit * rng.uniform(0.16, 0.24),
                angle,
                leaf,
            )


def big_leaf(canvas: Canvas, x: float, y: float, length: float, angle: float, colour: str) -> None:
    """A broad leaf in the foreground, pointing up and turned by degrees."""
    tone = canvas.lit(lighten(colour, canvas.rng.uniform(-0.12, -0.04)))
    a = math.radians(angle - 90)
    tip = (x + length * math.cos(a), y + length * math.sin(a))
    normal = (-math.sin(a) * length * 0.28, math.cos(a) * length * 0.28)
    mid = ((x + tip[0]) / 2, (y + tip[1]) / 2)
    canvas.path(
        (
            f"M{x:.1f} {y:.1f}Q{mid[0] + normal[0]:.1f} {mid[1] + normal[1]:.1f} {tip[0]:.1f}"
            f" {tip[1]:.1f}Q{mid[0] - normal[0]:.1f} {mid[1] - normal[1]:.1f} {x:.1f} {y:.1f}Z"
        ),
        tone,
        front=True,
    )
    canvas.stroke(f"M{x:.1f} {y:.1f}L{tip[0]:.1f} {tip[1]:.1f}", lighten(tone, 0.07), length * 0.02, front=True)


def desert(canvas: Canvas) -> None:
    """Dunes, cacti, far mesas."""
    rng, unit, width = canvas.rng, canvas.unit, canvas.width
    sand = rng.choice(("#edc27a", "#e8b46a", "#f0cd8e"))
    paint_sky(canvas, 0.3)
    if rng.random() < 0.6:
        for _ in range(3):
            x, half, tall = width * rng.random(), unit * rng.uniform(0.08, 0.2), unit * rng.uniform(0.08, 0.16)
            canvas.polygon(
                [
                    (x - half, canvas.horizon + 4),
                    (x - half * 0.8, canvas.horizon - tall * 0.85),
                    (x - half * 0.6, canvas.horizon - tall),
                    (x + half * 0.55, canvas.horizon - tall),
                    (x + half * 0.8, canvas.horizon - tall * 0.5),
                    (x + half, canvas.horizon + 4),
                ],
                canvas.far("#b5694a", 0.5),
            )
    for row in range(3):
        points = canvas.ridge(canvas.horizon + unit * (0.01 + 0.06 * row), unit * 0.09, 3)
        tone = canvas.far(lighten(sand, 0.03 - 0.03 * row), 0.42 - 0.17 * row)
        canvas.land(
            points,
            canvas.height + 2,
            canvas.vertical(
                canvas.horizon - unit * 0.05, canvas.horizon + unit * 0.25, lighten(tone, 0.03), lighten(tone, -0.07)
            ),
        )
        shade = [(x, y + unit * 0.004) for x, y in points]
        canvas.stroke(smooth(shade), lighten(tone, 0.05), unit * 0.004)
    lawn(canvas, sand, canvas.horizon + unit * 0.13)
    ripples = "".join(
        plants.ripple_line(
            width * rng.uniform(-0.1, 1),
            canvas.horizon + (canvas.height - canvas.horizon) * rng.uniform(0.35, 0.98),
            unit * rng.uniform(0.1, 0.25),
            unit * 0.008,
        )
        for _ in range(26)
    )
    canvas.stroke(ripples, canvas.lit(lighten(sand, -0.07)), unit * 0.003, stroke_opacity=0.7)
    near, far = plants.cactus(canvas, canvas.lit("#5c9a52")), plants.cactus(canvas, canvas.far("#6d9a5a", 0.35))
    for _ in range(4):
        canvas.use(
            far,
            width * rng.random(),
            canvas.horizon + unit * rng.uniform(0.04, 0.09),
            unit * rng.uniform(0.0006, 0.001),
            rng.random() < 0.5,
        )
    side_trees(canvas, [near], unit * 0.24, canvas.horizon + unit * 0.15, rng.randint(1, 3))
    stones = [plants.rock(canvas, canvas.lit("#b98d63"), index) for index in range(3)]
    scatter(
        canvas,
        lambda _: rng.choice(stones),
        canvas.horizon + unit * 0.14,
        canvas.height * 0.98,
        9,
        unit * 0.01,
        unit * 0.04,
        clear=True,
    )
    dry = plants.tuft(canvas, canvas.lit("#b08f4a"), 1)
    scatter(
        canvas,
        lambda _: dry,
        canvas.horizon + unit * 0.13,
        canvas.height * 0.98,
        16,
        unit * 0.015,
        unit * 0.05,
        clear=True,
    )


def snow(canvas: Canvas) -> None:
    """Snowfields with laden firs and far white peaks."""
    rng, unit = canvas.rng, canvas.unit
    paint_sky(canvas, 0.7)
    mountain_range(canvas, canvas.horizon + unit * 0.02, min(canvas.horizon * 0.6, unit * 0.36), 6, "#8ea6c4", 0.45)
    plants.tree_line(canvas, canvas.horizon + unit * 0.02, unit * 0.09, canvas.far("#6f94a3", 0.42), "pine", 0.8)
    white = "#eef4fb"
    for row in range(2):
        points = canvas.ridge(canvas.horizon + unit * (0.025 + 0.05 * row), unit * 0.05, 3)
        canvas.land(points, canvas.height, canvas.far(lighten(white, -0.03 * (1 - row)), 0.25 - 0.12 * row))
    top = canvas.horizon + unit * 0.1
    points = canvas.ridge(top, unit * 0.03, 4)
    canvas.land(
        points, canvas.height + 2, canvas.vertical(top, canvas.height, canvas.lit("#fbfdff"), canvas.lit("#dbe8f5"))
    )
    for _ in range(7):
        canvas.ellipse(
            canvas.width * rng.random(),
            top + (canvas.height - top) * rng.uniform(0.15, 0.95),
            unit * rng.uniform(0.12, 0.3),
            unit * rng.uniform(0.012, 0.03),
            canvas.lit("#cddff0"),
            fill_opacity=0.5,
        )
    trees = [plants.pine(canvas, foliage(canvas, "#2f6b5a", 0.85), True, index) for index in range(3)]
    middle = [plants.pine(canvas, canvas.far("#3d7a6a", 0.3), True, index) for index in range(2)]
    for _ in range(round(6 * canvas.width / unit)):
        canvas.use(
            rng.choice(middle),
            canvas.width * rng.random(),
            canvas.horizon + unit * rng.uniform(0.05, 0.09),
            unit * rng.uniform(0.001, 0.0017),
            rng.random() < 0.5,
        )
    side_trees(canvas, trees, unit * 0.4, canvas.horizon + unit * 0.14, 5)
    sparkle = "".join(
        dot(canvas.width * rng.random(), top + (canvas.height - top) * rng.random(), unit * rng.uniform(0.001, 0.002))
        for _ in range(60)
    )
    canvas.path(sparkle, "#ffffff", fill_opacity=0.9)
    drift = canvas.ridge(canvas.height - unit * 0.012, unit * 0.025, 5)
    canvas.land(drift, canvas.height + 2, canvas.lit("#f7fbff"), front=True)


def volcano(canvas: Canvas) -> None:
    """A smoking cone with lava streams over black rock."""
    rng, unit, width = canvas.rng, canvas.unit, canvas.width
    paint_sky(canvas, 0.5, orb=False)
    x, base = width * rng.choice((0.32, 0.5, 0.68)), canvas.horizon + unit * 0.04
    tall = min(canvas.horizon * 0.66, unit * 0.52)
    half, rim = tall * 1.15, tall * 0.17
    top = base - tall
    canvas.glow(x, top, unit * 0.42, "#ff7a33", 0.7)
    for index in range(9):
        lift = index / 9
        canvas.path(
            blob(
                x + rng.uniform(-0.5, 0.5) * unit * 0.06 + lift * unit * 0.1,
                top - lift * top * 0.95,
                unit * (0.045 + 0.07 * lift),
                unit * (0.04 + 0.05 * lift),
                rng,
            ),
            mix(canvas.far("#6a5a66", 0.2), "#ff9a5a", 0.35 * (1 - lift)),
            fill_opacity=0.8,
        )
    left = smooth([(x - half, base), (x - half * 0.5, base - tall * 0.42), (x - rim, top)])
    right = smooth([(x + rim, top), (x + half * 0.5, base - tall * 0.42), (x + half, base)])
    canvas.path(f"{left}L{right[1:]}Z", canvas.vertical(top, base, canvas.lit("#6b4a4c"), canvas.far("#57474f", 0.25)))
    canvas.ellipse(x, top, rim, rim * 0.24, "#ff8a3c")
    for spread in (-0.55, 0.05, 0.5):
        points = [
            (x + spread * rim, top),
            (x + spread * half * 0.25, top + tall * 0.3),
            (x + spread * half * 0.42 + unit * 0.02, top + tall * 0.6),
            (x + spread * half * 0.7, base),
        ]
        canvas.stroke(smooth(points), "#ff6a2b", unit * 0.018)
        canvas.stroke(smooth(points), "#ffd056", unit * 0.006)
    lawn(canvas, "#5b5054", canvas.horizon + unit * 0.03)
    for _ in range(5):
        y = canvas.horizon + (canvas.height - canvas.horizon) * rng.uniform(0.2, 0.95)
        start = width * rng.uniform(-0.1, 0.9)
        crack = [(start + unit * 0.09 * k, y + unit * rng.uniform(-0.012, 0.012)) for k in range(5)]
        canvas.stroke(smooth(crack), "#ff6a2b", unit * 0.008, stroke_opacity=0.9)
        canvas.stroke(smooth(crack), "#ffc95a", unit * 0.003)
    stones = [plants.rock(canvas, canvas.lit("#453d44"), index) for index in range(3)]
    scatter(
        canvas,
        lambda _: rng.choice(stones),
        canvas.horizon + unit * 0.06,
        canvas.height * 0.98,
        16,
        unit * 0.02,
        unit * 0.07,
        clear=True,
    )
    embers = "".join(
        dot(
            x + unit * rng.uniform(-0.4, 0.4), canvas.height * rng.uniform(0.05, 0.8), unit * rng.uniform(0.0015, 0.004)
        )
        for _ in range(40)
    )
    canvas.path(embers, "#ffb35a", fill_opacity=0.9)


def cave(canvas: Canvas) -> None:
    """Rock walls, stalactites, crystals and a pool of light from the entrance."""
    rng, unit, width, height = canvas.rng, canvas.unit, canvas.width, canvas.height
    stone = rng.choice(("#6e6478", "#75685f", "#5f6b7c"))
    canvas.rect(
        0,
        0,
        width,
        height,
        canvas.vertical(0, height, canvas.lit(lighten(stone, -0.2)), canvas.lit(lighten(stone, -0.08))),
    )
    x, y = width * rng.uniform(0.35, 0.65), canvas.horizon * 0.72
    opening = canvas.sky.low
    canvas.path(
        blob(x, y, unit * 0.25, unit * 0.24, rng, 10, 0.12),
        canvas.vertical(y - unit * 0.25, y + unit * 0.25, canvas.sky.stops[0][1], opening),
    )
    canvas.glow(x, y, unit * 0.62, mix(opening, "#ffffff", 0.3), 0.55)
    for row in range(2):
        tone = canvas.lit(lighten(stone, -0.14 + 0.06 * row))
        data = []
        count = round((12 - 3 * row) * width / unit)
        for index in range(count):
            cx, drop, half = (
                width * (index + rng.random()) / count,
                unit * rng.uniform(0.06, 0.26) * (1 - 0.3 * row),
                unit * rng.uniform(0.02, 0.045),
            )
            data.append(
                f"M{num(cx - half)} -4Q{num(cx - half * 0.2)} {num(drop * 0.4)} {num(cx)} {num(drop)}"
                f"Q{num(cx + half * 0.2)} {num(drop * 0.4)} {num(cx + half)} -4Z"
            )
        canvas.path("".join(data), tone)
    for side in (0, 1):
        edge = width * side
        reach = unit * 0.2 * (1 if side == 0 else -1)
        wall = [(edge + reach * rng.uniform(0.5, 1.2), height * k / 6) for k in range(7)]
        canvas.path(smooth(wall) + f"L{edge:.1f} {height:.1f}L{edge:.1f} 0Z", canvas.lit(lighten(stone, -0.16)))
    lawn(canvas, lighten(stone, -0.03))
    canvas.glow(x, canvas.horizon + (height - canvas.horizon) * 0.5, unit * 0.5, opening, 0.3, flat=0.3)
    stones = [plants.rock(canvas, canvas.lit(lighten(stone, -0.05)), index) for index in range(3)]
    scatter(
        canvas,
        lambda _: rng.choice(stones),
        canvas.horizon + unit * 0.03,
        height * 0.98,
        14,
        unit * 0.02,
        unit * 0.07,
        clear=True,
    )
    for _ in range(7):
        gem = rng.choice(("#6fe0e8", "#c58cf5", "#f58cc8", "#8cf5b0"))
        cx = width * rng.choice((rng.uniform(0.02, 0.24), rng.uniform(0.76, 0.98)))
        cy, size = canvas.horizon + unit * rng.uniform(0.02, 0.2), unit * rng.uniform(0.03, 0.07)
        canvas.glow(cx, cy - size * 0.5, size * 1.8, gem, 0.4)
        for lean in (-0.5, 0.1, 0.6):
            tip = (cx + lean * size, cy - size * (1.1 - abs(lean) * 0.5))
            canvas.polygon(
                [
                    (cx + lean * size * 0.3 - size * 0.13, cy),
                    (tip[0] - size * 0.12, tip[1] + size * 0.2),
                    tip,
                    (tip[0] + size * 0.12, tip[1] + size * 0.2),
                    (cx + lean * size * 0.3 + size * 0.13, cy),
                ],
                gem,
            )
            canvas.polygon(
                [
                    (cx + lean * size * 0.3, cy),
                    tip,
                    (tip[0] + size * 0.12, tip[1] + size * 0.2),
                    (cx + lean * size * 0.3 + size * 0.13, cy),
                ],
                lighten(gem, -0.12),
            )


def swamp(canvas: Canvas) -> None:
    """Murky water with lily pads, reeds, bare trees and mist."""
    rng, unit, width = canvas.rng, canvas.unit, canvas.width
    green = rng.choice(("#7f9454", "#6f8f5c"))
    paint_sky(canvas, 0.7)
    plants.tree_line(canvas, canvas.horizon + unit * 0.02, unit * 0.16, canvas.far("#5f7458", 0.5), "leaf", 0.7)
    plants.tree_line(canvas, canvas.horizon + unit * 0.025, unit * 0.1, canvas.far("#4f6648", 0.3), "leaf", 0.9)
    top = canvas.horizon + unit * 0.015
    canvas.rect(
        0,
        top,
        width,
        canvas.height - top + 2,
        canvas.vertical(top, canvas.height, canvas.far("#7d9474", 0.3), canvas.lit("#4f6a4e")),
    )
    ripples = "".join(
        plants.ripple_line(
            width * rng.random(),
            top + (canvas.height - top) * rng.random(),
            unit * rng.uniform(0.05, 0.12),
            unit * 0.004,
        )
        for _ in range(30)
    )
    canvas.stroke(ripples, canvas.far("#c8d6b0", 0.1), unit * 0.003, stroke_opacity=0.5)
    for _ in range(4):
        x = width * rng.choice((rng.uniform(0, 0.28), rng.uniform(0.72, 1)))
        foot, tall = canvas.horizon + unit * rng.uniform(0.03, 0.1), unit * rng.uniform(0.28, 0.46)
        bark = canvas.lit("#54493c")
        canvas.path(
            (
                f"M{x - unit * 0.03:.1f} {foot:.1f}Q{x - unit * 0.01:.1f} {foot - tall * 0.4:.1f}"
                f" {x - unit * 0.012:.1f} {foot - tall:.1f}H{x + unit * 0.008:.1f}"
                f"Q{x + unit * 0.014:.1f} {foot - tall * 0.4:.1f} {x + unit * 0.034:.1f} {foot:.1f}Z"
            ),
            bark,
        )
        twigs = "".join(
            (
                f"M{x:.1f} {foot - tall * k:.1f}q{unit * lean * 0.5:.1f} {-unit * 0.01:.1f}"
                f" {unit * lean:.1f} {-unit * 0.07:.1f}"
            )
            for k, lean in ((0.55, 0.09), (0.68, -0.1), (0.82, 0.08), (0.92, -0.06))
        )
        canvas.stroke(twigs, bark, unit * 0.008)
    bank = canvas.height - (canvas.height - canvas.horizon) * 0.42
    lawn(canvas, green, bank)
    for _ in range(14):
        x, y = width * rng.random(), top + (bank - top) * rng.uniform(0.25, 0.95)
        size = unit * (0.014 + 0.03 * (y - top) / (canvas.height - top))
        canvas.path(
            (
                f"M{x:.1f} {y:.1f}L{x + size:.1f} {y - size * 0.12:.1f}A{size:.1f} {size * 0.4:.1f} 0"
                f" 1 1 {x + size * 0.8:.1f} {y - size * 0.24:.1f}Z"
            ),
            canvas.lit("#6fa85a"),
        )
        if rng.random() < 0.3:
            canvas.path(dot(x - size * 0.2, y - size * 0.25, size * 0.3), canvas.lit("#f3b6cc"))
    cattail = plants.reed(canvas, canvas.lit("#6f8a48"))
    for _ in range(round(10 * width / unit)):
        x = width * rng.random()
        canvas.use(
            cattail, x, bank + unit * rng.uniform(0.0, 0.03), unit * rng.uniform(0.0008, 0.0014), rng.random() < 0.5
        )
    for side in (0, 1):
        for index in range(3):
            canvas.use(
                cattail,
                width * side + unit * rng.uniform(-0.05, 0.08) * (1 - 2 * side),
                canvas.height + unit * 0.02,
                unit * (0.0018 + 0.0005 * index),
                side == 1,
                front=True,
            )
    grass(canvas, green, 30, bank)
    canvas.rect(
        0,
        canvas.horizon - unit * 0.06,
        width,
        unit * 0.16,
        canvas.defs.linear(
            [(0, canvas.sky.low, 0), (0.5, canvas.sky.low, 0.6), (1, canvas.sky.low, 0)],
            0,
            canvas.horizon - unit * 0.06,
            0,
            canvas.horizon + unit * 0.1,
        ),
    )
