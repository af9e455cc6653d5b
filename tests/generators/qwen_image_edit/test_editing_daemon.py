"""`qwen-image-edit` and `qwen-image-2.1` through the whole daemon: request file and pictures in, picture out."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny
import tiny_edit
from daemon_process import Daemon, running
from PIL import Image, ImageDraw

from spectacle.generators.qwen_image_21.presets import PRESETS
from spectacle.provenance import read_provenance
from spectacle.weights import Store

pytestmark = pytest.mark.slow

CONFIGURATION = """
default_kind = "edit"

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
directory = "WEIGHTS"

[placement]
residency = "device"
quantization = "none"
vae_tiling = false

[kinds.edit]
generator = "qwen-image-edit"
preset = "lightning-4"

[kinds.full]
generator = "qwen-image-edit"
preset = "full"
options = { num_inference_steps = 2 }

[kinds.first]
generator = "qwen-image-edit"
preset = "edit-lightning-4"

[kinds.glass]
generator = "qwen-image-2.1"
preset = "turbo"
options = { output_resolution = 512 }
"""
SECONDS = 90.0


def png(image: Image.Image) -> bytes:
    content = io.BytesIO()
    image.save(content, "PNG")
    return content.getvalue()


NOISE = png(Image.effect_noise((100, 80), 50).convert("RGB"))
PANORAMA = png(Image.linear_gradient("L").resize((20_000, 1_000)))
GLASS = png(Image.new("RGBA", (50, 50), (255, 0, 0, 100)))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    home = tmp_path_factory.mktemp("home")
    store = Store(home / "weights")
    tiny_edit.put_qwen_image_edit(store)
    turbo = PRESETS["turbo"]
    tiny.put(
        store,
        turbo.repo,
        turbo.source.files,
        lambda folder: tiny_edit.qwen_image_21(folder, sample_sigmas=tiny_edit.TURBO_SIGMAS),
    )
    with running(home, CONFIGURATION.replace("WEIGHTS", str(store.root))) as daemon:
        yield daemon


def answer(service: Daemon, stem: str, size: tuple[int, int]) -> Path:
    path = service.answer(stem, SECONDS)
    assert path.suffix == ".png", path.read_text()
    with Image.open(path) as image:
        assert image.size == size
    return path


def test_two_pictures_become_one_of_exactly_the_size_asked_for(service: Daemon) -> None:
    options = {"seed": 5, "mode": "person-product"}
    service.write("u-1-300x201", "she holds it", input=GLASS, input2=PANORAMA, options=options)
    making = read_provenance(answer(service, "u-1-300x201", (300, 201)))
    facts = making["facts"]
    assert (making["generator"], making["preset"], making["seed"]) == ("qwen-image-edit", "lightning-4", 5)
    assert (making["model"], making["revision"]) == ("Qwen/Qwen-Image-Edit-2511", tiny.REVISION)
    assert (facts["engine"], facts["mode"], facts["num_inference_steps"]) == ("edit", "2 person-product", 4)
    assert facts["edit_prompt"].startswith("she holds it. The person is interacting with the product")


def test_a_sketch_under_guidance_and_a_model_for_one_picture_are_served(service: Daemon) -> None:
    service.write("u-2-100x64-full", "a house", control=NOISE, options={"mode": 16, "negative_prompt": "trees"})
    service.write("u-3-64x100-first", "turn it blue", input=NOISE)
    assert read_provenance(answer(service, "u-2-100x64-full", (100, 64)))["facts"]["negative_prompt"] == "trees"
    assert (
        read_provenance(answer(service, "u-3-64x100-first", (64, 100)))["facts"]["pipeline"] == "QwenImageEditPipeline"
    )


def test_under_a_mask_what_is_black_stays(service: Daemon) -> None:
    mask = Image.new("L", (100, 80))
    ImageDraw.Draw(mask).rectangle((60, 0, 100, 80), fill=255)
    service.write("u-4-100x80", "a door", input=NOISE, mask=png(mask), options={"strength": 0.5})
    with Image.open(answer(service, "u-4-100x80", (100, 80))) as image, Image.open(io.BytesIO(NOISE)) as before:
        assert image.crop((0, 0, 58, 80)).tobytes() == before.crop((0, 0, 58, 80)).tobytes()
        assert image.tobytes() != before.tobytes()


def test_qwen_image_21_answers_with_transparency(service: Daemon) -> None:
    service.write("u-5-100x70-glass", "a glass", options={"seed": 1})
    service.write("u-6-100x70-glass", "a glass", input=NOISE, input2=GLASS, options={"seed": 1})
    drawn = answer(service, "u-5-100x70-glass", (100, 70))
    edited = answer(service, "u-6-100x70-glass", (100, 70))
    for path in (drawn, edited):
        with Image.open(path) as image:
            assert image.mode == "RGBA"
    assert drawn.read_bytes() != edited.read_bytes()
    assert "engine" not in read_provenance(drawn)["facts"]
    assert read_provenance(edited)["facts"]["engine"] == "edit"


def test_forty_pictures_for_a_mode_that_takes_three_are_refused_with_the_reason(service: Daemon) -> None:
    pictures = {f"input{'' if number == 1 else number}": NOISE for number in range(1, 41)}
    service.write("u-7-64x63", "all of them", **pictures, options={"mode": 2})
    assert service.error("u-7-64x63").startswith("u-7-64x63-input11.png: more than 10 input images. Remove it")
    ten = dict(list(pictures.items())[:10])
    service.write("u-7-64x64", "ten of them", **ten, options={"mode": 2})
    error = service.error("u-7-64x64")
    assert error.startswith("mode 2 (person-product): accepts 2 to 3 input images, as the model was made for up to 3")


def test_bad_requests_are_answered_with_what_to_do(service: Daemon) -> None:
    service.write("u-8-64x64", "no picture")
    service.write("u-9-64x64", "no text", input=NOISE, options={"mode": "text-replace", "old_text": "a"})
    service.write("u-10-64x64", "no steps", input=NOISE, options={"num_inference_steps": 9})
    service.write("u-11-64x64", "other mask", input=NOISE, mask=png(Image.new("L", (90, 80), 255)))
    service.write("u-12-64x64", "line", input=png(Image.new("RGB", (20_000, 3))))
    service.write("u-13-64x64", "too large", input=png(Image.new("1", (20_000, 20_000))))
    assert "Write u-8-64x64-input.png before u-8-64x64.txt" in service.error("u-8-64x64")
    assert "option new_text: missing. Set it, because mode 9 (text-replace)" in service.error("u-9-64x64")
    assert "exactly 4 steps" in service.error("u-10-64x64")
    assert "Attach a mask of the same size" in service.error("u-11-64x64")
    assert "image 1 is 20000x3: one side" in service.error("u-12-64x64")
    assert "20000" in service.error("u-13-64x64")
