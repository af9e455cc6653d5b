"""Writes a self-contained checkpoint of `botanical`: the LoRA fused, everything in half precision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from diffusers import ControlNetModel

from spectacle.config import PlacementSettings
from spectacle.generators.botanical.model import PLAIN
from spectacle.generators.botanical.sources import BASE, CONTROLNET, LORA, LORA_FILE, VAE
from spectacle.generators.diffusion.adapters import fuse_adapter
from spectacle.generators.diffusion.loading import Checkpoint, check_model, load_model, load_pipeline
from spectacle.generators.placement import published
from spectacle.generators.placement.plan import Machine
from spectacle.generators.placement.planner import make_plan
from spectacle.weights import Located


def prepare(preset: str | None, folder: Path, located: Mapping[str, Located], say: Callable[[str], None]) -> None:
    """Fuse and write; see `Generator.prepare`. Needs about 15 GB of memory: the LoRA is added in full precision.

    Args:
        preset: The preset it is for.
        folder: Where the files go.
        located: Where the pulled weights are, by repository.
        say: Called with a sentence for each part of the work.
    """
    # On the CPU and in full precision, so that the sum is rounded once.
    settings = PlacementSettings(quantization="none", residency="device")
    plan = make_plan(published.SDXL_CONTROLNET, Machine(ram=1 << 62), settings)
    say("loading SDXL")
    base = Checkpoint(located[BASE.repo].path, "fp16", elsewhere={"vae": located[VAE.repo].path})
    pipeline = load_pipeline(PLAIN, base, plan)
    pipeline.to(dtype=torch.float32)
    say("fusing the LoRA")
    fuse_adapter(pipeline, located[LORA.repo].path / LORA_FILE)
    pipeline.to(dtype=torch.float16)
    say("writing SDXL")
    pipeline.save_pretrained(folder, safe_serialization=True)
    if preset != "plain":
        say("writing the ControlNet")
        path = located[CONTROLNET.repo].path
        check_model(path, ControlNetModel, variant="fp16")
        controlnet = load_model(path, "controlnet", ControlNetModel, plan, variant="fp16")
        controlnet.to(torch.float16).save_pretrained(folder / "controlnet", safe_serialization=True)
