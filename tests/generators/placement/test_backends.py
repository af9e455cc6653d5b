"""Models are placed on Intel's and Apple's GPUs as far as torch can; what it lacks there is not chosen, and said.

Nothing here runs on such a GPU: what torch says of one is stood in for.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from spectacle.config import PlacementSettings, WorkerSettings
from spectacle.daemon.devices import find_places
from spectacle.errors import GeneratorError, OutOfMemory
from spectacle.generators.base import Device, Footprint, Resources
from spectacle.generators.placement import backends, published
from spectacle.generators.placement.backends import Memory
from spectacle.generators.placement.memory import measure
from spectacle.generators.placement.plan import Machine, Place, Plan
from spectacle.generators.placement.planner import make_plan
from spectacle.generators.supersvg import SuperSvg
from spectacle.generators.supersvg import generator as supersvg
from spectacle.worker.usage import memory_of

GB = 10**9
QWEN_IMAGE = published.QWEN_IMAGE
XPU = Machine(64 * GB, 15 * GB, "xpu", bf16=True)


def mac(gigabytes: int) -> Machine:
    """A Mac of whose memory the GPU may take three quarters."""
    return Machine(gigabytes * GB, gigabytes * GB * 3 // 4, "mps", bf16=True, unified=True)


def plan(machine: Machine, **settings: Any) -> Plan:
    return make_plan(QWEN_IMAGE, machine, PlacementSettings(**settings))


def in_torch(monkeypatch: pytest.MonkeyPatch, kind: str, **functions: Any) -> None:
    """What torch says of GPUs of a kind."""
    monkeypatch.setattr(torch, kind, SimpleNamespace(**functions))


def xpu(monkeypatch: pytest.MonkeyPatch, *, integrated: bool = False, **changes: Any) -> dict[str, Any]:
    """An Intel GPU with 16 GB of which 10 GB are free, torch has cached 3 and uses 2; returns what it was told."""
    told: dict[str, Any] = {}

    def mem_get_info(index: int) -> tuple[int, int]:
        if integrated:
            raise RuntimeError("The device doesn't support querying the available free memory.")
        return 10 * GB, 16 * GB

    about = SimpleNamespace(
        total_memory=16 * GB, is_integrated_gpu=integrated, has_bfloat16_conversions=changes.pop("bf16", True)
    )
    functions = {
        "set_device": lambda index: told.update(current=index),
        "mem_get_info": mem_get_info,
        "memory_reserved": lambda index: 3 * GB,
        "memory_allocated": lambda index: 2 * GB,
        "get_device_properties": lambda index: about,
        "set_per_process_memory_fraction": lambda part, index: told.update(part=part, limited=index),
        "is_initialized": lambda: True,
    }
    in_torch(monkeypatch, "xpu", **(functions | changes))
    return told


def mps(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The GPU of a Mac that may take 12 GB, of which tensors take 2 and torch has taken 3."""
    told: dict[str, Any] = {}
    in_torch(
        monkeypatch,
        "mps",
        recommended_max_memory=lambda: 12 * GB,
        current_allocated_memory=lambda: 2 * GB,
        driver_allocated_memory=lambda: 3 * GB,
        set_per_process_memory_fraction=lambda part: told.update(part=part),
    )
    monkeypatch.setattr(torch.backends.mps, "is_macos_or_newer", lambda major, minor: major <= 15)
    return told


# --- what is measured ------------------------------------------------------------------------------------------------


def test_an_intel_gpu_is_measured_and_held_to_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    told = xpu(monkeypatch)
    found = measure(Device("xpu", 1), PlacementSettings(vram_limit=4 * GB))
    assert found == Machine(found.ram, 2 * GB, "xpu", bf16=True, packages=found.packages)
    assert told == {"current": 1, "part": 0.25, "limited": 1}
    assert measure(Device("xpu", 1), PlacementSettings()).vram == 11 * GB
    xpu(monkeypatch, bf16=False)
    assert not measure(Device("xpu", 1), PlacementSettings()).bf16


def test_an_intel_gpu_in_the_cpu_has_the_hosts_memory_and_does_not_say_what_is_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    xpu(monkeypatch, integrated=True)
    assert backends.of("xpu").memory(0) == Memory(14 * GB, 16 * GB, 2 * GB, unified=True)
    assert measure(Device("xpu"), PlacementSettings()).unified


