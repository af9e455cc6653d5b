"""A differentiable rasterizer for filled paths of cubic Bézier curves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spectacle.generators.supersvg.raster.gradients import tables_of
from spectacle.generators.supersvg.raster.shapes import PathSet
from spectacle.generators.supersvg.raster.torch_kernels import paint

FLATNESS = 0.1
"""Largest distance in pixels of a curve from the polygon that is rendered for it."""

MAX_EDGES_PER_CURVE = 64

MAX_WEIGHT = 1 - 1 / 4096
"""Largest weight of a layer where the derivative of the opacity is wanted: something must shine through to have one."""


def render(paths: PathSet, width: int, height: int, background: Tensor | None = None, *, alpha: bool = False) -> Tensor:
    """Render paths in painter's order with anti-aliasing.

    Differentiable with respect to the paths' points, colours and opacities. Every pixel is covered by the exact area
    of the path in it (edges of the same path that cross inside a pixel aside). Memory is in proportion to the pixels
    and to the length of the outlines, not to paths × pixels.

    Args:
        paths: What to render, in pixels: the upper left pixel spans 0 to 1 in both directions.
        width: Width in pixels.
        height: Height in pixels.
        background: (C,) one colour, or (height, width, C); black if omitted.
        alpha: Render a fourth channel, the opacity of the result, with the colours multiplied by it; the background is
            then transparent unless it is given with four channels.

    Returns:
        (height, width, 3), or 4 with `alpha`, on the device of the paths.
    """
    colours = paths.colours
    end_colours = colours if paths.end_colours is None else paths.end_colours
    if alpha:
        solid = torch.ones_like(colours[:, :1])
        colours, end_colours = torch.cat([colours, solid], dim=1), torch.cat([end_colours, solid], dim=1)
    canvas = colours.new_zeros(1) if background is None else background.to(colours)
    canvas = canvas.expand(height, width, colours.shape[1])
    if not len(paths):
        return canvas
    max_weight = MAX_WEIGHT if paths.opacities.requires_grad else 1.0
    ramps = ramps_of(paths)
    tables, chosen = (torch.from_numpy(part) for part in tables_of(paths.gradients, len(paths)))
    even_odd = paths.fill_rule == "evenodd"
    if canvas.device.type == "cpu":
        owners = paths.curve_owners
        drawn: Tensor = _OnCpu.apply(
            *(paths.curves(), colours, end_colours, paths.opacities, canvas),
            *(owners, ramps, tables, chosen, even_odd, max_weight),
        )
        return drawn
    edges, starts = flatten(paths)
    tables, chosen = tables.to(canvas.device), chosen.to(canvas.device)
    return paint(
        *(edges, starts, colours, end_colours, ramps, tables, chosen, paths.opacities, canvas),
        even_odd=even_odd,
        max_weight=max_weight,
    )


def visible_areas(paths: PathSet, width: int, height: int) -> Tensor:
    """(P,) how many pixels of each path can be seen, those above it and its opacity taken into account."""
    if not len(paths):
        return paths.opacities.detach()
    shown = replace(
        paths.detach(),
        colours=torch.ones_like(paths.colours).requires_grad_(),
        end_colours=None,
        axes=None,
        gradients=None,
    )
    (areas,) = torch.autograd.grad(render(shown, width, height).sum(), shown.colours)
    return areas[:, 0]


def uppermost(paths: PathSet, width: int, height: int) -> NDArray[np.int64]:
    """(height, width): the number of the path that is seen at each pixel, more than any other; -1 for none."""
    from spectacle.generators.supersvg.raster.coverage import cover

    edges, starts = flatten(paths.to("cpu").detach())
    opacities = _array(paths.opacities.cpu())
    return cover(_array(edges), starts.numpy(), opacities, height, width, even_odd=paths.fill_rule == "evenodd")


def ramps_of(paths: PathSet) -> Tensor:
    """(P, 9) for each path what `Gradient.ramp` says: how far its gradient has come at a point."""
    ramps = paths.colours.new_zeros(len(paths), 9)
    if paths.axes is not None:
        start, end = paths.axes[:, :2], paths.axes[:, 2:]
        direction = (end - start) / (end - start).square().sum(dim=1, keepdim=True).clamp(min=1e-6)
        ramps[:, :3] = torch.cat([-(start * direction).sum(dim=1, keepdim=True), direction], dim=1)
    for number, gradient in enumerate(paths.gradients or ()):
        if gradient is not None:
            ramps[number] = torch.from_numpy(gradient.ramp).to(ramps)
    return ramps


def flatten(paths: PathSet) -> tuple[Tensor, Tensor]:
    """Polygons in place of the curves.

    Returns:
        (E, 4) start and end of every edge, and (P + 1,) the first edge of each path and, last, E.
    """
    curves = paths.curves()
    with torch.no_grad():
        bends = (curves[:, :-2] - 2 * curves[:, 1:-1] + curves[:, 2:]).norm(dim=-1).amax(dim=1)
        counts = (bends * (0.75 / FLATNESS)).sqrt().ceil().clamp(1, MAX_EDGES_PER_CURVE).long()  # Wang's formula
        curve = torch.arange(len(counts), device=counts.device).repeat_interleave(counts)
        firsts = counts.cumsum(0) - counts
        step = torch.arange(len(curve), device=counts.device) - firsts[curve]
        weights = _bernstein(step / counts[curve])
        following = torch.arange(1, len(curve) + 1, device=counts.device)
        last = firsts + counts - 1
        following[last] = firsts[paths.successors]
        per_path = torch.zeros(len(paths), dtype=torch.int64, device=counts.device)
        per_path.index_add_(0, paths.curve_owners, counts)
        starts = torch.cat([per_path.new_zeros(1), per_path.cumsum(0)])
    corners = (curves[curve] * weights[:, :, None]).sum(dim=1)
    return torch.cat([corners, corners[following]], dim=1), starts


def _bernstein(position: Tensor) -> Tensor:
    rest = 1 - position
    return torch.stack([rest**3, 3 * rest**2 * position, 3 * rest * position**2, position**3], dim=1)


class _OnCpu(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        curves: Tensor,
        colours: Tensor,
        end_colours: Tensor,
        opacities: Tensor,
        background: Tensor,
        owners: Tensor,
        ramps: Tensor,
        tables: Tensor,
        chosen: Tensor,
        even_odd: bool,
        max_weight: float,
    ) -> Tensor:
        from spectacle.generators.supersvg.raster.coverage import find_runs
        from spectacle.generators.supersvg.raster.flattening import flatten_curves
        from spectacle.generators.supersvg.raster.numba_kernels import Polygons, paint

        edges, starts, ctx.counts = flatten_curves(
            _array(curves), owners.numpy(), len(opacities), FLATNESS, MAX_EDGES_PER_CURVE
        )
        ctx.polygons = Polygons(
            edges,
            starts,
            _array(colours),
            _array(end_colours),
            _array(ramps),
            _array(tables),
            chosen.numpy(),
            _array(opacities),
            even_odd,
            max_weight,
        )
        height, width, _ = background.shape
        ctx.runs = find_runs(edges, starts, height, width, even_odd=even_odd)
        ctx.canvas = paint(ctx.polygons, ctx.runs, background.numpy())
        return torch.from_numpy(ctx.canvas)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        from spectacle.generators.supersvg.raster.flattening import flatten_curves_backward
        from spectacle.generators.supersvg.raster.numba_kernels import Wanted, paint_backward

        outlines, begins, ends, opacities = ctx.needs_input_grad[:4]
        wanted = Wanted(outlines, begins or ends, opacities)
        gradients = paint_backward(ctx.polygons, ctx.runs, ctx.canvas, slope.numpy(), wanted)
        of_curves = torch.from_numpy(flatten_curves_backward(gradients.edges, ctx.counts)) if outlines else None
        others = (gradients.colours, gradients.end_colours, gradients.opacities)
        return of_curves, *(torch.from_numpy(gradient) for gradient in others), *(None,) * 7


def _array(tensor: Tensor) -> NDArray[np.float32]:
    return np.ascontiguousarray(tensor.detach().numpy(), np.float32)
