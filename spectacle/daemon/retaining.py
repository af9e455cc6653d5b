"""Removes results by the settings of `[retention]`: surveys the spool, and removes what is too much, bit by bit."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator

import structlog

from spectacle.config import RetentionRule, Settings
from spectacle.spool.claims import Claims
from spectacle.spool.directory import Spool
from spectacle.spool.retention import Keeping, Survey, remove_old_poison, remove_result

log = structlog.get_logger()

INTERVAL, MIN_INTERVAL = 60.0, 1.0
"""Seconds between two surveys: as long as a result is kept in any case, within these."""

MAX_SECONDS = 0.05
"""Seconds of a turn of the loop that are spent on it."""


class Retaining:
    """Keeps as many results as the settings say. Used by the loop's thread.

    Args:
        spool: The spool.
        claims: This instance's claims.
        settings: Gives the current settings.
        clock: Monotonic seconds.
    """

    def __init__(
        self, spool: Spool, claims: Claims, settings: Callable[[], Settings], clock: Callable[[], float]
    ) -> None:
        self._spool = spool
        self._claims = claims
        self._settings = settings
        self._clock = clock
        self._begun_at = float("-inf")
        self._work: Iterator[None] | None = None

    @property
    def is_on(self) -> bool:
        """Whether anything is ever removed."""
        retention = self._settings().retention
        return retention.removes_results or retention.poison is not None

    @property
    def is_busy(self) -> bool:
        """Whether there is more to be done now."""
        return self._work is not None

    def forget(self) -> None:
        """Begin again, because another directory is at the spool's path."""
        self._work, self._begun_at = None, float("-inf")

    def work(self, now: float) -> bool:
        """Do what is due, for a moment.

        Returns:
            Whether there is more to be done now.

        Raises:
            OSError: When the spool is in trouble.
        """
        if self._work is None:
            interval = max(MIN_INTERVAL, min(INTERVAL, self._settings().retention.grace))
            if not self.is_on or now - self._begun_at < interval:
                return False
            self._begun_at = now
            self._work = self._survey()
        until = self._clock() + MAX_SECONDS
        try:
            for _ in self._work:
                if self._clock() >= until:
                    return True
        except BaseException:
            self._work = None
            raise
        self._work = None
        return False

    def _survey(self) -> Iterator[None]:
        settings = self._settings()
        retention, now_ns = settings.retention, self._spool.now_ns()
        poison = retention.age if retention.poison is None else retention.poison
        if poison is not None:
            gone = remove_old_poison(self._spool, poison, now_ns)
            if gone:
                log.info("removed old quarantined files", count=len(gone))
            yield
        if not retention.removes_results:
            return
        by_kind = {kind: _keeping(rule) for kind, rule in retention.kinds.items()}
        survey = Survey(self._spool, _keeping(retention), by_kind, settings.default_kind, retention.grace, now_ns)
        yield from survey.steps()
        removed = 0
        try:
            for result in survey.surplus:
                try:
                    removed += bool(remove_result(self._spool, self._claims, result))
                except OSError as error:
                    # What belongs to somebody else, and is not to be removed by us.
                    if error.errno not in (errno.EACCES, errno.EPERM, errno.EISDIR):
                        raise
                yield
        finally:
            if removed:
                log.info("removed old results", count=removed)


def _keeping(rule: RetentionRule) -> Keeping:
    return Keeping(rule.age, rule.number, None if rule.bytes is None else int(rule.bytes))
