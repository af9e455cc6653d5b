from __future__ import annotations

import numpy as np

from spectacle.generators.supersvg.tracing.sharpness import are_sharp, contrast_around


def test_a_bar_is_sharp_and_a_soft_shadow_of_the_same_darkness_is_not() -> None:
    pixels = np.ones((24, 60, 3), np.float32)
    pixels[8:16, 5:20] = 0.4
    rows, columns = np.mgrid[:24, :60]
    away = np.hypot(rows - 11.5, columns - 42)
    pixels -= (0.6 * np.exp(-((away / 6) ** 2)))[..., None].astype(np.float32)
    size = 1 - pixels[..., 0]
    details = np.where(size > 0.1, np.where(columns < 24, 1, 2), 0)
    contrast = contrast_around(size, np.zeros((24, 60), np.int64), details > 0)
    assert are_sharp(pixels, details, contrast)[1:].tolist() == [True, False]


def test_the_contrast_of_a_pixel_is_that_of_the_most_different_one_around_it_in_its_area() -> None:
    size = np.zeros((9, 9), np.float32)
    size[4, 4], size[4, 6], size[4, 7] = 0.2, 0.5, 0.9
    areas = np.zeros((9, 9), np.int64)
    seen = np.zeros((9, 9), bool)
    seen[4, 4] = True
    assert contrast_around(size, areas, seen)[4, 4] == np.float32(0.5)
    areas[:, 6:] = 1
    assert contrast_around(size, areas, seen)[4, 4] == np.float32(0.2)
    assert contrast_around(size, areas, seen)[4, 6] == 0
