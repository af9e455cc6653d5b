"""A little disk space kept back, so that an error can still be written when the disk is full."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator

from spectacle.spool import HOUSE, Spool

RESERVE_BYTES = 64 * 1024
"""Enough for the error texts and commit records of several requests, at one 4 KiB block each."""


class Reserve:
    """One instance's reserve in the spool.

    Args:
        spool: The spool.
        instance: Identity of the instance.
    """

    def __init__(self, spool: Spool, instance: str) -> None:
        self._spool = spool
        self._name = f"{HOUSE}/reserve-{instance}"
        self._kept = False

    def keep(self) -> None:
        """Make the reserve where it is missing; without space for it, do without."""
        if self._kept:
            return
        try:
            self._spool.write(self._name, b"\0" * RESERVE_BYTES)
            self._kept = True
        except FileExistsError:
            self._kept = True
        except OSError:
            pass

    def drop(self) -> None:
        """Give the space back."""
        with contextlib.suppress(OSError):
            self._spool.remove(self._name)
        self._kept = False

    @contextlib.contextmanager
    def spent_on_full_disk(self) -> Iterator[None]:
        """Give the reserve up when the disk turns out to be full inside; the next try will find the space.

        Raises:
            OSError: Whatever was raised inside.
        """
        try:
            yield
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                self.drop()
            raise
