"""Places, times, weather, and places in the picture."""

from __future__ import annotations

from spectacle.generators.illustration.language import places
from spectacle.generators.illustration.language.drafts import Modifiers
from spectacle.generators.illustration.language.linking import LISTING, Linking
from spectacle.generators.illustration.language.phrases import Kind, place_of
from spectacle.generators.illustration.language.places import PlaceWord
from spectacle.generators.illustration.language.relations import RelationWord
from spectacle.generators.illustration.language.scene import RelationKind
from spectacle.generators.illustration.language.spans import Span


class Scenery(Linking):
    """Reads where and when the scene is."""

    def _is_place(self, head: Span, said: Modifiers) -> bool:
        place = place_of(head.noun)
        if head.noun in ("moon", "planet") and self._pending is not None and not head.plural:
            return self._pending.word.kind in (RelationKind.ON, RelationKind.INSIDE) and not said.colours
        if place is None or head.possessive:
            return False
        if head.noun in places.NEVER_THINGS:
            return True
        if head.noun in places.DRAWABLE_PLACES and head.known and (said.colours or (said.count or 0) > 1):
            return False
        having = self._pending is not None and (self._pending.having or self._pending.word.kind in LISTING)
        return not (having and head.noun in places.DRAWABLE_PLACES)

    def _place(self, head: Span, end: int) -> None:
        place = place_of(head.noun) or PlaceWord("moon")
        pending, self._pending = self._pending, None
        if pending is not None and pending.word.kind is RelationKind.UNDER and place.place in ("sea", "lake", "river"):
            place = PlaceWord("underwater")
        subjects = pending.subjects if pending else []
        if place.place == "sky":
            self.reading.in_sky.extend(subjects)
            for position in subjects:
                if "flying" not in self.reading.things[position].attributes:
                    self.reading.things[position].attributes.append("flying")
        self.reading.places.append((place.place, place.weak or (pending is None and bool(self.reading.things))))
        self._crowd = self._is_kind(end + 1, Kind.OF)
        self._placed = end
        self._linked = None
        self._related = pending is not None and bool(self._subject)
        if self._subject:
            self._last = list(self._subject)
        self._clause_start = self._clause_start and not self._subject
        self._joined = None

    def _after_unwanted(self, end: int) -> None:
        self._pending = None
        if self._ignored and not self._is_kind(end + 1, Kind.AND, Kind.OR, Kind.COMMA):
            self._ignored = False
        if self._negated and not self._is_kind(end + 1, Kind.AND, Kind.OR, Kind.COMMA, Kind.NOUN):
            self._negated = False

    def _sky(self, index: int, span: Span) -> None:
        names = list(span.mark.names)
        if self._negated or self._ignored:
            self._next = Modifiers()
            self._after_unwanted(index)
            return
        pending = self._pending
        after_in = pending is not None and pending.word.kind in (RelationKind.INSIDE, RelationKind.ON)
        if span.text in places.SNOWY_GROUND and after_in:
            self.reading.places.append(("snow", False))
        if (
            span.text == "clouds"
            and pending is not None
            and pending.word.kind in (RelationKind.ON, RelationKind.ABOVE, RelationKind.INSIDE)
        ):
            self.reading.places.append(("sky", True))
            self.reading.in_sky.extend(pending.subjects)
            names = []
        if span.mark.text == "sky":
            self.reading.places.append(("sky", True))
        self.reading.sky.extend(name for name in names if name not in self.reading.sky)
        if not self._noun_follows(index + 1):
            self._pending = None
            self._next = Modifiers()
            self._joined = None

    def _side_here(self, side: str, text: str) -> None:
        self._settle_modifiers()
        self._pending = None
        if text in ("on top", "at the top") and self._subject and self._last and self._last != self._subject:
            self._link(
                self._last[-1], RelationWord(RelationKind.ON), self._subject[:1], self.reading.things[self._subject[0]]
            )
            return
        if side in ("middle", "down"):
            return
        if side == "up":
            for position in self._last:
                if "flying" not in self.reading.things[position].attributes:
                    self.reading.things[position].attributes.append("flying")
            return
        if (
            self._last
            and not self._clause_start
            and self._joined is None
            and self.reading.things[self._last[-1]].side is None
        ):
            for position in self._list if self._last[-1] in self._list else self._last:
                self.reading.things[position].side = side
        else:
            self._side = side
            self._joined = self._linked = None
            self._related = False
