"""Further languages: Russian, Ukrainian, Polish, Turkish, Arabic, Hindi and Korean as English words in English order.

The words come from `further.txt`, kept by hand, and from the names that emoji have in each language. Languages that
bend their words are read by stems, those that put the relation after its noun are turned round.
"""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from importlib import resources

from spectacle.generators.illustration.language.asian import Item
from spectacle.generators.illustration.language.lexicon import Lexicon
from spectacle.generators.illustration.language.tokens import Token, tokenise

CODES = ("ru", "uk", "pl", "tr", "ar", "hi", "ko")
"""Codes of these languages."""

_BACKWARD = frozenset({"tr", "hi", "ko"})
"""Languages that put the relation and the verb after the noun."""

_ENDINGS = {
    "ko": {
        "에서": "in", "속에": "in", "에": "in", "와": "and", "과": "and", "랑": "and", "하고": "and", "을": "", "를": "", "이": "", "가": "",
        "은": "", "는": "", "의": "", "도": "", "로": "", "으로": "", "들": "", "들이": "", "들을": "",
    },
    "tr": {
        "nde": "in", "nda": "in", "deki": "in", "daki": "in", "de": "in", "da": "in", "te": "in", "ta": "in", "lerin": "", "larin": "", "leri": "",
        "lari": "", "ler": "", "lar": "", "nin": "", "nın": "", "nun": "", "in": "", "un": "", "yi": "", "yı": "", "yu": "", "si": "", "sı": "",
        "i": "", "ı": "", "u": "", "ya": "", "ye": "", "a": "", "e": "", "ın": "", "li": "", "lı": "",
    },
}  # fmt: skip
"""Endings of nouns to the relation they say, empty for none."""

