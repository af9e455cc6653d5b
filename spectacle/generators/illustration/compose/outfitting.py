"""What a scene takes for granted: a table under what is cooked, a book for those who read, a board for those who surf."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

from dataclasses import replace

from spectacle.generators.illustration.art.library import Library
from spectacle.generators.illustration.compose.doings import equipped
from spectacle.generators.illustration.language.scene import Match, Relation, RelationKind, Scene, Thing


def closer(scene: Scene, library: Library) -> Scene:
    """The scene seen from near when it is small things on a plain table: the table becomes the place."""
    if scene.place not in {None, "room", "kitchen", "table"}:
        return scene
    small = {
        "food",
        "dish",
        "drink",
        "fruit",
        "vegetable",
        "tool",
        "device",
        "toy",
        "flower",
        "object",
        "plant",
        "clothing",
    }
    tables = [
        index
        for index, thing in enumerate(scene.things)
        if "table" in library[thing.matches[0].drawing].title.split() and thing.matches[0].score > 0.8
    ]
    if len(tables) != 1 or len(scene.things) == 1:
        return scene
    table = tables[0]
    thing = scene.things[table]
    plain = thing.count == 1 and not thing.colours and thing.size == 1.0
    others = [library[one.matches[0].drawing] for index, one in enumerate(scene.things) if index != table]
    if not plain or not all(one.category in small and one.height_m <= 0.8 for one in others):
        return scene
    if any(
        table in (relation.subject, *relation.objects) and relation.kind is not RelationKind.ON
        for relation in scene.relations
    ):
        return scene
    return replace(without(scene, table), place="table", place_said=True)


def without(scene: Scene, unwanted: int) -> Scene:
    """The scene without one of its things and what relates to it."""
    kept = [index for index in range(len(scene.things)) if index != unwanted]
    relations = tuple(
        replace(
            relation,
            subject=kept.index(relation.subject),
            objects=tuple(kept.index(index) for index in relation.objects),
        )
        for relation in scene.relations
        if unwanted not in (relation.subject, *relation.objects)
    )
    return replace(scene, things=tuple(scene.things[index] for index in kept), relations=relations)


def sensible(scene: Scene, library: Library) -> Scene:
    """The scene without hands that are held, and with the table become the place where it is only that."""
    for relation in scene.relations:
        if relation.kind is RelationKind.HOLDING and scene.things[relation.objects[0]].noun in {"hand", "hands"}:
            return sensible(without(scene, relation.objects[0]), library)
    for relation in scene.relations:
        bowl = scene.things[relation.objects[0]]
        served = library[scene.things[relation.subject].matches[0].drawing].title in _SERVED
        if relation.kind is RelationKind.INSIDE and served and bowl.noun.split()[-1] in {"bowl", "plate", "dish"}:
            return sensible(without(scene, relation.objects[0]), library)
    return closer(mounted(equipped(scene, library), library), library)


_SERVED = frozenset(
    {"green salad", "steaming bowl", "soup bowl", "bowl with spoon", "curry rice", "shaved ice", "fried rice", "pot of food",
     "cooked rice", "spaghetti"}
)  # fmt: skip
"""Titles of dishes whose artwork has a bowl or a plate of its own."""

_RIDES = {
    "surfing": ("surfboard", "spectacle:surfboard"), "skating": ("skateboard", "spectacle:skateboard"), "cycling": ("bicycle", "fluent:bicycle"),
    "skiing": ("skis", "fluent:skis"),
}  # fmt: skip
"""What animals ride for what they are said to do: the noun and its artwork."""


def mounted(scene: Scene, library: Library) -> Scene:
    """The scene with what animals ride on for what they are said to do."""
    nouns = {thing.noun for thing in scene.things}
    things, relations = list(scene.things), list(scene.relations)
    ridden = {relation.subject for relation in relations if relation.kind is RelationKind.RIDING}
    for index, thing in enumerate(scene.things):
        drawing = library[thing.matches[0].drawing]
        if index in ridden or drawing.form != "whole" or drawing.category not in {"animal", "bird", "fantasy"}:
            continue
        for doing, (noun, identity) in _RIDES.items():
            if doing in thing.attributes and noun not in nouns and identity in library:
                things.append(Thing(noun, (Match(identity, 1.0),), count=thing.count))
                relations.append(Relation(index, RelationKind.RIDING, (len(things) - 1,)))
    return at_table(replace(scene, things=tuple(things), relations=tuple(relations)), library)


_AT_TABLE = frozenset({"cooking", "cutting", "making", "dining"})
_TABLE = "spectacle:table"


def at_table(scene: Scene, library: Library) -> Scene:
    """The scene with what people cook, cut or make on a table before them rather than on the floor."""
    if (
        scene.place == "table"
        or any({"table", "counter"} & set(thing.noun.split()) for thing in scene.things)
        or _TABLE not in library
    ):
        return scene
    for relation in scene.relations:
        cook, target = relation.subject, relation.objects[0]
        categories = [library[scene.things[index].matches[0].drawing].category for index in (cook, target)]
        edible = categories[1] in ("food", "dish", "drink", "fruit", "vegetable")
        if (
            relation.kind is not RelationKind.BESIDE
            or categories[0] not in ("person", "fantasy", "animal")
            or not edible
        ):
            continue
        if not _AT_TABLE & set(scene.things[cook].attributes):
            continue
        things = (*scene.things, Thing("table", (Match(_TABLE, 1.0),), size=0.8, attributes=("worktop",)))
        made = [one for one in scene.relations if one.kind is RelationKind.BESIDE and one.objects == (target,)]
        kept = [one for one in scene.relations if one not in made]
        behind = [Relation(one.subject, RelationKind.BEHIND, (len(things) - 1,)) for one in made]
        return replace(
            scene, things=things, relations=(*kept, Relation(target, RelationKind.ON, (len(things) - 1,)), *behind)
        )
    return scene
