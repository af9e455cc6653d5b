"""What kind of image a prompt asks for: a scene, an icon, a pattern, a chart, a map, a poster, a portrait …"""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Genre(StrEnum):
    """A kind of image."""

    SCENE = "scene"
    ICON = "icon"
    PATTERN = "pattern"
    CHART = "chart"
    MAP = "map"
    DIAGRAM = "diagram"
    POSTER = "poster"
    COVER = "cover"
    CARD = "card"
    PORTRAIT = "portrait"
    PLATE = "plate"


@dataclass(frozen=True, slots=True)
class Kind:
    """The kind of image and what was said of it.

    Attributes:
        genre: The kind.
        text: The prompt without the words for the kind.
        said: Those words, such as "birthday card" or "pie chart".
    """

    genre: Genre
    text: str
    said: str = ""


_AS_THING = re.compile(
    r"\b(?:hold\w*|read\w*|carr\w+|wear\w*|look\w* at|hang\w*|next to|beside|near|behind|sell\w*|writ\w+|draw\w*ing an?|"
    r"paint\w*ing an?|point\w* (?:at|to)|study\w*|under|above|below|against|stand\w*|sit\w*|walk\w*|pinned|stuck|on the wall)"
    r"\b[^,.;]*$",
    re.IGNORECASE,
)
_FIRST = r"(?:an?\s+|the\s+|some\s+|my\s+)?(?:[\w-]+\s+){0,3}?"
_OF = r"\s*(?:\b(?:of|for|showing|about|depicting|featuring|with|titled|that shows)\b)?"


def _head(words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{words})\b", re.IGNORECASE)


_PATTERNS: tuple[tuple[Genre, re.Pattern[str]], ...] = (
    (Genre.CHART, _head(
        r"(?:[\w-]+\s+)?(?:bar|pie|line|donut|doughnut|column|area|scatter|radar)[ -]?(?:charts?|graphs?|plots?|diagrams?)"
        r"|histogram|(?:stock|sales|growth|statistics)\s+(?:charts?|graphs?)|(?:charts?|graphs?)(?=\s+(?:of|showing|with|about|comparing))"
    )),
    (Genre.DIAGRAM, _head(
        r"(?:labell?ed\s+)?(?:diagram|infographic|schematic|cutaway)|(?:the\s+)?(?:labell?ed\s+)?(?:parts|anatomy)(?=\s+of\s)|flow ?charts?|mind ?maps?|venn diagrams?|org(?:anization)? chart|"
        r"life ?cycle|water cycle|food chain|timeline|concept map|(?:the\s+)?solar system|moon phases|phases of the moon|photosynthesis|(?:the\s+)?four seasons"
    )),
    (Genre.PATTERN, _head(
        r"(?:seamless|repeating|repeated|tileable|tiled|repeat)\s+(?:[\w-]+\s+){0,4}?(?:patterns?|tiles?|textures?|prints?|backgrounds?|wallpapers?|design)"
        r"|(?:seamless|tileable)|wrapping paper|gift wrap|(?:fabric|textile|surface)\s+(?:pattern|design|print)s?"
        r"|(?:polka[ -]?dots?|chevron|zig ?zag|striped?|stripes|gingham|plaid|tartan|check(?:ed|ered|erboard)?|herringbone|houndstooth|damask|honeycomb|floral|geometric)"
        r"\s+(?:[\w-]+\s+)?(?:patterns?|wallpapers?|backgrounds?|textures?|prints?)|patterns?"
        r"|^(?:an?\s+)?(?:[\w-]+\s+(?:and\s+|&\s+)?){0,4}(?:stripes|polka[ -]?dots|zig ?zags?|checks|checkerboard|chevrons?)(?:\s+in\s+[\w ,&]{3,60})?\s*$"
        r"|(?:phone|desktop|iphone|mobile|smartphone)\s+(?:wallpaper|background)|lock ?screen"
    )),
    (Genre.MAP, _head(r"(?:(?:political|physical|outline|blank|simple|vintage|old|road|tourist)\s+)?maps?(?=\s+of\b)|world map")),
    (Genre.CARD, _head(
        r"(?:[\w']+\s+)?(?:birthday|greeting|christmas|xmas|easter|valentine'?s?(?:\s+day)?|thank[ -]you|wedding|invitation|business|visiting|"
        r"get[ -]well(?:\s+soon)?|anniversary|holiday|sympathy|halloween|mother'?s day|father'?s day|new year'?s?|baby shower|party|congratulations|graduation)"
        r"\s+(?:card|invitation|invite)s?|postcard|invitations?|save the date|gift tag|certificate|flyer|flier|leaflet"
    )),
    (Genre.COVER, _head(
        r"(?:[\w-]+\s+)?(?:book|album|magazine|cd|record|comic(?:\s+book)?|novel|ebook|notebook|vinyl|game)\s+(?:cover|jacket|sleeve)(?:\s+art)?|cover art"
    )),
    (Genre.POSTER, _head(r"(?:[\w-]+\s+)?(?:poster|placard|billboard ad|advert(?:isement)?|ad\b|banner(?=\s+(?:for|ad)))s?")),
    (Genre.ICON, _head(
        r"(?:app\s+|web\s+|flat\s+|website\s+)?(?:icons?|favicon)|(?:company\s+|brand\s+|team\s+)?(?:logos?|logotype|emblem|mascot logo|monogram|pictogram|glyph|crest|coat of arms)"
        r"|badge(?=\s+(?:for|of|with|logo|design))|clip ?art|(?:on|with|against|over)?\s*(?:an?\s+|the\s+)?(?:no|plain|white|transparent|blank|isolated|solid)"
        r"(?:\s+[\w]+)?\s+background|isolated on [\w ]+|transparent png|no background|without (?:a )?background|on (?:a )?(?:plain )?white$"
    )),
    (Genre.PORTRAIT, _head(
        r"(?:half|full|head)?[ -]?(?:length\s+)?(?:head\s+)?portraits?|head ?shots?|(?:extreme\s+)?close[ -]?ups?|closeup|macro(?:\s+(?:shot|photo))?|bust(?=\s+of)|"
        r"upper body|head and shoulders|profile (?:picture|photo)|avatar|mug ?shot|face of"
    )),
)  # fmt: skip

