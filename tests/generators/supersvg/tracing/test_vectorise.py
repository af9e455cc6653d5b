from __future__ import annotations

import io
import itertools
import re
from dataclasses import replace

import cairosvg
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("numba")
pytest.importorskip("skimage")

import skimage.data
import torch
from PIL import Image, ImageDraw

from spectacle.errors import Cancelled
from spectacle.generators.supersvg.raster.shapes import PathSet
from spectacle.generators.supersvg.tracing.metrics import compare
from spectacle.generators.supersvg.tracing.palette import find_colours
from spectacle.generators.supersvg.tracing.settings import Mode, Vectorised, VectoriseSettings
from spectacle.generators.supersvg.tracing.vectorise import refine, vectorise
from spectacle.svg import Rasteriser, clean_svg

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


def test_what_consists_of_whole_pixels_has_whole_coordinates_and_no_transform() -> None:
    art = Image.new("RGB", (8, 8), "white")
    for place in ((1, 1), (2, 1), (3, 2), (6, 6)):
        art.putpixel(place, (200, 0, 40))
    svg = vectorise(art.resize((40, 40), Image.Resampling.NEAREST), VectoriseSettings(), ignore).svg
    assert "transform" not in svg
    assert all(
        float(number).is_integer()
        for data in re.findall(r' d="([^"]*)"', svg)
        for number in re.findall(r"[\d.]+", data)
    )


def grey(values: np.ndarray) -> Image.Image:
    return Image.fromarray((np.dstack([values] * 3) * 255).clip(0, 255).astype(np.uint8))


def test_a_page_that_is_a_gradient_is_drawn_as_closely_as_it_is_told() -> None:
    rows, columns = np.mgrid[:40, :40] + 0.5
    picture = grey(np.hypot(columns - 20.5, rows - 20.5) / 40)
    made = vectorise(picture, VectoriseSettings(num_iterations=5), ignore)
    assert error(made, picture) < 1e-5


@pytest.mark.parametrize("period", [8, 11])
def test_no_band_of_shades_that_rise_and_fall_is_lost(period: int) -> None:
    picture = grey(np.broadcast_to(0.5 + 0.5 * np.sin(np.arange(120) / period), (90, 120)))
    assert error(vectorise(picture, VectoriseSettings(num_iterations=5), ignore), picture) < 2e-4


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("side", [1, 2, 3])
def test_the_smallest_translucent_images_are_drawn(mode: str, side: int) -> None:
    picture = Image.new("RGBA", (side, side), (200, 30, 30, 90)).convert(mode)
    made = vectorise(picture, VectoriseSettings(num_iterations=5), ignore)
    assert made.metrics.num_paths == made.svg.count("<path") == 1
    assert made.metrics.mse < 0.03  # an empty page: 0.08


@pytest.mark.parametrize("settings", [VectoriseSettings(ink=True), VectoriseSettings(mode=Mode.LINEART)])
def test_what_is_transparent_is_the_paper_of_ink(settings: VectoriseSettings) -> None:
    picture = Image.new("RGBA", (40, 40))
    ImageDraw.Draw(picture).ellipse((4, 4, 36, 36), fill=(40, 0, 0))
    ImageDraw.Draw(picture).ellipse((14, 14, 26, 26), fill=(0, 0, 90))
    made = vectorise(picture, replace(settings, num_iterations=5), ignore)
    alpha = np.asarray(drawn(made.svg, None).convert("RGBA"))[..., 3]
    assert alpha[20, 20] > 200
    assert alpha[0].max() == 0


def test_a_shade_out_of_a_small_jpeg_is_no_icon_of_few_colours() -> None:
    rows, columns = np.mgrid[:64, :64] / 64
    shade = np.dstack([columns * 0.6 + 0.3, 0.2 + rows * 0.5, 0.9 - 0.5 * columns])
    inside = np.hypot(columns - 0.5, rows - 0.5)[..., None] < 0.4
    picture = Image.fromarray((np.where(inside, shade, 1) * 255).astype(np.uint8))
    made = vectorise(compressed(picture, 90), VectoriseSettings(num_iterations=10), ignore)
    assert error(made, picture) < 5e-4


@pytest.mark.slow
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


@pytest.mark.slow
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
    picture = Image.new("RGB", (3000, 2000), "white")
    picture.paste("red", (750, 500, 2250, 1500))
    picture.paste("blue", (1500, 900, 1800, 1300))
    made = vectorise(picture, VectoriseSettings(num_iterations=5), ignore)
    assert made.notes == ("the image of 3000x2000 pixels was vectorized at 1254x836",)
    assert 'viewBox="0 0 3000 2000"' in made.svg
    assert made.metrics.num_paths == 3


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


