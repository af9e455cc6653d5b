"""What the tests of `qwen-image` share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from spectacle.weights import Store


@pytest.fixture
def store(qwen_image_store: Store, tmp_path: Path) -> Store:
    """A copy of the tiny weights that may be damaged."""
    shutil.copytree(qwen_image_store.root, tmp_path / "weights")
    return Store(tmp_path / "weights")
