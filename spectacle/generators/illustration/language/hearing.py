"""Hears a prompt before it is read: its language, kind of image, texts to be written, tags and negatives."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from importlib import resources

from spectacle.generators.illustration.language import charts, dates, genres, quoting, styles, tags
from spectacle.generators.illustration.language.colours import PALETTE
from spectacle.generators.illustration.language.flags import with_flags
from spectacle.generators.illustration.language.genres import Genre, Kind
from spectacle.generators.illustration.language.languages import detect, translate
from spectacle.generators.illustration.language.names import stand_ins
from spectacle.generators.illustration.language.phrases import place_of
from spectacle.generators.illustration.language.rephrasing import rephrased
from spectacle.generators.illustration.language.retrieve import Retriever
from spectacle.generators.illustration.language.scene import Chart
from spectacle.generators.illustration.language.senses import chosen
from spectacle.generators.illustration.language.spelling import mended
from spectacle.generators.illustration.language.tables import by_word
from spectacle.generators.illustration.language.tokens import Token, expand, fold, strip_noise, tokenise

_ABOUT = re.compile(
    r"^(?:an?\s+|the\s+)?(?:(?:abstract\s+)?(?:representation|concept|feeling|idea|meaning|symbol|depiction|visuali[sz]ation|"
    r"picture|image|essence|spirit|emotion|experience)\s+(?:of|for)\s+)?(?:what|how|the)?\s*(.+?)(?:\s+(?:feels?(?:\s+like)?|looks?(?:\s+like)?|means?|concept))?$"
)
_DESIGNS = frozenset(
    {"design", "image", "picture", "logo", "art", "style", "brand", "company", "simple", "modern", "a", "an"}
)
_HUE = rf"(?:(?:dark|light|pale|bright|deep)\s+)?(?:{'|'.join(sorted(PALETTE))})"
_SHADES = re.compile(
    rf"(?:,\s*(?:in\s+)?|\s+in\s+){_HUE}(?:\s*(?:,|and|&)\s*{_HUE}){{1,3}}(?:\s+(?:colou?rs?|tones?|palette))?\s*$",
    re.IGNORECASE,
)
_ONLY_A_CARD = re.compile(
    r"(?:(?:an?|the|and|simple|cute|pretty|nice|little|small|colou?rful)\s+)*cards?(?:\s+(?:and|that|which|with|on|it|is))*\W*",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"^(?:an?|the|some)\s+")
_FOR = re.compile(
    r"^(?:[\w' -]{0,40}?\bfor\s+)(?:an?|the|my|our)?\s*[\w' -]{2,40}?(?:,\s*|\s+(?:with|featuring|showing)\s+)(?=\w)"
)
_FEASTS = re.compile(
    r"(?:^|\b(?:to|for)\s+)((?:my\s+)?[A-Z][\w-]+'s\s+(?:\d{1,3}(?:st|nd|rd|th)\s+)?"
    r"(?:birthday|wedding|graduation|baby shower|party|anniversary)(?:\s+party)?)\b"
)
_NAMES = re.compile(
    r"\bfor\s+((?:my\s+\w+\s+)?[A-Z][\w'-]+(?:\s+[A-Z][\w'-]+)?(?:\s+(?:and|&)\s+[A-Z][\w'-]+)?)(?=[,.\s]|$)"
)


@dataclass(frozen=True, slots=True)
class Heard:
    """A prompt as it is to be read.

    Attributes:
        language: Two-letter code.
        asking: Tokens that only ask for an image.
        telling: Tokens of what is to be seen.
        kind: The kind of image.
        written: Texts to be written in it.
        unwanted: What must not be seen.
        ignored: What was heard and is never drawn, such as artists.
        chart: The numbers of a chart.
        topic: What a diagram, map or card is about.
        names: People and characters that are named, and words that are misspelt, with what is drawn in their place.
        idea: Whether a small scene is read in place of the prompt, whose words the prompt does not have.
    """

    language: str
    asking: list[Token]
    telling: list[Token]
    kind: Kind
    written: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    chart: Chart | None = None
    topic: str = ""
    names: tuple[tuple[str, str], ...] = ()
    idea: bool = False


_WHEN = re.compile(r"\s+(?:in|at|on|during|under|by|near)\s.*$", re.DOTALL)


def hear(prompt: str, retriever: Retriever) -> Heard:
    """What a prompt asks for, cut up for reading."""
    language = detect(prompt, retriever)
    if language != "en":
        return _foreign(prompt, language)
    tagged = tags.clear(prompt)
    text, written = quoting.take(tagged.text)
    kind = _kind_of(rephrased(expand(strip_noise(text))), written)
    request, content = styles.opening(kind.text)
    idea = _idea_of(content) if kind.genre is Genre.SCENE and not written else None
    if idea is not None:
        content = idea
    chart, topic = None, ""
    if kind.genre is Genre.CHART:
        chart = charts.read(content, kind.said)
        content = ""
    if kind.genre in (Genre.CARD, Genre.COVER, Genre.POSTER):
        content, days = dates.take(content)
        written = (*written, *days)
    if kind.genre in (Genre.DIAGRAM, Genre.MAP, Genre.CARD, Genre.COVER, Genre.POSTER):
        topic = content
    if kind.genre in (Genre.COVER, Genre.POSTER) and not content.strip(" .,") and written:
        content = topic = written[0]  # of which nothing but the title is said
    if kind.genre is Genre.CARD and (feast := _FEASTS.search(content)) is not None:
        written = (feast[1], *written)
        content = content.replace(feast[0], " ")
    elif kind.genre is Genre.CARD and (found := _NAMES.search(text)) is not None:
        written = (re.sub(r"\band\b", "&", found[1]), *written)
        content = content.replace(found[1], "")
    if kind.genre is Genre.ICON:
        content = _SHADES.sub("", content)
        trade = "for " if re.search(r"\bfor\b", text) else ""
        content = _FOR.sub("", trade + content).removeprefix("for ") or content
        if trade and not _names_a_mark(kind.text, retriever):
            content = next((mark for name, mark in _marks().items() if name in fold(content)), content)
    names: tuple[tuple[str, str], ...] = ()
    if kind.genre not in (Genre.CHART, Genre.DIAGRAM, Genre.MAP):
        content = with_flags(content, retriever.drawings.by_title.__contains__)
        content, names = stand_ins(content, lambda words: _is_known(words, retriever))
    tokens, misspelt = mended(tokenise(content), retriever)
    return Heard(
        language,
        tokenise(request),
        chosen(tokens),
        kind,
        written,
        tagged.unwanted,
        tagged.dropped,
        chart,
        topic,
        (*names, *misspelt),
        idea is not None,
    )


def _kind_of(text: str, written: tuple[str, ...]) -> Kind:
    """The kind of image; something that is only a card and says something is one, not a thing in a scene."""
    kind = genres.find(text)
    if kind.genre is Genre.SCENE and written and _ONLY_A_CARD.fullmatch(text.strip()):
        return Kind(Genre.CARD, "", "card")
    return kind


def _names_a_mark(text: str, retriever: Retriever) -> bool:
    """Whether a logo is said to be of something: "a logo of a wolf for a gaming team"."""
    before = text.partition(" for ")[0] if " for " in f" {text}" else ""
    words = [token.text for token in tokenise(before)]
    return any(retriever.find(words, index) is not None for index, word in enumerate(words) if word not in _DESIGNS)


def _is_known(words: str, retriever: Retriever) -> bool:
    """Whether words are a thing or a place that is drawn as itself."""
    parts = [token.text for token in tokenise(words)]
    found = retriever.find(parts, 0) if parts else None
    return (found is not None and found.length == len(parts)) or place_of(" ".join(parts)) is not None


def _foreign(prompt: str, language: str) -> Heard:
    text, written = quoting.take(prompt)
    telling = translate(text, language)
    english = " ".join(token.text for token in telling if token.sort != "mark")
    kind = _kind_of(english, written)
    if kind.genre is Genre.SCENE:
        return Heard(language, [], telling, kind, written)
    kept = set(kind.text.split())
    said = [token for token in telling if token.sort == "mark" or token.text in kept]
    chart = charts.read(kind.text, kind.said) if kind.genre is Genre.CHART else None
    return Heard(language, [], [] if chart else said, kind, written, chart=chart, topic=kind.text)


@functools.cache
def _marks() -> dict[str, str]:
    """Trades to the thing that stands for each in a logo."""
    return by_word("trades")


def _plain(content: str) -> str:
    """The bare words of a prompt for looking up an idea: "how a panic attack feels" is "panic attack"."""
    text = fold(content).strip(" .!?")
    found = _ABOUT.match(text)
    bare = _ARTICLE.sub("", (found[1] if found else text).strip())
    return bare if len(bare) < 60 else ""


def _idea_of(content: str) -> str | None:
    """The small scene for what a prompt is about; of an event, with when and where it is said to be."""
    known = ideas().get(_plain(content))
    if known is not None:
        return known
    found = _WHEN.search(content)
    event = _plain(content[: found.start()]) if found is not None else ""
    scene = ideas().get(event) if " " in event else None
    return f"{scene}{found[0]}" if found is not None and scene is not None else None


@functools.cache
def ideas() -> dict[str, str]:
    """Ideas that have no look of their own to small scenes that are read in their place."""
    table: dict[str, str] = {}
    for line in (resources.files(__package__) / "ideas.txt").read_text("utf-8").splitlines():
        names, equals, scene = line.partition(" = ")
        if equals and not line.startswith("#"):
            for name in names.split(","):
                table.setdefault(fold(name.strip()), scene)
    return table
