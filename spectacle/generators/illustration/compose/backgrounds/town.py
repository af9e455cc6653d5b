"""Backgrounds of towns: city, street, village."""

from __future__ import annotations

from spectacle.generators.illustration.compose import plants
from spectacle.generators.illustration.compose.backgrounds.land import (
    far_hills,
    foreground,
    grass,
    lawn,
    paint_road,
    winding_path,
)
from spectacle.generators.illustration.compose.backgrounds.water import house
from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.colour import lighten, mix
from spectacle.generators.illustration.compose.plants import foliage
from spectacle.generators.illustration.compose.sky import paint_sky
from spectacle.generators.illustration.compose.svg import box, num


def tower(canvas: Canvas, x: float, base: float, wide: float, tall: float, colour: str, fade: float) -> None:
    """A high-rise with a grid of windows, many of them lit at night."""
    rng = canvas.rng
    wall = canvas.far(colour, fade)
    top = base - tall
    canvas.rect(x, top, wide, tall + 2, canvas.vertical(top, base, lighten(wall, 0.02), lighten(wall, -0.05)))
    canvas.rect(x + wide * 0.78, top, wide * 0.22, tall + 2, lighten(wall, -0.05))
    kind = rng.randrange(4)
    if kind == 0:
        canvas.path(f"M{num(x + wide * 0.5)} {num(top)}v{num(-wide * 0.6)}", stroke=wall, stroke_width=wide * 0.05)
    elif kind == 1:
        canvas.rect(x + wide * 0.18, top - wide * 0.22, wide * 0.5, wide * 0.24, lighten(wall, -0.03))
    elif kind == 2:
        canvas.path(
            f"M{num(x)} {num(top + 1)}L{num(x + wide * 0.5)} {num(top - wide * 0.5)}L{num(x + wide)} {num(top + 1)}Z",
            lighten(wall, 0.03),
        )
    columns = max(2, round(wide / (canvas.unit * 0.022)))
    step = wide / columns
    bright: list[str] = []
    plain: list[str] = []
    rows = int(tall / (step * 1.35))
    for row in range(rows):
        for column in range(columns):
            spot = box(x + step * (column + 0.24), top + step * (0.5 + 1.35 * row), step * 0.52, step * 0.72)
            (bright if rng.random() < (0.5 if canvas.night else 0.3) else plain).append(spot)
    warm = mix("#ffd873", canvas.sky.low, fade * 0.6) if canvas.night else canvas.far("#e6f4fb", fade)
    canvas.path("".join(plain), lighten(wall, -0.09 if not canvas.night else -0.04))
    canvas.path("".join(bright), warm)


def skyline(canvas: Canvas, base: float, rise: float, fade: float, colours: tuple[str, ...]) -> None:
    """A row of high-rises across the image."""
    x = -canvas.unit * 0.05
    while x < canvas.width:
        wide = canvas.unit * canvas.rng.uniform(0.075, 0.14)
        tower(canvas, x, base, wide, rise * canvas.rng.uniform(0.5, 1.0), canvas.rng.choice(colours), fade)
        x += wide * canvas.rng.uniform(0.98, 1.2)


def city(canvas: Canvas) -> None:
    """Two rows of high-rises behind a street with trees."""
    rng, unit = canvas.rng, canvas.unit
    paint_sky(canvas, 0.6)
    base = canvas.horizon + unit * 0.03
    rise = min(canvas.horizon * 0.85, unit * 0.66)
    silhouette = []
    x = -unit * 0.02
    while x < canvas.width:
        wide = unit * rng.uniform(0.05, 0.1)
        silhouette.append(box(x, base - rise * rng.uniform(0.6, 1.0), wide, rise))
        x += wide
    canvas.path("".join(silhouette), canvas.far("#7f92ad", 0.66))
    tones = rng.choice(
        (("#6f86a8", "#8a9ab5", "#9a8fa8"), ("#a9826f", "#8f8a96", "#7f94a8"), ("#5f8aa0", "#8fa5b0", "#b09a8a"))
    )
    skyline(canvas, base, rise * 0.78, 0.3, tones)
    if canvas.night:
        canvas.glow(canvas.width / 2, base, max(canvas.width, unit) * 0.6, "#ffb45c", 0.28, flat=0.25)
    canvas.rect(
        0,
        base,
        canvas.width,
        canvas.height - base,
        canvas.vertical(base, canvas.height, canvas.lit("#c9c6bf"), canvas.lit("#a9a6a0")),
    )
    tree = plants.leaf_tree(canvas, foliage(canvas, "#5a9f4f", 0.8), variant=0)
    other = plants.poplar(canvas, foliage(canvas, "#4f9455", 0.8))
    count = round(6 * canvas.width / unit)
    for index in range(count):
        canvas.use(
            rng.choice((tree, other)),
            canvas.width * (index + rng.uniform(0.2, 0.8)) / count,
            base + unit * 0.02,
            unit * rng.uniform(0.0011, 0.0016),
            rng.random() < 0.5,
        )
    lamps(canvas, base + unit * 0.035, unit * 0.2)
    paint_road(canvas, base + (canvas.height - base) * 0.22, canvas.height * 0.94)
    pavement(canvas, canvas.height * 0.955)


