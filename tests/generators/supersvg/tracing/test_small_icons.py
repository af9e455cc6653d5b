"""Icons of touching parts, those that end within the outermost pixels of an image, and those out of JPEG files."""

from __future__ import annotations

import io

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("numba")
pytest.importorskip("skimage")

from PIL import Image
from scipy import ndimage

from spectacle.generators.supersvg.tracing.areas import Area, Areas
from spectacle.generators.supersvg.tracing.contours import beyond_edges, find_contours
from spectacle.generators.supersvg.tracing.deciding import icon_of_file
from spectacle.generators.supersvg.tracing.flat import find_areas
from spectacle.generators.supersvg.tracing.joining import joined

WHITE, RED, BLUE = np.ones(3), np.array([0.9, 0.2, 0.1]), np.array([0.1, 0.4, 0.9])


def boxes(size: int, *drawn: tuple[float, float, float, float, np.ndarray]) -> np.ndarray:
    """Boxes (left, top, right, bottom, colour) on white, one after the other, each by how much it covers of pixels."""
    pixels = np.ones((size, size, 3))
    places = np.arange(size)
    for left, top, right, bottom, colour in drawn:
        across = (np.minimum(places + 1, right) - np.maximum(places, left)).clip(0, 1)
        down = (np.minimum(places + 1, bottom) - np.maximum(places, top)).clip(0, 1)
        cover = (down[:, None] * across)[..., None]
        pixels += cover * (colour - pixels)
    return np.asarray(np.round(pixels * 255) / 255, np.float32)


@pytest.mark.parametrize("edge", [20.25, 20.5, 20.7])
def test_parts_that_touch_within_a_pixel_have_no_seam_between_them(edge: float) -> None:
    areas = find_areas(boxes(48, (6, 6, edge, 40, RED), (edge, 6, 42, 40, BLUE)))
    assert not any(area.fine for area in areas.areas)
    row = areas.labels[20]
    covered = (row == row[10]).sum() - 1 + areas.shares[20, int(edge)] * (row[int(edge)] == row[10])
    covered += (1 - areas.shares[20, int(edge)]) * (areas.neighbours[20, int(edge)] == row[10])
    assert covered >= edge - 7.1


def test_a_gap_of_a_pixel_between_two_parts_stays() -> None:
    pixels = boxes(48, (6, 6, 20, 40, RED), (21, 6, 42, 40, BLUE))
    areas = find_areas(pixels)
    assert np.abs(areas.modelled[20, 20] - 1).max() < 0.05


@pytest.mark.parametrize("margin", [0.2, 0.4, 0.7])
def test_an_icon_that_ends_within_the_outermost_pixels_has_one_outline(margin: float) -> None:
    end = 48 - margin
    pixels = boxes(48, (margin, margin, end, end, RED), (0, 0, 9, 9, WHITE), (39, 39, 48, 48, WHITE))
    areas = find_areas(pixels)
    assert not any(area.fine for area in areas.areas)
    assert np.abs(areas.modelled - pixels).max() < 0.1


def test_what_ends_within_the_outermost_pixels_is_outlined_where_it_ends() -> None:
    covered = np.zeros((20, 20))
    covered[1:10, 5:15] = 1
    covered[0, 5:15] = 0.7
    (contour,) = find_contours(np.pad(beyond_edges(covered, (4, 0), (0, 0)), 1), 0.5)
    # Rows of the contour count from the middle of the first row of the margin.
    assert contour[:, 0].min() - 4.5 == pytest.approx(0.3, abs=0.01)


def test_what_goes_on_beyond_the_edge_is_outlined_beyond_it() -> None:
    covered = np.zeros((20, 20))
    covered[:10, 5:15] = 1
    (contour,) = find_contours(np.pad(beyond_edges(covered, (4, 0), (0, 0)), 1), 0.5)
    assert contour[:, 0].min() - 4.5 < -3


