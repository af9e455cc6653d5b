from __future__ import annotations

import io
import itertools
import re

import cairosvg
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("numba")
pytest.importorskip("skimage")

import skimage.data
import torch
from PIL import Image

from spectacle.errors import Cancelled
from spectacle.generators.supersvg.raster.shapes import PathSet
from spectacle.generators.supersvg.tracing.metrics import compare
from spectacle.generators.supersvg.tracing.vectorise import (
    Mode,
    Vectorised,
    VectoriseSettings,
    refine,
    vectorise,
)
from spectacle.svg import clean_svg

LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="160" height="120"><path fill="#fff" d="M0 0h160v120H0z"/>'
    '<circle cx="62" cy="60" r="48" fill="#1d4ed8"/><path d="M62 22L96 80H28z" fill="#facc15"/>'
    '<rect x="120" y="20" width="30" height="60.5" fill="#111"/><path d="M112 96h40l-20 18z" fill="#dc2626"/></svg>'
)


def ignore(step: int, steps: int, error: float) -> None:
    """Progress that nobody looks at."""


def drawn(svg: str, background: str | None = "white") -> Image.Image:
    return Image.open(io.BytesIO(cairosvg.svg2png(svg.encode(), background_color=background)))


def error(made: Vectorised, picture: Image.Image) -> float:
    sides = (np.asarray(side.convert("RGB"), np.float32) / 255 for side in (drawn(made.svg), picture))
    return compare(*sides)[0]


def photograph(size: int = 96) -> Image.Image:
    return Image.fromarray(skimage.data.astronaut()).resize((size, size), Image.Resampling.LANCZOS)


def test_a_photograph_is_drawn_within_the_number_of_paths() -> None:
    picture = photograph()
    made = vectorise(picture, VectoriseSettings(max_paths=48, num_iterations=40), ignore)
    assert made.mode == Mode.PHOTO
    assert made.svg.count("<path") == made.metrics.num_paths <= 48
    assert error(made, picture) < 0.01
    assert made.metrics.mse == pytest.approx(error(made, picture), rel=0.15)
    assert made.metrics.bytes == len(made.svg.encode())


def test_the_first_shapes_of_a_photograph_have_one_outline_each() -> None:
    svg = vectorise(photograph(), VectoriseSettings(max_paths=24, num_iterations=0), ignore).svg
    assert all(data.count("M") == 1 for data in re.findall(r' d="([^"]*)"', svg))


def test_steps_bring_the_drawing_nearer_to_the_picture() -> None:
    made = [
        vectorise(photograph(), VectoriseSettings(max_paths=32, num_iterations=steps), ignore) for steps in (0, 10, 60)
    ]
    first, second, third = (drawing.metrics.mse for drawing in made)
    assert first > second > third


def test_a_picture_is_always_drawn_the_same() -> None:
    settings = VectoriseSettings(max_paths=24, num_iterations=10)
    assert vectorise(photograph(), settings, ignore).svg == vectorise(photograph(), settings, ignore).svg


def test_the_document_needs_no_cleaning_and_keeps_the_size_of_the_picture() -> None:
    picture = photograph().resize((120, 80))
    svg = vectorise(picture, VectoriseSettings(max_paths=24, num_iterations=5), ignore).svg
    assert clean_svg(svg, width=120, height=80) == svg
    assert 'width="120" height="80" viewBox="0 0 120 80"' in svg


def test_a_logo_comes_back_as_its_shapes_with_their_colours() -> None:
    picture = drawn(LOGO)
    made = vectorise(picture, VectoriseSettings(num_iterations=60), ignore)
    assert made.mode == Mode.LOGO
    assert made.metrics.num_paths == 5
    assert set(re.findall(r'fill="(#\w+)"', made.svg)) == {"#fff", "#1d4ed8", "#facc15", "#111", "#dc2626"}
    assert error(made, picture) < 1e-4


def test_corners_of_a_logo_are_sharp_and_its_lines_straight() -> None:
    svg = vectorise(drawn(LOGO), VectoriseSettings(num_iterations=60), ignore).svg
    (rectangle,) = re.findall(r'fill="#111" d="([^"]*)"', svg)
    assert re.fullmatch(r"M\d+ \d+[hv]-?\d+[hv]-?\d+[hv]-?\d+z", rectangle)
    (triangle,) = re.findall(r'fill="#facc15" d="([^"]*)"', svg)
    assert "c" not in triangle