def test_the_gpu_of_a_mac_is_measured_and_held_to_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    told = mps(monkeypatch)
    found = measure(Device("mps"), PlacementSettings())
    assert (found.vram, found.device, found.bf16, found.unified) == (10 * GB, "mps", True, True)
    assert told == {}
    assert measure(Device("mps"), PlacementSettings(vram_limit=6 * GB)).vram == 4 * GB
    assert told == {"part": 0.5}
    monkeypatch.setattr(torch.backends.mps, "is_macos_or_newer", lambda major, minor: major <= 13)
    assert not measure(Device("mps"), PlacementSettings()).bf16


def test_an_intel_gpu_says_whether_it_has_float64_and_no_mac_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for has in (True, False):
        in_torch(monkeypatch, "xpu", get_device_properties=lambda index, has=has: SimpleNamespace(has_fp64=has))
        assert backends.of("xpu").has_float64(0) is has
    assert [backends.of(kind).has_float64(0) for kind in ("cpu", "cuda", "mps")] == [True, True, False]


def test_what_torch_has_taken_of_any_gpu_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    xpu(monkeypatch)
    mps(monkeypatch)
    assert memory_of(Device("xpu", 0, second=1))["gpu"] == 6 * GB
    assert memory_of(Device("mps"))["gpu"] == 3 * GB
    xpu(monkeypatch, is_initialized=lambda: False)
    assert "gpu" not in memory_of(Device("xpu"))
    monkeypatch.delitem(sys.modules, "torch")
    assert "gpu" not in memory_of(Device("mps")), "torch is not imported for the question"


def test_what_torch_has_cached_is_given_back_on_any_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    emptied = []
    for kind in ("cuda", "xpu", "mps"):
        in_torch(monkeypatch, kind, empty_cache=lambda kind=kind: emptied.append(kind))
        backends.of(kind).empty_cache()
    backends.of("cpu").empty_cache()
    assert emptied == ["cuda", "xpu", "mps"]


# --- what is planned -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quantization", ["auto", "int8", "nf4"])
@pytest.mark.parametrize("vram", [8, 15, 24, 48, 80])
def test_an_intel_card_gets_the_plans_of_any_other_with_as_much_memory(quantization: str, vram: int) -> None:
    machine = replace(XPU, vram=vram * GB)
    made = plan(machine, quantization=quantization)
    assert made.device == "xpu"
    assert replace(made, device="cuda") == plan(replace(machine, device="cuda"), quantization=quantization)


@pytest.mark.parametrize("gigabytes", [20, 24, 36, 48, 64, 96, 128])
@pytest.mark.parametrize("model", published.MODELS.values(), ids=published.MODELS)
def test_nothing_moves_between_memories_that_are_one(model: Any, gigabytes: int) -> None:
    machine = mac(gigabytes)
    made = make_plan(model, machine, PlacementSettings())
    assert made.residency in ("device", "staged", "disk-offload")
    for placed in made.placements:
        assert placed.place in (Place.DEVICE, Place.DISK)
        assert placed.quantization != "nf4"
        assert not placed.all_locked
    assert made.vram <= machine.vram
    assert made.vram < made.ram <= machine.ram, "what the GPU takes is taken of the host"
    assert made.held.ram >= made.held.vram
    assert any("of memory, " in sentence and "for the GPU" in sentence for sentence in made.sentences)


def test_memory_that_is_freed_on_a_gpu_without_its_own_is_free_on_the_host() -> None:
    held = plan(mac(96)).held
    assert mac(10).with_freed(held) == replace(mac(10), vram=mac(10).vram + held.vram, ram=10 * GB + held.ram)
    assert held == Footprint(held.vram, held.vram)


def test_what_apples_gpus_lack_is_not_chosen_and_said() -> None:
    with pytest.raises(GeneratorError, match=r"nf4: bitsandbytes brings no kernels for Apple GPUs\. Use int8, or"):
        plan(mac(64), quantization="nf4")
    packed = tuple(replace(each, stored=GB, stored_as="nf4") for each in QWEN_IMAGE[:1]) + QWEN_IMAGE[1:]
    with pytest.raises(GeneratorError, match="the files contain nf4 weights, but bitsandbytes brings no kernels"):
        make_plan(packed, mac(64), PlacementSettings())
    assert any(
        sentence == "nf4 weights, which would need less, are not used: bitsandbytes brings no kernels for Apple GPUs."
        for sentence in plan(mac(16)).reasons
    )
    made = plan(mac(128), compile_repeated_blocks=True)
    assert not made.compile_repeated_blocks
    assert "placement.compile_repeated_blocks is off: torch.compile is a prototype on Apple GPUs." in made.reasons
    assert plan(replace(XPU, vram=80 * GB), compile_repeated_blocks=True).compile_repeated_blocks


