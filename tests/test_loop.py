"""The daemon's loop and its device threads from inside, where the world outside cannot be made bad enough."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from daemon_process import wait_for

from spectacle.config import Settings
from spectacle.daemon.attempt import AttemptResult
from spectacle.generators.base import Device
from spectacle.watcher import Watcher
from spectacle.worker.in_process import InProcessWorker

SETTINGS = {
    "spool": {"poll_interval": 0.05, "settle": 0, "min_free": 0, "lease_duration": 3},
    "workers": {"preload": False},
    "kinds": {"card": {"generator": "test-double"}},
    "default_kind": "card",
}


class Bad:
    """Behaves like `os` while `error` is None."""

    def __init__(self, *calls: str) -> None:
        self.error: OSError | None = None
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in self._calls:
            return real

        def call(*arguments: Any, **options: Any) -> Any:
            if self.error is not None:
                raise self.error
            return real(*arguments, **options)

        return call


@pytest.fixture
def watcher(tmp_path: Path) -> Watcher:
    """A watcher that does not run yet."""
    path = tmp_path / "spool"
    path.mkdir()
    settings = Settings.model_validate({**SETTINGS, "spool": {**SETTINGS["spool"], "path": path}})  # type: ignore[dict-item]
    return Watcher(settings, [InProcessWorker(Device(), settings)])


@pytest.fixture
def run(watcher: Watcher) -> Iterator[Callable[[], None]]:
    thread = threading.Thread(target=watcher.run)
    yield thread.start
    if thread.ident is not None:
        watcher.stop(at_once=True)
        thread.join(10)
        assert not thread.is_alive()


def write(watcher: Watcher, stem: str) -> Path:
    path = watcher.settings.spool.path / f"{stem}.txt"
    draft = watcher.settings.spool.path / ".draft"
    draft.write_text("a fox")
    draft.rename(path)
    return path


def test_a_spool_that_fails_right_after_an_answer_costs_no_device(
    watcher: Watcher, run: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    system = Bad("stat", "open", "link", "rename")
    watcher._spool._os = system
    served = []

    def attempt(job: Any, seen: Any, worker: Any) -> AttemptResult:
        served.append(job.name.stem)
        (watcher.settings.spool.path / job.name.file_name).unlink()
        if len(served) == 1:
            system.error = OSError(errno.EIO, "Input/output error")
        return AttemptResult.ANSWERED

    monkeypatch.setattr(watcher._attempts, "run", attempt)
    write(watcher, "a-1-8x8")
    run()
    wait_for(lambda: watcher.status()["state"] == "waiting" and served, "the trouble to be noticed")
    system.error = None
    write(watcher, "a-2-8x8")
    wait_for(lambda: "a-2-8x8" in served, "the next request")


def test_a_fault_of_ours_costs_neither_the_device_nor_the_request(
    watcher: Watcher, run: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def attempt(job: Any, seen: Any, worker: Any) -> AttemptResult:
        tries.append(job.name.stem)
        if len(tries) == 1:
            raise ZeroDivisionError
        (watcher.settings.spool.path / job.name.file_name).unlink()
        return AttemptResult.ANSWERED

    monkeypatch.setattr(watcher._attempts, "run", attempt)
    path = write(watcher, "a-1-8x8")
    run()
    wait_for(lambda: not path.exists(), "the request to be tried again")
    assert tries == ["a-1-8x8", "a-1-8x8"]


@pytest.mark.parametrize("error", [PermissionError(errno.EACCES, "Permission denied"), ZeroDivisionError()])
def test_a_commit_record_that_cannot_be_finished_costs_itself_alone(
    watcher: Watcher, run: Callable[[], None], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def finish(name: Any) -> bool:
        raise error

    def attempt(job: Any, seen: Any, worker: Any) -> AttemptResult:
        (watcher.settings.spool.path / job.name.file_name).unlink()
        return AttemptResult.ANSWERED

    monkeypatch.setattr(watcher._attempts, "finish", finish)
    monkeypatch.setattr(watcher._attempts, "run", attempt)
    (watcher.settings.spool.path / ".b-1-8x8.commit").write_text("{}")
    run()
    for number in range(3):
        path = write(watcher, f"a-{number}-8x8")
        wait_for(lambda path=path: not path.exists(), "an answer")
    assert watcher.status()["state"] == "serving"


def test_times_that_go_backwards_delay_nothing(
    watcher: Watcher, run: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def attempt(job: Any, seen: Any, worker: Any) -> AttemptResult:
        (watcher.settings.spool.path / job.name.file_name).unlink()
        return AttemptResult.ANSWERED

    monkeypatch.setattr(watcher._attempts, "run", attempt)
    run()
    for number, then in enumerate([4e9, 1e9, 0]):
        path = watcher.settings.spool.path / f"a-{number}-8x8.txt"
        draft = path.with_name(".draft")
        draft.write_text("a fox")
        os.utime(draft, (then, then))
        draft.rename(path)
        os.utime(path.parent, (then, then))
        wait_for(lambda path=path: not path.exists(), "an answer")


def test_a_fault_between_two_requests_does_not_end_the_service_of_a_device(
    watcher: Watcher, run: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = []
    take = watcher.take

    def stumble(*arguments: Any) -> Any:
        taken.append(arguments)
        if len(taken) == 1:
            raise ZeroDivisionError
        return take(*arguments)

    def attempt(job: Any, seen: Any, worker: Any) -> AttemptResult:
        (watcher.settings.spool.path / job.name.file_name).unlink()
        return AttemptResult.ANSWERED

    monkeypatch.setattr(watcher, "take", stumble)
    monkeypatch.setattr(watcher._attempts, "run", attempt)
    path = write(watcher, "a-1-8x8")
    run()
    wait_for(lambda: not path.exists(), "an answer")


def test_thousands_of_requests_nobody_serves_do_not_hold_up_the_others(
    watcher: Watcher, run: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = []
    clock = [0.0]

    def refuse(name: Any, error: Any) -> AttemptResult:
        refused.append(name.stem)
        clock[0] += 0.2
        (watcher.settings.spool.path / name.file_name).unlink()
        return AttemptResult.REFUSED

    monkeypatch.setattr(watcher._attempts, "refuse", refuse)
    monkeypatch.setattr(watcher, "_clock", lambda: clock[0])
    for number in range(20):
        write(watcher, f"a-{number}-8x8-nothing")
    turns = 0
    while len(refused) < 20:
        watcher._turn()
        clock[0] += 100
        turns += 1
    assert turns >= 20 // 4
