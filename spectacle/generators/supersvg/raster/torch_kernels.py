"""The rasterizer in plain torch operations, for GPUs: the same areas as on the CPU, differentiated by autograd."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

MAX_FRAGMENTS = 2**24
"""How many pixels of path boxes are held together; the rows are rendered in bands that have about as many."""

_VISIBLE = 1e-6
_MAX_WEIGHT = 1 - 2**-20
_THINNEST = 1e-6


def paint(
    edges: Tensor,
    starts: Tensor,
    colours: Tensor,
    end_colours: Tensor,
    ramps: Tensor,
    tables: Tensor,
    chosen: Tensor,
    opacities: Tensor,
    background: Tensor,
    *,
    even_odd: bool,
    max_weight: float,
) -> Tensor:
    """Render polygons over a background; the arguments are those of `numba_kernels.paint`, as tensors."""
    height, width, _ = background.shape
    owners = torch.arange(len(starts) - 1, device=edges.device).repeat_interleave(starts.diff())
    boxes = _boxes(edges.detach(), owners, len(opacities), width, height)
    bands = []
    for top, bottom in pairwise(_band_limits(boxes, height)):
        arguments = (
            *(edges, owners, boxes, colours, end_colours, ramps, tables, chosen, opacities),
            *(background[top:bottom], top, bottom, even_odd, max_weight),
        )
        if torch.is_grad_enabled():
            bands.append(checkpoint(_paint_band, *arguments, use_reentrant=False))
        else:
            bands.append(_paint_band(*arguments))
    return torch.cat(bands)


def _boxes(edges: Tensor, owners: Tensor, count: int, width: int, height: int) -> Tensor:
    """(P, 4) left, right, top and bottom of each path in whole pixels inside the image; int64."""
    index = owners[:, None].expand(-1, 2)
    low = edges.new_full((count, 2), torch.inf).scatter_reduce(0, index, edges[:, :2], "amin")
    high = edges.new_full((count, 2), -torch.inf).scatter_reduce(0, index, edges[:, :2], "amax")
    limit = edges.new_tensor([width, height])
    low = torch.minimum(low.floor().clamp(min=0), limit).long()
    high = torch.minimum(high.ceil().clamp(min=0), limit).long()
    return torch.stack([low[:, 0], high[:, 0], low[:, 1], high[:, 1]], dim=1)


def _band_limits(boxes: Tensor, height: int) -> list[int]:
    widths = boxes[:, 1] - boxes[:, 0]
    changes = torch.zeros(height + 1, dtype=torch.int64, device=boxes.device)
    changes.index_add_(0, boxes[:, 2], widths)
    changes.index_add_(0, boxes[:, 3], -widths)
    limits = [0]
    held = 0
    for row, fragments in enumerate(changes.cumsum(0)[:height].tolist()):
        if held and held + fragments > MAX_FRAGMENTS:
            limits.append(row)
            held = 0
        held += fragments
    return [*limits, height]


def _paint_band(
    edges: Tensor,
    owners: Tensor,
    boxes: Tensor,
    colours: Tensor,
    end_colours: Tensor,
    ramps: Tensor,
    tables: Tensor,
    chosen: Tensor,
    opacities: Tensor,
    background: Tensor,
    top: int,
    bottom: int,
    even_odd: bool,
    max_weight: float,
) -> Tensor:
    rows, width, channels = background.shape
    left, right = boxes[:, 0], boxes[:, 1]
    upper, lower = boxes[:, 2].clamp(top, bottom), boxes[:, 3].clamp(top, bottom)
    columns = (right - left).clamp(min=0)
    sizes = columns * (lower - upper).clamp(min=0)
    bases = sizes.cumsum(0) - sizes
    total = int(sizes.sum())
    if total == 0:
        return background
    steps = _steps(edges, owners, left, upper, lower, columns, bases, total, top, bottom)

    path = torch.arange(len(sizes), device=edges.device).repeat_interleave(sizes)
    place = torch.arange(total, device=edges.device) - bases[path]
    row, column = place.div(columns[path], rounding_mode="floor"), place % columns[path]
    sums = steps.double().cumsum(0)
    before_row = torch.arange(total, device=edges.device) - column
    winding = sums - torch.cat([sums.new_zeros(1), sums])[before_row]

    (seen,) = (winding.detach().abs() > _VISIBLE).nonzero(as_tuple=True)
    covered = _covered(winding[seen], even_odd)
    path = path[seen]
    pixel = (row[seen] + upper[path] - top) * width + column[seen] + left[path]
    pixel, order = torch.sort(pixel * len(sizes) + (len(sizes) - 1 - path))
    pixel = pixel.div(len(sizes), rounding_mode="floor")
    path = path[order]
    x, y = pixel % width + 0.5, pixel.div(width, rounding_mode="floor") + top + 0.5
    colour, own = _colours(path, x, y, colours, end_colours, ramps, tables, chosen)
    weight = (covered[order] * opacities[path] * own).clamp(max=min(max_weight, _MAX_WEIGHT))
    fading = torch.log1p(-weight)
    faded = torch.cat([fading.new_zeros(1), fading.cumsum(0)])
    counts = torch.bincount(pixel, minlength=rows * width)
    ends = counts.cumsum(0)
    first = (ends - counts)[pixel]
    light = torch.exp(faded[:-1] - faded[first])
    shown = (light * weight).to(colours.dtype)
    rest = torch.exp(faded[ends] - faded[ends - counts]).to(colours.dtype)
    canvas = background.reshape(-1, channels) * rest[:, None]
    return canvas.index_add(0, pixel, shown[:, None] * colour).reshape(rows, width, channels)


def _colours(
    path: Tensor,
    x: Tensor,
    y: Tensor,
    colours: Tensor,
    end_colours: Tensor,
    ramps: Tensor,
    tables: Tensor,
    chosen: Tensor,
) -> tuple[Tensor, Tensor]:
    """The colours of paths at places, and what their gradients multiply their opacities by."""
    constant, across, down, other, other_across, other_down, lean, lean_across, lean_down = ramps[path].unbind(dim=1)
    along = constant + across * x + down * y
    if not len(tables):
        return torch.lerp(colours[path], end_colours[path], along.clamp(0, 1)[:, None]), torch.ones_like(along)
    radial = (other_across != 0) | (other_down != 0)
    far = torch.hypot(along, other + other_across * x + other_down * y) + lean + lean_across * x + lean_down * y
    along = torch.where(radial, far, along).clamp(0, 1)
    colour = torch.lerp(colours[path], end_colours[path], along[:, None])
    table = chosen[path]
    found = tables[table.clamp(min=0), (along * (tables.shape[1] - 1)).round().long()]
    graded = table >= 0
    return (
        torch.where(graded[:, None], found[:, : colours.shape[1]], colour),
        torch.where(graded, found[:, 4], torch.ones_like(along)),
    )


def _covered(winding: Tensor, even_odd: bool) -> Tensor:
    if even_odd:
        return (winding - 2 * (winding.detach() * 0.5).round()).abs()
    return winding.abs().clamp(max=1)


def _steps(
    edges: Tensor,
    owners: Tensor,
    left: Tensor,
    upper: Tensor,
    lower: Tensor,
    columns: Tensor,
    bases: Tensor,
    total: int,
    top: int,
    bottom: int,
) -> Tensor:
    """(total,) by how much the covered area changes from each pixel of the paths' boxes to the next in its row."""
    low, high = edges[:, 1::2].detach().amin(dim=1), edges[:, 1::2].detach().amax(dim=1)
    first = low.floor().clamp(top, bottom).long()
    last = torch.maximum(high.ceil().clamp(top, bottom).long(), first + ((low == high) & (low >= top) & (low < bottom)))
    counts = torch.where((columns[owners] > 0) & (first < lower[owners]), last - first, 0)
    edge, offset = _expanded(counts)
    row = first[edge] + offset
    owner = owners[edge]
    x0, y0, x1, y1 = edges[edge].unbind(dim=1)
    rise = y1 - y0
    level = rise == 0
    slope = (x1 - x0) / torch.where(level, 1, rise)
    ya = torch.minimum(torch.maximum(y0, row), row + 1)
    yb = torch.minimum(torch.maximum(y1, row), row + 1)
    xa = torch.where(level, x0, x0 + slope * (ya - y0)) - left[owner]
    xb = torch.where(level, x1, x0 + slope * (yb - y0)) - left[owner]
    near, far = torch.minimum(xa, xb), torch.maximum(xa, xb)

    begin = near.detach().floor().long().clamp(min=0)
    end = torch.minimum(far.detach().floor().long().clamp(min=-1) + 2, columns[owner])
    piece, offset = _expanded((end - begin).clamp(min=0))
    column = begin[piece] + offset
    near, far, height = near[piece], far[piece], (yb - ya)[piece]
    here = _integral(column + 1, near, far) - _integral(column, near, far)
    before = _integral(column, near, far) - _integral(column - 1, near, far)
    step = height * torch.where(column > 0, here - before, here)
    owner = owner[piece]
    place = bases[owner] + (row[piece] - upper[owner]) * columns[owner] + column
    return torch.zeros(total, dtype=edges.dtype, device=edges.device).index_add(0, place, step)


def _integral(x: Tensor, near: Tensor, far: Tensor) -> Tensor:
    """Mean, along an edge from `near` to `far`, of how far it is to the left of `x`."""
    breadth = (far - near).clamp(min=_THINNEST)
    inside = torch.minimum((x - near).clamp(min=0), breadth)
    return inside.square() / (2 * breadth) + (x - far).clamp(min=0)


def _expanded(counts: Tensor) -> tuple[Tensor, Tensor]:
    """For each of Σ counts items: whose it is, and which of theirs."""
    number = torch.arange(len(counts), device=counts.device).repeat_interleave(counts)
    firsts = counts.cumsum(0) - counts
    return number, torch.arange(len(number), device=counts.device) - firsts[number]
