"""`spectacle status`: what all instances on a spool are doing."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from spectacle.cli.live import opened, read_instances
from spectacle.cli.output import age_words, print_json, print_table, printable, rich_table
from spectacle.cli.settings import settings_for, with_configuration
from spectacle.errors import SpoolUnavailable

if TYPE_CHECKING:
    from rich.console import RenderableType

REFRESH_SECONDS = 2.0
MAX_ERRORS = 5
COLUMNS = ("host", "state", "device", "model", "job", "done")

Report = Mapping[str, Any]


@click.command()
@with_configuration
@click.option("--watch", is_flag=True, help="Refresh until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with --watch one object a line.")
def command(file: Path | None, spool: Path | None, watch: bool, as_json: bool) -> None:
    """Show what all instances on a spool are doing, on all hosts.

    It is read from the spool alone, so it works on every host that has the spool mounted.

    \b
    spectacle status --spool ./spool
    spectacle status --watch
    spectacle status --json | jq '.instances[].devices'
    """
    path = settings_for(file, spool).spool.path
    if not watch:
        overview = _overview(path)
        if as_json:
            print_json(overview)
        else:
            _print(overview)
        return
    try:
        _watch(path, as_json)
    except KeyboardInterrupt:
        click.echo(err=True)


def _watch(path: Path, as_json: bool) -> None:
    if as_json or not sys.stdout.isatty():
        while True:
            if as_json:
                print_json(_overview(path), indent=None)
            else:
                _print(_overview(path))
            time.sleep(REFRESH_SECONDS)
    from rich.live import Live

    with Live(_rendered(path), auto_refresh=False) as live:
        while True:
            time.sleep(REFRESH_SECONDS)
            live.update(_rendered(path), refresh=True)


def _overview(path: Path) -> dict[str, Any]:
    """Everything that is shown, as JSON.

    Raises:
        SpoolUnavailable: When the spool cannot be read.
    """
    with opened(path) as spool:
        instances = read_instances(spool)
    queue: dict[str, int] = {}
    for report in _live(instances):
        for kind, count in _mapping(report.get("queue")).items():
            # Every instance sees all requests, so their counts are not added up.
            queue[str(kind)] = max(queue.get(str(kind), 0), count if isinstance(count, int) else 0)
    return {"spool": str(path), "queue": queue, "instances": instances}


def _print(overview: Mapping[str, Any]) -> None:
    if overview["instances"]:
        print_table(COLUMNS, _rows(overview["instances"]))
    for line in _lines(overview):
        click.echo(line)


def _rendered(path: Path) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    try:
        overview = _overview(path)
    except SpoolUnavailable as error:
        return Text(error.message)
    return Group(rich_table(COLUMNS, _rows(overview["instances"])), *map(Text, _lines(overview)))


def _rows(instances: Sequence[Report]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for report in instances:
        host = printable(report.get("host", "unknown"))
        if not report["live"]:
            rows.append((host, f"dead, last heard of {age_words(report['age'])} ago", "", "", "", _done(report)))
            continue
        state = printable(report.get("state", "unknown"))
        devices = report.get("devices")
        for number, device in enumerate(map(_mapping, devices if isinstance(devices, list) else [])):
            loaded = device.get("loaded")
            models = [_model(_mapping(each)) for each in (loaded if isinstance(loaded, list) else [device])]
            shown = state if state != "serving" else printable(device.get("state", state))
            rows.append(
                (
                    host,
                    shown,
                    printable(device.get("device", "unknown")),
                    ", ".join(filter(None, models)) or "none loaded",
                    _job(_mapping(device.get("job"))),
                    "" if number else _done(report),
                )
            )
    return rows


def _model(loaded: Report) -> str:
    return ":".join(printable(loaded[key]) for key in ("generator", "preset") if loaded.get(key))


def _job(job: Report) -> str:
    if not job:
        return ""
    step, steps, seconds = (
        job.get(key) if isinstance(job.get(key), int | float) else 0 for key in ("step", "steps", "seconds")
    )
    progress = f"{step}/{steps} " if steps else ""
    return f"{printable(job.get('stem', 'unknown'))} {progress}({age_words(seconds or 0)})"


def _done(report: Report) -> str:
    done = _mapping(report.get("done"))
    return ", ".join(f"{printable(count)} {printable(what)}" for what, count in done.items() if what in _TOLD)


_TOLD = ("answered", "refused", "cancelled")


def _lines(overview: Mapping[str, Any]) -> list[str]:
    instances = overview["instances"]
    if not instances:
        path = overview["spool"]
        return [f"No instance has reported in {path}: start one with `spectacle serve --spool {path}`"]
    waiting = ", ".join(f"{count} {printable(kind)}" for kind, count in sorted(overview["queue"].items()))
    lines = [f"waiting: {waiting or 'none'}"]
    for report in _live(instances):
        host = printable(report.get("host", "unknown"))
        if report.get("reason"):
            lines.append(f"{host} waits: {printable(report['reason'])}")
        errors = report.get("errors")
        lines += [
            f"{host} error: {printable(error)}" for error in (errors if isinstance(errors, list) else [])[-MAX_ERRORS:]
        ]
    return lines


def _live(instances: Sequence[Report]) -> list[Report]:
    return [report for report in instances if report["live"]]


def _mapping(value: Any) -> Report:
    return value if isinstance(value, Mapping) else {}
