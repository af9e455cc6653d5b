"""Commit records that are found pending, and finishing those whose owners are gone."""

from __future__ import annotations

from collections.abc import Callable, Collection

import structlog

from spectacle.config import Settings
from spectacle.daemon.attempt import Attempts
from spectacle.daemon.backlog import MAX_BACKOFF
from spectacle.spool.naming import RequestName
from spectacle.spool.record import LaterFormat

log = structlog.get_logger()


class PendingCommits:
    """The commit records that the last scan has found.

    Args:
        attempts: Finishes them.
        settings: Gives the current settings.
    """

    def __init__(self, attempts: Attempts, settings: Callable[[], Settings]) -> None:
        self._attempts = attempts
        self._settings = settings
        self._since: dict[str, float] = {}

    def __bool__(self) -> bool:
        return bool(self._since)

    def found(self, stems: Collection[str], now: float) -> None:
        """Take note of what a scan has found."""
        self._since = {stem: self._since.get(stem, now) for stem in stems}

    def due(self, now: float) -> list[str]:
        """The stems whose records have been pending for as long as a live owner needs to finish them."""
        patience = self._settings().spool.poll_interval
        return [stem for stem, since in self._since.items() if now - since >= patience]

    def finish(self, stem: str, now: float, *, whole_spools: Callable[[OSError], bool]) -> None:
        """Roll a record forward, unless somebody holds its claim. What cannot be finished is put off.

        Raises:
            OSError: When the trouble is the whole spool's, by `whole_spools`.
        """
        name = RequestName.from_stem(stem)
        assert name is not None
        try:
            finished = self._attempts.finish(name)
        except OSError as error:
            if whole_spools(error):
                raise
            log.error("could not finish another's answer", stem=stem, reason=error.strerror)
        except LaterFormat as later:
            log.warning("left an answer for its own version to finish", stem=stem, reason=str(later))
        except Exception:
            log.exception("could not finish another's answer, which is a fault in Spectacle", stem=stem)
        else:
            if finished:
                log.info("finished another's answer", stem=stem)
                del self._since[stem]
            return
        self._since[stem] = now + MAX_BACKOFF
