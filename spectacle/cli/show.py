"""`spectacle show`: how an image was made, and whether that is signed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from spectacle.cli.output import print_json, print_table, printable
from spectacle.cli.settings import settings_for, with_configuration
from spectacle.errors import SpectacleError

ROOTS = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("picture", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--trust", type=ROOTS, multiple=True,
    help="PEM file with root certificates to trust. Default: that of provenance.trust. Can be repeated.",
)  # fmt: skip
@with_configuration
def command(picture: Path, as_json: bool, trust: tuple[Path, ...], file: Path | None, spool: Path | None) -> None:
    """Print how FILE, a result of Spectacle, was made, and whether its signature is valid.

    A signature is `trusted`, `valid` (nothing has changed, but the signer is not known here) or `broken`; then what has
    changed is printed, and the exit status is 1. `none` means that there is no signature, and `unchecked` that the
    library for checking it is missing.

    \b
    spectacle show fox.png
    spectacle show --json fox.svg | jq .seed
    spectacle show --trust root.pem --json fox.webp | jq -r .signature.state
    """
    from spectacle.provenance import read_content, read_provenance
    from spectacle.signing.certificates import read_anchors
    from spectacle.signing.verifier import SignatureState, verify

    content = read_content(picture)
    making: dict[str, Any] | None
    try:
        making = read_provenance(content)
    except SpectacleError as error:
        making, missing = None, error.message.replace("the file", str(picture), 1)
    verdict = verify(content, making=making)
    if verdict.state is SignatureState.VALID:
        roots = trust or _configured(file, spool)
        verdict = verify(content, read_anchors(roots), making) if roots else verdict
    if making is None and verdict.state in (SignatureState.NONE, SignatureState.UNCHECKED):
        raise SpectacleError(missing)
    told = {**(verdict.recipe if making is None else making), "signature": verdict.told()}
    if as_json:
        print_json(told)
    else:
        print_table(("", picture.name), list(_rows(told)))
    if verdict.state is SignatureState.BROKEN:
        raise SystemExit(1)


def _configured(file: Path | None, spool: Path | None) -> tuple[Path, ...]:
    trust = settings_for(file, spool).provenance.trust
    return () if trust is None else (trust,)


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
