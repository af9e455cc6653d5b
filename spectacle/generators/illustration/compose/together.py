"""What two or more people do with each other: who stands on which side, with which arms, and how near."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from spectacle.generators.illustration.language.scene import Relation, RelationKind, Scene, Thing

PAIRED = "together"
"""Attribute of those who were brought together here."""

_DOING = {
    "hugging": ("across+around", "around+across", "around", 0.4),
    "kissing": ("across+around", "around+across", "around", 0.37),
    "shaking hands": ("down+offer", "offer+down", "out", 0.84),
    "holding hands": ("down+join", "join+down", "join", 0.82),
    "high five": ("down+raised", "raised+down", "raised", 0.86),
}
"""What people do: arms of the left one, of the right one and of those between, and their distance by their width."""

_NEAR = frozenset({RelationKind.BESIDE, RelationKind.HOLDING, RelationKind.LOOKING_AT, RelationKind.IN_FRONT_OF})


@dataclass(frozen=True, slots=True)
class Together:
    """The scene with those who do something together brought together.

    Attributes:
        scene: The scene.
        arms: For each thing whose people do something together, the arms of each of them.
    """

    scene: Scene
    arms: dict[int, tuple[str, ...]]


def brought_together(scene: Scene, is_person: Callable[[Thing], bool]) -> Together:
    """Finds who hugs, kisses or shakes hands with whom, and says how each holds the arms.

    Args:
        scene: The scene as read.
        is_person: Whether a thing is people whose arms can be posed.
    """
    things, relations = list(scene.things), list(scene.relations)
    arms: dict[int, tuple[str, ...]] = {}
    free = [index for index, thing in enumerate(things) if is_person(thing)]
    for index in free:
        doing = doing_of(things[index])
        if doing is None or index in arms:
            continue
        left, right, middle, _ = _DOING[doing]
        count = things[index].count
        if count > 1:
            arms[index] = (left, *[middle] * (min(4, count) - 2), right)
            things[index] = _marked(things[index], doing)
            continue
        partner = _partner(index, doing, free, things, relations)
        if partner is None or partner in arms:
            continue
        arms[index], arms[partner] = (left,), (right,)
        things[index], things[partner] = _marked(things[index], doing), _marked(things[partner], doing)
        pair = {index, partner}
        relations = [one for one in relations if {one.subject, *one.objects} != pair]
        relations.append(Relation(partner, RelationKind.RIGHT_OF, (index,)))
    return Together(replace(scene, things=tuple(things), relations=tuple(relations)), arms)


def _partner(index: int, doing: str, free: list[int], things: list[Thing], relations: list[Relation]) -> int | None:
    """With whom: the object of what one does, or another who does the same."""
    for relation in relations:
        if relation.subject == index and relation.kind in _NEAR and relation.objects[0] in free:
            return relation.objects[0] if things[relation.objects[0]].count == 1 else None
    others = (other for other in free if other > index and things[other].count == 1)
    return next((other for other in others if doing in things[other].attributes), None)


def _marked(thing: Thing, doing: str) -> Thing:
    return replace(thing, attributes=tuple(dict.fromkeys((*thing.attributes, doing, PAIRED))))


def doing_of(thing: Thing) -> str | None:
    """What people do together, if anything."""
    return next((name for name in _DOING if name in thing.attributes), None)


def distance_of(thing: Thing) -> float | None:
    """How far apart those stand who do something together, as a share of their width; None for others."""
    doing = doing_of(thing) if PAIRED in thing.attributes else None
    return None if doing is None else _DOING[doing][3]
