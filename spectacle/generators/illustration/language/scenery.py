"""Places, times, weather, and places in the image."""

from __future__ import annotations

from spectacle.generators.illustration.language import places
from spectacle.generators.illustration.language.drafts import Modifiers
from spectacle.generators.illustration.language.linking import LISTING, link
from spectacle.generators.illustration.language.modifiers import settle_modifiers
from spectacle.generators.illustration.language.phrases import SpanKind, place_of
from spectacle.generators.illustration.language.places import PlaceWord
from spectacle.generators.illustration.language.reader_state import ReaderState
from spectacle.generators.illustration.language.relations import RelationWord
from spectacle.generators.illustration.language.scene import RelationKind
from spectacle.generators.illustration.language.spans import Span


def is_place(state: ReaderState, head: Span, said: Modifiers) -> bool:
    place = place_of(head.noun)
    if head.noun in ("moon", "planet") and state.pending is not None and not head.plural:
        return state.pending.word.kind in (RelationKind.ON, RelationKind.INSIDE) and not said.colours
    if place is None or head.possessive:
        return False
    if head.noun in places.NEVER_THINGS:
        return True
    if head.noun in places.DRAWABLE_PLACES and head.known and (said.colours or (said.count or 0) > 1):
        return False
    if head.noun == "window" and state.pending is None and not state.reading.places:
        return False
    having = state.pending is not None and (state.pending.having or state.pending.word.kind in LISTING)
    return not (having and head.noun in places.DRAWABLE_PLACES)


def read_place(state: ReaderState, head: Span, end: int) -> None:
    place = place_of(head.noun) or PlaceWord("moon")
    pending, state.pending = state.pending, None
    if pending is not None and pending.word.kind is RelationKind.UNDER and place.place in ("sea", "lake", "river"):
        place = PlaceWord("underwater")
    subjects = pending.subjects if pending else []
    if place.place == "sky":
        state.reading.in_sky.extend(subjects)
        for position in subjects:
            if "flying" not in state.reading.things[position].attributes:
                state.reading.things[position].attributes.append("flying")
    state.reading.places.append((place.place, place.weak or (pending is None and bool(state.reading.things))))
    state.crowd = state.is_kind(end + 1, SpanKind.OF)
    state.place_at = end
    state.linked = None
    state.related = pending is not None and bool(state.subject)
    if state.subject:
        state.last = list(state.subject)
    state.clause_start = state.clause_start and not state.subject
    state.joined = None


WITHOUT = {"leaf": "leafless", "hair": "bald", "foliage": "leafless", "candle": "candleless"}
"""Parts that a thing has not to the word for what it is then."""


def skip_unwanted(state: ReaderState, end: int) -> None:
    state.pending = None
    noun = state.spans[end].noun
    if state.negated and not state.ignored:
        state.reading.unwanted.append(state.spans[end].text)
    if state.negated and noun in WITHOUT:
        for position in state.last or state.subject:
            state.reading.things[position].modifiers.append(WITHOUT[noun])
            state.reading.things[position].attributes.append(WITHOUT[noun])
    if state.ignored and not state.is_kind(end + 1, SpanKind.AND, SpanKind.OR, SpanKind.COMMA):
        state.ignored = False
    if state.negated and not state.is_kind(end + 1, SpanKind.AND, SpanKind.OR, SpanKind.COMMA, SpanKind.NOUN):
        state.negated = False


def read_sky(state: ReaderState, index: int, span: Span) -> None:
    names = list(span.mark.names)
    if state.negated or state.ignored:
        state.modifiers = Modifiers()
        skip_unwanted(state, index)
        return
    pending = state.pending
    after_in = pending is not None and pending.word.kind in (RelationKind.INSIDE, RelationKind.ON)
    if span.text in places.SNOWY_GROUND and after_in:
        state.reading.places.append(("snow", False))
    if (
        span.text == "clouds"
        and pending is not None
        and pending.word.kind in (RelationKind.ON, RelationKind.ABOVE, RelationKind.INSIDE)
    ):
        state.reading.places.append(("sky", True))
        state.reading.in_sky.extend(pending.subjects)
        names = []
    if span.mark.text == "sky":
        state.reading.places.append(("sky", True))
    state.reading.sky.extend(name for name in names if name not in state.reading.sky)
    if not state.noun_follows(index + 1):
        state.pending = None
        state.modifiers = Modifiers()
        state.joined = None


def read_side(state: ReaderState, side: str, text: str) -> None:
    settle_modifiers(state)
    state.pending = None
    if text in ("on top", "at the top") and state.subject and state.last and state.last != state.subject:
        link(
            state,
            state.last[-1],
            RelationWord(RelationKind.ON),
            state.subject[:1],
            state.reading.things[state.subject[0]],
        )
        return
    if side in ("middle", "down"):
        return
    if side == "up":
        for position in state.last:
            if "flying" not in state.reading.things[position].attributes:
                state.reading.things[position].attributes.append("flying")
        return
    if (
        state.last
        and not state.clause_start
        and state.joined is None
        and state.reading.things[state.last[-1]].side is None
    ):
        for position in state.listed if state.last[-1] in state.listed else state.last:
            state.reading.things[position].side = side
    else:
        state.side = side
        state.joined = state.linked = None
        state.related = False
