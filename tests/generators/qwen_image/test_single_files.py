"""`qwen-image` with parts from files of their own: those of ComfyUI, scaled fp8, GGUF; from other repositories."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import single_files
import tiny
import torch
from generating import CPU, generate, make, resources, same
from gguf import GGMLQuantizationType
from PIL import Image

from spectacle.config import PartSettings
from spectacle.errors import GeneratorError
from spectacle.generators.base import Resources
from spectacle.generators.diffusion.qwen import encode_prompt
from spectacle.generators.placement import plan as plans
from spectacle.generators.qwen_image import QwenImage
from spectacle.generators.qwen_image.presets import MODEL_FILES, QWEN_IMAGE
from spectacle.weights import Store
from spectacle.weights.prepared import write_prepared

pytestmark = pytest.mark.usefixtures("small_images")

REPACKAGED = "Comfy-Org/Qwen-Image_ComfyUI"


def of(store: Store, part: str) -> dict[str, torch.Tensor]:
    return single_files.weights(tiny.folder(store) / part)


def with_parts(store: Store, parts: Mapping[str, Any], **placement: Any) -> Resources:
    """The settings, with parts given as a path or as a table."""
    tables = {name: each if isinstance(each, dict) else {"path": str(each)} for name, each in parts.items()}
    settings = {name: PartSettings.model_validate(each) for name, each in tables.items()}
    return replace(resources(store, **placement), parts={QWEN_IMAGE: settings})


def without_weights(store: Store, *parts: str) -> None:
    """Have the model's repository pulled without the weights of some parts, as their sources say."""
    for part in parts:
        for file in (tiny.folder(store) / part).glob("*.safetensors"):
            file.unlink()
    files = [each for each in MODEL_FILES if each not in {f"{part}/*.safetensors" for part in parts}]
    shutil.rmtree(store.folder(QWEN_IMAGE) / "spectacle.json", ignore_errors=True)
    tiny.put(store, QWEN_IMAGE, files, lambda _folder: None)


Tensors = Mapping[str, Mapping[str, torch.Tensor]]


def loaded(known: Resources, preset: str = "full") -> Tensors:
    """The tensors of all parts, once the generator has loaded them: those that are equal draw the same pixels."""
    assert QwenImage.missing_weights(preset, known) is None
    generator = QwenImage(preset, known)
    generator.load(CPU)
    assert generator._loaded is not None
    pipeline = generator._loaded.stages.pipeline
    found = {name: dict(getattr(pipeline, name).state_dict()) for name in ("transformer", "text_encoder", "vae")}
    generator.unload()
    return found


def equal(one: Tensors, other: Tensors) -> bool:
    return all(
        one[part].keys() == other[part].keys()
        and all(torch.equal(one[part][name], other[part][name]) for name in one[part])
        for part in one
    )


def error(one: Tensors, other: Tensors) -> float:
    """The largest relative error of a tensor."""
    return max(
        float((one[part][name].float() - other[part][name].float()).norm() / other[part][name].float().norm())
        for part in one
        for name in one[part]
    )


def comfy(store: Store, into: Path) -> dict[str, Path]:
    """All three parts as ComfyUI's repackaged files."""
    names = {f"model.diffusion_model.{name}": tensor for name, tensor in of(store, "transformer").items()}
    return {
        "transformer": single_files.write(into / "qwen_image_bf16.safetensors", names),
        "text_encoder": single_files.write(into / "qwen_2.5_vl_7b.safetensors", of(store, "text_encoder")),
        "vae": single_files.write(
            into / "qwen_image_vae.safetensors", single_files.wan_names(of(store, "vae"), blocks=1)
        ),
    }


def test_comfyuis_files_are_loaded_as_the_repositorys_own(store: Store, tmp_path: Path) -> None:
    usual = loaded(resources(store))
    files = comfy(store, tmp_path)
    without_weights(store, *files)
    assert equal(loaded(with_parts(store, files)), usual)


