"""What a prompt asks for, as data: the scene that `language` understands and `compose` draws."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RelationKind(StrEnum):
    """How the subject stands to the object."""

    ON = "on"
    UNDER = "under"
    BESIDE = "beside"
    LEFT_OF = "left of"
    RIGHT_OF = "right of"
    BEHIND = "behind"
    IN_FRONT_OF = "in front of"
    ABOVE = "above"
    BETWEEN = "between"
    INSIDE = "inside"
    AROUND = "around"
    RIDING = "riding"
    HOLDING = "holding"
    WEARING = "wearing"
    LOOKING_AT = "looking at"
    CHASING = "chasing"


@dataclass(frozen=True, slots=True)
class Match:
    """An artwork that shows a noun.

    Attributes:
        drawing: Identity of the drawing in the art library, such as `noto:fox`.
        score: How well it shows the noun, 0 to 1; 1 is an exact title.
    """

    drawing: str
    score: float


@dataclass(frozen=True, slots=True)
class Thing:
    """One noun of the prompt with all that is said of it.

    Attributes:
        noun: The noun as written (singular, in the prompt's language).
        matches: Artworks that show it, best first, at least one.
        count: How many, 1 to 40.
        colours: Colour names of the palette in `language`, empty when none was said; two for "red and white".
        size: Factor on its ordinary size: 1 plain, about 1.6 "big", 0.6 "tiny".
        attributes: Other adjectives that were understood, such as `old`, `happy`, `sleeping`, `flying`.
    """

    noun: str
    matches: tuple[Match, ...]
    count: int = 1
    colours: tuple[str, ...] = ()
    size: float = 1.0
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Relation:
    """A spatial or bodily relation between things, by their positions in `Scene.things`.

    Attributes:
        subject: The thing placed.
        kind: How it is placed.
        objects: The things it is placed by: one, or for `BETWEEN` two, or one of which there are at least two.
    """

    subject: int
    kind: RelationKind
    objects: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A noun without an artwork.

    Attributes:
        word: The noun as written.
        nearest: Title of the nearest artwork.
        score: How near, 0 to 1.
        used: Whether the nearest drawing stands in for it in the scene.
    """

    word: str
    nearest: str
    score: float
    used: bool


@dataclass(frozen=True, slots=True)
class Inscription:
    """A text that is to be written in the image.

    Attributes:
        text: What is written.
        carrier: Position in `Scene.things` of what it is written on; None when it belongs to the image.
    """

    text: str
    carrier: int | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """The numbers of a chart.

    Attributes:
        kind: One of `CHARTS`.
        entries: Labels with their values, in order; a label may be empty.
        percent: Whether the values are percentages.
        example: Whether the prompt gave no numbers, so that these stand for any.
    """

    kind: str
    entries: tuple[tuple[str, float], ...]
    percent: bool = False
    example: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """A prompt understood.

    Attributes:
        things: What is to be seen, in order of mention.
        relations: How they stand to each other.
        place: One of `PLACES`, or None when no place was said or implied.
        time: One of `TIMES`, or None.
        weather: Any of `WEATHERS`, perhaps several.
        style: One of `STYLES`; `flat` is the default.
        mood: One that `attributes.MOOD_WORDS` has, or None; it sets the palette of a scene with nothing to draw.
        unknown: Nouns that have no artwork.
        language: Two-letter code of the language the prompt was read in.
        place_said: Whether the prompt itself says the place; otherwise it is what usually goes with the things.
        genre: The kind of image, one of `genres.Genre`.
        manner: The prompt's words for the kind of image and how it is done, such as "pie chart" or "black on white".
        inscriptions: What is written in the image.
        chart: The numbers of a chart.
        topic: What a diagram, a map or a card is about, in the prompt's words.
        not_drawn: Words that say something of the image and that nothing in it shows.
        share: How much of what the prompt says can be seen, 0 to 1.
        title: The prompt itself, shortened.
        captioned: Whether the image is to say what it could not show.
        salt: Tells this prompt from others, so that no two prompts get the same image.
    """

    things: tuple[Thing, ...] = ()
    relations: tuple[Relation, ...] = ()
    place: str | None = None
    time: str | None = None
    weather: tuple[str, ...] = ()
    style: str = "flat"
    mood: str | None = None
    unknown: tuple[Unknown, ...] = ()
    language: str = "en"
    place_said: bool = True
    genre: str = "scene"
    manner: str = ""
    inscriptions: tuple[Inscription, ...] = ()
    chart: Chart | None = None
    topic: str = ""
    not_drawn: tuple[str, ...] = ()
    share: float = 1.0
    title: str = ""
    captioned: bool = False
    salt: str = ""


PLACES = (
    "meadow", "forest", "jungle", "mountains", "hills", "desert", "beach", "sea", "lake", "river", "underwater",
    "island", "snow", "farm", "garden", "park", "city", "street", "village", "space", "moon", "sky", "room",
    "kitchen", "bedroom", "classroom", "stage", "road", "volcano", "cave", "castle hall", "swamp", "waterfall",
    "savanna", "harbour", "playground", "library", "table", "mars", "graveyard", "cafe", "restaurant", "office",
    "hospital", "bathroom", "gym", "shop", "market", "station", "airport", "museum", "subway",
)  # fmt: skip
TIMES = ("dawn", "day", "sunset", "dusk", "night")
WEATHERS = ("clear", "cloudy", "rain", "storm", "snow", "fog", "wind", "rainbow", "stars", "aurora")
CHARTS = ("bar", "pie", "line")
STYLES = ("flat", "watercolour", "pixel art", "noir", "sketch", "blueprint", "sticker")
