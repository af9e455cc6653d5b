from __future__ import annotations

import io
import math
import re

import cairosvg
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("numba")

from PIL import Image

from spectacle.generators.supersvg.tracing.settings import Vectorised, VectoriseSettings
from spectacle.generators.supersvg.tracing.tips import Coverage, tips_at
from spectacle.generators.supersvg.tracing.vectorise import vectorise

NEEDLES = (
    '<polygon fill="#c00" points="10,10 90,22 12,34"/><polygon fill="#06c" points="20,80 100,76 100,86"/>'
    '<path fill="#111" d="M20 100h60v20H20z"/>'
)
STAR = '<polygon fill="#b00" points="{}"/>'.format(
    " ".join(
        f"{64 + reach * math.cos(turn * math.pi / 12):.2f},{64 + reach * math.sin(turn * math.pi / 12):.2f}"
        for turn in range(24)
        for reach in [(22, 58)[turn % 2 == 0]]
    )
)


def rendered(svg: str, width: int = 128) -> Image.Image:
    return Image.open(io.BytesIO(cairosvg.svg2png(svg.encode(), output_width=width))).convert("RGB")


def page(shapes: str) -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="128" height="128" viewBox="0 0 128 128">'
        f'<path fill="#fff" d="M0 0h128v128H0z"/>{shapes}</svg>'
    )


def drawn(source: str) -> Vectorised:
    return vectorise(rendered(source), VectoriseSettings(num_iterations=20), lambda step, steps, error: None)


def off(made: Vectorised, source: str) -> float:
    """The mean squared difference at eight times the size."""
    ours, right = (np.asarray(rendered(svg, 1024), float) / 255 for svg in (made.svg, source))
    return float(((ours - right) ** 2).mean())


def test_needles_are_one_path_each_of_three_straight_sides() -> None:
    made = drawn(page(NEEDLES))
    assert made.metrics.num_paths == 4
    for colour in ("#c00", "#06c"):
        (data,) = re.findall(rf'fill="{colour}" d="([^"]*)"', made.svg)
        assert re.fullmatch(r"M[\d. ]+l[-\d. ]+z", data)
    assert off(made, page(NEEDLES)) < 1e-4


def test_the_rays_of_a_star_of_one_colour_end_in_points() -> None:
    made = drawn(page(STAR))
    assert made.metrics.num_paths == 2
    (data,) = re.findall(r'fill="#b00" d="([^"]*)"', made.svg)
    assert re.fullmatch(r"M[\d. ]+l[-\d. ]+z", data)
    assert off(made, page(STAR)) < 4e-4


@pytest.mark.parametrize("wide", [1.0, 2.5])
def test_what_tapers_and_ends_before_it_is_pointed_stays_blunt(wide: float) -> None:
    source = page(
        f'<polygon fill="#06c" points="14,30 110,{40 - wide / 2} 110,{40 + wide / 2} 14,50"/>'
        '<path fill="#111" d="M20 100h60v20H20z"/><path fill="#c00" d="M100 100h20v20h-20z"/>'
    )
    made = drawn(source)
    right = np.flatnonzero((np.asarray(rendered(made.svg, 1024))[300:340, :, 0] < 128).any(axis=0)).max() / 8
    assert right == pytest.approx(110, abs=0.5)


def square_with_notch(size: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """How much of each pixel a square with a narrow notch covers, and the outline as it is traced: without its tip."""
    source = '<path d="M5 5H55V55H5zM26 5L30 45L34 5z" fill-rule="evenodd" fill="#000"/>'
    shares = 1 - np.asarray(rendered(page(source)), float)[:size, :size, 0] / 255
    corners = np.array(
        [[5, 5], [26, 5], [29.7, 41], [30, 41.1], [30.3, 41], [34, 5], [55, 5], [55, 55], [5, 55]], float
    )
    sides = zip(corners, np.roll(corners, -1, axis=0), strict=True)
    return shares, np.concatenate(
        [np.linspace(begin, end, round(np.hypot(*(end - begin))) or 1, endpoint=False) for begin, end in sides]
    )


def test_a_notch_is_as_deep_as_the_image_shows() -> None:
    shares, outline = square_with_notch()
    (corner,) = np.flatnonzero((outline == [30, 41.1]).all(axis=1)).tolist()
    tips = tips_at(outline, [0, corner, 120], Coverage(shares.__getitem__, (60, 60)))
    assert tips[corner].end == pytest.approx([30, 45], abs=1.2)
    assert tips[corner].begin is tips[corner].end
