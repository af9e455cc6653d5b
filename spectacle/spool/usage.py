"""What each user has had started within the last hour and has running, counted where all instances see it.

Each instance keeps an account of its own in `.spectacle/usage-NAME.json` and adds up those of all. Times are those of
the file server, in whole minutes, so that an account stays small however many requests there are.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from spectacle.spool.directory import Spool
from spectacle.spool.file_status import NotOrdinary, TooLarge
from spectacle.spool.naming import RequestName, usage_holder, usage_path

WINDOW = 3600
"""Seconds for which what was started counts."""

MINUTE = 60

MAX_BYTES = 16 * 2**20
MAX_ACCOUNTS, MAX_USERS, MAX_RUNNING = 1000, 100_000, 10_000
"""Maximum numbers that are read: anybody may write there."""

_MAX_PIXELS = 10**15


@dataclass(slots=True)
class Usage:
    """What one user has had.

    Attributes:
        started: By minute since the epoch: how many requests were started in it, and how many pixels they had in all.
        running: The stems of the requests that run, as far as is known.
    """

    started: dict[int, tuple[int, int]] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)

    def add(self, minute: int, count: int, pixels: int) -> None:
        """Count requests that were started in a minute."""
        before = self.started.get(minute, (0, 0))
        self.started[minute] = before[0] + count, before[1] + pixels

    def within_window(self, now: float) -> list[tuple[int, int, int]]:
        """Minute, number and pixels of what was started within the window, the oldest first."""
        oldest = now - WINDOW - MINUTE
        return [(minute, *self.started[minute]) for minute in sorted(self.started) if minute * MINUTE > oldest]

    def count(self, now: float) -> int:
        """How many requests were started within the window."""
        return sum(count for _, count, _ in self.within_window(now))

    def pixels(self, now: float) -> int:
        """How many pixels they have in all."""
        return sum(pixels for *_, pixels in self.within_window(now))

    def seconds_until(self, now: float, *, fewer: int = 0, fewer_pixels: int = 0) -> float:
        """Seconds until so many requests and pixels less than now are within the window, if none are added."""
        for minute, count, pixels in self.within_window(now):
            fewer, fewer_pixels = fewer - count, fewer_pixels - pixels
            if fewer <= 0 and fewer_pixels <= 0:
                return max(1.0, (minute + 1) * MINUTE + WINDOW - now)
        return float(WINDOW)


class Account:
    """What one instance has started. Not thread-safe.

    Args:
        spool: The spool.
        identity: The instance.
    """

    def __init__(self, spool: Spool, identity: str) -> None:
        self._spool = spool
        self._identity = identity
        self._started: dict[str, Usage] = {}
        self._running: dict[str, str] = {}

    def begin(self, name: RequestName, now: float) -> None:
        """Count a request that begins."""
        self._started.setdefault(name.user, Usage()).add(int(now // MINUTE), 1, name.width * name.height)
        self._running[name.stem] = name.user

    def withdraw(self, name: RequestName, began: float) -> None:
        """Count a request that began at a time no more, because nothing came of it."""
        usage = self._started.get(name.user)
        if usage is not None:
            usage.add(int(began // MINUTE), -1, -name.width * name.height)
        self._running.pop(name.stem, None)

    def end(self, name: RequestName) -> None:
        """Take note that a request does not run any more."""
        self._running.pop(name.stem, None)

    def write(self, now: float) -> None:
        """Let the others see it.

        Raises:
            OSError: When it cannot be written.
        """
        started: dict[str, list[tuple[int, int, int]]] = {}
        for user in list(self._started):
            usage = self._started[user]
            usage.started = {minute: (count, most) for minute, count, most in usage.within_window(now) if count > 0}
            if usage.started:
                started[user] = usage.within_window(now)
            else:
                del self._started[user]
        content = json.dumps({"started": started, "running": self._running}, separators=(",", ":"))
        self._spool.replace(usage_path(self._identity), content.encode())

    def add_to(self, found: dict[str, Usage]) -> None:
        """Add it to what users have had."""
        for user, usage in self._started.items():
            for minute, (count, pixels) in usage.started.items():
                found.setdefault(user, Usage()).add(minute, count, pixels)
        for stem, user in self._running.items():
            found.setdefault(user, Usage()).running.add(stem)


def read_accounts(spool: Spool, live: Collection[str], but: str = "") -> dict[str, Usage]:
    """What users have had by the accounts of all instances.

    Args:
        spool: The spool.
        live: The instances that still run; what others had running does not count.
        but: An instance whose account is left out.

    Raises:
        OSError: When the spool is in trouble.
    """
    found: dict[str, Usage] = {}
    for identity in account_holders(spool):
        if identity == but:
            continue
        try:
            account = json.loads(spool.read(usage_path(identity), MAX_BYTES)[0])
        except (FileNotFoundError, PermissionError, NotOrdinary, TooLarge, ValueError, RecursionError):
            continue
        if not isinstance(account, dict):
            continue
        for user, minute, count, pixels in _started(account.get("started")):
            found.setdefault(user, Usage()).add(minute, count, pixels)
        running = account.get("running")
        if identity in live and isinstance(running, dict):
            for stem, user in islice(running.items(), MAX_RUNNING):
                found.setdefault(str(user), Usage()).running.add(stem)
    return found


def account_holders(spool: Spool) -> list[str]:
    """The instances that have an account in the spool, `MAX_ACCOUNTS` at most."""
    holders = (each for each in map(usage_holder, spool.state_names("")) if each is not None)
    return list(islice(holders, MAX_ACCOUNTS))


def _started(told: Any) -> Iterator[tuple[str, int, int, int]]:
    if not isinstance(told, Mapping):
        return
    for user, rows in islice(told.items(), MAX_USERS):
        for row in islice(rows, WINDOW // MINUTE + 2) if isinstance(rows, list) else ():
            if isinstance(row, list) and len(row) == 3 and all(type(each) is int and each >= 0 for each in row):
                minute, count, pixels = row
                yield user, minute, count, min(pixels, _MAX_PIXELS)
