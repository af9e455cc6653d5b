"""Reads the pages of the documentation: their blocks, the commands in them and the words they name."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

_BLOCK = re.compile(
    r"^(?:(?P<lead>[^\n]*)\n\n)?"
    r"(?: *<!-- test: skip(?P<reason>[^\n]*)-->\n)?"
    r"(?P<indent> *)```(?P<language>[^\n]*)\n(?P<code>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
_FILE = re.compile(r"`([\w./-]+)`:$")
_INLINE = re.compile(r"`([^`\n]+)`")
_COMMAND = re.compile(r"(?:^ *|/bin/)spectacle ([a-z-][^\n#|;&>]*)", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        page: The page.
        line: Line of the page on which its code begins.
        language: The word behind the fence.
        code: What is in it, without the indentation of the fence.
        file: The file it is the content of, as the line before says: `` `NAME`: ``.
        skipped: Why it is not run, as a comment `<!-- test: skip REASON -->` before it says; None when it is.
    """

    page: str
    line: int
    language: str
    code: str
    file: str | None
    skipped: str | None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def read(page: str) -> str:
    """The text of a page."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, *languages: str) -> Iterator[Block]:
    """The blocks of a page, of some languages or of any."""
    text = read(page)
    for match in _BLOCK.finditer(text):
        if languages and match["language"] not in languages:
            continue
        code = re.sub(f"^{match['indent']}", "", match["code"], flags=re.MULTILINE)
        file = _FILE.search(match["lead"] or "")
        yield Block(
            page,
            text.count("\n", 0, match.start("code")) + 1,
            match["language"],
            code,
            file[1] if file else None,
            None if match["reason"] is None else match["reason"].strip(),
        )


def inline(page: str) -> list[str]:
    """What stands between backticks in the prose and the tables of a page."""
    return _INLINE.findall(_BLOCK.sub("", read(page)))


def commands(page: str) -> list[list[str]]:
    """The words behind `spectacle` of every command on a page."""
    places = [code for code in inline(page) if code.split()[0].endswith("spectacle")]
    places += [block.code for block in blocks(page, "sh", "text")]
    return [shlex.split(match[1]) for place in places for match in _COMMAND.finditer(place)]
