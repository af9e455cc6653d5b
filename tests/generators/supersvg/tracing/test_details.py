"""Drawings with fine lines, lettering and exact pixels."""

from __future__ import annotations

import io
import re

import cairosvg
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("numba")
pytest.importorskip("skimage")

from PIL import Image, ImageDraw

from spectacle.generators.supersvg.tracing.metrics import compare
from spectacle.generators.supersvg.tracing.settings import Mode, Vectorised, VectoriseSettings
from spectacle.generators.supersvg.tracing.vectorise import vectorise

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {0}"><path fill="{1}" d="M0 0h999v999H0z"/>{2}</svg>'


def rasterised(svg: str, size: int, background: str | None = "white") -> Image.Image:
    png = cairosvg.svg2png(svg.encode(), output_width=size, output_height=size, background_color=background)
    return Image.open(io.BytesIO(png)).convert("RGB" if background else "RGBA")


def vectorised(picture: Image.Image, **settings: object) -> Vectorised:
    return vectorise(picture, VectoriseSettings(num_iterations=40, **settings), lambda step, steps, error: None)


def error(made: Vectorised, picture: Image.Image) -> float:
    drawn = Image.open(io.BytesIO(cairosvg.svg2png(made.svg.encode(), background_color="white")))
    return compare(*(np.asarray(side.convert("RGB"), np.float32) / 255 for side in (drawn, picture)))[0]


def lines(*widths: float) -> str:
    return "".join(
        f'<path d="M6 {12 + 12 * number}L90 {16 + 12 * number}" stroke="#123" stroke-width="{width}"/>'
        for number, width in enumerate(widths)
    )


def test_fine_lines_are_kept_whole() -> None:
    picture = rasterised(SVG.format(96, "#fff", lines(0.8, 1, 1.5, 2)), 96)
    made = vectorised(picture)
    assert made.mode == Mode.LINEART
    assert made.metrics.num_paths <= 6
    assert made.metrics.bytes < 2000
    assert error(made, picture) < 1e-3


def test_fine_borders_between_areas_are_kept() -> None:
    quarters = "".join(
        f'<path fill="{colour}" stroke="#333" d="M{x} {y}h48v48h-48z"/>'
        for colour, x, y in (("#b3de69", 0, 0), ("#fdb462", 48, 0), ("#80b1d3", 0, 48), ("#fb8072", 48, 48))
    )
    picture = rasterised(SVG.format(96, "#fff", quarters), 120)
    made = vectorised(picture)
    assert made.mode == Mode.LOGO
    assert made.metrics.num_paths <= 8
    assert error(made, picture) < 1e-3


def test_specks_beside_a_shape_are_kept() -> None:
    specks = "".join(f'<circle cx="{12 * number}" cy="85" r="1.2" fill="#a80030"/>' for number in range(1, 8))
    made = vectorised(
        rasterised(SVG.format(96, "#fff", f'<circle cx="48" cy="40" r="30" fill="#a80030"/>{specks}'), 96)
    )
    seen = np.asarray(rasterised(made.svg, 96))[..., 1]
    assert all(seen[85, 12 * number] < 130 for number in range(1, 8))
    assert made.metrics.num_paths <= 4


def test_a_small_icon_is_a_logo() -> None:
    gear = '<path fill="none" stroke="#000" stroke-width="2" d="M5 12a7 7 0 1 0 14 0 7 7 0 1 0-14 0zM12 2v6M12 16v6"/>'
    picture = rasterised(SVG.format(24, "#fff", gear), 48)
    made = vectorised(picture)
    assert made.mode == Mode.LOGO
    assert made.metrics.bytes < 2500
    assert error(made, picture) < 2e-3


def test_a_soft_shadow_is_no_detail() -> None:
    alpha = np.clip(1.6 - np.hypot(*(np.mgrid[:64, :64] - 32)) / 18, 0, 0.6)
    shadow = np.zeros((64, 64, 4), np.uint8)
    shadow[..., 3] = (alpha * 255).astype(np.uint8)
    drawn = vectorised(Image.fromarray(shadow), max_paths=24)
    assert drawn.metrics.num_paths <= 2
    assert "radialGradient" in drawn.svg
    assert drawn.metrics.mse < 2e-4


