"""Cuts the tokens of an English prompt into spans: set phrases, nouns, verbs, and words nobody knows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from spectacle.generators.illustration.language import attributes, colours
from spectacle.generators.illustration.language.inflect import singular, verb_stem
from spectacle.generators.illustration.language.phrases import Mark, SpanKind, longest, place_of, verb_of
from spectacle.generators.illustration.language.relations import RelationWord
from spectacle.generators.illustration.language.resolving import (
    AFTER_NOUN,
    is_compound,
    is_gerund_here,
    is_part_here,
    is_verb_here,
    resolve,
)
from spectacle.generators.illustration.language.retrieve import Found, Retriever
from spectacle.generators.illustration.language.scene import RelationKind
from spectacle.generators.illustration.language.spans import Context, Span
from spectacle.generators.illustration.language.tokens import Token

_BARE_EMOJI = re.compile("[\u200d\U0001f3fb-\U0001f3ff]")
_MARKS = {
    **dict.fromkeys((",", ":", "、", "，", "(", ")", "/", "—", "–"), SpanKind.COMMA),
    **dict.fromkeys((";", ".", "!", "?", "|", "。", "…"), SpanKind.STOP),
    **dict.fromkeys(("&", "+"), SpanKind.AND),
    "=": SpanKind.COPULA,
}


_ADJECTIVES = ("y", "ed", "ful", "ous", "ish", "ic", "al", "ive", "less", "able", "ant", "ent", "ese", "ian")
"""Endings of words that rather describe the noun after them than are one."""


class Cutter:
    """Cuts one prompt's tokens into spans."""

    def __init__(self, tokens: Sequence[Token], retriever: Retriever) -> None:
        self._context = Context(tokens, retriever, [])
        self._words = [token.text for token in tokens]

    def cut(self) -> list[Span]:
        """The spans of the whole prompt."""
        position = 0
        while position < len(self._context.tokens):
            token = self._context.tokens[position]
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
        return self._context.spans

    def _put(self, kind: SpanKind, mark: Mark, text: str) -> None:
        self._context.spans.append(Span(kind, mark, text=text))

    def _run(self, start: int) -> int:
        """End of the run of words without punctuation that begins at `start`."""
        end = start
        while end < len(self._context.tokens) and self._context.tokens[end].sort in ("word", "number", "emoji"):
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
        text, end = self._context.tokens[start].text, start + 1
        while end < len(self._context.tokens) and self._context.tokens[end].text == text:
            end += 1
        names = self._context.retriever.lexicon.emoji
        term = names.get(text) or names.get(_BARE_EMOJI.split(text)[0], "")
        term = term.removesuffix(" face") if self._context.retriever.knows(term.removesuffix(" face")) else term
        if self._context.retriever.knows(term):
            if end - start > 1:
                self._put(SpanKind.COUNT, Mark(SpanKind.COUNT, number=end - start), text)
            elif self._context.previous is SpanKind.NOUN:
                self._put(SpanKind.AND, Mark(SpanKind.AND), "")
            self._context.spans.append(Span(SpanKind.NOUN, Mark(SpanKind.NOUN), term, text, known=True, raw=text))
        return end - start

    def _word(self, start: int) -> int:
        words = self._words[: self._run(start)]
        length, mark = longest(words, start)
        noun = self._candidate(words, start, length, mark)
        if is_part_here(self._context, words[start]) and max(length, noun.length if noun else 0) == 1:
            single = singular(words[start])
            return self._noun(words, start, Found(single, 1, single != words[start]), known=noun is not None)
        if mark is not None and mark.kind is SpanKind.COUNT and length > 1 and words[start] in ("a", "the", "one"):
            whole = self._context.retriever.find(words, start + 1)
            if whole is not None and whole.length >= length:
                self._put(SpanKind.DETERMINER, Mark(SpanKind.DETERMINER), words[start])
                return 1 + self._noun(words, start + 1, whole, known=True)
        if mark is not None and (noun is None or noun.length <= length):
            chosen = resolve(self._context, mark, words, start, length, noun is not None)
            if chosen is not None:
                self._put(chosen.kind, chosen, " ".join(words[start : start + length]))
                return length
        if noun is None:
            return self._unknown(words, start)
        if noun.length == 1 and place_of(noun.term) is None:
            if is_verb_here(self._context, words, start):
                return self._verb(words, start)
            if is_gerund_here(self._context, words[start]):
                self._put(SpanKind.ATTRIBUTE, Mark(SpanKind.ATTRIBUTE), words[start])
                return 1
        return self._noun(words, start, noun, known=True)

    def _candidate(self, words: Sequence[str], start: int, length: int, mark: Mark | None) -> Found | None:
        """The longest noun or place that begins here and that a set phrase does not break up."""
        found = self._context.retriever.find(words, start)
        if (
            found
            and found.term == "glasses"
            and self._context.previous is SpanKind.COUNT
            and self._context.spans[-1].mark.number > 1
        ):
            found = Found("glass", 1, plural=True)
        longer = found is not None and mark is not None and found.length > length
        if found and mark and longer and not is_compound(self._context, mark, words, start, length, found.length):
            found = self._context.retriever.find(words, start, longest=length)
        place = self._place(words, start)
        if place is None or (found is not None and found.length >= place.length):
            return found
        return place

    def _place(self, words: Sequence[str], start: int) -> Found | None:
        for length in range(min(4, len(words) - start), 0, -1):
            head, last = words[start : start + length - 1], words[start + length - 1]
            for written in (last, singular(last)):
                term = " ".join([*head, written])
                if place_of(term):
                    return Found(term, length, written != last)
        return None

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
        last = self._context.tokens[start + noun.length - 1]
        text = " ".join(words[start : start + noun.length])
        self._context.spans.append(
            Span(SpanKind.NOUN, Mark(SpanKind.NOUN), noun.term, text, noun.plural, known, last.raw, last.possessive)
        )
        return noun.length

    def _unknown(self, words: Sequence[str], start: int) -> int:
        word = words[start]
        lexicon = self._context.retriever.lexicon
        if word.endswith("ing") or (word.endswith("ed") and self._context.previous in AFTER_NOUN):
            for stem in verb_stem(word):
                if stem in lexicon.words:
                    relation = RelationWord(RelationKind.BESIDE) if self._context.previous in AFTER_NOUN else None
                    self._put(
                        SpanKind.VERB if relation else SpanKind.ATTRIBUTE, Mark(SpanKind.VERB, relation=relation), word
                    )
                    return 1
        described = start + 1 < len(words) and longest(words, start + 1)[1] is None
        coloured = start + 1 < len(words) and words[start + 1] in colours.COLOUR_WORDS
        if word in lexicon.words and word.endswith(_ADJECTIVES) and (described or coloured):
            self._put(SpanKind.PLAIN, Mark(SpanKind.PLAIN), word)
            return 1
        single = singular(word)
        self._context.spans.append(
            Span(
                SpanKind.NOUN, Mark(SpanKind.NOUN), noun=single, text=word, plural=single != word, known=False,
                raw=self._context.tokens[start].raw, possessive=self._context.tokens[start].possessive,
            )
        )  # fmt: skip
        return 1