def pavement(canvas: Canvas, top: float) -> None:
    """A strip of paving along the bottom."""
    canvas.rect(0, top, canvas.width, canvas.height - top + 2, canvas.lit("#bdb8ae"))
    joints = "".join(
        f"M{num(canvas.unit * 0.12 * k)} {num(top)}l{num(-canvas.unit * 0.02)} {num(canvas.height - top)}"
        for k in range(1 + round(canvas.width / (canvas.unit * 0.12)))
    )
    canvas.stroke(joints, canvas.lit("#98938a"), canvas.unit * 0.003)


def lamps(canvas: Canvas, foot: float, tall: float) -> None:
    """Street lamps, lit at night."""
    unit, rng = canvas.unit, canvas.rng
    count = max(2, round(2.4 * canvas.width / unit))
    for index in range(count):
        x = canvas.width * (index + rng.uniform(0.3, 0.7)) / count
        canvas.stroke(
            f"M{num(x)} {num(foot)}V{num(foot - tall)}q0 {num(-tall * 0.1)} {num(tall * 0.14)} {num(-tall * 0.1)}",
            canvas.lit("#454c55"),
            tall * 0.03,
        )
        if canvas.night:
            canvas.glow(x + tall * 0.17, foot - tall * 1.05, tall * 0.6, "#ffdb8a", 0.65)
        canvas.ellipse(
            x + tall * 0.17,
            foot - tall * 1.07,
            tall * 0.07,
            tall * 0.04,
            "#fff0bd" if canvas.night else canvas.lit("#f3efe0"),
        )


def street(canvas: Canvas) -> None:
    """A row of houses and shops with awnings along a street."""
    rng, unit, width = canvas.rng, canvas.unit, canvas.width
    paint_sky(canvas, 0.7)
    base = canvas.horizon + unit * 0.06
    palette = ["#e8a07a", "#f2d08a", "#a9c7d9", "#f0e3d0", "#b7cda5", "#d9a5b5", "#c9b5d9"]
    rise = min(canvas.horizon * 0.62, unit * 0.46)
    x = -unit * rng.uniform(0.0, 0.15)
    previous = ""
    while x < width:
        wide, tall = unit * rng.uniform(0.2, 0.27), rise * rng.uniform(0.72, 1.0)
        colour = rng.choice([tone for tone in palette if tone != previous])
        previous = colour
        shop(canvas, x, base, wide, tall, colour)
        x += wide
    canvas.rect(
        0,
        base,
        width,
        canvas.height - base + 2,
        canvas.vertical(base, canvas.height, canvas.lit("#cdc7bb"), canvas.lit("#b5afa4")),
    )
    top = base + (canvas.height - base) * 0.34
    joints = "".join(
        f"M{num(unit * 0.1 * k)} {num(base)}l{num(-unit * 0.02)} {num(top - base)}"
        for k in range(1 + round(width / (unit * 0.1)))
    )
    canvas.stroke(joints, canvas.lit("#a8a297"), unit * 0.002)
    tree = plants.leaf_tree(canvas, foliage(canvas, "#5fa050", 0.9), variant=1)
    for across in (rng.uniform(0.03, 0.14), rng.uniform(0.86, 0.97)):
        canvas.use(tree, width * across, base + unit * 0.05, unit * 0.0034, rng.random() < 0.5)
    lamps(canvas, base + unit * 0.045, unit * 0.26)
    paint_road(canvas, top, canvas.height * 0.97)


