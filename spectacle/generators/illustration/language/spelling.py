"""Mends misspelt words: "teh", "flyng", "umberella"."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace

from spectacle.generators.illustration.language.inflect import singular, verb_stem
from spectacle.generators.illustration.language.phrases import SpanKind, place_of, table
from spectacle.generators.illustration.language.relations import verb_forms
from spectacle.generators.illustration.language.retrieve import Retriever, edit_distance
from spectacle.generators.illustration.language.tokens import Token

_SHORT = {"teh": "the", "hte": "the", "adn": "and", "nad": "and", "wiht": "with", "wih": "with", "fo": "of"}
_LONG = 7
"""Letters from which two of them may be wrong."""


def mended(tokens: Sequence[Token], retriever: Retriever) -> tuple[list[Token], tuple[tuple[str, str], ...]]:
    """The tokens with words that no dictionary has replaced by what they are meant as, and the nouns among those."""
    result, nouns = [], []
    for token in tokens:
        word = _meant(token, retriever)
        if not word and _is_unheard_of(token, retriever):
            word, _ = retriever.misspelt(token.text, proper=token.raw[:1].isupper())
            nouns += [(token.text, word)] if word else []
        result.append(replace(token, text=word) if word else token)
    return result, tuple(nouns)


def _meant(token: Token, retriever: Retriever) -> str:
    word = token.text
    if token.sort != "word" or (token.raw[:1].isupper() and token.raw != token.raw.upper()) or not word.isascii():
        return ""
    if word in _SHORT:
        return _SHORT[word]
    if len(word) < 5 or not _is_unheard_of(token, retriever):
        return ""
    allowed = 1 if len(word) < _LONG else 2
    best, least = "", allowed + 1
    for known in _spellings().get(word[0], ()):
        if abs(len(known) - len(word)) < least:
            distance = edit_distance(word, known, least - 1)
            if distance < least:
                best, least = known, distance
    if best and table()[best].kind is SpanKind.COUNT:
        return ""
    _, sure = retriever.misspelt(word, proper=False)
    if best and table()[best].kind in (SpanKind.ATTRIBUTE, SpanKind.PLAIN) and sure:
        return ""
    return best if best and sure < 0.95 - 0.1 * least + 0.01 else ""


def _is_unheard_of(token: Token, retriever: Retriever) -> bool:
    """Whether no list has a word in any form."""
    word, words = token.text, retriever.lexicon.words
    if token.sort != "word" or not word.isascii() or word in table() or place_of(singular(word)):
        return False
    if any(retriever.knows(form) or form in words for form in (word, singular(word))):
        return False
    return not any(stem in words and word in verb_forms(stem) for stem in verb_stem(word))


@functools.cache
def _spellings() -> dict[str, list[str]]:
    """Words of five letters and more that set phrases begin with, by their first letter."""
    found: dict[str, list[str]] = {}
    for phrase in table():
        if " " not in phrase and len(phrase) > 4:
            found.setdefault(phrase[0], []).append(phrase)
    return found
