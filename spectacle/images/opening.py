"""Opens attached images: which are refused, and what the others look like."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageCms, ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from spectacle import signatures
from spectacle.errors import BadAttachment, one_line
from spectacle.images.jpeg import strip_jpeg
from spectacle.images.png import strip_png
from spectacle.images.quantization import KEY, Quantization
from spectacle.images.stripped import MAX_PROFILE_BYTES, Damaged, Stripped, TooManyParts
from spectacle.images.webp import strip_webp

MAX_PICTURE_BYTES = 64 * 2**20
"""Largest attached file, in bytes, unless the caller says otherwise."""

MAX_PICTURE_PIXELS = 64_000_000
"""Default maximum number of pixels of an attached image: a 64-megapixel photograph, 256 MB decoded."""

MAX_SIDE = 32_767
"""Maximum number of pixels a side of an attached image may have, which is what a side of a result may have.

Each row costs memory of its own, however narrow it is: an image 1 pixel wide takes four times what its pixels do.
"""

_ACCEPTED = "Attach a PNG, JPEG or WebP image."

_GREY_LEVELS = {"L;2": 3, "L;4": 15}
"""Largest sample by raw mode: Pillow spreads the pixels to 0 … 255, but not the value that stands for transparent."""

_EIGHT_BITS = ((np.arange(65536, dtype=np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
"""By sample of 16 bits, the nearest of 8."""

_TO_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How to turn an image, by its orientation as EXIF counts."""
_ON_THEIR_SIDE = frozenset({5, 6, 7, 8})


class PixelAllowance:
    """The pixels that the images of one request may have together.

    Args:
        pixels: How many.
    """

    def __init__(self, pixels: int) -> None:
        self._allowed = pixels
        self._taken = 0

    def take(self, name: str, pixels: int) -> None:
        """Count an image that is about to be decoded.

        Raises:
            BadAttachment: When it would be more than are allowed; the message is for the client.
        """
        if self._taken + pixels > self._allowed:
            raise BadAttachment(
                f"{name} is {pixels} pixels, and the images before it {self._taken}; the limit for all images of a "
                f"request together is {self._allowed}. Attach fewer or smaller ones."
            )
        self._taken += pixels


@dataclass(frozen=True, slots=True)
class _Format:
    name: str
    strip: Callable[[bytes], Stripped]
    decoder: Callable[[io.BytesIO], ImageFile.ImageFile]


_PNG = _Format("PNG", strip_png, PngImageFile)
_JPEG = _Format("JPEG", strip_jpeg, JpegImageFile)
_WEBP = _Format("WebP", strip_webp, WebPImageFile)
"""Pillow's other decoders are out of reach of a hostile file."""


def open_picture(
    name: str,
    raw: bytes,
    *,
    max_pixels: int = MAX_PICTURE_PIXELS,
    max_bytes: int = MAX_PICTURE_BYTES,
    allowance: PixelAllowance | None = None,
) -> Image.Image:
    """Open an attached image.

    The format is detected from the content, not the name. Of an animation the first frame is used. Images with
    an RGB or CMYK colour profile are converted to sRGB. A CMYK image is assumed to have the inverted polarity that
    Adobe's programs write.

    Opening takes no more memory than four times its bytes, 24 bytes for each pixel that its
    header promises (none when it promises more than are accepted), and 32 MiB. A lossless WebP may take more for the
    tables of its codes, of which it can have up to 65,536 sets; 364 MB were measured for one of 1024x1024 pixels.

    Args:
        name: Name of the file, for messages.
        raw: Its content.
        max_pixels: Maximum number of pixels (width times height) it may have. No side has more than `MAX_SIDE`.
        max_bytes: Maximum number of bytes it may have.
        allowance: What it shares with the other images of its request; none when None.

    Returns:
        An upright image of mode RGB, or RGBA when it has transparency, 8 bits a channel. Of the metadata, only its
        pixels to an inch across and down are left, as `info["dpi"]`, where a PNG or a JFIF header says them, and how
        finely a JPEG file keeps it, as `info["quantization"]`, where its pixels are those of the file.

    Raises:
        BadAttachment: When it is not a PNG, JPEG or WebP image, damaged, incomplete, or too large.
    """
    opened, profile, resolution = _open(name, raw, max_pixels, max_bytes, allowance)
    quantization = None if profile else opened.info.get(KEY)
    mode = "RGBA" if opened.mode == "RGBA" else "RGB"
    opened = _to_srgb(opened, profile, mode) if profile else opened.convert(mode) if opened.mode != mode else opened
    opened.info.clear()
    if resolution is not None:
        opened.info["dpi"] = resolution
    if quantization is not None:
        opened.info[KEY] = quantization
    return opened


def open_mask(
    name: str,
    raw: bytes,
    *,
    max_pixels: int = MAX_PICTURE_PIXELS,
    max_bytes: int = MAX_PICTURE_BYTES,
    allowance: PixelAllowance | None = None,
    size: tuple[int, int] | None = None,
) -> Image.Image:
    """Open an attached mask: as `open_picture`, but in shades of grey, with transparent parts black.

    Args:
        name: Name of the file, for messages.
        raw: Its content.
        max_pixels: Maximum number of pixels (width times height) it may have. No side has more than `MAX_SIDE`.
        max_bytes: Maximum number of bytes it may have.
        allowance: What it shares with the other images of its request; none when None.
        size: Width and height that it must have once upright, in pixels; any when None.

    Returns:
        An image of mode L, 0 (black) to 255 (white), without metadata.

    Raises:
        BadAttachment: As `open_picture`, and when it has another size than `size`.
    """
    mask, *_ = _open(name, raw, max_pixels, max_bytes, allowance)
    if size is not None and mask.size != size:
        raise BadAttachment(
            f"{name} is {mask.width}x{mask.height}, but the input image is {size[0]}x{size[1]}."
            " Attach a mask of the same size."
        )
    mask = _to_grey(mask)
    mask.info.clear()
    return mask


