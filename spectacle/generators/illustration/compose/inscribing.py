"""Writing on things: signs, cakes, shirts, books and whatever else carries a text."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

from dataclasses import replace

from spectacle.generators.illustration.art.library import Artwork
from spectacle.generators.illustration.compose.casting import Role
from spectacle.generators.illustration.compose.colour import lab
from spectacle.generators.illustration.compose.lettering import block
from spectacle.generators.illustration.compose.stage import Stage
from spectacle.generators.illustration.compose.svg import num
from spectacle.generators.illustration.language.colours import PALETTE
from spectacle.generators.illustration.language.scene import Scene

WRITTEN = "written:"
"""What the identity of an artwork with a text on it begins with."""

AREAS = {
    "sign": (0.1, 0.1, 0.9, 0.54), "shop sign": (0.08, 0.26, 0.92, 0.9), "held sign": (0.06, 0.05, 0.94, 0.55),
    "billboard": (0.06, 0.09, 0.94, 0.58), "banner": (0.14, 0.1, 0.86, 0.8), "poster": (0.08, 0.1, 0.92, 0.9),
    "speech bubble": (0.1, 0.1, 0.9, 0.7), "thought bubble": (0.14, 0.14, 0.86, 0.6), "neon sign": (0.1, 0.15, 0.9, 0.85),
    "whiteboard": (0.08, 0.06, 0.92, 0.66), "blackboard": (0.1, 0.12, 0.9, 0.72), "sticky note": (0.08, 0.1, 0.92, 0.8),
    "easel": (0.18, 0.18, 0.82, 0.56), "canvas": (0.08, 0.1, 0.92, 0.9), "picture frame": (0.14, 0.16, 0.86, 0.84),
    "menu board": (0.2, 0.1, 0.8, 0.66), "ticket": (0.1, 0.15, 0.68, 0.85), "stop sign": (0.13, 0.28, 0.87, 0.72),
    "t-shirt": (0.28, 0.32, 0.72, 0.72), "sweater": (0.3, 0.35, 0.7, 0.75), "birthday cake": (0.1, 0.6, 0.9, 0.9),
    "wall": (0.08, 0.2, 0.92, 0.8), "gravestone": (0.2, 0.2, 0.8, 0.6), "computer monitor": (0.08, 0.08, 0.92, 0.62),
    "laptop": (0.2, 0.12, 0.8, 0.55), "television": (0.12, 0.2, 0.88, 0.75), "closed book": (0.3, 0.2, 0.85, 0.75),
    "placard": (0.12, 0.08, 0.88, 0.5), "bus": (0.15, 0.15, 0.85, 0.45), "truck": (0.06, 0.15, 0.62, 0.6),
    "mirror": (0.2, 0.2, 0.8, 0.8), "scroll": (0.2, 0.2, 0.8, 0.8), "newspaper": (0.1, 0.06, 0.9, 0.3),
    "triangular flag": (0.2, 0.1, 0.58, 0.42), "white flag": (0.25, 0.08, 0.9, 0.5), "mug": (0.06, 0.4, 0.7, 0.8), "cup": (0.06, 0.35, 0.7, 0.8), "signpost": (0.14, 0.1, 0.86, 0.3), "takeaway cup": (0.18, 0.44, 0.82, 0.74), "projector screen": (0.1, 0.14, 0.9, 0.84), "heart shape": (0.2, 0.2, 0.8, 0.6),
}  # fmt: skip
"""Where on an artwork its text goes, by its title: left, top, right and bottom as shares of its box."""

PRINTABLE = frozenset(
    {"t-shirt", "sweater", "banner", "poster", "billboard", "sign", "shop sign", "held sign", "whiteboard", "blackboard",
     "canvas", "easel", "picture frame", "projector screen", "scroll", "triangular flag", "white flag"}
)  # fmt: skip
"""Titles of flat artworks: what is on them is printed, painted or pinned there rather than standing on their edge."""


def printed_area(drawing: Artwork) -> tuple[float, float, float, float] | None:
    """Where on a flat artwork another goes, as shares of its box; None for others."""
    return AREAS[drawing.title] if drawing.title in PRINTABLE else None


_ORDINARY = (0.14, 0.32, 0.86, 0.7)
_FRONT = (0.08, 0.3, 0.92, 0.52)
_INK, _CHALK, _GLOW = "#26262c", "#fdfcf7", "#ff8fe0"


def inscribed(scene: Scene, roles: list[Role], stage: Stage) -> list[Role]:
    """The roles with the artworks of what carries a text replaced by ones with the text on them."""
    roles = list(roles)
    for inscription in scene.inscriptions:
        index = inscription.carrier
        if index is None or index >= len(roles):
            continue
        drawings = tuple(
            _written(stage, drawing, inscription.text, scene.things[index].colours) for drawing in roles[index].drawings
        )
        roles[index] = replace(roles[index], drawings=drawings)
    return roles


def _written(stage: Stage, drawing: Artwork, text: str, colours: tuple[str, ...]) -> Artwork:
    x, y, width, height = drawing.box
    fallback = _FRONT if drawing.category == "building" else _ORDINARY
    left, top, right, bottom = AREAS.get(drawing.title, fallback)
    area = (x + left * width, y + top * height, (right - left) * width, (bottom - top) * height)
    built = drawing.category == "building" and drawing.title not in AREAS
    ink = _INK if built else _ink(drawing, colours)
    plate = _plate(area) if built else _wiped(drawing, area)
    markup = stage.markup(drawing.id) + plate + block(text, area, ink, area[3] * (0.6 if built else 0.72))
    identity = f"{WRITTEN}{drawing.id}:{text}"
    made = replace(drawing, id=identity, faces="front")
    if identity not in stage:
        stage.add(made, markup, drawing.id)
    return made


def _wiped(drawing: Artwork, area: tuple[float, float, float, float]) -> str:
    """What is scribbled on a blackboard, wiped off."""
    if drawing.title not in ("blackboard", "whiteboard") or not drawing.colours:
        return ""
    x, y, width, height = area
    ground = drawing.colours[0][0]
    return f'<rect x="{num(x)}" y="{num(y)}" width="{num(width)}" height="{num(height)}" fill="{ground}"/>'


def _plate(area: tuple[float, float, float, float]) -> str:
    """A sign over the door of a building, for its own front has windows and perhaps letters."""
    x, y, width, height = area
    return (
        f'<rect x="{num(x - 0.04 * width)}" y="{num(y)}" width="{num(1.08 * width)}" height="{num(height)}" '
        f'rx="{num(0.12 * height)}" fill="#fffdf4" stroke="#7a5230" stroke-width="{num(0.05 * height)}"/>'
    )


def _ink(drawing: Artwork, colours: tuple[str, ...]) -> str:
    """Dark or light letters, whichever is told better from what they are on."""
    if drawing.title == "neon sign":
        return _GLOW
    if drawing.title in (
        "sign",
        "billboard",
        "held sign",
        "easel",
        "picture frame",
        "poster",
        "whiteboard",
        "speech bubble",
    ):
        return _INK
    if drawing.title in ("stop sign", "blackboard", "shop sign", "menu board", "wall"):
        return _CHALK
    ground = next((PALETTE[name] for name in colours if PALETTE.get(name, "rainbow") != "rainbow"), None)
    if ground is None and drawing.colours:
        ground = drawing.colours[drawing.body[0] if drawing.body else 0][0]
    return _INK if ground is None or lab(ground)[0] > 0.62 else _CHALK
