"""How often a user may ask for images: a moving window for each, in this gateway's memory."""

from __future__ import annotations

import math
import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from spectacle.gateway.problems import Problem
from spectacle.gateway.tokens import User


class Limits:
    """Counts requests for images.

    Args:
        rate: Maximum rate of a user whose token says nothing else, such as `60/minute`.
    """

    def __init__(self, rate: str) -> None:
        self._rate = rate
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._parsed: dict[str, RateLimitItem] = {}

    def take(self, user: User) -> None:
        """Count a request of a user.

        Raises:
            Problem: When it is one too many.
        """
        rate = user.rate or self._rate
        item = self._parsed.get(rate)
        if item is None:
            item = self._parsed[rate] = parse(rate)
        if not self._limiter.hit(item, user.name):
            window = self._limiter.get_window_stats(item, user.name)
            seconds = max(1, math.ceil(window.reset_time - time.time()))
            raise Problem(
                429,
                "rate-limited",
                f"user {user.name}: more than {rate.replace('/', ' requests per ')}. Try again in {seconds} s.",
                headers={"Retry-After": str(seconds)},
            )
