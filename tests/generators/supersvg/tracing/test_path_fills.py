from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("numba")

from spectacle.generators.supersvg.raster.gradients import Gradient  # noqa: E402
from spectacle.generators.supersvg.raster.shapes import PathSet  # noqa: E402
from spectacle.generators.supersvg.tracing.path_fills import fitted  # noqa: E402
from spectacle.generators.supersvg.tracing.refine import Optimiser  # noqa: E402

SIZE = 48


def rectangle(left: float, top: float, right: float, bottom: float) -> torch.Tensor:
    corners = torch.tensor([[left, top], [right, top], [right, bottom], [left, bottom]])
    after = corners.roll(-1, 0)
    return torch.stack([corners, corners + (after - corners) / 3, corners + (after - corners) * 2 / 3], 1).reshape(
        -1, 2
    )


def sloped(across: float, down: float, noise: float = 0.02) -> torch.Tensor:
    """(SIZE, SIZE, 3) a slope of grey, with noise: some error is left in every image."""
    rows, columns = torch.meshgrid(*(torch.arange(SIZE) / SIZE,) * 2, indexing="ij")
    random = torch.Generator().manual_seed(0)
    grey = 0.2 + across * columns + down * rows
    return (grey[..., None] + noise * torch.randn(SIZE, SIZE, 3, generator=random)).clamp(0, 1)


def covered(*, graded: bool = True, **changes: object) -> PathSet:
    """One path as large as the image, whose gradient is far off; or of one colour."""
    paths = PathSet.of_strokes(rectangle(0, 0, SIZE, SIZE)[None], torch.full((1, 3), 0.9))
    axes = torch.tensor([[0.0, 0, SIZE, 0]]) if graded else torch.zeros(1, 4)
    return replace(paths, end_colours=torch.zeros(1, 3), axes=axes, **changes)


def squared_error(paths: PathSet, optimiser: Optimiser) -> float:
    return float(optimiser.difference(paths).square().sum())


@pytest.mark.parametrize("graded", [False, True])
@pytest.mark.parametrize("slope", [(0.6, 0.0), (0.0, 0.6), (-0.15, 0.4)])
def test_a_path_gets_the_gradient_of_what_it_shows(slope: tuple[float, float], graded: bool) -> None:
    optimiser = Optimiser(sloped(*slope), torch.zeros(3))
    after = fitted(covered(graded=graded), optimiser)
    left = squared_error(after, optimiser) / (3 * SIZE * SIZE)
    assert left == pytest.approx(0.02**2, rel=0.1)


def test_a_path_of_one_colour_gets_that_colour_and_no_gradient() -> None:
    after = fitted(covered(), Optimiser(sloped(0, 0), torch.zeros(3)))
    assert not after.axes.any()
    assert after.colours[0].tolist() == pytest.approx([0.2] * 3, abs=0.01)


def test_a_gradient_is_fitted_to_the_pixels_that_are_seen() -> None:
    picture = sloped(0.6, 0)
    picture[:, SIZE // 2 :] = torch.tensor([1.0, 0, 0])
    above = PathSet.of_strokes(rectangle(SIZE / 2, 0, SIZE, SIZE)[None], torch.tensor([[1.0, 0, 0]]))
    optimiser = Optimiser(picture, torch.zeros(3))
    after = fitted(above.over(covered()), optimiser)
    assert squared_error(after, optimiser) / (3 * SIZE * SIZE) < 0.02**2


def test_paths_that_are_transparent_small_or_have_another_gradient_keep_their_fills() -> None:
    optimiser = Optimiser(sloped(0.6, 0), torch.zeros(3))
    frame = np.array([[24.0, 24], [48, 24], [24, 48]])
    glow = Gradient(frame, np.array([0.0, 1]), np.array([[1.0, 1, 1, 1], [0, 0, 0, 1]]))
    small = covered(points=rectangle(1, 1, 4, 4))
    for paths in (covered(opacities=torch.tensor([0.5])), covered(gradients=(glow,)), small):
        after = fitted(paths, optimiser)
        assert torch.equal(after.colours, paths.colours)
        assert torch.equal(after.axes, paths.axes)


def test_without_paths_or_gradients_nothing_changes() -> None:
    optimiser = Optimiser(sloped(0.6, 0), torch.zeros(3))
    plain = replace(covered(), axes=None, end_colours=None)
    assert fitted(plain, optimiser) is plain
    assert len(fitted(covered().select(torch.zeros(1, dtype=torch.bool)), optimiser)) == 0
