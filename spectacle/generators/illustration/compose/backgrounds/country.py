"""Backgrounds of green land: meadow, hills, mountains, graveyard, garden, park, savanna, road, playground."""

from __future__ import annotations

from spectacle.generators.illustration.compose import plants
from spectacle.generators.illustration.compose.backgrounds.land import (
    PETALS,
    far_hills,
    fence,
    foreground,
    grass,
    lawn,
    mountain_range,
    paint_road,
    side_trees,
    winding_path,
)
from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.colour import lighten, mix
from spectacle.generators.illustration.compose.plants import foliage, scatter
from spectacle.generators.illustration.compose.sky import paint_sky
from spectacle.generators.illustration.compose.svg import box, smooth


def meadow(canvas: Canvas) -> None:
    """Flowers, grass, far hills and a few trees."""
    rng, unit = canvas.rng, canvas.unit
    green = rng.choice(("#84c455", "#79bd5e", "#95c850", "#6fb866"))
    paint_sky(canvas)
    far_hills(canvas, mix(green, "#4f9a72", 0.4))
    plants.tree_line(
        canvas, canvas.horizon + unit * 0.01, unit * 0.045, canvas.far(lighten(green, -0.16), 0.4), "leaf", 0.8
    )
    lawn(canvas, green)
    leaf = rng.choice(("#4f9e4c", "#5fa843", "#3f8f56", "#5fa843", "#d98a9f", "#d9963f"))
    trees = [plants.leaf_tree(canvas, foliage(canvas, leaf, 0.6), variant=index) for index in range(2)]
    side_trees(canvas, trees, unit * 0.3, canvas.horizon + unit * 0.03, rng.randint(2, 4))
    shrub = plants.bush(canvas, foliage(canvas, leaf, 0.7))
    for _ in range(3):
        canvas.use(shrub, canvas.width * rng.choice((rng.uniform(0, 0.25), rng.uniform(0.75, 1))),
                   canvas.horizon + unit * rng.uniform(0.03, 0.08), unit * rng.uniform(0.0005, 0.0009))  # fmt: skip
    grass(canvas, green)
    plants.clover(canvas, canvas.horizon + unit * 0.04, canvas.height, 70, rng.sample(PETALS, 3))
    kinds = [plants.flower(canvas, petal, variant=index) for index, petal in enumerate(rng.sample(PETALS, 3))]
    scatter(canvas, lambda _: rng.choice(kinds), canvas.horizon + unit * 0.1, canvas.height * 0.97, 22, unit * 0.03,
            unit * 0.085, clear=True)  # fmt: skip
    foreground(canvas, green)


def hills(canvas: Canvas) -> None:
    """Big rolling hills with a path winding over them."""
    rng, unit = canvas.rng, canvas.unit
    green = rng.choice(("#8cc152", "#9ac45a", "#7db862"))
    paint_sky(canvas)
    far_hills(canvas, mix(green, "#5aa08a", 0.5), 2, 0.16)
    for layer in range(2):
        points = canvas.ridge(canvas.horizon + unit * (0.01 + 0.05 * layer), unit * (0.13 - 0.05 * layer), 3)
        tone = canvas.far(lighten(green, 0.03 - 0.05 * layer), 0.3 - 0.15 * layer)
        canvas.land(
            points,
            canvas.height,
            canvas.vertical(canvas.horizon - unit * 0.1, canvas.horizon + unit * 0.2, tone, lighten(tone, -0.05)),
        )
        slender = plants.poplar(canvas, canvas.far("#3f8a4c", 0.3 - 0.1 * layer), layer)
        for _ in range(4):
            spot = rng.choice(points)
            canvas.use(
                slender,
                spot[0] + unit * rng.uniform(-0.05, 0.05),
                spot[1] + unit * 0.03,
                unit * rng.uniform(0.0006, 0.0011),
            )
    lawn(canvas, green, canvas.horizon + unit * 0.06)
    winding_path(canvas, "#e7cf9d", canvas.horizon + unit * 0.06)
    grass(canvas, green, 40, canvas.horizon + unit * 0.09)
    kinds = [plants.flower(canvas, petal, variant=index) for index, petal in enumerate(rng.sample(PETALS, 2))]
    scatter(canvas, lambda _: rng.choice(kinds), canvas.horizon + unit * 0.14, canvas.height * 0.97, 12, unit * 0.03,
            unit * 0.07, clear=True)  # fmt: skip
    foreground(canvas, green)


