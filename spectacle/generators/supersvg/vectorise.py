"""Turns any picture into a drawing of filled paths, without weights."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import torch
from PIL import Image

from spectacle.generators.supersvg.document import rounded, to_svg
from spectacle.generators.supersvg.metrics import Metrics, compare
from spectacle.generators.supersvg.photo import complete, draw_photo
from spectacle.generators.supersvg.refine import Budget, Optimiser, Progress
from spectacle.generators.supersvg.shapes import PathSet
from spectacle.generators.supersvg.target import Target

MOST_PATHS = 10_000


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
        max_paths: Most paths, 1 to `MOST_PATHS`.
        num_iterations: Steps of the optimiser, 0 or more; 0 gives the first shapes as they are found.
        detail: Sets `max_paths` and `num_iterations` in their place.
        mode: Kind of picture.
        simplify: By how many pixels an outline may be off to make the document smaller, 0 to 5.
        time_limit: Seconds of wall-clock time after which the best drawing so far is returned, or None.
        seed: Seed of the random numbers; the same seed gives the same drawing.
    """

    max_paths: int = 256
    num_iterations: int = 300
    detail: Detail | None = None
    mode: Mode = Mode.AUTO
    simplify: float = 0.25
    time_limit: float | None = None
    seed: int = 0


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


def vectorise(picture: Image.Image, settings: VectoriseSettings, progress: Progress, device: str = "cpu") -> Vectorised:
    """Vectorise a picture: find shapes, optimise them, and add more where the drawing is still wrong.

    Args:
        picture: Any size, any mode; transparency is kept.
        settings: How.
        progress: Called at every step; whatever it raises passes through.
        device: Where to compute, `cpu`, `cuda` or `cuda:1`.
    """
    with _one_torch_thread():
        work = _Work(picture, settings, progress, device)
        random = np.random.default_rng(settings.seed)
        paths = draw_photo(work.target, work.optimiser, work.budget, work.max_paths, random)
        return work.finished(paths, Mode.PHOTO)


def refine(
    paths: PathSet, picture: Image.Image, settings: VectoriseSettings, progress: Progress, device: str = "cpu"
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
        random = np.random.default_rng(settings.seed)
        paths = complete(paths, target, work.optimiser, work.budget, work.max_paths, random)
        return work.finished(paths, Mode.PHOTO)


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

    def __init__(self, picture: Image.Image, settings: VectoriseSettings, progress: Progress, device: str) -> None:
        self.begun = time.monotonic()
        self.settings = settings
        self.max_paths, num_iterations = DETAILS.get(settings.detail, (settings.max_paths, settings.num_iterations))
        deadline = None if settings.time_limit is None else self.begun + settings.time_limit
        self.target = Target.of(picture)
        if not self.target.transparent:
            self.max_paths -= 1  # the background is one
        pixels = self.target.tensor(device)
        self.optimiser = Optimiser(
            pixels,
            pixels.new_zeros(4) if self.target.transparent else pixels.mean(dim=(0, 1)),
            opacities=self.target.transparent,
            apart=not self.target.transparent,
        )
        self.budget = Budget(num_iterations, progress, deadline)

    def finished(self, paths: PathSet, mode: Mode) -> Vectorised:
        target = self.target
        grid = max(self.settings.simplify, 0.05)
        paths = rounded(paths.oriented(), grid)
        background = None if target.transparent else self.optimiser.background
        svg = to_svg(
            paths.scaled(target.full_width / target.width, target.full_height / target.height),
            target.full_width,
            target.full_height,
            grid,
            background,
        )
        with torch.no_grad():
            pixels = replace(self.optimiser, apart=False).draw(paths).cpu().numpy()
        if target.transparent:
            pixels = pixels[..., :3] + (1 - pixels[..., 3:])
        mse, psnr, ssim = compare(pixels.clip(0, 1), target.on_white)
        count = len(paths) + (background is not None)
        duration = time.monotonic() - self.begun
        return Vectorised(svg, Metrics(count, duration, mse, psnr, ssim, len(svg.encode())), mode, target.notes)
