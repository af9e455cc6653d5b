"""What the commands know of the instances on a spool, read from `.spectacle/` alone."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spectacle.cli.output import printable
from spectacle.errors import SpoolUnavailable
from spectacle.spool.directory import Spool, unavailable
from spectacle.spool.instances import all_reports, is_live
from spectacle.spool.pauses import Pause, operators_of, read_pauses


@contextmanager
def opened(path: Path) -> Iterator[Spool]:
    """The spool, open for as long as the block takes.

    Raises:
        SpoolUnavailable: When it cannot be used.
    """
    spool = Spool(path)
    spool.open()
    try:
        yield spool
    except OSError as error:
        raise unavailable(path, error) from error
    finally:
        spool.close()


def serve_command(path: Path | str) -> str:
    """The command that starts a daemon on a spool, to be copied into a shell."""
    return printable(f"spectacle serve --spool {shlex.quote(str(path))}")


def read_instances(spool: Spool) -> list[dict[str, Any]]:
    """The reports of all instances, those that live first, each with its `age` in seconds and whether it is `live`."""
    found = [{**report, "age": round(age, 1), "live": is_live(report, age)} for report, age in all_reports(spool)]
    return sorted(found, key=lambda each: (not each["live"], str(each.get("host")), str(each.get("instance"))))


def find_pause(spool: Spool, kind: str | None, accounts: Sequence[str] = ()) -> Pause | None:
    """The pause that holds up requests of a kind, or of all kinds, if there is one.

    Args:
        spool: The spool.
        kind: The kind; None when it is not known.
        accounts: The accounts of `spool.operators`.
    """
    return read_pauses(spool, lambda: operators_of(spool, accounts)).of(kind)


def why_waiting(path: Path, kind: str | None) -> str | None:
    """Why a request that has just been submitted is not going to be processed immediately, or None.

    Args:
        path: The spool.
        kind: The kind that it asks for, or None.
    """
    try:
        with opened(path) as spool:
            live = [each for each in read_instances(spool) if each["live"]]
            default = next((each.get("default_kind") for each in live), None)
            pause = find_pause(spool, kind or (default if isinstance(default, str) else None))
    except SpoolUnavailable as error:
        return error.message
    if pause is not None:
        return f"Waiting: {printable(pause.told)}."
    if not live:
        return f"{printable(path)}: no instance is running. Start one with `{serve_command(path)}`."
    serving = [each for each in live if each.get("state") in ("serving", "paused")]
    if not serving:
        reasons = dict.fromkeys(
            str(each.get("reason") or f"{each.get('host')} is {each.get('state')}") for each in live
        )
        return f"Waiting: {printable('; '.join(reasons))}"
    if kind is not None and not any(kind in _kinds(each) for each in serving):
        served = sorted({each for report in serving for each in _kinds(report)})
        return printable(f"Waiting: no running instance serves kind {kind!r}, but {', '.join(served)}.")
    queues = [each["queue"] for each in serving if isinstance(each.get("queue"), dict)]
    waiting = max((sum(count for count in queue.values() if isinstance(count, int)) for queue in queues), default=0)
    return f"Waiting: {waiting} other requests wait, too; users take turns." if waiting > 1 else None


def _kinds(report: dict[str, Any]) -> list[str]:
    kinds = report.get("kinds")
    return [each for each in kinds if isinstance(each, str)] if isinstance(kinds, list) else []
