"""From a scene to composites: figures, what is attached to them, groups, and how groups stand to each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from spectacle.generators.illustration.art.library import Library
from spectacle.generators.illustration.compose.attach import ATTACHING, attach
from spectacle.generators.illustration.compose.casting import Role, words_of
from spectacle.generators.illustration.compose.doings import doing_of
from spectacle.generators.illustration.compose.groups import amid, between, group, relate
from spectacle.generators.illustration.compose.inscribing import WRITTEN
from spectacle.generators.illustration.compose.parts import Assembly, Composite, figure
from spectacle.generators.illustration.compose.together import PAIRED
from spectacle.generators.illustration.language.scene import Relation, RelationKind, Scene, Thing

_NARROW = 0.5
"""Width to height of an image below which things stand behind each other rather than side by side."""
HOST_IS_SUBJECT = frozenset({RelationKind.HOLDING, RelationKind.WEARING})


@dataclass
class Cluster:
    """A composite and how it is placed: `stand`, `swim`, `air`, `celestial` or `wall`."""

    composite: Composite
    kind: str


def build(scene: Scene, roles: list[Role], library: Library, wide: float, rng: Random) -> list[Cluster]:
    """Composites of all things of the scene, in order of mention."""
    scene = _sheltered(scene, roles)
    parents = _parents(scene, roles)
    assemblies = _figures(scene, roles, library, rng, parents)
    shared: dict[tuple[int, RelationKind, int], list[Assembly]] = {}
    for thing in _leaves_first(parents):
        relation = parents[thing]
        host = relation.subject if relation.kind in HOST_IS_SUBJECT else relation.objects[0]
        apart = thing if relation.kind is RelationKind.WEARING else -1
        shared.setdefault((host, relation.kind, apart), []).extend(assemblies[thing])
    for (host, kind, _), children in shared.items():
        _share_out(assemblies[host], children, kind)
    for index, noun in enumerate(scene.things):
        over = any(one.subject == index and one.kind is RelationKind.ABOVE for one in scene.relations)
        if (
            "jumping" in noun.attributes
            and not over
            and index not in parents
            and roles[index].kind in {"stand", "swim"}
        ):
            for member in assemblies[index]:
                member.up = 0.28 * member.height * rng.uniform(0.7, 1.2)
    for index, role in enumerate(roles):
        if role.kind == "swim" and index not in parents:
            for member in assemblies[index]:
                if not member.up:
                    _immerse(member)
    clusters = {
        index: Cluster(
            group(assemblies[index], roles[index].kind, wide, len(scene.things) == 1, rng), roles[index].kind
        )
        for index in range(len(scene.things))
        if index not in parents
    }
    for relation in parents.values():
        ridden = relation.objects[0]
        airborne = words_of(roles[ridden].drawings[0], scene.things[ridden]) & {"broom", "carpet"}
        if airborne and relation.kind is RelationKind.RIDING and ridden in clusters:
            clusters[ridden].kind = "air"
    owner = {index: _root(index, parents) for index in range(len(scene.things))}
    for relation in scene.relations:
        if relation.kind in ATTACHING and relation in parents.values():
            continue
        _place(scene, roles, relation, clusters, owner, wide, rng)
    return [clusters[index] for index in sorted(clusters)]


def _sheltered(scene: Scene, roles: list[Role]) -> Scene:
    """The scene with those under an umbrella holding it."""
    relations = []
    for relation in scene.relations:
        under = relation.kind is RelationKind.UNDER and len(relation.objects) == 1
        words = (
            words_of(roles[relation.objects[0]].drawings[0], scene.things[relation.objects[0]])
            if under
            else frozenset()
        )
        held = bool(words & {"umbrella", "parasol"}) and roles[relation.subject].drawings[0].category in {
            "person",
            "animal",
            "bird",
            "fantasy",
        }
        relations.append(replace(relation, kind=RelationKind.HOLDING) if held else relation)
    relations = [_lifted(relation, scene, roles) for relation in relations]
    relations += _surf(scene, roles)
    relations = [_handless(relation, roles, scene.things) for relation in _lit(scene, roles, relations)]
    return replace(scene, relations=(*relations, *_breaths(scene, roles)))


_ROOFS = frozenset(
    {
        "table",
        "tree",
        "umbrella",
        "parasol",
        "bed",
        "bridge",
        "desk",
        "chair",
        "sofa",
        "couch",
        "arch",
        "tent",
        "roof",
        "house",
        "bench",
        "shelf",
        "branch",
    }
)
"""Words for what one can be under though it is smaller than oneself is drawn."""


def _lifted(relation: Relation, scene: Scene, roles: list[Role]) -> Relation:
    """The relation, turned round where something is under what cannot cover it: that one is above it then."""
    if relation.kind is not RelationKind.UNDER or len(relation.objects) != 1:
        return relation
    upper = relation.objects[0]
    words = words_of(roles[upper].drawings[0], scene.things[upper])
    covers = roles[upper].height > 1.6 * roles[relation.subject].height and roles[upper].drawings[0].height_m > 1.2
    if (
        words & _ROOFS
        or covers
        or roles[upper].kind in ("air", "celestial")
        or roles[relation.subject].kind == "celestial"
    ):
        return relation
    return Relation(upper, RelationKind.ABOVE, (relation.subject,))


HEAVY = frozenset({"piano", "cello", "harp", "drums", "kit", "xylophone"})
"""Words for instruments that one plays standing before them."""


def _handless(relation: Relation, roles: list[Role], scene_things: tuple[Thing, ...]) -> Relation:
    """The relation, with what cannot hold anything having it next to it."""
    handless = {"food", "dish", "drink", "fruit", "building", "furniture", "vehicle", "boat", "plant", "flower"}
    if relation.kind is RelationKind.HOLDING and roles[relation.subject].drawings[0].category in handless:
        return Relation(relation.objects[0], RelationKind.BESIDE, (relation.subject,))
    held = (
        words_of(roles[relation.objects[0]].drawings[0], scene_things[relation.objects[0]])
        if relation.objects
        else frozenset()
    )
    if relation.kind is RelationKind.HOLDING and held & HEAVY:
        return replace(relation, kind=RelationKind.LOOKING_AT)
    floats = roles[relation.subject].drawings[0].title.endswith("balloon")
    if relation.kind is RelationKind.ON and floats and roles[relation.objects[0]].drawings[0].category == "food":
        return replace(relation, kind=RelationKind.BESIDE)
    return relation


def _lit(scene: Scene, roles: list[Role], relations: list[Relation]) -> list[Relation]:
    """The relations with candles that go with a cake put on it."""
    words = [words_of(role.drawings[0], thing) for role, thing in zip(roles, scene.things, strict=True)]
    cake = next((index for index, word in enumerate(words) if "cake" in word), None)
    if cake is None:
        return relations
    candles = [index for index, word in enumerate(words) if word & {"candle", "candles"}]
    kept = [one for one in relations if one.subject not in candles and not set(one.objects) & set(candles)]
    return kept + [Relation(candle, RelationKind.ON, (cake,)) for candle in candles]


def _surf(scene: Scene, roles: list[Role]) -> list[Relation]:
    """A wave that somebody surfs is behind them."""
    waves = [index for index, thing in enumerate(scene.things) if thing.noun.split()[-1] in {"wave", "waves"}]
    surfers = [
        index for index, thing in enumerate(scene.things) if "surfing" in thing.attributes and index not in waves
    ]
    bound = {index for relation in scene.relations for index in (relation.subject, *relation.objects)}
    free = [wave for wave in waves if wave not in bound]
    return [Relation(surfers[0], RelationKind.IN_FRONT_OF, (free[0],))] if surfers and free else []


def _breaths(scene: Scene, roles: list[Role]) -> list[Relation]:
    """Fire that is named with a dragon and nothing else comes out of its mouth."""
    words = [words_of(role.drawings[0], thing) for role, thing in zip(roles, scene.things, strict=True)]
    bound = {index for relation in scene.relations for index in (relation.subject, *relation.objects)}
    dragon = next((index for index, word in enumerate(words) if "dragon" in word), None)
    fires = [index for index, word in enumerate(words) if word & {"fire", "flame", "flames"} and index not in bound]
    return [] if dragon is None else [Relation(dragon, RelationKind.HOLDING, (fire,)) for fire in fires[:1]]


def _immerse(member: Assembly) -> None:
    """Let an assembly down into the water: legs under it, a hull a little."""
    root = member.root
    deepest = 0.1 if root.drawing.category in {"boat", "vehicle"} else 0.3
    share = min(deepest, max(0.08, root.outline.legs + 0.03))
    for part in member.parts:
        part.shift(0, root.height * share)
    root.cut = 0.0


def _parents(scene: Scene, roles: list[Role]) -> dict[int, Relation]:
    """The relation by which each attached thing is attached; a thing has one, and there are no circles."""
    parents: dict[int, Relation] = {}
    for relation in scene.relations:
        if relation.kind not in ATTACHING or not relation.objects:
            continue
        swapped = relation.kind in HOST_IS_SUBJECT
        child, host = (relation.objects[0], relation.subject) if swapped else (relation.subject, relation.objects[0])
        if child in parents or child == host or roles[child].kind == "celestial":
            continue
        if roles[host].kind == "celestial" and relation.kind is not RelationKind.ON:
            continue
        above: int | None = host
        while above is not None and above != child:
            link = parents.get(above)
            above = None if link is None else (link.subject if link.kind in HOST_IS_SUBJECT else link.objects[0])
        if above is None:
            parents[child] = relation
    return parents


def _root(index: int, parents: dict[int, Relation]) -> int:
    while index in parents:
        relation = parents[index]
        index = relation.subject if relation.kind in HOST_IS_SUBJECT else relation.objects[0]
    return index


def _leaves_first(parents: dict[int, Relation]) -> list[int]:
    def depth(index: int) -> int:
        steps = 0
        while index in parents:
            relation = parents[index]
            index = relation.subject if relation.kind in HOST_IS_SUBJECT else relation.objects[0]
            steps += 1
        return steps

    return sorted(parents, key=lambda index: (-depth(index), parents[index].kind is not RelationKind.WEARING, index))


def _figures(
    scene: Scene, roles: list[Role], library: Library, rng: Random, parents: dict[int, Relation]
) -> list[list[Assembly]]:
    made = []
    for index, (thing, role) in enumerate(zip(scene.things, roles, strict=True)):
        count = thing.count
        relation = parents.get(index)
        if relation is not None and relation.kind in HOST_IS_SUBJECT and thing.count > 1:
            count = scene.things[relation.subject].count if scene.things[relation.subject].count > 1 else thing.count
        members = []
        turned = rng.random() < 0.5
        for number in range(count):
            drawing = role.drawings[number % len(role.drawings)]
            part = figure(index, number, thing, drawing, role.height, library)
            if "upside down" in thing.attributes:
                part.angle = 180.0
            elif "dancing" in thing.attributes:
                part.angle = rng.choice((-9.0, -6.0, 6.0, 9.0))
            if drawing.id.startswith(WRITTEN) or PAIRED in thing.attributes or doing_of(thing) is not None:
                pass  # mirrored text could not be read, those together face each other, and tools are on the right
            elif turned or (count > 2 and rng.random() < 0.3 and drawing.faces != "front"):
                part.mirror()
            members.append(Assembly([part], index))
        made.append(members)
    return made


def _share_out(hosts: list[Assembly], children: list[Assembly], kind: RelationKind) -> None:
    if "stacked" in hosts[0].root.noun.attributes:
        hosts = hosts[::-1]  # what is on a stack is on its top
    slots = [0] * len(hosts)
    homes = [
        index * len(hosts) // len(children) if len(children) >= len(hosts) else index for index in range(len(children))
    ]
    totals = [homes.count(index) for index in range(len(hosts))]
    for child, home in zip(children, homes, strict=True):
        attach(hosts[home], child, kind, slots[home], totals[home])
        slots[home] += 1


def _place(
    scene: Scene,
    roles: list[Role],
    relation: Relation,
    clusters: dict[int, Cluster],
    owner: dict[int, int],
    wide: float,
    rng: Random,
) -> None:
    subject, targets = owner[relation.subject], [owner[index] for index in relation.objects]
    if not targets or subject in targets or subject not in clusters:
        return
    if wide < _NARROW and relation.kind is RelationKind.BESIDE and doing_of(scene.things[relation.subject]) is None:
        return  # there is no room for it, and all are near each other anyway
    if relation.kind is RelationKind.BETWEEN and len(targets) == 2 and targets[0] != targets[1]:
        between(clusters[subject].composite, clusters[targets[0]].composite, clusters[targets[1]].composite)
        _absorb(targets[0], subject, clusters, owner)
        _absorb(targets[0], targets[1], clusters, owner)
        return
    target = targets[0]
    if relation.kind is RelationKind.BETWEEN and len(clusters[target].composite.members) > 1:
        amid(clusters[subject].composite, clusters[target].composite)
        _absorb(target, subject, clusters, owner)
        return
    kind = relation.kind if relation.kind is not RelationKind.BETWEEN else RelationKind.IN_FRONT_OF
    if clusters[target].kind == "celestial" and kind is RelationKind.ABOVE and clusters[subject].kind == "stand":
        clusters[target].kind = "stand"
        for member in clusters[target].composite:
            member.scale(1.4 * clusters[subject].composite.height / member.height)
            member.up = 0.22 * member.height
    far = {clusters[subject].kind, clusters[target].kind} & {"celestial", "wall"}
    if far:
        if clusters[target].kind == "celestial" and kind in {RelationKind.LOOKING_AT, RelationKind.UNDER}:
            for member in clusters[subject].composite:
                member.extra["gazes"] = 1
        return
    if kind is RelationKind.ABOVE and clusters[target].kind in {"stand", "swim"}:
        clusters[subject].kind = clusters[target].kind
    drawing = roles[relation.objects[0]].drawings[0]
    words = words_of(drawing, scene.things[relation.objects[0]])
    relate(clusters[subject].composite, clusters[target].composite, kind, rng, words, wide)
    if clusters[target].kind == "air" and clusters[subject].kind in {"stand", "swim"}:
        clusters[target].kind = clusters[subject].kind
    _absorb(target, subject, clusters, owner)


def _absorb(keeper: int, taken: int, clusters: dict[int, Cluster], owner: dict[int, int]) -> None:
    del clusters[taken]
    for index, home in owner.items():
        if home == taken:
            owner[index] = keeper
