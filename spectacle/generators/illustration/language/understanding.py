"""From a prompt to a scene: reads it, finds the drawings, and fills in what goes without saying."""

from __future__ import annotations

from spectacle.generators.illustration.language import attributes, places, styles
from spectacle.generators.illustration.language.drafts import Draft, Reading
from spectacle.generators.illustration.language.kinds import ANIMATE
from spectacle.generators.illustration.language.languages import detect, translate
from spectacle.generators.illustration.language.lexicon import Lexicon
from spectacle.generators.illustration.language.parse import read
from spectacle.generators.illustration.language.phrases import SpanKind
from spectacle.generators.illustration.language.retrieve import FORMS, SURE, USED, Artworks, Retriever
from spectacle.generators.illustration.language.scene import Match, Relation, RelationKind, Scene, Thing, Unknown
from spectacle.generators.illustration.language.spans import Cutter
from spectacle.generators.illustration.language.tables import word_set
from spectacle.generators.illustration.language.tokens import expand, strip_noise, tokenise

_FIRST_ONLY = frozenset({"underwater", "space", "sky", "table", "moon"})
"""Places implied by what a prompt is about, not by what is beside it."""

_ANYWHERE = frozenset({"park", "room", "garden", "road", "hills", "forest", "meadow", "table", "street", "library"})
"""Places implied by things that are at home elsewhere too."""

_SHORES = {"sea": "sea", "lake": "lake", "underwater": "beach", "harbour": "harbour"}
"""Places on water to where things of the land stand beside those of the water."""

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
    "snorkeling": "underwater",
}  # fmt: skip
"""What one does to where it is done."""

_PARTY = {"birthday cake": 1, "balloon": 4, "gift": 3}
"""What is seen of a party of which nothing else is said."""

_TABLETOP = 0.7
"""Things up to this height in metres may stand on a table."""

_PAIRS = word_set("pairs")

_CARRIED = frozenset({RelationKind.WEARING, RelationKind.HOLDING})

MAX_THINGS = 12
"""Further things are left out: more would be too small to see."""

_BARE_PLURAL = 3
_SMALL_PLURAL = 5
_SMALL = frozenset(
    [
        "flower",
        "tulip",
        "daisy",
        "rose",
        "butterfly",
        "bee",
        "bird",
        "leaf",
        "bubble",
        "balloon",
        "star",
        "candle",
        "mushroom",
        "apple",
        "fish",
    ]
)


def understand(prompt: str, library: Artworks) -> Scene:
    """The scene that a prompt asks for.

    Any text is understood somehow: what is not is left out, and a text with nothing to draw gives a scene without
    things. Nothing is raised, and the time taken is bounded whatever the length.

    Args:
        prompt: What somebody wrote, in one of the languages of `languages.LANGUAGES`.
        library: The drawings to choose from.
    """
    lexicon = Lexicon.open()
    retriever = _retriever(library, lexicon)
    language = detect(prompt, retriever)
    if language == "en":
        request, content = styles.opening(expand(strip_noise(prompt)))
        asking, telling = tokenise(request), tokenise(content)
    else:
        asking, telling = [], translate(prompt, language)
    reading = read(Cutter(telling, retriever).cut(), retriever.category)
    style = reading.style
    for span in Cutter(asking, retriever).cut():
        if span.kind is SpanKind.STYLE and style in (None, "flat"):
            style = span.mark.text
    words = [token.text for token in (*asking, *telling)]
    return _Assembly(reading, retriever, words, style or "flat", language).scene()


_retrievers: dict[int, tuple[Artworks, Retriever]] = {}


def _retriever(library: Artworks, lexicon: Lexicon) -> Retriever:
    known = _retrievers.get(id(library))
    if known is None or known[0] is not library:
        _retrievers.clear()
        known = _retrievers[id(library)] = (library, Retriever(library, lexicon))
    return known[1]


