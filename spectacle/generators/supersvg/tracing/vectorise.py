"""Turns any picture into a drawing of filled paths, without weights."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from spectacle.generators.supersvg.raster.shapes import PathSet
from spectacle.generators.supersvg.tracing.areas import Areas
from spectacle.generators.supersvg.tracing.document import rounded, to_svg
from spectacle.generators.supersvg.tracing.flat import find_areas, smooth_share
from spectacle.generators.supersvg.tracing.logo import trace_areas
from spectacle.generators.supersvg.tracing.metrics import Metrics, compare
from spectacle.generators.supersvg.tracing.photo import complete, draw_photo
from spectacle.generators.supersvg.tracing.refine import Budget, Optimiser, RefineProgress
from spectacle.generators.supersvg.tracing.target import Target

MAX_PATHS = 10_000


class Mode(StrEnum):
    """What kind of picture it is."""

    AUTO = "auto"
    PHOTO = "photo"
    ILLUSTRATION = "illustration"
    LOGO = "logo"


class Detail(StrEnum):
    """How close the drawing shall be, for those who do not want to choose numbers."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    HIGHEST = "highest"


_GRIDS = (0.05, 0.1, 0.2, 0.25, 0.5, 1, 2, 4, 5, 10, 20)
_TIME_SHARE = 0.9
"""The share of the time limit after which the drawing is written down."""

_MIN_TOLERANCE = 0.35
"""Outlines fitted closer than this follow the steps of the pixels."""

_MIN_SMOOTH = 0.7
"""Of photographs less is smooth, but for skies; of drawings more, but for small ones in strongly compressed JPEG."""

_LOGO_ERROR = 0.001
_LOGO_AREAS = 400
_ILLUSTRATION_ERROR = 0.007
_ILLUSTRATION_SURE = 0.7
_LOGO_AREA = 6
_ILLUSTRATION_AREA = 40
_TRACED_SHARE = 0.3
_TRACED_POINT_RATE = 0.1
_TRACED_FINAL_RATE = 0.1

DETAILS: dict[Detail | None, tuple[int, int]] = {
    Detail.LOW: (64, 200),
    Detail.MEDIUM: (256, 300),
    Detail.HIGH: (1000, 400),
    Detail.HIGHEST: (4000, 500),
}
"""Most paths and steps of the optimiser for each detail."""


@dataclass(frozen=True, slots=True)
class VectoriseSettings:
    """How to vectorise.

    Attributes:
        max_paths: Most paths, 1 to `MAX_PATHS`.
        num_iterations: Steps of the optimiser, 0 or more; 0 gives the first shapes as they are found.
        detail: Sets `max_paths` and `num_iterations` in their place.
        mode: Kind of picture.
        simplify: By how many pixels an outline may be off to make the document smaller, 0 to 5.
        time_limit: Seconds of wall-clock time after which the best drawing so far is returned, or None.
    """

    max_paths: int = 256
    num_iterations: int = 300
    detail: Detail | None = None
    mode: Mode = Mode.AUTO
    simplify: float = 0.25
    time_limit: float | None = None


@dataclass(frozen=True, slots=True)
class Vectorised:
    """A finished drawing.

    Attributes:
        svg: The SVG document, as wide and as high as the picture.
        metrics: How close it came, how large it is and how long it took.
        mode: What the picture was taken for; never `auto`.
        notes: What the client should know, in clauses.
    """

    svg: str
    metrics: Metrics
    mode: Mode
    notes: tuple[str, ...] = ()


def vectorise(
    picture: Image.Image,
    settings: VectoriseSettings,
    progress: RefineProgress,
    device: str = "cpu",
    check: Callable[[], None] = lambda: None,
) -> Vectorised:
    """Vectorise a picture: find shapes, optimise them, and add more where the drawing is still wrong.

    Args:
        picture: Any size, any mode; transparency is kept.
        settings: How.
        progress: Called at every step; whatever it raises passes through.
        device: Where to compute, `cpu`, `cuda` or `cuda:1`.
        check: Called now and then before the first step; whatever it raises passes through.
    """
    with _one_torch_thread():
        work = _Work(picture, settings, progress, device, check)
        if settings.mode == Mode.PHOTO:
            return work.photo()
        if settings.mode == Mode.AUTO and smooth_share(work.target.pixels) < _MIN_SMOOTH:
            return work.photo()
        areas, mode = _areas(work.target.pixels, settings.mode)
        check()
        return work.photo() if mode == Mode.PHOTO else work.traced(areas, mode)


