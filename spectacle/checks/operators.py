"""Checks of what operators have set: hooks that can be run, retention of known kinds, pauses, and who can pause."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from spectacle.checks import Check, Level
from spectacle.config import HookSettings, Settings, SpoolSettings
from spectacle.spool.directory import Spool
from spectacle.spool.pauses import operators_of, read_pauses, uids_of


def check_settings(settings: Settings) -> Iterator[Check]:
    """What needs no spool. Nothing is said of what is not set."""
    yield from check_hooks(settings.hooks)
    yield from check_retention(settings)
    _, unknown = uids_of(settings.spool.operators)
    if unknown:
        yield Check(
            "operators",
            Level.WARN,
            f"spool.operators: this host has no account {', '.join(unknown)}",
            "create the account, or use its number",
        )


def check_hooks(settings: HookSettings) -> Iterator[Check]:
    """Whether the programs of hooks can be run."""
    for event in ("answered", "failed"):
        command: tuple[str, ...] = getattr(settings, event)
        if not command:
            continue
        program = command[0]
        problem = _why_not_run(program)
        if problem is None:
            yield Check("hooks", Level.OK, f"hooks.{event}: {shutil.which(program) or program}")
        else:
            remedy = f"set hooks.{event} to a list of an executable file and its arguments"
            yield Check("hooks", Level.FAIL, f"hooks.{event}: {program}: {problem}", remedy)


def _why_not_run(program: str) -> str | None:
    if "/" not in program:
        return None if shutil.which(program) else "not found in PATH"
    path = Path(program)
    if not path.exists():
        return "does not exist"
    if not path.is_file():
        return "is not a regular file"
    return None if os.access(path, os.X_OK) else "is not executable"


def check_retention(settings: Settings) -> Iterator[Check]:
    """Whether retention is set for kinds that this instance serves."""
    retention = settings.retention
    unknown = sorted(retention.kinds.keys() - settings.kinds.keys())
    if unknown:
        found = f"retention.kinds: this instance does not serve {', '.join(unknown)}"
        yield Check("retention", Level.WARN, found, "correct the name, or remove the table")
    empty = sorted(kind for kind, rule in retention.kinds.items() if not rule.is_set)
    if empty:
        found = f"retention.kinds.{empty[0]}: sets nothing, so no result is removed by it"
        yield Check("retention", Level.WARN, found, "set age, number or bytes, or remove the table")
    if retention.removes_results and not (unknown or empty):
        yield Check("retention", Level.OK, "old results are removed")


def check_pauses(spool: Spool, settings: SpoolSettings) -> Iterator[Check]:
    """What is paused, and which pauses do not count.

    Raises:
        OSError: When the spool is in trouble.
    """
    pauses = read_pauses(spool, lambda: operators_of(spool, settings.operators))
    for pause in pauses.all:
        since = datetime.fromtimestamp(pause.since, UTC)
        kind = "" if pause.kind is None else f" --kind {pause.kind}"
        remedy = f"run `spectacle resume{kind}` to have requests started again"
        yield Check("pause", Level.WARN, f"{pause.told.rstrip('.')}, since {since:%Y-%m-%d %H:%M} UTC", remedy)
    for reason in pauses.ignored:
        found, _, remedy = reason.removesuffix(".").partition(". ")
        yield Check("pause", Level.WARN, found, f"{remedy[0].lower()}{remedy[1:]}")
