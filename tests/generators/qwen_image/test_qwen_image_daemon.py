"""`qwen-image` through the whole daemon: request file in, picture out."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_process import Daemon, running
from generating import CPU, generate, half_mask, picture, resources
from PIL import Image

from spectacle.generators.qwen_image import QwenImage
from spectacle.provenance import read_provenance
from spectacle.weights import Store

pytestmark = pytest.mark.slow

CONFIGURATION = """
default_kind = "fast"

[spool]
path = "spool"
poll_interval = 0.1
settle = 0.3
min_free = 0

[workers]
devices = ["cpu"]
preload = false
drain_timeout = 20

[weights]
directory = "{weights}"

[placement]
residency = "device"
vae_tiling = false

[kinds.fast]
generator = "qwen-image"
preset = "lightning-4"

[kinds.fine]
generator = "qwen-image"
preset = "lightning-8"

[kinds.full]
generator = "qwen-image"
preset = "full"
options = {{ num_inference_steps = 3 }}

[kinds.poor]
generator = "qwen-image"
preset = "2512"
"""
SECONDS = 90.0


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, qwen_image_store: Store) -> Iterator[Daemon]:
    home = tmp_path_factory.mktemp("home")
    weights = home / "weights"
    weights.mkdir()
    for folder in qwen_image_store.root.iterdir():
        if "2512" not in folder.name:
            (weights / folder.name).symlink_to(folder)
    with running(home, CONFIGURATION.format(weights=weights)) as daemon:
        yield daemon


def png(image: Image.Image) -> bytes:
    content = io.BytesIO()
    image.save(content, "PNG")
    return content.getvalue()


def answer(service: Daemon, stem: str) -> Path:
    path = service.answer(stem, SECONDS)
    assert path.suffix == ".png", path.read_text()
    return path


def test_a_request_becomes_a_picture_of_exactly_its_size(service: Daemon, qwen_image_store: Store) -> None:
    service.write("u-1-300x200", "a red fox", options={"seed": 5, "progress": True})
    path = answer(service, "u-1-300x200")
    with Image.open(path) as image:
        assert image.size == (300, 200)
    making = read_provenance(path)
    assert (making["generator"], making["preset"], making["seed"]) == ("qwen-image", "lightning-4", 5)
    assert (making["model"], making["revision"][:8]) == ("Qwen/Qwen-Image", "01234567")
    assert making["facts"]["num_inference_steps"] == 4
    assert making["fit"] == "resampled from 960x640"


@pytest.mark.usefixtures("real_cpu")
def test_the_worker_draws_what_the_generator_draws(service: Daemon, qwen_image_store: Store) -> None:
    service.write("u-2-784x784-fine", "a red fox", options={"seed": 5})
    generator = QwenImage("lightning-8", resources(qwen_image_store))
    generator.load(CPU)
    with Image.open(answer(service, "u-2-784x784-fine")) as image:
        assert image.tobytes() == generate(generator, "a red fox", (784, 784), seed=5).tobytes()


def test_every_mode_is_served(service: Daemon) -> None:
    red = png(picture((300, 200)))
    service.write("u-3-300x200", "a red fox", input=red, options={"strength": 0.5})
    service.write("u-4-300x200", "a red fox", input=red, mask=png(half_mask((300, 200))))
    service.write("u-5-300x200", "a red fox", control=red)
    service.write("u-6-256x256-full", "a red fox", options={"negative_prompt": "dogs", "num_images_per_prompt": 2})
    for stem, pipeline in (
        ("u-3-300x200", "QwenImageImg2ImgPipeline"),
        ("u-4-300x200", "QwenImageInpaintPipeline"),
        ("u-5-300x200", "QwenImageControlNetPipeline"),
        ("u-6-256x256-full", "QwenImagePipeline"),
    ):
        assert read_provenance(answer(service, stem))["facts"]["pipeline"] == pipeline
    first, second = (read_provenance(service.spool / f"u-6-256x256-full{number}.png") for number in ("", "-2"))
    assert second["seed"] == first["seed"] + 1
    with Image.open(service.spool / "u-4-300x200.png") as image:
        right = (150, 0, 300, 200)
        assert image.crop(right).tobytes() == picture((300, 200)).crop(right).tobytes()


@pytest.mark.parametrize(
    ("stem", "options", "said"),
    [
        ("u-7-256x256", {"num_inference_steps": 20}, "preset lightning-4 is distilled for exactly 4 steps"),
        ("u-8-256x256", {"true_cfg_scale": 4.0}, "without guidance"),
        ("u-9-256x256", {"strength": 0.5}, "Attach u-9-256x256-input.png"),
        ("u-10-256x256-poor", {}, "Run `spectacle pull qwen-image --preset 2512` on this host"),
    ],
)
def test_what_cannot_be_done_is_said(service: Daemon, stem: str, options: dict[str, object], said: str) -> None:
    service.write(stem, "a red fox", options=options)
    path = service.answer(stem, SECONDS)
    assert path.name == f"{stem}-error.txt"
    assert said in path.read_text().splitlines()[0]


def test_a_mask_of_another_size_is_refused(service: Daemon) -> None:
    service.write("u-11-256x256", "a fox", input=png(picture((64, 64))), mask=png(half_mask((32, 32))))
    path = service.answer("u-11-256x256", SECONDS)
    assert path.name.endswith("-error.txt")
    assert "32x32" in path.read_text()
