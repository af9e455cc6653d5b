"""Finds out whether a request waits because an operator has paused the spool, as the running instances report it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from spectacle.errors import SpectacleError
from spectacle.spool.directory import Spool
from spectacle.spool.instances import all_reports, is_live
from spectacle.spool.naming import RequestName

INTERVAL = 1.0
"""Seconds between two readings of the reports."""

_MAX_TOLD = 700


@dataclass(frozen=True, slots=True)
class Paused:
    """What is paused, each with the words for people.

    Attributes:
        whole: Of the whole spool, or None.
        kinds: Of single kinds.
        default: Of the kind of requests that name none, or None.
    """

    whole: str | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    default: str | None = None

    def of(self, stem: str) -> str | None:
        """Why a request is not begun, or None."""
        name = RequestName.from_stem(stem)
        if self.whole is not None or name is None:
            return self.whole
        return self.default if name.kind is None else self.kinds.get(name.kind)


def read_paused(spool: Path) -> Paused:
    """What is paused on a spool. Of one that cannot be read nothing is known.

    Args:
        spool: The spool directory.
    """
    directory = Spool(spool)
    try:
        directory.open()
        reports = [report for report, age in all_reports(directory) if is_live(report, age)]
    except (SpectacleError, OSError):
        return Paused()
    finally:
        directory.close()
    whole = default = None
    kinds: dict[str, str] = {}
    for report in reports:
        pauses = report.get("pauses")
        for each in pauses if isinstance(pauses, list) else ():
            if not isinstance(each, dict) or not isinstance(each.get("told"), str):
                continue
            told = "".join(letter if letter.isprintable() else " " for letter in each["told"][:_MAX_TOLD])
            kind = each.get("kind")
            if kind is None:
                whole = told
            elif isinstance(kind, str):
                kinds[kind] = told
                default = told if kind == report.get("default_kind") else default
    return Paused(whole, kinds, default)
