"""Portraits and close-ups: a scene with its first thing filling the frame."""

from __future__ import annotations

from dataclasses import replace

from spectacle.generators.illustration.compose.painting import Painted, paint_scene
from spectacle.generators.illustration.compose.stage import Stage
from spectacle.generators.illustration.compose.svg import num
from spectacle.generators.illustration.language.scene import RelationKind, Scene

MAX_ZOOM = 5.0
_BORNE = (RelationKind.WEARING, RelationKind.HOLDING)


def paint_portrait(scene: Scene, stage: Stage, width: int, height: int, seed: int) -> Painted | None:
    """Paints the scene and moves in on its first thing; None when there is none."""
    if not scene.things:
        return None
    painted = paint_scene(scene, stage, width, height, seed)
    subject = [one for one in painted.placed if one.thing == 0][:1]
    if not subject or scene.style == "pixel art":
        return painted
    drawing = stage[subject[0].drawing]
    bust = drawing.category in ("person", "fantasy") and drawing.form == "whole"
    parts = _belonging(scene)
    boxes = [one.box for one in painted.placed if _touches(one.box, subject[0].box, one.thing in parts)]
    left, top, right, bottom = subject[0].box
    top = min(*(box[1] for box in boxes), top)
    if bust:
        bottom = subject[0].box[1] + (subject[0].box[3] - subject[0].box[1]) * 0.56
    else:
        left, right = min(box[0] for box in boxes), max(box[2] for box in boxes)
        bottom = max(box[3] for box in boxes)
    left, right, bottom = max(0.0, left), min(float(width), right), min(float(height), bottom)
    top = max(0.0, top)
    room = 0.86
    zoom = min(width * room / (right - left), height * room / (bottom - top), MAX_ZOOM)
    if zoom <= 1.05:
        return painted
    x = width / 2 - (left + right) / 2 * zoom
    y = height * 0.09 - top * zoom if bust else height / 2 - (top + bottom) / 2 * zoom
    x, y = min(0.0, max(width - width * zoom, x)), min(0.0, max(height - height * zoom, y))
    content = f'<g transform="translate({num(x)} {num(y)})scale({zoom:.4g})">{painted.content}</g>'
    placed = tuple(
        replace(one, box=(one.box[0] * zoom + x, one.box[1] * zoom + y, one.box[2] * zoom + x, one.box[3] * zoom + y))
        for one in painted.placed
    )
    return replace(painted, content=content, placed=placed)


def _belonging(scene: Scene) -> set[int]:
    """The first thing and what it wears, holds or has on it."""
    parts = {0}
    for relation in scene.relations:
        owner = relation.subject if relation.kind in _BORNE else relation.objects[0]
        part = relation.objects[0] if relation.kind in _BORNE else relation.subject
        if owner in parts and relation.kind in (*_BORNE, RelationKind.ON):
            parts.add(part)
    return parts


def _touches(box: tuple[float, float, float, float], other: tuple[float, float, float, float], own: bool) -> bool:
    """Whether an artwork is part of what is looked at: worn or held by it."""
    if own:
        return True
    across = min(box[2], other[2]) - max(box[0], other[0])
    down = min(box[3], other[3]) - max(box[1], other[1])
    small = (box[2] - box[0]) * (box[3] - box[1]) < 0.7 * (other[2] - other[0]) * (other[3] - other[1])
    return small and across > 0.4 * (box[2] - box[0]) and down > 0.4 * (box[3] - box[1])
