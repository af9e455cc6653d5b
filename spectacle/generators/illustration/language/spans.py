"""Cuts the tokens of an English prompt into spans: set phrases, nouns, verbs, and words nobody knows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from spectacle.generators.illustration.language import attributes, colours, numbers, styles
from spectacle.generators.illustration.language.inflect import ONLY_PLURAL, is_plural, singular, verb_stem
from spectacle.generators.illustration.language.phrases import Mark, SpanKind, longest, place_of, verb_of
from spectacle.generators.illustration.language.relations import BARE_VERBS, PARTS, RelationWord
from spectacle.generators.illustration.language.retrieve import Found, Retriever
from spectacle.generators.illustration.language.scene import RelationKind
from spectacle.generators.illustration.language.tables import word_set
from spectacle.generators.illustration.language.tokens import Token


@dataclass(slots=True)
class Span:
    """A stretch of the prompt with one meaning.

    Attributes:
        kind: What it does.
        mark: The meaning of a set phrase.
        noun: The singular of a noun; empty for a word nobody knows.
        text: As written, case-folded.
        plural: Whether a noun is written in the plural.
        known: Whether the noun has drawings or is a place.
        raw: The last word as typed.
        possessive: Whether it ends in 's.
    """

    kind: SpanKind
    mark: Mark
    noun: str = ""
    text: str = ""
    plural: bool = False
    known: bool = False
    raw: str = ""
    possessive: bool = False


_BARE_EMOJI = re.compile("[\u200d\U0001f3fb-\U0001f3ff]")
_MARKS = {
    **dict.fromkeys((",", ":", "、", "，", "(", ")", "/", "—", "–"), SpanKind.COMMA),
    **dict.fromkeys((";", ".", "!", "?", "|", "。", "…"), SpanKind.STOP),
    **dict.fromkeys(("&", "+"), SpanKind.AND),
    "=": SpanKind.COPULA,
}

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
_AFTER_NOUN = frozenset({SpanKind.NOUN, SpanKind.PRONOUN, SpanKind.OTHER})
_BEFORE_NOUN = frozenset(
    {
        SpanKind.DETERMINER,
        SpanKind.POSSESSIVE,
        SpanKind.COUNT,
        SpanKind.COLOUR,
        SpanKind.SIZE,
        SpanKind.ATTRIBUTE,
        SpanKind.PLAIN,
        SpanKind.OF,
    }
)


class Cutter:
    """Cuts one prompt's tokens into spans."""

    def __init__(self, tokens: Sequence[Token], retriever: Retriever) -> None:
        self._tokens = tokens
        self._words = [token.text for token in tokens]
        self._retriever = retriever
        self.spans: list[Span] = []

    def cut(self) -> list[Span]:
        """The spans of the whole prompt."""
        position = 0
        while position < len(self._tokens):
            token = self._tokens[position]
            if token.sort == "mark":
                kind = _MARKS.get(token.text)
                if kind is not None:
                    self._put(kind, Mark(kind), token.text)
                position += 1
            elif token.sort == "number":
                position += self._number(position)
            elif token.sort == "emoji":
                position += self._emoji(position)
            else:
                position += self._word(position)
        return self.spans

    def _put(self, kind: SpanKind, mark: Mark, text: str) -> None:
        self.spans.append(Span(kind, mark, text=text))

    def _previous(self) -> SpanKind | None:
        return self.spans[-1].kind if self.spans else None

    def _run(self, start: int) -> int:
        """End of the run of words without punctuation that begins at `start`."""
        end = start
        while end < len(self._tokens) and self._tokens[end].sort in ("word", "number", "emoji"):
            end += 1
        return end

    def _number(self, start: int) -> int:
        words = self._words[: self._run(start)]
        length, mark = longest(words, start)
        if mark is not None and length > 1:
            self._put(mark.kind, mark, " ".join(words[start : start + length]))
            return length
        value = int(self._words[start][:6])
        if value == 0:
            self._put(SpanKind.NEGATION, Mark(SpanKind.NEGATION), "0")
        elif value <= 1000:
            self._put(SpanKind.COUNT, Mark(SpanKind.COUNT, number=value), self._words[start])
        if start + 1 < len(words) and words[start + 1] == "x":
            return 2
        return 1

    def _emoji(self, start: int) -> int:
        """Takes an emoji for the noun it shows, and a row of the same for so many of it."""
        text, end = self._tokens[start].text, start + 1
        while end < len(self._tokens) and self._tokens[end].text == text:
            end += 1
        names = self._retriever.lexicon.emoji
        term = names.get(text) or names.get(_BARE_EMOJI.split(text)[0], "")
        term = term.removesuffix(" face") if self._retriever.knows(term.removesuffix(" face")) else term
        if self._retriever.knows(term):
            if end - start > 1:
                self._put(SpanKind.COUNT, Mark(SpanKind.COUNT, number=end - start), text)
            elif self._previous() is SpanKind.NOUN:
                self._put(SpanKind.AND, Mark(SpanKind.AND), "")
            self.spans.append(Span(SpanKind.NOUN, Mark(SpanKind.NOUN), term, text, known=True, raw=text))
        return end - start

    def _word(self, start: int) -> int:
        words = self._words[: self._run(start)]
        length, mark = longest(words, start)
        noun = self._candidate(words, start, length, mark)
        if self._is_part_here(words[start]) and max(length, noun.length if noun else 0) == 1:
            single = singular(words[start])
            return self._noun(words, start, Found(single, 1, single != words[start]), known=noun is not None)
        if mark is not None and mark.kind is SpanKind.COUNT and length > 1 and words[start] in ("a", "the", "one"):
            whole = self._retriever.find(words, start + 1)
            if whole is not None and whole.length >= length:
                self._put(SpanKind.DETERMINER, Mark(SpanKind.DETERMINER), words[start])
                return 1 + self._noun(words, start + 1, whole, known=True)
        if mark is not None and (noun is None or noun.length <= length):
            chosen = self._resolve(mark, words, start, length, noun is not None)
            if chosen is not None:
                self._put(chosen.kind, chosen, " ".join(words[start : start + length]))
                return length
        if noun is None:
            return self._unknown(words, start)
        if noun.length == 1 and place_of(noun.term) is None:
            if self._is_verb_here(words, start):
                return self._verb(words, start)
            if self._is_gerund_here(words[start]):
                self._put(SpanKind.ATTRIBUTE, Mark(SpanKind.ATTRIBUTE), words[start])
                return 1
        return self._noun(words, start, noun, known=True)

    def _candidate(self, words: Sequence[str], start: int, length: int, mark: Mark | None) -> Found | None:
        """The longest noun or place that begins here and that a set phrase does not break up."""
        found = self._retriever.find(words, start)
        if found and found.term == "glasses" and self._previous() is SpanKind.COUNT and self.spans[-1].mark.number > 1:
            found = Found("glass", 1, plural=True)
        longer = found is not None and mark is not None and found.length > length
        if found and mark and longer and not self._is_compound(mark, words, start, length, found.length):
            found = self._retriever.find(words, start, longest=length)
        place = self._place(words, start)
        if place is None or (found is not None and found.length >= place.length):
            return found
        return place

    def _is_compound(self, mark: Mark, words: Sequence[str], start: int, length: int, noun_length: int) -> bool:
        """Whether words that begin with a set phrase are a compound noun all the same: "hot dog", but not "red car"."""
        text = " ".join([*words[start : start + noun_length - 1], singular(words[start + noun_length - 1])])
        if mark.kind in _NEVER_STARTS:
            return text in _COUNT_COMPOUNDS
        if mark.kind is SpanKind.COLOUR:
            return text in _COLOUR_COMPOUNDS
        if mark.kind is SpanKind.SIZE:
            return text in _SIZE_COMPOUNDS
        if mark.kind is SpanKind.COUNT:
            return text in _COUNT_COMPOUNDS
        if mark.kind in (SpanKind.VERB, SpanKind.SKIP) and length == 1 and self._previous() in _AFTER_NOUN:
            return words[start].endswith("ing") is False
        if mark.kind is SpanKind.STYLE and length == 1:
            return words[start] in styles.ALSO_THINGS
        return True

    def _place(self, words: Sequence[str], start: int) -> Found | None:
        for length in range(min(4, len(words) - start), 0, -1):
            head, last = words[start : start + length - 1], words[start + length - 1]
            for written in (last, singular(last)):
                term = " ".join([*head, written])
                if place_of(term):
                    return Found(term, length, written != last)
        return None

    def _resolve(self, mark: Mark, words: Sequence[str], start: int, length: int, is_noun: bool) -> Mark | None:
        """The meaning of a set phrase where it stands; None when it is a noun here after all."""
        following = words[start + length] if start + length < len(words) else ""
        previous = self._previous()
        text = words[start] if length == 1 else " ".join(words[start : start + length])
        if is_noun and length == len(self._tokens) and mark.kind in _WORDS_ALONE:
            return None
        named = (
            mark.kind is SpanKind.VERB and is_noun and length == 1 and text.endswith("ing") and previous in _BEFORE_NOUN
        )
        if named and (not following or self._ends_phrase(following)):
            return None
        match mark.kind:
            case SpanKind.COLOUR if text in colours.ALSO_NOUNS and is_noun:
                return mark if self._colour_here(words, start + length, previous) else None
            case SpanKind.STYLE if text in styles.ALSO_THINGS:
                return mark if self._style_here(following, previous) else (None if is_noun else Mark(SpanKind.SKIP))
            case SpanKind.COUNT if text in ("couple", "dozen", "twin"):
                plural = bool(following) and is_plural(following)
                return mark if plural or not is_noun else None
            case SpanKind.COUNT if text.endswith("pair of") and following in ONLY_PLURAL:
                return Mark(SpanKind.COUNT, number=1)
            case SpanKind.SKY if text == "rainbow" and self._nominal(words, start + length):
                return Mark(SpanKind.COLOUR, text="rainbow")
            case SpanKind.COUNT if text == "one" and following in ("is", "of", "has", "wears", "wearing", "with"):
                return Mark(SpanKind.OTHER)
            case SpanKind.SKY if is_noun and self._is_counted_sky(words[start], previous):
                return None
            case SpanKind.VERB if length == 1 and is_noun and (text in BARE_VERBS or not text.endswith("ing")):
                if text in BARE_VERBS:
                    return mark if self._is_verb_here(words, start) else None
                return None if previous in _BEFORE_NOUN or previous is SpanKind.RELATION else mark
            case SpanKind.ATTRIBUTE:
                verb = verb_of(text)
                if verb is not None and previous in (
                    *_AFTER_NOUN,
                    SpanKind.COPULA,
                    SpanKind.COMMA,
                    SpanKind.AND,
                    SpanKind.SKIP,
                ):
                    return Mark(SpanKind.VERB, text=mark.text, relation=verb)
                if is_noun and length == 1 and not self._attribute_here(text, following, previous):
                    return None
                return mark
            case SpanKind.PLAIN | SpanKind.SKIP | SpanKind.SIZE if is_noun and length == 1:
                if (
                    previous in _BEFORE_NOUN
                    and (not following or self._ends_phrase(following))
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

    def _colour_here(self, words: Sequence[str], after: int, previous: SpanKind | None) -> bool:
        if previous in (SpanKind.COPULA,):
            return True
        if previous is SpanKind.COUNT and self.spans[-1].mark.number > 1:
            return after < len(words) and self._nominal(words, after)
        if after >= len(words):
            return any(span.kind is SpanKind.COPULA for span in self.spans[-4:])
        return self._nominal(words, after)

    def _nominal(self, words: Sequence[str], position: int) -> bool:
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
                    return self._retriever.find(words, index, 1) is not None and word not in attributes.ATTRIBUTE_WORDS
                continue
            return (
                mark.kind in (SpanKind.VERB, SpanKind.SKIP, SpanKind.STYLE)
                and length == 1
                and self._retriever.find(words, index, 1) is not None
            )
        return False

    def _style_here(self, following: str, previous: SpanKind | None) -> bool:
        if following in ("of", "style", "styled", "art", "drawing", "design", "illustration"):
            return True
        before = [span for span in self.spans if span.kind is not SpanKind.DETERMINER]
        if before and before[-1].text.endswith("style of"):
            return True
        only_opening = all(
            span.kind
            in (SpanKind.SKIP, SpanKind.DETERMINER, SpanKind.STYLE, SpanKind.PLAIN, SpanKind.COLOUR, SpanKind.SIZE)
            for span in self.spans
        )
        if only_opening:
            return bool(following)
        return (
            not following and previous in (SpanKind.NOUN, SpanKind.COMMA, SpanKind.STYLE, None)
        ) or previous is SpanKind.STYLE

    def _is_counted_sky(self, text: str, previous: SpanKind | None) -> bool:
        if text in ("snow", "rain", "fog", "mist", "wind", "winter", "night", "day", "moonlight", "twilight"):
            return False
        return previous in (SpanKind.COUNT, SpanKind.COLOUR, SpanKind.SIZE)

    def _attribute_here(self, text: str, following: str, previous: SpanKind | None) -> bool:
        if following and not self._ends_phrase(following):
            return True
        return previous not in _BEFORE_NOUN and previous is not SpanKind.RELATION and previous is not None

    def _ends_phrase(self, word: str) -> bool:
        mark = longest([word], 0)[1]
        return mark is not None and mark.kind in (
            SpanKind.RELATION, SpanKind.AND, SpanKind.OR, SpanKind.COPULA, SpanKind.HAVE, SpanKind.OF, SpanKind.VERB,
            SpanKind.SKIP, SpanKind.DETERMINER, SpanKind.NEGATION, SpanKind.POSSESSIVE,
        )  # fmt: skip

    def _is_verb_here(self, words: Sequence[str], start: int) -> bool:
        """Whether a word that may be noun or verb follows its subject: "birds fly", "a girl plays"."""
        word = words[start]
        if verb_of(word) is None and not (word in attributes.ATTRIBUTE_WORDS and self._previous() in _AFTER_NOUN):
            return False
        if self._previous() not in _AFTER_NOUN:
            return False
        before = self.spans[-1]
        if before.possessive:
            return False
        if before.plural:
            return not word.endswith("s") or word in attributes.ATTRIBUTE_WORDS
        return word.endswith("s") or (
            start + 1 < len(words) and self._ends_phrase(words[start + 1]) and word in BARE_VERBS and not before.known
        )

    def _is_part_here(self, word: str) -> bool:
        """Whether a word names a part of what was spoken of: "on its back"."""
        owned = self._previous() is SpanKind.POSSESSIVE or (bool(self.spans) and self.spans[-1].possessive)
        return owned and singular(word) in PARTS

    def _is_gerund_here(self, word: str) -> bool:
        """Whether a word in -ing says what the noun before it does: "a train crossing a bridge"."""
        if not word.endswith("ing") or self._previous() not in _AFTER_NOUN or word in self._retriever.drawings.by_title:
            return False
        return any(stem in self._retriever.lexicon.words for stem in verb_stem(word))

    def _verb(self, words: Sequence[str], start: int) -> int:
        relation = verb_of(words[start])
        name = attributes.ATTRIBUTE_WORDS.get(words[start], "")
        self._put(
            SpanKind.VERB if relation else SpanKind.ATTRIBUTE,
            Mark(SpanKind.VERB, text=name, relation=relation),
            words[start],
        )
        return 1

    def _noun(self, words: Sequence[str], start: int, noun: Found, *, known: bool) -> int:
        last = self._tokens[start + noun.length - 1]
        text = " ".join(words[start : start + noun.length])
        self.spans.append(
            Span(SpanKind.NOUN, Mark(SpanKind.NOUN), noun.term, text, noun.plural, known, last.raw, last.possessive)
        )
        return noun.length

    def _unknown(self, words: Sequence[str], start: int) -> int:
        word = words[start]
        lexicon = self._retriever.lexicon
        if word.endswith("ing") or (word.endswith("ed") and self._previous() in _AFTER_NOUN):
            for stem in verb_stem(word):
                if stem in lexicon.words:
                    relation = RelationWord(RelationKind.BESIDE) if self._previous() in _AFTER_NOUN else None
                    self._put(
                        SpanKind.VERB if relation else SpanKind.ATTRIBUTE, Mark(SpanKind.VERB, relation=relation), word
                    )
                    return 1
        single = singular(word)
        self.spans.append(
            Span(
                SpanKind.NOUN, Mark(SpanKind.NOUN), noun=single, text=word, plural=single != word, known=False,
                raw=self._tokens[start].raw, possessive=self._tokens[start].possessive,
            )
        )  # fmt: skip
        return 1


def count_of(mark: Mark) -> int:
    """The number a count says, within what is drawn."""
    return numbers.clamp(int(mark.number))
