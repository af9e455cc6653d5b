"""The parts of things, for diagrams that label them."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from importlib import resources

from spectacle.generators.illustration.language.inflect import singular
from spectacle.generators.illustration.language.tokens import fold

_PARTS_ASKED = re.compile(r"\b(?:label\w*|parts?|anatomy|structure|components?)\b", re.IGNORECASE)
_AROUND = re.compile(r"\b(?:an?|the|of|parts?|anatomy|structure|components?|labell?ed|with|its|labels|simple|basic)\b")


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A thing and its parts.

    Attributes:
        name: What it is called.
        drawing: Identity of its artwork.
        parts: Labels with where each part is, across and down, as shares of the artwork's box.
    """

    name: str
    drawing: str
    parts: tuple[tuple[str, float, float], ...]


@functools.cache
def _anatomies() -> dict[str, Anatomy]:
    table: dict[str, Anatomy] = {}
    for row in (resources.files(__package__) / "anatomy.txt").read_text("utf-8").splitlines():
        names, equals, rest = row.partition(" = ")
        if row.startswith("#") or not equals:
            continue
        drawing, _, listed = rest.partition(": ")
        parts = []
        for part in listed.split(","):
            label, across, down = part.strip().rsplit(" ", 2)
            parts.append((label, int(across) / 100, int(down) / 100))
        for name in names.split(","):
            table[fold(name.strip())] = Anatomy(name.strip(), drawing, tuple(parts))
    return table


def anatomy_of(topic: str) -> Anatomy | None:
    """The parts of the thing that is the topic of a diagram: "the parts of a bicycle", "a flower with labels"."""
    words = [singular(word) for word in _AROUND.sub(" ", fold(topic)).replace(",", " ").split()]
    return _anatomies().get(" ".join(words))


def asks_for_parts(text: str) -> bool:
    """Whether a prompt says that parts are to be labelled."""
    return _PARTS_ASKED.search(text) is not None
