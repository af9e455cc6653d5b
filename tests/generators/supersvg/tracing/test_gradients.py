from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("skimage")

from spectacle.generators.supersvg.raster.gradients import Gradient
from spectacle.generators.supersvg.tracing.gradients import fit_gradient, fit_most, fit_overlay

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
    most = fit_most(PLACES, colours)
    assert most is not None
    gradient, within = most
    assert not gradient.radial
    rest = ~within
    found = fit_overlay(PLACES[rest], colours[rest], gradient.at(*PLACES[rest].T)[:, :3])
    assert found is not None
    assert np.abs(found[0].frame[0] - [60, 30]).max() < 1
    assert np.abs(found[0].colours[:, :3] - [1, 1, 0.8]).max() < 0.1
