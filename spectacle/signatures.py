"""What kind of file some bytes are the beginning of, for messages to people."""

from __future__ import annotations

import codecs

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"

_SIGNATURES = (
    (PNG[:4], "a PNG image"),
    (JPEG, "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"8BPS", "a Photoshop document"),
    (b"\0\0\1\0", "an icon file"),
    (b"\xff\x0a", "a JPEG XL image"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL image"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 image"),
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1f\x8b", "a gzip archive"),
)
_LIKE_TEXT = (
    (b"BM", "a BMP image"),
    (b"<svg", "an SVG"),
    (b"<?xml", "an XML document, perhaps an SVG"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
)
"""Signatures that a text may begin with as well."""

_BYTE_ORDER_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


def is_webp(content: bytes) -> bool:
    """Whether this is a WebP image."""
    return content.startswith(b"RIFF") and content[8:12] == b"WEBP"


def describe(content: bytes, *, like_text: bool = True) -> str | None:
    """What a file is by its first bytes, such as `a GIF picture`; None when it is none of the kinds known here.

    Args:
        content: The file, or its beginning.
        like_text: Whether to go by signatures that a text may begin with as well.
    """
    if content.startswith(_BYTE_ORDER_MARKS):
        return "UTF-32 text"
    if content[4:8] == b"ftyp":
        return "a HEIC or AVIF image or a film"
    if is_webp(content):
        return "a WebP image"
    start = content[:256].lstrip()
    known = _SIGNATURES + _LIKE_TEXT if like_text else _SIGNATURES
    return next((what for signature, what in known if start.startswith(signature)), None)
