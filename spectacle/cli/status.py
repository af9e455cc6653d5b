"""`spectacle status`: what all instances on a spool are doing."""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import click

from spectacle.cli.live import opened, read_instances, serve_command
from spectacle.cli.output import age_words, print_json, print_table, printable, rich_table, size_words
from spectacle.cli.settings import settings_for, with_configuration
from spectacle.config import SpoolSettings
from spectacle.daemon.notices import counted
from spectacle.errors import SpoolUnavailable
from spectacle.spool.claims import this_host
from spectacle.spool.directory import Spool
from spectacle.spool.naming import RequestName
from spectacle.spool.near_misses import near_misses
from spectacle.spool.pauses import operators_of, read_pauses

if TYPE_CHECKING:
    from rich.console import RenderableType

REFRESH_SECONDS = 2.0
MAX_ERRORS, MAX_NOTICES = 5, 21
MAX_IDLE_ROWS = 2
COLUMNS = ("host", "state", "device", "model", "memory", "job", "done")
NARROW = 72
"""Columns of a terminal below which each device is shown in lines of its own."""

Report = Mapping[str, Any]


@click.command()
@with_configuration
@click.option("--watch", is_flag=True, help="Refresh until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; with --watch, one object per line.")
@click.option("--check", is_flag=True, help="Exit with status 1 unless an instance of this host serves the spool.")
def command(file: Path | None, spool: Path | None, watch: bool, as_json: bool, check: bool) -> None:
    """Show what all instances on a spool are doing, on all hosts.

    It reads only the spool, so it works on every host that has mounted the spool.

    \b
    spectacle status --spool ./spool
    spectacle status --watch
    spectacle status --json | jq '.instances[].devices'
    spectacle status --check || systemctl restart spectacle
    """
    settings = settings_for(file, spool).spool
    if check and watch:
        raise click.UsageError("--check and --watch: use one of them.")
    if not watch:
        overview = _overview(settings)
        if as_json:
            print_json(overview)
        else:
            _print(overview)
        if check:
            _check(overview)
        return
    try:
        _watch(settings, as_json)
    except KeyboardInterrupt:
        click.echo(err=True)


def _check(overview: Mapping[str, Any]) -> None:
    """End with an error unless an instance of this host serves.

    Raises:
        ClickException: When none does, with the reason.
    """
    host = this_host()
    here = [report for report in _live(overview["instances"]) if report.get("host") == host]
    if not here:
        raise click.ClickException(
            f"{printable(overview['spool'])}: no instance on {host} is running. Start one with "
            f"`{serve_command(overview['spool'])}`."
        )
    if all(report.get("state") != "serving" for report in here):
        reasons = dict.fromkeys(str(report.get("reason") or f"is {report.get('state')}") for report in here)
        raise click.ClickException(
            f"{printable(overview['spool'])}: {host} does not serve it: {printable('; '.join(reasons))}"
        )


def _watch(settings: SpoolSettings, as_json: bool) -> None:
    if as_json or not sys.stdout.isatty():
        while True:
            if as_json:
                print_json(_overview(settings), indent=None)
            else:
                _print(_overview(settings))
            time.sleep(REFRESH_SECONDS)
    from rich.live import Live

    with Live(_rendered(settings), auto_refresh=False) as live:
        while True:
            time.sleep(REFRESH_SECONDS)
            live.update(_rendered(settings), refresh=True)


def _overview(settings: SpoolSettings) -> dict[str, Any]:
    """Everything that is shown, as JSON.

    Raises:
        SpoolUnavailable: When the spool cannot be read.
    """
    with opened(settings.path) as spool:
        instances = read_instances(spool)
        pauses = read_pauses(spool, lambda: operators_of(spool, settings.operators))
        troubles = [] if _live(instances) else _troubles(spool)
    queue: dict[str, int] = {}
    seconds: dict[str, float] = {}
    for report in _live(instances):
        for kind, left in _mapping(report.get("queue_eta_s")).items():
            if _is_duration(left):
                # All of them work on the same requests, so the slowest estimate is too long rather than too short.
                seconds[str(kind)] = max(seconds.get(str(kind), 0.0), float(left))
        for kind, count in _mapping(report.get("queue")).items():
            # Every instance sees all requests, so their counts are not added up.
            queue[str(kind)] = max(queue.get(str(kind), 0), count if isinstance(count, int) else 0)
    return {
        "spool": str(settings.path),
        "pauses": [each.as_json() for each in pauses.all],
        "notices": [*pauses.ignored, *troubles],
        "queue": queue,
        "queue_eta_s": seconds,
        "instances": instances,
    }


