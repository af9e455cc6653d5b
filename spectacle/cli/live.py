"""What the commands know of the instances on a spool, read from `.spectacle/` alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from spectacle.errors import SpoolUnavailable
from spectacle.spool.directory import Spool, unavailable
from spectacle.spool.instances import all_reports, is_live


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


def read_instances(spool: Spool) -> list[dict[str, Any]]:
    """The reports of all instances, those that live first, each with its `age` in seconds and whether it is `live`."""
    found = [{**report, "age": round(age, 1), "live": is_live(report, age)} for report, age in all_reports(spool)]
    return sorted(found, key=lambda each: (not each["live"], str(each.get("host")), str(each.get("instance"))))


def warn_when_unserved(path: Path) -> None:
    """Tell whoever is going to wait that nobody serves the spool at the moment."""
    try:
        with opened(path) as spool:
            served = any(each["live"] for each in read_instances(spool))
    except SpoolUnavailable:
        return
    if not served:
        click.echo(
            f"No instance serves {path} at the moment: start one with `spectacle serve --spool {path}`", err=True
        )
