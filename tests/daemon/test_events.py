"""File events where the kernel gives none."""

from __future__ import annotations

import errno
import os
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from daemon_process import wait_for
from watchdog.observers.inotify_c import CallbackId, InotifyConstants, Mask

from spectacle.daemon import events as module
from spectacle.daemon import inotify
from spectacle.daemon.events import FileEvents


def test_a_kernel_that_refuses_to_watch_is_told_of_once_and_again_after_it_has_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refused:
        def __init__(self, _ending: bytes, _at_rest: Callable[[], bool]) -> None:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    warnings: list[str] = []
    monkeypatch.setattr(module, "log", SimpleNamespace(warning=lambda event, **_: warnings.append(event)))
    reader = inotify.CoalescingReader
    events = FileEvents(lambda _name, _event: None)
    for available, count in [(False, 1), (False, 1), (True, 1), (False, 2), (False, 2)]:
        monkeypatch.setattr(inotify, "CoalescingReader", reader if available else Refused)
        events.watch(tmp_path)
        assert events.works == available
        assert len(warnings) == count
    events.stop()


def test_a_file_has_a_writer_from_its_first_write_until_it_is_closed_moved_or_removed(tmp_path: Path) -> None:
    told: queue.Queue[str] = queue.Queue()
    events = FileEvents(lambda name, _event: told.put(name))
    events.watch(tmp_path)
    path = tmp_path / "a-1-64x64.txt"
    try:
        for end in (lambda: None, lambda: path.rename(tmp_path / "b"), path.unlink):
            with path.open("w") as file:
                file.write("a red ")
                file.flush()
                wait_for(lambda: events.has_writer(path.name), "the writer to be seen")
                end()
            assert told.get(timeout=60) == path.name
            assert not events.has_writer(path.name)
        # What a second name is made of is not written.
        os.link(tmp_path / "b", tmp_path / "b-1-64x64.txt")
        path.touch()
        while told.get(timeout=60) != path.name:
            pass
        assert not events.has_writer("b-1-64x64.txt")
        with path.open("w") as file:
            file.write("x")
            file.flush()
            wait_for(lambda: events.has_writer(path.name), "the writer to be seen")
            events.on_queue_overflow()
            assert not events.has_writer(path.name)
    finally:
        events.stop()


def test_a_burst_is_gathered_for_longer_while_requests_wait_anyway(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(inotify.InotifyFD, "_read_event_buffer", lambda *_: b"")
    monkeypatch.setattr(inotify, "time", SimpleNamespace(monotonic=lambda: 1000.0))
    at_rest = True
    monkeypatch.setattr(inotify.CoalescingReader, "stopped_event", SimpleNamespace(wait=waited.append))
    reader = inotify.CoalescingReader(b".txt", lambda: at_rest)
    for _ in range(3):
        reader.read_events()
    at_rest = False
    reader.read_events()
    for descriptor in (reader._inotify_fd, reader._kill_r, reader._kill_w):
        os.close(descriptor)
    # What comes alone is read at once, and so is the second, which tells that it is a burst.
    assert waited == [inotify.GATHERING_AT_REST, inotify.GATHERING]


def test_of_many_names_only_those_of_requests_are_told(tmp_path: Path) -> None:
    reader = inotify.CoalescingReader(b".txt", lambda: True)
    told: list[bytes] = []
    gone = threading.Event()
    callback: Any = SimpleNamespace(
        on_event=lambda event: told.append(event.name), on_watch_deleted=lambda _: gone.set()
    )
    everything = Mask(InotifyConstants.IN_CLOSE_WRITE | InotifyConstants.IN_MOVE | InotifyConstants.IN_DELETE)
    directory = tmp_path / "spool"
    directory.mkdir()
    reader.add_callback(os.fsencode(directory), everything, callback, CallbackId(0))
    for name in ("a-1-64x64.lock", "a-1-64x64.txt", ".a-1-64x64.x.tmp", "a-1-64x64.txt.old", "b" * 240 + ".txt"):
        (directory / name).touch()
        (directory / name).unlink()
    directory.rmdir()
    reader.start()
    # The end of the watch has no name, and is told nevertheless.
    assert gone.wait(60)
    reader.stop()
    reader.join()
    assert told == [b"a-1-64x64.txt"] * 2 + [b"b" * 240 + b".txt"] * 2
