"""Tiny SDXL, ControlNet, VAE and LoRA in the published layout: real class, configuration, tensor and file names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, ControlNetModel, EulerDiscreteScheduler, UNet2DConditionModel
from safetensors.torch import save_file
from tiny import REVISION, put, randomise
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from spectacle.generators.botanical.generator import BASE, CONTROLNET, LORA, LORA_FILE, VAE
from spectacle.weights import Store

__all__ = ["REVISION", "build", "lora", "put"]

BLOCKS = (32, 64, 64)
TEXT = 32
_UNET: dict[str, Any] = {
    "in_channels": 4,
    "block_out_channels": BLOCKS,
    "layers_per_block": 1,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "attention_head_dim": (2, 4, 4),
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 8,
    "transformer_layers_per_block": (1, 1, 2),
    "projection_class_embeddings_input_dim": 8 * 6 + TEXT,
    "cross_attention_dim": 2 * TEXT,
    "norm_num_groups": 8,
}


def build(store: Store, *, plain: bool = False) -> None:
    """Everything that a preset pulls."""
    put(store, BASE.repo, BASE.files, base)
    put(store, VAE.repo, VAE.files, lambda folder: vae(folder, seed=7))
    put(store, LORA.repo, LORA.files, lambda folder: lora(folder / LORA_FILE))
    if not plain:
        put(store, CONTROLNET.repo, CONTROLNET.files, controlnet)


def base(folder: Path) -> None:
    """`stabilityai/stable-diffusion-xl-base-1.0`, the files of the variant fp16."""
    index = {
        "_class_name": "StableDiffusionXLPipeline",
        "_diffusers_version": "0.19.0.dev0",
        "force_zeros_for_empty_prompt": True,
        "add_watermarker": None,
        "scheduler": ["diffusers", "EulerDiscreteScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "tokenizer_2": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    (folder / "model_index.json").write_text(json.dumps(index))
    EulerDiscreteScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        interpolation_type="linear",
        prediction_type="epsilon",
        steps_offset=1,
        timestep_spacing="leading",
        use_karras_sigmas=False,
    ).save_pretrained(folder / "scheduler")
    for name in ("tokenizer", "tokenizer_2"):
        tokenizer(folder / name)
    for name, kind, seed in (
        ("text_encoder", CLIPTextModel, 1),
        ("text_encoder_2", CLIPTextModelWithProjection, 2),
    ):
        config = CLIPTextConfig(
            vocab_size=514,
            hidden_size=TEXT,
            intermediate_size=37,
            num_hidden_layers=3,
            num_attention_heads=2,
            max_position_embeddings=77,
            projection_dim=TEXT,
            hidden_act="gelu" if seed == 2 else "quick_gelu",
            bos_token_id=512,
            eos_token_id=513,
            pad_token_id=513,
        )
        _save(kind(config), folder / name, seed, "fp16")
    _save(UNet2DConditionModel(sample_size=16, out_channels=4, up_block_types=_UP, **_UNET), folder / "unet", 3, "fp16")


_UP = ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D")


def vae(folder: Path, seed: int) -> None:
    """`madebyollin/sdxl-vae-fp16-fix`, in full precision as it is published."""
    model = AutoencoderKL(
        block_out_channels=(8, 8, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        layers_per_block=1,
        norm_num_groups=4,
        sample_size=64,
        scaling_factor=0.13025,
        force_upcast=False,
    )
    randomise(model, seed)
    # Or nearly everything would be clipped to black and white.
    model.decoder.conv_out.weight.data.mul_(0.2)
    model.save_pretrained(folder)


def controlnet(folder: Path) -> None:
    """`diffusers/controlnet-canny-sdxl-1.0`, the file of the variant fp16."""
    model = ControlNetModel(conditioning_embedding_out_channels=(8, 8, 16, 16), **_UNET)
    _save(model, folder, 5, "fp16")


def lora(file: Path, *, seed: int = 6, rank: int = 2, wide: int = BLOCKS[1]) -> None:
    """A LoRA of the U-Net and both text encoders, named as the scripts name them that most LoRAs for SDXL come from."""
    generator = torch.Generator().manual_seed(seed)
    modules = {
        f"lora_unet_{place}_attentions_0_transformer_blocks_0_{attention}_{name}": (wide, wide)
        for place in ("down_blocks_1", "down_blocks_2", "mid_block", "up_blocks_0", "up_blocks_1")
        for attention in ("attn1", "attn2")
        for name in ("to_q", "to_k", "to_v", "to_out_0")
    }
    modules |= {
        f"lora_te{number}_text_model_encoder_layers_0_self_attn_{name}": (TEXT, TEXT)
        for number in (1, 2)
        for name in ("q_proj", "k_proj", "v_proj", "out_proj")
    }
    tensors: dict[str, torch.Tensor] = {}
    for name, (inward, outward) in modules.items():
        tensors[f"{name}.lora_down.weight"] = torch.randn((rank, inward), generator=generator).half()
        tensors[f"{name}.lora_up.weight"] = torch.randn((outward, rank), generator=generator).half()
        tensors[f"{name}.alpha"] = torch.tensor(float(rank), dtype=torch.float16)
    save_file(tensors, file)


def tokenizer(folder: Path) -> None:
    """A `CLIPTokenizer` of single bytes."""
    folder.mkdir(parents=True)
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [number for number in range(256) if number not in printable]
    letters = {number: chr(number) for number in printable} | {
        number: chr(256 + place) for place, number in enumerate(rest)
    }
    ordered = [letters[number] for number in (*printable, *rest)]
    vocabulary = {token: number for number, token in enumerate([*ordered, *(f"{letter}</w>" for letter in ordered)])}
    vocabulary |= {"<|startoftext|>": 512, "<|endoftext|>": 513}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n")
    settings = {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": 77,
        "bos_token": "<|startoftext|>",
        "eos_token": "<|endoftext|>",
        "unk_token": "<|endoftext|>",
        "pad_token": "<|endoftext|>",
        "add_prefix_space": False,
        "do_lower_case": True,
        "errors": "replace",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "special_tokens_map.json").write_text(
        json.dumps({name: settings[name] for name in ("bos_token", "eos_token", "unk_token", "pad_token")})
    )


def _save(model: Any, folder: Path, seed: int, variant: str) -> None:
    randomise(model, seed)
    model.half().save_pretrained(folder, variant=variant)
