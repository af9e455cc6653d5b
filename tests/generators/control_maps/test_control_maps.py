"""Maps are told from ordinary images, and made of them."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from control import Control
from generating import CPU, job, resources, same
from PIL import Image, ImageDraw, ImageFilter
from skimage import data
from tiny import put

from spectacle.errors import BadOptions, WeightsMissing
from spectacle.generators.control_maps import lines
from spectacle.generators.control_maps.depth import DEPTH
from spectacle.generators.control_maps.generator import ControlMapGenerator
from spectacle.generators.control_maps.maps import ControlMapOptions, settle_map
from spectacle.generators.control_maps.recognise import Look, look_of
from spectacle.generators.qwen_image_edit.control import control_for
from spectacle.generators.qwen_image_edit.options import QwenImageEditOptions
from spectacle.weights import Store

PHOTO = Image.fromarray(data.astronaut())
SHADES = Image.fromarray(data.camera()).convert("RGB")


def drawing() -> Image.Image:
    """Black lines on white."""
    image = Image.new("RGB", (300, 200), "white")
    pen = ImageDraw.Draw(image)
    pen.ellipse((40, 40, 160, 160), outline="black", width=3)
    pen.line((10, 180, 290, 170), fill="black", width=4)
    return image


def pose() -> Image.Image:
    """Coloured limbs on black."""
    image = Image.new("RGB", (300, 300))
    pen = ImageDraw.Draw(image)
    for number, colour in enumerate(["red", "orange", "lime", "cyan", "magenta"]):
        pen.line((150, 60 + 30 * number, 60 + 40 * number, 200), fill=colour, width=8)
    return image


def depth() -> Image.Image:
    """A ball before a slope."""
    rows, columns = np.mgrid[0:240, 0:320]
    values = rows * 0.6
    ball = (rows - 120) ** 2 + (columns - 160) ** 2 < 70**2
    values[ball] = 255 - np.hypot(rows - 120, columns - 160)[ball] * 0.5
    return Image.fromarray(values.astype(np.uint8)).convert("RGB")


def scene(seed: int) -> Image.Image:
    """The depth of ground with things on it, near ones bright, as makers of maps stretch it from black to white."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:480, 0:640] / 480
    depth = np.clip(rows - 0.4, 0, 1)
    for number in range(4):
        across, down = random.uniform(0.1, 1.2), random.uniform(0.3, 0.8)
        far = np.hypot((columns - across) / 0.15, (rows - down) / 0.25)
        inside = far < 1 if number % 2 else np.maximum(abs(columns - across) / 0.12, abs(rows - down) / 0.2) < 1
        depth = np.where(inside, np.maximum(depth, random.uniform(0.2, 0.9) + 0.05 * np.clip(1 - far, 0, 1)), depth)
    depth = cv2.GaussianBlur(depth, (0, 0), 1.5)
    values = (depth - depth.min()) / np.ptp(depth) * 255
    return Image.fromarray(values.astype(np.uint8)).convert("RGB")


def as_jpeg(image: Image.Image, quality: int = 85) -> Image.Image:
    """The same after lossy compression."""
    stored = io.BytesIO()
    image.save(stored, "JPEG", quality=quality)
    return Image.open(stored).convert("RGB")


