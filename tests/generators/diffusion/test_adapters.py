"""LoRA adapters: which are taken, which are refused, and how they are swapped."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiny
import torch
from diffusers import (
    GGUFQuantizationConfig,
    QwenImagePipeline,
    QwenImageTransformer2DModel,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from safetensors.torch import load_file, save_file
from tiny import forward

from spectacle.errors import GeneratorError
from spectacle.generators.diffusion.adapter_set import AdapterSet
from spectacle.generators.diffusion.adapters import fuse_adapter, load_adapter


def test_the_scale_counts(pipeline: QwenImagePipeline, file: Path) -> None:
    plain = forward(pipeline)
    adapters = AdapterSet(pipeline)
    adapters.use({file: 0.5})
    half = forward(pipeline)
    adapters.use({file: 0.0})
    assert torch.allclose(forward(pipeline), plain)
    adapters.use({file: 1.0})
    assert not torch.allclose(forward(pipeline), half)


def test_a_fused_adapter_is_part_of_the_model(pipeline: QwenImagePipeline, file: Path) -> None:
    names = list(pipeline.transformer.state_dict())
    adapters = AdapterSet(pipeline)
    adapters.use({file: 1.0})
    beside = forward(pipeline)
    pipeline.unload_lora_weights()
    fuse_adapter(pipeline, file)
    assert list(pipeline.transformer.state_dict()) == names
    assert torch.allclose(forward(pipeline), beside, atol=1e-4)


@pytest.mark.parametrize("prefix", ["", "transformer.", "diffusion_model."])
def test_usual_prefixes_of_names_are_understood(pipeline: QwenImagePipeline, tmp_path: Path, prefix: str) -> None:
    tiny.lora(tmp_path / "plain.safetensors")
    tensors = load_file(tmp_path / "plain.safetensors")
    if prefix == "transformer.":
        tensors = {
            name.replace("lora_down", "lora_A").replace("lora_up", "lora_B"): tensor
            for name, tensor in tensors.items()
            if not name.endswith("alpha")
        }
    save_file({prefix + name: tensor for name, tensor in tensors.items()}, tmp_path / "named.safetensors")
    load_adapter(pipeline, tmp_path / "named.safetensors", "named")
    assert pipeline.get_active_adapters() == ["named"]


def test_an_adapter_of_another_width_is_refused(pipeline: QwenImagePipeline, tmp_path: Path) -> None:
    tiny.lora(tmp_path / "wide.safetensors", inner=64)
    with pytest.raises(
        GeneratorError,
        match=r"wide\.safetensors: a LoRA for another model: its transformer_blocks\.\S+ has width 64, but that of "
        "QwenImageTransformer2DModel is 32",
    ):
        load_adapter(pipeline, tmp_path / "wide.safetensors", "wide")
    assert not pipeline.get_active_adapters()


def test_an_adapter_of_more_blocks_is_refused(pipeline: QwenImagePipeline, tmp_path: Path) -> None:
    tiny.lora(tmp_path / "deep.safetensors", layers=3)
    with pytest.raises(
        GeneratorError, match=r"deep\.safetensors: a LoRA for another model: it changes transformer_blocks\.2"
    ):
        load_adapter(pipeline, tmp_path / "deep.safetensors", "deep")


def saved(tmp_path: Path, change: Callable[[str, torch.Tensor], tuple[str, torch.Tensor]]) -> Path:
    """A usual adapter as `lora_A` and `lora_B` under `transformer.`, changed as another trainer would write it."""
    tiny.lora(tmp_path / "plain.safetensors")
    tensors = {
        f"transformer.{name}".replace("lora_down", "lora_A").replace("lora_up", "lora_B"): tensor
        for name, tensor in load_file(tmp_path / "plain.safetensors").items()
        if not name.endswith("alpha")
    }
    save_file(dict(change(name, tensor) for name, tensor in tensors.items()), tmp_path / "other.safetensors")
    return tmp_path / "other.safetensors"


def as_peft(name: str, tensor: torch.Tensor) -> tuple[str, torch.Tensor]:
    return name.replace(".weight", ".default.weight"), tensor


def as_saved_by_peft(name: str, tensor: torch.Tensor) -> tuple[str, torch.Tensor]:
    return f"base_model.model.{name.removeprefix('transformer.')}", tensor


def as_down_and_up(name: str, tensor: torch.Tensor) -> tuple[str, torch.Tensor]:
    return name.replace("lora_A", "lora_down").replace("lora_B", "lora_up"), tensor


def as_it_is(name: str, tensor: torch.Tensor) -> tuple[str, torch.Tensor]:
    return name, tensor


def as_bare(name: str, tensor: torch.Tensor) -> tuple[str, torch.Tensor]:
    return name.removeprefix("transformer."), tensor


def as_diffsynth(name: str, tensor: torch.Tensor) -> tuple[str, torch.Tensor]:
    return f"pipe.dit.{name.removeprefix('transformer.')}".replace(".weight", ".default.weight"), tensor


def as_comfyui(name: str, tensor: torch.Tensor) -> tuple[str, torch.Tensor]:
    return f"diffusion_model.{name.removeprefix('transformer.')}", tensor


def as_kohya(name: str, tensor: torch.Tensor) -> tuple[str, torch.Tensor]:
    module, _, side = name.removeprefix("transformer.").partition(".lora_")
    sides = {"A.weight": "lora_down.weight", "B.weight": "lora_up.weight"}
    return f"lora_unet_{module.replace('.', '_')}.{sides[side]}", tensor


def as_onetrainer(name: str, tensor: torch.Tensor) -> tuple[str, torch.Tensor]:
    return as_kohya(name, tensor)[0].replace("lora_unet_", "lora_transformer_"), tensor


def as_lycoris(name: str, tensor: torch.Tensor) -> tuple[str, torch.Tensor]:
    return as_kohya(name, tensor)[0].replace("lora_unet_", "lycoris_"), tensor


@pytest.mark.parametrize(
    "form",
    [
        as_peft,
        as_saved_by_peft,
        as_down_and_up,
        as_bare,
        as_diffsynth,
        as_comfyui,
        as_kohya,
        as_onetrainer,
        as_lycoris,
    ],
)
def test_the_forms_of_several_trainers_give_the_same(
    pipeline: QwenImagePipeline, tmp_path: Path, form: Callable[[str, torch.Tensor], tuple[str, torch.Tensor]]
) -> None:
    plain = forward(pipeline)
    adapters = AdapterSet(pipeline)
    usual = saved(tmp_path, as_it_is).rename(tmp_path / "usual.safetensors")
    adapters.use({usual: 1.0})
    expected = forward(pipeline)
    assert not torch.equal(expected, plain)
    adapters.use({saved(tmp_path, form): 1.0})
    assert torch.allclose(forward(pipeline), expected, atol=1e-5)


def halved(file: Path, how: str) -> None:
    """Say in the ways of trainers that half of a LoRA counts."""
    tensors = load_file(file)
    alphas = {
        key.replace("lora_A.weight", "alpha"): torch.tensor(tensor.shape[0] / 2)
        for key, tensor in tensors.items()
        if "lora_A" in key
    }
    configuration: dict[str, object] = {"r": 4, "lora_alpha": 4}
    if how == "pattern":
        configuration |= {"alpha_pattern": {key.removesuffix(".alpha").partition(".")[2]: 2 for key in alphas}}
    else:
        configuration |= {"lora_alpha": 1, "use_rslora": True} if how == "root" else {"lora_alpha": 2}
    metadata = {
        "lora_adapter_metadata": json.dumps({f"transformer.{key}": each for key, each in configuration.items()})
    }
    match how:
        case "alpha":
            save_file(tensors | alphas, file)
        case "beside":
            (file.parent / "adapter_config.json").write_text(json.dumps(configuration))
        case _:
            save_file(tensors, file, metadata)


@pytest.mark.parametrize("how", ["alpha", "beside", "metadata", "pattern", "root"])
def test_a_scale_counts_wherever_a_trainer_writes_it(pipeline: QwenImagePipeline, tmp_path: Path, how: str) -> None:
    adapters = AdapterSet(pipeline)
    adapters.use({saved(tmp_path, as_it_is).rename(tmp_path / "usual.safetensors"): 0.5})
    expected = forward(pipeline)
    file = saved(tmp_path, as_saved_by_peft if how == "beside" else as_it_is).rename(
        tmp_path / "adapter_model.safetensors"
    )
    halved(file, how)
    adapters.use({file: 1.0})
    assert torch.allclose(forward(pipeline), expected, atol=1e-5)


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_a_configuration_of_a_lora_that_cannot_be_read_is_told(
    pipeline: QwenImagePipeline, tmp_path: Path, text: str
) -> None:
    file = saved(tmp_path, as_it_is)
    save_file(load_file(file), file, {"lora_adapter_metadata": text})
    with pytest.raises(GeneratorError, match="the configuration of the LoRA is not a JSON object"):
        load_adapter(pipeline, file, "other")


def test_each_module_may_have_its_own_rank_and_alpha(pipeline: QwenImagePipeline, tmp_path: Path) -> None:
    random = torch.Generator().manual_seed(2)
    modules = {
        "transformer_blocks.0.attn.to_q": (2, 8.0),
        "transformer_blocks.1.img_mlp.net.0.proj": (7, 1.5),
        "img_in": (1, 0.5),
        "proj_out": (3, 3.0),
    }
    plain: Any = pipeline.transformer
    expected: Any = tiny.transformer_model().float()
    tensors = {}
    for module, (rank, alpha) in modules.items():
        rows, columns = plain.get_submodule(module).weight.shape
        down, up = torch.randn(rank, columns, generator=random), torch.randn(rows, rank, generator=random)
        names = f"diffusion_model.{module}"
        tensors |= {f"{names}.lora_A.weight": down, f"{names}.lora_B.weight": up}
        tensors[f"{names}.alpha"] = torch.tensor(alpha)
        expected.get_submodule(module).weight.data += up @ down * alpha / rank
    save_file(tensors, tmp_path / "mixed.safetensors")
    AdapterSet(pipeline).use({tmp_path / "mixed.safetensors": 1.0})
    kind: Any = QwenImagePipeline
    by_hand = kind(scheduler=None, vae=None, text_encoder=None, tokenizer=None, transformer=expected)
    assert torch.allclose(forward(pipeline), forward(by_hand), atol=1e-3)


@pytest.mark.parametrize("prefix", ["lora_unet_", "lycoris_"])
def test_convolutions_and_attention_of_a_unet_have_their_own_alphas(tmp_path: Path, prefix: str) -> None:
    shape: Any = {
        "in_channels": 4,
        "out_channels": 4,
        "block_out_channels": (32, 64),
        "layers_per_block": 1,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        "cross_attention_dim": 16,
        "attention_head_dim": 8,
        "norm_num_groups": 8,
    }
    kind: Any = UNet2DConditionModel
    torch.manual_seed(0)
    unet, expected = kind(**shape), kind(**shape)
    expected.load_state_dict(unet.state_dict())
    random = torch.Generator().manual_seed(2)
    modules = {
        "conv_in": (3, 1.0),
        "down_blocks.0.resnets.0.conv1": (2, 1.0),
        "down_blocks.1.resnets.0.time_emb_proj": (4, 2.0),
        "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q": (4, 4.0),
        "down_blocks.1.attentions.0.transformer_blocks.0.ff.net.2": (1, 0.5),
    }
    tensors = {}
    for module, (rank, alpha) in modules.items():
        weight = expected.get_submodule(module).weight
        down = torch.randn(rank, *weight.shape[1:], generator=random)
        up = torch.randn(weight.shape[0], rank, *[1] * (weight.ndim - 2), generator=random)
        name = prefix + module.replace(".", "_")
        tensors |= {
            f"{name}.lora_down.weight": down,
            f"{name}.lora_up.weight": up,
            f"{name}.alpha": torch.tensor(alpha),
        }
        weight.data += (up.flatten(1) @ down.flatten(1)).view_as(weight) * alpha / rank
    save_file(tensors, tmp_path / "locon.safetensors")
    pipe: Any = StableDiffusionXLPipeline
    lacking = dict.fromkeys(("vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "scheduler"))
    AdapterSet(pipe(**lacking, unet=unet)).use({tmp_path / "locon.safetensors": 1.0})
    given = torch.randn(1, 4, 16, 16, generator=random), 1, torch.randn(1, 5, 16, generator=random)
    with torch.no_grad():
        assert torch.allclose(unet(*given)[0], expected(*given)[0], atol=1e-3)


@pytest.mark.parametrize("side", ["lora_A", "lora_B"])
def test_a_matrix_without_its_other_is_refused(pipeline: QwenImagePipeline, tmp_path: Path, side: str) -> None:
    file = saved(tmp_path, as_it_is)
    lost = f"transformer.transformer_blocks.0.attn.to_q.{side}.weight"
    save_file({name: tensor for name, tensor in load_file(file).items() if name != lost}, file)
    with pytest.raises(GeneratorError, match=rf"is there, but not {re.escape(lost)}"):
        load_adapter(pipeline, file, "other")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda tensor: tensor * float("nan"), "not-a-number or infinite"),
        (lambda tensor: tensor.int(), "whole numbers"),
    ],
)
def test_numbers_that_are_no_weights_are_refused(
    pipeline: QwenImagePipeline, tmp_path: Path, change: Callable[[torch.Tensor], torch.Tensor], said: str
) -> None:
    file = saved(tmp_path, lambda name, tensor: (name, change(tensor)))
    with pytest.raises(GeneratorError, match=said):
        load_adapter(pipeline, file, "other")


@pytest.mark.parametrize("count", [0, 2])
def test_an_alpha_that_is_not_one_number_is_refused(pipeline: QwenImagePipeline, tmp_path: Path, count: int) -> None:
    file = saved(tmp_path, as_down_and_up)
    module = "transformer.transformer_blocks.0.attn.to_q"
    save_file({**load_file(file), f"{module}.alpha": torch.ones(count)}, file)
    with pytest.raises(GeneratorError, match=f"alpha has {count} values, but an alpha is one"):
        load_adapter(pipeline, file, "other")


def test_an_alpha_beside_down_and_up_counts(pipeline: QwenImagePipeline, tmp_path: Path) -> None:
    adapters = AdapterSet(pipeline)
    adapters.use({saved(tmp_path, as_it_is).rename(tmp_path / "usual.safetensors"): 0.5})
    expected = forward(pipeline)
    tensors = load_file(saved(tmp_path, as_down_and_up))
    alphas = {
        name.replace("lora_down.weight", "alpha"): torch.tensor(tensor.shape[0] / 2)
        for name, tensor in tensors.items()
        if "lora_down" in name
    }
    save_file(tensors | alphas, tmp_path / "half.safetensors")
    adapters.use({tmp_path / "half.safetensors": 1.0})
    assert torch.allclose(forward(pipeline), expected, atol=1e-5)


def test_an_adapter_stored_in_eight_bits_is_loaded(pipeline: QwenImagePipeline, tmp_path: Path) -> None:
    plain = forward(pipeline)
    file = saved(tmp_path, lambda name, tensor: (name, tensor.to(torch.float8_e4m3fn)))
    AdapterSet(pipeline).use({file: 1.0})
    assert not torch.equal(forward(pipeline), plain)


@pytest.mark.parametrize("name", ["weight_scale", "scale_weight"])
@pytest.mark.parametrize("rows", [False, True])
@pytest.mark.parametrize("form", [as_it_is, as_kohya, as_comfyui])
def test_an_adapter_stored_in_eight_bits_with_scales_is_what_it_stands_for(
    pipeline: QwenImagePipeline,
    tmp_path: Path,
    name: str,
    rows: bool,
    form: Callable[[str, torch.Tensor], tuple[str, torch.Tensor]],
) -> None:
    stored, meant = {}, {}
    for key, tensor in load_file(saved(tmp_path, form)).items():
        scale = (tensor.abs().amax(1, keepdim=True) if rows else tensor.abs().max()).float().clamp(min=1e-6) / 448
        stored[key] = (tensor / scale).to(torch.float8_e4m3fn)
        stored[key.replace(".weight", f".{name}")] = scale
        meant[key] = (stored[key].float() * scale).contiguous()
    save_file(meant, tmp_path / "meant.safetensors")
    save_file(stored, tmp_path / "stored.safetensors")
    adapters = AdapterSet(pipeline)
    adapters.use({tmp_path / "meant.safetensors": 1.0})
    expected = forward(pipeline)
    adapters.use({tmp_path / "stored.safetensors": 1.0})
    assert torch.equal(forward(pipeline), expected)


@pytest.mark.parametrize(
    ("tensor", "kind"),
    [
        ("transformer_blocks.0.attn.to_q.dora_scale", "a DoRA"),
        ("transformer.transformer_blocks.0.attn.to_q.lora_magnitude_vector.weight", "a DoRA"),
        ("lycoris_transformer_blocks_0_attn_to_q.lokr_w1", "a LoKr"),
        ("diffusion_model.transformer_blocks.0.attn.to_q.hada_w1_a", "a LoHa"),
        ("diffusion_model.transformer_blocks.0.attn.to_q.diff_b", "full differences"),
        ("diffusion_model.txt_norm.w_norm", "other weights of norms"),
        ("transformer.transformer_blocks.0.attn.to_q.lora_B.bias", "a LoRA with biases"),
        ("diffusion_model.img_in.lora_mid.weight", "a LoRA of three matrices"),
        ("transformer.transformer_blocks.0.attn.to_q.lora_E", "an AdaLoRA"),
        ("transformer.transformer_blocks.0.attn.to_q.a1.weight", "a GLoRA"),
    ],
)
def test_other_kinds_of_adapters_are_refused_by_name(
    pipeline: QwenImagePipeline, tmp_path: Path, tensor: str, kind: str
) -> None:
    file = saved(tmp_path, as_it_is)
    save_file({**load_file(file), tensor: torch.ones(4)}, file)
    with pytest.raises(GeneratorError, match=kind) as caught:
        load_adapter(pipeline, file, "other")
    assert tensor in str(caught.value)


@pytest.mark.parametrize(
    "tensor",
    [
        "transformer.transformer_blocks.0.attn.to_q.lora_embedding_A",
        "transformer.transformer_blocks.0.attn.to_q.lora_A.scale",
        "transformer.transformer_blocks.0.attn.to_q.lora_A.alpha",
        "transformer.transformer_blocks.0.attn.to_q.lora_A.weight_zero_point",
        "transformer.transformer_blocks.0.attn.to_q.lora_gate.weight",
        "transformer.transformer_blocks.0.attn.to_q.weight",
        "anything.else",
    ],
)
def test_a_tensor_that_is_not_understood_is_named_and_never_left_out(
    pipeline: QwenImagePipeline, tmp_path: Path, tensor: str
) -> None:
    file = saved(tmp_path, as_it_is)
    save_file({**load_file(file), tensor: torch.tensor(2.0)}, file)
    with pytest.raises(GeneratorError, match=re.escape(tensor)):
        load_adapter(pipeline, file, "other")
    assert not getattr(pipeline.transformer, "peft_config", {})


def test_an_adapter_for_another_architecture_is_refused(pipeline: QwenImagePipeline, tmp_path: Path) -> None:
    weights = {
        "lora_unet_down_blocks_1_attentions_0_proj_in.lora_down.weight": torch.zeros(4, 8),
        "lora_unet_down_blocks_1_attentions_0_proj_in.lora_up.weight": torch.zeros(8, 4),
    }
    save_file(weights, tmp_path / "sdxl.safetensors")
    with pytest.raises(GeneratorError, match=r"sdxl\.safetensors: a LoRA for"):
        load_adapter(pipeline, tmp_path / "sdxl.safetensors", "sdxl")


def test_a_file_that_is_no_lora_is_refused(pipeline: QwenImagePipeline, tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(2)}, tmp_path / "vae.safetensors")
    with pytest.raises(GeneratorError, match=r"vae\.safetensors: not a LoRA"):
        load_adapter(pipeline, tmp_path / "vae.safetensors", "vae")


def test_a_truncated_adapter_is_named(pipeline: QwenImagePipeline, file: Path) -> None:
    tiny.truncate(file)
    with pytest.raises(GeneratorError, match=r"lightning\.safetensors: truncated"):
        load_adapter(pipeline, file, "cut")


def test_a_pickle_is_refused(pipeline: QwenImagePipeline, tmp_path: Path) -> None:
    torch.save({}, tmp_path / "lora.pt")
    with pytest.raises(GeneratorError, match=r"lora\.pt: not a safetensors file"):
        load_adapter(pipeline, tmp_path / "lora.pt", "bad")


def test_a_missing_adapter_is_named(pipeline: QwenImagePipeline, tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match=r"gone\.safetensors: cannot be read"):
        load_adapter(pipeline, tmp_path / "gone.safetensors", "gone")


def test_an_adapter_in_float32_takes_the_type_that_quantized_weights_compute_in(tmp_path: Path) -> None:
    model = tiny.transformer_model()
    model.save_pretrained(tmp_path / "transformer")
    tiny.single_file_gguf(tmp_path / "model.gguf", model)
    tiny.lora(tmp_path / "wide.safetensors", dtype=torch.float32)
    quantized = QwenImageTransformer2DModel.from_single_file(
        str(tmp_path / "model.gguf"),
        config=str(tmp_path / "transformer"),
        quantization_config=GGUFQuantizationConfig(compute_dtype=torch.bfloat16),
        dtype=torch.bfloat16,
    )
    pipeline = QwenImagePipeline(scheduler=None, vae=None, text_encoder=None, tokenizer=None, transformer=quantized)
    load_adapter(pipeline, tmp_path / "wide.safetensors", "wide")
    found = {tensor.dtype for name, tensor in quantized.named_parameters() if ".lora_" in name}
    assert found == {torch.bfloat16}


def test_memory_that_runs_out_while_an_adapter_is_loaded_stays_that(
    pipeline: QwenImagePipeline, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_arguments: object, **_more: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(pipeline, "load_lora_weights", fails)
    with pytest.raises(torch.OutOfMemoryError):
        load_adapter(pipeline, file, "large")
