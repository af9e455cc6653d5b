"""Shapes one inside the other: concentric squares that fade from one colour to another."""

from __future__ import annotations

from dataclasses import replace

from spectacle.generators.illustration.compose.colour import mix
from spectacle.generators.illustration.compose.stage import Stage
from spectacle.generators.illustration.compose.svg import map_colours, num
from spectacle.generators.illustration.language.colours import PALETTE
from spectacle.generators.illustration.language.scene import Match, Scene, Thing

_RINGS = 6


def nested(scene: Scene, stage: Stage) -> Scene:
    """The scene with each shape that is said to be concentric drawn as several, one inside the other."""
    return replace(scene, things=tuple(_nested(thing, stage) for thing in scene.things))


def _nested(thing: Thing, stage: Stage) -> Thing:
    drawing = stage[thing.matches[0].drawing]
    if "concentric" not in thing.attributes or drawing.category != "shape":
        return thing
    named = [PALETTE[name] for name in thing.colours if PALETTE.get(name, "rainbow") != "rainbow"]
    first, last = (named[0], named[-1]) if len(named) > 1 else (named[0] if named else "#2b6fd9", "#ffffff")
    x, y = drawing.box[0] + drawing.box[2] / 2, drawing.box[1] + drawing.box[3] / 2
    markup = stage.markup(drawing.id)
    rings = []
    for ring in range(_RINGS):
        share, scale = ring / (_RINGS - 1), 1 - ring / _RINGS
        tone = mix(first, last, share) if len(named) > 1 else (first, last)[ring % 2]
        place = f"translate({num(x * (1 - scale))} {num(y * (1 - scale))})scale({scale:.4g})"
        rings.append(f'<g transform="{place}">{map_colours(markup, lambda _, tone=tone: tone)}</g>')  # type: ignore[misc]
    identity = f"nested:{drawing.id}:{first}:{last}"
    stage.add(replace(drawing, id=identity), "".join(rings), drawing.id)
    return replace(thing, matches=(Match(identity, 1.0),), colours=(), count=1)
