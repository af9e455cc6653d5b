"""The sticker style: every object cut out with a white border, on a patterned sheet or on a round image."""

from __future__ import annotations

import math
from random import Random

from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.colour import lighten
from spectacle.generators.illustration.compose.svg import dot, element, num

_SHEETS = ("#bfe3f2", "#fbd3d9", "#d9d0f2", "#cdebcf", "#fde6b3", "#ffd9bd")


def sheet(canvas: Canvas, rng: Random) -> str:
    """A pastel sheet with a small pattern."""
    width, height, unit = canvas.width, canvas.height, canvas.unit
    tone = rng.choice(_SHEETS)
    step = unit * 0.1
    kind = rng.randrange(3)
    marks = []
    for row in range(int(height / step) + 2):
        for column in range(int(width / step) + 2):
            x, y = step * (column + (row % 2) / 2), step * row
            if kind == 0:
                marks.append(dot(x, y, step * 0.12))
            elif kind == 1:
                marks.append(_star(x, y, step * 0.17))
            else:
                marks.append(_heart(x, y, step * 0.15))
    glow = canvas.defs.radial(
        [(0, "#ffffff", 0.65), (1, "#ffffff", 0)], width / 2, height / 2, unit * 0.7, "userSpaceOnUse"
    )
    return (
        element("rect", width=width, height=height, fill=tone)
        + element("path", d="".join(marks), fill=lighten(tone, 0.045))
        + element("rect", width=width, height=height, fill=glow)
    )


def card(canvas: Canvas, scene: str, rng: Random) -> str:
    """A scene as an image with round corners and a white border on a sheet."""
    width, height, unit = canvas.width, canvas.height, canvas.unit
    inset, border, corner = unit * 0.075, unit * 0.02, unit * 0.12
    clip = canvas.defs.clip(
        element("rect", x=inset, y=inset, width=width - 2 * inset, height=height - 2 * inset, rx=corner, ry=corner)
    )
    frame = {"x": inset - border, "y": inset - border, "width": width - 2 * (inset - border),
             "height": height - 2 * (inset - border), "rx": corner + border, "ry": corner + border}  # fmt: skip
    shadow = dict(frame, x=frame["x"] + unit * 0.006, y=frame["y"] + unit * 0.012)
    return (
        sheet(canvas, rng)
        + element("rect", **shadow, fill="#3a3f5c", fill_opacity=0.25)
        + element("rect", **frame, fill="#ffffff")
        + f'<g clip-path="{clip}">{scene}</g>'
    )


def _star(x: float, y: float, size: float) -> str:
    points = []
    for index in range(10):
        reach = size if index % 2 == 0 else size * 0.45
        angle = math.pi * index / 5 - math.pi / 2
        points.append(f"{num(x + reach * math.cos(angle))} {num(y + reach * math.sin(angle))}")
    return "M" + "L".join(points) + "Z"


def _heart(x: float, y: float, size: float) -> str:
    s = size
    return (
        f"M{num(x)} {num(y + s)}C{num(x - s * 1.6)} {num(y - s * 0.1)} {num(x - s * 0.9)} {num(y - s * 1.2)}"
        f" {num(x)} {num(y - s * 0.35)}C{num(x + s * 0.9)} {num(y - s * 1.2)} {num(x + s * 1.6)} {num(y - s * 0.1)}"
        f" {num(x)} {num(y + s)}Z"
    )
