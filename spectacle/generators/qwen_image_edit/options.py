"""What a request to an editing model may set."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from spectacle.generators.control_maps.maps import ControlMapOptions
from spectacle.generators.diffusion.loras import LoraOptions
from spectacle.generators.diffusion.sampling import GuidanceOptions
from spectacle.generators.qwen_image_edit.modes import MODES, NAMES
from spectacle.sanitize import sanitize


def _known_mode(option: object) -> int | str:
    if isinstance(option, str | int) and not isinstance(option, bool) and (option in MODES or option in NAMES):
        return option
    raise ValueError(f"it must be a number from 1 to {len(MODES)}, or one of {', '.join(NAMES)}")


def _plain(text: str) -> str:
    plain = sanitize(text).text
    if not plain:
        raise ValueError("it must contain readable text")
    return plain


Mode = Annotated[
    int | str,
    PlainValidator(_known_mode),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1, "maximum": len(MODES)}, {"enum": list(NAMES)}]}),
]
Words = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_plain)]
"""A few words that become part of the prompt, made as safe as the prompt itself."""


class QwenImageEditOptions(ControlMapOptions, LoraOptions, GuidanceOptions):
    """Options of `qwen-image-edit`, by their names in diffusers where diffusers has them."""

    strength: float | None = Field(
        None, ge=0.01, le=1, description="With a mask: how much of the area under it changes. Default: 1, all of it."
    )
    mode: Mode | None = Field(
        None, description="Edit mode, by number or name: it adds its words to the prompt. Default: none."
    )
    positions: tuple[Words, Words] | None = Field(
        None,
        description="Mode 1, with two people: positions of the first and the second. Default: left, right.",
    )
    preserve_features: Annotated[tuple[Words, ...], Field(min_length=1, max_length=10)] | None = Field(
        None, description="Mode 6: features of the person to keep. Default: face, hair, body."
    )
    style: Words | None = Field(None, description="Mode 8: the style to apply. Default: realistic.")
    old_text: Words | None = Field(None, description="Mode 9: the text to replace.")
    new_text: Words | None = Field(None, description="Modes 9 and 10: the new text.")
    position: Words | None = Field(None, description="Mode 10: where the text is added. Default: center.")
    font_type: Words | None = Field(None, description="Mode 11: the font.")
    color: Words | None = Field(None, description="Mode 12: the colour of the text.")