_PLATES = _head(
    r"platters?|charcuterie(?:\s+board)?|cheese board|tapas|bento(?:\s+box)?|thali|mezze|smorgasbord"
    r"|(?:full\s+)?english breakfast|breakfast (?:plate|platter)|plate (?:of|with)|plates? full of|buffet"
)
_FROM_ABOVE = _head(
    r"(?:seen |viewed |shot )?from above|top[- ]?(?:down )?view|flat ?lay|overhead(?:\s+(?:shot|view))?|bird'?s[- ]eye view"
)
_WITH_PATTERN = re.compile(
    r"\bwith\s+(?:an?\s+|the\s+)?(?:[\w-]+\s+){0,3}?(?:patterns?|prints?|stripes)\b", re.IGNORECASE
)


def find(text: str) -> Kind:
    """The kind of image an English prompt asks for; words for it that name a thing in a scene do not count."""
    for genre, pattern in _PATTERNS:
        found = pattern.search(text)
        if found is None:
            continue
        before, said = text[: found.start()], found[0].strip()
        if genre is not Genre.ICON and _AS_THING.search(before):
            continue
        if genre is Genre.PATTERN and _is_on_a_thing(text, found):
            continue
        before = re.sub(r"\b(?:an?|the|my|our)\s*$", "", before, flags=re.IGNORECASE)
        rest = f"{before} {re.sub(rf'^{_OF}', '', text[found.end() :], count=1, flags=re.IGNORECASE)}"
        return Kind(genre, _tidy(rest), said.lower())
    found = _PLATES.search(text)
    if found and not _AS_THING.search(text[: found.start()]):
        return Kind(Genre.PLATE, _tidy(f"{text[: found.start()]} {text[found.end() :]}"), found[0].lower())
    return Kind(Genre.SCENE, text)


def seen_from_above(text: str) -> bool:
    """Whether the prompt asks for a view from above."""
    return _FROM_ABOVE.search(text) is not None


def _is_on_a_thing(text: str, found: re.Match[str]) -> bool:
    """Whether a pattern is on something: "a dress with a floral pattern"."""
    on = _WITH_PATTERN.search(text)
    return on is not None and on.start() <= found.start() <= on.end() and len(text[: on.start()].split()) > 1


def _tidy(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip(" ,;:.-")
    return re.sub(
        r"^(?:(?:an?|the|some|in|on|with|as|of|for)\s+)+(?=an?\s|the\s|$)|\s+(?:an?|the|in an?|in|on an?|as an?|with|on|of)$",
        "",
        text,
        flags=re.IGNORECASE,
    ).strip(" ,;:.-")
