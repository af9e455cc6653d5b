"""The English function words and set phrases in one dictionary, and cutting tokens into spans by longest match."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from spectacle.generators.illustration.words import attributes, colours, numbers, places, relations, styles
from spectacle.generators.illustration.words.places import PlaceWord
from spectacle.generators.illustration.words.relations import RelationWord
from spectacle.generators.illustration.words.tokens import tokenise


class Kind(Enum):
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

    kind: Kind
    text: str = ""
    number: float = 0
    names: tuple[str, ...] = ()
    relation: RelationWord | None = None


_SIMPLE: dict[Kind, str] = {
    Kind.DETERMINER: "a|an|the|this|that|these|those|each|every|any|all|all the|another|an other|one of the",
    Kind.POSSESSIVE: "his|her|its|their|my|your|our|it's own|his own|her own|their own|its own",
    Kind.HAVE: "has|have|having|had|that has|which has|who has|that have|with its|has got|have got|features|featuring|"
    "equipped with|bearing",
    Kind.OF: "of|of the",
    Kind.NEGATION: "without|no|not|without any|with no|there is no|there are no|do not draw|do not include|do not add|"
    "do not show|but no|but not|and no|and not|never|except|except for|free of|instead of|rather than|excluding|minus|"
    "devoid of|other than|lacking|do not want|i do not want|avoid|neither|none|is not|are not|not a|not the|not any|"
    "no more|no longer|does not have|do not have|without the|has no|have no|is no|exclude|do not put|do not use",
    Kind.AND: "and|&|plus|and also|as well as|and then|while|and with|but|then|and there is|and there are|,and",
    Kind.OR: "or|nor",
    Kind.COPULA: "is|are|was|were|be|being|been|there is|there are|there was|there were|it is|this is|these are|"
    "that is|which is|who is|that are|which are|who are|is being|are being|here is|becomes|looks|seems|"
    "has been|have been|should be|must be|will be|can be|is just|that was|they are|he is|she is|and is|and are|"
    "should have been|appears to be|needs to be|is currently",
    Kind.PRONOUN: "it|them|him|he|she|they|each of them|itself|himself|herself|themselves|both of them|all of them",
    Kind.LIKE: "like|as if|such as|resembling|shaped like|similar to|inspired by|reminiscent of|looking like|looks like|"
    "in the shape of|as big as|as small as|as though|bigger than|larger than|smaller than|taller than|size of|"
    "the size of|because|because of|thanks to|symbolizing|symbolising|representing|about to",
    Kind.NAMED: "named|called|titled|entitled|nicknamed|known as|by the name of|whose name is|saying|says|that says|"
    "which says|reading the words|with the text|with the words|with text|written",
    Kind.OTHER: "the other|the other one|other|the others|the second|the second one|the third",
    Kind.SKIP: "who|which|whom|whose|where|when|just|also|there|here|i|you|me|us|we|to|not only|both|either|if|then|"
    "than|do|does|did|can|could|will|would|should|may|might|must|let|make|made|get|up|down|away|off|back|again|often|"
    "today|tomorrow|yesterday|now|still|ever|always|maybe|perhaps|about|via|per|for fun|what|how|why|go|goes|going|"
    "come|comes|coming|ready|yes|ok|okay|hello|hi|hey|thing|things|something|somewhere|someone|everyone|anything|"
    "everything|nothing|it all|way|lot|time|times|one another|sort|kind|type|along the way|add|include|including|"
    "containing only|only|want|like it|start|starts|starting|begin|begins|try|trying|tries|keep|keeps|keeping|out|"
    "having a|enjoying|enjoys|enjoying a|day|days|light|lights|shadow|shadows|background|scene|view|picture|image|"
    "doing|done|does not|having|taking|takes|using|uses|in order to|so that|until|during|since|whilst|upside down|"
    "full|style|of course|in the world|in the universe|ago|else|most|more|less|much|least|such|in general|made out of|"
    "inside out|home alone|apart|ahead|around it all|various kinds of|all kinds of|different kinds of|pose|poses",
}  # fmt: skip


def _table() -> dict[str, Mark]:
    table: dict[str, Mark] = {}

    def put(phrases: Iterable[str], mark: Mark) -> None:
        for phrase in phrases:
            table[" ".join(token.text for token in tokenise(phrase))] = mark

    put(attributes.PLAIN, Mark(Kind.PLAIN))
    for word, size in attributes.SIZE_WORDS.items():
        put([word], Mark(Kind.SIZE, number=size))
    for word, name in attributes.ATTRIBUTE_WORDS.items():
        put([word], Mark(Kind.ATTRIBUTE, text=name))
    for word, name in colours.COLOUR_WORDS.items():
        put([word, f"{word} colored", f"{word} coloured", f"{word} color"], Mark(Kind.COLOUR, text=name))
    put(styles.SKIPPED, Mark(Kind.SKIP))
    for word, name in styles.STYLE_WORDS.items():
        put([word], Mark(Kind.STYLE, text=name))
    for word, names in places.SKY_WORDS.items():
        put([word], Mark(Kind.SKY, text="sky" if word in places.SKY_PLACES else "", names=names))
    for word, relation in relations.VERB_WORDS.items():
        if word not in table or " " in word:
            put([word], Mark(Kind.VERB, relation=relation))
    for word, count in numbers.COUNT_WORDS.items():
        put([word], Mark(Kind.COUNT, number=count))
    for word, relation in relations.RELATION_WORDS.items():
        put([word], Mark(Kind.RELATION, text=word, relation=relation))
    for kind, phrases in _SIMPLE.items():
        put(phrases.split("|"), Mark(kind))
    for word, side in relations.SIDE_WORDS.items():
        put([word], Mark(Kind.SIDE, text=side))
    return table


@functools.cache
def table() -> dict[str, Mark]:
    """Phrases, as token texts joined by spaces, to their meaning."""
    return _table()


LONGEST = 6
"""Words in the longest set phrase that is looked for."""


def longest(words: Sequence[str], start: int) -> tuple[int, Mark | None]:
    """The longest set phrase that begins at `start`: its length in words and its meaning, or 0 and None."""
    phrases = table()
    for length in range(min(LONGEST, len(words) - start), 0, -1):
        mark = phrases.get(" ".join(words[start : start + length]))
        if mark is not None:
            return length, mark
    return 0, None


def verb_of(word: str) -> RelationWord | None:
    """The relation a word makes when it is taken for a verb."""
    return relations.VERB_WORDS.get(word)


def place_of(noun: str) -> PlaceWord | None:
    """What a singular noun says of the place."""
    return places.PLACE_WORDS.get(noun)
