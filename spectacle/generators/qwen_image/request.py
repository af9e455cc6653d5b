"""What a job asks `qwen-image` for: text to image, image to image, inpainting, or an image under control."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from spectacle.errors import BadAttachment, BadOptions
from spectacle.generators.base import Job
from spectacle.generators.diffusion.qwen import MAX_PIXELS, MIN_PIXELS, MULTIPLE
from spectacle.generators.diffusion.sampling import Recipe, settle
from spectacle.generators.diffusion.sizes import fit_mask, fit_picture, native_size
from spectacle.generators.qwen_image.options import QwenImageOptions
from spectacle.generators.qwen_image.prompts import suffix

FOR_CONTROL = ("controlnet_conditioning_scale", "control_guidance_start", "control_guidance_end")
"""The options of requests with a control image."""

STRENGTH = 0.6
"""The default of diffusers' image-to-image and inpainting pipelines."""
STRENGTH_INPAINTING = 0.85
"""What the example of diffusers' inpainting pipeline uses: at 0.6, much of what was there shows through."""


@dataclass(frozen=True, slots=True)
class PipelineCall:
    """A job, checked and put in the words of diffusers.

    Attributes:
        pipeline: Name of the pipeline's class.
        prompt: The prompt with its suffix.
        recipe: How it is sampled.
        arguments: What the pipeline's call is given in addition to the prompt, the seed and what the recipe says.
        under: The image that stays where the mask is black, and the mask, both in the size asked for; or None.
    """

    pipeline: str
    prompt: str
    recipe: Recipe
    arguments: dict[str, Any]
    under: tuple[Image.Image, Image.Image] | None = field(default=None)


def understand(job: Job, recipe: Recipe, preset: str) -> PipelineCall:
    """Check a job.

    Args:
        job: The job; its options are `QwenImageOptions`.
        recipe: The preset's recipe.
        preset: The preset's name, for messages.

    Raises:
        BadAttachment: For a mask without an image, or an image and a control image together.
        BadOptions: For options that the preset does not take, or that are for images which are not there.
    """
    options = job.options
    assert isinstance(options, QwenImageOptions)
    _check_attachments(job)
    _check_options(job, options)
    recipe = settle(options, recipe, preset)
    prompt = job.prompt + suffix(job.prompt) if options.prompt_suffix else job.prompt
    width, height = size = native_size(
        job.width, job.height, multiple=MULTIPLE, min_pixels=MIN_PIXELS, max_pixels=MAX_PIXELS
    )
    arguments: dict[str, Any] = {
        "width": width,
        "height": height,
        "max_sequence_length": options.max_sequence_length,
    }
    if job.control is not None:
        arguments |= {
            "control_image": fit_picture(job.control, size),
            "controlnet_conditioning_scale": _or(options.controlnet_conditioning_scale, 1.0),
            "control_guidance_start": _or(options.control_guidance_start, 0.0),
            "control_guidance_end": _or(options.control_guidance_end, 1.0),
        }
        return PipelineCall("QwenImageControlNetPipeline", prompt, recipe, arguments)
    if not job.pictures:
        return PipelineCall("QwenImagePipeline", prompt, recipe, arguments)
    if job.mask is None:
        arguments |= {"image": fit_picture(job.pictures[0], size), "strength": _or(options.strength, STRENGTH)}
        return PipelineCall("QwenImageImg2ImgPipeline", prompt, recipe, arguments)
    asked = (job.width, job.height)
    before, mask = fit_picture(job.pictures[0], asked), fit_mask(job.mask, asked)
    arguments |= {
        # Stretched to the rounded size and back, not cut to it: what is repainted must meet what stays.
        "image": before.resize(size, Image.Resampling.LANCZOS),
        "mask_image": mask.resize(size, Image.Resampling.BILINEAR),
        "strength": _or(options.strength, STRENGTH_INPAINTING),
    }
    return PipelineCall("QwenImageInpaintPipeline", prompt, recipe, arguments, (before, mask))


def keep_unmasked(picture: Image.Image, under: tuple[Image.Image, Image.Image]) -> Image.Image:
    """The image in its white parts of the mask, and what was there before, pixel for pixel, in its black parts."""
    before, mask = under
    return Image.composite(picture.resize(before.size, Image.Resampling.LANCZOS), before, mask)


def _check_attachments(job: Job) -> None:
    if job.mask is not None and not job.pictures:
        raise BadAttachment("a mask needs an input image. Attach it as STEM-input.png.")
    if job.control is not None and job.pictures:
        raise BadAttachment(
            "an input image and a control image cannot be combined. Attach one to start from it, or the other to "
            "follow its edges, depth or pose."
        )
    if job.mask is not None and job.mask.getextrema() == (0, 0):
        raise BadAttachment("the mask is entirely black. Paint the area to change white.")


def _check_options(job: Job, options: QwenImageOptions) -> None:
    if options.strength is not None and not job.pictures:
        raise BadOptions("strength: needs an input image. Attach STEM-input.png, or omit the option.")
    given = [name for name in (*FOR_CONTROL, "control_is", "control_map") if getattr(options, name) is not None]
    if given and job.control is None:
        raise BadOptions(f"{given[0]}: needs a control image. Attach STEM-control.png, or omit the option.")
    start, end = _or(options.control_guidance_start, 0.0), _or(options.control_guidance_end, 1.0)
    if start >= end:
        raise BadOptions(
            f"control_guidance_start = {start:g}: not before control_guidance_end = {end:g}. Set a later end."
        )


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
