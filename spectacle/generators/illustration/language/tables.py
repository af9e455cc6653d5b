"""Reads `english.txt`, the hand-kept English words: what is easier to keep as text than as code."""

from __future__ import annotations

import functools
from importlib import resources


@functools.cache
def _sections() -> dict[str, dict[str, tuple[str, ...]]]:
    sections: dict[str, dict[str, tuple[str, ...]]] = {}
    current: dict[str, tuple[str, ...]] = {}
    for line in (resources.files(__package__) / "english.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            current = sections[line.strip("[]")] = {}
        elif line and not line.startswith("#"):
            meaning, equals, words = line.partition(" = ")
            listed = tuple(word.strip() for word in (words if equals else meaning).split(",") if word.strip())
            current[meaning if equals else ""] = current.get(meaning if equals else "", ()) + listed
    return sections


def meanings(section: str) -> dict[str, tuple[str, ...]]:
    """The meanings of a section in the order of the file, each with its words."""
    return _sections()[section]


def by_word(section: str) -> dict[str, str]:
    """The words of a section to their meaning; the first that names a word wins."""
    table: dict[str, str] = {}
    for meaning, words in meanings(section).items():
        for word in words:
            table.setdefault(word, meaning)
    return table


def word_set(section: str) -> frozenset[str]:
    """The words of a section in which being listed is the meaning."""
    return frozenset(meanings(section)[""])
