"""What an Attached picture looks like once opened, and which are refused."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hostile import (
    ORIENTATION,
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
)
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from spectacle.errors import BadAttachment
from spectacle.images import MAX_SIDE, PixelAllowance, open_mask, open_picture

NAME = "a-1-64x64-input.png"
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def quadrants(mode: str = "RGB") -> Image.Image:
    """Red, green over blue, white: every turn and flip is told from every other. Wider than high."""
    picture = Image.new("RGB", (32, 16))
    for index, colour in enumerate((RED, GREEN, BLUE, WHITE)):
        picture.paste(colour, (16 * (index % 2), 8 * (index // 2), 16 * (index % 2) + 16, 8 * (index // 2) + 8))
    return picture.convert(mode)


def is_close(pixel: Any, colour: tuple[int, ...], by: int = 12) -> bool:
    return all(abs(a - b) <= by for a, b in zip(pixel, colour, strict=True))


def refusal(raw: bytes, **settings: Any) -> str:
    with pytest.raises(BadAttachment) as caught:
        open_picture(NAME, raw, **settings)
    message = caught.value.message
    assert message.startswith(NAME)
    assert "\n" not in message
    assert "Attach" in message or "Save it again" in message
    return message


def with_metadata(mode: str, form: str) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return encoded(quadrants(mode), form, exif=exif, icc_profile=profile)


WHOLE = [
    *(with_metadata(mode, "PNG") for mode in ("RGB", "L", "P", "RGBA", "LA", "1")),
    *(with_metadata(mode, "JPEG") for mode in ("RGB", "L", "CMYK")),
    *(with_metadata(mode, "WEBP") for mode in ("RGB", "RGBA")),
]


class TestFormats:
    @pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
    def test_the_three_formats_are_told_from_the_content(self, form: str) -> None:
        opened = open_picture(NAME, encoded(quadrants(), form, quality=95))
        assert (opened.mode, opened.size) == ("RGB", (32, 16))
        assert is_close(opened.getpixel((3, 3)), RED)
        assert is_close(opened.getpixel((28, 12)), WHITE)

    @pytest.mark.parametrize(
        ("mode", "form", "result"),
        [
            ("1", "PNG", "RGB"),
            ("L", "PNG", "RGB"),
            ("L", "JPEG", "RGB"),
            ("LA", "PNG", "RGBA"),
            ("P", "PNG", "RGB"),
            ("RGB", "PNG", "RGB"),
            ("RGBA", "PNG", "RGBA"),
            ("RGBA", "WEBP", "RGBA"),
        ],
    )
    def test_every_kind_of_pixel_becomes_rgb_or_rgba(self, mode: str, form: str, result: str) -> None:
        opened = open_picture(NAME, encoded(Image.new(mode, (5, 7), 1), form))
        assert type(opened) is Image.Image
        assert (opened.mode, opened.size) == (result, (5, 7))

    def test_one_pixel_is_a_picture(self) -> None:
        assert open_picture(NAME, encoded(Image.new("RGB", (1, 1), RED))).getpixel((0, 0)) == RED

    @pytest.mark.parametrize(
        ("raw", "said"),
        [
            (b"", "empty"),
            (encoded(Image.new("L", (1, 1)), "GIF"), "a GIF image"),
            (encoded(Image.new("L", (1, 1)), "BMP"), "a BMP image"),
            (encoded(Image.new("L", (1, 1)), "TIFF"), "a TIFF image"),
            (encoded(Image.new("RGB", (16, 16)), "AVIF"), "a HEIC or AVIF image"),
            (b"%!PS-Adobe-3.0 EPSF-3.0\n", "text, not an image"),
            (b" \n<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG"),
            (b"%PDF-1.7\n\xff", "a PDF document"),
            (b"a red fox", "text, not an image"),
            (b"\xff\x00\x12", "not an image"),
            (b"RIFF\x04\0\0\0WAVEfmt \xff", "not an image"),
        ],
    )
    def test_anything_else_is_refused_with_what_it_is_and_what_is_accepted(self, raw: bytes, said: str) -> None:
        message = refusal(raw)
        assert said in message
        assert message.endswith("Attach a PNG, JPEG or WebP image.")


class TestColour:
    def test_grey_of_16_bits_is_scaled(self) -> None:
        rows = b"\0" + struct.pack(">4H", 0, 128, 32768, 65535)
        opened = open_picture(NAME, png(4, 1, 16, 0, rows))
        assert [opened.getpixel((x, 0))[0] for x in range(4)] == [0, 0, 128, 255]

    @pytest.mark.parametrize(("colour", "channels"), [(2, 3), (4, 2), (6, 4)])
    def test_colour_and_alpha_of_16_bits_are_scaled(self, colour: int, channels: int) -> None:
        rows = b"\0" + struct.pack(f">{2 * channels}H", *[0] * channels, *[65535] * channels)
        opened = open_picture(NAME, png(2, 1, 16, colour, rows))
        assert set(opened.getpixel((0, 0))) == {0}
        assert set(opened.getpixel((1, 0))) == {255}

    @pytest.mark.parametrize(
        ("depth", "row"),
        [(1, b"\x40"), (2, b"\x1b"), (4, b"\x01\x23"), (8, b"\0\1\2\3"), (16, struct.pack(">4H", 0, 1, 2, 3))],
    )
    def test_the_grey_that_stands_for_transparent_becomes_alpha_at_every_depth(self, depth: int, row: bytes) -> None:
        raw = png(2 if depth == 1 else 4, 1, depth, 0, b"\0" + row, chunk(b"tRNS", b"\0\1"))
        opened = open_picture(NAME, raw)
        alpha = list(np.asarray(opened.getchannel("A")).flat)
        assert alpha == [255, 0, 255, 255][: opened.width]

    @pytest.mark.parametrize("depth", [8, 16])
    def test_the_colour_that_stands_for_transparent_becomes_alpha(self, depth: int) -> None:
        form = "B" if depth == 8 else "H"
        full = 255 if depth == 8 else 65535
        rows = b"\0" + struct.pack(f">6{form}", full, 0, 0, 0, full, 0)
        opened = open_picture(NAME, png(2, 1, depth, 2, rows, chunk(b"tRNS", struct.pack(">3H", full, 0, 0))))
        assert [opened.getpixel((x, 0)) for x in (0, 1)] == [(255, 0, 0, 0), (0, 255, 0, 255)]

    @pytest.mark.parametrize("transparency", [b"\x00", b"\x80\xff", b"\xff\x00"])
    def test_a_palette_with_transparency_becomes_rgba(self, transparency: bytes) -> None:
        palette = chunk(b"PLTE", bytes([*RED, *GREEN]))
        opened = open_picture(NAME, png(2, 1, 8, 3, b"\0\0\1", palette, chunk(b"tRNS", transparency)))
        alphas = [*transparency, 255][:2]
        assert [opened.getpixel((x, 0)) for x in (0, 1)] == [(*RED, alphas[0]), (*GREEN, alphas[1])]

    def test_a_cmyk_jpeg_becomes_rgb(self) -> None:
        opened = open_picture(NAME, encoded(quadrants("CMYK"), "JPEG", quality=95))
        assert opened.mode == "RGB"
        assert is_close(opened.getpixel((3, 3)), RED)
        assert is_close(opened.getpixel((3, 12)), BLUE)
        assert is_close(opened.getpixel((28, 12)), WHITE)

    def test_a_colour_profile_is_applied(self) -> None:
        swapped = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
        count = struct.unpack_from(">I", swapped, 128)[0]
        entries = {bytes(swapped[p : p + 4]): p for p in range(132, 132 + 12 * count, 12)}
        red, green = entries[b"rXYZ"], entries[b"gXYZ"]
        swapped[red : red + 4], swapped[green : green + 4] = b"gXYZ", b"rXYZ"
        opened = open_picture(NAME, encoded(quadrants(), icc_profile=bytes(swapped)))
        assert is_close(opened.getpixel((3, 3)), GREEN)
        transparent = open_picture(NAME, encoded(quadrants("RGBA"), icc_profile=bytes(swapped)))
        assert is_close(transparent.getpixel((3, 3)), (*GREEN, 255))

    @pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "LA", "CMYK"])
    @pytest.mark.parametrize("profile", ["sRGB", "LAB", "damaged"])
    def test_a_profile_that_does_not_fit_or_is_damaged_is_ignored(self, mode: str, profile: str) -> None:
        icc = b"no profile"
        if profile != "damaged":
            icc = ImageCms.ImageCmsProfile(ImageCms.createProfile(profile)).tobytes()
        source = quadrants("RGB").convert(mode)
        form = "JPEG" if mode == "CMYK" else "PNG"
        assert open_picture(NAME, encoded(source, form, icc_profile=icc)).getpixel((28, 12))[:3] == WHITE


class TestPlainness:
    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
    def test_a_picture_comes_out_upright(self, orientation: int, form: str) -> None:
        turn_back = {
            1: None,
            2: Image.Transpose.FLIP_LEFT_RIGHT,
            3: Image.Transpose.ROTATE_180,
            4: Image.Transpose.FLIP_TOP_BOTTOM,
            5: Image.Transpose.TRANSPOSE,
            6: Image.Transpose.ROTATE_90,
            7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_270,
        }[orientation]
        stored = quadrants() if turn_back is None else quadrants().transpose(turn_back)
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        opened = open_picture(NAME, encoded(stored, form, exif=exif, quality=95))
        assert opened.size == (32, 16)
        for place, colour in (((3, 3), RED), ((28, 3), GREEN), ((3, 12), BLUE)):
            assert is_close(opened.getpixel(place), colour)

    @pytest.mark.parametrize(
        "exif", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\x7f", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"]
    )
    @pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
    def test_damaged_exif_does_not_spoil_a_picture(self, exif: bytes, form: str) -> None:
        assert open_picture(NAME, encoded(quadrants(), form, exif=exif)).size == (32, 16)

    @pytest.mark.parametrize("form", ["PNG", "WEBP"])
    def test_of_an_animation_the_first_frame_is_taken(self, form: str) -> None:
        frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, GREEN, BLUE)]
        raw = encoded(frames[0], form, save_all=True, append_images=frames[1:], duration=100)
        opened = open_picture(NAME, raw)
        assert type(opened) is Image.Image
        assert is_close(opened.getpixel((4, 4))[:3], RED)

    @pytest.mark.parametrize(
        ("form", "saved", "read"),
        [
            ("PNG", (300, 300), (300, 300)),
            ("PNG", (72, 96), (72, 96)),
            ("JPEG", (600, 300), (600, 300)),
            ("JPEG", None, None),
            ("PNG", None, None),
            ("PNG", (50_000, 50_000), None),
            ("WEBP", (300, 300), None),
        ],
    )
    def test_how_large_a_pixel_is_on_paper_is_known_where_the_file_says_so(
        self, form: str, saved: tuple[int, int] | None, read: tuple[int, int] | None
    ) -> None:
        raw = encoded(quadrants(), form, **({} if saved is None else {"dpi": saved}))
        found = open_picture(NAME, raw).info.get("dpi")
        assert found == (None if read is None else pytest.approx(read, abs=0.02))

    def test_centimetres_count_and_densities_without_a_unit_do_not(self) -> None:
        raw = encoded(quadrants(), "JPEG", dpi=(100, 100))
        place = raw.index(b"JFIF") + len(b"JFIF.vv")
        assert raw[place] == 1
        assert open_picture(NAME, raw[:place] + b"\2" + raw[place + 1 :]).info["dpi"] == (254, 254)
        assert open_picture(NAME, raw[:place] + b"\0" + raw[place + 1 :]).info.keys() == {"quantization"}

    def test_what_is_turned_has_its_pixels_turned_too(self) -> None:
        exif = Image.Exif()
        exif[ORIENTATION] = 6
        assert open_picture(NAME, encoded(quadrants(), "JPEG", exif=exif, dpi=(100, 200))).info["dpi"] == (200, 100)

    def test_no_other_metadata_is_left(self) -> None:
        notes = PngImagePlugin.PngInfo()
        notes.add_text("parameters", "a secret fox")
        exif = Image.Exif()
        exif[ORIENTATION] = 6
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        for raw in (
            encoded(quadrants(), pnginfo=notes, exif=exif, icc_profile=profile, dpi=(300, 300)),
            encoded(quadrants(), "JPEG", exif=exif, icc_profile=profile, comment=b"a secret fox", dpi=(300, 300)),
        ):
            opened = open_picture(NAME, raw)
            assert list(opened.info) == ["dpi"]
            assert not opened.getexif()
            again = encoded(opened)
            assert len(again) == len(encoded(Image.frombytes("RGB", opened.size, opened.tobytes())))


class TestLimits:
    def test_a_file_of_too_many_bytes_is_refused(self) -> None:
        assert "the limit is 10." in refusal(encoded(quadrants()), max_bytes=10)

    @pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
    def test_a_picture_of_too_many_pixels_is_refused_with_its_size(self, form: str) -> None:
        raw = encoded(quadrants(), form)
        assert "is 32x16 pixels; the limit is 511" in refusal(raw, max_pixels=511)
        assert open_picture(NAME, raw, max_pixels=512).size == (32, 16)

    @pytest.mark.parametrize("size", [(1, 64_000_000), (64_000_000, 1), (2, 32_000_000), (1, MAX_SIDE + 1)])
    @pytest.mark.parametrize("opener", [open_picture, open_mask])
    def test_a_picture_with_a_side_too_long_is_refused_however_few_its_pixels(
        self, size: tuple[int, int], opener: Callable[..., Image.Image]
    ) -> None:
        with pytest.raises(BadAttachment, match=rf"{size[0]}x{size[1]} pixels; the limit per side is 32767\. Attach"):
            opener(NAME, png(*size, 8, 2, b"\0" * 1000))

    @pytest.mark.parametrize("size", [(1, MAX_SIDE), (MAX_SIDE, 1)])
    def test_a_picture_may_be_as_long_as_a_result(self, size: tuple[int, int]) -> None:
        assert open_picture(NAME, encoded(Image.new("L", size))).size == size

    def test_the_pictures_of_a_request_share_an_allowance_of_pixels(self) -> None:
        raw = encoded(quadrants())
        allowance = PixelAllowance(3 * 512 - 1)
        open_picture(NAME, raw, allowance=allowance)
        open_mask(NAME, raw, allowance=allowance)
        with pytest.raises(
            BadAttachment, match="is 512 pixels, and the images before it 1024; the limit for all images"
        ):
            open_picture(NAME, raw, allowance=allowance)
        assert open_picture(NAME, encoded(Image.new("L", (511, 1))), allowance=allowance).size == (511, 1)

    @pytest.mark.parametrize("side", [20_000, 2**31 - 1])
    def test_a_decompression_bomb_is_refused_by_its_header(self, side: int) -> None:
        assert f"{side}x{side} pixels" in refusal(png(side, side, 8, 2, b"\0" * 1000))

    def test_a_jpeg_bomb_is_refused_by_its_header(self) -> None:
        raw = encoded(Image.new("L", (64, 64)), "JPEG").replace(b"\0\x40\0\x40", b"\xff\xff\xff\xff")
        assert "; the limit is" in refusal(raw)

    def test_a_webp_bomb_is_refused_by_its_header(self) -> None:
        canvas = b"\0\0\0\0" + (16382).to_bytes(3, "little") * 2
        body = b"WEBPVP8X" + struct.pack("<I", 10) + canvas + encoded(Image.new("RGB", (8, 8)), "WEBP")[12:]
        refusal(b"RIFF" + struct.pack("<I", len(body)) + body)

    def test_more_pixel_data_than_the_header_says_is_not_unpacked(self) -> None:
        assert open_picture(NAME, png(1, 1, 8, 2, b"\0" + bytes(50_000_000))).size == (1, 1)

    @pytest.mark.parametrize("where", ["before", "after"])
    @pytest.mark.parametrize("kind", [b"zTXt", b"iTXt"])
    def test_text_that_unpacks_to_gigabytes_is_not_read(self, kind: bytes, where: str) -> None:
        bomb = zlib.compress(bytes(100_000_000))
        text = chunk(kind, (b"parameters\0\0" if kind == b"zTXt" else b"parameters\0\1\0\0\0") + bomb) * 20
        rows = b"\0" + bytes(RED)
        raw = png(1, 1, 8, 2, rows, text) if where == "before" else png(1, 1, 8, 2, rows, after=text)
        assert open_picture(NAME, raw).getpixel((0, 0)) == RED

    @pytest.mark.parametrize("kind", [b"IDAT", b"tEXt"])
    def test_a_png_of_very_many_chunks_is_refused(self, kind: bytes) -> None:
        message = refusal(png(1, 1, 8, 2, b"\0" + bytes(RED), chunk(kind, b"") * 100_000))
        assert "has more than 100000 chunks" in message

    def test_data_in_many_chunks_are_read(self) -> None:
        data = zlib.compress(b"\0" + bytes(RED))
        parts = [chunk(b"IDAT", data[n : n + 1]) + chunk(b"IDAT", b"") * 100 for n in range(len(data))]
        raw = png_of(1, 1, 8, 2, b"", *parts)
        assert open_picture(NAME, raw).getpixel((0, 0)) == RED

    def test_a_jpeg_of_very_many_segments_is_refused(self) -> None:
        raw = with_segments(encoded(quadrants(), "JPEG"), segment(0xE5, b"") * 100_000)
        assert "has more than 100000 segments" in refusal(raw)

    def test_a_webp_of_very_many_chunks_is_refused(self) -> None:
        raw = riff(extended(32, 16), riff_chunk(b"abcd", b"") * 100_000, encoded(quadrants(), "WEBP")[12:])
        assert "has more than 100000 chunks" in refusal(raw)

    def test_exif_data_that_are_pointed_to_thousands_of_times_are_not_read(self) -> None:
        exif = exif_that_points_thousands_of_times_at(1_000_000)
        vp8 = encoded(quadrants(), "WEBP")[12:]
        for raw in (
            png(1, 1, 8, 2, b"\0" + bytes(RED), chunk(b"eXIf", exif)),
            with_segments(encoded(quadrants(), "JPEG"), segment(0xE1, b"Exif\0\0" + exif[:65_000])),
            riff(extended(32, 16, 8), vp8, riff_chunk(b"EXIF", exif)),
        ):
            assert open_picture(NAME, raw).mode == "RGB"

    def test_a_profile_that_unpacks_to_megabytes_is_refused(self) -> None:
        bomb = chunk(b"iCCP", b"sRGB\0\0" + zlib.compress(bytes(100_000_000)))
        refusal(png(1, 1, 8, 2, b"\0" + bytes(RED), bomb))

    def test_a_jpeg_of_thousands_of_scans_is_refused(self) -> None:
        raw = encoded(quadrants(), "JPEG", progressive=True)
        last = raw[raw.rindex(b"\xff\xda") : -2]
        assert "scans" in refusal(raw[:-2] + last * 1000 + b"\xff\xd9")


EARLY = {
    "grey": (0, 8, b"\0" * 9),
    "two bits": (0, 2, b"\0" * 3),
    "colour": (2, 8, b"\0" * 25),
    "palette": (3, 4, b"\0" * 5),
    "colour and alpha of 16 bits": (6, 16, b"\0" * 65),
}
"""Colour type, depth and one row of a picture 8 pixels wide."""


class TestEarlyEnd:
    @pytest.mark.parametrize("kind", EARLY)
    @pytest.mark.parametrize("short", [1, 20])
    def test_a_png_of_fewer_rows_than_it_promises_is_refused(self, kind: str, short: int) -> None:
        colour, depth, row = EARLY[kind]
        palette = chunk(b"PLTE", bytes(48))
        rows = row * 40
        assert open_picture(NAME, png(8, 40, depth, colour, rows, palette)).size == (8, 40)
        assert f"its data ends {short} bytes early" in refusal(png(8, 40, depth, colour, rows[:-short], palette))

    def test_an_interlaced_png_of_fewer_rows_than_it_promises_is_refused(self) -> None:
        for size in ((1, 1), (2, 3), (5, 5), (8, 8), (9, 17), (33, 4)):
            passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
            rows = b""
            for left, top, across, down in passes:
                columns, lines = len(range(left, size[0], across)), len(range(top, size[1], down))
                rows += (b"\0" + bytes(columns)) * lines if columns else b""
            assert open_picture(NAME, png(*size, 8, 0, rows, interlaced=1)).size == size
            assert "bytes early" in refusal(png(*size, 8, 0, rows[:-1], interlaced=1))

    def test_a_png_without_its_last_chunk_is_refused(self) -> None:
        assert "its end is missing" in refusal(encoded(quadrants())[:-12])

    def test_a_png_whose_data_were_changed_is_refused(self) -> None:
        raw = bytearray(png(1, 1, 8, 2, b"\0" + bytes(RED)))
        raw[raw.index(b"IDAT") + 12] ^= 1
        assert "chunk IDAT has a wrong checksum" in refusal(bytes(raw))

    @pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
    @pytest.mark.parametrize("settings", [{}, {"subsampling": 0}, {"quality": 100}, {"restart_marker_blocks": 3}])
    def test_a_jpeg_cut_short_and_closed_is_refused_instead_of_being_grey_below(
        self, mode: str, settings: dict[str, Any]
    ) -> None:
        raw = encoded(Image.effect_noise((150, 150), 80).convert(mode), "JPEG", **settings)
        whole = open_picture(NAME, raw)
        assert whole.tobytes() == Image.open(io.BytesIO(raw)).convert("RGB").tobytes()
        data = raw.rindex(b"\xff\xda") + 20
        for cut in (data, (data + len(raw)) // 2, len(raw) - 500):
            refusal(raw[:cut].rstrip(b"\xff") + b"\xff\xd9")

    def test_a_jpeg_with_something_behind_its_end_is_opened(self) -> None:
        raw = encoded(quadrants(), "JPEG")
        before = open_picture(NAME, raw).tobytes()
        for behind in (b"\0" * 1000, raw, b"\xff\xd8\xff", b"\xff" * 10):
            assert open_picture(NAME, raw + behind).tobytes() == before
        filled = raw[:-2] + b"\xff" * 10 + raw[-2:]
        assert open_picture(NAME, filled).tobytes() == before

    @settings(deadline=None, max_examples=60)
    @given(
        st.tuples(st.integers(1, 70), st.integers(1, 70)),
        st.sampled_from(["L", "RGB", "CMYK"]),
        st.integers(1, 100),
        st.integers(0, 2),
        st.booleans(),
        st.booleans(),
    )
    def test_every_whole_jpeg_is_opened_as_it_is(
        self, size: tuple[int, int], mode: str, quality: int, subsampling: int, progressive: bool, optimize: bool
    ) -> None:
        raw = encoded(
            Image.effect_noise(size, 90).convert(mode),
            "JPEG",
            quality=quality,
            subsampling=subsampling,
            progressive=progressive,
            optimize=optimize,
        )
        assert open_picture(NAME, raw).tobytes() == Image.open(io.BytesIO(raw)).convert("RGB").tobytes()

    @pytest.mark.parametrize("lossless", [True, False])
    def test_a_webp_cut_short_whose_header_was_mended_is_refused(self, lossless: bool) -> None:
        picture = encoded(Image.effect_noise((150, 150), 80).convert("RGB"), "WEBP", lossless=lossless)
        kind, data = picture[12:16], picture[20:]
        assert open_picture(NAME, riff(riff_chunk(kind, data))).size == (150, 150)
        for cut in (len(data) // 4, len(data) // 2, len(data) - 100):
            refusal(riff(riff_chunk(kind, data[:cut])))


class TestDamage:
    @pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
    def test_a_picture_cut_short_anywhere_is_refused(self, form: str) -> None:
        noise = Image.effect_noise((64, 64), 80).convert("RGB")
        raw = encoded(noise, form)
        for length in {3, 8, 12, 20, 33, 40, len(raw) // 4, len(raw) // 2, len(raw) * 3 // 4, len(raw) - 40}:
            refusal(raw[:length])

    def test_the_message_says_that_the_picture_is_damaged(self) -> None:
        raw = encoded(Image.effect_noise((64, 64), 80))
        assert "damaged or incomplete PNG image" in refusal(raw[: len(raw) // 2])

    @pytest.mark.parametrize("size", [(0, 1), (1, 0), (0, 0)])
    def test_a_picture_without_pixels_is_refused(self, size: tuple[int, int]) -> None:
        refusal(png(*size, 8, 2, b""))

    @settings(deadline=None)
    @given(st.sampled_from(WHOLE), st.data())
    def test_a_picture_with_changed_bytes_is_opened_or_refused(self, whole: bytes, data: st.DataObject) -> None:
        raw = bytearray(whole)
        for _ in range(data.draw(st.integers(1, 8))):
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
        for opener in (open_picture, open_mask):
            try:
                opened = opener(NAME, bytes(raw), max_pixels=100_000)
            except BadAttachment:
                continue
            assert opened.mode in ("RGB", "RGBA", "L")

    @settings(deadline=None)
    @given(st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP"]), st.binary(max_size=200))
    def test_any_bytes_are_refused_or_opened(self, start: bytes, rest: bytes) -> None:
        with pytest.raises(BadAttachment):
            open_picture(NAME, start + rest)

    def test_no_warning_leaks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 400)  # Pillow warns of more pixels than this
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            for form in ("PNG", "JPEG", "WEBP"):
                open_picture(NAME, encoded(quadrants(), form))
            open_mask(NAME, png(1, 1, 8, 3, b"\0\0", chunk(b"PLTE", bytes(3)), chunk(b"tRNS", b"\x80")))
            open_picture(NAME, encoded(quadrants(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f"))
        assert seen == []


class TestMasks:
    @pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "LA", "RGBA"])
    def test_a_mask_is_grey_with_white_where_it_is_white(self, mode: str) -> None:
        source = Image.new("L", (8, 8))
        source.paste(255, (4, 0, 8, 8))
        mask = open_mask(NAME, encoded(source.convert("RGB").convert(mode)))
        assert mask.mode == "L"
        assert (mask.getpixel((1, 1)), mask.getpixel((6, 6))) == (0, 255)

    def test_transparent_parts_are_black(self) -> None:
        source = Image.new("RGBA", (2, 1), (255, 255, 255, 0))
        source.putpixel((1, 0), (255, 255, 255, 255))
        mask = open_mask(NAME, encoded(source))
        assert (mask.getpixel((0, 0)), mask.getpixel((1, 0))) == (0, 255)

    def test_a_mask_of_16_bits_is_scaled(self) -> None:
        mask = open_mask(NAME, png(2, 1, 16, 0, b"\0" + struct.pack(">2H", 32768, 65535)))
        assert (mask.getpixel((0, 0)), mask.getpixel((1, 0))) == (128, 255)

    def test_a_mask_from_a_cmyk_jpeg_is_grey(self) -> None:
        mask = open_mask(NAME, encoded(Image.new("RGB", (8, 8), WHITE).convert("CMYK"), "JPEG"))
        assert mask.getpixel((4, 4)) == 255

    def test_a_mask_of_another_size_is_refused_with_both_sizes(self) -> None:
        raw = encoded(Image.new("L", (8, 6)))
        assert open_mask(NAME, raw, size=(8, 6)).size == (8, 6)
        with pytest.raises(BadAttachment, match=r"is 8x6, but the input image is 6x8\. Attach a mask of the same size"):
            open_mask(NAME, raw, size=(6, 8))

    def test_a_damaged_mask_is_refused(self) -> None:
        with pytest.raises(BadAttachment, match="damaged or incomplete"):
            open_mask(NAME, encoded(Image.effect_noise((64, 64), 80))[:1000])


def test_a_damaged_picture_is_told_with_a_reason_also_where_the_decoder_gives_none() -> None:
    content = io.BytesIO()
    Image.new("P", (10, 10)).save(content, "PNG")
    raw = content.getvalue()
    start = raw.index(b"PLTE") - 4
    length = int.from_bytes(raw[start : start + 4], "big")
    without_palette = raw[:start] + raw[start + 12 + length :]
    with pytest.raises(BadAttachment, match=r"damaged or incomplete PNG image \([A-Za-z]"):
        open_picture("a.png", without_palette)
