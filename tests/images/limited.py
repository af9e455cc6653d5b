"""Opens the pictures named on the command line, one after the other, with no more memory than is promised.

Prints a line of JSON for each: whether it was opened, was refused (and why), or took more memory than it may. Ends with
SIGXCPU when all of them together take more processor time than they may.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
from pathlib import Path

import numpy  # noqa: F401  what is loaded late would count as the picture's

from spectacle.errors import BadAttachment
from spectacle.images import MAX_PICTURE_PIXELS, open_picture

CPU_SECONDS = 120


def address_space() -> int:
    """Bytes of address space this process has."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def allowed(raw: bytes, pixels: int) -> int:
    """Bytes that `open_picture` promises to get along with."""
    return 4 * len(raw) + 24 * pixels + 32 * 2**20


def warm_up() -> None:
    """Load what the decoders load the first time."""
    import io

    from PIL import Image, ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for form in ("PNG", "JPEG", "WEBP"):
        buffer = io.BytesIO()
        Image.new("RGB", (8, 8)).save(buffer, form, icc_profile=profile)
        open_picture("warm", buffer.getvalue())


def main() -> None:
    """Open them."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    warm_up()
    for argument in sys.argv[1:]:
        path, _, pixels = argument.rpartition(":")
        raw = Path(path).read_bytes()
        gc.collect()
        unlimited = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (address_space() + allowed(raw, int(pixels)), unlimited))
        try:
            opened = open_picture("it", raw, max_pixels=MAX_PICTURE_PIXELS)
            outcome = f"{opened.width}x{opened.height}"
            del opened
        except BadAttachment as error:
            outcome = error.message
        except MemoryError:
            outcome = "more memory than promised"
        resource.setrlimit(resource.RLIMIT_AS, (unlimited, unlimited))
        print(json.dumps(outcome), flush=True)


if __name__ == "__main__":
    main()
