"""From a prompt to a scene: reads it, finds the artworks, and fills in what goes without saying."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from spectacle.generators.illustration.art.library import Artwork
from spectacle.generators.illustration.language.colours import nearest_colour
from spectacle.generators.illustration.language.cutting import Cutter
from spectacle.generators.illustration.language.drafts import Draft, Reading
from spectacle.generators.illustration.language.finishing import finished
from spectacle.generators.illustration.language.genres import Genre
from spectacle.generators.illustration.language.hearing import hear
from spectacle.generators.illustration.language.inflect import singular
from spectacle.generators.illustration.language.lexicon import Lexicon
from spectacle.generators.illustration.language.ownership import MATERIALS
from spectacle.generators.illustration.language.parse import read
from spectacle.generators.illustration.language.phrases import SpanKind, place_of
from spectacle.generators.illustration.language.retrieve import FORMS, SURE, USED, Artworks, Retriever
from spectacle.generators.illustration.language.scene import Match, Relation, RelationKind, Scene, Thing, Unknown
from spectacle.generators.illustration.language.scenery import WITHOUT
from spectacle.generators.illustration.language.spans import Span
from spectacle.generators.illustration.language.surroundings import Surroundings
from spectacle.generators.illustration.language.tables import by_word, word_set

_PARTY = {"birthday cake": 1, "balloon": 4, "gift": 3}
"""What is seen of a party of which nothing else is said."""

_FEASTS = {"christmas": "christmas tree", "xmas": "christmas tree", "halloween": "jack o lantern"}
"""Feasts to what is to be seen of them when nothing else is said."""

_CROWDS = {"traffic": 5, "crowd": 9, "audience": 9, "foliage": 5}
"""Nouns for many to how many are drawn."""

_DISTANT = {
    "mountains": ("mountain", 2),
    "forest": ("tree", 5),
    "city": ("skyscraper", 3),
    "village": ("house", 3),
    "volcano": ("volcano", 1),
}
"""Places to what is seen of them from afar, and how many."""

_OPEN = frozenset(
    [
        "meadow",
        "road",
        "farm",
        "desert",
        "beach",
        "river",
        "sea",
        "island",
        "garden",
        "park",
        "harbour",
        "savanna",
        "playground",
        "snow",
        "hills",
    ]
)
"""Places from where one sees far."""

_PAIRS = word_set("pairs")

MAX_THINGS = 12
"""Further things are omitted: more would be too small to see."""

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

    Any text is understood somehow: what is not is omitted, and a text with nothing to draw gives a scene without
    things. Nothing is raised, and the time taken is bounded whatever the length.

    Args:
        prompt: What somebody wrote, in one of the languages of `languages.LANGUAGES`.
        library: The artworks to choose from.
    """
    lexicon = Lexicon.open()
    retriever = _retriever(library, lexicon)
    heard = hear(prompt, retriever)
    spans = Cutter(heard.telling, retriever).cut()
    reading = read(spans, retriever.category)
    style = reading.style
    for span in Cutter(heard.asking, retriever).cut():
        if span.kind is SpanKind.STYLE and style in (None, "flat"):
            style = span.mark.text
        elif span.kind is SpanKind.NOUN and not reading.places and (place := place_of(span.noun)) is not None:
            reading.places.append((place.place, False))  # "an underwater scene with"
        elif span.kind is SpanKind.SKY and not reading.sky:
            reading.sky.extend(span.mark.names)
    words = [token.text for token in (*heard.asking, *heard.telling)]
    assembly = _Assembly(reading, retriever, words, style or "flat", heard.language)
    if heard.kind.genre is Genre.ICON:
        assembly.add_signs(spans)
    scene = assembly.scene()
    shown = (*assembly.shown(), *_absent(reading, assembly), *reading.told)
    return finished(scene, heard, spans, retriever, prompt, shown)


