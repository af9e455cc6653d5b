"""What a request to Qwen-Image-2.1 may set."""

from __future__ import annotations

from pydantic import Field

from spectacle.generators.diffusion.sampling import GuidanceOptions


class QwenImage21Options(GuidanceOptions):
    """Options of `qwen-image-2.1`, by their names in diffusers."""

    output_resolution: int = Field(
        1024,
        ge=512,  # Qwen3-VL's processor scales small images up, which must not happen: the VAE sees them as they are.
        le=2048,
        multiple_of=32,
        description="Input images are scaled to as many pixels as a square with this side.",
    )
