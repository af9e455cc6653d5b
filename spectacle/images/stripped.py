"""What is left of an image file once everything is taken out that its first image does not need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

MAX_CHUNKS = 100_000
"""Maximum number of parts of a file. One of 64 MiB, cut as finely as encoders do (8 KiB), has a tenth of that."""

MAX_PROFILE_BYTES = 4 * 2**20
"""Larger colour profiles are omitted. Those of printing presses, the largest, have up to about three million bytes."""

MAX_RESOLUTION = 20_000.0
"""Pixels to an inch. The finest scanners have half as many."""


class Damaged(Exception):
    """Raised for a file that breaks its format's rules or ends early; the message is part of a sentence."""


class TooManyParts(Exception):
    """Raised for a file of more than `MAX_CHUNKS` parts, or of more scans than a JPEG image may have."""


def per_inch(across: float, down: float) -> tuple[float, float] | None:
    """A resolution in pixels to an inch, if it is one that an image may have: up to `MAX_RESOLUTION`."""
    return (across, down) if 1 <= min(across, down) <= max(across, down) <= MAX_RESOLUTION else None


def all_there() -> None:
    """For formats whose decoder notices by itself that data end early."""


@dataclass(frozen=True, slots=True)
class Stripped:
    """An image file without metadata, other frames and unknown parts: what Pillow's decoder is given.

    Decoders keep each part of metadata several times, parse nested tables that may point a thousand times at the same
    megabyte, and allocate by what a header says. So nothing reaches them but what was checked here.

    Attributes:
        content: The file.
        width: Pixels a row, as the header says.
        height: Rows, as the header says.
        orientation: How it is to be turned, 1 (not at all) to 8, as EXIF counts.
        resolution: Pixels to an inch across and down, before it is turned; None where the file does not say.
        verify: Called before decoding; raises `Damaged` when there are fewer data than the header promises.
    """

    content: bytes
    width: int
    height: int
    orientation: int = 1
    resolution: tuple[float, float] | None = None
    verify: Callable[[], None] = all_there
