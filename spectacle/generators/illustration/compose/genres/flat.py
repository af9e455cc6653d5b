"""Putting a scene's things flat into a box, without ground, shadow or sky."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from spectacle.generators.illustration.compose.build import Cluster, build
from spectacle.generators.illustration.compose.canvas import Box, Canvas
from spectacle.generators.illustration.compose.casting import cast
from spectacle.generators.illustration.compose.inscribing import inscribed
from spectacle.generators.illustration.compose.light import PLAIN, sky_of
from spectacle.generators.illustration.compose.placed import Placed, emit
from spectacle.generators.illustration.compose.stage import Stage
from spectacle.generators.illustration.compose.svg import Defs
from spectacle.generators.illustration.language.scene import Scene

AIR = "air"


def plain_canvas(width: int, height: int, rng: Random, style: str = "flat") -> Canvas:
    """A canvas in plain light without a place."""
    return Canvas(
        float(width), float(height), float(height), rng, PLAIN, sky_of("day", (), rng), "studio", "day", (), Defs(),
        style=style,
    )  # fmt: skip


def clusters_of(scene: Scene, stage: Stage, wide: float, rng: Random) -> list[Cluster]:
    """The things of a scene joined and grouped, none of them on a ground."""
    even = replace(scene, place=None)
    roles = [
        replace(role, kind=AIR if role.kind == "celestial" else "stand") for role in cast(even, stage, "studio", rng)
    ]
    return build(even, inscribed(scene, roles, stage), stage, wide, rng)


def in_box(clusters: list[Cluster], box: Box, even: bool = True) -> list[Placed]:
    """The clusters side by side, as large as fits a box; `even` gives all about the same height.

    Args:
        clusters: What to put there.
        box: Left, top, right and bottom in pixels.
        even: Whether small things are grown to the others' size.
    """
    left, top, right, bottom = box
    if not clusters:
        return []
    bounds = [cluster.composite.bounds for cluster in clusters]
    areas = [((right - left) * (high - low)) ** 0.5 for left, low, right, high in bounds]
    sizes = [max(1.0, 0.85 * max(areas) / area) if even else 1.0 for area in areas]
    tall = max((high - low) * size for (_, low, _, high), size in zip(bounds, sizes, strict=True))
    rows = _rows([(b[2] - b[0]) * s for b, s in zip(bounds, sizes, strict=True)], tall, (right - left) / (bottom - top))
    placed: list[Placed] = []
    widest = max(
        sum((bounds[i][2] - bounds[i][0]) * sizes[i] for i in row) * (1 + 0.1 * (len(row) - 1)) for row in rows
    )
    heights = [max((bounds[i][3] - bounds[i][1]) * sizes[i] for i in row) for row in rows]
    scale = min((right - left) / widest, (bottom - top) / (sum(heights) * (1 + 0.08 * (len(rows) - 1))))
    y = (top + bottom) / 2 - sum(heights) * (1 + 0.08 * (len(rows) - 1)) * scale / 2
    for row, height in zip(rows, heights, strict=True):
        widths = [(bounds[i][2] - bounds[i][0]) * sizes[i] * scale for i in row]
        gap = 0.1 * sum(widths) / len(row)
        x = (left + right) / 2 - (sum(widths) + gap * (len(row) - 1)) / 2
        for index, wide in zip(row, widths, strict=True):
            grown = scale * sizes[index]
            foot = y + height * scale - max(0.0, bounds[index][3]) * grown
            for member in clusters[index].composite:
                placed += emit(member, x - bounds[index][0] * grown, foot, grown, AIR, index * 0.1)
            x += wide + gap
        y += height * scale * 1.08
    return sorted(placed, key=lambda one: one.order)


def _rows(widths: list[float], tall: float, wide: float) -> list[list[int]]:
    """Numbers of the clusters in rows, so that they fill a box of a shape best."""
    best, least = [list(range(len(widths)))], float("inf")
    for count in range(1, len(widths) + 1):
        per = -(-len(widths) // count)
        rows = [list(range(len(widths)))[start : start + per] for start in range(0, len(widths), per)]
        across = max(sum(widths[index] for index in row) for row in rows)
        unused = max(across / (tall * len(rows) * wide), tall * len(rows) * wide / across)
        if unused < least:
            best, least = rows, unused
    return best
