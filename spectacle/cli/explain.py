"""`spectacle explain`: what an error code means, and what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from importlib.resources import files

import click

from spectacle.cli.completion import completing

TEXTS = "error_codes.md"
"""The reference of error codes, as `scripts/build_docs.py` copies it from `docs/reference/`."""

_MAX_SUGGESTIONS = 3


def sections() -> Mapping[str, str]:
    """The text about each error code, in the order of the reference. Markdown without links."""
    text = files("spectacle.cli").joinpath(TEXTS).read_text(encoding="utf-8")
    found = {}
    for part in re.split(r"(?m)^### ", text)[1:]:
        code, _, about = part.partition("\n")
        about = re.split(r"(?m)^## ", about)[0]
        found[code.strip()] = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", about).strip()
    return found


@click.command()
@click.argument("code", required=False, shell_complete=completing(lambda _ctx: [(code, "") for code in sections()]))
def command(code: str | None) -> None:
    """Explain the error code CODE: what it means, and how to fix the problem. Without CODE, list all codes.

    The code of a failed request is in its error file, STEM-error.txt, in the line that begins with `code:`.

    \b
    spectacle explain
    spectacle explain bad-options
    """
    known = sections()
    if code is None:
        for each, about in known.items():
            click.echo(f"{each:20}  {_first_sentence(about)}")
    elif code in known:
        click.echo(f"{code}\n\n{known[code]}")
    else:
        begin = [each for each in known if code and each.startswith(code)]
        similar = begin or get_close_matches(code, known, _MAX_SUGGESTIONS, cutoff=0.5)
        remedy = f"Use {' or '.join(similar)}" if similar else "Run `spectacle explain` for a list"
        raise click.ClickException(f"error code {code!r}: unknown. {remedy}.")


def _first_sentence(text: str) -> str:
    first = " ".join(text.partition("\n\n")[0].split())
    return re.split(r"(?<=[.:]) ", first)[0]
