"""Writing requests into a spool, and taking them back."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from spectacle.client.files import names_of, remove_attachments, share_with_group, spool_errors, version_of
from spectacle.client.tickets import InvalidRequest, RequestExists, Ticket
from spectacle.spool.naming import (
    INPUT_EXTENSIONS,
    MAX_INPUTS,
    RESERVED_KINDS,
    RequestName,
    client_draft_name,
    is_image_of,
    make_stem,
    request_name,
)


def new_message_id() -> str:
    """A unique message ID; IDs sort by time. It is UTC with microseconds, then 32 random bits."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{secrets.token_hex(4)}"


def submit(
    spool: str | os.PathLike[str],
    prompt: str,
    *,
    width: int = 1024,
    height: int = 1024,
    kind: str | None = None,
    user: str | None = None,
    message_id: str | None = None,
    inputs: Sequence[str | os.PathLike[str]] = (),
    mask: str | os.PathLike[str] | None = None,
    control: str | os.PathLike[str] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Ticket:
    """Write a request into the spool and return immediately.

    Attachments and options are complete on disk before a rename makes the complete request appear.
    A request that is still waiting or running is never overwritten: the hidden file that becomes the request is created
    exclusively, and the directory is listed while it is held. (A hard link would reject an existing name by itself, but
    the daemon accepts no file with two names, and is notified of a rename immediately but not of a link.)

    Args:
        spool: The spool directory.
        prompt: What to generate; may be empty for generators that need none.
        width: Width of the image in pixels, 1 to 99999; the daemon's `max_pixels` may allow less.
        height: Height in pixels, likewise.
        kind: Kind of the request. Default: that of the daemon.
        user: User that the request is for (users take turns): a UUID or one word of
            `A-Z a-z 0-9 _ . + = @ ~`. Default: the name of the account.
        message_id: Words as above, joined by dashes. Default: `new_message_id()`.
        inputs: Up to ten input images, png, jpg, jpeg or webp.
        mask: Inpainting mask, png.
        control: Control image, png.
        options: Options of the generator; `{"progress": True}` makes progress visible to `wait`.

    Raises:
        InvalidRequest: When an argument cannot be put into a request. Nothing has been written.
        RequestExists: When a request of that name exists. It is not changed.
        SpoolUnavailable: When the spool cannot be written. What had been written is removed.
    """
    spool = Path(spool)
    name = _name(
        account() if user is None else user,
        new_message_id() if message_id is None else message_id,
        width,
        height,
        kind,
    )
    pictures = _pictures(name, inputs, mask, control)
    text, settings = _utf8(prompt), _json(options)
    with spool_errors(spool):
        return _write(spool, name, text, pictures, settings)


def cancel(ticket: Ticket) -> bool:
    """Delete the request and what is attached to it; work on it stops at its next step.

    Returns:
        Whether the request was still there. A result that was just being published may still appear.

    Raises:
        SpoolUnavailable: When the request cannot be deleted.
    """
    with spool_errors(ticket.spool):
        try:
            ticket.request.unlink()
        except FileNotFoundError:
            return False
        name = RequestName.from_stem(ticket.stem)
        if name is not None:
            remove_attachments(ticket.spool, name, names_of(ticket.spool, ticket.stem))
    return True


async def submit_async(spool: str | os.PathLike[str], prompt: str, **request: Any) -> Ticket:
    """`submit` without blocking the event loop; takes the same arguments and raises the same errors."""
    return await asyncio.to_thread(submit, spool, prompt, **request)


async def cancel_async(ticket: Ticket) -> bool:
    """`cancel` without blocking the event loop."""
    return await asyncio.to_thread(cancel, ticket)


def _write(
    spool: Path, name: RequestName, prompt: bytes, pictures: Mapping[str, Path], options: bytes | None
) -> Ticket:
    draft = spool / client_draft_name(name.file_name)
    written = [draft]
    try:
        request = draft.open("xb")
    except FileExistsError:
        raise RequestExists(f"{name.file_name}: another client is writing it. Use another message ID.") from None
    try:
        with request:
            names = names_of(spool, name.stem)
            if name.file_name in names:
                raise RequestExists(
                    f"{name.file_name}: waiting or running already. Wait for it, cancel it, or use another message ID."
                )
            older = frozenset(
                (each, *version_of(spool / each))
                for each in names
                if each == name.error_name or is_image_of(name.stem, each)
            )
            remove_attachments(spool, name, names)
            for attachment, source in pictures.items():
                with source.open("rb") as content:
                    _write_durably(spool / attachment, content, written)
            if options is not None:
                _write_durably(spool / name.options_name, BytesIO(options), written)
            request.write(prompt)
            share_with_group(spool, request.fileno())
            _sync(request)
        draft.rename(spool / name.file_name)
    except BaseException:
        for path in written:
            with suppress(OSError):
                path.unlink()
        raise
    return Ticket(spool, name.stem, older)


def _write_durably(path: Path, content: BinaryIO, written: list[Path]) -> None:
    draft = path.with_name(client_draft_name(path.name))
    written += [draft, path]
    # Whatever is there was left by a client that died, or is a link that somebody wants us to write through.
    draft.unlink(missing_ok=True)
    with draft.open("xb") as file:
        shutil.copyfileobj(content, file)
        share_with_group(path.parent, file.fileno())
        _sync(file)
    draft.rename(path)


def _sync(file: BinaryIO) -> None:
    """Write a file through to the disk. A full network disk is reported only here."""
    file.flush()
    os.fsync(file.fileno())


def _name(user: str, message_id: str, width: int, height: int, kind: str | None) -> RequestName:
    """The request's name. Each part is tried in a name that is right otherwise, to tell which part is wrong."""
    for side, pixels in (("width", width), ("height", height)):
        if not 1 <= pixels <= 99999:
            raise InvalidRequest(f"invalid {side} {pixels}. Use 1 to 99999 pixels.")
    word = "letters, digits and _ . + = @ ~, not beginning with a dot, 200 bytes in all"
    tried = RequestName.from_stem(make_stem(user, "1", 1, 1))
    if tried is None or tried.user != user:
        raise InvalidRequest(f"invalid user {user!r}. Use a UUID, or {word}.")
    tried = RequestName.from_stem(make_stem("u", message_id, 1, 1))
    if tried is None or tried.msgid != message_id:
        raise InvalidRequest(f"invalid message ID {message_id!r}. Use {word}; dashes join words.")
    if kind is not None:
        tried = RequestName.from_stem(make_stem("u", "1", 1, 1, kind))
        if kind in RESERVED_KINDS:
            raise InvalidRequest(f"invalid kind {kind!r}: reserved for names of attachments and results. Use another.")
        if tried is None or tried.kind != kind:
            raise InvalidRequest(
                f"invalid kind {kind!r}. Use lower-case letters, digits and _, beginning with a letter."
            )
    stem = make_stem(user, message_id, width, height, kind)
    name = RequestName.from_stem(stem)
    if name is None or name.user != user:
        raise InvalidRequest(
            f"{request_name(stem)}: not a valid request name. Shorten the user or the message ID, or use others."
        )
    return name


def account() -> str:
    """The name of the account, as the user of a request."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):  # a container's user without an entry; OSError from Python 3.13 on
        account = f"uid{os.getuid()}"
    return re.sub(r"[^A-Za-z0-9_+=@~]", "_", account)


def _pictures(
    name: RequestName,
    inputs: Sequence[str | os.PathLike[str]],
    mask: str | os.PathLike[str] | None,
    control: str | os.PathLike[str] | None,
) -> dict[str, Path]:
    """Names in the spool and where their content comes from."""
    if len(inputs) > MAX_INPUTS:
        raise InvalidRequest(f"{len(inputs)} input images: the limit is {MAX_INPUTS}. Attach fewer.")
    pictures = {}
    for number, source in enumerate(map(Path, inputs), 1):
        extension = source.suffix.removeprefix(".").lower()
        if extension not in INPUT_EXTENSIONS:
            raise InvalidRequest(
                f"input image {source}: its name does not end in {', '.join(INPUT_EXTENSIONS)}. Rename or convert it."
            )
        pictures[name.input_names(number)[INPUT_EXTENSIONS.index(extension)]] = source
    for role, target, given in (("mask", name.mask_name, mask), ("control image", name.control_name, control)):
        if given is not None:
            if Path(given).suffix.lower() != ".png":
                raise InvalidRequest(f"{role} {given}: its name does not end in .png. Convert it to PNG.")
            pictures[target] = Path(given)
    for source in pictures.values():
        if not (source.is_file() and os.access(source, os.R_OK)):
            raise InvalidRequest(f"image {source}: not a readable file. Check its path and permissions.")
    return pictures


def _json(options: Mapping[str, Any] | None) -> bytes | None:
    if options is None:
        return None
    try:
        return json.dumps(dict(options), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRequest(f"options: cannot be written as JSON: {error}. Use only JSON values.") from None


def _utf8(prompt: str) -> bytes:
    try:
        return f"{prompt}\n".encode()  # never empty: an empty file is assumed to be still being written
    except UnicodeEncodeError as error:
        raise InvalidRequest(f"prompt: not valid Unicode: {error}. Remove the character.") from None
