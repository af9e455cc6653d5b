"""Finds old answers and what clients left lying, by name and age alone, so that foreign files are never touched."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterator

from spectacle.spool.directory import HOUSE, Spool
from spectacle.spool.naming import RESERVED_KINDS, RequestName

POISON = f"{HOUSE}/poison"

_ATTACHMENT = r"-(?:options\.json|mask\.png|control\.png|input(?:[2-9]|10)?\.(?:png|jpe?g|webp))"
_COMPANION = re.compile(rf"(?P<stem>.+)(?:-error\.txt|-progress\.json|{_ATTACHMENT})")
_DRAFT = re.compile(rf"\.(?P<stem>.+?)(?:\.txt|{_ATTACHMENT})?\.tmp")
"""What our clients write before they rename it into place."""

_RESULT = re.compile(r"(?P<stem>.+?)(?:-[1-9][0-9]*)?\.(?:png|svg)")


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
    return [path for path in _candidates(spool, frozenset(names)) if is_older(spool, path, oldest_ns)]


def is_older(spool: Spool, path: str, oldest_ns: int) -> bool:
    """Whether an ordinary file lies there that was last written before `oldest_ns`, nanoseconds of the server's."""
    with contextlib.suppress(OSError):
        look = spool.peek(path)
        return look is not None and look.oddity is None and look.mtime_ns < oldest_ns
    return False


def _candidates(spool: Spool, names: frozenset[str]) -> Iterator[str]:
    for name in sorted(names):
        request = _request_of(name)
        if request is not None and names.isdisjoint((request.file_name, request.lock_name, request.commit_name)):
            yield name
    yield from (f"{POISON}/{entry}" for entry in sorted(spool.house_names("poison")))


def _request_of(name: str) -> RequestName | None:
    """The request that a file answers, is attached to or was to become, or None for any other file."""
    match = _COMPANION.fullmatch(name) or _RESULT.fullmatch(name) or _DRAFT.fullmatch(name)
    request = RequestName.parse(f"{match['stem']}.txt") if match is not None else None
    return None if request is None or request.kind in RESERVED_KINDS else request
