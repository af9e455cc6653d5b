"""From nouns to the artworks that show them."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

import functools
import re
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from spectacle.generators.illustration.art.library import Artwork
from spectacle.generators.illustration.language.attributes import ATTRIBUTE_WORDS, MOOD_WORDS
from spectacle.generators.illustration.language.colours import PALETTE
from spectacle.generators.illustration.language.inflect import singular
from spectacle.generators.illustration.language.lexicon import Lexicon
from spectacle.generators.illustration.language.relations import VERB_WORDS
from spectacle.generators.illustration.language.scene import Match
from spectacle.generators.illustration.language.tables import by_word
from spectacle.generators.illustration.language.tokens import fold

MAX_MATCHES = 8
"""Artworks given for a noun at most."""

NEAR_EQUAL = 0.13
"""An artwork whose score is lower than the best one's by this much is not an alternative to it."""

USED = 0.6
"""An artwork with a lower score does not stand for the noun."""

SURE = 0.72
"""An artwork with a lower score is said to be only the nearest one."""

FORMS = {"whole": 1.0, "part": 0.93, "face": 0.86, "scene": 0.72, "symbol": 0.7}
"""What an artwork's form is worth: whole bodies are preferred to heads."""

SOURCES = {"spectacle": 1.0, "fluent": 1.0, "noto": 0.98, "clipart": 0.95}
"""What an artwork's source is worth: those of one hand go together, clip art is of many."""

FITTING = 1.08
"""What an artwork is worth whose title names a modifier too: "sleeping cat" for a cat that sleeps."""

MAX_NOUN_WORDS = 5
"""Words in the longest compound that is looked for."""


_ACTIONS = by_word("actions")
_PEOPLE = {
    "man": "man", "woman": "woman", "person": "person", "boy": "man", "girl": "woman", "people": "person", "guy": "man", "lady": "woman",
    "teenager": "person", "friend": "person", "athlete": "person", "tourist": "person", "student": "person", "mother": "woman", "father": "man",
}  # fmt: skip
"""People of no trade to how titles of artworks call them."""


class Artworks(Protocol):
    """What is needed of the art library: its artworks."""

    def __iter__(self) -> Iterator[Artwork]: ...


@dataclass(frozen=True, slots=True)
class Found:
    """A noun found in the lexicon or among the titles.

    Attributes:
        term: The noun in the singular, as the lexicon spells it.
        length: How many words of the prompt it takes.
        plural: Whether it was written in the plural.
    """

    term: str
    length: int
    plural: bool


_WITHIN = re.compile(r" (?:with|at|over|on) ")


def normalise(title: str) -> str:
    """A title as it is compared: folded, hyphens and punctuation as spaces."""
    plain = fold(title).replace("’", "'").replace("'s ", " ").replace("'", "")
    cleaned = "".join(character if character.isalnum() else " " for character in plain)
    return " ".join(cleaned.split())


def _is_gerund(word: str) -> bool:
    return word.endswith("ing") and (word in VERB_WORDS or word in ATTRIBUTE_WORDS)


class Drawings:
    """The artworks of a library by title."""

    def __init__(self, library: Iterable[Artwork]) -> None:
        self.by_title: dict[str, list[Artwork]] = {}
        self.by_id: dict[str, Artwork] = {}
        for drawing in library:
            title = drawing.title
            key = title if title.isascii() and title.replace(" ", "").isalnum() else normalise(title)
            self.by_title.setdefault(key, []).append(drawing)
            self.by_id[drawing.id] = drawing


_indices: weakref.WeakKeyDictionary[object, Drawings] = weakref.WeakKeyDictionary()


def drawings_of(library: Artworks) -> Drawings:
    """The artworks of a library by title, made once for each library."""
    known = _indices.get(library)
    if known is None:
        known = _indices[library] = Drawings(library)
    return known


