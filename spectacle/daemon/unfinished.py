"""What is found half done, commit records and files on their way out, and finishing it once its owner is gone."""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import islice

import structlog

from spectacle.config import Settings
from spectacle.daemon.attempt import Attempts
from spectacle.daemon.backlog import MAX_BACKOFF
from spectacle.spool.directory import Spool
from spectacle.spool.naming import RequestName
from spectacle.spool.record import LaterFormat
from spectacle.spool.retire import find_asides

log = structlog.get_logger()

BATCH = 5000
"""Requests of which the files aside are looked for in one listing."""


class Unfinished:
    """The requests of which the last scan has found something half done.

    Args:
        spool: The spool.
        attempts: Finishes them.
        settings: Gives the current settings.
    """

    def __init__(self, spool: Spool, attempts: Attempts, settings: Callable[[], Settings]) -> None:
        self._spool = spool
        self._attempts = attempts
        self._settings = settings
        self._since: dict[str, float] = {}
        self._asides: dict[str, list[str]] = {}

    def are_left(self, now: float) -> bool:
        """Whether there is something that has not been put off."""
        return any(since <= now for since in self._since.values())

    def __contains__(self, stem: str) -> bool:
        return stem in self._since

    def found(self, stems: Collection[str], now: float) -> None:
        """Take note of what a scan has found."""
        self._since = {stem: self._since.get(stem, now) for stem in sorted(stems)}
        self._asides = {}

    def due(self, now: float) -> list[str]:
        """The stems that have been unfinished for as long as a live owner needs."""
        patience = self._settings().spool.poll_interval
        return [stem for stem, since in self._since.items() if now - since >= patience]

    def finish(self, stem: str, now: float, *, whole_spools: Callable[[OSError], bool]) -> None:
        """Finish one, unless somebody holds its claim. What cannot be finished is put off.

        Raises:
            OSError: When the trouble is the whole spool's, by `whole_spools`.
        """
        name = RequestName.from_stem(stem)
        assert name is not None
        try:
            finished = self._attempts.finish(name, self._asides_of(stem, now))
        except OSError as error:
            if whole_spools(error):
                raise
            log.error("could not publish another instance's result", stem=stem, reason=error.strerror)
        except LaterFormat as later:
            log.warning("left a result for a later version to publish", stem=stem, reason=str(later))
        except Exception:
            log.exception("internal error while publishing another instance's result", stem=stem)
        else:
            if not finished:
                return
            log.info("finished the work of another instance", stem=stem)
        # Should the next scan find it again, then there is something that cannot be finished.
        self._since[stem] = now + MAX_BACKOFF

    def _asides_of(self, stem: str, now: float) -> list[str]:
        """What was left aside of one. It is looked for together with what comes next, for a listing takes a while."""
        if stem not in self._asides:
            batch = {stem, *islice(self.due(now), BATCH)}
            found = find_asides(self._spool, batch)
            self._asides = {each: found.get(each, []) for each in batch}
        return self._asides[stem]
