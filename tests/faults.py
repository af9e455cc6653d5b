"""A stand-in for `os` that fails or stops the world at a chosen system call."""

from __future__ import annotations

import errno
import os
from typing import Any

from spectacle.spool.exclusive import rename_exclusive

CHANGING = frozenset({"open", "write", "fsync", "link", "rename", "rename_exclusive", "unlink", "mkdir"})
"""Calls that are counted. `open` counts although it only sometimes changes something."""


def _failing(number: int) -> Any:
    def call(*_names: str, **_options: Any) -> None:
        raise OSError(number, os.strerror(number))

    return call


class Crash(BaseException):
    """The process is gone: nothing of it runs any more, not even its clean-up."""


class FaultySystem:
    """Behaves like `os` up to the counted call number `at`.

    Args:
        at: Which counted call is hit, from 0; None counts only.
        error: The error it fails with, once; None stops the world instead.
        after: Whether the call is carried out all the same, as when only its reply is lost.
        links: Whether there are hard links.
        exclusive_renames: Whether there are exclusive renames.
    """

    def __init__(
        self,
        at: int | None = None,
        error: OSError | None = None,
        *,
        after: bool = False,
        links: bool = True,
        exclusive_renames: bool = True,
    ) -> None:
        self.at = at
        self.error = error
        self.after = after
        self.calls: list[str] = []
        self._dead = False
        self._missing = {"link": errno.EPERM} if not links else {}
        if not exclusive_renames:
            self._missing["rename_exclusive"] = errno.EINVAL

    def __getattr__(self, name: str) -> Any:
        real = rename_exclusive if name == "rename_exclusive" else getattr(os, name)
        if name in self._missing:
            real = _failing(self._missing[name])
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
