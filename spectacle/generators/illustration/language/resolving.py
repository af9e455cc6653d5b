"""What a word or set phrase means where it stands, when it could mean several things."""

from __future__ import annotations

from collections.abc import Sequence

from spectacle.generators.illustration.language import attributes, colours, styles
from spectacle.generators.illustration.language.inflect import ONLY_PLURAL, is_plural, singular, verb_stem
from spectacle.generators.illustration.language.phrases import Mark, SpanKind, longest, verb_of
from spectacle.generators.illustration.language.relations import BARE_VERBS, PARTS
from spectacle.generators.illustration.language.spans import Context
from spectacle.generators.illustration.language.tables import word_set

_COLOUR_COMPOUNDS = word_set("compounds with a colour")

_SIZE_COMPOUNDS = word_set("compounds with a size")

_COUNT_COMPOUNDS = word_set("compounds with a count")

_NEVER_STARTS = frozenset(
    {
        SpanKind.DETERMINER, SpanKind.POSSESSIVE, SpanKind.HAVE, SpanKind.OF, SpanKind.NEGATION, SpanKind.AND,
        SpanKind.OR, SpanKind.COPULA, SpanKind.PRONOUN, SpanKind.LIKE, SpanKind.RELATION, SpanKind.OTHER,
    }
)  # fmt: skip

_WORDS_ALONE = frozenset({SpanKind.PLAIN, SpanKind.SKIP, SpanKind.SIZE, SpanKind.VERB})

AFTER_NOUN = frozenset({SpanKind.NOUN, SpanKind.PRONOUN, SpanKind.OTHER})
"""Spans after which a word that may be noun or verb says what a thing does."""

_BEFORE_NOUN = frozenset({
    SpanKind.DETERMINER, SpanKind.POSSESSIVE, SpanKind.COUNT, SpanKind.COLOUR, SpanKind.SIZE, SpanKind.ATTRIBUTE,
    SpanKind.PLAIN, SpanKind.OF,
})  # fmt: skip
"""Spans after which a word that may be noun or verb is a noun."""


def is_compound(context: Context, mark: Mark, words: Sequence[str], start: int, length: int, noun_length: int) -> bool:
    """Whether words that begin with a set phrase are a compound noun all the same: "hot dog", but not "red car"."""
    text = " ".join([*words[start : start + noun_length - 1], singular(words[start + noun_length - 1])])
    if mark.kind in _NEVER_STARTS:
        return text in _COUNT_COMPOUNDS
    if mark.kind is SpanKind.COLOUR:
        listed = [span.kind for span in context.spans[-2:]] == [SpanKind.COLOUR, SpanKind.AND]
        return text in _COLOUR_COMPOUNDS and not listed
    if mark.kind is SpanKind.SIZE:
        return text in _SIZE_COMPOUNDS
    if mark.kind is SpanKind.COUNT:
        return text in _COUNT_COMPOUNDS
    if mark.kind in (SpanKind.VERB, SpanKind.SKIP) and length == 1 and context.previous in AFTER_NOUN:
        return words[start].endswith("ing") is False
    if mark.kind is SpanKind.STYLE and length == 1:
        return words[start] in styles.ALSO_THINGS
    return True


def resolve(context: Context, mark: Mark, words: Sequence[str], start: int, length: int, is_noun: bool) -> Mark | None:
    """The meaning of a set phrase where it stands; None when it is a noun here after all."""
    following = words[start + length] if start + length < len(words) else ""
    previous = context.previous
    text = words[start] if length == 1 else " ".join(words[start : start + length])
    if is_noun and length == len(context.tokens) and mark.kind in _WORDS_ALONE:
        return None
    named = mark.kind is SpanKind.VERB and is_noun and length == 1 and text.endswith("ing") and previous in _BEFORE_NOUN
    if named and (not following or _ends_phrase(following)):
        return None
    match mark.kind:
        case SpanKind.COLOUR if text in colours.ALSO_NOUNS and is_noun:
            return mark if _is_colour_here(context, words, start + length, previous) else None
        case SpanKind.STYLE if text in styles.ALSO_THINGS:
            return mark if _is_style_here(context, following, previous) else (None if is_noun else Mark(SpanKind.SKIP))
        case SpanKind.COUNT if text in ("couple", "dozen", "twin"):
            plural = bool(following) and is_plural(following)
            return mark if plural or not is_noun else None
        case SpanKind.COUNT if text.endswith("pair of") and following in ONLY_PLURAL:
            return Mark(SpanKind.COUNT, number=1)
        case SpanKind.SKY if text == "rainbow" and _is_nominal(context, words, start + length):
            return Mark(SpanKind.COLOUR, text="rainbow")
        case SpanKind.COUNT if text == "one" and following in ("is", "of", "has", "wears", "wearing", "with"):
            return Mark(SpanKind.OTHER)
        case SpanKind.SKY if is_noun and _is_counted_sky(words[start], previous):
            return None
        case SpanKind.VERB if length == 1 and is_noun and (text in BARE_VERBS or not text.endswith("ing")):
            if text in BARE_VERBS:
                return mark if is_verb_here(context, words, start) else None
            return None if previous in _BEFORE_NOUN or previous is SpanKind.RELATION else mark
        case SpanKind.ATTRIBUTE:
            verb = verb_of(text)
            if verb is not None and previous in (
                *AFTER_NOUN,
                SpanKind.COPULA,
                SpanKind.COMMA,
                SpanKind.AND,
                SpanKind.SKIP,
            ):
                return Mark(SpanKind.VERB, text=mark.text, relation=verb)
            if is_noun and length == 1 and not _is_attribute_here(text, following, previous):
                return None
            return mark
        case SpanKind.PLAIN | SpanKind.SKIP | SpanKind.SIZE if is_noun and length == 1:
            if (
                previous in _BEFORE_NOUN
                and (not following or _ends_phrase(following))
                and text
                not in (
                    "day",
                    "time",
                    "light",
                    "view",
                    "scene",
                    "lot",
                    "picture",
                    "image",
                    "background",
                    "lights",
                    "days",
                    "one",
                )
            ):
                return None
            return mark
        case _:
            return mark