def graveyard(canvas: Canvas) -> None:
    """Leaning gravestones on a hill with bare trees and a fence."""
    rng, unit, width = canvas.rng, canvas.unit, canvas.width
    green = rng.choice(("#7d9a62", "#6f9070", "#8a9a66"))
    paint_sky(canvas)
    far_hills(canvas, mix(green, "#5f7f7a", 0.5))
    plants.tree_line(
        canvas, canvas.horizon + unit * 0.01, unit * 0.07, canvas.far(lighten(green, -0.2), 0.35), "pine", 0.8
    )
    lawn(canvas, green)
    bark = canvas.lit("#4f4440")
    for side in (0, 1):
        x, foot = (
            width * (side + (1 - 2 * side) * rng.uniform(0.04, 0.12)),
            canvas.horizon + unit * rng.uniform(0.05, 0.1),
        )
        tall = unit * rng.uniform(0.36, 0.46)
        limbs = "".join(
            f"M{x:.1f} {foot - tall * k:.1f}q{unit * lean * 0.5:.1f} {-unit * 0.01:.1f}"
            f" {unit * lean:.1f} {-unit * 0.09:.1f}"
            for k, lean in ((0.45, 0.11), (0.58, -0.12), (0.72, 0.1), (0.84, -0.08), (0.94, 0.05))
        )
        canvas.path(
            f"M{x - unit * 0.035:.1f} {foot:.1f}Q{x - unit * 0.012:.1f} {foot - tall * 0.4:.1f}"
            f" {x:.1f} {foot - tall:.1f}"
            f"Q{x + unit * 0.016:.1f} {foot - tall * 0.4:.1f} {x + unit * 0.04:.1f} {foot:.1f}Z",
            bark,
        )
        canvas.stroke(limbs, bark, unit * 0.011)
    fence(canvas, canvas.horizon + unit * 0.05, unit * 0.06, "#6b7078", unit * 0.05)
    winding_path(canvas, "#b9ab90", canvas.horizon + unit * 0.06)
    stone = canvas.lit(rng.choice(("#aab0b8", "#b5b2a8")))
    dark, moss = lighten(stone, -0.09), canvas.lit(lighten(green, -0.12))
    spots = sorted((rng.uniform(0.05, 0.75), rng.random()) for _ in range(round(11 * width / unit)))
    for depth, across in spots:
        x, y = width * across, canvas.horizon + (canvas.height - canvas.horizon) * (0.12 + 0.8 * depth)
        size = unit * (0.05 + 0.09 * depth)
        if not canvas.free(x, y - size * 0.6, size * 0.5):
            continue
        half, lean = size * 0.36, rng.uniform(-0.12, 0.12) * size
        for shift, tone in ((size * 0.08, dark), (0.0, stone)):
            canvas.path(
                f"M{x - half + shift:.1f} {y:.1f}L{x - half + lean + shift:.1f} {y - size * 0.7:.1f}"
                f"Q{x - half + lean + shift:.1f} {y - size * 1.08:.1f} {x + lean + shift:.1f} {y - size * 1.08:.1f}"
                f"T{x + half + lean + shift:.1f} {y - size * 0.7:.1f}L{x + half + shift:.1f} {y:.1f}Z",
                tone,
            )
        canvas.stroke(
            f"M{x - half * 0.5 + lean * 0.6:.1f} {y - size * 0.62:.1f}h{half:.1f}"
            f"m{-half:.1f} {size * 0.16:.1f}h{half:.1f}",
            dark, size * 0.05,
        )  # fmt: skip
        canvas.ellipse(x, y, half * 1.5, size * 0.09, moss)
    grass(canvas, green)
    foreground(canvas, green)


