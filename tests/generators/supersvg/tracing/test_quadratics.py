from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("numba")

from spectacle.generators.supersvg.raster.shapes import PathSet  # noqa: E402
from spectacle.generators.supersvg.tracing.document import to_svg  # noqa: E402
from spectacle.generators.supersvg.tracing.quadratics import may_be_quadratic, with_quadratics  # noqa: E402
from spectacle.generators.supersvg.tracing.refine import Budget, Optimiser  # noqa: E402
from spectacle.generators.supersvg.tracing.untangle import crosses_itself  # noqa: E402

SIZE = 40

LENS = torch.tensor([[5.0, 20], [15, 0], [25, 0], [35, 20], [25, 40], [15, 40]])
"""Two arcs, each the quadratic curve with its control point 30 pixels off."""

WAVE = torch.tensor([[5.0, 20], [15, -15], [25, 55], [35, 20], [25, 40], [15, 40]])
"""The first bends both ways, as no quadratic curve does."""


def outline(points: torch.Tensor, **changes: object) -> PathSet:
    return replace(PathSet.of_strokes(points[None], torch.ones(1, 3)), **changes)


def of(paths: PathSet, noise: float = 0.1) -> Optimiser:
    black = torch.zeros(3)
    drawn = Optimiser(torch.zeros(SIZE, SIZE, 3), black).draw(paths)
    random = torch.Generator().manual_seed(0)
    return Optimiser(drawn + noise * torch.randn(drawn.shape, generator=random), black)


def test_curves_that_are_nearly_quadratic_may_become_so_and_others_may_not() -> None:
    assert may_be_quadratic(outline(LENS), of(outline(LENS))).tolist() == [True, True]
    assert may_be_quadratic(outline(WAVE), of(outline(WAVE))).tolist() == [False, True]


def test_what_is_not_seen_may_always_become_quadratic() -> None:
    hidden = PathSet.of_strokes(WAVE[None], torch.zeros(1, 3))
    assert may_be_quadratic(hidden, of(hidden)).all()


def test_steps_of_the_optimiser_keep_curves_quadratic() -> None:
    paths = outline(WAVE)
    which = torch.tensor([True, False])
    optimiser = replace(of(outline(LENS)), quadratic=which)
    after = optimiser.run(paths, Budget(10, lambda step, steps, error: None), 1.0)
    begin, first, second, end = after.curves()[0]
    control = (3 * (first + second) - begin - end) / 4
    assert torch.allclose(first, (begin + 2 * control) / 3, atol=1e-4)
    assert torch.allclose(second, (end + 2 * control) / 3, atol=1e-4)
    assert not torch.equal(after.points, paths.points)


@pytest.mark.parametrize("grid", [0.05, 0.5, 1.0])
def test_curves_that_are_quadratic_are_written_with_four_numbers(grid: float) -> None:
    moved = LENS + 0.1 * grid
    svg = to_svg(with_quadratics(outline(moved), grid), SIZE, SIZE, grid)
    assert svg.count("q") == 1
    assert "c" not in svg.split('d="')[1]


def test_curves_that_are_not_are_written_as_they_are() -> None:
    svg = to_svg(with_quadratics(outline(WAVE), 0.5), SIZE, SIZE, 0.5)
    assert "c20-70 40 70 60 0q-30 60-60 0z" in svg


def test_a_curve_moves_by_half_a_step_at_most() -> None:
    random = torch.Generator().manual_seed(1)
    points = (SIZE * torch.rand(60, 2, generator=random)).round()
    paths = PathSet.of_strokes(points[None], torch.ones(1, 3))
    before, after = paths.curves(), with_quadratics(paths, 1.0).curves()
    for place in torch.linspace(0, 1, 21):
        rest = 1 - place
        weights = torch.stack([rest**3, 3 * rest**2 * place, 3 * rest * place**2, place**3])
        off = ((after - before) * weights[:, None]).sum(dim=1).norm(dim=1)
        assert off.max() <= 0.51


def test_no_outline_crosses_itself_because_its_curves_are_quadratic() -> None:
    thin = torch.tensor([[0.0, 0], [13, 0.5], [27, 0.9], [40, 0], [27, 1.0], [13, 0.6]])
    paths = outline(10 + thin / 2)
    assert not crosses_itself(paths.curves().double().numpy())
    assert not crosses_itself(with_quadratics(paths, 1.0).curves().double().numpy())


def test_without_paths_there_is_nothing_to_change() -> None:
    none = outline(LENS).select(torch.zeros(1, dtype=torch.bool))
    assert len(with_quadratics(none, 0.5)) == 0
    assert len(may_be_quadratic(none, of(outline(LENS)))) == 0