def _open(
    name: str, raw: bytes, max_pixels: int, max_bytes: int, allowance: PixelAllowance | None
) -> tuple[Image.Image, bytes | None, tuple[float, float] | None]:
    """The image as RGB, RGBA or CMYK, upright, its colour profile, and its pixels to an inch across and down."""
    if len(raw) > max_bytes:
        raise BadAttachment(f"{name} is {len(raw)} bytes; the limit is {max_bytes}. Attach a smaller file.")
    form = _format(name, raw)
    try:
        file = form.strip(raw)
        _check_size(name, file, max_pixels, allowance)
        file.verify()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of harmless oddities
            picture, profile = _decoded(file, form)
    except (MemoryError, BadAttachment):
        raise
    except TooManyParts as error:
        raise BadAttachment(f"{name} has {error}. Save it again with another program, and attach that.") from None
    except Image.DecompressionBombError:
        raise BadAttachment(
            f"{name} is {file.width}x{file.height}, more than can be decoded. Attach a smaller image."
        ) from None
    except Exception as error:  # Pillow raises a dozen types on bad content
        reason = one_line(error, 100) or type(error).__name__
        raise BadAttachment(f"{name}: damaged or incomplete {form.name} image ({reason}). Attach it again.") from None
    resolution = file.resolution
    return picture, profile, resolution[::-1] if resolution and file.orientation in _ON_THEIR_SIDE else resolution


def _format(name: str, raw: bytes) -> _Format:
    if raw.startswith(signatures.PNG):
        return _PNG
    if raw.startswith(signatures.JPEG):
        return _JPEG
    if signatures.is_webp(raw):
        return _WEBP
    raise BadAttachment(f"{name}: {_appearance(raw)}. {_ACCEPTED}")


def _appearance(raw: bytes) -> str:
    if not raw:
        return "empty"
    if (known := signatures.describe(raw)) is not None:
        return f"{known}, which is not supported"
    try:
        raw.decode()
    except UnicodeDecodeError:
        return "not an image"
    return "text, not an image"


def _check_size(name: str, file: Stripped, max_pixels: int, allowance: PixelAllowance | None) -> None:
    size = f"{file.width}x{file.height}"
    pixels = file.width * file.height
    if pixels == 0:
        raise Damaged(f"it has {size} pixels")
    if pixels > max_pixels:
        raise BadAttachment(f"{name} is {size} pixels; the limit is {max_pixels}. Attach a smaller image.")
    if max(file.width, file.height) > MAX_SIDE:
        raise BadAttachment(
            f"{name} is {size} pixels; the limit per side is {MAX_SIDE}. Attach a part of it, or a smaller image."
        )
    if allowance is not None:
        allowance.take(name, pixels)


def _decoded(file: Stripped, form: _Format) -> tuple[Image.Image, bytes | None]:
    # What Pillow holds in addition to the pixels goes with the last reference to it, before the image is copied again.
    decoder = form.decoder(io.BytesIO(file.content))
    picture, profile = _plain(decoder, file)
    quantization = Quantization.of(decoder)
    if file.orientation in _TO_UPRIGHT:
        picture = picture.transpose(_TO_UPRIGHT[file.orientation])
    elif quantization is not None:
        picture.info[KEY] = quantization
    return picture, profile


def _plain(picture: ImageFile.ImageFile, file: Stripped) -> tuple[Image.Image, bytes | None]:
    """Decode to RGB, RGBA or CMYK with 8 bits a channel."""
    if picture.size != (file.width, file.height):
        raise Damaged("its headers give different sizes")
    profile = picture.info.get("icc_profile")
    if profile is not None and len(profile) > MAX_PROFILE_BYTES:
        profile = None
    raw_mode = picture.tile[0].args if picture.tile else None
    picture.load()
    transparent = picture.info.get("transparency")
    if picture.mode == "I;16":
        return _from_16_bits(picture, transparent), profile
    if raw_mode in _GREY_LEVELS and transparent is not None:
        picture.info["transparency"] = transparent * 255 // _GREY_LEVELS[raw_mode]
    if raw_mode == "RGB;16B" and transparent is not None:
        picture.info["transparency"] = tuple(value >> 8 for value in transparent)  # as Pillow reduced the pixels
    if picture.mode == "CMYK":
        return picture.copy(), profile
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB"), profile


def _from_16_bits(picture: Image.Image, transparent: int | None) -> Image.Image:
    samples = np.asarray(picture)
    grey = Image.fromarray(_EIGHT_BITS[samples])
    if transparent is None:
        return grey.convert("RGB")
    alpha = Image.fromarray(np.where(samples == transparent, np.uint8(0), np.uint8(255)))
    return Image.merge("RGBA", (grey, grey, grey, alpha))


def _to_grey(picture: Image.Image) -> Image.Image:
    if picture.mode == "CMYK":
        return picture.convert("RGB").convert("L")
    if picture.mode == "RGBA":
        return Image.composite(picture.convert("L"), Image.new("L", picture.size, 0), picture.getchannel("A"))
    return picture.convert("L")


def _to_srgb(picture: Image.Image, raw_profile: bytes, mode: str) -> Image.Image:
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(raw_profile))
        if profile.profile.xcolor_space.strip() != picture.mode.removesuffix("A"):
            return picture.convert(mode)
        converted = ImageCms.profileToProfile(picture, profile, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):  # an image is no worse for a damaged profile
        return picture.convert(mode)
    assert converted is not None  # in place only on request
    return converted
