"""Opens the pictures attached to a request, which may be anything, as plain upright 8-bit pictures without metadata."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Callable

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageFile, ImageOps
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from spectacle import signatures
from spectacle.errors import BadAttachment, one_line

MAX_PICTURE_BYTES = 64 * 2**20
"""Largest attached file, in bytes, unless the caller says otherwise."""

MAX_PICTURE_PIXELS = 64_000_000
"""Most pixels of an attached picture unless the caller says otherwise: a 64-megapixel photograph, 256 MB decoded."""

_MAX_PROFILE_BYTES = 4 * 2**20
"""Larger colour profiles are ignored. Those of printing presses, the largest, have up to about three million bytes."""

_MAX_JPEG_SCANS = 500
"""Progressive pictures have about ten scans. Each takes a pass over all pixels, though it may be a few bytes long."""

_ACCEPTED = "attach a PNG, JPEG or WebP picture"

_PNG_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"eXIf", b"IDAT", b"IEND"})
"""What matters to the first picture. Text, often large and sometimes a decompression bomb, is not even read."""

_GREY_LEVELS = {"L;2": 3, "L;4": 15}
"""Largest sample by raw mode: Pillow spreads the pixels to 0 … 255, but not the value that stands for transparent."""


def open_picture(
    name: str, raw: bytes, *, max_pixels: int = MAX_PICTURE_PIXELS, max_bytes: int = MAX_PICTURE_BYTES
) -> Image.Image:
    """Open an attached picture.

    The format is told from the content, not the name. Of an animated picture the first frame is taken. Pictures with
    an RGB or CMYK colour profile are converted to sRGB. A CMYK picture is taken to have the inverted polarity that
    Adobe's programs write.

    Args:
        name: Name of the file, for messages.
        raw: Its content.
        max_pixels: Most pixels (width times height) it may have.
        max_bytes: Most bytes it may have.

    Returns:
        An upright picture of mode RGB, or RGBA when it has transparency, 8 bits a channel, without metadata.

    Raises:
        BadAttachment: When it is not a PNG, JPEG or WebP picture, damaged, incomplete, or too large.
    """
    return _open(name, raw, max_pixels, max_bytes, _to_rgb)


def open_mask(
    name: str,
    raw: bytes,
    *,
    max_pixels: int = MAX_PICTURE_PIXELS,
    max_bytes: int = MAX_PICTURE_BYTES,
    size: tuple[int, int] | None = None,
) -> Image.Image:
    """Open an attached mask: as `open_picture`, but in shades of grey, with transparent parts black.

    Args:
        name: Name of the file, for messages.
        raw: Its content.
        max_pixels: Most pixels (width times height) it may have.
        max_bytes: Most bytes it may have.
        size: Width and height that it must have once upright, in pixels; any when None.

    Returns:
        A picture of mode L, 0 (black) to 255 (white), without metadata.

    Raises:
        BadAttachment: As `open_picture`, and when it has another size than `size`.
    """
    mask = _open(name, raw, max_pixels, max_bytes, _to_grey)
    if size is not None and mask.size != size:
        raise BadAttachment(
            f"{name} has {mask.width}x{mask.height} pixels, the picture it belongs to {size[0]}x{size[1]}:"
            " attach a mask of the same size"
        )
    return mask


def _open(
    name: str, raw: bytes, max_pixels: int, max_bytes: int, convert: Callable[[ImageFile.ImageFile], Image.Image]
) -> Image.Image:
    if len(raw) > max_bytes:
        raise BadAttachment(f"{name} has {len(raw)} bytes, at most {max_bytes} are read: attach a smaller file")
    form, decoder = _decoder(name, raw)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of harmless oddities in metadata
            picture = decoder()
            if picture.width * picture.height <= max_pixels:
                upright = _upright(convert(picture), _orientation(picture))
                upright.info.clear()
                return upright
    except MemoryError:
        raise
    except Image.DecompressionBombError:
        extent = "too many"
    except Exception as error:  # Pillow raises a dozen types on bad content
        reason = one_line(error, 100) or type(error).__name__
        raise BadAttachment(f"{name} is a damaged or incomplete {form} picture ({reason}): attach it again") from None
    else:
        extent = f"{picture.width}x{picture.height}"
    raise BadAttachment(f"{name} has {extent} pixels, at most {max_pixels} are accepted: attach a smaller picture")


def _decoder(name: str, raw: bytes) -> tuple[str, Callable[[], ImageFile.ImageFile]]:
    """The picture's format and what reads its header. Pillow's other decoders are out of reach of a hostile file."""
    if raw.startswith(signatures.PNG):
        return "PNG", lambda: PngImageFile(io.BytesIO(_without_metadata(raw)))
    if raw.startswith(signatures.JPEG):
        scans = raw.count(b"\xff\xda")
        if scans > _MAX_JPEG_SCANS:
            raise BadAttachment(f"{name} has {scans} scans, at most {_MAX_JPEG_SCANS} are decoded: save it again")
        return "JPEG", lambda: JpegImageFile(io.BytesIO(raw))
    if signatures.is_webp(raw):
        return "WebP", lambda: WebPImageFile(io.BytesIO(raw))
    raise BadAttachment(f"{name} {_appearance(raw)}: {_ACCEPTED}")


def _appearance(raw: bytes) -> str:
    if not raw:
        return "is empty"
    if (known := signatures.describe(raw)) is not None:
        return f"is {known}"
    try:
        raw.decode()
    except UnicodeDecodeError:
        return "is not a picture"
    return "is text, not a picture"


def _without_metadata(raw: bytes) -> bytes:
    kept = [signatures.PNG]
    position = len(signatures.PNG)
    while position + 8 <= len(raw):
        length, kind = struct.unpack_from(">I4s", raw, position)
        end = position + length + 12
        if kind in _PNG_CHUNKS:
            kept.append(raw[position:end])
        position = end
    return b"".join(kept)


def _orientation(picture: ImageFile.ImageFile) -> object:
    try:
        return picture.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # a picture is no worse for damaged metadata
        return None


def _upright(picture: Image.Image, orientation: object) -> Image.Image:
    """Turned as the EXIF orientation of the file it came from says."""
    picture.getexif()[ExifTags.Base.Orientation] = orientation
    return ImageOps.exif_transpose(picture)


def _to_grey(picture: ImageFile.ImageFile) -> Image.Image:
    plain = _plain(picture)
    if plain.mode == "CMYK":
        return plain.convert("RGB").convert("L")
    if plain.mode == "RGBA":
        return Image.composite(plain.convert("L"), Image.new("L", plain.size, 0), plain.getchannel("A"))
    return plain.convert("L")


def _to_rgb(picture: ImageFile.ImageFile) -> Image.Image:
    plain = _plain(picture)
    profile = picture.info.get("icc_profile")
    mode = "RGBA" if plain.mode == "RGBA" else "RGB"
    if profile and len(profile) <= _MAX_PROFILE_BYTES:
        return _to_srgb(plain, profile, mode)
    return plain.convert(mode)


def _plain(picture: ImageFile.ImageFile) -> Image.Image:
    """Decode to RGB, RGBA or CMYK with 8 bits a channel."""
    raw_mode = picture.tile[0].args if picture.tile else None
    picture.load()
    transparent = picture.info.get("transparency")
    if picture.mode == "I;16":
        return _from_16_bits(picture, transparent)
    if raw_mode in _GREY_LEVELS and transparent is not None:
        picture.info["transparency"] = transparent * 255 // _GREY_LEVELS[raw_mode]
    if raw_mode == "RGB;16B" and transparent is not None:
        picture.info["transparency"] = tuple(value >> 8 for value in transparent)  # as Pillow reduced the pixels
    if picture.mode == "CMYK":
        return picture.copy()
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def _from_16_bits(picture: Image.Image, transparent: int | None) -> Image.Image:
    samples = np.asarray(picture).astype(np.uint32)
    grey = Image.fromarray(((samples * 255 + 32767) // 65535).astype(np.uint8))
    if transparent is None:
        return grey.convert("RGB")
    alpha = Image.fromarray(np.where(samples == transparent, 0, 255).astype(np.uint8))
    return Image.merge("RGBA", (grey, grey, grey, alpha))


def _to_srgb(picture: Image.Image, raw_profile: bytes, mode: str) -> Image.Image:
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(raw_profile))
        if profile.profile.xcolor_space.strip() != picture.mode.removesuffix("A"):
            return picture.convert(mode)
        converted = ImageCms.profileToProfile(picture, profile, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError):  # a picture is no worse for a damaged profile
        return picture.convert(mode)
    assert converted is not None  # in place only on request
    return converted
