"""What the rasteriser and its child process say to each other on their socket.

A request is a `REQUEST` header and the drawing in UTF-8, an answer is a `RESPONSE` header and its payload. The child's
first answer, before any request, tells whether it can draw at all.
"""

from __future__ import annotations

import struct
from enum import IntEnum

REQUEST = struct.Struct("<IIIIQ")
"""Bytes of the drawing, width, height, CPU seconds, bytes of address space."""
RESPONSE = struct.Struct("<BQ")
"""`Reply` and bytes of the payload."""


class Reply(IntEnum):
    """What the payload of an answer is."""

    READY = 0
    """Nothing: drawings may be sent."""
    LIBRARY_MISSING = 1
    """Text: why cairo could not be loaded."""
    PIXELS = 2
    """Rows of cairo's ARGB32 pixels, alpha premultiplied: bytes blue, green, red, alpha on a little-endian machine."""
    FAILED = 3
    """Text: why the drawing could not be rendered."""
    NO_MEMORY = 4
    """Nothing: memory did not suffice, and the process ends."""
