"""`spectacle resume`: have a paused spool, or paused kinds, served again."""

from __future__ import annotations

from pathlib import Path

import click

from spectacle.cli import completion
from spectacle.cli.live import opened
from spectacle.cli.output import printable
from spectacle.cli.pause import no_permission
from spectacle.cli.settings import settings_for, with_configuration
from spectacle.spool import pauses
from spectacle.spool.directory import Spool


@click.command()
@with_configuration
@click.option(
    "--kind", "kinds", multiple=True, shell_complete=completion.KINDS,
    help="Resume only this kind. Can be repeated. Default: everything that is paused.",
)  # fmt: skip
def command(file: Path | None, spool: Path | None, kinds: tuple[str, ...]) -> None:
    """End a pause that `spectacle pause` began, for everything or for some kinds.

    \b
    spectacle resume
    spectacle resume --kind svg
    """
    settings = settings_for(file, spool)
    with opened(settings.spool.path) as open_spool:
        everybody = pauses.paused_kinds(open_spool)
        ended = [kind for kind in (kinds or everybody) if _resume(open_spool, kind)]
        left = pauses.read_pauses(open_spool, lambda: pauses.operators_of(open_spool, settings.spool.operators)).all
    if not ended:
        click.echo("nothing was paused" if not kinds else f"{', '.join(kinds)}: not paused", err=True)
    for kind in ended:
        click.echo("the spool is resumed" if kind is None else f"kind {kind} is resumed")
    for pause in left:
        click.echo(printable(f"still: {pause.told}"), err=True)


def _resume(spool: Spool, kind: str | None) -> bool:
    try:
        return pauses.resume(spool, kind)
    except PermissionError:
        raise click.ClickException(no_permission(spool, "resume")) from None
