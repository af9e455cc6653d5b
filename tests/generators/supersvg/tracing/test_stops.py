from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

from spectacle.generators.supersvg.tracing.stops import find_stops

AT = np.linspace(0, 1, 65)


def colours_between(offsets: list[float], stops: list[list[float]]) -> np.ndarray:
    """(65, 4) colours of a gradient, multiplied by the opacity."""
    straight = np.stack([np.interp(AT, offsets, [stop[channel] for stop in stops]) for channel in range(4)], axis=1)
    straight[:, :3] *= straight[:, 3:]
    return straight


def test_a_plain_way_from_one_colour_to_another_has_two_stops() -> None:
    offsets, stops = find_stops(AT, colours_between([0, 1], [[1, 0, 0, 1], [0, 0, 1, 1]]), np.full(65, 9.0))
    assert offsets == pytest.approx([0, 1])
    assert stops == pytest.approx(np.array([[1, 0, 0, 1], [0, 0, 1, 1]]), abs=0.005)


def test_stops_are_where_the_way_bends() -> None:
    means = colours_between([0, 0.25, 0.75, 1], [[1, 0, 0, 1], [1, 1, 0, 1], [0, 1, 1, 1], [0, 0, 1, 1]])
    offsets, _ = find_stops(AT, means, np.full(65, 9.0))
    assert offsets == pytest.approx([0, 0.25, 0.75, 1], abs=0.02)


def test_a_colour_that_fades_keeps_its_hue_to_where_nothing_is_seen_of_it() -> None:
    offsets, stops = find_stops(AT, colours_between([0, 1], [[1, 0.5, 0, 1], [1, 0.5, 0, 0]]), np.full(65, 9.0))
    assert offsets == pytest.approx([0, 1])
    assert stops[:, :3] == pytest.approx(np.array([[1, 0.5, 0], [1, 0.5, 0]]), abs=0.01)
    assert stops[:, 3] == pytest.approx([1, 0], abs=0.01)


def test_there_are_nine_stops_at_most_and_all_are_colours() -> None:
    waves = np.clip(0.5 + 0.7 * np.sin(40 * AT)[:, None] * np.ones(4), 0, 1)
    waves[:, 3] = 1
    offsets, stops = find_stops(AT, waves, np.full(65, 9.0))
    assert len(offsets) == len(stops) <= 9
    assert 0 <= stops.min() <= stops.max() <= 1


def test_one_place_alone_has_one_stop() -> None:
    offsets, stops = find_stops(np.array([0.5]), np.array([[0.2, 0.4, 0.6, 1.0]]), np.array([4.0]))
    assert (offsets.tolist(), stops.shape) == ([0.5], (1, 4))
