"""A stand-in for Ray, for tests of everything around it: actors are objects of the process that asks for them.

The directory in the variable PRETENDED_RAY says how the cluster fares: its file `gpus` holds their number; when there
are fewer than actors, the newest ones die. While there is a file `frozen`, actors do nothing; while there is a file
`away`, the head node does not answer.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Waited
from pathlib import Path
from typing import Any

from ray import exceptions, util

__all__ = ["exceptions", "get", "init", "kill", "nodes", "remote", "util", "wait"]

_HOME = Path(os.environ["PRETENDED_RAY"])
_actors: list[_Actor] = []
_lock = threading.RLock()


def _gpus() -> int:
    return int((_HOME / "gpus").read_text())


def init(**_options: Any) -> None:
    threading.Thread(target=_live, daemon=True).start()


def _live() -> None:
    while True:
        with _lock:
            gpus = _gpus()
            for number, actor in enumerate(list(_actors)):
                if number < gpus:
                    actor.place()
                elif actor.is_placed:
                    _die(actor)
        time.sleep(0.02)


def _die(actor: _Actor) -> None:
    with _lock:
        if actor in _actors:
            _actors.remove(actor)
    actor.die()


def nodes() -> list[dict[str, Any]]:
    if (_HOME / "away").exists():
        raise ConnectionError
    left = {"Alive": False, "Resources": {"GPU": 8.0}}
    return [left, {"Alive": True, "Resources": {"GPU": float(_gpus())}}]


def get_runtime_context() -> util.Context:
    return util.Context()


def get(reference: Future[Any]) -> Any:
    return reference.result()


def wait(references: list[Future[Any]], timeout: float | None = None) -> tuple[list[Any], list[Any]]:
    try:
        references[0].exception(timeout)
    except Waited:
        return [], references
    return references, []


def kill(actor: _Actor) -> None:
    _die(actor)


def remote(**_options: Any) -> Any:
    return _Class


class _Class:
    def __init__(self, of: type) -> None:
        self._of = of

    def options(self, **_options: Any) -> _Class:
        return self

    def remote(self) -> _Actor:
        actor = _Actor(self._of)
        with _lock:
            _actors.append(actor)
        return actor


class _Actor:
    def __init__(self, of: type) -> None:
        self._of = of
        self._threads: dict[str, ThreadPoolExecutor] = {}
        self._pending: set[Future[Any]] = set()
        self._streams: list[queue.SimpleQueue[Any]] = []
        self._placed = threading.Event()
        self._dead = False

    @property
    def is_placed(self) -> bool:
        return self._placed.is_set()

    def place(self) -> None:
        if not self.is_placed:
            self._object = self._of()
            self._placed.set()

    def die(self) -> None:
        with _lock:
            self._dead = True
            for each in self._pending:
                if not each.done():
                    each.set_exception(exceptions.ActorDiedError("its node was terminated"))
            for stream in self._streams:
                stream.put(None)
        if self.is_placed:
            # Its own end in silence would be that of the process.
            self._object._pinged = float("inf")
        if self.is_placed and self._object._process is not None:
            self._object._process[1].kill()
            self._object._process[1].wait()

    def __getattr__(self, name: str) -> _Method:
        return _Method(self, name)

    def call(self, name: str, group: str, arguments: tuple[Any, ...]) -> Future[Any]:
        future: Future[Any] = Future()
        with _lock:
            if self._dead:
                future.set_exception(exceptions.ActorDiedError("its node was terminated"))
                return future
            self._pending.add(future)
            thread = self._threads.setdefault(group, ThreadPoolExecutor(1))

        def run() -> None:
            self._placed.wait()
            while (_HOME / "frozen").exists():
                time.sleep(0.02)
            try:
                result = getattr(self._object, name)(*arguments)
            except Exception as error:
                self._settle(future, error)
            else:
                self._settle(future, None, result)

        thread.submit(run)
        return future

    def _settle(self, future: Future[Any], error: Exception | None, result: Any = None) -> None:
        with _lock:
            self._pending.discard(future)
            if not future.done():
                future.set_result(result) if error is None else future.set_exception(error)

    def stream(self, name: str, arguments: tuple[Any, ...]) -> Iterator[Future[Any]]:
        made: queue.SimpleQueue[Any] = queue.SimpleQueue()
        with _lock:
            self._streams.append(made)

        def run() -> None:
            for each in getattr(self._object, name)(*arguments):
                made.put(each)

        threading.Thread(target=run, daemon=True).start()
        return self._drain(made)

    def _drain(self, made: queue.SimpleQueue[Any]) -> Iterator[Future[Any]]:
        while True:
            each = None if self._dead else made.get()
            if each is None or self._dead:
                raise exceptions.ActorDiedError("its node was terminated")
            future: Future[Any] = Future()
            future.set_result(each)
            yield future


class _Method:
    def __init__(self, actor: _Actor, name: str, group: str = "", streaming: bool = False) -> None:
        self._actor = actor
        self._name = name
        self._group = group
        self._streaming = streaming

    def options(self, concurrency_group: str, num_returns: str | None = None) -> _Method:
        return _Method(self._actor, self._name, concurrency_group, num_returns is not None)

    def remote(self, *arguments: Any) -> Any:
        if self._streaming:
            return self._actor.stream(self._name, arguments)
        return self._actor.call(self._name, self._group, arguments)