PIXELS = ".......... .aaaaa.bb. .accca.bb. .accca.... .aaaa.d.d. ......d.d. .bbbbbbbb. .........."


@pytest.mark.parametrize("cell", [1, 3, 8])
def test_pixel_art_keeps_its_pixels(cell: int) -> None:
    colours = {".": (92, 148, 252), "a": (216, 40, 0), "b": (112, 48, 0), "c": (252, 184, 144), "d": (252, 216, 0)}
    small = np.array([[colours[letter] for letter in row] for row in PIXELS.split()], np.uint8)
    picture = Image.fromarray(small.repeat(cell, axis=0).repeat(cell, axis=1))
    made = vectorised(picture)
    assert made.mode == Mode.LOGO
    assert made.metrics.num_paths == 7
    assert error(made, picture) == 0
    assert set(re.findall(r"[A-Za-z]", "".join(re.findall(r' d="([^"]*)"', made.svg)))) <= set("MhHvz")


def test_a_qr_code_can_still_be_read() -> None:
    modules = np.random.default_rng(5).integers(0, 2, (25, 25)).astype(np.uint8) * 255
    picture = Image.fromarray(np.pad(modules, 3, constant_values=255)).resize((93, 93), Image.Resampling.NEAREST)
    made = vectorised(picture.convert("RGB"))
    seen = np.asarray(rasterised(made.svg, 93 * 2).convert("L"))[21:168:6, 21:168:6]
    assert np.array_equal(seen > 128, modules > 128)
    assert made.metrics.bytes < 6000


def translucent() -> list[object]:
    sprite = np.zeros((12, 12, 4), np.uint8)
    sprite[2:10, 2:10] = (216, 40, 0, 255)
    sprite[4:8, 4:8] = (0, 64, 192, 128)
    discs = "".join(f'<circle cx="{x}" cy="48" r="30" fill="{fill}" fill-opacity=".5"/>' for x, fill in DISCS)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96">{discs}</svg>'
    return [pytest.param(Image.fromarray(sprite), id="squares"), pytest.param(rasterised(svg, 96, None), id="discs")]


DISCS = ((36, "#e11"), (60, "#11e"))


@pytest.mark.parametrize("picture", translucent())
def test_nothing_shows_through_what_is_half_transparent(picture: Image.Image) -> None:
    made = vectorise(picture, VectoriseSettings(num_iterations=0), lambda step, steps, error: None)
    drawn = Image.open(io.BytesIO(cairosvg.svg2png(made.svg.encode())))
    seen, wanted = (np.asarray(side.convert("RGBA"), float)[..., 3] for side in (drawn, picture))
    assert (np.abs(seen - wanted) > 40).mean() < 0.02


def test_a_pale_grid_is_kept_where_dark_lines_cross_it() -> None:
    chart = Image.new("RGB", (160, 120), "white")
    draw = ImageDraw.Draw(chart)
    for place in range(10, 150, 20):
        draw.line((place, 5, place, 115), (200, 200, 200))
        draw.line((5, min(place, 110), 155, min(place, 110)), (200, 200, 200))
    draw.rectangle((5, 5, 155, 115), outline="black")
    draw.line((10, 100, 60, 20, 110, 90, 150, 30), (31, 119, 180), width=2)
    svg = vectorised(chart, mode=Mode.LOGO).svg
    again = np.asarray(Image.open(io.BytesIO(cairosvg.svg2png(svg.encode()))).convert("RGB"), float)
    grid = (np.asarray(chart) == 200).all(axis=2)
    assert np.median(again[grid]) == pytest.approx(200, abs=12)
    assert (again[grid] > 240).mean() < 0.05


