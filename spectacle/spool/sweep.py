"""Removes what crashes leave behind: temporaries, claims aside, claims without a request, old reports."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from itertools import chain, islice

import structlog

from spectacle.spool.claims import Claims
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
    may_be_left_over,
    parse_retired,
    reporter_of,
    request_name,
    reserve_holder,
    schema_digest,
    state_path,
    stem_of_aside,
    stem_of_lock,
    stem_of_progress,
    usage_path,
)
from spectacle.spool.retire import finish_retiring
from spectacle.spool.usage import WINDOW, account_holders

log = structlog.get_logger()

LEASES = 10
"""Stale files are removed once they are older than this many leases."""

MAX_STRAYS = 100
"""Maximum number of claims that are judged after a scan, because anybody may make any number of them."""


class Names:
    """The names in a spool, listed again whenever they are gone through."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    def __iter__(self) -> Iterator[str]:
        return self._spool.each_name()


def find_left_overs(spool: Spool, lease_duration: float, names: Iterable[str], now_ns: int) -> list[str]:
    """Paths in the spool of the stale files that are older than ten leases.

    Args:
        spool: The spool.
        lease_duration: Seconds.
        names: The names in the spool; they are gone through twice.
        now_ns: The file server's time, nanoseconds; ages are compared with it alone.
    """
    candidates = {name for name in names if may_be_left_over(name)}
    stems = {stem for name in candidates if (stem := stem_of_lock(name) or stem_of_progress(name)) is not None}
    asked = {request_name(stem) for stem in chain(stems, spool.state_names(ATTEMPTS))}
    # Not all names, of which there may be very many.
    present = candidates | {name for name in names if name in asked}
    oldest = now_ns - int(LEASES * lease_duration * 1e9)
    asides = {name: stem for name in candidates if (stem := stem_of_aside(name)) is not None}
    # Such a claim has just been found alive, and is put back in a moment.
    present |= {lock_name(stem) for name, stem in asides.items() if not is_older(spool, name, oldest)}
    left_over = (name for name in sorted(candidates) if _is_left_over(name, present))
    return [path for path in chain(left_over, _orphaned_state(spool, present, now_ns)) if is_older(spool, path, oldest)]


def sweep(spool: Spool, claims: Claims, lease_duration: float, now_ns: int) -> list[str]:
    """Remove the stale files that are older than ten leases.

    What keeps others from being left over goes first, and then they, by another listing.

    Args:
        spool: The spool.
        claims: Judges whether a claim without a request is dead.
        lease_duration: Seconds.
        now_ns: The file server's time, nanoseconds; ages are compared with it alone.

    Returns:
        The paths removed.
    """
    removed: list[str] = []
    for may_go in (_is_needed_by_others, lambda path: True):
        # A listing that a network file system has kept may still show what is gone.
        spool.forget_names()
        left_over = find_left_overs(spool, lease_duration, Names(spool), now_ns)
        removed += [path for path in left_over if may_go(path) and _remove(spool, claims, path)]
    if removed:
        log.info("removed stale files", count=len(removed))
    return removed


def _is_needed_by_others(path: str) -> bool:
    """Whether it is a claim, which protects drafts, a file that may become a request again, or a report."""
    return (
        stem_of_lock(path) is not None
        or parse_retired(path) is not None
        or path.startswith(f"{state_path(INSTANCES)}/")
    )


def _remove(spool: Spool, claims: Claims, path: str) -> bool:
    with contextlib.suppress(OSError):
        if (stem := stem_of_lock(path)) is not None:
            name = RequestName.from_stem(stem)
            return name is not None and claims.remove_dead(name)
        if parse_retired(path) is not None:
            finish_retiring(spool, path)
            return True
        return spool.remove(path)
    return False


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
        for stem in islice(sorted(stems & self._seen), MAX_STRAYS):
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


def _orphaned_state(spool: Spool, present: set[str], now_ns: int) -> Iterator[str]:
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
    for holder in account_holders(spool):
        # It counts for as long as what was started does, however soon its instance has ended.
        if holder not in reporting and is_older(spool, usage_path(holder), now_ns - 2 * WINDOW * 10**9):
            yield usage_path(holder)
