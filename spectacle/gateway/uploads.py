"""Reads bodies of HTTP requests, which may be anything: bounded, uploads kept in files, images told by their bytes."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException

from spectacle import signatures
from spectacle.gateway.problems import Problem, bad_parameter
from spectacle.images import open_picture

MAX_PARTS = 100
"""Most fields, and most files, of a form."""

_HEAD_BYTES = 64
_COPY_BYTES = 256 * 1024
_SMALL_BYTES = 64 * 1024
"""Longest JSON that is parsed immediately: handing it to another thread would take longer."""


@dataclass(slots=True)
class Body:
    """The parameters of an HTTP request, whether it sent JSON or a form.

    Attributes:
        fields: Parameters by name. Those of a form are texts.
        files: Uploaded files, in order, with the name of their field.
        is_form: Whether it was a form.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    files: list[tuple[str, UploadFile]] = field(default_factory=list)
    is_form: bool = False

    def uploads(self, *names: str) -> list[UploadFile]:
        """The files of some fields, in order."""
        return [file for name, file in self.files if name in names]


class Scratch:
    """A temporary directory for the attachments of one HTTP request, made when the first is kept.

    Args:
        prefix: How the name of the directory begins.
        max_bytes: Most bytes of an image.
        max_pixels: Most pixels of an image that has to be converted.
    """

    def __init__(self, prefix: str, max_bytes: int, max_pixels: int) -> None:
        self._prefix = prefix
        self._directory: Path | None = None
        self._max_bytes = max_bytes
        self._max_pixels = max_pixels
        self._count = 0

    async def image(self, content: UploadFile | str | bytes, param: str, *, png: bool = False) -> Path:
        """Keep an image as a file whose extension is that of its format.

        Args:
            content: An uploaded file, base64 with or without `data:…;base64,` in front, or the bytes.
            param: Name of the parameter, for errors.
            png: Whether another format is converted to PNG.

        Raises:
            Problem: When it is not an image that can be attached, or too large.
            BadAttachment: When it has to be converted and cannot be opened.
        """
        path = self.new_path()
        if isinstance(content, UploadFile):
            head = await asyncio.to_thread(self._copy, content, path, param)
        else:
            head = await asyncio.to_thread(self._keep, content, path, param)
        extension = image_extension(head)
        if extension is None:
            found = signatures.describe(head) or ("empty" if not head else "not an image")
            raise Problem(400, "bad-attachment", f"{param}: {found}. Send a PNG, JPEG or WebP image.", param=param)
        if png and extension != "png":
            return await asyncio.to_thread(self._converted, path, param)
        return path.rename(path.with_suffix(f".{extension}"))

    def new_path(self, extension: str | None = None) -> Path:
        """A path at which a file may be made."""
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix=self._prefix))
        self._count += 1
        return self._directory / (f"{self._count}" if extension is None else f"{self._count}.{extension}")

    async def close(self) -> None:
        """Remove the directory."""
        if self._directory is not None:
            await asyncio.to_thread(shutil.rmtree, self._directory, ignore_errors=True)

    def _copy(self, upload: UploadFile, path: Path, param: str) -> bytes:
        upload.file.seek(0, 2)
        self._check_size(upload.file.tell(), param)
        upload.file.seek(0)
        with path.open("xb") as file:
            shutil.copyfileobj(upload.file, file, _COPY_BYTES)
        upload.file.seek(0)
        return upload.file.read(_HEAD_BYTES)

    def _keep(self, content: str | bytes, path: Path, param: str) -> bytes:
        raw = decode_base64(content, param) if isinstance(content, str) else content
        self._check_size(len(raw), param)
        path.write_bytes(raw)
        return raw[:_HEAD_BYTES]

    def _converted(self, path: Path, param: str) -> Path:
        image = open_picture(param, path.read_bytes(), max_pixels=self._max_pixels)
        path.unlink()
        image.save(path.with_suffix(".png"), "PNG")
        return path.with_suffix(".png")

    def _check_size(self, size: int, param: str) -> None:
        if size > self._max_bytes:
            raise Problem(
                413,
                "too-large",
                f"{param}: {size} bytes; the limit is {self._max_bytes}. Send a smaller image.",
                param=param,
            )


@asynccontextmanager
async def scratch(request: Request) -> AsyncIterator[Scratch]:
    """A temporary directory that is gone after the block."""
    settings = request.app.state.gateway.settings
    files = Scratch("spectacle-gateway-", settings.gateway.max_file_bytes, settings.limits.max_input_pixels)
    try:
        yield files
    finally:
        await files.close()


@asynccontextmanager
async def received(request: Request) -> AsyncIterator[tuple[Body, Scratch]]:
    """The parameters of a request, from JSON or a form, and a place for its attachments, both until the block ends.

    Raises:
        Problem: When it is neither, or has too many parts.
    """
    async with scratch(request) as files:
        try:
            yield await _read_body(request), files
        finally:
            await request.close()  # the uploaded files


async def _read_body(request: Request) -> Body:
    """The parameters of a request, from JSON or a form.

    Raises:
        Problem: When it is neither, or has too many parts.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type in ("multipart/form-data", "application/x-www-form-urlencoded"):
        return await _read_form(request)
    return Body(await read_json(request))


async def read_json(request: Request) -> dict[str, Any]:
    """The JSON object that a request sends; an empty one when it sends nothing.

    Raises:
        Problem: When it is not one.
    """
    raw = await request.body()
    if not raw.strip():
        return {}
    try:
        # Numbers such as NaN are not JSON, and nobody may put them into options.
        if len(raw) <= _SMALL_BYTES:
            found = json.loads(raw, parse_constant=_refuse_constant)
        else:
            found = await asyncio.to_thread(json.loads, raw, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        reason = "too deeply nested" if isinstance(error, RecursionError) else str(error)[:200]
        raise Problem(400, "bad-body", f"body: not valid JSON: {reason}. Send a JSON object.") from None
    if not isinstance(found, dict):
        raise Problem(400, "bad-body", 'body: not a JSON object. Send one, such as {"prompt": "a red fox"}.')
    return found


async def _read_form(request: Request) -> Body:
    most = request.app.state.gateway.settings.gateway.max_body_bytes
    try:
        form = await request.form(max_files=MAX_PARTS, max_fields=MAX_PARTS, max_part_size=most)
    except MultiPartException as error:
        raise Problem(400, "bad-body", f"body: {error.message.rstrip('.')}. Send a valid form.") from None
    except HTTPException as error:
        if error.status_code == 413:
            raise
        raise Problem(400, "bad-body", f"body: {str(error.detail).rstrip('.')}. Send a valid form.") from None
    body = Body(is_form=True)
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            if value.filename or value.size:  # browsers send an empty part for a file that was not chosen
                body.files.append((name, value))
        else:
            body.fields[name] = value
    return body


def decode_base64(text: str, param: str) -> bytes:
    """The bytes of base64, with or without a `data:` URL around it.

    Raises:
        Problem: When it is not base64.
    """
    if text.startswith("data:"):
        head, comma, text = text.partition(",")
        if not comma or not head.endswith(";base64"):
            raise bad_parameter(param, f"{param}: a data URL without base64. Send `data:image/png;base64,…`.")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise bad_parameter(param, f"{param}: not valid base64. Send the bytes of the image as base64.") from None


def image_extension(head: bytes) -> str | None:
    """The extension of an image that can be attached, by its first bytes; None for anything else."""
    if head.startswith(signatures.PNG):
        return "png"
    if head.startswith(signatures.JPEG):
        return "jpg"
    return "webp" if signatures.is_webp(head) else None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")