def shop(canvas: Canvas, x: float, base: float, wide: float, tall: float, colour: str) -> None:
    """A town house with a shop in the ground floor."""
    rng = canvas.rng
    wall = canvas.far(colour, 0.06)
    top = base - tall
    canvas.rect(x, top, wide, tall + 2, wall)
    if rng.random() < 0.5:
        canvas.path(
            f"M{num(x - wide * 0.03)} {num(top + 1)}L{num(x + wide * 0.14)}"
            f" {num(top - wide * 0.28)}H{num(x + wide * 0.86)}L{num(x + wide * 1.03)}"
            f" {num(top + 1)}Z",
            canvas.far("#9a5a48", 0.06),
        )
    else:
        canvas.rect(x - wide * 0.03, top - wide * 0.06, wide * 1.06, wide * 0.09, lighten(wall, -0.1))
    glass = "#ffdf8a" if canvas.night else canvas.far("#cfe6f2", 0.04)
    frames: list[str] = []
    panes: list[str] = []
    dark: list[str] = []
    floors = max(1, int((tall - wide * 0.62) / (wide * 0.42)))
    for floor in range(floors):
        for column in range(3):
            wx, wy = x + wide * (0.12 + 0.28 * column), top + wide * (0.12 + 0.42 * floor)
            frames.append(box(wx - wide * 0.02, wy - wide * 0.02, wide * 0.22, wide * 0.3))
            (panes if not canvas.night or rng.random() < 0.65 else dark).append(box(wx, wy, wide * 0.18, wide * 0.26))
    canvas.path("".join(frames), canvas.far("#fbf6ec", 0.06))
    canvas.path("".join(panes), glass)
    if dark:
        canvas.path("".join(dark), lighten(wall, -0.2))
    canvas.rect(x + wide * 0.08, base - wide * 0.42, wide * 0.5, wide * 0.34, glass)
    canvas.rect(
        x + wide * 0.66,
        base - wide * 0.46,
        wide * 0.24,
        wide * 0.46,
        canvas.far(rng.choice(("#7a4a3a", "#3f6a7a", "#5a7a4a")), 0.05),
    )
    awning, white = (
        canvas.far(rng.choice(("#d9534f", "#4a8fc9", "#4fa86a", "#e0a03c")), 0.05),
        canvas.far("#fdf7ec", 0.05),
    )
    for index in range(6):
        ax = x + wide * (0.04 + 0.155 * index)
        canvas.path(
            f"M{num(ax)} {num(base - wide * 0.58)}h{num(wide * 0.155)}v{num(wide * 0.12)}"
            f"a{num(wide * 0.0775)} {num(wide * 0.06)} 0 0 1 {num(-wide * 0.155)} 0z",
            awning if index % 2 == 0 else white,
        )


def village(canvas: Canvas) -> None:
    """Cottages on a green with a path and a church spire."""
    rng, unit, width = canvas.rng, canvas.unit, canvas.width
    green = rng.choice(("#86c05a", "#93c45c"))
    paint_sky(canvas)
    far_hills(canvas, mix(green, "#5aa08a", 0.4), 3)
    lawn(canvas, green)
    base = canvas.horizon + unit * 0.03
    spire, tall = width * rng.uniform(0.3, 0.7), unit * 0.2
    canvas.rect(spire - tall * 0.12, base - tall, tall * 0.24, tall, canvas.far("#efe6d8", 0.25))
    canvas.path(
        f"M{num(spire - tall * 0.16)} {num(base - tall)}L{num(spire)}"
        f" {num(base - tall * 1.75)}L{num(spire + tall * 0.16)} {num(base - tall)}Z",
        canvas.far("#8a5a4f", 0.25),
    )
    count = round(5 * width / unit)
    for index in range(count):
        x, size = width * (index + rng.uniform(0, 0.6)) / count, unit * rng.uniform(0.1, 0.14)
        house(
            canvas,
            x,
            base + unit * rng.uniform(-0.005, 0.02),
            size,
            size * 0.72,
            rng.choice(("#f3e6cf", "#f0d0a5", "#e0b9a0", "#dfe6ea")),
        )
    trees = [plants.leaf_tree(canvas, foliage(canvas, "#559c4a", 0.6), variant=k) for k in range(3)]
    for index in range(count + 2):
        canvas.use(
            rng.choice(trees),
            width * (index + rng.uniform(0, 1)) / (count + 2),
            base + unit * rng.uniform(0.03, 0.06),
            unit * rng.uniform(0.0011, 0.0019),
            rng.random() < 0.5,
        )
    near = unit * 0.27
    for side, across in ((0, rng.uniform(-0.02, 0.06)), (1, rng.uniform(0.74, 0.82))):
        if side == 0 or width > canvas.height * 0.8:
            house(
                canvas,
                width * across,
                canvas.horizon + unit * 0.16,
                near,
                near * 0.66,
                rng.choice(("#f6ead6", "#f2cfa0", "#e8b8a0")),
            )
            canvas.use(
                trees[side],
                width * across + near * (1.05 if side == 0 else -0.08),
                canvas.horizon + unit * 0.17,
                unit * 0.0025,
            )
    winding_path(canvas, "#e6d2a5", canvas.horizon + unit * 0.05)
    grass(canvas, green, 34, canvas.horizon + unit * 0.08)
    plants.clover(canvas, canvas.horizon + unit * 0.1, canvas.height, 40, ("#fff3f0", "#f9c846"))
    foreground(canvas, green)
