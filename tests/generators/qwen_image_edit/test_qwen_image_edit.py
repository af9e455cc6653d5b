"""Editing on tiny checkpoints: the same pictures as diffusers makes, in every preset and mode."""

from __future__ import annotations

import math
from pathlib import Path

import diffusers
import pytest
import single_files
import tiny
import tiny_edit
import torch
from control import Control
from diffusers.pipelines.qwenimage import (
    pipeline_qwenimage_edit,
    pipeline_qwenimage_edit_inpaint,
    pipeline_qwenimage_edit_plus,
)
from gguf import GGMLQuantizationType
from PIL import Image, ImageChops, ImageDraw

from spectacle.config import PlacementSettings
from spectacle.errors import BadOptions, Cancelled, GeneratorError, WeightsMissing
from spectacle.generators.base import Device, Job, MediaType, Resources
from spectacle.generators.diffusion.loading import Checkpoint, check
from spectacle.generators.diffusion.single_file import PartFile
from spectacle.generators.diffusion.sizes import fit_mask, fit_picture
from spectacle.generators.placement import plan
from spectacle.generators.qwen_image_edit import QwenImageEdit, presets, request
from spectacle.generators.qwen_image_edit.modes import MODES
from spectacle.generators.qwen_image_edit.presets import PRESETS
from spectacle.weights import Store
from spectacle.weights.prepared import write_prepared

FIRST = Image.effect_noise((100, 80), 50).convert("RGB")
SECOND = Image.linear_gradient("L").resize((60, 90)).convert("RGB")
SKETCH = Image.radial_gradient("L").convert("RGB")
MODE_OPTIONS = {
    9: {"old_text": "a", "new_text": "b"},
    10: {"new_text": "b"},
    11: {"font_type": "f"},
    12: {"color": "x"},
}

LIGHTNING = {
    "base_image_seq_len": 256,
    "base_shift": math.log(3),
    "max_image_seq_len": 8192,
    "max_shift": math.log(3),
    "num_train_timesteps": 1000,
    "shift": 1.0,
    "shift_terminal": None,
    "time_shift_type": "exponential",
    "use_dynamic_shifting": True,
}
"""As the README of the adapters has it, where it differs from diffusers' defaults."""


@pytest.fixture(scope="module")
def small_pictures():
    """Have the pipelines scale input pictures to a 64th of a megapixel, which is much faster than a megapixel."""
    modules = (pipeline_qwenimage_edit, pipeline_qwenimage_edit_inpaint, pipeline_qwenimage_edit_plus)
    with pytest.MonkeyPatch.context() as patch:
        for module in modules:
            real = module.calculate_dimensions
            patch.setattr(module, "calculate_dimensions", lambda area, ratio, real=real: real(area / 64, ratio))
        patch.setattr(request, "PIXELS", 1024 * 1024 / 64)
        yield


@pytest.fixture(scope="module", autouse=True)
def _small(small_pictures):
    pass


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("weights-edit"))
    tiny_edit.put_qwen_image_edit(store)
    return store


def load(store, preset=None, **placement):
    # Not in tiles, as a plain script does not either; on a machine short of memory the plan would have them.
    settings = PlacementSettings(**{"vae_tiling": False, "residency": "device", **placement})
    generator = QwenImageEdit(preset, Resources(store, placement=settings))
    generator.load(Device("cpu"))
    return generator


@pytest.fixture(scope="module")
def lightning(store):
    generator = load(store, "lightning-4")
    yield generator
    generator.unload()


def job(*pictures, control=None, mask=None, prompt="make it red", width=256, height=256, seed=7, **options):
    return Job(prompt, width, height, seed, MediaType.PNG, QwenImageEdit.Options(**options), pictures, mask, control)


def plain_pipeline(store, preset, kind=None):
    """What a script written by hand begins with."""
    found = PRESETS[preset]
    pipe = getattr(diffusers, kind or found.pipeline).from_pretrained(
        store.locate(found.sources()[0]).path, dtype=torch.bfloat16, local_files_only=True
    )
    pipe.set_progress_bar_config(disable=True)
    if found.adapter is not None:
        pipe.load_lora_weights(store.locate(found.adapter).path, weight_name=found.adapter.files[0])
        pipe.scheduler = diffusers.FlowMatchEulerDiscreteScheduler.from_config(LIGHTNING)
    return pipe


def plain(pipe, images, prompt="make it red", seed=7, **call):
    """What a script written by hand makes."""
    return pipe(
        image=images,
        prompt=prompt,
        **{"width": 128, "height": 128, "negative_prompt": " ", **call},
        generator=torch.Generator("cpu").manual_seed(seed),
    ).images[0]


