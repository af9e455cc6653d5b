"""Reads the spans of a prompt as sentences: what is there, how many, and how it all stands together."""

from __future__ import annotations

from dataclasses import replace

from spectacle.generators.illustration.language import places, relations
from spectacle.generators.illustration.language.attributes import ATTRIBUTE_WORDS
from spectacle.generators.illustration.language.drafts import Draft, Link, Modifiers, Reading
from spectacle.generators.illustration.language.kinds import ANIMALS
from spectacle.generators.illustration.language.phrases import Kind, place_of
from spectacle.generators.illustration.language.relations import RelationWord
from spectacle.generators.illustration.language.scene import RelationKind
from spectacle.generators.illustration.language.scenery import Scenery
from spectacle.generators.illustration.language.spans import Span, count_of
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


class Reader(Scenery):
    """Reads one prompt's spans."""

    def read(self) -> Reading:
        """All that the spans say."""
        index = 0
        while index < len(self._spans):
            index = self._span(index)
        self._settle_modifiers()
        self._finish_colours()
        return self.reading

    def _span(self, index: int) -> int:
        span = self._spans[index]
        mark = span.mark
        match span.kind:
            case Kind.DETERMINER:
                self._determiner(index, span)
            case Kind.POSSESSIVE:
                self._settle_modifiers()
                self._next.determined = self._next.possessive = self._next.definite = True
            case Kind.COUNT:
                self._count(index, count_of(mark))
            case Kind.OTHER:
                self._settle_modifiers()
                if not self._is_kind(index + 1, Kind.NOUN):
                    self._next.count = 1
                    self._next.determined = True
            case Kind.COLOUR:
                self._colour(mark.text)
            case Kind.SIZE:
                self._next.size *= mark.number
            case Kind.ATTRIBUTE:
                if mark.text:
                    self._next.attributes.append(mark.text)
                self._next.words.append(span.text)
            case Kind.NOUN:
                return self._noun(index)
            case Kind.SKY:
                self._sky(index, span)
            case Kind.STYLE:
                if self.reading.style is None or self.reading.style == "flat":
                    self.reading.style = mark.text
                self._pending = None
            case Kind.RELATION:
                self._relation(index, span)
            case Kind.VERB:
                self._verb(index, span)
            case Kind.HAVE:
                self._settle_modifiers()
                self._open(RelationWord(None), "with", having=True)
            case Kind.OF:
                self._of(index)
            case Kind.NEGATION:
                self._negation(index)
            case Kind.AND | Kind.OR | Kind.COMMA:
                self._join(index, span.kind)
            case Kind.STOP:
                self._stop()
            case Kind.COPULA:
                self._copula_here()
            case Kind.PRONOUN:
                self._pronoun(index)
            case Kind.LIKE:
                self._settle_modifiers()
                self._ignored = True
            case Kind.NAMED:
                return self._named(index)
            case Kind.SIDE:
                self._side_here(mark.text, span.text)
            case Kind.PLAIN | Kind.SKIP:
                pass
        return index + 1

    def _determiner(self, index: int, span: Span) -> None:
        if self._is_kind(index + 1, Kind.SKIP, Kind.STYLE) or (
            span.text == "the" and self._is_kind(index + 1, Kind.SIDE)
        ):
            return
        self._settle_modifiers()
        self._next.determined = True
        self._next.definite = span.text in ("the", "this", "that", "these", "those", "all the", "one of the")

    def _count(self, index: int, count: int) -> None:
        if self._next.colours and self._last:
            self._settle_modifiers()
        if self._next.count and not self._next.empty() and self._is_kind(index - 1, Kind.COUNT):
            self._next.count = min(40, max(self._next.count, count))
        else:
            self._next.count = count
        self._next.determined = True

    def _colour(self, name: str) -> None:
        for part in name.split(" and "):
            if part not in self._next.colours:
                self._next.colours.append(part)

    def _negation(self, index: int) -> None:
        self._settle_modifiers()
        if self._is_kind(index + 1, Kind.COLOUR, Kind.ATTRIBUTE, Kind.SIZE, Kind.VERB) and not self._noun_follows(
            index + 1
        ):
            self._ignored = True
        self._negated = True
        self._pending = None

    def _join(self, index: int, kind: Kind) -> None:
        after = index + 1
        while self._is_kind(after, Kind.AND, Kind.OR, Kind.COMMA, Kind.PLAIN, Kind.SKIP):
            after += 1
        if self._next.colours and self._is_kind(after, Kind.COLOUR):
            return
        if (
            self._next.words
            and self._is_kind(after, Kind.ATTRIBUTE, Kind.SIZE, Kind.COLOUR, Kind.NOUN)
            and not self._copula
        ):
            goes_on = kind is Kind.COMMA or self._noun_follows(after)
            if goes_on and (not self._is_kind(after, Kind.NOUN) or self._next.determined):
                return
        if (
            self._next.size != 1.0
            and self._is_kind(after, Kind.ATTRIBUTE, Kind.SIZE, Kind.COLOUR)
            and self._noun_follows(after)
        ):
            return
        if (self._next.colours or self._next.size != 1.0) and self._next.determined and self._one_noun_for_both(after):
            self._elliptic.append(self._next)
            self._next = Modifiers()
            return
        self._settle_modifiers()
        if (
            self._negated
            and kind is Kind.AND
            and self._is_kind(after, Kind.DETERMINER, Kind.COUNT, Kind.HAVE, Kind.RELATION, Kind.VERB)
        ):
            self._negated = False
        if self._negated and kind is Kind.COMMA:
            self._negated = self._is_kind(after, Kind.NEGATION)
        if self._ignored:
            self._ignored = False
        if self._pending is not None and self._pending.word.kind is not RelationKind.BETWEEN:
            self._pending = None
        if self._copula:
            self._linked = None
            self._related = True
        self._joined = Kind.COMMA if self._joined is Kind.COMMA else kind
        self._copula = False

    def _one_noun_for_both(self, after: int) -> bool:
        """Whether "a red" before "and" borrows its noun from "a blue balloon" after it."""
        if not self._is_kind(after, Kind.DETERMINER, Kind.COUNT, Kind.OTHER):
            return False
        return self._noun_follows(after) and not (
            self._last and (self.reading.things[self._last[-1]].count or 1) > 1 and self._next.count == 1
        )

    def _stop(self) -> None:
        self._settle_modifiers()
        self._elliptic.clear()
        self._pending = self._linked = None
        self._negated = self._ignored = self._copula = False
        self._joined = None
        self._clause_start = True
        self._related = False
        self._fronted.clear()

    def _copula_here(self) -> None:
        if self._next.count == 1 and self._next.determined and not self._elliptic:
            self._copula = True
            return
        if self._pending is not None and not self._last:
            self._pending = None
        if self._floating and not self._last:
            return
        self._settle_modifiers()
        self._copula = True

    def _named(self, index: int) -> int:
        self._settle_modifiers()
        index += 1
        taken = 0
        while self._is_kind(index, Kind.NOUN, Kind.DETERMINER, Kind.AND, Kind.PLAIN, Kind.COLOUR) and taken < 3:
            if taken and not self._spans[index].raw[:1].isupper():
                break
            if self._spans[index].kind is Kind.AND:
                break
            index += 1
            taken += 1
        return index

    def _noun(self, index: int) -> int:
        end = index
        while self._is_kind(end + 1, Kind.NOUN) and not self._breaks(end):
            end += 1
        parts = list(self._spans[index : end + 1])
        while len(parts) > 1 and not parts[-1].known:
            parts.pop()
        head = parts[-1]
        if len(parts) > 1 and head.noun in _GROUPS:
            self._next.count = _GROUPS[head.noun]
            head = replace(parts[-2], plural=True)
            parts.pop()
        if len(parts) > 1 and head.noun in _ANIMAL_ROLES and self._category(parts[-2].noun) in ANIMALS:
            head = parts[-2]
            parts.pop()
        if len(parts) > 1 and head.noun in relations.PARTS and parts[-2].possessive:
            head = parts[-2]
            parts.pop()
        if (
            head.noun in (relations.MEASURES | relations.PARTS)
            and self._is_kind(end + 1, Kind.OF)
            and self._noun_follows(end + 2)
        ):
            return end + 2
        said, self._next = self._next, Modifiers()
        elliptic, self._elliptic = self._elliptic, []
        if self._negated or self._ignored:
            self._after_unwanted(end)
            return end + 1
        for part in parts[:-1]:
            place = place_of(part.noun)
            if place is not None and part.noun not in places.NEVER_THINGS:
                self.reading.places.append((place.place, True))
            said.words.append(part.noun)
        if self._is_place(head, said):
            self._place(head, end)
            return end + 1
        if self._is_part(head, said):
            self._part(head, said)
            return end + 1
        first = head.noun.split()[0]
        if first != head.noun and ATTRIBUTE_WORDS.get(first) in ("old", "young", "baby"):
            said.attributes.append(ATTRIBUTE_WORDS[first])
        for ellipsis in elliptic:
            self._thing(head, ellipsis, single=True)
            self._joined = Kind.AND
        if head.noun == "family":
            self._family(head, said)
            return end + 1
        self._things_of_colours(head, said)
        if head.noun in _INSTRUMENTS:
            self._plays(len(self.reading.things) - 1)
        return end + 1

    def _family(self, head: Span, said: Modifiers) -> None:
        """The members of a family, who share what is said of it."""
        pending, linked, joined = self._pending, self._linked, self._joined
        first = len(self.reading.things)
        for noun in _HOUSEHOLD:
            self._pending, self._linked, self._joined = pending, linked, joined
            member = replace(head, noun=noun, text=noun, plural=False, known=True)
            self._thing(member, replace(said, count=None, definite=False))
        self._subject = self._last = list(range(first, len(self.reading.things)))

    def _plays(self, player: int) -> None:
        """Gives a player the instrument, and draws a person where no drawing shows such a player."""
        person, things = self.reading.things[player], self.reading.things
        instrument = _INSTRUMENTS[person.term]
        person.term = "singer" if instrument == "guitar" else "man"
        things.append(Draft(instrument, instrument, plural=False, raw=instrument, count=person.count))
        self.reading.links.append(Link(player, RelationKind.HOLDING, [len(things) - 1]))

    def _breaks(self, index: int) -> bool:
        """Whether a noun and the next one do not belong together."""
        span, following = self._spans[index], self._spans[index + 1]
        if span.possessive:
            return False
        if (span.plural and span.known) or following.noun in _ADVERBS:
            return True
        return self._category(span.noun) in ANIMALS and self._category(following.noun) in ANIMALS

    def _things_of_colours(self, head: Span, said: Modifiers) -> None:
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
                self._thing(head, replace(said, colours=[colour], count=count))
                self._joined = Kind.AND
            return
        self._thing(head, said)

    def _thing(self, head: Span, said: Modifiers, *, single: bool = False) -> None:
        head, said = self._kin(head, said)
        position = self._known_thing(head, said)
        things = self.reading.things
        if self._crowd and head.plural and said.count is None:
            said = replace(said, count=_CROWD)
        self._crowd = False
        if position is None:
            things.append(
                Draft(
                    head.noun, head.text, head.plural and not single, head.known, head.raw,
                    said.count or (1 if single else None), list(said.colours), said.size, list(said.attributes),
                    list(said.words), said.definite, self._side,
                )
            )  # fmt: skip
            self._side = None
            position = len(things) - 1
        else:
            self._describe(things[position], replace(said, count=None))
        self._attach(position)
        self._clause_start = False
        self._copula = False

    def _kin(self, head: Span, said: Modifiers) -> tuple[Span, Modifiers]:
        """ "Ducklings and their mother": the mother of animals is one of them."""
        size = _KIN.get(head.noun)
        if size is None or not said.possessive or not self._subject:
            return head, said
        kin = self.reading.things[self._subject[0]]
        if self._category(kin.term) not in ANIMALS:
            return head, said
        return replace(head, noun=kin.term, known=kin.known), replace(said, size=said.size * size, definite=False)

    def _known_thing(self, head: Span, said: Modifiers) -> int | None:
        """The thing that "the cat" speaks of again."""
        if not said.definite:
            return None
        same = [
            position
            for position, thing in enumerate(self.reading.things)
            if thing.term == head.noun and not thing.dropped
        ]
        if said.colours:
            same = [p for p in same if set(said.colours) <= set(self.reading.things[p].colours)]
        if said.possessive or not same:
            return None
        return same[-1]

    def _finish_colours(self) -> None:
        for thing in self.reading.things:
            del thing.colours[3:]