_SCRIPTS = (
    ("ko", re.compile("[\uac00-\ud7a3\u1100-\u11ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("uk", re.compile("[\u0456\u0457\u0454\u0491]", re.IGNORECASE)),
    ("ru", re.compile("[\u0400-\u04ff]")),
)
_MAX_PHRASE_WORDS = 4
_PLURAL = frozenset({"children", "people"})


def of_script(prompt: str) -> str | None:
    """The language that a prompt's script is of; None for scripts that several languages share."""
    return next((code for code, letters in _SCRIPTS if letters.search(prompt)), None)


class Vocabulary:
    """One language's words in English, exact ones and stems."""

    def __init__(self, code: str, lexicon: Lexicon) -> None:
        self.code = code
        self._exact: dict[str, tuple[str, str]] = {}
        self._stems: list[tuple[str, str, str]] = []
        for english, sort, cell in _rows(code):
            for word in (part.strip() for part in cell.split(",")):
                key = _key(word.rstrip("*"))
                if not key or word == "-":
                    continue
                if word.endswith("*"):
                    self._stems.append((key, english, sort))
                else:
                    self._exact.setdefault(key, (english, sort))
        self._stems.sort(key=lambda row: -len(row[0]))
        self._names = {_key(word): noun for word, noun in lexicon.translations(code).items()}

    def find(self, phrase: str) -> tuple[str, str] | None:
        """The English for a phrase and the heading it stands under."""
        known = self._exact.get(phrase)
        if known is not None:
            return known
        for stem, english, sort in self._stems:
            if phrase.startswith(stem) and len(phrase) - len(stem) <= 4 and phrase.count(" ") == stem.count(" "):
                return english, sort
        name = self._names.get(phrase)
        return (name, "noun") if name else None

    def word(self, word: str) -> list[tuple[str, str]]:
        """The English for one word, after taking off endings that say how it stands."""
        known = self.find(word)
        if known is not None:
            return [known]
        for ending, relation in _ENDINGS.get(self.code, {}).items():
            stem = word.removesuffix(ending)
            known = self.find(stem) if stem != word and len(stem) > (0 if self.code == "ko" else 1) else None
            if known is not None:
                return [known, (relation, "relation")] if relation else [known]
        if self.code == "ar" and len(word) > 3:
            for prefix in ("وال", "بال", "ال", "لل", "و", "ب", "ل"):
                known = self.find(word.removeprefix(prefix)) if word.startswith(prefix) else None
                if known is not None:
                    return [known]
        return [known] if (known := self._bent(word)) is not None else []

    def _bent(self, word: str) -> tuple[str, str] | None:
        """A name of an emoji in another case: it begins the same and differs in its last letters."""
        if self.code not in ("ru", "uk", "pl") or len(word) < 4:
            return None
        for cut in (1, 2, 3):
            stem = word[: len(word) - cut]
            if len(stem) < 3:
                break
            for ending in ("", *"аяоеьйіиyeaoę"):
                name = self._names.get(stem + ending)
                if name:
                    return name, "noun"
        return None


def _key(word: str) -> str:
    return " ".join(token.text for token in tokenise(word, english=False))


@functools.cache
def _table() -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    rows, sort = [], ""
    for line in (resources.files(__package__) / "further.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            sort = line.strip("[]")
        elif line and not line.startswith("#"):
            english, *cells = (cell.strip() for cell in line.split("|"))
            rows.append((english, sort, tuple(cells)))
    return tuple(rows)


def _rows(code: str) -> Iterator[tuple[str, str, str]]:
    column = CODES.index(code)
    return ((english, sort, cells[column]) for english, sort, cells in _table())


@functools.cache
def vocabulary(code: str) -> Vocabulary:
    """The words of a language, read once."""
    return Vocabulary(code, Lexicon.open())


def hits(words: Sequence[str], code: str) -> float:
    """How many of the words a language knows."""
    known = vocabulary(code)
    return sum(1.0 if known.find(word) else 0.7 if known.word(word) else 0.0 for word in words)


def items_of(prompt: str, code: str) -> list[Item]:
    """The prompt's words in English, in English order."""
    tokens = tokenise(prompt, english=False)
    known = vocabulary(code)
    items: list[Item] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token.sort != "word":
            items.append(Item(token.text, token.sort, token.raw))
            position += 1
            continue
        length, found = _longest(tokens, position, known)
        raw = " ".join(one.raw for one in tokens[position : position + length])
        if not found:
            items.append(Item(token.text, "unknown", token.raw))
        items += [Item(english, sort, raw) for english, sort in found]
        position += length
    items = [item for item in items if item.english != "please"]
    if code == "tr":  # "kırmızı bir araba": the article stands after the adjective
        for index in range(1, len(items)):
            if items[index].english in ("a", "one") and items[index - 1].sort == "adjective":
                items[index - 1 : index + 1] = [items[index], items[index - 1]]
    return _turned(items) if code in _BACKWARD else items


def _longest(tokens: Sequence[Token], start: int, known: Vocabulary) -> tuple[int, list[tuple[str, str]]]:
    end = start
    while end < len(tokens) and tokens[end].sort == "word" and end - start < _MAX_PHRASE_WORDS:
        end += 1
    for length in range(end - start, 1, -1):
        found = known.find(" ".join(token.text for token in tokens[start : start + length]))
        if found is not None:
            return length, [found]
    return 1, known.word(tokens[start].text)


def _turned(items: Sequence[Item]) -> list[Item]:
    """The words with relations and verbs before their noun: "forest in panda" is "panda in forest"."""
    result: list[Item] = []
    groups: list[list[Item]] = []
    described: list[Item] = []
    sky: list[Item] = []
    waiting: list[tuple[list[Item], Item]] = []
    for item in [*items, Item(".", "mark", "")]:
        if item.sort == "sky":
            sky.append(item)
        elif item.sort in ("noun", "place", "unknown"):
            group = [*described, item]
            described = []
            for other, link in waiting:
                group += [link, *other]
            waiting = []
            groups.append(group)
        elif item.sort in ("relation", "verb") and groups:
            if item.sort == "relation" or _goes_on(items, item):
                waiting.append((groups.pop(), item))
            elif len(groups) > 1:
                thing = groups.pop()
                groups[-1] += [item, *thing]
            else:
                groups[-1].append(item)
        elif item.sort == "mark":
            for other, link in waiting:
                groups.append([link, *other])
            waiting = []
            for number, group in enumerate(groups):
                apart = number and group[0].english not in ("in", "on", "under", "and") and result[-1:] != []
                result += [*([Item("and", "function", "")] if apart and result[-1].english != "and" else []), *group]
            result += described + sky + ([item] if item.raw else [])
            groups, described, sky = [], [], []
        elif item.sort == "function" and item.english in ("is", "with"):
            continue
        else:
            described.append(item)
    return result


def _goes_on(items: Sequence[Item], verb: Item) -> bool:
    """Whether a noun follows a verb, which then says what that noun does: "umbrella holding cat"."""
    after = items[next(index for index, item in enumerate(items) if item is verb) + 1 :]
    following = next((item.sort for item in after if item.sort not in ("adjective", "function", "sky")), "")
    return following in ("noun", "place")
