"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from spectacle.spool import Spool


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """An open spool in an empty directory."""
    path = tmp_path / "spool"
    path.mkdir()
    spool = Spool(path)
    spool.open()
    spool.prepare_house()
    yield spool
    spool.close()
