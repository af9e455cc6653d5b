"""What all tests share."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from spectacle.spool.directory import Spool

# What a shell starts in the background ignores Ctrl-C, and so would every program that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """An open spool in an empty directory."""
    path = tmp_path / "spool"
    path.mkdir()
    spool = Spool(path)
    spool.open()
    spool.prepare_state_directory()
    yield spool
    spool.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only root can do, and count it among the deselected."""
    if os.geteuid() != 0:
        left_out = [item for item in items if item.get_closest_marker("root")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
