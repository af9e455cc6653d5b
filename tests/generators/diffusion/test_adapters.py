"""LoRA adapters: which are taken, which are refused, and how they are swapped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import tiny
import torch
from diffusers import GGUFQuantizationConfig, QwenImagePipeline, QwenImageTransformer2DModel
from safetensors.torch import load_file, save_file

from spectacle.errors import GeneratorError
from spectacle.generators.diffusion.adapters import Adapters, fuse_adapter, load_adapter


@pytest.fixture
def pipeline() -> QwenImagePipeline:
    """A pipeline of a transformer alone."""
    return QwenImagePipeline(
        scheduler=None, vae=None, text_encoder=None, tokenizer=None, transformer=tiny.transformer_model().float()
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    tiny.lora(tmp_path / "lightning.safetensors")
    return tmp_path / "lightning.safetensors"


def forward(pipeline: QwenImagePipeline) -> torch.Tensor:
    random = torch.Generator().manual_seed(1)
    with torch.no_grad():
        result: torch.Tensor = pipeline.transformer(
            hidden_states=torch.randn(1, 16, 64, generator=random),
            encoder_hidden_states=torch.randn(1, 5, tiny.TEXT, generator=random),
            timestep=torch.tensor([0.5]),
            img_shapes=[[(1, 4, 4)]],
            return_dict=False,
        )[0]
    return result


def test_adapters_are_swapped_and_each_is_loaded_once(
    pipeline: QwenImagePipeline, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.safetensors"
    tiny.lora(other, seed=6)
    plain = forward(pipeline)
    adapters = Adapters(pipeline)
    seen = {}
    for name in (file, other):
        adapters.use({name: 1.0})
        seen[name] = forward(pipeline)
    monkeypatch.setattr(pipeline, "load_lora_weights", None)
    assert not torch.equal(seen[file], seen[other])
    assert not torch.equal(seen[file], plain)
    adapters.use({})
    assert torch.equal(forward(pipeline), plain)
    adapters.use({file: 1.0})
    assert torch.equal(forward(pipeline), seen[file])
    adapters.use({other: 1.0})
    assert torch.equal(forward(pipeline), seen[other])


def test_the_scale_counts(pipeline: QwenImagePipeline, file: Path) -> None:
    plain = forward(pipeline)
    adapters = Adapters(pipeline)
    adapters.use({file: 0.5})
    half = forward(pipeline)
    adapters.use({file: 0.0})
    assert torch.allclose(forward(pipeline), plain)
    adapters.use({file: 1.0})
    assert not torch.allclose(forward(pipeline), half)


def test_a_fused_adapter_is_part_of_the_model(pipeline: QwenImagePipeline, file: Path) -> None:
    names = list(pipeline.transformer.state_dict())
    adapters = Adapters(pipeline)
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


@pytest.mark.parametrize("form", [as_peft, as_saved_by_peft, as_down_and_up])
def test_the_forms_of_several_trainers_give_the_same(
    pipeline: QwenImagePipeline, tmp_path: Path, form: Callable[[str, torch.Tensor], tuple[str, torch.Tensor]]
) -> None:
    plain = forward(pipeline)
    adapters = Adapters(pipeline)
    usual = saved(tmp_path, as_it_is).rename(tmp_path / "usual.safetensors")
    adapters.use({usual: 1.0})
    expected = forward(pipeline)
    assert not torch.equal(expected, plain)
    adapters.use({saved(tmp_path, form): 1.0})
    assert torch.equal(forward(pipeline), expected)


def test_an_alpha_beside_down_and_up_counts(pipeline: QwenImagePipeline, tmp_path: Path) -> None:
    adapters = Adapters(pipeline)
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
    Adapters(pipeline).use({file: 1.0})
    assert not torch.equal(forward(pipeline), plain)


def test_several_adapters_work_together(pipeline: QwenImagePipeline, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    tiny.lora(other, seed=6)
    adapters = Adapters(pipeline)
    adapters.use({file: 1.0})
    alone = forward(pipeline)
    adapters.use({file: 1.0, other: 0.5})
    both = forward(pipeline)
    adapters.use({file: 1.0, other: 0.0})
    assert torch.allclose(forward(pipeline), alone, atol=1e-6)
    assert not torch.allclose(both, alone, atol=1e-6)


def test_an_adapter_that_cannot_be_loaded_leaves_those_at_work_as_they_were(
    pipeline: QwenImagePipeline, file: Path, tmp_path: Path
) -> None:
    adapters = Adapters(pipeline)
    adapters.use({file: 1.0})
    before = forward(pipeline)
    save_file({"weight": torch.zeros(2)}, tmp_path / "vae.safetensors")
    with pytest.raises(GeneratorError):
        adapters.use({file: 0.5, tmp_path / "vae.safetensors": 1.0})
    assert torch.equal(forward(pipeline), before)


@pytest.mark.parametrize(
    ("tensor", "kind"),
    [
        ("transformer_blocks.0.attn.to_q.dora_scale", "a DoRA"),
        ("transformer.transformer_blocks.0.attn.to_q.lora_magnitude_vector.weight", "a DoRA"),
        ("lycoris_transformer_blocks_0_attn_to_q.lokr_w1", "a LoKr"),
        ("diffusion_model.transformer_blocks.0.attn.to_q.hada_w1_a", "a LoHa"),
        ("diffusion_model.transformer_blocks.0.attn.to_q.diff_b", "full differences"),
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
