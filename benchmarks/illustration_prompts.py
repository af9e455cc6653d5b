"""Prompts and nouns that the illustration generator is measured with: what is asked, and what a right scene holds."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from pathlib import Path

from spectacle.generators.illustration.language.scene import RelationKind, Scene

DATA = Path(__file__).resolve().parent.parent / "tests" / "data" / "illustration"


@dataclass(frozen=True, slots=True)
class ExpectedThing:
    """A thing that the scene must hold.

    Attributes:
        titles: Nouns, one of which the thing must be (by its noun or the title of its best drawing).
        count: How many.
        colours: Colours said of it, in order.
    """

    titles: tuple[str, ...]
    count: int = 1
    colours: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Expected:
    """What a prompt asks for.

    Attributes:
        things: What must be there; nothing else may be.
        relations: Positions in `things` of subject and objects, with the kind of relation; nothing else is checked.
        place: The place said; None when none was said, and any implied one will do.
        time: The time of day said, or None.
    """

    things: tuple[ExpectedThing, ...]
    relations: tuple[tuple[int, RelationKind, tuple[int, ...]], ...] = ()
    place: str | None = None
    time: str | None = None
    wrong: tuple[str, ...] = field(default=(), compare=False)


_ANIMALS = (
    "cat", "dog", "rabbit", "fox", "horse", "cow", "pig", "duck", "owl", "bear", "elephant", "lion", "tiger", "giraffe",
    "penguin", "turtle", "frog", "squirrel", "monkey", "hedgehog",
)  # fmt: skip
_OBJECTS = (
    "chair", "table", "box", "lamp", "book", "balloon", "umbrella", "bicycle", "car", "bus", "tree", "house", "apple",
    "banana", "cake", "guitar", "clock", "basket", "bench", "sofa",
)  # fmt: skip
_CARRIERS = ("chair", "table", "box", "bench", "sofa", "car", "bus")
_COVERS = ("table", "tree", "umbrella", "bench")
_COLOURS = ("red", "blue", "green", "yellow", "purple", "pink", "black", "white", "brown", "orange", "grey")
_COUNTS = {
    1: ("a", "one"),
    2: ("two", "2", "a couple of"),
    3: ("three", "3"),
    4: ("four",),
    5: ("five", "5"),
    6: ("six",),
}
_PLURALS = {"box": "boxes", "bus": "buses", "bench": "benches", "fox": "foxes"}
_PLACES = {
    "on the beach": "beach", "in the forest": "forest", "in a meadow": "meadow", "in the desert": "desert",
    "in a city": "city", "on a farm": "farm", "in space": "space", "in the snow": "snow", "in a kitchen": "kitchen",
    "in the park": "park", "on the moon": "moon", "in the mountains": "mountains", "by a lake": "lake",
    "in the jungle": "jungle", "on the street": "street", "in a cave": "cave", "in the garden": "garden",
    "on a stage": "stage", "in a library": "library", "by the sea": "sea", "in the savanna": "savanna",
}  # fmt: skip
_TIMES = {
    "at night": "night", "at sunset": "sunset", "at dawn": "dawn", "at dusk": "dusk", "at noon": "day",
    "in the evening": "dusk", "under a starry sky": "night", "on a sunny day": "day",
}  # fmt: skip
_RELATIONS = {
    RelationKind.ON: ("on", "sitting on", "on top of", "standing on"),
    RelationKind.UNDER: ("under", "beneath", "below", "hiding under"),
    RelationKind.BESIDE: ("next to", "beside", "near", "standing next to"),
    RelationKind.BEHIND: ("behind", "standing behind", "hiding behind"),
    RelationKind.IN_FRONT_OF: ("in front of", "sitting in front of"),
    RelationKind.ABOVE: ("above", "flying over", "hovering above", "over"),
    RelationKind.LEFT_OF: ("to the left of", "on the left of"),
    RelationKind.RIGHT_OF: ("to the right of", "on the right side of"),
    RelationKind.INSIDE: ("in", "inside", "sitting in"),
    RelationKind.BETWEEN: ("between",),
    RelationKind.CHASING: ("chasing", "running after"),
    RelationKind.RIDING: ("riding", "driving"),
    RelationKind.HOLDING: ("holding", "carrying"),
}  # fmt: skip
_SAME = {
    "house": ("house", "home"), "car": ("car", "automobile"), "sofa": ("sofa", "couch"), "book": ("book",),
}  # fmt: skip


def _article(words: str) -> str:
    return ("an " if words[0] in "aeiou" and not words.startswith(("uni", "one")) else "a ") + words


class _Maker:
    """Makes prompts from one source of chance."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def thing(self, nouns: tuple[str, ...], *, many: bool = True, colour: bool = True) -> tuple[str, ExpectedThing]:
        chance = self._chance
        noun = chance.choice(nouns)
        count = chance.choice((1, 1, 1, 2, 3, 4, 5, 6)) if many else 1
        colours = (chance.choice(_COLOURS),) if colour and chance.random() < 0.6 else ()
        if colours and chance.random() < 0.1:
            colours = (*colours, "white") if colours[0] != "white" else colours
        said = " ".join([*([" and ".join(colours)] if colours else []), noun])
        if count == 1:
            text = _article(said) if chance.random() < 0.9 else f"one {said}"
        else:
            text = f"{chance.choice(_COUNTS[count])} {said[: -len(noun)]}{_PLURALS.get(noun, noun + 's')}"
        return text, ExpectedThing(_SAME.get(noun, (noun,)), count, colours)

    def pair(self) -> tuple[str, Expected]:
        one, first = self.thing(_ANIMALS)
        other, second = self.thing(_OBJECTS)
        return f"{one} and {other}", Expected((first, second))

    def three(self) -> tuple[str, Expected]:
        one, first = self.thing(_ANIMALS[:7])
        other, second = self.thing(_ANIMALS[7:])
        third, last = self.thing(_OBJECTS)
        return f"{one}, {other} and {third}", Expected((first, second, last))

    def related(self) -> tuple[str, Expected]:
        kind = self._chance.choice(tuple(_RELATIONS))
        words = self._chance.choice(_RELATIONS[kind])
        one, subject = self.thing(_ANIMALS, many=kind not in (RelationKind.RIDING, RelationKind.HOLDING))
        nouns = {
            RelationKind.ON: _CARRIERS, RelationKind.INSIDE: ("box", "car", "bus", "house", "basket"),
            RelationKind.UNDER: _COVERS, RelationKind.CHASING: _ANIMALS, RelationKind.BETWEEN: _ANIMALS,
            RelationKind.RIDING: ("bicycle", "car", "bus"),
            RelationKind.HOLDING: ("balloon", "umbrella", "apple", "banana", "book", "guitar"),
        }.get(kind, _OBJECTS)  # fmt: skip
        nouns = tuple(noun for noun in nouns if noun not in subject.titles)
        other, target = self.thing(nouns, many=False)
        if kind is RelationKind.BETWEEN:
            more, second = self.thing(tuple(noun for noun in _OBJECTS), many=False)
            return f"{one} {words} {other} and {more}", Expected((subject, target, second), ((0, kind, (1, 2)),))
        return f"{one} {words} {other}", Expected((subject, target), ((0, kind, (1,)),))

    def make(self) -> tuple[str, Expected]:
        chance = self._chance
        text, expected = chance.choice((self.pair, self.three, self.related, self.related, self.related))()
        place, time = None, None
        if chance.random() < 0.6:
            words = chance.choice(tuple(_PLACES))
            text, place = f"{text} {words}", _PLACES[words]
        if chance.random() < 0.4:
            words = chance.choice(tuple(_TIMES))
            text, time = f"{text} {words}", _TIMES[words]
        opening = chance.choice(("", "", "", "draw ", "a picture of ", "please draw me ", "an illustration of "))
        ending = chance.choice(("", "", "", ", please", ", highly detailed, 4k"))
        return opening + text + ending, Expected(expected.things, expected.relations, place, time)


