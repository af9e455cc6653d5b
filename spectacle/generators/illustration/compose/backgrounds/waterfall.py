"""The background of the place waterfall."""

from __future__ import annotations

from dataclasses import dataclass

from spectacle.generators.illustration.compose import plants
from spectacle.generators.illustration.compose.backgrounds.land import (
    far_hills,
    grass,
    lawn,
)
from spectacle.generators.illustration.compose.backgrounds.sea import open_water
from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.colour import lighten
from spectacle.generators.illustration.compose.plants import foliage
from spectacle.generators.illustration.compose.sky import paint_sky
from spectacle.generators.illustration.compose.svg import num


@dataclass(frozen=True, slots=True)
class _Fall:
    """A waterfall, in pixels: its middle, half its width, and the heights of its top and of the pool."""

    x: float
    half: float
    top: float
    pool: float


_CLIFF = ((0.1, 0.0, -0.02), (0.0, 0.2, 0.03), (0.0, 0.3, -0.03))
"""Corners of a cliff's upper edge: units and widths of the image next to the fall, units below its top."""

_CRACKS, _BUSHES, _TREES = 16, 5, 3
"""How many a cliff has."""

_STREAKS, _SPRAY, _STONES, _FRONDS = 22, 14, 8, 3
"""How many streaks a fall has in each colour, clouds and stones its pool, and ferns a corner of the image."""

_WATER = "#45a9c4"
_BANK = "#79b55a"


def waterfall(canvas: Canvas) -> None:
    """A fall between cliffs into a pool with spray."""
    rng, unit, width = canvas.rng, canvas.unit, canvas.width
    paint_sky(canvas)
    far_hills(canvas, "#5f9f6a", 2, 0.12)
    stone, leaf = rng.choice(("#7f8790", "#8a8178")), rng.choice(("#4c9a4c", "#3f8f5a"))
    x, half = width * rng.uniform(0.42, 0.58), max(unit * 0.1, width * 0.08)
    fall = _Fall(x, half, canvas.horizon * rng.uniform(0.22, 0.32), canvas.horizon + unit * 0.03)
    for side in (-1, 1):
        _cliff(canvas, fall, side, stone)
        _cliff_plants(canvas, fall, side, leaf)
    _falling_water(canvas, fall)
    open_water(canvas, _WATER, fall.pool, canvas.height, calm=True)
    _spray(canvas, fall)
    _pool_stones(canvas, fall, stone)
    if canvas.shore is not None:
        lawn(canvas, _BANK, canvas.shore)
        grass(canvas, _BANK, 20, canvas.shore)
    _ferns(canvas, leaf)


def _cliff(canvas: Canvas, fall: _Fall, side: int, stone: str) -> None:
    """The cliff to the left (-1) or right (1) of a fall, with its cracks."""
    rng, unit, width = canvas.rng, canvas.unit, canvas.width
    top, pool, edge = fall.top, fall.pool, fall.x + side * fall.half
    far_edge = -20 if side < 0 else width + 20
    corners = [
        (edge, pool),
        (edge + side * unit * 0.015, top + (pool - top) * 0.5),
        (edge, top),
        *((edge + side * (unit * units + width * widths), top + unit * below) for units, widths, below in _CLIFF),
        (far_edge, top + unit * 0.02),
        (far_edge, pool),
    ]
    canvas.path(
        "M" + "L".join(f"{num(a)} {num(b)}" for a, b in corners) + "Z",
        canvas.vertical(top, pool, canvas.lit(lighten(stone, 0.03)), canvas.lit(lighten(stone, -0.1))),
    )
    cracks = "".join(
        (
            f"M{num(edge + side * unit * rng.uniform(0.03, 0.4))}"
            f" {num(top + (pool - top) * rng.uniform(0.1, 0.8))}"
            f"l{num(side * unit * rng.uniform(0.01, 0.05))} {num(unit * rng.uniform(0.05, 0.13))}"
        )
        for _ in range(_CRACKS)
    )
    canvas.stroke(cracks, canvas.lit(lighten(stone, -0.15)), unit * 0.005, stroke_opacity=0.6)


def _cliff_plants(canvas: Canvas, fall: _Fall, side: int, leaf: str) -> None:
    """Bushes and trees on the cliff of one side."""
    rng, unit, width = canvas.rng, canvas.unit, canvas.width
    edge = fall.x + side * fall.half
    shrub = plants.bush(canvas, foliage(canvas, leaf, 0.85))
    tree = plants.leaf_tree(canvas, foliage(canvas, leaf, 0.8), variant=side + 1)
    for index in range(_BUSHES):
        canvas.use(
            shrub,
            edge + side * (unit * 0.05 + width * 0.09 * index),
            fall.top + unit * 0.012,
            unit * rng.uniform(0.0007, 0.0013),
        )
    for index in range(_TREES):
        canvas.use(
            tree,
            edge + side * (unit * 0.12 + width * 0.13 * index),
            fall.top + unit * 0.01,
            unit * rng.uniform(0.0018, 0.0027),
            side > 0,
        )


def _falling_water(canvas: Canvas, fall: _Fall) -> None:
    rng, unit, top, pool = canvas.rng, canvas.unit, fall.top, fall.pool
    canvas.rect(
        fall.x - fall.half,
        top - unit * 0.004,
        fall.half * 2,
        pool - top + unit * 0.03,
        canvas.vertical(top, pool, canvas.lit("#9fdcf0"), canvas.lit("#e6f8fc")),
    )
    for colour, opacity in (("#ffffff", 0.75), ("#6fc0de", 0.6)):
        streaks = "".join(
            (
                f"M{num(fall.x + fall.half * rng.uniform(-0.92, 0.92))}"
                f" {num(top + (pool - top) * rng.uniform(0.0, 0.75))}"
                f"v{num((pool - top) * rng.uniform(0.1, 0.3))}"
            )
            for _ in range(_STREAKS)
        )
        canvas.stroke(streaks, canvas.lit(colour), unit * 0.006, stroke_opacity=opacity)


def _spray(canvas: Canvas, fall: _Fall) -> None:
    rng, unit = canvas.rng, canvas.unit
    for _ in range(_SPRAY):
        canvas.ellipse(
            fall.x + fall.half * rng.uniform(-1.3, 1.3),
            fall.pool + unit * rng.uniform(-0.02, 0.03),
            unit * rng.uniform(0.025, 0.06),
            unit * rng.uniform(0.015, 0.035),
            canvas.lit("#ffffff"),
            fill_opacity=0.5,
        )


def _pool_stones(canvas: Canvas, fall: _Fall, stone: str) -> None:
    rng, unit = canvas.rng, canvas.unit
    stones = [plants.rock(canvas, canvas.lit(lighten(stone, -0.03)), k) for k in range(3)]
    for _ in range(_STONES):
        canvas.use(
            rng.choice(stones),
            canvas.width * rng.choice((rng.uniform(0, 0.3), rng.uniform(0.7, 1))),
            fall.pool + unit * rng.uniform(0.02, 0.12),
            unit * rng.uniform(0.0005, 0.0012),
        )


def _ferns(canvas: Canvas, leaf: str) -> None:
    """Ferns in the lower corners of the image, before everything."""
    unit = canvas.unit
    frond = plants.fern(canvas, canvas.lit(lighten(leaf, -0.05)))
    for side in (0, 1):
        for index in range(_FRONDS):
            canvas.use(
                frond,
                canvas.width * side + (1 - 2 * side) * unit * 0.06 * index,
                canvas.height + unit * 0.015,
                unit * (0.0024 - 0.0004 * index),
                front=True,
            )
