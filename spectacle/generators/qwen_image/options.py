"""What a request to `qwen-image` may set."""

from __future__ import annotations

from pydantic import Field

from spectacle.generators.control_maps.maps import ControlMapOptions
from spectacle.generators.diffusion.loras import LoraOptions
from spectacle.generators.diffusion.sampling import SamplingOptions


class QwenImageOptions(ControlMapOptions, LoraOptions, SamplingOptions):
    """Options of `qwen-image`, by their names in diffusers where diffusers has them."""

    prompt_suffix: bool = Field(
        True,
        description="Append what the model's authors recommend to the prompt, in its language: "
        "`, Ultra HD, 4K, cinematic composition.` or its Chinese form.",
    )
    strength: float | None = Field(
        None,
        gt=0,
        le=1,
        description="With an input image: how much of it changes; 1 is everything. Default: 0.6, with a mask 0.85.",
    )
    controlnet_conditioning_scale: float | None = Field(
        None, ge=0, le=2, description="With a control image: how much it counts. Default: 1."
    )
    control_guidance_start: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="With a control image: fraction of the steps after which it starts guiding generation.",
    )
    control_guidance_end: float | None = Field(
        None,
        gt=0,
        le=1,
        description="With a control image: fraction of the steps after which it stops guiding generation.",
    )
