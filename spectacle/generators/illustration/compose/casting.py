"""Choosing the artworks of a scene, their sizes, and whether they stand, float on water or are in the air."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from spectacle.generators.illustration.art.library import Artwork, Library
from spectacle.generators.illustration.compose.together import PAIRED
from spectacle.generators.illustration.language.scene import RelationKind, Scene, Thing

SIZE_POWER = 0.4
"""Heights in metres are drawn with this power of them, so that an ant next to an elephant can be seen."""

LIVELY = frozenset({"animal", "bird", "person", "fantasy", "fish", "insect"})
CELESTIAL_WORDS = frozenset({
    "sun", "moon", "star", "cloud", "rainbow", "comet", "planet", "earth", "galaxy", "crescent", "meteor", "lightning",
})  # fmt: skip
AIRBORNE_WORDS = frozenset({
    "balloon", "kite", "rocket", "airplane", "plane", "helicopter", "ufo", "saucer", "parachute", "butterfly", "bee",
    "spaceship", "airship", "zeppelin", "eagle", "hawk", "bat", "dragonfly", "satellite", "drone", "spacecraft",
    "seagull", "fairy", "firework", "fireworks", "moth", "mosquito", "honeybee", "ladybug", "superhero", "ghost",
})  # fmt: skip
GROUNDED_BIRDS = frozenset(
    {
        "penguin",
        "chicken",
        "rooster",
        "turkey",
        "peacock",
        "flamingo",
        "ostrich",
        "hen",
        "duck",
        "swan",
        "goose",
        "chick",
        "dodo",
        "owl",
        "parrot",
    }
)
FLOATING_WORDS = frozenset(
    {
        "duck",
        "swan",
        "goose",
        "boat",
        "ship",
        "sailboat",
        "canoe",
        "ferry",
        "kayak",
        "raft",
        "yacht",
        "submarine",
        "buoy",
        "whale",
        "dolphin",
        "shark",
        "fish",
        "seal",
        "orca",
        "otter",
        "beaver",
        "lotus",
        "lily",
        "hippopotamus",
        "speedboat",
        "crocodile",
        "turtle",
        "mermaid",
        "ducks",
        "surfer",
        "goldfish",
        "frog",
        "octopus",
        "squid",
        "jellyfish",
        "wave",
        "surfing",
    }
)


def words_of(drawing: Artwork, noun: Thing) -> frozenset[str]:
    """Single words of an artwork's title and of the noun."""
    words = frozenset(f"{drawing.title} {noun.noun}".lower().replace("-", " ").split())
    return words - {"bat"} if drawing.category == "sport" else words  # which neither flies nor is out at night


@dataclass(frozen=True, slots=True)
class Role:
    """How one thing of the scene is drawn.

    Attributes:
        drawings: The artworks to take turns with.
        height: Height in units.
        kind: `stand`, `air`, `celestial`, `wall` or `swim`.
    """

    drawings: tuple[Artwork, ...]
    height: float
    kind: str


def cast(scene: Scene, library: Library, place: str | None, rng: Random) -> list[Role]:
    """A role for each thing of the scene."""
    roles = []
    for index, thing in enumerate(scene.things):
        drawings = choose(thing, library, rng)
        height = size_of(thing, drawings[0])
        if index and thing.count > 2 and drawings[0].category in {"flower", "insect", "plant"}:
            height *= 0.62
        if thing.count > 1 and len(scene.things) > 1 and drawings[0].category in {"building", "landscape"}:
            height *= 0.6
        roles.append(Role(drawings, height, kind_of(scene, index, drawings[0], place)))
    return balanced(_as_said(roles, scene))


def _as_said(roles: list[Role], scene: Scene) -> list[Role]:
    """The roles as large as is said: huge over the others, big over small, tiny below the largest of the others."""
    worn = {RelationKind.WEARING, RelationKind.HOLDING, RelationKind.INSIDE, RelationKind.ON}
    carried = {part for one in scene.relations if one.kind in worn for part in (one.subject, *one.objects)}
    plain = [role.height for role, thing in zip(roles, scene.things, strict=True) if thing.size <= 1]
    small = [role.height for role, thing in zip(roles, scene.things, strict=True) if thing.size < 1]
    others = [role.height for role, thing in zip(roles, scene.things, strict=True) if thing.size >= 1]
    said = []
    for index, (role, thing) in enumerate(zip(roles, scene.things, strict=True)):
        height = role.height
        if index not in carried and role.kind != "celestial":
            if thing.size >= 1.8 and plain:
                height = max(height, 1.1 * max(plain))
            if thing.size > 1.3 and small:
                height = max(height, 1.4 * max(small))
            if thing.size <= 0.6 and others:
                height = min(height, 0.7 * max(others))
        said.append(replace(role, height=height))
    return said


