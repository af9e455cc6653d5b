"""Heeds the pauses in the spool: finds them at each poll, and keeps what they concern from being taken."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from spectacle.config import Settings
from spectacle.daemon.backlog import Backlog
from spectacle.daemon.notices import Notices
from spectacle.spool.directory import Spool
from spectacle.spool.pauses import Pauses, operators_of, read_pauses

log = structlog.get_logger()


class Pausing:
    """The pauses as this instance heeds them. Used by the loop's thread; `pauses` may be read by any.

    Args:
        spool: The spool.
        backlog: What is kept from being taken.
        notices: Told of pauses that do not count.
        settings: Gives the current settings.
        euid: Number of this process's account.
    """

    def __init__(
        self, spool: Spool, backlog: Backlog, notices: Notices, settings: Callable[[], Settings], euid: int
    ) -> None:
        self._spool = spool
        self._backlog = backlog
        self._notices = notices
        self._settings = settings
        self._euid = euid
        self._read_at = float("-inf")
        self.pauses = Pauses()

    def refresh(self, now: float) -> bool:
        """Read the pauses when a poll is due. Returns whether they have changed.

        Raises:
            OSError: When the spool is in trouble.
        """
        settings = self._settings().spool
        if now - self._read_at < settings.poll_interval * 0.9:
            return False
        self._read_at = now
        pauses = read_pauses(self._spool, lambda: operators_of(self._spool, settings.operators, {self._euid}))
        if pauses == self.pauses:
            return False
        former, self.pauses = self.pauses, pauses
        self._notices.replace("pause that does not count", pauses.ignored)
        if pauses.all == former.all:
            return False
        self._backlog.pause(lambda kind: pauses.of(kind) is not None)
        before = {each.kind: each for each in former.all}
        for each in pauses.all:
            if before.pop(each.kind, None) != each:
                log.info("paused", kind=each.kind, by=each.by, reason=each.reason)
        for kind in before:
            log.info("resumed", kind=kind)
        return True

    def forget(self) -> None:
        """Read them again at the next turn, because another directory is at the spool's path."""
        self._read_at = float("-inf")
