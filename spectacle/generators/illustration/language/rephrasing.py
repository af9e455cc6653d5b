"""Says parts of an English prompt in words that the grammar and the artworks have."""

from __future__ import annotations

import re

from spectacle.generators.illustration.language.phrases import place_of

_COMPARED = re.compile(
    r"\b(an?|the|one|my|this)\s+((?:[\w-]{1,30}\s+){1,4}?)(?:(?:that|which)\s+is\s+|is\s+)?"
    r"(?:(bigger|larger|taller|as\s+big|as\s+large|as\s+tall)|(smaller|tinier|shorter|as\s+small|as\s+tiny))\s+(?:than|as)"
    r"\s+(?=(?:an?|the|his|her|its|my)\s)",
    re.IGNORECASE,
)
_IN_BED = re.compile(
    r"\b(?:child|boy|girl|man|woman|person|patient|baby|kid|toddler|teenager|lady|guy|grandmother|grandfather)\s+"
    r"(?:who\s+is\s+)?(?:(?:sleeping|asleep|fast\s+asleep|lying|resting|sick|ill|napping|snoring)\s+)?(?:in|on)\s+"
    r"(?:(?:a|an|the|his|her|their)\s+)?(?:hospital\s+|big\s+|small\s+|cozy\s+|cosy\s+)?bed\b",
    re.IGNORECASE,
)
_CROWDED = re.compile(r"\b(?:crowded|packed|very busy)\s+((?:[\w-]{1,20}\s+)?[\w-]{1,20})", re.IGNORECASE)


def rephrased(text: str) -> str:
    """The prompt with comparisons of size, people in bed and crowded places said plainly."""
    return _peopled(_in_bed(_compared(text)))


def _compared(text: str) -> str:
    """A comparison as two things of unequal size: "a cat bigger than a house" is "a huge cat next to a house"."""

    def sizes(found: re.Match[str]) -> str:
        return f"{found[1]} {'huge' if found[3] else 'tiny'} {found[2].strip()} next to "

    return _COMPARED.sub(sizes, text)


def _in_bed(text: str) -> str:
    """Somebody in bed as the one artwork that shows it, in a bedroom unless another room is named."""
    where = " in a bedroom"
    if re.search(r"\b\w*room\b|\btent\b|\bhospital\b", text):
        where = " in a hospital" if "hospital" in text else ""
    return _IN_BED.sub("person in bed" + where, text, count=1)


def _peopled(text: str) -> str:
    """A crowded place as one with people: "a crowded beach" is "a beach with many people"."""
    found = _CROWDED.search(text)
    if found is None:
        return text
    words = found[1].split()
    for count in range(len(words), 0, -1):
        if place_of(" ".join(words[:count]).lower()):
            where = found.start(1) + len(" ".join(words[:count]))
            return f"{text[: found.start()]}{text[found.start(1) : where]} with many people{text[where:]}"
    return text
