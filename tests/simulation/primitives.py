"""Stand-ins for what Spectacle's modules use of `threading`, `time` and `secrets`, which wait in simulated time.

They are put in the place of those modules in the modules of `spectacle.daemon`, `spectacle.spool` and
`spectacle.watcher`, and nowhere else: the rest of the process does not notice.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import ModuleType, TracebackType
from typing import Any

from simulation.scheduler import Scheduler, Thread

FOREVER = float("inf")


def _wait(scheduler: Scheduler, waiting: list[Thread], timeout: float | None) -> None:
    thread = scheduler.current
    waiting.append(thread)
    scheduler.wait_until(FOREVER if timeout is None else scheduler.now + timeout)
    if thread in waiting:
        waiting.remove(thread)


class Event:
    """As `threading.Event`."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._set = False
        self._waiting: list[Thread] = []

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        self._set = True
        for each in self._waiting:
            self._scheduler.wake(each)
        self._waiting.clear()

    def clear(self) -> None:
        self._set = False

    def wait(self, timeout: float | None = None) -> bool:
        if not self._set and (timeout is None or timeout > 0):
            _wait(self._scheduler, self._waiting, timeout)
        return self._set


class Lock:
    """As `threading.Lock`."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._locked = False
        self._waiting: list[Thread] = []

    def __enter__(self) -> Lock:
        while self._locked:
            _wait(self._scheduler, self._waiting, None)
        self._locked = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._locked = False
        for each in self._waiting:
            self._scheduler.wake(each)
        self._waiting.clear()

    def acquire(self) -> bool:
        self.__enter__()
        return True

    def release(self) -> None:
        self.__exit__(None, None, None)


class Condition:
    """As `threading.Condition` of a lock under which no system call is made, so that nobody ever waits for it.

    Also as that lock.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._waiting: list[Thread] = []

    def __enter__(self) -> Condition:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        pass

    def wait(self, timeout: float | None = None) -> None:
        _wait(self._scheduler, self._waiting, timeout)

    def notify(self, number: int = 1) -> None:
        for each in self._waiting[:number]:
            self._scheduler.wake(each)
        del self._waiting[:number]

    def notify_all(self) -> None:
        self.notify(len(self._waiting))


class Threading:
    """What Spectacle uses of the module `threading`. Threads belong to the process of whoever starts them."""

    def __init__(self, scheduler: Scheduler, spawn: Callable[[Any, str, Callable[[], None]], Thread]) -> None:
        self.Event = lambda: Event(scheduler)
        self.Lock = lambda: Lock(scheduler)
        self.RLock = lambda: Condition(scheduler)
        self.Condition = lambda _lock=None: Condition(scheduler)

        class Started:
            def __init__(
                self, target: Callable[..., None], args: Iterable[Any] = (), name: str = "", daemon: bool = True
            ) -> None:
                self._target, self._arguments, self._name = target, tuple(args), name

                self._thread: Thread | None = None

            def start(self) -> None:
                process = scheduler.current.process
                self._thread = spawn(process, self._name, lambda: self._target(*self._arguments))

            def is_alive(self) -> bool:
                return self._thread is not None and not self._thread.done

            def join(self, timeout: float = FOREVER) -> None:
                end = scheduler.now + timeout
                while self.is_alive() and scheduler.now < end:
                    scheduler.sleep(0.1)

        self.Thread = Started

    def __getattr__(self, name: str) -> Any:
        return getattr(threading, name)


class Time:
    """What Spectacle uses of the module `time`."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.monotonic = scheduler.monotonic
        self.sleep = scheduler.sleep
        self._scheduler = scheduler

    def time(self) -> float:
        return 1e9 + self._scheduler.now

    def time_ns(self) -> int:
        return int(self.time() * 1e9)

    def thread_time(self) -> float:
        return 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


class Secrets:
    """What Spectacle uses of the module `secrets`."""

    def __init__(self, seed: int | str) -> None:
        self._bits = random.Random(seed).getrandbits

    def token_hex(self, size: int) -> str:
        return f"{self._bits(size * 8):0{size * 2}x}"


def _users(module: ModuleType, name: str) -> list[Any]:
    return [
        each
        for path, each in list(sys.modules.items())
        if path.startswith(("spectacle.daemon", "spectacle.spool", "spectacle.watcher"))
        and getattr(each, name, None) is module
    ]


_MODULES: dict[str, tuple[ModuleType, list[Any]]] = {}


@contextmanager
def in_place(**stand_ins: Any) -> Iterator[None]:
    """Put stand-ins in the place of modules for as long as the block runs."""
    if not _MODULES:
        for module in (threading, time, sys.modules["secrets"]):
            _MODULES[module.__name__] = module, _users(module, module.__name__)
    try:
        for name, stand_in in stand_ins.items():
            for user in _MODULES[name][1]:
                setattr(user, name, stand_in)
        yield
    finally:
        for name in stand_ins:
            module, users = _MODULES[name]
            for user in users:
                setattr(user, name, module)
