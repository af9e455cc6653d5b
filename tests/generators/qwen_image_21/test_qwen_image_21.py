"""Qwen-Image-2.1 on tiny checkpoints: the same pictures as diffusers makes, with and without input pictures."""

from pathlib import Path

import pytest
import tiny
import tiny_edit
import torch
from control import Control
from diffusers import FlowMatchEulerDiscreteScheduler, QwenImage21Pipeline
from PIL import Image

from spectacle.config import PlacementSettings, Settings
from spectacle.errors import BadAttachment, BadOptions, Cancelled, GeneratorError, WeightsMissing
from spectacle.generators.base import Device, Footprint, Job, MediaType, Resources
from spectacle.generators.placement import plan
from spectacle.generators.qwen_image_21 import QwenImage21
from spectacle.generators.qwen_image_21.presets import PRESETS
from spectacle.weights import Store

NOISE = Image.effect_noise((100, 80), 50).convert("RGB")
GLASS = Image.new("RGBA", (30, 60), (255, 0, 0, 100))


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("weights-21"))
    for preset in PRESETS.values():
        sigmas = None if preset.sigmas is None else list(preset.sigmas)
        tiny.put(
            store,
            preset.repo,
            preset.source.files,
            lambda folder, s=sigmas: tiny_edit.qwen_image_21(folder, sample_sigmas=s),
        )
    return store


def load(store, preset="full", **placement):
    # Not in tiles, as a plain script does not either; on a machine short of memory the plan would have them.
    placement = PlacementSettings(vae_tiling=False, residency="device").model_copy(update=placement)
    generator = QwenImage21(preset, Resources(store, placement=placement))
    generator.load(Device("cpu"))
    return generator


@pytest.fixture(scope="module")
def full(store):
    generator = load(store)
    yield generator
    generator.unload()


@pytest.fixture(scope="module")
def turbo(store):
    generator = load(store, "turbo")
    yield generator
    generator.unload()


def job(*pictures, width=96, height=64, seed=7, **options):
    return Job(
        "a red fox",
        width,
        height,
        seed,
        MediaType.PNG,
        QwenImage21.Options(output_resolution=512, **options),
        pictures,
    )


def plain_diffusers(store, preset, *pictures, seed=7, **call):
    """What a script written by hand makes."""
    folder = store.locate(PRESETS[preset].source).path
    pipe = QwenImage21Pipeline.from_pretrained(folder, dtype=torch.bfloat16, local_files_only=True)
    pipe.set_progress_bar_config(disable=True)
    if preset == "turbo":
        pipe.scheduler = FlowMatchEulerDiscreteScheduler(shift=1.0, use_dynamic_shifting=False)
    return pipe(
        "a red fox",
        image=list(pictures) or None,
        output_resolution=512,
        generator=torch.Generator("cpu").manual_seed(seed),
        **{"width": 320, "height": 224, **call},
    ).images[0]


def test_the_full_preset_draws_what_diffusers_draws(full, store):
    (artifact,) = full.generate(job(width=256, height=256, num_inference_steps=3), Control())
    expected = plain_diffusers(store, "full", width=256, height=256, num_inference_steps=3)
    assert artifact.content.mode == "RGBA"
    assert artifact.content.tobytes() == expected.tobytes()
    assert "engine" not in artifact.facts


def test_editing_two_pictures_under_guidance_makes_what_diffusers_makes(full, store):
    options = {"num_inference_steps": 2, "true_cfg_scale": 3.0, "negative_prompt": "blue"}
    (artifact,) = full.generate(job(NOISE, GLASS, width=256, height=256, **options), Control())
    expected = plain_diffusers(store, "full", NOISE, GLASS, width=256, height=256, **options)
    assert artifact.content.tobytes() == expected.tobytes()
    assert artifact.facts["engine"] == "edit"
    assert artifact.facts["negative_prompt"] == "blue"


def test_turbo_takes_its_eight_noise_levels_as_they_are(turbo, store):
    control = Control()
    (artifact,) = turbo.generate(job(NOISE, width=256, height=256), control)
    expected = plain_diffusers(store, "turbo", NOISE, width=256, height=256)
    assert artifact.content.tobytes() == expected.tobytes()
    assert control.steps == [(step, 8) for step in range(1, 9)]
    assert artifact.facts["num_inference_steps"] == 8


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"num_inference_steps": 4}, "num_inference_steps = 4: preset turbo is distilled for exactly 8 steps"),
        ({"true_cfg_scale": 2.0}, "true_cfg_scale = 2: preset turbo is distilled for exactly 8 steps"),
    ],
)
def test_turbo_refuses_other_steps_and_guidance_with_the_reason(turbo, options, named):
    with pytest.raises(BadOptions, match=named):
        turbo.generate(job(**options), Control())


