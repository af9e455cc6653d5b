"""Result files in the formats that clients ask for: as they are, or transcoded."""

from __future__ import annotations

import base64
import io
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from spectacle.gateway.catalogue import Kind
from spectacle.gateway.jobs import Output, State
from spectacle.gateway.problems import Problem
from spectacle.spool.naming import RESULT_EXTENSIONS, processed_input_name, result_suffix, thumbnail_suffix

FORMATS = {
    "png": "image/png", "svg": "image/svg+xml", "webp": "image/webp", "jpeg": "image/jpeg", "avif": "image/avif",
}  # fmt: skip
"""Media type by the name of the format."""

MAX_RESULT_BYTES = 2**29
DEFAULT_QUALITY = 90
_MAX_XMP = 65_000
"""Bytes of XMP that a JPEG file can hold in one piece."""
_OPENED = ("PNG", "JPEG", "WEBP", "AVIF")


def in_format(kind: Kind, options: Mapping[str, Any], form: str, quality: int | None = None) -> dict[str, Any]:
    """Options with which the daemon writes images in a format itself, so that they keep metadata and signature.

    A daemon of an earlier version has no such option; its images are transcoded by `rendered`.

    Args:
        kind: The kind.
        options: The other options.
        form: `png`, `webp`, `jpeg` or `svg`.
        quality: Of `webp` and `jpeg`, 0 to 100; None for the default.
    """
    wanted = dict(options)
    if kind.makes_svg and form != "svg":
        wanted["png"] = True
    if form in ("webp", "jpeg") and kind.options.allows("output_format", form):
        wanted["output_format"] = form
        if quality is not None:
            wanted["quality"] = max(1, quality)
    return wanted


def find_result(spool: Path, stem: str, number: int, form: str, *, thumbnail: bool = False) -> Path:
    """The file of a result, or of its thumbnail, in a format, or the one that is to be transcoded; it may be gone.

    The number 0 stands for the processed input.
    """
    if number == 0:
        return spool / processed_input_name(stem)
    extension = "jpg" if form == "jpeg" else form
    others = () if form == "svg" else tuple(each for each in RESULT_EXTENSIONS if each not in ("svg", extension))
    suffix = thumbnail_suffix if thumbnail else result_suffix
    paths = [spool / (stem + suffix(number, each)) for each in (extension, *others)]
    return next((path for path in paths if os.path.lexists(path)), paths[0])


def read_result(path: Path) -> bytes:
    """The content of a result file. Links are not followed.

    Raises:
        Problem: When there is none any more.
    """
    gone = Problem(404, "result-not-found", f"{path.name}: the result has been removed. Submit the request again.")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        raise gone from None
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise gone
        # A result never changes. Python would first allocate as much as it may read.
        return file.read(min(status.st_size, MAX_RESULT_BYTES))


def rendered(path: Path, form: str, quality: int | None = None) -> bytes:
    """A result file in a format: as it is where it has that, or else transcoded, which leaves only its XMP.

    Args:
        path: The file.
        form: `png`, `svg`, `webp`, `jpeg` or `avif`.
        quality: Of `webp` and `jpeg`, 0 to 100.

    Raises:
        Problem: When there is none any more.
    """
    content = read_result(path)
    extension = path.suffix[1:]
    if form not in ("png", "webp", "jpeg") or extension == "svg" or form == {"jpg": "jpeg"}.get(extension, extension):
        return content
    made = io.BytesIO()
    with Image.open(io.BytesIO(content), formats=_OPENED) as image:
        image.load()
        xmp = image.info.get("xmp") or str(image.info.get("XML:com.adobe.xmp", "")).encode()
        if form == "jpeg":
            flat = image.convert("RGBA")
            white = Image.new("RGBA", flat.size, "white")
            whole = Image.alpha_composite(white, flat).convert("RGB")
            whole.save(made, "JPEG", quality=DEFAULT_QUALITY if quality is None else quality, xmp=xmp[:_MAX_XMP])
        elif form == "webp":
            image.save(made, "WEBP", quality=DEFAULT_QUALITY if quality is None else quality, xmp=xmp)
        else:
            chunks = PngInfo()
            chunks.add_itxt("XML:com.adobe.xmp", xmp.decode("utf-8", "replace"))
            image.save(made, "PNG", pnginfo=chunks, compress_level=1)
    return made.getvalue()


def as_base64(content: bytes) -> str:
    """Bytes as base64."""
    return base64.b64encode(content).decode()


def raster(state: State) -> tuple[Output, ...]:
    """The images among the results that are no SVG."""
    return tuple(output for output in state.outputs if output.extension != "svg")
