"""Every plan that the planner makes, on a simulated GPU: loaded, used, presets and LoRAs changed, freed, reloaded."""

from __future__ import annotations

import gc
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import tiny
import torch
from generating import CPU, generate, picture, resources, same
from PIL import Image
from scaled_plans import PLENTY, every_plan, on_the_cpu, scaled_down
from simulated_gpu import SimulatedGPUs
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from spectacle.config import LoraSettings, PlacementSettings
from spectacle.errors import BadOptions
from spectacle.generators.base import Device
from spectacle.generators.placement import costs, published
from spectacle.generators.placement import plan as plans
from spectacle.generators.placement.files import read_header, weight_files
from spectacle.generators.placement.plan import Machine, Place, Plan
from spectacle.generators.placement.planner import make_plan
from spectacle.generators.placement.published import nominal_machine
from spectacle.generators.qwen_image import QwenImage, request
from spectacle.weights import Store

pytestmark = [
    pytest.mark.skipif(os.uname().sysname != "Linux", reason="the table of devices has another name there"),
    pytest.mark.slow,
]
GPU = Device("cuda", 0)
PAIR = Device("cuda", 0, second=1)
MAC = Device("mps", 0)
BUFFERS = 80
"""Bytes of the tiny model's buffers, which are not in its files: the frequencies of the text encoder's positions."""
NF4_TABLES = 64 + 1024 + 4 + 4
"""Bytes that bitsandbytes has for each matrix: the 16 values and 256 scales that there are, an offset, a remainder."""
SIDE = 64
NAMES = {"QwenImageTransformer2DModel": "transformer", "Qwen2_5_VLForConditionalGeneration": "text_encoder"}
EVERYWHERE = {"none": "auto-80-16", "int8": "int8-48-16", "nf4": "nf4-24-16"}
"""The plans that have everything on the GPU, by form: what their parts need while they run is measured on these."""


@dataclass
class Seen:
    """What was seen while parts of a model ran.

    Attributes:
        loaded: Bytes of the GPU that were in use when nothing ran.
        peaks: Most bytes of the GPU that were in use, by part.
        moved: Bytes that were moved to the GPU each time, by part, and of these from memory that is not page-locked.
        locked: Page-locked bytes that were in use when nothing ran.
    """

    loaded: int = 0
    peaks: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    moved: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    locked: int = 0


@contextmanager
def watching(gpus: SimulatedGPUs) -> Iterator[Seen]:
    """See what the parts need that run in a block."""
    seen = Seen(gpus.memories[0].used, locked=gpus.page_locked.used)

    def before(module: Any, *_: Any) -> None:
        if type(module).__name__ in NAMES:
            gpus.reset()

    def after(module: Any, *_: Any) -> None:
        name = NAMES.get(type(module).__name__)
        if name is not None:
            seen.peaks[name] = max(seen.peaks[name], gpus.memories[0].peak)
            seen.moved[name].append((gpus.moved.onto, gpus.moved.pageable))

    handles = [register_module_forward_pre_hook(before), register_module_forward_hook(after)]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


class Life:
    """Generators whose model gets the plan that a test wants."""

    def __init__(self, store: Store, lora: Path) -> None:
        self.like = next(iter(every_plan().values()))
        self.plan: Plan | None = None
        self.folder = tiny.folder(store)
        self._store = store
        self._device = GPU
        ink = LoraSettings(file=str(lora), models=("qwen-image",))
        self._resources = replace(resources(store), loras={"ink": ink})
        self._expected: dict[tuple[str, ...], list[Image.Image]] = {}

    def make_plan(self, preset: str | None, parts: Any, machine: Machine, settings: PlacementSettings) -> Plan:
        """What stands for the planner."""
        self.plan = scaled_down(tuple(parts), self.like, self._store)
        return on_the_cpu(self.plan) if self._device is CPU else self.plan

    def loaded(self, preset: str = "lightning-4", device: Device = GPU) -> QwenImage:
        """A generator with its model."""
        self._device = device
        generator = QwenImage(preset, self._resources)
        generator.load(device)
        return generator

    def with_preset(self, generator: QwenImage, preset: str) -> QwenImage:
        """The generator with another preset, reloaded where that is needed, as the daemon does."""
        if generator.switch_preset(preset):
            return generator
        generator.unload()
        # There is nothing to fuse any more.
        self.like = replace(self.like, fused="")
        return self.loaded(preset, self._device)

    def pictures(self, generator: QwenImage, made: list[Image.Image]) -> tuple[QwenImage, list[Image.Image]]:
        """What a generator makes of its preset and is made already; then of another, and of a LoRA next to that."""
        generator = self.with_preset(generator, "full")
        made.append(generate(generator, size=(SIDE, SIDE), num_inference_steps=2, true_cfg_scale=1.0))
        loras: tuple[dict[str, object], ...] = ({"name": "ink"},)
        try:
            made.append(generate(generator, size=(SIDE, SIDE), num_inference_steps=2, true_cfg_scale=1.0, loras=loras))
        except BadOptions:
            assert self.like.of("transformer").place is Place.DISK
        return generator, made

    def expected(self) -> list[Image.Image]:
        """What the CPU makes of the same forms."""
        key = (self.like.fused, *(each.quantization for each in self.like.placements))
        if key not in self._expected:
            generator = self.loaded(device=CPU)
            made = [generate(generator, size=(SIDE, SIDE))]
            like = self.like
            generator, self._expected[key] = self.pictures(generator, made)
            self.like = like
            generator.unload()
        return self._expected[key]


