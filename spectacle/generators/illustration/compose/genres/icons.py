"""Icons, logos and drawings on a plain ground: the thing alone, perhaps on a badge, perhaps with a name below."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

import re

from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.colour import lab
from spectacle.generators.illustration.compose.genres.flat import clusters_of, in_box, plain_canvas
from spectacle.generators.illustration.compose.lettering import block, writable
from spectacle.generators.illustration.compose.painting import Painted, randomness, things_of
from spectacle.generators.illustration.compose.render import draw_all
from spectacle.generators.illustration.compose.stage import Stage
from spectacle.generators.illustration.compose.svg import map_colours
from spectacle.generators.illustration.language.colours import COLOUR_WORDS, PALETTE
from spectacle.generators.illustration.language.scene import Scene

_TINTS = ("#2f6fd0", "#e2574c", "#2a9d8f", "#8457c2", "#f2a03d", "#264653", "#d1477a", "#3f8f4f")
_MARKS = re.compile(r"\b(circle|circular|round|shield|hexagon|square|badge|disc|ring|app)\b")
_INK = "#25252d"


def paint_icon(scene: Scene, stage: Stage, width: int, height: int, seed: int) -> Painted | None:
    """Paints an icon or a logo; None when there is neither a thing nor a name to show."""
    scene, badge = _without_badge(scene)
    names = [inscription.text for inscription in scene.inscriptions if inscription.carrier is None]
    if not scene.things and not names:
        return None
    rng = randomness(scene, seed, "icon")
    canvas = plain_canvas(width, height, rng, "flat" if scene.style == "sticker" else scene.style)
    said = f"{scene.manner} {scene.title}".lower()
    ground = _ground(scene, said)
    if ground is not None:
        canvas.rect(0, 0, width, height, ground)
    unit, middle, centre = canvas.unit, width / 2, height / 2
    logo = "logo" in said or "emblem" in said or "crest" in said or "monogram" in said
    badge = badge or ("app" if re.search(r"\bapp\b", said) else "circle" if logo and scene.things else "")
    name = " ".join(names)
    below = 0.24 * height if name and scene.things else 0.0
    centre -= below * 0.42
    reach = min(width * 0.44, (height - below) * 0.44)
    tint = next((PALETTE[one] for one in _said_colours(said) if PALETTE[one] != "rainbow"), rng.choice(_TINTS))
    inner = reach * 0.92
    if badge and not (badge == "circle" and not scene.things):
        _badge(canvas, badge, middle, centre, reach, _pale(tint))
        inner = reach * (0.64 if badge in ("circle", "hexagon", "shield") else 0.74)
    placed = in_box(
        clusters_of(scene, stage, 1.0, rng), (middle - inner, centre - inner, middle + inner, centre + inner)
    )
    objects = "".join(draw_all(placed, canvas, stage))
    if re.search(r"black (?:and|on) white|monochrome|silhouette", said + " " + " ".join(scene.not_drawn)):
        objects = map_colours(objects, _grey)
        canvas.defs.restyle(lambda part: map_colours(part, _grey))
    letters = ""
    if name and scene.things:
        letters = block(
            name, (width * 0.08, height - below - unit * 0.02, width * 0.84, below * 0.72), _INK, unit * 0.14
        )
    elif name:
        letters = block(name, (width * 0.1, height * 0.2, width * 0.8, height * 0.6), tint, unit * 0.5)
    if name and writable(name) < 0.5:
        letters = ""
    content = f"{canvas.defs}{''.join(canvas.back)}{objects}{letters}"
    return Painted(content, things_of(placed), "plain", "day")


def _without_badge(scene: Scene) -> tuple[Scene, str]:
    """The scene without the shape that its things are in, and that shape: "a rolling pin in a circle"."""
    from spectacle.generators.illustration.compose.outfitting import without

    for relation in scene.relations:
        shape = scene.things[relation.objects[0]].noun
        if relation.kind == "inside" and shape in ("circle", "square", "hexagon", "shield", "ring", "badge"):
            return without(scene, relation.objects[0]), {"ring": "circle", "badge": "circle"}.get(shape, shape)
    found = _MARKS.search(scene.manner)
    shape = found[1] if found else ""
    return scene, {"circular": "circle", "round": "circle", "disc": "circle", "ring": "circle", "badge": "circle"}.get(
        shape, shape
    )


def _ground(scene: Scene, said: str) -> str | None:
    if "transparent" in said or "no background" in said or "without background" in said or "png" in said:
        return None
    for word in re.findall(r"(\w+) background|\bon (?:an? )?(\w+)$", said):
        name = COLOUR_WORDS.get(next(part for part in word if part))
        if name and PALETTE[name] != "rainbow":
            return PALETTE[name]
    return "#ffffff"


def _said_colours(said: str) -> list[str]:
    return [COLOUR_WORDS[word] for word in said.split() if word in COLOUR_WORDS]


def _badge(canvas: Canvas, kind: str, x: float, y: float, r: float, fill: str) -> None:
    if kind == "circle":
        canvas.ellipse(x, y, r, r, fill)
    elif kind == "hexagon":
        canvas.polygon(
            [
                (x + r * dx, y + r * dy)
                for dx, dy in ((0, -1), (0.87, -0.5), (0.87, 0.5), (0, 1), (-0.87, 0.5), (-0.87, -0.5))
            ],
            fill,
        )
    elif kind == "shield":
        canvas.path(
            f"M{x - r * 0.85:.1f} {y - r * 0.9:.1f}h{1.7 * r:.1f}v{0.9 * r:.1f}q0 {0.7 * r:.1f} {-0.85 * r:.1f} {r:.1f}q{-0.85 * r:.1f} {-0.3 * r:.1f} {-0.85 * r:.1f} {-r:.1f}z",
            fill,
        )
    else:
        canvas.rect(x - r, y - r, 2 * r, 2 * r, fill, rx=r * 0.42 if kind == "app" else r * 0.06)


def _pale(colour: str) -> str:
    from spectacle.generators.illustration.compose.colour import mix

    return mix(colour, "#ffffff", 0.72)


def _grey(colour: str) -> str:
    lightness = lab(colour)[0]
    return "#ffffff" if lightness > 0.72 else "#1c1c20" if lightness < 0.55 else "#7a7a80"
