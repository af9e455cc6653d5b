"""Where, when and in which mood a scene is: what the prompt says, or what its things imply."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

from dataclasses import dataclass

from spectacle.generators.illustration.language import attributes, places, relations
from spectacle.generators.illustration.language.colours import COLOUR_WORDS
from spectacle.generators.illustration.language.drafts import Reading
from spectacle.generators.illustration.language.kinds import ANIMATE
from spectacle.generators.illustration.language.retrieve import Retriever
from spectacle.generators.illustration.language.scene import Relation, RelationKind, Thing

_FIRST_ONLY = frozenset({"underwater", "space", "sky", "table", "moon"})
"""Places implied by what a prompt is about, not by what is next to it."""

_ANYWHERE = frozenset({"park", "room", "garden", "road", "hills", "forest", "meadow", "table", "street", "library"})
"""Places implied by things that are at home elsewhere too."""

_SHORES = {"sea": "sea", "lake": "lake", "underwater": "beach", "harbour": "harbour"}
"""Places on water to where things of the land stand next to those of the water."""

_TELLING = frozenset(
    {
        "snow",
        "desert",
        "farm",
        "playground",
        "stage",
        "kitchen",
        "castle hall",
        "classroom",
        "bedroom",
        "space",
        "beach",
    }
)
"""Places that a thing with no will of its own is hardly anywhere but in."""

_DONE_AT = {
    "surfing": "sea", "skiing": "snow", "snowboarding": "snow", "sledding": "snow", "ice skating": "snow",
    "fishing": "lake", "cooking": "kitchen", "baking": "kitchen", "sailing": "sea", "scuba": "underwater",
    "snorkeling": "underwater", "brushing teeth": "bathroom", "washing up": "kitchen", "ironing": "room", "vacuuming": "room",
    "mopping": "kitchen", "mowing": "garden", "gardening": "garden", "chopping wood": "forest", "hanging laundry": "garden",
    "doing laundry": "bathroom", "shopping": "shop", "giving an injection": "hospital", "milking": "farm", "lifting a dumbbell": "gym",
}  # fmt: skip
"""What one does to where it is done."""

_TABLETOP = 0.7
"""Things up to this height in metres may stand on a table."""

_CARRIED = frozenset({RelationKind.WEARING, RelationKind.HOLDING})


_SHADES = frozenset({"dark", "warm", "cold", "deep"})
"""Words that set a mood, but not before a colour or a part of the body."""


def _is_shaded(word: str) -> bool:
    return (
        word in COLOUR_WORDS
        or word in relations.PARTS
        or word.endswith(("skinned", "haired", "eyed", "colored", "coloured"))
    )


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where, when and in which mood a scene is. Things are numbers in `things`.

    Attributes:
        reading: What was read.
        retriever: Knows the artworks.
        words: The words of the prompt.
        things: What is to be seen.
        terms: The noun of each thing in English.
        categories: The category of each thing's best artwork.
        positions: Numbers of drafts in `reading.things` to numbers of things.
        relations: How the things stand to each other.
    """

    reading: Reading
    retriever: Retriever
    words: list[str]
    things: list[Thing]
    terms: list[str]
    categories: list[str]
    positions: dict[int, int]
    relations: list[Relation]

    def place(self) -> str | None:
        said = self.reading.places
        strong = [name for name, weak in said if not weak]
        if {"mountains", "lake"} <= set(strong):
            return "lake"  # which has mountains behind it
        if strong:
            return strong[0]
        weak = [name for name, _ in said]
        if "sky" in weak and self._grounded():
            weak = [name for name in weak if name != "sky"]
        if weak:
            return weak[0]
        if "snow" in self.reading.sky and not self.things:
            return "snow"
        return self._implied()

    def _grounded(self) -> bool:
        """Whether something stands on the ground that was not said to be in the sky."""
        flying = {self.positions.get(position) for position in self.reading.in_sky}
        hung = {relation.subject for relation in self.relations}
        by_id = self.retriever.drawings.by_id
        return any(
            index not in flying
            and index not in hung
            and by_id[thing.matches[0].drawing].habitat not in ("sky", "space")
            for index, thing in enumerate(self.things)
        )

    def _grounded_beside(self, flyer: int) -> bool:
        return any(
            index != flyer
            and self.retriever.drawings.by_id[thing.matches[0].drawing].habitat not in ("sky", "wearable")
            for index, thing in enumerate(self.things)
        )

    def _implied(self) -> str | None:
        """Where the things are when nobody says: where the first one is, unless others know better."""
        implied = [self._implied_by(index) for index in range(len(self.things))]
        if "table" in implied and not all(self._is_small(index) for index in range(len(self.things))):
            implied = (
                [place if place != "table" else None for place in implied]
                if any(place not in (None, "table") for place in implied)
                else ["room"]
            )
        carried: set[int] = set()
        for relation in self.relations:
            place = implied[relation.objects[0]] if relation.objects[0] < len(implied) else None
            if relation.kind in _CARRIED:
                carried.update(relation.objects)
            elif place is not None and self._hosts(relation):
                return place
            elif relation.kind is RelationKind.INSIDE and implied[relation.subject] in (*_FIRST_ONLY, *_SHORES):
                carried.add(relation.subject)
        busy = {name for thing in self.things for name in thing.attributes} | set(self.words)
        doing = next((place for name, place in _DONE_AT.items() if name in busy), None)
        if doing is not None:
            return doing
        said = [(index, place) for index, place in enumerate(implied) if place is not None and index not in carried]
        if not said:
            return "room" if any(implied) else None
        first = said[0][1]
        shores = [_SHORES[place] for _, place in said if place in _SHORES]
        if shores and any(place not in _SHORES for _, place in said):
            return "river" if "bridge" in self.terms else shores[0]
        telling = [place for index, place in said if place in _TELLING and self._is_thing(index)]
        if first in _ANYWHERE and telling:
            return telling[0]
        if first == "sky" and self._grounded_beside(0):
            return next((place for _, place in said if place not in _FIRST_ONLY), None)
        return first

    def _is_small(self, index: int) -> bool:
        best = self.retriever.drawings.by_id[self.things[index].matches[0].drawing]
        return best.height_m <= _TABLETOP and self._is_thing(index)

    def _is_thing(self, index: int) -> bool:
        return self.categories[index] not in ANIMATE

    def _hosts(self, relation: Relation) -> bool:
        """Whether what a relation is to tells where the scene is: a boat one is in, the furniture of a room."""
        category = self.categories[relation.objects[0]]
        if relation.kind in (RelationKind.INSIDE, RelationKind.RIDING) and category in ("boat", "aircraft"):
            return relation.subject == 0 or relation.objects[0] == 0
        if relation.kind is RelationKind.RIDING and category == "vehicle":
            return True
        return category == "furniture" and relation.kind is not RelationKind.CHASING

    def _implied_by(self, index: int) -> str | None:
        term = self.terms[index]
        place = places.IMPLIED_BY_NOUN.get(term)
        last = term.split()[-1]
        if place is None and last != term and self.retriever.category(last) == self.categories[index]:
            place = places.IMPLIED_BY_NOUN.get(last)
        return place or places.IMPLIED_BY_CATEGORY.get(self.categories[index])

    def sky(self) -> tuple[str | None, list[str]]:
        names = self.reading.sky
        time = next((name for name in names if name in places.TIME_WORDS), None)
        weather = [name for name in names if name in places.WEATHER_WORDS]
        if time is None and ("stars" in weather or any({"moon", "star"} & set(term.split()) for term in self.terms)):
            time = "night"
        if "snow" in weather and "rain" in weather:
            weather.remove("rain")
        return time, weather

    def mood(self) -> str | None:
        words = self.words
        for length in (2, 1):
            for start in range(len(words) - length + 1):
                mood = attributes.MOOD_WORDS.get(" ".join(words[start : start + length]))
                following = words[start + length] if start + length < len(words) else ""
                if mood is not None and not (words[start] in _SHADES and _is_shaded(following)):
                    return mood
        return None
