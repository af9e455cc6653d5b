"""A little disk space kept back, so that an error can still be written when the disk is full."""

from __future__ import annotations

import contextlib

from spectacle.spool.directory import Spool, unavailable
from spectacle.spool.naming import reserve_path

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
        self._name = reserve_path(instance)
        self._kept = False

    def keep(self) -> None:
        """Make the reserve where it is missing.

        Raises:
            SpoolUnavailable: When there is no room for it; then there is none for an image either.
        """
        if self._kept:
            return
        try:
            self._spool.write(self._name, b"\0" * RESERVE_BYTES)
        except FileExistsError:
            pass
        except OSError as error:
            raise unavailable(self._spool.path, error) from error
        self._kept = True

    def drop(self) -> bool:
        """Give the space back. Returns whether there was any to give."""
        kept, self._kept = self._kept, False
        with contextlib.suppress(OSError):
            return self._spool.remove(self._name) and kept
        return False
