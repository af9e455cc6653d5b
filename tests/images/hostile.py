"""Picture files that are written by hand: such as no encoder makes them."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image

ORIENTATION = 0x0112


def encoded(picture: Image.Image, form: str = "PNG", **settings: Any) -> bytes:
    """What Pillow makes of a picture."""
    buffer = io.BytesIO()
    picture.save(buffer, form, **settings)
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    width: int,
    height: int,
    depth: int,
    colour: int,
    rows: bytes,
    *before: bytes,
    after: bytes = b"",
    interlaced: int = 0,
) -> bytes:
    """A PNG file of the rows, with chunks before and after them."""
    return png_of(width, height, depth, colour, zlib.compress(rows), *before, after=after, interlaced=interlaced)


def png_of(
    width: int,
    height: int,
    depth: int,
    colour: int,
    data: bytes,
    *before: bytes,
    after: bytes = b"",
    interlaced: int = 0,
) -> bytes:
    """A PNG file of packed data, with chunks before and after them."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    parts = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), *before, chunk(b"IDAT", data), after, chunk(b"IEND", b"")]
    return b"".join(parts)


def zeros(count: int) -> bytes:
    """A zlib stream of so many bytes 0, made without having them in memory."""
    packer = zlib.compressobj(1)
    piece = bytes(2**20)
    parts = [packer.compress(piece[: min(2**20, count - start)]) for start in range(0, count, 2**20)]
    return b"".join((*parts, packer.flush()))


def segment(marker: int, content: bytes) -> bytes:
    """A segment of a JPEG file."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    """A JPEG file with segments before all others."""
    return b"".join((jpeg[:2], *segments, jpeg[2:]))


def riff(*chunks: bytes) -> bytes:
    """A WebP file of chunks."""
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def riff_chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a WebP file."""
    return kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def extended(width: int, height: int, flags: int = 0) -> bytes:
    """The header of a WebP file that may have metadata or frames."""
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return riff_chunk(b"VP8X", struct.pack("<I", flags) + size)


def exif_that_points_thousands_of_times_at(size: int) -> bytes:
    """EXIF data of `size` bytes, whose 5,000 entries each say that all of them are theirs."""
    count = 5000
    entries = b"".join(struct.pack("<HHII", 0x8000 + n, 7, size - 8, 8) for n in range(count))
    start = b"II*\0" + struct.pack("<IH", 8, count) + entries
    return start + bytes(size - len(start))
