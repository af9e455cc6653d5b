"""Whatever names a trainer gives to the matrices of a LoRA, the model is changed as they say, or the file refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiny_pipelines
import torch
from safetensors.torch import save_file

from spectacle.errors import GeneratorError
from spectacle.generators.diffusion.adapters import load_adapter

RANK, ALPHA = 2, 3.0

FORMS = {
    "diffusers": ("transformer.{}.lora_A.weight", "transformer.{}.lora_B.weight", ""),
    "peft": ("base_model.model.{}.lora_A.weight", "base_model.model.{}.lora_B.weight", ""),
    "DiffSynth": ("pipe.dit.{}.lora_A.default.weight", "pipe.dit.{}.lora_B.default.weight", ""),
    "ai-toolkit": ("transformer.{}.lora_down.weight", "transformer.{}.lora_up.weight", "transformer.{}.alpha"),
    "ComfyUI": ("diffusion_model.{}.lora_A.weight", "diffusion_model.{}.lora_B.weight", ""),
    "ComfyUI, down and up": (
        "model.diffusion_model.{}.lora_down.weight",
        "model.diffusion_model.{}.lora_up.weight",
        "model.diffusion_model.{}.alpha",
    ),
    "kohya": ("lora_unet_{}.lora_down.weight", "lora_unet_{}.lora_up.weight", "lora_unet_{}.alpha"),
    "OneTrainer": (
        "lora_transformer_{}.lora_down.weight",
        "lora_transformer_{}.lora_up.weight",
        "lora_transformer_{}.alpha",
    ),
}

MODULES = {
    "flux": ("transformer_blocks.0.attn.to_q", "single_transformer_blocks.0.attn.to_v"),
    "sd3": ("transformer_blocks.0.attn.to_k", "transformer_blocks.0.attn.to_out.0"),
    "klein": ("transformer_blocks.0.attn.to_q", "single_transformer_blocks.0.attn.to_out"),
    "z_image": ("layers.0.attention.to_q", "layers.0.attention.to_out.0"),
}


@pytest.fixture(scope="module")
def transformer_of() -> Callable[[str], Any]:
    """A pipeline of a transformer alone, as it was made."""
    made: dict[str, Any] = {}

    def build(name: str) -> Any:
        if name not in made:
            whole = tiny_pipelines.BUILDERS[name]()
            others = {each: None for each in whole.components if each != "transformer"}
            made[name] = type(whole)(**{**others, "transformer": whole.transformer.float()})
        return made[name]

    return build


def change(pipeline: Any, file: Path) -> dict[str, torch.Tensor]:
    """By how much a LoRA changes the weights of modules; the pipeline is left as it was."""
    model = pipeline.transformer
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    load_adapter(pipeline, file, "new")
    pipeline.fuse_lora(adapter_names=["new"])
    pipeline.unload_lora_weights()
    after = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.load_state_dict(before)
    return {
        name.removesuffix(".weight"): after[name] - before[name]
        for name in before
        if not torch.equal(after[name], before[name])
    }


def matrices(model: Any, module: str, parts: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Both of a module's matrices, or of several that are one in the file."""
    random, layer = torch.Generator().manual_seed(len(module)), model.get_submodule(module)
    shapes = (RANK, layer.in_features), (parts * layer.out_features, RANK)
    return torch.randn(shapes[0], generator=random), torch.randn(shapes[1], generator=random)


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("form", FORMS)
def test_each_form_changes_what_it_names_by_what_it_says(
    transformer_of: Callable[[str], Any], tmp_path: Path, name: str, form: str
) -> None:
    pipeline = transformer_of(name)
    tensors, expected = {}, {}
    for module in MODULES[name]:
        down, up = matrices(pipeline.transformer, module)
        named = module.replace(".", "_") if "_{}" in FORMS[form][0] else module
        for pattern, tensor in zip(FORMS[form], (down, up, torch.tensor(ALPHA)), strict=True):
            tensors |= {pattern.format(named): tensor} if pattern else {}
        expected[module] = (ALPHA / RANK if FORMS[form][2] else 1) * up @ down
    save_file(tensors, tmp_path / "form.safetensors")
    made = change(pipeline, tmp_path / "form.safetensors")
    assert made.keys() == expected.keys()
    for module, difference in expected.items():
        assert torch.allclose(made[module], difference, atol=1e-4)


@pytest.mark.parametrize("name", ["flux", "klein"])
@pytest.mark.parametrize(
    ("before", "down", "up"),
    [
        ("", "lora_A", "lora_B"),
        ("base_model.model.", "lora_A", "lora_B"),
        ("diffusion_model.", "lora_A", "lora_B"),
        ("diffusion_model.", "lora_down", "lora_up"),
        ("model.diffusion_model.", "lora_A.default", "lora_B.default"),
    ],
)
def test_loras_after_the_names_in_flux_own_code_are_read(
    transformer_of: Callable[[str], Any], tmp_path: Path, name: str, before: str, down: str, up: str
) -> None:
    pipeline, attention = transformer_of(name), "transformer_blocks.0.attn"
    first, second = matrices(pipeline.transformer, f"{attention}.to_q", 3)
    block = f"{before}double_blocks.0.img_attn.qkv"
    save_file({f"{block}.{down}.weight": first, f"{block}.{up}.weight": second}, tmp_path / "flux.safetensors")
    made = change(pipeline, tmp_path / "flux.safetensors")
    assert set(made) == {f"{attention}.to_{each}" for each in "qkv"}
    for each, part in zip("qkv", second.chunk(3), strict=True):
        assert torch.allclose(made[f"{attention}.to_{each}"], part @ first, atol=1e-4)


@pytest.mark.parametrize("name", ["flux", "klein"])
def test_a_matrix_that_diffusers_would_leave_out_is_named(
    transformer_of: Callable[[str], Any], tmp_path: Path, name: str
) -> None:
    pipeline = transformer_of(name)
    down, up = matrices(pipeline.transformer, "transformer_blocks.0.attn.to_q", 3)
    tensors = {}
    for block in ("double_blocks_0_img_attn_qkv", "mystery_0"):
        tensors |= {
            f"lora_unet_{block}.lora_down.weight": down.clone(),
            f"lora_unet_{block}.lora_up.weight": up.clone(),
            f"lora_unet_{block}.alpha": torch.tensor(ALPHA),
        }
    save_file(tensors, tmp_path / "more.safetensors")
    with pytest.raises(GeneratorError, match="lora_unet_mystery_0"):
        load_adapter(pipeline, tmp_path / "more.safetensors", "more")
