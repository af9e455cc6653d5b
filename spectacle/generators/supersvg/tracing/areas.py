"""The areas of one colour, or of one gradient, that a logo or an illustration is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectacle.generators.supersvg.arrays import Floats, Labels, Reals


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
        modelled: (height, width, channels): the picture with every pixel as the areas say.
        sure: The share of the picture's pixels that lie in smooth areas.
        error: Mean squared error of the picture with every pixel as the areas say.
        cell: Pixels across of the squares that the picture is made of, for one that shows its pixels; otherwise 0.
    """

    labels: Labels
    neighbours: Labels
    shares: Floats
    areas: list[Area]
    modelled: Floats
    sure: float
    error: float
    cell: int = 0

    @classmethod
    def of(
        cls, pixels: Floats, labels: Labels, neighbours: Labels, shares: Floats, areas: list[Area], sure: float
    ) -> Areas:
        """The areas of the picture with these pixels, (height, width, channels)."""
        rows, columns = (place.ravel() + 0.5 for place in np.indices(labels.shape))
        own = colours_at(areas, labels.ravel(), columns, rows)
        other = colours_at(areas, neighbours.ravel(), columns, rows)
        modelled = (other + shares.reshape(-1, 1) * (own - other)).reshape(pixels.shape)
        return cls(labels, neighbours, shares, areas, modelled, sure, float(np.mean((modelled - pixels) ** 2)))


def colours_at(areas: list[Area], numbers: Labels, x: Reals, y: Reals) -> Floats:
    """The colour that each numbered area has at a point, (n, channels)."""
    begin = np.array([area.colour for area in areas])
    colours = begin[numbers]
    axes = np.array([area.axis for area in areas], np.float64)
    graded = (axes != 0).any(axis=1)
    if graded.any():
        places = np.flatnonzero(graded[numbers])
        own = axes[numbers[places]]
        direction = own[:, 2:] - own[:, :2]
        length = np.maximum((direction**2).sum(axis=1), 1e-9)
        along = ((x[places] - own[:, 0]) * direction[:, 0] + (y[places] - own[:, 1]) * direction[:, 1]) / length
        change = np.array([area.end_colour for area in areas]) - begin
        colours[places] += along.clip(0, 1)[:, None] * change[numbers[places]]
    return np.asarray(colours, np.float32)
