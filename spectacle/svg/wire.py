"""What the rasterizer and its child process say to each other on their socket.

A request is a `REQUEST` header and the SVG in UTF-8, a response is a `RESPONSE` header and its payload. The child's
first response, before any request, says whether it can render at all.
"""

from __future__ import annotations

import struct
from enum import IntEnum

REQUEST = struct.Struct("<IIIIQ")
"""Bytes of the SVG, width, height, CPU seconds, bytes of address space."""
RESPONSE = struct.Struct("<BQ")
"""`Reply` and bytes of the payload."""


class Reply(IntEnum):
    """What the payload of a response is."""

    READY = 0
    """Nothing: SVGs may be sent."""
    LIBRARY_MISSING = 1
    """Text: why cairo could not be loaded."""
    PIXELS = 2
    """Rows of cairo's ARGB32 pixels, alpha premultiplied: bytes blue, green, red, alpha on a little-endian machine."""
    FAILED = 3
    """Text: why the SVG could not be rendered."""
    NO_MEMORY = 4
    """Nothing: memory did not suffice, and the process ends."""
