"""SuperSVG as a generator: an attached image comes back as an SVG of filled paths."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, field_validator, model_validator

from spectacle.errors import BadOptions
from spectacle.generators.base import (
    Artifact,
    Device,
    Footprint,
    Generator,
    InputRequirements,
    Job,
    JobControl,
    MediaType,
    Resources,
    RunsOn,
)
from spectacle.generators.placement import backends
from spectacle.generators.placement.costs import GPU_ALLOWANCE
from spectacle.generators.supersvg.report import STEPS, Report
from spectacle.generators.svg_options import SvgOptions
from spectacle.weights import Source

if TYPE_CHECKING:
    from PIL import Image

    from spectacle.generators.supersvg.network.painter import Painter
    from spectacle.generators.supersvg.raster.shapes import PathSet
    from spectacle.generators.supersvg.tracing.settings import VectoriseSettings

NETWORK = "network"
"""The preset that begins with the published networks."""

PUBLISHED = Source(
    repo="JTUplayer/SuperSVG",
    files=("weights/coarse.pt", "weights/refine.pt"),
    licence="no licence stated: the authors reserve all rights",
    notice="Neither the code nor the weights of SuperSVG come with a licence: ask the authors before you use them for "
    "more than trying.",
)
"""The networks of Hu et al., "SuperSVG: Superpixel-based Scalable Vector Graphics Synthesis", CVPR 2024."""

WEIGHT_BYTES = 4 * (22_131_756 + 56_685_940)
"""Bytes of both published networks in memory, where they are in fp32."""
RAM = 2_000_000_000
"""Bytes of the host's memory at work: with its libraries, a process took 1.9 GB at most for 1000 paths of 2048x2048
pixels, measured on a CPU.
"""
VRAM = 4_300_000_000 + GPU_ALLOWANCE
"""Bytes of a GPU's memory at work: rendering as many pixels of paths as are held together took 4.2 GB with its
gradients, measured with the same operations on a CPU.
"""

PRESETS: dict[str, dict[str, Any]] = {
    "logo": {"mode": "logo"},
    "lineart": {"mode": "lineart"},
    "cutter": {"layout": "cutout", "group_by": "color", "background": "none", "colors": 8},
    "plotter": {"strokes": "centerline", "background": "none"},
    "photo": {"mode": "photo"},
    "pixel": {"mode": "logo", "num_iterations": 0, "simplify": 0.0},
}
"""What the option `preset` sets."""

Color = Annotated[str, Field(pattern=r"^#(?:[0-9a-fA-F]{3}){1,2}$")]

_MM_PER_INCH = 25.4
_OPAQUE = 0.5
_LAYERS = 2  # paths as large as the image: the optimizer's background, and the networks' ground on it
_PAINTING_STEPS = STEPS // 4  # for what the networks paint


class SuperSvg(Generator):
    """Vectorizes an image: with an optimizer that needs no weights, and with SuperSVG's networks where they are there.

    The SVG keeps the shape of the attached image, whatever size is asked for. The same image and options give
    the same SVG on the same machine, whatever the seed, unless `time_limit` ends the work.
    """

    name: ClassVar[str] = "supersvg"
    summary: ClassVar[str] = "Turns an attached image into an SVG; needs no weights, and can use SuperSVG's."
    licence: ClassVar[str] = f"own code, MIT; weights of the preset `{NETWORK}`: {PUBLISHED.licence}"
    needs: ClassVar[InputRequirements] = InputRequirements(prompt=False, min_pictures=1, max_pictures=1)
    makes: ClassVar[frozenset[MediaType]] = frozenset({MediaType.PNG, MediaType.SVG})
    runs_on: ClassVar[RunsOn] = RunsOn.GPU_OR_CPU
    presets: ClassVar[dict[str, str]] = {
        "optimiser": "finds shapes and optimizes them; the default, without weights",
        NETWORK: "begins with what SuperSVG's networks paint, and optimizes that",
    }
    extra: ClassVar[str | None] = "supersvg"
    packages: ClassVar[tuple[str, ...]] = ("torch", "skimage", "scipy", "numba")

    class Options(SvgOptions):
        """Settings of the vectorizer for one request."""

        max_paths: int = Field(256, ge=1, le=10_000, description="Maximum number of paths.")
        num_iterations: int = Field(
            300,
            ge=0,
            le=10_000,
            description="Steps of the optimizer; 0 keeps the initial shapes. More steps are closer to the image, and "
            "slower.",
        )
        detail: Literal["low", "medium", "high", "highest"] | None = Field(
            None, description="How close the SVG is to the image. Sets max_paths and num_iterations."
        )
        mode: Literal["auto", "photo", "illustration", "logo", "lineart"] = Field(
            "auto", description="What the image shows; auto decides by its content."
        )
        simplify: float = Field(
            0.25, ge=0, le=5, description="Maximum deviation of outlines in pixels, to make the file smaller."
        )
        time_limit: float | None = Field(
            None, gt=0, description="Seconds after which the best SVG so far is returned. Default: no limit."
        )
        preset: Literal["logo", "lineart", "cutter", "plotter", "photo", "pixel"] | None = Field(
            None,
            description="Sets other options to what suits a purpose; options that are given as well take precedence.",
        )
        colors: (
            Annotated[int, Field(ge=2, le=256)] | Annotated[list[Color], Field(min_length=2, max_length=256)] | None
        ) = Field(None, description="Maximum number of colours, or a list of the colours to use, such as `#1d4ed8`.")
        background: Literal["keep", "none"] = Field(
            "keep", description="Whether the SVG has a path as large as the image below the others."
        )
        ink: bool = Field(
            False, description="Vectorize the ink only: paper is removed, and uneven light on it is evened."
        )
        layout: Literal["stacked", "cutout"] = Field(
            "stacked",
            description="Whether paths lie above each other, or tile without overlap and share their borders.",
        )
        group_by: Literal["color"] | None = Field(
            None, description="Put paths of one colour into a group, or into one path with `layout=cutout`."
        )
        strokes: Literal["outline", "centerline"] = Field(
            "outline", description="Outlines to be filled, or strokes with widths along the middles of lines."
        )
        precision: int | None = Field(
            None, ge=0, le=4, description="Decimal places of coordinates. Default: what `simplify` allows."
        )
        min_area: float | None = Field(
            None, ge=0, le=1_000_000, description="Omit areas of fewer pixels. Default: depends on the kind of image."
        )
        shapes: Literal["paths", "primitives"] = Field(
            "paths", description="Whether circles, ellipses and rectangles are paths, too, or elements of their own."
        )
        units: Literal["px", "mm"] = Field("px", description="What the width and height of the SVG are given in.")
        dpi: float | None = Field(
            None,
            ge=1,
            le=20_000,
            description="Pixels of the image to an inch, for `units=mm`. Default: what the image says.",
        )
        priority: Literal["low", "normal", "high"] = Field(
            "normal", description="Accepted, without effect: requests are served in the order of the spool."
        )
        output_format: Literal["svg", "png", "jpeg", "webp", "avif"] | None = Field(  # type: ignore[assignment]
            "svg", description="Format of a preview, which is also written; `svg` for none."
        )

        @model_validator(mode="before")
        @classmethod
        def _by_preset(cls, given: Any) -> Any:
            preset = given.get("preset") if isinstance(given, dict) else None
            return {**PRESETS[preset], **given} if isinstance(preset, str) and preset in PRESETS else given

        @field_validator("colors", mode="wrap")
        @classmethod
        def _colors(cls, given: Any, check: ValidatorFunctionWrapHandler) -> Any:
            try:
                return check(given)
            except ValidationError:
                raise ValueError(
                    "must be a number from 2 to 256, or a list of 2 to 256 colours such as #1d4ed8; "
                    "for one colour on paper set ink"
                ) from None

    @classmethod
    def weights(cls, preset: str | None = None) -> Sequence[Source]:
        """The published networks for the preset `network`, otherwise nothing."""
        return (PUBLISHED,) if preset == NETWORK else ()

    @classmethod
    def plan(cls, preset: str | None, device: Device, resources: Resources) -> Sequence[str]:
        """That it computes on the CPU, where that is not what the device would suggest."""
        why = cls.why_on_cpu(device)
        return () if why is None else (f"Computes on the CPU, in fp64: {why}.",)

    @classmethod
    def why_on_cpu(cls, device: Device) -> str | None:
        """That a GPU lacks the float64 in which paths are rendered."""
        return backends.of(device.kind).lacks.get(backends.FLOAT64)

    @classmethod
    def required_memory(
        cls, preset: str | None, device: Device, resources: Resources, held: Footprint
    ) -> Footprint | None:
        """What the largest SVG was seen to take, and both networks for the preset `network`."""
        networks = WEIGHT_BYTES if preset == NETWORK else 0
        if _computing(device) == "cpu":
            return Footprint(ram=RAM + networks)
        return Footprint(VRAM + networks, RAM)

    @property
    def footprint(self) -> Footprint:
        """The networks that are loaded."""
        if self._painter is None:
            return Footprint()
        networks = self._painter.nbytes
        return Footprint(ram=networks) if self._device == "cpu" else Footprint(networks)

    @property
    def model(self) -> str:
        """What makes the first paths, for the metadata of results."""
        if self.preset != NETWORK:
            return "optimiser"
        return PUBLISHED.repo if self._revision is not None else "SuperSVG, own training"

    @property
    def revision(self) -> str | None:
        """Resolved revision of the published networks, or None without them."""
        return self._revision

    _painter: Painter | None = None
    _revision: str | None = None
    _device: str = "cpu"

    def load(self, device: Device) -> None:
        """Loads the networks for the preset `network`, and makes the rasterizer ready.

        In place of the published networks one of one's own is loaded, when the settings name the directory that
        `spectacle train` has written it to. A published `refine.pt` next to it is used; without one, the optimizer
        alone adds what is missing.

        Raises:
            WeightsMissing: When the networks are wanted and not on this machine.
            GeneratorError: When a checkpoint is damaged, or not what it should be; what is missing in it is named.
        """
        from PIL import Image

        from spectacle.generators.supersvg.tracing.settings import Mode, VectoriseSettings
        from spectacle.generators.supersvg.tracing.vectorise import vectorise

        self._device = _computing(device)
        if self.preset == NETWORK:
            self._painter = self._load_painter()
        # Compiles what has to be compiled, so that the first SVG comes as quickly as later ones.
        smallest = VectoriseSettings(max_paths=4, num_iterations=2, mode=Mode.PHOTO)
        picture = Image.radial_gradient("L").resize((32, 32)).convert("RGB")
        vectorise(picture, smallest, lambda step, steps, error: None, self._device)

    def _load_painter(self) -> Painter:
        import torch

        from spectacle.generators.supersvg.network.checkpoint import COARSE_FILE, REFINE_FILE, load_coarse, load_refine
        from spectacle.generators.supersvg.network.painter import Painter

        device = torch.device(self._device)
        own = self.resources.prepared_for(self.name, self.preset)
        if own is not None:
            refine = load_refine(own / REFINE_FILE).to(device) if (own / REFINE_FILE).exists() else None
            return Painter(load_coarse(own / COARSE_FILE).to(device), refine, device)
        located = self.locate(PUBLISHED, self.preset, self.resources)
        self._revision = located.revision
        folder = located.path / "weights"
        coarse, refine = load_coarse(folder / COARSE_FILE), load_refine(folder / REFINE_FILE)
        return Painter(coarse.to(device), refine.to(device), device)

    def generate(self, job: Job, control: JobControl) -> Sequence[Artifact]:
        """Vectorizes the attached image. Returns one SVG.

        Raises:
            BadOptions: When it is to be as large as on paper, and neither the options nor the image say how large.
        """
        from spectacle.generators.supersvg.tracing.vectorise import refine, vectorise

        began = time.monotonic()
        picture = job.pictures[0]
        settings = _settings(job)
        millimetres = _millimetres(job)
        report = Report(control, _PAINTING_STEPS if self._painter is not None else 0)
        painted = None if self._painter is None else _painted(self._painter, picture, settings.max_paths, report)
        if painted is None:
            drawing = vectorise(picture, settings, report.optimised, self._device, control.check)
        else:
            if settings.time_limit is not None:
                rest = max(settings.time_limit - (time.monotonic() - began), 0.0)
                settings = dataclasses.replace(settings, time_limit=rest)
            drawing = refine(painted, picture, settings, report.optimised, self._device)
        facts = {
            "engine": "trace" if painted is None else NETWORK,
            "mode": drawing.mode.value,
            **drawing.metrics.facts(),
            "duration_sec": round(time.monotonic() - began, 2),
            "errors": report.errors(),
        }
        if drawing.notes:
            facts["notes_on_picture"] = list(drawing.notes)
        return [Artifact(drawing.svg, facts, millimetres=millimetres)]

    def unload(self) -> None:
        """Frees the networks."""
        self._painter = None

    def memory_advice(self, job: Job) -> str:
        """What would fit."""
        return "Attach a smaller image, or lower the option max_paths"


def _computing(device: Device) -> str:
    """Where paths are drawn and fitted, by torch's name: on the CPU where a GPU lacks the float64 that this takes."""
    return device.torch_name if SuperSvg.why_on_cpu(device) is None else "cpu"


