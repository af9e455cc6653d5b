"""What the tests of weights share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import Hub, running_hub, turn_to

from spectacle.weights import Store


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that has one repository, and the library turned to it."""
    with running_hub() as hub:
        turn_to(hub, monkeypatch)
        files = {
            "config.json": b'{"layers": 2}',
            "transformer/model.safetensors": bytes(range(256)) * 40,
            "transformer/model.fp32.safetensors": bytes(20_000),
            "README.md": b"about",
        }
        hub.add("painter/oil", "1" * 40, files)
        yield hub


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store(tmp_path / "weights")
