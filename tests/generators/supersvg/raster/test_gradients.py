from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("numba")
cairosvg = pytest.importorskip("cairosvg")

from PIL import Image  # noqa: E402

from spectacle.generators.supersvg.raster import torch_kernels  # noqa: E402
from spectacle.generators.supersvg.raster.gradients import Gradient, tables_of  # noqa: E402
from spectacle.generators.supersvg.raster.render import flatten, ramps_of, render  # noqa: E402
from spectacle.generators.supersvg.raster.shapes import PathSet  # noqa: E402
from spectacle.generators.supersvg.tracing.document import to_svg  # noqa: E402

SIZE = 60
RED_TO_BLUE = np.array([[1, 0, 0, 1], [1, 1, 0, 0.5], [0, 0, 1, 0.2]], float)
OFFSETS = np.array([0.1, 0.4, 0.9])
GRADIENTS = {
    "linear": Gradient(np.array([[10, 5], [40, 50], [10, 5]], float), OFFSETS, RED_TO_BLUE),
    "radial": Gradient(np.array([[25, 30], [50, 30], [25, 55]], float), OFFSETS, RED_TO_BLUE),
    "elliptical": Gradient(np.array([[30, 28], [50, 38], [25, 38]], float), OFFSETS, RED_TO_BLUE),
    "focal": Gradient(np.array([[22, 26], [50, 26], [22, 54]], float), OFFSETS, RED_TO_BLUE, np.array([0.3, 0.2])),
    "focal ellipse": Gradient(
        np.array([[30, 28], [50, 38], [25, 38]], float), OFFSETS, RED_TO_BLUE, np.array([0, -0.6])
    ),
}


def square(gradient: Gradient) -> PathSet:
    corners = torch.tensor([[4.0, 4], [56, 4], [56, 56], [4, 56]])
    following = corners.roll(-1, 0)
    points = torch.stack([corners, corners + (following - corners) / 3, corners + (following - corners) * 2 / 3], 1)
    return replace(PathSet.of_strokes(points.reshape(1, 12, 2), torch.ones(1, 3)), gradients=(gradient,))


@pytest.mark.parametrize("name", GRADIENTS)
def test_a_gradient_is_rendered_as_cairo_renders_its_svg(name: str) -> None:
    paths = square(GRADIENTS[name])
    raw = cairosvg.svg2png(to_svg(paths, SIZE, SIZE, 0.05).encode())
    cairo = np.asarray(Image.open(io.BytesIO(raw)).convert("RGBA"), np.float32) / 255
    drawn = render(paths, SIZE, SIZE, alpha=True).numpy()
    assert np.abs(drawn[..., 3] - cairo[..., 3]).max() < 0.02
    assert np.abs(drawn[..., :3] - cairo[..., :3] * cairo[..., 3:]).max() < 0.02


@pytest.mark.parametrize("name", GRADIENTS)
def test_a_gpu_renders_the_same_gradient(name: str) -> None:
    paths = square(GRADIENTS[name])
    edges, starts = flatten(paths)
    drawn = torch_kernels.paint(
        *(edges, starts, paths.colours, paths.colours, ramps_of(paths)),
        *map(torch.from_numpy, tables_of(paths.gradients, 1)),
        *(paths.opacities, torch.zeros(SIZE, SIZE, 3)),
        even_odd=False,
        max_weight=1.0,
    )
    assert torch.allclose(drawn, render(paths, SIZE, SIZE), atol=0.01)


def test_gradients_stay_with_their_paths() -> None:
    linear, radial = square(GRADIENTS["linear"]), square(GRADIENTS["radial"])
    plain = replace(linear, gradients=None)
    both = linear.over(plain).over(radial)
    assert [gradient is not None for gradient in both.gradients] == [True, False, True]
    assert both.select(torch.tensor([2, 1])).gradients == (GRADIENTS["linear"], None)
    doubled = both.scaled(2, 2).gradients[0]
    assert doubled is not None
    assert np.allclose(doubled.frame, 2 * GRADIENTS["radial"].frame)


def test_paths_with_the_same_gradient_share_one_definition() -> None:
    svg = to_svg(square(GRADIENTS["radial"]).over(square(GRADIENTS["radial"])), SIZE, SIZE)
    assert svg.count("<radialGradient") == 1
    assert svg.count('fill="url(#g0)"') == 2
