"""Backgrounds of waters inland and of the harbour: lake, river, harbour."""

from __future__ import annotations

import math

from spectacle.generators.illustration.compose import plants
from spectacle.generators.illustration.compose.backgrounds.land import (
    far_hills,
    foreground,
    grass,
    lawn,
    mountain_range,
    side_trees,
)
from spectacle.generators.illustration.compose.backgrounds.sea import open_water, swell
from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.colour import lighten, mix
from spectacle.generators.illustration.compose.plants import foliage, ripple_line
from spectacle.generators.illustration.compose.sky import paint_sky
from spectacle.generators.illustration.compose.svg import box, dot, num, smooth


def lake(canvas: Canvas) -> None:
    """A calm lake between wooded banks, with reeds and lilies."""
    rng, unit, width = canvas.rng, canvas.unit, canvas.width
    paint_sky(canvas)
    green = rng.choice(("#7fb85c", "#8abf58"))
    if rng.random() < 0.6:
        mountain_range(canvas, canvas.horizon, min(unit * 0.34, canvas.horizon * 0.6), 5, "#7d93b3", 0.45)
    far_hills(canvas, mix(green, "#4f9a72", 0.4), 2, 0.1)
    leaf = rng.choice(("#4c944c", "#3f8658"))
    plants.tree_line(
        canvas, canvas.horizon + unit * 0.012, unit * 0.085, canvas.far(leaf, 0.34), rng.choice(("pine", "leaf")), 0.75
    )
    canvas.rect(0, canvas.horizon + unit * 0.006, width, unit * 0.02, canvas.far(green, 0.2))
    top = canvas.horizon + unit * 0.022
    blue = rng.choice(("#4a9fd0", "#4ba8c4", "#5a94cc"))
    open_water(canvas, blue, top, canvas.height, calm=True)
    mirror = canvas.defs.linear(
        [(0, canvas.far(leaf, 0.3), 0.55), (1, canvas.far(leaf, 0.3), 0)], 0, top, 0, top + unit * 0.13
    )
    canvas.rect(0, top, width, unit * 0.13, mirror)
    for side in (0, 1):
        bank = [
            (width * side + (1 - 2 * side) * width * reach, top + (canvas.height - top) * y)
            for reach, y in ((0.24, 0.0), (0.2, 0.09), (0.1, 0.2), (0.03, 0.36), (-0.05, 0.5))
        ]
        canvas.path(smooth(bank) + f"L{num(width * side)} {num(top)}Z", canvas.far(green, 0.12))
        trees = plants.leaf_tree(canvas, foliage(canvas, leaf, 0.85), variant=side)
        canvas.use(
            trees,
            width * (0.06 if side == 0 else 0.94),
            top + unit * 0.05,
            unit * rng.uniform(0.0028, 0.0042),
            side == 1,
        )
    for _ in range(10):
        x, y = width * rng.random(), top + (canvas.height - top) * rng.uniform(0.3, 0.95)
        size = unit * (0.012 + 0.03 * (y - top) / (canvas.height - top))
        if not canvas.free(x, y, size):
            continue
        canvas.path(
            (
                f"M{num(x)} {num(y)}L{num(x + size)} {num(y - size * 0.1)}A{num(size)}"
                f" {num(size * 0.38)} 0 1 1 {num(x + size * 0.8)} {num(y - size * 0.24)}Z"
            ),
            canvas.lit("#6db35c"),
        )
        if rng.random() < 0.4:
            lily(canvas, x - size * 0.2, y - size * 0.15, size * 0.42)
    if canvas.shore is not None:
        lawn(canvas, green, canvas.shore)
        grass(canvas, green, 20, canvas.shore + unit * 0.01)
        foreground(canvas, green)
        return
    cattail = plants.reed(canvas, canvas.lit("#6f9a48"))
    for side in (0, 1):
        for _ in range(5):
            x = width * side + (1 - 2 * side) * unit * rng.uniform(-0.02, 0.17)
            canvas.use(
                cattail, x, canvas.height + unit * 0.02, unit * rng.uniform(0.0014, 0.0026), side == 1, front=True
            )


