"""The squared error of an SVG and all its derivatives, on the CPU: `render` without torch's autograd."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from spectacle.generators.supersvg.arrays import Floats
from spectacle.generators.supersvg.raster.coverage import find_runs
from spectacle.generators.supersvg.raster.flattening import (
    curves_backward,
    curves_of,
    flatten_curves,
    flatten_curves_backward,
)
from spectacle.generators.supersvg.raster.gradients import tables_of
from spectacle.generators.supersvg.raster.numba_kernels import Polygons, Wanted, paint, paint_backward
from spectacle.generators.supersvg.raster.render import FLATNESS, MAX_EDGES_PER_CURVE, MAX_WEIGHT, ramps_of
from spectacle.generators.supersvg.raster.shapes import PathSet


class SquaredError:
    """The sum of the squared differences of an image and paths whose numbers change, but not their structure."""

    def __init__(self, paths: PathSet, pixels: Tensor, background: Tensor, stiffness: float) -> None:
        """Prepare what stays the same.

        Args:
            paths: Those that are drawn; points, colours and opacities may change later.
            pixels: (height, width, 3 or 4), what they shall look like; with 4 the colours are multiplied by the fourth.
            background: (3 or 4,) or (height, width, 3 or 4), what they are painted on.
            stiffness: What the sum of the squared second differences of the points along the outlines weighs.
        """
        self.wanted = pixels.numpy().transpose(0, 2, 1).copy()  # in the order in which images are painted
        self.background = background.expand(pixels.shape).numpy()
        self.stiffness = stiffness
        self.successors, self.owners = paths.successors.numpy(), paths.curve_owners.numpy()
        self.ramps = ramps_of(paths).numpy()
        self.tables, self.chosen = tables_of(paths.gradients, len(paths))
        self.even_odd = paths.fill_rule == "evenodd"

    def backward(self, points: Tensor, colours: Tensor, end_colours: Tensor | None, opacities: Tensor) -> float:
        """The sum; the derivatives of it and of the bends become the gradients of those tensors that require one."""
        corners = points.detach().numpy()
        curves = curves_of(corners, self.successors)
        edges, starts, counts = flatten_curves(curves, self.owners, len(opacities), FLATNESS, MAX_EDGES_PER_CURVE)
        begins = self._tints(colours)
        polygons = Polygons(
            edges,
            starts,
            begins,
            begins if end_colours is None else self._tints(end_colours),
            self.ramps,
            self.tables,
            self.chosen,
            opacities.detach().numpy(),
            self.even_odd,
            MAX_WEIGHT if opacities.requires_grad else 1.0,
        )
        height, _, width = self.wanted.shape
        runs = find_runs(edges, starts, height, width, even_odd=self.even_odd)
        canvas = paint(polygons, runs, self.background)
        off = canvas.transpose(0, 2, 1) - self.wanted
        flat = off.reshape(-1)
        error = float(flat @ flat)
        off *= 2
        wanted = Wanted(points.requires_grad, colours.requires_grad, opacities.requires_grad)
        gradients = paint_backward(polygons, runs, canvas, off.transpose(0, 2, 1), wanted)
        of_curves = flatten_curves_backward(gradients.edges, counts)
        points.grad = torch.from_numpy(curves_backward(corners, self.successors, of_curves, self.stiffness))
        tints = gradients.colours if end_colours is not None else gradients.colours + gradients.end_colours
        for leaf, gradient in ((colours, tints), (end_colours, gradients.end_colours)):
            if leaf is not None and leaf.requires_grad:
                leaf.grad = torch.from_numpy(np.ascontiguousarray(gradient[:, : leaf.shape[1]]))
        if opacities.requires_grad:
            opacities.grad = torch.from_numpy(gradients.opacities)
        return error

    def _tints(self, colours: Tensor) -> Floats:
        """The colours with as many channels as the image has."""
        tints = colours.detach().numpy()
        if self.wanted.shape[1] == 3:
            return tints
        return np.concatenate([tints, np.ones_like(tints[:, :1])], axis=1)
