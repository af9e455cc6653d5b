"""Removes what crashes leave behind: temporaries, claims aside, claims without a request, old reports."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from itertools import chain, islice

import structlog

from spectacle.spool.claims import Claims
from spectacle.spool.commit import sweep_retired
from spectacle.spool.directory import Spool, is_older
from spectacle.spool.instances import schemas_in_use
from spectacle.spool.naming import (
    ATTEMPTS,
    INSTANCES,
    RequestName,
    Temporary,
    commit_name,
    is_state_draft,
    lock_name,
    parse_retired,
    reporter_of,
    request_name,
    reserve_holder,
    schema_digest,
    state_path,
    stem_of_lock,
    stem_of_progress,
)

log = structlog.get_logger()

LEASES = 10
"""Left-overs are removed once they are older than this many leases."""

MAX_STRAYS = 100
"""Most claims that are judged after a scan, for anybody may make any number of them."""


def find_left_overs(spool: Spool, lease_duration: float, names: Iterable[str], now_ns: int) -> list[str]:
    """Paths in the spool of the left-overs that are older than ten leases.

    Args:
        spool: The spool.
        lease_duration: Seconds.
        names: The names in the spool.
        now_ns: The file server's time, nanoseconds; ages are compared with it alone.
    """
    present = set(names)
    oldest = now_ns - int(LEASES * lease_duration * 1e9)
    left_over = (name for name in sorted(present) if _is_left_over(name, present))
    return [path for path in chain(left_over, _orphaned_state(spool, present)) if is_older(spool, path, oldest)]


def sweep(spool: Spool, claims: Claims, lease_duration: float, names: Iterable[str], now_ns: int) -> list[str]:
    """Remove the left-overs that are older than ten leases.

    Args:
        spool: The spool.
        claims: Judges whether a claim without a request is dead.
        lease_duration: Seconds.
        names: The names in the spool.
        now_ns: The file server's time, nanoseconds; ages are compared with it alone.

    Returns:
        The paths removed.
    """
    removed = []
    for path in find_left_overs(spool, lease_duration, names, now_ns):
        with contextlib.suppress(OSError):
            stem = stem_of_lock(path)
            if stem is not None:
                name = RequestName.from_stem(stem)
                if name is None or not claims.remove_dead(name):
                    continue
            elif parse_retired(path) is not None:
                sweep_retired(spool, path)
            else:
                spool.remove(path)
            removed.append(path)
    if removed:
        log.info("removed left-overs of crashes", count=len(removed))
    return removed


class StrayClaims:
    """Removes the claims on requests that are gone whose holders are, too, without waiting for the next sweep.

    Args:
        claims: Judges whether they are dead.
    """

    def __init__(self, claims: Claims) -> None:
        self._claims = claims
        self._seen: set[str] = set()

    def found(self, stems: set[str]) -> None:
        """Go by what a scan has found: the stems with a claim, but neither request nor commit record.

        What is found for the first time is most likely just being given up.
        """
        for stem in islice(stems & self._seen, MAX_STRAYS):
            name = RequestName.from_stem(stem)
            with contextlib.suppress(OSError):
                if name is not None and self._claims.remove_dead(name):
                    log.info("removed a dead claim on a request that is gone", stem=stem)
        self._seen = stems


def _is_left_over(name: str, present: set[str]) -> bool:
    if stem := stem_of_lock(name):
        return request_name(stem) not in present and commit_name(stem) not in present
    if stem := stem_of_progress(name):
        return request_name(stem) not in present
    temporary = Temporary.parse(name)
    if temporary is None:
        return parse_retired(name) is not None
    # What a pending commit record or a held claim may still need stays.
    stem = temporary.stem
    return stem is None or (commit_name(stem) not in present and lock_name(stem) not in present)


def _orphaned_state(spool: Spool, present: set[str]) -> Iterator[str]:
    """Temporaries anywhere, attempts of requests that are gone, reports, what instances that are gone have left."""
    reporting = {reporter_of(entry) for entry in spool.state_names(INSTANCES)}
    schemas = schemas_in_use(spool)
    for part in ("", INSTANCES, ATTEMPTS):
        for entry in spool.state_names(part):
            holder, digest = reserve_holder(entry), schema_digest(entry)
            orphaned = (
                is_state_draft(entry)
                or part == INSTANCES
                or (part == ATTEMPTS and request_name(entry) not in present)
                or (not part and holder is not None and holder not in reporting)
                or (not part and digest is not None and digest not in schemas)
            )
            if orphaned:
                yield state_path(part, entry)
