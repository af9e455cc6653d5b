"""`spectacle gc`: remove what crashes left behind, and old results."""

from __future__ import annotations

import contextlib
import re
import time
from pathlib import Path
from typing import Any

import click

from spectacle import logs
from spectacle.cli.live import opened
from spectacle.cli.output import printable
from spectacle.cli.settings import settings_for, with_configuration
from spectacle.spool.claims import Claims
from spectacle.spool.directory import Spool
from spectacle.spool.naming import stem_of_lock
from spectacle.spool.record import Version
from spectacle.spool.retention import find_old
from spectacle.spool.retire import retire
from spectacle.spool.sweep import find_left_overs, sweep

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class _Age(click.ParamType[float]):
    name = "AGE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smhdw])", str(value))
        if match is None:
            self.fail(f"invalid age {value!r}. Use a number and s, m, h, d or w, such as 7d.", param, ctx)
        return float(match[1]) * _UNITS[match[2]]


@click.command()
@with_configuration
@click.option("--older-than", type=_Age(), help="Also remove results of at least this age, such as 12h or 7d.")
@click.option("--dry-run", is_flag=True, help="Print what would be removed, and remove nothing.")
def command(file: Path | None, spool: Path | None, older_than: float | None, dry_run: bool) -> None:
    """Remove files left by crashes and, with --older-than, old results, errors and quarantined requests.

    A running daemon removes stale files by itself, but never results. Waiting requests and other files are never
    touched. Prints what is removed, one path per line.

    \b
    spectacle gc --dry-run --older-than 7d
    spectacle gc --older-than 7d
    """
    settings = settings_for(file, spool).spool
    logs.configure("warning", "console")
    with opened(settings.path) as open_spool:
        names, now_ns = open_spool.names(), open_spool.now_ns()
        if dry_run:
            gone = find_left_overs(open_spool, settings.lease_duration, names, now_ns)
        else:
            claims = Claims(open_spool, settings.lease_duration)
            gone = sweep(open_spool, claims, settings.lease_duration, now_ns)
            left = find_left_overs(open_spool, settings.lease_duration, open_spool.names(), now_ns)
            if any(map(stem_of_lock, left)):
                # Whether another host's claim is dead is found out by watching it.
                click.echo(f"watching the claims of other hosts for {settings.lease_duration:g} s", err=True)
                time.sleep(settings.lease_duration)
                gone += sweep(open_spool, claims, settings.lease_duration, now_ns)
        if older_than is not None:
            old = find_old(open_spool, older_than, names, now_ns)
            gone += old if dry_run else _remove(open_spool, old, now_ns - int(older_than * 1e9))
    for path in gone:
        click.echo(printable(path))
    files = f"{len(gone)} file{'' if len(gone) == 1 else 's'}"
    click.echo(f"would remove {files}" if dry_run else f"removed {files}", err=True)


def _remove(spool: Spool, paths: list[str], oldest_ns: int) -> list[str]:
    removed = []
    for path in paths:
        # Checked once more, because a new result may have come meanwhile under the same name; that one stays.
        with contextlib.suppress(OSError):
            look = spool.peek(path)
            if look is None or look.oddity is not None or look.mtime_ns >= oldest_ns:
                continue
            if "/" in path:
                spool.remove(path)
            else:
                retire(spool, Version.of(path, look))
            removed.append(path)
    return removed
