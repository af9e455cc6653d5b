"""What the model is told: the words of its training, and icon or illustration by whole words."""

from __future__ import annotations

import pytest

from spectacle.generators.omnisvg.prompts import infer_subtype, picture_prompt, text_prompt
from spectacle.generators.omnisvg.sampling import default_sampling

SYSTEM = (
    "<|im_start|>system\nYou are an expert SVG code generator. \nGenerate precise, valid SVG path commands that "
    "accurately represent the described scene or object.\nFocus on capturing key shapes, spatial relationships, and "
    "visual composition.<|im_end|>\n<|im_start|>user\n"
)
END = "<|im_end|>\n<|im_start|>assistant\n"


def test_a_text_prompt_has_the_words_of_the_training() -> None:
    assert text_prompt("a {red} fox 狐") == (
        f"{SYSTEM}Generate an SVG illustration for: a {{red}} fox 狐\n        \nRequirements:\n"
        "- Create complete SVG path commands\n- Include proper coordinates and colors\n"
        f"- Maintain visual clarity and composition{END}"
    )


def test_the_picture_comes_after_its_words() -> None:
    assert picture_prompt() == (
        f"{SYSTEM}Generate SVG code that accurately represents this image:"
        f"<|vision_start|><|image_pad|><|vision_end|>{END}"
    )


@pytest.mark.parametrize(
    ("prompt", "subtype"),
    [
        ("A red heart", "icon"),
        ("two ARROWS", "icon"),
        ("cat logo", "icon"),
        ("a cat", "illustration"),
        ("two dogs playing in the garden", "illustration"),
        ("foxes", "illustration"),
        ("old cities", "illustration"),
        ("badges", "icon"),
        ("starting line", "icon"),
        ("a manta", "icon"),
        ("standing, waiting", "illustration"),
        ("a bowl of soup with noodles and a lot of green onions on it", "illustration"),
        ("狐", "icon"),
        ("", "icon"),
    ],
)
def test_the_subtype_is_told_by_whole_words_and_else_by_length(prompt: str, subtype: str) -> None:
    assert infer_subtype(prompt) == subtype


def test_each_task_has_the_sampling_of_upstream() -> None:
    icon, illustration, picture = default_sampling("icon"), default_sampling("illustration"), default_sampling(None)
    assert (icon.temperature, icon.top_p, icon.top_k, icon.repetition_penalty) == (0.5, 0.88, 50, 1.05)
    assert (illustration.temperature, illustration.top_p) == (0.6, 0.90)
    assert (illustration.top_k, illustration.repetition_penalty) == (60, 1.03)
    assert (picture.temperature, picture.top_p, picture.top_k, picture.repetition_penalty) == (0.3, 0.90, 50, 1.05)