def test_the_published_forty_steps_are_the_default(full):
    control = Control(cancel_after=1)
    with pytest.raises(Cancelled):
        full.generate(job(), control)
    assert control.steps == [(1, 40)]


def test_after_a_cancelled_job_the_same_seed_still_makes_the_same_picture(full):
    fresh = full.generate(job(num_inference_steps=2), Control())[0].content.tobytes()
    with pytest.raises(Cancelled):
        full.generate(job(NOISE, num_inference_steps=4), Control(cancel_after=2))
    assert full.generate(job(num_inference_steps=2), Control())[0].content.tobytes() == fresh


def test_each_of_several_pictures_is_the_one_that_its_seed_makes_alone(full):
    control = Control()
    first, second = full.generate(job(num_inference_steps=2, num_images_per_prompt=2), control)
    assert (first.seed, second.seed) == (7, 8)
    assert control.steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    alone = full.generate(job(seed=8, num_inference_steps=2), Control())[0]
    assert alone.content.tobytes() == second.content.tobytes()
    assert first.content.tobytes() != second.content.tobytes()


@pytest.mark.slow
def test_with_a_text_encoder_that_comes_and_goes_the_pictures_are_the_same(full, store, monkeypatch):
    monkeypatch.setattr(plan, "LARGE", 1)  # tiny text encoders are not worth it otherwise
    staged = load(store, residency="staged", quantization="none")
    asked = job(NOISE, num_inference_steps=2, true_cfg_scale=2.0)
    assert (
        staged.generate(asked, Control())[0].content.tobytes() == full.generate(asked, Control())[0].content.tobytes()
    )
    staged.unload()


def test_sizes_are_rounded_up_to_what_the_model_can_draw(full):
    (artifact,) = full.generate(job(width=257, height=300, num_inference_steps=2), Control())
    assert artifact.content.size == (288, 320)


def test_a_picture_that_is_a_thin_line_is_refused(full):
    with pytest.raises(BadAttachment, match="image 2 is 20000x2: one side is more than 100 times the other"):
        full.generate(job(NOISE, Image.new("RGB", (20_000, 2))), Control())


def test_no_kind_has_it_by_default_and_its_notice_forbids_commercial_use():
    assert not [kind for kind in Settings().kinds.values() if kind.generator == "qwen-image-2.1"]
    for preset in (None, *PRESETS):
        (source,) = QwenImage21.weights(preset)
        assert source.licence == "Qwen Research License"
        assert "commercial use is forbidden" in source.notice


def test_missing_weights_name_the_command_that_brings_them(tmp_path):
    missing = QwenImage21.missing_weights("turbo", Resources(Store(tmp_path)))
    assert "spectacle pull qwen-image-2.1 --preset turbo" in missing
    with pytest.raises(WeightsMissing, match=r"spectacle pull qwen-image-2\.1"):
        QwenImage21(None, Resources(Store(tmp_path))).load(Device("cpu"))


def test_another_models_weights_are_refused_by_name(tmp_path):
    store = Store(tmp_path)
    source = PRESETS["full"].source
    tiny.put(store, source.repo, source.files, tiny_edit.qwen_image_edit)
    with pytest.raises(GeneratorError, match="contains QwenImageEditPlusPipeline, but QwenImage21Pipeline is needed"):
        load(store)


def test_a_truncated_file_is_named(tmp_path):
    store = Store(tmp_path)
    source = PRESETS["full"].source
    folder = tiny.put(store, source.repo, source.files, tiny_edit.qwen_image_21)
    vae = Path(folder / "vae/diffusion_pytorch_model.safetensors")
    tiny.truncate(vae)
    with pytest.raises((GeneratorError, WeightsMissing), match=r"vae/diffusion_pytorch_model\.safetensors"):
        load(store)


def test_the_plan_names_every_part(store):
    sentences = "\n".join(QwenImage21.plan("full", Device("cpu"), Resources(store)))
    assert all(part in sentences for part in ("transformer: ", "text_encoder: ", "vae: "))


def test_what_it_holds_is_at_most_what_it_demands(store, full):
    demand = QwenImage21.required_memory("full", Device("cpu"), Resources(store), Footprint())
    assert demand is not None
    assert 0 < full.footprint.ram < demand.ram


def test_a_cache_of_steps_that_diffusers_does_not_know_for_it_is_off_with_the_reason(store):
    resources = Resources(store, placement=PlacementSettings(cache="first-block"))
    assert "placement.cache = first-block is off" in "\n".join(QwenImage21.plan("full", Device("cpu"), resources))
    cached = load(store, cache="first-block")
    assert cached.generate(job(num_inference_steps=2), Control())
    cached.unload()
