"""The spans that a prompt is cut into, and the place where one is cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spectacle.generators.illustration.language import numbers
from spectacle.generators.illustration.language.phrases import Mark, SpanKind
from spectacle.generators.illustration.language.retrieve import Retriever
from spectacle.generators.illustration.language.tokens import Token


@dataclass(slots=True)
class Span:
    """A stretch of the prompt with one meaning.

    Attributes:
        kind: What it does.
        mark: The meaning of a set phrase.
        noun: The singular of a noun; empty for a word nobody knows.
        text: As written, case-folded.
        plural: Whether a noun is written in the plural.
        known: Whether the noun has artworks or is a place.
        raw: The last word as typed.
        possessive: Whether it ends in 's.
    """

    kind: SpanKind
    mark: Mark
    noun: str = ""
    text: str = ""
    plural: bool = False
    known: bool = False
    raw: str = ""
    possessive: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """Where in a prompt a span is cut.

    Attributes:
        tokens: All tokens of the prompt.
        retriever: Knows nouns.
        spans: What was cut so far.
    """

    tokens: Sequence[Token]
    retriever: Retriever
    spans: list[Span]

    @property
    def previous(self) -> SpanKind | None:
        """The kind of the last span; None at the beginning."""
        return self.spans[-1].kind if self.spans else None


def count_of(mark: Mark) -> int:
    """The number a count says, within what is drawn."""
    return numbers.clamp(int(mark.number))