def _troubles(spool: Spool) -> list[str]:
    """What an instance would say if there were one: why nobody can write to the spool, and what is not a request."""
    troubles = []
    try:
        spool.writable()
    except SpoolUnavailable as error:
        # This account need not be allowed to: then it says nothing about an instance.
        if not isinstance(error.__cause__, PermissionError):
            troubles.append(error.message)
    # Who may not list the spool may still ask for its state.
    with contextlib.suppress(OSError):
        troubles += [f"not a request: {each}" for each in near_misses(spool.each_name())]
    return troubles


def _print(overview: Mapping[str, Any]) -> None:
    rows = _rows(overview["instances"])
    if rows and _is_narrow():
        click.echo("\n".join(_blocks(rows)))
    elif rows:
        print_table(COLUMNS, rows)
    for line in _lines(overview):
        click.echo(line)


def _rendered(settings: SpoolSettings) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    try:
        overview = _overview(settings)
    except SpoolUnavailable as error:
        return Text(error.message)
    rows = _rows(overview["instances"])
    shown = map(Text, _blocks(rows)) if _is_narrow() else [rich_table(COLUMNS, rows)]
    return Group(*shown, *map(Text, _lines(overview)))


def _is_narrow() -> bool:
    return sys.stdout.isatty() and shutil.get_terminal_size().columns < NARROW


