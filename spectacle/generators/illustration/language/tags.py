"""Prompts written as tags for image models: weights, quality words, flags and negative prompts."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

import re
from dataclasses import dataclass

from spectacle.generators.illustration.language.styles import STYLE_WORDS
from spectacle.generators.illustration.language.tables import word_set
from spectacle.generators.illustration.language.tokens import fold

_NEGATIVE = re.compile(
    r"(?:\bnegative[_ ]?prompt\s*:|\bnegative\s*:|\s--no\b)\s*([^\n]*?)(?=\s--[a-z]|\n|$)", re.IGNORECASE
)
_FLAG = re.compile(
    r"(?:^|(?<=\s))--?(?:ar|aspect|q|quality|v|version|s|stylize|style|seed|niji|chaos|c|iw|uplight|test|creative|w|h|hd|tile|weird|steps|cfg)\b(?:\s+[\w:./]+)?",
    re.IGNORECASE,
)
_SETTING = re.compile(r"\b(?:steps|sampler|cfg scale|seed|size|model hash|clip skip)\s*:\s*[^,\n]+,?", re.IGNORECASE)
# Every repetition is bounded, for the brackets of hostile prompts need not be closed.
_WEIGHT = re.compile(r"[(\[{]{1,9}([^()\[\]{}]{0,400}?)(?::\s{0,9}-?\d{0,9}\.?\d{1,9})[)\]}]{1,9}")
_STRESS = re.compile(r"\({2,9}([^()]{0,400})\){2,9}|\[{1,9}([^\[\]]{0,400})\]{1,9}|\{{1,9}([^{}]{0,400})\}{1,9}")
_LORA = re.compile(r"<[^<>]{1,200}>")
_PEOPLE = re.compile(r"\b(\d+)\+?\s?(girl|boy|woman|man|women|men|people|person)s?\b", re.IGNORECASE)
_MADE_BY = re.compile(
    r"\b(?:art(?:work)?\s+by|(?:painted|drawn|designed|illustrated|directed|inspired)\s+by|by)\s+(?:artist\s+)?[A-Z][\w.]*(?:\s+(?:[A-Z][\w.]*|and|van|de|von|of))*|\bby\s+(?:wlop|artgerm|rossdraws|greg rutkowski|alphonse mucha|loish|krenz cushart|sakimichan|beeple|makoto shinkai|studio ghibli)\b"
)
_BODY = re.compile(
    r"^(?:(?:very|extremely)\s+)?(?:[\w-]+\s+){0,3}(hair|eyes|skin|beard|ears|tail|wings|horns|freckles|glasses|sunglasses)$"
)
_CLOTHES = re.compile(
    r"^(?:[\w-]+\s+){0,3}(shirt|t-shirt|dress|skirt|jacket|coat|hat|uniform|hoodie|sweater|jeans|pants|shorts|kimono|armor|armour|"
    r"boots|scarf|suit|tie|gloves|crown|cap|helmet|necklace|bikini|swimsuit|robe|cloak|cape|ribbon|blouse|vest)$"
)
_SUBJECT = re.compile(
    r"\b(?:girl|boy|woman|man|lady|person|princess|elf|warrior|knight|witch|wizard|goddess|angel|queen|king|ranger|ninja|samurai)\b"
)


@dataclass(frozen=True, slots=True)
class Tagged:
    """A prompt cleared of what only steers a model.

    Attributes:
        text: What is to be seen.
        unwanted: What is not to be seen, from flags and negative prompts.
        dropped: Artists, whose manner is not drawn.
    """

    text: str
    unwanted: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


def clear(prompt: str) -> Tagged:
    """Reads tags: takes out weights, flags, quality words and artists, and gives a person what is said of them."""
    unwanted: list[str] = []

    def negative(found: re.Match[str]) -> str:
        unwanted.extend(part.strip(" .()") for part in re.split(r"[,;]", found[1]) if part.strip(" .()"))
        return " "

    text = _NEGATIVE.sub(negative, prompt)
    text = _SETTING.sub(" ", _LORA.sub(" ", _FLAG.sub(" ", text)))
    for _ in range(3):
        text = _WEIGHT.sub(r"\1", text)
        text = _STRESS.sub(lambda found: next((group for group in found.groups() if group), ""), text)
    dropped: list[str] = []

    def artist(found: re.Match[str]) -> str:
        name = re.sub(r"^(?:.*?\bby)\s+", "", found[0])
        if fold(name) in STYLE_WORDS or fold(name.split()[-1]) in STYLE_WORDS:
            return found[0]  # whose manner there is a style for
        dropped.append(name)
        return " "

    text = _MADE_BY.sub(artist, text)
    parts = [part.strip() for part in text.split(",")]
    tags = len(parts) >= 4 and sum(len(part.split()) <= 4 for part in parts) >= 0.7 * len(parts)
    if tags or len(parts) > 1:
        kept = [part for part in parts if not _is_quality(part)]
        parts = kept or parts
    if tags:
        parts = _about_one(parts)
    text = ", ".join(part for part in parts if part)
    text = _PEOPLE.sub(lambda found: f"{'a' if found[1] == '1' else found[1]} {_counted(found[2], found[1])}", text)
    return Tagged(text, tuple(unwanted), tuple(dropped))


def _counted(noun: str, count: str) -> str:
    noun = noun.lower()
    plural = {"man": "men", "woman": "women", "person": "people"}.get(noun, noun if noun.endswith("en") else noun + "s")
    single = {"men": "man", "women": "woman", "people": "person"}.get(noun, noun)
    return single if count == "1" else plural


def _is_quality(part: str) -> bool:
    words = re.sub(r"[^\w ]", " ", part.lower()).split()
    return bool(words) and (" ".join(words) in _QUALITY or all(word in _QUALITY for word in words))


_QUALITY = word_set("quality")
"""Words and phrases that praise an image rather than say what is in it."""


def _about_one(parts: list[str]) -> list[str]:
    """Tags with hair, eyes and clothes said of the first person among them."""
    subject = next(
        (index for index, part in enumerate(parts) if _SUBJECT.search(part.lower()) or _PEOPLE.search(part)), None
    )
    if subject is None:
        return [part for part in parts if not _BODY.match(part.lower())] or parts
    having = [part for part in parts if _BODY.match(part.lower())]
    wearing = [part for part in parts if _CLOTHES.match(part.lower())]
    kept = [part for part in parts if part not in having and part not in wearing]
    whole = parts[subject]
    if having:
        whole += " with " + " and ".join(having)
    if wearing:
        whole += " wearing " + " and ".join(f"a {part}" if not part.endswith("s") else part for part in wearing)
    return [whole if part == parts[subject] else part for part in kept]
