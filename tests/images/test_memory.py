"""Opening any file takes memory in proportion to its bytes and to the pixels that are accepted, and bounded time."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hostile import (
    chunk,
    encoded,
    exif_that_points_thousands_of_times_at,
    extended,
    png,
    png_of,
    riff,
    riff_chunk,
    segment,
    with_segments,
    zeros,
)
from PIL import Image

from spectacle.processes import module_environment

RED_ROW = b"\0" + bytes((255, 0, 0))
LARGE = (5000, 5000)
PIXELS = LARGE[0] * LARGE[1]


def photograph(mode: str = "RGB") -> Image.Image:
    gradient = Image.linear_gradient("L").resize(LARGE)
    if mode in ("L", "I;16"):
        return gradient
    parts = (gradient, gradient.transpose(Image.Transpose.ROTATE_90), gradient, gradient)
    return Image.merge(mode, parts[: len(mode)])


def small(form: str) -> bytes:
    return encoded(Image.linear_gradient("L").convert("RGB"), form)


def vp8() -> bytes:
    return small("WEBP")[12:]


def frame(picture: bytes) -> bytes:
    size = (255).to_bytes(3, "little")
    return riff_chunk(b"ANMF", bytes(6) + size + size + (100).to_bytes(3, "little") + b"\0" + picture)


def large_pictures() -> Iterator[tuple[str, bytes]]:
    exif = Image.Exif()
    exif[0x0112] = 6
    for mode in ("RGB", "RGBA"):
        yield f"png-{mode}", encoded(photograph(mode), compress_level=1, exif=exif)
    rows = PIXELS * 2 + LARGE[1]
    yield "png-16", png_of(*LARGE, 16, 0, zeros(rows), chunk(b"tRNS", b"\0\0"))
    yield "png-rgba-16", png_of(*LARGE, 16, 6, zeros(PIXELS * 8 + LARGE[1]))
    yield "png-1", png_of(*LARGE, 1, 0, zeros((LARGE[0] // 8 + 1) * LARGE[1]))
    palette = chunk(b"PLTE", bytes(range(255)))
    yield "png-palette", png_of(*LARGE, 8, 3, zeros(PIXELS + LARGE[1]), palette, chunk(b"tRNS", bytes(range(85))))
    for mode in ("L", "RGB", "CMYK"):
        for progressive in (False, True):
            raw = encoded(photograph(mode), "JPEG", progressive=progressive, subsampling=0, exif=exif)
            yield f"jpeg-{mode}-{progressive}", raw
    yield "webp", encoded(photograph(), "WEBP", method=0, exif=exif)
    yield "webp-lossless", encoded(photograph("RGBA"), "WEBP", lossless=True, method=0, quality=0)


def promises() -> Iterator[tuple[str, bytes]]:
    """Small files that say they are large: none of it is believed."""
    yield "png-1x64M", png(1, 64_000_000, 8, 2, RED_ROW)
    yield "png-64Mx1", png(64_000_000, 1, 8, 6, RED_ROW)
    yield "png-2x32M", png(2, 32_000_000, 8, 6, RED_ROW)
    yield "png-gigapixel", png(2**31 - 1, 2**31 - 1, 16, 6, RED_ROW)
    yield "png-early", png(8000, 8000, 8, 2, RED_ROW)
    yield "webp-canvas", riff(extended(2**24, 2**24), vp8())
    yield "webp-canvas-2", riff(extended(16384, 16384, 2), riff_chunk(b"ANIM", bytes(6)), frame(vp8()))
    yield "webp-canvas-3", riff(extended(2**24, 255), vp8())
    before, frame_header, after = small("JPEG").partition(b"\xff\xc0\0\x11\x08")
    yield "jpeg-gigapixel", before + frame_header + b"\xff\xff\xff\xff" + after[4:]
    yield "jpeg-tall", before + frame_header + b"\xff\xff\0\1" + after[4:]


def early_ends() -> Iterator[tuple[str, bytes]]:
    """Small files that promise as many pixels as are accepted, and have few."""
    yield "png", png(*LARGE, 8, 2, RED_ROW)
    before, frame_header, after = small("JPEG").partition(b"\xff\xc0\0\x11\x08")
    yield "jpeg", before + frame_header + struct.pack(">HH", *LARGE) + after[4:]
    yield "webp", riff(riff_chunk(b"VP8 ", vp8()[8:14] + struct.pack("<HH", *LARGE) + vp8()[18:]))


def floods() -> Iterator[tuple[str, bytes]]:
    """Files of very many parts, or whose metadata unpack to more than they are, or are counted many times."""
    data = zlib.compress(RED_ROW)
    yield "png-empty-chunks", png_of(1, 1, 8, 2, b"", chunk(b"IDAT", b"") * 4_000_000 + chunk(b"IDAT", data))
    yield "png-unknown-chunks", png(1, 1, 8, 2, RED_ROW, chunk(b"tEXt", b"") * 4_000_000)
    profile = chunk(b"iCCP", b"it\0\0" + zeros(1_000_000))
    yield "png-profiles", png(1, 1, 8, 2, RED_ROW, profile * 10_000)
    yield "png-profile", png(1, 1, 8, 2, RED_ROW, chunk(b"iCCP", b"it\0\0" + zeros(2**30)))
    text = chunk(b"zTXt", b"it\0\0" + zeros(100_000_000))
    yield "png-text", png(1, 1, 8, 2, RED_ROW, text * 20)
    exif = exif_that_points_thousands_of_times_at(8_000_000)
    yield "png-exif", png(1, 1, 8, 2, RED_ROW, chunk(b"eXIf", exif))
    yield "png-exifs", png(1, 1, 8, 2, RED_ROW, chunk(b"eXIf", exif[:100_000]) * 500)
    yield "png-more-than-promised", png_of(1, 1, 8, 2, zeros(2**32))
    yield "png-noise", png_of(1, 1, 8, 2, b"\x78\x9c" + os.urandom(8_000_000))
    yield "png-palettes", png(1, 1, 8, 3, b"\0\0", chunk(b"PLTE", bytes(30_000_000)))
    yield "jpeg-segments", with_segments(small("JPEG"), segment(0xE5, b"") * 4_000_000)
    yield "jpeg-comments", with_segments(small("JPEG"), segment(0xFE, b"x") * 1_000_000)
    yield "jpeg-tables", with_segments(small("JPEG"), segment(0xDB, b"\0" + bytes(range(1, 65))) * 90_000)
    exif = b"Exif\0\0" + exif_that_points_thousands_of_times_at(65_000)
    yield "jpeg-exif", with_segments(small("JPEG"), segment(0xE1, exif))
    yield (
        "jpeg-exifs",
        with_segments(small("JPEG"), segment(0xE1, exif), segment(0xE1, b"Exif\0\0" + bytes(60_000)) * 500),
    )
    yield "jpeg-profile", with_segments(small("JPEG"), segment(0xE2, b"ICC_PROFILE\0\1\1" + bytes(60_000)) * 500)
    yield "jpeg-fill", b"\xff\xd8" + b"\xff" * 30_000_000
    yield "jpeg-fill-after", small("JPEG")[:-2] + b"\xff" * 30_000_000
    yield "jpeg-fill-and-end", small("JPEG")[:-2] + b"\xff" * 30_000_000 + b"\xd9"
    yield "jpeg-escaped", small("JPEG")[:-2] + b"\xff\0" * 15_000_000 + b"\xff\xd9"
    yield "jpeg-restarts", small("JPEG")[:-2] + b"\xff\xd0" * 15_000_000 + b"\xff\xd9"
    progressive = encoded(Image.linear_gradient("L").convert("RGB"), "JPEG", progressive=True)
    last = progressive[progressive.rindex(b"\xff\xda") : -2]
    yield "jpeg-scans", progressive[:-2] + last * 5000 + b"\xff\xd9"
    yield "webp-chunks", riff(extended(256, 256), riff_chunk(b"abcd", b"") * 4_000_000, vp8())
    yield "webp-frames", riff(extended(256, 256, 2), riff_chunk(b"ANIM", bytes(6)), frame(vp8()) * 90_000)
    exif = exif_that_points_thousands_of_times_at(8_000_000)
    yield "webp-exif", riff(extended(256, 256, 8), vp8(), riff_chunk(b"EXIF", exif))
    yield "webp-profile", riff(extended(256, 256, 0x20), riff_chunk(b"ICCP", bytes(30_000_000)), vp8())
    yield (
        "webp-parts-in-frame",
        riff(extended(256, 256, 2), riff_chunk(b"ANIM", bytes(6)), frame(vp8() + riff_chunk(b"abcd", b"") * 2_000_000)),
    )


def open_each(files: Iterator[tuple[str, bytes]], folder: Path, pixels: int) -> dict[str, str]:
    """What becomes of each of the files in a process that has no more memory and time than is promised."""
    names = []
    for name, raw in files:
        names.append(name)
        Path(folder, name).write_bytes(raw)
    command = [sys.executable, "-P", str(Path(__file__).with_name("limited.py"))]
    environment = {**module_environment(), "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
    child = subprocess.run(
        [*command, *(f"{Path(folder, name)}:{pixels}" for name in names)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    return dict(zip(names, map(json.loads, child.stdout.splitlines()), strict=True))


@pytest.mark.slow
def test_large_pictures_take_what_their_pixels_take(tmp_path: Path) -> None:
    outcomes = open_each(large_pictures(), tmp_path, PIXELS)
    assert set(outcomes.values()) == {"5000x5000"}, outcomes


def test_data_that_end_early_are_refused_in_what_the_promised_pixels_take(tmp_path: Path) -> None:
    outcomes = open_each(early_ends(), tmp_path, PIXELS)
    assert all("damaged or incomplete" in outcome for outcome in outcomes.values()), outcomes


@pytest.mark.parametrize("files", [promises, pytest.param(floods, marks=pytest.mark.slow)])
def test_hostile_files_take_what_their_bytes_take(
    files: Callable[[], Iterator[tuple[str, bytes]]], tmp_path: Path
) -> None:
    outcomes = open_each(files(), tmp_path, 65_536)
    assert len(outcomes) > 5
    assert "more memory than promised" not in outcomes.values(), outcomes
