"""`spectacle pause`: keep a spool, or some kinds, from being served for a while."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from spectacle.cli import completion
from spectacle.cli.live import opened, read_instances
from spectacle.cli.output import printable
from spectacle.cli.settings import settings_for, with_configuration
from spectacle.config import Settings
from spectacle.spool import pauses
from spectacle.spool.directory import Spool
from spectacle.spool.naming import KIND_PATTERN, MAX_NAME_BYTES


@click.command()
@with_configuration
@click.option(
    "--kind", "kinds", multiple=True, shell_complete=completion.KINDS, help="Pause only this kind. Can be repeated."
)
@click.option("--reason", default="", help="Reason, which clients and operators are shown.")
def command(file: Path | None, spool: Path | None, kinds: tuple[str, ...], reason: str) -> None:
    """Keep requests from being started, on all hosts, until `spectacle resume`.

    Running jobs finish, and requests wait. All instances obey the pause within two polls, also those started later.
    `spectacle status`, waiting clients and the gateway show it, with the reason.

    Root, the spool's owner, the daemons' accounts and those in `spool.operators` can pause.

    \b
    spectacle pause --reason "new GPU, back at noon"
    spectacle pause --kind svg --kind poster
    spectacle resume
    """
    settings = settings_for(file, spool)
    with opened(settings.spool.path) as open_spool:
        _check_right(open_spool, settings)
        live = [each for each in read_instances(open_spool) if each["live"]]
        served = {str(kind) for each in live for kind in each.get("kinds", ())} | settings.kinds.keys()
        for kind in kinds:
            if not KIND_PATTERN.fullmatch(kind) or len(kind) > MAX_NAME_BYTES // 2:
                raise click.ClickException(
                    f"invalid kind {printable(kind)!r}. Use a-z, 0-9 and _, beginning with a letter."
                )
            if kind not in served:
                raise click.ClickException(
                    f"kind {kind}: no running instance serves it. Use one of {', '.join(sorted(served))}."
                )
        _write(open_spool, kinds or (None,), reason)
        for pause in pauses.read_pauses(
            open_spool, lambda: pauses.operators_of(open_spool, settings.spool.operators)
        ).all:
            if not kinds or pause.kind in kinds:
                click.echo(f"{printable(pause.told)}. Running jobs finish.")
    if not live:
        click.echo("No instance is running; those started later obey the pause.", err=True)


def _check_right(spool: Spool, settings: Settings) -> None:
    """Refuse a pause that no daemon would heed.

    Raises:
        click.ClickException: When this account may not pause.
    """
    if os.geteuid() not in pauses.operators_of(spool, settings.spool.operators):
        raise click.ClickException(
            f"{pauses.account_name(os.geteuid())}: not allowed to pause {spool.path}. Use root, the account of the "
            f"spool's owner or of a daemon, or add this account to spool.operators."
        )


def _write(spool: Spool, kinds: Sequence[str | None], reason: str) -> None:
    spool.prepare_state_directory()
    try:
        for kind in kinds:
            pauses.pause(spool, kind, reason)
    except PermissionError:
        raise click.ClickException(no_permission(spool, "pause")) from None


def no_permission(spool: Spool, what: str) -> str:
    """What is wrong when this account cannot write the state directory, and what to do."""
    return (
        f"{spool.path / '.spectacle'}: no permission to write, so {pauses.account_name(os.geteuid())} cannot {what}. "
        f"Use the daemon's account, or one in the spool's group."
    )
