"""A spool that consists of names alone, for the scanner and the backlog: no file, no claim, no event."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from spectacle.config import Settings
from spectacle.daemon.backlog import Backlog
from spectacle.daemon.candidates import ManyResults
from spectacle.daemon.scanner import Scanner
from spectacle.spool.file_status import FileStatus


class DirectoryOfNames:
    """What `Scanner` needs of a spool.

    Args:
        names: Gives all names, again at each listing.
        written: Gives the time at which the file of a name was written, in nanoseconds; None when it is gone.
    """

    path = Path("/nowhere")

    def __init__(self, names: Callable[[], Iterable[str]], written: Callable[[str], int | None]) -> None:
        self._names = names
        self._written = written
        self.listings = 0

    def some_names(self, count: int) -> Iterator[list[str]]:
        self.listings += 1
        names = iter(self._names())
        while chunk := list(islice(names, count)):
            yield chunk

    def peek(self, name: str) -> FileStatus | None:
        written = self._written(name)
        return None if written is None else FileStatus(1, 5, written, stat.S_IFREG | 0o660, 1)

    look = peek


def scanner_of(
    spool: Any, clock: Callable[[], float], *, settings: Settings, max_tracked: int | None = None
) -> tuple[Scanner, Backlog]:
    """A scanner of that spool, and its backlog, from which requests may be taken."""
    limits = {} if max_tracked is None else {"max_tracked": max_tracked}
    backlog = Backlog(lambda: settings, clock, **limits)
    backlog.allow(True)
    claims: Any = SimpleNamespace(is_orphan=lambda name: False)
    scanner = Scanner(spool, claims, backlog, ManyResults(), lambda: settings, lambda: None, clock)
    scanner.watch = lambda: None  # type: ignore[method-assign]
    return scanner, backlog