def test_no_step_makes_the_drawing_much_worse_though_shapes_are_added_and_curves_left_out() -> None:
    errors: list[float] = []
    vectorise(
        photograph(), VectoriseSettings(max_paths=40, num_iterations=100), lambda step, steps, mse: errors.append(mse)
    )
    assert all(after < 1.35 * before for before, after in itertools.pairwise(errors))


def test_the_hole_of_a_transparent_ring_is_cut_out() -> None:
    source = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><path fill-rule="evenodd" fill="#0a7" '
        'd="M32 4a28 28 0 1 0 .1 0zM32 20a12 12 0 1 1-.1 0z"/></svg>'
    )
    made = vectorise(drawn(source, None), VectoriseSettings(max_paths=8, num_iterations=0, mode=Mode.PHOTO), ignore)
    seen = np.asarray(drawn(made.svg, None))[..., 3]
    assert seen[26:38, 26:38].max() == 0


LINES = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="160" height="120"><path fill="#fff" d="M0 0h160v120H0z"/>'
    '<path fill="none" stroke="#000" d="M20 15.5h90M20 15l60 70M40.5 30v70M130 60a25 25 0 1 0-.1 1"/>'
    '<path fill="none" stroke="#000" stroke-width=".5" d="M10 110.5h140M12 100L150 80"/></svg>'
)


def compressed(picture: Image.Image, quality: int) -> Image.Image:
    jpeg = io.BytesIO()
    picture.convert("RGB").save(jpeg, "JPEG", quality=quality)
    return Image.open(jpeg)


def test_fine_lines_are_found_behind_the_noise_of_jpeg() -> None:
    picture = compressed(drawn(LINES), 85)
    made = vectorise(picture, VectoriseSettings(num_iterations=40), ignore)
    assert (made.mode, made.metrics.num_paths) == (Mode.LINEART, 2)
    assert error(made, picture) < 0.1 * float(np.var(np.asarray(drawn(LINES).convert("L")) / 255))


@pytest.mark.slow
@pytest.mark.parametrize("quality", [75, 90])
def test_curves_that_cross_keep_their_colours_and_a_white_grid_stays_out_of_jpeg(quality: int) -> None:
    curves = ("#4c72b0", "#dd8452", "#55a868", "#c44e52")
    body = "".join(f'<path d="M{x} 12h1v150h-1z" fill="#fff"/>' for x in range(40, 240, 40))
    body += "".join(f'<path d="M16 {y}h232v1h-232z" fill="#fff"/>' for y in range(30, 160, 30))
    for number, colour in enumerate(curves):
        places = [(x, 85 + 50 * np.sin(x / (30 + 8 * number) + number)) for x in range(20, 245, 3)]
        line = " ".join(f"{x},{y:.1f}" for x, y in places)
        body += f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
    picture = drawn(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="264" height="176"><path d="M16 12h232v150h-232z" '
        f'fill="#eaeaf2"/>{body}</svg>'
    ).convert("RGB")
    jpeg = io.BytesIO()
    picture.save(jpeg, "JPEG", quality=quality)
    made = vectorise(Image.open(jpeg), VectoriseSettings(num_iterations=0), ignore)
    wanted, got = (np.asarray(side.convert("RGB"), np.float32) / 255 for side in (picture, drawn(made.svg)))
    for colour in curves:
        own = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
        line = np.abs(wanted - own).max(axis=2) < 0.1
        assert np.abs(got[line].mean(axis=0) - wanted[line].mean(axis=0)).max() < 0.12
    grid = wanted[20:155, 20:245].min(axis=2) > 0.995
    assert (got[20:155, 20:245][grid].min(axis=1) > 0.96).mean() > 0.8


@pytest.mark.slow
def test_large_line_art_is_traced_at_its_full_size() -> None:
    plan = Image.new("L", (3200, 2400), "white")
    ImageDraw.Draw(plan).line([(200, 200), (3000, 2200), (3000, 600), (400, 2000)], fill=0, width=5)
    plan = plan.reduce(2)
    made = vectorise(plan, VectoriseSettings(), ignore)
    assert (made.mode, made.notes) == (Mode.LINEART, ())
    assert error(made, plan) < 0.2 * float(np.var(np.asarray(plan) / 255))


def test_a_noisy_scan_of_a_logo_is_one_path_on_a_page() -> None:
    logo = Image.new("L", (160, 120), 245)
    ImageDraw.Draw(logo).polygon([(20, 20), (140, 30), (90, 110), (70, 40)], fill=30)
    noise = np.random.default_rng(3).normal(0, 14, (120, 160))
    scan = Image.fromarray((np.asarray(logo) + noise).clip(0, 255).astype(np.uint8))
    made = vectorise(scan, VectoriseSettings(num_iterations=20), ignore)
    assert (made.mode, made.metrics.num_paths) == (Mode.LOGO, 2)
    assert error(made, logo) < 0.002


