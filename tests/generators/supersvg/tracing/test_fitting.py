from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("numba")

from spectacle.generators.supersvg.tracing.fitting import fewest_cubics

ANGLES = np.linspace(0, np.pi / 2, 80)
QUARTER = 50 * np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)


def off(cubics: np.ndarray, points: np.ndarray) -> float:
    places = np.linspace(0, 1, 1000)
    weights = np.stack([(1 - places) ** 3, 3 * (1 - places) ** 2 * places, 3 * (1 - places) * places**2, places**3])
    along = np.einsum("pt,cpx->ctx", weights, cubics).reshape(-1, 2)
    return float(np.hypot(*(points[:, None] - along[None]).T).min(axis=0).max())


def test_a_quarter_of_a_circle_is_one_cubic() -> None:
    cubics = fewest_cubics(QUARTER, np.full(len(QUARTER), 0.1), np.array([0.0, 1]), np.array([1.0, 0]))
    assert len(cubics) == 1
    assert off(cubics, QUARTER) < 0.1


def test_less_tolerance_takes_more_cubics_that_are_smooth_where_they_meet() -> None:
    x = np.linspace(0, 200, 200)
    wave = np.stack([x, 20 * np.sin(x / 15)], axis=1)
    loose, close = (fewest_cubics(wave, np.full(len(wave), limit)) for limit in (2.0, 0.2))
    assert len(loose) < len(close)
    assert off(close, wave) < 0.25
    for before, after in pairwise(close):
        assert np.allclose(before[3], after[0])
        arriving, leaving = before[3] - before[2], after[1] - after[0]
        assert abs(arriving[0] * leaving[1] - arriving[1] * leaving[0]) < 1e-6 * (
            arriving @ arriving + leaving @ leaving
        )
