"""Heads of people: Fluent's faces with another skin, other hair and another expression."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

import re
from dataclasses import dataclass

from spectacle.generators.illustration.art.library import Library
from spectacle.generators.illustration.compose.colour import lighten
from spectacle.generators.illustration.language.colours import PALETTE

TONES = {
    "light": ("#ffd7c2", "#f4c6ad", "#e5af93"),
    "medium-light": ("#eebfaa", "#e4b29a", "#d19479"),
    "medium": ("#c68d7b", "#bb806e", "#ab6a55"),
    "medium-dark": ("#966661", "#8b5c56", "#75443e"),
    "dark": ("#573739", "#4e3233", "#3d2123"),
}
"""Fluent's skin tones: the skin, its shade and the deep shade."""

HAIR = {
    "blonde": "#f3cf68", "blond": "#f3cf68", "red": "#cf5a2b", "orange": "#e07b2d", "brown": "#6d4530", "black": "#2a2123", "white": "#eceaf2",
    "grey": "#a9a9b3", "gold": "#e8b53c", "yellow": "#f3cf68",
}  # fmt: skip
"""Colours of hair by their names; others are the palette's."""

NATURAL = {
    "light": ("#f3cf68", "#b5713c", "#6d4530", "#3a2a26"), "medium-light": ("#6d4530", "#3a2a26", "#8a5a34"), "medium": ("#3a2a26", "#2a2123"),
    "medium-dark": ("#2a2123", "#231a1b"), "dark": ("#1d1517", "#231a1b"),
}  # fmt: skip
"""Hair that goes with a skin, to choose from."""

_SKIN, _BLUSH, _NOSE, _BROWS, _PLAIN_HAIR, _MOUTH = "#ffc83d", "#fdbb11", "#ed9200", "#d37034", "#f1a11e", "#990839"
_BEARD = "#ea9129"
_FACES = {
    ("man", "plain"): "fluent:man", ("woman", "plain"): "fluent:woman", ("person", "plain"): "fluent:person", ("boy", "plain"): "fluent:boy",
    ("girl", "plain"): "fluent:girl", ("child", "plain"): "fluent:child", ("old man", "plain"): "fluent:old-man", ("old woman", "plain"): "fluent:old-woman",
    ("man", "bald"): "fluent:man-bald", ("woman", "bald"): "fluent:woman-bald", ("man", "beard"): "fluent:man-beard",
    ("man", "curly"): "fluent:man-curly-hair", ("woman", "curly"): "fluent:woman-curly-hair",
}  # fmt: skip
_KIN = {"boy": "man", "girl": "woman", "child": "man", "person": "man", "old man": "man", "old woman": "woman"}
_EXPRESSIONS = {
    "sad": '<path d="M12.600 26q3.400-3.400 6.800 0" fill="none" stroke="#990839" stroke-width="1.100" stroke-linecap="round"/>',
    "angry": '<path d="M12.800 25.600q3.200-2.600 6.400 0" fill="none" stroke="#990839" stroke-width="1.300" stroke-linecap="round"/>',
    "surprised": '<ellipse cx="16" cy="25" rx="1.900" ry="2.300" fill="#990839"/>',
    "happy": '<path d="M11.600 22.800q4.400 1.400 8.800 0-.6 4.600-4.400 4.600t-4.400-4.600z" fill="#990839"/><path d="M12.400 23q3.600 1 7.200 0l-.4 1.300h-6.400z" fill="#fff"/>',
}  # fmt: skip
_ANGRY_BROWS = '<path d="M8.600 13.600l5.200 2.200M23.400 13.600l-5.200 2.200" fill="none" stroke="{0}" stroke-width="1.500" stroke-linecap="round"/>'
_SAD_BROWS = '<path d="M8.600 15.200l5-2.200M23.400 15.200l-5-2.200" fill="none" stroke="{0}" stroke-width="1.300" stroke-linecap="round"/>'
_TEARS = '<path d="M9.600 20.500q-1.800 3 0 4 1.800-1 0-4zM22.400 20.500q-1.800 3 0 4 1.800-1 0-4z" fill="#5ab8f0"/>'


