"""How what the networks answer is put together. The networks here answer what the tests want, whatever they see."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from spectacle.generators.supersvg.network.painter import Painter, ground
from spectacle.generators.supersvg.raster.render import render
from spectacle.generators.supersvg.raster.shapes import PathSet


def box(left: float, top: float, right: float, bottom: float) -> Tensor:
    """The 24 coordinates of a rectangle."""
    corners = torch.tensor([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=torch.float32)
    return torch.stack([corners.lerp(corners.roll(-1, 0), share) for share in (0, 1 / 3, 2 / 3)], dim=1).flatten()


def path(outline: Tensor, colour: tuple[float, float, float], *sure: float) -> Tensor:
    return torch.cat((outline, torch.tensor([*colour, *sure])))


class Begins(nn.Module):
    """Answers like the coarse network, with the same paths for each superpixel."""

    def __init__(self, *paths: Tensor) -> None:
        super().__init__()
        self.paths = torch.stack(paths)
        self.seen: list[Tensor] = []

    def forward(self, pictures: Tensor) -> Tensor:
        self.seen += list(pictures)
        return self.paths.expand(len(pictures), -1, -1)


class GoesOn(nn.Module):
    """Answers like the refinement network, with eight times the same path for each superpixel."""

    def __init__(self, added: Tensor) -> None:
        super().__init__()
        self.added = added
        self.seen: list[tuple[Tensor, Tensor]] = []

    def forward(self, pictures: Tensor, canvases: Tensor) -> Tensor:
        self.seen += list(zip(pictures, canvases, strict=True))
        return self.added.expand(len(pictures), 8, -1)


RED, GREEN, BLUE, WHITE = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 1.0, 1.0)
LEFT_HALF = box(0, 0, 0.5, 1)
UPPER_RIGHT = box(0.5, 0, 1, 0.5)


def paint(
    height: int, width: int, begins: nn.Module, goes_on: nn.Module | None, max_paths: int, **more: object
) -> tuple[PathSet, list[tuple[int, int]]]:
    told: list[tuple[int, int]] = []
    y, x = np.mgrid[:height, :width].astype(np.float32)
    picture = np.stack([x / width, y / height, np.full_like(x, 0.5)], axis=2)
    painter = Painter(begins, goes_on, torch.device("cpu"))  # type: ignore[arg-type]
    drawing = painter.paint(picture, max_paths, lambda done, most: told.append((done, most)), **more)  # type: ignore[arg-type]
    return drawing, told


def colours(drawing: PathSet) -> list[tuple[float, ...]]:
    return [tuple(colour) for colour in drawing.colours.tolist()]


def test_paths_are_placed_x_before_y_in_the_box_of_their_superpixel() -> None:
    drawing, _ = paint(20, 40, Begins(path(UPPER_RIGHT, RED, 0.9)), None, 10)
    assert drawing.points.amin(dim=0).tolist() == [20, 0]
    assert drawing.points.amax(dim=0).tolist() == [40, 10]
    assert drawing.fill_rule == "evenodd"
    canvas = render(drawing, 40, 20)
    assert canvas[5, 30].tolist() == pytest.approx([1, 0, 0])
    assert canvas[15, 30].tolist() == canvas[5, 10].tolist() == [0, 0, 0]


def test_only_paths_that_are_more_sure_than_not_are_visible() -> None:
    begins = Begins(path(LEFT_HALF, RED, 0.49), path(LEFT_HALF, GREEN, 0.51), path(LEFT_HALF, BLUE, 1.0))
    assert colours(paint(16, 16, begins, None, 10)[0]) == [GREEN, BLUE]


def test_the_superpixels_are_painted_one_after_the_other() -> None:
    drawing, told = paint(96, 96, Begins(path(LEFT_HALF, RED, 1.0), path(UPPER_RIGHT, GREEN, 1.0)), None, 64 * 9)
    assert len(drawing) >= 2 * 6
    assert set(colours(drawing)[::2]) == {RED}
    assert set(colours(drawing)[1::2]) == {GREEN}
    lefts = drawing.points.reshape(len(drawing), -1, 2)[::2].amin(dim=1)
    assert len(torch.unique(lefts, dim=0)) == len(drawing) // 2
    assert told[-1][0] == told[-1][1]
    assert all(done <= most for done, most in told)


def test_refining_goes_on_top_until_there_are_enough() -> None:
    goes_on = GoesOn(path(UPPER_RIGHT, WHITE))
    drawing, told = paint(64, 64, Begins(path(LEFT_HALF, RED, 1.0)), goes_on, 61)
    assert colours(drawing) == [RED] + [WHITE] * 60
    assert told[-1][0] == told[-1][1]


def test_the_refinement_network_sees_the_picture_and_what_is_painted() -> None:
    goes_on = GoesOn(path(UPPER_RIGHT, WHITE))
    paint(32, 32, Begins(path(LEFT_HALF, RED, 1.0)), goes_on, 9)
    (picture, canvas), *_ = goes_on.seen
    assert canvas[:, 112, 50].tolist() == pytest.approx([1, 0, 0])
    assert canvas[:, 112, 200].tolist() == [0, 0, 0]
    assert picture[0, 112, 10] < 0.1
    assert picture[0, 112, 213] > 0.9


def test_what_is_painted_worst_is_refined_again() -> None:
    # White over the upper right of each superpixel makes none better; all get their turn.
    goes_on = GoesOn(path(UPPER_RIGHT, WHITE))
    drawing, _ = paint(48, 48, Begins(path(LEFT_HALF, RED, 1.0)), goes_on, 200)
    assert len(drawing) == 200


def test_where_there_are_too_many_the_smallest_are_left_out() -> None:
    begins = Begins(
        path(box(0, 0, 0.1, 0.1), RED, 1.0), path(box(0, 0, 1, 1), GREEN, 1.0), path(box(0, 0, 0.5, 0.5), BLUE, 1.0)
    )
    goes_on = GoesOn(path(UPPER_RIGHT, WHITE))
    assert colours(paint(20, 20, begins, goes_on, 2)[0]) == [GREEN, BLUE]
    assert goes_on.seen == []


def test_a_network_that_paints_nothing_leaves_it_to_the_other() -> None:
    drawing, _ = paint(20, 20, Begins(path(LEFT_HALF, RED, 0.1)), GoesOn(path(UPPER_RIGHT, WHITE)), 8)
    assert colours(drawing) == [WHITE] * 8
    assert len(paint(20, 20, Begins(path(LEFT_HALF, RED, 0.1)), None, 8)[0]) == 0


def test_what_is_transparent_is_not_painted() -> None:
    opaque = np.zeros((40, 40), bool)
    opaque[20:36, 4:20] = True
    drawing, _ = paint(40, 40, Begins(path(box(0, 0, 1, 1), RED, 1.0)), None, 10, opaque=opaque)
    assert drawing.points.amin(dim=0).tolist() == [3, 19]
    assert drawing.points.amax(dim=0).tolist() == [22, 38]


def test_the_ground_covers_the_picture() -> None:
    canvas = render(ground(30, 20), 30, 20, background=torch.ones(3))
    assert canvas.max() == 0
