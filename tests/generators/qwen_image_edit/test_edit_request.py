"""What a request to an editing model needs, and what it is told when it has less or more."""

import json
from dataclasses import replace

import pytest
from diffusers.pipelines.qwenimage.pipeline_qwenimage_edit_inpaint import calculate_dimensions
from PIL import Image

from spectacle.errors import BadAttachment, BadOptions, RequestError
from spectacle.generators.base import Job, MediaType
from spectacle.generators.diffusion.references import MAX_ASPECT
from spectacle.generators.qwen_image_edit.modes import MODES
from spectacle.generators.qwen_image_edit.options import QwenImageEditOptions
from spectacle.generators.qwen_image_edit.presets import EDIT, EDIT_2511
from spectacle.generators.qwen_image_edit.request import understand
from spectacle.worker.options import read_options

PICTURE = Image.new("RGB", (20, 10))
NEEDED = {9: {"old_text": "a", "new_text": "b"}, 10: {"new_text": "b"}, 11: {"font_type": "f"}, 12: {"color": "red"}}


def job(pictures=1, *, control=False, mask=False, size=(40, 30), asked=(64, 64), **options):
    return Job(
        "a picture",
        *asked,
        1,
        MediaType.PNG,
        QwenImageEditOptions(**options),
        [Image.new("RGB", size) for _ in range(pictures)],
        Image.new("L", size, 255 if mask is True else mask) if mask is not False else None,
        PICTURE if control else None,
    )


def refusal(the_job, base=EDIT_2511):
    with pytest.raises(RequestError) as caught:
        understand(the_job, base)
    return caught.value


@pytest.mark.parametrize("mode", MODES.values(), ids=lambda mode: mode.name)
def test_a_mode_takes_its_fewest_and_its_most_pictures_and_no_others(mode):
    options = {"mode": mode.number, **NEEDED.get(mode.number, {})}
    control = bool(mode.control)
    for count in {mode.least, mode.most}:
        edit = understand(job(count, control=control, **options), EDIT_2511)
        assert len(edit.pictures) == count + control
        assert edit.mode is mode
    too_many = refusal(job(mode.most + 1, control=control, **options))
    assert isinstance(too_many, BadAttachment)
    assert str(mode) in too_many.message
    assert f"got {mode.most + 1}" in too_many.message
    assert f"STEM-input{mode.most + 1}" in too_many.message
    if mode.least:
        assert isinstance(refusal(job(mode.least - 1, control=control, **options)), BadAttachment)


def test_ten_pictures_for_a_mode_that_takes_three_are_refused_with_the_reason():
    message = refusal(job(10, mode="person-product")).message
    assert message == (
        "mode 2 (person-product): accepts 2 to 3 input images, as the model was made for up to 3, and got 10. "
        "Remove STEM-input4 and those after it."
    )


@pytest.mark.parametrize(
    ("mode", "missing"), [(9, "old_text"), (9, "new_text"), (10, "new_text"), (11, "font_type"), (12, "color")]
)
def test_a_mode_names_the_text_that_it_needs_and_did_not_get(mode, missing):
    given = {name: text for name, text in NEEDED[mode].items() if name != missing}
    error = refusal(job(mode=mode, **given))
    assert isinstance(error, BadOptions)
    assert error.details["option"] == missing
    assert f"option {missing}: missing. Set it, because mode {mode} (" in error.message


@pytest.mark.parametrize("mode", [13, 14, 15, 16])
def test_a_control_mode_names_the_control_picture_that_it_needs(mode):
    assert "STEM-control.png" in refusal(job(mode=mode)).message
    assert MODES[mode].control in refusal(job(mode=mode)).message


def test_the_control_picture_is_the_last_of_the_pictures():
    edit = understand(job(2, control=True, mode="depth-control"), EDIT_2511)
    assert [picture.size for picture in edit.pictures] == [(40, 30), (40, 30), PICTURE.size]


def test_an_option_that_the_mode_does_not_use_is_refused():
    error = refusal(job(style="anime", mode=7))
    assert (
        error.message
        == "option style: only used by mode 8 (style-transfer), and this is mode 7 (product-consistency). Omit it."
    )
    assert "no mode is set" in refusal(job(color="red")).message
    assert "needs two input images, and there are 3. Omit it" in refusal(job(3, mode=1, positions=("a", "b"))).message


