"""What the tests of several generators share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from spectacle.generators.placement import memory
from spectacle.generators.placement.host_memory import free_ram
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
    """Have `qwen-image` generate images from 128x128 pixels on, as small as they are asked for, which is faster."""
    from spectacle.generators.qwen_image import request

    monkeypatch.setattr(request, "MIN_PIXELS", 128 * 128)


@pytest.fixture(autouse=True)
def _steps_are_never_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no reports from inside of steps: whether a step is so long as to need them is up to the machine."""
    monkeypatch.setattr("spectacle.generators.diffusion.steps.INTERVAL", 1e9)


_multiplies_bf16 = memory._multiplies_bf16


@pytest.fixture(autouse=True, scope="module")
def _the_same_cpu_everywhere(request: pytest.FixtureRequest) -> Iterator[None]:
    """Plan in this process as for a CPU that multiplies bf16 in hardware, so that results are the same everywhere.

    A module whose `MULTIPLIES_BF16` is false has it planned for one that does not: where that is so, and bf16 is
    emulated, images are generated in a fraction of the time.
    """
    here: bool = getattr(request.module, "MULTIPLIES_BF16", True)

    def found(proc: Path = memory._PROC) -> bool:
        return here if proc == memory._PROC else _multiplies_bf16(proc)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "_multiplies_bf16", found)
        yield


@pytest.fixture(autouse=True, scope="module")
def _enough_memory() -> Iterator[None]:
    """Plan in this process as with enough free memory, whatever else runs on the machine, unless a limit is given."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "free_ram", lambda limit=None: 64 * 10**9 if limit is None else free_ram(limit))
        yield


@pytest.fixture
def real_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plan for this machine's own CPU, as a daemon's worker does."""
    monkeypatch.setattr(memory, "_multiplies_bf16", _multiplies_bf16)