def test_squares_are_exact_even_out_of_jpeg() -> None:
    modules = np.random.default_rng(5).integers(0, 2, (21, 21)).astype(np.uint8) * 255
    code = Image.fromarray(np.pad(modules, 4, constant_values=255)).resize((116, 116), Image.Resampling.NEAREST)
    made = vectorise(compressed(code, 70), VectoriseSettings(num_iterations=5), ignore)
    assert made.metrics.num_paths == 2
    assert error(made, code) < 1e-9


def test_an_icon_of_few_pixels_is_one_path() -> None:
    source = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24"><path fill="#fff" '
        'd="M0 0h24v24H0z"/><path fill="none" stroke="#111" stroke-width="2" d="M3 5h18v14H3zM3 6l9 7 9-7"/></svg>'
    )
    picture = drawn(source)
    made = vectorise(picture, VectoriseSettings(num_iterations=60), ignore)
    assert made.metrics.num_paths == 2
    assert error(made, picture) < 0.01


def test_dots_of_a_screen_are_round_paths_of_four_curves() -> None:
    dots = "".join(f'<circle cx="{x}" cy="{y}" r="2.2"/>' for x in range(8, 90, 7) for y in range(8, 60, 7))
    picture = drawn(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="96" height="66">'
        f'<path fill="#fff" d="M0 0h96v66H0z"/>{dots}</svg>'
    )
    made = vectorise(picture, VectoriseSettings(num_iterations=10), ignore)
    assert made.metrics.num_paths == 2
    assert len(re.findall(r"M", made.svg)) == 97
    assert error(made, picture) < 0.001


def test_a_drawing_hardly_better_than_an_empty_page_is_tried_otherwise_and_told() -> None:
    picture = Image.effect_noise((64, 64), 120).convert("RGB")
    lost = vectorise(picture, VectoriseSettings(max_paths=3, num_iterations=5), ignore)
    assert "the SVG is hardly closer to the image than an empty page" in lost.notes
    kept = vectorise(photograph(), VectoriseSettings(max_paths=60, num_iterations=20, mode=Mode.LOGO), ignore)
    assert kept.metrics.mse < 0.03


@pytest.mark.parametrize("mode", [Mode.LOGO, Mode.PHOTO])
def test_at_another_shape_the_margins_stay_empty(mode: Mode) -> None:
    made = vectorise(photograph(64), VectoriseSettings(max_paths=24, num_iterations=10, mode=mode), ignore)
    wide = clean_svg(made.svg, width=200, height=64)
    with Rasteriser() as rasteriser:
        seen = np.asarray(rasteriser.render(wide, 200, 64))[..., 3]
    assert seen[:, :67].max() == seen[:, 133:].max() == 0


def test_of_unevenly_lit_paper_only_the_ink_is_kept() -> None:
    light = np.linspace(0.45, 1, 160) * np.linspace(0.8, 1, 120)[:, None]
    sheet = np.asarray(drawn(LINES.replace('<path fill="none"', '<path fill="none" stroke-width="3"', 1)))[..., 0] / 255
    photo = Image.fromarray((sheet * light * 255).astype(np.uint8)).convert("RGB")
    made = vectorise(photo, VectoriseSettings(ink=True, page=False, num_iterations=5), ignore)
    assert (made.metrics.num_paths, made.svg.count("<path")) == (1, 1)
    seen = np.asarray(drawn(made.svg, None))[..., 3]
    assert seen[5, 5] == seen[115, 5] == 0
    assert seen[15, 60] > 200


def test_a_palette_is_kept_to() -> None:
    settings = VectoriseSettings(colours=((1, 0, 0), (1, 1, 1), (0, 0, 1)), num_iterations=3)
    made = vectorise(photograph(), settings, ignore)
    assert set(re.findall(r'fill="([^"]+)"', made.svg)) <= {"#f00", "#fff", "#00f"}


def test_no_more_colours_come_than_are_asked_for() -> None:
    made = vectorise(photograph(), VectoriseSettings(colours=5, num_iterations=3), ignore)
    assert 2 <= len(set(re.findall(r'fill="(#\w+)"', made.svg))) <= 5


def test_pieces_tile_without_overlap_or_gap() -> None:
    settings = VectoriseSettings(tiled=True, grouped=True, num_iterations=0)
    made = vectorise(drawn(LOGO), settings, ignore)
    pieces = re.findall(r' d="([^"]*)"', made.svg)
    assert len(pieces) == made.metrics.num_paths == 5
    head = made.svg.split("<g", 1)[0]
    (scale,) = re.findall(r' transform="[^"]*"', made.svg)
    covered = np.zeros((480, 640))
    for piece in pieces:
        alone = f'{head}<g{scale}><path d="{piece}"/></g></svg>'
        png = cairosvg.svg2png(alone.encode(), output_width=640, output_height=480)
        covered += np.asarray(Image.open(io.BytesIO(png)))[..., 3] / 255.0
    assert np.abs(covered - 1).max() < 0.02
    assert error(made, drawn(LOGO)) < 0.003


