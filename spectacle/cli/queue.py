"""`spectacle queue`: who waits, since when, in which place, and why not yet."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from spectacle.cli import completion
from spectacle.cli.live import opened, read_instances
from spectacle.cli.output import age_words, print_json, print_table, printable
from spectacle.cli.settings import settings_for, with_configuration
from spectacle.config import Settings
from spectacle.spool.directory import Spool
from spectacle.spool.naming import RequestName, lock_name
from spectacle.spool.pauses import Pauses, operators_of, read_pauses
from spectacle.spool.turns import in_turns

COLUMNS = ("place", "request", "waits", "eta", "why")

Report = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """A request that waits or runs.

    Attributes:
        stem: Its name without `.txt`.
        user: Who it is for.
        kind: Its kind.
        width: Width of the image in pixels.
        height: Height in pixels.
        state: `waiting` or `running`.
        place: Its place among those that wait, the first being 1; None when it runs.
        since: When it was written, in seconds since the epoch, by the file server's clock.
        seconds: How long ago that is.
        eta_s: Seconds until it is expected to be done; None when that is not known.
        why: Why it does not run yet, or where it runs.
    """

    stem: str
    user: str
    kind: str
    width: int
    height: int
    state: str
    place: int | None
    since: float
    seconds: float
    eta_s: float | None
    why: str


@click.command()
@with_configuration
@click.option("--user", help="Show only the requests of this user.")
@click.option("--kind", shell_complete=completion.KINDS, help="Show only the requests of this kind.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(file: Path | None, spool: Path | None, user: str | None, kind: str | None, as_json: bool) -> None:
    """Show the requests that wait and run: in which place, since when, and why they do not run yet.

    It reads only the spool, so it works on every host that has mounted the spool. Places are estimates: users take
    turns, and a request for an already loaded model may be moved ahead.

    \b
    spectacle queue --spool ./spool
    spectacle queue --user alice
    spectacle queue --json | jq '.requests[] | select(.seconds > 600)'
    """
    settings = settings_for(file, spool)
    with opened(settings.spool.path) as open_spool:
        pauses = read_pauses(open_spool, lambda: operators_of(open_spool, settings.spool.operators))
        instances = [each for each in read_instances(open_spool) if each["live"]]
        entries = _entries(open_spool, settings, instances, pauses)
    shown = [each for each in entries if user in (None, each.user) and kind in (None, each.kind)]
    if as_json:
        print_json(
            {
                "spool": str(settings.spool.path),
                "pauses": [each.as_json() for each in pauses.all],
                "requests": [asdict(each) for each in shown],
            }
        )
        return
    if shown:
        print_table(COLUMNS, [_row(each) for each in shown])
    waiting = sum(each.state == "waiting" for each in shown)
    click.echo(f"{waiting} waiting, {len(shown) - waiting} running")
    for pause in pauses.all:
        click.echo(printable(pause.told))
    for reason in pauses.ignored:
        click.echo(f"Warning: {printable(reason)}", err=True)


def _row(entry: Entry) -> tuple[str, ...]:
    eta = "" if entry.eta_s is None else age_words(entry.eta_s)
    return (str(entry.place or ""), entry.stem, age_words(entry.seconds), eta, printable(entry.why))


def _entries(spool: Spool, settings: Settings, instances: Sequence[Report], pauses: Pauses) -> list[Entry]:
    names = frozenset(spool.names())
    try:
        now = spool.now_ns() / 1e9
    except OSError:
        now = time.time()  # nothing can be written here
    written: dict[str, tuple[int, RequestName]] = {}
    for each in names:
        request = RequestName.parse(each)
        status = None if request is None else spool.peek(each)
        if request is not None and status is not None:
            written[request.stem] = status.mtime_ns, request
    default = next((str(each["default_kind"]) for each in instances if each.get("default_kind")), settings.default_kind)
    waiting: dict[str, list[str]] = defaultdict(list)
    running: dict[str, list[str]] = defaultdict(list)
    for stem in sorted(written, key=lambda stem: (written[stem][0], stem)):
        (running if lock_name(stem) in names else waiting)[written[stem][1].user].append(stem)
    jobs = _jobs(instances)
    ahead: dict[str, int] = defaultdict(int)
    of_kind: dict[str, int] = defaultdict(int)
    for stems in waiting.values():
        for stem in stems:
            of_kind[written[stem][1].kind or default] += 1

    def entry(stem: str, state: str, place: int | None, eta: float | None, why: str) -> Entry:
        since_ns, request = written[stem]
        since = since_ns / 1e9
        kind, seconds = request.kind or default, round(max(0.0, now - since), 1)
        size = request.width, request.height
        return Entry(stem, request.user, kind, *size, state, place, round(since, 3), seconds, eta, why)

    found = []
    for stems in running.values():
        for stem in stems:
            host, left = jobs.get(stem, ("another instance", None))
            found.append(entry(stem, "running", None, left, f"runs on {host}"))
    for place, stem in enumerate(in_turns(waiting, running), 1):
        request = written[stem][1]
        kind = request.kind or default
        ahead[kind] += 1
        why = _why(request, kind, instances, pauses)
        eta = None
        if why is None:
            eta = _eta(instances, kind, ahead[kind] / of_kind[kind])
            why = _ordinary(now - written[stem][0] / 1e9, settings, running, place)
        found.append(entry(stem, "waiting", place, eta, why))
    return found


def _jobs(instances: Sequence[Report]) -> dict[str, tuple[str, float | None]]:
    """Host and seconds left of the running requests, by stem."""
    found = {}
    for report in instances:
        devices = report.get("devices")
        for device in devices if isinstance(devices, list) else ():
            for part in ("job", "publishing"):
                job = device.get(part) if isinstance(device, dict) else None
                if isinstance(job, dict) and isinstance(job.get("stem"), str):
                    left = job.get("eta_s")
                    known = isinstance(left, int | float) and 0 <= left < 1e9
                    found[job["stem"]] = str(report.get("host")), left if known else None
    return found


def _why(request: RequestName, kind: str, instances: Sequence[Report], pauses: Pauses) -> str | None:
    """Why a request does not run, if that is not just because others do."""
    if (pause := pauses.of(kind)) is not None:
        return pause.told
    if not instances:
        return "no instance is running"
    able = [each for each in instances if each.get("state") in ("serving", "paused")]
    if not able:
        reasons = dict.fromkeys(
            str(each.get("reason") or f"{each.get('host')} is {each.get('state')}") for each in instances
        )
        return "; ".join(reasons)
    if not any(isinstance(kinds := each.get("kinds"), list) and kind in kinds for each in able):
        return f"no running instance serves kind {kind}"
    for report in able:
        held_up = report.get("held_up")
        if isinstance(held_up, dict) and isinstance(reason := held_up.get(request.user), str):
            return reason
    return None


def _ordinary(seconds: float, settings: Settings, running: Mapping[str, object], place: int) -> str:
    if seconds < (1.0 if settings.spool.settle is None else settings.spool.settle):
        return "was just written"
    if place > 1:
        return f"{place - 1} {'other waits' if place == 2 else 'others wait'} before it"
    return "all workers are busy" if running else "is about to start"


def _eta(instances: Sequence[Report], kind: str, share: float) -> float | None:
    """Seconds until so many of the waiting requests of a kind are expected to be done."""
    told = [each["queue_eta_s"].get(kind) for each in instances if isinstance(each.get("queue_eta_s"), dict)]
    known = [left for left in told if isinstance(left, int | float) and 0 <= left < 1e9]
    return round(max(known) * share, 1) if known else None
