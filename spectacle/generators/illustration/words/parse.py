"""Reads the spans of a prompt as sentences: what is there, how many, and how it all stands together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from spectacle.generators.illustration.scene import RelationKind
from spectacle.generators.illustration.words import places, relations
from spectacle.generators.illustration.words.attributes import ATTRIBUTE_WORDS
from spectacle.generators.illustration.words.phrases import Kind, place_of
from spectacle.generators.illustration.words.places import PlaceWord
from spectacle.generators.illustration.words.relations import RelationWord
from spectacle.generators.illustration.words.spans import Span, count_of


@dataclass(slots=True)
class Draft:
    """A thing while the prompt is being read."""

    term: str
    text: str
    plural: bool = False
    known: bool = True
    raw: str = ""
    count: int | None = None
    colours: list[str] = field(default_factory=list)
    size: float = 1.0
    attributes: list[str] = field(default_factory=list)
    modifiers: list[str] = field(default_factory=list)
    definite: bool = False
    side: str | None = None
    dropped: bool = False

    def words_said(self) -> list[str]:
        """Colours, adjectives and verbs that a drawing's title may name too."""
        return [*self.modifiers, *self.attributes, *self.colours]


@dataclass(slots=True)
class Link:
    """A relation while the prompt is being read."""

    subject: int
    kind: RelationKind
    objects: list[int]


@dataclass(slots=True)
class Reading:
    """What was read."""

    things: list[Draft] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    places: list[tuple[str, bool]] = field(default_factory=list)
    sky: list[str] = field(default_factory=list)
    style: str | None = None
    in_sky: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Pending:
    """A relation that waits for its object."""

    word: RelationWord
    text: str
    subjects: list[int]
    having: bool = False


@dataclass(slots=True)
class _Modifiers:
    """What was said so far of the noun to come."""

    determined: bool = False
    definite: bool = False
    possessive: bool = False
    count: int | None = None
    colours: list[str] = field(default_factory=list)
    size: float = 1.0
    attributes: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def empty(self) -> bool:
        return not (self.count or self.colours or self.attributes or self.size != 1.0)


_CROWD = 9
"""How many "a field of flowers" are."""

_KIN = {"mother": 1.3, "mom": 1.3, "father": 1.4, "dad": 1.4, "baby": 0.6, "cub": 0.6, "child": 0.6, "kid": 0.6,
        "parent": 1.3, "young": 0.6, "friend": 1.0, "brother": 1.0, "sister": 1.0, "family": 0.9}  # fmt: skip
"""Relatives to how big they are beside the one they belong to."""

_ANIMALS = frozenset({"animal", "bird", "insect", "fish"})
_ANIMATE = _ANIMALS | {"person", "fantasy"}

_ADVERBS = frozenset("underwater outside outdoors indoors downtown inside outdoor indoor".split())

_LISTING = frozenset(
    {RelationKind.WEARING, RelationKind.HOLDING, RelationKind.BETWEEN, RelationKind.RIDING, RelationKind.CHASING,
     RelationKind.LOOKING_AT}
)  # fmt: skip
_MEASURED_PLACES = frozenset(
    "field meadow forest garden wood sea orchard city village island stage street park farm".split()
)
_RIDEABLE = frozenset(
    "horse bicycle bike motorcycle motorbike skateboard scooter surfboard elephant camel dragon unicorn broom sled "
    "donkey pony unicycle tricycle whale dolphin turtle sleigh tractor reindeer ostrich snowboard broomstick "
    "motor scooter moped mule llama zebra giraffe bull rocket tiger lion seahorse wheelchair jet ski".split()
) | frozenset(["sea turtle", "magic carpet", "flying carpet", "hoverboard", "kick scooter", "jet ski"])
_SINGLE_HIDEOUTS = frozenset("shoe boot sock slipper glove hat cap helmet pocket backpack".split())
_TABLES = frozenset({"table", "dining table", "desk", "picnic table", "round table", "kitchen table"})
_SEATS = frozenset("table roof desk rock shelf chair armchair sofa couch bed bench throne seat stool".split())
_FURNITURE = frozenset(
    "table desk shelf plate tray cake pizza bed sofa chair bench roof counter altar nightstand stove couch armchair "
    "birthday cake pancake tower windowsill bookshelf pie sandwich burger toast cupcake ice cream".split()
)


