"""Each ready model, as it is in `ready.toml`, makes what the script makes that its source shows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import diffusers
import pytest
import tiny_pipelines
import torch
from control import Control
from generating import CPU, job, picture, resources, same
from PIL import Image
from safetensors.torch import save_file
from tiny import put

from spectacle.config import SizeSettings
from spectacle.generators import registry
from spectacle.generators.base import Resources
from spectacle.generators.pipelines.generator import PipelineGenerator
from spectacle.generators.pipelines.ready import ready_models
from spectacle.weights import Store

SIZE = (64, 64)


@dataclass(frozen=True)
class Script:
    """How a model is called where it is published.

    Attributes:
        builder: What makes a tiny one.
        call: Arguments of the call, without the prompt and the size.
        steps: Steps of the request in the place of the model's, which would take long.
    """

    builder: str
    call: dict[str, Any] = field(default_factory=dict)
    steps: int | None = None


SCRIPTS = {
    "z-image-turbo": Script("z_image", {"num_inference_steps": 8, "guidance_scale": 0.0}),
    "z-image": Script("z_image", steps=3),
    "flux2-klein-4b": Script("klein", {"num_inference_steps": 4, "guidance_scale": 1.0}),
    "flux1-schnell": Script("flux", {"num_inference_steps": 4, "guidance_scale": 0.0, "max_sequence_length": 256}),
    "sd3.5-large": Script("sd3", steps=3),
    "sdxl": Script("sdxl", {"guidance_scale": 5.0}, steps=3),
    "sdxl-lightning": Script("sdxl", {"num_inference_steps": 4, "guidance_scale": 0.0}),
    "chroma": Script("chroma", {"guidance_scale": 3.0}, steps=3),
    "sana-sprint": Script("sana", {"num_inference_steps": 2}),
    "hunyuan-image": Script("hunyuan", steps=3),
    "longcat-image": Script("longcat", {"guidance_scale": 4.5}, steps=3),
    "longcat-image-edit": Script("longcat_edit", {"guidance_scale": 4.5}, steps=2),
}


def lightning(file: Path) -> None:
    """An adapter for a UNet of SDXL, by the names of kohya."""
    random = torch.Generator().manual_seed(3)
    tensors = {}
    for name in ("attn1_to_q", "attn2_to_v"):
        module = f"lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_{name}"
        columns = 64 if name == "attn2_to_v" else 32
        tensors[f"{module}.lora_down.weight"] = torch.randn((2, columns), generator=random)
        tensors[f"{module}.lora_up.weight"] = torch.randn((32, 2), generator=random)
        tensors[f"{module}.alpha"] = torch.tensor(2.0)
    save_file(tensors, file)


def pulled(name: str, folder: Path) -> tuple[Path, Resources]:
    """Where a tiny model is in the place of a ready one, and resources with that, for small images."""
    entry = ready_models()[name].model_copy(update={"sizes": SizeSettings(min_pixels=64 * 64, max_pixels=64 * 64)})
    found = replace(resources(Store(folder)), models={name: entry})
    model, *adapters = registry.find(name, found).weights(next(iter(entry.presets), None))

    def build(into: Path) -> None:
        made = tiny_pipelines.BUILDERS[SCRIPTS[name].builder]()
        made.to(torch.float32).save_pretrained(into, variant=entry.variant)

    where = put(found.store, model.repo, model.files, build)
    for each in adapters:
        put(found.store, each.repo, each.files, lambda into, files=each.files: lightning(into / files[0]))
    return where, found


def plainly(name: str, generator: PipelineGenerator, where: Path, **more: Any) -> Any:
    """What the published script makes."""
    script, entry = SCRIPTS[name], ready_models()[name]
    assert generator._loaded is not None
    dtype = {"bf16": torch.bfloat16, "fp32": torch.float32}[generator._loaded.plan.precision]
    pipeline: Any = getattr(diffusers, str(entry.pipeline)).from_pretrained(where, dtype=dtype, variant=entry.variant)
    pipeline.set_progress_bar_config(disable=True)
    if name == "sdxl-lightning":
        file = generator.resources.store.folder("ByteDance/SDXL-Lightning").rglob("*4step_lora.safetensors")
        pipeline.load_lora_weights(str(next(file)))
        scheduler = diffusers.EulerDiscreteScheduler
        pipeline.scheduler = scheduler.from_config(pipeline.scheduler.config, timestep_spacing="trailing")
    call = {**script.call, **({"num_inference_steps": script.steps} if script.steps else {}), **more}
    return pipeline(prompt="a fox", generator=torch.Generator().manual_seed(7), **call).images[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.filterwarnings("ignore:`FluxPosEmbed` is deprecated")
def test_a_ready_model_makes_what_its_published_script_makes(name: str, tmp_path: Path) -> None:
    where, found = pulled(name, tmp_path)
    kind = registry.find(name, found)
    generator = kind(next(iter(kind.presets), None), found)
    assert isinstance(generator, PipelineGenerator)
    generator.check_weights(generator.preset, found)
    generator.load(CPU)
    script = SCRIPTS[name]
    seen = (picture(SIZE),) * generator.needs.min_pictures
    control = Control()
    options = {"num_inference_steps": script.steps} if script.steps else {}
    (artifact,) = generator.generate(job(generator, size=SIZE, pictures=seen, **options), control)
    more: dict[str, Any] = {"image": seen[0]} if seen else {"width": 64, "height": 64}
    assert isinstance(artifact.content, Image.Image)
    assert same(artifact.content, plainly(name, generator, where, **more))
    steps = script.steps or script.call["num_inference_steps"]
    assert control.steps == [(step, steps) for step in range(1, steps + 1)]
    generator.unload()


def test_every_ready_model_is_run_by_a_test() -> None:
    assert {*SCRIPTS, "qwen-image-layered"} == set(ready_models())  # layers have a test of their own
