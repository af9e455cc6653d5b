"""Dates and times of day in a prompt, which posters and cards write out."""

from __future__ import annotations

import re

_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december|"
    r"jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.?"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_YEAR = r"(?:19|20)\d\d"
_WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_CLOCK = r"(?:\d{1,2}(?::\d\d)?\s?(?:am|pm|a\.m\.|p\.m\.|o'clock|h\b)|\d{1,2}:\d\d)"
_DATE = (
    rf"{_MONTH}\s+{_DAY}(?:\s*[-–]\s*{_DAY})?(?:\s*,?\s*{_YEAR})?|{_DAY}(?:(?:\s*[-–]\s*|\s){_DAY})?(?:\s+of)?\s+{_MONTH}(?:\s*,?\s*{_YEAR})?|"
    rf"{_MONTH}\s+{_YEAR}|\d{{1,2}}[./]\d{{1,2}}[./](?:{_YEAR}|\d\d)|{_YEAR}-\d\d-\d\d"
)
_PART = rf"(?:(?:every\s+|this\s+)?{_WEEKDAY}|{_DATE}|{_CLOCK}(?:\s*(?:-|–|to|until)\s*{_CLOCK})?)"
_WHOLE = re.compile(
    rf"(?:,?\s*\b(?:on|at|from|for|dated?|date)\s+|,\s*|\b)(?<![\w.])({_PART}(?:(?:\s*,\s*|\s+(?:at|from|on)\s+|\s+){_PART}){{0,3}})(?!\w)",
    re.IGNORECASE,
)
_DAYS = re.compile(rf"(?<=\d) (?=\d{{1,2}} {_MONTH})", re.IGNORECASE)
"""Where the hyphen between two days was."""
_STANDS = re.compile(rf"{_PART}(?:(?:\s*,\s*|\s+(?:at|from|on)\s+|\s+){_PART}){{0,3}}", re.IGNORECASE)


def take(text: str) -> tuple[str, tuple[str, ...]]:
    """A text without the dates and times in it, and those in order."""
    found: list[str] = []

    def put(match: re.Match[str]) -> str:
        found.append(_DAYS.sub("–", re.sub(r"\s+", " ", match[1]).strip(" ,")))
        return " "

    rest = _WHOLE.sub(put, text)
    return (re.sub(r"\s+", " ", rest).strip(" ,") if found else text), tuple(found)


def is_date(text: str) -> bool:
    """Whether a text is nothing but a date or a time of day."""
    return _STANDS.fullmatch(text) is not None
