"""Takes out of a prompt what is to be written in the image: quoted strings, what a sign says, names, numbers."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

import re

_QUOTES = (
    r"\"([^\"\n]{1,120})\"|“([^”\n]{1,120})”|„([^“”\n]{1,120})[“”]|«\s*([^»\n]{1,120}?)\s*»|「([^」\n]{1,60})」"
    r"|(?<![\w])'((?:[^'\n]|'(?=\w)){1,120})'(?!\w)|(?<![\w])‘((?:[^’\n]|’(?=\w)){1,120})’(?!\w)"
)
_BEFORE = (
    r"(?:\b(?:that|which)\s+)?(?:\b(?:is\s+)?(?:says?|saying|said|reads?|reading|spells?|spelling|labell?ed|titled|"
    r"entitled|called|named|with|captioned|inscribed|displaying|showing|stating|written|writing)\b[\s,:]*){0,4}"
    r"(?:\b(?:in\s+)?(?:the|a|its|his|her)?\s*(?:words?|texts?|titles?|captions?|letters?|lettering|names?|slogans?|"
    r"messages?|inscriptions?|phrases?|numbers?|headlines?|writing)\b[\s,:]*)?"
)
_AFTER = (
    r"(?:\s*\b(?:is\s+|are\s+)?(?:written|painted|printed|carved|engraved|spelled out|embroidered)\b(?:\s+in\s+"
    r"[\w\s]{1,30}?(?:letters|frosting|icing|paint|chalk|font))?)?(?:\s+(?:on|across|in)\s+(?:it|them|top)\b)?"
)
_QUOTED = re.compile(rf"{_BEFORE}\s*(?:{_QUOTES}){_AFTER}", re.IGNORECASE)
_SAID = re.compile(
    r"(?:\b(?:that|which)\s+)?\b(?:says|saying|reads|that read|spelling)\s*:?\s+(?!a\b|an\b|the\b|hello to\b|goodbye to\b)"
    r"([^,.;:\n\"]{1,60}?)(?=\s+(?:in|on|at|with|above|below|under|next|hanging|and an?)\b|[,.;:\n]|$)",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    r"\bwith\s+(?:the\s+)?(?:words?|text|title|caption|name|slogan|message|letters?|number|inscription)\s+([A-Z0-9][^\s,.;]*"
    r"(?:\s+[A-Z0-9][^\s,.;]*){0,6})" + _AFTER
)
_NUMBERED = re.compile(
    r"\b(?:with\s+)?(?:the\s+|a\s+)?(?:numbers?|letters?)\s+((?-i:[A-Z0-9]{1,6}|[b-z]))\b" + _AFTER, re.IGNORECASE
)
_INITIALS = r"([A-Z]\.?(?:(?:\s*(?:,|&|\+|\band\b)\s*|\s?)[A-Z]\b\.?){0,3})(?![\w])"
_MONOGRAM = re.compile(
    rf"(?:\b(?:(?:with|of|from)\s+)?(?:the\s+)?(?:letters?|initials?)|(?<=\bmonogram)(?:\s+(?:of|with|for|from))?)\s+{_INITIALS}{_AFTER}"
)
_FORMULA = re.compile(r"(?:\bwith\s+)?(?<![\w-])([A-Za-z0-9+*/^()]{1,12}\s?=\s?[\w+*/^()²³-]{1,16})" + _AFTER)
_CALLED = re.compile(
    r"\b(?:called|named|titled|entitled)\s+((?:the\s+|a\s+)?[A-Z][\w'&-]*(?:\s+(?:[A-Z][\w'&-]*|of|and|the|&))*)"
)
_SHOWN_NAMES = re.compile(
    r"\b(?:shop|store|cafe|café|restaurant|bakery|bar|pub|hotel|company|brand|band|startup|book|album|film|movie|game|"
    r"boat|ship|logo|salon|studio|school|hospital|club|team|poster|magazine|app|business|farm|brewery|winery)\b",
    re.IGNORECASE,
)
_SHOUTED = re.compile(
    r"\b(?:sign|banner|billboard|placard|poster|badge|button)\s+((?:[A-Z]{2,}[!?]?\s*){1,5})(?![a-z])"
)
_PHRASED = re.compile(
    r"\b((?:happy\s+(?:new year|[\w']+day|easter|halloween|anniversary|holidays)|merry christmas|welcome(?:\s+(?:home|back))?|grand opening|"
    r"(?:[\w-]{1,30}\s+)?(?<!\bfor )\bsale|for (?:sale|rent)|open|closed|thank you|congratulations|good luck|get well soon|just married|no (?:parking|smoking|entry|swimming|"
    r"trespassing|fishing|dogs|pets|exit)|keep (?:out|calm)|do not (?:enter|disturb)|wet floor|beware of (?:the )?dogs?|exit|danger|warning|wanted|lost (?:dog|cat|pet)|"
    r"vacancy|help wanted|coming soon)!?)\s+(?=(?:neon\s+|wooden\s+|road\s+|web\s+|street\s+)?(?:banner|sign|placard|billboard|signboard)s?\b)",
    re.IGNORECASE,
)
"""What signs and banners are called by is what is written on them."""
_CARRIERS = re.compile(
    r"\b(?:sign|signs|board|banner|billboard|placard|poster|cake|shirt|t-shirt|tshirt|book|cover|card|logo|mug|wall|cup|"
    r"words?|text|letters?|title|caption|label|letter|note|blackboard|chalkboard|whiteboard|screen|flag|door|window|"
    r"jersey|hat|cap|box|bottle|newspaper|magazine|sticker|badge|plate|truck|bus|van|ship|shop|store|cafe|neon|tattoo|"
    r"invitation|certificate|graffiti|speech bubble|tombstone|gravestone|says?|saying|reads?|written|called|named)\b",
    re.IGNORECASE,
)

MAX_WRITTEN = 4
"""Further texts are not written."""


def take(prompt: str) -> tuple[str, tuple[str, ...]]:
    """The prompt without the texts that are to be written, and those texts in order.

    Args:
        prompt: What somebody wrote, with its capitals.
    """
    written: list[str] = []

    def put(found: re.Match[str]) -> str:
        text = next(group for group in found.groups() if group).strip(" ,.;:") or ""
        if text and len(written) < MAX_WRITTEN:
            written.append(text)
        return " "

    def quoted(found: re.Match[str]) -> str:
        text = next(group for group in found.groups() if group)
        bare = found[0].strip()[1:-1] == text
        if bare and not _CARRIERS.search(prompt) and " " not in text.strip() and text.islower():
            return f" {text} "  # a word in quotes for stress, not to be written
        return put(found)

    rest = _QUOTED.sub(quoted, prompt)
    rest = _MONOGRAM.sub(lambda found: _joined(found, written), rest)
    rest = _FORMULA.sub(put, rest) if "=" in rest and _CARRIERS.search(rest) else rest
    rest = _NUMBERED.sub(put, rest) if _CARRIERS.search(rest) else rest
    rest = _LABELLED.sub(put, rest)
    if not written:
        rest = _PHRASED.sub(lambda found: put(found) + "a ", rest)
    if not written:
        rest = _SHOUTED.sub(lambda found: found[0][: found.start(1) - found.start()] + put(found), rest)
    if not written:
        rest = _SAID.sub(put, rest)
    if _SHOWN_NAMES.search(rest):
        rest = _CALLED.sub(put, rest)
    return (rest if written else prompt), tuple(written)


def _joined(found: re.Match[str], written: list[str]) -> str:
    """Puts initials together: "the letters A and B" are written "AB"."""
    written.append("".join(re.findall(r"[A-Z]", found[1])))
    return " "