def chart(ground: str, grid: str, curve: str = "#4c72b0") -> str:
    """White or grey grid lines on a ground, and a curve over them."""
    lines = "".join(
        f'<path d="M20 {20.3 + 25 * number:.1f}H180M{30.6 + 35 * number:.1f} 10V130"/>' for number in range(5)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="140"><path fill="#fff" d="M0 0h200v140H0z"/>'
        f'<path fill="{ground}" d="M20 10h160v120H20z"/><g stroke="{grid}" stroke-width="1.2">{lines}</g>'
        f'<path d="M20 110C70 0 120 0 180 100" fill="none" stroke="{curve}" stroke-width="2"/></svg>'
    )


def plotted(svg: str) -> Image.Image:
    return Image.open(io.BytesIO(cairosvg.svg2png(svg.encode()))).convert("RGB")


@pytest.mark.parametrize("ground", ["#eaeaf2", "#ebebeb"])
def test_a_white_grid_on_a_pale_ground_is_kept_whole(ground: str) -> None:
    picture = plotted(chart(ground, "#fff"))
    made = vectorised(picture)
    grid = (np.asarray(picture) != np.asarray(plotted(chart(ground, ground)))).any(axis=2)
    seen, wanted = (np.asarray(side, float)[grid] for side in (plotted(made.svg), picture))
    assert (np.abs(seen - wanted).max(axis=1) > 10).mean() < 0.05
    assert made.metrics.num_paths <= 5


def test_dark_strokes_on_bars_and_pages_are_kept_out_of_jpeg() -> None:
    strokes = "".join(f'<path d="M{20 + 14 * number} 150v14h8" stroke="#222" fill="none"/>' for number in range(9))
    bars = '<path fill="#dd8452" d="M20 40h40v80h-40z"/><path fill="#55a868" d="M90 20h40v100h-40z"/>'
    picture = rasterised(SVG.format(180, "#fff", bars + strokes), 180)
    jpeg = io.BytesIO()
    picture.save(jpeg, "JPEG", quality=80)
    made = vectorised(Image.open(jpeg))
    seen, wanted = (np.asarray(side.convert("L"), float)[145:170] for side in (plotted(made.svg), picture))
    dark = wanted < 100
    assert (seen[dark] < 150).mean() > 0.9


def kept_of(picture: Image.Image, quality: int) -> Vectorised:
    jpeg = io.BytesIO()
    picture.save(jpeg, "JPEG", quality=quality)
    return vectorised(Image.open(jpeg))


@pytest.mark.slow
def test_white_grids_and_the_colours_of_lines_are_kept_out_of_jpeg() -> None:
    picture = plotted(chart("#eaeaf2", "#fff"))
    made = kept_of(picture, 85)
    curve = (np.asarray(picture, int) == (0x4C, 0x72, 0xB0)).all(axis=2)
    grid = (np.asarray(picture) != np.asarray(plotted(chart("#eaeaf2", "#eaeaf2")))).any(axis=2) & ~curve
    seen, wanted = (np.asarray(side, float) for side in (plotted(made.svg), picture))
    assert np.abs(seen - wanted)[grid].mean() < 6
    assert np.abs(np.median(seen[curve], axis=0) - (0x4C, 0x72, 0xB0)).max() < 24


@pytest.mark.slow
def test_small_numbers_on_many_shades_are_kept_out_of_jpeg() -> None:
    picture = Image.new("RGB", (260, 220), "white")
    draw = ImageDraw.Draw(picture)
    for place in range(16):
        share = place * 7 % 16 / 16
        shade = tuple(round(255 - share * (255 - dark)) for dark in (8, 48, 107))
        x, y = 10 + 60 * (place % 4), 10 + 50 * (place // 4)
        draw.rectangle((x, y, x + 58, y + 48), fill=shade)
        draw.text((x + 20, y + 18), f"{share:.1f}", "white" if share > 0.5 else "#222")
    made = kept_of(picture, 85)
    assert made.mode == Mode.LOGO
    assert error(made, picture) < 0.001
