"""What is known of a scene while its prompt is being read."""

from __future__ import annotations

from dataclasses import dataclass, field

from spectacle.generators.illustration.language.relations import RelationWord
from spectacle.generators.illustration.language.scene import RelationKind


@dataclass(slots=True)
class Draft:
    """A thing while the prompt is being read."""

    term: str
    text: str
    plural: bool = False
    known: bool = True
    raw: str = ""
    count: int | None = None
    colours: list[str] = field(default_factory=list)
    size: float = 1.0
    attributes: list[str] = field(default_factory=list)
    modifiers: list[str] = field(default_factory=list)
    definite: bool = False
    side: str | None = None
    dropped: bool = False
    like: str = ""

    def words_said(self) -> list[str]:
        """Colours, adjectives and verbs that an artwork's title may name too."""
        return [*self.modifiers, *self.attributes, *self.colours]


@dataclass(slots=True)
class Link:
    """A relation while the prompt is being read."""

    subject: int
    kind: RelationKind
    objects: list[int]


@dataclass(slots=True)
class Reading:
    """What was read."""

    things: list[Draft] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    places: list[tuple[str, bool]] = field(default_factory=list)
    sky: list[str] = field(default_factory=list)
    style: str | None = None
    in_sky: list[int] = field(default_factory=list)
    unwanted: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Pending:
    """A relation that waits for its object."""

    word: RelationWord
    text: str
    subjects: list[int]
    having: bool = False
    after_place: bool = False


@dataclass(slots=True)
class Modifiers:
    """What was said so far of the noun to come."""

    determined: bool = False
    definite: bool = False
    possessive: bool = False
    count: int | None = None
    colours: list[str] = field(default_factory=list)
    size: float = 1.0
    attributes: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def empty(self) -> bool:
        return not (self.count or self.colours or self.attributes or self.size != 1.0)
