"""Checkpoints with random weights in exactly the form of the published ones."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from spectacle.generators.supersvg.generator import PUBLISHED
from spectacle.generators.supersvg.network.model import Coarse, Refine
from spectacle.weights import Store
from spectacle.weights.pull import bring_in, from_folder


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Torch computes in one thread, for the tests share the machine with each other."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `coarse.pt` and `refine.pt`, the latter with what else took part in its training."""
    folder = tmp_path_factory.mktemp("published") / "weights"
    folder.mkdir()
    with torch.random.fork_rng():
        torch.manual_seed(3)
        torch.save(Coarse().state_dict(), folder / "coarse.pt")
        state = {f"refine_model.{key}": value for key, value in Refine().state_dict().items()}
    state["coarse_model.encoder.stroke_head.stroke_tokens"] = torch.zeros(1, 28, 128)
    torch.save({"epoch": 3, "model_state_dict": state, "optimizer": {"step": 1}}, folder / "refine.pt")
    return folder


@pytest.fixture(scope="session")
def store(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The same, brought into a weights directory."""
    store = Store(tmp_path_factory.mktemp("store"))
    bring_in([from_folder(PUBLISHED, store, published.parent)], store)
    return store
