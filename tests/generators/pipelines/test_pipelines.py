"""Models of the settings make the same pixels as a plain script with the same pipeline of diffusers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import tiny_pipelines
import torch
from control import Control
from generating import CPU, generate, half_mask, job, make, picture, resources, same
from PIL import Image
from safetensors.torch import save_file
from simulated_gpu import SimulatedGPUs
from tiny import put

from spectacle.config import (
    LoraSettings,
    ModelLoraSettings,
    ModelPresetSettings,
    ModelSettings,
    PlacementSettings,
    SizeSettings,
)
from spectacle.errors import BadAttachment, BadOptions, Cancelled, GeneratorError, WeightsMissing
from spectacle.generators import registry
from spectacle.generators.base import Device, Generator, Resources
from spectacle.generators.pipelines.generator import PipelineGenerator
from spectacle.generators.placement import backends, components
from spectacle.weights import Store
from spectacle.weights.digest import digest_file

SIZE = (64, 64)
Checkpoint = Callable[[str], tuple[Path, Resources]]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """A pulled tiny checkpoint by the name of its builder, and resources in which its model has that name."""
    store = Store(tmp_path_factory.mktemp("weights"))
    made: dict[str, Path] = {}

    def build(name: str) -> tuple[Path, Resources]:
        model = ModelSettings(
            repository=f"tiny/{name}", steps=2, sizes=SizeSettings(min_pixels=64 * 64, max_pixels=64 * 64)
        )
        found = replace(resources(store), models={name: model})
        if name not in made:
            patterns = registry.find(name, found).weights()[0].files
            made[name] = put(store, model.repository, patterns, lambda folder: tiny_pipelines.save(name, folder))
        return made[name], found

    return build


def loaded(name: str, found: Resources, preset: str | None = None, **more: Any) -> Generator:
    """The model's generator, loaded, with other settings."""
    found = replace(found, models={name: found.models[name].model_copy(update=more)})
    generator = registry.find(name, found)(preset, found)
    generator.check_weights(generator.preset, found)
    generator.load(CPU)
    return generator


def plainly(folder: Path, generator: Generator, kind: str | None = None, seed: int = 7, **call: Any) -> Any:
    """What a plain script makes."""
    assert isinstance(generator, PipelineGenerator) and generator._loaded is not None
    dtype = {"bf16": torch.bfloat16, "fp32": torch.float32}[generator._loaded.plan.precision]
    of: Any = getattr(diffusers, kind) if kind else diffusers.DiffusionPipeline
    pipeline = of.from_pretrained(folder, dtype=dtype)
    pipeline.set_progress_bar_config(disable=True)
    call = {"prompt": "a fox", "num_inference_steps": 2, "generator": torch.Generator().manual_seed(seed), **call}
    return pipeline(**call).images[0]


