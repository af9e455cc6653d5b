"""Making result files of what a generator returned: exact size, encoded, and telling how they were made."""

from __future__ import annotations

import dataclasses
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from PIL import Image, ImageOps

from spectacle.errors import GeneratorError
from spectacle.generators.base import Artifact, GeneratorOptions, MediaType
from spectacle.spool.naming import PROCESSED_INPUT, result_suffix, thumbnail_suffix
from spectacle.svg import Rasteriser, SvgLimits, clean_svg
from spectacle.svg.clean import SAME_ASPECT, in_millimetres
from spectacle.worker.encoding import FOR_DRAWINGS, FOR_PHOTOGRAPHS, FORMATS, PNG, ImageFormat, encode
from spectacle.worker.mark import with_mark, with_mark_in_svg
from spectacle.worker.metadata import Metadata

_LIMITS = SvgLimits()
_WORDS = re.compile(r"<(title|desc)\b(?:[^>]*/>|.*?</\1\s*>)", re.DOTALL)
"""What an SVG says of itself for those who cannot see it: as much as the prompt."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a result was made, as its metadata records it.

    Attributes:
        prompt: The sanitized prompt.
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
        licence: Licence of the model or the artwork, or None when it is not known.
        facts: What is known beyond; an artifact's own facts are added and take precedence, its `notes` go to `notes`.
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
    licence: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


_FIELDS = tuple(item.name for item in dataclasses.fields(Provenance))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What files a request wants.

    Attributes:
        makes: The media type of the primary result.
        form: Format of images, and of the preview of an SVG.
        quality: Quality of images, 1 to 100; None for that of the format.
        preview: Whether the first of the SVGs gets an image next to it; without effect on images.
        previews: Whether each of the SVGs does.
        minimal: Whether the metadata leaves out what was asked for.
        thumbnail: Pixels of the longer side of thumbnails; None for none.
    """

    makes: MediaType = MediaType.PNG
    form: ImageFormat = PNG
    quality: int | None = None
    preview: bool = False
    minimal: bool = False
    thumbnail: int | None = None
    previews: bool = False

    @classmethod
    def by(cls, options: GeneratorOptions, makes: MediaType) -> Wanted:
        """What the options of a request ask for."""
        form = FORMATS.get(options.output_format or "")
        preview = options.png or form is not None
        minimal = options.metadata == "minimal"
        return cls(makes, form or PNG, options.quality, preview, minimal, options.thumbnail, options.previews)

    def image_of(self, candidate: int) -> bool:
        """Whether the artifact with this number, from 1, becomes an image, be it the result or a preview of it."""
        return self.makes is MediaType.PNG or self.previews or (self.preview and candidate == 1)


@dataclass(frozen=True, slots=True)
class ResultFile:
    """One file of a result.

    Attributes:
        suffix: What follows the stem in its name, such as `.png` or `-2.svg`.
        media_type: What they are.
        content: Its bytes.
        metadata: What it says of its making; None for what was not made, which is neither marked nor signed.
    """

    suffix: str
    media_type: str
    content: bytes
    metadata: Metadata | None = field(compare=False)


def finish(
    artifacts: Sequence[Artifact],
    provenance: Provenance,
    wanted: Wanted,
    *,
    rasteriser: Rasteriser,
    limits: SvgLimits = _LIMITS,
    encoded: Callable[[int], None] = lambda _number: None,
    mark: str | None = None,
) -> list[ResultFile]:
    """Make the files of a result, the same bytes for the same input.

    Every image gets exactly the size in `provenance`: one of another size but the same aspect ratio (within
    `SAME_ASPECT`) is resampled, any other is scaled to cover the size and its middle is cut out. The metadata says so
    under `fit`. An SVG is cleaned and framed by `clean_svg`, and rasterized where an image is wanted.

    Args:
        artifacts: What the generator returned, best first.
        provenance: What the metadata records.
        wanted: The files wanted.
        rasteriser: Renders SVG.
        limits: Bounds of an SVG.
        encoded: Called after each of the artifacts with how many are done.
        mark: Text that is put visibly into every file.

    Returns:
        The files in the order in which they should appear: the processed input, further candidates, of each the
        thumbnail, then the preview, then itself; the primary result last.

    Raises:
        GeneratorError: There is no artifact, an image where an SVG is wanted, or an SVG that is refused or
            cannot be rendered.
        SpectacleError: An SVG has to be rendered and libcairo is missing.
    """
    if not artifacts:
        raise GeneratorError(f"{provenance.generator}: returned no image. Report it to its authors.")
    files = list(_processed_input(artifacts[0]))
    common = {name: getattr(provenance, name) for name in _FIELDS} | {"options": dict(provenance.options)}
    for candidate, artifact in reversed(list(enumerate(artifacts, 1))):
        facts = {**provenance.facts, **artifact.facts}
        details = {
            **common,
            "seed": provenance.seed if artifact.seed is None else artifact.seed,
            "notes": (*provenance.notes, *facts.pop("notes", ())),
            "facts": facts,
        }
        files += _files_of(artifact, details, candidate, wanted, rasteriser, limits, mark)
        encoded(len(artifacts) - candidate + 1)
    return files


