"""Diagrams of one thing with its parts labelled."""

from __future__ import annotations

from spectacle.generators.illustration.compose.canvas import Box, Canvas
from spectacle.generators.illustration.compose.genres.flat import clusters_of, in_box, plain_canvas
from spectacle.generators.illustration.compose.lettering import CAP, LEADING, fit, line
from spectacle.generators.illustration.compose.painting import Painted, randomness, things_of
from spectacle.generators.illustration.compose.render import draw_all
from spectacle.generators.illustration.compose.stage import Stage
from spectacle.generators.illustration.compose.svg import num
from spectacle.generators.illustration.language.anatomy import Anatomy
from spectacle.generators.illustration.language.scene import Match, Scene, Thing

_INK, _LINE = "#2c3440", "#5b6678"
_TOP = 0.15
"""Part of the height that the title takes."""
_SIDE = 0.27
"""Part of the width that labels take on either side."""
_BANDS = 0.22
"""Part of the height that labels take above and below, in an upright diagram."""


def paint_anatomy(scene: Scene, anatomy: Anatomy, stage: Stage, width: int, height: int, seed: int) -> Painted:
    """Paints a thing with a line from each of its parts to its name."""
    rng = randomness(scene, seed, "diagram")
    canvas = plain_canvas(width, height, rng)
    canvas.rect(0, 0, width, height, "#fcfcf8")
    titles = [one.text for one in scene.inscriptions]
    title = fit(titles[0] if titles else anatomy.name.capitalize(), width * 0.84, height * _TOP * 0.5)
    canvas.add(line(" ".join(title.lines), width / 2, height * _TOP * 0.75, title.size, _INK))
    thing = Thing(anatomy.name, (Match(anatomy.drawing, 1.0),))
    alone = Scene(things=(thing,), style=scene.style)
    upright = height > 1.35 * width
    left, top = (0.06, _TOP + _BANDS) if upright else (_SIDE, _TOP + 0.03)
    area = (width * left, height * top, width * (1 - left), height * (1 - (_BANDS if upright else 0.05)))
    placed = in_box(clusters_of(alone, stage, 1.0, rng), area)
    box = placed[0].box
    placed[0].part.mirrored = False  # the parts are where they are in the artwork itself
    labels = _rows(anatomy, box, canvas) if upright else _columns(anatomy, box, canvas)
    objects = "".join(draw_all(placed, canvas, stage))
    content = f"{canvas.defs}{''.join(canvas.back)}{objects}{labels}"
    return Painted(content, things_of(placed), "anatomy", "day")


def _columns(anatomy: Anatomy, box: Box, canvas: Canvas) -> str:
    """Labels on the left and on the right, in the order of the parts' heights, so that no lines cross."""
    left, top, right, bottom = box
    parts = sorted(anatomy.parts, key=lambda part: part[1])
    half = len(parts) // 2
    drawn = []
    for side, some in ((0, parts[:half]), (1, parts[half:])):
        members = sorted(some, key=lambda part: part[2])
        room = canvas.height * (1 - _TOP)
        for index, (label, across, down) in enumerate(members):
            y = canvas.height * _TOP + room * (index + 0.5) / len(members)
            fitted = fit(label, canvas.width * (_SIDE - 0.06), room / max(4, len(members)) * 0.5, canvas.unit * 0.05)
            x = canvas.width * (0.03 if side == 0 else 0.97)
            reach = fitted.width + canvas.width * 0.045
            start = reach if side == 0 else canvas.width - reach
            point = left + across * (right - left), top + down * (bottom - top)
            drawn.append(_leader(start, y, *point, canvas))
            drawn.append(_words(fitted.lines, x, y, fitted.size, "start" if side == 0 else "end"))
    return "".join(drawn)


def _rows(anatomy: Anatomy, box: Box, canvas: Canvas) -> str:
    """Labels above and below the thing, in the order of the parts across."""
    left, top, right, bottom = box
    parts = sorted(anatomy.parts, key=lambda part: part[2])
    half = -(-len(parts) // 2)
    drawn = []
    for some, y, edge in (
        (parts[:half], canvas.height * (_TOP + _BANDS * 0.35), 1),
        (parts[half:], canvas.height * (1 - _BANDS * 0.45), -1),
    ):
        members = sorted(some, key=lambda part: part[1])
        for index, (label, across, down) in enumerate(members):
            x = canvas.width * (index + 0.5) / len(members)
            fitted = fit(label, canvas.width / len(members) * 0.86, canvas.height * 0.06, canvas.unit * 0.07)
            point = left + across * (right - left), top + down * (bottom - top)
            drawn.append(_leader(x, y + edge * (fitted.height / 2 + canvas.height * 0.015), *point, canvas))
            drawn.append(_words(fitted.lines, x, y, fitted.size, "middle"))
    return "".join(drawn)


def _leader(x1: float, y1: float, x2: float, y2: float, canvas: Canvas) -> str:
    wide = num(canvas.unit * 0.005)
    path = f'<path d="M{num(x1)} {num(y1)}L{num(x2)} {num(y2)}" fill="none"'
    return (
        f'{path} stroke="#fff" stroke-width="{num(canvas.unit * 0.015)}"/>'
        f'{path} stroke="{_LINE}" stroke-width="{wide}"/>'
        f'<circle cx="{num(x2)}" cy="{num(y2)}" r="{num(canvas.unit * 0.011)}" fill="{_LINE}" stroke="#fff" '
        f'stroke-width="{wide}"/>'
    )


def _words(lines: tuple[str, ...], x: float, middle: float, size: float, anchor: str) -> str:
    first = middle - size * (CAP + LEADING * (len(lines) - 1)) / 2 + CAP * size
    return "".join(
        line(text, x, first + LEADING * size * index, size, _INK, anchor) for index, text in enumerate(lines)
    )
