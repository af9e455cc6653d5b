"""What a job asks of a pipeline: which class runs, and what its call is given."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image

from spectacle.config import ModelPresetSettings, ModelSettings, SizeSettings
from spectacle.errors import BadAttachment, BadOptions
from spectacle.generators.base import GeneratorOptions, InputRequirements, Job
from spectacle.generators.diffusion.references import check_form, on_white
from spectacle.generators.diffusion.sizes import fit_mask, fit_picture, fixed_size, native_size
from spectacle.generators.pipelines.options import guidance_name
from spectacle.generators.pipelines.signature import PipelineSignature, read_signature

MIN_SCALE, MAX_SCALE = 5 / 8, 3 / 2
"""How many times shorter and longer than in training the sides of an image may be where the settings say nothing: what
`botanical` allows of SDXL. A choice."""

MAX_PICTURES = 10
"""Most input images of pipelines that see several together, as many as a request can have."""

_OURS = frozenset({*GeneratorOptions.model_fields, "loras", "num_images_per_prompt"})
"""Options that no pipeline is given."""


@dataclass(frozen=True, slots=True)
class Native:
    """What a loaded pipeline says of its sizes.

    Attributes:
        multiple: What both sides are multiples of.
        pixels: Pixels of its images by default.
    """

    multiple: int
    pixels: int


@dataclass(frozen=True, slots=True)
class PipelineCall:
    """A job, checked and put in the words of diffusers.

    Attributes:
        pipeline: Name of the pipeline's class.
        arguments: What its call is given in addition to the prompt and the seed.
        size: Width and height that are generated, None where the pipeline decides.
        under: The image that stays where the mask is black, and the mask, both in the size asked for; or None.
    """

    pipeline: str
    arguments: Mapping[str, Any]
    size: tuple[int, int] | None
    under: tuple[Image.Image, Image.Image] | None = None


def requirements(signature: PipelineSignature | None) -> InputRequirements:
    """What a pipeline and its relatives must or may be given."""
    if signature is None:
        return InputRequirements(max_pictures=1, mask=True)
    if signature.takes("image"):
        most = MAX_PICTURES if signature.takes_images else 1
        mask = signature.needs_mask or "inpaint" in signature.relatives
        return InputRequirements(
            # Without a prompt, a pipeline for layers describes the image itself.
            prompt=not signature.takes("layers"),
            min_pictures=int(signature.needs_image),
            max_pictures=most,
            mask=mask,
        )
    control = signature.takes("control_image")
    from_image = not control and "image" in signature.relatives
    inpaints = not control and "inpaint" in signature.relatives
    return InputRequirements(max_pictures=int(from_image or inpaints), mask=inpaints, control=control)


def understand(
    job: Job, signature: PipelineSignature, settings: ModelSettings, preset: ModelPresetSettings, native: Native
) -> PipelineCall:
    """Check a job.

    Args:
        job: The job; its options are those of the model.
        signature: What the model's pipeline takes.
        settings: The model.
        preset: The preset, with what it leaves to the model.
        native: What the loaded pipeline says of its sizes.

    Raises:
        BadAttachment: For images that do not go together, or are not there.
        BadOptions: For options that the pipeline for this request does not take.
    """
    running = _running(job, signature)
    arguments = _settled(job, signature, running, preset)
    check_form(job.pictures)
    edits = running.is_edit and bool(job.pictures)
    size = drawn_size(job.width, job.height, settings.sizes, native, fixed=edits)
    if running.takes("width") and running.takes("height"):
        arguments |= {"width": size[0], "height": size[1]}
    if job.control is not None:
        arguments["control_image"] = fit_picture(job.control, size)
    if not job.pictures:
        return PipelineCall(running.name, arguments, size if "width" in arguments else None)
    if running.takes("mask_image"):
        assert job.mask is not None
        asked = (job.width, job.height)
        before, mask = fit_picture(job.pictures[0], asked), fit_mask(job.mask, asked)
        # Stretched to the rounded size and back, not cut to it: what is repainted must meet what stays.
        arguments["image"] = before.resize(size, Image.Resampling.LANCZOS)
        arguments["mask_image"] = mask.resize(size, Image.Resampling.BILINEAR)
        return PipelineCall(running.name, arguments, size, (before, mask))
    if not running.is_edit:
        arguments["image"] = fit_picture(job.pictures[0], size)
        return PipelineCall(running.name, arguments, size)
    # Layers are made with transparency, and their pipeline sees it.
    seen = [each.convert("RGBA") if running.takes("layers") else on_white(each) for each in job.pictures]
    arguments["image"] = seen if running.takes_images else seen[0]
    return PipelineCall(running.name, arguments, size if "width" in arguments else None)


def keep_unmasked(picture: Image.Image, under: tuple[Image.Image, Image.Image]) -> Image.Image:
    """The image in its white parts of the mask, and what was there before, pixel for pixel, in its black parts."""
    before, mask = under
    return Image.composite(picture.convert("RGB").resize(before.size, Image.Resampling.LANCZOS), before, mask)


def drawn_size(
    width: int, height: int, settings: SizeSettings, native: Native, *, fixed: bool = False
) -> tuple[int, int]:
    """The size at which an image is generated that is to have another.

    Args:
        width: Width asked for, in pixels.
        height: Height asked for, in pixels.
        settings: What the model's settings say.
        native: What its pipeline says.
        fixed: Whether the model knows images of about its default number of pixels alone, as editing models do.
    """
    if settings.sizes:
        sizes = [(int(wide), int(high)) for wide, high in (each.split("x") for each in settings.sizes)]
        return min(sizes, key=lambda size: abs(math.log(size[0] * height / (size[1] * width))))
    multiple = settings.multiple or native.multiple
    least = settings.min_pixels or int(native.pixels * MIN_SCALE**2)
    most = settings.max_pixels or int(native.pixels * MAX_SCALE**2)
    if settings.min_pixels and settings.max_pixels is None:
        most = max(most, least)
    if settings.max_pixels and settings.min_pixels is None:
        least = min(least, most)
    if fixed:
        return fixed_size(width, height, multiple=multiple, pixels=min(max(native.pixels, least), most))
    return native_size(width, height, multiple=multiple, min_pixels=least, max_pixels=most)


def _running(job: Job, signature: PipelineSignature) -> PipelineSignature:
    """The class for a job: the model's own, or a relative that starts from an image."""
    if job.mask is not None and not job.pictures:
        raise BadAttachment("a mask needs an input image. Attach it as STEM-input.png.")
    if job.mask is not None and job.mask.getextrema() == (0, 0):
        raise BadAttachment("the mask is entirely black. Paint the area to change white.")
    name = signature.name
    if job.mask is not None and not signature.needs_mask:
        name = signature.relatives["inpaint"]
    elif job.mask is None and signature.needs_mask:
        raise BadAttachment(f"{signature.name} needs a mask. Attach it as STEM-mask.png.")
    elif job.pictures and not signature.takes("image"):
        relative = signature.relatives.get("image")
        if relative is None:
            raise BadAttachment(f"{signature.name} uses an input image only with a mask. Attach STEM-mask.png, too.")
        name = relative
    elif job.control is None and signature.takes("control_image"):
        raise BadAttachment(f"{signature.name} needs a control image. Attach it as STEM-control.png.")
    found = read_signature(name)
    assert found is not None
    return found


def _settled(
    job: Job, signature: PipelineSignature, running: PipelineSignature, preset: ModelPresetSettings
) -> dict[str, Any]:
    """The options for the call: of the request, else of the preset and the model, else as the pipeline has them."""
    given = {
        name: value
        for name, value in job.options.model_dump(exclude_unset=True).items()
        if name not in _OURS and value is not None
    }
    for name in given:
        if not running.takes(name):
            if job.pictures:
                raise BadOptions(f"{name}: not an option of {running.name}. Omit it.", option=name)
            raise BadOptions(f"{name}: needs an input image. Attach one, or omit the option.", option=name)
    defaults: dict[str, Any] = {}
    if preset.steps is not None:
        defaults["num_inference_steps"] = preset.steps
    guidance = guidance_name(signature)
    if preset.guidance is not None and guidance is not None:
        defaults[guidance] = preset.guidance
    defaults |= preset.options
    return {**{name: value for name, value in defaults.items() if running.takes(name)}, **given}
