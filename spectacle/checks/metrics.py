"""Checks of what programs that watch a service are told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from spectacle.checks import Check, Level
from spectacle.config import MetricsSettings
from spectacle.daemon import metrics, tracing


def check_metrics(settings: MetricsSettings) -> Iterator[Check]:
    """Whether the metrics can be written, and traces be sent. Nothing is said of what is not wanted."""
    path = settings.textfile
    if path is not None:
        if (missing := metrics.missing_package()) is not None:
            yield _failed("metrics", missing)
        elif (reason := _why_not(path)) is not None:
            remedy = "make the directory, writable for the daemon's user, or set metrics.textfile to another path"
            yield Check("metrics", Level.FAIL, f"metrics.textfile {path}: {reason}", remedy)
        else:
            yield Check("metrics", Level.OK, str(path))
    if (missing := tracing.missing_package()) is not None:
        yield _failed("traces", missing)


def _failed(what: str, message: str) -> Check:
    found, _, remedy = message.removesuffix(".").rpartition(". ")
    return Check(what, Level.FAIL, found, f"{remedy[0].lower()}{remedy[1:]}")


def _why_not(path: Path) -> str | None:
    """Why a file cannot be written, or None when it can."""
    if path.is_dir():
        return "is a directory"
    probe = path.with_name(f".{path.name}.probe")
    try:
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600))
        probe.unlink()
    except OSError as error:
        return f"cannot be written: {error.strerror}"
    return None
