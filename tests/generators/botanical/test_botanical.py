"""Botanical plates: what the pipelines are asked, sketches, seeds, and prepared checkpoints."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_sdxl
from control import Control
from daemon_process import CONFIGURATION, running
from PIL import Image, ImageDraw

from spectacle.errors import BadAttachment, BadOptions, Cancelled, GeneratorError, SpectacleError, WeightsMissing
from spectacle.generators import botanical
from spectacle.generators.base import Artifact, Device, Job, MediaType, Resources
from spectacle.generators.botanical import Botanical
from spectacle.generators.botanical.edges import canny_edges
from spectacle.generators.botanical.generator import BASE, CONTROLNET, LORA, LORA_FILE, VAE
from spectacle.generators.botanical.options import NEGATIVE_PROMPT, BotanicalOptions
from spectacle.provenance import read_provenance
from spectacle.weights import Store
from spectacle.weights.prepared import write_prepared

SIZE = 64
STEPS = 2


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Tiny weights of everything."""
    store = Store(tmp_path_factory.mktemp("weights"))
    tiny_sdxl.build(store)
    return store


@pytest.fixture(autouse=True)
def small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tiny model draw small pictures as they are."""
    monkeypatch.setattr(botanical.generator, "MIN_PIXELS", 1)


@pytest.fixture(scope="module")
def loaded(store: Store) -> Iterator[Botanical]:
    """The generator, loaded from the tiny weights."""
    generator = Botanical("sketch", Resources(store))
    generator.load(Device())
    yield generator
    generator.unload()


def job(prompt: str = "a fern", *, seed: int = 5, size: tuple[int, int] = (SIZE, SIZE), **rest: Any) -> Job:
    given = {name: rest.pop(name) for name in ("pictures", "control") if name in rest}
    options = BotanicalOptions(**{"num_inference_steps": STEPS, **rest})
    return Job(prompt, *size, seed, MediaType.PNG, options, **given)


def sketch() -> Image.Image:
    picture = Image.new("RGBA", (SIZE, SIZE), (0, 0, 0, 0))
    ImageDraw.Draw(picture).ellipse((12, 8, 50, 56), outline=(0, 0, 0, 255), width=3)
    return picture


def pixels(picture: Image.Image | Artifact) -> np.ndarray:
    content = picture.content if isinstance(picture, Artifact) else picture
    assert isinstance(content, Image.Image)
    return np.asarray(content).astype(int)


def reference(store: Store, **call: Any) -> Image.Image:
    """What a plain script of diffusers makes of the same weights."""
    import torch
    from diffusers import AutoencoderKL, ControlNetModel, StableDiffusionXLControlNetPipeline, StableDiffusionXLPipeline

    vae = AutoencoderKL.from_pretrained(store.locate(VAE).path, dtype=torch.float32)
    common = {"variant": "fp16", "vae": vae, "dtype": torch.float32}
    if "image" in call:
        controlnet = ControlNetModel.from_pretrained(store.locate(CONTROLNET).path, variant="fp16", dtype=torch.float32)
        pipeline = StableDiffusionXLControlNetPipeline.from_pretrained(
            store.locate(BASE).path, controlnet=controlnet, **common
        )
    else:
        pipeline = StableDiffusionXLPipeline.from_pretrained(store.locate(BASE).path, **common)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.load_lora_weights(store.locate(LORA).path, weight_name=LORA_FILE)
    random = torch.Generator().manual_seed(5)
    picture = pipeline(generator=random, width=SIZE, height=SIZE, num_inference_steps=STEPS, **call).images[0]
    assert isinstance(picture, Image.Image)
    return picture


def test_a_plate_is_what_a_plain_script_makes_with_trigger_words_and_negative_prompt(
    loaded: Botanical, store: Store
) -> None:
    (artifact,) = loaded.generate(job(), Control())
    expected = reference(
        store,
        prompt="Century Botanical Illustration - a fern",
        negative_prompt=NEGATIVE_PROMPT,
        guidance_scale=7.5,
    )
    assert np.array_equal(pixels(artifact), pixels(expected))


def test_a_sketch_leads_through_its_edges(loaded: Botanical, store: Store) -> None:
    (artifact,) = loaded.generate(job(pictures=[sketch()]), Control())
    expected = reference(
        store,
        prompt="Century Botanical Illustration - a fern",
        negative_prompt=NEGATIVE_PROMPT,
        guidance_scale=7.5,
        image=canny_edges(sketch(), (SIZE, SIZE), 100, 200),
        controlnet_conditioning_scale=0.5,
    )
    assert np.array_equal(pixels(artifact), pixels(expected))
    assert artifact.facts["controlnet"] == CONTROLNET.repo


def test_edges_that_are_given_are_used_as_they_are(loaded: Botanical) -> None:
    edges = canny_edges(sketch(), (SIZE, SIZE), 100, 200)
    (given,) = loaded.generate(job(control=edges), Control())
    (found,) = loaded.generate(job(pictures=[sketch()]), Control())
    assert np.array_equal(pixels(given), pixels(found))


def test_edges_are_white_on_black_and_transparency_counts_as_white() -> None:
    edges = np.asarray(canny_edges(sketch(), (SIZE, SIZE), 100, 200))
    assert edges.shape == (SIZE, SIZE, 3)
    assert set(np.unique(edges)) == {0, 255}
    assert 0.02 < (edges > 0).mean() < 0.3


def test_the_same_seed_makes_the_same_plate_whatever_ran_before(loaded: Botanical) -> None:
    (first,) = loaded.generate(job(), Control())
    loaded.generate(job("something else", seed=9, pictures=[sketch()], lora_scale=0.5), Control())
    (again,) = loaded.generate(job(), Control())
    assert np.array_equal(pixels(first), pixels(again))


def test_each_of_several_plates_tells_the_seed_that_makes_it_alone(loaded: Botanical) -> None:
    both = loaded.generate(job(num_images_per_prompt=2), Control())
    assert [artifact.seed for artifact in both] == [5, 6]
    (alone,) = loaded.generate(job(seed=6), Control())
    assert np.array_equal(pixels(both[1]), pixels(alone))


def test_every_step_is_reported_and_a_job_stops_at_one(loaded: Botanical) -> None:
    control = Control()
    loaded.generate(job(num_images_per_prompt=2), control)
    assert control.steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    with pytest.raises(Cancelled):
        loaded.generate(job(), Control(cancel_after=1))
    assert len(loaded.generate(job(), Control())) == 1


def test_the_lora_can_be_weaker_or_off(loaded: Botanical) -> None:
    plates = [pixels(loaded.generate(job(lora_scale=scale), Control())[0]) for scale in (0, 0.5, 1)]
    assert not np.array_equal(plates[0], plates[1])
    assert not np.array_equal(plates[1], plates[2])


def test_trigger_words_are_not_said_twice_and_can_be_left_out(loaded: Botanical) -> None:
    def used(prompt: str, **options: Any) -> object:
        return loaded.generate(job(prompt, **options), Control())[0].facts["prompt_used"]

    assert used("A rose, century botanical illustration") == "A rose, century botanical illustration"
    assert used("A rose", trigger_words=False) == "A rose"


def test_a_prompt_that_the_text_encoders_cut_is_told(loaded: Botanical) -> None:
    (short,), (long,) = (loaded.generate(job(prompt), Control()) for prompt in ("a fern", "fern " * 40))
    assert (short.facts["prompt_cut"], long.facts["prompt_cut"]) == (False, True)


def test_a_size_that_is_no_multiple_of_eight_is_drawn_a_little_larger(loaded: Botanical) -> None:
    (artifact,) = loaded.generate(job(size=(61, 70)), Control())
    assert isinstance(artifact.content, Image.Image)
    assert artifact.content.size == (64, 72)


def test_the_preset_without_a_controlnet_makes_the_same_plate_from_words(store: Store, loaded: Botanical) -> None:
    plain = Botanical("plain", Resources(store))
    plain.load(Device())
    (artifact,) = plain.generate(job(), Control())
    assert np.array_equal(pixels(artifact), pixels(loaded.generate(job(), Control())[0]))
    with pytest.raises(BadAttachment, match=r"does not follow a sketch\. Remove the image"):
        plain.generate(job(pictures=[sketch()]), Control())


def test_a_sketch_and_its_edges_together_are_refused(loaded: Botanical) -> None:
    with pytest.raises(BadAttachment, match="not both"):
        loaded.generate(job(pictures=[sketch()], control=sketch()), Control())


@pytest.mark.parametrize(
    "options",
    [{"control_guidance_start": 0.8, "control_guidance_end": 0.2}, {"low_threshold": 200, "high_threshold": 9}],
)
def test_options_that_contradict_each_other_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        BotanicalOptions(**options)


def test_missing_weights_are_told_with_the_command(tmp_path: Path) -> None:
    resources = Resources(Store(tmp_path))
    told = Botanical.missing_weights("plain", resources)
    assert told is not None and "Run `spectacle pull botanical --preset plain`" in told
    with pytest.raises(WeightsMissing, match="spectacle pull botanical --preset plain"):
        Botanical("plain", resources).load(Device())


def test_a_lora_for_another_model_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    tiny_sdxl.build(store, plain=True)
    tiny_sdxl.put(
        store, LORA.repo, LORA.files, lambda folder: tiny_sdxl.lora(folder / LORA_FILE, wide=tiny_sdxl.BLOCKS[1] + 8)
    )
    with pytest.raises(GeneratorError, match="a LoRA for another model"):
        Botanical("plain", Resources(store)).load(Device())


@pytest.fixture(scope="module")
def directory(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared checkpoint."""
    into = tmp_path_factory.mktemp("prepared") / "botanical"
    write_prepared(
        into,
        lambda folder: Botanical.prepare("sketch", folder, Resources(store), "none", lambda _sentence: None),
        generator="botanical",
        preset="sketch",
        quantization="none",
    )
    return into


