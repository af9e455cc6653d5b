"""People as the prompt describes them: heads on bodies, dressed in what they wear and posed as what they do."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

import re
from dataclasses import replace
from random import Random

from spectacle.generators.illustration.art.library import Artwork
from spectacle.generators.illustration.compose.bodies import CENTRE, WIDTH, Outfit, body, foot_of, reach_of
from spectacle.generators.illustration.compose.heads import NATURAL, TONES, Head, hair_colour, head
from spectacle.generators.illustration.compose.outfitting import without
from spectacle.generators.illustration.compose.poses import pose_of
from spectacle.generators.illustration.compose.stage import Stage
from spectacle.generators.illustration.compose.svg import num
from spectacle.generators.illustration.compose.together import brought_together
from spectacle.generators.illustration.language.colours import PALETTE
from spectacle.generators.illustration.language.scene import Match, RelationKind, Scene, Thing

FIGURE = "figure:"
"""What the identity of a person made for one image begins with."""

ORDINARY = {
    "spectacle:man": "man", "spectacle:woman": "woman", "spectacle:person": "person", "spectacle:boy": "boy", "spectacle:girl": "girl",
    "spectacle:child": "child", "spectacle:old-man": "old man", "spectacle:old-woman": "old woman",
}  # fmt: skip
"""Artworks of people of no trade to who they are."""

_TOPS = {
    "shirt": "shirt", "blouse": "shirt", "t-shirt": "tshirt", "tshirt": "tshirt", "tee": "tshirt", "jersey": "tshirt", "polo": "tshirt",
    "sweater": "shirt", "jumper": "shirt", "pullover": "shirt", "cardigan": "jacket", "hoodie": "hoodie", "sweatshirt": "hoodie",
    "jacket": "jacket", "blazer": "jacket", "coat": "coat", "raincoat": "coat", "overcoat": "coat", "trench": "coat", "suit": "suit", "tuxedo": "suit",
    "uniform": "jacket", "dress": "dress", "gown": "gown", "sundress": "dress", "robe": "robe", "kimono": "kimono", "sari": "gown", "vest": "vest",
    "tank": "vest", "swimsuit": "swimsuit", "bikini": "swimsuit", "overalls": "overalls", "dungarees": "overalls", "armor": "armour", "armour": "armour",
    "pajamas": "shirt", "pyjamas": "shirt", "tunic": "robe", "cloak": "robe", "costume": "shirt", "clothes": "shirt", "clothing": "shirt", "outfit": "shirt",
}  # fmt: skip
_BOTTOMS = {
    "trousers": "trousers", "pants": "trousers", "jeans": "trousers", "leggings": "trousers", "slacks": "trousers", "shorts": "shorts",
    "skirt": "skirt", "miniskirt": "skirt", "kilt": "skirt", "trunks": "shorts",
}  # fmt: skip
_SHOES = frozenset(
    {"shoe", "shoes", "boot", "boots", "sneaker", "sneakers", "sandals", "heels", "slippers", "trainers"}
)
_COVERS = frozenset({"hijab", "headscarf", "burqa", "niqab", "veil", "chador"})
_DEFAULTS = {
    "jeans": "#3d63a8", "suit": "#39405c", "tuxedo": "#2a2c36", "uniform": "#3c5a8a", "armor": "#aeb6c0", "armour": "#aeb6c0", "raincoat": "#f2c12e",
    "boots": "#6b4630", "gown": "#8c5bb0", "robe": "#6c7fae", "swimsuit": "#d94f70", "bikini": "#d94f70", "apron": "#f4f4f4", "overalls": "#3d63a8",
    "hijab": "#5b7fb5", "turban": "#d98a3a",
}  # fmt: skip
_WARDROBE = ("#3b82c4", "#c9503c", "#4a9a62", "#d9a13a", "#8a63b5", "#3fa0a0", "#c95f8c", "#5a6b8c")
_LOWER = ("#3f4a6b", "#4a4a52", "#6b5444", "#3d63a8", "#54616b")
_MEMBERS = {"child": ("boy", "girl"), "person": ("man", "woman")}
"""Who the members of a group are of which no more is said."""

_TIES = frozenset({"tie", "necktie"})


def dressed(scene: Scene, stage: Stage, rng: Random) -> Scene:
    """The scene with its people of no trade drawn as they are described, their clothes being part of them."""
    together = brought_together(scene, lambda thing: _who(thing, stage) is not None)
    scene = together.scene
    worn: dict[int, list[int]] = {}
    for relation in scene.relations:
        if relation.kind is RelationKind.WEARING:
            worn.setdefault(relation.subject, []).extend(relation.objects)
    things = list(scene.things)
    absorbed: set[int] = set()
    for index, thing in enumerate(scene.things):
        who = _who(thing, stage)
        if who is None:
            covered = [one for one in worn.get(index, ()) if _is_body_clothing(scene.things[one])]
            things[index] = _retoned(_clad(thing, [scene.things[one] for one in covered], stage), stage, rng)
            absorbed.update(covered if stage[thing.matches[0].drawing].category in ("person", "fantasy") else ())
            continue
        clothes = [one for one in worn.get(index, ()) if _is_clothing(scene.things[one])]
        baby = stage[thing.matches[0].drawing].title == "baby"
        if baby and _is_bedded(scene, index):
            things[index] = _retoned(thing, stage, rng)
            continue
        if not _described(thing, clothes) and thing.matches[0].drawing not in ORDINARY and not baby:
            things[index] = _retoned(thing, stage, rng)
            continue
        wearing = [scene.things[one] for one in clothes]
        legs, arms = pose_of(scene, index)
        if baby:
            legs, arms = "sit", "out" if arms == "down" else arms
        poses = [(legs, one) for one in together.arms.get(index, (arms,))]
        described = replace(thing, attributes=(*thing.attributes, "baby")) if baby else thing
        things[index] = _made(described, who, wearing, poses, stage, rng)
        absorbed.update(clothes)
    scene = replace(scene, things=tuple(things))
    for index in sorted(absorbed, reverse=True):
        scene = without(scene, index)
    return scene


def _is_bedded(scene: Scene, index: int) -> bool:
    """Whether something is in or on another, of which its head looks out."""
    inner = (RelationKind.INSIDE, RelationKind.ON)
    return any(one.subject == index and one.kind in inner for one in scene.relations)


def _retoned(thing: Thing, stage: Stage, rng: Random) -> Thing:
    """A person of some trade, or busy with something, with a skin tone in place of the yellow of emoji."""
    best = stage[thing.matches[0].drawing]
    yellow = best.category == "fantasy" and re.search(r'"#ff(?:c83d|ca28)"', stage.markup(best.id))
    if best.category != "person" and not yellow:
        return thing
    said = _skin_said(thing)
    tone = said or rng.choice(tuple(TONES))
    matches = []
    for number, match in enumerate(thing.matches):
        drawing = stage[match.drawing]
        if drawing.category != best.category or drawing.source == "clipart":
            continue
        hair = rng.choice(NATURAL[tone])
        identity = f"{FIGURE}{drawing.id}-{tone}-{hair.strip('#')}"
        if identity not in stage:
            stage.add(replace(drawing, id=identity), toned(stage.markup(drawing.id), drawing, tone, hair), drawing.id)
        matches.append(Match(identity, match.score))
        if thing.count > 1 and not said:
            tone = rng.choice(tuple(TONES))
        if number >= (3 if thing.count > 1 else 1):
            break
    colours = () if said and len(thing.colours) == 1 else thing.colours
    return replace(thing, matches=tuple(matches), colours=colours) if matches else thing


def toned(markup: str, drawing: Artwork, tone: str, hair: str) -> str:
    """The markup of an artwork of a person with the yellow skin and hair of emoji in other colours."""
    skin, shade, deep = TONES[tone]
    if drawing.source == "noto":
        swap = {"#ffca28": skin, "#e59600": deep, "#fac036": shade, "#f9ddbd": skin, "#e48c15": deep, "#ffb300": shade}
    else:
        swap = {
            "#ffc83d": skin,
            "#fdbb11": shade,
            "#ed9200": deep,
            "#f59f00": shade,
            "#fcb100": shade,
            "#f9c23c": shade,
            "#fcc53f": skin,
        }
        swap |= {"#f1a11e": hair, "#d37034": hair, "#ea9129": hair}
    for old, new in swap.items():
        markup = markup.replace(f'"{old}"', f'"{new}"')
    return markup


def _who(thing: Thing, stage: Stage) -> str | None:
    """Who a thing is when it is a person of no trade."""
    if stage[thing.matches[0].drawing].title == "baby":
        return "child"
    for match in thing.matches[:4]:
        if match.drawing in ORDINARY:
            who = ORDINARY[match.drawing]
            if "old" in thing.attributes and who in ("man", "woman"):
                return f"old {who}"
            return who
    return None


def _described(thing: Thing, clothes: list[int]) -> bool:
    looks = any(
        name.split()[0] in ("hair", "skin", "bald", "beard", "freckles", "pregnant") for name in thing.attributes
    )
    moods = bool({"sad", "angry", "surprised", "scared", "happy"} & set(thing.attributes))
    return looks or moods or bool(clothes) or bool(_skin_said(thing))


def _is_clothing(thing: Thing) -> bool:
    last = thing.noun.split()[-1]
    return (
        last in _TOPS
        or last in _BOTTOMS
        or last in _SHOES
        or last in _COVERS
        or last in ("apron", "turban")
        or last in _TIES
    )


def _is_body_clothing(thing: Thing) -> bool:
    last = thing.noun.split()[-1]
    return last in _TOPS or last in _BOTTOMS


def _clad(thing: Thing, wearing: list[Thing], stage: Stage) -> Thing:
    """Somebody of a trade or a tale in the colour of the clothes that are said: they wear their own already."""
    if stage[thing.matches[0].drawing].category not in ("person", "fantasy") or thing.colours:
        return thing
    colours = next((one.colours for one in wearing if one.colours), ())
    return replace(thing, colours=colours)


def _skin_said(thing: Thing) -> str:
    """The skin tone a person is said to have, by a word for it or as "a black woman"."""
    for name in thing.attributes:
        if name.startswith("skin "):
            return name.removeprefix("skin ")
    if len(thing.colours) == 1:
        return {
            "black": "dark",
            "dark brown": "dark",
            "brown": "medium-dark",
            "white": "light",
            "light brown": "medium",
        }.get(thing.colours[0], "")
    return ""


def _made(
    thing: Thing, who: str, wearing: list[Thing], poses: list[tuple[str, str]], stage: Stage, rng: Random
) -> Thing:
    """The person with an artwork made for each member, several when there are several, whose poses take turns."""
    matches = []
    said = _skin_said(thing)
    for number in range(min(4, thing.count)):
        tone = said or rng.choice(tuple(TONES))
        member = rng.choice(_MEMBERS.get(who, (who,))) if thing.count > 1 else who
        look = _head_of(thing, member, wearing, tone, rng)
        outfit = _outfit_of(thing, member, wearing, rng)
        matches.append(Match(_put(thing, number, look, outfit, poses[number % len(poses)], stage), 1.0))
    keep = tuple(colour for colour in thing.colours if colour == "rainbow")
    return replace(thing, matches=tuple(matches), colours=keep)


def _head_of(thing: Thing, who: str, wearing: list[Thing], tone: str, rng: Random) -> Head:
    names = set(thing.attributes)
    hair = next(
        (name.removeprefix("hair ") for name in thing.attributes if name.startswith("hair ") and hair_colour(name[5:])),
        "",
    )
    natural = rng.choice(NATURAL[tone])
    old = who.startswith("old")
    moods = (
        ("crying", "sad"),
        ("sad", "sad"),
        ("angry", "angry"),
        ("scared", "surprised"),
        ("surprised", "surprised"),
        ("happy", "happy"),
    )
    cover = next((one for one in wearing if one.noun.split()[-1] in _COVERS), None)
    turban = next((one for one in wearing if one.noun.split()[-1] == "turban"), None)
    cut = "bald" if "bald" in names else "curly" if "hair curly" in names else "beard" if "beard" in names else "plain"
    return Head(
        who=who,
        tone=tone,
        hair=hair_colour(hair) if hair else ("" if old else natural),
        cut=cut,
        long="hair long" in names,
        mood=next((mood for name, mood in moods if name in names), ""),
        crying="crying" in names,
        freckles="freckles" in names,
        cover=_colour(cover, "hijab", rng) if cover else "",
        turban=_colour(turban, "turban", rng) if turban else "",
    )


def _colour(thing: Thing, noun: str, rng: Random) -> str:
    value = next((PALETTE[name] for name in thing.colours if PALETTE.get(name, "rainbow") != "rainbow"), "")
    return value or _DEFAULTS.get(noun) or rng.choice(_WARDROBE)


def _outfit_of(thing: Thing, who: str, wearing: list[Thing], rng: Random) -> Outfit:
    female = who in ("woman", "girl", "old woman")
    child = who in ("boy", "girl", "child")
    top, bottom = (
        ("dress", "none")
        if female and rng.random() < 0.6
        else ("tshirt" if child or rng.random() < 0.4 else "shirt", "shorts" if child else "trousers")
    )
    outfit = Outfit(top, rng.choice(_WARDROBE), bottom, rng.choice(_LOWER))
    plain = [colour for colour in thing.colours if colour in PALETTE and not _skin_said(thing)]
    if plain and PALETTE[plain[0]] != "rainbow":
        outfit = replace(outfit, top_colour=PALETTE[plain[0]])
    for one in wearing:
        noun = one.noun.split()[-1]
        colour = _colour(one, noun, rng)
        if noun in _TOPS:
            kind = _TOPS[noun]
            lower = (
                "none"
                if kind in ("dress", "gown", "swimsuit", "robe", "kimono")
                else outfit.bottom
                if outfit.bottom != "none"
                else "trousers"
            )
            outfit = replace(outfit, top=kind, top_colour=colour, bottom=lower)
            if kind in ("suit", "overalls", "robe", "coat") or noun in (
                "uniform",
                "armour",
                "armor",
                "pajamas",
                "pyjamas",
            ):
                outfit = replace(outfit, bottom="trousers", bottom_colour=colour)
        elif noun in _BOTTOMS:
            upper = outfit.top if outfit.top not in ("dress", "gown") else "shirt"
            outfit = replace(outfit, top=upper, bottom=_BOTTOMS[noun], bottom_colour=colour)
        elif noun in _SHOES:
            outfit = replace(outfit, shoes=colour, boots="boot" in noun)
        elif noun in _TIES:
            outfit = replace(outfit, marks={**outfit.marks, "tie": colour})
        elif noun == "apron":
            outfit = replace(outfit, apron=colour)
    return outfit


def _put(thing: Thing, number: int, look: Head, outfit: Outfit, pose: tuple[str, str], stage: Stage) -> str:
    """Makes the artwork of one person and returns its identity."""
    posed, arms = pose
    legs = "stand" if posed == "lie" else posed
    child = look.who in ("boy", "girl", "child")
    foot = foot_of(legs, child)
    scale = 0.7 if child else 0.66
    skin, shade, _ = TONES[look.tone]
    under = body(outfit, skin, shade, arms, legs, child, "pregnant" in thing.attributes)
    left = num(CENTRE - 16 * scale)
    over = f'<g transform="translate({left} 0)scale({scale:g})">{head(look, stage)}</g>'
    reach = reach_of(arms, legs)
    top = 0.6 if look.cut != "curly" else 0.0
    box = (CENTRE - reach, top, 2 * reach, foot - top)
    base = stage.base["spectacle:" + look.who.replace(" ", "-")]
    words = [
        look.who,
        look.tone,
        look.cut,
        outfit.top,
        outfit.bottom,
        posed,
        arms,
        look.hair,
        outfit.top_colour,
        outfit.bottom_colour,
        look.mood,
        outfit.marks.get("tie", ""),
        look.cover,
    ]
    identity = (
        f"{FIGURE}{'-'.join(word.strip('#') for word in words if word)}-{number}-{'-'.join(thing.attributes)}".replace(
            " ", "-"
        )
    )
    share = (foot - top) / (48.0 - top if child else 56.0 - top)
    made = replace(
        base, id=identity, title=_title(thing, look, outfit), size=(WIDTH, foot + 1), box=box, foot=(CENTRE - 7, CENTRE + 7), faces="front", seat=None,
        height_m=base.height_m * share ** (1 / 0.4),
    )  # fmt: skip
    markup = under + over
    if posed == "lie":
        # On the back, the head on the left: what was across is now up.
        markup = f'<g transform="translate(0 {num(CENTRE + reach)})rotate(-90)">{markup}</g>'
        thickness = 2 * reach / (foot - top)
        made = replace(
            made, size=(foot + 1, 2 * reach), box=(top, 0.0, foot - top, 2 * reach), foot=(top + 2, foot - 2),
            height_m=made.height_m * thickness ** (1 / 0.4),
        )  # fmt: skip
    if identity not in stage:
        stage.add(made, markup, base.id)
    return identity


def _title(thing: Thing, look: Head, outfit: Outfit) -> str:
    """What the drawing shows, in words."""
    parts = [look.who]
    if look.cover:
        parts.append("with headscarf")
    parts += [
        f"with {name}"
        for name in thing.attributes
        if name.split()[0] in ("hair", "bald", "beard", "freckles", "pregnant")
    ]
    return " ".join([*parts, "in", outfit.top])
