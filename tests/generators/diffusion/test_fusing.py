"""LoRAs that are fused into weights before these are quantized: the same numbers as fusing first and loading then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tiny
import torch
from diffusers import QwenImagePipeline, QwenImageTransformer2DModel
from safetensors.torch import load_file

from spectacle.errors import GeneratorError
from spectacle.generators.diffusion.adapters import fuse_adapter
from spectacle.generators.diffusion.fusing import fuse_and_quantize
from spectacle.generators.placement import residency
from spectacle.generators.placement.plan import ComponentPlacement, Place, Plan, Quantization

CPU = torch.device("cpu")
Transformer: Any = QwenImageTransformer2DModel


def plan(quantization: Quantization) -> Plan:
    placement = ComponentPlacement("transformer", quantization, Place.DEVICE, False, False, 1)
    return Plan("cpu", "bf16", "device", (placement,), False, "auto", False, "none", 0, 0, 0, 0, fused="transformer")


def pipeline(transformer: Any) -> Any:
    kind: Any = QwenImagePipeline
    return kind(scheduler=None, vae=None, text_encoder=None, tokenizer=None, transformer=transformer)


def numbers(model: Any) -> dict[str, list[torch.Tensor]]:
    """What the parameters of a model consist of, of quantized ones all that is needed to multiply with them."""
    parts = {}
    for name, parameter in model.named_parameters():
        if hasattr(parameter, "__tensor_flatten__"):
            parts[name] = [getattr(parameter, part) for part in parameter.__tensor_flatten__()[0]]
        else:
            state = getattr(parameter, "quant_state", None)
            parts[name] = [parameter.data, *([] if state is None else [state.absmax, state.state2.absmax])]
    return parts


def same(one: Any, other: Any) -> bool:
    ours, theirs = numbers(one), numbers(other)
    assert list(ours) == list(theirs)
    return all(
        len(ours[name]) == len(theirs[name]) and all(map(torch.equal, ours[name], theirs[name])) for name in ours
    )


@pytest.fixture
def lora(tmp_path: Path) -> Path:
    tiny.lora(tmp_path / "lightning.safetensors")
    return tmp_path / "lightning.safetensors"


def test_int8_weights_are_those_of_a_fused_checkpoint_that_is_loaded_in_int8(tmp_path: Path, lora: Path) -> None:
    whole = pipeline(tiny.transformer_model())
    fuse_adapter(whole, lora)
    whole.transformer.save_pretrained(tmp_path / "fused")
    config = residency.quantization_config(plan("int8"), "transformer")
    expected = Transformer.from_pretrained(tmp_path / "fused", dtype=torch.bfloat16, quantization_config=config)
    fused = pipeline(tiny.transformer_model())
    fuse_and_quantize(fused, lora, plan("int8"), CPU)
    assert same(fused.transformer, expected)


def test_nf4_weights_are_those_of_a_fused_model_that_is_packed(lora: Path) -> None:
    expected = pipeline(tiny.transformer_model())
    fuse_adapter(expected, lora)
    residency.pack_nf4(expected.transformer, CPU, CPU)
    fused = pipeline(tiny.transformer_model())
    fuse_and_quantize(fused, lora, plan("nf4"), CPU)
    assert same(fused.transformer, expected.transformer)


def test_the_sum_is_that_of_the_weight_and_both_matrices_scaled_by_alpha_and_rank(lora: Path) -> None:
    plain: Any = tiny.transformer_model()
    fused = pipeline(tiny.transformer_model())
    fuse_and_quantize(fused, lora, plan("int8"), CPU)
    tensors = load_file(lora)
    name = "transformer_blocks.1.img_mlp.net.2"
    down, up, alpha = (tensors[f"{name}.{part}"].float() for part in ("lora_down.weight", "lora_up.weight", "alpha"))
    wanted = plain.get_submodule(name).weight.float() + up @ down * alpha / down.shape[0]
    got = fused.transformer.get_submodule(name).weight.dequantize().float()
    # Half a step of 8 bits, and the rounding to bf16.
    step = wanted.abs().amax(dim=1, keepdim=True) / 127
    assert bool(((got - wanted).abs() <= 0.5 * step + 2**-7 * wanted.abs() + 1e-3).all())
    assert not hasattr(fused.transformer, "peft_config")


def test_files_are_not_kept_in_memory_by_what_was_fused(tmp_path: Path, lora: Path) -> None:
    tiny.transformer(tmp_path / "model")
    before = {file.name: file.read_bytes() for file in (tmp_path / "model").glob("*.safetensors")}
    fused = pipeline(Transformer.from_pretrained(tmp_path / "model", dtype=torch.bfloat16))
    mapped = {name: parameter.data_ptr() for name, parameter in fused.transformer.named_parameters()}
    weights = dict(fused.transformer.named_parameters())
    plain = {name: parameter.detach().clone() for name, parameter in weights.items()}
    fuse_and_quantize(fused, lora, plan("int8"), CPU)
    # What is read from files was never written to, so none of it had to be copied.
    assert all(torch.equal(weights[name], plain[name]) and weights[name].data_ptr() == mapped[name] for name in plain)
    assert before == {file.name: file.read_bytes() for file in (tmp_path / "model").glob("*.safetensors")}


def test_a_lora_for_another_model_is_refused_before_anything_is_fused(tmp_path: Path) -> None:
    tiny.lora(tmp_path / "wide.safetensors", inner=64)
    fused = pipeline(tiny.transformer_model())
    with pytest.raises(GeneratorError, match=r"wide\.safetensors: a LoRA for another model"):
        fuse_and_quantize(fused, tmp_path / "wide.safetensors", plan("int8"), CPU)
    assert same(fused.transformer, tiny.transformer_model())
