"""What the tests of several generators share."""

from __future__ import annotations

import pytest

from spectacle.weights import Store


@pytest.fixture(scope="session")
def qwen_image_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Tiny weights of everything that `qwen-image` loads. Tests that damage them copy them first."""
    import tiny

    store = Store(tmp_path_factory.mktemp("weights"))
    tiny.put_qwen_image(store)
    return store
