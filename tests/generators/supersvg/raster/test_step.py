from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("numba")

from spectacle.generators.supersvg.raster.shapes import PathSet  # noqa: E402
from spectacle.generators.supersvg.raster.step import SquaredError  # noqa: E402
from spectacle.generators.supersvg.tracing.refine import Optimiser  # noqa: E402

WIDTH, HEIGHT, PATHS = 70, 140, 20


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("graded", [False, True])
def test_a_step_without_autograd_goes_where_one_with_it_goes(channels: int, graded: bool) -> None:
    random = torch.Generator().manual_seed(4)

    def some(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=random)

    points = some(PATHS, 1, 2) * torch.tensor([WIDTH, HEIGHT]) + 40 * (some(PATHS, 12, 2) - 0.5)
    paths = PathSet.of_strokes(points, some(PATHS, 3))
    if graded:
        paths = replace(paths, end_colours=some(PATHS, 3), axes=WIDTH * some(PATHS, 4))
    pixels, background = some(HEIGHT, WIDTH, channels), some(channels)
    optimiser = Optimiser(pixels, background, opacities=channels == 4)
    plain, direct = (
        {
            name: getattr(paths, name).clone().requires_grad_(name != "opacities" or channels == 4)
            for name in ("points", "colours", "opacities", *(["end_colours"] if graded else []))
        }
        for _ in range(2)
    )
    error = optimiser.backward(replace(paths, **plain))
    stiffness = optimiser.stiffness(paths)
    ends = direct.get("end_colours")
    again = SquaredError(paths, pixels, background, stiffness).backward(
        direct["points"], direct["colours"], ends, direct["opacities"]
    )
    assert again == pytest.approx(error, rel=1e-5)
    for name, leaf in plain.items():
        if leaf.requires_grad:
            size = float(leaf.grad.abs().max())
            assert torch.allclose(direct[name].grad, leaf.grad, atol=1e-4 * size), name