@pytest.fixture(scope="module")
def life(qwen_image_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    lora = tmp_path_factory.mktemp("loras") / "ink.safetensors"
    tiny.lora(lora, 99)
    made = Life(qwen_image_store, lora)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plans, "LARGE", 1)
        patch.setattr(costs, "GPU_ALLOWANCE", 0)
        patch.setattr(request, "MIN_PIXELS", SIDE**2)
        patch.setattr(QwenImage, "make_plan", made.make_plan)
        # What is alive now stays so: to look through it after each plan would take most of the time.
        gc.collect()
        gc.freeze()
        # Tensors this small gain nothing from threads, which wait for each other busily.
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        yield made
        torch.set_num_threads(threads)
        gc.unfreeze()


def not_counted(life: Life, plan: Plan, name: str) -> int:
    """Bytes of a tiny part that plans leave out, as they are next to nothing of a real one.

    torchao has a scale in 32 bits and a zero point for each row; rows are short here. bitsandbytes has tables for each
    matrix; and of nf4 weights, what stands outside the blocks is not packed.
    """
    headers = [read_header(file) for file in weight_files(life.folder / name)]
    matrices = {key: info.shape for file in headers for key, info in file.items() if len(info.shape) == 2}
    match plan.of(name).quantization:
        case "int8":
            return sum(5 * rows for rows, _ in matrices.values())
        case "nf4":
            outside = [rows * columns for key, (rows, columns) in matrices.items() if not re.search(r"\.\d+\.", key)]
            return NF4_TABLES * len(matrices) + 2 * sum(outside)
    return 0


@pytest.fixture(scope="module")
def while_it_runs(life: Life) -> dict[tuple[str, str], int]:
    """Bytes of the GPU that a part needs in addition to all weights while it runs, by form and part."""
    needs = {}
    for quantization, name in EVERYWHERE.items():
        life.like = every_plan()[name]
        # bitsandbytes keeps its tables where it first needed them.
        life.expected()
        with SimulatedGPUs(PLENTY) as gpus:
            generator = life.loaded()
            with watching(gpus) as seen:
                generate(generator, size=(SIDE, SIDE))
            generator.unload()
        needs |= {(quantization, part): peak - seen.loaded for part, peak in seen.peaks.items()}
    return needs


def promised(plan: Plan, name: str, needs: int) -> int:
    """Bytes of the GPU that may be in use while a part runs."""
    placed = plan.of(name)
    if placed.place in (Place.STREAM, Place.DISK):
        comes = 2 * placed.size // tiny.LAYERS
    else:
        comes = placed.size if placed.staged or placed.place is Place.OFFLOAD else 0
    return plan.held.vram + comes + needs


@pytest.mark.parametrize("name", every_plan())
@pytest.mark.filterwarnings("ignore:Already found a `peft_config`")
def test_a_plan_keeps_its_promises(life: Life, while_it_runs: dict[tuple[str, str], int], name: str) -> None:
    life.like = every_plan()[name]
    expected = life.expected()
    with SimulatedGPUs(PLENTY) as gpus:
        generator = life.loaded()
        plan = life.plan
        assert plan is not None
        with watching(gpus) as seen:
            made = [generate(generator, size=(SIDE, SIDE))]
        left_out = BUFFERS + sum(not_counted(life, plan, part) for part in NAMES.values())
        assert seen.loaded <= plan.held.vram + left_out
        moved = {"transformer": plan.moved, "text_encoder": plan.moved_per_prompt}
        for part, passes in seen.moved.items():
            placed = plan.of(part)
            assert seen.peaks[part] <= promised(plan, part, while_it_runs[placed.quantization, part]) + left_out
            # In the first pass, the tables of positions come along.
            assert max(onto for onto, _ in passes[1:] or [(0, 0)]) <= moved[part] + left_out
            assert not any(pageable for _, pageable in passes[1:])
        locked = sum(each.all_locked for each in plan.placements if not each.staged)
        assert 0.8 * locked <= gpus.page_locked.used <= (locked + left_out if locked else 0)
        generator, rest = life.pictures(generator, made)
        life.like = every_plan()[name]
        # What is streamed from disk takes no LoRA.
        assert len(rest) == (2 if plan.residency == "disk-offload" else 3)
        assert all(same(one, other) for one, other in zip(rest, expected, strict=False))
        generator.unload()
        assert (gpus.memories[0].used, gpus.page_locked.used) == (0, 0)
        generator = life.loaded()
        assert same(generate(generator, size=(SIDE, SIDE)), expected[0])
        generator.unload()
        assert (gpus.memories[0].used, gpus.page_locked.used) == (0, 0)
        assert gpus.freed_too_early == 0


