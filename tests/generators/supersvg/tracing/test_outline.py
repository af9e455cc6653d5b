from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("skimage")

from PIL import Image, ImageDraw
from skimage.measure import find_contours

from spectacle.generators.supersvg.tracing.outline import Curve, fit_outline

TOLERANCE = 0.35


def sampled(corners: list[tuple[float, float]]) -> np.ndarray:
    sides = zip(corners, [*corners[1:], corners[0]], strict=True)
    return np.concatenate(
        [
            np.linspace(begin, end, round(math.dist(begin, end)), endpoint=False)
            for begin, end in (np.array(side) for side in sides)
        ]
    )


def circle(radius: float) -> np.ndarray:
    angle = np.arange(round(2 * math.pi * radius)) / radius
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def ends_meet(curves: list[Curve]) -> bool:
    return all(
        np.allclose(before.points[3], after.points[0], atol=1e-6)
        for before, after in zip([curves[-1], *curves[:-1]], curves, strict=True)
    )


def test_a_polygon_keeps_its_corners() -> None:
    corners = [(0.0, 0.0), (60.0, 5.0), (55.0, 40.0), (10.0, 50.0)]
    curves = fit_outline(sampled(corners), TOLERANCE)
    assert len(curves) == 4
    assert all(curve.line for curve in curves)
    found = np.array([curve.points[0] for curve in curves])
    assert all(np.hypot(*(found - corner).T).min() < 0.3 for corner in corners)


@pytest.mark.parametrize("radius", [8, 30, 120])
def test_a_circle_has_neither_corners_nor_lines(radius: float) -> None:
    curves = fit_outline(circle(radius), TOLERANCE)
    assert not any(curve.line for curve in curves)
    assert len(curves) <= 10
    places = np.linspace(0, 1, 20)[:, None]
    for curve in curves:
        a, b, c, d = curve.points
        on = (
            (1 - places) ** 3 * a
            + 3 * (1 - places) ** 2 * places * b
            + 3 * (1 - places) * places**2 * c
            + places**3 * d
        )
        assert np.abs(np.hypot(*on.T) - radius).max() < 2 * TOLERANCE


def test_straight_sides_between_round_corners_stay_straight() -> None:
    arcs = circle(10).reshape(-1, 2)
    quarter = np.array_split(arcs, 4)
    centres = [(60, 30), (0, 30), (0, 0), (60, 0)]
    rounded = np.concatenate([part + centre for part, centre in zip(quarter, centres, strict=True)])
    curves = fit_outline(rounded, TOLERANCE)
    assert sum(curve.line for curve in curves) == 4
    assert ends_meet(curves)


def test_curves_follow_each_other_around_the_outline() -> None:
    angle = np.linspace(0, 2 * math.pi, 400, endpoint=False)
    wavy = (40 + 8 * np.cos(5 * angle))[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert ends_meet(fit_outline(wavy, TOLERANCE))


def area(curves: list[Curve]) -> float:
    x, y = np.concatenate([curve.points[:3] for curve in curves]).T
    return 0.5 * abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))))


@pytest.mark.parametrize("scale", [1, 4])
@pytest.mark.parametrize("width", [0.8, 1.5, 3.0])
def test_a_fine_line_keeps_both_of_its_sides(width: float, scale: float) -> None:
    curves = fit_outline(sampled([(0, 0), (width, 0), (width + 4, 40), (4, 40)]), TOLERANCE, scale)
    assert area(curves) == pytest.approx(40 * width, rel=0.3)
    assert ends_meet(curves)


def test_a_wavy_outline_needs_two_curves_a_wave() -> None:
    angle = np.linspace(0, 2 * math.pi, 400, endpoint=False)
    wavy = (40 + 8 * np.cos(5 * angle))[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert len(fit_outline(wavy, TOLERANCE)) <= 12


def test_where_nobody_sees_it_an_outline_does_not_follow_the_steps_of_pixels() -> None:
    seen = circle(60)
    stairs = np.where((seen[:, 1] > 0)[:, None], np.round(seen), seen)
    close = fit_outline(stairs, TOLERANCE)
    loose = fit_outline(stairs, TOLERANCE, hidden=seen[:, 1] > 0)
    assert len(loose) <= 8 < len(close)
    assert ends_meet(loose)


@pytest.mark.parametrize("angle", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("width", [1.4, 2.0])
def test_thin_lines_are_as_wide_at_their_ends_as_in_the_middle(angle: float, width: float) -> None:
    turned = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    zoom = 8
    canvas = Image.new("L", (60 * zoom, 60 * zoom))
    bar = np.array([[-22, -width / 2], [22, -width / 2], [22, width / 2], [-22, width / 2]]) @ turned + 30
    ImageDraw.Draw(canvas).polygon([tuple(corner) for corner in (bar * zoom).tolist()], fill=255)
    covered = np.asarray(canvas.reduce(zoom), np.float32) / 255
    (outline,) = (contour[:-1, ::-1] + 0.5 for contour in find_contours(np.pad(covered, 1), 0.4))
    curves = fit_outline(outline - 1, 0.35)
    assert ends_meet(curves)
    corners = np.array([curve.points[0] for curve in curves])
    along, across = ((corners - 30) @ turned.T).T
    assert np.abs(along).min() > 18  # nodes at the ends only
    for end in (along < 0, along > 0):
        assert np.ptp(across[end]) == pytest.approx(width, abs=0.7)
