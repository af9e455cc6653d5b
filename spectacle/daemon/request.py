"""A request and what came with it: read, checked, and made a job of."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from spectacle.config import KindSettings, Settings
from spectacle.errors import BadAttachment, BadSize, UnknownKind, UnreadableRequest
from spectacle.generators.base import MediaType
from spectacle.patterns import compile_pattern
from spectacle.sanitize import decode_prompt, sanitize
from spectacle.spool.directory import Spool
from spectacle.spool.file_status import FileStatus, NotOrdinary, TooLarge
from spectacle.spool.naming import MAX_INPUTS, RequestName
from spectacle.spool.record import Version
from spectacle.spool.sharing import Sharing
from spectacle.worker.contract import Attachment, JobSpec, Role

_LET_IN = "Give it mode 660 and a group that the daemon is in, which a spool of mode 2770 does."
MAX_NAMED = 30
"""Maximum number of kinds that an error names as served."""


@dataclass(slots=True)
class Request:
    """A claimed request as read."""

    name: RequestName
    version: Version
    prompt: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenedRequest:
    """What belongs to one version of a request, decided once, when it is opened.

    What a client writes under these names afterwards is for its next request.

    Attributes:
        version: The request file.
        attachments: What was attached to it.
        sharing: Who may read its result.
        odd: Whether it is not a regular file, such as a link or a directory.
    """

    version: Version
    attachments: tuple[Version, ...]
    sharing: Sharing
    odd: bool = False


class Changed(Exception):
    """Raised when a request was written to between two checks of it."""


def kind_of(name: RequestName, settings: Settings) -> KindSettings | None:
    """The kind a request asks for, or None when this instance does not serve it."""
    return settings.kinds.get(name.kind or settings.default_kind)


def read_request(spool: Spool, name: RequestName, seen: FileStatus, settings: Settings) -> Request:
    """Read and check a request file.

    Args:
        spool: The spool.
        name: The request.
        seen: What it looked like when it was considered complete.
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
            f"{name.file_name}: {odd}, not a regular file. Write the prompt into a file of that name."
        ) from None
    except TooLarge as large:
        raise UnreadableRequest(
            f"{name.file_name} is {large.args[0]} bytes; the limit is {limits.max_prompt_bytes}. Shorten it."
        ) from None
    except PermissionError:
        raise UnreadableRequest(f"{name.file_name}: the daemon has no permission to read it. {_LET_IN}") from None
    if status.version != seen.version:
        raise Changed
    version = Version.of(name.file_name, status, raw)
    _check_size(name, limits.max_pixels)
    if not raw:
        raise UnreadableRequest(f"{name.file_name}: empty. Write the prompt into it.")
    text = decode_prompt(raw, max_bytes=limits.max_prompt_bytes, file=name.file_name)
    blocked = [compile_pattern(pattern) for pattern in settings.sanitize.blocked]
    prompt = sanitize(text, max_characters=limits.max_prompt_characters, blocked=blocked)
    return Request(name, version, prompt.text, prompt.notes)


def _check_size(name: RequestName, max_pixels: int) -> None:
    if name.width == 0 or name.height == 0:
        raise BadSize(f"{name.width}x{name.height}: no pixels. Request at least 1x1.")
    if name.width * name.height > max_pixels:
        raise BadSize(
            f"{name.width}x{name.height} is {name.width * name.height} pixels; the limit is {max_pixels}. "
            f"Request less, for example 1024x1024."
        )


