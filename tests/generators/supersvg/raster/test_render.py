from __future__ import annotations

import io
import math
from dataclasses import replace

import cairosvg
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("numba")

from PIL import Image  # noqa: E402

from spectacle.generators.supersvg.raster import torch_kernels  # noqa: E402
from spectacle.generators.supersvg.raster.gradients import tables_of  # noqa: E402
from spectacle.generators.supersvg.raster.render import MAX_WEIGHT, flatten, ramps_of, render, uppermost, visible_areas  # noqa: E402
from spectacle.generators.supersvg.raster.shapes import PathSet  # noqa: E402
from spectacle.generators.supersvg.tracing.document import to_svg  # noqa: E402

WIDTH, HEIGHT = 60, 44


def blobs(count: int, *, seed: int = 0, opaque: bool = False, radius: float = 12) -> PathSet:
    random = torch.Generator().manual_seed(seed)
    angle = torch.arange(12) / 12 * 2 * math.pi
    distance = radius * (0.5 + 0.8 * torch.rand(count, 12, generator=random))
    centre = torch.rand(count, 1, 2, generator=random) * torch.tensor([WIDTH, HEIGHT])
    points = centre + distance[..., None] * torch.stack([angle.cos(), angle.sin()], dim=-1)
    colours = torch.rand(count, 3, generator=random)
    opacities = torch.ones(count) if opaque else 0.1 + 0.85 * torch.rand(count, generator=random)
    return PathSet.of_strokes(points, colours, opacities)


def rectangle(left: float, top: float, right: float, bottom: float, **changes: object) -> PathSet:
    corners = torch.tensor([[left, top], [right, top], [right, bottom], [left, bottom]])
    following = corners.roll(-1, 0)
    points = torch.stack([corners, corners + (following - corners) / 3, corners + (following - corners) * 2 / 3], 1)
    return replace(PathSet.of_strokes(points.reshape(1, 12, 2), torch.ones(1, 3)), **changes)


def on_gpu_operations(paths: PathSet) -> torch.Tensor:
    """What a GPU would draw, on the CPU."""
    edges, starts = flatten(paths)
    ends = paths.colours if paths.end_colours is None else paths.end_colours
    return torch_kernels.paint(
        *(edges, starts, paths.colours, ends, ramps_of(paths)),
        *map(torch.from_numpy, tables_of(paths.gradients, len(paths))),
        *(paths.opacities, torch.zeros(HEIGHT, WIDTH, 3)),
        even_odd=paths.fill_rule == "evenodd",
        max_weight=MAX_WEIGHT if paths.opacities.requires_grad else 1.0,
    )


def test_a_pixel_is_covered_by_the_area_of_the_path_in_it() -> None:
    drawn = render(rectangle(1.25, 1.5, 3.5, 3), 5, 4)[..., 0]
    across, down = torch.tensor([0, 0.75, 1, 0.5, 0]), torch.tensor([0, 0.5, 1, 0])
    assert torch.allclose(drawn, down[:, None] * across, atol=1e-6)


def test_paths_reach_beyond_the_picture() -> None:
    assert torch.allclose(render(rectangle(-50, -9, 80, 70), 6, 5), torch.ones(5, 6, 3), atol=1e-6)
    assert not render(rectangle(7, 0, 9, 9), 6, 5).any()


def test_later_paths_lie_above_earlier_ones_and_let_them_shine_through() -> None:
    below = rectangle(0, 0, 4, 4, colours=torch.tensor([[1.0, 0, 0]]))
    above = rectangle(0, 0, 4, 4, colours=torch.tensor([[0.0, 0, 1]]), opacities=torch.tensor([0.25]))
    assert torch.allclose(render(above.over(below), 4, 4)[2, 2], torch.tensor([0.75, 0, 0.25]), atol=1e-6)


def test_the_background_shows_where_nothing_is_drawn() -> None:
    drawn = render(rectangle(0, 0, 2, 4), 4, 4, torch.tensor([0.2, 0.4, 0.6]))
    assert torch.allclose(drawn[1, 3], torch.tensor([0.2, 0.4, 0.6]))
    assert torch.allclose(drawn[1, 1], torch.ones(3))


def test_alpha_is_drawn_as_a_fourth_channel() -> None:
    drawn = render(rectangle(0, 0, 2, 4, opacities=torch.tensor([0.5])), 4, 4, alpha=True)
    assert torch.allclose(drawn[1, 1], torch.full((4,), 0.5))
    assert not drawn[1, 3].any()


@pytest.mark.parametrize(("rule", "inside"), [("nonzero", 1.0), ("evenodd", 0.0)])
def test_the_fill_rule_decides_about_twice_enclosed_places(rule: str, inside: float) -> None:
    twice = rectangle(0, 0, 8, 8)
    twice = replace(
        twice,
        points=torch.cat([twice.points, rectangle(2, 2, 6, 6).points]),
        contours=torch.tensor([4, 4]),
        owners=torch.tensor([0, 0]),
        fill_rule=rule,
    )
    drawn = render(twice, 8, 8)
    assert drawn[4, 4, 0] == pytest.approx(inside, abs=1e-6)
    assert drawn[1, 1, 0] == pytest.approx(1, abs=1e-6)


