"""JPEG files: taken apart, and put together again out of what the image needs."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field

from spectacle.images.exif import PREFIX, read_orientation
from spectacle.images.stripped import MAX_CHUNKS, MAX_PROFILE_BYTES, Damaged, Stripped, TooManyParts, per_inch

MAX_SCANS = 500
"""Progressive images have about ten scans. Each takes a pass over all pixels, though it may be a few bytes long."""

_MARKER = re.compile(rb"\xff([\x01-\xfe])")
_END_OF_DATA = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
"""What ends the data of a scan: any marker but those of a restart. Any number of bytes 0xff may come before it."""

_END, _SCAN = 0xD9, 0xDA
_WITHOUT_CONTENT = frozenset({0x01, *range(0xD0, 0xD9)})
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SEQUENTIAL = frozenset({0xC0, 0xC1})
_TABLES = frozenset({0xC4, 0xCC, 0xDB, 0xDD})
_EXIF, _PROFILE = 0xE1, 0xE2
_JFIF = 0xE0
_COLOURS = {_JFIF: b"JFIF\0", 0xEE: b"Adobe"}
"""Segments that say what the components are."""

_DENSITY = struct.Struct(">BHH")
_PER_INCH = {1: 1.0, 2: 2.54}
"""What densities in the units of JFIF are to be multiplied with: of no unit, to the inch, to the centimetre."""

_FILL = b"\xff" * 1000
"""Far more fill bytes than any encoder writes in a row. Decoders examine all of them again whenever they get more."""

_PADDING = b"\xfe" * 16
"""Twice what decoders read ahead, and no more than a few blocks take."""


@dataclass(slots=True)
class _Headers:
    """What comes before the data of the first scan.

    Attributes:
        parts: The segments that the image needs.
        profile: Those that the colour profile consists of.
        frame: Marker and content of the frame header.
        exif: EXIF data of the first such segment.
        resolution: Pixels to an inch, across and down.
        end: Where the data begin.
        interleaved: Whether the first scan holds all components.
    """

    parts: list[bytes] = field(default_factory=lambda: [b"\xff\xd8"])
    profile: list[bytes] = field(default_factory=list)
    frame: tuple[int, bytes] | None = None
    exif: bytes = b""
    resolution: tuple[float, float] | None = None
    end: int = 0
    interleaved: bool = False


def strip_jpeg(raw: bytes) -> Stripped:
    """Take a JPEG file apart. What follows the first image in it, as in MPO files, is omitted where it is recognized.

    The data of an image that comes in one scan are closed with padding in place of the marker that says they are
    complete, because for that marker's sake the decoder would take what is missing for grey. Of a progressive image
    it is only known that it ends.

    Raises:
        Damaged: When a segment that matters is missing or cut off.
        TooManyParts: When there are more than `MAX_CHUNKS` segments or `MAX_SCANS` scans.
    """
    headers = _headers(raw)
    if headers.frame is None:
        raise Damaged("its header is missing")
    marker, frame = headers.frame
    if len(frame) < 6:
        raise Damaged("its header is too short")
    height, width = struct.unpack_from(">xHH", frame)
    scans = 1 + raw.count(bytes((0xFF, _SCAN)), headers.end)
    if scans > MAX_SCANS:
        raise TooManyParts(f"{scans} scans; the limit is {MAX_SCANS}")
    if raw.find(_FILL, headers.end) >= 0:
        raise Damaged("it consists of fill bytes")
    if raw.find(bytes((0xFF, _END)), headers.end) < 0:
        raise Damaged("its end is missing")
    data = memoryview(raw)[headers.end :]
    padding = b""
    if marker in _SEQUENTIAL and headers.interleaved:
        closing = _END_OF_DATA.search(data)
        if closing is not None and closing[1][0] == _END:
            end = closing.start()
            while end and data[end - 1] == 0xFF:
                end -= 1
            data, padding = data[:end], _PADDING
    profile = headers.profile if sum(map(len, headers.profile)) <= MAX_PROFILE_BYTES else []
    content = b"".join((headers.parts[0], *profile, *headers.parts[1:], data, padding))
    return Stripped(content, width, height, read_orientation(headers.exif), headers.resolution)


def _resolution(jfif: bytes) -> tuple[float, float] | None:
    try:
        unit, across, down = _DENSITY.unpack_from(jfif, len("JFIF.vv"))
    except struct.error:
        return None
    return per_inch(across * _PER_INCH[unit], down * _PER_INCH[unit]) if unit in _PER_INCH else None


def _headers(raw: bytes) -> _Headers:
    found = _Headers()
    once: set[int] = set()
    position = 2
    for _ in range(MAX_CHUNKS):
        match = _MARKER.search(raw, position)
        if match is None:
            raise Damaged("it contains no image")
        marker, position = match[1][0], match.end()
        if marker in _WITHOUT_CONTENT:
            continue
        if marker == _END:
            raise Damaged("it contains no image")
        length = int.from_bytes(raw[position : position + 2], "big")
        end = position + length
        if length < 2 or end > len(raw):
            raise Damaged("a segment ends early")
        content, segment = raw[position + 2 : end], bytes((0xFF, marker)) + raw[position:end]
        position = end
        if marker == _SCAN:
            found.parts.append(segment)
            found.end = end
            found.interleaved = found.frame is not None and content[:1] == found.frame[1][5:6]
            return found
        if marker in _FRAMES:
            if found.frame is not None:
                raise Damaged("it has two headers")
            found.frame = marker, content
            found.parts.append(segment)
        elif marker in _TABLES:
            found.parts.append(segment)
        elif marker == _EXIF and content.startswith(PREFIX):
            found.exif = found.exif or content
        elif marker == _PROFILE and content.startswith(b"ICC_PROFILE\0"):
            found.profile.append(segment)
        elif marker in _COLOURS and content.startswith(_COLOURS[marker]) and marker not in once:
            once.add(marker)
            found.parts.append(segment)
            if marker == _JFIF:
                found.resolution = _resolution(content)
    raise TooManyParts(f"more than {MAX_CHUNKS} segments")
