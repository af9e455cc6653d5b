"""Whether somebody has a file open for writing, as the kernel tells it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from spectacle.spool.directory import Spool
from spectacle.spool.writers import has_writer


def test_a_file_has_a_writer_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("w") as writer:
        writer.write("a fox")
        writer.flush()
        with path.open() as reader:
            assert has_writer(reader.fileno())
    with path.open() as reader, path.open():
        assert not has_writer(reader.fileno())
        # The lease has been given back: writing is possible at once.
        path.write_text("a cow")


def test_what_is_missing_or_odd_has_no_writer(spool: Spool) -> None:
    os.mkfifo(spool.path / "pipe")
    assert not spool.is_being_written("pipe")
    assert not spool.is_being_written("none")


def test_without_leases_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    monkeypatch.delattr(fcntl, "F_SETLEASE")
    with path.open("w"), path.open() as reader:
        assert not has_writer(reader.fileno())
