"""Nouns: which thing each is, how many, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

from spectacle.generators.illustration.language import places, relations
from spectacle.generators.illustration.language.attributes import ATTRIBUTE_WORDS
from spectacle.generators.illustration.language.drafts import Draft, Link, Modifiers
from spectacle.generators.illustration.language.inflect import ONLY_PLURAL
from spectacle.generators.illustration.language.kinds import ANIMALS, ANIMATE
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
"""Relatives to how big they are next to the one they belong to."""


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

_GATHERINGS = frozenset(
    {"festival", "show", "parade", "fair", "exhibition", "competition", "contest", "convention", "race", "concert"}
)
_GATHERED = frozenset({*ANIMALS, "aircraft", "vehicle", "flower", "fantasy", "boat", "food", "fruit"})
"""What is shown of a place that is named after what comes together there: "a hot air balloon festival"."""

_GATHERED_COUNT = 5

_HOLDERS = frozenset({"bowl", "basket", "plate", "platter", "tray", "vase", "jar", "bucket", "crate", "pot"})
_FILLINGS = frozenset({"food", "fruit", "vegetable", "flower", "plant"})

_ADVERBS = word_set("place adverbs")


def read_noun(state: ReaderState, index: int) -> int:
    end = index
    while state.is_kind(end + 1, SpanKind.NOUN) and not _breaks(state, end):
        end += 1
    parts = list(state.spans[index : end + 1])
    if not any(part.known for part in parts):
        parts = parts[-1:]  # of several words that nobody knows the last is the noun
    while len(parts) > 1 and not parts[-1].known:
        parts.pop()
    head = parts[-1]
    if len(parts) > 1 and state.modifiers.possessive and _is_name(state, parts[-1]) and _is_animate(state, parts[-2]):
        parts.pop()
        head = parts[-1]
    if len(parts) > 1 and head.noun in _GROUPS:
        state.modifiers.count = _GROUPS[head.noun]
        head = replace(parts[-2], plural=True)
        parts.pop()
    if len(parts) > 1 and head.noun in _ANIMAL_ROLES and state.category(parts[-2].noun) in ANIMALS:
        parts[-2:] = [head, parts[-2]]
        head = parts[-1]
    whole = head.noun in ("head", "face") and len(parts) > 1 and state.category(parts[-2].noun) in ANIMALS
    if len(parts) > 1 and head.noun in relations.PARTS and (parts[-2].possessive or whole):
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
        gathered = len(parts) > 1 and state.category(parts[-2].noun) in _GATHERED
        if gathered and head.noun.endswith("party"):
            read_place(state, head, end)
            _thing(state, replace(parts[-2], plural=True), Modifiers(count=2, words=["party"]))
        elif gathered and head.noun in _GATHERINGS:
            _thing(state, replace(parts[-2], plural=True), Modifiers(count=_GATHERED_COUNT))
            state.reading.told.append(head.text)
        else:
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
    if len(parts) > 1 and head.noun in _HOLDERS and state.category(parts[-2].noun) in _FILLINGS:
        _filled(state, parts[-2])
    if state.category(head.noun) in (*ANIMALS, "toy"):
        for part in parts[:-1]:
            if part.noun in relations.ROLES:
                _costume(state, part)
    if head.noun in _INSTRUMENTS:
        _plays(state, len(state.reading.things) - 1)
    return end + 1


def _is_animate(state: ReaderState, span: Span) -> bool:
    return state.category(span.noun) in ANIMATE or span.noun in _KIN


def _is_name(state: ReaderState, span: Span) -> bool:
    """Whether a noun after "my dog" or "my friend" is rather what that one is called: "my friend Tom", "my dog max"."""
    if span.raw[:1].isupper():
        return True
    return not span.plural and state.category(span.noun) in (*ANIMATE, "")


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


def _costume(state: ReaderState, role: Span) -> None:
    """Gives an animal that is called by a role what that one wears: "an astronaut cat", "a pirate dog"."""
    things, owner = state.reading.things, len(state.reading.things) - 1
    worn = relations.ROLES[role.noun]
    things.append(Draft(worn, role.text, plural=False, raw=role.raw, count=things[owner].count))
    state.reading.links.append(Link(owner, RelationKind.WEARING, [len(things) - 1]))


def _filled(state: ReaderState, filling: Span) -> None:
    """Puts into a bowl or a basket what it is named after: "a fruit bowl", "a flower vase"."""
    things, holder = state.reading.things, len(state.reading.things) - 1
    count = 3 if state.category(filling.noun) in ("fruit", "flower", "vegetable") else 1
    things.append(Draft(filling.noun, filling.text, plural=False, raw=filling.raw, count=count))
    state.reading.links.append(Link(len(things) - 1, RelationKind.INSIDE, [holder]))


def _breaks(state: ReaderState, index: int) -> bool:
    """Whether a noun and the next one do not belong together."""
    span, following = state.spans[index], state.spans[index + 1]
    if span.possessive:
        return False
    if (span.plural and span.known) or following.noun in _ADVERBS:
        return True
    if following.noun in ONLY_PLURAL and following.noun != span.noun and span.known and following.known:
        return True
    if span.noun in ONLY_PLURAL and following.known:
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