@pytest.mark.slow
def test_comfyuis_files_draw_the_same_pixels(store: Store, tmp_path: Path) -> None:
    own, other = (
        QwenImage("lightning-4", known) for known in (resources(store), with_parts(store, comfy(store, tmp_path)))
    )
    own.load(CPU)
    other.load(CPU)
    artifact = make(other)[0]
    assert isinstance(artifact.content, Image.Image)
    assert same(artifact.content, generate(own))
    assert artifact.facts["weights"]["vae"] == "qwen_image_vae.safetensors"


def test_a_part_may_come_from_another_repository(store: Store, tmp_path: Path) -> None:
    usual = loaded(resources(store))
    files = comfy(store, tmp_path)
    without_weights(store, "transformer", "vae")
    tables = {}
    for name in ("transformer", "vae"):
        path = f"split_files/{files[name].name}"
        tables[name] = {"repository": REPACKAGED, "path": path, "licence": "Apache-2.0"}
    known = with_parts(store, tables)
    assert {source.repo: source.licence for source in QwenImage.sources("full", known)}[REPACKAGED] == "Apache-2.0"
    assert "spectacle pull qwen-image --preset full" in str(QwenImage.missing_weights("full", known))

    def build(into: Path) -> None:
        (into / "split_files").mkdir()
        for name in tables:
            shutil.copy(files[name], into / "split_files" / files[name].name)

    tiny.put(store, REPACKAGED, [each["path"] for each in tables.values()], build)
    assert equal(loaded(known), usual)


def test_a_part_may_be_a_directory_in_diffusers_layout(store: Store, tmp_path: Path) -> None:
    other = tmp_path / "tuned"
    tiny.transformer(other, 77)
    replaced = loaded(with_parts(store, {"transformer": other}))
    shutil.rmtree(tiny.folder(store) / "transformer")
    shutil.copytree(other, tiny.folder(store) / "transformer")
    tiny.put(store, QWEN_IMAGE, MODEL_FILES, lambda _folder: None)
    assert equal(replaced, loaded(resources(store)))


@pytest.mark.parametrize(("new", "rows"), [(True, False), (False, False), (True, True)])
def test_scaled_fp8_files_are_loaded_as_what_they_stand_for(
    store: Store, tmp_path: Path, new: bool, rows: bool
) -> None:
    for part in ("transformer", "text_encoder"):
        tensors, metadata = single_files.scaled(of(store, part), new=new, rows=rows)
        single_files.write(tmp_path / f"{part}.safetensors", tensors, metadata)
        single_files.write(tmp_path / f"{part}-bf16.safetensors", single_files.dequantized(tensors))
    parts = ("transformer", "text_encoder")
    scaled = loaded(with_parts(store, {part: tmp_path / f"{part}.safetensors" for part in parts}))
    assert equal(scaled, loaded(with_parts(store, {part: tmp_path / f"{part}-bf16.safetensors" for part in parts})))
    # Three bits of mantissa: a sixteenth at most, and a third of that on average.
    assert 0.001 < error(scaled, loaded(resources(store))) < 0.06


def test_plain_fp8_is_loaded_without_lightning_and_refused_with_it(store: Store, tmp_path: Path) -> None:
    file = single_files.write(
        tmp_path / "qwen_image_fp8_e4m3fn.safetensors", single_files.plain_fp8(of(store, "transformer"))
    )
    known = with_parts(store, {"transformer": file})
    with pytest.raises(GeneratorError, match="transformer: fp8 weights without scales give a grid of artefacts"):
        QwenImage("lightning-4", known).load(CPU)
    assert loaded(known)["transformer"]["img_in.weight"].dtype == torch.bfloat16


