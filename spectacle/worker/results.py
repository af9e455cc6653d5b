"""Making result files of what a generator returned: exact size, encoded, and telling how they were made."""

from __future__ import annotations

import dataclasses
import errno
import io
import json
import os
import re
import stat
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from spectacle import signatures
from spectacle.errors import GeneratorError, SpectacleError, one_line
from spectacle.generators.base import Artifact, MediaType
from spectacle.spool.naming import result_suffix
from spectacle.svg import Rasteriser, SvgLimits, clean_svg
from spectacle.svg.clean import SAME_ASPECT, SVG_NAMESPACE, escape_text

PNG_KEY = "spectacle"
"""Keyword of the PNG text chunk that holds the metadata as JSON."""
NAMESPACE = "urn:spectacle:1"
"""XML namespace of the `making` element in the `<metadata>` of an SVG result, which holds the same JSON."""

_CHUNK = struct.Struct(">I4s")
_OUR_CHUNK = PNG_KEY.encode() + b"\0" + b"\0\0" + b"\0" + b"\0"  # not compressed, no language, no translated keyword
_LIMITS = SvgLimits()
_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"  # the IPTC vocabulary "Digital Source Type"
_SOURCE_TYPES = {
    "composition": "algorithmicMedia",
    "edit": "compositeWithTrainedAlgorithmicMedia",
    "trace": "algorithmicallyEnhanced",
}
"""Terms of that vocabulary by the fact `engine`; whatever else makes a picture is a trained model."""
_MAX_TITLE = 80
_MAX_READ = 2**30
# Characters that JSON leaves as they are but that UTF-8 or XML 1.0 cannot hold, and the C1 controls.
_UNWRITABLE = re.compile("[\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Measured at 1024x1024 on one core of a shared server, with the zlib-ng of Pillow's wheels:
#   grainy photograph  level 1: 93 ms, 1915 KiB; level 6: 217 ms, 1668 KiB; run lengths: 75 ms, 1667 KiB
#   flat drawing       level 4: 25 ms,   96 KiB; level 6:  28 ms,   96 KiB; run lengths: 20 ms,  173 KiB
# About 50 ms of each photograph are PNG's choice of row filters.
_FOR_PHOTOGRAPHS: Mapping[str, Any] = {"compress_level": 1, "compress_type": zlib.Z_RLE}
_FOR_DRAWINGS: Mapping[str, Any] = {"compress_level": 4}
# What other image tools call the settings, and the names of ours, the first that is set counts.
_PARAMETERS = {
    "Steps": ("num_inference_steps", "steps"),
    "Sampler": ("sampler", "scheduler"),
    "CFG scale": ("true_cfg_scale", "guidance_scale"),
}


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a result was made, as its metadata records it.

    Attributes:
        prompt: The sanitised prompt.
        generator: Name of the generator.
        model: Name of the model.
        revision: Resolved revision of its weights, or None when it has none.
        preset: Preset of the generator, or None.
        kind: Kind of the request.
        seed: Seed of the job; an artifact's own seed takes its place.
        width: Width of the result in pixels.
        height: Height of the result in pixels.
        options: Options of the request as JSON.
        notes: What the client should know, such as that the prompt was shortened.
        request_digest: SHA-256 of the request's bytes, hexadecimal.
        version: Spectacle's version.
        facts: What is known beyond; an artifact's own facts are added and take precedence.
    """

    prompt: str
    generator: str
    model: str
    revision: str | None
    preset: str | None
    kind: str
    seed: int
    width: int
    height: int
    options: Mapping[str, Any]
    notes: tuple[str, ...]
    request_digest: str
    version: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResultFile:
    """One file of an answer.

    Attributes:
        suffix: What follows the stem in its name, such as `.png` or `-2.svg`.
        content: Its bytes.
    """

    suffix: str
    content: bytes


def finish(
    artifacts: Sequence[Artifact],
    provenance: Provenance,
    *,
    makes: MediaType,
    png_preview: bool,
    rasteriser: Rasteriser,
    limits: SvgLimits = _LIMITS,
) -> list[ResultFile]:
    """Make the files of an answer, the same bytes for the same input.

    Every picture gets exactly the size in `provenance`: one of another size but the same aspect ratio (within
    `SAME_ASPECT`) is resampled, any other is scaled to cover the size and its middle is cut out. The metadata says so
    under `fit`. A drawing is cleaned and framed by `clean_svg`, and rasterised where PNG is wanted.

    Args:
        artifacts: What the generator returned, best first.
        provenance: What the metadata tells.
        makes: The media type wanted.
        png_preview: Whether the first of the drawings gets a PNG beside it; without effect on pictures.
        rasteriser: Draws SVG.
        limits: Bounds of a drawing.

    Returns:
        The files in the order in which they should appear: further candidates, the preview, the primary result last.

    Raises:
        GeneratorError: There is no artifact, a picture where a drawing is wanted, or a drawing that is refused or
            cannot be rendered.
        SpectacleError: A drawing has to be rendered and libcairo is missing.
    """
    if not artifacts:
        raise GeneratorError(f"the generator {provenance.generator} returned no picture")
    files = []
    for candidate, artifact in reversed(list(enumerate(artifacts, 1))):
        record = dataclasses.replace(
            provenance,
            seed=provenance.seed if artifact.seed is None else artifact.seed,
            facts={**provenance.facts, **artifact.facts},
        )
        if isinstance(artifact.content, str):
            drawing = clean_svg(artifact.content, width=provenance.width, height=provenance.height, limits=limits)
            details = _details(record, candidate, fit="exact")
            if makes is MediaType.PNG or (png_preview and candidate == 1):
                picture = rasteriser.render(drawing, provenance.width, provenance.height)
                files.append(ResultFile(result_suffix(candidate, "png"), _encode_png(picture, details, _FOR_DRAWINGS)))
            if makes is MediaType.SVG:
                files.append(ResultFile(result_suffix(candidate, "svg"), _insert_metadata(drawing, details).encode()))
        elif makes is MediaType.SVG:
            raise GeneratorError(f"the generator {provenance.generator} returned a picture where a drawing was wanted")
        else:
            picture, fit = _fit(artifact.content, provenance.width, provenance.height)
            details = _details(record, candidate, fit=fit)
            files.append(ResultFile(result_suffix(candidate, "png"), _encode_png(picture, details, _FOR_PHOTOGRAPHS)))
    return files


def read_provenance(source: str | os.PathLike[str] | bytes) -> dict[str, Any]:
    """Read how a result was made from its metadata.

    Args:
        source: Path or content of a PNG or SVG result.

    Returns:
        The fields of `Provenance`, and `fit` and `candidate`.

    Raises:
        SpectacleError: The file cannot be read, or is not a result of Spectacle's that still has its metadata.
    """
    if isinstance(source, bytes):
        name, content = "the file", source
    else:
        name = os.fspath(source)
        try:
            content = _content(name)
        except OSError as error:
            raise SpectacleError(f"{name} cannot be read: {error.strerror}") from error
    text = _png_text(content) if content.startswith(signatures.PNG) else _svg_text(content)
    try:
        details = json.loads(text or "")
    except (ValueError, RecursionError):
        details = None
    if not isinstance(details, dict):
        raise SpectacleError(f"{name} does not tell how it was made: it holds no metadata of Spectacle's")
    return details


def _content(path: str) -> bytes:
    # Results may lie where others write: what is not a file, or never ends, must not be waited for.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not an ordinary file")
        if status.st_size > _MAX_READ:
            raise OSError(errno.EFBIG, f"{status.st_size} bytes are more than any result of Spectacle's has")
        return file.read(_MAX_READ)


def _details(provenance: Provenance, candidate: int, *, fit: str) -> dict[str, Any]:
    details = {item.name: getattr(provenance, item.name) for item in dataclasses.fields(provenance)}
    return {**details, "options": dict(provenance.options), "fit": fit, "candidate": candidate}


def _fit(picture: Image.Image, width: int, height: int) -> tuple[Image.Image, str]:
    """The picture in exactly `width` × `height`, and how it came to that."""
    if picture.size == (width, height):
        return picture, "exact"
    before = f"{picture.width}x{picture.height}"
    stretch = (width / height) / (picture.width / picture.height)
    if max(stretch, 1 / stretch) <= 1 + SAME_ASPECT:
        return picture.resize((width, height), Image.Resampling.LANCZOS), f"resampled from {before}"
    fitted = ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)
    if picture.width == width or picture.height == height:
        return fitted, f"cropped from {before}"
    return fitted, f"resampled and cropped from {before}"


def _encode_png(picture: Image.Image, details: Mapping[str, Any], compression: Mapping[str, Any]) -> bytes:
    transparent = picture.has_transparency_data
    if picture.mode not in {"RGB", "RGBA"}:
        picture = picture.convert("RGBA" if transparent else "RGB")
    if picture.mode == "RGBA" and picture.getchannel("A").getextrema() == (255, 255):
        picture = picture.convert("RGB")
    chunks = PngInfo()
    if title := _title(details["prompt"]):
        chunks.add_text("Title", title)
    chunks.add_text("Software", _software(details))
    chunks.add_text("parameters", _parameters(details))
    chunks.add_itxt(PNG_KEY, _json(details))
    chunks.add_itxt("XML:com.adobe.xmp", _xmp_packet(details))
    content = io.BytesIO()
    picture.save(content, "PNG", pnginfo=chunks, **compression)
    return content.getvalue()


def _insert_metadata(svg: str, details: Mapping[str, Any]) -> str:
    provenance = f'<s:making xmlns:s="{NAMESPACE}">{escape_text(_json(details))}</s:making>'
    metadata = f"<metadata>{provenance}{_xmp(details)}</metadata>"
    document = svg.rstrip()
    if document.endswith("/>"):  # the root itself is empty
        return f"{document[:-2]}>{metadata}</svg>"
    end = document.rindex("</")
    return document[:end] + metadata + document[end:]


def _json(details: Mapping[str, Any]) -> str:
    """`details` as JSON in characters that PNG and XML can hold; what is not JSON is told in words."""
    text = json.dumps(details, ensure_ascii=False, separators=(",", ":"), default=str)
    return _UNWRITABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _software(details: Mapping[str, Any]) -> str:
    return f"Spectacle {details['version']}"


def _title(prompt: str) -> str:
    line = _plain(one_line(prompt))
    return line if len(line) <= _MAX_TITLE else line[: _MAX_TITLE - 1] + "…"


def _parameters(details: Mapping[str, Any]) -> str:
    """The provenance as AUTOMATIC1111's web UI writes it, which most image tools read; only what is known."""
    known = {**details["options"], **details["facts"]}
    lines = [details["prompt"]]
    if known.get("negative_prompt"):
        lines.append(f"Negative prompt: {known['negative_prompt']}")
    values = {
        label: next((known[name] for name in names if name in known), None) for label, names in _PARAMETERS.items()
    }
    settings = {label: value for label, value in values.items() if value is not None} | {
        "Seed": details["seed"],
        "Size": f"{details['width']}x{details['height']}",
        "Model": details["model"],
        "Version": _software(details),
    }
    lines.append(", ".join(f"{label}: {_quoted(str(value))}" for label, value in settings.items()))
    return _plain("\n".join(lines))


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if re.search("[,:\n]", value) else value


def _plain(text: str) -> str:
    """`text` without what a PNG text chunk cannot hold."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _xmp(details: Mapping[str, Any]) -> str:
    """XMP that marks the result as made by a machine: by rules, by a model, or out of the client's picture."""
    source = _SOURCE_TYPE + _SOURCE_TYPES.get(details["facts"].get("engine"), "trainedAlgorithmicMedia")
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
        f"<xmp:CreatorTool>{escape_text(_software(details))}</xmp:CreatorTool>"
        f"<Iptc4xmpExt:DigitalSourceType>{source}</Iptc4xmpExt:DigitalSourceType>"
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    )


def _xmp_packet(details: Mapping[str, Any]) -> str:
    return f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>{_xmp(details)}<?xpacket end="r"?>'


def _png_text(content: bytes) -> str | None:
    """The text of our chunk, found without decoding the picture."""
    position = len(signatures.PNG)
    while position + _CHUNK.size <= len(content):
        length, name = _CHUNK.unpack_from(content, position)
        start = position + _CHUNK.size
        if name == b"iTXt" and content.startswith(_OUR_CHUNK, start):
            return content[start + len(_OUR_CHUNK) : start + length].decode(errors="replace")
        position = start + length + 4
    return None


def _svg_text(content: bytes) -> str | None:
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return None
    provenance = root.find(f"{{{SVG_NAMESPACE}}}metadata/{{{NAMESPACE}}}making")
    return provenance.text if provenance is not None else None
