"""What a relating word means between two nouns: "with a hat" is wearing, "on a horse" is riding."""

from __future__ import annotations

from collections.abc import Callable

from spectacle.generators.illustration.language import relations
from spectacle.generators.illustration.language.drafts import Draft
from spectacle.generators.illustration.language.relations import RelationWord
from spectacle.generators.illustration.language.scene import RelationKind

ANIMALS = frozenset({"animal", "bird", "insect", "fish"})
"""Categories of the art library for animals."""

ANIMATE = ANIMALS | {"person", "fantasy"}
"""Categories of those who do things: hold, wear, chase."""

_UPON = frozenset({"on", "on the back of", "on top of", "sitting on", "atop"})
_SIDES = frozenset(
    {"fry", "fries", "french fry", "french fries", "chips", "salad", "soup", "rice", "side salad", "coleslaw"}
)
"""What is served next to a dish rather than on it."""
_PUT_ON = frozenset({"hat", "cap", "helmet"})

Meaning = tuple[RelationKind | None, bool]
"""A relation, if any, and whether subject and object change sides."""


def is_worn(term: str) -> bool:
    """Whether a noun is something to wear."""
    return term in relations.WEARABLE or term.rsplit(maxsplit=1)[-1] in relations.WEARABLE


def is_borne(term: str) -> bool:
    """Whether a noun is something to wear or to hold."""
    return is_worn(term) or term in relations.HANDHELD


def meaning(owner: Draft, word: RelationWord, target: Draft, text: str, category: Callable[[str], str]) -> Meaning:
    """What relating words say between two things.

    Args:
        owner: The thing before the words.
        word: What the words say by themselves.
        target: The thing after them.
        text: The words; `with` also for "has" and its like.
        category: Tells the category of a noun's artwork.
    """
    kind = word.kind
    last = target.term.split()[-1]
    if text == "with":
        return _having(owner, target, category)
    if word.reverse:
        return kind, True
    poured = kind is RelationKind.INSIDE and text == "into" and category(owner.term) == "person"
    if poured and last in relations.CONTAINERS:
        return RelationKind.BESIDE, False  # what is poured goes in, not who pours
    if kind is RelationKind.INSIDE:
        if is_worn(target.term) and not word.attribute and (text == "in" or target.plural):
            hidden = target.term in relations.HIDEOUTS - _PUT_ON and not target.plural
            return (RelationKind.INSIDE if hidden else RelationKind.WEARING), False
        if last in relations.SEATS:
            return RelationKind.ON, False
    elif kind is RelationKind.ON:
        if target.term in relations.RIDEABLE and text in _UPON:
            return RelationKind.RIDING, False
        if text == "on" and "flying" in owner.attributes:
            return RelationKind.ABOVE, False
    elif kind is RelationKind.BESIDE and text.endswith(" with") and _is_carried(owner, target, category):
        return RelationKind.HOLDING, False  # "walking with a briefcase"
    elif kind is RelationKind.WEARING:
        if not is_worn(target.term) and target.term in relations.HANDHELD:
            return RelationKind.HOLDING, False
    elif kind is RelationKind.HOLDING:
        return _holding(owner, word, target, text, category)
    return kind, False


def _is_carried(owner: Draft, target: Draft, category: Callable[[str], str]) -> bool:
    lively = category(owner.term) in ANIMATE
    return lively and target.term in relations.HANDHELD and category(target.term) not in ANIMATE


def _holding(owner: Draft, word: RelationWord, target: Draft, text: str, category: Callable[[str], str]) -> Meaning:
    if word.attribute == "playing" and (category(target.term) in ("sport", "toy") or "chess" in target.term):
        return RelationKind.BESIDE, False
    if text in ("flying", "flies", "flew", "fly"):
        owner.attributes[:] = [name for name in owner.attributes if name != "flying"]
        return (RelationKind.HOLDING if target.term == "kite" else RelationKind.RIDING), False
    return RelationKind.HOLDING, False


def _having(owner: Draft, target: Draft, category: Callable[[str], str]) -> Meaning:
    sort, other = category(owner.term), category(target.term)
    last = owner.term.split()[-1]
    surface = owner.term in relations.SURFACES or last in relations.SURFACES
    container = owner.term in relations.CONTAINERS or last in relations.CONTAINERS
    served = sort in ("food", "dish") and owner.term not in relations.TABLES
    if served and (
        other == "drink" or (last not in ("cake", "pizza", "cream", "pancake", "toast") and target.term in _SIDES)
    ):
        return RelationKind.BESIDE, True
    if is_worn(target.term) and not surface and not container:
        return RelationKind.WEARING, False
    if owner.term in relations.TABLES and other in ("furniture", "person"):
        return RelationKind.AROUND, True
    if surface and other not in ("furniture", "person"):
        return RelationKind.ON, True
    if container:
        return RelationKind.INSIDE, True
    if target.term in relations.HANDHELD and sort in ANIMATE:
        return RelationKind.HOLDING, False
    if sort in ANIMATE and other == "drink":
        return RelationKind.HOLDING, False
    if sort == "person" and other == "food":
        owner.attributes.append("dining")
        return RelationKind.BESIDE, False
    if sort == "plant" and other in ("fruit", "bird", "animal"):
        return RelationKind.INSIDE, True
    return RelationKind.BESIDE, True