def choose(thing: Thing, library: Library, rng: Random) -> tuple[Artwork, ...]:
    """Artworks of a thing: the best match, or sometimes an equally good one, of one source and form throughout."""
    known = [match for match in thing.matches if match.drawing in library]
    if PAIRED in thing.attributes:
        return tuple(library[match.drawing] for match in known)  # each has arms for where it stands
    best = known[0].score
    near = [library[match.drawing] for match in known[:4] if match.score >= best - 0.02]
    near = [drawing for drawing in near if drawing.source != "clipart"] or near
    wholes = [drawing for drawing in near if drawing.form == near[0].form or drawing.form == "whole"] or near
    first = rng.choice(wholes) if rng.random() < 0.45 else wholes[0]
    if thing.count == 1 or first.category not in LIVELY or first.form != "whole":
        return (first,)
    alike = [library[match.drawing] for match in known if match.score >= best - 0.12]
    others: dict[str, Artwork] = {_kind(first): first}
    for drawing in alike:
        if drawing.form == "whole" and drawing.source != "clipart" and drawing.category == first.category:
            others.setdefault(_kind(drawing), drawing)
    return tuple(others.values())


def _kind(drawing: Artwork) -> str:
    """What tells the members of a group apart: what is shown, or for people made for the image how they look."""
    return drawing.id if drawing.id.startswith("figure:") else drawing.title


def size_of(thing: Thing, drawing: Artwork) -> float:
    """Height of an artwork of a thing in units."""
    metres = drawing.height_m
    if drawing.form == "face" and metres > 0.5:
        metres *= 0.45
    elif drawing.form == "part" and metres > 0.8:
        metres *= 0.7
    if "baby" in thing.attributes or "young" in thing.attributes:
        metres *= 0.5
    height = metres**SIZE_POWER * thing.size
    _, _, width, tall = drawing.box
    if width > 2.2 * tall:
        height = min(height, 2.6 * tall / width * max(1.0, height))
    return float(height)


def balanced(roles: list[Role]) -> list[Role]:
    """The roles with sizes drawn together so that the smallest stays visible next to the largest."""
    heights = [role.height for role in roles if role.kind != "celestial"]
    if not heights:
        return roles
    largest = max(heights)
    return [
        Role(
            role.drawings,
            max(role.height, largest * _floor(role)) if role.kind != "celestial" else role.height,
            role.kind,
        )
        for role in roles
    ]


def _floor(role: Role) -> float:
    """How small something is drawn at least, as a share of the largest: those who do things are to be seen well."""
    return 0.36 if role.drawings[0].category in {"person", "fantasy", "animal"} else 0.24


def kind_of(scene: Scene, index: int, drawing: Artwork, place: str | None) -> str:
    """Whether a thing stands, swims, hangs or is in the air."""
    thing = scene.things[index]
    words = words_of(drawing, thing)
    if place == "underwater":
        grounded = words & {
            "crab",
            "coral",
            "shell",
            "lobster",
            "anchor",
            "treasure",
            "chest",
            "starfish",
            "oyster",
            "wreck",
        }
        return "stand" if grounded or drawing.height_m > 6 else "air"
    if place in {"space", "sky"}:
        return "celestial" if drawing.category == "celestial" and len(scene.things) > 1 else "air"
    if drawing.category == "celestial" or (drawing.category == "weather" and words & CELESTIAL_WORDS):
        return "celestial"
    if place in {"lake", "sea", "river", "waterfall", "harbour"} and (
        drawing.habitat in {"water", "underwater"} or words & FLOATING_WORDS or "bridge" in words
    ):
        return "swim"
    if drawing.habitat == "wall" and place in {"room", "bedroom", "classroom", "library", "kitchen"}:
        return "wall"
    attributes = set(thing.attributes)
    settled = any(
        (relation.subject == index and relation.kind in {RelationKind.ON, RelationKind.UNDER, RelationKind.INSIDE})
        for relation in scene.relations
    )
    if "flying" in attributes and not settled:
        return "air"
    if attributes & {"sitting", "standing", "walking", "running", "sleeping", "lying", "swimming"} or settled:
        return "swim" if "swimming" in attributes and place in {"lake", "sea", "river"} else "stand"
    if words & AIRBORNE_WORDS or drawing.category == "aircraft":
        return "air"
    if drawing.category in {"bird", "insect"} and drawing.habitat == "sky" and not words & GROUNDED_BIRDS:
        return "air"
    return "stand"
