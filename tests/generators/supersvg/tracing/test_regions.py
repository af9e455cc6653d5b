from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

pytest.importorskip("skimage")

from spectacle.generators.supersvg.tracing.regions import (
    first_regions,
    largest_errors,
    merged,
    merging_costs,
    neighbours,
)


def squares() -> tuple[np.ndarray, np.ndarray]:
    """Sixteen squares of 8 pixels in four columns, and a picture of which the last column is lighter."""
    rows, columns = np.mgrid[:32, :32] // 8
    picture = np.zeros((32, 32, 3), np.float32)
    picture[:, 24:] = 0.8
    return rows * 4 + columns, picture


def test_neighbours_share_a_side_and_not_only_a_corner() -> None:
    labels = np.array([[0, 1], [2, 3]])
    assert neighbours(labels).tolist() == [[0, 1], [0, 2], [1, 3], [2, 3]]


def test_regions_of_one_colour_are_merged_and_edges_stay() -> None:
    labels, picture = squares()
    found = merged(labels, picture, 2)
    assert found.max() == 1
    assert len(np.unique(found[:, :24])) == len(np.unique(found[:, 24:])) == 1


def test_small_regions_are_merged_before_large_ones_of_the_same_contrast() -> None:
    labels = np.zeros((20, 20), np.int64)
    labels[10:] = 1
    labels[2, 2] = 2
    picture = np.zeros((20, 20, 1), np.float32)
    picture[10:] = picture[2, 2] = 0.5
    assert merged(labels, picture, 2)[2, 2] == merged(labels, picture, 2)[0, 0]


def test_regions_are_merged_only_where_one_shape_for_both_saves_more() -> None:
    labels, picture = squares()
    wrong = np.zeros((32, 32), np.float32)
    wrong[:, 24:] = 0.5
    found = merged(labels, picture, 1, wrong)
    assert len(np.unique(found[:, 24:])) == 1
    assert not np.isin(found[:, :24], found[:, 24:]).any()


def test_the_largest_error_is_where_a_shape_would_help_and_not_where_the_picture_is_busy() -> None:
    busy = np.random.default_rng(0).random((64, 64, 3)).astype(np.float32)
    picture = np.full((64, 64, 3), 0.5, np.float32)
    picture[:, 32:] = busy[:, 32:]
    picture[20:40, 8:24] = 0.9
    drawing = np.full((64, 64, 3), 0.5, np.float32)
    found, further = largest_errors(picture, picture - drawing, 1)
    assert (found[22:38, 10:22] == 0).all()
    assert (found[:, 34:] < 0).mean() > 0.9
    assert (np.diff(further) <= 0).all()


def test_nothing_is_added_to_a_drawing_that_is_right() -> None:
    picture = np.full((32, 32, 3), 0.5, np.float32)
    found, further = largest_errors(picture, np.zeros_like(picture), 4)
    assert (found == -1).all()
    assert not len(further)


def test_what_the_background_shows_already_is_no_region() -> None:
    _, picture = squares()
    found = first_regions(picture, np.zeros(3, np.float32), 4)
    assert (found[:, :23] == -1).all()
    assert (found[:, 25:] >= 0).all()


def test_merging_costs_as_much_as_the_squared_error_rises() -> None:
    labels, picture = squares()
    labels[:8, :8] = -1
    labels[8:16, :8] = 0
    pairs, costs = merging_costs(labels, picture)
    assert pairs.min() == 0
    cost = {tuple(pair): value for pair, value in zip(pairs.tolist(), costs.tolist(), strict=True)}
    assert cost[1, 2] == 0
    assert cost[2, 3] == pytest.approx(3 * 128 * 0.4**2)


def test_as_many_regions_stay_as_were_asked_for_and_each_is_in_one_piece() -> None:
    labels, _ = squares()
    noise = np.random.default_rng(2).random((32, 32, 3)).astype(np.float32)
    for count in range(1, 17):
        found = merged(labels, noise, count)
        assert found.max() + 1 == count
        assert all(ndimage.label(found == number)[1] == 1 for number in range(count))
