"""Recognizes requests that clients repeat without saying so, so that no image is made twice.

Client libraries repeat a request whose connection broke. The job of the first attempt then goes on for a short while,
and the second attempt, which asks for exactly the same, gets its result. Two identical requests of which the first is
still being waited for are two requests: some clients ask for two images in that way.
"""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime


class Repeats:
    """The jobs that clients wait for, and those whose clients have gone away."""

    MEMORY = 600.0
    """Seconds after which a job is not considered the first attempt of a repeated request any more."""

    _AFTER_START = 60.0

    def __init__(self) -> None:
        self.started = datetime.now(UTC)
        self._started = time.monotonic()
        self._waited_for: Counter[str] = Counter()
        self._left: dict[tuple[str, str], list[str]] = {}
        self._key_of: dict[str, tuple[str, str]] = {}

    def may_have_forgotten(self) -> bool:
        """Whether a client may repeat a request that it made before this gateway was started."""
        return time.monotonic() - self._started < self._AFTER_START

    def is_waited_for(self, stem: str) -> bool:
        """Whether a client waits for a job at this gateway."""
        return self._waited_for[stem] > 0

    def arrived(self, stem: str) -> None:
        """A client waits for a job, perhaps one that has come back."""
        self._waited_for[stem] += 1
        if (key := self._key_of.get(stem)) is not None:
            self._remove(key, stem)

    def served(self, stem: str) -> None:
        """A client has got the result."""
        self._done(stem)

    def left(self, user: str, fingerprint: str | None, stem: str) -> None:
        """A client has gone away without the result."""
        self._done(stem)
        if fingerprint is not None and not self.is_waited_for(stem) and stem not in self._key_of:
            self._left.setdefault((user, fingerprint), []).append(stem)
            self._key_of[stem] = (user, fingerprint)

    def take(self, user: str, fingerprint: str) -> str | None:
        """The oldest job of this order whose client has gone away; it is not taken twice."""
        stems = self._left.get((user, fingerprint))
        if not stems:
            return None
        stem = stems[0]
        self._remove((user, fingerprint), stem)
        return stem

    def forget(self, stem: str) -> bool:
        """Give up waiting for the client of a job. Returns whether none has come back."""
        key = self._key_of.get(stem)
        if key is None:
            return False
        self._remove(key, stem)
        return True

    def _remove(self, key: tuple[str, str], stem: str) -> None:
        self._left[key].remove(stem)
        if not self._left[key]:
            del self._left[key]
        del self._key_of[stem]

    def _done(self, stem: str) -> None:
        self._waited_for[stem] -= 1
        if self._waited_for[stem] <= 0:
            del self._waited_for[stem]
