"""Tiny random checkpoints in exactly the layout in which the real ones are published, for tests.

Real class names, configuration keys, tensor names and file names; only the numbers in them are small. What they draw
is noise, but it is the same noise for the same seed, whichever way it is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKLQwenImage,
    FlowMatchEulerDiscreteScheduler,
    QwenImageControlNetModel,
    QwenImagePipeline,
    QwenImageTransformer2DModel,
)
from gguf import GGMLQuantizationType, GGUFWriter, quants
from safetensors.torch import save_file
from torch import nn
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

from spectacle.generators.qwen_image import presets
from spectacle.weights import Store
from spectacle.weights.digest import digest_file
from spectacle.weights.store import FileRecord, Marker

REVISION = "0123456789abcdef0123456789abcdef01234567"
"""The commit that every tiny repository pretends to be of."""

LAYERS = 2
INNER = 32  # a multiple of 32, so that the blocks of GGUF's quantizations fit
HEADS = 2
TEXT = 32
AXES = [8, 4, 4]

SPECIAL_TOKENS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
BASE_SCHEDULER = {
    "base_image_seq_len": 256,
    "base_shift": 0.5,
    "invert_sigmas": False,
    "max_image_seq_len": 8192,
    "max_shift": 0.9,
    "num_train_timesteps": 1000,
    "shift": 1.0,
    "shift_terminal": 0.02,
    "stochastic_sampling": False,
    "time_shift_type": "exponential",
    "use_beta_sigmas": False,
    "use_dynamic_shifting": True,
    "use_exponential_sigmas": False,
    "use_karras_sigmas": False,
}
"""The scheduler that Qwen-Image and its relatives are published with."""

LIGHTNING_MODULES = (
    "attn.to_q",
    "attn.to_k",
    "attn.to_v",
    "attn.to_out.0",
    "attn.add_q_proj",
    "attn.add_k_proj",
    "attn.add_v_proj",
    "attn.to_add_out",
    "img_mlp.net.0.proj",
    "img_mlp.net.2",
    "txt_mlp.net.0.proj",
    "txt_mlp.net.2",
)
"""What a Lightning LoRA changes in every block."""


def folder(store: Store, repo: str = presets.QWEN_IMAGE) -> Path:
    """Where a store has what was pulled of a repository."""
    return store.folder(repo) / REVISION


def put(store: Store, repo: str, patterns: Sequence[str], build: Callable[[Path], object]) -> Path:
    """Add a repository to a store as `spectacle pull` leaves it.

    Args:
        store: The store.
        repo: `owner/name`.
        patterns: `Source.files` of what is pulled of it.
        build: Writes the repository's files into a folder.

    Returns:
        The folder with the files.
    """
    folder = store.folder(repo) / REVISION
    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng():
        # Weights that a library initializes are the same whatever ran before: a few random ones give a constant result.
        torch.manual_seed(0)
        build(folder)
    digests = {path.relative_to(folder).as_posix(): digest_file(path) for path in folder.rglob("*") if path.is_file()}
    records = {name: FileRecord(size=digest.size, sha256=digest.sha256) for name, digest in digests.items()}
    store.mark(
        Marker(
            repo=repo, revision=REVISION, origin="hub", licence="apache-2.0", patterns=tuple(patterns), files=records
        )
    )
    return folder


def randomise(module: nn.Module, seed: int) -> None:
    """Fill every parameter and buffer that is saved with numbers of the seed's, small enough to be numerically tame."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if not tensor.is_floating_point():
                continue
            noise = torch.randn(tensor.shape, generator=generator) * (
                tensor.shape[-1] ** -0.5 if tensor.ndim > 1 else 0.1
            )
            tensor.copy_(1 + noise if tensor.ndim == 1 and "norm" in name and name.endswith("weight") else noise)


