"""Counts: digits, number words and words for groups."""

from __future__ import annotations

MAX_COUNT = 40
"""More than this are drawn as this many."""

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}

COUNT_WORDS: dict[str, int] = (
    {word: value for value, word in enumerate(_UNITS)}
    | _TENS
    | {f"{ten} {unit}": value + _UNITS.index(unit) for ten, value in _TENS.items() for unit in _UNITS[1:10]}
    | {
        "single": 1, "lone": 1, "lonely": 1, "one single": 1, "only one": 1, "exactly one": 1, "just one": 1,
        "a couple of": 2, "couple of": 2, "both": 2, "twin": 2, "a pair of": 2, "pair of": 2,
        "two pairs of": 2, "a duo of": 2, "a trio of": 3, "a few": 3, "few": 3, "some": 3, "a handful of": 4,
        "several": 4, "various": 4, "half a dozen": 6, "a half dozen": 6, "a dozen": 12, "dozen": 12, "one dozen": 12,
        "two dozen": 24, "three dozen": 36, "dozens of": 24, "many": 8, "lots of": 8, "a lot of": 8, "plenty of": 8,
        "tons of": 12, "loads of": 10, "numerous": 8, "countless": 16, "hundred": 40, "a hundred": 40,
        "hundreds of": 40, "hundreds": 40, "thousand": 40, "a thousand": 40, "thousands of": 40, "one hundred": 40,
        "a million": 40, "millions of": 40, "too many": 12, "so many": 10, "a group of": 5, "group of": 5,
        "a bunch of": 6, "bunch of": 6, "a flock of": 7, "flock of": 7, "flocks of": 9, "a herd of": 6, "herd of": 6,
        "a pack of": 5, "pack of": 5, "a school of": 8, "school of": 8, "a swarm of": 12, "swarm of": 12,
        "a crowd of": 10, "crowd of": 10, "a row of": 5, "row of": 5, "rows of": 10, "a line of": 5, "line of": 5,
        "a pile of": 7, "pile of": 7, "piles of": 9, "a stack of": 5, "stack of": 5, "a heap of": 7, "heap of": 7,
        "a family of": 4, "family of": 4, "a litter of": 5, "litter of": 5, "a team of": 5, "team of": 5,
        "a cluster of": 5, "cluster of": 5, "a collection of": 6, "collection of": 6, "a set of": 4, "set of": 4,
        "a fleet of": 5, "fleet of": 5, "an army of": 12, "army of": 12, "a colony of": 8, "colony of": 8,
        "a gang of": 4, "gang of": 4, "a bouquet of": 5, "a range of": 4, "a variety of": 4, "an assortment of": 5,
        "a selection of": 4, "a parade of": 6, "a circle of": 6, "a ring of": 6, "a sea of": 14, "clouds of": 10,
        "a number of": 4, "any number of": 4, "multiple": 4, "a shoal of": 8, "a gaggle of": 5, "a pod of": 4,
        "a flight of": 5, "a brood of": 5, "a trail of": 5, "a series of": 4, "a band of": 5, "a troop of": 5,
        "a pride of": 4, "a murder of": 6, "a mob of": 6,
    }
)  # fmt: skip
"""Phrases to counts; the loose ones ("several", "a flock of") are our choice of a number that looks right."""

APPROXIMATE = frozenset(phrase for phrase in COUNT_WORDS if phrase not in _UNITS and phrase not in _TENS)


def clamp(count: int) -> int:
    """A count within what is drawn, 1 to `MAX_COUNT`."""
    return max(1, min(MAX_COUNT, count))
