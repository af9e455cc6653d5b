"""The types of arrays that the modules of SuperSVG hand each other, and where pixels are in images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Reals = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]
"""Numbers of regions, paths or edges."""


def farthest(difference: Reals) -> Reals:
    """(...,): the greatest absolute value of the channels, (..., channels); several times as fast as `max(axis=-1)`."""
    farthest_: Reals = reduce(np.maximum, (np.abs(difference[..., number]) for number in range(difference.shape[-1])))
    return farthest_


@dataclass(frozen=True, slots=True)
class Window:
    """The smallest image that holds some pixels.

    Attributes:
        corner: Row and column, in the whole image, of its first pixel.
        rows: (n,) in which row of it each of the pixels is.
        columns: (n,) in which column.
        shape: How high and wide it is.
    """

    corner: Labels
    rows: Labels
    columns: Labels
    shape: tuple[int, int]

    @classmethod
    def of(cls, cells: Labels, margin: int = 0) -> Window:
        """The image around pixels, (n, 2) row and column of each, and so many more to every side."""
        corner = cells.min(axis=0) - margin
        rows, columns = (cells - corner).T
        return cls(corner, rows, columns, (int(rows.max()) + 1 + margin, int(columns.max()) + 1 + margin))

    def filled(self, values: NDArray[Any]) -> NDArray[Any]:
        """(height, width, ...), the values of the pixels, (n, ...), and zeros where there are none."""
        image = np.zeros((*self.shape, *values.shape[1:]), values.dtype)
        image[self.rows, self.columns] = values
        return image

    def at(self, image: NDArray[Any]) -> NDArray[Any]:
        """(n, ...), the values that the pixels have in an image of this size."""
        return np.asarray(image[self.rows, self.columns])


def middles(cells: Labels) -> Doubles:
    """(n, 2) x and y of the middles of pixels, from the row and the column of each."""
    return np.asarray(cells[:, ::-1] + 0.5, np.float64)


def cells_of(places: Doubles) -> Labels:
    """(n, 2) row and column of the pixels at places, (n, 2) x and y."""
    return np.asarray(np.floor(places[:, ::-1]), np.int64)
