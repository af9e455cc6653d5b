"""The instructions OmniSVG gets, in the words it was trained with."""

from __future__ import annotations

import re

from spectacle.generators.omnisvg.sampling import Subtype

# Upstream's inference.py, with the space at the end of the first line and the eight in the blank one.
_SYSTEM = (
    "You are an expert SVG code generator. \n"
    "Generate precise, valid SVG path commands that accurately represent the described scene or object.\n"
    "Focus on capturing key shapes, spatial relationships, and visual composition."
)
_TEXT = (
    "Generate an SVG illustration for: {prompt}\n"
    "        \n"
    "Requirements:\n"
    "- Create complete SVG path commands\n"
    "- Include proper coordinates and colors\n"
    "- Maintain visual clarity and composition"
)
_PICTURE = "Generate SVG code that accurately represents this image:<|vision_start|><|image_pad|><|vision_end|>"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ICON_WORDS = _words(
    "icon logo symbol badge button emoji glyph simple arrow triangle circle square heart star checkmark"
)
_ILLUSTRATION_WORDS = _words(
    "illustration scene person people character man woman boy girl avatar portrait face head body cat dog bird animal "
    "pet fox rabbit sitting standing walking running sleeping holding playing house building tree garden landscape "
    "mountain forest city ocean beach sunset sunrise sky"
)
_PLURALS = (("s", ""), ("es", ""), ("ies", "y"))
_MAX_ICON_LENGTH = 50


def text_prompt(prompt: str) -> str:
    """What the model is given for `prompt`."""
    return _chat(_TEXT.format(prompt=prompt))


def picture_prompt() -> str:
    """What the model is given for an image, with one place for it."""
    return _chat(_PICTURE)


def _chat(user: str) -> str:
    """The chat template of Qwen2.5-VL, written out so that none from a checkpoint is run."""
    return (
        f"<|im_start|>system\n{_SYSTEM}<|im_end|>\n"
        f"<|im_start|>user\n{user}<|im_end|>\n"
        "<|im_start|>assistant\n"
    )  # fmt: skip


def infer_subtype(prompt: str) -> Subtype:
    """Whether a prompt asks for an icon or for an illustration: by its words, or else by its length.

    Words for icons count more than words for illustrations. The plural of a word counts as well.
    """
    words = set(re.findall(r"[a-z]+", prompt.lower()))
    words |= {
        word[: -len(ending)] + singular for word in words for ending, singular in _PLURALS if word.endswith(ending)
    }
    if words & _ICON_WORDS:
        return "icon"
    if words & _ILLUSTRATION_WORDS or len(prompt) > _MAX_ICON_LENGTH:
        return "illustration"
    return "icon"
