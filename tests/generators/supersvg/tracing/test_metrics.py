from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("skimage")

from spectacle.generators.supersvg.tracing.metrics import Metrics, compare


def grey(value: float, height: int = 12, width: int = 9) -> np.ndarray:
    return np.full((height, width, 3), value, np.float32)


def test_identical_images_have_no_error_and_an_infinite_ratio() -> None:
    assert compare(grey(0.4), grey(0.4)) == (0.0, math.inf, pytest.approx(1.0))


def test_the_error_is_the_mean_of_squared_differences_and_the_ratio_is_in_decibels() -> None:
    mse, psnr, ssim = compare(grey(0.5), grey(0.6))
    assert mse == pytest.approx(0.01, rel=1e-4)
    assert psnr == pytest.approx(20, abs=0.01)
    assert 0 < ssim < 1


@pytest.mark.parametrize("sides", [(1, 1), (2, 30), (7, 6)])
def test_images_smaller_than_the_window_of_similarity_are_compared_as_well(sides: tuple[int, int]) -> None:
    assert compare(grey(0.2, *sides), grey(0.2, *sides))[2] == pytest.approx(1.0)


def test_facts_are_rounded_and_leave_out_what_json_cannot_say() -> None:
    facts = Metrics(3, 1.23456, 0.00012345, math.inf, 0.98765, 420).facts()
    assert facts == {"num_paths": 3, "duration_sec": 1.23, "mse": 0.000123, "ssim": 0.9877, "bytes": 420}
