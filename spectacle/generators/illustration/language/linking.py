"""Relations between things: whose they are and what they mean."""

from __future__ import annotations

from spectacle.generators.illustration.language import relations
from spectacle.generators.illustration.language.attributes import ATTRIBUTE_WORDS
from spectacle.generators.illustration.language.drafts import Draft, Link, Pending
from spectacle.generators.illustration.language.kinds import ANIMATE, is_borne, meaning
from spectacle.generators.illustration.language.modifiers import settle_modifiers
from spectacle.generators.illustration.language.phrases import SpanKind
from spectacle.generators.illustration.language.reader_state import ReaderState
from spectacle.generators.illustration.language.relations import RelationWord
from spectacle.generators.illustration.language.scene import RelationKind
from spectacle.generators.illustration.language.spans import Span

LISTING = frozenset(
    {RelationKind.WEARING, RelationKind.HOLDING, RelationKind.BETWEEN, RelationKind.RIDING, RelationKind.CHASING,
     RelationKind.LOOKING_AT}
)  # fmt: skip


_DISGUISES = frozenset({"dressed as", "dressed like", "dressed up as", "disguised as", "with a costume of"})


def read_relation(state: ReaderState, index: int, span: Span) -> None:
    word = span.mark.relation
    assert word is not None
    settle_modifiers(state)
    if state.pending is not None and state.pending.word.kind is not None and word.kind is None:
        return
    open_relation(state, word, span.text)
    if state.pending is not None and span.text == "with":
        state.pending.after_place = state.place_at == index - 1


def read_verb(state: ReaderState, index: int, span: Span) -> None:
    word = span.mark.relation
    noun_next = state.noun_follows(index + 1) or state.is_kind(index + 1, SpanKind.POSSESSIVE, SpanKind.PRONOUN)
    attributive = not (state.last or state.subject) or (state.modifiers.determined and state.noun_follows(index + 1))
    if attributive and state.modifiers.determined:
        state.modifiers.words.append(span.text)
        if span.mark.text:
            state.modifiers.attributes.append(span.mark.text)
        return
    settle_modifiers(state)
    if word is None:
        return
    holding = word.reverse and word.kind in (RelationKind.INSIDE, RelationKind.ON)
    subjects = state.last[-1:] if holding and state.last else _clause_subjects(state, verb=True)
    name = word.attribute or span.mark.text or ATTRIBUTE_WORDS.get(span.text.split()[0])
    for position in subjects:
        if name and name not in state.reading.things[position].attributes:
            state.reading.things[position].attributes.append(name)
        state.reading.things[position].modifiers.append(span.text)
    if noun_next or state.is_kind(index + 1, SpanKind.SKY, SpanKind.PLAIN, SpanKind.SKIP, SpanKind.OF):
        state.pending = Pending(word, span.text, subjects)
    else:
        state.pending = None


def open_relation(state: ReaderState, word: RelationWord, text: str, *, having: bool = False) -> None:
    if state.clause_start and not (having and state.subject):
        subjects: list[int] = []
        state.clause_start = False
    else:
        subjects = _clause_subjects(state, verb=having, nearest=not having)
    if state.pending is not None and state.pending.subjects and word.kind is not None and state.pending.word.attribute:
        subjects = state.pending.subjects
    if text == "with" and len(subjects) > 1 and state.last:
        subjects = state.last[-1:]
    state.pending = Pending(word, text, subjects, having)


def _clause_subjects(state: ReaderState, *, verb: bool, nearest: bool = False) -> list[int]:
    """Whose relation it is: the head of the clause, or for a preposition the noun right before it."""
    linked_kind = _last_link_kind(state)
    head_only = state.joined is not None or linked_kind in (
        RelationKind.WEARING,
        RelationKind.HOLDING,
        RelationKind.RIDING,
    )
    if nearest and not head_only and state.last and state.last != state.subject[-1:] and linked_kind is not None:
        return list(state.last)
    if len(state.subject) > 1:
        return list(state.subject)
    return list(state.subject or state.last)


def _last_link_kind(state: ReaderState) -> RelationKind | None:
    links = state.reading.links
    if links and state.last and state.last[-1] in (links[-1].subject, *links[-1].objects):
        return links[-1].kind
    return None


def attach(state: ReaderState, position: int) -> None:
    pending, joined = state.pending, state.joined
    state.pending = state.joined = None
    thing = state.reading.things[position]
    for word, objects in state.floating:
        if word.kind is not None:
            link(state, position, word, objects, thing)
    if state.floating:
        state.fronted = list(state.floating)
        state.floating.clear()
        state.subject = [position]
        state.last = [position]
        state.linked = None
        return
    if pending is not None and pending.subjects == [position]:
        state.floating.append((pending.word, [position]))
        return
    if pending is not None and pending.subjects:
        for subject in pending.subjects:
            if subject != position:
                relate(state, subject, pending, position)
        state.linked = pending
        state.listed = [position]
        if pending.text == "of":
            state.last, state.related = pending.subjects, True
            return
        state.related = True
        state.last = [position]
        return
    if joined and state.linked is not None and _continues(state, state.linked, position):
        for subject in state.linked.subjects:
            if subject != position:
                relate(state, subject, state.linked, position)
        state.listed.append(position)
        state.last = [position]
        return
    if pending is not None and pending.text != "with" and not pending.having:
        state.floating.append((pending.word, [position]))
        state.last = [position]
        return
    if joined is not None and state.linked is None and state.subject and not state.related:
        state.subject = [*state.subject, position]
        for word, objects in state.fronted:
            link(state, position, word, objects, thing)
    else:
        state.earlier_subject = state.subject or state.earlier_subject
        state.subject = [position]
        state.related = False
    state.linked = None
    state.last = [position]