def _blocks(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """The rows for a narrow terminal: host, state and device in a line, and one for each of the rest there is."""
    lines = []
    for host, state, device, *rest in rows:
        lines.append(" ".join(filter(None, (host, device, state))))
        lines += [f"  {name}: {value}" for name, value in zip(COLUMNS[3:], rest, strict=True) if value]
    return lines


def _rows(instances: Sequence[Report]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for report in instances:
        host = printable(report.get("host", "unknown"))
        if not report["live"]:
            rows.append((host, f"dead, last heard of {age_words(report['age'])} ago", "", "", "", "", _done(report)))
            continue
        state = printable(report.get("state", "unknown"))
        devices = report.get("devices")
        cells = [_cells(device, state) for device in map(_mapping, devices if isinstance(devices, list) else [])]
        for number, (shown, device, models, memory, jobs) in enumerate(_without_repetition(cells)):
            rows.append((host, shown, device, models, memory, jobs, "" if number else _done(report)))
    return rows


Cells = tuple[str, str, str, str, str]


def _cells(device: Report, state: str) -> Cells:
    """State, name, models, memory and job of one worker."""
    loaded = device.get("loaded")
    models = [_model(_mapping(each)) for each in (loaded if isinstance(loaded, list) else [device])]
    lacks = device.get("lacks")
    lacking = [_model(_mapping(each)) for each in (lacks if isinstance(lacks, list) else [])]
    return (
        state if state != "serving" else printable(device.get("state", state)),
        _place(device),
        "; ".join([", ".join(filter(None, models)) or "none loaded", *(f"lacks {each}" for each in lacking if each)]),
        _memory(_mapping(device.get("memory"))),
        _jobs(device),
    )


def _place(device: Report) -> str:
    """The name of a worker; of one on a cluster, also its node and the GPU there."""
    name = printable(device.get("worker") or device.get("device", "unknown"))
    if not device.get("node"):
        return name
    gpu = f", GPU {printable(device['gpus'])}" if device.get("gpus") else ""
    return f"{name} on {printable(device['node'])}{gpu}"


def _memory(taken: Report) -> str:
    """What a worker has taken of its GPU and of its host."""
    gpu, host = (taken.get(key) for key in ("gpu", "host"))
    told = [f"{size_words(gpu)} GPU"] if isinstance(gpu, int | float) else []
    return ", ".join([*told, size_words(host)] if isinstance(host, int | float) else told)


def _without_repetition(workers: Sequence[Cells]) -> Iterator[Cells]:
    """Several workers in succession that hold nothing in one row, for a machine may have many cores."""
    for (state, idle), alike in groupby(workers, key=lambda each: (each[0], each[2::2] == ("none loaded", ""))):
        found = list(alike)
        if idle and len(found) > MAX_IDLE_ROWS:
            yield state, f"{found[0][1]} to {found[-1][1]}", "none loaded", "", ""
        else:
            yield from found


def _model(loaded: Report) -> str:
    return ":".join(printable(loaded[key]) for key in ("generator", "preset") if loaded.get(key))


def _jobs(device: Report) -> str:
    publishing = _mapping(device.get("publishing"))
    before = f"publishing {printable(publishing.get('stem', 'unknown'))}" if publishing else ""
    others = device.get("batch")
    together = f"with {len(others)} more" if isinstance(others, list) and others else ""
    return ", ".join(filter(None, (_job(_mapping(device.get("job"))), together, before)))


def _job(job: Report) -> str:
    if not job:
        return ""
    step, steps, seconds = (
        job.get(key) if isinstance(job.get(key), int | float) else 0 for key in ("step", "steps", "seconds")
    )
    progress = f"{step}/{steps} " if steps else ""
    left = job.get("eta_s")
    eta = f", {age_words(left)} left" if _is_duration(left) else ""
    return f"{printable(job.get('stem', 'unknown'))} {progress}({age_words(seconds or 0)}{eta})"


def _done(report: Report) -> str:
    done = _mapping(report.get("done"))
    return ", ".join(f"{printable(count)} {printable(what)}" for what, count in done.items() if what in _TOLD)


_TOLD = ("answered", "refused", "cancelled")


def _lines(overview: Mapping[str, Any]) -> list[str]:
    instances = overview["instances"]
    paused = [printable(each["told"]) for each in overview["pauses"]]
    paused += [f"notice: {printable(each)}" for each in overview["notices"]]
    if not instances:
        path = overview["spool"]
        start = f"Start one with `{serve_command(path)}`; if one is running, its log says why it does not report."
        return [*paused, f"{printable(path)}: no instance has reported. {start}"]
    waiting = ", ".join(
        f"{count} {printable(kind)}{_about(overview['queue_eta_s'].get(kind))}"
        for kind, count in sorted(overview["queue"].items())
    )
    lines = [f"waiting: {waiting or 'none'}", *paused]
    held_up = {user: why for report in _live(instances) for user, why in _mapping(report.get("held_up")).items()}
    lines += [f"held up: {printable(why)}" for why in list(held_up.values())[:MAX_ERRORS]]
    for report in _live(instances):
        host = printable(report.get("host", "unknown"))
        if report.get("reason") and report.get("state") != "paused":
            lines.append(f"{host} waits: {printable(report['reason'])}")
        # What it waits for has just been said.
        errors = [error for error in _texts(report.get("errors")) if error != report.get("reason")]
        lines += [f"{host} error: {error}" for error in _counted(errors)[-MAX_ERRORS:]]
        lines += [f"{host} notice: {printable(notice)}" for notice in _texts(report.get("notices"))[-MAX_NOTICES:]]
    # Several instances of a host find the same.
    return list(dict.fromkeys(lines))


def _is_duration(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and 0 <= value < 1e9


def _about(seconds: float | None) -> str:
    return "" if seconds is None else f" (about {age_words(seconds)})"


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _counted(texts: Sequence[str]) -> list[str]:
    """Each of them once, in the order in which they came last, with how often they came and to how many requests."""
    whose: dict[str, dict[str, None]] = {}
    counts: Counter[str] = Counter()
    for text in texts:
        stem, _, reason = text.partition(": ")
        error, stem = (reason, stem) if RequestName.from_stem(stem) is not None else (text, "")
        # What has come again moves to the end.
        stems = whose.pop(error, {})
        stems.pop(stem, None)
        whose[error] = {**stems, stem: None}
        counts[error] += 1
    return [printable(counted(_with_stems(error, list(stems)), counts[error])) for error, stems in whose.items()]


def _with_stems(error: str, stems: Sequence[str]) -> str:
    others = f" and {len(stems) - 1} other request{'s' if len(stems) > 2 else ''}" if len(stems) > 1 else ""
    return f"{stems[-1]}{others}: {error}" if stems[-1] else error


def _live(instances: Sequence[Report]) -> list[Report]:
    return [report for report in instances if report["live"]]


def _mapping(value: Any) -> Report:
    return value if isinstance(value, Mapping) else {}
