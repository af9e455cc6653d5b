from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("skimage")

from spectacle.generators.supersvg.raster.gradients import Gradient
from spectacle.generators.supersvg.tracing.gradients import fit_gradient, fit_most, fit_overlay
from spectacle.generators.supersvg.tracing.shades import split_of

SIZE = 90
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE]
DISC = np.hypot(ROWS - 44.5, COLUMNS - 44.5) < 42
PLACES = np.stack([COLUMNS[DISC] + 0.5, ROWS[DISC] + 0.5], axis=1)


def seen(gradient: Gradient, channels: int = 3) -> np.ndarray:
    return np.round(gradient.at(*PLACES.T)[:, :channels] * 255) / 255


def stops(*colours: tuple[float, float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    return np.linspace(0, 1, len(colours)), np.array(colours, float)


def test_a_linear_gradient_is_found_with_its_stops_and_no_more() -> None:
    colours = stops((1, 0.8, 0.2, 1), (1, 0.2, 0.2, 1), (0.2, 0.3, 0.8, 1))
    found = fit_gradient(PLACES, seen(Gradient(np.array([[10, 0], [80, 90], [10, 0]], float), *colours)))
    assert found is not None
    assert not found[0].radial
    assert len(found[0].offsets) == 3
    assert found[1] < 3 * (1 / 255) ** 2


@pytest.mark.parametrize("second", [(30, 100), (45, 60)], ids=["circle", "ellipse"])
def test_a_radial_gradient_is_found_with_its_centre_wherever_that_is(second: tuple[float, float]) -> None:
    centre = np.array([30, 30])
    along = np.array([70 - 0, 0]) if second[0] == 30 else np.array([-60, 30])
    frame = np.stack([centre, centre + along, np.array(second)]).astype(float)
    found = fit_gradient(PLACES, seen(Gradient(frame, *stops((1, 1, 1, 1), (0.3, 0.9, 0.5, 1), (0, 0.3, 0.2, 1)))))
    assert found is not None
    assert found[0].radial
    assert np.abs(found[0].frame[0] - centre).max() < 0.6
    assert found[1] < 4 * (1.5 / 255) ** 2


@pytest.mark.parametrize("height", [40, 52], ids=["circle", "ellipse"])
def test_a_gradient_with_its_focus_off_the_centre_is_found_with_both(height: int) -> None:
    focus = np.array([32, 30])
    frame = np.stack([focus, focus + np.array([46, 0]), focus + np.array([0, height])]).astype(float)
    ball = Gradient(frame, *stops((1, 1, 1, 1), (0.3, 0.9, 0.5, 1), (0, 0.3, 0.2, 1)), np.array([0.25, 0.35]))
    found = fit_gradient(PLACES, seen(ball))
    assert found is not None
    gradient, error = found
    assert np.abs(gradient.frame[0] - focus).max() < 0.5
    assert np.abs(gradient.shift - ball.shift).max() < 0.03
    assert len(gradient.offsets) <= 4
    assert error < 3 * (1 / 255) ** 2


def test_a_gradient_without_circles_gets_no_focus() -> None:
    colours = np.stack([np.sin(PLACES[:, 0] / 9), np.cos(PLACES[:, 1] / 7), np.sin(PLACES.sum(axis=1) / 11)], axis=1)
    found = fit_gradient(PLACES, 0.5 + 0.5 * colours)
    assert found is None or not found[0].shift.any()


def test_a_fade_is_found_with_one_colour() -> None:
    fade = Gradient(np.array([[0, 0], [0, 90], [0, 0]], float), *stops((0, 0.5, 1, 1), (0, 0.5, 1, 0)))
    found = fit_gradient(PLACES, seen(fade, 4))
    assert found is not None
    assert np.abs(found[0].colours[:, :3] - [0, 0.5, 1]).max() < 0.03
    assert np.ptp(found[0].colours[:, 3]) > 0.8


def test_texture_has_no_gradient_worth_its_bytes() -> None:
    noise = np.random.default_rng(1).random((len(PLACES), 3))
    found = fit_gradient(PLACES, noise)
    assert found is None or found[1] > 0.5 * noise.var(axis=0).sum()


def test_a_glow_on_a_gradient_is_found_as_one_colour_that_fades() -> None:
    sky = Gradient(np.array([[0, 0], [0, 90], [0, 0]], float), *stops((0.1, 0.1, 0.4, 1), (0.9, 0.5, 0.4, 1)))
    sun = Gradient(np.array([[60, 30], [80, 30], [60, 50]], float), *stops((1, 1, 0.8, 1), (1, 1, 0.8, 0)))
    below, above = sky.at(*PLACES.T)[:, :3], sun.at(*PLACES.T)
    colours = np.round((above[:, :3] + (1 - above[:, 3:]) * below) * 255) / 255
    most = next(fit_most(PLACES, colours), None)
    assert most is not None
    gradient, within = most
    assert not gradient.radial
    rest = ~within
    found = fit_overlay(PLACES[rest], colours[rest], gradient.at(*PLACES[rest].T)[:, :3])
    assert found is not None
    assert np.abs(found[0].frame[0] - [60, 30]).max() < 1
    assert np.abs(found[0].colours[:, :3] - [1, 1, 0.8]).max() < 0.1


def test_a_highlight_over_a_quarter_of_a_ball_is_told_from_what_it_lies_on() -> None:
    frame = np.array([[45, 70], [87, 70], [45, 112]], float)
    dark = Gradient(frame, *stops((0.8, 1, 1, 1), (0.2, 0.6, 0.8, 1), (0, 0.3, 0.4, 1)), np.array([0, -0.6]))
    shine = Gradient(np.array([[0, 8], [0, 42], [0, 8]], float), *stops((1, 1, 1, 0.9), (1, 1, 1, 0)))
    far = np.hypot((PLACES[:, 0] - 45) / 26, (PLACES[:, 1] - 25) / 17)
    inner = (np.abs(far - 1) > 0.12) | (PLACES[:, 1] > 40)  # pixels of outlines are not part of areas
    places, lit = PLACES[inner], far[inner] < 1
    colours = dark.at(*places.T)[:, :3]
    above = shine.at(*places[lit].T)
    colours[lit] = above[:, :3] + (1 - above[:, 3:]) * colours[lit]
    split = split_of(places, np.round(colours * 255) / 255, np.floor(places[:, ::-1]).astype(int), (SIZE, SIZE))
    assert split is not None
    assert split.good
    assert [part.lies_above for part in split.parts] == [True]
    assert np.abs(split.gradient.frame[0] - frame[0]).max() < 1
    assert not (split.within & lit & (places[:, 1] < 36)).any()
    assert split.within[~lit].mean() > 0.9
