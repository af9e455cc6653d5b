"""What the simulated GPUs show, and plans applied to a tiny pipeline on one of them."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import tiny
import torch
from simulated_gpu import SimulatedGPUs
from torch.utils import _device

pytestmark = pytest.mark.skipif(os.uname().sysname != "Linux", reason="the table of devices has another name there")
GPU = torch.device("cuda:0")


@pytest.fixture
def gpus() -> Iterator[SimulatedGPUs]:
    with SimulatedGPUs(10_000, 5_000, page_lockable=4_000) as simulated:
        yield simulated


def test_what_a_gpu_computes_is_what_the_cpu_computes(gpus: SimulatedGPUs) -> None:
    numbers = torch.arange(12.0).view(3, 4)
    there = numbers.to(GPU)
    linear = torch.nn.Linear(4, 4)
    expected = linear(numbers)
    assert torch.equal(linear.to(GPU)(there).cpu(), expected)
    there[1:].mul_(2)
    assert there[:, 0].tolist() == [0, 8, 16]
    assert there.device == GPU
    turned = torch.view_as_complex(there.view(3, 2, 2))
    assert torch.equal(turned.conj().cpu(), torch.view_as_complex(there.cpu().view(3, 2, 2)).conj())


def test_memory_is_counted_until_the_last_view_of_it_is_gone(gpus: SimulatedGPUs) -> None:
    there = torch.zeros(100, device=GPU)
    part = there[:10]
    assert gpus.memories[0].used == 400
    del there
    assert gpus.memories[0].used == 400
    del part
    assert (gpus.memories[0].used, gpus.memories[0].peak) == (0, 400)


def test_memory_runs_out_with_pytorchs_own_error(gpus: SimulatedGPUs) -> None:
    held = torch.zeros(2000, device=GPU)
    with pytest.raises(torch.OutOfMemoryError, match="Tried to allocate 4000 bytes"):
        held[:1000] + 1
    torch.zeros(1000, device="cuda:1")
    assert torch.cuda.mem_get_info(0) == (2000, 10_000)


def test_a_default_device_is_kept_whoever_asks_first() -> None:
    _device._device_constructors.cache_clear()
    with SimulatedGPUs(1000), torch.device("meta"):
        assert torch.tensor([]).is_meta
    with torch.device("meta"):
        assert torch.tensor([]).is_meta, "or transformers fills buffers that have no memory yet"


def test_page_locked_memory_runs_out_as_well(gpus: SimulatedGPUs) -> None:
    with pytest.raises(torch.OutOfMemoryError, match="Page-locked memory"):
        torch.zeros(2000).pin_memory()


@pytest.mark.parametrize("other", ["cpu", "cuda:1"])
def test_tensors_of_two_devices_do_not_meet(gpus: SimulatedGPUs, other: str) -> None:
    with pytest.raises(RuntimeError, match=f"{other} and cuda:0|cuda:0 and {other}"):
        torch.ones(3, device=GPU) + torch.ones(3, device=other)


def test_what_is_moved_each_way_is_counted(gpus: SimulatedGPUs) -> None:
    numbers = torch.ones(10)
    there = numbers.to(GPU)
    numbers.pin_memory().to(GPU)
    there.to("cuda:1")
    there.half().cpu()
    moved = gpus.moved
    assert (moved.pageable, moved.pinned, moved.across, moved.back) == (40, 40, 40, 20)


def test_a_late_copy_is_waited_for_or_told(gpus: SimulatedGPUs) -> None:
    source, stream = torch.ones(10).pin_memory(), torch.cuda.Stream(GPU)
    with torch.cuda.stream(stream):
        there = source.to(GPU, non_blocking=True)
    with pytest.raises(RuntimeError, match="used before its copy on another stream has arrived"):
        there + 1
    event = stream.record_event()
    event.synchronize()
    assert there.sum().item() == 10


@pytest.mark.parametrize("told", [True, False])
def test_memory_that_is_freed_while_another_stream_may_read_it_is_told(gpus: SimulatedGPUs, told: bool) -> None:
    stream = torch.cuda.Stream(GPU)
    with torch.cuda.stream(stream):
        there = torch.ones(10).to(GPU)
    there + 1
    if told:
        there.record_stream(torch.cuda.current_stream())
    del there
    assert gpus.freed_too_early == (0 if told else 1)


def test_nothing_of_it_is_left_afterwards() -> None:
    before = torch.cuda.is_available(), torch.cuda.Stream, torch.tensor
    with SimulatedGPUs(1000):
        assert torch.cuda.is_available()
    assert (torch.cuda.is_available(), torch.cuda.Stream, torch.tensor) == before


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_a_tensor_is_made_of_single_numbers_as_before(kind: str) -> None:
    # Setting and removing `__getitem__` of a class leaves it a sequence for C, whose length torch then asks for.
    with SimulatedGPUs(10**6, kind=kind):
        rows = torch.arange(6, device=kind).view(3, 2)
        assert rows[[2, 0]].tolist() == [[4, 5], [0, 1]]
    assert torch.tensor([torch.tensor(1.0)]).tolist() == [1.0]


@pytest.mark.slow
@pytest.mark.parametrize("pinned", [True, False])
@pytest.mark.parametrize("quantized", [True, False])
@pytest.mark.parametrize("kept", [0, 1])
def test_streamed_weights_arrive_in_time_and_go(quantized: bool, pinned: bool, kept: int) -> None:
    from torchao.quantization import Int8WeightOnlyConfig, quantize_

    from spectacle.generators.placement import residency
    from spectacle.generators.placement.plan import ComponentPlacement, Place, Plan

    block = 43_712 if quantized else 75_776
    placement = ComponentPlacement("transformer", "none", Place.STREAM, pinned, False, 1, kept=kept * block)
    plan = Plan("cuda", "bf16", "group-offload", (placement,), False, "auto", False, "none", 0, 0, 0, 0)
    model = tiny.transformer_model().eval()
    if quantized:
        quantize_(model, Int8WeightOnlyConfig())
    generator = torch.Generator().manual_seed(0)
    given = {
        "hidden_states": torch.randn(1, 16, 64, generator=generator).bfloat16(),
        "encoder_hidden_states": torch.randn(1, 5, tiny.TEXT, generator=generator).bfloat16(),
        "timestep": torch.ones(1).bfloat16(),
        "img_shapes": [[(1, 4, 4)]],
    }
    with torch.no_grad():
        expected = model(**given, return_dict=False)[0]
    with SimulatedGPUs(10**7) as gpus, torch.no_grad():
        residency.place(model, replace(placement), plan, GPU, Path(os.devnull))
        stays = gpus.memories[0].used
        assert stays == kept * block
        moved = []
        for _ in range(3):
            gpus.reset()
            assert torch.equal(model(**given, return_dict=False)[0].cpu(), expected)
            moved.append(gpus.moved.pinned)
        assert moved == [moved[0]] * 3
        assert gpus.moved.pageable < 5_000  # what was given
        assert gpus.freed_too_early == 0
        assert gpus.page_locked.used == (moved[0] if pinned else 0)
        residency.forget_caches(model)
        del model
        gc.collect()
        assert gpus.memories[0].used == gpus.page_locked.used == 0
