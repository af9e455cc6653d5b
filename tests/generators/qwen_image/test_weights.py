"""Weights of `qwen-image` that are missing, damaged, or of something else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import tiny
from generating import CPU, difference, generate, make, resources, same

from spectacle.errors import GeneratorError, WeightsMissing
from spectacle.generators.base import Footprint, Resources
from spectacle.generators.placement import memory
from spectacle.generators.placement import plan as plans
from spectacle.generators.qwen_image import QwenImage
from spectacle.generators.qwen_image.presets import CONTROLNET, MODEL_FILES, PRESETS, QWEN_IMAGE, TRANSFORMER_WEIGHTS
from spectacle.weights import Store
from spectacle.weights.prepared import write_prepared

pytestmark = pytest.mark.usefixtures("small_images")
MULTIPLIES_BF16 = False

LIGHTNING = "lightx2v/Qwen-Image-Lightning"


def remark(store: Store) -> None:
    """Have the marker say that what is there now is what was pulled."""
    tiny.put(store, QWEN_IMAGE, MODEL_FILES, lambda _folder: None)


def load(store: Store, preset: str = "lightning-4", **placement: object) -> QwenImage:
    generator = QwenImage(preset, resources(store, **placement))
    generator.load(CPU)
    return generator


@pytest.mark.parametrize("preset", [None, *PRESETS])
def test_missing_weights_are_answered_with_the_command_that_brings_them(tmp_path: Path, preset: str | None) -> None:
    empty = Store(tmp_path / "none")
    command = f"spectacle pull qwen-image{f' --preset {preset}' if preset else ''}`"
    assert command in str(QwenImage.missing_weights(preset, resources(empty)))
    with pytest.raises(WeightsMissing, match="Run `spectacle pull qwen-image"):
        QwenImage(preset, resources(empty)).load(CPU)


def test_weights_that_are_there_are_not_missing(qwen_image_store: Store) -> None:
    assert [QwenImage.missing_weights(preset, resources(qwen_image_store)) for preset in PRESETS] == [None] * len(
        PRESETS
    )


def test_a_missing_controlnet_is_answered_with_the_command_that_brings_it(store: Store) -> None:
    store.remove(CONTROLNET.repo)
    generator = load(store)
    with pytest.raises(WeightsMissing, match="Run `spectacle pull qwen-image --preset control`"):
        generate(generator, control=tiny_control())
    assert generate(generator).size == (128, 128)


def test_a_truncated_file_is_named(store: Store) -> None:
    file = next((tiny.folder(store) / "vae").glob("*.safetensors"))
    tiny.truncate(file)
    with pytest.raises(WeightsMissing, match=rf"{file.name}: damaged: \d+ bytes instead of \d+\. Run"):
        load(store)
    remark(store)
    with pytest.raises(GeneratorError, match=rf"{file.name}: truncated"):
        load(store)


def test_another_models_weights_are_refused(store: Store) -> None:
    shutil.rmtree(tiny.folder(store) / "transformer")
    shutil.copytree(tiny.folder(store, CONTROLNET.repo), tiny.folder(store) / "transformer")
    remark(store)
    with pytest.raises(GeneratorError, match=r"transformer/config\.json: describes QwenImageControlNetModel, but "):
        load(store)


def test_an_adapter_for_another_model_is_refused(store: Store) -> None:
    file = PRESETS["lightning-4"].adapter
    assert file is not None
    tiny.lora(tiny.folder(store, LIGHTNING) / file.files[0], inner=48)
    every = [name for preset in PRESETS.values() if preset.adapter for name in preset.adapter.files]
    tiny.put(store, LIGHTNING, every, lambda _folder: None)
    with pytest.raises(GeneratorError, match=rf"{file.files[0]}: a LoRA for another model: its .* has width 48"):
        load(store)


def test_an_adapter_that_is_a_pickle_is_never_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from spectacle.generators.diffusion import adapters

    generator = load(store, "full")
    assert generator._loaded is not None
    pickled = store.root / "lora.bin"
    pickled.write_bytes(b"\x80\x04cos\nsystem\n")
    with pytest.raises(GeneratorError, match=r"lora\.bin: not a safetensors file.*can run code"):
        adapters.load_adapter(generator._loaded.stages.pipeline, pickled, "bad")


def test_every_load_uses_the_commit_that_was_pulled(store: Store) -> None:
    generator = load(store)
    assert generator.revision == tiny.REVISION
    shutil.move(tiny.folder(store), store.folder(QWEN_IMAGE) / ("f" * 40))
    with pytest.raises(WeightsMissing, match="spectacle pull qwen-image --preset lightning-4"):
        load(store)


# --- GGUF ------------------------------------------------------------------------------------------------------------


def test_a_gguf_file_in_the_models_folder_takes_the_place_of_its_transformer(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "LARGE", 1)
    usual = generate(load(store))
    tiny.single_file_gguf(store.folder(QWEN_IMAGE) / "any-name-Q8_0.gguf", tiny.transformer_model(13))
    shutil.rmtree(tiny.folder(store) / "transformer")
    tiny.transformer(tiny.folder(store) / "transformer", 13)
    for file in (tiny.folder(store) / "transformer").glob("*.safetensors"):
        file.unlink()
    tiny.put(store, QWEN_IMAGE, [each for each in MODEL_FILES if each != TRANSFORMER_WEIGHTS], lambda _folder: None)
    assert QwenImage.missing_weights("lightning-4", resources(store)) is None
    assert "spectacle pull" in str(QwenImage.missing_weights("lightning-4", resources(store, quantization="int8")))
    generator = load(store)
    assert generator._loaded is not None
    assert generator._loaded.stages.plan.of("transformer").quantization == "gguf"
    drawn = make(generator)[0]
    assert difference(drawn.content, usual) < 20  # type: ignore[arg-type]
    generator.unload()


def test_several_gguf_files_are_an_error_that_names_them(store: Store) -> None:
    for name in ("a.gguf", "b.gguf"):
        tiny.single_file_gguf(store.folder(QWEN_IMAGE) / name, tiny.transformer_model(13))
    assert "a.gguf, b.gguf. Keep one" in str(QwenImage.missing_weights("lightning-4", resources(store)))


def test_a_truncated_gguf_file_is_named(store: Store) -> None:
    file = store.folder(QWEN_IMAGE) / "a.gguf"
    tiny.single_file_gguf(file, tiny.transformer_model(13))
    tiny.truncate(file, 1000)
    with pytest.raises(GeneratorError, match=r"a\.gguf: not a GGUF file, or truncated"):
        load(store, quantization="gguf")


# --- prepared checkpoints --------------------------------------------------------------------------------------------


def prepare(store: Store, into: Path, preset: str = "lightning-4", quantization: str = "none") -> Resources:
    write_prepared(
        into,
        lambda partial: QwenImage.prepare(preset, partial, resources(store), quantization, lambda _said: None),
        generator="qwen-image",
        preset=preset,
        quantization=quantization,
    )
    return resources(Store(into.parent / "none"), {f"qwen-image/{preset}": into})


@pytest.mark.slow
def test_a_prepared_checkpoint_draws_the_same_without_adapter_and_store(store: Store, tmp_path: Path) -> None:
    usual = load(store)
    prepared = QwenImage("lightning-4", prepare(store, tmp_path / "prepared"))
    assert QwenImage.missing_weights("lightning-4", prepared.resources) is None
    prepared.load(CPU)
    assert prepared.revision == tiny.REVISION
    one, other = generate(usual), generate(prepared)
    # Fused weights are rounded to bf16 once more.
    assert difference(one, other) < 5
    assert difference(one, generate(usual, seed=8)) > 20
    assert same(other, generate(prepared))


def test_a_prepared_checkpoint_of_int8_weights_is_loaded_as_it_is(store: Store, tmp_path: Path) -> None:
    prepared = QwenImage("full", prepare(store, tmp_path / "prepared", "full", "int8"))
    prepared.load(CPU)
    assert prepared._loaded is not None
    assert type(prepared._loaded.stages.pipeline.transformer.proj_out.weight).__name__ == "Int8Tensor"
    drawn = generate(prepared, num_inference_steps=2)
    assert difference(drawn, generate(load(store, "full"), num_inference_steps=2)) < 10


def test_a_prepared_checkpoint_for_control_holds_the_controlnet(store: Store, tmp_path: Path) -> None:
    prepared = QwenImage("control", prepare(store, tmp_path / "prepared", "control"))
    prepared.load(CPU)
    drawn = generate(prepared, control=tiny_control(), num_inference_steps=2)
    assert same(drawn, generate(load(store, "control"), control=tiny_control(), num_inference_steps=2))


def test_a_half_written_prepared_checkpoint_is_never_accepted(store: Store, tmp_path: Path) -> None:
    ready = prepare(store, tmp_path / "prepared")
    next((tmp_path / "prepared/transformer").glob("*.safetensors")).unlink()
    assert ".safetensors: missing: " in str(QwenImage.missing_weights("lightning-4", ready))
    with pytest.raises(WeightsMissing, match=r"\.safetensors: missing: "):
        QwenImage("lightning-4", ready).load(CPU)


def test_nf4_without_a_gpu_is_refused_before_anything_is_read(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(GeneratorError, match="--quantize nf4: needs a GPU"):
        prepare(store, tmp_path / "prepared", quantization="nf4")


def test_an_unknown_quantization_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match=r"fp8: not possible for this model\. Use none, int8 or nf4"):
        prepare(store, tmp_path / "prepared", quantization="fp8")
    assert not (tmp_path / "prepared").exists()


# --- placement -------------------------------------------------------------------------------------------------------


def test_a_plan_is_told_without_loading_anything(qwen_image_store: Store) -> None:
    sentences = QwenImage.plan("control", CPU, resources(qwen_image_store))
    assert any(sentence.startswith("transformer: ") for sentence in sentences)
    assert any(sentence.startswith("controlnet: ") for sentence in sentences)


def test_a_plan_counts_the_adapter(qwen_image_store: Store) -> None:
    nothing = Footprint()
    with_adapter, without = (
        QwenImage.required_memory(preset, CPU, resources(qwen_image_store), nothing)
        for preset in ("lightning-4", "full")
    )
    assert with_adapter is not None
    assert without is not None
    assert with_adapter.ram > without.ram


@pytest.mark.slow
def test_a_staged_text_encoder_draws_the_same_and_is_gone_after_it(
    qwen_image_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = generate(load(qwen_image_store))
    monkeypatch.setattr(plans, "LARGE", 1)
    generator = load(qwen_image_store, residency="staged", quantization="none")
    assert generator._loaded is not None
    stages = generator._loaded.stages
    assert stages.plan.of("text_encoder").staged
    assert stages.pipeline.text_encoder is None
    assert same(generate(generator), usual)
    assert stages.pipeline.text_encoder is None
    assert same(generate(generator), usual)


@pytest.mark.slow
def test_blocks_read_from_disk_draw_the_same(qwen_image_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_multiplies_bf16", lambda: True)  # they are in bf16 whatever the CPU computes faster
    usual = generate(load(qwen_image_store))
    monkeypatch.setattr(plans, "LARGE", 1)
    generator = load(qwen_image_store, residency="disk-offload", quantization="none")
    assert same(generate(generator), usual)
    assert not generator.switch_preset("lightning-8")
    generator.unload()


def tiny_control() -> object:
    from generating import picture

    return picture((128, 128), 5)


def test_what_a_model_needs_and_holds_is_told(qwen_image_store: Store) -> None:
    generator = QwenImage("lightning-4", resources(qwen_image_store))
    assert generator.footprint == Footprint()
    demand = QwenImage.required_memory("lightning-4", CPU, generator.resources, Footprint())
    generator.load(CPU)
    assert demand is not None
    assert 0 < generator.footprint.ram < demand.ram
    generator.unload()
    assert generator.footprint == Footprint()
