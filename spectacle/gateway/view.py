"""What the spool contains at the moment: one listing for everybody who asks within a fraction of a second."""

from __future__ import annotations

import asyncio
import os
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from spectacle.client.files import spool_errors
from spectacle.spool.naming import RequestName, lock_name, request_name

MAX_AGE = 0.25
"""Seconds for which a listing is good enough to tell the progress of jobs."""


@dataclass(frozen=True, slots=True)
class View:
    """A listing of the spool.

    Attributes:
        names: All names, sorted.
        known: The same as a set.
        waiting: Requests that nobody works on, the oldest first, by user.
        running: Requests that are being worked on, the oldest first, by user.
    """

    names: Sequence[str]
    known: frozenset[str]
    waiting: Mapping[str, Sequence[str]]
    running: Mapping[str, Sequence[str]]

    def beginning_with(self, start: str) -> Sequence[str]:
        """The names that begin like this."""
        first = bisect_left(self.names, start)
        last = first
        while last < len(self.names) and self.names[last].startswith(start):
            last += 1
        return self.names[first:last]

    def unfinished(self, user: str) -> list[str]:
        """The requests of a user that run or wait, the oldest first of each."""
        return [*self.running.get(user, ()), *self.waiting.get(user, ())]

    def place(self, user: str, stem: str) -> int | None:
        """How many waiting requests, this one included, are served until its turn; None when it does not wait.

        It is an estimate: users take turns, and a request for a loaded model may be moved ahead.
        """
        mine = self.waiting.get(user, ())
        if stem not in mine:
            return None
        turn = mine.index(stem) + 1
        return sum(min(turn, len(theirs)) for theirs in self.waiting.values())


class SpoolView:
    """Lists a spool when somebody wants to know.

    Args:
        spool: The directory.
    """

    def __init__(self, spool: Path) -> None:
        self._spool = spool
        self._lock = asyncio.Lock()
        self._began = float("-inf")
        self._view: View | None = None

    async def recent(self) -> View:
        """A listing that is at most `MAX_AGE` seconds old."""
        return await self._listed_since(time.monotonic() - MAX_AGE)

    async def fresh(self) -> View:
        """A listing that begins now or later."""
        return await self._listed_since(time.monotonic())

    async def _listed_since(self, oldest: float) -> View:
        async with self._lock:
            if self._view is None or self._began < oldest:
                self._began = time.monotonic()
                self._view = await asyncio.to_thread(list_spool, self._spool)
            return self._view


def list_spool(spool: Path) -> View:
    """List a spool.

    Raises:
        SpoolUnavailable: When it cannot be listed.
    """
    ages: dict[str, float] = {}
    names = []
    with spool_errors(spool), os.scandir(spool) as entries:
        for entry in entries:
            names.append(entry.name)
            if entry.name.endswith(".txt") and RequestName.parse(entry.name) is not None:
                try:
                    ages[entry.name] = entry.stat(follow_symlinks=False).st_mtime
                except FileNotFoundError:
                    continue
    known = frozenset(names)
    waiting: dict[str, list[str]] = defaultdict(list)
    running: dict[str, list[str]] = defaultdict(list)
    for file_name in sorted(ages, key=lambda each: (ages[each], each)):
        request = RequestName.parse(file_name)
        assert request is not None
        (running if lock_name(request.stem) in known else waiting)[request.user].append(request.stem)
    return View(sorted(names), known, waiting, running)


def is_running(view: View, stem: str) -> bool:
    """Whether a listing shows that a request is being worked on."""
    return request_name(stem) in view.known and lock_name(stem) in view.known
