"""`spectacle cancel`: delete requests, and stop those that run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from spectacle.cli import completion
from spectacle.cli.output import printable
from spectacle.cli.settings import settings_for, with_configuration
from spectacle.client import Ticket, cancel
from spectacle.client.files import names_of, spool_errors
from spectacle.spool.naming import RequestName, result_of


@click.command()
@click.argument("stems", metavar="STEM...", nargs=-1, required=True, shell_complete=completion.STEMS)
@with_configuration
def command(stems: tuple[str, ...], file: Path | None, spool: Path | None) -> None:
    """Cancel requests, by their names without `.txt`; `spectacle queue` lists them.

    A waiting request is removed with its attachments. A running one stops at its next step. No result is written,
    unless it was just being published.

    \b
    spectacle cancel alice-2-640x480
    spectacle queue --json --user alice | jq -r '.requests[].stem' | xargs spectacle cancel

    Exit status: 0 all were cancelled, 1 one was not.
    """
    path = settings_for(file, spool).spool.path
    missed = False
    for given in stems:
        stem = os.path.basename(given).removesuffix(".txt")
        name = RequestName.from_stem(stem)
        if name is None:
            click.echo(
                f"Error: {printable(given)}: not a request's name. Use one that `spectacle queue` lists.", err=True
            )
            missed = True
        elif cancel(Ticket(path, stem)):
            click.echo(f"cancelled {stem}")
        else:
            missed = True
            click.echo(f"Error: {stem}: {_why_not(path, name)}.", err=True)
    if missed:
        sys.exit(1)


def _why_not(spool: Path, name: RequestName) -> str:
    with spool_errors(spool):
        names = names_of(spool, name.stem)
    if name.error_name in names or any(result_of(name.stem, each) for each in names):
        return "has its result already"
    return "no such request. Run `spectacle queue` for a list"
