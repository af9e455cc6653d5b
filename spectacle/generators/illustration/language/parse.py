"""Reads the spans of a prompt as sentences: what is there, how many, and how it all stands together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from spectacle.generators.illustration.language.drafts import Modifiers, Reading
from spectacle.generators.illustration.language.linking import open_relation, read_relation, read_verb
from spectacle.generators.illustration.language.modifiers import settle_modifiers
from spectacle.generators.illustration.language.nouns import read_noun
from spectacle.generators.illustration.language.ownership import read_likeness, read_of, read_pronoun
from spectacle.generators.illustration.language.phrases import SpanKind
from spectacle.generators.illustration.language.reader_state import ReaderState
from spectacle.generators.illustration.language.relations import RelationWord
from spectacle.generators.illustration.language.scene import RelationKind
from spectacle.generators.illustration.language.scenery import read_side, read_sky
from spectacle.generators.illustration.language.spans import Span, count_of


def read(spans: Sequence[Span], category: Callable[[str], str]) -> Reading:
    """All that spans say.

    Args:
        spans: The prompt, cut into spans.
        category: Tells the category of a noun's artwork, empty when there is none.
    """
    state = ReaderState(spans, category)
    index = 0
    while index < len(state.spans):
        index = _read_span(state, index)
    settle_modifiers(state)
    _limit_colours(state)
    return state.reading


def _read_span(state: ReaderState, index: int) -> int:
    span = state.spans[index]
    mark = span.mark
    match span.kind:
        case SpanKind.DETERMINER:
            _read_determiner(state, index, span)
        case SpanKind.POSSESSIVE:
            settle_modifiers(state)
            state.modifiers.determined = state.modifiers.possessive = state.modifiers.definite = True
        case SpanKind.COUNT:
            _read_count(state, index, count_of(mark))
            if span.text.removeprefix("a ") in ("stack of", "pile of", "tower of"):
                state.modifiers.attributes.append("stacked")
        case SpanKind.OTHER:
            settle_modifiers(state)
            if not state.is_kind(index + 1, SpanKind.NOUN):
                state.modifiers.count = 1
                state.modifiers.determined = True
        case SpanKind.COLOUR:
            _read_colour(state, mark.text)
        case SpanKind.SIZE:
            state.modifiers.size *= mark.number
        case SpanKind.ATTRIBUTE:
            if mark.text:
                state.modifiers.attributes.append(mark.text)
            state.modifiers.words.append(span.text)
        case SpanKind.NOUN:
            return read_noun(state, index)
        case SpanKind.SKY:
            read_sky(state, index, span)
        case SpanKind.STYLE:
            if state.reading.style is None or state.reading.style == "flat":
                state.reading.style = mark.text
            if not state.noun_follows(index + 1):
                state.pending = None
        case SpanKind.RELATION:
            read_relation(state, index, span)
        case SpanKind.VERB:
            read_verb(state, index, span)
        case SpanKind.HAVE:
            settle_modifiers(state)
            if span.text.startswith(("that", "which")) and state.last and state.last != state.subject:
                state.earlier_subject, state.subject = state.subject, state.last[-1:]
            open_relation(state, RelationWord(None), "with", having=True)
        case SpanKind.OF:
            read_of(state, index)
        case SpanKind.NEGATION:
            _read_negation(state, index)
        case SpanKind.AND | SpanKind.OR | SpanKind.COMMA:
            _read_join(state, index, span.kind)
        case SpanKind.STOP:
            _read_stop(state)
        case SpanKind.COPULA:
            _read_copula(state)
        case SpanKind.PRONOUN:
            read_pronoun(state, index)
        case SpanKind.LIKE:
            settle_modifiers(state)
            read_likeness(state, index)
        case SpanKind.NAMED:
            return _read_name(state, index)
        case SpanKind.SIDE if state.place_at == index - 1 and mark.text in ("back", "front") and state.reading.places:
            pass  # "with a forest in the distance" says it of a place, which is painted behind all
        case SpanKind.SIDE:
            read_side(state, mark.text, span.text)
        case SpanKind.PLAIN | SpanKind.SKIP:
            pass
    return index + 1


def _read_determiner(state: ReaderState, index: int, span: Span) -> None:
    if state.is_kind(index + 1, SpanKind.SKIP, SpanKind.STYLE) or (
        span.text == "the" and state.is_kind(index + 1, SpanKind.SIDE)
    ):
        return
    settle_modifiers(state)
    state.modifiers.determined = True
    state.modifiers.definite = span.text in ("the", "this", "that", "these", "those", "all the", "one of the")


def _read_count(state: ReaderState, index: int, count: int) -> None:
    if state.modifiers.colours and state.last:
        settle_modifiers(state)
    of_some = index > 0 and state.spans[index - 1].text.endswith(" of")  # "a stack of three books"
    after_count = state.is_kind(index - 1, SpanKind.COUNT) and not of_some
    if state.modifiers.count and not state.modifiers.empty() and after_count:
        state.modifiers.count = min(40, max(state.modifiers.count, count))
    else:
        state.modifiers.count = count
    state.modifiers.determined = True


def _read_colour(state: ReaderState, name: str) -> None:
    for part in name.split(" and "):
        if part not in state.modifiers.colours:
            state.modifiers.colours.append(part)


def _read_negation(state: ReaderState, index: int) -> None:
    settle_modifiers(state)
    if state.is_kind(
        index + 1, SpanKind.COLOUR, SpanKind.ATTRIBUTE, SpanKind.SIZE, SpanKind.VERB
    ) and not state.noun_follows(index + 1):
        state.ignored = True
    state.negated = True
    state.pending = None


def _read_join(state: ReaderState, index: int, kind: SpanKind) -> None:
    after = index + 1
    while state.is_kind(after, SpanKind.AND, SpanKind.OR, SpanKind.COMMA, SpanKind.PLAIN, SpanKind.SKIP):
        after += 1
    if state.modifiers.colours and state.is_kind(after, SpanKind.COLOUR):
        return
    if (
        state.modifiers.words
        and state.is_kind(after, SpanKind.ATTRIBUTE, SpanKind.SIZE, SpanKind.COLOUR, SpanKind.NOUN)
        and not state.after_copula
    ):
        goes_on = kind is SpanKind.COMMA or state.noun_follows(after)
        if goes_on and (not state.is_kind(after, SpanKind.NOUN) or state.modifiers.determined):
            return
    if (
        state.modifiers.size != 1.0
        and state.is_kind(after, SpanKind.ATTRIBUTE, SpanKind.SIZE, SpanKind.COLOUR)
        and state.noun_follows(after)
    ):
        return
    if (
        (state.modifiers.colours or state.modifiers.size != 1.0)
        and state.modifiers.determined
        and _is_one_noun_for_both(state, after)
    ):
        state.elliptic.append(state.modifiers)
        state.modifiers = Modifiers()
        return
    settle_modifiers(state)
    if (
        state.negated
        and kind is SpanKind.AND
        and state.is_kind(after, SpanKind.DETERMINER, SpanKind.COUNT, SpanKind.HAVE, SpanKind.RELATION, SpanKind.VERB)
    ):
        state.negated = False
    if state.negated and kind is SpanKind.COMMA:
        state.negated = state.is_kind(after, SpanKind.NEGATION)
    if state.ignored:
        state.ignored = False
    if state.pending is not None and state.pending.word.kind is not RelationKind.BETWEEN:
        state.pending = None
    if state.after_copula:
        state.linked = None
        state.related = True
    state.joined = SpanKind.COMMA if state.joined is SpanKind.COMMA else kind
    state.after_copula = False


def _is_one_noun_for_both(state: ReaderState, after: int) -> bool:
    """Whether "a red" before "and" borrows its noun from "a blue balloon" after it."""
    if not state.is_kind(after, SpanKind.DETERMINER, SpanKind.COUNT, SpanKind.OTHER):
        return False
    return state.noun_follows(after) and not (
        state.last and (state.reading.things[state.last[-1]].count or 1) > 1 and state.modifiers.count == 1
    )


def _read_stop(state: ReaderState) -> None:
    settle_modifiers(state)
    state.elliptic.clear()
    state.pending = state.linked = None
    state.negated = state.ignored = state.after_copula = False
    state.joined = None
    state.clause_start = True
    state.related = False
    state.fronted.clear()


def _read_copula(state: ReaderState) -> None:
    if state.modifiers.count == 1 and state.modifiers.determined and not state.elliptic:
        state.after_copula = True
        return
    if state.pending is not None and not state.last:
        state.pending = None
    if state.floating and not state.last:
        return
    settle_modifiers(state)
    state.after_copula = True


def _read_name(state: ReaderState, index: int) -> int:
    settle_modifiers(state)
    index += 1
    taken = 0
    while (
        state.is_kind(index, SpanKind.NOUN, SpanKind.DETERMINER, SpanKind.AND, SpanKind.PLAIN, SpanKind.COLOUR)
        and taken < 3
    ):
        if taken and not state.spans[index].raw[:1].isupper():
            break
        if state.spans[index].kind is SpanKind.AND:
            break
        index += 1
        taken += 1
    return index


def _limit_colours(state: ReaderState) -> None:
    for thing in state.reading.things:
        del thing.colours[3:]
