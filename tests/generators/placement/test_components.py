"""The sizes of models, from files as published models have them."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
import tiny
import torch
from diffusers import TorchAoConfig
from safetensors.torch import save_file

from spectacle.errors import GeneratorError
from spectacle.generators.placement.components import read_component
from spectacle.generators.placement.plan import Stage


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model as Qwen-Image is published."""
    folder = tmp_path_factory.mktemp("model")
    tiny.qwen_image(folder)
    return folder


def test_the_sizes_of_a_sharded_model_are_in_its_headers(model: Path) -> None:
    built = tiny.transformer_model()
    found = read_component(model, "transformer", Stage.DENOISE, activations=5)
    assert found.parameters == sum(parameter.numel() for parameter in built.parameters())
    assert (found.name, found.stage, found.blocks, found.activations) == ("transformer", Stage.DENOISE, tiny.LAYERS, 5)
    assert found.fixed == sum(parameter.numel() for parameter in built.parameters() if parameter.dim() != 2)
    assert (found.stored, found.stored_as, found.gguf) == (0, "", 0)
    assert found.size("none", "bf16") == 2 * found.parameters


def test_what_is_looked_up_by_the_word_is_never_quantized(model: Path) -> None:
    found = read_component(model, "text_encoder", Stage.ENCODE)
    words = (256 + len(tiny.SPECIAL_TOKENS)) * tiny.TEXT
    assert found.fixed > 2 * words  # the embeddings, and the head that is as large
    assert found.blocks >= tiny.LAYERS


def test_of_nested_blocks_the_smallest_that_make_up_the_model_are_counted(tmp_path: Path) -> None:
    names = [
        f"{part}.attentions.{n}.transformer_blocks.{m}.w"
        for part in ("down_blocks.1", "up_blocks.0")
        for n in "01"
        for m in "0123"
    ]
    save_file({name: torch.zeros(4, 4) for name in names}, tmp_path / "model.safetensors")
    assert read_component(tmp_path, "unet", Stage.DENOISE).blocks == 8


def test_a_vae_is_never_streamed(model: Path) -> None:
    found = read_component(model, "vae", Stage.DECODE, activations=9, tiled_activations=3)
    assert found.blocks == 0
    assert (found.tiled(False), found.tiled(True)) == (9, 3)


def test_a_folder_may_be_the_components_own(model: Path) -> None:
    assert read_component(model / "vae", "vae", Stage.DECODE) == read_component(model, "vae", Stage.DECODE)


def test_the_size_of_a_gguf_file_is_known(model: Path, tmp_path: Path) -> None:
    file = tmp_path / "q8.gguf"
    tiny.single_file_gguf(file, tiny.transformer_model())
    found = read_component(model, "transformer", Stage.DENOISE, gguf=file)
    assert found.size("gguf", "bf16") == file.stat().st_size


def test_of_several_variants_the_one_that_is_wanted_counts(tmp_path: Path) -> None:
    for name, width in (("model.safetensors", 8), ("model.fp16.safetensors", 4)):
        save_file({"layers.0.weight": torch.zeros(width, 2)}, tmp_path / name)
    assert read_component(tmp_path, "unet", Stage.DENOISE).parameters == 16
    assert read_component(tmp_path, "unet", Stage.DENOISE, variant="fp16").parameters == 8
    assert read_component(tmp_path, "unet", Stage.DENOISE, variant="bf16").parameters == 16


def test_files_that_hold_quantized_weights_are_known_by_their_configuration(tmp_path: Path) -> None:
    import torchao.quantization as torchao
    from diffusers import QwenImageTransformer2DModel

    tiny.transformer(tmp_path / "plain")
    config = TorchAoConfig(torchao.Int8WeightOnlyConfig())
    quantized = QwenImageTransformer2DModel.from_pretrained(
        tmp_path / "plain", quantization_config=config, dtype=torch.bfloat16
    )
    quantized.save_pretrained(tmp_path / "int8")
    plain, found = (read_component(tmp_path, name, Stage.DENOISE) for name in ("plain", "int8"))
    assert (found.stored_as, found.is_quantizable) == ("int8", False)
    assert found.stored == found.size("none", "bf16") < 0.7 * plain.size("none", "bf16")


def test_plain_fp8_files_are_known_by_their_tensors(tmp_path: Path) -> None:
    save_file({"layers.0.weight": torch.zeros(8, 8).to(torch.float8_e4m3fn)}, tmp_path / "model.safetensors")
    found = read_component(tmp_path, "transformer", Stage.DENOISE)
    assert (found.stored_as, found.stored, found.size("none", "bf16")) == ("fp8", 0, 128)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a safetensors file"),
        (struct.pack("<Q", 10**12) + b"{}", "not a safetensors file"),
        (struct.pack("<Q", 2) + b"[]", "not a safetensors file"),
        (struct.pack("<Q", 7) + b'{"a":1}', "not a safetensors file"),
        (b"\x80\x02}q\x00X\x05\x00\x00\x00" + bytes(100), "not a safetensors file"),
    ],
)
def test_what_is_no_safetensors_file_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(GeneratorError, match=rf"{tmp_path}/model\.safetensors: .*{said}"):
        read_component(tmp_path, "vae", Stage.DECODE)


def test_a_truncated_file_is_named_with_its_size(model: Path, tmp_path: Path) -> None:
    file = tmp_path / "diffusion_pytorch_model.safetensors"
    whole = (model / "vae" / file.name).read_bytes()
    file.write_bytes(whole[:-100])
    with pytest.raises(
        GeneratorError, match=f"{file}: truncated or damaged: {len(whole) - 100} bytes instead of {len(whole)}"
    ):
        read_component(tmp_path, "vae", Stage.DECODE)


def test_a_folder_without_weights_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({}))
    with pytest.raises(GeneratorError, match=f"{tmp_path}: has no safetensors weights"):
        read_component(tmp_path, "vae", Stage.DECODE)


def test_a_pickle_instead_of_weights_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"\x80\x02.")
    with pytest.raises(
        GeneratorError,
        match=r"model\.bin: a pickle, which can run code when it is read, and there "
        r"is no safetensors file next to it\. Run the `spectacle pull`",
    ):
        read_component(tmp_path, "unet", Stage.DENOISE)