def lily(canvas: Canvas, x: float, y: float, size: float) -> None:
    """A water lily."""
    petal = canvas.lit(canvas.rng.choice(("#fbe3ee", "#f7b8d2", "#ffffff")))
    data = "".join(
        (
            f"M{num(x)} {num(y)}Q{num(x + dx * size * 0.9)} {num(y - size * 0.2)}"
            f" {num(x + dx * size)} {num(y - dy * size)}Q{num(x + dx * size * 0.2)}"
            f" {num(y - dy * size * 0.8)} {num(x)} {num(y)}Z"
        )
        for dx, dy in ((-1, 0.45), (-0.5, 0.85), (0, 1.0), (0.5, 0.85), (1, 0.45))
    )
    canvas.path(data, petal)
    canvas.path(dot(x, y - size * 0.2, size * 0.18), canvas.lit("#f7cf4d"))


def river(canvas: Canvas) -> None:
    """A river winding towards the viewer through meadows."""
    rng, unit, width = canvas.rng, canvas.unit, canvas.width
    green = rng.choice(("#84bf58", "#79b562"))
    paint_sky(canvas)
    mountain_range(canvas, canvas.horizon + unit * 0.02, min(unit * 0.3, canvas.horizon * 0.5), 5, "#7f93b3", 0.5)
    far_hills(canvas, mix(green, "#4f9a72", 0.35), 2, 0.08)
    lawn(canvas, green)
    blue = rng.choice(("#4aa3d6", "#4fb0cc"))
    top, bottom = canvas.horizon + unit * 0.015, canvas.height
    depth, side = bottom - top, rng.choice((-1, 1))
    left, right = [], []
    for index in range(8):
        share = index / 7
        y = top + depth * share**1.25
        x = width * 0.5 + side * width * 0.16 * math.sin(share * 4.2) * (1 - share * 0.8)
        half = unit * 0.012 + width * 0.46 * share**1.5
        left.append((x - half, y))
        right.append((x + half, y))
    left.append((left[-1][0] - unit * 0.04, bottom + unit * 0.05))
    right.append((right[-1][0] + unit * 0.04, bottom + unit * 0.05))
    for grow, tone in (
        (unit * 0.016, canvas.lit("#d9c08a")),
        (
            0.0,
            canvas.vertical(
                top,
                bottom,
                mix(canvas.lit(blue), canvas.sky.low, 0.5),
                canvas.lit(blue),
                canvas.lit(lighten(blue, -0.08)),
            ),
        ),
    ):
        outline = (
            smooth([(x - grow, y) for x, y in left])
            + "L"
            + smooth([(x + grow, y) for x, y in reversed(right)])[1:]
            + "Z"
        )
        canvas.path(outline, tone)
    ripples = []
    for _ in range(46):
        share = rng.uniform(0.15, 0.98)
        y = top + depth * share**1.25
        x = (
            width * 0.5
            + side * width * 0.16 * math.sin(share * 4.2) * (1 - share * 0.8)
            + width * 0.36 * share**1.5 * rng.uniform(-1, 1)
        )
        ripples.append(ripple_line(x, y, unit * (0.02 + 0.07 * share), unit * 0.005))
    canvas.stroke("".join(ripples), canvas.lit("#dff3fb"), unit * 0.0036, stroke_opacity=0.65)
    leaf = rng.choice(("#4c944c", "#5aa047"))
    trees = [plants.leaf_tree(canvas, foliage(canvas, leaf, 0.75), variant=k) for k in range(2)] + [
        plants.pine(canvas, foliage(canvas, "#3d7d55", 0.75))
    ]
    side_trees(canvas, trees, unit * 0.34, canvas.horizon + unit * 0.05, 5)
    stones = [plants.rock(canvas, canvas.lit("#9aa1a8"), k) for k in range(3)]
    for index in range(2, 8):
        for edge in (left[index], right[index]):
            canvas.use(
                rng.choice(stones),
                edge[0] + unit * rng.uniform(-0.02, 0.02),
                edge[1] + unit * 0.01,
                unit * rng.uniform(0.0002, 0.0005),
            )
    grass(canvas, green, 14, canvas.horizon + unit * 0.03)
    if canvas.shore is not None:
        lawn(canvas, green, canvas.shore)
        grass(canvas, green, 20, canvas.shore + unit * 0.01)
    foreground(canvas, green)


