"""Keeps what an iterator has given, so that it is computed only once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

_Item = TypeVar("_Item")


class Remembered(Generic[_Item]):
    """The items of an iterator, each computed when it is first asked for."""

    def __init__(self, items: Iterator[_Item]) -> None:
        self._items = items
        self._known: list[_Item] = []

    def __iter__(self) -> Iterator[_Item]:
        yield from self._known
        for item in self._items:
            self._known.append(item)
            yield item
