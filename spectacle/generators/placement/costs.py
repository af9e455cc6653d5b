"""What holding a model in some way costs, and how many blocks of a streamed one may stay on the GPU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from spectacle.generators.placement.plan import Component, ComponentPlacement, Place, Precision, Stage

GPU_ALLOWANCE = 1_000_000_000
"""Bytes of GPU memory for the CUDA context, workspaces of libraries, and fragments: an allowance, not a measurement."""

HOST_ALLOWANCE = 3_000_000_000
"""Bytes of host memory for the process with its libraries: an allowance, not a measurement."""

_STREAMED = (Place.STREAM, Place.DISK)

Pairs = Sequence[tuple[Component, ComponentPlacement]]


def with_kept_blocks(pairs: Pairs, precision: Precision, tiling: bool, limit: int) -> Pairs:
    """The same with as many blocks of streamed denoisers on the GPU as fit.

    Args:
        pairs: The parts and where they are.
        precision: In what they compute.
        tiling: Whether images are decoded in tiles.
        limit: Bytes of the GPU's memory that may be used.
    """
    spare = limit - gpu_cost(pairs, precision, tiling)[0]
    filled = []
    for component, placed in pairs:
        if component.stage is Stage.DENOISE and placed.place in _STREAMED:
            block = (placed.size - component.scales(placed.quantization)) // component.blocks
            kept = block * max(0, min(component.blocks, spare // block))
            spare -= kept
            filled.append((component, replace(placed, kept=kept)))
        else:
            filled.append((component, placed))
    return filled


def with_locked_blocks(pairs: Pairs, limit: int) -> Pairs:
    """The same with as many bytes of streamed denoisers page-locked as the host can spare."""
    locked = []
    for component, placed in pairs:
        if component.stage is Stage.DENOISE and placed.place is Place.STREAM:
            size = min(placed.size - placed.kept, limit)
            limit -= size
            locked.append((component, replace(placed, locked=size)))
        else:
            locked.append((component, placed))
    return locked


def gpu_cost(pairs: Pairs, precision: Precision, tiling: bool) -> tuple[int, int]:
    """The peaks of the GPU's and the host's memory, in bytes."""
    here = [(component, placed) for component, placed in pairs if not placed.second]
    return _gpu_peak(here, tiling), HOST_ALLOWANCE + max(_held(pairs, precision), _loading(pairs))


def second_cost(pairs: Pairs, tiling: bool) -> int:
    """The peak of the second GPU's memory, in bytes; 0 where nothing is on it."""
    there = [(component, placed) for component, placed in pairs if placed.second]
    return _gpu_peak(there, tiling) if there else 0


def _gpu_peak(pairs: Pairs, tiling: bool) -> int:
    resident = sum(placed.size for _, placed in pairs if placed.place is Place.DEVICE and not placed.staged)
    resident += sum(placed.kept for _, placed in pairs)
    resident += sum(
        component.scales(placed.quantization)
        for component, placed in pairs
        if placed.place in _STREAMED and not placed.staged
    )
    running = [0]
    for stage in Stage:
        while_it_runs, beside = 0, 0
        for component, placed in pairs:
            if component.stage is not stage:
                continue
            if placed.place in _STREAMED:
                while_it_runs += component.window(placed.size)
            elif placed.staged or placed.place is Place.OFFLOAD:
                while_it_runs += placed.size
            beside = max(beside, component.tiled(tiling))
        running.append(while_it_runs + beside)
    return resident + max(running) + GPU_ALLOWANCE


def _held(pairs: Pairs, precision: Precision) -> int:
    """Bytes of the host's memory for the weights once all are where they belong."""
    held = 0
    for component, placed in pairs:
        if placed.place in _STREAMED and not placed.pinned:
            held += component.window(placed.size)
        if placed.place in (Place.OFFLOAD, Place.STREAM) and (
            # What is read as it is in its files is mapped, and the kernel drops it when memory is short.
            not placed.staged or placed.quantization != "none" or precision == "fp32"
        ):
            held += placed.size - placed.kept
    return held


def _loading(pairs: Pairs) -> int:
    """Bytes of the host's memory for parts of which blocks go to the GPU: quantized, all of them are on the host first.

    They are loaded before the others, as `loading.is_late` says.
    """
    return sum(
        placed.size
        for _, placed in pairs
        if placed.kept and placed.place is Place.STREAM and placed.quantization != "none"
    )


def cpu_cost(pairs: Pairs, precision: Precision, tiling: bool) -> tuple[int, int]:
    """No memory of a GPU, and the peak of the host's, in bytes."""
    ram = HOST_ALLOWANCE + max((component.tiled(tiling) for component, _ in pairs), default=0)
    for component, placed in pairs:
        mapped = placed.staged and component.blocks and placed.quantization == "none" and precision == "bf16"
        ram += component.window(placed.size) if mapped or placed.place is Place.DISK else placed.size
    return 0, ram
