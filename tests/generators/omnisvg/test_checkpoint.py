"""Loading the published checkpoint: every tensor arrives, and what is wrong with a file is named."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_omnisvg import build_base, build_checkpoint, build_model, published_name, published_tensors
from transformers import Qwen2_5_VLForConditionalGeneration

from spectacle.errors import GeneratorError
from spectacle.generators.omnisvg.checkpoint import (
    configuration,
    current_name,
    expected_shapes,
    load_prepared,
    load_processor,
    load_published,
    save,
)
from spectacle.generators.omnisvg.tokens import SIZES

CPU: dict[str, Any] = {"device": torch.device("cpu"), "dtype": torch.bfloat16}


def published_base(folder: Path, size: str) -> Path:
    """The configuration of the Qwen2.5-VL model underneath, in its full size."""
    wide = size == "8B"
    folder.mkdir()
    config = {
        "architectures": ["Qwen2_5_VLForConditionalGeneration"],
        "model_type": "qwen2_5_vl",
        "hidden_size": 3584 if wide else 2048,
        "intermediate_size": 18944 if wide else 11008,
        "num_hidden_layers": 28 if wide else 36,
        "num_attention_heads": 28 if wide else 16,
        "num_key_value_heads": 4 if wide else 2,
        "hidden_act": "silu",
        "rms_norm_eps": 1e-06,
        "rope_theta": 1000000.0,
        "rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]},
        "tie_word_embeddings": not wide,
        "torch_dtype": "bfloat16",
        "vocab_size": SIZES[size].base,
        "image_token_id": 151655,
        "vision_start_token_id": 151652,
        "vision_end_token_id": 151653,
        "vision_config": {
            "depth": 32,
            "hidden_size": 1280,
            "intermediate_size": 3420,
            "num_heads": 16,
            "in_chans": 3,
            "out_hidden_size": 3584 if wide else 2048,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "window_size": 112,
            "fullatt_block_indexes": [7, 15, 23, 31],
            "tokens_per_second": 2,
        },
    }
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def published_shapes(size: str) -> dict[str, tuple[int, ...]]:
    """Every tensor of the published file and its shape, as its authors and users list them."""
    hidden, key, inner, layers = (3584, 512, 18944, 28) if size == "8B" else (2048, 256, 11008, 36)
    shapes: dict[str, tuple[int, ...]] = {
        "visual.patch_embed.proj.weight": (1280, 3, 2, 14, 14),
        "visual.merger.ln_q.weight": (1280,),
        "visual.merger.mlp.0.weight": (5120, 5120),
        "visual.merger.mlp.0.bias": (5120,),
        "visual.merger.mlp.2.weight": (hidden, 5120),
        "visual.merger.mlp.2.bias": (hidden,),
        "model.embed_tokens.weight": (197_000, hidden),
        "model.norm.weight": (hidden,),
        "lm_head.weight": (197_000, hidden),
    }
    for number in range(32):
        block = f"visual.blocks.{number}"
        shapes |= {f"{block}.norm1.weight": (1280,), f"{block}.norm2.weight": (1280,)}
        for name, rows, columns in (
            ("attn.qkv", 3840, 1280),
            ("attn.proj", 1280, 1280),
            ("mlp.gate_proj", 3420, 1280),
            ("mlp.up_proj", 3420, 1280),
            ("mlp.down_proj", 1280, 3420),
        ):
            shapes |= {f"{block}.{name}.weight": (rows, columns), f"{block}.{name}.bias": (rows,)}
    for number in range(layers):
        layer = f"model.layers.{number}"
        for name, rows in (("q_proj", hidden), ("k_proj", key), ("v_proj", key)):
            shapes |= {f"{layer}.self_attn.{name}.weight": (rows, hidden), f"{layer}.self_attn.{name}.bias": (rows,)}
        shapes |= {
            f"{layer}.self_attn.o_proj.weight": (hidden, hidden),
            f"{layer}.mlp.gate_proj.weight": (inner, hidden),
            f"{layer}.mlp.up_proj.weight": (inner, hidden),
            f"{layer}.mlp.down_proj.weight": (hidden, inner),
            f"{layer}.input_layernorm.weight": (hidden,),
            f"{layer}.post_attention_layernorm.weight": (hidden,),
        }
    return {f"transformer.{name}": shape for name, shape in shapes.items()}


@pytest.mark.parametrize(("size", "tensors", "parameters"), [("8B", 729, 8_614_267_904), ("4B", 825, 3_846_914_048)])
def test_every_tensor_of_the_published_file_has_its_place(
    size: str, tensors: int, parameters: int, tmp_path: Path
) -> None:
    config = configuration(published_base(tmp_path / size, size), SIZES[size])
    expected = expected_shapes(config)
    published = published_shapes(size)
    assert len(published) == tensors
    assert {current_name(name): shape for name, shape in published.items()} == {
        name: tuple(shape) for name, shape in expected.items()
    }
    counted = [shape for name, shape in expected.items() if size == "8B" or name != "lm_head.weight"]
    assert sum(shape.numel() for shape in counted) == parameters


def test_the_configuration_keeps_how_positions_are_counted(tmp_path: Path) -> None:
    text: Any = configuration(published_base(tmp_path / "8B", "8B"), SIZES["8B"]).text_config
    assert text.rope_parameters["rope_theta"] == 1_000_000
    assert text.rope_parameters["mrope_section"] == [16, 24, 24]
    assert (text.vocab_size, text.bos_token_id, text.eos_token_id) == (197_000, 196_998, 196_999)


@pytest.mark.parametrize("size", ["4B", "8B"])
def test_the_published_file_is_loaded_and_saved_as_safetensors(size: str, tmp_path: Path) -> None:
    base = build_base(tmp_path / "base", size)
    loaded = load_published(build_checkpoint(tmp_path, base, size), base, SIZES[size], **CPU)
    original = build_model(base, size).state_dict()
    assert loaded.state_dict().keys() == original.keys()
    assert all(torch.equal(tensor, original[name]) for name, tensor in loaded.state_dict().items())
    assert not any(tensor.is_meta for tensor in (*loaded.parameters(), *loaded.buffers()))
    tied = loaded.lm_head.weight is loaded.get_input_embeddings().weight
    assert tied is (size == "4B")

    save(loaded, load_processor(base), tmp_path / "prepared")
    assert not list((tmp_path / "prepared").glob("*.bin"))
    again = load_prepared(tmp_path / "prepared", SIZES[size], **CPU)
    assert all(torch.equal(tensor, original[name]) for name, tensor in again.state_dict().items())
    assert load_processor(tmp_path / "prepared").tokenizer("a fox 狐").input_ids == (
        load_processor(base).tokenizer("a fox 狐").input_ids
    )


def test_a_tied_head_may_be_stored_as_a_copy_or_not_at_all(base: Path, tmp_path: Path) -> None:
    tensors = published_tensors(build_model(base))
    head = tensors.pop("transformer.lm_head.weight")
    for name, more in (("without.bin", {}), ("copied.bin", {"transformer.lm_head.weight": head.clone()})):
        torch.save(tensors | more, tmp_path / name)
        assert load_published(tmp_path / name, base, SIZES["4B"], **CPU).lm_head.weight.shape == head.shape


def test_a_head_that_should_be_tied_but_differs_is_refused(base: Path, tmp_path: Path) -> None:
    tensors = published_tensors(build_model(base))
    tensors["transformer.lm_head.weight"] = tensors["transformer.lm_head.weight"] + 1
    torch.save(tensors, tmp_path / "a.bin")
    with pytest.raises(GeneratorError, match="lm_head is not the embedding"):
        load_published(tmp_path / "a.bin", base, SIZES["4B"], **CPU)


def test_a_missing_tensor_is_named(base: Path, tmp_path: Path) -> None:
    tensors = published_tensors(build_model(base))
    del tensors["transformer.model.layers.1.mlp.up_proj.weight"]
    torch.save(tensors, tmp_path / "a.bin")
    with pytest.raises(
        GeneratorError,
        match=r"a\.bin: lacks the tensor "
        r"model\.language_model\.layers\.1\.mlp\.up_proj\.weight",
    ):
        load_published(tmp_path / "a.bin", base, SIZES["4B"], **CPU)


def test_a_tensor_too_many_is_named(base: Path, tmp_path: Path) -> None:
    torch.save(published_tensors(build_model(base)) | {"transformer.extra": torch.zeros(1)}, tmp_path / "a.bin")
    with pytest.raises(GeneratorError, match=r"the model does not have, transformer\.extra"):
        load_published(tmp_path / "a.bin", base, SIZES["4B"], **CPU)


def test_a_checkpoint_of_another_size_is_named_with_both_shapes(tmp_path: Path) -> None:
    base = build_base(tmp_path / "base", "4B")
    wider = build_base(tmp_path / "wider", "4B", hidden_size=32)
    build_checkpoint(tmp_path, base)
    with pytest.raises(
        GeneratorError, match=r"another size of the model: transformer\.model\..* and should be .*\. Use the preset"
    ):
        load_published(tmp_path / "pytorch_model.bin", wider, SIZES["4B"], **CPU)


def test_files_of_another_base_model_are_named(base: Path) -> None:
    with pytest.raises(GeneratorError, match="vocab_size is 151936, but this size of OmniSVG needs 152064"):
        configuration(base, SIZES["8B"])


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.write_text, (self.file, "executed")


def test_a_pickle_with_code_is_refused_and_nothing_is_executed(base: Path, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    torch.save({"transformer.model.norm.weight": Trap(marker)}, tmp_path / "zip.bin")
    (tmp_path / "plain.bin").write_bytes(pickle.dumps(Trap(marker)))
    for name in ("zip.bin", "plain.bin"):
        with pytest.raises(GeneratorError, match=name):
            load_published(tmp_path / name, base, SIZES["4B"], **CPU)
    assert not marker.exists()


@pytest.mark.parametrize("content", [[torch.zeros(1)], {"transformer.lm_head.weight": "no tensor"}])
def test_a_checkpoint_of_anything_but_tensors_is_refused(content: Any, base: Path, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "a.bin")
    with pytest.raises(GeneratorError, match="contains more than tensors"):
        load_published(tmp_path / "a.bin", base, SIZES["4B"], **CPU)


@pytest.mark.parametrize(
    ("name", "change", "what"),
    [
        (7, torch.clone, "7"),
        ("transformer.model.norm.weight", torch.Tensor.int, "int32"),
        ("transformer.model.norm.weight", lambda tensor: tensor.to(torch.complex64), "complex64"),
        ("transformer.model.norm.weight", lambda tensor: tensor.to("meta"), "meta"),
        pytest.param(
            "transformer.model.embed_tokens.weight",
            lambda tensor: tensor.float().to_sparse(),
            "sparse_coo",
            marks=pytest.mark.filterwarnings("ignore:Validating sparse tensor"),
        ),
    ],
)
def test_a_tensor_that_is_no_weight_is_named(name: Any, change: Any, what: str, base: Path, tmp_path: Path) -> None:
    tensors: dict[Any, torch.Tensor] = dict(published_tensors(build_model(base)))
    tensors[name] = change(tensors.get(name, torch.zeros(1)))
    torch.save(tensors, tmp_path / "a.bin")
    with pytest.raises(GeneratorError, match=rf"a\.bin: rejected, .*{what}"):
        load_published(tmp_path / "a.bin", base, SIZES["4B"], **CPU)


def test_the_other_size_in_its_place_is_named_with_both_shapes(tmp_path: Path) -> None:
    """Its head is not tied; that is not what is wrong."""
    file = build_checkpoint(tmp_path, build_base(tmp_path / "8B", "8B", hidden_size=32), "8B")
    base = build_base(tmp_path / "4B", "4B")
    with pytest.raises(GeneratorError, match=r"another size of the model: .*\. Use the preset it belongs to"):
        load_published(file, base, SIZES["4B"], **CPU)


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", pickle.dumps({"a": 1})])
def test_what_is_no_checkpoint_at_all_is_said_to_be_none(content: bytes, base: Path, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(content)
    with pytest.raises(
        GeneratorError, match=r"a\.bin: not a PyTorch checkpoint, which would be a zip archive\. .*spectacle pull"
    ):
        load_published(tmp_path / "a.bin", base, SIZES["4B"], **CPU)


@pytest.mark.parametrize("changes", [{"torch_dtype": "nonsense"}, {"hidden_size": "16"}, {"vision_config": "none"}])
def test_a_configuration_with_values_of_no_use_is_named(changes: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match=r"config\.json: cannot be read"):
        configuration(build_base(tmp_path / "base", "4B", **changes), SIZES["4B"])


def test_a_truncated_file_is_named(base: Path, tmp_path: Path) -> None:
    file = build_checkpoint(tmp_path, base)
    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(GeneratorError, match=r"pytorch_model\.bin: not a readable checkpoint"):
        load_published(file, base, SIZES["4B"], **CPU)


def test_a_damaged_base_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match=r"config\.json: cannot be read"):
        configuration(tmp_path, SIZES["4B"])
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(GeneratorError, match=r"config\.json: cannot be read"):
        configuration(tmp_path, SIZES["4B"])
    with pytest.raises(GeneratorError, match=r"the tokenizer files cannot be read"):
        load_processor(tmp_path)


def test_a_prepared_folder_without_a_tensor_is_named(base: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    model = build_model(base)
    save(model, load_processor(base), tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    name = next(each for each in tensors if "layers.0.mlp.up_proj" in each)
    del tensors[name]
    save_file(tensors, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(GeneratorError, match=r"lacks the tensor .*layers\.0\.mlp\.up_proj"):
        load_prepared(tmp_path, SIZES["4B"], **CPU)


def test_a_prepared_folder_with_a_damaged_file_is_named(base: Path, tmp_path: Path) -> None:
    save(build_model(base), load_processor(base), tmp_path)
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"\xff" * 8 + file.read_bytes()[8:])
    with pytest.raises(
        GeneratorError,
        match=r"cannot be loaded \(Error while deserializing header: header too large\)\. Prepare it again",
    ):
        load_prepared(tmp_path, SIZES["4B"], **CPU)


def test_too_little_memory_is_no_damage(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its error passes through, so that others can be unloaded."""
    save(build_model(base), load_processor(base), tmp_path)

    def short(*arguments: Any, **keywords: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Qwen2_5_VLForConditionalGeneration, "from_pretrained", short)
    with pytest.raises(torch.OutOfMemoryError):
        load_prepared(tmp_path, SIZES["4B"], **CPU)


def test_names_are_turned_back_and_forth(base: Path) -> None:
    names = build_model(base).state_dict()
    assert all(current_name(published_name(name)) == name for name in names)
