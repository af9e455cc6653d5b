"""What is tidied up after a scan: old left-overs once an hour, and claims without a request as they are found."""

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
        present, claimed, committed = listing.present, listing.claimed, listing.committed
        self._claims.forget(lambda stem: stem in present or stem in committed or stem in claimed)
        self._strays.found(claimed - present - committed)
        if now - self._swept > SWEEP_INTERVAL:
            self._swept = now
            self._spool.prepare_state_directory()
            sweep(self._spool, self._claims, self._settings().spool.lease_duration, listing.names, self._spool.now_ns())
