"""Makes the `Job` a generator gets of a `JobSpec`: options checked, attachments read and opened."""

from __future__ import annotations

import random
from collections.abc import Callable

from PIL import Image

from spectacle.errors import BadAttachment, BadOptions, GeneratorError, UnreadableRequest
from spectacle.generators.base import MAX_SEED, Generator, InputRequirements, Job
from spectacle.images import open_mask, open_picture
from spectacle.spool.naming import input_name, options_name, request_name
from spectacle.worker.contract import Attachment, JobSpec, TooLong
from spectacle.worker.options import MAX_OPTIONS_BYTES, read_options

Attached = dict[str, list[tuple[str, bytes]]]
"""Name and content of the attached files, by role."""


def build_job(generator: Generator, spec: JobSpec) -> Job:
    """The job as the generator sees it.

    Raises:
        GeneratorError: When the generator does not make what the kind is configured to make.
        UnreadableRequest: When it needs a prompt and there is none.
        BadOptions: When the options file is not what it takes.
        BadAttachment: When an image is missing, damaged, too large, or not wanted.
    """
    if spec.makes not in generator.makes:
        raise GeneratorError(f"{generator.name} does not make {spec.makes}: change `makes` of kind {spec.kind!r}")
    if generator.needs.prompt and not spec.prompt:
        raise UnreadableRequest(f"{request_name(spec.stem)} holds no prompt: write one into it")
    attached = _read(spec)
    given = attached.get("options")
    try:
        options = read_options(given[0][1] if given else b"{}", generator.Options, spec.options)
    except BadOptions as error:
        raise BadOptions(f"{options_name(spec.stem)}: {error.message}", **error.details) from None
    _check_attachments(generator.name, generator.needs, spec.stem, attached)
    limits = {"max_pixels": spec.max_input_pixels, "max_bytes": spec.max_input_bytes}
    pictures = [open_picture(name, content, **limits) for name, content in attached.get("input", [])]
    size = pictures[0].size if pictures else None
    mask = _first(attached, "mask", lambda name, content: open_mask(name, content, size=size, **limits))
    control = _first(attached, "control", lambda name, content: open_picture(name, content, **limits))
    seed = options.seed if options.seed is not None else random.SystemRandom().randint(0, MAX_SEED)
    return Job(spec.prompt, spec.width, spec.height, seed, spec.makes, options, pictures, mask, control)


def _read(spec: JobSpec) -> Attached:
    attached: Attached = {}
    for each in spec.attachments:
        attached.setdefault(each.role, []).append((each.name, _content(each, spec.max_input_bytes)))
    return attached


def _content(attachment: Attachment, max_input_bytes: int) -> bytes:
    is_options = attachment.role == "options"
    limit = MAX_OPTIONS_BYTES if is_options else max_input_bytes
    try:
        return attachment.read(limit)
    except TooLong:
        problem = BadOptions if is_options else BadAttachment
        raise problem(f"{attachment.name} holds more than {limit} bytes: make it smaller") from None


def _first(attached: Attached, role: str, open_it: Callable[[str, bytes], Image.Image]) -> Image.Image | None:
    return open_it(*attached[role][0]) if attached.get(role) else None


def _check_attachments(generator: str, needs: InputRequirements, stem: str, attached: Attached) -> None:
    given = len(attached.get("input", []))
    if given < needs.min_pictures:
        raise BadAttachment(
            f"{generator} needs {needs.min_pictures} input picture(s) and got {given}: "
            f"write {input_name(stem, 1, 'png')} before {request_name(stem)}"
        )
    if given > needs.max_pictures:
        takes = f"at most {needs.max_pictures}" if needs.max_pictures else "no"
        surplus = [name for name, _ in attached["input"][needs.max_pictures :]]
        which = surplus[0] if len(surplus) == 1 else f"{surplus[0]} and those after it"
        raise BadAttachment(f"{generator} takes {takes} input picture(s) and got {given}: leave out {which}")
    for role, used in (("mask", needs.mask), ("control", needs.control)):
        if attached.get(role) and not used:
            raise BadAttachment(f"{generator} does not use a {role} picture: leave out {attached[role][0][0]}")
