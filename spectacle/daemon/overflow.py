"""What is kept of the requests beyond those that are tracked: a few numbers each, in arrays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OTHER_KINDS = "…"
"""What is counted under this are requests of more kinds than are told apart."""

_MAX_KINDS = 1000
_PARTS = 16
_MAX_RECENT = 20_000
"""Requests that are kept aside before they are sorted in, for that costs as much for one as for all."""


class Overflow:
    """Requests known by their stem's hash: when they were written, whose they are, and of which kind. Not thread-safe.

    Each takes 23 bytes. Two stems of one hash count as one, which happens once in ten million spools of a million.
    NumPy is loaded when there are any.
    """

    def __init__(self) -> None:
        self._kinds: dict[str, int] = {}
        self.clear()

    def clear(self) -> None:
        """Forget all."""
        self._recent: dict[int, tuple[int, int, int]] = {}
        self._columns: _Columns | None = None

    def __len__(self) -> int:
        return len(self._recent) + (0 if self._columns is None else self._columns.count)

    def add(self, stem: str, written_ns: int, group: int, kind: str) -> None:
        """Know of a request.

        Args:
            stem: Its stem.
            written_ns: When it was written, nanoseconds.
            group: A number of whoever shares one turn, 0 to 2³¹ − 1: equal for what competes with each other.
            kind: Its kind.
        """
        if kind not in self._kinds and len(self._kinds) >= _MAX_KINDS:
            kind = OTHER_KINDS
        number = self._kinds.setdefault(kind, len(self._kinds))
        key = hash(stem)
        if self._columns is None or not self._columns.holds(key):
            self._recent[key] = (written_ns, group, number)
        if len(self._recent) >= _MAX_RECENT:
            self._sort_in()

    def __contains__(self, stem: object) -> bool:
        key = hash(stem)
        return key in self._recent or (self._columns is not None and self._columns.holds(key))

    def discard(self, stem: str) -> None:
        """Forget one, if it is there."""
        if stem in self:
            self.remove({hash(stem)})

    def remove(self, hashes: set[int]) -> None:
        """Forget those of these hashes."""
        self._sort_in()
        if self._columns is not None and not self._columns.drop(hashes):
            self._columns = None

    def begin_listing(self) -> None:
        """Take note from now on of which are still there."""
        self._sort_in()
        if self._columns is not None:
            self._columns.seen[:] = False

    def not_among(self, stems: Sequence[str]) -> list[str]:
        """Those of the stems that are not known here; the others are noted as still there."""
        if not len(self):
            return list(stems)
        keys = list(map(hash, stems))
        unknown = range(len(stems)) if self._columns is None else self._columns.not_among(keys)
        return [stems[index] for index in unknown if keys[index] not in self._recent]

    def end_listing(self) -> None:
        """Forget what was not noted as still there."""
        self._sort_in()
        if self._columns is not None and not self._columns.keep(self._columns.seen):
            self._columns = None

    def by_kind(self) -> Counter[str]:
        """How many there are of each kind."""
        names = list(self._kinds)
        counts = Counter({names[number]: count for number, count in self._counted().items()})
        counts.update(names[number] for _, _, number in self._recent.values())
        return counts

    def choose(self, elsewhere: Mapping[int, int], *, room: int, small: int, small_room: int) -> set[int]:
        """The hashes of those that should be tracked next: of each group the oldest, groups with few before others.

        Args:
            elsewhere: How many of each group are tracked already.
            room: How many may be chosen.
            small: A group with fewer than this is small.
            small_room: How many of small groups may be chosen.
        """
        self._sort_in()
        return set() if self._columns is None else self._columns.choose(elsewhere, room, small, small_room)

    def _counted(self) -> dict[int, int]:
        return {} if self._columns is None else self._columns.by_kind()

    def _sort_in(self) -> None:
        if self._recent:
            if self._columns is None:
                self._columns = _Columns()
            self._columns.insert(self._recent)
            self._recent = {}


class _Columns:
    """The requests, sorted by hash."""

    def __init__(self) -> None:
        import numpy

        self._np: Any = numpy
        self._keys: NDArray[np.int64] = numpy.empty(0, numpy.int64)
        self._written: NDArray[np.int64] = numpy.empty(0, numpy.int64)
        self._groups: NDArray[np.int32] = numpy.empty(0, numpy.int32)
        self._kinds: NDArray[np.int16] = numpy.empty(0, numpy.int16)
        self.seen: NDArray[np.bool_] = numpy.empty(0, numpy.bool_)

    @property
    def count(self) -> int:
        return len(self._keys)

    def holds(self, key: int) -> bool:
        index = int(self._np.searchsorted(self._keys, key))
        return index < len(self._keys) and int(self._keys[index]) == key

    def drop(self, keys: set[int]) -> int:
        np = self._np
        gone = np.fromiter(keys, np.int64, len(keys))
        places = np.searchsorted(self._keys, gone)
        places[places == len(self._keys)] = 0
        kept = np.ones(len(self._keys), np.bool_)
        kept[places[self._keys[places] == gone]] = False
        return self.keep(kept)

    def insert(self, rows: Mapping[int, tuple[int, int, int]]) -> None:
        np = self._np
        keys = np.fromiter(rows, np.int64, len(rows))
        order = np.argsort(keys)
        keys = keys[order]
        places = np.searchsorted(self._keys, keys)
        self._keys = np.insert(self._keys, places, keys)
        for name, column in (("_written", 0), ("_groups", 1), ("_kinds", 2)):
            old = getattr(self, name)
            new = np.fromiter((row[column] for row in rows.values()), old.dtype, len(rows))
            setattr(self, name, np.insert(old, places, new[order]))
        self.seen = np.insert(self.seen, places, True)

    def not_among(self, keys: Sequence[int]) -> list[int]:
        np = self._np
        wanted = np.array(keys, np.int64)
        places = np.searchsorted(self._keys, wanted)
        places[places == len(self._keys)] = 0
        found = self._keys[places] == wanted
        self.seen[places[found]] = True
        unknown: list[int] = np.flatnonzero(~found).tolist()
        return unknown

    def keep(self, which: NDArray[np.bool_]) -> int:
        """Keep those of a mask; returns how many that are."""
        if not which.all():
            for name in ("_keys", "_written", "_groups", "_kinds", "seen"):
                setattr(self, name, getattr(self, name)[which])
        return len(self._keys)

    def by_kind(self) -> dict[int, int]:
        return {number: int(count) for number, count in enumerate(self._np.bincount(self._kinds)) if count}

    def choose(self, elsewhere: Mapping[int, int], room: int, small: int, small_room: int) -> set[int]:
        np = self._np
        most = max(room, small_room)
        if not len(self._keys) or most <= 0:
            return set()
        # Some groups after the other, because the columns that this takes are large.
        parts = []
        for part in range(_PARTS):
            rows = np.flatnonzero(self._groups % _PARTS == part).astype(np.int32)
            counts = {group: count for group, count in elsewhere.items() if group % _PARTS == part}
            parts.append(self._first(most, *self._turns(rows, counts)))
        rows, turns = np.concatenate([each[0] for each in parts]), np.concatenate([each[1] for each in parts])
        order = np.lexsort((self._written[rows], turns))
        rows, turns = rows[order], turns[order]
        place = np.arange(len(rows))
        chosen = rows[(place < room) | ((turns < small) & (place < small_room))]
        hashes: set[int] = set(self._keys[chosen].tolist())
        return hashes

    def _turns(
        self, rows: NDArray[np.int32], elsewhere: Mapping[int, int]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The rows, and which turn of its group each would be."""
        np = self._np
        if not len(rows):
            return rows, rows
        rows = rows[np.lexsort((self._written[rows], self._groups[rows]))]
        groups = self._groups[rows]
        begins = np.flatnonzero(np.concatenate(([True], groups[1:] != groups[:-1]))).astype(np.int32)
        groups = groups[begins]
        turns = np.arange(len(rows), dtype=np.int32)
        turns -= np.repeat(begins, np.diff(begins, append=np.int32(len(rows))))
        ends = np.append(begins[1:], np.int32(len(rows)))
        for group, count in elsewhere.items():
            place = int(np.searchsorted(groups, group))
            if place < len(groups) and groups[place] == group:
                turns[begins[place] : ends[place]] += count
        return rows, turns

    def _first(
        self, most: int, rows: NDArray[np.int32], turns: NDArray[np.int32]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The `most` whose turn comes first, of those of the same turn the oldest; in no order."""
        np = self._np
        if len(rows) <= most:
            return rows, turns
        last = np.partition(turns, most)[most]
        sure, tied = rows[turns < last], rows[turns == last]
        more = most - len(sure)
        tied = tied[np.argpartition(self._written[tied], more)[:more]]
        return (
            np.concatenate((sure, tied)),
            np.concatenate((turns[turns < last], np.full(len(tied), last, np.int32))),
        )
