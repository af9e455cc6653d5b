"""The one thing in EXIF data that matters here: how an image is to be turned."""

from __future__ import annotations

import struct

PREFIX = b"Exif\0\0"
UPRIGHT = 1
_ORIENTATION = 0x0112
_SHORT = 3
_READ = 2**16
"""Bytes of EXIF data that are examined: as many as a JPEG file can hold in one piece."""


def read_orientation(exif: bytes | memoryview) -> int:
    """The orientation in EXIF data, 1 (upright) to 8; 1 when there is none or the data are damaged.

    Only the entries of the first directory are examined, and no data they point to: those of a hostile file may all
    point to the same megabytes.

    Args:
        exif: The data, with or without the prefix they have in JPEG files.
    """
    exif = bytes(exif[:_READ]).removeprefix(PREFIX)
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return UPRIGHT
    entry = struct.Struct(f"{order}HHIH")
    try:
        (directory,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, directory)
        for number in range(count):
            tag, kind, values, value = entry.unpack_from(exif, directory + 2 + 12 * number)
            if tag == _ORIENTATION:
                return value if (kind, values) == (_SHORT, 1) and 1 <= value <= 8 else UPRIGHT
    except struct.error:
        pass  # an image is no worse for damaged metadata
    return UPRIGHT
