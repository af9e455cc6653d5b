"""What diagrams of common topics show."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import resources

from spectacle.generators.illustration.language.tokens import fold


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic's parts.

    Attributes:
        layout: `cycle`, `chain`, `row`, `mind` or `parts`.
        parts: Labels with the titles of artworks that show them.
    """

    layout: str
    parts: tuple[tuple[str, str], ...]


@functools.cache
def _topics() -> dict[str, Topic]:
    table: dict[str, Topic] = {}
    for row in (resources.files(__package__) / "knowledge.txt").read_text("utf-8").splitlines():
        names, equals, rest = row.partition(" = ")
        layout, colon, listed = rest.partition(": ")
        if row.startswith("#") or not equals or not colon:
            continue
        parts = (part.partition("=") for part in listed.split(","))
        topic = Topic(layout, tuple((label.strip(), (title or label).strip()) for label, _, title in parts))
        for name in names.split(","):
            table[fold(name.strip())] = topic
    return table


def topic_of(text: str) -> Topic | None:
    """The topic that a text is about: it names it, or a name of two words or more is in it."""
    plain = fold(text).strip(" .!?")
    table = _topics()
    known = table.get(plain)
    if known is not None:
        return known
    words = f" {' '.join(plain.replace(',', ' ').split())} "
    found = [name for name in table if " " in name and f" {name} " in words]
    return table[max(found, key=len)] if found else None
