"""PNG files: taken apart, checked, and put together again out of what the first image needs."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spectacle import signatures
from spectacle.images.exif import read_orientation
from spectacle.images.stripped import MAX_CHUNKS, MAX_PROFILE_BYTES, Damaged, Stripped, TooManyParts, per_inch

_HEADER = struct.Struct(">IIBBBBB")
_DENSITY = struct.Struct(">IIB")
_PER_METRE, _METRES_PER_INCH = 1, 0.0254
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Samples of a pixel by colour type."""
_PALETTE = 3

_KEPT = {b"PLTE": 3 * 256, b"tRNS": 256, b"iCCP": MAX_PROFILE_BYTES}
"""What matters to the pixels in addition to the data, with the most bytes it is kept with. Text, often large and
sometimes a decompression bomb, is omitted."""

_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Of an interlaced image: first column and row of each pass, and the steps to the next ones."""

_PIECE, _UNPACKED = 2**14, 2**18
"""Bytes of data that are unpacked at a time, and most bytes they are unpacked to at a time."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    kind: bytes
    content: memoryview
    checksum: int

    def checked(self) -> memoryview:
        """The content, if the checksum is right."""
        if zlib.crc32(self.content, zlib.crc32(self.kind)) != self.checksum:
            raise Damaged(f"chunk {self.kind.decode(errors='replace')} has a wrong checksum")
        return self.content


def strip_png(raw: bytes) -> Stripped:
    """Take a PNG file apart.

    Its data become one chunk. Of the other chunks the first of each kind counts, as it must come before the data. Of an
    animated image, what programs without animation show is kept.

    Raises:
        Damaged: When a chunk that matters is missing, cut off, has a wrong checksum, or is in the wrong place.
        TooManyParts: When there are more than `MAX_CHUNKS` chunks.
    """
    chunks = _chunks(raw)
    header = _header(next(chunks, None))
    kept: dict[bytes, memoryview] = {}
    data: list[memoryview] = []
    exif: bytes | memoryview = b""
    resolution: tuple[float, float] | None = None
    for chunk in chunks:
        if chunk.kind == b"IDAT":
            data.append(chunk.checked())
        elif chunk.kind in _KEPT and chunk.kind not in kept and not data:
            if len(chunk.content) <= _KEPT[chunk.kind]:
                kept[chunk.kind] = chunk.checked()
        elif chunk.kind == b"eXIf":
            exif = exif or chunk.content
        elif chunk.kind == b"pHYs":
            resolution = resolution or _resolution(chunk.content)
        elif chunk.kind == b"IHDR":
            raise Damaged("it has two headers")
        elif chunk.kind == b"IEND":
            break
    else:
        raise Damaged("its end is missing")
    width, height, _, colour, *_ = _HEADER.unpack(header)
    if colour == _PALETTE and b"PLTE" not in kept:
        raise Damaged("its palette is missing")
    content = [signatures.PNG, *_written(b"IHDR", header)]
    for kind, part in kept.items():
        content += _written(kind, part)
    content += [*_written(b"IDAT", *data), *_written(b"IEND")]
    orientation = read_orientation(exif)
    return Stripped(
        b"".join(content), width, height, orientation, resolution, lambda: _check_length(data, _length(header))
    )


def _resolution(content: memoryview) -> tuple[float, float] | None:
    if len(content) != _DENSITY.size:
        return None
    across, down, unit = _DENSITY.unpack(content)
    # Whole pixels to a metre are as near as PNG comes to 300 pixels to an inch, or to any other number of them.
    across, down = (round(number * _METRES_PER_INCH, 2) for number in (across, down))
    return per_inch(across, down) if unit == _PER_METRE else None


def _header(first: _Chunk | None) -> memoryview:
    if first is None or first.kind != b"IHDR" or len(first.content) != _HEADER.size:
        raise Damaged("its header is missing")
    return first.checked()


def _chunks(raw: bytes) -> Iterator[_Chunk]:
    """The chunks that are there to their end."""
    view = memoryview(raw)
    position = len(signatures.PNG)
    for _ in range(MAX_CHUNKS):
        if position + 12 > len(raw):
            return
        length, kind = struct.unpack_from(">I4s", raw, position)
        end = position + 12 + length
        if end > len(raw):
            return
        (checksum,) = struct.unpack_from(">I", raw, end - 4)
        yield _Chunk(kind, view[position + 8 : end - 4], checksum)
        position = end
    raise TooManyParts(f"more than {MAX_CHUNKS} chunks")


def _written(kind: bytes, *parts: memoryview) -> list[bytes | memoryview]:
    checksum = zlib.crc32(kind)
    for part in parts:
        checksum = zlib.crc32(part, checksum)
    return [struct.pack(">I4s", sum(map(len, parts)), kind), *parts, struct.pack(">I", checksum)]


def _length(header: memoryview) -> int:
    """Bytes that the data of an image unpack to: of each row the number of its filter, and its samples."""
    width, height, depth, colour, _, _, interlaced = _HEADER.unpack(header)
    bits = depth * _CHANNELS.get(colour, 1)
    total = 0
    for left, top, across, down in _PASSES if interlaced else ((0, 0, 1, 1),):
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            total += rows * (1 + -(-columns * bits // 8))
    return total


def _check_length(data: Sequence[memoryview], promised: int) -> None:
    """Raise `Damaged` when the data unpack to fewer bytes. Pillow takes what is missing for black."""
    inflater = zlib.decompressobj()
    left = promised
    try:
        for chunk in data:
            for start in range(0, len(chunk), _PIECE):
                packed: bytes | memoryview = chunk[start : start + _PIECE]
                while packed and left and not inflater.eof:
                    left -= len(inflater.decompress(packed, min(left, _UNPACKED)))
                    packed = inflater.unconsumed_tail
                if not left:
                    return
    except zlib.error:
        raise Damaged("its data is not a zlib stream") from None
    raise Damaged(f"its data ends {left} bytes early")
