"""What is held while a model is loaded, what it asks for, and compiling at start."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import tiny
from diffusers import QwenImageTransformer2DModel
from generating import CPU, difference, generate, make, resources, same

from spectacle.config import LoraSettings
from spectacle.generators.base import Footprint
from spectacle.generators.diffusion import family, loading
from spectacle.generators.placement import plan as plans
from spectacle.generators.placement.files import parameters, read_header
from spectacle.generators.qwen_image import QwenImage
from spectacle.weights import Store

pytestmark = pytest.mark.usefixtures("small_images")


def test_what_is_held_is_known_while_it_is_loaded_and_asked_for_before(qwen_image_store: Store) -> None:
    generator = QwenImage("lightning-4", resources(qwen_image_store))
    demand = QwenImage.required_memory("lightning-4", CPU, generator.resources, Footprint())
    assert generator.footprint == Footprint()
    generator.load(CPU)
    assert demand is not None
    assert Footprint() <= generator.footprint <= demand
    assert generator.footprint.ram > 0
    generator.unload()
    assert generator.footprint == Footprint()


def test_room_for_the_largest_lora_that_a_request_may_name_is_planned(
    qwen_image_store: Store, own_lora: dict[str, LoraSettings]
) -> None:
    settings = resources(qwen_image_store)
    without = QwenImage.installed_parts("full", settings)
    parts = QwenImage.installed_parts("full", replace(settings, loras=own_lora))
    more = {part.name: part.parameters - before.parameters for part, before in zip(parts, without, strict=True)}
    largest = max(parameters(read_header(Path(each.file))) for each in own_lora.values())
    assert more == {part.name: largest if part.name == "transformer" else 0 for part in parts}


def test_a_model_that_is_not_here_yet_is_planned_from_published_sizes(tmp_path_factory: pytest.TempPathFactory) -> None:
    nothing = resources(Store(tmp_path_factory.mktemp("store")), vae_tiling=True)
    told = QwenImage.plan("lightning-8", CPU, nothing)
    assert told[-1] == "The weights are not here yet: this follows from the published sizes."
    assert any(sentence.startswith("transformer: ") for sentence in told)


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["lightning-4", "full"])
def test_blocks_are_compiled_and_run_before_the_first_request(
    qwen_image_store: Store, monkeypatch: pytest.MonkeyPatch, preset: str
) -> None:
    told: list[str] = []
    forward = QwenImageTransformer2DModel.forward
    monkeypatch.setattr(
        QwenImageTransformer2DModel, "compile_repeated_blocks", lambda self, **_: told.append("compiled")
    )
    monkeypatch.setattr(
        QwenImageTransformer2DModel,
        "forward",
        lambda self, *args, **kwargs: told.append("ran") or forward(self, *args, **kwargs),
    )
    monkeypatch.setattr(family, "WARM_UP_SIDE", 64)
    generator = QwenImage(preset, resources(qwen_image_store, compile_repeated_blocks=True))
    generator.load(CPU)
    assert told[0] == "compiled"
    assert told[1:] and set(told[1:]) == {"ran"}
    before = len(told)
    generate(generator, num_inference_steps=4)
    assert len(told) > before
    generator.unload()


INT8 = {"quantization": "int8", "vae_tiling": False}


@pytest.fixture
def own_lora(tmp_path: Path) -> dict[str, LoraSettings]:
    tiny.lora(tmp_path / "ink.safetensors", 99)
    return {"ink": LoraSettings(file=str(tmp_path / "ink.safetensors"))}


@pytest.mark.slow
def test_a_fused_lora_makes_the_pictures_of_a_prepared_model(
    qwen_image_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "LARGE", 1)
    settings = resources(qwen_image_store, fuse_adapter=True, **INT8)
    generator = QwenImage("lightning-4", settings)
    generator.load(CPU)
    fused = generate(generator)
    generator.unload()
    QwenImage.prepare("lightning-4", tmp_path, settings, "int8", lambda _: None)
    checkpoint = loading.Checkpoint(tmp_path)
    monkeypatch.setattr(QwenImage, "_checkpoint", classmethod(lambda *_: (checkpoint, tiny.REVISION)))
    monkeypatch.setattr(QwenImage, "_adapter", classmethod(lambda *_: None))
    prepared = QwenImage("lightning-4", settings)
    prepared.load(CPU)
    assert same(generate(prepared), fused)
    prepared.unload()


@pytest.mark.slow
def test_loras_of_a_request_work_in_weights_with_a_fused_one(
    qwen_image_store: Store, own_lora: dict[str, LoraSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "LARGE", 1)
    settings = replace(resources(qwen_image_store, fuse_adapter=True, **INT8), loras=own_lora)
    generator = QwenImage("lightning-4", settings)
    generator.load(CPU)
    alone = generate(generator)
    both = generate(generator, loras=({"name": "ink"},))
    again = generate(generator)
    generator.unload()
    assert same(again, alone)
    assert not same(both, alone)
    assert difference(both, alone) < 64


@pytest.mark.slow
@pytest.mark.parametrize(("fuse", "stays"), [(True, False), (False, True)])
def test_a_preset_without_the_fused_lora_needs_the_model_anew(
    qwen_image_store: Store, monkeypatch: pytest.MonkeyPatch, fuse: bool, stays: bool
) -> None:
    monkeypatch.setattr(plans, "LARGE", 1)
    generator = QwenImage("lightning-4", resources(qwen_image_store, fuse_adapter=fuse, **INT8))
    generator.load(CPU)
    assert ("int8, LoRA fused, bf16" in make(generator)[0].facts["placement"]) is fuse
    assert generator.switch_preset("lightning-8") is stays
    assert generator.switch_preset("full") is stays
    assert generator.preset == ("full" if stays else "lightning-4")
    generator.unload()


def test_what_fusing_gains_and_costs_is_told_before_it_is_loaded(
    qwen_image_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "LARGE", 1)
    told = QwenImage.plan("lightning-4", CPU, resources(qwen_image_store, fuse_adapter=True, **INT8))
    assert "The LoRA is fused into the transformer before it is quantized, as the settings say." in told
    assert any(sentence.startswith("A preset with another LoRA or none reloads the model") for sentence in told)
