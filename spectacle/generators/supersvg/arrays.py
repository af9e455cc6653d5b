"""The types of arrays that the modules of SuperSVG hand each other."""

from __future__ import annotations

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
