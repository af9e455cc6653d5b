"""The set of filled paths that an image is made of, as tensors, and as compact SVG path data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor

from spectacle.generators.supersvg.raster.gradients import Gradient

FillRule = Literal["nonzero", "evenodd"]


@dataclass(frozen=True, slots=True)
class PathSet:
    """Filled paths in painter's order, the first one at the bottom. Each has one or more closed contours of cubics.

    Attributes:
        points: (3·Q, 2) float; control points in pixels, x then y. Curve q has the points 3q, 3q+1 and 3q+2 and ends in
            the first point of the next curve of its contour.
        contours: (C,) int64; number of curves of each contour, in the order of the points. Their sum is Q.
        owners: (C,) int64; the path that each contour belongs to, ascending.
        colours: (P, 3) float; red, green, blue from 0 to 1.
        opacities: (P,) float, 0 to 1.
        fill_rule: How the contours of a path make its inside.
        end_colours: (P, 3), the colours at the ends of linear gradients that begin with `colours`; None without any.
        axes: (P, 4) x0, y0, x1, y1 in pixels: where each gradient begins and ends, all 0 for a path of one colour; None
            without any gradients.
        gradients: (P) further gradients, which replace the colours of their paths and are not optimized; None for a
            path without one, and None without any.
    """

    points: Tensor
    contours: Tensor
    owners: Tensor
    colours: Tensor
    opacities: Tensor
    fill_rule: FillRule = "nonzero"
    end_colours: Tensor | None = None
    axes: Tensor | None = None
    gradients: tuple[Gradient | None, ...] | None = None

    @classmethod
    def of_strokes(
        cls, points: Tensor, colours: Tensor, opacities: Tensor | None = None, fill_rule: FillRule = "nonzero"
    ) -> PathSet:
        """Paths of one contour each, all with the same number of curves.

        Args:
            points: (P, 3·S, 2) control points in pixels, S curves a path.
            colours: (P, 3).
            opacities: (P,); all 1 if omitted.
        """
        paths, per_path, _ = points.shape
        device = points.device
        return cls(
            points.reshape(-1, 2),
            torch.full((paths,), per_path // 3, dtype=torch.int64, device=device),
            torch.arange(paths, device=device),
            colours,
            torch.ones(paths, device=device) if opacities is None else opacities,
            fill_rule,
        )

    def __len__(self) -> int:
        return len(self.opacities)

    @property
    def curve_owners(self) -> Tensor:
        """(Q,) the path of each curve."""
        return self.owners.repeat_interleave(self.contours)

    @property
    def successors(self) -> Tensor:
        """(Q,) the curve that each curve is followed by."""
        ends = self.contours.cumsum(0)
        following = torch.arange(1, int(self.contours.sum()) + 1, device=self.contours.device)
        following[ends - 1] = ends - self.contours
        return following

    def curves(self) -> Tensor:
        """(Q, 4, 2) start, two control points and end of each curve."""
        own = self.points.reshape(-1, 3, 2)
        return torch.cat([own, own[self.successors, :1]], dim=1)

    def select(self, wanted: Tensor) -> PathSet:
        """The paths of which `wanted` (P,) is true, or those with these numbers, in that order."""
        numbers = wanted.nonzero()[:, 0] if wanted.dtype == torch.bool else wanted
        first_contour = torch.searchsorted(self.owners, torch.arange(len(self) + 1, device=self.owners.device))
        contour_numbers = _ranges(first_contour[numbers], first_contour[numbers + 1])
        ends = self.contours.cumsum(0)
        curve_numbers = _ranges((ends - self.contours)[contour_numbers], ends[contour_numbers])
        counts = first_contour[numbers + 1] - first_contour[numbers]
        return replace(
            self,
            points=self.points.reshape(-1, 3, 2)[curve_numbers].reshape(-1, 2),
            contours=self.contours[contour_numbers],
            owners=torch.arange(len(numbers), device=self.owners.device).repeat_interleave(counts),
            **self._fills(numbers),
        )

    def _fills(self, numbers: Tensor) -> dict[str, Any]:
        return {
            "colours": self.colours[numbers],
            "opacities": self.opacities[numbers],
            "end_colours": None if self.end_colours is None else self.end_colours[numbers],
            "axes": None if self.axes is None else self.axes[numbers],
            "gradients": None if self.gradients is None else tuple(self.gradients[i] for i in numbers.tolist()),
        }

    def _with_gradients(self) -> PathSet:
        if self.end_colours is not None and self.axes is not None:
            return self
        return replace(self, end_colours=self.colours, axes=self.colours.new_zeros(len(self), 4))

    def over(self, other: PathSet) -> PathSet:
        """These paths above those of `other`, whose fill rule they take over."""
        end_colours = axes = None
        if self.axes is not None or other.axes is not None:
            own, others = self._with_gradients(), other._with_gradients()
            assert own.end_colours is not None and others.end_colours is not None
            assert own.axes is not None and others.axes is not None
            end_colours = torch.cat([others.end_colours, own.end_colours])
            axes = torch.cat([others.axes, own.axes])
        gradients = None
        if self.gradients is not None or other.gradients is not None:
            gradients = (other.gradients or (None,) * len(other)) + (self.gradients or (None,) * len(self))
        return replace(
            self,
            points=torch.cat([other.points, self.points]),
            contours=torch.cat([other.contours, self.contours]),
            owners=torch.cat([other.owners, self.owners + len(other)]),
            colours=torch.cat([other.colours, self.colours]),
            opacities=torch.cat([other.opacities, self.opacities]),
            fill_rule=other.fill_rule,
            end_colours=end_colours,
            axes=axes,
            gradients=gradients,
        )

    def scaled(self, x: float, y: float) -> PathSet:
        """The same paths on an image `x` times as wide and `y` times as high."""
        axes = None if self.axes is None else self.axes * self.axes.new_tensor([x, y, x, y])
        gradients = self.gradients
        if gradients is not None:
            gradients = tuple(None if gradient is None else gradient.scaled(x, y) for gradient in gradients)
        return replace(self, points=self.points * self.points.new_tensor([x, y]), axes=axes, gradients=gradients)

    def moved(self, x: float, y: float) -> PathSet:
        """The same paths farther to the right and farther down by so many pixels."""
        axes = self.axes
        if axes is not None:
            axes = axes + axes.new_tensor([x, y, x, y]) * axes.any(dim=1, keepdim=True)
        gradients = self.gradients
        if gradients is not None:
            gradients = tuple(None if gradient is None else gradient.moved(x, y) for gradient in gradients)
        return replace(self, points=self.points + self.points.new_tensor([x, y]), axes=axes, gradients=gradients)

    def to(self, device: str | torch.device) -> PathSet:
        """The same paths on another device."""
        return PathSet(
            self.points.to(device),
            self.contours.to(device),
            self.owners.to(device),
            self.colours.to(device),
            self.opacities.to(device),
            self.fill_rule,
            None if self.end_colours is None else self.end_colours.to(device),
            None if self.axes is None else self.axes.to(device),
            self.gradients,
        )

    def detach(self) -> PathSet:
        """The same paths without the history of their making."""
        return replace(
            self,
            points=self.points.detach(),
            colours=self.colours.detach(),
            opacities=self.opacities.detach(),
            end_colours=None if self.end_colours is None else self.end_colours.detach(),
        )


def _ranges(begins: Tensor, ends: Tensor) -> Tensor:
    """The numbers of all ranges, one range after the other."""
    lengths = ends - begins
    offsets = begins - (lengths.cumsum(0) - lengths)
    return torch.arange(int(lengths.sum()), device=begins.device) + offsets.repeat_interleave(lengths)
