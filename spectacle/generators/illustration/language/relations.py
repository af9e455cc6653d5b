"""Words that relate things: prepositions, verbs, and the nouns that hang on them."""

from __future__ import annotations

from dataclasses import dataclass

from spectacle.generators.illustration.language.scene import RelationKind
from spectacle.generators.illustration.language.tables import by_word, meanings, word_set


@dataclass(frozen=True, slots=True)
class RelationWord:
    """What a relating phrase says.

    Attributes:
        kind: The relation; None where the phrase only joins ("with", "of") and the nouns decide.
        reverse: Whether subject and object change sides ("followed by").
        attribute: What the subject does, such as `flying` in "flying over".
        placing: Whether a place noun after it says where the scene is.
    """

    kind: RelationKind | None
    reverse: bool = False
    attribute: str | None = None
    placing: bool = False


_PLACING = word_set("placing")
_IRREGULAR_FORMS = meanings("irregular verbs")
_NO_DOUBLING = frozenset({"visit", "enjoy", "deliver", "wander", "water", "offer", "open", "discover", "harvest"})
_AMBIGUOUS_STEMS = word_set("verbs that are nouns")


def verb_forms(phrase: str) -> list[str]:
    """The forms in which a verb phrase is met: "sit on" gives "sitting on", "sits on", "sat on", "sit on"."""
    stem, _, rest = phrase.partition(" ")
    tail = f" {rest}" if rest else ""
    if stem.endswith("ie"):
        gerund = stem[:-2] + "ying"
    elif stem.endswith("e") and not stem.endswith(("ee", "oe", "ye")):
        gerund = stem[:-1] + "ing"
    elif _doubles(stem):
        gerund = stem + stem[-1] + "ing"
    else:
        gerund = stem + "ing"
    third = stem + "es" if stem.endswith(("s", "sh", "ch", "x", "z", "o")) else stem + "s"
    if stem.endswith("y") and stem[-2] not in "aeiou":
        third = stem[:-1] + "ies"
        past = stem[:-1] + "ied"
    elif stem.endswith("e"):
        past = stem + "d"
    elif _doubles(stem):
        past = stem + stem[-1] + "ed"
    else:
        past = stem + "ed"
    forms = [gerund, third, past, stem, *_IRREGULAR_FORMS.get(stem, ())]
    return [form + tail for form in forms]


def _doubles(stem: str) -> bool:
    vowels = sum(letter in "aeiou" for letter in stem)
    return (
        len(stem) > 2
        and stem[-1] not in "aeiouwxyh"
        and stem[-2] in "aeiou"
        and stem[-3] not in "aeiou"
        and vowels == 1
        and stem not in _NO_DOUBLING
    )


def _prepositions() -> dict[str, RelationWord]:
    return {
        phrase: RelationWord(RelationKind(kind), placing=phrase in _PLACING)
        for phrase, kind in by_word("prepositions").items()
    }  # fmt: skip


def _verbs() -> dict[str, RelationWord]:
    table: dict[str, RelationWord] = {}
    for phrase, meaning in by_word("verbs").items():
        kind, _, attribute = meaning.partition("/")
        word = RelationWord(RelationKind(kind), attribute=attribute or None, placing=kind != RelationKind.WEARING)
        for form in verb_forms(phrase):
            table.setdefault(form, word)
    for phrase, meaning in by_word("verb phrases").items():
        flags = meaning.split()
        placing, reverse = "placing" in flags, "reversed" in flags
        kind, _, attribute = " ".join(flag for flag in flags if flag not in ("placing", "reversed")).partition("/")
        known = None if kind == "none" else RelationKind(kind)
        table[phrase] = RelationWord(known, reverse, attribute or None, placing)
    return table


RELATION_WORDS = _prepositions()
"""Prepositions to the relation they make."""

VERB_WORDS = _verbs()
"""Verb forms to the relation they make between their subject and their object."""

BARE_VERBS = frozenset(
    form
    for phrase in by_word("verbs")
    if phrase in _AMBIGUOUS_STEMS
    for form in verb_forms(phrase)
    if not form.endswith("ing") or form == phrase
)
"""Forms that are a noun as often, to be considered a verb only right after a noun."""

SIDE_WORDS = by_word("sides")
"""Phrases that place a thing in the image rather than by another thing."""

PARTS = word_set("parts")
"""Nouns that are part of a thing: after "with", "has" or a possessive they describe it and are not drawn next to it."""

WEARABLE = word_set("wearable")
"""Nouns that are worn: "with a hat" and "in a red dress" say wearing."""

HANDHELD = word_set("handheld")
"""Nouns that are held: "a girl with a balloon" says holding."""

CONTAINERS = word_set("containers")
"""Nouns that hold others: "a basket with eggs" says inside."""

MEASURES = word_set("measures")
"""Nouns before "of" that are passed over for the noun after it: "a slice of pizza"."""

RIDEABLE = word_set("rideable")
"""Nouns that one rides when one is on them."""

HIDEOUTS = word_set("hideouts")
"""Wearable nouns that one is inside of when they are one: "a mouse in a boot"."""

SEATS = word_set("seats")
"""Furniture that one is on even when one is said to be in it."""

SURFACES = word_set("surfaces")
"""Nouns that have things on them: "a table with a vase"."""

ROLES = by_word("roles")
"""Roles to what one who is dressed as them wears."""

TABLES = word_set("tables")
"""Nouns that have seats around them."""
