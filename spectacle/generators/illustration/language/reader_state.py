"""Where the reading of a prompt stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from spectacle.generators.illustration.language.drafts import Modifiers, Pending, Reading
from spectacle.generators.illustration.language.phrases import SpanKind
from spectacle.generators.illustration.language.relations import RelationWord
from spectacle.generators.illustration.language.spans import Span

_DESCRIBING = (SpanKind.COLOUR, SpanKind.ATTRIBUTE, SpanKind.SIZE, SpanKind.PLAIN, SpanKind.DETERMINER, SpanKind.COUNT)


@dataclass(slots=True)
class ReaderState:
    """What the functions that read spans know of those before. Things are numbers in `reading.things`.

    Attributes:
        spans: The spans of the prompt.
        category: Tells the category of a noun's artwork.
        reading: What was read so far.
        modifiers: What was said of the noun to come.
        elliptic: What was said of things whose noun comes later: "a red" in "a red and a blue balloon".
        subject: The things the clause is about.
        earlier_subject: Those that the clause before was about.
        last: The things named last.
        listed: The objects of the last relation, which "and" continues to list.
        pending: The relation that waits for its object.
        linked: The relation whose object was named last.
        floating: Relations whose object came first: "under a tree" in "under a tree sits a cat".
        fronted: Those of the clause that their subject has come to, for what "and" adds to it.
        joined: What the next noun is joined to the one before with, a comma or a conjunction.
        clause_start: Whether the clause has named nothing yet.
        after_copula: Whether "is" came before, so that modifiers are said of the subject.
        related: Whether the clause has related its subject to something.
        negated: Whether what follows is not wanted: "no", "without".
        ignored: Whether what follows is not to be seen, as after "like".
        crowd: Whether a place was followed by "of": "a field of flowers".
        place_at: Number of the span of the last place; -1 before the first.
        side: Where in the image the next thing is.
    """

    spans: Sequence[Span]
    category: Callable[[str], str]
    reading: Reading = field(default_factory=Reading)
    modifiers: Modifiers = field(default_factory=Modifiers)
    elliptic: list[Modifiers] = field(default_factory=list)
    subject: list[int] = field(default_factory=list)
    earlier_subject: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)
    listed: list[int] = field(default_factory=list)
    pending: Pending | None = None
    linked: Pending | None = None
    floating: list[tuple[RelationWord, list[int]]] = field(default_factory=list)
    fronted: list[tuple[RelationWord, list[int]]] = field(default_factory=list)
    joined: SpanKind | None = None
    clause_start: bool = True
    after_copula: bool = False
    related: bool = False
    negated: bool = False
    ignored: bool = False
    crowd: bool = False
    place_at: int = -1
    side: str | None = None

    def is_kind(self, index: int, *kinds: SpanKind) -> bool:
        """Whether there is a span of one of these kinds at `index`."""
        return index < len(self.spans) and self.spans[index].kind in kinds

    def noun_follows(self, index: int) -> bool:
        """Whether only what describes a noun stands before the next noun."""
        while self.is_kind(index, *_DESCRIBING) or (
            self.is_kind(index, SpanKind.AND, SpanKind.COMMA)
            and self.is_kind(index - 1, *_DESCRIBING)
            and self.is_kind(index + 1, *_DESCRIBING)
        ):
            index += 1
        return self.is_kind(index, SpanKind.NOUN)