_LIKE_OTHERS = {"2509", "2509-lightning-8", "edit-lightning-8"}


@pytest.mark.parametrize(
    "preset",
    [pytest.param(name, marks=[pytest.mark.slow] if name in _LIKE_OTHERS else []) for name in PRESETS],
)
def test_every_preset_makes_what_diffusers_makes(store, preset):
    several = PRESETS[preset].base.several
    pictures = (FIRST, SECOND) if several else (FIRST,)
    fixed = PRESETS[preset].recipe.lightning
    steps = PRESETS[preset].recipe.num_inference_steps if fixed else 3
    call = {"num_inference_steps": steps, "true_cfg_scale": 1.0 if fixed else 4.0}
    expected = plain(plain_pipeline(store, preset), list(pictures) if several else FIRST, **call)
    generator = load(store, preset)
    control = Control()
    (artifact,) = generator.generate(job(*pictures, **({} if fixed else {"num_inference_steps": 3})), control)
    generator.unload()
    assert artifact.content.tobytes() == expected.tobytes()
    assert control.steps == [(step, steps) for step in range(1, steps + 1)]
    assert artifact.facts["engine"] == "edit"
    assert artifact.facts["true_cfg_scale"] == call["true_cfg_scale"]


def test_the_names_of_presets_say_their_steps_and_files():
    for name, preset in PRESETS.items():
        assert preset.recipe.lightning == ("lightning" in name)
        if preset.adapter is None:
            assert preset.recipe.true_cfg_scale == 4
            assert preset.recipe.num_inference_steps == (50 if name == "edit" else 40)
        else:
            steps = int(name[-1])
            assert (preset.recipe.num_inference_steps, preset.recipe.true_cfg_scale) == (steps, 1)
            assert f"{preset.base.name}-Lightning-{steps}steps-" in preset.adapter.files[0]


@pytest.mark.slow
def test_every_mode_makes_what_diffusers_makes_of_its_words_and_pictures(store):
    generator = load(store, "full")
    pipe = plain_pipeline(store, "full")
    sampling = {"num_inference_steps": 2, "true_cfg_scale": 1.0}
    for mode in MODES.values():
        pictures = (FIRST, SECOND)[: max(1, mode.least)]
        sketch = SKETCH if mode.control else None
        options = {**sampling, **MODE_OPTIONS.get(mode.number, {})}
        (artifact,) = generator.generate(job(*pictures, control=sketch, mode=mode.name, **options), Control())
        images = [*pictures, *([sketch] if sketch else [])]
        prompt = artifact.facts["edit_prompt"]
        assert "make it red" in prompt
        assert artifact.facts["mode"] == f"{mode.number} {mode.name}"
        if mode.number in (1, 4, 9, 13):
            expected = plain(pipe, images, prompt=prompt, **sampling)
            assert artifact.content.tobytes() == expected.tobytes(), mode
    generator.unload()


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({}, 40),
        ({"mode": 8}, 40),
        ({"mode": 12, "color": "red"}, 50),
        ({"mode": 12, "color": "r", "num_inference_steps": 9}, 9),
    ],
)
def test_without_lightning_the_mode_sets_the_steps_unless_the_request_does(store, options, steps):
    generator = load(store, "full")
    control = Control(cancel_after=1)
    with pytest.raises(Cancelled):
        generator.generate(job(FIRST, **options), control)
    assert control.steps == [(1, steps)]


def inpainted(pipe, picture, mask, size, **call):
    """What a script written by hand makes: the picture and the mask in the form wanted, what is unmasked kept."""
    before, painted = fit_picture(picture, size), fit_mask(mask, size)
    width, height, _ = pipeline_qwenimage_edit_inpaint.calculate_dimensions(1024 * 1024, size[0] / size[1])
    made = pipe(
        image=before.resize((width, height), Image.Resampling.LANCZOS),
        mask_image=painted.resize((width, height), Image.Resampling.BILINEAR),
        prompt="make it red",
        negative_prompt=" ",
        generator=torch.Generator("cpu").manual_seed(7),
        **call,
    ).images[0]
    return Image.composite(made.resize(size, Image.Resampling.LANCZOS), before, painted)


