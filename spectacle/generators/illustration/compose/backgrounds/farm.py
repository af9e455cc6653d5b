"""The background of the place farm."""

from __future__ import annotations

from spectacle.generators.illustration.compose import plants
from spectacle.generators.illustration.compose.backgrounds.land import (
    PETALS,
    far_hills,
    fence,
    foreground,
    grass,
    lawn,
    side_trees,
)
from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.colour import lighten
from spectacle.generators.illustration.compose.plants import foliage
from spectacle.generators.illustration.compose.sky import paint_sky


def farm(canvas: Canvas) -> None:
    """Fields in stripes, a red barn with a silo, a wooden fence."""
    rng, unit = canvas.rng, canvas.unit
    green = rng.choice(("#8fc054", "#9dbf50"))
    paint_sky(canvas)
    far_hills(canvas, "#7fae6a", 2)
    colours = ["#e2c15a", "#a9c257", "#c9a94f", "#8fb74f"]
    rng.shuffle(colours)
    top = canvas.horizon
    for index, colour in enumerate(colours[:3]):
        points = canvas.ridge(top + unit * 0.035 * index, unit * 0.03, 3)
        tone = canvas.far(colour, 0.34 - 0.1 * index)
        canvas.land(points, top + unit * 0.2, tone)
        x0 = canvas.width * rng.uniform(0.3, 0.7)
        rows = "".join(
            (
                f"M{x0 + (k - 9) * unit * 0.02:.1f} {top + unit * 0.035 * index:.1f}"
                f"L{x0 + (k - 9) * unit * 0.16:.1f} {top + unit * 0.17:.1f}"
            )
            for k in range(19)
        )
        canvas.stroke(rows, lighten(tone, -0.06), unit * 0.004, stroke_opacity=0.5)
    barn_x, foot, size = canvas.width * rng.choice((0.17, 0.83)), top + unit * 0.07, unit * 0.2
    barn(canvas, barn_x, foot, size)
    lawn(canvas, green, top + unit * 0.08)
    trees = [plants.leaf_tree(canvas, foliage(canvas, "#569a45", 0.7), variant=index) for index in range(2)]
    side_trees(canvas, trees, unit * 0.26, top + unit * 0.11, 2)
    fence(canvas, top + unit * 0.14, unit * 0.07, "#b98a58", unit * 0.12)
    grass(canvas, green, 40, top + unit * 0.13)
    plants.clover(canvas, top + unit * 0.14, canvas.height, 40, rng.sample(PETALS, 2))
    foreground(canvas, green)


def barn(canvas: Canvas, x: float, foot: float, size: float) -> None:
    """A red barn and a silo."""
    red, white = canvas.far("#b8402f", 0.08), canvas.far("#f7efe4", 0.08)
    canvas.rect(x + size * 0.56, foot - size * 1.0, size * 0.28, size, canvas.far("#b9c0c6", 0.08))
    canvas.path(
        f"M{x + size * 0.56:.1f} {foot - size:.1f}a{size * 0.14:.1f} {size * 0.16:.1f} 0 0 1 {size * 0.28:.1f} 0z",
        canvas.far("#8d979f", 0.08),
    )
    canvas.polygon(
        [
            (x - size / 2, foot),
            (x - size / 2, foot - size * 0.5),
            (x - size * 0.32, foot - size * 0.78),
            (x, foot - size * 0.94),
            (x + size * 0.32, foot - size * 0.78),
            (x + size / 2, foot - size * 0.5),
            (x + size / 2, foot),
        ],
        red,
    )
    roof = [
        (x - size * 0.55, foot - size * 0.48),
        (x - size * 0.35, foot - size * 0.8),
        (x, foot - size * 0.98),
        (x + size * 0.35, foot - size * 0.8),
        (x + size * 0.55, foot - size * 0.48),
    ]
    canvas.stroke("M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in roof), canvas.far("#5d3a34", 0.08), size * 0.06)
    canvas.rect(x - size * 0.2, foot - size * 0.42, size * 0.4, size * 0.42, white)
    canvas.rect(x - size * 0.17, foot - size * 0.39, size * 0.34, size * 0.39, lighten(red, -0.06))
    canvas.stroke(
        (
            f"M{x - size * 0.17:.1f} {foot - size * 0.39:.1f}L{x + size * 0.17:.1f} {foot:.1f}"
            f"M{x + size * 0.17:.1f} {foot - size * 0.39:.1f}L{x - size * 0.17:.1f} {foot:.1f}"
        ),
        white,
        size * 0.03,
    )
    pane = "#ffe08a" if canvas.night else white
    canvas.rect(x - size * 0.09, foot - size * 0.7, size * 0.18, size * 0.15, pane)