def _absent(reading: Reading, assembly: _Assembly) -> list[str]:
    """What is not wanted and indeed not there; the artwork of food may have a part that is not wanted."""
    edible = {"food", "dish", "drink", "fruit", "vegetable"} & set(assembly.categories)
    without = {WITHOUT.get(singular(word), "") for word in reading.unwanted}
    if edible and any(without & set(title.split()) for title in assembly.titles()):
        edible = set()
    return [] if edible else [word for word in reading.unwanted if word not in assembly.shown()]


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
        self._painted: set[str] = set()

    def scene(self) -> Scene:
        for position, draft in enumerate(self._reading.things):
            self._add(position, draft)
        alone = all("party" in draft.modifiers for draft in self._reading.things)
        if (not self._things or alone) and "party" in self._words and self._language == "en":
            for number, (noun, count) in enumerate(_PARTY.items(), len(self._reading.things)):
                self._add(number, Draft(noun, noun, raw=noun, count=count))
        self._add_feast()
        relations = self._relations()
        surroundings = Surroundings(
            self._reading,
            self._retriever,
            self._words,
            self._things,
            self._terms,
            self._categories,
            self._positions,
            relations,
        )
        time, weather = surroundings.sky()
        place = surroundings.place()
        self._add_distant(place)
        return Scene(
            things=tuple(self._things),
            relations=tuple(relations),
            place=place,
            place_said=bool(self._reading.places),
            time=time,
            weather=tuple(weather),
            style=self._style,
            mood=surroundings.mood(),
            unknown=tuple(self._unknown),
            language=self._language,
        )

    def add_signs(self, spans: Sequence[Span]) -> None:
        """Has a place drawn as a thing, for an icon has no background: a mountain, a forest as its tree."""
        if self._reading.things:
            return
        for span in spans:
            if span.kind is SpanKind.NOUN and self._retriever.matches(span.noun):
                self._reading.things.append(Draft(span.noun, span.text, raw=span.raw, count=1))
                return

    def _add_feast(self) -> None:
        """Adds what a feast that is named cannot do without: a tree to Christmas, a cake to a birthday."""
        nouns = {word for term in self._terms for word in term.split()}
        for word, noun in _FEASTS.items():
            if word in self._words and self._language == "en" and word not in nouns and noun.split()[-1] not in nouns:
                self._add(len(self._reading.things) + 9, Draft(noun, noun, raw=noun))
        if self._language == "en" and not self._things:
            said = f" {' '.join(self._words)} "
            noun = next((goods for shop, goods in by_word("shop goods").items() if f" {shop} " in said), "")
            if noun:
                self._add(len(self._reading.things) + 9, Draft(noun, noun, raw=noun, count=3))

    def _add_distant(self, place: str | None) -> None:
        """Adds to an open place what is seen of another that is named too: mountains behind a road."""
        said = [name for name, _ in self._reading.places]
        if place not in _OPEN or place not in said:
            return
        for name in said:
            noun, count = _DISTANT.get(name, ("", 0))
            if name != place and noun and not any(noun in term.split() for term in self._terms):
                draft = Draft(noun, noun, raw=noun, count=count, attributes=["far"])
                self._add(len(self._reading.things) + 20 + said.index(name), draft)
                self._painted.add(name)

    @property
    def categories(self) -> list[str]:
        """The category of each thing's best artwork."""
        return self._categories

    def titles(self) -> list[str]:
        """What the best artwork of each thing shows."""
        return [self._retriever.drawings.by_id[thing.matches[0].drawing].title for thing in self._things]

    def shown(self) -> frozenset[str]:
        """The nouns that are drawn, in English and as written."""
        drafts = (
            self._reading.things[position] for position in self._positions if position < len(self._reading.things)
        )
        return frozenset(self._painted) | frozenset(
            word for draft in drafts for word in (draft.term, draft.text, *draft.term.split())
        )

    # --- things

    def _add(self, position: int, draft: Draft) -> None:
        if draft.dropped or len(self._things) >= MAX_THINGS:
            return
        if self._is_of_the_place(draft):
            self._painted.update((draft.term, draft.text, *draft.term.split()))
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
                colours=tuple(draft.colours) or self._colours_implied(draft, best),
                size=round(max(0.4, min(2.5, draft.size)), 2),
                attributes=tuple(draft.attributes),
            )
        )

    def _colours_implied(self, draft: Draft, best: Artwork) -> tuple[str, ...]:
        """The colours of what something is made of or like, where its artwork does not show that anyway."""
        if best.category in ("person", "tree", "food", "landscape") or set(best.title.split()) & set(draft.modifiers):
            return ()
        if draft.like and best.category not in ("animal", "bird", "fish", "insect", "fantasy"):
            model = self._retriever.matches(draft.like)
            hues = self._retriever.drawings.by_id[model[0].drawing].colours[:2] if model else ()
            return tuple(dict.fromkeys(nearest_colour(value) for value, _ in hues))
        made = (MATERIALS[word] for word in draft.modifiers if word in MATERIALS)
        return tuple(made)[:1] if best.category not in ("animal", "instrument", "boat") else ()

    def _is_of_the_place(self, draft: Draft) -> bool:
        """Whether something is part of the place that is painted: the windows of a street."""
        built = any(place in ("street", "city", "village") for place, _ in self._reading.places)
        if built and draft.plural and draft.term.split()[-1] in ("building", "skyscraper"):
            return not draft.colours and draft.count is None
        return built and draft.term in ("window", "shop window") and (draft.plural or draft.term != "window")

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
        """Artworks for a word nobody knows: what it may be a misspelling of."""
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
        # Without their own letters, short words of other languages are rather grammar that the tables lack.
        shortest = 3 if foreign and draft.raw[:1] < "\u0600" else 1
        if draft.term in lexicon.concrete or (draft.term not in lexicon.words and len(draft.raw) >= shortest):
            self._unknown.append(Unknown(draft.raw.lower() if foreign else draft.text, "", 0.0, used=False))
        return ()

    def _count(self, draft: Draft) -> int:
        if draft.count is not None:
            return draft.count
        if draft.term in _CROWDS:
            return _CROWDS[draft.term]
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
        banded = {index for index, thing in enumerate(self._things) if {"far", "near"} & set(thing.attributes)}
        found = [r for r in found if r.kind is not RelationKind.BESIDE or not banded & {r.subject, *r.objects}]
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
        for side, band in (("back", "far"), ("front", "near")):
            for index in by_side.get(side, []):
                thing = self._things[index]
                self._things[index] = replace(thing, attributes=(*thing.attributes, band))
        return added