def test_gradients_run_from_the_beginning_to_the_end_of_their_axis() -> None:
    shaded = rectangle(0, 0, 10, 2, end_colours=torch.zeros(1, 3), axes=torch.tensor([[2.0, 0, 8, 0]]))
    expected = (1 - (torch.arange(10) + 0.5 - 2) / 6).clamp(0, 1)
    assert torch.allclose(render(shaded, 10, 2)[1, :, 0], expected, atol=1e-5)


@pytest.mark.parametrize("rule", ["nonzero", "evenodd"])
@pytest.mark.parametrize("draw", [lambda paths: render(paths, WIDTH, HEIGHT), on_gpu_operations])
def test_gradients_agree_with_finite_differences(rule: str, draw: object) -> None:
    paths = replace(blobs(12, seed=3), fill_rule=rule)
    axes = torch.zeros(12, 4)
    axes[::2] = torch.tensor([10.0, 5, 50, 40])
    wanted = torch.rand(HEIGHT, WIDTH, 3, generator=torch.Generator().manual_seed(1))
    leaves = {
        "points": paths.points.clone().requires_grad_(),
        "colours": paths.colours.clone().requires_grad_(),
        "opacities": paths.opacities.clone().requires_grad_(),
        "end_colours": paths.colours.flip(0).clone().requires_grad_(),
    }

    def error() -> torch.Tensor:
        drawn = draw(replace(paths, axes=axes, **leaves))  # type: ignore[operator]
        return (drawn - wanted).square().double().sum()

    error().backward()
    for number, (name, leaf) in enumerate(leaves.items()):
        direction = torch.randn(leaf.shape, generator=torch.Generator().manual_seed(number))
        size = 2e-3 if name == "points" else 5e-3
        with torch.no_grad():
            leaf.add_(size * direction)
            more = error()
            leaf.sub_(2 * size * direction)
            less = error()
            leaf.add_(size * direction)
        assert leaf.grad is not None
        expected = float((more - less) / (2 * size))
        assert float((leaf.grad * direction).sum()) == pytest.approx(expected, rel=0.01, abs=0.02), name


@pytest.mark.parametrize("rule", ["nonzero", "evenodd"])
def test_torch_operations_draw_what_the_kernels_draw(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = replace(blobs(30, seed=5), fill_rule=rule, end_colours=torch.rand(30, 3), axes=torch.rand(30, 4) * WIDTH)
    drawn = render(paths, WIDTH, HEIGHT)
    assert torch.allclose(on_gpu_operations(paths), drawn, atol=1e-5)
    monkeypatch.setattr(torch_kernels, "MAX_FRAGMENTS", 1500)
    assert torch.allclose(on_gpu_operations(paths), drawn, atol=1e-5)


def test_the_picture_is_the_one_that_cairo_draws() -> None:
    paths = blobs(25, seed=7, opaque=True)
    grid = 1 / 64
    drawn = render(replace(paths, points=(paths.points / grid).round() * grid), WIDTH, HEIGHT).numpy()
    raw = cairosvg.svg2png(to_svg(paths, WIDTH, HEIGHT, grid).encode(), background_color="black")
    cairo = np.asarray(Image.open(io.BytesIO(raw)).convert("RGB"), np.float32) / 255
    assert np.abs(drawn - cairo).mean() < 0.003
    assert np.abs(drawn - cairo).max() < 0.15


def test_gradients_do_not_depend_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    gradients = []
    for threads in ("1", "3"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        paths = blobs(20, seed=2)
        points = paths.points.clone().requires_grad_()
        render(replace(paths, points=points), WIDTH, 4 * HEIGHT).square().sum().backward()
        gradients.append(points.grad)
    assert torch.equal(gradients[0], gradients[1])


def test_visible_areas_leave_out_what_is_covered() -> None:
    below, above = rectangle(0, 0, 6, 4), rectangle(2, 0, 6, 4)
    assert visible_areas(above.over(below), 8, 8).tolist() == pytest.approx([8, 16], abs=1e-3)


def test_no_paths_leave_the_background() -> None:
    none = PathSet.of_strokes(torch.zeros(0, 12, 2), torch.zeros(0, 3))
    assert torch.equal(render(none, 3, 2, torch.tensor([1.0, 0, 0])), torch.tensor([1.0, 0, 0]).expand(2, 3, 3))


def test_the_uppermost_path_is_the_last_that_hides_more_than_half_of_a_pixel() -> None:
    square = torch.tensor(
        [[0.0, 0], [1, 0], [2, 0], [3, 0], [3, 1], [3, 2], [3, 3], [2, 3], [1, 3], [0, 3], [0, 2], [0, 1]]
    )
    paths = PathSet.of_strokes(
        torch.stack([square, square + torch.tensor([1.6, 0]), square]), torch.ones(3, 3), torch.tensor([1, 1, 0.4])
    )
    assert uppermost(paths, 6, 4).tolist() == [[0, 0, 1, 1, 1, -1]] * 3 + [[-1] * 6]
