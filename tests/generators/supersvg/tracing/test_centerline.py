from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("skimage")

from spectacle.generators.supersvg.tracing.centerline import find_strokes
from spectacle.generators.supersvg.tracing.ink import Ink

PAPER, BLACK = np.ones(3, np.float32), np.zeros(3, np.float32)


def test_strokes_run_along_the_middle_of_lines_with_their_width() -> None:
    coverage = np.zeros((60, 100), np.float32)
    coverage[28:33, 10:90] = 1
    (stroke,) = find_strokes(Ink(coverage, PAPER, BLACK), 0.5)
    points = np.concatenate([curve.points for curve in stroke.curves])
    assert np.abs(points[:, 1] - 30.5).max() < 0.6
    assert np.ptp(points[:, 0]) > 70
    assert stroke.width == pytest.approx(5, abs=0.7)


def test_strokes_that_meet_have_a_point_in_common() -> None:
    coverage = np.zeros((80, 80), np.float32)
    coverage[38:41, 8:72] = 1
    coverage[38:72, 38:41] = 1
    strokes = find_strokes(Ink(coverage, PAPER, BLACK), 0.5)
    ends = [
        tuple(np.round(place, 3)) for each in strokes for place in (each.curves[0].points[0], each.curves[-1].points[3])
    ]
    assert max(ends.count(end) for end in ends) == len(strokes) == 3