def mountains(canvas: Canvas) -> None:
    """Snowy peaks over pine woods and an alpine meadow."""
    rng, unit = canvas.rng, canvas.unit
    stone = rng.choice(("#6f86a6", "#7d7f9c", "#6d8f9a"))
    green = rng.choice(("#7fb35a", "#8fb55c", "#6fa863"))
    paint_sky(canvas, 0.7)
    wide = max(1, round(canvas.width / canvas.height))
    rise = min(canvas.horizon * 0.8, unit * 0.5)
    mountain_range(canvas, canvas.horizon + unit * 0.02, rise, 4 + 2 * wide, stone, 0.5)
    mountain_range(canvas, canvas.horizon + unit * 0.04, rise * 0.66, 3 + 2 * wide, lighten(stone, -0.05), 0.22)
    plants.tree_line(canvas, canvas.horizon + unit * 0.045, unit * 0.09, canvas.far("#3e7358", 0.3), "pine")
    lawn(canvas, green, canvas.horizon + unit * 0.04)
    trees = [plants.pine(canvas, foliage(canvas, "#2f7350", 0.8), variant=index) for index in range(2)]
    side_trees(canvas, trees, unit * 0.3, canvas.horizon + unit * 0.08, rng.randint(4, 6))
    stones = [plants.rock(canvas, canvas.lit("#9aa0a6"), index) for index in range(2)]
    scatter(canvas, lambda _: rng.choice(stones), canvas.horizon + unit * 0.1, canvas.height * 0.97, 7, unit * 0.015,
            unit * 0.05, clear=True)  # fmt: skip
    grass(canvas, green, 34)
    kinds = [plants.flower(canvas, petal, variant=index) for index, petal in enumerate(rng.sample(PETALS, 2))]
    scatter(canvas, lambda _: rng.choice(kinds), canvas.horizon + unit * 0.13, canvas.height * 0.97, 10, unit * 0.03,
            unit * 0.06, clear=True)  # fmt: skip
    foreground(canvas, green)


def garden(canvas: Canvas) -> None:
    """A lawn with hedges, flower beds and a white fence."""
    rng, unit = canvas.rng, canvas.unit
    green = rng.choice(("#86c35a", "#7fbf62"))
    paint_sky(canvas, 0.8)
    leaf = rng.choice(("#4c9a4a", "#5aa04a"))
    trees = [plants.leaf_tree(canvas, foliage(canvas, leaf, 0.5), variant=index) for index in range(3)]
    count = round(5 * canvas.width / unit)
    for index in range(count):
        x = canvas.width * (index + rng.uniform(0.1, 0.9)) / count
        canvas.use(
            rng.choice(trees), x, canvas.horizon + unit * 0.02, unit * rng.uniform(0.0022, 0.0034), rng.random() < 0.5
        )
    fence(canvas, canvas.horizon + unit * 0.035, unit * 0.1, "#f7f4ec", unit * 0.036)
    lawn(canvas, green, canvas.horizon + unit * 0.03)
    hedges = [plants.bush(canvas, foliage(canvas, leaf, 0.8), canvas.lit(petal)) for petal in rng.sample(PETALS, 2)]
    for index in range(count * 2):
        x = canvas.width * (index + rng.uniform(0, 1)) / (count * 2)
        canvas.use(rng.choice(hedges), x, canvas.horizon + unit * 0.055, unit * rng.uniform(0.0006, 0.001))
    if rng.random() < 0.6:
        winding_path(canvas, "#e8d9bd", canvas.horizon + unit * 0.06)
    grass(canvas, green, 30)
    kinds = [plants.flower(canvas, petal, variant=index) for index, petal in enumerate(rng.sample(PETALS, 4))]
    scatter(canvas, lambda _: rng.choice(kinds), canvas.horizon + unit * 0.08, canvas.height * 0.97, 44, unit * 0.04,
            unit * 0.1, clear=True, margin=unit * 0.01)  # fmt: skip
    foreground(canvas, green)


