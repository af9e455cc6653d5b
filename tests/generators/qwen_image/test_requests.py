"""What a request to `qwen-image` may ask for, and what it is told when it may not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from control import Control
from generating import CPU, difference, generate, half_mask, job, make, picture, resources, same
from PIL import Image

from spectacle.errors import BadAttachment, BadOptions, Cancelled, GeneratorError
from spectacle.generators.qwen_image import QwenImage
from spectacle.generators.qwen_image.presets import PRESETS
from spectacle.generators.qwen_image.request import PipelineCall, keep_unmasked, understand
from spectacle.weights import Store
from spectacle.worker.options import read_options

MULTIPLIES_BF16 = False


@pytest.fixture(scope="module")
def loaded(qwen_image_store: Store) -> Iterator[QwenImage]:
    """A loaded generator of the fastest preset."""
    generator = QwenImage("lightning-4", resources(qwen_image_store))
    generator.load(CPU)
    yield generator
    generator.unload()


@pytest.fixture
def four(loaded: QwenImage, small_images: None) -> QwenImage:
    """The same, for small images."""
    return loaded


def understood(preset: str = "full", **asked: object) -> PipelineCall:
    return understand(job(QwenImage, **asked), PRESETS[preset].recipe, preset)  # type: ignore[arg-type]


def test_what_is_painted_under_a_mask_meets_what_stays_at_sizes_that_are_rounded() -> None:
    asked = {"pictures": (picture((300, 200)),), "mask": half_mask((300, 200)), "size": (300, 200)}
    request = understood(**asked)
    assert request.arguments["image"].size == request.arguments["mask_image"].size == (960, 640)
    assert request.under is not None
    # A model that changed nothing would leave no trace of the mask's edge.
    assert difference(keep_unmasked(request.arguments["image"], request.under), request.under[0]) < 1


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"num_inference_steps": 20}, "num_inference_steps = 20: preset lightning-8 is distilled for exactly 8 steps"),
        (
            {"true_cfg_scale": 4.0},
            "true_cfg_scale = 4: preset lightning-8 is distilled for exactly 8 steps without guidance",
        ),
        ({"negative_prompt": "blurred"}, "negative_prompt: has no effect, because preset lightning-8"),
    ],
)
def test_lightning_refuses_other_steps_and_guidance_with_the_reason(options: dict[str, object], said: str) -> None:
    with pytest.raises(BadOptions, match=said):
        understood("lightning-8", **options)


def test_lightning_takes_its_own_steps_and_no_guidance_when_they_are_spelled_out() -> None:
    recipe = understood("lightning-8", num_inference_steps=8, true_cfg_scale=1.0, negative_prompt=" ").recipe
    assert (recipe.num_inference_steps, recipe.true_cfg_scale) == (8, 1.0)


def test_a_negative_prompt_without_guidance_is_refused() -> None:
    with pytest.raises(BadOptions, match="negative_prompt: has no effect at true_cfg_scale 1"):
        understood("full", true_cfg_scale=1.0, negative_prompt="blurred")


def test_strength_without_a_picture_is_refused() -> None:
    with pytest.raises(BadOptions, match=r"strength: needs an input image\. Attach STEM-input\.png"):
        understood(strength=0.5)


def test_options_of_control_without_a_control_picture_are_refused() -> None:
    with pytest.raises(
        BadOptions, match=r"controlnet_conditioning_scale: needs a control image\. Attach STEM-control\.png"
    ):
        understood(controlnet_conditioning_scale=0.5)


def test_control_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(BadOptions, match=r"control_guidance_start = 0\.6: not before control_guidance_end"):
        understood(control=picture(), control_guidance_start=0.6, control_guidance_end=0.5)


def test_a_mask_without_a_picture_is_refused() -> None:
    with pytest.raises(BadAttachment, match=r"a mask needs an input image.*STEM-input\.png"):
        understood(mask=half_mask())


def test_a_black_mask_is_refused() -> None:
    with pytest.raises(BadAttachment, match="entirely black"):
        understood(pictures=(picture(),), mask=Image.new("L", (128, 128)))


def test_a_picture_beside_a_control_picture_is_refused() -> None:
    with pytest.raises(BadAttachment, match="an input image and a control image cannot be combined"):
        understood(pictures=(picture(),), control=picture())


def test_unknown_and_unbounded_options_are_refused_by_name() -> None:
    for raw, said in (
        (b'{"num_inference_step": 3}', "Did you mean num_inference_steps"),
        (b'{"num_inference_steps": 100000}', "num_inference_steps"),
        (b'{"num_images_per_prompt": 1000}', "num_images_per_prompt"),
        (b'{"strength": 2}', "strength"),
        (b'{"max_sequence_length": 4096}', "max_sequence_length"),
    ):
        with pytest.raises(BadOptions, match=said):
            read_options(raw, QwenImage.Options, {})


def test_an_unknown_preset_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(GeneratorError, match=r"no preset 'fast'\. Use one of 2512-lightning-8, lightning-8,"):
        QwenImage.weights("fast")


# --- what is asked of the model --------------------------------------------------------------------------------------


def test_the_prompt_gets_the_suffix_of_its_language() -> None:
    assert understood(prompt="a fox").prompt == "a fox, Ultra HD, 4K, cinematic composition."
    assert understood(prompt="一只 fox").prompt == "一只 fox, 超清，4K，电影级构图."
    assert understood(prompt="a fox", prompt_suffix=False).prompt == "a fox"


@pytest.mark.parametrize(
    ("asked", "drawn"),
    [
        ((1024, 1024), (1024, 1024)),
        ((1328, 1328), (1328, 1328)),
        ((1000, 750), (1008, 752)),
        ((640, 480), (896, 672)),
        ((64, 64), (784, 784)),
        ((1, 1), (784, 784)),
        ((100, 50), (1104, 560)),
        ((4096, 4096), (1440, 1440)),
        ((8000, 1000), (4096, 512)),
        ((1449, 1447), (1440, 1440)),
    ],
)
def test_a_size_the_model_cannot_draw_is_drawn_near_it(asked: tuple[int, int], drawn: tuple[int, int]) -> None:
    arguments = understood(size=asked).arguments
    assert (arguments["width"], arguments["height"]) == drawn


def test_every_size_is_drawn_within_what_the_scheduler_knows() -> None:
    for width in (1, 3, 17, 255, 256, 257, 1023, 1328, 1447, 4000, 16000):
        for height in (1, 16, 100, 1111, 1449, 5000, 16000):
            arguments = understood(size=(width, height)).arguments
            wide, high = arguments["width"], arguments["height"]
            assert wide % 16 == high % 16 == 0
            assert wide * high >= 600_000 or 16 in (wide, high)
            assert wide * high <= 8192 * 256 or 16 in (wide, high)


def test_a_picture_of_another_form_is_cut_and_never_stretched() -> None:
    wide = Image.new("RGB", (600, 200), "black")
    wide.paste("red", (200, 0, 400, 200))
    seen = understood(pictures=(wide,)).arguments["image"]
    assert seen.size == (784, 784)
    assert seen.getpixel((5, 128)) == seen.getpixel((778, 128)) == (255, 0, 0)


def test_transparent_parts_of_a_picture_are_seen_white() -> None:
    clear = Image.new("RGBA", (128, 128), (0, 0, 0, 0))
    assert understood(pictures=(clear,)).arguments["image"].getpixel((9, 9)) == (255, 255, 255)


def test_a_picture_of_twenty_thousand_pixels_is_made_small_first() -> None:
    for size in ((20_000, 100), (1, 20_000)):
        huge = Image.new("RGB", size, "red")
        assert understood(pictures=(huge,), size=(900, 900)).arguments["image"].size == (912, 912)


# --- what comes of it ------------------------------------------------------------------------------------------------


def test_a_result_tells_how_it_was_made(four: QwenImage) -> None:
    facts = make(four)[0].facts
    assert facts["num_inference_steps"] == 4
    assert facts["true_cfg_scale"] == 1.0
    assert facts["scheduler"] == "FlowMatchEulerDiscreteScheduler, constant shift 3"
    assert facts["adapter"] == "Qwen-Image-Lightning-4steps-V2.0-bf16.safetensors"
    assert facts["prompt_suffix"] == ", Ultra HD, 4K, cinematic composition."
    assert facts["placement"].startswith("device, none, ")
    assert "engine" not in facts
    assert four.model == "Qwen/Qwen-Image"
    assert four.revision == "0123456789abcdef0123456789abcdef01234567"


def test_a_result_of_a_picture_tells_so(four: QwenImage) -> None:
    facts = make(four, pictures=(picture(),))[0].facts
    assert (facts["engine"], facts["strength"]) == ("edit", 0.6)
    facts = make(four, control=picture())[0].facts
    assert (facts["controlnet"], facts["controlnet_conditioning_scale"]) == (
        "InstantX/Qwen-Image-ControlNet-Union",
        1.0,
    )


def test_a_prompt_that_is_cut_off_is_told(four: QwenImage) -> None:
    # A token of the tiny tokenizer is a byte.
    long = "a fox " * 20
    assert "prompt_cut" not in make(four, long, prompt_suffix=False)[0].facts
    shortened = make(four, long, prompt_suffix=False, max_sequence_length=119)[0]
    assert shortened.facts["prompt_cut"]


@pytest.mark.usefixtures("small_images")
def test_guidance_and_negative_prompt_count(qwen_image_store: Store) -> None:
    full = QwenImage("full", resources(qwen_image_store))
    full.load(CPU)
    usual = generate(full, num_inference_steps=2)
    assert not same(generate(full, num_inference_steps=2, true_cfg_scale=1.0), usual)
    assert not same(generate(full, num_inference_steps=2, negative_prompt="a dog"), usual)
    facts = make(full, num_inference_steps=2, negative_prompt="a dog")[0].facts
    assert (facts["negative_prompt"], facts["true_cfg_scale"]) == ("a dog", 4.0)
    full.unload()


def test_every_step_is_reported_over_all_pictures(four: QwenImage) -> None:
    control = Control()
    four.generate(job(four, num_images_per_prompt=2), control)
    assert control.steps == [(step, 8) for step in range(1, 9)]


def test_image_to_image_reports_the_steps_it_takes(four: QwenImage) -> None:
    control = Control()
    four.generate(job(four, pictures=(picture(),), strength=0.5), control)
    assert control.steps == [(1, 2), (2, 2)]


def test_a_job_is_cancelled_between_steps_and_the_next_is_drawn_as_ever(four: QwenImage) -> None:
    usual = generate(four)
    control = Control(cancel_after=2)
    with pytest.raises(Cancelled):
        four.generate(job(four, "another"), control)
    assert control.steps == [(1, 4), (2, 4)]
    assert same(generate(four), usual)


def test_a_repeated_prompt_does_not_need_the_text_encoder(four: QwenImage, monkeypatch: pytest.MonkeyPatch) -> None:
    assert four._loaded is not None
    usual = generate(four, "said twice")

    def fails(*_arguments: object, **_more: object) -> None:
        raise AssertionError("the text encoder was asked again")

    monkeypatch.setattr(four._loaded.stages.pipeline.text_encoder, "forward", fails)
    assert same(generate(four, "said twice"), usual)
    with pytest.raises(AssertionError, match="asked again"):
        generate(four, "said again")


def test_advice_names_the_settings_that_need_less_memory(four: QwenImage) -> None:
    advice = four.memory_advice(job(four, size=(1024, 1024)))
    assert "1024x1024" in advice
    assert "placement.residency" in advice
