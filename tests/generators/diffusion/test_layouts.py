"""The names of other programs, as the libraries' own converters know them."""

from __future__ import annotations

from pathlib import Path

import pytest
import single_files
import tiny
import torch
from diffusers import AutoencoderKLQwenImage
from diffusers.loaders.single_file_utils import convert_wan_vae_to_diffusers
from gguf import MODEL_ARCH, GGMLQuantizationType, get_tensor_name_map

from spectacle.generators.diffusion.single_file.layouts import layout_of
from spectacle.generators.diffusion.single_file.tensors import entries, opened


def test_a_vae_of_the_published_depth_has_the_names_that_diffusers_converts() -> None:
    config = {"base_dim": 8, "z_dim": 16, "dim_mult": [1, 2, 4, 4], "num_res_blocks": 2}
    model = AutoencoderKLQwenImage(**config)  # type: ignore[arg-type]
    layout = layout_of("AutoencoderKLQwenImage", config, gguf=False, whole=False, vision=False)
    assert layout is not None
    tensors = model.state_dict()
    wan = {layout.names(name).keys[0]: name for name in tensors}
    assert len(wan) == len(tensors)
    assert convert_wan_vae_to_diffusers(wan) == {name: name for name in tensors}
    assert {key: tensors[name] for key, name in wan.items()}.keys() == single_files.wan_names(tensors, 2).keys()


def test_a_language_model_has_the_names_that_llama_cpp_gives_it() -> None:
    layout = layout_of("Qwen2_5_VLForConditionalGeneration", {}, gguf=True, whole=False, vision=True)
    assert layout is not None
    theirs = get_tensor_name_map(MODEL_ARCH.QWEN2VL, 28)
    inside = ("self_attn.q_proj", "self_attn.o_proj", "mlp.gate_proj", "input_layernorm", "post_attention_layernorm")
    for name in ["model.embed_tokens", "model.norm", "lm_head", *(f"model.layers.27.{each}" for each in inside)]:
        ours = name.replace("model.", "model.language_model.", 1) + ".weight"
        assert layout.names(ours).keys == (f"{theirs.get_name(name)}.weight",)


@pytest.mark.parametrize(
    ("kind", "within"),
    [
        (GGMLQuantizationType.Q8_0, 0.01),
        (GGMLQuantizationType.Q5_0, 0.05),
        (GGMLQuantizationType.BF16, 0.004),
        (GGMLQuantizationType.F16, 0.001),
    ],
)
def test_numbers_are_dequantized_within_their_precision(
    tmp_path: Path, kind: GGMLQuantizationType, within: float
) -> None:
    matrix = torch.randn(8, 256, generator=torch.Generator().manual_seed(0))
    file = single_files.gguf(tmp_path / "a.gguf", {"blk.0.attn_q.weight": matrix}, kind, "qwen2vl")
    found = entries(file)
    assert found["blk.0.attn_q.weight"].info.shape == (8, 256)
    with opened(file, found) as tensors:
        read = tensors.read("blk.0.attn_q.weight", torch.float32)
    assert float((read - matrix).norm() / matrix.norm()) < within


def test_four_bits_in_blocks_of_blocks_are_dequantized(tmp_path: Path) -> None:
    """Q4_K: a scale and a minimum of six bits for each of eight blocks, by two of sixteen bits for all of them."""
    quantized, expected = single_files.q4_k(rows=2, seed=3)
    file = tmp_path / "a.gguf"
    single_files.gguf_raw(file, "blk.0.attn_q.weight", quantized, GGMLQuantizationType.Q4_K)
    found = entries(file)
    assert found["blk.0.attn_q.weight"].info.shape == (2, 256)
    with opened(file, found) as tensors:
        assert torch.allclose(tensors.read("blk.0.attn_q.weight", torch.float32), expected, atol=1e-6)


def test_tiny_transformers_have_the_names_of_the_published_ones() -> None:
    layout = layout_of("QwenImageTransformer2DModel", {}, gguf=False, whole=False, vision=False)
    assert layout is not None
    for name in tiny.transformer_model().state_dict():
        assert layout.names(name).keys == (name,)
