"""What a job asks of `omnisvg`, from its prompt, image and options."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from spectacle.errors import BadAttachment, BadOptions, UnreadableRequest
from spectacle.generators.base import Job
from spectacle.generators.omnisvg.options import OmniSvgOptions
from spectacle.generators.omnisvg.pictures import Prepared, prepare
from spectacle.generators.omnisvg.prompts import infer_subtype
from spectacle.generators.omnisvg.sampling import Sampling, Subtype, default_sampling
from spectacle.generators.omnisvg.sizes import Size

_TEXT_TASK: Literal["text-to-svg"] = "text-to-svg"
_PICTURE_TASK: Literal["image-to-svg"] = "image-to-svg"


@dataclass(frozen=True, slots=True)
class Task:
    """What a job asks for."""

    name: Literal["text-to-svg", "image-to-svg"]
    subtype: Subtype | None
    sampling: Sampling
    picture: Prepared | None


def understand(job: Job, options: OmniSvgOptions, size: Size) -> Task:
    if options.model_size not in (None, size.name):
        raise BadOptions(
            f"model_size = {options.model_size}: this kind is served by OmniSVG {size.name}. "
            f"Configure a kind with the preset {options.model_size.lower()} in the same daemon, or omit model_size."
        )
    name = options.task_type or (_PICTURE_TASK if job.pictures else _TEXT_TASK)
    if name == _PICTURE_TASK and not job.pictures:
        raise BadAttachment("task_type = image-to-svg: there is no input image. Attach one.")
    if name == _TEXT_TASK and job.pictures:
        raise BadOptions("task_type = text-to-svg: an input image is attached. Remove one of them.")
    if name == _TEXT_TASK and not job.prompt:
        raise UnreadableRequest("there is neither a prompt nor an input image. Write a prompt, or attach an image.")
    picture = prepare(job.pictures[0], replace_background=options.replace_background) if job.pictures else None
    subtype = None if picture is not None else options.task_subtype or infer_subtype(job.prompt)
    names = ("temperature", "top_p", "top_k", "repetition_penalty")
    asked = {each: value for each in names if (value := getattr(options, each)) is not None}
    return Task(name, subtype, replace(default_sampling(subtype), **asked), picture)
