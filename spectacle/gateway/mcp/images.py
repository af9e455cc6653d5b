"""Images on their way in and out: what an argument of a tool refers to, and previews that a model can see."""

from __future__ import annotations

import base64
import binascii
import io
import os
import re
import stat
from pathlib import Path
from urllib.parse import unquote

from PIL import Image

from spectacle import signatures
from spectacle.errors import BadAttachment
from spectacle.gateway.mcp.requests import ADDRESS, MAX_FILE_BYTES, Requests
from spectacle.gateway.problems import Problem
from spectacle.images import open_picture

PREVIEW_SIDE = 1024
"""Most pixels of a side of a preview."""

_DATA = re.compile(r"data:image/[a-z0-9.+-]+;base64,", re.IGNORECASE)
_QUALITY = 85
"""Of previews in JPEG: about a tenth of the bytes of PNG, and messages of MCP clients are limited to 1 MB and more."""


def read_image(given: str, requests: Requests) -> bytes:
    """The image that an argument refers to: an address of a result, a data URL, base64, or a path.

    Raises:
        BadAttachment: When there is none.
        Problem: When there is no such result.
    """
    if given.startswith(ADDRESS):
        return requests.read(given)[0]
    if match := _DATA.match(given):
        return _decode(given[match.end() :])
    if requests.local and (given.startswith(("/", "~", "file://")) or (len(given) < 1000 and Path(given).is_file())):
        return _read_file(Path(unquote(given.removeprefix("file://"))).expanduser())
    if re.match(r"[a-z][a-z0-9+.-]*://", given):
        raise BadAttachment(f"image {given[:80]}: addresses like this are not fetched. Give {_ways(requests)}.")
    return _decode(given, f"Give {_ways(requests)}.")


def read_png(given: str, requests: Requests) -> bytes:
    """As `read_image`, converted to PNG where it is not.

    Raises:
        BadAttachment: When there is no image, or it cannot be opened.
    """
    content = read_image(given, requests)
    if content.startswith(signatures.PNG):
        return content
    encoded = io.BytesIO()
    open_picture("the image", content).save(encoded, "PNG", compress_level=1)
    return encoded.getvalue()


def size_of(content: bytes) -> tuple[int, int]:
    """Width and height of an upright image.

    Raises:
        BadAttachment: When it cannot be opened.
    """
    return open_picture("the image", content).size


def preview(address: str, requests: Requests) -> tuple[bytes, str] | None:
    """A small image of a result file in a format that models can see, and its media type.

    Returns:
        None when the file is gone, or cannot be opened.
    """
    try:
        opened = open_picture("the result", requests.read(address)[0])
    except (BadAttachment, Problem):
        return None
    opened.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Image.Resampling.LANCZOS)
    encoded = io.BytesIO()
    if opened.mode == "RGBA":
        opened.save(encoded, "PNG", optimize=True)
        return encoded.getvalue(), "image/png"
    opened.save(encoded, "JPEG", quality=_QUALITY)
    return encoded.getvalue(), "image/jpeg"


def _ways(requests: Requests) -> str:
    return f"{'a path, ' if requests.local else ''}an address {ADDRESS}…, a data URL or base64"


def _decode(text: str, remedy: str = "Send it again.") -> bytes:
    if len(text) > MAX_FILE_BYTES * 4 // 3 + 4:
        raise BadAttachment(f"image: more than the limit of {MAX_FILE_BYTES} bytes. Send a smaller one.")
    try:
        return base64.b64decode(re.sub(r"\s", "", text), validate=True)
    except (binascii.Error, ValueError):
        raise BadAttachment(f"image {text[:40]!r}: not valid base64. {remedy}") from None


def _read_file(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise BadAttachment(f"image {path}: not a regular file. Give the path of an image.")
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise BadAttachment(
            f"image {path}: cannot be read: {error.strerror}. Check its path and permissions."
        ) from error
    if len(content) > MAX_FILE_BYTES:
        raise BadAttachment(f"image {path}: more than the limit of {MAX_FILE_BYTES} bytes. Use a smaller one.")
    return content
