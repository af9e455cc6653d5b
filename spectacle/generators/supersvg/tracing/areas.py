"""The areas of one colour, or of one gradient, that a logo or an illustration is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectacle.generators.supersvg.arrays import Floats, Labels, Reals
from spectacle.generators.supersvg.raster.gradients import Gradient
from spectacle.generators.supersvg.tracing.fill_kernels import Fills, colours_of, fills_of
from spectacle.generators.supersvg.tracing.soft import Soft


@dataclass(frozen=True, slots=True)
class Shade:
    """Where an area belongs among those that make up one soft shade, each lying on all that are softer.

    Attributes:
        number: Which shade.
        level: Which of its areas, from the softest on.
        layer: (channels,) what its path is filled with, so that on those below it has the area's colour.
    """

    number: int
    level: int
    layer: Floats


@dataclass(frozen=True, slots=True)
class Area:
    """Pixels of one colour or one gradient, connected unless they are fine or part of a shade.

    Attributes:
        colour: (channels,), the mean of a gradient if there is one.
        gradient: How the colour changes, if it does.
        fine: Whether it may be as thin as a pixel, or thinner.
        shade: The shade that it is part of, if it is.
        base: The area that lies below and shines through its gradient, if one does.
        overlays: Soft shadows and glows that lie on it, lowest first.
    """

    colour: Floats
    gradient: Gradient | None = None
    fine: bool = False
    shade: Shade | None = None
    base: int | None = None
    overlays: tuple[Soft, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether all of its pixels have one colour."""
        return self.gradient is None and self.shade is None and not self.overlays

    @property
    def opacities(self) -> tuple[float, float]:
        """The least and the most opacity that it has."""
        if self.gradient is not None:
            return float(self.gradient.colours[:, 3].min()), float(self.gradient.colours[:, 3].max())
        opacity = float(self.colour[3]) if len(self.colour) > len("rgb") else 1.0
        return opacity, opacity


@dataclass(frozen=True, slots=True)
class Areas:
    """All areas of an image.

    Attributes:
        labels: (height, width): the number of the area that each pixel belongs to, most of it at least.
        neighbours: (height, width): the number of the area that a pixel on an outline also shows; otherwise its own.
        shares: (height, width): how much of the pixel shows its own area, the rest being its neighbour's, 0 to 1.
        areas: What each area is filled with.
        modelled: (height, width, channels): the image with every pixel as the areas say.
        sure: The share of the image's pixels that are in smooth areas.
        error: Mean squared error of the image with every pixel as the areas say.
        errors: (height, width) the same for each pixel.
        cell: Pixels across of the squares that the image is made of, for one that shows its pixels; otherwise 0.
    """

    labels: Labels
    neighbours: Labels
    shares: Floats
    areas: list[Area]
    modelled: Floats
    sure: float
    error: float
    errors: Floats
    cell: int = 0

    @classmethod
    def of(
        cls, pixels: Floats, labels: Labels, neighbours: Labels, shares: Floats, areas: list[Area], sure: float
    ) -> Areas:
        """The areas of the image with these pixels, (height, width, channels)."""
        rows, columns = (place.ravel() + 0.5 for place in np.indices(labels.shape))
        own = colours_at(areas, labels.ravel(), columns, rows)
        other = own.copy()
        differ = np.flatnonzero(neighbours.ravel() != labels.ravel())
        other[differ] = colours_at(areas, neighbours.ravel()[differ], columns[differ], rows[differ])
        modelled = (other + shares.reshape(-1, 1) * (own - other)).reshape(pixels.shape)
        errors = ((modelled - pixels) ** 2).mean(axis=2)
        return cls(labels, neighbours, shares, areas, modelled, sure, float(errors.mean(dtype=np.float64)), errors)


def colours_at(areas: list[Area], numbers: Labels, x: Reals, y: Reals) -> Floats:
    """The colour that each numbered area has at a point, (n, channels)."""
    colours = np.array([area.colour for area in areas])
    if all(area.gradient is None and not area.overlays for area in areas):
        return np.asarray(colours[numbers], np.float32)
    return colours_of(fills_for(areas), numbers, x, y, colours.shape[1])


def fills_for(areas: list[Area]) -> Fills:
    """What areas are filled with, for the kernels."""
    return fills_of(
        np.array([area.colour for area in areas]),
        [area.gradient for area in areas],
        [area.base for area in areas],
        [area.overlays for area in areas],
    )
