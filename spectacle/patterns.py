"""Regular expressions that are searched for in time linear in the text, whatever the expression and the text."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from re import _constants as constants  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_WORD, _NO_WORD = "_", "!"
"""What stands on either side of each character of a text in which boundaries are searched for (`_with_sides`)."""

_SIDE = f"[{_WORD}{_NO_WORD}]"

_TYPES = re.ASCII | re.UNICODE
"""The flags of which there is always one."""

_LAST = 0x33FFF
"""Behind it, Unicode has no visible characters. They belong to a class as this one does, which is not assigned."""

_LAST_LETTER = 0x1FFFF
"""Behind it, Unicode has no letters of either case."""

_MAX_MEMORY = 2**22
"""Bytes that RE2 may use for one expression. In a prompt of 4,000 characters, what fits is found within a second."""

_UNSUPPORTED = {
    constants.ASSERT: "a look-ahead or look-behind",
    constants.ASSERT_NOT: "a look-ahead or look-behind",
    constants.FAILURE: "a look-ahead or look-behind",
    constants.GROUPREF: "a back-reference",
    constants.GROUPREF_EXISTS: "a condition on a group",
    constants.ATOMIC_GROUP: "an atomic group",
    constants.POSSESSIVE_REPEAT: "a possessive quantifier",
}

_PLACES = {
    constants.AT_BEGINNING: "^",
    constants.AT_BEGINNING_STRING: "^",
    constants.AT_END: "$",
    constants.AT_END_STRING: "$",
    constants.AT_BOUNDARY: r"\b",
    constants.AT_NON_BOUNDARY: r"\B",
}

_CATEGORIES = {
    constants.CATEGORY_DIGIT: r"\d",
    constants.CATEGORY_NOT_DIGIT: r"\D",
    constants.CATEGORY_SPACE: r"\s",
    constants.CATEGORY_NOT_SPACE: r"\S",
    constants.CATEGORY_WORD: r"\w",
    constants.CATEGORY_NOT_WORD: r"\W",
}


class Pattern:
    """An expression in the syntax of Python's `re`, searched for by RE2 without regard to case.

    It finds what `re` would find. Only what needs backtracking is refused, and what speaks of boundaries of both
    Unicode and ASCII. RE2 knows neither Unicode's word boundaries nor all letters that are alike but for their case,
    and has its own edition of Unicode. So `re` itself is asked which characters a part of the expression stands for,
    and they are written out; and where the expression speaks of boundaries, the text is made to say of each character
    whether it belongs to a word.

    Args:
        source: The expression.

    Raises:
        ValueError: When it is not a regular expression, needs backtracking, or is too large; the message says which.
    """

    def __init__(self, source: str) -> None:
        import re2

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what later versions of `re` may read in another way
            try:
                tree = parser.parse(source, re.IGNORECASE)
            except (re.error, OverflowError, RecursionError) as error:
                raise ValueError(f"invalid regular expression {source!r}: {error}. Fix or remove it") from None
        flags = tree.state.flags
        options = re2.Options()
        options.max_mem = _MAX_MEMORY
        options.log_errors = False
        options.never_capture = True
        try:
            translation = _Translation(source)
            expression = translation.of(tree, flags)
            self._word = translation.word
            if self._word is not None:
                # From one character to the next, for between a character and its sides nothing begins.
                skipped = f"(?:{_SIDE}(?s:.){_SIDE})*?"
                expression = f"^{skipped}(?:{_Translation(source, side=_SIDE).of(tree, flags)})"
            self._search: Callable[[str], object] = re2.compile(expression, options).search
        except (re2.error, RecursionError):
            raise ValueError(
                f"{source!r} is too large, or nested too deeply, to be searched in bounded time. Make its "
                "repetitions {n,m} smaller, or use several patterns"
            ) from None

    def search(self, text: str) -> bool:
        """Whether it is found anywhere in a text of one line that is not empty."""
        return self._search(text if self._word is None else _with_sides(text, self._word)) is not None


compile_pattern = cache(Pattern)
"""The pattern of an expression, made once. As `Pattern`, raises ValueError."""


class _Translation:
    """An expression as `re` has parsed it, in RE2's syntax.

    Args:
        source: The expression, for messages.
        side: What stands on either side of each character.

    Attributes:
        word: Finds the characters of words, between which and others are the boundaries that it speaks of; None when it
            speaks of none.
    """

    def __init__(self, source: str, *, side: str = "") -> None:
        self._source = source
        self._side = side
        self.word: re.Pattern[str] | None = None

    def of(self, parsed: Iterable[tuple[Any, Any]], flags: int) -> str:
        """A sequence of parts."""
        return "".join(self._part(kind, value, flags) for kind, value in parsed)

    def _part(self, kind: Any, value: Any, flags: int) -> str:
        if kind in _UNSUPPORTED:
            raise ValueError(
                f"{self._source!r} contains {_UNSUPPORTED[kind]}, which cannot be searched in linear time. "
                "Write it without, or as several patterns"
            )
        if kind is constants.AT:
            return self._place(value, flags)
        if kind is constants.BRANCH:
            return f"(?:{'|'.join(self.of(branch, flags) for branch in value[1])})"
        if kind is constants.SUBPATTERN:
            _, added, removed, inner = value
            kept = flags & ~_TYPES if added & _TYPES else flags
            return f"(?:{self.of(inner, (kept | added) & ~removed)})"
        if kind in {constants.MAX_REPEAT, constants.MIN_REPEAT}:
            least, most, inner = value
            return f"(?:{self.of(inner, flags)}){_times(least, most)}"
        return f"{self._side}{_character(kind, value, flags)}{self._side}"

    def _place(self, which: Any, flags: int) -> str:
        if which in {constants.AT_BOUNDARY, constants.AT_NON_BOUNDARY}:
            word = re.compile(r"\w", flags & re.ASCII)
            if self.word not in (None, word):
                raise ValueError(
                    f"{self._source!r} contains word boundaries of both Unicode and ASCII, which cannot be searched "
                    "for together. Write it as several patterns"
                )
            self.word = word
        return _PLACES[which]


def _character(kind: Any, value: Any, flags: int) -> str:
    if kind is constants.ANY:
        return "(?s:.)" if flags & re.DOTALL else "."
    if kind is constants.LITERAL:
        value = [(kind, value)]
    elif kind is constants.NOT_LITERAL:
        value = [(constants.NEGATE, None), (constants.LITERAL, value)]
    else:
        assert kind is constants.IN, kind
    return _class(tuple(value), flags & (re.IGNORECASE | re.ASCII))


@lru_cache(maxsize=1024)
def _class(items: tuple[tuple[Any, Any], ...], flags: int) -> str:
    """A class of characters that holds what the same class of `re` does."""
    negated = items[0][0] is constants.NEGATE
    members = items[1:] if negated else items
    written = "".join(
        _category(_CATEGORIES[value], flags) if kind is constants.CATEGORY else _named(kind, value, flags)
        for kind, value in members
    )
    return f"[{'^' if negated else ''}{written}]"


def _named(kind: Any, value: Any, flags: int) -> str:
    """A character or a range in a class, and the letters that are alike but for their case."""
    first, last = (value, value) if kind is constants.LITERAL else value
    written = _range(first, last)
    if flags & re.IGNORECASE:
        alike = re.compile(f"[\\U{first:08x}-\\U{last:08x}]", flags).findall(_letters())
        written += "".join(_range(code, code) for code in map(ord, alike) if not first <= code <= last)
    return written


@cache
def _category(category: str, flags: int) -> str:
    """What a category such as `\\w` holds in a class."""
    runs = re.compile(f"[{category}]+", flags)
    # Not through the surrogates, which are no characters.
    parts = map(chr, range(0xD800)), map(chr, range(0xE000, _LAST + 1))
    ranges = [(ord(run[0][0]), ord(run[0][-1])) for part in parts for run in runs.finditer("".join(part))]
    return "".join(_range(first, 0x10FFFF if last == _LAST else last) for first, last in ranges)


@cache
def _letters() -> str:
    """All letters of either case."""
    return "".join(each for each in map(chr, range(_LAST_LETTER + 1)) if each.lower() != each or each.upper() != each)


def _range(first: int, last: int) -> str:
    return f"\\x{{{first:x}}}" if first == last else f"\\x{{{first:x}}}-\\x{{{last:x}}}"


def _times(least: int, most: Any) -> str:
    return f"{{{least},}}" if most is constants.MAXREPEAT else f"{{{least},{most}}}"


@lru_cache(maxsize=4)
def _with_sides(text: str, word: re.Pattern[str]) -> str:
    """The text with a sign before and behind each character that says whether it belongs to a word.

    RE2, to which a boundary is one between ASCII's characters of words and all others, then finds between the signs of
    two characters the boundary that there is between them.
    """
    return "".join(f"{side}{each}{side}" for each in text for side in (_WORD if word.match(each) else _NO_WORD,))
