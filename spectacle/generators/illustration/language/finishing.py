"""What is added to a scene once its sentences are read: kind of image, texts, and what nothing shows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from spectacle.generators.illustration.art.library import Artwork
from spectacle.generators.illustration.language.attributes import MOOD_WORDS
from spectacle.generators.illustration.language.coverage import EQUIPPED, not_drawn
from spectacle.generators.illustration.language.genres import Genre
from spectacle.generators.illustration.language.hearing import Heard
from spectacle.generators.illustration.language.retrieve import Retriever
from spectacle.generators.illustration.language.scene import Inscription, RelationKind, Scene, Unknown
from spectacle.generators.illustration.language.spans import Span
from spectacle.generators.illustration.language.tables import word_set

CARRIERS = word_set("carriers")
"""Nouns that text is written on, by their last word."""

_DOERS = frozenset({"person", "animal", "fantasy", "toy", "bird"})
"""Categories of those who can have something in hand."""
_GARMENTS = word_set("garments")
_SIGNS = word_set("signs")
"""Those that are there for nothing else, and so are written on before others."""


def finished(
    scene: Scene, heard: Heard, spans: Sequence[Span], retriever: Retriever, prompt: str, shown: Sequence[str]
) -> Scene:
    """The scene with all that was heard before the sentences were read, and an account of what is missing.

    `shown` are nouns that are drawn, or that were not wanted and are not.
    """
    titles = [retriever.drawings.by_id[match.drawing].title for thing in scene.things for match in thing.matches[:1]]
    used = [
        scene.place or "",
        scene.time or "",
        *scene.weather,
        scene.style,
        scene.mood or "",
        heard.topic.lower(),
        *shown,
    ]
    used += [word for word, mood in MOOD_WORDS.items() if mood == scene.mood]
    if heard.kind.genre in (Genre.PATTERN, Genre.ICON):
        used.append(heard.kind.text.lower())  # whose colours are those of the ground or the ornament
    used += [label.lower() for label, _ in heard.chart.entries] if heard.chart else []
    by_id = retriever.drawings.by_id
    people = [thing for thing in scene.things if by_id[thing.matches[0].drawing].category == "person"]
    looks = {name for thing in people for name in thing.attributes}
    doers = [thing for thing in scene.things if by_id[thing.matches[0].drawing].category in _DOERS]
    looks |= {name for thing in doers for name in thing.attributes if name in EQUIPPED}
    looks |= {"skin tone"} if any(set(thing.colours) & {"black", "brown", "white"} for thing in people) else set()
    missing, share = not_drawn(spans, scene.things, scene.relations, titles, scene.unknown, used, looks)
    if heard.idea:
        missing, share = [], 1.0  # the small scene has words that the prompt does not
    known = set(heard.topic.lower().split()) if heard.kind.genre is Genre.MAP else set()
    worn = _garments(scene, by_id)
    unknown = (
        *(one for one in scene.unknown if one.word not in known and not (one.used and one.word in worn)),
        *(Unknown(name, "", 0.0, used=False) for name in heard.ignored),
        *(Unknown(name, who, 0.5, used=True) for name, who in heard.names),
    )
    return replace(
        scene,
        unknown=unknown,
        genre=heard.kind.genre.value,
        manner=heard.kind.said,
        inscriptions=_inscriptions(scene, heard),
        chart=heard.chart,
        topic=heard.topic,
        not_drawn=tuple(missing),
        share=share,
        title=" ".join("".join(one if one.isprintable() else " " for one in prompt[:300]).split()),
        salt=hashlib.sha256(prompt.strip().encode("utf-8", "replace")).hexdigest()[:12],
    )


def _garments(scene: Scene, artworks: Mapping[str, Artwork]) -> set[str]:
    """Clothes that become part of a person who is made for the image, so that no other artwork stands for them."""
    return {
        scene.things[index].noun
        for relation in scene.relations
        if relation.kind is RelationKind.WEARING
        and artworks[scene.things[relation.subject].matches[0].drawing].category == "person"
        for index in relation.objects
        if scene.things[index].noun.split()[-1] in _GARMENTS
    }


def _inscriptions(scene: Scene, heard: Heard) -> tuple[Inscription, ...]:
    """Each text with what it is written on: the things that carry text in turn, or the image itself."""
    carriers = [
        index for index, thing in enumerate(scene.things) if thing.noun.split() and thing.noun.split()[-1] in CARRIERS
    ]
    carriers.sort(key=lambda index: scene.things[index].noun.split()[-1] not in _SIGNS)
    free = [index for index in carriers if "stop sign" not in scene.things[index].noun]
    found = [
        Inscription(text, free[number] if number < len(free) else None) for number, text in enumerate(heard.written)
    ]
    stops = [index for index, thing in enumerate(scene.things) if thing.noun == "stop sign"]
    return (*found, *(Inscription("STOP", index) for index in stops))