def for_a_pair(first: int, second: int, host: int = 64) -> Plan:
    """The plan of Qwen-Image for two GPUs with so many GiB."""
    machine = replace(nominal_machine(first, host), second=nominal_machine(second, host).vram)
    return make_plan(published.QWEN_IMAGE, machine, PlacementSettings(), lightning=True, pair=True)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [(48, 24, "none device"), (24, 24, "int8 device"), (12, 24, "int8 group-offload"), (80, 24, "none device")],
)
@pytest.mark.filterwarnings("ignore:Already found a `peft_config`")
def test_two_gpus_hold_one_model(life: Life, first: int, second: int, expected: str) -> None:
    life.like = like = for_a_pair(first, second)
    assert f"{like.of('transformer').quantization} {like.of('transformer').place}" == expected
    assert bool(like.second) is (first < 80), "where all fits on one, the other is left alone"
    wanted = life.expected()
    with SimulatedGPUs(PLENTY) as gpus:
        # What runs needs the same on one GPU, where it is measured.
        life.like = replace(on_the_cpu(like), device="cuda", residency="device")
        generator = life.loaded()
        held = gpus.memories[0].used
        generate(generator, size=(SIDE, SIDE))
        needs = gpus.memories[0].peak - held
        generator.unload()
        life.like = like
    with SimulatedGPUs(PLENTY, PLENTY) as gpus:
        generator = life.loaded(device=PAIR)
        plan = life.plan
        assert plan is not None
        left_out = BUFFERS + sum(not_counted(life, plan, part) for part in NAMES.values())
        for memory, held in zip(gpus.memories, (plan.held.vram, plan.held.second), strict=True):
            assert 0.9 * held <= memory.used <= held + left_out
        gpus.reset()
        made = [generate(generator, size=(SIDE, SIDE))]
        streamed = 2 * plan.of("transformer").size // tiny.LAYERS if plan.moved else 0
        assert gpus.memories[0].peak <= plan.held.vram + streamed + needs + left_out
        assert gpus.memories[1].peak <= plan.held.second + needs + left_out
        assert (gpus.moved.across > 0) is bool(like.second)
        generator, rest = life.pictures(generator, made)
        assert len(rest) == 3
        assert all(map(same, rest, wanted))
        generator.unload()
        assert [memory.used for memory in gpus.memories] == [0, 0]
        assert gpus.page_locked.used == gpus.freed_too_early == 0


@pytest.mark.parametrize(
    ("gigabytes", "expected"),
    [(96, "none device none"), (64, "int8 device none"), (48, "int8 device int8"), (24, "none disk-offload none")],
)
@pytest.mark.filterwarnings("ignore:Already found a `peft_config`")
def test_a_mac_generates_what_the_cpu_does(life: Life, gigabytes: int, expected: str) -> None:
    machine = Machine(gigabytes * 10**9, gigabytes * 10**9 * 3 // 4, "mps", bf16=True, unified=True)
    life.like = like = make_plan(published.QWEN_IMAGE, machine, PlacementSettings(fuse_adapter=False), lightning=True)
    transformer, encoder = like.of("transformer"), like.of("text_encoder")
    assert f"{transformer.quantization} {transformer.place} {encoder.quantization}" == expected
    wanted = life.expected()
    with SimulatedGPUs(PLENTY, kind="mps") as gpus:
        generator = life.loaded(device=MAC)
        plan = life.plan
        assert plan is not None
        left_out = BUFFERS + sum(not_counted(life, plan, part) for part in NAMES.values())
        assert 0.9 * plan.held.vram <= gpus.memories[0].used <= plan.held.vram + left_out
        generator, rest = life.pictures(generator, [generate(generator, size=(SIDE, SIDE))])
        assert len(rest) == (2 if plan.residency == "disk-offload" else 3)
        assert all(same(one, other) for one, other in zip(rest, wanted, strict=False))
        generator.unload()
        assert gpus.memories[0].used == gpus.page_locked.used == 0


@pytest.mark.parametrize(("first", "second"), [(48, 24), (24, 24)])
def test_two_gpus_generate_from_an_image_what_the_cpu_does(life: Life, first: int, second: int) -> None:
    life.like = for_a_pair(first, second)
    job = {"size": (SIDE, SIDE), "pictures": (picture((SIDE, SIDE)),), "strength": 0.7}
    generator = life.loaded(device=CPU)
    wanted = generate(generator, **job)
    assert not same(wanted, generate(generator, size=(SIDE, SIDE))), "the image counts"
    generator.unload()
    with SimulatedGPUs(PLENTY, PLENTY) as gpus:
        generator = life.loaded(device=PAIR)
        assert gpus.memories[1].used
        gpus.reset()
        made = generate(generator, **job)
        assert gpus.moved.across > 0, "the VAE encodes on the second GPU"
        generator.unload()
        assert [memory.used for memory in gpus.memories] == [0, 0]
    assert same(made, wanted)
