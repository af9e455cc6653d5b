"""The state of reading a prompt, and what modifiers without a noun are given to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from spectacle.generators.illustration.language.drafts import Draft, Link, Modifiers, Pending, Reading
from spectacle.generators.illustration.language.phrases import Kind
from spectacle.generators.illustration.language.relations import RelationWord
from spectacle.generators.illustration.language.scene import RelationKind
from spectacle.generators.illustration.language.spans import Span

_DESCRIBING = (Kind.COLOUR, Kind.ATTRIBUTE, Kind.SIZE, Kind.PLAIN, Kind.DETERMINER, Kind.COUNT)


_BORNE = frozenset({RelationKind.WEARING, RelationKind.HOLDING, RelationKind.RIDING})


class Clause:
    """Where the reading of a prompt stands."""

    def __init__(self, spans: Sequence[Span], category: Callable[[str], str]) -> None:
        """Takes the spans, and what tells the category of a noun's drawing."""
        self._spans = spans
        self._category = category
        self.reading = Reading()
        self._subject: list[int] = []
        self._last: list[int] = []
        self._pending: Pending | None = None
        self._floating: list[tuple[RelationWord, list[int]]] = []
        self._next = Modifiers()
        self._elliptic: list[Modifiers] = []
        self._negated = False
        self._ignored = False
        self._joined: Kind | None = None
        self._linked: Pending | None = None
        self._clause_start = True
        self._copula = False
        self._side: str | None = None
        self._related = False
        self._crowd = False
        self._placed = -1
        self._fronted: list[tuple[RelationWord, list[int]]] = []
        self._before: list[int] = []
        self._list: list[int] = []

    def _is_kind(self, index: int, *kinds: Kind) -> bool:
        return index < len(self._spans) and self._spans[index].kind in kinds

    def _noun_follows(self, index: int) -> bool:
        """Whether only what describes a noun stands before the next noun."""
        while self._is_kind(index, *_DESCRIBING) or (
            self._is_kind(index, Kind.AND, Kind.COMMA)
            and self._is_kind(index - 1, *_DESCRIBING)
            and self._is_kind(index + 1, *_DESCRIBING)
        ):
            index += 1
        return self._is_kind(index, Kind.NOUN)

    def _settle_modifiers(self) -> None:
        """Gives modifiers that no noun followed to the thing before them: "the car is red", "a car, red and shiny"."""
        pending, self._next = self._next, Modifiers()
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
        if pending.attributes and not pending.colours and self._holds_last():
            target = self._subject
        for position in target:
            self._describe(things[position], pending)
        if target == self._last and target[-1:] == self._subject[-1:]:
            for position in self._subject[:-1]:
                things[position].attributes.extend(pending.attributes)

    def _holds_last(self) -> bool:
        """Whether the last thing is worn, held or ridden, so that what follows is said of its owner."""
        links = self.reading.links
        return bool(links and self._last and links[-1].objects == self._last and links[-1].kind in _BORNE)

    def _describe(self, thing: Draft, said: Modifiers) -> None:
        thing.colours.extend(colour for colour in said.colours if colour not in thing.colours)
        thing.attributes.extend(name for name in said.attributes if name not in thing.attributes)
        thing.size *= said.size
        if said.count and thing.count is None and not said.determined:
            thing.count = said.count

    def _split(self, original: Draft, said: Modifiers) -> None:
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
