"""How images are sampled: steps and guidance of a preset, and what a request may change of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field

from spectacle.errors import BadOptions
from spectacle.generators.base import GeneratorOptions
from spectacle.sanitize import sanitize

if TYPE_CHECKING:
    from diffusers import FlowMatchEulerDiscreteScheduler

LIGHTNING_SCHEDULER: Mapping[str, Any] = {
    "base_image_seq_len": 256,
    "base_shift": math.log(3),
    "invert_sigmas": False,
    "max_image_seq_len": 8192,
    "max_shift": math.log(3),
    "num_train_timesteps": 1000,
    "shift": 1.0,
    "shift_terminal": None,
    "stochastic_sampling": False,
    "time_shift_type": "exponential",
    "use_beta_sigmas": False,
    "use_dynamic_shifting": True,
    "use_exponential_sigmas": False,
    "use_karras_sigmas": False,
}
"""The scheduler that the Lightning adapters were distilled with (README of ModelTC/Qwen-Image-Lightning): a constant
shift of 3 at every size."""


def _plain(text: str) -> str:
    # A space at least: no text at all is something that the models were not trained with.
    return sanitize(text).text or " "


class GuidanceOptions(GeneratorOptions):
    """Options that all generators of the Qwen-Image family have, by the names that diffusers gives them."""

    # At least 2: the published schedulers divide by zero when they stretch a single step to their last noise level.
    num_inference_steps: int | None = Field(
        None,
        ge=2,
        le=200,
        description="Denoising steps. Default: that of the preset. Lightning presets allow no other.",
    )
    true_cfg_scale: float | None = Field(
        None,
        ge=1,
        le=20,
        description="Strength of classifier-free guidance; 1 is none, at half the work. Default: that of the preset. "
        "Lightning presets allow none.",
    )
    # The length first: what is sanitized is cut to as much.
    negative_prompt: Annotated[str, Field(max_length=4000), AfterValidator(_plain)] | None = Field(
        None,
        description="What the image should not show; needs guidance. Default: what the model's authors recommend.",
    )
    num_images_per_prompt: int = Field(
        1, ge=1, le=16, description="Number of images to make, each from a seed of its own, which its metadata records."
    )


class SamplingOptions(GuidanceOptions):
    """Options of those that make images of a prompt alone."""

    max_sequence_length: int = Field(
        512, ge=1, le=1024, description="Maximum number of tokens of the prompt that are used; the rest is truncated."
    )


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a preset samples.

    Attributes:
        num_inference_steps: Denoising steps.
        true_cfg_scale: Strength of classifier-free guidance; 1 is none.
        negative_prompt: The negative prompt under guidance.
        lightning: Whether an adapter was distilled for exactly these steps without guidance, with its own scheduler.
        free: Under Lightning, the preset of the same model that takes other steps and guidance, for messages.
    """

    num_inference_steps: int
    true_cfg_scale: float
    negative_prompt: str = " "
    lightning: bool = False
    free: str = "full"


def settle(options: GuidanceOptions, recipe: Recipe, preset: str) -> Recipe:
    """The recipe with what a request changes of it.

    Args:
        options: The request's options.
        recipe: The preset's recipe.
        preset: The preset's name, for messages.

    Raises:
        BadOptions: When a Lightning preset is asked for other steps, guidance or a negative prompt; and for a negative
            prompt without guidance.
    """
    steps, scale, negative = options.num_inference_steps, options.true_cfg_scale, options.negative_prompt
    if recipe.lightning:
        why = f"preset {preset} is distilled for exactly {recipe.num_inference_steps} steps"
        remedy = f"Omit it, or use a kind with preset {recipe.free}."
        if steps not in (None, recipe.num_inference_steps):
            raise BadOptions(f"num_inference_steps = {steps}: {why}. {remedy}")
        if scale not in (None, 1):
            raise BadOptions(f"true_cfg_scale = {scale:g}: {why} without guidance. {remedy}")
        if negative is not None and negative.strip():
            raise BadOptions(f"negative_prompt: has no effect, because {why} without guidance. {remedy}")
        return recipe
    settled = Recipe(
        recipe.num_inference_steps if steps is None else steps,
        recipe.true_cfg_scale if scale is None else scale,
        recipe.negative_prompt if negative is None else negative,
    )
    if settled.true_cfg_scale <= 1 and negative is not None and negative.strip():
        raise BadOptions("negative_prompt: has no effect at true_cfg_scale 1. Omit one of the two.")
    return settled


def lightning_scheduler() -> FlowMatchEulerDiscreteScheduler:
    """A new scheduler for Lightning adapters."""
    from diffusers import FlowMatchEulerDiscreteScheduler

    return FlowMatchEulerDiscreteScheduler(**LIGHTNING_SCHEDULER)  # type: ignore[no-untyped-call]