def _continues(state: ReaderState, linked: Pending, position: int) -> bool:
    """Whether a noun after "and" is one more object of the relation before it."""
    following = _kind_after_noun(state, position)
    listing = linked.having or linked.text == "with" or linked.word.kind in LISTING
    if following is SpanKind.VERB and listing and state.category(state.reading.things[position].term) not in ANIMATE:
        following = None
    if following is SpanKind.RELATION and listing and is_borne(state.reading.things[position].term):
        following = None
    if (
        following in (SpanKind.VERB, SpanKind.RELATION, SpanKind.HAVE, SpanKind.COPULA)
        and linked.word.kind is not RelationKind.BETWEEN
    ):
        return False
    kinds = {
        link.kind
        for link in state.reading.links
        if link.subject in linked.subjects and state.last[-1:] == link.objects[-1:]
    }
    term = state.reading.things[position].term
    if linked.word.kind is RelationKind.BETWEEN:
        return True
    if RelationKind.WEARING in kinds:
        return is_borne(term)
    if RelationKind.HOLDING in kinds:
        return is_borne(term)
    if linked.word.kind is None or linked.having or linked.text == "with":
        return True
    return bool(kinds & {RelationKind.AROUND}) or (linked.word.reverse and linked.word.kind is RelationKind.INSIDE)


def _kind_after_noun(state: ReaderState, position: int) -> SpanKind | None:
    for index, span in enumerate(state.spans):
        if (
            span.kind is SpanKind.NOUN
            and span.raw == state.reading.things[position].raw
            and span.text == state.reading.things[position].text
        ):
            following = index + 1
            if state.is_kind(following, SpanKind.RELATION) and state.spans[following].text == "with":
                return None
            return state.spans[following].kind if following < len(state.spans) else None
    return None


def relate(state: ReaderState, subject: int, pending: Pending, position: int) -> None:
    things = state.reading.things
    if pending.after_place and (things[position].plural or not is_borne(things[position].term)):
        return
    if pending.text in _DISGUISES and state.category(things[position].term) in ANIMATE:
        _disguise(state, things[subject], things[position])
    if pending.text == "with" and things[position].term in relations.HANDHELD and state.subject:
        head = state.subject[0]
        if state.category(things[subject].term) != "person" and state.category(things[head].term) == "person":
            subject = head
    link(state, subject, pending.word, [position], state.reading.things[position], pending)


def _disguise(state: ReaderState, owner: Draft, role: Draft) -> None:
    """Draws a person in a costume as what the costume is, and an animal with what that one wears."""
    if state.category(owner.term) == "person":
        owner.term, role.dropped = role.term, True
        return
    worn = next((noun for noun in (f"{role.term} hat", relations.ROLES.get(role.term, "")) if state.category(noun)), "")
    role.term = worn or role.term
    role.dropped = not worn


def link(
    state: ReaderState,
    subject: int,
    word: RelationWord,
    objects: list[int],
    thing: Draft,
    pending: Pending | None = None,
) -> None:
    text = "" if pending is None else "with" if pending.having else pending.text
    owner = state.reading.things[subject]
    target = state.reading.things[objects[0]]
    kind, reverse = meaning(owner, word, target, text, state.category)
    if kind is None or subject in objects:
        return
    if kind is RelationKind.INSIDE and target.term in ("bowl", "glass bowl") and state.category(owner.term) == "fish":
        target.term = "fishbowl"
    if kind is RelationKind.INSIDE and target.term in ("box", "cardboard box", "package", "parcel"):
        target.modifiers.append("open")
    if kind is RelationKind.RIDING and target.term in ("wave", "surfboard") and state.category(owner.term) == "person":
        owner.attributes.append("surfing")
        target.dropped = True  # artworks of surfers have it
        state.reading.told += [target.text, text, "surfing"]
        return
    pair = {subject, *objects}
    state.reading.links[:] = [
        link
        for link in state.reading.links
        if link.kind is not RelationKind.BESIDE or {link.subject, *link.objects} != pair
    ]
    if kind is RelationKind.BETWEEN:
        for link in state.reading.links:
            if link.subject == subject and link.kind is RelationKind.BETWEEN and len(link.objects) < 2:
                link.objects.extend(objects)
                return
    if reverse:
        for position in objects:
            state.reading.links.append(Link(position, kind, [subject]))
        return
    state.reading.links.append(Link(subject, kind, list(objects)))
