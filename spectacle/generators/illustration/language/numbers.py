"""Counts: digits, number words and words for groups."""

from spectacle.generators.illustration.language.tables import by_word

MAX_COUNT = 40
"""More than this are drawn as this many."""

_UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}

COUNT_WORDS: dict[str, int] = (
    {word: value for value, word in enumerate(_UNITS)}
    | _TENS
    | {f"{ten} {unit}": value + _UNITS.index(unit) for ten, value in _TENS.items() for unit in _UNITS[1:10]}
    | {phrase: int(count) for phrase, count in by_word("counts").items()}
)
"""Phrases to counts; the loose ones ("several", "a flock of") are our choice of a number that looks right."""


def clamp(count: int) -> int:
    """A count within what is drawn, 1 to `MAX_COUNT`."""
    return max(1, min(MAX_COUNT, count))
