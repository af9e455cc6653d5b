from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("skimage")

from spectacle.generators.supersvg.tracing.ink import evened_ink, find_ink

RANDOM = np.random.default_rng(4)


def page(noise: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """A cross of lines three pixels wide on paper, and where it is."""
    lines = np.zeros((96, 96), bool)
    lines[46:49, 10:86] = lines[10:86, 46:49] = True
    pixels = np.where(lines[..., None], [0.1, 0.1, 0.3], [0.95, 0.94, 0.9])
    return (pixels + RANDOM.normal(0, noise, pixels.shape)).clip(0, 1).astype(np.float32), lines


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_ink_is_told_from_paper_whatever_noise_there_is(noise: float) -> None:
    pixels, lines = page(noise)
    ink = find_ink(pixels)
    assert ink is not None
    assert np.abs(ink.colour - [0.1, 0.1, 0.3]).max() < 0.1
    assert (ink.drawn() > 0.5)[lines].mean() > 0.97
    assert (ink.drawn() > 0.5)[~lines].mean() < 0.02


def test_two_inks_are_no_drawing_in_one() -> None:
    pixels, _ = page()
    pixels[60:80, 60:80] = [0.9, 0.1, 0.1]
    assert find_ink(pixels) is None


def test_uneven_light_on_paper_is_evened() -> None:
    pixels, lines = page()
    light = np.linspace(1, 0.45, 96, dtype=np.float32)[None, :, None]
    ink = evened_ink(pixels * light)
    assert ink is not None
    assert (ink.coverage > 0.5)[lines].mean() > 0.95
    assert (ink.coverage > 0.5)[~lines].mean() < 0.02


def test_a_blank_page_has_no_ink() -> None:
    assert evened_ink(np.full((64, 64, 3), 0.9, np.float32)) is None