def test_plans_know_the_sizes_that_files_are_loaded_with(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "LARGE", 1)
    usual = {part.name: part for part in QwenImage.installed_parts("full", resources(store))}
    files = comfy(store, tmp_path)
    tensors, metadata = single_files.scaled(of(store, "transformer"))
    files["transformer"] = single_files.write(tmp_path / "scaled.safetensors", tensors, metadata)
    found = {part.name: part for part in QwenImage.installed_parts("full", with_parts(store, files))}
    # Files of another layout are read layer by layer.
    assert found == {name: replace(part, layered=name in files) for name, part in usual.items()}
    file, projector = single_files.llama_cpp(tmp_path / "q.gguf", of(store, "text_encoder"), GGMLQuantizationType.Q8_0)
    encoder = {"path": str(file), "projector": str(projector)}
    part = {each.name: each for each in QwenImage.installed_parts("full", with_parts(store, {"text_encoder": encoder}))}
    assert part["text_encoder"] == replace(usual["text_encoder"], layered=True)


def test_files_are_quantized_while_they_are_loaded(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "LARGE", 1)
    usual = loaded(resources(store, quantization="int8"))
    found = loaded(with_parts(store, comfy(store, tmp_path), quantization="int8"))
    for part, names in usual.items():
        for name, tensor in names.items():
            assert type(found[part][name]) is type(tensor), name
            if hasattr(tensor, "qdata"):
                assert torch.equal(found[part][name].qdata, tensor.qdata)
                assert torch.equal(found[part][name].scale, tensor.scale)
    assert hasattr(found["transformer"]["transformer_blocks.0.attn.to_q.weight"], "qdata")


def test_an_adapter_is_loaded_next_to_weights_that_were_quantized_from_a_file(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "LARGE", 1)
    generator = QwenImage("lightning-4", with_parts(store, comfy(store, tmp_path), quantization="int8"))
    generator.load(CPU)
    assert generator._loaded is not None
    layer = generator._loaded.stages.pipeline.transformer.transformer_blocks[0].attn.to_q
    assert torch.isfinite(layer(torch.ones(1, tiny.INNER, dtype=torch.bfloat16))).all()
    assert type(layer.base_layer.weight).__name__ == "Int8Tensor"


def test_a_staged_text_encoder_is_read_from_its_file_when_its_stage_comes(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "LARGE", 1)
    files = comfy(store, tmp_path)
    generator = QwenImage("lightning-4", with_parts(store, files, residency="staged", quantization="none"))
    generator.load(CPU)
    assert generator._loaded is not None
    stages = generator._loaded.stages
    assert stages.pipeline.text_encoder is None
    moved = files["text_encoder"].rename(tmp_path / "moved")
    with pytest.raises(GeneratorError, match=r"qwen_2\.5_vl_7b\.safetensors: missing"):
        encode_prompt(stages, "a fox", 512)
    moved.rename(files["text_encoder"])
    assert encode_prompt(stages, "a fox", 512)["prompt_embeds"].shape[-1] == tiny.TEXT


# --- GGUF ------------------------------------------------------------------------------------------------------------


def gguf_encoder(store: Store, into: Path, kind: GGMLQuantizationType) -> tuple[Path, Path]:
    return single_files.llama_cpp(into / f"Qwen2.5-VL-7B-{kind.name}.gguf", of(store, "text_encoder"), kind)


def test_a_text_encoder_as_llama_cpp_stores_it_is_loaded_within_its_precision(store: Store, tmp_path: Path) -> None:
    usual = loaded(resources(store))
    exact, projector = single_files.llama_cpp(
        tmp_path / "exact.gguf", of(store, "text_encoder"), GGMLQuantizationType.F32, GGMLQuantizationType.F32
    )
    small, small_projector = gguf_encoder(store, tmp_path, GGMLQuantizationType.Q8_0)
    without_weights(store, "text_encoder")
    assert equal(loaded(with_parts(store, {"text_encoder": {"path": str(exact), "projector": str(projector)}})), usual)
    both = {"path": str(small), "projector": str(small_projector)}
    assert 0.0001 < error(loaded(with_parts(store, {"text_encoder": both})), usual) < 0.01


