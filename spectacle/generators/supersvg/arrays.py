"""The types of arrays that the modules of SuperSVG hand each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Reals = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]
"""Numbers of regions, paths or edges."""
