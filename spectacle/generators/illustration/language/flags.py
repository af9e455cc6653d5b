"""Flags of countries, however they are named: "the French flag", "flags of Italy and Spain", "the Union Jack"."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

from spectacle.generators.illustration.language.tables import by_word

_FLAG = re.compile(r"\bflags?\b", re.IGNORECASE)
_OF = re.compile(
    r"\b(?:national\s+)?flags?\s+(?:of|from|for)\s+((?:the\s+)?[^\W\d]+(?:(?:\s+|,\s*|\s*&\s*)[^\W\d]+){0,9})",
    re.IGNORECASE,
)
_JOINING = re.compile(r"(\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*)")
_LONGEST = 4
"""Words in the longest name of a country."""
_ALONE = re.compile(r"\b(?:the\s+)?(?:union jack|stars and stripes)\b", re.IGNORECASE)
_NICKNAMES = {"union jack": "united kingdom", "stars and stripes": "united states"}


@functools.cache
def _countries() -> dict[str, str]:
    return by_word("demonyms")


def with_flags(text: str, titled: Callable[[str], bool]) -> str:
    """The text with each flag of a country as the title of its artwork, such as `flag of france`.

    Args:
        text: What is to be seen, in English.
        titled: Whether a title is that of an artwork.
    """
    named = _ALONE.sub(lambda found: f"a flag of {_NICKNAMES[found[0].lower().removeprefix('the ')]}", text)
    if not _FLAG.search(named):
        return text

    def title(name: str) -> str:
        """The title of a country's flag; empty when there is none."""
        plain = re.sub(r"\s+", " ", name.lower().strip()).removesuffix("'s").removeprefix("the ")
        for country in (plain, _countries().get(plain, "")):
            if country and titled(f"flag of {country}"):
                return f"flag of {country}"
        return ""

    return _adjectives(_OF.sub(lambda found: _listed(found, title), named), title)


def _listed(found: re.Match[str], title: Callable[[str], str]) -> str:
    """The flags of the countries listed after "flag of"; what follows the last of them is left as it is."""
    parts = _JOINING.split(found[1])
    flags: list[str] = []
    for index in range(0, len(parts), 2):
        words = parts[index].split()
        length = next((n for n in range(min(_LONGEST + 1, len(words)), 0, -1) if title(" ".join(words[:n]))), 0)
        if not length:
            rest = "".join(parts[index - 1 if index else 0 :])
            return " and a ".join(flags) + rest if flags else found[0]
        flags.append(title(" ".join(words[:length])))
        if length < len(words):
            rest = " ".join(words[length:]) + "".join(parts[index + 1 :])
            return f"{' and a '.join(flags)} {rest}"
    return " and a ".join(flags)


def _adjectives(text: str, title: Callable[[str], str]) -> str:
    """The text with what stands before the word "flag" and names a country put into the flag's title."""
    out: list[str] = []
    for word in text.split(" "):
        bare = word.strip(".,;:!?").lower()
        if bare in ("flag", "flags") and out:
            if out[-1].lower() == "national" and len(out) > 1:
                out.pop()
            for length in range(min(_LONGEST, len(out)), 0, -1):
                flag = title(" ".join(out[-length:]))
                if flag:
                    tail = word[len(bare) :]
                    out[-length:] = [flag + tail]
                    break
            else:
                out.append(word)
            continue
        out.append(word)
    return " ".join(out)