@pytest.mark.parametrize("residency", ["model-offload", "group-offload"])
def test_a_residency_that_needs_two_memories_is_said_to_gain_nothing(residency: str) -> None:
    made = plan(mac(128), residency=residency)
    assert made.residency == "device"
    assert "The GPU's memory is the host's, so there is nowhere to move weights from." in made.reasons


def test_a_mac_that_is_too_small_is_told_what_would_help() -> None:
    with pytest.raises(OutOfMemory, match=r'of memory, but .* workers\.devices = \["cpu"\]') as told:
        plan(mac(4))
    assert "bitsandbytes" not in str(told.value)


@pytest.mark.parametrize(("kind", "computing"), [("cpu", "cpu"), ("cuda", "cuda:0"), ("xpu", "cpu"), ("mps", "cpu")])
def test_vectorizing_which_takes_float64_is_done_by_the_cpu_where_a_gpu_has_none(kind: str, computing: str) -> None:
    assert supersvg._computing(Device(kind)) == computing
    needed = SuperSvg.required_memory(None, Device(kind), Resources(), Footprint())
    assert needed is not None
    assert bool(needed.vram) is (computing != "cpu")
    told = " ".join(SuperSvg.plan(None, Device(kind), Resources()))
    assert told.startswith("Computes on the CPU, in fp64: ") is (kind in ("xpu", "mps"))


# --- where it is configured ------------------------------------------------------------------------------------------


def test_each_kind_of_device_can_be_named_in_the_settings() -> None:
    named = ("cpu", "cuda:1", "xpu", "xpu:1", "mps", "xpu:2+xpu:3")
    found = [place.device for place in find_places(WorkerSettings(devices=named))]
    assert [str(device) for device in found] == ["cpu", "cuda:1", "xpu:0", "xpu:1", "mps:0", "xpu:2+xpu:3"]
    assert {backends.of(device.kind).kind for device in found} == {"cpu", "cuda", "xpu", "mps"}
    for wrong in ("mps:1", "mps:0+mps:1", "xpu:0+cuda:1", "npu"):
        with pytest.raises(ValueError, match="invalid device"):
            WorkerSettings(devices=(wrong,))


@pytest.mark.parametrize(
    ("kind", "build", "said"),
    [
        ("cuda", "cu128", "Run nvidia-smi to see why."),
        ("cuda", "", "Run nvidia-smi to see why."),
        ("cuda", "rocm6.4", "Run amd-smi or rocm-smi to see why."),
        ("xpu", "xpu", "Run xpu-smi to see why."),
        ("mps", "cpu", ""),
        ("cpu", "rocm6.4", ""),
    ],
)
def test_the_program_is_named_that_tells_of_the_gpus_of_this_maker(
    monkeypatch: pytest.MonkeyPatch, kind: str, build: str, said: str
) -> None:
    monkeypatch.setattr(backends, "torch_build", lambda: build)
    assert backends.of(kind).remedy == said


# --- what goes wrong there -------------------------------------------------------------------------------------------


def test_errors_of_all_devices_are_understood() -> None:
    full = [
        "CUDA error: out of memory",
        "level_zero backend failed with error: 39 (UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY)",
        "MPS backend out of memory (MPS allocated: 5.56 GB, other allocations: 1.10 GB, max allowed: 6.80 GB).",
    ]
    lost = [
        "HIP error: unspecified launch failure",
        "level_zero backend failed with error: 20 (UR_RESULT_ERROR_DEVICE_LOST)",
    ]
    for said in full:
        assert backends.is_out_of_memory(RuntimeError(said))
    for said in lost:
        assert not backends.is_out_of_memory(RuntimeError(said))
        assert backends.is_device_failure(RuntimeError(said))
    assert not backends.is_device_failure(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
