"""Threads that are kept for the next function."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from spectacle.daemon.kept_threads import KeptThreads

PATIENCE = 20.0


@pytest.fixture
def threads() -> Iterator[KeptThreads]:
    threads = KeptThreads("kept")
    yield threads
    threads.close()
    for each in alive():
        each.join(PATIENCE)
    assert not alive()


def alive() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name.startswith("kept-")]


def test_functions_run_side_by_side_each_in_a_thread_of_its_own(threads: KeptThreads) -> None:
    together = threading.Barrier(4)
    for _ in range(3):
        threads.start(lambda: together.wait(PATIENCE))
    together.wait(PATIENCE)


def test_a_thread_that_is_free_runs_the_next_function(threads: KeptThreads) -> None:
    together = threading.Barrier(3)
    for _ in range(20):
        for _ in range(2):
            threads.start(lambda: together.wait(PATIENCE))
        together.wait(PATIENCE)
    # Those that have just met may not be free yet when the next two come.
    assert len(alive()) <= 4


def test_what_was_started_is_run_to_its_end_after_closing() -> None:
    threads = KeptThreads("kept")
    begun, go, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go.wait(PATIENCE)
        done.set()

    threads.start(work)
    assert begun.wait(PATIENCE)
    threads.close()
    go.set()
    assert done.wait(PATIENCE)


def test_where_no_further_thread_is_allowed_the_function_is_refused_and_those_there_are_serve_on(
    threads: KeptThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    ran = threading.Event()
    busy, begun, go = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go.wait(PATIENCE)
        busy.set()

    threads.start(work)
    assert begun.wait(PATIENCE)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError):
            threads.start(ran.set)
    go.set()
    assert busy.wait(PATIENCE)
    again = threading.Event()
    threads.start(again.set)
    assert again.wait(PATIENCE)
    assert not ran.is_set()
