"""Which requests are tracked, and which are set aside until there is room for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from spectacle.daemon.overflow import Overflow
from spectacle.spool.file_status import FileStatus
from spectacle.spool.naming import RequestName

MAX_TRACKED = 12_000
"""Requests that are tracked, about a kilobyte each. Of others a few numbers are kept until there is room for them."""

SMALL_SHARE = 200
"""A user with fewer than this share of them waiting in one kind gets room beyond, up to half as many again."""


class Admission:
    """Counts the requests that are tracked, and knows of the others. Used by the loop's thread.

    At most one and a half times `max_tracked` requests are tracked. What is found beyond them is set aside, and tracked
    as others get their results: of each user and kind the oldest, those of whom few are tracked first. Their order is
    the same as if all were tracked, as long as there are fewer users than room, and what is older is not found later
    than as many younger ones as there is room for.

    `count_in` and `count_out` may be called by any thread that holds the backlog's lock.

    Args:
        max_tracked: How many requests are tracked before only those of users with few are.
    """

    def __init__(self, max_tracked: int = MAX_TRACKED) -> None:
        self._most = max_tracked
        self._small = max(1, max_tracked // SMALL_SHARE)
        self._overflow = Overflow()
        self._shares: Counter[int] = Counter()
        self._tracked = 0
        self._small_may_wait = False

    def __bool__(self) -> bool:
        return len(self._overflow) > 0

    def __contains__(self, stem: object) -> bool:
        """Whether a request is set aside."""
        return stem in self._overflow

    @property
    def at_once(self) -> int:
        """How many new requests may be tracked as they are found. Of more, the oldest are to be found out first."""
        return max(self._most - self._tracked, self._most // 16)

    def has_room(self, name: RequestName) -> bool:
        """Whether a request that is new may be tracked."""
        if self._tracked < self._most and not self:
            return True
        # While others wait for room, what is new must not pass older requests of the same user.
        return self._shares[_share(name)] < self._small and self._tracked < self._most * 3 // 2

    def count_in(self, name: RequestName) -> None:
        """Hear that a request is tracked from now on."""
        self._tracked += 1
        self._shares[_share(name)] += 1
        if self:
            self._overflow.discard(name.stem)

    def count_out(self, name: RequestName) -> None:
        """Hear that a request is not tracked any more."""
        share = _share(name)
        self._tracked -= 1
        self._shares[share] -= 1
        if self._shares[share] < self._small:
            self._small_may_wait = True
        if not self._shares[share]:
            del self._shares[share]

    def set_aside(self, name: RequestName, status: FileStatus) -> None:
        """Know of a request without tracking it."""
        share = _share(name)
        if self._shares[share] < self._small:
            self._small_may_wait = True
        self._overflow.add(name.stem, status.mtime_ns, share, name.kind or "")

    def clear(self) -> None:
        """Forget what is set aside."""
        self._overflow.clear()

    def by_kind(self, default: str) -> Counter[str]:
        """How many of each kind are set aside.

        Args:
            default: The kind of those whose names have none.
        """
        return Counter({kind or default: count for kind, count in self._overflow.by_kind().items()})

    def begin_listing(self) -> None:
        """Hear from now on, by `unknown`, which requests are there."""
        self._overflow.begin_listing()

    def unknown(self, stems: Iterable[str]) -> list[str]:
        """Those of the stems that are not set aside; the others are noted as still there."""
        return self._overflow.not_among(list(stems))

    def end_listing(self) -> set[int]:
        """Forget what was set aside and not noted as still there.

        Returns:
            The hashes of the stems of those for which there is room now: they are to be found again, and tracked.
        """
        self._overflow.end_listing()
        room = self._most - self._tracked if self._tracked <= self._most * 3 // 4 else 0
        small_room = self._most * 3 // 2 - self._tracked
        few_are_tracked = self._small_may_wait and small_room >= max(1, self._most // 8)
        if not self or not (room or few_are_tracked):
            return set()
        self._small_may_wait = False
        chosen = self._overflow.choose(dict(self._shares), room=room, small=self._small, small_room=small_room)
        self._overflow.remove(chosen)
        return chosen


def _share(name: RequestName) -> int:
    """A number of who competes for the same room: the requests of one user for one kind."""
    return hash((name.user, name.kind)) & 0x7FFFFFFF