class Retriever:
    """Finds nouns in texts and artworks for nouns."""

    def __init__(self, library: Artworks, lexicon: Lexicon) -> None:
        self.drawings = drawings_of(library)
        self.lexicon = lexicon
        self._matches: dict[tuple[str, tuple[str, ...]], tuple[Match, ...]] = {}

    def knows(self, term: str) -> bool:
        """Whether a noun in the singular has a title or an entry."""
        if term in MOOD_WORDS:
            return any(drawing.form == "whole" for drawing in self.drawings.by_title.get(term, ()))
        if self._describes_a_scene(term):
            return False
        return term in self.lexicon.nouns or self._titled(term)

    def _describes_a_scene(self, term: str) -> bool:
        """Whether a title such as "night with stars" is a whole scene, better read word by word than as a thing."""
        drawings = self.drawings.by_title.get(term, ())
        return bool(_WITHIN.search(term) and drawings) and all(drawing.form == "scene" for drawing in drawings)

    def _titled(self, term: str) -> bool:
        return any(drawing.form != "symbol" for drawing in self.drawings.by_title.get(term, ()))

    def find(self, words: Sequence[str], start: int, longest: int = MAX_NOUN_WORDS) -> Found | None:
        """The longest known noun that begins at a word."""
        for length in range(min(longest, len(words) - start), 0, -1):
            *modifiers, last = words[start : start + length]
            if modifiers and any(_is_gerund(word) for word in (*modifiers[1:], last)):
                continue
            head = " ".join(modifiers)
            single = singular(last)
            if last == "glasses" and words[start + length : start + length + 1] == ["of"]:
                single = "glass"
            term = f"{head} {single}".strip()
            if single != last and self.knows(term):
                return Found(term, length, plural=True)
            written = f"{head} {last}".strip()
            if self.knows(written):
                return Found(written, length, plural=False)
        return None

    def misspelt(self, word: str, *, proper: bool) -> tuple[str, float]:
        """The noun a word may be a misspelling of and how sure that is, or an empty text.

        Args:
            word: A word no dictionary has.
            proper: Whether it is written with a capital, and so likely a name.
        """
        if proper or len(word) < 4 or len(word) > 20 or word in self.lexicon.words:
            return "", 0.0
        if len(word) == 4:  # too short for anything but letters in the wrong order
            swapped = [noun for noun in self._spellings.get(word[0], ()) if sorted(noun) == sorted(word)]
            return (swapped[0], 0.85) if swapped else ("", 0.0)
        allowed = 1 if len(word) < 7 else 2
        best, least = "", allowed + 1
        for noun in self._spellings.get(word[0], ()):
            if abs(len(noun) - len(word)) < least:
                distance = edit_distance(word, noun, least - 1)
                if distance < least:
                    best, least = noun, distance
        return (best, 0.95 - 0.1 * least) if best else ("", 0.0)

    @functools.cached_property
    def _spellings(self) -> dict[str, list[str]]:
        """Single-word nouns with an artwork of their own, by their first letter."""
        nouns: dict[str, list[str]] = {}
        for title in self.drawings.by_title:
            if " " not in title and len(title) > 3 and self._titled(title):
                nouns.setdefault(title[0], []).append(title)
        return nouns

    def matches(self, term: str, modifiers: Sequence[str] = ()) -> tuple[Match, ...]:
        """Artworks that show a noun, best first; those showing it with its modifiers before the rest.

        Args:
            term: The noun in the singular.
            modifiers: Colours, adjectives and verbs said of it.
        """
        key = (term, tuple(modifiers))
        known = self._matches.get(key)
        if known is None:
            if len(self._matches) > 4096:
                self._matches.clear()
            known = self._matches[key] = tuple(self._rank(term, modifiers))
        return known

    def category(self, term: str) -> str:
        """The category of the best artwork that stands for a noun; empty when none does."""
        found = self.matches(term)
        return self.drawings.by_id[found[0].drawing].category if found and found[0].score >= USED else ""

    def _rank(self, term: str, modifiers: Sequence[str]) -> list[Match]:
        scores: dict[str, float] = {}

        def add(title: str, score: float) -> None:
            for drawing in self.drawings.by_title.get(title, ()):
                worth = score * FORMS[drawing.form] * SOURCES.get(drawing.source, 1.0)
                if worth > scores.get(drawing.id, 0.0):
                    scores[drawing.id] = worth

        entry = self.lexicon.entry(term)
        if not entry or entry[0][1] < 1:
            add(term, 1.0)
        for title, score in entry:
            add(title, score)
        for modifier in modifiers:
            for title in (f"{modifier} {term}", f"{term} {modifier}"):
                if any(drawing.form == "whole" for drawing in self.drawings.by_title.get(title, ())):
                    add(title, 1.0 if modifier in PALETTE else FITTING)
        who = _PEOPLE.get(term)
        for title in (f"{who} {_ACTIONS[modifier]}" for modifier in modifiers if who and modifier in _ACTIONS):
            if any(drawing.form == "whole" for drawing in self.drawings.by_title.get(title, ())):
                add(title, FITTING)
        ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
        without = [one for one in modifiers if one.endswith("less")]
        if without:  # what lacks a part is not to be shown by what has it
            by_id = self.drawings.by_id
            ranked = [one for one in ranked if set(without) & set(by_id[one[0]].title.split())] or ranked
        if not ranked:
            return []
        limit = max(ranked[0][1] - NEAR_EQUAL, 0.3)
        return [
            Match(identity, round(min(score, 1.0), 3)) for identity, score in ranked[:MAX_MATCHES] if score >= limit
        ]


def edit_distance(one: str, other: str, limit: int) -> int:
    """Insertions, deletions, replacements and swaps of neighbours from one word to the other, at most `limit` + 1."""
    previous: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        current = [i]
        for j, wanted in enumerate(other, 1):
            cost = min(current[-1] + 1, row[j] + 1, row[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, previous[j - 2] + 1)
            current.append(cost)
        if min(current) > limit:
            return limit + 1
        previous, row = row, current
    return min(row[-1], limit + 1)
