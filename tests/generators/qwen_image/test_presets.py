"""Every preset gives what a hand-written diffusers script gives, bit for bit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny
import torch
from diffusers import (
    FlowMatchEulerDiscreteScheduler,
    QwenImageControlNetModel,
    QwenImageControlNetPipeline,
    QwenImageImg2ImgPipeline,
    QwenImageInpaintPipeline,
    QwenImagePipeline,
)
from generating import CPU, generate, half_mask, make, picture, resources, same
from PIL import Image

from spectacle.config import LoraSettings
from spectacle.generators.qwen_image import QwenImage
from spectacle.generators.qwen_image.presets import CONTROLNET, PRESETS, QwenImagePreset
from spectacle.weights import Store
from spectacle.weights.digest import digest_file

pytestmark = pytest.mark.usefixtures("small_images")
MULTIPLIES_BF16 = False

PROMPT = 'A sign that says "FOX"'
ENGLISH = ", Ultra HD, 4K, cinematic composition."
CHINESE_NEGATIVE = "低分辨率，低画质，肢体畸形，手指畸形，画面过饱和，蜡像感，人脸无细节，过度光滑，画面具有AI感。构图混乱。文字模糊，扭曲。"  # noqa: E501


@pytest.fixture(scope="module")
def generators(qwen_image_store: Store) -> Iterator[dict[str, QwenImage]]:
    """Loaded generators by preset, each loaded when it is first asked for."""

    class Loaded(dict[str, QwenImage]):
        def __missing__(self, preset: str) -> QwenImage:
            generator = self[preset] = QwenImage(preset, resources(qwen_image_store))
            generator.load(CPU)
            return generator

    loaded = Loaded()
    yield loaded
    for generator in loaded.values():
        generator.unload()


def script(store: Store, preset: QwenImagePreset, dtype: torch.dtype) -> Any:
    """The beginning of the script: the model, and for Lightning the adapter and its scheduler."""
    pipe = QwenImagePipeline.from_pretrained(store.locate(preset.sources()[0]).path, dtype=dtype)
    pipe.set_progress_bar_config(disable=True)
    if preset.adapter is not None:
        pipe.scheduler = FlowMatchEulerDiscreteScheduler.from_config(
            {
                "base_image_seq_len": 256,
                "base_shift": math.log(3),
                "invert_sigmas": False,
                "max_image_seq_len": 8192,
                "max_shift": math.log(3),
                "num_train_timesteps": 1000,
                "shift": 1.0,
                "shift_terminal": None,
                "stochastic_sampling": False,
                "time_shift_type": "exponential",
                "use_beta_sigmas": False,
                "use_dynamic_shifting": True,
                "use_exponential_sigmas": False,
                "use_karras_sigmas": False,
            }
        )
        pipe.load_lora_weights(store.locate(preset.adapter).path, weight_name=preset.adapter.files[0])
    return pipe


def dtype_of(generator: QwenImage) -> torch.dtype:
    assert generator._loaded is not None
    return {"bf16": torch.bfloat16, "fp32": torch.float32}[generator._loaded.stages.plan.precision]


CALLS: dict[str, dict[str, Any]] = {
    "lightning-8": {"num_inference_steps": 8, "true_cfg_scale": 1.0},
    "lightning-4": {"num_inference_steps": 4, "true_cfg_scale": 1.0},
    "full": {"num_inference_steps": 50, "true_cfg_scale": 4.0, "negative_prompt": " "},
    "control": {"num_inference_steps": 30, "true_cfg_scale": 4.0, "negative_prompt": " "},
    "2512": {"num_inference_steps": 50, "true_cfg_scale": 4.0, "negative_prompt": CHINESE_NEGATIVE},
    "2512-lightning-8": {"num_inference_steps": 8, "true_cfg_scale": 1.0},
    "2512-lightning-4": {"num_inference_steps": 4, "true_cfg_scale": 1.0},
}


def test_every_preset_has_its_script() -> None:
    assert set(CALLS) == set(PRESETS) == set(QwenImage.presets)


@pytest.mark.parametrize("name", CALLS)
def test_a_preset_takes_the_steps_and_the_guidance_of_its_script(name: str) -> None:
    recipe = PRESETS[name].recipe
    assert CALLS[name]["num_inference_steps"] == recipe.num_inference_steps
    assert CALLS[name]["true_cfg_scale"] == recipe.true_cfg_scale
    assert CALLS[name].get("negative_prompt", " ") == recipe.negative_prompt


@pytest.mark.parametrize(
    ("name", "options"),
    [
        pytest.param("lightning-8", {}, marks=pytest.mark.slow),
        ("lightning-4", {}),
        pytest.param("2512-lightning-8", {}, marks=pytest.mark.slow),
        pytest.param("2512-lightning-4", {}, marks=pytest.mark.slow),
        ("full", {"num_inference_steps": 6}),
        pytest.param("2512", {"num_inference_steps": 6}, marks=pytest.mark.slow),
        pytest.param("full", {}, marks=pytest.mark.slow),
        pytest.param("2512", {}, marks=pytest.mark.slow),
    ],
)
def test_a_preset_draws_what_a_plain_script_draws(
    name: str, options: dict[str, int], generators: dict[str, QwenImage], qwen_image_store: Store
) -> None:
    generator = generators[name]
    drawn = generate(generator, PROMPT, (144, 128), 11, **options)
    pipe = script(qwen_image_store, PRESETS[name], dtype_of(generator))
    call = {"width": 144, "height": 128, **CALLS[name], **options}
    plain = pipe(PROMPT + ENGLISH, generator=torch.Generator().manual_seed(11), **call).images[0]
    assert same(drawn, plain)


@pytest.mark.slow
def test_the_preset_control_draws_what_a_plain_script_draws(
    generators: dict[str, QwenImage], qwen_image_store: Store
) -> None:
    edges = picture((128, 128), 3)
    generator = generators["control"]
    options = {"control_is": "map", "controlnet_conditioning_scale": 0.8, "num_inference_steps": 6}
    drawn = generate(generator, PROMPT, control=edges, **options)
    base = script(qwen_image_store, PRESETS["control"], dtype_of(generator))
    controlnet = QwenImageControlNetModel.from_pretrained(
        qwen_image_store.locate(CONTROLNET).path, dtype=dtype_of(generator)
    )
    pipe = QwenImageControlNetPipeline(**base.components, controlnet=controlnet)
    pipe.set_progress_bar_config(disable=True)
    plain = pipe(
        PROMPT + ENGLISH,
        control_image=edges,
        width=128,
        height=128,
        controlnet_conditioning_scale=0.8,
        generator=torch.Generator().manual_seed(7),
        **{**CALLS["control"], "num_inference_steps": 6},
    ).images[0]
    assert same(drawn, plain)


@pytest.mark.slow
def test_image_to_image_draws_what_a_plain_script_draws(
    generators: dict[str, QwenImage], qwen_image_store: Store
) -> None:
    start = picture()
    generator = generators["lightning-8"]
    drawn = generate(generator, PROMPT, pictures=(start,), strength=0.7)
    base = script(qwen_image_store, PRESETS["lightning-8"], dtype_of(generator))
    pipe = QwenImageImg2ImgPipeline(**base.components)
    pipe.set_progress_bar_config(disable=True)
    plain = pipe(
        PROMPT + ENGLISH,
        image=start,
        strength=0.7,
        width=128,
        height=128,
        generator=torch.Generator().manual_seed(7),
        **CALLS["lightning-8"],
    ).images[0]
    assert same(drawn, plain)


@pytest.mark.slow
def test_inpainting_draws_what_a_plain_script_draws_and_keeps_the_rest(
    generators: dict[str, QwenImage], qwen_image_store: Store
) -> None:
    start, mask = picture(), half_mask()
    generator = generators["lightning-8"]
    drawn = generate(generator, PROMPT, pictures=(start,), mask=mask)
    base = script(qwen_image_store, PRESETS["lightning-8"], dtype_of(generator))
    pipe = QwenImageInpaintPipeline(**base.components)
    pipe.set_progress_bar_config(disable=True)
    plain = pipe(
        PROMPT + ENGLISH,
        image=start,
        mask_image=mask,
        strength=0.85,
        width=128,
        height=128,
        generator=torch.Generator().manual_seed(7),
        **CALLS["lightning-8"],
    ).images[0]
    assert same(drawn, Image.composite(plain, start, mask))
    assert same(drawn.crop((64, 0, 128, 128)), start.crop((64, 0, 128, 128)))
    assert not same(drawn.crop((0, 0, 64, 128)), start.crop((0, 0, 64, 128)))


def test_a_preset_is_swapped_without_loading_the_model_again(
    generators: dict[str, QwenImage], qwen_image_store: Store
) -> None:
    generator = QwenImage("lightning-8", resources(qwen_image_store))
    generator.load(CPU)
    assert generator._loaded is not None
    transformer = generator._loaded.stages.pipeline.transformer
    eight = generate(generator)
    for preset, options in (("lightning-4", {}), ("full", {"num_inference_steps": 3}), ("lightning-8", {})):
        assert generator.switch_preset(preset)
        assert generator.preset == preset
        assert generator._loaded.stages.pipeline.transformer is transformer
        assert same(generate(generator, **options), generate(generators[preset], **options)), preset
    assert same(generate(generator), eight)
    assert not generator.switch_preset("2512")
    assert generator.preset == "lightning-8"
    generator.unload()


@pytest.mark.slow
def test_the_same_seed_gives_the_same_picture_whatever_ran_before(generators: dict[str, QwenImage]) -> None:
    generator = generators["lightning-4"]
    first = generate(generator, seed=2**40 + 5)
    torch.manual_seed(99)
    generate(generator, "something else", (160, 128), 3, pictures=(picture(),))
    generate(generator, "a control picture", control=picture())
    assert same(generate(generator, seed=2**40 + 5), first)
    assert not same(generate(generator, seed=2**40 + 6), first)


@pytest.mark.slow
def test_each_of_several_pictures_is_made_again_by_its_own_seed_alone(generators: dict[str, QwenImage]) -> None:
    generator = generators["lightning-4"]
    artifacts = make(generator, seed=2**63 - 2, num_images_per_prompt=3)
    assert [artifact.seed for artifact in artifacts] == [2**63 - 2, 2**63 - 1, 0]
    for artifact in artifacts:
        assert isinstance(artifact.content, Image.Image)
        assert same(generate(generator, seed=artifact.seed), artifact.content)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Already found a `peft_config`")
def test_own_adapters_are_added_to_the_presets_and_leave_no_trace(qwen_image_store: Store, tmp_path: Path) -> None:
    tiny.lora(tmp_path / "ink.safetensors", seed=9)
    ink = LoraSettings(file=str(tmp_path / "ink.safetensors"), trigger="in ink")
    generator = QwenImage("lightning-4", replace(resources(qwen_image_store), loras={"ink": ink}))
    generator.load(CPU)
    before = generate(generator, PROMPT)
    chosen = ({"name": "ink", "scale": 2.0},)
    (artifact,) = make(generator, PROMPT, loras=chosen)
    pipe = script(qwen_image_store, PRESETS["lightning-4"], dtype_of(generator))
    pipe.load_lora_weights(tmp_path, weight_name="ink.safetensors", adapter_name="ink")
    pipe.set_adapters(["default_0", "ink"], [1.0, 2.0])
    plain = pipe(
        f"in ink, {PROMPT}{ENGLISH}",
        width=128,
        height=128,
        generator=torch.Generator().manual_seed(7),
        **CALLS["lightning-4"],
    ).images[0]
    assert same(artifact.content, plain)  # type: ignore[arg-type]
    (told,) = artifact.facts["loras"]
    digest = digest_file(tmp_path / "ink.safetensors").sha256
    assert told == {"name": "ink", "scale": 2.0, "file": "ink.safetensors", "sha256": digest}
    assert same(generate(generator, PROMPT), before)
    assert same(
        generate(generator, PROMPT, loras=({"name": "ink", "scale": 0.0},), seed=7),
        generate(generator, f"in ink, {PROMPT}"),
    )
    generator.unload()
