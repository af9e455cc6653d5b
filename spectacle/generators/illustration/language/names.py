"""Names of people and characters: who is drawn in their place, for a likeness is not."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from importlib import resources

from spectacle.generators.illustration.language.tokens import fold

_JOINING = frozenset(
    ["and", "with", "of", "to", "by", "between", "is", "than", "near", "behind", "beside", "photo", "picture", "image"]
)
"""Words after which a first name alone is somebody; after a noun it is rather what that one is called."""

_CAPITALS = re.compile(
    r"(?<![\w'])(?:[A-Z][\w'-]+|[A-Z]\.)(?:\s+(?:(?:van|von|de|der|da)\s+)?(?:[A-Z][\w'-]+|[A-Z]\.))*"
)
_DOING = re.compile(
    r"\s+(?:(?:is\s+)?\w{2,}ing\b|(?:eats|wears|holds|rides|drives|plays|sits|stands|reads|as an?)\b|(?:and|&)\s+[A-Z])"
)
_ARTICLE = re.compile(r"^(?:an?|the) |'s$")
_ARTICLE_BEFORE = re.compile(r"\b(?:an?|the)\s+$", re.IGNORECASE)
_WORDS = re.compile(r"\w[\w'.-]*")
_MANNER_BEFORE = re.compile(r"\b(?:style of|by|manner of|inspired by|in the manner of)\s+$", re.IGNORECASE)
_MANNER_AFTER = re.compile(r"(?:'s)?[\s-]+(?:styled?|inspired|painting|aesthetic|esque)\b", re.IGNORECASE)
_LONGEST = 5
"""Words in the longest name that is looked for."""


@functools.cache
def _sections() -> tuple[dict[str, str], dict[str, str], frozenset[str], frozenset[str]]:
    """Names in any case and names with capitals to their stand-ins; first names of men and of women."""
    anyhow: dict[str, str] = {}
    capital: dict[str, str] = {}
    given: dict[str, set[str]] = {"men": set(), "women": set()}
    section = ""
    for line in (resources.files(__package__) / "names.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            if section in given:
                given[section].update(fold(name.strip()) for name in line.split(","))
                continue
            who, _, names = line.partition(" = ")
            for name in names.split(","):
                stripped = name.strip().replace("-", " ")
                table = capital if stripped[:1].isupper() else anyhow
                table.setdefault(stripped if table is capital else fold(stripped), who)
    return anyhow, capital, frozenset(given["men"]), frozenset(given["women"])


def _character(words: list[re.Match[str]], index: int, text: str) -> tuple[int, str]:
    """How many words from one on are the name of a character, and who stands in for it; 0 when they are none."""
    anyhow, capital, _, _ = _sections()
    for length in range(min(_LONGEST, len(words) - index), 0, -1):
        written = text[words[index].start() : words[index + length - 1].end()].rstrip(".")
        name = re.sub(r"[\s-]+", " ", written.removesuffix("'s"))
        who = capital.get(name) or anyhow.get(fold(name))
        if who:
            return length, f"{who}'s" if written.endswith("'s") else who
    return 0, ""


def _is_of_a_style(text: str, start: int, end: int) -> bool:
    """Whether a name says only how an image is painted: "in the style of Van Gogh", "Van Gogh style"."""
    before, after = text[max(0, start - 40) : start], text[end : end + 24]
    return _MANNER_BEFORE.search(before) is not None or _MANNER_AFTER.match(after) is not None


def stand_ins(text: str, is_known: Callable[[str], bool]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The text with those drawn who stand in for the people and characters it names, and whom they stand for.

    Args:
        text: What is to be seen, with its capitals.
        is_known: Whether words are a thing or a place that is drawn as itself, such as "Mona Lisa" or "Big Ben".
    """
    found: list[tuple[str, str]] = []

    def put(name: str, who: str) -> str:
        found.append((name, _ARTICLE.sub("", who)))
        return who

    parts: list[str] = []
    end, index = 0, 0
    words = list(_WORDS.finditer(text))
    while index < len(words):
        length, who = _character(words, index, text)
        if not length or _is_of_a_style(text, words[index].start(), words[index + length - 1].end()):
            index += 1
            continue
        start, stop = words[index].start(), words[index + length - 1].end()
        article = _ARTICLE_BEFORE.search(text, end, start)
        parts += [text[end : article.start() if article else start], put(text[start:stop].removesuffix("'s"), who)]
        end, index = stop, index + length
    text = "".join(parts) + text[end:]
    written = text.split()
    if sum(word[:1].isupper() for word in written) > 0.7 * len(written) > 2:
        return text, tuple(found)  # a title, of which capitals say nothing

    def person(match: re.Match[str]) -> str:
        name, after, before = match[0], text[match.end() :], text[: match.start()].split()
        who = _who(name, before, after, is_known)
        return put(name, who) if who else name

    return _CAPITALS.sub(person, text), tuple(found)


def _who(name: str, before: list[str], after: str, is_known: Callable[[str], bool]) -> str:
    """Who stands in for somebody whose name is all that is said of them; empty when it need not be a person."""
    _, _, men, women = _sections()
    words = name.split()
    first = fold(words[0].removesuffix("'s"))
    sex = "man" if first in men else "woman" if first in women else ""
    opening = not before or before[-1].lower().rstrip(",") in _JOINING or before[-1].endswith(",")
    if is_known(fold(name)) or not opening:
        return ""
    if sex and (len(words) > 1 or _DOING.match(after) or before):
        return f"a {sex}" + ("'s" if name.endswith("'s") else "")
    if not before and _DOING.match(after) and not any(is_known(fold(word)) for word in words):
        return "a person"
    return ""