def open_unread(spool: Spool, name: RequestName, seen: FileStatus, settings: Settings) -> OpenedRequest:
    """Open a request that gets an error without its attachments having been read.

    Its digest is empty when it cannot be read.

    Args:
        spool: The spool.
        name: The request.
        seen: What it looked like when it was decided to refuse it.
        settings: The settings.

    Raises:
        Changed: When it looks different by now.
        OSError: When the spool is in trouble.
    """
    content: bytes | None = None
    status = seen
    with contextlib.suppress(FileNotFoundError, PermissionError, NotOrdinary, TooLarge):
        content, status = spool.read(name.file_name, settings.limits.max_prompt_bytes)
    if status.version != seen.version:
        raise Changed
    attached = ((each, spool.peek(each)) for each in name.attachment_names())
    return OpenedRequest(
        Version.of(name.file_name, status, content),
        tuple(Version.of(each, look) for each, look in attached if look is not None),
        Sharing(status, settings.spool.file_mode),
        odd=seen.oddity is not None,
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
            BadAttachment: When one is not a regular file, is not readable by the daemon, is there under two names, or
                breaks the numbering.
            OSError: When the spool is in trouble.
        """
        name = self._name
        self._attach("options", name.options_name)
        given = 0
        while given < MAX_INPUTS and self._attach("input", *(names := name.input_names(given + 1))):
            self._check_single(names)
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
                    f"{candidate}: {odd}, not a regular file. Write the file itself under that name."
                ) from None
            except PermissionError:
                raise BadAttachment(f"{candidate}: the daemon has no permission to read it. {_LET_IN}") from None
            self._open.callback(self._spool.close_file, descriptor)
            self.versions.append(Version.of(candidate, status))
            self.files.append(Attachment(role, candidate, descriptor))
            return True
        return False

    def _check_single(self, names: Sequence[str]) -> None:
        """Refuse an input image that is there under another name, too, which the next request would be given."""
        used = self.files[-1].name
        other = self._spool.first_there(names[names.index(used) + 1 :])
        if other is not None:
            raise BadAttachment(f"{other}: there is {used} as well. Attach one file for each input image.")

    def _check_numbers(self, given: int) -> None:
        """Refuse an input image that is never read, because its number is too high or one before it is missing."""
        name = self._name
        # Without any, which is the rule, only the second is searched for: every lookup costs a round trip on NFS.
        last = MAX_INPUTS + 1 if given else 2
        # The next one has just been found missing, unless no more are allowed.
        first = given + 1 if given == MAX_INPUTS else given + 2
        beyond = (each for number in range(first, last + 1) for each in name.input_names(number))
        passed_over = self._spool.first_there(beyond)
        if passed_over is None:
            return
        if given == MAX_INPUTS:
            raise BadAttachment(f"{passed_over}: more than {MAX_INPUTS} input images. Remove it and those after it.")
        missing = name.input_names(given + 1)[0]
        raise BadAttachment(f"{passed_over}: there is no {missing}. Number the input images without a gap.")


def job_spec(
    request: Request, attachments: Sequence[Attachment], settings: Settings, served_by: str | None = None
) -> JobSpec:
    """What a worker is given of a request.

    Args:
        request: The request.
        attachments: What came with it.
        settings: The settings.
        served_by: The kind whose model serves it; None for its own kind.

    Raises:
        UnknownKind: When this instance does not serve its kind any more.
    """
    name = request.name
    kind = kind_of(name, settings)
    if kind is None:
        raise UnknownKind(unknown_kind(name, settings, sorted(settings.kinds)))
    serving = kind if served_by is None else settings.kinds[served_by]
    return JobSpec(
        model=(serving.generator, serving.preset),
        stem=name.stem,
        kind=name.kind or settings.default_kind,
        makes=MediaType.SVG if kind.format == "svg" else MediaType.PNG,
        width=name.width,
        height=name.height,
        prompt=request.prompt,
        notes=request.notes,
        digest=request.version.digest,
        options=kind.options,
        max_input_pixels=settings.limits.max_input_pixels,
        max_total_input_pixels=settings.limits.max_total_input_pixels,
        max_input_bytes=settings.limits.max_input_bytes,
        attachments=tuple(attachments),
    )


def unknown_kind(name: RequestName, settings: Settings, served: Sequence[str]) -> str:
    """The message for a request of a kind that nobody serves."""
    kind = name.kind or settings.default_kind
    if not served:
        return f"kind {kind!r}: no running instance serves it or any other kind. Start a daemon that serves it."
    more = f" and {len(served) - MAX_NAMED} more" if len(served) > MAX_NAMED else ""
    return f"kind {kind!r}: no running instance serves it. Use one of {', '.join(served[:MAX_NAMED])}{more}."
