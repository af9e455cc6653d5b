"""Whether a user's limits leave room for one more request, and otherwise the error that says why not and until when."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Protocol

from spectacle.errors import OverLimit
from spectacle.spool.naming import RequestName
from spectacle.spool.usage import Usage


class Limits(Protocol):
    """The limits of each user: None for no limit."""

    @property
    def waiting(self) -> int | None:
        """Waiting requests."""
        ...

    @property
    def running(self) -> int | None:
        """Running requests."""
        ...

    @property
    def per_hour(self) -> int | None:
        """Requests started within an hour."""
        ...

    @property
    def pixels(self) -> int | None:
        """Their pixels in all."""
        ...


def over_waiting(user: str, waiting: int, limits: Limits, seconds: float | None = None) -> OverLimit | None:
    """The error of a request that would wait behind so many others of its user; None when there is room.

    Args:
        user: The user.
        waiting: How many requests of that user wait already.
        limits: The limits.
        seconds: When one of them is expected to be done, if that is known.
    """
    if limits.waiting is None or waiting < limits.waiting:
        return None
    return _error(user, "waiting", f"{_requests(limits.waiting)} may wait, and {waiting} do", seconds)


def over(
    name: RequestName, usage: Usage, limits: Limits, now: float, *, ahead: int = 0, ahead_pixels: int = 0
) -> OverLimit | None:
    """The error of a request that may not be started because of what its user has had, or None when it may.

    Args:
        name: The request.
        usage: What its user has had.
        limits: The limits.
        now: The file server's time, seconds since the epoch.
        ahead: How many requests of its user are to be started before it.
        ahead_pixels: How many pixels those have.
    """
    pixels = name.width * name.height
    if too_large(name, limits):
        return OverLimit(
            f"{name.width}x{name.height} is {pixels} pixels; the limit of user {name.user} is {limits.pixels} in an "
            f"hour. Request less.",
            limit="pixels",
        )
    started = usage.count(now) + ahead
    if limits.per_hour is not None and started >= limits.per_hour:
        seconds = usage.seconds_until(now, fewer=started - limits.per_hour + 1)
        return _error(name.user, "per_hour", f"{_requests(limits.per_hour)} may start within an hour", seconds, now)
    if limits.pixels is not None and (had := usage.pixels(now) + ahead_pixels) + pixels > limits.pixels:
        seconds = usage.seconds_until(now, fewer_pixels=had + pixels - limits.pixels)
        return _error(name.user, "pixels", f"{limits.pixels} pixels may start within an hour", seconds, now)
    if limits.running is not None and len(usage.running) + ahead >= limits.running:
        return _error(name.user, "running", f"{_requests(limits.running)} may run simultaneously", None)
    return None


def too_large(name: RequestName, limits: Limits) -> bool:
    """Whether a request has more pixels than its user may ever have in an hour."""
    return limits.pixels is not None and name.width * name.height > limits.pixels


def _requests(count: int) -> str:
    return "1 request" if count == 1 else f"{count} requests"


def _error(user: str, limit: str, allowed: str, seconds: float | None, now: float | None = None) -> OverLimit:
    if seconds is None:
        return OverLimit(f"user {user}: {allowed}. Try again when one of them has its result.", limit=limit)
    whole = math.ceil(seconds)
    at = ""
    if now is not None:
        at = f", at {datetime.fromtimestamp(math.ceil(now + seconds), UTC):%H:%M:%S} UTC"
    return OverLimit(f"user {user}: {allowed}. Try again in {whole} s{at}.", limit=limit, retry_after=whole)
