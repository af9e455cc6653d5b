"""Applies a plan to a pipeline with diffusers' own means: quantization, offloading, tiling, attention, compiling."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from spectacle.generators.diffusion.placement import Placement, Plan

if TYPE_CHECKING:
    import torch
    from diffusers import DiffusionPipeline


def dtype(plan: Plan) -> torch.dtype:
    """What `from_pretrained(..., dtype=…)` is given."""
    raise NotImplementedError


def quantization_config(
    plan: Plan, component: str, library: Literal["diffusers", "transformers"] = "diffusers"
) -> Any | None:
    """What `from_pretrained(..., quantization_config=…)` (or `from_single_file` for GGUF) of a component is given.

    None for a component that is not quantized on loading, such as one whose files are quantized already.
    """
    raise NotImplementedError


def place(module: torch.nn.Module, placement: Placement, plan: Plan, device: torch.device, scratch: Path) -> None:
    """Put one component, loaded on the CPU, where its placement says; an adapter must be loaded before.

    Also for a staged component, after it was loaded for its stage. One placed `OFFLOAD` is put on the device here;
    whoever runs it puts it back with `park`.
    """
    raise NotImplementedError


def park(module: torch.nn.Module, placement: Placement) -> None:
    """Take a component placed `OFFLOAD` off the device after its stage."""
    raise NotImplementedError


def apply(pipe: DiffusionPipeline, plan: Plan, device: torch.device, scratch: Path) -> None:
    """Put every component that the pipeline holds where the plan says, and switch on what the plan says of speed.

    Components that are None (staged ones, between their stages) are left out. With `OFFLOAD`, diffusers' own hooks
    move each component as it is called. Load adapters before.

    Args:
        pipe: The pipeline, loaded on the CPU.
        plan: Where its components go.
        device: The device.
        scratch: An empty directory for what is streamed from disk; it must stay while the pipeline is used.
    """
    raise NotImplementedError
