"""From a scene to an image: what comes of composing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from spectacle.generators.illustration.art.library import Library
from spectacle.generators.illustration.compose.figures import dressed
from spectacle.generators.illustration.compose.genres import paint
from spectacle.generators.illustration.compose.lettering import writable
from spectacle.generators.illustration.compose.nested import nested
from spectacle.generators.illustration.compose.outfitting import sensible
from spectacle.generators.illustration.compose.painting import Painted, PlacedThing, document, randomness
from spectacle.generators.illustration.compose.stage import Stage
from spectacle.generators.illustration.language.scene import Scene


@dataclass(frozen=True, slots=True)
class Composition:
    """A composed image.

    Attributes:
        svg: The document.
        facts: What goes into the metadata of the result.
        placed: The artworks, far ones first.
        place: The place that was painted.
        time: The time of day that was painted.
        scene: The scene as it was drawn; `PlacedThing.thing` counts its things.
    """

    svg: str
    facts: dict[str, Any]
    placed: tuple[PlacedThing, ...]
    place: str
    time: str
    scene: Scene


def compose(scene: Scene, library: Library, width: int, height: int, seed: int, title: str = "") -> Composition:
    """Draws a scene; the same arguments give the same bytes.

    Args:
        scene: What is to be seen.
        library: The artworks.
        width: Width in pixels.
        height: Height in pixels.
        seed: Decides arrangement, background, variants and light.
        title: Short text for the document's `title`; a summary of the scene when empty.
    """
    stage = Stage(library)
    scene = nested(dressed(sensible(scene, stage), stage, randomness(scene, seed, "people")), stage)
    painted = paint(scene, stage, width, height, seed)
    summary = summary_of(scene, painted.place, painted.time)
    svg = document(width, height, title or summary, summary, painted.content)
    facts = facts_of(scene, painted, stage, summary)
    return Composition(svg, facts, painted.placed, painted.place, painted.time, scene)


def summary_of(scene: Scene, place: str, time: str) -> str:
    """A sentence that says what is in the image."""
    names = []
    for thing in scene.things:
        words = [str(thing.count)] if thing.count > 1 else []
        names.append(" ".join([*words, " and ".join(thing.colours), thing.noun]).replace("  ", " ").strip())
    relations = [
        (
            f"{scene.things[relation.subject].noun} {relation.kind}"
            f" {' and '.join(scene.things[index].noun for index in relation.objects)}"
        )
        for relation in scene.relations
    ]
    parts = [", ".join(names) or "nothing in particular"]
    if relations:
        parts.append("; ".join(relations))
    weather = f", {', '.join(scene.weather)}" if scene.weather else ""
    return f"{' – '.join(parts)} ({place}, {time}{weather})"


def facts_of(scene: Scene, painted: Painted, library: Stage, summary: str) -> dict[str, Any]:
    """What should be known of the image's making."""
    identities = dict.fromkeys(one.drawing for one in painted.placed)
    facts: dict[str, Any] = {
        "engine": "composition",
        "understood": summary,
        "language": scene.language,
        "style": scene.style,
        "genre": painted.genre,
        "place": painted.place,
        "time": painted.time,
        "sources": [library.provenance(identity) for identity in identities],
        "unknown": [
            {"word": word.word, "nearest": word.nearest, "score": round(word.score, 3), "used": word.used}
            for word in scene.unknown
        ],
    }
    if scene.not_drawn:
        facts["missing"] = list(scene.not_drawn)
    if scene.inscriptions:
        facts["text"] = [inscription.text for inscription in scene.inscriptions]
    if scene.chart is not None:
        facts["chart"] = {"kind": scene.chart.kind, "entries": [list(entry) for entry in scene.chart.entries]}
    notes = notes_of(scene)
    if notes:
        facts["notes"] = notes
    return facts


def notes_of(scene: Scene) -> list[str]:
    """What somebody who asked for the image should be told: what is not in it."""
    notes = []
    nearest = [f"{one.word} (drawn as: {one.nearest})" for one in scene.unknown if one.used]
    missing = [one.word for one in scene.unknown if not one.used]
    if missing:
        notes.append(f"not understood: {', '.join(missing)}")
    if nearest:
        notes.append(f"nearest drawing used: {', '.join(nearest)}")
    if scene.not_drawn:
        notes.append(f"not shown: {', '.join(scene.not_drawn)}")
    boxes = [one.text for one in scene.inscriptions if writable(one.text) < 1]
    if boxes:
        notes.append(f"the font lacks letters, drawn as boxes: {', '.join(boxes)}")
    if scene.chart is not None and scene.chart.example:
        notes.append("the prompt gives no numbers: the chart shows made-up ones")
    return notes
