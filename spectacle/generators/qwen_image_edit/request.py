"""Checks what a request to an editing model asks for, and puts it in the words of diffusers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from spectacle.errors import BadAttachment, BadOptions, BadSize
from spectacle.generators.base import Job
from spectacle.generators.diffusion.references import MAX_ASPECT, check_form, on_white
from spectacle.generators.diffusion.sizes import fit_mask, fit_picture, fixed_size
from spectacle.generators.qwen_image_edit.modes import (
    PARAMETERS,
    TRAINED_PICTURES,
    EditMode,
    Value,
    mode_of,
    prompt_for,
)
from spectacle.generators.qwen_image_edit.options import QwenImageEditOptions
from spectacle.generators.qwen_image_edit.presets import Base

INPAINTING = "QwenImageEditInpaintPipeline"
PIXELS = 1024 * 1024
MULTIPLE = 32
"""The editing models make and see images of about so many pixels, with sides that are such multiples: what the
pipelines of diffusers choose by themselves (`calculate_dimensions`), and what the authors ask to keep
(QwenLM/Qwen-Image#160). At other sizes, positions in the result do not match those in the input: it is zoomed, cropped
or shifted (QwenLM/Qwen-Image#229)."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What is to be done, checked.

    Attributes:
        pipeline: Name of the pipeline's class.
        prompt: The text that the model gets.
        pictures: What it sees, in order, a control image last; at least one, RGB.
        arguments: What the pipeline's call is given in addition to the prompt, the seed, steps and guidance.
        mode: The mode, or None.
        under: The image that stays where the mask is black, and the mask, both in the size asked for; or None.
    """

    pipeline: str
    prompt: str
    pictures: Sequence[Image.Image]
    arguments: Mapping[str, Any]
    mode: EditMode | None = None
    under: tuple[Image.Image, Image.Image] | None = field(default=None)

    def keep_unmasked(self, picture: Image.Image) -> Image.Image:
        """The result under white parts of the mask, and what was there before, pixel for pixel, under black ones."""
        if self.under is None:
            return picture
        before, mask = self.under
        # The pipeline stretched the image a little, to sides that are multiples of 32.
        return Image.composite(picture.resize(before.size, Image.Resampling.LANCZOS), before, mask)


def understand(job: Job, base: Base) -> Edit:
    """Check a job.

    Args:
        job: The job; its options are `QwenImageEditOptions`.
        base: The model.

    Raises:
        BadOptions: When the mode needs an option that is not set, or one is set that is not used.
        BadAttachment: When there are too few or too many images, or an image's shape is extreme.
        BadSize: When the size asked for is too extreme for inpainting.
    """
    options = job.options
    assert isinstance(options, QwenImageEditOptions)
    mode = None if options.mode is None else mode_of(options.mode)
    parameters = _parameters(options, mode, len(job.pictures))
    if mode is not None and mode.least > 1 and not base.several:
        raise BadOptions(
            f"{mode}: needs several images, but {base.name} accepts one. Use a kind with a preset of "
            "Qwen-Image-Edit-2509 or -2511.",
            option="mode",
        )
    if mode is None:
        _check_plain(job)
    else:
        _check_mode(job, mode)
    pictures = [*job.pictures, *([job.control] if job.control is not None else [])]
    _check_pictures(job, pictures, base)
    _check_mask(job, options, pictures)
    prompt = job.prompt if mode is None else prompt_for(mode, job.prompt, len(job.pictures), parameters)
    if job.mask is not None:
        return _inpainting(job, options, prompt, pictures[0], job.mask, mode)
    seen = [on_white(picture) for picture in pictures]
    width, height = fixed_size(job.width, job.height, multiple=MULTIPLE, pixels=PIXELS)
    arguments = {"image": seen if base.several else seen[0], "width": width, "height": height}
    return Edit(base.pipeline, prompt, seen, arguments, mode)


def _inpainting(
    job: Job,
    options: QwenImageEditOptions,
    prompt: str,
    picture: Image.Image,
    mask: Image.Image,
    mode: EditMode | None,
) -> Edit:
    asked = (job.width, job.height)
    if max(asked) > MAX_ASPECT * min(asked):
        raise BadSize(
            f"{job.width}x{job.height}: not possible for inpainting. Request a size whose sides differ by less than "
            f"{MAX_ASPECT} times."
        )
    size = fixed_size(*asked, multiple=MULTIPLE, pixels=PIXELS)
    # The pipeline chooses by the ratio of what it gets, which rounding has changed a little.
    while (chosen := fixed_size(*size, multiple=MULTIPLE, pixels=PIXELS)) != size:
        size = chosen
    under = before, painted = fit_picture(picture, asked), fit_mask(mask, asked)
    # Stretched, not cut, and back afterwards: what is painted must meet what stays.
    seen = before.resize(size, Image.Resampling.LANCZOS)
    strength = 1.0 if options.strength is None else options.strength
    arguments = {"image": seen, "mask_image": painted.resize(size, Image.Resampling.BILINEAR), "strength": strength}
    return Edit(INPAINTING, prompt, [seen], arguments, mode, under)


def _parameters(options: QwenImageEditOptions, mode: EditMode | None, pictures: int) -> Mapping[str, Value]:
    given = {name: value for name in PARAMETERS if (value := getattr(options, name)) is not None}
    for name in given:
        if mode is None or name not in mode.parameters:
            users = " and ".join(str(each) for each in PARAMETERS[name])
            asked = "no mode is set" if mode is None else f"this is {mode}"
            raise BadOptions(f"option {name}: only used by {users}, and {asked}. Omit it.", option=name)
    if mode is not None:
        for name, default in mode.parameters.items():
            if default is None and name not in given:
                raise BadOptions(
                    f"option {name}: missing. Set it, because {mode} needs it to {mode.summary}.", option=name
                )
        if "positions" in given and pictures != 2:
            raise BadOptions(
                f"option positions: needs two input images, and there are {pictures}. Omit it and "
                "describe the positions in the prompt.",
                option="positions",
            )
    return given


def _check_plain(job: Job) -> None:
    if not job.pictures:
        raise BadAttachment("there is no image to edit. Write STEM-input.png before STEM.txt.")
    if job.control is not None:
        raise BadAttachment(
            "a control image is only used by modes 13 to 16. Set the option mode to what it shows, or remove "
            "STEM-control.png."
        )


def _check_mode(job: Job, mode: EditMode) -> None:
    given = len(job.pictures)
    if given < mode.least:
        missing = "STEM-input.png" if not given else f"STEM-input{given + 1}.png"
        raise BadAttachment(f"{mode}: needs {mode.pictures} and got {given}. Write {missing}.")
    if given > mode.most:
        reason = "" if mode.most > TRAINED_PICTURES else f", as the model was made for up to {TRAINED_PICTURES}"
        raise BadAttachment(
            f"{mode}: accepts {mode.pictures}{reason}{' in all' if mode.control else ''}, and got {given}. Remove "
            f"STEM-input{mode.most + 1} and those after it."
        )
    if mode.control and job.control is None:
        raise BadAttachment(f"{mode}: needs {mode.control}. Write it as STEM-control.png.")
    if job.control is not None and not mode.control:
        raise BadAttachment(f"{mode}: does not use a control image. Remove STEM-control.png.")


def _check_pictures(job: Job, pictures: Sequence[Image.Image], base: Base) -> None:
    if len(pictures) > 1 and not base.several:
        raise BadAttachment(
            f"{base.name}: accepts one image in all and got {len(pictures)}. Remove the others, or use a kind with a "
            "preset of Qwen-Image-Edit-2509 or -2511."
        )
    check_form(pictures)


def _check_mask(job: Job, options: QwenImageEditOptions, pictures: Sequence[Image.Image]) -> None:
    if job.mask is None:
        if options.strength is not None:
            raise BadOptions(
                "option strength: needs a mask. Attach STEM-mask.png, or omit the option.", option="strength"
            )
        return
    if not job.pictures or len(pictures) > 1:
        raise BadAttachment(
            f"a mask needs exactly one input image, and there are {len(pictures) if job.pictures else 0}. Remove "
            "STEM-mask.png, or attach only STEM-input.png with it."
        )
    if job.mask.getextrema() == (0, 0):
        raise BadAttachment("the mask is entirely black. Paint the area to change white.")