def tokenizer(folder: Path) -> None:
    """A byte-level `Qwen2Tokenizer` of 263 tokens: the 256 bytes and the special tokens of the template."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(_byte_vocabulary(), ensure_ascii=False), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n")
    flags = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}
    added = {str(256 + number): {"content": text, **flags} for number, text in enumerate(SPECIAL_TOKENS)}
    _write_json(
        folder / "tokenizer_config.json",
        {
            "add_bos_token": False,
            "add_prefix_space": False,
            "added_tokens_decoder": added,
            "additional_special_tokens": list(SPECIAL_TOKENS[1:]),
            "bos_token": None,
            "clean_up_tokenization_spaces": False,
            "eos_token": "<|im_end|>",
            "errors": "replace",
            "model_max_length": 131072,
            "pad_token": "<|endoftext|>",
            "split_special_tokens": False,
            "tokenizer_class": "Qwen2Tokenizer",
            "unk_token": None,
        },
    )


def text_encoder(folder: Path, seed: int = 1) -> None:
    """A `Qwen2_5_VLForConditionalGeneration` of two layers, vision tower included."""
    config = Qwen2_5_VLConfig(
        text_config={
            "vocab_size": 256 + len(SPECIAL_TOKENS),
            "hidden_size": TEXT,
            "intermediate_size": 48,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "max_position_embeddings": 128000,
            "rope_parameters": {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 1000000.0},
            "bos_token_id": 256,
            "eos_token_id": 258,
        },
        vision_config={
            "depth": 2,
            "hidden_size": 16,
            "intermediate_size": 24,
            "num_heads": 2,
            "out_hidden_size": TEXT,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "spatial_patch_size": 14,
            "temporal_patch_size": 2,
            "tokens_per_second": 2,
            "window_size": 112,
            "fullatt_block_indexes": [1],
        },
        vision_start_token_id=259,
        vision_end_token_id=260,
        image_token_id=261,
        video_token_id=262,
        tie_word_embeddings=False,
    )
    model = Qwen2_5_VLForConditionalGeneration(config)
    randomise(model, seed)
    model.to(torch.bfloat16).save_pretrained(folder, max_shard_size="60KB")


def vae(folder: Path, seed: int = 2) -> None:
    """An `AutoencoderKLQwenImage` with the published numbers of latent channels and their means."""
    model = AutoencoderKLQwenImage(base_dim=8, z_dim=16, dim_mult=[1, 2, 4, 4], num_res_blocks=1)
    randomise(model, seed)
    # Or nearly everything would be clipped to black and white.
    model.decoder.conv_out.weight.data.mul_(0.2)
    model.to(torch.bfloat16).save_pretrained(folder)


def transformer_model(seed: int = 3) -> QwenImageTransformer2DModel:
    """A `QwenImageTransformer2DModel` of two blocks in bf16."""
    model = QwenImageTransformer2DModel(
        patch_size=2,
        in_channels=64,
        out_channels=16,
        num_layers=LAYERS,
        attention_head_dim=INNER // HEADS,
        num_attention_heads=HEADS,
        joint_attention_dim=TEXT,
        guidance_embeds=False,
        axes_dims_rope=AXES,
    )
    randomise(model, seed)
    return model.to(torch.bfloat16)


def transformer(folder: Path, seed: int = 3) -> None:
    """The transformer in shards, as it is published."""
    transformer_model(seed).save_pretrained(folder, max_shard_size="150KB")


def scheduler(folder: Path) -> None:
    """The scheduler's configuration as published."""
    FlowMatchEulerDiscreteScheduler(**BASE_SCHEDULER).save_pretrained(folder)


def model_index(folder: Path, pipeline: str, components: Mapping[str, tuple[str, str]]) -> None:
    """`model_index.json` of a pipeline with its components as (library, class)."""
    _write_json(
        folder / "model_index.json",
        {
            "_class_name": pipeline,
            "_diffusers_version": "0.34.0.dev0",
            **{name: list(value) for name, value in components.items()},
        },
    )


QWEN_IMAGE_COMPONENTS = {
    "scheduler": ("diffusers", "FlowMatchEulerDiscreteScheduler"),
    "text_encoder": ("transformers", "Qwen2_5_VLForConditionalGeneration"),
    "tokenizer": ("transformers", "Qwen2Tokenizer"),
    "transformer": ("diffusers", "QwenImageTransformer2DModel"),
    "vae": ("diffusers", "AutoencoderKLQwenImage"),
}


def qwen_image(folder: Path, seed: int = 10) -> None:
    """The files of a repository like `Qwen/Qwen-Image`."""
    model_index(folder, "QwenImagePipeline", QWEN_IMAGE_COMPONENTS)
    scheduler(folder / "scheduler")
    text_encoder(folder / "text_encoder", seed + 1)
    tokenizer(folder / "tokenizer")
    transformer(folder / "transformer", seed + 3)
    vae(folder / "vae", seed + 2)