def _is_colour_here(context: Context, words: Sequence[str], after: int, previous: SpanKind | None) -> bool:
    if previous in (SpanKind.COPULA,):
        return True
    if previous is SpanKind.COUNT and context.spans[-1].mark.number > 1:
        return after < len(words) and _is_nominal(context, words, after)
    if after >= len(words):
        return any(span.kind is SpanKind.COPULA for span in context.spans[-4:])
    return _is_nominal(context, words, after)


def _is_nominal(context: Context, words: Sequence[str], position: int) -> bool:
    """Whether a noun comes before anything that ends a noun phrase."""
    for index in range(position, min(position + 4, len(words))):
        word = words[index]
        length, mark = longest(words, index)
        if mark is None or mark.kind in (SpanKind.SKY,):
            return True
        if mark.kind is SpanKind.AND and index + 1 < len(words):
            following = longest(words, index + 1)[1]
            if following is not None and following.kind is SpanKind.COLOUR:
                continue
            return False
        if mark.kind in (SpanKind.COLOUR, SpanKind.SIZE, SpanKind.ATTRIBUTE, SpanKind.PLAIN):
            if index + length >= len(words):
                return context.retriever.find(words, index, 1) is not None and word not in attributes.ATTRIBUTE_WORDS
            continue
        return (
            mark.kind in (SpanKind.VERB, SpanKind.SKIP, SpanKind.STYLE)
            and length == 1
            and context.retriever.find(words, index, 1) is not None
        )
    return False


def _is_style_here(context: Context, following: str, previous: SpanKind | None) -> bool:
    if following in ("of", "style", "styled", "art", "drawing", "design", "illustration"):
        return True
    before = [span for span in context.spans if span.kind is not SpanKind.DETERMINER]
    if before and before[-1].text.endswith("style of"):
        return True
    only_opening = all(
        span.kind
        in (SpanKind.SKIP, SpanKind.DETERMINER, SpanKind.STYLE, SpanKind.PLAIN, SpanKind.COLOUR, SpanKind.SIZE)
        for span in context.spans
    )
    if only_opening:
        return bool(following)
    return (
        not following and previous in (SpanKind.NOUN, SpanKind.COMMA, SpanKind.STYLE, None)
    ) or previous is SpanKind.STYLE


def _is_counted_sky(text: str, previous: SpanKind | None) -> bool:
    if text in ("snow", "rain", "fog", "mist", "wind", "winter", "night", "day", "moonlight", "twilight"):
        return False
    return previous in (SpanKind.COUNT, SpanKind.COLOUR, SpanKind.SIZE)


def _is_attribute_here(text: str, following: str, previous: SpanKind | None) -> bool:
    if following and not _ends_phrase(following):
        return True
    return previous not in _BEFORE_NOUN and previous is not SpanKind.RELATION and previous is not None


def _ends_phrase(word: str) -> bool:
    mark = longest([word], 0)[1]
    return mark is not None and mark.kind in (
        SpanKind.RELATION, SpanKind.AND, SpanKind.OR, SpanKind.COPULA, SpanKind.HAVE, SpanKind.OF, SpanKind.VERB,
        SpanKind.SKIP, SpanKind.DETERMINER, SpanKind.NEGATION, SpanKind.POSSESSIVE,
    )  # fmt: skip


def is_verb_here(context: Context, words: Sequence[str], start: int) -> bool:
    """Whether a word that may be noun or verb follows its subject: "birds fly", "a girl plays"."""
    word = words[start]
    if verb_of(word) is None and not (word in attributes.ATTRIBUTE_WORDS and context.previous in AFTER_NOUN):
        return False
    if context.previous not in AFTER_NOUN:
        return False
    before = context.spans[-1]
    if before.possessive:
        return False
    if before.plural:
        return not word.endswith("s") or word in attributes.ATTRIBUTE_WORDS
    return word.endswith("s") or (
        start + 1 < len(words) and _ends_phrase(words[start + 1]) and word in BARE_VERBS and not before.known
    )


def is_part_here(context: Context, word: str) -> bool:
    """Whether a word names a part of what was spoken of: "on its back"."""
    owned = context.previous is SpanKind.POSSESSIVE or (bool(context.spans) and context.spans[-1].possessive)
    return owned and singular(word) in PARTS


def is_gerund_here(context: Context, word: str) -> bool:
    """Whether a word in -ing says what the noun before it does: "a train crossing a bridge"."""
    if not word.endswith("ing") or context.previous not in AFTER_NOUN or word in context.retriever.drawings.by_title:
        return False
    return any(stem in context.retriever.lexicon.words for stem in verb_stem(word))
