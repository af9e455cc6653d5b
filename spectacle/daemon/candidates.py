"""Which requests have so many results that further ones are not searched for one by one."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

MAX_KNOWN = 100_000
"""Most stems that are remembered: whoever may write in the spool can make up any number of them."""


class ManyResults:
    """The stems of those requests: as a listing shows them, and as this instance has published them since.

    `add` may be called by any thread, the rest by the loop's.
    """

    def __init__(self) -> None:
        self._listed: set[str] = set()
        self._before: set[str] = set()
        self._since: set[str] = set()

    def __contains__(self, stem: str) -> bool:
        return stem in self._listed or stem in self._before or stem in self._since

    def add(self, stem: str) -> None:
        """Take note of a published result."""
        self._since.add(stem)

    def begin_listing(self) -> None:
        """Say that a listing begins. It will show what was published until now."""
        self._before, self._since = self._since, set()

    def end_listing(self, stems: Iterable[str]) -> None:
        """Take note of what it has shown."""
        self._listed = set(islice(stems, MAX_KNOWN))
