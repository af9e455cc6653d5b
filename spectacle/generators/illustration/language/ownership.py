"""What pronouns and parts of things stand for."""

from __future__ import annotations

from spectacle.generators.illustration.language import relations
from spectacle.generators.illustration.language.drafts import Link, Modifiers, Pending
from spectacle.generators.illustration.language.linking import relate
from spectacle.generators.illustration.language.modifiers import settle_modifiers
from spectacle.generators.illustration.language.phrases import SpanKind
from spectacle.generators.illustration.language.reader_state import ReaderState
from spectacle.generators.illustration.language.relations import RelationWord
from spectacle.generators.illustration.language.scene import RelationKind
from spectacle.generators.illustration.language.spans import Span
from spectacle.generators.illustration.language.tables import by_word


def read_pronoun(state: ReaderState, index: int) -> None:
    settle_modifiers(state)
    if state.pending is None:
        state.clause_start = False
        return
    pending, state.pending = state.pending, None
    listed = state.linked is not None and (state.linked.having or state.linked.text == "with")
    if state.last and pending.subjects == state.subject and (len(state.subject) > 1 or listed):
        pending.subjects = state.last[-1:]
        state.reading.links[:] = [
            link for link in state.reading.links if {link.subject, *link.objects} != {state.last[-1], state.subject[0]}
        ]
    target = [p for p in state.subject if p not in pending.subjects]
    target = target or [p for p in state.earlier_subject if p not in pending.subjects] or state.subject
    if not target:
        return
    if not pending.subjects or pending.subjects == target:
        state.floating.append((pending.word, target[:1]))
        state.clause_start = False
        return
    for subject in pending.subjects:
        if subject != target[0]:
            relate(state, subject, pending, target[0])


def is_part(state: ReaderState, head: Span, said: Modifiers) -> bool:
    term = head.noun.split()[-1] if head.known else head.noun
    if term not in relations.PARTS or (head.noun != term and head.noun not in relations.PARTS):
        return False
    having = state.pending is not None and (state.pending.having or state.pending.text == "with")
    if having or said.possessive:
        return bool(state.subject)
    if state.linked is not None and state.joined and (state.linked.having or state.linked.text == "with"):
        return True
    if state.pending is None or not said.definite or said.colours:
        return False
    owned = any(position not in state.pending.subjects for position in (*state.subject, *state.last))
    return bool(state.subject) and (
        owned or state.pending.word.kind is not RelationKind.ON or not state.category(head.noun)
    )


def read_part(state: ReaderState, head: Span, said: Modifiers) -> None:
    pending, state.pending = state.pending, None
    _look(state, head, said)
    if pending is None:
        return
    if pending.having or pending.text == "with":
        state.linked = pending
        state.joined = None
        return
    if pending.word.kind not in (
        RelationKind.ON,
        RelationKind.ABOVE,
        RelationKind.BESIDE,
        RelationKind.INSIDE,
        RelationKind.AROUND,
    ):
        return
    if state.last and pending.subjects == state.subject and state.last != state.subject:
        pending.subjects = state.last[-1:]
    owners = [p for p in state.subject if p not in pending.subjects]
    if owners and pending.subjects:
        item = state.reading.things[pending.subjects[0]]
        worn = item.term in relations.WEARABLE
        item_at = pending.subjects[0]
        state.reading.links[:] = [link for link in state.reading.links if item_at not in (link.subject, *link.objects)]
        if worn:
            state.reading.links.append(Link(owners[0], RelationKind.WEARING, pending.subjects[:1]))
        elif head.noun in ("hand", "arm", "paw", "mouth"):
            state.reading.links.append(Link(owners[0], RelationKind.HOLDING, pending.subjects[:1]))
        else:
            state.reading.links.append(Link(pending.subjects[0], RelationKind.ON, owners[:1]))
    elif state.subject and said.possessive:
        kind = RelationWord(RelationKind.ON)
        state.floating.append((kind, state.subject[:1]))


_GROWN = {"beard": "beard", "moustache": "beard", "mustache": "beard", "freckle": "freckles", "goatee": "beard"}


def _look(state: ReaderState, head: Span, said: Modifiers) -> None:
    """Says of the owner how a part of the body looks: "with long red hair", "with a beard"."""
    names = list(said.attributes)
    if head.noun in ("hair", "haircut", "braid", "ponytail", "curl"):
        names += [f"hair {colour}" for colour in said.colours]
        names += ["hair long"] if said.size > 1 or head.noun in ("braid", "ponytail") else []
        names += ["hair curly"] if head.noun == "curl" else []
    elif head.noun == "skin":
        tones = {
            "black": "dark",
            "dark": "dark",
            "brown": "medium-dark",
            "white": "light",
            "pale": "light",
            "light brown": "medium",
            "beige": "medium",
        }
        names += [f"skin {tones[colour]}" for colour in said.colours if colour in tones]
    elif head.noun in _GROWN:
        names.append(_GROWN[head.noun])
        names += [f"hair {colour}" for colour in said.colours]
    for position in state.subject[-1:] or state.last[-1:]:
        owner = state.reading.things[position]
        owner.attributes.extend(name for name in names if name not in owner.attributes)


_VESSELS = frozenset({"bottle", "glass", "cup", "mug", "can", "pint", "carton", "teacup"})


def read_of(state: ReaderState, index: int) -> None:
    """Reads "a basket of apples", which holds them; of "a crown of flowers" only the crown is drawn."""
    if not state.is_kind(index - 1, SpanKind.NOUN) or state.crowd or not state.last or state.negated:
        return
    owner = state.reading.things[state.last[-1]]
    following = next((span for span in state.spans[index + 1 : index + 5] if span.kind is SpanKind.NOUN), None)
    if owner.term in _VESSELS and following is not None and state.category(following.noun) == "drink":
        if owner.term != "bottle":
            owner.term = following.noun  # which is drawn in its own cup or glass
        owner.attributes.append(f"of {following.noun}")
        state.ignored = True
    elif owner.term.split()[-1] in relations.CONTAINERS:
        state.pending = Pending(RelationWord(RelationKind.INSIDE, reverse=True), "of", state.last[-1:])
    elif state.spans[index - 1].text.endswith(owner.text):
        state.ignored = True


MATERIALS = by_word("materials")
"""What things are made of to the colour they have then."""


def read_likeness(state: ReaderState, index: int) -> None:
    """Reads what something is made of or like: a material gives it a colour, many things are around it.

    Of "a chair like an avocado" only the avocado's colours can be shown, settled when its artwork is known.
    """
    state.ignored = True
    following = next((span for span in state.spans[index + 1 : index + 4] if span.kind is SpanKind.NOUN), None)
    colour = next((MATERIALS[span.text] for span in state.spans[index + 1 : index + 3] if span.text in MATERIALS), "")
    if not state.last:
        return
    owner = state.reading.things[state.last[-1]]
    made = state.spans[index].text.startswith(("made", "built"))
    if made and colour:
        owner.colours = owner.colours or [colour]
        owner.attributes.append("of " + next(s.text for s in state.spans[index + 1 : index + 3] if s.text in MATERIALS))
    elif made and following is not None and following.plural and state.category(following.noun):
        state.ignored = False
        state.pending = Pending(RelationWord(RelationKind.AROUND, reverse=True), "made of", state.last[-1:])
    elif not made and following is not None and following.known and not owner.colours:
        owner.like = following.noun
