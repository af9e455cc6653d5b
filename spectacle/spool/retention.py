"""Finds old answers and what clients left lying, by name and age alone, so that foreign files are never touched."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from spectacle.spool.directory import Spool, is_older
from spectacle.spool.naming import POISON, request_of, state_path


def find_old(spool: Spool, older_than: float, names: Collection[str], now_ns: int) -> list[str]:
    """Paths in the spool of old results, errors, attachments without a request, unfinished requests, and poison.

    What belongs to a request that waits, is claimed or is being answered is left alone, and so is everything that is
    no ordinary file.

    Args:
        spool: The spool.
        older_than: Age in seconds.
        names: The names in the spool.
        now_ns: The file server's time, nanoseconds; ages are compared with it alone.
    """
    oldest_ns = now_ns - int(older_than * 1e9)
    return [path for path in _candidates(spool, frozenset(names)) if is_older(spool, path, oldest_ns, ordinary=True)]


def _candidates(spool: Spool, names: frozenset[str]) -> Iterator[str]:
    for name in sorted(names):
        request = request_of(name)
        if request is not None and names.isdisjoint((request.file_name, request.lock_name, request.commit_name)):
            yield name
    yield from (state_path(POISON, entry) for entry in sorted(spool.state_names(POISON)))
