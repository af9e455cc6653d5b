"""The areas of one colour, or of one gradient, that a logo or an illustration is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]
Doubles = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Area:
    """Pixels of one colour or one linear gradient, connected unless they are fine.

    Attributes:
        colour: (channels,), at the beginning of the gradient if there is one.
        end_colour: (channels,), at its end; the same as `colour` without one.
        axis: x0, y0, x1, y1: where the gradient begins and ends; zeros without one.
        fine: Whether it may be as thin as a pixel, or thinner.
    """

    colour: Floats
    end_colour: Floats
    axis: tuple[float, float, float, float]
    fine: bool = False


@dataclass(frozen=True, slots=True)
class Areas:
    """All areas of a picture.

    Attributes:
        labels: (height, width): the number of the area that each pixel belongs to, most of it at least.
        neighbours: (height, width): the number of the area that a pixel on an outline also shows; otherwise its own.
        shares: (height, width): how much of the pixel shows its own area, the rest being its neighbour's, 0 to 1.
        areas: What each area is filled with.
        sure: The share of the picture's pixels that lie in smooth areas.
        error: Mean squared error of the picture with every pixel as the areas say.
        cell: Pixels across of the squares that the picture is made of, for one that shows its pixels; otherwise 0.
    """

    labels: Labels
    neighbours: Labels
    shares: Floats
    areas: list[Area]
    sure: float
    error: float
    cell: int = 0

    @classmethod
    def of(
        cls, pixels: Floats, labels: Labels, neighbours: Labels, shares: Floats, areas: list[Area], sure: float
    ) -> Areas:
        """The areas with their error, from the picture's (height, width, channels) pixels."""
        found = cls(labels, neighbours, shares, areas, sure, 0.0)
        error = float(np.mean((found.modelled() - pixels) ** 2))
        return cls(labels, neighbours, shares, areas, sure, error)

    def modelled(self) -> Floats:
        """The picture with every pixel as the areas say, (height, width, channels)."""
        rows, columns = (place.ravel() + 0.5 for place in np.indices(self.labels.shape))
        own = colours_at(self.areas, self.labels.ravel(), columns, rows)
        other = colours_at(self.areas, self.neighbours.ravel(), columns, rows)
        return (other + self.shares.reshape(-1, 1) * (own - other)).reshape(*self.labels.shape, -1)


def colours_at(areas: list[Area], numbers: Labels, x: Doubles, y: Doubles) -> Floats:
    """The colour that each numbered area has at a point, (n, channels)."""
    axes = np.array([area.axis for area in areas], np.float64)[numbers]
    direction = axes[:, 2:] - axes[:, :2]
    length = np.maximum((direction**2).sum(axis=1), 1e-9)
    along = ((x - axes[:, 0]) * direction[:, 0] + (y - axes[:, 1]) * direction[:, 1]) / length
    begin = np.array([area.colour for area in areas])[numbers]
    end = np.array([area.end_colour for area in areas])[numbers]
    return np.asarray(begin + along.clip(0, 1)[:, None] * (end - begin), np.float32)
