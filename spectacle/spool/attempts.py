"""How many attempts at a request were lost with their worker or their daemon, counted where all instances see it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from spectacle.spool.directory import Spool
from spectacle.spool.file_status import NotOrdinary, TooLarge
from spectacle.spool.naming import RequestName, attempts_path

MAX_BYTES = 4096
_MAX_ATTEMPTS = 10**6


@dataclass(frozen=True, slots=True)
class Lost:
    """The lost attempts at one version of a request.

    Attributes:
        count: How many.
        with_daemon: Whether one of them was lost with its daemon, for which any request that ran may have been the
            reason.
    """

    count: int = 0
    with_daemon: bool = False


def read_attempts(spool: Spool, name: RequestName, version: tuple[int, int, int]) -> int:
    """How many attempts at this version of a request were lost so far. As `read_lost` says."""
    return read_lost(spool, name, version).count


def read_lost(spool: Spool, name: RequestName, version: tuple[int, int, int]) -> Lost:
    """The attempts at this version of a request that were lost so far.

    Args:
        spool: The spool.
        name: The request.
        version: The version that is to be served, as `FileStatus.version`. What an earlier request of that name has
            cost does not count against it.

    Raises:
        OSError: When the spool is in trouble.
    """
    record = _read(spool, name)
    count = _count(record, version)
    return Lost(count, bool(count) and record.get("with_daemon") is True)


def add_attempt(
    spool: Spool, name: RequestName, version: tuple[int, int, int], token: str, *, with_daemon: bool = False
) -> int:
    """Count one more lost attempt. To be called by the claim's holder.

    Args:
        spool: The spool.
        name: The request.
        version: As above.
        token: The token of the claim under which it was lost. Each counts once, so that an attempt whose worker ends is
            not counted again by whoever takes the claim over from a daemon that ends after it.
        with_daemon: Whether it was lost with its daemon.

    Returns:
        The new count.

    Raises:
        OSError: When it cannot be written. Uncounted, a request that ends its worker would be tried without end.
    """
    record = _read(spool, name)
    count = _count(record, version)
    if count and record.get("token") == token:
        return count
    with_daemon |= bool(count) and record.get("with_daemon") is True
    count += 1
    content = {"attempts": count, "request": list(version), "token": token}
    if with_daemon:
        content["with_daemon"] = True
    spool.replace(attempts_path(name.stem), json.dumps(content).encode())
    return count


def clear_attempts(spool: Spool, name: RequestName) -> None:
    """Forget the lost attempts at a request."""
    spool.remove(attempts_path(name.stem))


def _read(spool: Spool, name: RequestName) -> dict[str, object]:
    try:
        content, _ = spool.read(attempts_path(name.stem), MAX_BYTES)
        record = json.loads(content)
    except (FileNotFoundError, NotOrdinary, TooLarge, ValueError, RecursionError):
        # Anybody may write there.
        return {}
    return record if isinstance(record, dict) else {}


def _count(record: dict[str, object], version: tuple[int, int, int]) -> int:
    # Earlier versions of Spectacle did not say which request they counted for.
    if record.get("request", list(version)) != list(version):
        return 0
    count = record.get("attempts")
    return min(max(0, count), _MAX_ATTEMPTS) if isinstance(count, int) else 0
