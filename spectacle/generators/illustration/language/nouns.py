"""Nouns: which thing each is, how many, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

from spectacle.generators.illustration.language import places, relations
from spectacle.generators.illustration.language.attributes import ATTRIBUTE_WORDS
from spectacle.generators.illustration.language.drafts import Draft, Link, Modifiers
from spectacle.generators.illustration.language.kinds import ANIMALS
from spectacle.generators.illustration.language.linking import attach
from spectacle.generators.illustration.language.modifiers import describe
from spectacle.generators.illustration.language.ownership import is_part, read_part
from spectacle.generators.illustration.language.phrases import SpanKind, place_of
from spectacle.generators.illustration.language.reader_state import ReaderState
from spectacle.generators.illustration.language.scene import RelationKind
from spectacle.generators.illustration.language.scenery import is_place, read_place, skip_unwanted
from spectacle.generators.illustration.language.spans import Span
from spectacle.generators.illustration.language.tables import word_set

_CROWD = 9
"""How many "a field of flowers" are."""

_KIN = {"mother": 1.3, "mom": 1.3, "father": 1.4, "dad": 1.4, "baby": 0.6, "cub": 0.6, "child": 0.6, "kid": 0.6,
        "parent": 1.3, "young": 0.6, "friend": 1.0, "brother": 1.0, "sister": 1.0, "family": 0.9}  # fmt: skip
"""Relatives to how big they are beside the one they belong to."""


_GROUPS = {"couple": 2, "pair": 2, "family": 4, "group": 5, "herd": 6, "flock": 7, "trio": 3, "team": 5}
"""Nouns after another noun that say how many of it there are."""

_ANIMAL_ROLES = word_set("animal roles")

_HOUSEHOLD = ("man", "woman", "boy", "girl")
"""Who a family is."""

_INSTRUMENTS = {
    "guitarist": "guitar", "guitar player": "guitar", "pianist": "piano", "piano player": "piano",
    "violinist": "violin", "violin player": "violin", "drummer": "drum", "trumpeter": "trumpet",
    "trumpet player": "trumpet", "cellist": "cello", "saxophonist": "saxophone", "saxophone player": "saxophone",
    "flute player": "flute", "flutist": "flute", "harpist": "harp", "accordionist": "accordion",
}  # fmt: skip
"""Players to what they play."""

_ADVERBS = word_set("place adverbs")


def read_noun(state: ReaderState, index: int) -> int:
    end = index
    while state.is_kind(end + 1, SpanKind.NOUN) and not _breaks(state, end):
        end += 1
    parts = list(state.spans[index : end + 1])
    while len(parts) > 1 and not parts[-1].known:
        parts.pop()
    head = parts[-1]
    if len(parts) > 1 and head.noun in _GROUPS:
        state.modifiers.count = _GROUPS[head.noun]
        head = replace(parts[-2], plural=True)
        parts.pop()
    if len(parts) > 1 and head.noun in _ANIMAL_ROLES and state.category(parts[-2].noun) in ANIMALS:
        head = parts[-2]
        parts.pop()
    if len(parts) > 1 and head.noun in relations.PARTS and parts[-2].possessive:
        head = parts[-2]
        parts.pop()
    if (
        head.noun in (relations.MEASURES | relations.PARTS)
        and state.is_kind(end + 1, SpanKind.OF)
        and state.noun_follows(end + 2)
    ):
        return end + 2
    said, state.modifiers = state.modifiers, Modifiers()
    elliptic, state.elliptic = state.elliptic, []
    if state.negated or state.ignored:
        skip_unwanted(state, end)
        return end + 1
    for part in parts[:-1]:
        place = place_of(part.noun)
        if place is not None and part.noun not in places.NEVER_THINGS:
            state.reading.places.append((place.place, True))
        said.words.append(part.noun)
    if is_place(state, head, said):
        read_place(state, head, end)
        return end + 1
    if is_part(state, head, said):
        read_part(state, head, said)
        return end + 1
    first = head.noun.split()[0]
    if first != head.noun and ATTRIBUTE_WORDS.get(first) in ("old", "young", "baby"):
        said.attributes.append(ATTRIBUTE_WORDS[first])
    for ellipsis in elliptic:
        _thing(state, head, ellipsis, single=True)
        state.joined = SpanKind.AND
    if head.noun == "family":
        _family(state, head, said)
        return end + 1
    _things_of_colours(state, head, said)
    if head.noun in _INSTRUMENTS:
        _plays(state, len(state.reading.things) - 1)
    return end + 1


def _family(state: ReaderState, head: Span, said: Modifiers) -> None:
    """The members of a family, who share what is said of it."""
    pending, linked, joined = state.pending, state.linked, state.joined
    first = len(state.reading.things)
    for noun in _HOUSEHOLD:
        state.pending, state.linked, state.joined = pending, linked, joined
        member = replace(head, noun=noun, text=noun, plural=False, known=True)
        _thing(state, member, replace(said, count=None, definite=False))
    state.subject = state.last = list(range(first, len(state.reading.things)))


def _plays(state: ReaderState, player: int) -> None:
    """Gives a player the instrument, and draws a person where no drawing shows such a player."""
    person, things = state.reading.things[player], state.reading.things
    instrument = _INSTRUMENTS[person.term]
    person.term = "singer" if instrument == "guitar" else "man"
    things.append(Draft(instrument, instrument, plural=False, raw=instrument, count=person.count))
    state.reading.links.append(Link(player, RelationKind.HOLDING, [len(things) - 1]))


def _breaks(state: ReaderState, index: int) -> bool:
    """Whether a noun and the next one do not belong together."""
    span, following = state.spans[index], state.spans[index + 1]
    if span.possessive:
        return False
    if (span.plural and span.known) or following.noun in _ADVERBS:
        return True
    return state.category(span.noun) in ANIMALS and state.category(following.noun) in ANIMALS


def _things_of_colours(state: ReaderState, head: Span, said: Modifiers) -> None:
    """One thing, or several where "red, green and blue balloons" names several of a kind."""
    plain_pair = len(said.colours) == 2 and (said.count or set(said.colours) & {"white", "black"})
    if head.plural and len(said.colours) > 1 and not plain_pair:
        colours = said.colours
        share = max(1, (said.count or len(colours)) // len(colours))
        extra = (said.count or len(colours)) - share * len(colours)
        for number, colour in enumerate(colours):
            count = share + (1 if number < extra else 0)
            if not said.count:
                count = 2 if len(colours) == 2 else 1
            _thing(state, head, replace(said, colours=[colour], count=count))
            state.joined = SpanKind.AND
        return
    _thing(state, head, said)


def _thing(state: ReaderState, head: Span, said: Modifiers, *, single: bool = False) -> None:
    head, said = _kin(state, head, said)
    position = _known_thing(state, head, said)
    things = state.reading.things
    if state.crowd and head.plural and said.count is None:
        said = replace(said, count=_CROWD)
    state.crowd = False
    if position is None:
        things.append(
            Draft(
                head.noun, head.text, head.plural and not single, head.known, head.raw,
                said.count or (1 if single else None), list(said.colours), said.size, list(said.attributes),
                list(said.words), said.definite, state.side,
            )
        )  # fmt: skip
        state.side = None
        position = len(things) - 1
    else:
        describe(state, things[position], replace(said, count=None))
    attach(state, position)
    state.clause_start = False
    state.after_copula = False


def _kin(state: ReaderState, head: Span, said: Modifiers) -> tuple[Span, Modifiers]:
    """ "Ducklings and their mother": the mother of animals is one of them."""
    size = _KIN.get(head.noun)
    if size is None or not said.possessive or not state.subject:
        return head, said
    kin = state.reading.things[state.subject[0]]
    if state.category(kin.term) not in ANIMALS:
        return head, said
    return replace(head, noun=kin.term, known=kin.known), replace(said, size=said.size * size, definite=False)


def _known_thing(state: ReaderState, head: Span, said: Modifiers) -> int | None:
    """The thing that "the cat" speaks of again."""
    if not said.definite:
        return None
    same = [
        position for position, thing in enumerate(state.reading.things) if thing.term == head.noun and not thing.dropped
    ]
    if said.colours:
        same = [p for p in same if set(said.colours) <= set(state.reading.things[p].colours)]
    if said.possessive or not same:
        return None
    return same[-1]
