"""What people do: what they have in hand for it, what stands next to them, how they stand, and by what side of it."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from spectacle.generators.illustration.art.library import Library
from spectacle.generators.illustration.compose.parts import Composite
from spectacle.generators.illustration.language.scene import Match, Relation, RelationKind, Scene, Thing

Tool = tuple[str, str]
"""A noun and the identity of its artwork."""


@dataclass(frozen=True, slots=True)
class Doing:
    """What it takes to be seen doing something.

    Attributes:
        legs: Pose of the legs, one of `bodies.LEGS`; empty where the doing does not change it.
        arms: Pose of the arms, one of `bodies.ARMS` or two; empty likewise.
        tool: What is in hand.
        tools: What is in hand in place of `tool`, by a word of what it is done to.
        beside: What stands on the ground next to the one who does it.
        reach: How far the one who does it is from what it is done to, as a share of their own width; None leaves it.
    """

    legs: str = ""
    arms: str = ""
    tool: Tool | None = None
    tools: Mapping[str, Tool] | None = None
    beside: Tool | None = None
    reach: float | None = None


_CARROT, _BREAD, _FISH = ("carrot", "fluent:carrot"), ("bread", "fluent:bread"), ("fish", "fluent:fish")
_FEED = {
    **dict.fromkeys(("horse", "pony", "rabbit", "bunny", "donkey", "goat", "deer", "giraffe", "reindeer"), _CARROT),
    **dict.fromkeys(("duck", "bird", "pigeon", "swan", "goose", "dove", "seagull", "fish", "goldfish", "koi"), _BREAD),
    **dict.fromkeys(("penguin", "seal", "dolphin", "pelican", "whale"), _FISH),
    **dict.fromkeys(("baby", "lamb", "calf", "kitten", "infant"), ("baby bottle", "fluent:baby-bottle")),
    **dict.fromkeys(("monkey", "gorilla", "chimpanzee"), ("banana", "fluent:banana")),
    **dict.fromkeys(("squirrel",), ("chestnut", "fluent:chestnut")),
    **dict.fromkeys(("panda", "koala"), ("bamboo", "spectacle:bamboo")),
}  # fmt: skip

DOINGS: Mapping[str, Doing] = {
    "reading": Doing(tool=("book", "fluent:open-book")),
    "fishing": Doing(tool=("fishing rod", "fluent:fishing-pole")),
    "painting": Doing("stand", "down+offer", tool=("paintbrush", "fluent:paintbrush"), reach=0.15),
    "cutting": Doing(tool=("knife", "fluent:kitchen-knife")),
    "photographing": Doing(tool=("camera", "fluent:camera")),
    "singing": Doing(tool=("microphone", "fluent:microphone")),
    "writing": Doing(tool=("pencil", "fluent:pencil")),
    "kicking": Doing("kick", "out", reach=-0.12),
    "feeding": Doing("stand", "down+offer", ("food", "spectacle:pet-food"), _FEED, reach=0.3),
    "milking": Doing("sit", "out", beside=("bucket of milk", "spectacle:bucket-of-milk")),
    "watering": Doing("stand", "down+offer", ("watering can", "spectacle:watering-can"), reach=0.28),
    "pushing": Doing("walk", "across+offer", reach=-0.12),
    "pulling": Doing("walk", "down+offer", reach=0.0),
    "sweeping": Doing("stand", "down+offer", ("broom", "fluent:broom")),
    "mopping": Doing("stand", "down+offer", ("mop", "spectacle:mop")),
    "raking": Doing("stand", "down+offer", ("rake", "clipart:rake")),
    "shoveling": Doing("stand", "down+offer", ("shovel", "noto:shovel")),
    "digging": Doing("stand", "down+offer", ("shovel", "noto:shovel")),
    "mowing": Doing("walk", "across+offer", beside=("lawn mower", "spectacle:lawn-mower"), reach=-0.12),
    "vacuuming": Doing("walk", "down+offer", beside=("vacuum cleaner", "clipart:vacuum-cleaner"), reach=-0.05),
    "ironing": Doing("stand", "down+offer", ("iron", "clipart:iron"), beside=("ironing board", "clipart:ironing-board"), reach=-0.15),
    "sawing": Doing("stand", "down+offer", ("saw", "fluent:carpentry-saw"), beside=("wood", "fluent:wood"), reach=0.1),
    "chopping wood": Doing("walk", "down+raised", ("axe", "fluent:axe"), beside=("wood", "fluent:wood"), reach=0.3),
    "hammering": Doing("stand", "down+offer", ("hammer", "fluent:hammer")),
    "building": Doing("stand", "down+offer", ("hammer", "fluent:hammer"),
                      dict.fromkeys(("sandcastle", "castle", "snowman", "igloo"), ("shovel", "noto:shovel")), reach=0.3),
    "repairing": Doing("stand", "down+offer", ("wrench", "fluent:wrench"), reach=0.25),
    "washing": Doing("stand", "down+offer", ("sponge", "fluent:sponge"), reach=0.12),
    "washing up": Doing("stand", "down+offer", ("sponge", "fluent:sponge"), beside=("kitchen sink", "spectacle:kitchen-sink"), reach=0.05),
    "doing laundry": Doing("stand", "hold", ("laundry basket", "spectacle:laundry-basket"), beside=("washing machine", "spectacle:washing-machine"), reach=0.1),
    "hanging laundry": Doing("stand", "down+raised", beside=("clothesline", "spectacle:clothesline"), reach=0.0),
    "brushing teeth": Doing("stand", "down+hold", ("toothbrush", "fluent:toothbrush")),
    "combing hair": Doing("stand", "down+raised", ("hairbrush", "spectacle:hairbrush")),
    "taking a selfie": Doing("stand", "down+raised", ("mobile phone", "fluent:mobile-phone")),
    "phoning": Doing("stand", "down+hold", ("mobile phone", "fluent:mobile-phone")),
    "shopping": Doing("walk", "down", ("shopping bags", "fluent:shopping-bags")),
    "skipping rope": Doing("jump", "out", ("rope", "spectacle:rope")),
    "gardening": Doing("kneel", "hold", ("trowel", "clipart:trowel-and-seedling")),
    "planting": Doing("stand", "down+offer", ("shovel", "noto:shovel"), reach=0.25),
    "picking": Doing("stand", "down+raised", ("basket", "fluent:basket"), reach=0.2),
    "knitting": Doing("stand", "hold", ("yarn", "fluent:yarn")),
    "shearing": Doing("stand", "down+offer", ("scissors", "fluent:scissors"), reach=0.1),
    "examining": Doing("stand", "down+offer", ("magnifying glass", "fluent:magnifying-glass-tilted-left"),
                       dict.fromkeys(("patient", "boy", "girl", "child", "man", "woman", "baby", "dog", "cat", "puppy", "kitten", "horse"),
                                     ("stethoscope", "fluent:stethoscope")), reach=0.2),
    "giving an injection": Doing("stand", "down+offer", ("syringe", "fluent:syringe"), reach=0.2),
    "lifting a dumbbell": Doing("stand", "raised", ("dumbbell", "spectacle:dumbbell")),
}  # fmt: skip
"""What people do, by the attribute that says so."""

TOOL = "tool"
"""Attribute of what somebody has in hand only for what they do."""
_HANDLES = {"stroller": "right", "lawn mower": "right", "shopping cart": "right", "shopping trolley": "right"}
"""On which side of its artwork is the handle of what is pushed."""
_DOERS = frozenset({"person", "animal", "fantasy", "toy", "bird"})
_NEAR = (RelationKind.BESIDE, RelationKind.LOOKING_AT, RelationKind.IN_FRONT_OF)
LONG_TOOLS = frozenset({"broom", "mop", "rake", "shovel", "pitchfork", "oar", "paddle", "spear", "staff", "crutch"})
"""Words for tools that reach from the hand to the ground."""
_PICTURES = frozenset(
    {"wall", "fence", "house", "room", "door", "egg", "nail", "toenail", "face", "boat", "chair", "car"}
)
"""What is painted over rather than painted on a canvas."""


def doing_of(thing: Thing) -> Doing | None:
    """What a thing does of what takes a pose or a tool, if anything."""
    return next((DOINGS[name] for name in thing.attributes if name in DOINGS), None)


def equipped(scene: Scene, library: Library) -> Scene:
    """The scene with what people need for what they do: in their hands, or on the ground next to them."""
    things, relations = list(scene.things), list(scene.relations)
    busy = {relation.subject for relation in scene.relations if relation.kind is RelationKind.HOLDING}
    nouns = {thing.noun for thing in scene.things}
    for index, thing in enumerate(scene.things):
        drawing = library[thing.matches[0].drawing]
        doing = doing_of(thing)
        if doing is None or drawing.category not in _DOERS or drawing.form != "whole":
            continue
        targets = [one.objects[0] for one in relations if one.subject == index and one.kind in _NEAR]
        relations = _out_of_buildings(relations, targets, scene, library)
        words = {word for one in targets for word in scene.things[one].noun.split()}
        tool = next((tool for word, tool in (doing.tools or {}).items() if word in words), doing.tool)
        if tool is not None and index not in busy and tool[0] not in nouns and tool[1] in library:
            things.append(Thing(tool[0], (Match(tool[1], 1.0),), count=thing.count, attributes=(TOOL,)))
            relations.append(Relation(index, RelationKind.HOLDING, (len(things) - 1,)))
        if doing.beside is not None and doing.beside[0] not in nouns and doing.beside[1] in library:
            things.append(Thing(doing.beside[0], (Match(doing.beside[1], 1.0),), size=0.6 if targets else 1.0))
            last = len(things) - 1
            in_front = Relation(last, RelationKind.IN_FRONT_OF, tuple(targets[:1]))
            relations.append(in_front if targets else Relation(index, RelationKind.BESIDE, (last,)))
    return _on_canvas(replace(scene, things=tuple(things), relations=tuple(relations)), library)


def _out_of_buildings(relations: list[Relation], targets: list[int], scene: Scene, library: Library) -> list[Relation]:
    """The relations with the building that something is done to somebody in behind them, where both are seen."""

    def moved(one: Relation) -> Relation:
        inside = one.kind is RelationKind.INSIDE and one.subject in targets
        if inside and library[scene.things[one.objects[0]].matches[0].drawing].category == "building":
            return Relation(one.objects[0], RelationKind.BEHIND, (one.subject,))
        return one

    return [moved(one) for one in relations]


def _on_canvas(scene: Scene, library: Library) -> Scene:
    """The scene with what somebody paints on an easel before them, unless it is painted over."""
    easel = "spectacle:easel"
    if easel not in library or any(thing.noun in ("easel", "canvas", "painting") for thing in scene.things):
        return scene
    painter = next((index for index, thing in enumerate(scene.things) if "painting" in thing.attributes), None)
    if painter is None:
        return scene
    models = [one.objects[0] for one in scene.relations if one.subject == painter and one.kind is RelationKind.BESIDE]
    if not models:
        tied = {index for one in scene.relations for index in (one.subject, *one.objects)}
        models = [index for index in range(painter + 1, len(scene.things)) if index not in tied]
    if not models or set(scene.things[models[0]].noun.split()) & _PICTURES:
        return scene
    things = (*scene.things, Thing("easel", (Match(easel, 1.0),)))
    last, model = len(things) - 1, models[0]
    kept = [one for one in scene.relations if {one.subject, *one.objects} != {painter, model}]
    made = Relation(painter, RelationKind.BESIDE, (last,)), Relation(model, RelationKind.ON, (last,))
    return replace(scene, things=things, relations=(*kept, *made))


def apart(subject: Composite) -> float | None:
    """The gap between one who does something and what it is done to, on their right; None where any will do."""
    root = subject.members[0].root
    doing = doing_of(root.noun)
    if doing is None or doing.reach is None or root.looks != "front":
        return None
    return doing.reach * root.width


def meet(subject: Composite, target: Composite) -> None:
    """Makes what is kicked no bigger than suits it, lifts it to the foot, and turns those who are fed to who feeds them."""
    names = subject.members[0].root.noun.attributes
    person = subject.members[0].root.height
    for member in target:
        if "kicking" in names and member.root.drawing.category in ("sport", "toy", "object", "fruit"):
            member.scale(min(1.0, 0.34 * person / member.height))
            member.up = 0.1 * person
        elif "pushing" in names or "mowing" in names:
            handle = _HANDLES.get(member.root.drawing.title)
            if handle is not None and member.root.mirrored == (handle == "left"):
                member.mirror()
        elif set(names) & {"feeding", "washing", "examining", "milking"}:
            member.look("left")


def at_udder(subject: Composite, target: Composite) -> bool:
    """Sits one who milks before the hind part of the animal; whether somebody does."""
    if "milking" not in subject.members[0].root.noun.attributes or len(target.members) != 1:
        return False
    animal = target.members[0]
    if animal.root.drawing.category != "animal":
        return False
    animal.look("left")
    for member in subject:
        member.scale(min(1.0, 0.78 * animal.height / member.height))
        member.x = 0.36 * animal.width
        member.z = animal.z - 0.3
        member.extra["front"] = 1
    return True
