"""`spectacle show`: how a picture was made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from spectacle.cli.output import print_json, print_table, printable


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(file: Path, as_json: bool) -> None:
    """Print how the picture FILE, a PNG or SVG of Spectacle's, was made.

    \b
    spectacle show fox.png
    spectacle show --json fox.svg | jq .seed
    """
    from spectacle.worker.results import read_provenance

    making = read_provenance(file)
    if as_json:
        print_json(making)
    else:
        print_table(("", file.name), list(_rows(making)))


def _rows(making: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in making.items():
        name = printable(f"{prefix}{key}")
        if isinstance(value, dict):
            yield from _rows(value, f"{name}.")
        elif isinstance(value, list):
            yield from ((name, _words(each)) for each in value)
        elif value is not None:
            yield name, _words(value)


def _words(value: Any) -> str:
    return printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