def test_without_a_mode_there_must_be_a_picture_and_no_control_picture():
    assert "STEM-input.png" in refusal(job(0)).message
    assert "option mode" in refusal(job(1, control=True)).message
    assert understand(job(10), EDIT_2511).prompt == "a picture"


def test_a_control_picture_that_no_mode_asks_for_is_refused():
    assert "STEM-control.png" in refusal(job(1, control=True, mode=6)).message


def test_a_model_for_one_picture_refuses_several():
    assert "accepts one image in all and got 2" in refusal(job(2), EDIT).message
    assert "accepts one" in refusal(job(1, control=True, mode=13), EDIT).message
    assert refusal(job(2, mode=1), EDIT).details["option"] == "mode"
    assert len(understand(job(0, control=True, mode=13), EDIT).pictures) == 1


def test_a_mask_goes_with_one_picture():
    assert understand(job(mask=True), EDIT_2511).pipeline == "QwenImageEditInpaintPipeline"
    assert "STEM-mask.png" in refusal(job(2, mask=True)).message
    assert "STEM-mask.png" in refusal(job(0, mask=True, control=True, mode=13)).message


def test_a_mask_that_changes_nothing_is_refused():
    assert "entirely black" in refusal(job(mask=0)).message


def test_strength_goes_with_a_mask():
    assert refusal(job(strength=0.5)).details["option"] == "strength"
    assert understand(job(mask=True, strength=0.5), EDIT).arguments["strength"] == 0.5


def test_under_a_mask_the_picture_is_cut_to_the_form_asked_for():
    edit = understand(replace(job(mask=True, size=(300, 100)), width=50, height=100), EDIT)
    assert edit.arguments["image"].size == edit.arguments["mask_image"].size == (736, 1440)
    assert edit.under is not None
    assert edit.under[0].size == (50, 100)


def test_transparent_parts_of_pictures_become_white():
    glass = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    edit = understand(replace(job(), pictures=(glass,)), EDIT)
    assert edit.pictures[0].mode == "RGB"
    assert edit.pictures[0].getpixel((0, 0)) == (255, 255, 255)


def test_a_picture_that_is_a_thin_line_is_refused():
    assert "20000x10: one side is more" in refusal(job(size=(20_000, 10))).message
    assert understand(job(size=(10 * MAX_ASPECT, 10)), EDIT_2511)


@pytest.mark.parametrize("mode", [17, 0, "foo", True, [1], 1.5])
def test_an_unknown_mode_is_refused_with_those_there_are(mode):
    with pytest.raises(BadOptions, match=r"option mode is .*1 to 16, or one of person-person, .*sketch-control"):
        read_options(json.dumps({"mode": mode}).encode(), QwenImageEditOptions, {})


def test_texts_of_options_are_made_as_safe_as_prompts():
    options = QwenImageEditOptions(mode=9, old_text="<|im_end|>", new_text="a\u202eb")
    assert (options.old_text, options.new_text) == ("(im_end)", "ab")
    with pytest.raises(ValueError, match="it must contain readable text"):
        QwenImageEditOptions(style="\u200b")


@pytest.mark.parametrize(
    ("asked", "made"),
    [
        ((640, 480), (1184, 896)),
        ((512, 512), (1024, 1024)),
        ((64, 64), (1024, 1024)),
        ((1664, 928), (1376, 768)),
        ((1200, 1600), (896, 1184)),
        ((4096, 4096), (1024, 1024)),
        ((6400, 64), (10240, 96)),
        ((64, 16000), (64, 16192)),
    ],
)
def test_an_edit_is_made_at_a_megapixel_as_diffusers_would_whatever_size_is_asked_for(asked, made):
    arguments = understand(job(asked=asked), EDIT_2511).arguments
    assert (arguments["width"], arguments["height"]) == made


@pytest.mark.parametrize("asked", [(640, 480), (1184, 896), (333, 777), (1920, 1080), (3000, 100)])
def test_the_pipeline_for_inpainting_resamples_neither_image_nor_mask_again(asked):
    arguments = understand(job(asked=asked, mask=True), EDIT_2511).arguments
    wide, high, _ = calculate_dimensions(1024 * 1024, arguments["image"].width / arguments["image"].height)
    assert arguments["image"].size == arguments["mask_image"].size == (wide, high)
