from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

from scipy import ndimage

from spectacle.generators.supersvg.tracing.filters import median


@pytest.mark.parametrize("side", [3, 5])
@pytest.mark.parametrize("shape", [(40, 33, 3), (7, 50, 4), (5, 5, 3), (2, 3, 1)])
def test_medians_are_those_of_scipy_at_the_edges_too(shape: tuple[int, int, int], side: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 40, shape).astype(np.float32)
    np.testing.assert_array_equal(median(pixels, side), ndimage.median_filter(pixels, size=(side, side, 1)))
