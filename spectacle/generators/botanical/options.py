"""What a request for a botanical plate may ask for."""

from __future__ import annotations

from pydantic import Field, model_validator

from spectacle.generators.base import GeneratorOptions

TRIGGER = "Century Botanical Illustration"
"""The words the LoRA was trained with; its model card's own prompts begin with them and a dash."""

NEGATIVE_PROMPT = (
    "multiple plants, many flowers, bouquet, arrangement, group of plants, cluster, photo, realistic, modern, "
    "dark background, messy, text, border"
)
"""What an earlier botanical server (pparth230/Botanical_Illustrations) kept out of its plates."""


class BotanicalOptions(GeneratorOptions):
    """Options of a botanical plate, under diffusers' names."""

    num_inference_steps: int = Field(30, ge=1, le=150, description="Denoising steps.")
    guidance_scale: float = Field(
        7.5, ge=1, le=30, description="How closely the prompt is followed; at 1 the negative prompt has no effect."
    )
    negative_prompt: str = Field(NEGATIVE_PROMPT, max_length=4000, description="What to keep out of the image.")
    trigger_words: bool = Field(
        True, description=f"Put the LoRA's trigger words, {TRIGGER!r}, in front of the prompt unless it contains them."
    )
    lora_scale: float = Field(1.0, ge=0, le=2, description="How strongly the LoRA of old plates is applied.")
    controlnet_conditioning_scale: float = Field(
        0.5, ge=0, le=2, description="How closely the lines of a sketch are followed."
    )
    control_guidance_start: float = Field(
        0.0, ge=0, le=1, description="Fraction of the steps after which the sketch starts guiding generation."
    )
    control_guidance_end: float = Field(
        1.0, ge=0, le=1, description="Fraction of the steps after which the sketch stops guiding generation."
    )
    low_threshold: int = Field(
        100, ge=0, le=255, description="Canny: gradients below it are not edges. Lower finds fainter lines."
    )
    high_threshold: int = Field(200, ge=0, le=255, description="Canny: gradients above it are an edge.")
    num_images_per_prompt: int = Field(1, ge=1, le=4, description="Number of images to make.")

    @model_validator(mode="after")
    def _are_ordered(self) -> BotanicalOptions:
        if self.control_guidance_start >= self.control_guidance_end:
            raise ValueError("control_guidance_start must be less than control_guidance_end")
        if self.low_threshold > self.high_threshold:
            raise ValueError("low_threshold must be at most high_threshold")
        return self