def test_a_prompt_needs_no_vision_tower(store: Store, tmp_path: Path) -> None:
    usual = loaded(resources(store))["text_encoder"]
    file, _ = gguf_encoder(store, tmp_path, GGMLQuantizationType.F32)
    found = loaded(with_parts(store, {"text_encoder": file}))["text_encoder"]
    assert found.keys() == {name for name in usual if "visual" not in name}
    generator = QwenImage("full", with_parts(store, {"text_encoder": file}))
    own = QwenImage("full", resources(store))
    embeddings = []
    for each in (generator, own):
        each.load(CPU)
        assert each._loaded is not None
        embeddings.append(encode_prompt(each._loaded.stages, "a fox", 512)["prompt_embeds"])
    assert torch.equal(*embeddings)


def test_a_transformer_in_gguf_may_be_anywhere(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "LARGE", 1)
    file = tmp_path / "qwen-image-Q8_0.gguf"
    tiny.single_file_gguf(file, tiny.transformer_model(13))
    without_weights(store, "transformer")
    known = with_parts(store, {"transformer": file})
    part = QwenImage.installed_parts("full", known)[0]
    assert (part.parameters, part.blocks) == (sum(each.numel() for each in tiny.transformer_model(13).parameters()), 2)
    generator = QwenImage("lightning-4", known)
    generator.load(CPU)
    assert generator._loaded is not None
    assert generator._loaded.plan.of("transformer").quantization == "gguf"


# --- what is wrong with a file ---------------------------------------------------------------------------------------


def said(known: Resources) -> str:
    """Why a model is not loaded; nothing of it is left."""
    generator = QwenImage("full", known)
    with pytest.raises(GeneratorError) as error:
        generator.load(CPU)
    assert generator._loaded is None
    assert "\n" not in error.value.message
    return error.value.message


def test_a_truncated_file_is_named(store: Store, tmp_path: Path) -> None:
    files = comfy(store, tmp_path)
    tiny.truncate(files["vae"])
    assert "qwen_image_vae.safetensors: truncated or damaged" in said(with_parts(store, files))
    assert said(with_parts(store, files)).endswith("Download the file again.")


def test_a_missing_tensor_is_named(store: Store, tmp_path: Path) -> None:
    tensors = of(store, "transformer")
    del tensors["transformer_blocks.1.attn.to_q.weight"]
    file = single_files.write(tmp_path / "a.safetensors", tensors)
    message = said(with_parts(store, {"transformer": file}))
    assert "a.safetensors: has no transformer_blocks.1.attn.to_q.weight, but a QwenImageTransformer2DModel" in message
    assert message.endswith("Use the file of this model.")


def test_a_tensor_of_another_size_or_none_of_this_model_is_named(store: Store, tmp_path: Path) -> None:
    tensors = of(store, "transformer")
    file = single_files.write(tmp_path / "a.safetensors", {**tensors, "img_in.weight": torch.zeros(3, 64)})
    message = said(with_parts(store, {"transformer": file}))
    assert "a.safetensors: img_in.weight has the shape 3x64, but" in message
    file = single_files.write(tmp_path / "b.safetensors", {**tensors, "double_blocks.0.img_attn": torch.zeros(3)})
    assert "b.safetensors: has double_blocks.0.img_attn, but" in said(with_parts(store, {"transformer": file}))


def test_a_file_of_another_part_is_refused(store: Store, tmp_path: Path) -> None:
    files = comfy(store, tmp_path)
    message = said(with_parts(store, {"transformer": files["vae"]}))
    assert "qwen_image_vae.safetensors: has no " in message
    assert message.endswith("Use the file of this model.")


@pytest.mark.parametrize("new", [True, False])
def test_a_missing_scale_is_named(store: Store, tmp_path: Path, new: bool) -> None:
    tensors, metadata = single_files.scaled(of(store, "transformer"), new=new)
    base = "transformer_blocks.0.attn.to_k"
    del tensors[f"{base}.{'weight_scale' if new else 'scale_weight'}"]
    file = single_files.write(tmp_path / "a.safetensors", tensors, metadata)
    message = said(with_parts(store, {"transformer": file}))
    assert f"a.safetensors: {base}.weight is stored as scaled fp8, but its scale {base}.weight_scale" in message
    assert message.endswith("is missing. Download the file again.")


