"""What the tests of several generators share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from spectacle.generators.placement import memory
from spectacle.weights import Store


@pytest.fixture(scope="session")
def qwen_image_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Tiny weights of everything that `qwen-image` loads. Tests that damage them copy them first."""
    import tiny

    store = Store(tmp_path_factory.mktemp("weights"))
    tiny.put_qwen_image(store)
    return store


@pytest.fixture
def small_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `qwen-image` generate images from 256x256 pixels on, as small as they are asked for, which is faster."""
    from spectacle.generators.qwen_image import request

    monkeypatch.setattr(request, "MIN_PIXELS", 256 * 256)


_multiplies_bf16 = memory._multiplies_bf16


@pytest.fixture(autouse=True, scope="session")
def _a_cpu_with_bf16() -> Iterator[None]:
    """Plan in this process as for a CPU that multiplies bf16 in hardware, so that results are the same everywhere."""

    def found(proc: Path = memory._PROC) -> bool:
        return proc == memory._PROC or _multiplies_bf16(proc)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "_multiplies_bf16", found)
        yield


@pytest.fixture
def real_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plan for this machine's own CPU, as a daemon's worker does."""
    monkeypatch.setattr(memory, "_multiplies_bf16", _multiplies_bf16)
