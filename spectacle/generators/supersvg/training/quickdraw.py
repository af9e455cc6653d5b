"""Downloads sketches of Google's "Quick, Draw!" dataset (CC BY 4.0), a few hundred of each category.

A category has some 100 MB, of which the first half megabyte is wanted. Libraries that download and resume, such as
pooch, download whole files whose digests are known, so this asks for the beginning of each itself.
"""

from __future__ import annotations

import errno
import io
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from PIL import Image

from spectacle.errors import ConfigurationError, GeneratorError
from spectacle.generators.supersvg.training.datasets import write_picture

ADDRESS = "https://storage.googleapis.com/quickdraw_dataset/full/numpy_bitmap"
"""Where the bitmaps are: `CATEGORY.npy`, (sketches, 784) uint8, white on black, 28 x 28 pixels each."""

CATEGORIES = (
    "airplane",
    "apple",
    "bicycle",
    "bird",
    "butterfly",
    "car",
    "cat",
    "chair",
    "clock",
    "cup",
    "dog",
    "elephant",
    "eye",
    "fish",
    "flower",
    "guitar",
    "house",
    "key",
    "leaf",
    "moon",
    "mushroom",
    "star",
    "sun",
    "tree",
    "umbrella",
)

MAX_DRAWINGS = 500
"""Maximum number of sketches of a category."""

SIDE = 28
_PIXELS = SIDE * SIDE
_MAGIC = b"\x93NUMPY\x01\x00"
_CHUNK = 64 * 1024
_SECONDS = 30.0
_GONE = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
"""What a server responds for files that it does not have; a bucket that may not be listed forbids them."""

DownloadProgress = Callable[[str, int, int], None]
"""Called with the category, the bytes that have arrived of it, and the bytes that are needed."""


def make_quickdraw(
    into: Path,
    progress: DownloadProgress,
    *,
    address: str = ADDRESS,
    categories: tuple[str, ...] = CATEGORIES,
    count: int = MAX_DRAWINGS,
    size: int = 224,
) -> int:
    """Download the first sketches of each category, black on white.

    Only as much of each file is downloaded as is needed. What has arrived of a category is kept, so that a download
    that was interrupted resumes where it stopped; a category whose images are there is not asked for again.

    Args:
        into: Directory for `CATEGORY/CATEGORY-NNN.png`.
        progress: Called while bytes arrive.
        address: Directory with the bitmaps, http or https.
        categories: Which ones.
        count: How many sketches of each, at most.
        size: Width and height of the images in pixels.

    Returns:
        How many images were made.

    Raises:
        ConfigurationError: When the address is not http or https, or a category is not a file name.
        GeneratorError: When a category cannot be downloaded, or is not a file of bitmaps.
    """
    if urllib.parse.urlsplit(address).scheme not in {"http", "https"}:
        raise ConfigurationError(f"--url {address}: invalid address. Use one that begins with http:// or https://.")
    for category in categories:
        if not category or category != Path(category).name or category.startswith("."):
            raise ConfigurationError(f"invalid category {category!r}. Use one such as {CATEGORIES[0]}.")
    made = 0
    for category in categories:
        folder = into / category
        names = [folder / f"{category}-{number:03}.png" for number in range(1, count + 1)]
        if all(name.exists() for name in names):
            continue
        folder.mkdir(parents=True, exist_ok=True)
        drawings = _drawings(category, address, folder, count, progress)
        for name, drawing in zip(names, drawings, strict=False):
            if not name.exists():
                write_picture(name, Image.fromarray(255 - drawing).resize((size, size), Image.Resampling.BICUBIC))
                made += 1
    return made


def _drawings(category: str, address: str, folder: Path, count: int, progress: DownloadProgress) -> NDArray[np.uint8]:
    """The first sketches of a category, (sketches, 28, 28)."""
    url = f"{address.rstrip('/')}/{urllib.parse.quote(category)}.npy"
    partial = folder / f".{category}.npy.partial"
    try:
        content, layout = _beginning(url, partial, count, lambda done, size: progress(category, done, size))
    except urllib.error.HTTPError as error:
        if error.code in _GONE:
            raise GeneratorError(f"{url}: not found. Check the category's name, and --url.") from None
        raise GeneratorError(f"{url}: could not be read ({error}). Run the same command later.") from None
    except (OSError, HTTPException) as error:
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise GeneratorError(f"{url}: could not be read ({reason}). Run the same command later to resume.") from None
    except _Unexpected as error:
        partial.unlink(missing_ok=True)
        raise GeneratorError(f"{url} {error}; it was not used.") from None
    partial.unlink()
    drawings = min(layout.drawings, count)
    pixels = np.frombuffer(content, np.uint8, count=drawings * _PIXELS, offset=layout.offset)
    return pixels.reshape(drawings, SIDE, SIDE)


class _Unexpected(Exception):
    """The response is not a file of bitmaps."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """What the head of a file says: how many sketches there are, and where they begin."""

    drawings: int
    offset: int

    def needed(self, count: int) -> int:
        """Bytes up to the end of the first `count` sketches."""
        return self.offset + min(self.drawings, count) * _PIXELS


def _beginning(url: str, partial: Path, count: int, progress: Callable[[int, int], None]) -> tuple[bytes, _Layout]:
    """As much of a file as the first sketches take; it also stays in `partial`, where some of it may be already."""
    content = bytearray(partial.read_bytes() if partial.exists() else b"")
    layout = _layout(content)
    if layout is not None and len(content) >= layout.needed(count):
        return bytes(content), layout
    request = urllib.request.Request(url, headers={"Range": f"bytes={len(content)}-"} if content else {})  # noqa: S310
    with urllib.request.urlopen(request, timeout=_SECONDS) as response, partial.open("ab") as file:  # noqa: S310
        if content and response.status != HTTPStatus.PARTIAL_CONTENT:  # it starts from the beginning
            file.truncate(0)
            content.clear()
        size = _size(response)
        while layout is None or len(content) < layout.needed(count):
            chunk = response.read(_CHUNK)
            if not chunk:
                raise OSError(f"the connection ended after {len(content)} bytes")
            file.write(chunk)
            content += chunk
            layout = layout or _layout(content)
            if layout is not None:
                expected = layout.offset + layout.drawings * _PIXELS
                if size is not None and size != expected:
                    raise _Unexpected(f"has {size} bytes, and by its head it should have {expected}")
                progress(min(len(content), layout.needed(count)), layout.needed(count))
    return bytes(content), layout


def _layout(content: bytes | bytearray) -> _Layout | None:
    """What the head says, or None while it is not complete."""
    if not _MAGIC.startswith(content[: len(_MAGIC)]):
        raise _Unexpected("is not a NumPy array in format 1.0")
    start = len(_MAGIC) + 2
    if len(content) < start:
        return None
    end = start + int.from_bytes(content[len(_MAGIC) : start], "little")
    if len(content) < end:
        return None
    try:
        head = npy.read_array_header_1_0(io.BytesIO(content[len(_MAGIC) : end]))
    except ValueError as error:
        raise _Unexpected(f"has a damaged head ({error})") from None
    shape, fortran_order, dtype = head
    if len(shape) != 2 or shape[1] != _PIXELS or fortran_order or dtype != np.uint8:
        raise _Unexpected(f"contains {dtype} {shape}, not bitmaps of {SIDE}x{SIDE} pixels")
    return _Layout(shape[0], end)


def _size(response: HTTPResponse) -> int | None:
    """The size of the whole file, as the server says."""
    text = response.headers.get("Content-Range", "").rpartition("/")[2] or response.headers.get("Content-Length", "")
    return int(text) if text.isdecimal() else None
