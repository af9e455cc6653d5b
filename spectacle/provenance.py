"""Reads from a result how it was made, without decoding the image."""

from __future__ import annotations

import errno
import json
import os
import stat
import struct
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from spectacle import signatures
from spectacle.errors import SpectacleError

PNG_KEY = "spectacle"
"""Keyword of the PNG text chunk that holds the metadata as JSON."""
NAMESPACE = "urn:spectacle:1"
"""XML namespace of the `making` element in the `<metadata>` of an SVG result, which holds the same JSON."""

SVG_NAMESPACE = "http://www.w3.org/2000/svg"

EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
"""What a segment of a JPEG file begins with that holds a part of XMP that is too long for one."""

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_IN_SVG = (f"{{{SVG_NAMESPACE}}}svg", f"{{{SVG_NAMESPACE}}}metadata", f"{{{NAMESPACE}}}making")
_IN_XMP = ("{adobe:ns:meta/}xmpmeta", f"{{{_RDF}}}RDF", f"{{{_RDF}}}Description", f"{{{NAMESPACE}}}making")
_PACKET, _PACKET_END = b"<?xpacket begin=", b"<?xpacket end="
_MAX_PACKETS = 100

_CHUNK = struct.Struct(">I4s")
_OUR_CHUNK = PNG_KEY.encode() + b"\0" + b"\0\0" + b"\0" + b"\0"  # not compressed, no language, no translated keyword
_MAX_READ = 2**30
_MAX_CHUNKS = 100_000
_MAX_DETAILS = 2**22
"""Maximum number of characters of metadata that are read. Ours have at most some hundred thousand."""


def read_provenance(source: str | os.PathLike[str] | bytes) -> dict[str, Any]:
    """Read how a result was made from its metadata.

    Args:
        source: Path or content of a result: PNG, JPEG, WebP, AVIF or SVG.

    Returns:
        The fields of `Provenance` in `spectacle.worker.results`, and `fit` and `candidate`.

    Raises:
        SpectacleError: The file cannot be read, or is not a result of Spectacle's that still has its metadata.
    """
    if isinstance(source, bytes):
        name, content = "the file", source
    else:
        name, content = os.fspath(source), read_content(source)
    if content.startswith(signatures.PNG):
        text = _png_text(content)
    elif content.startswith(signatures.JPEG):
        text = _xmp_text(content) or _xml_text(_extended_xmp(content), _IN_XMP)
    elif signatures.is_webp(content) or content[4:8] == b"ftyp":
        text = _xmp_text(content)
    else:
        text = _xml_text(content, _IN_SVG)
    try:
        details = json.loads(text or "") if len(text or "") <= _MAX_DETAILS else None
    except (ValueError, RecursionError):
        details = None
    if not isinstance(details, dict):
        raise SpectacleError(
            f"{name}: contains no Spectacle metadata. Use an image that Spectacle made and that was not stripped."
        )
    return details


def read_content(path: str | os.PathLike[str]) -> bytes:
    """The content of a result file, which may be where others write.

    Raises:
        SpectacleError: The file cannot be read.
    """
    name = os.fspath(path)
    try:
        return _content(name)
    except OSError as error:
        raise SpectacleError(f"{name}: cannot be read: {error.strerror}. Check its path and permissions.") from error


def _content(path: str) -> bytes:
    # Results may be where others write: what is not a file, or never ends, must not be waited for.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        if status.st_size > _MAX_READ:
            raise OSError(errno.EFBIG, f"{status.st_size} bytes are more than any Spectacle result has")
        return file.read(_MAX_READ)


def _png_text(content: bytes) -> str | None:
    """The text of our chunk, found without decoding the image."""
    position = len(signatures.PNG)
    for _ in range(_MAX_CHUNKS):
        if position + _CHUNK.size > len(content):
            break
        length, name = _CHUNK.unpack_from(content, position)
        start = position + _CHUNK.size
        if name == b"iTXt" and content.startswith(_OUR_CHUNK, start):
            return content[start + len(_OUR_CHUNK) : start + length].decode(errors="replace")
        position = start + length + 4
    return None


def _xmp_text(content: bytes) -> str | None:
    """Our text in one of the XMP packets, which are found by how they begin and end, as their standard intends."""
    end = 0
    for _ in range(_MAX_PACKETS):
        start = content.find(_PACKET, end)
        end = content.find(_PACKET_END, start) if start >= 0 else -1
        if end < 0:
            break
        body = content[start:end].partition(b"?>")[2]
        if (text := _xml_text(body, _IN_XMP)) is not None:
            return text
    return None


def _extended_xmp(content: bytes) -> bytes:
    """The XMP that a JPEG file holds in several segments, empty when it holds none."""
    parts: list[bytes] = []
    position = 2
    for _ in range(_MAX_CHUNKS):
        if content[position : position + 1] != b"\xff" or position + 4 > len(content):
            break
        length = int.from_bytes(content[position + 2 : position + 4])
        if content.startswith(b"\xff\xe1", position) and content.startswith(EXTENDED_XMP, position + 4):
            parts.append(content[position + 4 + len(EXTENDED_XMP) + 40 : position + 2 + length])
        position += 2 + length
    return b"".join(parts)


def _xml_text(content: bytes, path: tuple[str, ...]) -> str | None:
    parser = DefusedXMLParser(target=_Making(path), forbid_dtd=True)
    try:
        parser.feed(content)
        text: str | None = parser.close()
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return None
    return text


class _Making:
    """Takes the metadata out of XML as it is parsed. A tree would have a hundred times the size of the document.

    Args:
        path: The elements that lead to it.
    """

    def __init__(self, path: tuple[str, ...]) -> None:
        self._path = path
        self._depth = self._matched = 0
        self._found = False
        self._text: list[str] = []

    def start(self, tag: str, _attributes: object) -> None:
        if self._matched == self._depth < len(self._path) and tag == self._path[self._depth]:
            self._matched += 1
        self._depth += 1

    def end(self, _tag: str) -> None:
        self._found = self._found or self._matched == self._depth == len(self._path)
        self._depth -= 1
        self._matched = min(self._matched, self._depth)

    def data(self, text: str) -> None:
        if self._matched == self._depth == len(self._path) and not self._found:
            self._text.append(text)

    def close(self) -> str | None:
        return "".join(self._text) or None
