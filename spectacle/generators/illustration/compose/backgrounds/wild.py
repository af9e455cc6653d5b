"""Backgrounds of overgrown places: forest, jungle, swamp."""

from __future__ import annotations

import math

from spectacle.generators.illustration.compose import plants
from spectacle.generators.illustration.compose.backgrounds.land import (
    foreground,
    grass,
    lawn,
    winding_path,
)
from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.colour import lighten, mix
from spectacle.generators.illustration.compose.plants import scatter
from spectacle.generators.illustration.compose.sky import paint_sky
from spectacle.generators.illustration.compose.svg import dot


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
    leaf = rng.choice(("#3f8a4b", "#4b8f3f", "#2f7a55", "#3f8a4b", "#2f7a55", "#c9853a"))
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
    if not canvas.free(x + 0.7 * length * math.cos(a), y + 0.7 * length * math.sin(a), length * 0.2):
        return
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