def refine(
    paths: PathSet, picture: Image.Image, settings: VectoriseSettings, progress: RefineProgress, device: str = "cpu"
) -> Vectorised:
    """Optimise a drawing that exists already, and add paths where it is wrong until there are `max_paths`.

    Args:
        paths: The drawing, in pixels of `picture`, on any device.
        picture: What it shall look like.
        settings, progress, device: As for `vectorise`; `mode` does not matter.
    """
    with _one_torch_thread():
        work = _Work(picture, settings, progress, device)
        target = work.target
        paths = paths.scaled(target.width / target.full_width, target.height / target.full_height).to(device).detach()
        paths = complete(paths, target, work.optimiser, work.budget, work.most)
        return work.finished(paths, Mode.PHOTO, work.optimiser.background)


def _areas(pixels: NDArray[np.float32], mode: Mode) -> tuple[Areas, Mode]:
    """The areas of a picture, and what kind of picture it is, if that is not said."""
    areas = find_areas(pixels)
    if mode != Mode.AUTO:
        return areas, mode
    if areas.error < _LOGO_ERROR and len(areas.areas) <= _LOGO_AREAS:
        return areas, Mode.LOGO
    drawn = areas.error < _ILLUSTRATION_ERROR and areas.sure > _ILLUSTRATION_SURE
    return areas, Mode.ILLUSTRATION if drawn else Mode.PHOTO


@contextmanager
def _one_torch_thread() -> Iterator[None]:
    """Keep torch to one thread: its many small steps lose more time by waiting for each other than they gain."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class _Work:
    """One picture being vectorised."""

    def __init__(
        self,
        picture: Image.Image,
        settings: VectoriseSettings,
        progress: RefineProgress,
        device: str,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self.begun = time.monotonic()
        self.settings = settings
        max_paths, num_iterations = DETAILS.get(settings.detail, (settings.max_paths, settings.num_iterations))
        deadline = None if settings.time_limit is None else self.begun + _TIME_SHARE * settings.time_limit
        self.target = Target.of(picture)
        pixels = self.target.tensor(device)
        transparent = self.target.transparent
        self.most = max_paths if transparent else max_paths - 1
        """Most paths on top of the background, which is one, too, where there is any."""
        background = pixels.new_zeros(4) if transparent else pixels.mean(dim=(0, 1))
        self.optimiser = Optimiser(pixels, background, opacities=transparent)
        self.budget = Budget(num_iterations, progress, deadline, check)

    def photo(self) -> Vectorised:
        paths = draw_photo(self.target, self.optimiser, self.budget, self.most)
        return self.finished(paths, Mode.PHOTO, self.optimiser.background)

    def traced(self, areas: Areas, mode: Mode) -> Vectorised:
        """A drawing of areas, and, if it is an illustration, of what is in them."""
        logo = mode == Mode.LOGO
        most = self.most if logo else (self.most + 1) // 2
        tolerance = max(_MIN_TOLERANCE, self.settings.simplify)
        least = _LOGO_AREA if logo else _ILLUSTRATION_AREA
        traced = trace_areas(areas, most, least, tolerance, self.budget.go_on)
        device = self.optimiser.pixels.device
        background = traced.background.to(device)
        optimiser = replace(
            self.optimiser,
            background=background,
            point_rate=_TRACED_POINT_RATE,
            colour_rate=0.0,
            straight=traced.straight.to(device),
        )
        paths = optimiser.run(traced.paths.to(device), self.budget, 1.0 if logo else _TRACED_SHARE, _TRACED_FINAL_RATE)
        left = self.most - len(paths)
        if not logo and left > 0:
            with torch.no_grad():
                drawn = optimiser.draw(paths)
            more = draw_photo(self.target, replace(self.optimiser, background=drawn), self.budget, left)
            paths = more.over(paths)
        return self.finished(paths, mode, background)

    def finished(self, paths: PathSet, mode: Mode, background: torch.Tensor) -> Vectorised:
        target = self.target
        scale_x, scale_y = target.full_width / target.width, target.full_height / target.height
        grid = _grid(self.settings.simplify, max(scale_x, scale_y))
        paths = rounded(paths.scaled(scale_x, scale_y), grid)
        visible = None if target.transparent else background
        svg = to_svg(paths, target.full_width, target.full_height, grid, visible)
        with torch.no_grad():
            drawing = paths.scaled(1 / scale_x, 1 / scale_y)
            pixels = replace(self.optimiser, background=background).draw(drawing).cpu().numpy()
        if target.transparent:
            pixels = pixels[..., :3] + (1 - pixels[..., 3:])
        mse, psnr, ssim = compare(pixels.clip(0, 1), target.on_white)
        count = len(paths) + (visible is not None)
        duration = time.monotonic() - self.begun
        return Vectorised(svg, Metrics(count, duration, mse, psnr, ssim, len(svg.encode())), mode, target.notes)


def _grid(simplify: float, scale: float) -> float:
    """What coordinates are rounded to: what outlines may be off, at the size of the picture itself."""
    return max((grid for grid in _GRIDS if grid <= simplify * scale), default=_GRIDS[0])
