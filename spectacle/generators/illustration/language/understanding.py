"""From a prompt to a scene: reads it, finds the drawings, and fills in what goes without saying."""

from __future__ import annotations

from spectacle.generators.illustration.language import styles
from spectacle.generators.illustration.language.cutting import Cutter
from spectacle.generators.illustration.language.drafts import Draft, Reading
from spectacle.generators.illustration.language.languages import detect, translate
from spectacle.generators.illustration.language.lexicon import Lexicon
from spectacle.generators.illustration.language.parse import read
from spectacle.generators.illustration.language.phrases import SpanKind
from spectacle.generators.illustration.language.retrieve import FORMS, SURE, USED, Artworks, Retriever
from spectacle.generators.illustration.language.scene import Match, Relation, RelationKind, Scene, Thing, Unknown
from spectacle.generators.illustration.language.surroundings import Surroundings
from spectacle.generators.illustration.language.tables import word_set
from spectacle.generators.illustration.language.tokens import expand, strip_noise, tokenise

_PARTY = {"birthday cake": 1, "balloon": 4, "gift": 3}
"""What is seen of a party of which nothing else is said."""

_PAIRS = word_set("pairs")

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
        return Scene(
            things=tuple(self._things),
            relations=tuple(relations),
            place=surroundings.place(),
            place_said=bool(self._reading.places),
            time=time,
            weather=tuple(weather),
            style=self._style,
            mood=surroundings.mood(),
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