def park(canvas: Canvas) -> None:
    """Lawns and broad trees, a path with lamps, a far skyline."""
    rng, unit = canvas.rng, canvas.unit
    green = rng.choice(("#86bf5c", "#79b860"))
    paint_sky(canvas)
    blocks = []
    x = 0.0
    while x < canvas.width:
        width, tall = unit * rng.uniform(0.04, 0.09), unit * rng.uniform(0.06, 0.2)
        blocks.append(box(x, canvas.horizon - tall, width, tall + 4))
        x += width * rng.uniform(1.0, 1.6)
    canvas.path("".join(blocks), canvas.far("#8ea3b8", 0.62))
    plants.tree_line(
        canvas, canvas.horizon + unit * 0.012, unit * 0.08, canvas.far(lighten(green, -0.14), 0.32), "leaf", 0.7
    )
    lawn(canvas, green)
    winding_path(canvas, "#ecdcbb", canvas.horizon + unit * 0.02)
    leaf = rng.choice(("#4e9a48", "#61a545", "#d98f3d"))
    trees = [plants.leaf_tree(canvas, foliage(canvas, leaf, 0.8), variant=index) for index in range(3)]
    side_trees(canvas, trees, unit * 0.46, canvas.horizon + unit * 0.06, 4)
    for x in (canvas.width * rng.uniform(0.2, 0.3), canvas.width * rng.uniform(0.7, 0.8)):
        foot = canvas.horizon + unit * 0.09
        canvas.rect(x - unit * 0.004, foot - unit * 0.2, unit * 0.008, unit * 0.2, canvas.lit("#3c4650"))
        canvas.ellipse(
            x, foot - unit * 0.21, unit * 0.014, unit * 0.018, "#ffe9a6" if canvas.night else canvas.lit("#f4f1e4")
        )
        if canvas.night:
            canvas.glow(x, foot - unit * 0.21, unit * 0.14, "#ffdf8a", 0.6)
    grass(canvas, green, 36)
    plants.clover(canvas, canvas.horizon + unit * 0.05, canvas.height, 50, rng.sample(PETALS, 2))
    foreground(canvas, green, rng.random() < 0.5)


def savanna(canvas: Canvas) -> None:
    """Golden grass, acacias and a far table mountain."""
    rng, unit = canvas.rng, canvas.unit
    gold = rng.choice(("#d9b35a", "#e0bd68", "#cfae5c"))
    paint_sky(canvas, 0.5)
    mesa_x, half, tall = canvas.width * rng.uniform(0.3, 0.7), unit * 0.4, unit * 0.13
    base = canvas.horizon + unit * 0.01
    canvas.path(
        smooth(
            [
                (mesa_x - half, base),
                (mesa_x - half * 0.55, base - tall * 0.9),
                (mesa_x - half * 0.2, base - tall),
                (mesa_x + half * 0.3, base - tall * 0.95),
                (mesa_x + half * 0.6, base - tall * 0.6),
                (mesa_x + half, base),
            ]
        )
        + "Z",
        canvas.far("#9a7f8a", 0.55),
    )
    far_hills(canvas, "#b39a5e", 1, 0.05)
    plants.tree_line(canvas, canvas.horizon + unit * 0.008, unit * 0.03, canvas.far("#7f8a4a", 0.4), "leaf", 1.6)
    lawn(canvas, gold)
    tree = plants.acacia(canvas, foliage(canvas, "#7f9440", 0.75))
    far_tree = plants.acacia(canvas, canvas.far("#7f9440", 0.4))
    for _ in range(4):
        canvas.use(
            far_tree,
            canvas.width * rng.random(),
            canvas.horizon + unit * 0.02,
            unit * rng.uniform(0.0008, 0.0013),
            rng.random() < 0.5,
        )
    side_trees(canvas, [tree], unit * 0.42, canvas.horizon + unit * 0.06, 2)
    grass(canvas, "#c99f47", 90)
    stones = [plants.rock(canvas, canvas.lit("#a98e72"), index) for index in range(2)]
    scatter(
        canvas,
        lambda _: rng.choice(stones),
        canvas.horizon + unit * 0.08,
        canvas.height * 0.97,
        5,
        unit * 0.015,
        unit * 0.045,
        clear=True,
    )
    foreground(canvas, "#c49a42", flowers=False)