def generate(count: int, seed: int) -> list[tuple[str, Expected]]:
    """Prompts with one to three things, of all counts, colours, relations, places and times, and what they ask for.

    Args:
        count: How many prompts.
        seed: The same seed gives the same prompts.
    """
    maker = _Maker(random.Random(seed))
    return [maker.make() for _ in range(count)]


def differences(scene: Scene, expected: Expected, titles: dict[str, str]) -> list[str]:
    """What is wrong with a scene, a line for each; empty when it is right.

    Args:
        scene: The scene as understood.
        expected: What was asked for.
        titles: Drawing identities to their titles.
    """
    wrong = []
    if len(scene.things) != len(expected.things):
        return [f"{len(scene.things)} things instead of {len(expected.things)}"]
    for thing, wanted in zip(scene.things, expected.things, strict=True):
        if not ({thing.noun, titles.get(thing.matches[0].drawing, "")} & set(wanted.titles)):
            wrong.append(f"{thing.noun} instead of {wanted.titles[0]}")
        if thing.count != wanted.count:
            wrong.append(f"{thing.count} {thing.noun} instead of {wanted.count}")
        if thing.colours != wanted.colours:
            wrong.append(f"{thing.noun} is {thing.colours} instead of {wanted.colours}")
    found = {(relation.subject, relation.kind, relation.objects) for relation in scene.relations}
    wrong.extend(f"no relation {relation}" for relation in expected.relations if relation not in found)
    wrong.extend(f"relation {relation} was not asked for" for relation in found - set(expected.relations))
    if expected.place is not None and scene.place != expected.place:
        wrong.append(f"place {scene.place} instead of {expected.place}")
    if scene.time != expected.time:
        wrong.append(f"time {scene.time} instead of {expected.time}")
    return wrong


def noun_lists() -> dict[str, list[str]]:
    """Nouns that retrieval is scored on, by the name of the list: `coco`, `cifar` and `everyday`."""
    lists: dict[str, list[str]] = json.loads((DATA / "nouns.json").read_text())
    return lists


def judged() -> dict[str, dict[str, bool]]:
    """Nouns to drawings that were judged by eye, each with whether it shows the noun."""
    verdicts: dict[str, dict[str, bool]] = json.loads((DATA / "judged_nouns.json").read_text())
    return verdicts
