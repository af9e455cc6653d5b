"""Makes the `Job` a generator gets of a `JobSpec`: options checked, attachments read and opened."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

from PIL import Image

from spectacle.errors import BadAttachment, BadOptions, GeneratorError, UnreadableRequest
from spectacle.generators.base import MAX_SEED, Generator, InputRequirements, Job
from spectacle.images import PixelAllowance, open_mask, open_picture
from spectacle.spool.naming import input_name, options_name, request_name
from spectacle.worker.contract import Attachment, JobSpec, Role, TooLong
from spectacle.worker.encoding import FORMATS, check_size
from spectacle.worker.options import MAX_OPTIONS_BYTES, NO_OPTIONS, BadDefault, read_options

Attached = dict[Role, list[Attachment]]
"""The attached files, by role."""


def build_job(generator: Generator, spec: JobSpec) -> Job:
    """The job as the generator sees it.

    Raises:
        GeneratorError: When the generator does not make what the kind is configured to make.
        UnreadableRequest: When it needs a prompt and there is none.
        BadOptions: When the options file is not what it takes.
        BadAttachment: When an image is missing, damaged, or not wanted, or too large, by itself or with the others.
    """
    if spec.makes not in generator.makes:
        raise GeneratorError(f"{generator.name}: cannot make {spec.makes}. Change `format` of kind {spec.kind!r}.")
    if generator.needs.prompt and not spec.prompt:
        raise UnreadableRequest(f"{request_name(spec.stem)}: contains no prompt. Write one into it.")
    attached: Attached = {}
    for each in spec.attachments:
        attached.setdefault(each.role, []).append(each)
    given = [_options(each) for each in attached.get("options", [])]
    try:
        options = read_options(given[0] if given else NO_OPTIONS, generator.Options, spec.options)
    except BadOptions as error:
        where = f"kinds.{spec.kind}.options" if isinstance(error, BadDefault) else options_name(spec.stem)
        raise BadOptions(f"{where}: {error.message}", **error.details) from None
    if (form := FORMATS.get(options.output_format or "")) is not None:
        check_size(form, spec.width, spec.height)
    _check_attachments(generator.name, generator.needs, spec.stem, attached)
    allowance = PixelAllowance(spec.max_total_input_pixels)

    def opened(role: Role, open_it: Callable[..., Image.Image]) -> list[Image.Image]:
        # Each is read when its turn comes, so that only one file is in memory in addition to the pixels.
        return [
            open_it(
                each.name,
                _content(each, spec),
                max_pixels=spec.max_input_pixels,
                max_bytes=spec.max_input_bytes,
                allowance=allowance,
            )
            for each in attached.get(role, [])
        ]

    pictures = opened("input", open_picture)
    mask = opened("mask", partial(open_mask, size=pictures[0].size if pictures else None))
    control = opened("control", open_picture)
    seed = options.seed if options.seed is not None else random.SystemRandom().randint(0, MAX_SEED)
    return Job(
        spec.prompt,
        spec.width,
        spec.height,
        seed,
        spec.makes,
        options,
        pictures,
        mask[0] if mask else None,
        control[0] if control else None,
    )


def _options(attachment: Attachment) -> bytes:
    try:
        return attachment.read(MAX_OPTIONS_BYTES)
    except TooLong:
        raise BadOptions(f"{attachment.name}: more than {MAX_OPTIONS_BYTES} bytes. Make it smaller.") from None


def _content(attachment: Attachment, spec: JobSpec) -> bytes:
    try:
        return attachment.read(spec.max_input_bytes)
    except TooLong:
        limit = spec.max_input_bytes
        raise BadAttachment(f"{attachment.name}: more than {limit} bytes. Attach a smaller file.") from None


def _images(count: int) -> str:
    return f"{count} input image{'' if count == 1 else 's'}"


def _check_attachments(generator: str, needs: InputRequirements, stem: str, attached: Attached) -> None:
    given = len(attached.get("input", []))
    if given < needs.min_pictures:
        raise BadAttachment(
            f"{generator}: needs at least {_images(needs.min_pictures)}, and got {given}. "
            f"Write {input_name(stem, 1, 'png')} before {request_name(stem)}."
        )
    if given > needs.max_pictures:
        takes = f"at most {_images(needs.max_pictures)}" if needs.max_pictures else "no input image"
        surplus = [each.name for each in attached["input"][needs.max_pictures :]]
        which = surplus[0] if len(surplus) == 1 else f"{surplus[0]} and those after it"
        raise BadAttachment(f"{generator}: accepts {takes}, and got {given}. Remove {which}.")
    roles: tuple[tuple[Role, bool], ...] = (("mask", needs.mask), ("control", needs.control))
    for role, used in roles:
        if attached.get(role) and not used:
            image = "mask" if role == "mask" else "control image"
            raise BadAttachment(f"{generator}: does not use a {image}. Remove {attached[role][0].name}.")
