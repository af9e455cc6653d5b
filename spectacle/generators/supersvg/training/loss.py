"""What the coarse network is trained to make small."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from spectacle.generators.supersvg.network.model import COORDINATES
from spectacle.generators.supersvg.raster.render import render
from spectacle.generators.supersvg.raster.shapes import PathSet

PATH_WEIGHT = 1e-5
"""What a visible path costs, as in the published training."""

_DILATION = 5
"""Pixels across by which the mask is dilated, beyond which nothing should be painted."""


@dataclass(frozen=True, slots=True)
class Loss:
    """The parts of the loss of a batch.

    Attributes:
        painted: Mean squared error inside the masks.
        outside: Share of what is outside the dilated masks that is covered by paths, visible or not.
        paths: Visible paths of a superpixel, in the mean.
        outside_weight: What `outside` is multiplied by.
    """

    painted: Tensor
    outside: Tensor
    paths: Tensor
    outside_weight: float

    @property
    def total(self) -> Tensor:
        """What the gradient is taken of."""
        return self.painted + self.outside_weight * self.outside + PATH_WEIGHT * self.paths


def outside_weight(epoch: int) -> float:
    """How much paint outside the superpixel counts in an epoch, from 0: less and less, as in the published training."""
    return max(0.05 - 0.005 * (epoch + 1), 0.01)


def compute_loss(strokes: Tensor, crops: Tensor, masks: Tensor, epoch: int, render_size: int) -> Loss:
    """Compare what the coarse network paints with what it saw.

    Args:
        strokes: (batch, paths, 28), as the network returns them.
        crops: (batch, 3, 224, 224).
        masks: (batch, 1, 224, 224), 0 or 1.
        epoch: Number of the epoch, from 0.
        render_size: Width and height in pixels at which they are compared.
    """
    strokes = strokes.float()
    size = (render_size, render_size)
    target = functional.interpolate(crops * masks, size, mode="bilinear", antialias=True)
    inside = (functional.interpolate(masks, size, mode="bilinear", antialias=True) > 0.5).to(target.dtype)
    beyond = 1 - functional.max_pool2d(inside, _DILATION, stride=1, padding=_DILATION // 2)

    sure = strokes[..., -1]
    visible = (sure > 0.5).to(sure.dtype) + sure - sure.detach()  # 0 or 1, with the gradient of the sigmoid
    points, colours = strokes[..., :COORDINATES], strokes[..., COORDINATES:-1]
    drawn = _drawn(points, colours, visible, render_size)
    covered = _drawn(points, torch.ones_like(colours), torch.ones_like(visible), render_size)[:, :1]
    return Loss(
        painted=((drawn - target) ** 2 * inside).sum() / (3 * inside.sum()).clamp_min(1),
        outside=(covered * beyond).sum() / beyond.sum().clamp_min(1),
        paths=visible.sum(dim=1).mean(),
        outside_weight=outside_weight(epoch),
    )


def _drawn(points: Tensor, colours: Tensor, opacities: Tensor, size: int) -> Tensor:
    """All renderings of a batch, side by side on one canvas and cut apart: (batch, 3, size, size)."""
    batch, paths, _ = points.shape
    columns = math.ceil(math.sqrt(batch))
    rows = math.ceil(batch / columns)
    number = torch.arange(batch, device=points.device)
    corners = torch.stack((number % columns, number // columns), dim=1).to(points.dtype)
    placed = (points.reshape(batch, paths, -1, 2) + corners[:, None, None]) * size
    drawing = PathSet.of_strokes(placed.flatten(0, 1), colours.flatten(0, 1), opacities.flatten(), fill_rule="evenodd")
    canvas = render(drawing, columns * size, rows * size)
    cells = canvas.reshape(rows, size, columns, size, 3).permute(0, 2, 4, 1, 3)
    return cells.reshape(rows * columns, 3, size, size)[:batch]
