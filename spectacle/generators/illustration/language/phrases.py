"""The English function words and set phrases in one dictionary, and cutting tokens into spans by longest match."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from spectacle.generators.illustration.language import attributes, colours, numbers, places, relations, styles
from spectacle.generators.illustration.language.places import PlaceWord
from spectacle.generators.illustration.language.relations import RelationWord
from spectacle.generators.illustration.language.scene import RelationKind
from spectacle.generators.illustration.language.tables import meanings
from spectacle.generators.illustration.language.tokens import tokenise


class SpanKind(Enum):
    """What a span of words does in a sentence."""

    DETERMINER = auto()
    POSSESSIVE = auto()
    COUNT = auto()
    COLOUR = auto()
    SIZE = auto()
    ATTRIBUTE = auto()
    PLAIN = auto()
    NOUN = auto()
    SKY = auto()
    STYLE = auto()
    SKIP = auto()
    RELATION = auto()
    VERB = auto()
    SIDE = auto()
    HAVE = auto()
    OF = auto()
    NEGATION = auto()
    AND = auto()
    OR = auto()
    COMMA = auto()
    STOP = auto()
    COPULA = auto()
    PRONOUN = auto()
    LIKE = auto()
    NAMED = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Mark:
    """The meaning of a set phrase; which field holds it goes by `kind`."""

    kind: SpanKind
    text: str = ""
    number: float = 0
    names: tuple[str, ...] = ()
    relation: RelationWord | None = None


def _table() -> dict[str, Mark]:
    table: dict[str, Mark] = {}

    def put(phrases: Iterable[str], mark: Mark) -> None:
        for phrase in phrases:
            table[" ".join(token.text for token in tokenise(phrase))] = mark

    put(attributes.PLAIN, Mark(SpanKind.PLAIN))
    for word, size in attributes.SIZE_WORDS.items():
        put([word], Mark(SpanKind.SIZE, number=size))
    for word, name in attributes.ATTRIBUTE_WORDS.items():
        put([word], Mark(SpanKind.ATTRIBUTE, text=name))
    for word, name in colours.COLOUR_WORDS.items():
        put([word, f"{word} colored", f"{word} coloured", f"{word} color"], Mark(SpanKind.COLOUR, text=name))
    put(styles.SKIPPED, Mark(SpanKind.SKIP))
    for word, name in styles.STYLE_WORDS.items():
        put([word], Mark(SpanKind.STYLE, text=name))
    for word, names in places.SKY_WORDS.items():
        put([word], Mark(SpanKind.SKY, text="sky" if word in places.SKY_PLACES else "", names=names))
    for word, relation in relations.VERB_WORDS.items():
        if word not in table or " " in word:
            put([word], Mark(SpanKind.VERB, relation=relation))
    for word, count in numbers.COUNT_WORDS.items():
        put([word], Mark(SpanKind.COUNT, number=count))
    for word, relation in relations.RELATION_WORDS.items():
        put([word], Mark(SpanKind.RELATION, text=word, relation=relation))
    for word, relation in relations.VERB_WORDS.items():
        if relation.reverse and relation.kind is RelationKind.AROUND:
            put([word], Mark(SpanKind.RELATION, text=word, relation=relation))
    for name, phrases in meanings("functions").items():
        put(phrases, Mark(SpanKind[name.upper()]))
    for word, side in relations.SIDE_WORDS.items():
        put([word], Mark(SpanKind.SIDE, text=side))
    return table


@functools.cache
def table() -> dict[str, Mark]:
    """Phrases, as token texts joined by spaces, to their meaning."""
    return _table()


MAX_PHRASE_WORDS = 6
"""Words in the longest set phrase that is looked for."""


def longest(words: Sequence[str], start: int) -> tuple[int, Mark | None]:
    """The longest set phrase that begins at `start`: its length in words and its meaning, or 0 and None."""
    phrases = table()
    for length in range(min(MAX_PHRASE_WORDS, len(words) - start), 0, -1):
        mark = phrases.get(" ".join(words[start : start + length]))
        if mark is not None:
            return length, mark
    return 0, None


def verb_of(word: str) -> RelationWord | None:
    """The relation a word makes when it is considered a verb."""
    return relations.VERB_WORDS.get(word)


def place_of(noun: str) -> PlaceWord | None:
    """What a singular noun says of the place."""
    return places.PLACE_WORDS.get(noun)
