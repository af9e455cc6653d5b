"""How a person holds arms and legs: for what they do, hold, ride or sit on."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

from spectacle.generators.illustration.compose.doings import doing_of
from spectacle.generators.illustration.language.scene import RelationKind, Scene

_SITTING = frozenset({"sitting", "lounging"})
_LYING = frozenset({"lying", "sleeping"})
_POSES = (
    ("dancing", "dance", "raised"), ("jumping", "jump", "raised"), ("running", "run", "out"), ("walking", "walk", "down"), ("climbing", "jump", "raised"),
    ("waving", "stand", "raised"), ("singing", "stand", "out"), ("fighting", "walk", "out"), ("cooking", "stand", "hold"),
    ("playing", "walk", "out"), ("eating", "stand", "hold"), ("drinking", "stand", "hold"), ("reading", "stand", "hold"), ("meditating", "kneel", "together"),
    ("holding hands", "stand", "out"), ("cheering", "jump", "raised"), ("praying", "kneel", "together"), ("kneeling", "kneel", "down"),
    ("painting", "stand", "out"), ("pointing", "stand", "out"), ("hugging", "stand", "out"), ("working", "stand", "hold"), ("talking", "stand", "out"),
)  # fmt: skip
_SEATS = frozenset({"chair", "sofa", "couch", "bench", "armchair", "stool", "throne", "bed", "swing", "seat"})


def pose_of(scene: Scene, index: int) -> tuple[str, str]:
    """The pose of legs and arms of a person: what they do, hold, ride or sit on."""
    thing = scene.things[index]
    legs, arms = "stand", "down"
    doing = doing_of(thing)
    if doing is not None and doing.legs:
        return doing.legs, doing.arms
    for name, lower, upper in _POSES:
        if name in thing.attributes:
            legs, arms = lower, upper
            break
    for relation in scene.relations:
        nouns = {scene.things[one].noun.split()[-1] for one in relation.objects}
        if relation.subject != index:
            continue
        if relation.kind is RelationKind.HOLDING:
            arms = "hold" if arms != "raised" else arms
        elif relation.kind is RelationKind.RIDING:
            legs, arms = "stand", "hold"
        elif relation.kind in (RelationKind.ON, RelationKind.INSIDE) and nouns & _SEATS:
            legs = "sit"
    if _SITTING & set(thing.attributes):
        legs = "sit"
    if _LYING & set(thing.attributes) and legs in ("stand", "sit"):
        legs, arms = "lie", "down"
    return legs, arms
