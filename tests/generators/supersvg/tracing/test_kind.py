from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("numba")

from spectacle.generators.supersvg.tracing.areas import Area, Areas
from spectacle.generators.supersvg.tracing.kind import mode_of, most_error
from spectacle.generators.supersvg.tracing.settings import Mode


def halves(noise: float, sure: float) -> Areas:
    """Two areas of one colour each, and an image that differs from them everywhere by so much."""
    labels = np.repeat([[0] * 8 + [1] * 8], 16, axis=0)
    colours = np.array([[0.2, 0.3, 0.4], [0.8, 0.7, 0.6]], np.float32)
    pixels = (colours[labels] + noise * (-1.0) ** np.arange(16)[:, None, None]).astype(np.float32)
    whole = np.ones((16, 16), np.float32)
    return Areas.of(pixels, labels, labels, whole, [Area(colour) for colour in colours], sure)


@pytest.mark.parametrize(
    ("noise", "sure", "mode"),
    [
        (0.0, 1.0, Mode.LOGO),
        (0.02, 0.5, Mode.LOGO),
        (0.06, 0.9, Mode.ILLUSTRATION),
        (0.06, 0.5, Mode.PHOTO),
        (0.12, 0.9, Mode.PHOTO),
    ],
)
def test_areas_that_say_nearly_all_are_a_logo_and_those_that_say_little_a_photograph(
    noise: float, sure: float, mode: Mode
) -> None:
    assert mode_of(halves(noise, sure)) == mode


@pytest.mark.parametrize("noise", [0.01, 0.02, 0.04, 0.06, 0.1])
@pytest.mark.parametrize("sure", [0.3, 0.69, 0.71, 1.0])
def test_nothing_above_the_limit_of_error_is_anything_but_a_photograph(noise: float, sure: float) -> None:
    areas = halves(noise, sure)
    if areas.error > most_error(sure, len(areas.areas)):
        assert mode_of(areas) == Mode.PHOTO
