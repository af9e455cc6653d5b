"""The words of the sixteen edit modes."""

import pytest

from spectacle.generators.qwen_image_edit.modes import MODES, NAMES, mode_of, prompt_for

PAIR = "P. The person from the first image is on the {}, the person from the second image is on the {}, "

TABLE = [
    (1, 2, {}, PAIR.format("left", "right") + "facing each other."),
    (1, 2, {"positions": ("throne", "floor")}, PAIR.format("throne", "floor") + "facing each other."),
    (1, 3, {}, "P. Multiple people from the input images are arranged in the scene."),
    (2, 2, {}, "P. The person is interacting with the product, maintaining the identity of both."),
    (3, 2, {}, "P. The person is placed in the scene, maintaining their identity and appearance."),
    (4, 4, {}, "P. Multiple products are arranged together, maintaining their individual identities."),
    (5, 5, {}, "P. Multiple objects from the input images are combined in a cohesive scene."),
    (6, 1, {}, "P. Maintain the person's identity: face, hair, body."),
    (6, 1, {"preserve_features": ("scar", "hat")}, "P. Maintain the person's identity: scar, hat."),
    (7, 1, {}, "P. Maintain the product's identity, shape, and key features."),
    (8, 1, {}, "P. Apply realistic style while maintaining the subject's identity."),
    (8, 1, {"style": "anime"}, "P. Apply anime style while maintaining the subject's identity."),
    (9, 1, {"old_text": "OPEN", "new_text": "SHUT"}, 'Replace "OPEN" to "SHUT". P'),
    (10, 1, {"new_text": "HI"}, 'Add text "HI" at the center. P'),
    (10, 1, {"new_text": "{p}", "position": "top left"}, 'Add text "{p}" at the top left. P'),
    (11, 1, {"font_type": "Comic Sans"}, "Change text font to Comic Sans. P"),
    (12, 1, {"color": "red"}, "Change text color to red. P"),
    (13, 1, {}, "P. Follow the depth map structure."),
    (14, 1, {}, "P. Follow the edge map structure."),
    (15, 1, {}, "P. Follow the keypoint pose structure."),
    (16, 0, {}, "P. Follow the sketch structure."),
]  # fmt: skip


@pytest.mark.parametrize(("number", "pictures", "parameters", "text"), TABLE)
def test_every_mode_puts_its_words_around_the_prompt(number, pictures, parameters, text):
    assert prompt_for(MODES[number], "P", pictures, parameters) == text


def test_there_are_sixteen_modes_and_each_is_found_by_number_and_by_name():
    assert list(MODES) == list(range(1, 17))
    assert len(NAMES) == 16
    assert all(mode_of(mode.number) is mode is mode_of(mode.name) for mode in MODES.values())


@pytest.mark.parametrize("end", [".", "!", "?", "。"])
def test_a_prompt_that_ends_a_sentence_gets_no_second_full_stop(end):
    assert prompt_for(MODES[7], f"Turn it{end}", 1, {}).startswith(f"Turn it{end} Maintain")


def test_modes_of_writing_and_of_control_pictures_take_fifty_steps_and_the_others_forty():
    assert [mode.num_inference_steps for mode in MODES.values()] == [40] * 8 + [50] * 8


def test_braces_in_a_prompt_are_only_text():
    assert prompt_for(MODES[7], "a {prompt} {0}", 1, {}).startswith("a {prompt} {0}. ")
