"""Diagrams of a topic: cycles, chains, rows and mind maps of labelled artworks."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import replace

from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.genres.anatomy import paint_anatomy
from spectacle.generators.illustration.compose.genres.flat import clusters_of, in_box, plain_canvas
from spectacle.generators.illustration.compose.lettering import block
from spectacle.generators.illustration.compose.painting import Painted, randomness, things_of
from spectacle.generators.illustration.compose.placed import Placed
from spectacle.generators.illustration.compose.render import draw_all
from spectacle.generators.illustration.compose.stage import Stage
from spectacle.generators.illustration.compose.svg import num
from spectacle.generators.illustration.language.anatomy import anatomy_of, asks_for_parts
from spectacle.generators.illustration.language.knowledge import Topic, topic_of
from spectacle.generators.illustration.language.retrieve import drawings_of, normalise
from spectacle.generators.illustration.language.scene import Match, Scene, Thing

_INK, _LINE = "#2c3440", "#7d8aa0"
_TONES = ("#dcebfa", "#fde8d3", "#e0f3e3", "#f6e0ec", "#ece4f8", "#fbf3cf")
Spot = tuple[float, float, float, float]
"""Left, top, right and bottom of a part with its label, in pixels."""


def paint_diagram(scene: Scene, stage: Stage, width: int, height: int, seed: int) -> Painted | None:
    """Paints a diagram of the topic; of an unknown one, what the prompt names around its words."""
    topic = topic_of(f"{scene.manner} {scene.topic}") or topic_of(scene.topic) or topic_of(scene.title)
    anatomy = anatomy_of(scene.topic) if topic is None or asks_for_parts(scene.title) else None
    if anatomy is not None and anatomy.drawing in stage.base:
        return paint_anatomy(scene, anatomy, stage, width, height, seed)
    drawings = drawings_of(stage.base)
    parts: list[tuple[str, Thing]] = []
    for label, title in topic.parts if topic else ():
        known = [one for one in drawings.by_title.get(normalise(title), ()) if one.form != "symbol" or label]
        if known:
            parts.append((label, Thing(title, (Match(known[0].id, 1.0),))))
    steps = [] if parts else _steps(scene)
    if not parts and not steps:
        parts = [(thing.noun.capitalize(), thing) for thing in scene.things]
    if not parts and not scene.topic:
        return None
    rng = randomness(scene, seed, "diagram")
    canvas = plain_canvas(width, height, rng)
    canvas.rect(0, 0, width, height, "#0f1533" if topic and _is_space(topic) else "#fcfcf8")
    layout = topic.layout if topic else "chain" if steps else "mind"
    if layout in ("row", "chain", "parts") and width < 0.8 * height:
        layout = "column"
    titles = [one.text for one in scene.inscriptions]
    title = titles[0] if titles else _title(scene)
    spots, joints = _LAYOUTS[layout](canvas, len(steps) or len(parts), title)
    dark = bool(topic and _is_space(topic))
    if layout != "mind":
        canvas.add(
            block(
                title,
                (width * 0.08, canvas.unit * 0.03, width * 0.84, canvas.unit * 0.11),
                "#ffffff" if dark else _INK,
                canvas.unit * 0.085,
            )
        )
    for label, (left, top, right, bottom) in zip(steps, spots, strict=False):
        tall = min(bottom - top, 0.62 * (right - left))
        middle = (top + bottom) / 2
        canvas.rect(left, middle - tall / 2, right - left, tall, _TONES[0], rx=canvas.unit * 0.02)
        inside = (left + 0.06 * (right - left), middle - 0.3 * tall, 0.88 * (right - left), 0.6 * tall)
        canvas.add(block(label, inside, _INK, canvas.unit * 0.05))
    for x1, y1, x2, y2 in joints:
        _joint(canvas, x1, y1, x2, y2, arrow=layout in ("cycle", "chain"))
    placed: list[Placed] = []
    letters = []
    alone = tuple(replace(thing, count=1) for _, thing in parts)
    clusters = clusters_of(replace(scene, things=alone, relations=(), inscriptions=()), stage, 1.0, rng)
    for index, ((label, _), cluster, spot) in enumerate(zip(parts, clusters, spots, strict=False)):
        left, top, right, bottom = spot
        tall = bottom - top
        if not dark:
            canvas.rect(left, top, right - left, tall, _TONES[index % len(_TONES)], rx=canvas.unit * 0.025)
        inner = (left + 0.1 * (right - left), top + 0.07 * tall, right - 0.1 * (right - left), bottom - 0.27 * tall)
        placed += in_box([cluster], inner)
        box = (left + 0.05 * (right - left), bottom - 0.22 * tall, 0.9 * (right - left), 0.16 * tall)
        letters.append(block(label, box, "#ffffff" if dark else _INK, canvas.unit * 0.045))
    objects = "".join(draw_all(placed, canvas, stage))
    content = f"{canvas.defs}{''.join(canvas.back)}{objects}{''.join(letters)}"
    return Painted(content, things_of(placed), layout, "day")


def _steps(scene: Scene) -> list[str]:
    """The steps of a flow chart or a timeline that the prompt lists."""
    if not re.search(r"flow|process|timeline|steps", f"{scene.manner} {scene.title}".lower()):
        return []
    listed = scene.topic.rpartition(":")[2]
    parts = [re.sub(r"^(?:and|then)\s+", "", part.strip()) for part in re.split(r",|;|->|→|=>|>", listed)]
    parts = [part[:1].upper() + part[1:] for part in parts if part and len(part) <= 40]
    return parts[:8] if len(parts) > 2 else []


def _title(scene: Scene) -> str:
    """The words for the topic: "life cycle of a butterfly", but "water cycle" for "a diagram of the water cycle"."""
    said = scene.manner.strip()
    if _steps(scene):
        before, colon, _ = scene.topic.partition(":")
        text = before.strip() if colon and before.strip() else said
        return text[:1].upper() + text[1:]
    if topic_of(said) is not None or not scene.topic:
        text = said
    elif "cycle" in said or "timeline" in said or "chain" in said:
        text = f"{said} of {scene.topic}"
    else:
        text = scene.topic
    return text[:1].upper() + text[1:]


def _is_space(topic: Topic) -> bool:
    return any("planet" in title or "moon" in title for _, title in topic.parts)


def _joint(canvas: Canvas, x1: float, y1: float, x2: float, y2: float, *, arrow: bool) -> None:
    """A line, or an arrow, between two points."""
    canvas.stroke(f"M{num(x1)} {num(y1)}L{num(x2)} {num(y2)}", _LINE, canvas.unit * 0.009)
    if arrow:
        angle, size = math.atan2(y2 - y1, x2 - x1), canvas.unit * 0.03
        tips = [(x2 + size * math.cos(angle + turn), y2 + size * math.sin(angle + turn)) for turn in (0, 2.4, -2.4)]
        canvas.polygon(tips, _LINE)


def _around(canvas: Canvas, count: int, top: float, share: float) -> list[Spot]:
    """Spots on an ellipse, the first one up."""
    x, y = canvas.width / 2, (top + canvas.height) / 2
    half = min(canvas.unit * share, 1.1 * canvas.unit / max(4, count))
    rx, ry = canvas.width / 2 - half - canvas.unit * 0.03, (canvas.height - top) / 2 - half - canvas.unit * 0.03
    spots = []
    for index in range(count):
        angle = 2 * math.pi * index / max(1, count) - math.pi / 2
        a, b = x + rx * math.cos(angle), y + ry * math.sin(angle)
        spots.append((a - half, b - half, a + half, b + half))
    return spots


def _mind(canvas: Canvas, count: int, title: str) -> tuple[list[Spot], list[Spot]]:
    spots = _around(canvas, count, canvas.unit * 0.02, 0.135)
    x, y = canvas.width / 2, (canvas.unit * 0.02 + canvas.height) / 2
    joints = [(x, y, (a + c) / 2, (b + d) / 2) for a, b, c, d in spots]
    for joint in joints:
        _joint(canvas, *joint, arrow=False)
    rx, ry = canvas.unit * (0.17 if count else 0.4), canvas.unit * (0.1 if count else 0.25)
    canvas.ellipse(x, y, rx, ry, "#3b6fb5")
    canvas.add(block(title, (x - rx * 0.8, y - ry * 0.62, 1.6 * rx, 1.24 * ry), "#ffffff", canvas.unit * 0.06))
    return spots, []


def _cycle(canvas: Canvas, count: int, title: str) -> tuple[list[Spot], list[Spot]]:
    spots = _around(canvas, count, canvas.unit * 0.13, 0.15)
    joints = []
    for one, two in zip(spots, spots[1:] + spots[:1], strict=True):
        joints.append(_between(one, two))
    return spots, joints


def _between(one: Spot, two: Spot) -> Spot:
    """The free part of the line between the middles of two spots."""
    x1, y1, x2, y2 = (one[0] + one[2]) / 2, (one[1] + one[3]) / 2, (two[0] + two[2]) / 2, (two[1] + two[3]) / 2
    length = math.hypot(x2 - x1, y2 - y1) or 1.0
    reach = (one[2] - one[0]) / 2 * length / max(abs(x2 - x1), abs(y2 - y1), 1e-6)
    start, end = min(0.48, reach * 1.08 / length), max(0.52, 1 - reach * 1.3 / length)
    return x1 + (x2 - x1) * start, y1 + (y2 - y1) * start, x1 + (x2 - x1) * end, y1 + (y2 - y1) * end


def _row(canvas: Canvas, count: int, title: str) -> tuple[list[Spot], list[Spot]]:
    top = canvas.unit * 0.15
    columns = count if canvas.width > 1.6 * canvas.height or count < 5 else -(-count // (2 if count < 7 else 3))
    rows = -(-count // columns)
    half = min(canvas.width / columns * 0.4, (canvas.height - top) / rows * 0.44)
    spots = []
    for index in range(count):
        row, column = divmod(index, columns)
        across = min(columns, count - row * columns)
        x = canvas.width / 2 + (column - (across - 1) / 2) * canvas.width / columns
        y = top + (row + 0.5) * (canvas.height - top) / rows
        spots.append((x - half, y - half, x + half, y + half))
    return spots, []


def _chain(canvas: Canvas, count: int, title: str) -> tuple[list[Spot], list[Spot]]:
    top = canvas.unit * 0.15
    half = min(canvas.width / count * 0.36, (canvas.height - top) * 0.4)
    y = (top + canvas.height) / 2
    middles = [canvas.width * (index + 0.5) / count for index in range(count)]
    spots = [(x - half, y - half, x + half, y + half) for x in middles]
    return spots, [_between(one, two) for one, two in itertools.pairwise(spots)]


def _column(canvas: Canvas, count: int, title: str) -> tuple[list[Spot], list[Spot]]:
    top = canvas.unit * 0.15
    half = min(canvas.width * 0.4, (canvas.height - top) / count * 0.42)
    x = canvas.width / 2
    middles = [top + (canvas.height - top) * (index + 0.5) / count for index in range(count)]
    return [(x - half, y - half, x + half, y + half) for y in middles], []


_LAYOUTS = {"mind": _mind, "cycle": _cycle, "row": _row, "chain": _chain, "parts": _row, "column": _column}
