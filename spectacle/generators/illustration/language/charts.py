"""The numbers of a chart, as a prompt gives them."""

from __future__ import annotations

import re

from spectacle.generators.illustration.language.scene import Chart

_LABEL = r"[^\W\d_][\w'’ -]{0,24}?"
_SHARE_OF = re.compile(
    rf"(?<!\d)(\d+(?:[.,]\d+)?)\s*(%|percent)\s+(?:of\s+|for\s+|are\s+|is\s+)?({_LABEL})(?=\s*(?:,|;|\.|\band\b|\d|$))"
)
_LABELLED = re.compile(
    rf"({_LABEL}|\b(?:19|20)\d\d|\bQ[1-4])\s*(?:[:=]|\bat\b|\bis\b|\bwith\b|\(|-)?\s*(\d+(?:[.,]\d+)?)\s*(%|percent)?\)?(?=\s*(?:,|;|\.|\band\b|$|\)))"
)
_COUNTED = re.compile(rf"(?<!\d)(\d+(?:[.,]\d+)?)\s+({_LABEL})(?=\s*(?:,|;|\.|\band\b|$))")
_NUMBERS = re.compile(r"(?<![\w.])(\d+(?:[.,]\d+)?)\s*(%?)(?![\w])")
_SPAN = re.compile(r"\b((?:19|20)\d\d)\b\s*(?:to|-|–|until|through|and)\s*\b((?:19|20)\d\d)\b")
_LEADING = re.compile(
    r"^(?:and|with|of|the|showing|comparing|for|a|an|values?|numbers?|data|to|from|has|have|about|in)\s+", re.IGNORECASE
)
_FALLING = re.compile(r"\b(?:fall|declin|decreas|drop|sink|shrink|going down|crash|loss)\w*", re.IGNORECASE)
_PERIODS = (
    (r"\b(?:week|weekdays?|daily|days)\b", ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")),
    (r"\b(?:quarterly|quarters?)\b", ("Q1", "Q2", "Q3", "Q4")),
    (
        r"\b(?:year|monthly|months?)\b",
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    ),
)
"""Words for a period to the names of its parts."""
MAX_ENTRIES = 12
"""Further numbers are not drawn."""

_RISE = (2.0, 3.0, 5.0, 8.0)
_PARTS = (40.0, 30.0, 20.0, 10.0)


def read(text: str, said: str) -> Chart:
    """The chart of a prompt.

    Args:
        text: The prompt without the words for the chart.
        said: Those words, such as "pie chart".
    """
    kind = (
        "pie"
        if re.search(r"pie|donut|doughnut", said)
        else "line"
        if re.search(r"line|area|stock|growth", said)
        else "bar"
    )
    if (
        kind == "bar"
        and re.search(r"\b(?:growth|stock|over time|trend|temperature|rising|falling)\b", text)
        and "bar" not in said
    ):
        kind = "line"
    entries, percent = _entries(text)
    if entries:
        return Chart(kind, tuple(entries[:MAX_ENTRIES]), percent)
    return _example(kind, text)


def _entries(text: str) -> tuple[list[tuple[str, float]], bool]:
    shares = [(_label(found[3]), _value(found[1])) for found in _SHARE_OF.finditer(text)]
    if len(shares) > 1:
        return shares, True
    named = list(_LABELLED.finditer(text))
    if len(named) > 1:
        return [(_label(found[1]), _value(found[2])) for found in named], any(found[3] for found in named)
    counted = [(_label(found[2]), _value(found[1])) for found in _COUNTED.finditer(text)]
    if len(counted) > 1:
        return counted, False
    without_years = _SPAN.sub(" ", text)
    plain = [(found[1], found[2]) for found in _NUMBERS.finditer(without_years)]
    if len(plain) > 1:
        return [("", _value(value)) for value, _ in plain], any(sign for _, sign in plain)
    if shares and shares[0][1] < 100:
        return [shares[0], ("", 100 - shares[0][1])], True
    return [], False


def _example(kind: str, text: str) -> Chart:
    """A chart that shows only its labels and whether it rises: the prompt has no numbers."""
    span = _SPAN.search(text)
    labels: list[str] = []
    if span and 1 < int(span[2]) - int(span[1]) < MAX_ENTRIES:
        labels = [str(year) for year in range(int(span[1]), int(span[2]) + 1)]
    elif re.search(r",|\band\b|\bvs\b|\bversus\b", text) and len(text) < 120:
        parts = re.split(r",\s*(?:and\s+)?|\s+and\s+|\s+vs\.?\s+|\s+versus\s+", text)
        labels = [_label(part) for part in parts if 0 < len(_label(part)) <= 24][:MAX_ENTRIES]
    else:
        labels = next((list(names) for words, names in _PERIODS if re.search(words, text)), [])
    count = len(labels) or 4
    values = [100 / count] * count if kind == "pie" and labels else list((_PARTS if kind == "pie" else _RISE)[:4])
    if len(values) != count:
        values = [2 + 6 * (index / max(1, count - 1)) for index in range(count)]
    if _FALLING.search(text) and kind != "pie":
        values.reverse()
    names = labels or [""] * len(values)
    return Chart(kind, tuple(zip(names, values, strict=True)), percent=False, example=True)


def _label(text: str) -> str:
    label = text.strip(" -:")
    while True:
        shorter = _LEADING.sub("", label)
        if shorter == label:
            return label
        label = shorter


def _value(text: str) -> float:
    return float(text.replace(",", "."))
