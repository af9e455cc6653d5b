"""Words that mean another thing in some company: a mouse by a keyboard, a bow on a gift."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace

from spectacle.generators.illustration.language.inflect import singular
from spectacle.generators.illustration.language.tables import meanings
from spectacle.generators.illustration.language.tokens import Token

_PASSED_OVER = frozenset({"slope of the mountain", "trunk", "picture", "lead pencil", "river bank"})
"""Senses that are part of what keeps them company and are not drawn."""


@functools.cache
def _senses() -> dict[str, tuple[tuple[str, frozenset[str]], ...]]:
    table: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for sense, listed in meanings("senses").items():
        word, _, first = listed[0].partition(":")
        table.setdefault(word.strip(), []).append((sense, frozenset({first.strip(), *listed[1:]})))
    return {word: tuple(senses) for word, senses in table.items()}


def chosen(tokens: Sequence[Token]) -> list[Token]:
    """The tokens with words of several senses replaced by the sense that the other words speak for."""
    words = [token.text for token in tokens]
    company = {form for word in words for form in (word, singular(word))}
    result: list[Token] = []
    for index, token in enumerate(tokens):
        sense = _sense(token.text, words, index, company)
        if sense in _PASSED_OVER:
            continue
        if sense is None:
            result.append(token)
            continue
        plural = singular(token.text) != token.text
        *first, last = sense.split()
        last = f"{last}s" if plural and not last.endswith("s") else last
        result += [replace(token, text=word, possessive=False) for word in first]
        result.append(replace(token, text=last))
    return result


def _sense(word: str, words: Sequence[str], index: int, company: set[str]) -> str | None:
    single = singular(word)
    for sense, others in _senses().get(word, ()) or _senses().get(single, ()):
        head = sense.split()
        if head[-1] == single and len(head) > 1 and index and words[index - 1] == head[-2]:
            return None  # the sense is spelt out already
        if others & (company - {word, single}):
            return sense
    return None