@pytest.mark.parametrize("stored", [lambda image: image, as_jpeg], ids=["png", "jpeg"])
def test_maps_drawings_and_pictures_are_told_apart(stored: Callable[[Image.Image], Image.Image]) -> None:
    for ready in (lines.canny(PHOTO), lines.soft_edge(PHOTO), lines.inverted(drawing()), pose(), depth()):
        assert look_of(stored(ready)) is Look.MAP
    assert look_of(stored(drawing())) is Look.DRAWING
    night = PHOTO.point(lambda value: value // 5).filter(ImageFilter.GaussianBlur(1))
    for picture in (PHOTO, SHADES, night, Image.fromarray(data.coffee()), Image.fromarray(data.rocket())):
        assert look_of(stored(picture)) is Look.PICTURE
    assert look_of(Image.new("RGB", (64, 64), "red")) is Look.MAP


GREY = {
    name: Image.fromarray(getattr(data, name)()).convert("L").convert("RGB")
    for name in ("astronaut", "brick", "camera", "chelsea", "coffee", "coins", "grass", "gravel", "rocket")
}


@pytest.mark.parametrize("name", GREY)
def test_a_grey_photograph_is_no_map_however_blurred(name: str) -> None:
    assert look_of(GREY[name].point(lambda value: value // 3)) is Look.PICTURE
    for radius in (0, 1, 2, 4, 8, 16):
        blurred = GREY[name].filter(ImageFilter.GaussianBlur(radius))
        for image in (blurred, as_jpeg(blurred)):
            assert look_of(image) is Look.PICTURE, radius


@pytest.mark.parametrize("name", GREY)
def test_maps_of_busy_photographs_are_maps(name: str) -> None:
    for made in (lines.canny(GREY[name]), lines.soft_edge(GREY[name]), lines.sketch(GREY[name])):
        assert look_of(made) is Look.MAP
        assert look_of(as_jpeg(made)) is Look.MAP


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("quality", [60, 85, None])
def test_the_depth_of_a_scene_is_a_map(seed: int, quality: int | None) -> None:
    made = scene(seed)
    assert look_of(made if quality is None else as_jpeg(made, quality)) is Look.MAP
    assert look_of(Image.linear_gradient("L").resize((600, 400))) is Look.MAP  # ground, and nothing on it


def test_canny_edges_are_those_of_opencv_and_lines_are_white_on_black() -> None:
    edges = lines.canny(PHOTO)
    assert np.array_equal(np.asarray(edges)[:, :, 0], cv2.Canny(np.asarray(PHOTO), 100, 200))
    for made in (lines.soft_edge(PHOTO), lines.sketch(PHOTO), lines.sketch(drawing())):
        values = np.asarray(made)[:, :, 0]
        assert values.max() == 255
        assert np.median(values) < 64
    found = np.asarray(lines.soft_edge(drawing()))[:, :, 0] > 128
    assert found[38:45, 100].any() and not found[100, 80:120].any()


def test_a_map_is_used_as_it_is_and_a_picture_becomes_one(tmp_path: Path) -> None:
    found = resources(Store(tmp_path))
    ready = settle_map(lines.canny(PHOTO), ControlMapOptions(), found)
    assert same(ready.image, lines.canny(PHOTO))
    assert ready.facts == {"control_map": "as given"}
    made = settle_map(PHOTO, ControlMapOptions(), found)
    assert same(made.image, lines.canny(PHOTO))
    assert made.facts == {"control_map": "canny"}
    assert settle_map(drawing(), ControlMapOptions(), found).made == "sketch"
    assert same(settle_map(PHOTO, ControlMapOptions(control_is="map"), found).image, PHOTO)
    forced = settle_map(depth(), ControlMapOptions(control_is="picture", control_map="soft-edge"), found)
    assert same(forced.image, lines.soft_edge(depth()))
    with pytest.raises(WeightsMissing, match=r"Run `spectacle pull control-map --preset depth` on this host"):
        settle_map(PHOTO, ControlMapOptions(control_map="depth"), found)


def test_modes_of_editing_make_the_map_they_follow(tmp_path: Path) -> None:
    found = resources(Store(tmp_path))

    def settled(control: Image.Image, mode: int, **options: str) -> object:
        chosen = QwenImageEditOptions(mode=mode, **options)
        made = control_for(job(ControlMapGenerator, control=control), chosen, found)
        assert made is not None
        return made.made

    assert settled(PHOTO, 14) == "canny"
    assert settled(PHOTO, 16) == "sketch"
    assert settled(drawing(), 16) is None
    assert settled(PHOTO, 15) is None  # without the models of poses
    assert settled(PHOTO, 13) is None  # without the depth model, and without being told that it is a picture
    with pytest.raises(WeightsMissing, match="control-map --preset depth"):
        settled(PHOTO, 13, control_is="picture")
    with pytest.raises(WeightsMissing, match="control-map --preset pose"):
        settled(PHOTO, 15, control_is="picture")
    with pytest.raises(BadOptions, match="control_is: needs a control image and a mode from 13 to 16"):
        control_for(job(ControlMapGenerator), QwenImageEditOptions(control_is="map"), found)


def _tiny_depth(folder: Path) -> None:
    from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config, DPTImageProcessor

    backbone = Dinov2Config(
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        image_size=28,
        patch_size=14,
        out_features=["stage1", "stage2", "stage3", "stage4"],
        reshape_hidden_states=False,
        apply_layernorm=True,
    )
    config = DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=16,
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=8,
        head_hidden_size=4,
    )
    DepthAnythingForDepthEstimation(config).save_pretrained(folder)
    size = {"height": 56, "width": 56}
    DPTImageProcessor(size=size, keep_aspect_ratio=True, ensure_multiple_of=14).save_pretrained(folder)


def test_depth_comes_from_a_model_that_is_pulled_like_others(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert "spectacle pull control-map --preset depth" in (
        ControlMapGenerator.missing_weights("depth", resources(store)) or ""
    )
    put(store, DEPTH.repo, DEPTH.files, _tiny_depth)
    generator = ControlMapGenerator("depth", resources(store))
    generator.load(CPU)
    (artifact,) = generator.generate(job(generator, pictures=(PHOTO.resize((100, 80)),)), Control())
    assert isinstance(artifact.content, Image.Image)
    assert artifact.content.size == (100, 80)
    assert artifact.content.getextrema()[0] == (0, 255)
    generator.unload()
    again = settle_map(PHOTO.resize((100, 80)), ControlMapOptions(control_map="depth"), resources(store))
    assert same(again.image, artifact.content)
