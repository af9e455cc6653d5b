"""The plan of an image as JSON: what a prompt is understood as, for programs and language models to read and write."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from spectacle.generators.illustration.language.genres import Genre
from spectacle.generators.illustration.language.lexicon import Lexicon
from spectacle.generators.illustration.language.retrieve import USED, Artworks, Retriever, drawings_of
from spectacle.generators.illustration.language.scene import (
    PLACES,
    STYLES,
    TIMES,
    WEATHERS,
    Chart,
    Inscription,
    Match,
    Relation,
    RelationKind,
    Scene,
    Thing,
    Unknown,
)

Word = Annotated[str, Field(max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PlannedThing(_Part):
    """A thing to draw."""

    noun: Word = Field(description="What it is, in English and in the singular.")
    drawings: tuple[Word, ...] = Field(
        (), max_length=8, description="Artworks of the library that show it, best first."
    )
    count: int = Field(1, ge=1, le=40, description="How many.")
    colours: tuple[Word, ...] = Field((), max_length=3, description="Names of colours, such as `dark blue`.")
    size: float = Field(1.0, ge=0.4, le=2.5, description="Factor on its ordinary size.")
    attributes: tuple[Word, ...] = Field(
        (), max_length=20, description="How it is: `old`, `sleeping`, `hair red`, `skin dark`, `sad` …"
    )


class PlannedRelation(_Part):
    """How two things stand together; things are numbers in `things`, from 0."""

    subject: int = Field(ge=0, description="What is placed.")
    kind: RelationKind = Field(description="How.")
    objects: tuple[int, ...] = Field(min_length=1, max_length=2, description="What it is placed by.")


class PlannedText(_Part):
    """A text to write."""

    text: Word = Field(description="What is written.")
    on: int | None = Field(None, ge=0, description="Number of the thing it is written on; none for the image itself.")


class PlannedChart(_Part):
    """The numbers of a chart."""

    kind: Literal["bar", "pie", "line"] = "bar"
    entries: tuple[tuple[Word, float], ...] = Field(max_length=24, description="Labels with their values.")
    percent: bool = False


class Plan(_Part):
    """An image, planned."""

    genre: Genre = Field(Genre.SCENE, description="The genre of the image.")
    manner: Word = Field("", description="Words for how that genre is done, such as `birthday card` or `app icon`.")
    topic: Word = Field("", description="What a diagram, a map or a card is about.")
    things: tuple[PlannedThing, ...] = Field((), max_length=12)
    relations: tuple[PlannedRelation, ...] = Field((), max_length=40)
    texts: tuple[PlannedText, ...] = Field((), max_length=8)
    chart: PlannedChart | None = None
    place: Literal[PLACES] | None = Field(None, description="Where.")  # type: ignore[valid-type]
    place_said: bool = Field(True, description="Whether the place must be this one; otherwise it may suit the weather.")
    time: Literal[TIMES] | None = Field(None, description="When.")  # type: ignore[valid-type]
    weather: tuple[Literal[WEATHERS], ...] = Field((), max_length=9)  # type: ignore[valid-type]
    style: Literal[STYLES] = "flat"  # type: ignore[valid-type]
    mood: Word | None = None

    @classmethod
    def of(cls, scene: Scene) -> Plan:
        """The plan of a scene."""
        return cls(
            genre=Genre(scene.genre),
            manner=scene.manner,
            topic=scene.topic[:200],
            things=tuple(
                PlannedThing(
                    noun=thing.noun[:200], drawings=tuple(match.drawing for match in thing.matches), count=thing.count,
                    colours=thing.colours, size=thing.size, attributes=thing.attributes[:20],
                )
                for thing in scene.things
            ),
            relations=tuple(
                PlannedRelation(subject=one.subject, kind=one.kind, objects=one.objects[:2]) for one in scene.relations
            ),
            texts=tuple(PlannedText(text=one.text[:200], on=one.carrier) for one in scene.inscriptions),
            chart=None if scene.chart is None else PlannedChart(
                kind=scene.chart.kind, entries=scene.chart.entries, percent=scene.chart.percent
            ),
            place=scene.place,
            place_said=scene.place_said,
            time=scene.time,
            weather=scene.weather,
            style=scene.style,
            mood=scene.mood,
        )  # fmt: skip

    def scene(self, library: Artworks) -> Scene:
        """The scene to draw. Things whose artworks the library has not are sought by their noun.

        What refers to a thing that is not there, or cannot be drawn, is omitted; such things stand under `unknown`.
        """
        retriever = Retriever(library, Lexicon.open())
        known = drawings_of(library).by_id
        things: list[Thing] = []
        unknown: list[Unknown] = []
        numbers: dict[int, int] = {}
        for number, planned in enumerate(self.things):
            matches = tuple(Match(one, 1.0) for one in planned.drawings if one in known)
            matches = matches or retriever.matches(planned.noun.lower(), planned.attributes)
            if not matches or matches[0].score < USED:
                unknown.append(Unknown(planned.noun, "", 0.0, used=False))
                continue
            numbers[number] = len(things)
            things.append(
                Thing(planned.noun, matches, planned.count, planned.colours, planned.size, planned.attributes)
            )
        relations = [
            Relation(numbers[one.subject], one.kind, tuple(numbers[index] for index in one.objects))
            for one in self.relations
            if one.subject in numbers and set(one.objects) <= set(numbers) and one.subject not in one.objects
        ]
        chart = None if self.chart is None else Chart(self.chart.kind, self.chart.entries, self.chart.percent)
        texts = tuple(Inscription(one.text, None if one.on is None else numbers.get(one.on)) for one in self.texts)
        return Scene(
            tuple(things), tuple(relations), self.place, self.time, self.weather, self.style, self.mood, tuple(unknown),
            place_said=self.place_said, genre=self.genre.value, manner=self.manner, topic=self.topic, inscriptions=texts, chart=chart,
            title=f"{self.manner} {self.topic}".strip(), salt="plan",
        )  # fmt: skip