def road(canvas: Canvas) -> None:
    """A country road crossing the image, with verge, posts and hills behind."""
    rng, unit = canvas.rng, canvas.unit
    green = rng.choice(("#8fc05a", "#a3bf5c", "#7fb763"))
    paint_sky(canvas)
    if rng.random() < 0.5:
        mountain_range(canvas, canvas.horizon + unit * 0.02, unit * 0.24, 6, "#7f93ad", 0.5)
    far_hills(canvas, mix(green, "#5aa08a", 0.4), 2)
    lawn(canvas, green)
    trees = [plants.leaf_tree(canvas, foliage(canvas, "#57a048", 0.6), variant=index) for index in range(3)]
    count = round(5 * canvas.width / unit)
    for index in range(count):
        canvas.use(
            rng.choice(trees),
            canvas.width * (index + rng.random()) / count,
            canvas.horizon + unit * rng.uniform(0.02, 0.05),
            unit * rng.uniform(0.0011, 0.002),
            rng.random() < 0.5,
        )
    paint_road(canvas, canvas.horizon + (canvas.height - canvas.horizon) * 0.3, canvas.height * 0.965)
    grass(canvas, green, 24, canvas.horizon + unit * 0.04)
    foreground(canvas, green)


def playground(canvas: Canvas) -> None:
    """Rubber ground, a slide, a swing and trees."""
    rng, unit = canvas.rng, canvas.unit
    paint_sky(canvas)
    plants.tree_line(canvas, canvas.horizon + unit * 0.02, unit * 0.13, canvas.far("#5f9f5a", 0.35), "leaf", 0.7)
    fence(canvas, canvas.horizon + unit * 0.035, unit * 0.07, "#f2e6cf", unit * 0.05)
    lawn(canvas, "#8ac45c", canvas.horizon + unit * 0.03)
    sand = canvas.height - (canvas.height - canvas.horizon) * 0.3
    canvas.ellipse(
        canvas.width / 2, sand, canvas.width * 0.62, (canvas.height - canvas.horizon) * 0.4, canvas.lit("#ecd29a")
    )
    canvas.ellipse(
        canvas.width / 2,
        sand + unit * 0.01,
        canvas.width * 0.6,
        (canvas.height - canvas.horizon) * 0.39,
        canvas.lit("#f2dcab"),
    )
    foot, s = canvas.horizon + unit * 0.1, unit * 0.3
    left = rng.random() < 0.5
    x = canvas.width * (0.16 if left else 0.84)
    sign = 1 if left else -1
    red, blue, steel = canvas.lit("#e2574c"), canvas.lit("#4a90d9"), canvas.lit("#8c98a4")
    canvas.stroke(
        f"M{x - sign * s * 0.26:.1f} {foot:.1f}V{foot - s:.1f}M{x - sign * s * 0.02:.1f} {foot:.1f}V{foot - s:.1f}",
        blue,
        s * 0.05,
    )
    rungs = "".join(
        f"M{x - sign * s * 0.26:.1f} {foot - s * k:.1f}h{sign * s * 0.24:.1f}" for k in (0.15, 0.3, 0.45, 0.6)
    )
    canvas.stroke(rungs, steel, s * 0.03)
    canvas.rect(min(x - sign * s * 0.3, x + sign * s * 0.04), foot - s * 0.72, s * 0.34, s * 0.05, blue)
    canvas.polygon(
        [
            (x - sign * s * 0.34, foot - s * 0.98),
            (x - sign * s * 0.14, foot - s * 1.25),
            (x + sign * s * 0.06, foot - s * 0.98),
        ],
        red,
    )
    canvas.stroke(
        (
            f"M{x:.1f} {foot - s * 0.7:.1f}C{x + sign * s * 0.3:.1f} {foot - s * 0.62:.1f}"
            f" {x + sign * s * 0.34:.1f} {foot:.1f} {x + sign * s * 0.72:.1f} {foot:.1f}"
        ),
        canvas.lit("#f5b83d"),
        s * 0.1,
    )
    x = canvas.width - x
    canvas.stroke(
        f"M{x - s * 0.45:.1f} {foot:.1f}l{s * 0.15:.1f} {-s:.1f}h{s * 0.6:.1f}l{s * 0.15:.1f} {s:.1f}", red, s * 0.05
    )
    canvas.stroke(f"M{x - s * 0.12:.1f} {foot - s:.1f}v{s * 0.72:.1f}h{s * 0.2:.1f}v{-s * 0.72:.1f}", steel, s * 0.02)
    canvas.rect(x - s * 0.15, foot - s * 0.3, s * 0.26, s * 0.05, blue)
    grass(canvas, "#79b552", 22)
    foreground(canvas, "#79b552")
