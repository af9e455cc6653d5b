"""Writes a self-contained checkpoint of any pipeline: adapters fused, the preset's scheduler, perhaps quantized."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from spectacle.config import ModelPresetSettings, PlacementSettings
from spectacle.errors import GeneratorError
from spectacle.generators.diffusion.loading import Checkpoint
from spectacle.generators.pipelines.parts import read_parts
from spectacle.generators.placement.plan import Machine, Precision
from spectacle.generators.placement.planner import make_plan

_PLENTY = Machine(ram=2**62)
"""A machine on which everything is held in memory as it is."""


def write(
    name: str,
    checkpoint: Checkpoint,
    loras: Mapping[Path, float],
    preset: ModelPresetSettings,
    folder: Path,
    dtype: str,
    quantization: str,
    say: Callable[[str], None],
) -> None:
    """Write a checkpoint that needs no adapter and no network. Holds the whole model in memory.

    Args:
        name: Name of the pipeline's class.
        checkpoint: Where the model is.
        loras: Adapters to fuse, with their strengths.
        preset: The preset, whose scheduler is stored.
        folder: Where the files go.
        dtype: In what the weights are stored; `auto` is bf16.
        quantization: `none` or `int8`.
        say: Called with a sentence for each part of the work.

    Raises:
        GeneratorError: When the weights cannot be stored in that way, or a file is damaged.
    """
    import diffusers

    from spectacle.generators.diffusion.adapter_set import AdapterSet
    from spectacle.generators.diffusion.loading import load_pipeline
    from spectacle.generators.pipelines.model import scheduler_of

    if quantization not in ("none", "int8"):
        raise GeneratorError(f"--quantize {quantization}: not possible for this model. Use none or int8.")
    parts = read_parts(checkpoint, 0, fp16=False)
    precision: Precision = dtype if dtype in ("fp16", "fp32") else "bf16"  # type: ignore[assignment]
    plan = make_plan(
        parts, _PLENTY, PlacementSettings(residency="device", quantization="none"), staging=False, precision=precision
    )
    pipeline = load_pipeline(getattr(diffusers, name), checkpoint, plan, index=checkpoint.pipeline)
    if loras:
        say(f"fusing {', '.join(file.name for file in loras)}")
        AdapterSet(pipeline).use(loras)
        pipeline.fuse_lora()
        pipeline.unload_lora_weights()
    pipeline.register_modules(scheduler=scheduler_of(pipeline.scheduler, preset))
    pipeline.save_pretrained(folder, safe_serialization=True)
    if quantization == "int8":
        for part in parts:
            if part.is_quantizable:
                say(f"storing the {part.name} as int8")
                _quantize(type(getattr(pipeline, part.name)), folder / part.name, plan)


def _quantize(kind: Any, folder: Path, plan: Any) -> None:
    from torchao.quantization import Int8WeightOnlyConfig

    from spectacle.generators.placement import residency

    library: Any = import_module("diffusers" if kind.__module__.startswith("diffusers.") else "transformers")
    config = library.TorchAoConfig(Int8WeightOnlyConfig())
    model = kind.from_pretrained(
        folder, dtype=residency.dtype(plan), use_safetensors=True, local_files_only=True, quantization_config=config
    )
    stored = folder.with_name(f".{folder.name}.int8")
    model.save_pretrained(stored)
    del model
    shutil.rmtree(folder)
    stored.rename(folder)
