"""Fuses a LoRA into the weights of a transformer matrix by matrix, each of which is quantized immediately."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectacle.generators.diffusion.adapters import load_adapter
from spectacle.generators.placement import residency

if TYPE_CHECKING:
    import torch

    from spectacle.generators.placement.plan import Plan

_NAME = "fused"


def fuse_and_quantize(pipeline: Any, file: Path, plan: Plan, device: torch.device) -> None:
    """Add a LoRA to the weights of a pipeline's transformer, then quantize these as the plan says.

    The weights are those of its files, which are mapped into memory, so that in addition to what is quantized already,
    there is never more than one matrix in memory.

    Args:
        pipeline: The pipeline with its transformer on the CPU, neither quantized nor with adapters.
        file: The LoRA.
        plan: What it is placed by, whose `fused` is the transformer.
        device: The device.

    Raises:
        GeneratorError: When the file is damaged, no safetensors file, or an adapter for another model.
    """
    from peft.tuners.lora import LoraLayer
    from torch import nn

    load_adapter(pipeline, file, _NAME)
    quantization = plan.of(plan.fused).quantization
    for name, parent, key, linear in residency.matrices(getattr(pipeline, plan.fused)):
        if isinstance(parent, LoraLayer):
            # Not in place, for the pages of a file that are written to would stay in memory as long as the file.
            fused = linear.weight.data + parent.get_delta_weight(_NAME)  # type: ignore[operator]
            linear.weight = nn.Parameter(fused, requires_grad=False)
        if quantization != "nf4" or residency.is_packed(name):
            parent.register_module(key, residency.quantized(linear, plan, plan.fused, device))
    pipeline.unload_lora_weights()
