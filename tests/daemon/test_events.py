"""File events where the kernel gives none."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from spectacle.daemon import events as module
from spectacle.daemon import inotify
from spectacle.daemon.events import FileEvents


def test_a_kernel_that_refuses_to_watch_is_told_of_once_and_again_after_it_has_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refused:
        def __init__(self) -> None:
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
