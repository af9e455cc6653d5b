from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("skimage")

from spectacle.generators.supersvg.raster.render import render  # noqa: E402
from spectacle.generators.supersvg.tracing.cutout import tile  # noqa: E402
from spectacle.generators.supersvg.tracing.palette import reduced_to  # noqa: E402

COLOURS = np.array([[0.9, 0.1, 0.1], [0.1, 0.2, 0.8], [1, 1, 1]], np.float32)


def picture() -> np.ndarray:
    rows, columns = np.mgrid[:64, :64]
    return COLOURS[np.where(np.hypot(rows - 30, columns - 26) < 16, 0, np.where(columns > 36, 1, 2))]


def test_pieces_cover_the_image_once_and_leave_no_gap() -> None:
    areas = reduced_to(picture(), COLOURS, 4)
    paths = tile(areas, 0.4, np.ones(len(areas.areas), bool), by_colour=False)
    covered = sum(
        render(torch_white(paths.select(torch.tensor([number]))), 64, 64)[..., 0] for number in range(len(paths))
    )
    assert np.abs(covered.numpy() - 1).max() < 0.02


def torch_white(paths: object) -> object:
    from dataclasses import replace

    return replace(paths, colours=torch.ones_like(paths.colours))


def test_pieces_of_one_colour_are_one_path_on_request() -> None:
    areas = reduced_to(picture(), COLOURS, 4)
    kept = np.ones(len(areas.areas), bool)
    assert len(tile(areas, 0.4, kept, by_colour=True)) == 3
