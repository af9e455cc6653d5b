"""Threads that are kept for the next function once theirs has returned: starting one costs more than waking it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable


class KeptThreads:
    """Runs functions side by side, each in a thread of its own.

    There are as many threads as functions have run at the same time. They live until `close`.

    Args:
        name: What the threads' names begin with.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._change = threading.Condition()
        self._functions: deque[Callable[[], None]] = deque()
        self._free = 0
        self._count = 0
        self._closed = False

    def start(self, function: Callable[[], None]) -> None:
        """Run a function, which raises nothing, in a thread that runs nothing else meanwhile.

        Raises:
            RuntimeError: When the system does not allow another thread; the function is not run.
        """
        with self._change:
            if len(self._functions) < self._free:
                self._functions.append(function)
                self._change.notify()
                return
            self._count += 1
            name = f"{self._name}-{self._count}"
        threading.Thread(target=self._work, args=(function,), name=name, daemon=True).start()

    def close(self) -> None:
        """End the threads once what was started has returned."""
        with self._change:
            self._closed = True
            self._change.notify_all()

    def _work(self, first: Callable[[], None]) -> None:
        first()
        while (function := self._next()) is not None:
            function()

    def _next(self) -> Callable[[], None] | None:
        with self._change:
            self._free += 1
            while not self._functions and not self._closed:
                self._change.wait()
            self._free -= 1
            return self._functions.popleft() if self._functions else None
