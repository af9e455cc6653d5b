"""What is held: in a hand, overhead, in the mouth of an animal, in both arms."""

from __future__ import annotations

from spectacle.generators.illustration.compose.casting import words_of
from spectacle.generators.illustration.compose.doings import LONG_TOOLS, TOOL
from spectacle.generators.illustration.compose.fitting import fit, grow, put
from spectacle.generators.illustration.compose.parts import Assembly

OVERHEAD_WORDS = frozenset(
    {"umbrella", "parasol", "balloon", "balloons", "kite", "flag", "torch", "lantern", "parachute"}
)

_LEVELS = {
    "brushing teeth": 0.34,
    "combing hair": 0.2,
    "taking a selfie": 0.2,
    "chopping wood": 0.2,
    "phoning": 0.36,
    "reading": 0.56,
    "singing": 0.36,
}
"""How high one has in hand what it is done with, as a share of one's height from the top, where not before the body."""


def hold(host: Assembly, child: Assembly, slot: int, slots: int) -> None:
    """Put what is held into the hand, the mouth or the arms of who holds it; `slot` of `slots` held things."""
    root, held = host.root, child.root
    words = words_of(held.drawing, held.noun)
    side = -1 if root.looks == "left" else 1
    if slot % 2:
        side = -side
    bust = root.drawing.form != "whole"
    hand = root.row(0.8 if bust else 0.6)
    if words & {"umbrella", "parasol"}:
        shelter(host, child, side)
        return
    if words & OVERHEAD_WORDS:
        grow(child, root.height * 0.5)
        fit(child, height=root.height * 0.8, width=root.width * 1.1)
        string = held.column(held.outline.lowest())
        if (string - held.middle) * side > 0:
            child.mirror()
            string = held.column(held.outline.lowest())
        reach = 0.46 if not bust else 0.3
        put(child, root.middle + side * root.width * reach - string, hand, root.order + 1)
        return
    if words & {"fire", "flame", "flames"} and root.drawing.category in {"animal", "fantasy"}:
        _breathe(host, child, side)
        return
    if words & LONG_TOOLS and not bust and root.looks == "front" and root.drawing.category in {"person", "fantasy"}:
        child.scale(0.72 * root.height / child.height)
        fit(child, width=0.6 * root.height)
        put(child, root.middle + side * root.width * 0.42, root.height * 0.01, root.order + 1)
        return
    if TOOL in held.noun.attributes and not bust and root.looks == "front":
        child.scale(0.3 * root.height / max(child.height, 0.9 * child.width))
        level = next((row for name, row in _LEVELS.items() if name in root.noun.attributes), 0.53)
        put(child, root.middle + side * root.width * 0.44, root.row(level) + child.height * 0.5, root.order + 1)
        return
    animal = root.drawing.category in {"animal", "bird", "insect", "fish"}
    if root.looks != "front" and animal:
        centre, top, wide = root.outline.head(root.drawing.faces)
        fit(child, height=root.height * 0.46, width=root.width * 0.5)
        grow(child, root.height * 0.26)
        mouth = centre - wide * 0.5 if root.drawing.faces == "left" else centre + wide * 0.5
        x = root.column(mouth) + side * child.width * 0.2
        put(child, x, root.row(min(0.96, top + 0.72)) + child.height * 0.3, root.order + 1)
        low = max(part.bottom for part in child.parts)
        if low > 0:
            for part in child.parts:
                part.shift(0, -low)
        return
    if "hugging" in root.noun.attributes and held.drawing.category not in {"person", "building", "furniture"}:
        child.scale(min(0.52 * root.height / child.height, 0.9 * root.width / child.width))
        put(child, root.middle + side * root.width * 0.12, root.row(0.9), root.order + 1)
        return
    large = held.drawing.category == "instrument" or words & {"guitar", "violin", "book", "newspaper"}
    if large and slots == 1:
        fit(child, height=root.height * 0.56, width=root.width * 0.85)
        grow(child, root.height * 0.4)
        book = bool(words & {"book", "books", "newspaper"})
        x = root.middle + (0 if book else side * root.width * 0.12)
        put(child, x, root.row(0.98 if bust else 0.8), root.order + 1)
        return
    fit(child, height=root.height * 0.5, width=root.width * 0.75)
    grow(child, root.height * 0.26)
    put(child, root.middle + side * root.width * 0.4, hand + child.height * 0.4, root.order + 1)


def _breathe(host: Assembly, child: Assembly, side: int) -> None:
    """Let fire come out of the mouth of the host."""
    root = host.root
    _, top, _ = root.outline.head(root.drawing.faces)
    child.scale(root.height * 0.36 / child.height)
    child.root.angle = 90.0 * side
    mouth = root.middle + side * root.width * (0.46 if root.drawing.faces != "front" else 0.2)
    put(child, mouth + side * child.height * 0.45, root.row(top + 0.2) + child.height * 0.5, root.order + 1)


def shelter(host: Assembly, child: Assembly, side: int = 1) -> None:
    """Hold an umbrella over the host."""
    root = host.root
    child.scale(max(root.height * 0.95, root.width * 1.2) / child.height)
    fit(child, width=root.height * 1.25)
    put(child, root.middle + side * root.width * 0.12, root.row(0.52), root.order - 0.5)