def controlnet(folder: Path, seed: int = 4) -> None:
    """The files of a repository like `InstantX/Qwen-Image-ControlNet-Union`, with one block."""
    model = QwenImageControlNetModel(
        patch_size=2,
        in_channels=64,
        out_channels=16,
        num_layers=1,
        attention_head_dim=INNER // HEADS,
        num_attention_heads=HEADS,
        joint_attention_dim=TEXT,
        axes_dims_rope=AXES,
    )
    randomise(model, seed)
    model.to(torch.bfloat16).save_pretrained(folder)


def lora(
    file: Path, seed: int = 5, *, rank: int = 4, layers: int = LAYERS, inner: int = INNER, dtype: Any = torch.bfloat16
) -> None:
    """A Lightning LoRA with the published names: `…lora_down.weight`, `…lora_up.weight` and `….alpha`.

    Args:
        file: Where to write it.
        seed: Seed of its numbers.
        rank: Its rank; alpha is twice that.
        layers: Number of blocks it changes.
        inner: Width of the model it is for.
        dtype: In which it is stored.
    """
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for block in range(layers):
        for module in LIGHTNING_MODULES:
            name = f"transformer_blocks.{block}.{module}"
            rows = inner * (4 if module.endswith("net.0.proj") else 1)
            columns = inner * (4 if module.endswith("net.2") else 1)
            tensors[f"{name}.lora_down.weight"] = torch.randn(rank, columns, generator=generator) * columns**-0.5
            tensors[f"{name}.lora_up.weight"] = torch.randn(rows, rank, generator=generator) * rank**-0.5
            tensors[f"{name}.alpha"] = torch.tensor(2.0 * rank)
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.to(dtype).contiguous() for name, tensor in tensors.items()}, file)


def single_file_gguf(file: Path, model: nn.Module, architecture: str = "qwen_image") -> None:
    """A transformer as one GGUF file: matrices in Q8_0, everything else in F32."""
    file.parent.mkdir(parents=True, exist_ok=True)
    writer = GGUFWriter(file, architecture)
    for name, tensor in model.state_dict().items():
        numbers = tensor.float().numpy()
        if numbers.ndim == 2 and numbers.shape[1] % 32 == 0:
            kind = GGMLQuantizationType.Q8_0
            writer.add_tensor(name, quants.quantize(numbers, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, numbers)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def put_qwen_image(store: Store) -> None:
    """Everything that `qwen-image` loads: two models, a Lightning adapter for each preset, the ControlNet."""
    put(store, presets.QWEN_IMAGE, presets.MODEL_FILES, lambda folder: qwen_image(folder, 10))
    put(store, presets.QWEN_IMAGE_2512, presets.MODEL_FILES, lambda folder: qwen_image(folder, 20))
    put(store, presets.CONTROLNET.repo, presets.CONTROLNET.files, controlnet)
    adapters: dict[str, list[str]] = {}
    for preset in presets.PRESETS.values():
        if preset.adapter is not None:
            adapters.setdefault(preset.adapter.repo, []).extend(preset.adapter.files)
    for repo, files in adapters.items():
        put(store, repo, files, lambda folder, files=files: [lora(folder / file, sum(file.encode())) for file in files])


def forward(pipeline: QwenImagePipeline) -> torch.Tensor:
    """What the transformer of a pipeline makes of the same numbers."""
    random = torch.Generator().manual_seed(1)
    with torch.no_grad():
        result: torch.Tensor = pipeline.transformer(
            hidden_states=torch.randn(1, 16, 64, generator=random),
            encoder_hidden_states=torch.randn(1, 5, TEXT, generator=random),
            timestep=torch.tensor([0.5]),
            img_shapes=[[(1, 4, 4)]],
            return_dict=False,
        )[0]
    return result


def truncate(file: Path, by: int = 100) -> None:
    """Cut off the end of a file."""
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size - by)


def _byte_vocabulary() -> dict[str, int]:
    # GPT-2's printable stand-ins for the 256 bytes, in its order.
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in plain]
    characters = [chr(byte) for byte in plain] + [chr(256 + number) for number in range(len(others))]
    return {character: number for number, character in enumerate(characters)}


def _write_json(file: Path, value: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
