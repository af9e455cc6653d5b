"""Prompts with placeholders, alternatives and wildcards, filled in the same way each time."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from spectacle.batch.texts import read_text
from spectacle.errors import SpectacleError

MAX_WILDCARD_BYTES = 16 * 2**20
MAX_DEPTH = 8
"""How deep wildcards may name wildcards."""

_PART = re.compile(
    r"(?P<brace>\{\{|\}\})"
    r"|\{(?P<name>[A-Za-z_][\w.-]*)\}"
    r"|\{(?P<choices>[^{}]*\|[^{}]*)\}"
    r"|__(?P<wildcard>[A-Za-z0-9][A-Za-z0-9/-]*(?:_[A-Za-z0-9/-]+)*)__"
)


class BadTemplate(SpectacleError):
    """Raised when a prompt names a placeholder or a wildcard that there is not."""

    code = "bad-template"


class Wildcards:
    """Lists to choose from: the lines of `NAME.txt` in a directory, without those that are empty or begin with #.

    Args:
        directory: Where they are; None for none.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._read: dict[str, list[str]] = {}

    def lines(self, name: str) -> list[str]:
        """The lines of one list.

        Raises:
            BadTemplate: When there is no such list, or nothing in it.
        """
        if self._directory is None:
            raise BadTemplate(
                f"wildcard __{name}__: no directory of wildcards is given. Set --wildcards to one with {name}.txt."
            )
        if name not in self._read:
            try:
                text = read_text(self._directory / f"{name}.txt", MAX_WILDCARD_BYTES)
            except ValueError as error:
                raise BadTemplate(f"wildcard __{name}__: {error}") from None
            stripped = (line.strip() for line in text.splitlines())
            self._read[name] = [line for line in stripped if line and not line.startswith("#")]
        if not self._read[name]:
            raise BadTemplate(
                f"wildcard __{name}__: {self._directory / name}.txt: contains no value. Write one value per line."
            )
        return self._read[name]


def fill(template: str, values: Mapping[str, str], wildcards: Wildcards, chance: str) -> str:
    """Fill in a prompt: `{name}` by a value, `{red|blue}` by one of the choices, `__name__` by a line of a list.

    `{{` and `}}` stand for braces. What is filled in for `{name}` is text, and not looked through again.

    Args:
        template: The prompt.
        values: Values by the names of placeholders.
        wildcards: The lists.
        chance: What decides about choices: the same text chooses the same.

    Raises:
        BadTemplate: When there is no such value or list.
    """
    drawn = 0

    def choose(choices: list[str]) -> str:
        nonlocal drawn
        drawn += 1
        digest = hashlib.sha256(f"{chance}\n{drawn}\n{template}".encode("utf-8", "surrogatepass")).digest()
        return choices[int.from_bytes(digest[:8]) % len(choices)]

    def filled(text: str, depth: int) -> str:
        if depth > MAX_DEPTH:
            raise BadTemplate(
                f"prompt {template[:80]!r}: wildcards contain each other more than {MAX_DEPTH} levels deep. Remove one."
            )

        def replaced(match: re.Match[str]) -> str:
            if match["brace"]:
                return match["brace"][0]
            if match["wildcard"]:
                return filled(choose(wildcards.lines(match["wildcard"])), depth + 1)
            if match["choices"] is not None:
                return filled(choose([each.strip() for each in match["choices"].split("|")]), depth + 1)
            if match["name"] not in values:
                known = ", ".join(sorted(values)) or "none"
                raise BadTemplate(
                    f"placeholder {{{match['name']}}} is unknown. Known are: {known}. Add it with --set, or write {{{{ "
                    f"for {{."
                )
            return values[match["name"]]

        return _PART.sub(replaced, text)

    return filled(template, 0)
