from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from spectacle.generators.supersvg.raster.shapes import PathSet  # noqa: E402
from spectacle.generators.supersvg.tracing.centerline import Stroke  # noqa: E402
from spectacle.generators.supersvg.tracing.document import count_of, rounded, strokes_to_svg, to_svg  # noqa: E402
from spectacle.generators.supersvg.tracing.outline import Curve  # noqa: E402

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10" viewBox="0 0 20 10">'
SQUARE = [[2.0, 2], [3, 2], [4, 2], [5, 2], [5, 3], [5, 4], [5, 5], [4, 5], [3, 5], [2, 5], [2, 4], [2, 3]]


def square(**changes: object) -> PathSet:
    return replace(PathSet.of_strokes(torch.tensor([SQUARE]), torch.tensor([[1.0, 0, 0]])), **changes)


def test_straight_curves_become_the_shortest_lines() -> None:
    assert to_svg(square(), 20, 10, 1) == f'{HEAD}<path fill="#f00" d="M2 2h3v3h-3z"/></svg>'


def test_coordinates_are_integers_on_a_scaled_grid() -> None:
    assert to_svg(square(), 20, 10, 0.5) == (
        f'{HEAD}<g transform="scale(.5)"><path fill="#f00" d="M4 4h6v6h-6z"/></g></svg>'
    )


def test_curves_are_relative_and_need_few_separators() -> None:
    points = torch.tensor([[[5.0, 5], [8, 2], [12, 2], [15, 5], [12, 8], [8, 8]]])
    svg = to_svg(PathSet.of_strokes(points, torch.zeros(1, 3)), 20, 10, 1)
    assert svg == f'{HEAD}<path d="M5 5c3-3 7-3 10 0-3 3-7 3-10 0z"/></svg>'


def test_the_background_is_the_first_path() -> None:
    assert '<path fill="#369" d="M0 0h20v10H0z"/><path' in to_svg(square(), 20, 10, 1, torch.tensor([0.2, 0.4, 0.6]))


def test_opacity_and_fill_rule_are_written_where_they_are_not_the_default() -> None:
    svg = to_svg(square(opacities=torch.tensor([0.5]), fill_rule="evenodd"), 20, 10, 1)
    assert 'fill-opacity=".5"' in svg
    assert 'fill-rule="evenodd"' in svg


def test_gradients_are_defined_in_the_coordinates_of_the_paths() -> None:
    shaded = square(end_colours=torch.tensor([[0.0, 0, 1]]), axes=torch.tensor([[2.0, 0, 5, 0]]))
    assert to_svg(shaded, 20, 10, 0.5).startswith(
        f'{HEAD}<defs><linearGradient id="g0" gradientUnits="userSpaceOnUse" x1="4" y1="0" x2="10" y2="0">'
        '<stop stop-color="#f00"/><stop offset="1" stop-color="#00f"/></linearGradient></defs>'
        '<g transform="scale(.5)"><path fill="url(#g0)"'
    )


def test_paths_without_extent_are_left_out() -> None:
    assert to_svg(square(points=torch.ones(12, 2)), 20, 10, 1) == f"{HEAD}</svg>"


def test_rounding_beforehand_changes_nothing_in_the_document() -> None:
    paths = square(points=torch.tensor(SQUARE) + 0.123, opacities=torch.tensor([0.437]))
    assert to_svg(rounded(paths, 0.25), 20, 10, 0.25) == to_svg(paths, 20, 10, 0.25)


@pytest.mark.parametrize("closed", [False, True])
def test_a_stroke_that_is_a_dot_is_drawn_and_counted(closed: bool) -> None:
    dot = Stroke([Curve(np.full((4, 2), 5.02), line=True)], closed, 2.0)
    svg = strokes_to_svg([dot], torch.zeros(3), 20, 10)
    assert '<path d="M20 20h1"/>' in svg
    assert count_of(svg) == 1


def test_paths_are_counted_as_they_are_written() -> None:
    lost = PathSet.of_strokes(torch.tensor([[[2.0, 2]] * 12]), torch.tensor([[1.0, 0, 0]]))
    assert count_of(to_svg(lost, 20, 10, 1)) == 0
    assert count_of(to_svg(square(), 20, 10, 1, torch.zeros(3))) == 2