class _Assembly:
    """Turns what was read into a scene."""

    def __init__(self, reading: Reading, retriever: Retriever, words: list[str], style: str, language: str) -> None:
        self._reading = reading
        self._retriever = retriever
        self._words = words
        self._style = style
        self._language = language
        self._unknown: list[Unknown] = []
        self._positions: dict[int, int] = {}
        self._things: list[Thing] = []
        self._categories: list[str] = []
        self._terms: list[str] = []

    def scene(self) -> Scene:
        for position, draft in enumerate(self._reading.things):
            self._add(position, draft)
        if not self._things and "party" in self._words and self._language == "en":
            for number, (noun, count) in enumerate(_PARTY.items(), len(self._reading.things)):
                self._add(number, Draft(noun, noun, raw=noun, count=count))
        relation_list = self._relations()
        time, weather = self._sky()
        return Scene(
            things=tuple(self._things),
            relations=tuple(relation_list),
            place=self._place(),
            place_said=bool(self._reading.places),
            time=time,
            weather=tuple(weather),
            style=self._style,
            mood=self._mood(),
            unknown=tuple(self._unknown),
            language=self._language,
        )

    # --- things

    def _add(self, position: int, draft: Draft) -> None:
        if draft.dropped or len(self._things) >= MAX_THINGS:
            return
        matches = self._matches(draft)
        if not matches:
            return
        self._positions[position] = len(self._things)
        best = self._retriever.drawings.by_id[matches[0].drawing]
        self._categories.append(best.category)
        self._terms.append(draft.term)
        self._things.append(
            Thing(
                noun=draft.term if self._language == "en" else draft.raw.lower(),
                matches=matches,
                count=self._count(draft),
                colours=tuple(draft.colours),
                size=round(max(0.4, min(2.5, draft.size)), 2),
                attributes=tuple(draft.attributes),
            )
        )

    def _matches(self, draft: Draft) -> tuple[Match, ...]:
        modifiers = [*draft.words_said()]
        if not draft.known:
            return self._nearest(draft)
        found = self._retriever.matches(draft.term, modifiers)
        if not found:
            self._unknown.append(Unknown(draft.text, "", 0.0, used=False))
            return ()
        best = found[0]
        form = FORMS[self._retriever.drawings.by_id[best.drawing].form]
        if best.score / form < SURE:
            title = self._retriever.drawings.by_id[best.drawing].title
            self._unknown.append(Unknown(draft.text, title, best.score, used=best.score >= USED))
        return found if best.score >= USED else ()

    def _nearest(self, draft: Draft) -> tuple[Match, ...]:
        """Drawings for a word nobody knows: what it may be a misspelling of."""
        meant, score = self._retriever.misspelt(draft.text, proper=draft.raw[:1].isupper())
        if meant:
            found = tuple(
                Match(match.drawing, round(match.score * score, 3)) for match in self._retriever.matches(meant)
            )
            if found and found[0].score >= USED:
                title = self._retriever.drawings.by_id[found[0].drawing].title
                self._unknown.append(Unknown(draft.text, title, found[0].score, used=True))
                draft.term = meant
                return found
        lexicon = self._retriever.lexicon
        foreign = draft.term.endswith("~")
        if draft.term in lexicon.concrete or (
            draft.term not in lexicon.words and len(draft.raw) > (3 if foreign else 0)
        ):
            self._unknown.append(Unknown(draft.raw.lower() if foreign else draft.text, "", 0.0, used=False))
        return ()

    def _count(self, draft: Draft) -> int:
        if draft.count is not None:
            return draft.count
        if not draft.plural:
            return 1
        if draft.term in _PAIRS or draft.term == "twin":
            return 2
        if draft.text in self._retriever.drawings.by_title and self._language == "en":
            return 1
        return _SMALL_PLURAL if draft.term.split()[-1] in _SMALL else _BARE_PLURAL

    # --- relations

    def _relations(self) -> list[Relation]:
        found: list[Relation] = []
        for link in self._reading.links:
            subject = self._positions.get(link.subject)
            objects = [self._positions[position] for position in link.objects if position in self._positions]
            if subject is None or not objects or subject in objects:
                continue
            if link.kind is RelationKind.BETWEEN and len(objects) == 1 and self._things[objects[0]].count < 2:
                found.append(Relation(subject, RelationKind.BESIDE, tuple(objects)))
                continue
            relation = Relation(subject, link.kind, tuple(objects))
            if relation not in found:
                found.append(relation)
        sided = self._sides()
        pairs = [{relation.subject, *relation.objects} for relation in sided]
        found = [r for r in found if r.kind is not RelationKind.BESIDE or {r.subject, *r.objects} not in pairs]
        return found + sided

    def _sides(self) -> list[Relation]:
        """Relations between the things on the left and on the right, before and behind."""
        by_side: dict[str | None, list[int]] = {}
        for position, draft in enumerate(self._reading.things):
            if position in self._positions:
                by_side.setdefault(draft.side, []).append(self._positions[position])
        rest = by_side.get(None, [])
        added: list[Relation] = []
        left, right = by_side.get("left", []), by_side.get("right", [])
        if left and right:
            added.append(Relation(left[0], RelationKind.LEFT_OF, (right[0],)))
        elif rest and left:
            added.extend(Relation(index, RelationKind.LEFT_OF, (rest[0],)) for index in left)
        elif rest and right:
            added.extend(Relation(index, RelationKind.RIGHT_OF, (rest[0],)) for index in right)
        back, front = by_side.get("back", []), by_side.get("front", [])
        others = front or rest or left or right
        if others:
            added.extend(Relation(index, RelationKind.BEHIND, (others[0],)) for index in back)
        if front and not back and rest:
            added.extend(Relation(index, RelationKind.IN_FRONT_OF, (rest[0],)) for index in front)
        return added

    # --- place, time, mood

    def _place(self) -> str | None:
        said = self._reading.places
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
        if "snow" in self._reading.sky and not self._things:
            return "snow"
        return self._implied()

    def _grounded(self) -> bool:
        """Whether something stands on the ground that was not said to be in the sky."""
        flying = {self._positions.get(position) for position in self._reading.in_sky}
        hung = {relation.subject for relation in self._relations()}
        by_id = self._retriever.drawings.by_id
        return any(
            index not in flying
            and index not in hung
            and by_id[thing.matches[0].drawing].habitat not in ("sky", "space")
            for index, thing in enumerate(self._things)
        )

    def _grounded_beside(self, flyer: int) -> bool:
        return any(
            index != flyer
            and self._retriever.drawings.by_id[thing.matches[0].drawing].habitat not in ("sky", "wearable")
            for index, thing in enumerate(self._things)
        )

    def _implied(self) -> str | None:
        """Where the things are when nobody says: where the first one is, unless others know better."""
        implied = [self._implied_by(index) for index in range(len(self._things))]
        if "table" in implied and not all(self._is_small(index) for index in range(len(self._things))):
            implied = (
                [place if place != "table" else None for place in implied]
                if any(place not in (None, "table") for place in implied)
                else ["room"]
            )
        carried: set[int] = set()
        for relation in self._relations():
            place = implied[relation.objects[0]] if relation.objects[0] < len(implied) else None
            if relation.kind in _CARRIED:
                carried.update(relation.objects)
            elif place is not None and self._hosts(relation):
                return place
            elif relation.kind is RelationKind.INSIDE and implied[relation.subject] in (*_FIRST_ONLY, *_SHORES):
                carried.add(relation.subject)
        busy = {name for thing in self._things for name in thing.attributes} | set(self._words)
        doing = next((place for name, place in _DONE_AT.items() if name in busy), None)
        if doing is not None:
            return doing
        said = [(index, place) for index, place in enumerate(implied) if place is not None and index not in carried]
        if not said:
            return "room" if any(implied) else None
        first = said[0][1]
        shores = [_SHORES[place] for _, place in said if place in _SHORES]
        if shores and any(place not in _SHORES for _, place in said):
            return "river" if "bridge" in self._terms else shores[0]
        telling = [place for index, place in said if place in _TELLING and self._is_thing(index)]
        if first in _ANYWHERE and telling:
            return telling[0]
        if first == "sky" and self._grounded_beside(0):
            return next((place for _, place in said if place not in _FIRST_ONLY), None)
        return first

    def _is_small(self, index: int) -> bool:
        best = self._retriever.drawings.by_id[self._things[index].matches[0].drawing]
        return best.height_m <= _TABLETOP and self._is_thing(index)

    def _is_thing(self, index: int) -> bool:
        return self._categories[index] not in ANIMATE

    def _hosts(self, relation: Relation) -> bool:
        """Whether what a relation is to tells where the scene is: a boat one is in, the furniture of a room."""
        category = self._categories[relation.objects[0]]
        if relation.kind in (RelationKind.INSIDE, RelationKind.RIDING) and category in ("boat", "aircraft"):
            return relation.subject == 0 or relation.objects[0] == 0
        if relation.kind is RelationKind.RIDING and category == "vehicle":
            return True
        return category == "furniture" and relation.kind is not RelationKind.CHASING

    def _implied_by(self, index: int) -> str | None:
        term = self._terms[index]
        place = places.IMPLIED_BY_NOUN.get(term)
        last = term.split()[-1]
        if place is None and last != term and self._retriever.category(last) == self._categories[index]:
            place = places.IMPLIED_BY_NOUN.get(last)
        return place or places.IMPLIED_BY_CATEGORY.get(self._categories[index])

    def _sky(self) -> tuple[str | None, list[str]]:
        names = self._reading.sky
        time = next((name for name in names if name in places.TIME_WORDS), None)
        weather = [name for name in names if name in places.WEATHER_WORDS]
        if time is None and ("stars" in weather or any({"moon", "star"} & set(term.split()) for term in self._terms)):
            time = "night"
        if "snow" in weather and "rain" in weather:
            weather.remove("rain")
        return time, weather

    def _mood(self) -> str | None:
        words = self._words
        for length in (2, 1):
            for start in range(len(words) - length + 1):
                mood = attributes.MOOD_WORDS.get(" ".join(words[start : start + length]))
                if mood is not None:
                    return mood
        return None
