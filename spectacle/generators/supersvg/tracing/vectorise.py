"""Turns any image into an SVG of filled paths, without weights."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch
from PIL import Image

from spectacle.generators.supersvg.raster.shapes import PathSet
from spectacle.generators.supersvg.tracing.areas import Areas
from spectacle.generators.supersvg.tracing.centerline import drawn_strokes, find_strokes, is_line_art
from spectacle.generators.supersvg.tracing.clip import clipped, on_grid
from spectacle.generators.supersvg.tracing.cutout import areas_of_ink, tile
from spectacle.generators.supersvg.tracing.deciding import Known, decide, icon_of_file
from spectacle.generators.supersvg.tracing.details import is_small
from spectacle.generators.supersvg.tracing.document import count_of, rounded, strokes_to_svg, to_svg
from spectacle.generators.supersvg.tracing.flat import find_areas
from spectacle.generators.supersvg.tracing.ink import Ink, evened_ink, find_ink, ink_at_full_size, is_line_drawing
from spectacle.generators.supersvg.tracing.jpeg import Compressed
from spectacle.generators.supersvg.tracing.lineart import thickness, trace_ink
from spectacle.generators.supersvg.tracing.logo import FINAL_RATE, MIN_AREA, MIN_TOLERANCE, background_of, trace_areas
from spectacle.generators.supersvg.tracing.metrics import Metrics, compare
from spectacle.generators.supersvg.tracing.palette import reduced_to
from spectacle.generators.supersvg.tracing.photo import complete, draw_photo
from spectacle.generators.supersvg.tracing.pixel_art import find_cells
from spectacle.generators.supersvg.tracing.quadratics import with_quadratics
from spectacle.generators.supersvg.tracing.recolour import with_outlines_of_file
from spectacle.generators.supersvg.tracing.refine import Budget, Optimiser, RefineProgress
from spectacle.generators.supersvg.tracing.settings import DETAILS, Mode, Vectorised, VectoriseSettings
from spectacle.generators.supersvg.tracing.shaded import may_fade, says_more
from spectacle.generators.supersvg.tracing.target import Target
from spectacle.generators.supersvg.tracing.untangle import untangled

_GRIDS = (0.05, 0.1, 0.2, 0.25, 0.5, 1, 2, 4, 5, 10, 20)
_SHAPE_TOLERANCE = 0.3
"""How far in pixels an outline may be off a circle or a rectangle to be one."""

_THIRDS, _EXACT = np.linspace(0, 1, 4, dtype=np.float32)[:, None], 1e-3
"""Where the points of a straight line are, and how far in pixels they may be off."""

_TIME_SHARE = 0.9
"""The share of the time limit after which the SVG is written down."""

_ILLUSTRATION_AREA = 40
_TRACED_SHARE = 0.3
_INK_RATE = 0.005
_TILED_COLOURS = 16
_FINE_STEP = 0.1
"""What coordinates are rounded to at most, in pixels, in icons and where there may be lines finer than a pixel."""

_PHOTO_STEP = 2
"""Photographs' outlines are rounded to steps of twice what they may be off: 1/6 fewer bytes, 3 % more error."""

_ROUNDINGS = 3
"""How often what crosses itself after rounding is taken apart and rounded again."""

_MIN_STROKE_TOLERANCE = 0.4
_THICK = 3.0
"""Strokes thinner than this, in pixels, are line art."""

_FEW_PARTS = 24
"""Icons out of JPEG that are ink on paper have no more parts; fine lines are in more, and are traced as ink."""

_HARDLY = 0.5
"""With more than this share of an empty page's error, an artwork is hardly better than one."""


def vectorise(
    picture: Image.Image,
    settings: VectoriseSettings,
    progress: RefineProgress,
    device: str = "cpu",
    check: Callable[[], None] = lambda: None,
) -> Vectorised:
    """Vectorize an image: find shapes, optimize them, and add more where the SVG is still wrong.

    Args:
        picture: Any size, any mode; transparency is kept.
        settings: How.
        progress: Called at every step; whatever it raises passes through.
        device: Where to compute, `cpu`, `cuda:1`, `xpu:0` or `mps:0`.
        check: Called now and then before the first step; whatever it raises passes through.
    """
    with _one_torch_thread():
        work = _Work(picture, settings, progress, device, check)
        if settings.centerline:
            return work.stroked()
        made = work.drawn(settings.mode)
        asked = work.sharpened or settings.ink or settings.tiled or settings.colours is not None or not settings.page
        return made if asked or made.metrics.mse <= _HARDLY * work.empty else work.instead(made)


