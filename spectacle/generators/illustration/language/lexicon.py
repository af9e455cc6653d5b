"""The lexicon that `scripts/build_words.py` makes: nouns to titles of artworks, and other languages' nouns.

The file `lexicon.bin` is a sequence of named sections, each compressed by itself, so that only what is needed is read:

- 8 bytes: `SPCTWRD1`
- 4 bytes: length of the directory, little-endian; the directory: JSON, section name to offset and length
- the sections: text compressed with zlib
"""

from __future__ import annotations

import functools
import json
import struct
import zlib
from importlib import resources
from importlib.resources.abc import Traversable

MAGIC = b"SPCTWRD1"


class Lexicon:
    """The sections of a lexicon file, each read when it is first asked for."""

    def __init__(self, file: Traversable) -> None:
        """Reads the directory of a lexicon file.

        Raises:
            ValueError: The file is not a lexicon of this version.
        """
        self._data = file.read_bytes()
        if self._data[: len(MAGIC)] != MAGIC:
            raise ValueError(f"{file} is not a lexicon")
        (length,) = struct.unpack_from("<I", self._data, len(MAGIC))
        start = len(MAGIC) + 4
        self._directory: dict[str, tuple[int, int]] = json.loads(self._data[start : start + length])
        self._start = start + length
        self._entries: dict[str, tuple[tuple[str, float], ...]] = {}

    @classmethod
    def open(cls) -> Lexicon:
        """The lexicon that ships with the package, opened once in a process."""
        return _shipped()

    def section(self, name: str) -> str:
        """The text of a section; empty when the file has none of that name."""
        if name not in self._directory:
            return ""
        offset, length = self._directory[name]
        start = self._start + offset
        return zlib.decompress(self._data[start : start + length]).decode()

    @functools.cached_property
    def nouns(self) -> dict[str, str]:
        """Nouns in the singular to their packed entry: pairs of a title's number and a score in hundredths."""
        return dict(line.split("\t", 1) for line in self.section("nouns").splitlines())

    @functools.cached_property
    def _titles(self) -> list[str]:
        return self.section("titles").splitlines()

    def entry(self, term: str) -> tuple[tuple[str, float], ...]:
        """Titles that show a noun, with scores of 0 to 1, best first."""
        known = self._entries.get(term)
        if known is None:
            packed = self.nouns.get(term, "").split()
            known = self._entries[term] = tuple(
                (self._titles[int(number)], int(score) / 100)
                for number, score in zip(packed[::2], packed[1::2], strict=True)
            )
        return known

    @functools.cached_property
    def emoji(self) -> dict[str, str]:
        """Emoji to the nouns they show."""
        return dict(line.split("\t", 1) for line in self.section("emoji").splitlines())

    @functools.cached_property
    def concrete(self) -> frozenset[str]:
        """Nouns for things one could draw, whether or not there is an artwork."""
        return frozenset(self.section("concrete").splitlines())

    @functools.cached_property
    def words(self) -> frozenset[str]:
        """English words of any kind, so that none of them is considered a misspelling."""
        return frozenset(self.section("words").splitlines())

    def translations(self, language: str) -> dict[str, str]:
        """Words of another language to English nouns."""
        return dict(line.split("\t", 1) for line in self.section(f"nouns-{language}").splitlines())


@functools.cache
def _shipped() -> Lexicon:
    return Lexicon(resources.files(__package__) / "lexicon.bin")
