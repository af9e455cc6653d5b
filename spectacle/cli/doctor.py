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
from spectacle.cli.settings import read_settings, with_configuration
from spectacle.errors import ConfigurationError

_COLOURS = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}


@click.command()
@with_configuration
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(file: Path | None, spool: Path | None, as_json: bool) -> None:
    """Check this machine and the spool, and say how to fix problems.

    Each line says OK, WARN (works, but not as well as it could) or FAIL (something will not work). The command writes
    to the spool and cleans up; a running daemon is not disturbed. Exit status: 1 if there is any FAIL.

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
    from spectacle.checks import machine, operators
    from spectacle.checks.cluster import check_cluster
    from spectacle.checks.metrics import check_metrics
    from spectacle.checks.provenance import check_provenance
    from spectacle.checks.spool import check_spool

    yield from machine.check_system()
    yield machine.check_python()
    yield machine.check_libraries()
    yield machine.check_drawing()
    found = config.find_file(spool=spool) if file is None else config.Found(file)
    if found.ignored is not None:
        ignored, _, remedy = found.ignored.removesuffix(".").rpartition(". ")
        yield Check("configuration", Level.WARN, ignored, f"{remedy[0].lower()}{remedy[1:]}")
    try:
        settings = read_settings(found.file, spool)
    except ConfigurationError as error:
        yield Check(
            "configuration", Level.FAIL, error.message, "fix it, because nothing that depends on it can be checked"
        )
        return
    yield machine.check_configuration(found.file)
    yield from machine.check_devices(settings)
    yield from check_cluster(settings)
    yield from machine.check_kinds(settings)
    yield from machine.check_prepared(settings)
    yield from machine.check_parts(settings)
    yield from operators.check_settings(settings)
    yield from check_provenance(settings.provenance)
    yield from check_metrics(settings.metrics)
    yield from check_spool(settings.spool)


def _print(check: Check) -> None:
    level = click.style(f"{check.level.upper():4}", fg=_COLOURS[check.level])
    found = check.found.removesuffix(".") if check.remedy else check.found
    remedy = f". {check.remedy[0].upper()}{check.remedy[1:]}." if check.remedy else ""
    click.echo(f"{level}  {check.what:16}  {printable(found + remedy)}")