def _processed_input(artifact: Artifact) -> Iterator[ResultFile]:
    """What the model saw of the client's image. It is not machine-made, so it says nothing of a making."""
    if artifact.processed_input is not None:
        made = io.BytesIO()
        artifact.processed_input.save(made, "PNG")
        yield ResultFile(PROCESSED_INPUT, MediaType.PNG, made.getvalue(), None)


def _files_of(
    artifact: Artifact,
    details: dict[str, Any],
    candidate: int,
    wanted: Wanted,
    rasteriser: Rasteriser,
    limits: SvgLimits,
    mark: str | None,
) -> Iterator[ResultFile]:
    """The files of one artifact, the primary one last; what `details` say of it is completed."""
    width, height = details["width"], details["height"]
    content, form, drawing, picture, fit = artifact.content, wanted.form, None, None, "exact"
    if isinstance(content, str):
        drawing = clean_svg(content, width=width, height=height, limits=limits)
        if wanted.image_of(candidate) or wanted.thumbnail:
            picture = rasteriser.render(drawing, width, height)
    elif wanted.makes is MediaType.SVG:
        raise GeneratorError(
            f"{details['generator']}: returned an image where an SVG was requested. Report it to its authors."
        )
    else:
        picture, fit = _fit(content, width, height)
    details |= {"fit": fit, "candidate": candidate}
    if mark is not None:
        details["visible_mark"] = mark

    def marked(image: Image.Image) -> Image.Image:
        return image if mark is None else with_mark(image, mark)

    metadata = Metadata(details, minimal=wanted.minimal)
    png = FOR_PHOTOGRAPHS if drawing is None else FOR_DRAWINGS
    if picture is not None and wanted.thumbnail:
        small = picture.copy()
        small.thumbnail((wanted.thumbnail, wanted.thumbnail), Image.Resampling.LANCZOS)
        of_small = Metadata({**details, "width": small.width, "height": small.height}, minimal=True)
        yield ResultFile(
            thumbnail_suffix(candidate, form.extension),
            form.media_type,
            encode(marked(small), form, of_small, quality=wanted.quality, png=png),
            of_small,
        )
    if picture is not None and wanted.image_of(candidate):
        image = encode(marked(picture), form, metadata, quality=wanted.quality, png=png)
        yield ResultFile(result_suffix(candidate, form.extension), form.media_type, image, metadata)
    if drawing is not None and wanted.makes is MediaType.SVG:
        told = _WORDS.sub("", drawing) if wanted.minimal else drawing
        if mark is not None:
            told = with_mark_in_svg(told, mark)
        if artifact.millimetres is not None:
            told = in_millimetres(told, *artifact.millimetres)
        document = _insert_metadata(told, metadata).encode()
        yield ResultFile(result_suffix(candidate, "svg"), MediaType.SVG, document, metadata)


def _fit(picture: Image.Image, width: int, height: int) -> tuple[Image.Image, str]:
    """The image in exactly `width` × `height`, and how it came to that."""
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


def _insert_metadata(svg: str, metadata: Metadata) -> str:
    inside = f"<metadata>{metadata.making}{metadata.xmp()}</metadata>"
    document = svg.rstrip()
    if document.endswith("/>"):  # the root itself is empty
        return f"{document[:-2]}>{inside}</svg>"
    end = document.rindex("</")
    return document[:end] + inside + document[end:]