@pytest.mark.parametrize("preset", ["edit", "2509-lightning-4"])
def test_under_a_mask_the_picture_is_made_again_as_diffusers_does_and_beside_it_stays(store, preset):
    mask = Image.new("L", FIRST.size)
    ImageDraw.Draw(mask).rectangle((50, 0, 100, 80), fill=255)
    fixed = PRESETS[preset].recipe.lightning
    options = {"strength": 0.7, **({} if fixed else {"num_inference_steps": 3})}
    generator = load(store, preset)
    (artifact,) = generator.generate(job(FIRST, mask=mask, width=121, height=79, **options), Control())
    generator.unload()
    call = {"strength": 0.7, "num_inference_steps": 4 if fixed else 3, "true_cfg_scale": 1.0 if fixed else 4.0}
    pipe = plain_pipeline(store, preset, "QwenImageEditInpaintPipeline")
    assert artifact.content.tobytes() == inpainted(pipe, FIRST, mask, (121, 79), **call).tobytes()
    before = fit_picture(FIRST, (121, 79))
    left = (0, 0, 48, 79)
    assert ImageChops.difference(artifact.content.crop(left), before.crop(left)).getbbox() is None
    assert ImageChops.difference(artifact.content, before).getbbox() is not None


@pytest.mark.parametrize("preset", ["lightning-8", "lightning-4", "2509-lightning-8", "edit-lightning-4"])
def test_lightning_refuses_other_steps_and_guidance_with_the_reason(lightning, preset):
    lightning.preset = preset
    steps = int(preset[-1])
    try:
        for name, value in (("num_inference_steps", 20), ("true_cfg_scale", 4.0)):
            with pytest.raises(BadOptions, match=f"{name} = {value:g}: preset {preset} .*exactly {steps} steps"):
                lightning.generate(job(FIRST, **{name: value}), Control())
        with pytest.raises(
            BadOptions,
            match=f"negative_prompt: has no effect, because preset {preset} is distilled for exactly {steps} steps",
        ):
            lightning.generate(job(FIRST, negative_prompt="blue"), Control())
    finally:
        lightning.preset = "lightning-4"


def test_adapters_are_swapped_without_loading_the_model_again(store):
    def made(generator, **options):
        return generator.generate(job(FIRST, **options), Control())[0].content.tobytes()

    fresh = {}
    for preset in ("full", "lightning-4", "lightning-8"):
        generator = load(store, preset)
        fresh[preset] = made(generator, **({"num_inference_steps": 2} if preset == "full" else {}))
        generator.unload()
    generator = load(store, "full")
    transformer = generator._loaded.stages.pipeline.transformer
    for preset in ("lightning-8", "lightning-4", "full", "lightning-8"):
        assert generator.switch_preset(preset)
        assert generator.preset == preset
        assert made(generator, **({"num_inference_steps": 2} if preset == "full" else {})) == fresh[preset]
    assert generator._loaded.stages.pipeline.transformer is transformer
    assert not generator.switch_preset("2509")
    assert not generator.switch_preset("edit-lightning-4")
    assert generator.preset == "lightning-8"
    generator.unload()


def test_a_model_that_is_streamed_from_disk_is_loaded_again_for_another_adapter(store, monkeypatch):
    monkeypatch.setattr(plan, "LARGE", 1)
    generator = load(store, "full", residency="disk-offload", quantization="none")
    assert not generator.switch_preset("lightning-4")
    assert generator.generate(job(FIRST, num_inference_steps=2), Control())
    generator.unload()


@pytest.mark.slow
def test_with_a_text_encoder_that_comes_and_goes_the_pictures_are_the_same(store, lightning, monkeypatch):
    monkeypatch.setattr(plan, "LARGE", 1)  # tiny text encoders are not worth it otherwise
    staged = load(store, "lightning-4", residency="staged", quantization="none")
    asked = job(FIRST, SECOND)
    expected = lightning.generate(asked, Control())[0].content.tobytes()
    assert staged.generate(asked, Control())[0].content.tobytes() == expected
    assert staged._loaded.stages.pipeline.text_encoder is None
    # The prompt and its pictures are known by now.
    encode = staged._loaded.stages._load_staged
    loaded_again = []
    staged._loaded.stages._load_staged = lambda names: (loaded_again.extend(names), encode(names))
    assert staged.generate(asked, Control())[0].content.tobytes() == expected
    assert "text_encoder" not in loaded_again
    staged.unload()


def test_another_picture_under_the_same_prompt_is_encoded_again(lightning):
    one, other = (lightning.generate(job(picture), Control())[0].content for picture in (FIRST, SECOND))
    assert one.tobytes() != other.tobytes()


def test_each_of_several_results_is_the_one_that_its_seed_makes_alone(lightning):
    control = Control()
    first, second = lightning.generate(job(FIRST, num_images_per_prompt=2), control)
    assert (first.seed, second.seed) == (7, 8)
    assert control.steps == [(step, 8) for step in range(1, 9)]
    alone = lightning.generate(job(FIRST, seed=8), Control())[0]
    assert alone.content.tobytes() == second.content.tobytes() != first.content.tobytes()