@pytest.mark.parametrize(("own", "parts"), [(RED, 3), (0.9 * RED + 0.1, 3), (np.zeros(3), 4)])
def test_the_narrow_end_of_a_part_belongs_to_it(own: np.ndarray, parts: int) -> None:
    labels = np.zeros((30, 40), np.int64)
    labels[5:15, 5:20], labels[15:25, 5:35] = 1, 2
    labels[14, 20:28] = 3
    colours = (WHITE, RED, BLUE, own)
    areas = [Area(colour.astype(np.float32), fine=number == 3) for number, colour in enumerate(colours)]
    pixels = np.stack([area.colour for area in areas])[labels]
    found = Areas.of(pixels, labels, labels, np.ones(labels.shape, np.float32), areas, 1.0)
    assert len(np.unique(joined(found, np.bincount(labels.ravel()).astype(float)).labels)) == parts


def test_a_pale_speck_within_a_part_stays() -> None:
    labels = np.zeros((30, 40), np.int64)
    labels[5:25, 5:35], labels[14, 18:21] = 1, 2
    pale = np.array([0.95, 0.35, 0.25], np.float32)
    areas = [Area(WHITE.astype(np.float32)), Area(RED.astype(np.float32)), Area(pale, fine=True)]
    pixels = np.stack([area.colour for area in areas])[labels]
    found = Areas.of(pixels, labels, labels, np.ones(labels.shape, np.float32), areas, 1.0)
    assert len(np.unique(joined(found, np.bincount(labels.ravel()).astype(float)).labels)) == 3


def of_jpeg(pixels: np.ndarray, quality: int, subsampling: int) -> Image.Image:
    """An image as a JPEG file has it."""
    written = io.BytesIO()
    image = Image.fromarray(np.round(pixels * 255).astype(np.uint8))
    image.save(written, "JPEG", quality=quality, subsampling=subsampling)
    return Image.open(written)


def badge(size: int) -> np.ndarray:
    """A red disc with a blue bar and a green dot, on white."""
    rows, columns = (np.mgrid[: 4 * size, : 4 * size] + 0.5) / (4 * size)
    pixels = np.ones((4 * size, 4 * size, 3))
    pixels[np.hypot(rows - 0.5, columns - 0.5) < 0.42] = RED
    pixels[(abs(rows - 0.6) < 0.09) & (abs(columns - 0.5) < 0.27)] = BLUE
    pixels[np.hypot(rows - 0.3, columns - 0.5) < 0.1] = np.array([0.1, 0.7, 0.3])
    return np.asarray(pixels.reshape(size, 4, size, 4, 3).mean(axis=(1, 3)), np.float32)


@pytest.mark.parametrize("size", [32, 48, 64])
@pytest.mark.parametrize(("quality", "subsampling"), [(60, 2), (75, 2), (90, 0)])
def test_an_icon_out_of_jpeg_has_its_few_colours_and_parts(size: int, quality: int, subsampling: int) -> None:
    pixels = badge(size)
    icon = icon_of_file(*opened(of_jpeg(pixels, quality, subsampling)))
    assert icon is not None
    assert icon.areas is not None
    colours = [area.colour for number, area in enumerate(icon.areas.areas) if (icon.areas.labels == number).any()]
    assert len(colours) == 4
    for known in (WHITE, RED, BLUE, np.array([0.1, 0.7, 0.3])):
        assert min(np.abs(colour - known).max() for colour in colours) < 0.1
    assert np.mean((icon.areas.modelled - pixels) ** 2) < 0.003
    assert np.abs(icon.areas.modelled[0] - 1).max() < (0.01 if size > 32 else 0.06)


def opened(image: Image.Image) -> tuple[Image.Image, np.ndarray]:
    """An image and its pixels."""
    return image, np.asarray(image.convert("RGB"), np.float32) / 255


@pytest.mark.parametrize("quality", [60, 85])
def test_a_small_photograph_out_of_jpeg_is_no_icon(quality: int) -> None:
    noise = np.random.default_rng(quality).normal(size=(64, 64, 3))
    soft = ndimage.gaussian_filter(noise, (3, 3, 0)) * 4 + ndimage.gaussian_filter(noise, (1, 1, 0)) * 0.5
    assert icon_of_file(*opened(of_jpeg((0.5 + soft).clip(0, 1), quality, 2))) is None


def test_a_small_image_that_is_no_jpeg_is_not_fitted_to_a_file() -> None:
    assert icon_of_file(*opened(Image.fromarray(np.round(badge(48) * 255).astype(np.uint8)))) is None
