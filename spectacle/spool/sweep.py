"""Removes what crashes leave behind: temporaries, claims aside, claims without a request, old reports."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice

import structlog

from spectacle.spool.claims import Claims
from spectacle.spool.commit import sweep_retired
from spectacle.spool.directory import HOUSE, Spool
from spectacle.spool.naming import RequestName, commit_name, stem_of_commit, stem_of_lock

log = structlog.get_logger()

LEASES = 10
"""Left-overs are removed once they are older than this many leases."""

MOST_STRAYS = 100
"""Most claims that are judged after a scan, for anybody may make any number of them."""

_LEFT_OVER = re.compile(
    r"\.probe\.[0-9a-f]{8}\.tmp"
    r"|\.(?P<stem>.+?)(?:\.[0-9a-f]{8}\.(?:[0-9]+|commit)\.tmp|\.lock\.[0-9a-f]{16}\.aside|-progress\.json\.[0-9a-f]{8}\.tmp)"
)
_RETIRED = re.compile(r"\..+\.(?:[0-9a-f]{16}|inode-[0-9]+)\.[0-9a-f]{8}\.retired")
_PROGRESS = "-progress.json"
_BROKEN_LOCK = re.compile(r"(?P<stem>.+)\.lock\.(?:break|restore)\.[0-9]+\.[0-9a-f]{32}")


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
    return [path for path in chain(left_over, _orphans_in_house(spool, present)) if _is_older(spool, path, oldest)]


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
                name = RequestName.parse(f"{stem}.txt")
                if name is None or not claims.remove_dead(name):
                    continue
            elif path.endswith(".retired"):
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
        for stem in islice(stems & self._seen, MOST_STRAYS):
            name = RequestName.parse(f"{stem}.txt")
            with contextlib.suppress(OSError):
                if name is not None and self._claims.remove_dead(name):
                    log.info("removed a dead claim on a request that is gone", stem=stem)
        self._seen = stems


def _is_older(spool: Spool, path: str, oldest_ns: int) -> bool:
    with contextlib.suppress(OSError):
        look = spool.peek(path)
        return look is not None and look.mtime_ns < oldest_ns
    return False


def _is_left_over(name: str, present: set[str]) -> bool:
    if stem := stem_of_lock(name):
        return f"{stem}.txt" not in present and commit_name(stem) not in present
    if name.endswith(_PROGRESS):
        stem = name.removesuffix(_PROGRESS)
        return f"{stem}.txt" not in present and _is_stem(stem)
    if stem_of_commit(name) or (not name.startswith(".") and ".lock." not in name):
        return False
    match = _LEFT_OVER.fullmatch(name) or _BROKEN_LOCK.fullmatch(name)
    if match is None:
        return _RETIRED.fullmatch(name) is not None
    # What a standing commit record or a held claim may still need stays.
    stem = match["stem"]
    return stem is None or (commit_name(stem) not in present and f"{stem}.lock" not in present and _is_stem(stem))


def _is_stem(text: str) -> bool:
    return RequestName.parse(f"{text}.txt") is not None


def _orphans_in_house(spool: Spool, present: set[str]) -> Iterator[str]:
    """Temporaries anywhere, attempts of requests that are gone, reports, reserves of instances that are gone."""
    reporting = {name.removesuffix(".json") for name in spool.house_names("instances")}
    for part in ("", "instances", "attempts"):
        for entry in spool.house_names(part):
            orphaned = (
                entry.endswith(".tmp")
                or part == "instances"
                or (part == "attempts" and f"{entry}.txt" not in present)
                or (entry.startswith("reserve-") and entry.removeprefix("reserve-") not in reporting)
            )
            if orphaned:
                yield f"{HOUSE}/{part}/{entry}" if part else f"{HOUSE}/{entry}"