def test_a_cancelled_job_ends_at_its_step_and_leaves_no_trace(lightning):
    expected = lightning.generate(job(FIRST), Control())[0].content.tobytes()
    control = Control(cancel_after=2)
    with pytest.raises(Cancelled):
        lightning.generate(job(SECOND), control)
    assert control.steps == [(1, 4), (2, 4)]
    assert lightning.generate(job(FIRST), Control())[0].content.tobytes() == expected


def test_the_result_has_the_aspect_asked_for_and_the_size_of_the_model(lightning):
    (artifact,) = lightning.generate(job(FIRST, width=640, height=480), Control())
    assert artifact.content.size == (160, 96)
    assert artifact.facts["drawn"] == "160x96"


def test_a_prepared_checkpoint_makes_the_picture_of_base_and_adapter(store, lightning, tmp_path):
    into = tmp_path / "prepared"
    resources = Resources(store)
    write_prepared(
        into,
        lambda folder: QwenImageEdit.prepare("lightning-4", folder, resources, "none", lambda sentence: None),
        generator="qwen-image-edit",
        preset="lightning-4",
        quantization="none",
    )
    settings = PlacementSettings(vae_tiling=False)
    prepared = {"qwen-image-edit/lightning-4": into}
    generator = QwenImageEdit("lightning-4", Resources(Store(tmp_path / "none"), prepared, settings))
    generator.load(Device("cpu"))
    assert generator.revision == tiny.REVISION
    (artifact,) = generator.generate(job(FIRST), Control())
    (expected,) = lightning.generate(job(FIRST), Control())
    # Fused in bf16, the sum of weights and adapter is rounded once more.
    difference = ImageChops.difference(artifact.content, expected.content)
    assert sum(value * count for value, count in enumerate(difference.convert("L").histogram())) / 256**2 < 4
    assert "adapter" not in artifact.facts
    generator.unload()


def test_missing_weights_name_the_command_that_brings_them(store, tmp_path):
    missing = QwenImageEdit.missing_weights("2509-lightning-8", Resources(Store(tmp_path)))
    assert "spectacle pull qwen-image-edit --preset 2509-lightning-8" in missing
    for preset in (None, *PRESETS):
        assert QwenImageEdit.missing_weights(preset, Resources(store)) is None
    with pytest.raises(WeightsMissing, match="Qwen-Image-Edit-2511 are not in"):
        load(Store(tmp_path))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda file: tiny.lora(file, inner=48), ": a LoRA for another model"),
        (tiny.truncate, "truncated"),
        (lambda file: file.write_bytes(b"\x80\x04 a pickle"), "not a safetensors file"),
    ],
)
def test_a_damaged_adapter_or_one_for_another_model_is_named(tmp_path, change, named):
    store = Store(tmp_path)
    tiny_edit.put_qwen_image_edit(store)
    adapter = PRESETS["lightning-8"].adapter
    marker = store.marker(adapter.repo)
    file = store.locate(adapter).path / adapter.files[0]
    change(file)
    tiny.put(store, adapter.repo, marker.patterns, lambda folder: None)
    with pytest.raises(GeneratorError, match=rf"Lightning-8steps.*{named}"):
        load(store, "lightning-8")


def test_an_unknown_preset_is_refused_with_those_there_are(store):
    with pytest.raises(GeneratorError, match=r"no preset 'best'\. Use one of lightning-8, "):
        load(store, "best")


def test_the_notes_list_all_modes_with_what_they_need():
    notes = "\n".join(QwenImageEdit.notes())
    assert "   9  text-replace         replace text: 1 to 3 input images, option old_text, option new_text" in notes
    assert all(f"{mode.number:>4}  {mode.name} " in notes for mode in MODES.values())


def test_a_text_encoder_in_gguf_shows_images_with_its_projector_alone(tmp_path: Path) -> None:
    store = Store(tmp_path / "weights")
    base = presets.EDIT_2509
    tiny.put(store, base.repo, presets.MODEL_FILES, lambda folder: tiny_edit.qwen_image_edit(folder, seed=40))
    folder = tiny.folder(store, base.repo) / "text_encoder"
    file, projector = single_files.llama_cpp(
        tmp_path / "q.gguf", single_files.weights(folder), GGMLQuantizationType.F32, GGMLQuantizationType.F32
    )

    def checkpoint(**more: Path) -> Checkpoint:
        part = PartFile(file, **more)
        return Checkpoint(tiny.folder(store, base.repo), files={"text_encoder": part})

    pipeline = getattr(diffusers, base.pipeline)
    with pytest.raises(GeneratorError, match=r"q\.gguf: has no vision tower, which editing needs\. Set projector to"):
        check(checkpoint(), pipeline)
    check(checkpoint(projector=projector), pipeline)