def test_scales_of_blocks_of_a_matrix_are_refused(store: Store, tmp_path: Path) -> None:
    tensors, metadata = single_files.scaled(of(store, "transformer"))
    key = "transformer_blocks.0.attn.to_k.weight_scale"
    file = single_files.write(tmp_path / "a.safetensors", {**tensors, key: torch.ones(2, 2)}, metadata)
    assert f"{key} has the shape 2x2, which is neither one scale" in said(with_parts(store, {"transformer": file}))


def test_a_quantization_that_is_not_read_is_named(store: Store, tmp_path: Path) -> None:
    tensors = of(store, "transformer")
    key = "transformer_blocks.0.attn.to_k.weight"
    file = single_files.write(tmp_path / "a.safetensors", {**tensors, key: torch.zeros(32, 16, dtype=torch.uint8)})
    assert f"a.safetensors: {key} is stored as U8, in a quantization" in said(with_parts(store, {"transformer": file}))


def test_files_that_are_missing_or_pickles_are_told_before_anything_is_loaded(store: Store, tmp_path: Path) -> None:
    known = with_parts(store, {"vae": tmp_path / "none.safetensors"})
    assert 'missing. Put it there, or correct weights.parts."Qwen/Qwen-Image".vae' in str(
        QwenImage.missing_weights("full", known)
    )
    (tmp_path / "vae.pt").write_bytes(b"")
    assert "neither a safetensors nor a GGUF file" in str(
        QwenImage.missing_weights("full", with_parts(store, {"vae": tmp_path / "vae.pt"}))
    )
    assert "has no such part. Use one of text_encoder, transformer, vae." in str(
        QwenImage.missing_weights("full", with_parts(store, {"unet": tmp_path / "vae.safetensors"}))
    )


def test_a_truncated_gguf_file_is_named(store: Store, tmp_path: Path) -> None:
    file, _ = gguf_encoder(store, tmp_path, GGMLQuantizationType.Q8_0)
    tiny.truncate(file, 2000)
    assert f"{file.name}: not a GGUF file, or truncated. Download" in said(with_parts(store, {"text_encoder": file}))


def test_metadata_names_are_read_with_and_without_prefix(store: Store, tmp_path: Path) -> None:
    tensors, metadata = single_files.scaled(of(store, "transformer"))
    layers = json.loads(metadata["_quantization_metadata"])["layers"]
    prefixed = {f"model.diffusion_model.{name}": tensor for name, tensor in tensors.items()}
    del prefixed["model.diffusion_model.transformer_blocks.0.attn.to_k.weight_scale"]
    named = {"layers": {f"model.diffusion_model.{name}": each for name, each in layers.items()}}
    file = single_files.write(tmp_path / "a.safetensors", prefixed, {"_quantization_metadata": json.dumps(named)})
    assert "is stored as scaled fp8, but its scale" in said(with_parts(store, {"transformer": file}))


# --- prepared checkpoints --------------------------------------------------------------------------------------------


def test_a_prepared_checkpoint_holds_the_parts_from_their_files(store: Store, tmp_path: Path) -> None:
    usual = loaded(resources(store))
    files = comfy(store, tmp_path)
    tensors, metadata = single_files.scaled(of(store, "transformer"))
    files["transformer"] = single_files.write(tmp_path / "scaled.safetensors", tensors, metadata)
    without_weights(store, *files)
    known = with_parts(store, files)
    expected = loaded(known)
    said: list[str] = []
    write_prepared(
        tmp_path / "prepared",
        lambda partial: QwenImage.prepare("full", partial, known, "none", said.append),
        generator="qwen-image",
        preset="full",
        quantization="none",
    )
    assert "reading qwen_image_vae.safetensors" in said
    found = loaded(resources(Store(tmp_path / "none"), {"qwen-image/full": tmp_path / "prepared"}))
    assert equal(found, expected)
    assert equal({"vae": found["vae"]}, {"vae": usual["vae"]})