def test_without_a_page_the_paper_is_left_out() -> None:
    made = vectorise(drawn(LOGO), VectoriseSettings(page=False, num_iterations=3), ignore)
    assert np.asarray(drawn(made.svg, None))[2, 2, 3] == 0


def test_paths_of_one_colour_are_in_a_group_of_its_name() -> None:
    made = vectorise(drawn(LOGO), VectoriseSettings(grouped=True, num_iterations=0), ignore)
    assert 'id="color-1d4ed8"' in made.svg
    assert clean_svg(made.svg, width=160, height=120) == made.svg
    assert error(made, drawn(LOGO)) < 0.003


def test_lines_become_strokes_that_meet() -> None:
    picture = drawn(LINES)
    made = vectorise(picture, VectoriseSettings(centerline=True, page=False), ignore)
    assert made.notes == ()
    assert 'fill="none"' in made.svg
    assert 5 <= made.svg.count("<path") <= 14
    assert error(made, picture) < 0.5 * float(np.var(np.asarray(picture.convert("L")) / 255))
    assert clean_svg(made.svg, width=160, height=120) == made.svg


def test_strokes_of_a_photograph_are_told_to_be_none() -> None:
    made = vectorise(photograph(), VectoriseSettings(centerline=True), ignore)
    assert made.notes == ("the image is no line art: the strokes run along the middles of its dark parts",)


def test_coordinates_have_as_many_digits_as_asked_for() -> None:
    made = vectorise(drawn(LOGO), VectoriseSettings(precision=0, num_iterations=0), ignore)
    assert "transform" not in made.svg
    fine = vectorise(drawn(LOGO), VectoriseSettings(precision=2, num_iterations=0), ignore)
    assert "scale(.01)" in fine.svg


def test_small_areas_are_left_out() -> None:
    picture = drawn(LOGO)
    ImageDraw.Draw(picture).rectangle((4, 4, 8, 8), fill="#0a0")
    assert "#0a0" in vectorise(picture, VectoriseSettings(num_iterations=0), ignore).svg
    assert "#0a0" not in vectorise(picture, VectoriseSettings(num_iterations=0, min_area=60), ignore).svg


def test_a_gradient_is_not_taken_for_bands_of_few_colours() -> None:
    ramp = np.clip(np.hypot(*(np.mgrid[:64, :64] - 32.0)) / 32, 0, 1)[..., None]
    assert find_colours((ramp * [0.2, 0.5, 0.3] + 0.4).astype(np.float32)) is None


def jpeg(picture: Image.Image, quality: int) -> Image.Image:
    packed = io.BytesIO()
    picture.convert("RGB").save(packed, "JPEG", quality=quality)
    return Image.open(packed)


@pytest.mark.parametrize("way", [Image.Resampling.BILINEAR, Image.Resampling.LANCZOS, "jpeg"])
def test_pixel_art_that_was_enlarged_softly_comes_back_as_squares(way: Image.Resampling | str) -> None:
    colours = np.array([[255, 255, 255], [30, 30, 60], [220, 60, 60], [60, 160, 220]], np.uint8)
    art = Image.fromarray(colours[np.random.default_rng(5).integers(0, 4, (12, 16))])
    exact = art.resize((160, 120), Image.Resampling.NEAREST)
    soft = jpeg(exact, 70) if way == "jpeg" else art.resize((160, 120), Image.Resampling(way))
    made = vectorise(soft, VectoriseSettings(), ignore)
    assert not re.search("[cCsSqQ]", "".join(re.findall(r' d="([^"]*)"', made.svg)))
    assert error(made, exact) < 0.002


@pytest.mark.parametrize(("simplify", "step"), [(0.25, 0.5), (0.1, 0.2)])
def test_photographs_are_rounded_to_no_more_than_outlines_may_be_off(simplify: float, step: float) -> None:
    made = vectorise(photograph(48), VectoriseSettings(max_paths=8, num_iterations=0, simplify=simplify), ignore)
    assert made.mode == Mode.PHOTO
    assert f'transform="scale({step:g}'.replace("0.", ".") in made.svg


def test_the_precision_of_photographs_is_as_asked() -> None:
    made = vectorise(photograph(48), VectoriseSettings(max_paths=8, num_iterations=0, precision=1), ignore)
    assert 'transform="scale(.1)"' in made.svg
