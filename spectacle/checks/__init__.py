"""Checks of this machine and of a spool, each with what to do when it fails."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    """It works, but worse than it might, or not for everybody."""
    FAIL = "fail"
    """Something will not work."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of `spectacle doctor`.

    Attributes:
        what: What was checked.
        level: How it came out.
        found: What was found.
        remedy: What to do, empty when nothing needs doing.
    """

    what: str
    level: Level
    found: str
    remedy: str = ""