class Reader:
    """Reads one prompt's spans."""

    def __init__(self, spans: Sequence[Span], category: Callable[[str], str]) -> None:
        """Takes the spans, and what tells the category of a noun's drawing."""
        self._spans = spans
        self._category = category
        self.reading = Reading()
        self._subject: list[int] = []
        self._last: list[int] = []
        self._pending: _Pending | None = None
        self._floating: list[tuple[RelationWord, list[int]]] = []
        self._next = _Modifiers()
        self._elliptic: list[_Modifiers] = []
        self._negated = False
        self._ignored = False
        self._joined: Kind | None = None
        self._linked: _Pending | None = None
        self._clause_start = True
        self._copula = False
        self._side: str | None = None
        self._related = False
        self._crowd = False
        self._before: list[int] = []
        self._list: list[int] = []

    def read(self) -> Reading:
        """All that the spans say."""
        index = 0
        while index < len(self._spans):
            index = self._span(index)
        self._settle_modifiers()
        self._finish_colours()
        return self.reading

    # --- one span after the other

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
                self._side_here(mark.text)
            case Kind.PLAIN | Kind.SKIP:
                pass
        return index + 1

    def _is_kind(self, index: int, *kinds: Kind) -> bool:
        return index < len(self._spans) and self._spans[index].kind in kinds

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

    def _noun_follows(self, index: int) -> bool:
        while self._is_kind(index, Kind.COLOUR, Kind.ATTRIBUTE, Kind.SIZE, Kind.PLAIN, Kind.DETERMINER, Kind.COUNT):
            index += 1
        return self._is_kind(index, Kind.NOUN)

    def _of(self, index: int) -> None:
        """ "A basket of apples" holds them; of "a crown of flowers" only the crown is drawn."""
        if not self._is_kind(index - 1, Kind.NOUN) or self._crowd or not self._last or self._negated:
            return
        owner = self.reading.things[self._last[-1]]
        if owner.term.split()[-1] in relations.CONTAINERS:
            self._pending = _Pending(RelationWord(RelationKind.INSIDE, reverse=True), "of", self._last[-1:])
        elif self._spans[index - 1].text.endswith(owner.text):
            self._ignored = True

    # --- joining and separating

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
            if kind is Kind.COMMA or self._noun_follows(after):
                if not self._is_kind(after, Kind.NOUN) or self._next.determined:
                    return
        if (
            self._next.size != 1.0
            and self._is_kind(after, Kind.ATTRIBUTE, Kind.SIZE, Kind.COLOUR)
            and self._noun_follows(after)
        ):
            return
        if (self._next.colours or self._next.size != 1.0) and self._next.determined and self._one_noun_for_both(after):
            self._elliptic.append(self._next)
            self._next = _Modifiers()
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

    # --- modifiers without a noun

    def _settle_modifiers(self) -> None:
        """Gives modifiers that no noun followed to the thing before them: "the car is red", "a car, red and shiny"."""
        pending, self._next = self._next, _Modifiers()
        if pending.empty() or self._ignored or self._negated:
            return
        things = self.reading.things
        if pending.count and self._last and pending.determined:
            original = things[self._last[-1]]
            if (original.count or (3 if original.plural else 1)) > pending.count or original.dropped:
                self._split(original, pending)
                return
        target = self._subject if self._pending or not self._last else self._last
        if self._copula and self._subject:
            target = self._subject if not self._last or self._last == self._subject else self._last
        if self._pending is not None and self._pending.word.kind is not RelationKind.INSIDE:
            target = self._subject
        for position in target:
            self._describe(things[position], pending)
        if target == self._last and target[-1:] == self._subject[-1:]:
            for position in self._subject[:-1]:
                things[position].attributes.extend(pending.attributes)

    def _describe(self, thing: Draft, said: _Modifiers) -> None:
        thing.colours.extend(colour for colour in said.colours if colour not in thing.colours)
        thing.attributes.extend(name for name in said.attributes if name not in thing.attributes)
        thing.size *= said.size
        if said.count and thing.count is None and not said.determined:
            thing.count = said.count

    def _split(self, original: Draft, said: _Modifiers) -> None:
        """Takes "one black" out of "two cats"."""
        things = self.reading.things
        taken = said.count or 1
        part = replace(
            original, count=taken, colours=list(said.colours), attributes=[*original.attributes, *said.attributes],
            modifiers=list(original.modifiers), size=original.size * said.size, plural=taken > 1, dropped=False,
        )  # fmt: skip
        left = (original.count or 3) - taken
        original.count = left
        if left <= 0 or original.dropped:
            original.dropped = True
        things.append(part)
        position = len(things) - 1
        source = self._last[-1]
        for link in [link for link in self.reading.links if link.subject == source]:
            self.reading.links.append(Link(position, link.kind, list(link.objects)))
        if left <= 0:
            self.reading.links[:] = [link for link in self.reading.links if link.subject != source]

    # --- nouns

    def _noun(self, index: int) -> int:
        end = index
        while self._is_kind(end + 1, Kind.NOUN) and not self._breaks(end):
            end += 1
        parts = list(self._spans[index : end + 1])
        while len(parts) > 1 and not parts[-1].known:
            parts.pop()
        head = parts[-1]
        if len(parts) > 1 and head.noun in relations.PARTS and parts[-2].possessive:
            head = parts[-2]
            parts.pop()
        if head.noun in relations.MEASURES and self._is_kind(end + 1, Kind.OF) and self._noun_follows(end + 2):
            return end + 2
        said, self._next = self._next, _Modifiers()
        elliptic, self._elliptic = self._elliptic, []
        if self._negated or self._ignored:
            self._after_unwanted(end)
            return end + 1
        for part in parts[:-1]:
            place = place_of(part.noun)
            if place is not None and part.noun not in places.NEVER_THINGS:
                self.reading.places.append((place.place, True))
            said.words.append(part.noun)
        if self._is_place(head, said, end):
            self._place(head, said, end, parts)
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
        self._things_of_colours(head, said)
        return end + 1

    def _breaks(self, index: int) -> bool:
        """Whether a noun and the next one do not belong together."""
        span, following = self._spans[index], self._spans[index + 1]
        return (span.plural and span.known and not span.possessive) or following.noun in _ADVERBS

    def _after_unwanted(self, end: int) -> None:
        self._pending = None
        if self._ignored and not self._is_kind(end + 1, Kind.AND, Kind.OR, Kind.COMMA):
            self._ignored = False
        if self._negated and not self._is_kind(end + 1, Kind.AND, Kind.OR, Kind.COMMA, Kind.NOUN):
            self._negated = False

    def _things_of_colours(self, head: Span, said: _Modifiers) -> None:
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

    def _thing(self, head: Span, said: _Modifiers, *, single: bool = False) -> None:
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

    def _kin(self, head: Span, said: _Modifiers) -> tuple[Span, _Modifiers]:
        """ "Ducklings and their mother": the mother of animals is one of them."""
        size = _KIN.get(head.noun)
        if size is None or not said.possessive or not self._subject:
            return head, said
        kin = self.reading.things[self._subject[0]]
        if self._category(kin.term) not in _ANIMALS:
            return head, said
        return replace(head, noun=kin.term, known=kin.known), replace(said, size=said.size * size, definite=False)

    def _known_thing(self, head: Span, said: _Modifiers) -> int | None:
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

    def _attach(self, position: int) -> None:
        pending, joined = self._pending, self._joined
        self._pending = self._joined = None
        thing = self.reading.things[position]
        for word, objects in self._floating:
            if word.kind is not None:
                self._link(position, word, objects, thing)
        if self._floating:
            self._floating.clear()
            self._subject = [position]
            self._last = [position]
            self._linked = None
            return
        if pending is not None and pending.subjects:
            for subject in pending.subjects:
                if subject != position:
                    self._relate(subject, pending, position)
            self._linked = pending
            self._list = [position]
            self._related = True
            self._last = [position]
            return
        if joined and self._linked is not None and self._continues(self._linked, position):
            for subject in self._linked.subjects:
                if subject != position:
                    self._relate(subject, self._linked, position)
            self._list.append(position)
            self._last = [position]
            return
        if pending is not None:
            self._floating.append((pending.word, [position]))
            self._last = [position]
            return
        if joined is not None and self._linked is None and self._subject and not self._related:
            self._subject = [*self._subject, position]
        else:
            self._before = self._subject or self._before
            self._subject = [position]
            self._related = False
        self._linked = None
        self._last = [position]

    def _continues(self, linked: _Pending, position: int) -> bool:
        """Whether a noun after "and" is one more object of the relation before it."""
        following = self._spans_after_noun(position)
        listing = linked.having or linked.text == "with" or linked.word.kind in _LISTING
        if following is Kind.VERB and listing and self._category(self.reading.things[position].term) not in _ANIMATE:
            following = None
        if following is Kind.RELATION and listing and self._is_borne(self.reading.things[position].term):
            following = None
        if (
            following in (Kind.VERB, Kind.RELATION, Kind.HAVE, Kind.COPULA)
            and linked.word.kind is not RelationKind.BETWEEN
        ):
            return False
        kinds = {
            link.kind
            for link in self.reading.links
            if link.subject in linked.subjects and self._last[-1:] == link.objects[-1:]
        }
        term = self.reading.things[position].term
        if linked.word.kind is RelationKind.BETWEEN:
            return True
        if RelationKind.WEARING in kinds:
            return self._is_borne(term)
        if RelationKind.HOLDING in kinds:
            return self._is_borne(term)
        if linked.word.kind is None or linked.having or linked.text == "with":
            return True
        return bool(kinds & {RelationKind.AROUND}) or (linked.word.reverse and linked.word.kind is RelationKind.INSIDE)

    def _is_borne(self, term: str) -> bool:
        return term in relations.WEARABLE or term.split()[-1] in relations.WEARABLE or term in relations.HANDHELD

    def _spans_after_noun(self, position: int) -> Kind | None:
        for index, span in enumerate(self._spans):
            if (
                span.kind is Kind.NOUN
                and span.raw == self.reading.things[position].raw
                and span.text == self.reading.things[position].text
            ):
                following = index + 1
                if self._is_kind(following, Kind.RELATION) and self._spans[following].text == "with":
                    return None
                return self._spans[following].kind if following < len(self._spans) else None
        return None

    # --- relations

    def _relation(self, index: int, span: Span) -> None:
        word = span.mark.relation
        assert word is not None  # noqa: S101 - every relation mark carries its word
        self._settle_modifiers()
        if self._pending is not None and self._pending.word.kind is not None and word.kind is None:
            return
        self._open(word, span.text)

    def _verb(self, index: int, span: Span) -> None:
        word = span.mark.relation
        noun_next = self._noun_follows(index + 1) or self._is_kind(index + 1, Kind.POSSESSIVE, Kind.PRONOUN)
        attributive = not (self._last or self._subject) or (self._next.determined and self._noun_follows(index + 1))
        if attributive and self._next.determined:
            self._next.words.append(span.text)
            if span.mark.text:
                self._next.attributes.append(span.mark.text)
            return
        self._settle_modifiers()
        if word is None:
            return
        subjects = self._clause_subjects(verb=True)
        name = word.attribute or span.mark.text
        for position in subjects:
            if name and name not in self.reading.things[position].attributes:
                self.reading.things[position].attributes.append(name)
            self.reading.things[position].modifiers.append(span.text)
        if noun_next or self._is_kind(index + 1, Kind.SKY, Kind.PLAIN, Kind.SKIP, Kind.OF):
            self._pending = _Pending(word, span.text, subjects)
        else:
            self._pending = None

    def _open(self, word: RelationWord, text: str, *, having: bool = False) -> None:
        if self._clause_start and not (having and self._subject):
            subjects: list[int] = []
            self._clause_start = False
        else:
            subjects = self._clause_subjects(verb=having, nearest=not having)
        if (
            self._pending is not None
            and self._pending.subjects
            and word.kind is not None
            and self._pending.word.attribute
        ):
            subjects = self._pending.subjects
        if text == "with" and len(subjects) > 1 and self._last:
            subjects = self._last[-1:]
        self._pending = _Pending(word, text, subjects, having)

    def _clause_subjects(self, *, verb: bool, nearest: bool = False) -> list[int]:
        """Whose relation it is: the head of the clause, or for a preposition the noun right before it."""
        linked_kind = self._last_link_kind()
        head_only = self._joined is not None or linked_kind in (
            RelationKind.WEARING,
            RelationKind.HOLDING,
            RelationKind.RIDING,
        )
        if nearest and not head_only and self._last and self._last != self._subject[-1:] and linked_kind is not None:
            return list(self._last)
        if len(self._subject) > 1:
            return list(self._subject)
        return list(self._subject or self._last)

    def _last_link_kind(self) -> RelationKind | None:
        if self.reading.links and self._last and self.reading.links[-1].objects[-1:] == self._last[-1:]:
            return self.reading.links[-1].kind
        return None

    def _relate(self, subject: int, pending: _Pending, position: int) -> None:
        things = self.reading.things
        if pending.text == "with" and things[position].term in relations.HANDHELD and self._subject:
            head = self._subject[0]
            if self._category(things[subject].term) != "person" and self._category(things[head].term) == "person":
                subject = head
        self._link(subject, pending.word, [position], self.reading.things[position], pending)

    def _link(
        self, subject: int, word: RelationWord, objects: list[int], thing: Draft, pending: _Pending | None = None
    ) -> None:
        owner = self.reading.things[subject]
        target = self.reading.things[objects[0]]
        kind, reverse = self._kind_of(owner, word, target, pending)
        if kind is None or subject in objects:
            return
        if kind is RelationKind.BETWEEN:
            for link in self.reading.links:
                if link.subject == subject and link.kind is RelationKind.BETWEEN and len(link.objects) < 2:
                    link.objects.extend(objects)
                    return
        if reverse:
            for position in objects:
                self.reading.links.append(Link(position, kind, [subject]))
            return
        self.reading.links.append(Link(subject, kind, list(objects)))

    def _kind_of(
        self, owner: Draft, word: RelationWord, target: Draft, pending: _Pending | None
    ) -> tuple[RelationKind | None, bool]:
        """What a relating word means between these two nouns: "with a hat" is wearing, "on a horse" is riding."""
        text = pending.text if pending else ""
        having = pending is not None and (pending.having or text == "with")
        worn = target.term in relations.WEARABLE or target.term.split()[-1] in relations.WEARABLE
        if having:
            return self._having(owner, target, worn=worn)
        kind = word.kind
        if kind is RelationKind.INSIDE and worn and not word.reverse and not word.attribute:
            if target.plural or target.term not in _SINGLE_HIDEOUTS or text == "in":
                hidden = target.term in _SINGLE_HIDEOUTS - {"hat", "cap", "helmet"} and not target.plural
                return (RelationKind.INSIDE if hidden else RelationKind.WEARING), False
        if kind is RelationKind.ON and text == "on" and "flying" in owner.attributes:
            return RelationKind.ABOVE, False
        if kind is RelationKind.WEARING and not worn and target.term in relations.HANDHELD:
            return RelationKind.HOLDING, False
        if kind is RelationKind.INSIDE and not word.reverse and target.term.split()[-1] in _SEATS:
            return RelationKind.ON, False
        if kind is RelationKind.HOLDING and word.attribute == "playing" and self._category(target.term) in ("sport", "toy"):
            return RelationKind.BESIDE, False
        if kind is RelationKind.HOLDING and text in ("flying", "flies", "flew", "fly"):
            owner.attributes[:] = [name for name in owner.attributes if name != "flying"]
            return (RelationKind.HOLDING if target.term == "kite" else RelationKind.RIDING), False
        if (
            kind is RelationKind.ON
            and target.term in _RIDEABLE
            and text in ("on", "on the back of", "on top of", "sitting on", "atop")
        ):
            return RelationKind.RIDING, False
        return kind, word.reverse

    def _having(self, owner: Draft, target: Draft, *, worn: bool) -> tuple[RelationKind | None, bool]:
        head = owner.term.split()[-1]
        if worn and owner.term not in _FURNITURE and owner.term not in relations.CONTAINERS:
            return RelationKind.WEARING, False
        if owner.term in _FURNITURE and self._category(target.term) not in ("furniture", "person"):
            return RelationKind.ON, True
        if owner.term in relations.CONTAINERS and head not in ("hat",):
            return RelationKind.INSIDE, True
        sort = self._category(owner.term)
        if target.term in relations.HANDHELD and sort in _ANIMATE:
            return RelationKind.HOLDING, False
        if owner.term in _TABLES and self._category(target.term) in ("furniture", "person"):
            return RelationKind.AROUND, True
        if sort == "plant" and self._category(target.term) in ("fruit", "bird", "animal"):
            return RelationKind.INSIDE, True
        return RelationKind.BESIDE, True

    # --- pronouns, parts, places, sky, sides

    def _pronoun(self, index: int) -> None:
        self._settle_modifiers()
        if self._pending is None:
            self._clause_start = False
            return
        pending, self._pending = self._pending, None
        listed = self._linked is not None and (self._linked.having or self._linked.text == "with")
        if self._last and pending.subjects == self._subject and (len(self._subject) > 1 or listed):
            pending.subjects = self._last[-1:]
            self.reading.links[:] = [
                link for link in self.reading.links if {link.subject, *link.objects} != {self._last[-1], self._subject[0]}
            ]
        target = [p for p in self._subject if p not in pending.subjects]
        target = target or [p for p in self._before if p not in pending.subjects] or self._subject
        if not target:
            return
        if not pending.subjects or pending.subjects == target:
            self._floating.append((pending.word, target[:1]))
            self._clause_start = False
            return
        for subject in pending.subjects:
            if subject != target[0]:
                self._relate(subject, pending, target[0])

    def _is_part(self, head: Span, said: _Modifiers) -> bool:
        term = head.noun.split()[-1] if head.known else head.noun
        if term not in relations.PARTS or (head.noun != term and head.noun not in relations.PARTS):
            return False
        having = self._pending is not None and (self._pending.having or self._pending.text == "with")
        if having or said.possessive:
            return bool(self._subject)
        if self._linked is not None and self._joined and (self._linked.having or self._linked.text == "with"):
            return True
        return self._pending is not None and said.definite and bool(self._subject) and not said.colours

    def _part(self, head: Span, said: _Modifiers) -> None:
        pending, self._pending = self._pending, None
        if pending is None:
            return
        if pending.having or pending.text == "with":
            self._linked = pending
            self._joined = None
            return
        if pending.word.kind not in (
            RelationKind.ON,
            RelationKind.ABOVE,
            RelationKind.BESIDE,
            RelationKind.INSIDE,
            RelationKind.AROUND,
        ):
            return
        if self._last and pending.subjects == self._subject and self._last != self._subject:
            pending.subjects = self._last[-1:]
        owners = [p for p in self._subject if p not in pending.subjects]
        if owners and pending.subjects:
            item = self.reading.things[pending.subjects[0]]
            worn = item.term in relations.WEARABLE
            both = {owners[0], pending.subjects[0]}
            self.reading.links[:] = [link for link in self.reading.links if {link.subject, *link.objects} != both]
            if worn:
                self.reading.links.append(Link(owners[0], RelationKind.WEARING, pending.subjects[:1]))
            elif head.noun in ("hand", "arm", "paw", "mouth"):
                self.reading.links.append(Link(owners[0], RelationKind.HOLDING, pending.subjects[:1]))
            else:
                self.reading.links.append(Link(pending.subjects[0], RelationKind.ON, owners[:1]))
        elif self._subject and said.possessive:
            kind = RelationWord(RelationKind.ON)
            self._floating.append((kind, self._subject[:1]))

    def _is_place(self, head: Span, said: _Modifiers, end: int) -> bool:
        place = place_of(head.noun)
        if head.noun in ("moon", "mars", "planet", "red planet") and self._pending is not None:
            return self._pending.word.kind in (RelationKind.ON, RelationKind.INSIDE) and not said.colours
        if place is None or head.possessive:
            return False
        if head.noun in places.NEVER_THINGS:
            return True
        if head.noun in places.DRAWABLE_PLACES and head.known and (said.colours or (said.count or 0) > 1):
            return False
        having = self._pending is not None and (self._pending.having or self._pending.word.kind in _LISTING)
        return not (having and head.noun in places.DRAWABLE_PLACES)

    def _place(self, head: Span, said: _Modifiers, end: int, parts: Sequence[Span]) -> None:
        place = place_of(head.noun) or PlaceWord("moon")
        pending, self._pending = self._pending, None
        subjects = pending.subjects if pending else []
        if place.place == "sky":
            self.reading.in_sky.extend(subjects)
            for position in subjects:
                if "flying" not in self.reading.things[position].attributes:
                    self.reading.things[position].attributes.append("flying")
        self.reading.places.append((place.place, place.weak or (pending is None and bool(self.reading.things))))
        del said
        self._crowd = self._is_kind(end + 1, Kind.OF)
        for part in parts[:-1]:
            if part.known and place_of(part.noun) is None and head.noun.split()[-1] in _MEASURED_PLACES:
                self._clause_start = False
        self._linked = None
        self._related = pending is not None and bool(self._subject)
        if self._subject:
            self._last = list(self._subject)
        self._clause_start = self._clause_start and not self._subject
        self._joined = None

    def _sky(self, index: int, span: Span) -> None:
        names = list(span.mark.names)
        if self._negated or self._ignored:
            self._next = _Modifiers()
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
        if span.mark.text == "sky":
            self.reading.places.append(("sky", True))
        self.reading.sky.extend(name for name in names if name not in self.reading.sky)
        if not self._noun_follows(index + 1):
            self._pending = None
            self._next = _Modifiers()
            self._joined = None

    def _side_here(self, side: str) -> None:
        self._settle_modifiers()
        self._pending = None
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

    def _finish_colours(self) -> None:
        for thing in self.reading.things:
            del thing.colours[3:]
