"""`spectacle doctor`: is this machine ready, and is the spool?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from spectacle import config, logs
from spectacle.checks import Check, Level
from spectacle.cli.output import print_json, printable
from spectacle.cli.settings import settings_for, with_configuration
from spectacle.errors import ConfigurationError

_COLOURS = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}


@click.command()
@with_configuration
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(file: Path | None, spool: Path | None, as_json: bool) -> None:
    """Check this machine and the spool, and say what to do.

    Each line says OK, WARN (works, but not as well as it might) or FAIL (something will not work). It writes to the
    spool and cleans up after itself; a running daemon is not disturbed. Exit status: 1 if there is any FAIL.

    \b
    spectacle doctor --spool ./spool
    spectacle doctor --json | jq '.[] | select(.level == "fail")'
    """
    logs.configure("error", "console")
    checks = []
    for check in _checks(file, spool):
        checks.append(check)
        if not as_json:
            _print(check)
    if as_json:
        print_json([asdict(check) for check in checks])
    if any(check.level is Level.FAIL for check in checks):
        sys.exit(1)


def _checks(file: Path | None, spool: Path | None) -> Iterator[Check]:
    from spectacle.checks import machine
    from spectacle.checks.spool import check_spool

    yield machine.check_python()
    yield machine.check_libraries()
    yield machine.check_drawing()
    found = file or config.find_file()
    try:
        settings = settings_for(found, spool)
    except ConfigurationError as error:
        yield Check("configuration", Level.FAIL, error.message, "nothing that depends on it can be checked before that")
        return
    yield Check("configuration", Level.OK, str(found) if found else "no file, defaults")
    yield machine.check_devices(settings)
    yield from machine.check_kinds(settings)
    yield from machine.check_prepared(settings)
    yield from check_spool(settings.spool)


def _print(check: Check) -> None:
    level = click.style(f"{check.level.upper():4}", fg=_COLOURS[check.level])
    remedy = f": {check.remedy}" if check.remedy else ""
    click.echo(f"{level}  {check.what:16}  {printable(check.found + remedy)}")
