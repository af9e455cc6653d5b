"""WebP files: taken apart, and put together again out of what the first image needs."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from spectacle.images.exif import read_orientation
from spectacle.images.stripped import MAX_CHUNKS, MAX_PROFILE_BYTES, Damaged, Stripped, TooManyParts

_PICTURES = frozenset({b"VP8 ", b"VP8L", b"ANMF"})
_KEPT = _PICTURES | {b"VP8X", b"ICCP", b"ANIM", b"ALPH"}
_START = 12
_HAS_EXIF_OR_XMP = 0x0C


def strip_webp(raw: bytes) -> Stripped:
    """Take a WebP file apart. Of an animated image, the first frame is kept.

    Raises:
        Damaged: When a chunk that matters is missing or cut off.
        TooManyParts: When there are more than `MAX_CHUNKS` chunks.
    """
    kept: dict[bytes, memoryview] = {}
    exif: bytes | memoryview = b""
    for kind, content in _chunks(raw):
        if kind == b"EXIF":
            exif = exif or content
        elif kind in _KEPT and kind not in kept and not (kind in _PICTURES and _PICTURES & kept.keys()):
            kept[kind] = content
    if len(kept.get(b"ICCP", b"")) > MAX_PROFILE_BYTES:
        del kept[b"ICCP"]
    width, height = _size(kept)
    parts: list[bytes | memoryview] = []
    if (extended := kept.get(b"VP8X")) is not None:
        kept[b"VP8X"] = memoryview(bytes((extended[0] & ~_HAS_EXIF_OR_XMP, *extended[1:])))
    for kind, content in kept.items():
        parts += [struct.pack("<4sI", kind, len(content)), content, bytes(len(content) % 2)]
    start = struct.pack("<4sI4s", b"RIFF", 4 + sum(map(len, parts)), b"WEBP")
    return Stripped(b"".join((start, *parts)), width, height, read_orientation(exif))


def _chunks(raw: bytes) -> Iterator[tuple[bytes, memoryview]]:
    (length,) = struct.unpack_from("<I", raw, 4)
    end = 8 + length
    if end > len(raw):
        raise Damaged(f"it ends {end - len(raw)} bytes early")
    view = memoryview(raw)
    position = _START
    for _ in range(MAX_CHUNKS):
        if position + 8 > end:
            return
        kind, size = struct.unpack_from("<4sI", raw, position)
        position += 8
        if position + size > end:
            raise Damaged(f"chunk {kind.decode(errors='replace')} ends early")
        yield kind, view[position : position + size]
        position += size + size % 2
    raise TooManyParts(f"more than {MAX_CHUNKS} chunks")


def _size(kept: dict[bytes, memoryview]) -> tuple[int, int]:
    """Width and height as the header says that comes first, which is what the decoder allocates by."""
    try:
        if (extended := kept.get(b"VP8X")) is not None:
            flags = bytes(extended[4:10])
            if len(flags) != 6:
                raise Damaged("its header is too short")
            return int.from_bytes(flags[:3], "little") + 1, int.from_bytes(flags[3:], "little") + 1
        if (lossless := kept.get(b"VP8L")) is not None:
            (bits,) = struct.unpack_from("<xI", lossless)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        if (lossy := kept.get(b"VP8 ")) is not None:
            width, height = struct.unpack_from("<6xHH", lossy)
            return width & 0x3FFF, height & 0x3FFF
    except struct.error:
        raise Damaged("its header is too short") from None
    raise Damaged("it contains no image")