@dataclass(frozen=True, slots=True)
class Head:
    """How a head looks.

    Attributes:
        who: `man`, `woman`, `person`, `boy`, `girl`, `child`, `old man` or `old woman`.
        tone: A skin tone of `TONES`.
        hair: Colour of the hair; empty for the face's own.
        cut: `plain`, `bald`, `beard` or `curly`.
        long: Whether the hair falls to the shoulders and below.
        mood: `sad`, `angry`, `surprised`, `happy` or empty.
        crying: Whether tears fall.
        freckles: Whether there are freckles.
        cover: Colour of a headscarf; empty for none.
        turban: Colour of a turban; empty for none.
    """

    who: str
    tone: str = "light"
    hair: str = ""
    cut: str = "plain"
    long: bool = False
    mood: str = ""
    crying: bool = False
    freckles: bool = False
    cover: str = ""
    turban: str = ""


def hair_colour(name: str) -> str:
    """The colour that hair of a named colour has."""
    value = HAIR.get(name) or PALETTE.get(name, "")
    return value if value != "rainbow" else "#c95fd0"


def head(look: Head, library: Library) -> str:
    """Markup of a head on a grid of 32 by 32, its chin at about 29."""
    markup = library.markup(_face(look, library))
    skin, shade, deep = TONES[look.tone]
    old = look.who.startswith("old")
    hair = look.hair or ("" if old else "#6d4530")
    swap = {_SKIN: skin, _BLUSH: shade, _NOSE: deep, "#d67d00": deep, "#f59f00": shade}
    if hair:
        swap |= {
            _PLAIN_HAIR: hair,
            _BROWS: lighten(hair, -0.05),
            _BEARD: lighten(hair, -0.03),
            "#9b9b9b": hair,
            "#636363": lighten(hair, -0.08),
        }
    if look.cut == "curly" and hair:
        swap[_BROWS] = lighten(hair, -0.07)  # the strands between the curls are drawn in it too
    markup = re.sub(r'fill="(#[0-9a-f]+)"', lambda found: f'fill="{swap.get(found[1], found[1])}"', markup)
    markup = _with_mood(markup, look, lighten(hair or "#8a8a8a", -0.05))
    if look.freckles:
        spots = ((9.5, 20.2), (11, 21.4), (12.4, 20), (19.6, 20), (21, 21.4), (22.5, 20.2))
        markup += "".join(f'<circle cx="{x}" cy="{y}" r=".5" fill="{deep}"/>' for x, y in spots)
    if look.cover:
        markup = _covered(markup, look.cover)
    elif look.turban:
        markup += _turban(look.turban)
    elif look.long and look.cut != "bald":
        behind = '<path d="M4.600 14Q4 2.500 16 2.500T27.400 14l1.400 22q-3 3-6.600 1l-.8-14h-10.800l-.8 14q-3.600 2-6.600-1z" fill="{0}"/>'
        markup = behind.format(hair or "#a9a9b3") + markup
    return markup


def _face(look: Head, library: Library) -> str:
    cut = look.cut if not (look.cover or look.turban) else "plain"
    who = look.who if (look.who, cut) in _FACES else _KIN.get(look.who, look.who)
    identity = _FACES.get((who, cut)) or _FACES.get((look.who, "plain"), "fluent:person")
    return identity if identity in library else "fluent:person"


def _with_mood(markup: str, look: Head, brow: str) -> str:
    if look.mood in _EXPRESSIONS:
        markup = re.sub(rf'<path d="[^"]*" fill="{_MOUTH}"/>', _EXPRESSIONS[look.mood], markup, count=1)
    if look.mood == "angry":
        markup += _ANGRY_BROWS.format(brow)
    if look.mood == "sad":
        markup += _SAD_BROWS.format(brow)
    return markup + (_TEARS if look.crying else "")


def _covered(markup: str, colour: str) -> str:
    """The head in a scarf that leaves the face free."""
    dark = lighten(colour, -0.08)
    scarf = (
        f'<path d="M16 .6C5.500.6 2.600 9 3.400 18c.6 8 2.600 12 1.600 16q11 4 22 0c-1-4 1-8 1.600-16C29.400 9 26.500.6 16 .6zm0 6c6.400 0 8.600 4 8.600 10.400S21.400 28.600 16 28.600 7.400 23.400 7.400 17 9.600 6.600 16 6.600z" '
        f'fill="{colour}" fill-rule="evenodd"/><path d="M8 26q8 6.600 16 0l2 5q-10 6-20 0z" fill="{dark}"/>'
    )
    return markup + scarf


def _turban(colour: str) -> str:
    dark = lighten(colour, -0.07)
    return (
        f'<path d="M4.600 12.600Q3 1 16 .6T27.400 12.600Q22 7.600 16 7.600T4.600 12.600z" fill="{colour}"/>'
        f'<path d="M5 10Q14 2 27 9M7 6Q17 0 25.600 6" fill="none" stroke="{dark}" stroke-width="1.200"/>'
    )
