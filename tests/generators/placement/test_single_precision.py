"""What is asked for in 64 bits is computed in 32 on a GPU that has no float64, whichever library or model asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from simulated_gpu import SimulatedGPUs

from spectacle.generators.placement.single_precision import within_precision


@pytest.fixture(params=["xpu", "mps"])
def device(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[torch.device]:
    """A GPU without float64: a Mac's, and one that says so when it is asked, as Intel's do."""
    kind = "cuda" if request.param == "xpu" else "mps"
    if kind == "cuda":
        intel = SimpleNamespace(get_device_properties=lambda index: SimpleNamespace(has_fp64=False))
        monkeypatch.setattr(torch, "xpu", intel)
        monkeypatch.setattr(
            "spectacle.generators.placement.backends._BY_KIND",
            {"cuda": SimpleNamespace(has_float64=lambda index: intel.get_device_properties(index).has_fp64)},
        )
    with SimulatedGPUs(1 << 24, kind=kind, float64=False):
        yield torch.device(kind, 0)


WAYS: dict[str, Callable[[torch.device], torch.Tensor]] = {
    "arange": lambda device: torch.arange(0, 4, 2, dtype=torch.float64, device=device),
    "linspace": lambda device: torch.linspace(0, 1, 3, dtype=torch.float64, device=str(device)),
    "ones": lambda device: torch.ones(2, dtype=torch.complex128, device=device),
    "like": lambda device: torch.zeros_like(torch.ones(2, device=device), dtype=torch.float64),
    "new": lambda device: torch.ones(2, device=device).new_zeros(2, dtype=torch.float64),
    "double": lambda device: torch.ones(2, device=device).double(),
    "to a type": lambda device: torch.ones(2, device=device).to(torch.float64),
    "to both, as LongCat-Image-Edit does": lambda device: torch.ones(2).to(device, dtype=torch.float64),
    "to a device": lambda device: torch.ones(2, dtype=torch.float64).to(device),
    "to a name": lambda device: torch.ones(2, dtype=torch.complex128).to(device=str(device)),
    "type": lambda device: torch.ones(2, device=device).type(torch.float64),
    "sum": lambda device: torch.ones(2, device=device).sum(dtype=torch.float64),
    "an array": lambda device: torch.tensor(np.ones(2), device=device),
    "a tensor as data": lambda device: torch.as_tensor(torch.ones(2, dtype=torch.float64), device=device),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_asked_for_in_64_bits_is_made_in_32(device: torch.device, way: str) -> None:
    with pytest.raises(TypeError, match="has no float64"):
        WAYS[way](device)
    with within_precision(device):
        made = WAYS[way](device)
    assert made.device == device
    assert made.dtype in (torch.float32, torch.complex64)
    assert bool(torch.isfinite(made).all())


def test_what_is_on_the_cpu_keeps_its_64_bits(device: torch.device) -> None:
    with within_precision(device):
        made = torch.arange(3, dtype=torch.float64) + torch.ones(3, device=device).to("cpu", torch.float64)
        assert made.dtype is torch.float64
        assert torch.tensor(np.ones(2)).dtype is torch.float64
        assert torch.ones(2).double().dtype is torch.float64


@pytest.mark.parametrize("kind", ["cpu", "cuda"])
def test_where_there_is_float64_it_is_used(kind: str) -> None:
    gpus: Any = SimulatedGPUs(1 << 24)
    with gpus, within_precision(torch.device(kind, 0)):
        assert torch.arange(3, dtype=torch.float64, device=kind).dtype is torch.float64