EXPENSIVE = ("sd3", "sana", "chroma", "lumina", "klein", "sd15", "hunyuan", "longcat")
OTHERS = ("kontext", "pixart", "hunyuan_refiner", "longcat_edit")
"""What needs an input image, or options of its own."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name in EXPENSIVE else [])
        for name in tiny_pipelines.BUILDERS
        if name not in OTHERS
    ],
)
@pytest.mark.filterwarnings("ignore:`FluxPosEmbed` is deprecated")
def test_a_model_makes_what_a_plain_script_makes(name: str, checkpoint: Checkpoint) -> None:
    folder, found = checkpoint(name)
    generator = loaded(name, found)
    control = Control()
    (artifact,) = generator.generate(job(generator, size=SIZE), control)
    assert isinstance(artifact.content, Image.Image)
    assert same(artifact.content, plainly(folder, generator, width=64, height=64))
    assert control.steps[-1][0] == control.steps[-1][1]
    assert artifact.facts["num_inference_steps"] == 2
    assert artifact.facts["drawn"] == "64x64"
    generator.unload()


@pytest.mark.slow
@pytest.mark.parametrize("name", [each for each in tiny_pipelines.BUILDERS if each not in ("kontext", "pixart")])
@pytest.mark.parametrize("kind", ["cuda", "mps"])
@pytest.mark.filterwarnings("ignore:`FluxPosEmbed` is deprecated")
def test_a_gpu_without_float64_makes_nearly_what_the_cpu_makes(
    name: str, kind: str, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, found = checkpoint(name)
    generator = loaded(name, found, dtype="fp32")
    seen = (picture(SIZE),) * generator.needs.min_pictures
    wanted = np.asarray(generate(generator, size=SIZE, pictures=seen), np.int16)
    generator.unload()
    # With the name of a device of which diffusers believes that it has float64, as Intel's GPUs.
    monkeypatch.setattr(backends.Backend, "has_float64", lambda self, index: self.kind == "cpu")
    with SimulatedGPUs(1 << 30, kind=kind, float64=False):
        generator.load(Device(kind))
        made = np.asarray(generate(generator, size=SIZE, pictures=seen), np.int16)
        generator.unload()
    assert np.abs(made - wanted).mean() < 1


def test_the_options_that_every_generator_has_are_none_of_the_pipelines(checkpoint: Checkpoint) -> None:
    _, found = checkpoint("flux")
    generator = loaded("flux", found)
    files = {"output_format": "webp", "quality": 80, "metadata": "minimal", "thumbnail": 64, "previews": True}
    assert same(generate(generator, size=SIZE, **files), generate(generator, size=SIZE))
    generator.unload()


@pytest.mark.slow
def test_a_pipeline_without_a_callback_is_cancelled_inside_of_its_steps(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, found = checkpoint("pixart")
    generator = loaded("pixart", found)
    options: dict[str, Any] = {"use_resolution_binning": False, "guidance_scale": 1.5}
    plain = plainly(folder, generator, width=64, height=64, **options)
    assert same(generate(generator, size=SIZE, **options), plain)
    monkeypatch.setattr("spectacle.generators.diffusion.steps.INTERVAL", 0)
    with pytest.raises(Cancelled):
        generator.generate(job(generator, size=SIZE, **options), Control(cancel_after=5))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pixart", "longcat"])
def test_steps_of_a_pipeline_without_a_callback_are_reported_and_end_it(name: str, checkpoint: Checkpoint) -> None:
    _, found = checkpoint(name)
    generator = loaded(name, found, options={"use_resolution_binning": False} if name == "pixart" else {})
    control = Control()
    asked = job(generator, size=SIZE, num_inference_steps=3, num_images_per_prompt=2)
    first, _ = generator.generate(asked, control)
    assert control.steps == [(step, 6) for step in range(1, 7)]
    stopped = Control(cancel_after=2)
    with pytest.raises(Cancelled):
        generator.generate(asked, stopped)
    assert stopped.steps == [(1, 6), (2, 6)]
    again, _ = generator.generate(asked, Control())
    assert isinstance(first.content, Image.Image) and isinstance(again.content, Image.Image)
    assert same(first.content, again.content)
    generator.unload()


@pytest.mark.slow
@pytest.mark.parametrize("prompt", ["a fox", 'a sign that says "open"', "a sign that says “你好”"])
def test_hunyuan_image_reads_texts_in_a_prompt(prompt: str, checkpoint: Checkpoint) -> None:
    folder, found = checkpoint("hunyuan")
    generator = loaded("hunyuan", found)
    call: dict[str, Any] = {"negative_prompt": "fog", "num_inference_steps": 3}
    made = generate(generator, prompt, SIZE, **call)
    assert same(made, plainly(folder, generator, prompt=prompt, width=64, height=64, **call))
    generator.unload()


@pytest.mark.slow
def test_hunyuan_images_refiner_makes_what_a_plain_script_makes(checkpoint: Checkpoint) -> None:
    folder, found = checkpoint("hunyuan_refiner")
    generator = loaded("hunyuan_refiner", found)
    assert generator.needs.min_pictures == 1
    before = picture(SIZE)
    made = generate(generator, size=SIZE, pictures=(before,))
    assert same(made, plainly(folder, generator, image=before, width=64, height=64))
    generator.unload()


@pytest.mark.slow
def test_longcat_image_edit_decides_on_its_size_by_the_input_image(checkpoint: Checkpoint) -> None:
    folder, found = checkpoint("longcat_edit")
    generator = loaded("longcat_edit", found)
    before = picture((96, 64))
    (artifact,) = make(generator, size=SIZE, pictures=(before,), negative_prompt="fog")
    assert artifact.facts["drawn"] == "1264x848"
    assert isinstance(artifact.content, Image.Image)
    assert same(artifact.content, plainly(folder, generator, image=before, negative_prompt="fog"))
    with pytest.raises(BadOptions, match="reads prompts of up to 512 tokens"):
        generate(generator, "a fox " * 100, SIZE, pictures=(before,))
    generator.unload()


@pytest.mark.slow
def test_a_prompt_that_a_model_rewrites_by_chance_is_rewritten_by_the_seed(checkpoint: Checkpoint) -> None:
    _, found = checkpoint("longcat")
    generator = loaded("longcat", found)
    assert isinstance(generator, PipelineGenerator) and generator._loaded is not None
    writer = generator._loaded._stages.pipeline.text_encoder
    writer.generation_config.update(temperature=1.0, eos_token_id=[258])
    asked: dict[str, Any] = {"size": SIZE, "num_inference_steps": 1}
    made = generate(generator, **asked)
    assert same(made, generate(generator, **asked))
    assert not same(made, generate(generator, **asked, enable_prompt_rewrite=False))
    generator.unload()


@pytest.mark.slow
@pytest.mark.parametrize("residency", ["device", "model-offload", "group-offload", "disk-offload"])
@pytest.mark.parametrize("name", ["hunyuan", "hunyuan_refiner", "longcat", "longcat_edit"])
def test_wherever_its_parts_are_a_model_makes_the_same(
    name: str, residency: str, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The widest layer of HunyuanImage has 2048 rows in a tiny one, too, and most of its weights.
    counted = components._blocks
    monkeypatch.setattr(components, "_blocks", lambda each: 2 if "context_embedder_2" in str(each) else counted(each))
    _, found = checkpoint(name)
    generator = loaded(name, found)
    seen = (picture(SIZE),) * generator.needs.min_pictures
    wanted = generate(generator, size=SIZE, pictures=seen)
    generator.unload()
    generator.resources = replace(
        generator.resources,
        placement=PlacementSettings(residency=residency, quantization="none", vae_tiling=False),
    )
    with SimulatedGPUs(1 << 30) as gpus:
        generator.load(Device("cuda"))
        made = generate(generator, size=SIZE, pictures=seen)
        generator.unload()
        assert gpus.memories[0].used == 0
    assert same(made, wanted)


@pytest.mark.slow
def test_an_editing_pipeline_sees_the_input_image(checkpoint: Checkpoint) -> None:
    folder, found = checkpoint("klein")
    generator = loaded("klein", found, steps=1)
    before = picture((96, 96))
    made = generate(generator, size=SIZE, pictures=(before,))
    plain = plainly(folder, generator, image=[before], width=64, height=64, num_inference_steps=1)
    assert same(made, plain)


def test_with_an_image_and_a_mask_its_relatives_run(checkpoint: Checkpoint) -> None:
    folder, found = checkpoint("flux")
    generator = loaded("flux", found)
    assert (generator.needs.max_pictures, generator.needs.mask) == (1, True)
    before = picture(SIZE)
    made = generate(generator, size=SIZE, pictures=(before,), strength=0.9)
    call = {"image": before, "strength": 0.9, "width": 64, "height": 64}
    assert same(made, plainly(folder, generator, "FluxImg2ImgPipeline", **call))
    painted = generate(generator, size=SIZE, pictures=(before,), mask=half_mask(SIZE), strength=0.9)
    call["mask_image"] = half_mask(SIZE)
    plain = plainly(folder, generator, "FluxInpaintPipeline", **call)
    assert same(painted, Image.composite(plain, before, half_mask(SIZE)))
    with pytest.raises(BadOptions, match="strength: needs an input image"):
        generate(generator, size=SIZE, strength=0.5)
    with pytest.raises(BadAttachment, match="a mask needs an input image"):
        generate(generator, size=SIZE, mask=half_mask(SIZE))


def _lora(file: Path, module: str, wide: int = 32) -> Path:
    random = torch.Generator().manual_seed(3)
    tensors = {
        f"transformer.{module}.lora_A.weight": torch.randn((2, wide), generator=random),
        f"transformer.{module}.lora_B.weight": torch.randn((32, 2), generator=random),
    }
    save_file(tensors, file)
    return file


def test_presets_change_steps_adapters_and_scheduler_without_loading_again(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    folder, found = checkpoint("flux")
    file = _lora(tmp_path / "ink.safetensors", "transformer_blocks.0.attn.to_q")
    presets = {
        "plain": ModelPresetSettings(summary="as published"),
        "ink": ModelPresetSettings(
            steps=3,
            loras=(ModelLoraSettings(file=str(file), scale=0.5),),
            scheduler="FlowMatchEulerDiscreteScheduler",
            scheduler_options={"shift": 3.0},
            options={"max_sequence_length": 64},
        ),
    }
    generator = loaded("flux", found, presets=presets, dtype="fp32")
    assert generator.preset == "plain"
    before = generate(generator, size=SIZE)
    assert generator.switch_preset("ink")
    (artifact,) = make(generator, size=SIZE)
    assert artifact.facts["scheduler"] == "FlowMatchEulerDiscreteScheduler"
    assert (artifact.facts["num_inference_steps"], artifact.facts["max_sequence_length"]) == (3, 64)
    (told,) = artifact.facts["loras"]
    assert told == {"name": "ink", "scale": 0.5, "file": "ink.safetensors", "sha256": digest_file(file).sha256}

    pipeline: Any = diffusers.FluxPipeline.from_pretrained(folder, dtype=torch.float32)
    pipeline.scheduler = type(pipeline.scheduler).from_config(pipeline.scheduler.config, shift=3.0)
    pipeline.load_lora_weights(str(file), adapter_name="ink")
    pipeline.set_adapters(["ink"], [0.5])
    pipeline.set_progress_bar_config(disable=True)
    call: dict[str, Any] = {"num_inference_steps": 3, "max_sequence_length": 64, "width": 64, "height": 64}
    plain = pipeline("a fox", generator=torch.Generator().manual_seed(7), **call).images[0]
    assert isinstance(artifact.content, Image.Image)
    assert same(artifact.content, plain)
    assert generator.switch_preset("plain")
    assert same(generate(generator, size=SIZE), before)


def test_a_prepared_model_has_its_adapter_in_its_weights(checkpoint: Checkpoint, tmp_path: Path) -> None:
    _, found = checkpoint("flux")
    file = _lora(tmp_path / "ink.safetensors", "transformer_blocks.0.attn.to_q")
    more = {"loras": (ModelLoraSettings(file=str(file)),), "dtype": "fp32"}
    generator = loaded("flux", found, **more)
    before = generate(generator, size=SIZE)
    from spectacle.weights.prepared import write_prepared

    def write(folder: Path) -> Any:
        return type(generator).prepare(None, folder, generator.resources, "none", lambda _line: None)

    write_prepared(tmp_path / "prepared", write, generator="flux", preset=None, quantization="none")
    prepared = loaded("flux", replace(found, prepared={"flux": tmp_path / "prepared"}), **more)
    assert prepared.revision == generator.revision
    (artifact,) = make(prepared, size=SIZE)
    assert isinstance(artifact.content, Image.Image)
    assert "loras" not in artifact.facts
    difference = torch.tensor(list(artifact.content.tobytes())) - torch.tensor(list(before.tobytes()))
    assert difference.abs().float().mean() < 1  # fused weights round differently


def test_what_does_not_fit_is_refused_in_one_line_and_what_was_loaded_stays(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    _, found = checkpoint("flux")
    generator = loaded("flux", found)
    before = generate(generator, size=SIZE)
    other = _lora(tmp_path / "other.safetensors", "transformer_blocks.9.attn.to_q")
    generator.resources = replace(generator.resources, loras={"other": LoraSettings(file=str(other))})
    with pytest.raises(GeneratorError, match=r"a LoRA for another model: it changes transformer_blocks\.9"):
        generate(generator, size=SIZE, loras=({"name": "other"},))
    assert same(generate(generator, size=SIZE), before)
    with pytest.raises(GeneratorError, match="a LoRA for another model"):
        loaded("flux", found, loras=(ModelLoraSettings(file=str(other)),))
    with pytest.raises(GeneratorError, match=r"loras: nobody is not configured\. Add a table \[loras\.nobody\]"):
        loaded("flux", found, loras=(ModelLoraSettings(name="nobody"),))
    with pytest.raises(GeneratorError, match="scheduler NoScheduler: not a scheduler of the installed diffusers"):
        loaded("flux", found, scheduler="NoScheduler")
    with pytest.raises(GeneratorError, match=r"model_index\.json: has no text_encoder_3, which Sta"):
        loaded("flux", found, pipeline="StableDiffusion3Pipeline")
    with pytest.raises(WeightsMissing, match=r"are of revision .*, not f{40}\. Run `spectacle pull flux`"):
        loaded("flux", found, revision="f" * 40)


def test_several_images_have_seeds_of_their_own(checkpoint: Checkpoint) -> None:
    _, found = checkpoint("flux")
    generator = loaded("flux", found)
    first, second = make(generator, size=SIZE, num_images_per_prompt=2)
    assert (first.seed, second.seed) == (7, 8)
    assert isinstance(second.content, Image.Image)
    assert same(second.content, generate(generator, size=SIZE, seed=8))
