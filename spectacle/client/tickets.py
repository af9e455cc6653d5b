"""What a client gets back: a ticket for a request, and its result, progress or error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from spectacle.errors import SpectacleError
from spectacle.spool.naming import request_name


class InvalidRequest(SpectacleError, ValueError):
    """Raised by `submit` before anything is written, when an argument cannot be put into a request."""

    code = "invalid-request"


class RequestExists(SpectacleError):
    """Raised by `submit` when a request of the same name is waiting, running or just being written."""

    code = "request-exists"


class RequestFailed(SpectacleError):
    """Raised by `wait` when the daemon responded with an error.

    Args:
        message: First line of `STEM-error.txt`.
        details: Its `key: value` lines; `code` is the word to compare.
    """

    code = "request-failed"

    def __init__(self, message: str, details: Mapping[str, str]) -> None:
        super().__init__(message)
        self.details = dict(details)


class RequestCancelled(SpectacleError):
    """Raised by `wait` when the request is gone and there is no result."""

    code = "request-cancelled"


class WaitTimeout(SpectacleError, TimeoutError):
    """Raised by `wait` when the time is up. The request stays; `wait` again or `cancel` it."""

    code = "wait-timeout"


@dataclass(frozen=True, slots=True)
class Ticket:
    """A submitted request.

    Attributes:
        spool: The spool directory.
        stem: Name of the request without `.txt`.
        older: Result files of an earlier request of that name, as (name, inode, mtime in ns).
    """

    spool: Path
    stem: str
    older: frozenset[tuple[str, int, int]] = frozenset()

    @property
    def request(self) -> Path:
        """The request file. It exists until there is a result, or the request is cancelled."""
        return self.spool / request_name(self.stem)


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a request.

    Attributes:
        primary: The requested file: `STEM.svg` where there is one, else the image, `STEM.png` by default.
        paths: All files: the primary one, further candidates in order, then previews, thumbnails and the processed
            input.
    """

    primary: Path
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """Contents of `STEM-progress.json`, for a request that was submitted with the option `"progress": true`.

    Attributes:
        state: `waiting`, `loading` or `running`.
        fraction: Fraction done, 0 to 1.
        step: Steps done.
        steps: Steps in all.
        eta_s: Seconds left, as estimated.
        ahead: Number of requests that are expected to begin before it; None once it runs.
        note: Why it waits, a short remark of the generator, or empty.
        generator: Name of the generator.
        host: Name of the host it runs on.
    """

    state: str
    fraction: float | None = None
    step: int | None = None
    steps: int | None = None
    eta_s: float | None = None
    ahead: int | None = None
    note: str | None = None
    generator: str | None = None
    host: str | None = None

    _MOST: ClassVar[dict[str, float]] = {"fraction": 1, "step": 10**9, "steps": 10**9, "eta_s": 1e9, "ahead": 10**9}
    _WORDS: ClassVar[tuple[str, ...]] = ("state", "note", "generator", "host")

    @classmethod
    def parse(cls, text: str) -> Progress | None:
        """Read the JSON text of a progress file; None when it is not one. Values that make no sense are omitted."""
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return None
        if not isinstance(found, dict):
            return None
        known: dict[str, Any] = {key: found[key] for key in cls._WORDS if isinstance(found.get(key), str)}
        for key, most in cls._MOST.items():
            number = found.get(key)
            whole = key in ("step", "steps", "ahead")
            if isinstance(number, int if whole else int | float) and 0 <= number <= most:
                known[key] = number
        return cls(**known) if "state" in known else None
