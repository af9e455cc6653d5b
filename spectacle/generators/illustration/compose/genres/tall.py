"""Scenes in narrow images: painted wider than they are and cut to what is in them, so that it is seen large."""

from __future__ import annotations

from dataclasses import replace

from spectacle.generators.illustration.compose.painting import Painted, paint_scene
from spectacle.generators.illustration.compose.stage import Stage
from spectacle.generators.illustration.compose.svg import num
from spectacle.generators.illustration.language.scene import Scene

NARROW = 0.6
"""Images narrower than this share of their height are painted wider and cut."""


def paint_tall(scene: Scene, stage: Stage, width: int, height: int, seed: int) -> Painted:
    """Paints a scene; in a narrow image as large as lets all its artworks stay in it."""
    plain = paint_scene(scene, stage, width, height, seed)
    if width >= NARROW * height or not plain.placed or scene.style in ("pixel art", "sticker", "watercolour"):
        return plain
    for share in (0.8, 0.65, 0.5):
        wide = round(share * height)
        if wide <= width * 1.1:
            break
        painted = paint_scene(scene, stage, wide, height, seed)
        left = min(one.box[0] for one in painted.placed)
        right = max(one.box[2] for one in painted.placed)
        if right - left > 0.96 * width or _size(painted) < 1.15 * _size(plain):
            continue
        x = min(0.0, max(width - wide, width / 2 - (left + right) / 2))
        placed = tuple(
            replace(one, box=(one.box[0] + x, one.box[1], one.box[2] + x, one.box[3])) for one in painted.placed
        )
        return replace(painted, content=f'<g transform="translate({num(x)} 0)">{painted.content}</g>', placed=placed)
    return plain


def _size(painted: Painted) -> float:
    """How high the artworks are together."""
    return max(one.box[3] for one in painted.placed) - min(one.box[1] for one in painted.placed)