class TestPrepared:
    def resources(self, directory: Path, tmp_path: Path) -> Resources:
        """Only the prepared directory: no pulled weights, no adapter."""
        return Resources(Store(tmp_path / "empty"), {"botanical": directory})

    def test_it_makes_the_same_plates_as_base_and_adapter(
        self, directory: Path, tmp_path: Path, loaded: Botanical
    ) -> None:
        prepared = Botanical("sketch", self.resources(directory, tmp_path))
        prepared.load(Device())
        for rest in ({}, {"pictures": [sketch()]}):
            theirs = pixels(prepared.generate(job(**rest), Control())[0])
            ours = pixels(loaded.generate(job(**rest), Control())[0])
            without = pixels(loaded.generate(job(lora_scale=0, **rest), Control())[0])
            # What was rounded to half precision after fusing is not quite what is added at every step.
            assert np.abs(theirs - ours).max() <= 2
            assert np.abs(theirs - ours).mean() < 0.25
            assert np.abs(ours - without).mean() > 1
        assert prepared.revision == loaded.revision

    def test_its_strength_cannot_be_changed_any_more(self, directory: Path, tmp_path: Path) -> None:
        prepared = Botanical("sketch", self.resources(directory, tmp_path))
        prepared.load(Device())
        with pytest.raises(BadOptions, match="the LoRA is part of the prepared weights"):
            prepared.generate(job(lora_scale=0.5), Control())

    def test_it_holds_no_adapter_and_no_pickle(self, directory: Path) -> None:
        suffixes = {path.suffix for path in directory.rglob("*") if path.is_file()}
        assert suffixes <= {".json", ".safetensors", ".txt"}
        assert not list(directory.rglob("*lora*"))

    def test_half_of_it_is_never_loaded(self, directory: Path, tmp_path: Path) -> None:
        import shutil

        half = tmp_path / "half"
        shutil.copytree(directory, half)
        (half / "unet/diffusion_pytorch_model.safetensors").unlink()
        with pytest.raises(WeightsMissing, match=r"diffusion_pytorch_model\.safetensors: missing"):
            Botanical("sketch", self.resources(half, tmp_path)).load(Device())

    def test_a_quantization_it_does_not_know_is_refused(self, store: Store, tmp_path: Path) -> None:
        with pytest.raises(SpectacleError, match="half precision only"):
            Botanical.prepare("sketch", tmp_path, Resources(store), "int8", lambda _sentence: None)


