"""What was said of a thing, and which thing modifiers without a noun are given to."""

from __future__ import annotations

from dataclasses import replace

from spectacle.generators.illustration.language.drafts import Draft, Link, Modifiers
from spectacle.generators.illustration.language.reader_state import ReaderState
from spectacle.generators.illustration.language.scene import RelationKind

_BORNE = frozenset({RelationKind.WEARING, RelationKind.HOLDING, RelationKind.RIDING})


def settle_modifiers(state: ReaderState) -> None:
    """Gives modifiers that no noun followed to the thing before them: "the car is red", "a car, red and shiny"."""
    pending, state.modifiers = state.modifiers, Modifiers()
    if pending.empty() or state.ignored or state.negated:
        return
    things = state.reading.things
    if pending.count and state.last and pending.determined:
        original = things[state.last[-1]]
        if (original.count or (3 if original.plural else 1)) > pending.count or original.dropped:
            _split(state, original, pending)
            return
    target = state.subject if state.pending or not state.last else state.last
    if state.after_copula and state.subject:
        target = state.subject if not state.last or state.last == state.subject else state.last
    if state.pending is not None and state.pending.word.kind is not RelationKind.INSIDE:
        target = state.subject
    if pending.attributes and not pending.colours and _holds_last(state):
        target = state.subject
    for position in target:
        describe(state, things[position], pending)
    if target == state.last and target[-1:] == state.subject[-1:]:
        for position in state.subject[:-1]:
            things[position].attributes.extend(pending.attributes)


def describe(state: ReaderState, thing: Draft, said: Modifiers) -> None:
    thing.colours.extend(colour for colour in said.colours if colour not in thing.colours)
    thing.attributes.extend(name for name in said.attributes if name not in thing.attributes)
    thing.size *= said.size
    if said.count and thing.count is None and not said.determined:
        thing.count = said.count


def _holds_last(state: ReaderState) -> bool:
    """Whether the last thing is worn, held or ridden, so that what follows is said of its owner."""
    links = state.reading.links
    return bool(links and state.last and links[-1].objects == state.last and links[-1].kind in _BORNE)


def _split(state: ReaderState, original: Draft, said: Modifiers) -> None:
    """Takes "one black" out of "two cats"."""
    things = state.reading.things
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
    source = state.last[-1]
    for link in [link for link in state.reading.links if link.subject == source]:
        state.reading.links.append(Link(position, link.kind, list(link.objects)))
    if left <= 0:
        state.reading.links[:] = [link for link in state.reading.links if link.subject != source]
