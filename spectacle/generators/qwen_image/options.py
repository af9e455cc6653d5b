"""What a request to `qwen-image` may set."""

from __future__ import annotations

from pydantic import Field

from spectacle.generators.diffusion.sampling import SamplingOptions


class QwenImageOptions(SamplingOptions):
    """Options of `qwen-image`, by their names in diffusers where diffusers has them."""

    prompt_suffix: bool = Field(
        True,
        description="Add what the model's authors recommend to the prompt, in its language: "
        "`, Ultra HD, 4K, cinematic composition.` or its like in Chinese.",
    )
    strength: float | None = Field(
        None,
        gt=0,
        le=1,
        description="With an input picture: how much of it is replaced; 1 is all. Default: 0.6, with a mask 0.85.",
    )
    controlnet_conditioning_scale: float | None = Field(
        None, ge=0, le=2, description="With a control picture: how much it counts; 1 when absent."
    )
    control_guidance_start: float | None = Field(
        None, ge=0, lt=1, description="With a control picture: the part of the steps after which it begins to count."
    )
    control_guidance_end: float | None = Field(
        None, gt=0, le=1, description="With a control picture: the part of the steps after which it counts no more."
    )
