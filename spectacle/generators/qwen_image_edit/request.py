"""Checks what a request to an editing model asks for, and says what is missing or too much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from PIL import Image

from spectacle.errors import BadAttachment, BadOptions
from spectacle.generators.base import Job
from spectacle.generators.diffusion.references import check_form
from spectacle.generators.qwen_image_edit.modes import (
    PARAMETERS,
    TRAINED_PICTURES,
    EditMode,
    Value,
    mode_of,
    prompt_for,
)
from spectacle.generators.qwen_image_edit.options import QwenImageEditOptions


@dataclass(frozen=True, slots=True)
class Edit:
    """What is to be done, checked.

    Attributes:
        prompt: The text that the model gets.
        pictures: Pictures to edit, in order, a control picture last; at least one.
        mask: Where the picture is to be changed (white), or None for everywhere.
        mode: The mode, or None.
    """

    prompt: str
    pictures: Sequence[Image.Image]
    mask: Image.Image | None = None
    mode: EditMode | None = field(default=None)


def understand(job: Job, *, several: bool, model: str) -> Edit:
    """Check a job.

    Args:
        job: The job; its options are `QwenImageEditOptions`.
        several: Whether the model takes several pictures.
        model: The model's name, for messages.

    Raises:
        BadOptions: When the mode needs an option that is not set, or one is set that it does not use.
        BadAttachment: When there are too few or too many pictures, or a picture's form is extreme.
    """
    options = job.options
    assert isinstance(options, QwenImageEditOptions)
    mode = None if options.mode is None else mode_of(options.mode)
    parameters = _parameters(options, mode, len(job.pictures))
    if mode is not None and mode.least > 1 and not several:
        raise BadOptions(
            f"{mode} needs several pictures and {model} takes one: use a kind with a preset of Qwen-Image-Edit-2509 or "
            "-2511",
            option="mode",
        )
    if mode is None:
        _check_plain(job)
    else:
        _check_mode(job, mode)
    pictures = [*job.pictures, *([job.control] if job.control is not None else [])]
    if len(pictures) > 1 and not several:
        raise BadAttachment(
            f"{model} takes one picture in all and got {len(pictures)}: leave out the others, or use a kind with a "
            "preset of Qwen-Image-Edit-2509 or -2511"
        )
    if job.mask is not None and len(pictures) > 1:
        raise BadAttachment(
            f"a mask goes with one input picture and there are {len(pictures)}: leave out STEM-mask.png or the others"
        )
    check_form(pictures)
    prompt = job.prompt if mode is None else prompt_for(mode, job.prompt, len(job.pictures), parameters)
    return Edit(prompt, pictures, job.mask, mode)


def _parameters(options: QwenImageEditOptions, mode: EditMode | None, pictures: int) -> Mapping[str, Value]:
    given = {name: value for name in PARAMETERS if (value := getattr(options, name)) is not None}
    for name in given:
        if mode is None or name not in mode.parameters:
            users = " and ".join(str(each) for each in PARAMETERS[name])
            asked = "no mode is set" if mode is None else f"this is {mode}"
            raise BadOptions(f"option {name} is only used by {users} and {asked}: leave it out", option=name)
    if mode is not None:
        for name, default in mode.parameters.items():
            if default is None and name not in given:
                raise BadOptions(f"option {name} is missing: {mode} needs it, to {mode.summary}", option=name)
        if "positions" in given and pictures != 2:
            raise BadOptions(
                f"option positions says where two people are and there are {pictures} input pictures: leave it out and "
                "say in the prompt where they are",
                option="positions",
            )
    return given


def _check_plain(job: Job) -> None:
    if not job.pictures:
        raise BadAttachment("there is no picture to edit: write STEM-input.png before STEM.txt")
    if job.control is not None:
        raise BadAttachment(
            "a control picture is only used by modes 13 to 16: set option mode to what it shows, or leave out "
            "STEM-control.png"
        )


def _check_mode(job: Job, mode: EditMode) -> None:
    given = len(job.pictures)
    if given < mode.least:
        missing = "STEM-input.png" if not given else f"STEM-input{given + 1}.png"
        raise BadAttachment(f"{mode} needs {mode.pictures} and got {given}: write {missing}")
    if given > mode.most:
        reason = "" if mode.most > TRAINED_PICTURES else f", as the model was made for up to {TRAINED_PICTURES}"
        raise BadAttachment(
            f"{mode} takes {mode.pictures}{reason}{' in all' if mode.control else ''}, and got {given}: leave out "
            f"STEM-input{mode.most + 1} and those after it"
        )
    if mode.control and job.control is None:
        raise BadAttachment(f"{mode} needs {mode.control}: write it as STEM-control.png")
    if job.control is not None and not mode.control:
        raise BadAttachment(f"{mode} does not use a control picture: leave out STEM-control.png")