def refine(
    paths: PathSet, picture: Image.Image, settings: VectoriseSettings, progress: RefineProgress, device: str = "cpu"
) -> Vectorised:
    """Optimize an SVG that exists already, and add paths where it is wrong until there are `max_paths`.

    Args:
        paths: The SVG, in pixels of `picture`, on any device.
        picture: What it shall look like.
        settings, progress, device: As for `vectorise`; `mode` does not matter.
    """
    with _one_torch_thread():
        work = _Work(picture, settings, progress, device)
        target = work.target
        paths = paths.scaled(target.width / target.full_width, target.height / target.full_height).to(device).detach()
        paths = complete(paths, target, work.optimiser, work.budget, work.most)
        return work.finished(paths, Mode.PHOTO, work.optimiser.background)


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
    """One image being vectorized."""

    def __init__(
        self,
        picture: Image.Image,
        settings: VectoriseSettings,
        progress: RefineProgress,
        device: str,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self.begun = time.monotonic()
        self.picture = picture
        self.settings = settings
        max_paths, num_iterations = DETAILS.get(settings.detail, (settings.max_paths, settings.num_iterations))
        deadline = None if settings.time_limit is None else self.begun + _TIME_SHARE * settings.time_limit
        self.target = Target.of(picture)
        self.file: Compressed | None = None
        """What is known of the pixels before they were compressed, once it matters."""
        pixels = self.target.tensor(device)
        transparent = self.target.transparent
        self.most = max_paths if transparent else max_paths - 1
        """Maximum number of paths on top of the background, which is one, too, where there is any."""
        background = pixels.new_zeros(4) if transparent else pixels.mean(dim=(0, 1))
        self.optimiser = Optimiser(pixels, background, opacities=transparent)
        self.budget = Budget(num_iterations, progress, deadline, check)
        self.sharpened = False
        """Whether the SVG has sharp squares where the image has soft ones, and is meant to differ from it."""

    @property
    def empty(self) -> float:
        """The mean squared error of an empty page."""
        page = self.target.on_white
        return (
            float(page.reshape(-1, 3).var(axis=0).mean())
            if not self.target.transparent
            else float(((1 - page) ** 2).mean())
        )

    def drawn(self, mode: Mode) -> Vectorised:
        """The drawing of a kind of image, or of the kind that it is found to be."""
        pixels, known = self.target.pixels, None
        if self.settings.ink:
            mode = Mode.LINEART
        if self.settings.colours is not None and not self.settings.ink:
            return self.traced(self._reduced(self.settings.colours), Mode.LOGO)
        if mode == Mode.PHOTO:
            return self.traced(self._reduced(_TILED_COLOURS), mode) if self.settings.tiled else self.photo()
        if mode != Mode.ILLUSTRATION and (cells := find_cells(pixels)) is not None:
            return self.traced(cells, Mode.LOGO)
        if mode != Mode.ILLUSTRATION and self.most > 0:
            ink = find_ink(pixels)
            icon = icon_of_file(self.picture, pixels) if mode == Mode.AUTO and not self.settings.tiled else None
            if icon is not None and icon.areas is not None and (ink is None or icon.parts <= _FEW_PARTS):
                self.file = icon.file
                return self.traced(icon.areas, icon.mode)
            if ink is not None and mode != Mode.LINEART and not self.settings.tiled and may_fade(pixels, ink):
                known = Known.of(self.picture, pixels)
                ink = None if says_more(known.areas, pixels, ink) else ink
            even = ink is None and mode == Mode.LINEART
            if even:
                ink = evened_ink(pixels)
            if ink is not None and self.settings.tiled:
                return self.traced(areas_of_ink(ink), mode if mode != Mode.AUTO else Mode.LOGO)
            traced = None if ink is None else self.inked(ink, mode, even=even)
            if traced is not None:
                return traced
        if mode == Mode.ILLUSTRATION:
            return self.traced(find_areas(pixels, overlays=not self.settings.tiled), mode)
        overlays = not self.settings.tiled
        decided = decide(self.picture, self.optimiser, pixels, mode, self.budget, overlays=overlays, known=known)
        self.file, self.sharpened = decided.file, decided.sharpened
        found, areas = decided.mode, decided.areas
        if found == Mode.PHOTO and self.settings.tiled:
            return self.traced(self._reduced(_TILED_COLOURS), found)
        return self.photo() if areas is None or found == Mode.PHOTO else self.traced(areas, found)

    def _reduced(self, colours: int | tuple[tuple[float, float, float], ...]) -> Areas:
        least = MIN_AREA if self.settings.min_area is None else self.settings.min_area
        return reduced_to(
            self.target.pixels, colours if isinstance(colours, int) else np.array(colours, np.float32), least
        )

    def stroked(self) -> Vectorised:
        """A drawing of strokes that run along the middles of all that is ink."""
        pixels = self.target.pixels
        found = find_ink(pixels)
        ink = found or evened_ink(pixels)
        tolerance = max(_MIN_STROKE_TOLERANCE, self.settings.simplify)
        strokes = [] if ink is None else find_strokes(ink, tolerance)
        target = self.target
        notes = list(target.notes)
        lines = ink is not None and (found is not None or is_line_drawing(ink))
        if not lines or not is_line_art(strokes, target.width, target.height):
            notes.append("the image is no line art: the strokes run along the middles of its dark parts")
        strokes = strokes[: self.most] if self.most else strokes[:1]
        scale = target.full_width / target.width
        grid = self._grid(scale)
        full = [stroke.scaled(scale, target.full_height / target.height) for stroke in strokes]
        colour, paper = (torch.from_numpy(side[:3]) for side in (ink.colour, ink.paper)) if ink else torch.zeros(2, 3)
        visible = self.settings.page and not target.transparent
        svg = strokes_to_svg(full, colour, target.full_width, target.full_height, grid, paper if visible else None)
        drawn = torch.from_numpy(drawn_strokes(strokes, target.width, target.height))[..., None]
        mse, psnr, ssim = compare((paper + drawn * (colour - paper)).numpy().clip(0, 1), target.on_white)
        duration = time.monotonic() - self.begun
        metrics = Metrics(count_of(svg), duration, mse, psnr, ssim, len(svg.encode()))
        return Vectorised(svg, metrics, Mode.LINEART, tuple(notes))

    def instead(self, made: Vectorised) -> Vectorised:
        """The best drawing of any kind in place of one that is hardly better than an empty page."""
        others = []
        for mode in (Mode.LOGO, Mode.PHOTO):
            self.budget = replace(self.budget, done=0)
            if mode != made.mode and self.budget.go_on():
                others.append(self.drawn(mode))
        best = min([made, *others], key=lambda drawing: drawing.metrics.mse)
        notes = list(best.notes)
        if best is not made:
            notes.append(
                f"as {made.mode.value}, hardly anything of the image was left, so that {best.mode.value} was tried"
            )
        if best.metrics.mse > _HARDLY * self.empty:
            notes.append("the SVG is hardly closer to the image than an empty page")
        return replace(best, notes=tuple(notes))

    def inked(self, ink: Ink, mode: Mode, *, even: bool) -> Vectorised | None:
        """A drawing of all that is ink, traced at the full size of the image."""
        target = self.target
        full = 1.0
        if target.reduced and not target.transparent and not even:
            at_full_size = ink_at_full_size(self.picture)
            if at_full_size is not None:
                ink, full = at_full_size, target.width / target.full_width
        tolerance = max(MIN_TOLERANCE, self.settings.simplify)
        traced = trace_ink(ink, tolerance, self.settings.min_area, self.budget.go_on)
        if traced is None or not len(traced.paths):
            return None
        found = mode if mode != Mode.AUTO else Mode.LINEART if thickness(traced) < _THICK else Mode.LOGO
        background = traced.background.to(self.optimiser.pixels.device)
        paths = traced.paths.to(background.device)
        if full == 1:
            optimiser = traced.optimiser(self.optimiser, 0.0 if ink.pure else _INK_RATE)
            return self.finished(optimiser.run(paths, self.budget, 1.0, FINAL_RATE), found, background)
        return self.finished(paths.scaled(full, target.height / target.full_height), found, background, full_size=True)

    def photo(self) -> Vectorised:
        paths = draw_photo(self.target, self.optimiser, self.budget, self.most)
        return self.finished(paths, Mode.PHOTO, self.optimiser.background)

    def traced(self, areas: Areas, mode: Mode) -> Vectorised:
        """An SVG of areas, and, if it is an illustration, of what is in them."""
        logo = mode == Mode.LOGO
        most = self.most if logo else (self.most + 1) // 2
        tolerance = max(MIN_TOLERANCE, self.settings.simplify)
        least: float = MIN_AREA if logo else _ILLUSTRATION_AREA
        least = min(least, self.target.width * self.target.height / 2)
        if self.settings.min_area is not None:
            least = self.settings.min_area
        if self.settings.tiled:
            _, below = background_of(areas)
            sizes = np.bincount(areas.labels.ravel(), minlength=len(areas.areas))
            kept = (sizes >= least) & ~(below & (not self.settings.page))
            paths = tile(areas, tolerance, kept, by_colour=self.settings.grouped)
            empty = self.optimiser.pixels.new_ones(3) if not self.target.transparent else self.optimiser.background
            return self.finished(paths.to(empty.device), mode, empty, page=False)
        traced = trace_areas(
            areas, most, least, tolerance, self.budget.go_on, page=self.settings.page, pixels=self.target.pixels
        )
        device = self.optimiser.pixels.device
        background = traced.background.to(device)
        optimiser = traced.optimiser(self.optimiser)
        paths = traced.paths.to(device)
        if self.file is not None and logo and not areas.cell:
            clean = torch.from_numpy(with_outlines_of_file(areas, self.file)).to(device)
            optimiser = replace(optimiser, pixels=clean)
        if not areas.cell:
            paths = optimiser.run(paths, self.budget, 1.0 if logo else _TRACED_SHARE, FINAL_RATE)
            paths = traced.settled(paths)
        left = self.most - len(paths)
        if not logo and left > 0:
            with torch.no_grad():
                drawn = optimiser.draw(paths)
            more = draw_photo(self.target, replace(self.optimiser, background=drawn), self.budget, left)
            paths = more.over(paths)
        fine = is_small(self.target.pixels) or any(area.fine for area in areas.areas)
        return self.finished(paths, mode, background, fine=fine)

    def _grid(self, scale: float, *, fine: bool = False, photo: bool = False) -> float:
        """What coordinates are rounded to: what outlines may be off, at the size of the image itself."""
        if self.settings.precision is not None:
            return float(10.0**-self.settings.precision)
        step = min(self.settings.simplify, _FINE_STEP if fine else math.inf) * (_PHOTO_STEP if photo else 1) * scale
        return max((grid for grid in _GRIDS if grid <= step), default=_GRIDS[0])

    def finished(
        self,
        paths: PathSet,
        mode: Mode,
        background: torch.Tensor,
        *,
        full_size: bool = False,
        page: bool = True,
        fine: bool = False,
    ) -> Vectorised:
        target = self.target
        scale_x, scale_y = target.full_width / target.width, target.full_height / target.height
        grid = self._grid(1.0 if full_size else max(scale_x, scale_y), fine=fine, photo=mode == Mode.PHOTO)
        size = target.full_width, target.full_height
        paths = paths.to("cpu").scaled(scale_x, scale_y)
        if not self.settings.tiled:
            paths = clipped(untangled(paths), *size)
        if self.settings.precision is None and paths.gradients is None and _is_of_pixels(paths):
            grid = max(grid, 1.0)
        for _ in range(0 if self.settings.tiled else _ROUNDINGS):
            paths = on_grid(rounded(paths, grid), *size, grid)
            paths = untangled(paths)
        paths = on_grid(rounded(paths, grid), *size, grid)
        if mode == Mode.PHOTO:
            paths = with_quadratics(paths, grid)
        visible = None if target.transparent or not (page and self.settings.page) else background
        shapes = max(_SHAPE_TOLERANCE * max(scale_x, scale_y), grid) if self.settings.shapes else None
        svg = to_svg(paths, *size, grid, visible, grouped=self.settings.grouped, shapes=shapes)
        with torch.no_grad():
            drawing = paths.scaled(1 / scale_x, 1 / scale_y).to(self.optimiser.pixels.device)
            pixels = replace(self.optimiser, background=background).draw(drawing).cpu().numpy()
        if target.transparent:
            pixels = pixels[..., :3] + (1 - pixels[..., 3:])
        mse, psnr, ssim = compare(pixels.clip(0, 1), target.on_white)
        metrics = Metrics(count_of(svg), time.monotonic() - self.begun, mse, psnr, ssim, len(svg.encode()))
        return Vectorised(svg, metrics, mode, () if full_size else target.notes)


def _is_of_pixels(paths: PathSet) -> bool:
    """Whether all outlines are straight lines between corners of pixels."""
    curves = paths.detach().curves().numpy()
    begin, end = curves[:, :1], curves[:, 3:]
    between = begin + (end - begin) * _THIRDS
    return bool((np.abs(curves - between) < _EXACT).all() and (np.abs(begin - begin.round()) < _EXACT).all())
