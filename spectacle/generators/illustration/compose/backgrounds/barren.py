"""Backgrounds of bare places: desert, snow, volcano, cave."""

from __future__ import annotations

from spectacle.generators.illustration.compose import plants
from spectacle.generators.illustration.compose.backgrounds.land import (
    lawn,
    mountain_range,
    side_trees,
)
from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.colour import lighten, mix
from spectacle.generators.illustration.compose.plants import foliage, scatter
from spectacle.generators.illustration.compose.sky import paint_sky
from spectacle.generators.illustration.compose.svg import blob, dot, num, smooth


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
