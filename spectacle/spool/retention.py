"""Finds results that are to go, by age, number and size, and removes them so that no newer one can be hit.

Files are chosen by name and age alone, so that foreign files are never touched.
"""

from __future__ import annotations

import contextlib
import stat
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from spectacle.spool.claims import Claims
from spectacle.spool.directory import Spool, is_older
from spectacle.spool.naming import POISON, RequestName, is_image_of, request_of, state_path
from spectacle.spool.record import Version
from spectacle.spool.retire import retire


def find_old(spool: Spool, older_than: float, names: Collection[str], now_ns: int) -> list[str]:
    """Paths in the spool of old results, errors, attachments without a request, unfinished requests, and poison.

    What belongs to a request that waits, is claimed or is being published is left alone, and so is everything that is
    not a regular file.

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


@dataclass(frozen=True, slots=True)
class Keeping:
    """How much is kept: None for everything.

    Attributes:
        seconds: Age of the oldest result.
        number: How many results, the newest.
        size: Their bytes in all.
    """

    seconds: float | None = None
    number: int | None = None
    size: int | None = None

    def surplus(self, newest_first: Collection[Kept], now_ns: int) -> Iterator[Kept]:
        """The results that are to go, of those in order."""
        oldest_ns = None if self.seconds is None else now_ns - int(self.seconds * 1e9)
        size = 0
        for number, each in enumerate(newest_first, 1):
            size += each.size
            if (
                (oldest_ns is not None and each.since_ns < oldest_ns)
                or (self.number is not None and number > self.number)
                or (self.size is not None and size > self.size)
            ):
                yield each


@dataclass(frozen=True, slots=True)
class Kept:
    """A result in the spool.

    Attributes:
        name: The request it is of.
        files: Its files, as they looked.
        since_ns: When the last of them was published, by the file server's clock.
        size: Their bytes in all.
    """

    name: RequestName
    files: tuple[Version, ...]
    since_ns: int
    size: int


class Survey:
    """Finds out, in small steps, which results are to go.

    Args:
        spool: The spool.
        keeping: How much is kept of all results together.
        by_kind: The same for single kinds, in addition.
        default_kind: The kind of requests that name none.
        grace: Seconds for which a result is kept in any case.
        now_ns: The file server's time, nanoseconds; ages are compared with it alone.
    """

    def __init__(
        self,
        spool: Spool,
        keeping: Keeping,
        by_kind: Mapping[str, Keeping],
        default_kind: str,
        grace: float,
        now_ns: int,
    ) -> None:
        self._spool = spool
        self._keeping = keeping
        self._by_kind = by_kind
        self._default_kind = default_kind
        self._youngest_ns = now_ns - int(grace * 1e9)
        self._now_ns = now_ns
        self.surplus: list[Kept] = []

    def steps(self) -> Iterator[None]:
        """Fill `surplus`. Between two steps little time passes.

        Raises:
            OSError: When the spool is in trouble.
        """
        names = self._spool.names()
        yield
        files: dict[str, list[str]] = defaultdict(list)
        for name in names:
            if (request := _request_of_result(name)) is not None:
                files[request.stem].append(name)
            yield
        present = frozenset(names)
        del names
        found = []
        for stem, results in files.items():
            request = RequestName.from_stem(stem)
            assert request is not None
            if present.isdisjoint((request.file_name, request.lock_name, request.commit_name)):
                kept = self._look_at(request, results)
                if kept is not None:
                    found.append(kept)
                yield
        found.sort(key=lambda each: (-each.since_ns, each.name.stem))
        yield
        chosen = {each.name.stem: each for each in self._keeping.surplus(found, self._now_ns)}
        for kind, keeping in self._by_kind.items():
            own = [each for each in found if (each.name.kind or self._default_kind) == kind]
            chosen |= {each.name.stem: each for each in keeping.surplus(own, self._now_ns)}
            yield
        self.surplus = [each for each in chosen.values() if each.since_ns <= self._youngest_ns]

    def _look_at(self, request: RequestName, names: list[str]) -> Kept | None:
        looks = ((name, self._spool.peek(name)) for name in names)
        files = [Version.of(name, look) for name, look in looks if look is not None and look.oddity is None]
        if not files:
            return None
        return Kept(request, tuple(files), max(each.mtime_ns for each in files), sum(each.size for each in files))


def _request_of_result(name: str) -> RequestName | None:
    """The request of which a file is a result, or None for any other file."""
    request = request_of(name)
    if request is None or not (name == request.error_name or is_image_of(request.stem, name)):
        return None
    return request


def remove_result(spool: Spool, claims: Claims, result: Kept) -> list[str]:
    """Remove a result, unless it is another one by now, or its request is there again.

    While it is removed the claim on its request is held, so that no other instance serves a newer request of that name.

    Args:
        spool: The spool.
        claims: This instance's claims.
        result: The result as it was found.

    Returns:
        The names of the files that were removed.

    Raises:
        OSError: When the spool is in trouble.
    """
    name = result.name
    claim = claims.claim(name)
    if claim is None:
        return []
    try:
        if claim.spool.look(name.file_name) is not None or claim.spool.look(name.commit_name) is not None:
            return []
        there = [each for each in result.files if each.is_current(claim.spool)]
        for each in there:
            retire(claim.spool, each)
        return [each.name for each in there]
    finally:
        claims.release(claim)


def remove_old_poison(spool: Spool, seconds: float, now_ns: int) -> list[str]:
    """Remove what was quarantined so long ago, but for directories, which nobody knows the content of.

    Args:
        spool: The spool.
        seconds: Age.
        now_ns: The file server's time, nanoseconds.

    Returns:
        The paths removed.
    """
    oldest_ns = now_ns - int(seconds * 1e9)
    removed = []
    for path in (state_path(POISON, entry) for entry in sorted(spool.state_names(POISON))):
        with contextlib.suppress(OSError):
            look = spool.peek(path)
            if look is None or stat.S_ISDIR(look.mode) or look.mtime_ns >= oldest_ns:
                continue
            if spool.remove(path):
                removed.append(path)
    return removed
