"""A stand-in for `os` that fails or stops the world at a chosen system call."""

from __future__ import annotations

import os
from typing import Any

CHANGING = frozenset({"open", "write", "fsync", "link", "rename", "unlink", "mkdir"})
"""Calls that are counted. `open` counts although it only sometimes changes something."""


class Crash(BaseException):
    """The process is gone: nothing of it runs any more, not even its clean-up."""


class FaultySystem:
    """Behaves like `os` up to the counted call number `at`.

    Args:
        at: Which counted call is hit, from 0; None counts only.
        error: The error it fails with, once; None stops the world instead.
        after: Whether the call is carried out all the same, as when only its reply is lost.
    """

    def __init__(self, at: int | None = None, error: OSError | None = None, *, after: bool = False) -> None:
        self.at = at
        self.error = error
        self.after = after
        self.calls: list[str] = []
        self._dead = False

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in CHANGING:
            return self._watched(real)

        def call(*arguments: Any, **options: Any) -> Any:
            if self._dead:
                raise Crash
            number = len(self.calls)
            self.calls.append(name)
            if number != self.at:
                return real(*arguments, **options)
            if self.after:
                real(*arguments, **options)
            if self.error is not None:
                raise self.error
            self._dead = True
            raise Crash

        return call

    def _watched(self, real: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            if self._dead and real is not os.close:
                raise Crash
            return real(*arguments, **options)

        return call if callable(real) else real
