"""Encoding an image in the format that was asked for, with its metadata inside."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from spectacle.errors import BadOptions
from spectacle.provenance import EXTENDED_XMP, PNG_KEY
from spectacle.worker.metadata import Metadata


@dataclass(frozen=True, slots=True)
class ImageFormat:
    """A file format of images.

    Attributes:
        name: As the option `output_format` names it.
        extension: Of file names, without the dot.
        media_type: Its media type.
        max_side: Maximum number of pixels of a side.
        quality: Quality when none is asked for.
        settings: Further arguments of Pillow's encoder.
    """

    name: str
    extension: str
    media_type: str
    max_side: int
    quality: int
    settings: Mapping[str, Any]


# Measured at 1024x1024 on one core of a shared server with Pillow 13, a flat screenshot and a grainy photograph:
#   JPEG 90: 14 and 7 ms, 141 and 167 KiB; optimized: 15 and 21 ms, 133 and 157 KiB
#   WebP 85, method 4: 259 and 197 ms, 56 and 58 KiB; method 2: 71 and 76 ms, 59 and 59 KiB
#   AVIF 75, speed 6: 3141 and 1302 ms, 59 and 87 KiB; speed 8: 523 and 371 ms, 66 and 90 KiB
PNG = ImageFormat("png", "png", "image/png", 2**31 - 1, 100, {})
FORMATS: Mapping[str, ImageFormat] = {
    each.name: each
    for each in (
        PNG,
        ImageFormat("jpeg", "jpg", "image/jpeg", 65_500, 90, {"optimize": True}),
        ImageFormat("webp", "webp", "image/webp", 16_383, 85, {"method": 2}),
        ImageFormat("avif", "avif", "image/avif", 65_535, 75, {"speed": 8, "max_threads": 1}),
    )
}
"""Formats by name. JPEG's limit is that of libjpeg, WebP's and AVIF's are those of the formats."""

# Measured at 1024x1024 on one core of a shared server, with the zlib-ng of Pillow's wheels:
#   grainy photograph  level 1: 93 ms, 1915 KiB; level 6: 217 ms, 1668 KiB; run lengths: 75 ms, 1667 KiB
#   flat drawing       level 4: 25 ms,   96 KiB; level 6:  28 ms,   96 KiB; run lengths: 20 ms,  173 KiB
# About 50 ms of each photograph are PNG's choice of row filters.
FOR_PHOTOGRAPHS: Mapping[str, Any] = {"compress_level": 1, "compress_type": zlib.Z_RLE}
FOR_DRAWINGS: Mapping[str, Any] = {"compress_level": 4}

_MAX_SEGMENT = 65_533
"""Bytes that a segment of a JPEG file can hold."""
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_MAX_PARAMETERS = 60_000
_SOFTWARE, _EXIF_IFD, _USER_COMMENT = 0x0131, 0x8769, 0x9286


def check_size(form: ImageFormat, width: int, height: int) -> None:
    """Check that a format can hold an image.

    Raises:
        BadOptions: When a side is too long for it.
    """
    if max(width, height) > form.max_side:
        raise BadOptions(
            f"output_format {form.name}: cannot hold {width}x{height} pixels, at most {form.max_side} per side. "
            "Use png, or a smaller size.",
            option="output_format",
        )


def encode(
    picture: Image.Image,
    form: ImageFormat,
    metadata: Metadata,
    *,
    quality: int | None = None,
    png: Mapping[str, Any] = FOR_DRAWINGS,
) -> bytes:
    """An image as a file. Transparent parts are white in JPEG, which has no transparency.

    Args:
        picture: The image.
        form: The format.
        metadata: What the file says of its making.
        quality: 1 to 100; without effect on PNG.
        png: How PNG is compressed.
    """
    picture = _plain_mode(picture)
    if form is PNG:
        return _png(picture, metadata, png)
    quality = form.quality if quality is None else quality
    content = io.BytesIO()
    exif = _exif(metadata)
    if form.name == "jpeg":
        if picture.mode == "RGBA":
            white = Image.new("RGB", picture.size, "white")
            white.paste(picture, mask=picture.getchannel("A"))
            picture = white
        picture.save(content, "JPEG", quality=quality, exif=exif, extra=_jpeg_xmp(metadata), **form.settings)
    else:
        xmp = metadata.xmp_packet(with_making=True).encode()
        picture.save(content, form.name.upper(), quality=quality, exif=exif, xmp=xmp, **form.settings)
    return content.getvalue()


def _plain_mode(picture: Image.Image) -> Image.Image:
    """The image as RGB, or as RGBA where something of it is transparent."""
    transparent = picture.has_transparency_data
    if picture.mode not in {"RGB", "RGBA"}:
        picture = picture.convert("RGBA" if transparent else "RGB")
    if picture.mode == "RGBA" and picture.getchannel("A").getextrema() == (255, 255):
        picture = picture.convert("RGB")
    return picture


def _png(picture: Image.Image, metadata: Metadata, compression: Mapping[str, Any]) -> bytes:
    chunks = PngInfo()
    if title := metadata.title:
        chunks.add_text("Title", title)
    chunks.add_text("Software", metadata.software)
    if parameters := metadata.parameters:
        chunks.add_text("parameters", parameters)
    chunks.add_itxt(PNG_KEY, metadata.json)
    chunks.add_itxt("XML:com.adobe.xmp", metadata.xmp_packet())
    content = io.BytesIO()
    picture.save(content, "PNG", pnginfo=chunks, **compression)
    return content.getvalue()


def _exif(metadata: Metadata) -> Image.Exif:
    """What other image tools read: the software, and as comment what PNG files hold under `parameters`."""
    exif = Image.Exif()
    exif[_SOFTWARE] = metadata.software
    comment = metadata.parameters.encode("utf-16-be", "replace")
    if 0 < len(comment) <= _MAX_PARAMETERS:
        exif.get_ifd(_EXIF_IFD)[_USER_COMMENT] = b"UNICODE\0" + comment
    return exif


def _jpeg_xmp(metadata: Metadata) -> bytes:
    """The segments that hold XMP. What one cannot hold goes into further ones, as part 3 of the XMP standard says."""
    packet = _XMP + metadata.xmp_packet(with_making=True).encode()
    if len(packet) <= _MAX_SEGMENT:
        return _segment(packet)
    further = metadata.further_xmp.encode()
    digest = hashlib.md5(further, usedforsecurity=False).hexdigest().upper()
    parts = [_segment(_XMP + metadata.xmp_packet(extended=digest).encode())]
    step = _MAX_SEGMENT - len(EXTENDED_XMP) - 40
    for start in range(0, len(further), step):
        head = EXTENDED_XMP + digest.encode() + struct.pack(">II", len(further), start)
        parts.append(_segment(head + further[start : start + step]))
    return b"".join(parts)


def _segment(content: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content