@pytest.mark.slow
def test_a_request_gets_its_plate_from_the_daemon(store: Store, tmp_path: Path) -> None:
    kinds = """
[kinds.plate]
generator = "botanical"
preset = "sketch"
options = { num_inference_steps = 2 }

[kinds.bare]
generator = "botanical"
preset = "plain"
"""
    variables = {"SPECTACLE_WEIGHTS_DIRECTORY": str(store.root)}
    drawn = io.BytesIO()
    sketch().save(drawn, "PNG")
    with running(tmp_path, CONFIGURATION + kinds, environment=variables) as daemon:
        daemon.write("u-1-64x48-plate", "a fern", input=drawn.getvalue(), options={"seed": 7})
        daemon.write("u-2-64x48-bare", "a fern", input=drawn.getvalue())
        answer = daemon.answer("u-1-64x48-plate", 120)
        assert answer.suffix == ".png", answer.read_text()
        assert "does not follow a sketch. Remove the image" in daemon.answer("u-2-64x48-bare", 120).read_text()
    making = read_provenance(answer)
    assert (making["seed"], making["width"], making["height"]) == (7, 64, 48)
    assert making["facts"]["controlnet"] == CONTROLNET.repo
    assert making["revision"] == f"{tiny_sdxl.REVISION} + {tiny_sdxl.REVISION}"


@pytest.mark.slow
def test_the_daemon_tells_which_weights_are_missing(tmp_path: Path) -> None:
    kind = '[kinds.plate]\ngenerator = "botanical"\n'
    variables = {"SPECTACLE_WEIGHTS_DIRECTORY": str(tmp_path / "none")}
    with running(tmp_path, CONFIGURATION + kind, environment=variables) as daemon:
        daemon.write("u-1-64x48-plate", "a fern")
        told = daemon.answer("u-1-64x48-plate", 120).read_text()
    assert "Run `spectacle pull botanical --preset sketch` on this host" in told
