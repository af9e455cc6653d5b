"""Every plan that the planner makes, on a simulated GPU: loaded, used, presets and LoRAs changed, freed, reloaded."""

from __future__ import annotations

import functools
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
from generating import CPU, generate, resources, same
from PIL import Image
from simulated_gpu import SimulatedGPUs
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from spectacle.config import LoraSettings, PlacementSettings
from spectacle.errors import BadOptions
from spectacle.generators.base import Device
from spectacle.generators.placement import costs, published
from spectacle.generators.placement import plan as plans
from spectacle.generators.placement.candidates import Problem
from spectacle.generators.placement.files import read_header, weight_files
from spectacle.generators.placement.plan import Component, ComponentPlacement, Machine, Place, Plan
from spectacle.generators.placement.planner import make_plan
from spectacle.generators.placement.published import GPUS, HOSTS, nominal_machine
from spectacle.generators.qwen_image import QwenImage, presets, request
from spectacle.weights import Store

pytestmark = [
    pytest.mark.skipif(os.uname().sysname != "Linux", reason="the table of devices has another name there"),
    pytest.mark.slow,
]
GPU = Device("cuda", 0)
PLENTY = 10**9
BUFFERS = 80
"""Bytes of the tiny model's buffers, which are not in its files: the frequencies of the text encoder's positions."""
NF4_TABLES = 64 + 1024 + 4 + 4
"""Bytes that bitsandbytes has for each matrix: the 16 values and 256 scales that there are, an offset, a remainder."""
SIDE = 64
NAMES = {"QwenImageTransformer2DModel": "transformer", "Qwen2_5_VLForConditionalGeneration": "text_encoder"}
EVERYWHERE = {"none": "auto-80-16", "int8": "int8-48-16", "nf4": "nf4-24-16"}
"""The plans that have everything on the GPU, by form: what their parts need while they run is measured on these."""

Form = tuple[str, Place, bool, bool, bool, bool]


def forms(plan: Plan) -> tuple[Form, ...]:
    """In which form each part is, where, and whether blocks of it stay on the GPU, or a part of it is page-locked."""
    return tuple(
        (each.quantization, each.place, each.pinned, each.staged, each.kept > 0, each.locked > 0)
        for each in plan.placements
    )


@functools.cache
def every_plan() -> dict[str, Plan]:
    """One plan of each kind that Qwen-Image gets, by the settings, the GPU and the host that it is for."""
    found: dict[tuple[Form, ...], tuple[str, Plan]] = {}
    for quantization in ("auto", "none", "int8", "nf4"):
        for gpu in GPUS[1:]:
            for host in HOSTS:
                settings = PlacementSettings(quantization=quantization)
                made = make_plan(published.QWEN_IMAGE, nominal_machine(gpu, host), settings, lightning=True)
                found.setdefault(forms(made), (f"{quantization}-{gpu}-{host}", made))
    return dict(found.values())


def scaled_down(parts: tuple[Component, ...], like: Plan, store: Store) -> Plan:
    """The plan of a tiny model that has its parts in the same forms and places as a real one.

    Where a real one keeps blocks on the GPU, the tiny one keeps the first of its two.
    """
    parts = tuple(replace(each, activations=0, tiled_activations=0) for each in parts)
    wanted = [form[:4] for form in forms(like)]
    for asked in ("auto", like.of("transformer").quantization):
        settings = PlacementSettings(quantization=asked, residency=like.residency)
        for candidate in Problem(parts, Machine(PLENTY, PLENTY, (8, 6)), settings).candidates():
            plan = candidate.plan
            if [form[:4] for form in forms(plan)] != wanted or plan.vae_tiling:
                continue
            kept = _first_block(like, store)
            pairs = zip(plan.placements, like.placements, strict=True)
            placements = tuple(_as_much(each, real, kept) for each, real in pairs)
            return replace(plan, placements=placements, moved=plan.moved - sum(each.kept for each in placements))
    raise AssertionError(like)


def _as_much(placed: ComponentPlacement, real: ComponentPlacement, block: int) -> ComponentPlacement:
    """A tiny part of which a block stays on the GPU and half is page-locked where that is so of parts of a real one."""
    kept = block if real.kept else 0
    return replace(placed, kept=kept, locked=(placed.size - kept) // 2 if real.locked else 0)


def _first_block(like: Plan, store: Store) -> int:
    """Bytes of the first block of the tiny transformer, and of its part of the Lightning adapter."""
    adapter = presets.PRESETS["lightning-4"].adapter
    assert adapter is not None
    model = store.folder(presets.QWEN_IMAGE) / tiny.REVISION / "transformer"
    own, added = (
        [info.shape for file in files for name, info in read_header(file).items() if "transformer_blocks.0." in name]
        for files in (weight_files(model), [store.folder(adapter.repo) / tiny.REVISION / adapter.files[0]])
    )
    sizes = [functools.reduce(int.__mul__, shape, 1) for shape in own + added]
    fixed = sum(size for size, shape in zip(sizes, own + added, strict=True) if len(shape) != 2 or shape in added)
    block = Component("", plans.Stage.DENOISE, sum(sizes), fixed)
    return block.size(like.of("transformer").quantization, "bf16")


def on_the_cpu(plan: Plan) -> Plan:
    """The same forms without a GPU."""
    placements = [
        replace(each, place=Place.DEVICE, pinned=False, staged=False, kept=0, locked=0) for each in plan.placements
    ]
    return replace(plan, device="cpu", placements=tuple(placements))


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
        self.folder = store.folder(presets.QWEN_IMAGE) / tiny.REVISION
        self._store = store
        self._cpu = False
        ink = LoraSettings(file=str(lora), models=("qwen-image",))
        self._resources = replace(resources(store), loras={"ink": ink})
        self._expected: dict[tuple[str, ...], list[Image.Image]] = {}

    def make_plan(self, preset: str | None, parts: Any, machine: Machine, settings: PlacementSettings) -> Plan:
        """What stands for the planner."""
        self.plan = scaled_down(tuple(parts), self.like, self._store)
        return on_the_cpu(self.plan) if self._cpu else self.plan

    def loaded(self, preset: str = "lightning-4", device: Device = GPU) -> QwenImage:
        """A generator with its model."""
        self._cpu = device is CPU
        generator = QwenImage(preset, self._resources)
        generator.load(device)
        return generator

    def with_preset(self, generator: QwenImage, preset: str) -> QwenImage:
        """The generator with another preset, reloaded where that is needed, as the daemon does."""
        if generator.switch_preset(preset):
            return generator
        generator.unload()
        return self.loaded(preset, CPU if self._cpu else GPU)

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
        key = tuple(each.quantization for each in self.like.placements)
        if key not in self._expected:
            generator = self.loaded(device=CPU)
            made = [generate(generator, size=(SIDE, SIDE))]
            generator, self._expected[key] = self.pictures(generator, made)
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