def harbour(canvas: Canvas) -> None:
    """A quay with coloured houses, moored boats and a pier."""
    rng, unit, width = canvas.rng, canvas.unit, canvas.width
    paint_sky(canvas)
    far_hills(canvas, "#7fa58f", 2, 0.12)
    base = canvas.horizon + unit * 0.015
    x = -unit * 0.05
    palette = ["#e8836b", "#f2c66d", "#8fb8d6", "#f3e3cc", "#a9c79a", "#d99ab0"]
    while x < width:
        wide, tall = unit * rng.uniform(0.1, 0.16), unit * rng.uniform(0.14, 0.24)
        house(canvas, x, base, wide, tall, rng.choice(palette))
        x += wide * 1.02
    canvas.rect(0, base, width, unit * 0.03, canvas.far("#8f8a82", 0.12))
    open_water(canvas, "#3b86b5", base + unit * 0.03, canvas.height, calm=True)
    for _ in range(round(4 * width / unit)):
        bx, by, size = width * rng.random(), base + unit * rng.uniform(0.05, 0.09), unit * rng.uniform(0.05, 0.08)
        hull = canvas.far(rng.choice(("#c8553d", "#2f6f9f", "#f4efe6", "#3f8f6a")), 0.12)
        canvas.path(
            (
                f"M{num(bx - size)} {num(by - size * 0.3)}H{num(bx + size)}L{num(bx + size * 0.75)}"
                f" {num(by)}H{num(bx - size * 0.7)}Z"
            ),
            hull,
        )
        canvas.stroke(
            f"M{num(bx)} {num(by - size * 0.3)}V{num(by - size * 2.2)}", canvas.far("#6b5238", 0.1), unit * 0.004
        )
        canvas.path(
            (
                f"M{num(bx + size * 0.06)} {num(by - size * 2.1)}L{num(bx + size * 0.8)}"
                f" {num(by - size * 0.45)}H{num(bx + size * 0.06)}Z"
            ),
            canvas.far("#fbf7ee", 0.1),
        )
    if canvas.shore is not None:
        top = canvas.shore
        canvas.rect(
            0,
            top,
            width,
            canvas.height - top + 2,
            canvas.vertical(top, canvas.height, canvas.lit("#b5885a"), canvas.lit("#8f6540")),
        )
        planks = "".join(f"M0 {num(top + (canvas.height - top) * (k / 6) ** 1.3)}H{num(width)}" for k in range(7))
        canvas.stroke(planks, canvas.lit("#6f4a2c"), unit * 0.004, stroke_opacity=0.7)
        joints = "".join(
            (
                f"M{num(width * rng.random())} {num(top + (canvas.height - top) * (k / 6) ** 1.3)}"
                f"V{num(top + (canvas.height - top) * ((k + 1) / 6) ** 1.3)}"
            )
            for k in range(6)
            for _ in range(round(3 * width / unit))
        )
        canvas.stroke(joints, canvas.lit("#6f4a2c"), unit * 0.003, stroke_opacity=0.7)
    swell(
        canvas,
        canvas.height - unit * 0.03,
        unit * 0.016,
        "#2f6f9c",
        1.0 if canvas.shore is None else 0.0,
        front=canvas.shore is None,
    )


def house(canvas: Canvas, x: float, base: float, wide: float, tall: float, colour: str) -> None:
    """A gabled town house with windows that are lit at night."""
    rng = canvas.rng
    wall, roof = canvas.far(colour, 0.14), canvas.far(rng.choice(("#a8503f", "#7a4a44", "#8a5a3c")), 0.14)
    canvas.rect(x, base - tall, wide, tall, wall)
    canvas.path(
        (
            f"M{num(x - wide * 0.05)} {num(base - tall)}L{num(x + wide / 2)}"
            f" {num(base - tall - wide * 0.42)}L{num(x + wide * 1.05)} {num(base - tall)}Z"
        ),
        roof,
    )
    panes: list[str] = []
    dark: list[str] = []
    rows = max(1, int(tall / (wide * 0.55)))
    for row in range(rows):
        for column in range(2):
            spot = box(
                x + wide * (0.18 + 0.4 * column), base - tall + wide * (0.14 + 0.5 * row), wide * 0.22, wide * 0.28
            )
            (panes if not canvas.night or rng.random() < 0.7 else dark).append(spot)
    canvas.path("".join(panes), "#ffd978" if canvas.night else canvas.far("#dff0f7", 0.1))
    if dark:
        canvas.path("".join(dark), lighten(wall, -0.12))