def test_a_logo_is_found_behind_the_noise_of_jpeg() -> None:
    jpeg = io.BytesIO()
    drawn(LOGO).convert("RGB").save(jpeg, "JPEG", quality=85)
    made = vectorise(Image.open(jpeg), VectoriseSettings(num_iterations=20), ignore)
    assert (made.mode, made.metrics.num_paths) == (Mode.LOGO, 5)


def test_gradients_are_kept_as_gradients() -> None:
    source = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="60"><linearGradient id="a"><stop stop-color="red"/>'
        '<stop offset="1" stop-color="blue"/></linearGradient><path fill="#fff" d="M0 0h90v60H0z"/>'
        '<rect x="10" y="10" width="70" height="40" fill="url(#a)"/></svg>'
    )
    picture = drawn(source)
    made = vectorise(picture, VectoriseSettings(num_iterations=30), ignore)
    assert made.metrics.num_paths == 2
    assert made.svg.count("<linearGradient") == 1
    assert error(made, picture) < 2e-4


@pytest.mark.parametrize("mode", [Mode.LOGO, Mode.PHOTO])
def test_transparency_is_kept(mode: Mode) -> None:
    source = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><path fill-rule="evenodd" fill="#0a7" '
        'd="M32 4a28 28 0 1 0 .1 0zM32 20a12 12 0 1 1-.1 0z"/></svg>'
    )
    made = vectorise(drawn(source, None), VectoriseSettings(max_paths=16, num_iterations=60, mode=mode), ignore)
    seen = np.asarray(drawn(made.svg, None))[..., 3]
    assert seen[0, 0] == 0
    assert seen[32, 32] < 40
    assert seen[10, 32] > 215


def test_an_illustration_is_traced_and_then_filled_with_detail() -> None:
    picture = Image.composite(photograph(), drawn(LOGO).resize((96, 96)).convert("RGB"), Image.new("L", (96, 96), 30))
    picture.paste(drawn(LOGO).convert("RGB").resize((96, 72)), (0, 0))
    made = vectorise(picture, VectoriseSettings(max_paths=40, num_iterations=30, mode=Mode.ILLUSTRATION), ignore)
    assert made.metrics.num_paths <= 40
    assert error(made, picture) < 0.005


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("max_paths", [1, 3])
@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(Image.new("RGB", (1, 1), "red"), id="one pixel"),
        pytest.param(Image.new("RGB", (40, 30), (10, 20, 30)), id="one colour"),
        pytest.param(Image.new("RGBA", (40, 30), (10, 20, 30, 0)), id="transparent"),
        pytest.param(Image.fromarray((np.arange(900).reshape(30, 30) * 70).astype(np.uint16)), id="16-bit"),
        pytest.param(Image.new("1", (9, 30)), id="black and white"),
        pytest.param(Image.effect_noise((24, 24), 90), id="noise"),
    ],
)
def test_odd_pictures_are_drawn(picture: Image.Image, max_paths: int, mode: Mode) -> None:
    made = vectorise(picture, VectoriseSettings(max_paths=max_paths, num_iterations=2, mode=mode), ignore)
    assert made.metrics.num_paths <= max_paths
    assert drawn(made.svg).size == picture.size


def test_a_16_bit_picture_keeps_its_brightness() -> None:
    made = vectorise(Image.fromarray(np.full((8, 8), 32768, np.uint16)), VectoriseSettings(num_iterations=2), ignore)
    assert drawn(made.svg).convert("L").getpixel((4, 4)) == pytest.approx(128, abs=1)


def test_huge_pictures_are_worked_on_at_a_smaller_size() -> None:
    picture = Image.new("L", (3000, 2000), 200)
    picture.paste(20, (750, 500, 2250, 1500))
    made = vectorise(picture, VectoriseSettings(num_iterations=5), ignore)
    assert made.notes == ("the picture of 3000x2000 pixels was vectorised at 1254x836",)
    assert 'viewBox="0 0 3000 2000"' in made.svg
    assert made.metrics.num_paths == 2


def test_progress_tells_how_the_error_falls() -> None:
    reports: list[tuple[int, int, float]] = []
    vectorise(
        photograph(48),
        VectoriseSettings(max_paths=16, num_iterations=20),
        lambda step, steps, mse: reports.append((step, steps, mse)),
    )
    assert [report[0] for report in reports] == list(range(20))
    assert {report[1] for report in reports} == {20}
    assert reports[-1][2] < reports[0][2]


