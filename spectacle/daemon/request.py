"""A request and what came with it: read, checked, and made a job of."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from spectacle.config import KindSettings, Settings
from spectacle.errors import BadAttachment, BadSize, UnknownKind, UnreadableRequest
from spectacle.generators.base import MediaType
from spectacle.sanitize import decode_prompt, sanitize
from spectacle.spool.directory import Spool
from spectacle.spool.file_status import FileStatus, NotOrdinary, TooLarge
from spectacle.spool.naming import MAX_INPUTS, RequestName
from spectacle.spool.record import Version
from spectacle.worker.contract import Attachment, JobSpec, Role

MAX_NAMED = 30
"""Most kinds that an error names as served."""


@dataclass(slots=True)
class Request:
    """A claimed request as read."""

    name: RequestName
    version: Version
    prompt: str
    notes: tuple[str, ...]


class Changed(Exception):
    """Raised when a request was written to between two looks at it."""


def kind_of(name: RequestName, settings: Settings) -> KindSettings | None:
    """The kind a request asks for, or None when this instance does not serve it."""
    return settings.kinds.get(name.kind or settings.default_kind)


def read_request(spool: Spool, name: RequestName, seen: FileStatus, settings: Settings) -> Request:
    """Read and check a request file.

    Args:
        spool: The spool.
        name: The request.
        seen: What it looked like when it was taken for complete.
        settings: The settings.

    Raises:
        FileNotFoundError: When it is gone.
        Changed: When it looks different by now.
        RequestError: When it cannot be served; the message is for the client.
    """
    limits = settings.limits
    try:
        raw, status = spool.read(name.file_name, limits.max_prompt_bytes)
    except NotOrdinary as odd:
        raise UnreadableRequest(
            f"{name.file_name} is {odd}, not an ordinary file: write the prompt into a file of that name"
        ) from None
    except TooLarge as large:
        raise UnreadableRequest(
            f"{name.file_name} holds {large.args[0]} bytes, more than the {limits.max_prompt_bytes} allowed: shorten it"
        ) from None
    except PermissionError:
        raise UnreadableRequest(
            f"{name.file_name} may not be read by the daemon: give its group the right to read it (mode 660)"
        ) from None
    if status.version != seen.version:
        raise Changed
    version = Version.of(name.file_name, status, raw)
    _check_size(name, limits.max_pixels)
    if not raw:
        raise UnreadableRequest(f"{name.file_name} is empty: write the prompt into it")
    text = decode_prompt(raw, max_bytes=limits.max_prompt_bytes)
    blocked = [re.compile(pattern, re.IGNORECASE) for pattern in settings.sanitize.blocked]
    prompt = sanitize(text, max_characters=limits.max_prompt_characters, blocked=blocked)
    return Request(name, version, prompt.text, prompt.notes)


def _check_size(name: RequestName, max_pixels: int) -> None:
    if name.width == 0 or name.height == 0:
        raise BadSize(f"{name.width}x{name.height} has no pixels: ask for at least 1x1")
    if name.width * name.height > max_pixels:
        raise BadSize(
            f"{name.width}x{name.height} is {name.width * name.height} pixels, more than the {max_pixels} allowed: "
            f"ask for less, for example 1024x1024"
        )


class OpenAttachments:
    """The attachments of a request, opened, for as long as the block runs.

    Attributes:
        versions: Each as it was when it was opened.
        files: The same as a worker gets them.
    """

    def __init__(self, spool: Spool, name: RequestName) -> None:
        self._spool = spool
        self._name = name
        self._open = ExitStack()
        self.versions: list[Version] = []
        self.files: list[Attachment] = []

    def __enter__(self) -> OpenAttachments:
        return self

    def __exit__(self, *_error: object) -> None:
        self._open.close()

    def open_all(self) -> None:
        """Open what is there.

        Raises:
            BadAttachment: When one is not an ordinary file, may not be read, or breaks the numbering.
            OSError: When the spool is in trouble.
        """
        name = self._name
        self._attach("options", name.options_name)
        given = 0
        while given < MAX_INPUTS and self._attach("input", *name.input_names(given + 1)):
            given += 1
        self._check_numbers(given)
        self._attach("mask", name.mask_name)
        self._attach("control", name.control_name)

    def _attach(self, role: Role, *candidates: str) -> bool:
        for candidate in candidates:
            try:
                descriptor, status = self._spool.open_file(candidate)
            except FileNotFoundError:
                continue
            except NotOrdinary as odd:
                raise BadAttachment(
                    f"{candidate} is {odd}, not an ordinary file: write the file itself under that name"
                ) from None
            except PermissionError:
                raise BadAttachment(
                    f"{candidate} may not be read by the daemon: give its group the right to read it (mode 660)"
                ) from None
            self._open.callback(os.close, descriptor)
            self.versions.append(Version.of(candidate, status))
            self.files.append(Attachment(role, candidate, descriptor))
            return True
        return False

    def _check_numbers(self, given: int) -> None:
        """Refuse an input image that would be passed over, for its number is too high or one before it is missing."""
        name = self._name
        # Without any, which is the rule, only the second is looked for: every look costs a round trip on NFS.
        last = MAX_INPUTS + 1 if given else 2
        beyond = (each for number in range(given + 1, last + 1) for each in name.input_names(number))
        passed_over = next((each for each in beyond if self._spool.peek(each) is not None), None)
        if passed_over is None:
            return
        if given == MAX_INPUTS:
            raise BadAttachment(
                f"{passed_over} is more than the {MAX_INPUTS} input pictures that a request may have: leave it out, "
                f"and those after it"
            )
        missing = name.input_names(given + 1)[0]
        raise BadAttachment(f"{passed_over} is there but not {missing}: number the input pictures without a gap")


def job_spec(request: Request, attachments: Sequence[Attachment], settings: Settings) -> JobSpec:
    """What a worker is given of a request.

    Raises:
        UnknownKind: When this instance does not serve its kind any more.
    """
    name = request.name
    kind = kind_of(name, settings)
    if kind is None:
        raise UnknownKind(unknown_kind(name, settings, sorted(settings.kinds)))
    return JobSpec(
        model=(kind.generator, kind.preset),
        stem=name.stem,
        kind=name.kind or settings.default_kind,
        makes=MediaType.SVG if kind.makes == "svg" else MediaType.PNG,
        width=name.width,
        height=name.height,
        prompt=request.prompt,
        notes=request.notes,
        digest=request.version.digest,
        options=kind.options,
        max_input_pixels=settings.limits.max_input_pixels,
        max_input_bytes=settings.limits.max_input_bytes,
        attachments=tuple(attachments),
    )


def unknown_kind(name: RequestName, settings: Settings, served: Sequence[str]) -> str:
    """The sentence for a request of a kind that nobody serves."""
    kind = name.kind or settings.default_kind
    more = f" and {len(served) - MAX_NAMED} more" if len(served) > MAX_NAMED else ""
    return f"kind {kind!r} is served by no running instance: use one of {', '.join(served[:MAX_NAMED]) or 'none'}{more}"