def _settings(job: Job) -> VectoriseSettings:
    from spectacle.generators.supersvg.tracing.settings import DETAILS, Detail, Mode, VectoriseSettings

    options = job.options
    assert isinstance(options, SuperSvg.Options)
    max_paths, num_iterations = options.max_paths, options.num_iterations
    if options.detail is not None:
        max_paths, num_iterations = DETAILS[Detail(options.detail)]
    return VectoriseSettings(
        max_paths=max_paths,
        num_iterations=num_iterations,
        mode=Mode(options.mode),
        simplify=options.simplify,
        time_limit=options.time_limit,
        colours=options.colors if not isinstance(options.colors, list) else tuple(map(_channels, options.colors)),
        page=options.background == "keep" and not options.ink,
        ink=options.ink,
        tiled=options.layout == "cutout",
        grouped=options.group_by == "color",
        centerline=options.strokes == "centerline",
        precision=options.precision,
        min_area=options.min_area,
        shapes=options.shapes == "primitives",
    )


def _millimetres(job: Job) -> tuple[float, float] | None:
    options = job.options
    assert isinstance(options, SuperSvg.Options)
    if options.units != "mm":
        return None
    picture = job.pictures[0]
    across, down = (options.dpi, options.dpi) if options.dpi is not None else picture.info.get("dpi", (None, None))
    if across is None:
        raise BadOptions(
            "units=mm: the image does not say how many pixels it has to an inch. Set dpi, such as 300 for a scan.",
            option="dpi",
        )
    return picture.width / across * _MM_PER_INCH, picture.height / down * _MM_PER_INCH


def _channels(colour: str) -> tuple[float, float, float]:
    digits = colour[1:] if len(colour) > len("#rgb") else "".join(2 * digit for digit in colour[1:])
    red, green, blue = (int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4))
    return red, green, blue


def _painted(painter: Painter, picture: Image.Image, max_paths: int, report: Report) -> PathSet | None:
    """What the networks paint, in pixels of the image; None where there is nothing to paint, or no path for it."""
    from spectacle.generators.supersvg.network.painter import ground
    from spectacle.generators.supersvg.tracing.target import Target

    target = Target.of(picture)
    if not target.transparent:
        max_paths -= _LAYERS
    opaque = target.pixels[..., 3] > _OPAQUE if target.transparent else None
    if max_paths < 1 or (opaque is not None and not opaque.any()):
        return None
    drawing = painter.paint(target.pixels[..., :3], max_paths, report.painted, opaque)
    if not target.transparent:
        drawing = drawing.over(ground(target.width, target.height).to(drawing.points.device))
    return drawing.scaled(target.full_width / target.width, target.full_height / target.height)
