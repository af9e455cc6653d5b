"""Whether the spool can be used: why nothing is claimed, until when, and what an error means for that."""

from __future__ import annotations

import errno
import threading
from collections import deque
from collections.abc import Callable

import structlog

from spectacle.daemon.backlog import MAX_BACKOFF, MIN_BACKOFF
from spectacle.errors import SpoolUnavailable
from spectacle.spool.diagnosis import and_project, is_full
from spectacle.spool.directory import ROOM_BYTES, Spool

log = structlog.get_logger()

MAX_ERRORS_TOLD = 10

WHOLE_SPOOL = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ESTALE, errno.ENODEV, errno.ENOTCONN, errno.ETIMEDOUT}
    | {errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOTDIR}
)
"""Error numbers after which nothing is claimed until the spool has proved that it can be written again."""


class SpoolHealth:
    """The state of the spool as this instance finds it. Device threads find it out as well as the loop.

    Attributes:
        reason: Why nothing is claimed, or None while the spool is well.
        is_short: Whether there was no space since it was well, or less than there has to be.
        errors: What went wrong lately, for the report.

    Args:
        spool: The spool.
        clock: Monotonic seconds.
    """

    def __init__(self, spool: Spool, clock: Callable[[], float]) -> None:
        self._spool = spool
        self._clock = clock
        # Device threads may pause, too.
        self._changing = threading.Lock()
        self.reason: str | None = f"the spool {spool.path} has not been opened yet"
        self.errors: deque[str] = deque(maxlen=MAX_ERRORS_TOLD)
        self._resume_at = 0.0
        self.is_short = False
        self._backoff = MIN_BACKOFF

    def pause(self, reason: str, cause: BaseException | None = None) -> None:
        """Claim nothing for a while, longer each time in a row. Several attempts that fail together count once.

        Args:
            reason: Why, for people.
            cause: The error.
        """
        with self._changing:
            self.is_short = self.is_short or is_full(cause)
            if self.reason != reason:
                log.error("waiting for the spool", reason=reason)
                self.errors.append(reason)
            self.reason = reason
            now = self._clock()
            if self._resume_at <= now:
                self._resume_at = now + self._backoff
                self._backoff = min(2 * self._backoff, MAX_BACKOFF)

    def doubt(self) -> None:
        """Have a directory that has just been opened prove now that it can be used."""
        with self._changing:
            self.reason = self.reason or f"the spool {self._spool.path} has just been opened"
            self._resume_at = self._clock()

    def resume(self) -> None:
        """Claim again."""
        with self._changing:
            self.reason = None
            self.is_short = False
            self._backoff = MIN_BACKOFF

    def seconds_to_resume(self) -> float | None:
        """Seconds until the spool is to be tried again, 0 when that is now; None while it is well."""
        return None if self.reason is None else max(0.0, self._resume_at - self._clock())

    def check_writable(self) -> None:
        """Do nothing when the spool can be written again, with some room if there was none.

        Raises:
            SpoolUnavailable: Otherwise, saying why.
        """
        self._spool.writable(ROOM_BYTES if self.is_short else 0)

    def check_space(self, min_free: int) -> None:
        """Do nothing while enough bytes are free.

        Raises:
            SpoolUnavailable: Otherwise.
        """
        free = self._spool.free_bytes()
        # Some more than the minimum is required before continuing, so as not to stop and go.
        if free < min_free or (self.reason is not None and free < min_free * 1.1):
            self.is_short = True
            raise SpoolUnavailable(
                f"spool {self._spool.path}: {free // 2**20} MiB free{and_project(self._spool.path)}, but "
                f"spool.min_free is {min_free // 2**20} MiB. Free some space."
            )

    def concerns_whole_spool(self, error: OSError) -> bool:
        """Whether an error concerns the whole spool, not just one name in it."""
        if error.errno not in (errno.EACCES, errno.EPERM):
            return error.errno in WHOLE_SPOOL
        try:
            self._spool.writable()
        except SpoolUnavailable:
            return True
        return False
