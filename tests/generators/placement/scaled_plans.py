"""The plans that Qwen-Image gets, and the same for a tiny one."""

from __future__ import annotations

import functools
from dataclasses import replace

import tiny

from spectacle.config import PlacementSettings
from spectacle.generators.placement import plan as plans
from spectacle.generators.placement import published
from spectacle.generators.placement.candidates import Problem
from spectacle.generators.placement.files import read_header, weight_files
from spectacle.generators.placement.plan import Component, ComponentPlacement, Machine, Place, Plan
from spectacle.generators.placement.planner import make_plan
from spectacle.generators.placement.published import GPUS, HOSTS, nominal_machine
from spectacle.generators.qwen_image import presets
from spectacle.weights import Store

PLENTY = 10**9
"""Bytes of memory that no tiny model needs."""

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
    plain = dict(found.values())
    fused = {
        made.placements[0]: (f"{name}-fused", replace(made, fused="transformer"))
        for name, made in plain.items()
        if made.of("transformer").quantization != "none"
    }
    return plain | dict(fused.values())


def scaled_down(parts: tuple[Component, ...], like: Plan, store: Store) -> Plan:
    """The plan of a tiny model that has its parts in the same forms and places as a real one.

    Where a real one keeps blocks on the GPU, the tiny one keeps the first of its two.
    """
    parts = tuple(replace(each, activations=0, tiled_activations=0) for each in parts)
    if like.fused:
        parts = tuple(each.fused for each in parts)
    wanted = [form[:4] for form in forms(like)]
    for asked in ("auto", like.of("transformer").quantization):
        settings = PlacementSettings(quantization=asked, residency=like.residency)
        second = PLENTY if like.second else 0
        machine = Machine(PLENTY, PLENTY, like.device, bf16=True, second=second, unified=like.unified)
        for candidate in Problem(parts, machine, settings).candidates():
            plan = candidate.plan
            if [form[:4] for form in forms(plan)] != wanted or plan.vae_tiling:
                continue
            if [each.second for each in plan.placements] != [each.second for each in like.placements]:
                continue
            kept = _first_block(like, store)
            pairs = zip(plan.placements, like.placements, strict=True)
            placements = tuple(_as_much(each, real, kept) for each, real in pairs)
            moved = plan.moved - sum(each.kept for each in placements)
            return replace(plan, placements=placements, moved=moved, fused=like.fused)
    raise AssertionError(like)


def _as_much(placed: ComponentPlacement, real: ComponentPlacement, block: int) -> ComponentPlacement:
    """A tiny part of which a block stays on the GPU and half is page-locked where that is so of parts of a real one."""
    kept = block if real.kept else 0
    return replace(placed, kept=kept, locked=(placed.size - kept) // 2 if real.locked else 0)


def _first_block(like: Plan, store: Store) -> int:
    """Bytes of the first block of the tiny transformer, and of its part of the Lightning adapter next to it."""
    adapter = presets.PRESETS["lightning-4"].adapter
    assert adapter is not None
    model = tiny.folder(store) / "transformer"
    own, added = (
        [info.shape for file in files for name, info in read_header(file).items() if "transformer_blocks.0." in name]
        for files in (weight_files(model), [tiny.folder(store, adapter.repo) / adapter.files[0]])
    )
    added = [] if like.fused else added
    sizes = [functools.reduce(int.__mul__, shape, 1) for shape in own + added]
    fixed = sum(size for size, shape in zip(sizes, own + added, strict=True) if len(shape) != 2 or shape in added)
    block = Component("", plans.Stage.DENOISE, sum(sizes), fixed)
    return block.size(like.of("transformer").quantization, "bf16")


def on_the_cpu(plan: Plan) -> Plan:
    """The same forms without a GPU."""
    placements = [
        replace(each, place=Place.DEVICE, pinned=False, staged=False, kept=0, locked=0, second=False)
        for each in plan.placements
    ]
    return replace(plan, device="cpu", placements=tuple(placements), second=0, unified=False)
