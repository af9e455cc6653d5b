"""What an attached picture looks like once opened, and which are refused."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from spectacle.errors import BadAttachment
from spectacle.images import open_mask, open_picture

NAME = "a-1-64x64-input.png"
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
ORIENTATION = 0x0112


def encoded(picture: Image.Image, form: str = "PNG", **settings: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **settings)
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, depth: int, colour: int, rows: bytes, *before: bytes, after: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            *before,
            chunk(b"IDAT", zlib.compress(rows)),
            after,
            chunk(b"IEND", b""),
        ]
    )


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
    assert "attach" in message or "save it again" in message
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
            (b"", "is empty"),
            (encoded(Image.new("L", (1, 1)), "GIF"), "is a GIF picture"),
            (encoded(Image.new("L", (1, 1)), "BMP"), "is a BMP picture"),
            (encoded(Image.new("L", (1, 1)), "TIFF"), "is a TIFF picture"),
            (encoded(Image.new("RGB", (16, 16)), "AVIF"), "is a HEIC or AVIF picture"),
            (b"%!PS-Adobe-3.0 EPSF-3.0\n", "is text, not a picture"),
            (b" \n<svg xmlns='http://www.w3.org/2000/svg'/>", "is an SVG drawing"),
            (b"%PDF-1.7\n\xff", "is a PDF document"),
            (b"a red fox", "is text, not a picture"),
            (b"\xff\x00\x12", "is not a picture"),
            (b"RIFF\x04\0\0\0WAVEfmt \xff", "is not a picture"),
        ],
    )
    def test_anything_else_is_refused_with_what_it_is_and_what_is_accepted(self, raw: bytes, said: str) -> None:
        message = refusal(raw)
        assert said in message
        assert message.endswith("attach a PNG, JPEG or WebP picture")


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

    def test_no_metadata_is_left(self) -> None:
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
            assert opened.info == {}
            assert not opened.getexif()
            again = encoded(opened)
            assert len(again) == len(encoded(Image.frombytes("RGB", opened.size, opened.tobytes())))


class TestLimits:
    def test_a_file_of_too_many_bytes_is_refused(self) -> None:
        assert "at most 10 are read" in refusal(encoded(quadrants()), max_bytes=10)

    @pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
    def test_a_picture_of_too_many_pixels_is_refused_with_its_size(self, form: str) -> None:
        raw = encoded(quadrants(), form)
        assert "has 32x16 pixels, at most 511 are accepted" in refusal(raw, max_pixels=511)
        assert open_picture(NAME, raw, max_pixels=512).size == (32, 16)

    @pytest.mark.parametrize("side", [20_000, 2**31 - 1])
    def test_a_decompression_bomb_is_refused_by_its_header(self, side: int) -> None:
        assert f"{side}x{side} pixels" in refusal(png(side, side, 8, 2, b"\0" * 1000))

    def test_a_jpeg_bomb_is_refused_by_its_header(self) -> None:
        raw = encoded(Image.new("L", (64, 64)), "JPEG").replace(b"\0\x40\0\x40", b"\xff\xff\xff\xff")
        assert "pixels, at most" in refusal(raw)

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

    def test_a_profile_that_unpacks_to_megabytes_is_refused(self) -> None:
        bomb = chunk(b"iCCP", b"sRGB\0\0" + zlib.compress(bytes(100_000_000)))
        refusal(png(1, 1, 8, 2, b"\0" + bytes(RED), bomb))

    def test_a_jpeg_of_thousands_of_scans_is_refused(self) -> None:
        raw = encoded(quadrants(), "JPEG", progressive=True)
        last = raw[raw.rindex(b"\xff\xda") : -2]
        assert "scans" in refusal(raw[:-2] + last * 1000 + b"\xff\xd9")


class TestDamage:
    @pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
    def test_a_picture_cut_short_anywhere_is_refused(self, form: str) -> None:
        noise = Image.effect_noise((64, 64), 80).convert("RGB")
        raw = encoded(noise, form)
        for length in {3, 8, 12, 20, 33, 40, len(raw) // 4, len(raw) // 2, len(raw) * 3 // 4, len(raw) - 40}:
            refusal(raw[:length])

    def test_the_message_says_that_the_picture_is_damaged(self) -> None:
        raw = encoded(Image.effect_noise((64, 64), 80))
        assert "is a damaged or incomplete PNG picture" in refusal(raw[: len(raw) // 2])

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
        with pytest.raises(BadAttachment, match="8x6 pixels, the picture it belongs to 6x8"):
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
    with pytest.raises(BadAttachment, match=r"damaged or incomplete PNG picture \([A-Za-z]"):
        open_picture("a.png", without_palette)