def test_what_progress_raises_ends_the_work() -> None:
    def cancel(step: int, steps: int, mse: float) -> None:
        raise Cancelled("no longer wanted")

    with pytest.raises(Cancelled):
        vectorise(photograph(48), VectoriseSettings(max_paths=16, num_iterations=20), cancel)


def test_the_time_limit_ends_the_work_early() -> None:
    steps: list[int] = []
    made = vectorise(
        photograph(48),
        VectoriseSettings(max_paths=16, num_iterations=10**6, time_limit=0.5),
        lambda step, total, mse: steps.append(step),
    )
    assert len(steps) < 10**6 - 1
    assert made.metrics.num_paths > 8


def test_a_drawing_of_areas_can_be_stopped_before_its_first_step() -> None:
    def cancel() -> None:
        raise Cancelled("no longer wanted")

    with pytest.raises(Cancelled):
        vectorise(drawn(LOGO), VectoriseSettings(num_iterations=0), ignore, check=cancel)


def test_where_time_is_short_the_largest_areas_are_traced() -> None:
    made = vectorise(drawn(LOGO), VectoriseSettings(time_limit=0.001), ignore)
    assert made.mode == Mode.LOGO
    assert [path.lower() for path in re.findall(r'fill="(#\w+)"', made.svg)] == ["#fff", "#1d4ed8"]


def test_shapes_that_recur_are_all_in_their_places() -> None:
    rows = "".join(
        f'<path d="M{x} {y}l9 2-3 8-5-1z" fill="#{"0aa" if x % 3 else "a0a"}"/>'
        for x in range(10, 180, 20)
        for y in range(10, 100, 15)
    )
    picture = drawn(f'<svg xmlns="http://www.w3.org/2000/svg" width="200" height="120">{rows}</svg>')
    made = vectorise(picture, VectoriseSettings(num_iterations=0), ignore)
    assert made.mode == Mode.LOGO
    assert error(made, picture) < 0.001


@pytest.mark.parametrize("mode", [Mode.LOGO, Mode.ILLUSTRATION, Mode.PHOTO])
def test_on_nothing_the_only_path_is_not_a_background(mode: Mode) -> None:
    source = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><path d="M9 9h40v40H9z" fill="#0a7"/></svg>'
    )
    made = vectorise(drawn(source, None), VectoriseSettings(max_paths=1, num_iterations=5, mode=mode), ignore)
    assert made.metrics.num_paths == 1
    assert np.asarray(drawn(made.svg, None))[30, 30, 3] > 0


def test_a_drawing_is_refined_and_completed() -> None:
    picture = photograph(64)
    square = torch.tensor([[[10.0, 10], [30, 10], [50, 10], [50, 50], [30, 50], [10, 50]]])
    rough = PathSet.of_strokes(square, torch.tensor([[0.5, 0.4, 0.3]]), fill_rule="evenodd")
    unchanged = refine(rough, picture, VectoriseSettings(max_paths=2, num_iterations=0), ignore)
    made = refine(rough, picture, VectoriseSettings(max_paths=30, num_iterations=30), ignore)
    assert unchanged.svg.count("<path") == 2
    assert 2 < made.metrics.num_paths <= 30
    assert made.metrics.mse < 0.5 * unchanged.metrics.mse


def test_torch_gets_its_threads_back() -> None:
    before = torch.get_num_threads()
    vectorise(photograph(32), VectoriseSettings(max_paths=4, num_iterations=1), ignore)
    assert torch.get_num_threads() == before


def test_added_shapes_never_make_the_drawing_much_worse() -> None:
    errors: list[float] = []
    vectorise(
        photograph(), VectoriseSettings(max_paths=40, num_iterations=100), lambda step, steps, mse: errors.append(mse)
    )
    assert all(after < 1.25 * before for before, after in itertools.pairwise(errors))


def test_the_hole_of_a_transparent_ring_is_cut_out() -> None:
    source = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><path fill-rule="evenodd" fill="#0a7" '
        'd="M32 4a28 28 0 1 0 .1 0zM32 20a12 12 0 1 1-.1 0z"/></svg>'
    )
    made = vectorise(drawn(source, None), VectoriseSettings(max_paths=8, num_iterations=0, mode=Mode.PHOTO), ignore)
    seen = np.asarray(drawn(made.svg, None))[..., 3]
    assert seen[26:38, 26:38].max() == 0
