"""Removes stale files, once an hour and when space is short, and claims without a request as scans find them."""

from __future__ import annotations

from collections.abc import Callable

from spectacle.config import Settings
from spectacle.daemon.scanner import Listing
from spectacle.spool.claims import Claims
from spectacle.spool.directory import Spool
from spectacle.spool.sweep import StrayClaims, sweep

SWEEP_INTERVAL = 3600.0


class Housekeeping:
    """Tidies one spool up.

    Args:
        spool: The spool.
        claims: This instance's claims.
        settings: Gives the current settings.
    """

    def __init__(self, spool: Spool, claims: Claims, settings: Callable[[], Settings]) -> None:
        self._spool = spool
        self._claims = claims
        self._settings = settings
        self._strays = StrayClaims(claims)
        self._swept = float("-inf")

    def after_scan(self, listing: Listing, now: float) -> None:
        """Go by what a scan has found.

        Raises:
            OSError: When the spool is in trouble.
        """
        present, claimed, unfinished = listing.present, listing.claimed, listing.unfinished
        self._claims.forget(lambda stem: stem in present or stem in unfinished or stem in claimed)
        self._strays.found(claimed - present - unfinished)
        if now - self._swept > SWEEP_INTERVAL:
            self._swept = now
            self._spool.prepare_state_directory()
            self.sweep()

    def sweep(self) -> None:
        """Remove the stale files now.

        Raises:
            OSError: When the spool is in trouble, or has no room for the empty file that tells its server's time.
        """
        sweep(self._spool, self._claims, self._settings().spool.lease_duration, self._spool.now_ns())
