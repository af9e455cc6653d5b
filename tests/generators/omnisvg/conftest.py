"""What the tests of OmniSVG share."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny_omnisvg import build_base, build_store

from spectacle.weights import Store


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Torch computes in one thread, for the tests share the machine with each other."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Configuration and tokenizer of a small model with a tied head."""
    return build_base(tmp_path_factory.mktemp("base") / "4B", "4B")


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Pulled weights of a small model in the place of the 4B size."""
    return build_store(tmp_path_factory.mktemp("store"), "4b")
